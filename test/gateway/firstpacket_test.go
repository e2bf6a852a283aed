// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"net/netip"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
)

// TestFirstPacketBesideLinux measures how long the first packet to a next hop takes
// whose MAC nobody knows: from the sender's write to the receiver's read, question and
// answer in between. Parkway with its taps and Linux forwarding between veths take
// turns, so that whatever else the machine does hits both. PARKWAY_ROUNDS sets the
// number of rounds.
func TestFirstPacketBesideLinux(t *testing.T) {
	rounds := 30
	if s := os.Getenv("PARKWAY_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("PARKWAY_ROUNDS=%q is no number of rounds", s)
		}
		rounds = n
	}
	g := startArticle(t)
	linux, err := g.lab.LinuxRouter(g.ctx, false)
	g.must(err)
	for family, name := range families {
		over := map[string]*lab.Datagrams{
			"Parkway": newFirstPacket(g, g.hosts[pc1.name], g.hosts[pcExt.name], pcExt.ip(family)),
			"Linux":   newFirstPacket(g, linux.Near, linux.Far, linux.FarAddrs[family]),
		}
		took := map[string][]time.Duration{}
		for range rounds {
			g.cli("neighbor", "flush")
			g.must(g.hosts[pcExt.name].FlushNeighbors(g.ctx, pcExt.iface))
			took["Parkway"] = append(took["Parkway"], trip(g, over["Parkway"]))
			g.must(linux.Forget(g.ctx))
			took["Linux"] = append(took["Linux"], trip(g, over["Linux"]))
		}
		for who, times := range took {
			t.Logf("%s: first packet by %s: %s (%d rounds)", name, who, spread(times), rounds)
		}
	}
}

func newFirstPacket(g *gateway, from, to *lab.NS, dst netip.Addr) *lab.Datagrams {
	g.Helper()
	d, err := lab.NewDatagrams(from, to, netip.AddrPortFrom(dst, 7001))
	g.must(err)
	g.Cleanup(d.Close)
	trip(g, d) // the sender knows its gateway from here on
	return d
}

// trip returns the time from write to read of one datagram.
func trip(g *gateway, d *lab.Datagrams) time.Duration {
	g.Helper()
	took, err := d.Send(5 * time.Second)
	g.must(err)
	return took.Read
}
