// SPDX-License-Identifier: Apache-2.0

// Package peers tests the ports that containers and virtual machines attach by, memif and
// vhost-user, from the other end: the gateway is the built binary, its peers are DPDK ports
// of this test process, which connect, go and come back within milliseconds, and
// dpdk-testpmd, which is killed.
//
// It imports dpdk, which the other end-to-end tests do not.
package peers
