// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"testing"

	"github.com/parkway-gw/parkway/internal/lab"
)

// TestFragmentation: through a router port with a small gateway_mtu, what may be
// fragmented arrives whole and what may not is reported with the MTU.
func TestFragmentation(t *testing.T) {
	const mtu = 1000
	g := startArticle(t, `[192.168.123.254/24, "2001:db8:f0f0::1/64"], options: {gateway_mtu: 1500}`,
		`[192.168.123.254/24], options: {gateway_mtu: 1000}`)
	c := g.capture(pcExt.name, "ip")
	// The host cuts it for its own MTU of 1500, the router cuts the pieces. The first of
	// them meet a next hop that is not resolved yet.
	g.ping(pc1, pcExt.ip(0), 5, "-M", "dont", "-s", "3000").wantTTL(g, 63)
	g.ping(pc1, pcExt.ip(0), 3, "-M", "dont", "-s", "1400").wantTTL(g, 63)
	g.ping(pcExt, pc3.ip(0), 3, "-M", "dont", "-s", "3000").wantTTL(g, 63) // the answers are cut
	g.ping(pcExt, extIPs[0], 3, "-M", "dont", "-s", "1400").wantAll(g)     // the router's own, too
	longest := 0
	for _, f := range g.frames(c) {
		if p := lab.ParsePacket(f.Data); p.Src == extMAC {
			longest = max(longest, len(f.Data)-14)
		}
	}
	if longest > mtu || longest < mtu-8 {
		t.Errorf("the longest packet out of the router port has %d octets, want at most %d and no less than that allows", longest, mtu)
	}
	g.ping(pc2, pcExt.ip(0), 1, "-M", "do", "-s", "972").wantAll(g)
	g.ping(pc2, pcExt.ip(0), 1, "-M", "do", "-s", "973").wantSaid(g, "From 1.1.254.254 icmp_seq=1 Frag needed and DF set (mtu = 1000)")
}
