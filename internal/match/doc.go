// SPDX-License-Identifier: Apache-2.0

// Package match reads OVN's expressions over packet fields, such as
//
//	ip4.src == 10.0.0.0/8 && tcp.dst == {80, 443} && inport == "lrp1"
//
// and turns them into what a datapath can test: a disjunction of conjunctions. The
// language is that of OVN's Logical_Flow.match, cut down to what a router's policy asks;
// fields.go has the list.
//
// A comparison implies what its field needs: tcp.dst is a field of TCP packets alone, so
// neither tcp.dst == 80 nor tcp.dst != 80, nor !(tcp.dst == 80), matches a UDP packet. A
// later fragment has no ports in sight, so no comparison of ports matches it.
//
// Everything is pure: any goroutine. The package imports nothing of this module.
package match
