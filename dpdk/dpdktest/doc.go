// SPDX-License-Identifier: Apache-2.0

// Package dpdktest runs Go tests on a real EAL: without hugepages, PCI or
// special rights, one EAL for each test binary, and nothing left behind.
//
//	func TestMain(m *testing.M) { dpdktest.Main(m) }
//
//	func TestX(t *testing.T) {
//		pool := dpdktest.Pool(t, 255) // closed, and proven whole, at the end
//		...
//	}
//
// Helpers register their clean-up with the test; it runs in reverse order, so
// make the pool first. It imports dpdk and nothing else of this module.
package dpdktest
