// SPDX-License-Identifier: Apache-2.0

// Package doctor examines a machine for what keeps a gateway from running or makes it
// slow: hugepages, NUMA, CPUs, IOMMU, NICs, kernel modules, permissions and limits. Each
// finding says what, where, and the command that mends it.
//
// It only reads, from /proc, /sys and /dev under a root that tests replace, and runs no
// command; it never advises to take the NIC that carries the default route. It may run
// on any goroutine, without root and without DPDK, and imports nothing of this module.
package doctor
