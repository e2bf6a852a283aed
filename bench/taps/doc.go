// SPDX-License-Identifier: Apache-2.0

// Package taps runs a gateway's daemon on net_tap ports, with Linux hosts around it in
// network namespaces: where the benchmarks measure what a packet waits for, and what a
// worker costs that has nothing to do. It needs root and iproute2. It imports internal/lab
// and internal/api of this module, and no cgo.
package taps
