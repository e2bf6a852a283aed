// SPDX-License-Identifier: Apache-2.0

// Package paced runs the gateway, as forwarder and arpbuf make it, between a source that
// keeps to a rate and a sink that knows every packet (package dpdk/traffic), and does one
// trial after the other as it is told on its standard input.
//
// Source and sink work inside the worker's poll, so no third core is needed, and what they
// cost is part of what is measured. The source has a queue as a NIC has: what is due while
// the worker is elsewhere waits there, and what finds it full is lost and counted.
//
// It starts the EAL, which a process can do once, and confines the process to its CPUs; so
// it is a process of its own, which bench/target starts.
package paced
