// SPDX-License-Identifier: Apache-2.0

// Package state keeps what a gateway has learned from one run to the next: a file of
// neighbors, written at the end and read at the start.
//
// The file is JSON with a name and a version of its format. It is replaced as a whole or
// not at all, and whatever stands in it when it is read, the answer is a list of sound
// neighbors or an error: the reader goes on without. Any goroutine may call the package;
// one gateway at a time may use a file. Of this module it imports internal/topology alone.
package state
