// SPDX-License-Identifier: Apache-2.0

// Package api is the gateway's API: HTTP and JSON over a unix socket, the server
// (Listen, Serve) and the client (Dial). The types of types.go are the documented,
// stable form of everything that `parkway show -o json` prints; they are neither the
// configuration's types nor the datapath's, and whoever implements Source converts.
//
// The server calls the Source from its own goroutines, several at a time. The client
// may be used by any goroutine.
//
// It imports internal/topology at most, and no DPDK: the command line and its tests
// build without it.
package api
