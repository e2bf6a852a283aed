// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/bench/traffic"
)

func packetSize() Case {
	return Case{Name: "packet-size", Title: "IPv4, 4,096 flows, RFC 2544's frame sizes (without FCS) and IMIX 7:4:1",
		Run: Throughput{Axis: "frame size, octets",
			Positions: func(quick bool) []Position {
				positions := along(pick(quick, []int{64, traffic.MaxFrame}, traffic.Sizes()), standard(target.IPv4),
					func(s *target.Scenario, v int) { s.Sizes = traffic.Fixed(v) })
				s := standard(target.IPv4)
				s.Sizes = traffic.IMIX()
				return append(positions, Position{imixMean, "imix", s})
			},
			Systems: []Contender{testpmdMAC, parkway},
			Judge:   func(res *Result) { againstReference(res, mac) },
		}.Run}
}

// imixMean is the mean frame of traffic.IMIX, where it stands on an axis of sizes.
const imixMean = (7*64 + 4*570 + traffic.MaxFrame) / 12.

func flows() Case {
	return Case{Name: "flows", Title: "IPv4, 64 octets, 16 routes by 16 gateways, from one flow to a million",
		Goal: "1M flows at least 0.9 times the rate of one, net of what the ports themselves lose (testpmd mac)",
		Run: Throughput{Axis: "flows", LogX: true, Slow: true,
			Positions: func(quick bool) []Position {
				return along(pick(quick, []int{1, 16384}, []int{1, 64, 4096, 65536, 1_000_000}), standard(target.IPv4),
					func(s *target.Scenario, v int) { s.Flows = v })
			},
			Systems: []Contender{testpmdMAC, parkway},
			Judge:   func(res *Result) { alongAxis(res, mac, 0.9); againstReference(res, mac) },
			Notes: []string{"net_pcap copies every packet out of the capture in memory: a million flows are a million packets of 2.5 KiB, more than any cache holds. " +
				"What that costs the ports is testpmd's loss along the axis."},
		}.Run}
}

// tableFlows is how many flows are spread over routes and neighbors.
const tableFlows = 65536

func routes(family target.Family, large []int) func(bool) []Position {
	return func(quick bool) []Position {
		base := standard(family)
		base.Flows = pick(quick, 4096, tableFlows)
		return along(pick(quick, []int{16, 1024}, large), base, func(s *target.Scenario, v int) { s.Routes = v })
	}
}

func routesIPv4() Case {
	return Case{Name: "routes-ipv4", Title: "IPv4, 64k flows of 64 octets spread over 16 to a million routes with the Internet's prefix lengths",
		Goal: "1M routes at least 0.7 times the rate of 16",
		Run: Throughput{Axis: "routes", LogX: true, Slow: true,
			Positions: routes(target.IPv4, []int{16, 1024, 65536, 262144, 1_000_000}),
			Systems:   []Contender{{New: testpmdMAC.New, First: true}, parkway},
			Judge:     func(res *Result) { alongAxis(res, mac, 0.7) },
		}.Run}
}

func routesIPv6() Case {
	return Case{Name: "routes-ipv6", Title: "IPv6, 64k flows of 64 octets spread over 16 to 200k routes with the Internet's prefix lengths",
		Goal: "200k routes at least 0.7 times the rate of 16",
		Run: Throughput{Axis: "routes", LogX: true, Slow: true,
			Positions: routes(target.IPv6, []int{16, 1024, 32768, 200_000}),
			Systems:   []Contender{{New: testpmdMAC.New, First: true}, parkway},
			Judge:     func(res *Result) { alongAxis(res, mac, 0.7) },
		}.Run}
}

func neighbors() Case {
	return Case{Name: "neighbors", Title: "IPv4, 64k flows of 64 octets to 10 to 64k connected neighbors",
		Goal: "64k neighbors at least 0.7 times the rate of 10",
		Run: Throughput{Axis: "connected neighbors", LogX: true, Slow: true,
			Positions: func(quick bool) []Position {
				base := standard(target.IPv4)
				base.Flows, base.Routes = pick(quick, 4096, tableFlows), 0
				return along(pick(quick, []int{10, 1024}, []int{10, 1024, 16384, 65536}), base, func(s *target.Scenario, v int) { s.Neighbors = v })
			},
			Systems: []Contender{{New: testpmdMAC.New, First: true}, parkway},
			Judge:   func(res *Result) { alongAxis(res, mac, 0.7) },
		}.Run}
}
