// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"

	"github.com/parkway-gw/parkway/bench/target"
)

func memif() Case { return attached(target.Memif) }
func vhost() Case { return attached(target.VhostUser) }

// peersNote says what two cores make of three jobs.
const peersNote = "dpdk-testpmd makes and swallows the packets on one lcore, the control CPU: it copies each of them twice and reads the capture, the system under test copies each twice and routes. " +
	"Where the peer is the slower of the two it bounds both systems, and the ratio then says that routing hides behind the copies, not what it costs: forward-ipv4 says that."

// attached is the throughput between two ports of one kind, beside testpmd's.
func attached(how target.Attachment) Case {
	peered := func(c Contender) Contender {
		return Contender{New: func(r *Runner) target.Target { return target.NewPeered(c.New(r), how) }}
	}
	return Case{Name: how.Name, Title: fmt.Sprintf("IPv4 between two %s ports, 4,096 flows of 64 octets, 16 routes", how.Name),
		Run: Throughput{
			Positions: func(bool) []Position { return []Position{{Scenario: standard(target.IPv4)}} },
			Systems:   []Contender{peered(testpmdMAC), peered(parkway)},
			Notes:     []string{peersNote},
			Judge: func(res *Result) {
				res.Method = fmt.Sprintf("One worker core between two %s ports, whose other ends dpdk-testpmd has on the control CPU. Packets sent by the out port, per second of CPU time of the thread that forwards. Systems take turns; median and quartiles of the rounds.", how.Name)
				againstReference(res, mac)
			},
		}.Run}
}
