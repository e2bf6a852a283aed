// SPDX-License-Identifier: Apache-2.0

// Package bench runs cases of the benchmark in a tiny form, with the built binary: that
// they work, count every packet and leave nothing. It asserts no speed.
package bench
