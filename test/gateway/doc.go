// SPDX-License-Identifier: Apache-2.0

// Package gateway runs the built parkway binary for the end-to-end tests: it
// builds it once per test binary, writes configurations, starts and stops
// daemons, reads them through their API socket, and knows what a daemon could
// leave behind. It sees the gateway as a user does and must not import forwarder,
// arpbuf, dpdk, cgo or internal/app.
package gateway
