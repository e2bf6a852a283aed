// SPDX-License-Identifier: Apache-2.0

// Package bench is the tests of `parkway bench` as a user runs it: that every case has a
// quick form that works and loses no packet, and that nothing is left however a run ends.
// They say nothing about speed.
//
// The binary is the one that package test/gateway builds.
package bench
