// SPDX-License-Identifier: Apache-2.0

// Package repotest holds tests of the repository itself: who may import whom, who
// may use cgo, what every file and package must carry, and that what the
// documents say exists. It has no code. A new package gets a line in rooms
// (rooms_test.go).
package repotest
