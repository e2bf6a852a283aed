// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"time"

	"github.com/parkway-gw/parkway/bench/target"
)

const warmup = 300 * time.Millisecond // after a start, once the first packet has left

func forwardIPv4() Case {
	return Case{Name: "forward-ipv4", Title: "IPv4, 4,096 flows of 64 octets, 16 routes by 16 gateways, full pipeline",
		Goal: "at most 5 ns/packet over testpmd mac on the same ports",
		Run: Throughput{
			Positions: func(bool) []Position { return []Position{{Scenario: standard(target.IPv4)}} },
			Systems:   []Contender{testpmdIO, testpmdMAC, parkway},
			Judge:     func(res *Result) { costOver(res, mac, 5) },
		}.Run}
}

func forwardIPv6() Case {
	return Case{Name: "forward-ipv6", Title: "IPv6 beside IPv4, 4,096 flows of 64 octets, 16 routes by 16 gateways",
		Goal: "IPv6 at least 0.8 times IPv4's rate",
		Run: Throughput{Axis: "family",
			Positions: func(bool) []Position {
				return []Position{{4, "IPv4", standard(target.IPv4)}, {6, "IPv6", standard(target.IPv6)}}
			},
			Systems: []Contender{testpmdMAC, parkway},
			Judge:   func(res *Result) { alongAxis(res, mac, 0.8); againstReference(res, mac) },
		}.Run}
}

func mixed() Case {
	return Case{Name: "mixed", Title: "IPv4 and IPv6 packet by packet beside each alone, 4,096 flows of 64 octets",
		Run: Throughput{Axis: "family",
			Positions: func(bool) []Position {
				return []Position{{4, "IPv4", standard(target.IPv4)}, {6, "IPv6", standard(target.IPv6)}, {10, "mixed", standard(target.Mixed)}}
			},
			Systems: []Contender{{New: testpmdMAC.New, First: true}, parkway},
			Judge:   func(res *Result) { againstFirst(res) },
		}.Run}
}
