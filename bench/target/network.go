// SPDX-License-Identifier: Apache-2.0

package target

import (
	"math/rand/v2"
	"net/netip"

	"github.com/parkway-gw/parkway/bench/traffic"
)

// MAC is an Ethernet address.
type MAC [6]byte

// Where the logical network's parts are. Sources are in the networks of RFC 2544 and RFC
// 3849, next hops in 172.16.0.0/15 and its IPv6 likeness; destinations of routes are what
// the routes say.
var (
	HostMAC      = MAC{0x02, 0, 0, 0, 0x01, 0x02} // sends all traffic
	RouterInMAC  = MAC{0x02, 0, 0, 0, 0x01, 0x01}
	RouterOutMAC = MAC{0x02, 0, 0, 0, 0x02, 0x01}

	RouterIn  = []netip.Prefix{netip.MustParsePrefix("198.18.0.1/16"), netip.MustParsePrefix("2001:db8:1::1/64")}
	RouterOut = []netip.Prefix{netip.MustParsePrefix("172.16.0.1/15"), netip.MustParsePrefix("2001:db8:2::1/64")}
)

// Route is a static route of the router. Its next hop is a neighbor's address.
type Route struct {
	Prefix  netip.Prefix
	Nexthop netip.Addr
}

// Neighbor is a next hop behind the out port. V4 or V6 is invalid where the scenario has
// no such packets.
type Neighbor struct {
	MAC    MAC
	V4, V6 netip.Addr
}

// Network is a scenario's logical network: a switch with the sender, a router, and a
// switch with the neighbors. Every port of it is plain; MACs are static.
type Network struct {
	Neighbors []Neighbor
	Routes    []Route // IPv4 first

	v4, v6 []Route // parts of Routes
	s      Scenario
}

// Network makes it. The same scenario gives the same network.
func (s Scenario) Network() *Network {
	n := &Network{s: s, Neighbors: make([]Neighbor, s.Neighbors)}
	for k := range n.Neighbors {
		nb := &n.Neighbors[k]
		nb.MAC = MAC{0x02, 0x01, 0, byte(k >> 16), byte(k >> 8), byte(k)}
		if s.Family.V4() {
			nb.V4 = neighbor4(k)
		}
		if s.Family.V6() {
			nb.V6 = neighbor6(k)
		}
	}
	if s.Family.V4() {
		n.v4 = n.draw(s.Routes, block4, prefix4)
	}
	if s.Family.V6() {
		n.v6 = n.draw(s.Routes, block6, prefix6)
	}
	n.Routes = append(append(n.Routes, n.v4...), n.v6...)
	return n
}

func neighbor4(k int) netip.Addr {
	k += 256 // 172.16.0.x is the router's
	return netip.AddrFrom4([4]byte{172, byte(16 + k>>16), byte(k >> 8), byte(k)})
}

func neighbor6(k int) netip.Addr {
	k += 256
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 2, 13: byte(k >> 16), 14: byte(k >> 8), 15: byte(k)})
}

// fewRoutes is the small table: blocks of equal size.
const fewRoutes = 16

// draw makes so many different routes of a family, over the neighbors in turn.
func (n *Network) draw(count int, block func(int) netip.Prefix, random func(*rand.Rand) netip.Prefix) []Route {
	r := rand.New(rand.NewPCG(n.s.Seed, 3))
	routes := make([]Route, 0, count)
	seen := make(map[netip.Prefix]struct{}, count)
	for len(routes) < count {
		p := block(len(routes))
		if count > fewRoutes {
			if p = random(r); has(seen, p) {
				continue
			}
			seen[p] = struct{}{}
		}
		via := n.Neighbors[len(routes)%len(n.Neighbors)]
		nexthop := via.V4
		if p.Addr().Is6() {
			nexthop = via.V6
		}
		routes = append(routes, Route{p, nexthop})
	}
	return routes
}

func has(seen map[netip.Prefix]struct{}, p netip.Prefix) bool { _, is := seen[p]; return is }

func block4(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{16, byte(i << 4)}), 12)
}

func block6(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x2a, byte(i)}), 16)
}

// mix is prefix lengths with their share in percent: roughly those of the default-free
// zone, and one in a hundred of a host, as a gateway has.
type mix []struct{ bits, percent int }

var (
	mix4 = mix{{24, 58}, {23, 10}, {22, 12}, {21, 5}, {20, 5}, {19, 3}, {18, 2}, {17, 1}, {16, 2}, {28, 1}, {32, 1}}
	mix6 = mix{{48, 47}, {32, 14}, {44, 11}, {40, 9}, {36, 5}, {46, 4}, {29, 3}, {56, 3}, {64, 3}, {128, 1}}
)

func (m mix) draw(r *rand.Rand) int {
	k := r.IntN(100)
	for _, p := range m {
		if k -= p.percent; k < 0 {
			return p.bits
		}
	}
	return m[0].bits
}

func prefix4(r *rand.Rand) netip.Prefix {
	a := netip.AddrFrom4([4]byte{byte(20 + r.IntN(107)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}) // below 127
	p, _ := a.Prefix(mix4.draw(r))
	return p
}

func prefix6(r *rand.Rand) netip.Prefix {
	var a [16]byte
	for i := range a {
		a[i] = byte(r.Uint32())
	}
	a[0], a[1], a[2] = 0x2a, byte(r.IntN(32)), a[2]&0xf0
	p, _ := netip.AddrFrom16(a).Prefix(mix6.draw(r))
	return p
}

// Destination is where a flow goes: a host within the route that is its turn, or the
// neighbor whose turn it is. Where there are fewer flows than routes, those are the first
// routes, which lie anywhere in the table.
func (n *Network) Destination(flow int, v6 bool) netip.Addr {
	routes := n.v4
	if v6 {
		routes = n.v6
	}
	if len(routes) > 0 {
		r := rand.New(rand.NewPCG(n.s.Seed, uint64(flow)<<8|4))
		return within(routes[flow%len(routes)].Prefix, r)
	}
	nb := n.Neighbors[flow%len(n.Neighbors)]
	if v6 {
		return nb.V6
	}
	return nb.V4
}

// within draws an address of a prefix.
func within(p netip.Prefix, r *rand.Rand) netip.Addr {
	a := p.Addr().AsSlice()
	for i := range a {
		keep := min(max(p.Bits()-8*i, 0), 8)
		a[i] |= byte(r.Uint32()) >> keep
	}
	addr, _ := netip.AddrFromSlice(a)
	return addr
}

// Flow is a flow's packets, by its number. In a mixed scenario every second flow is of
// IPv6.
func (n *Network) Flow(i int) traffic.Flow {
	v6 := n.s.Family == IPv6 || n.s.Family == Mixed && i%2 == 1
	if n.s.Family == Mixed {
		i /= 2
	}
	const hosts = 60_000 // of 198.18.0.0/16, from 198.18.1.0 on
	h := i%hosts + 256
	src := netip.AddrFrom4([4]byte{198, 18, byte(h >> 8), byte(h)})
	if v6 {
		src = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 1, 14: byte(h >> 8), 15: byte(h)})
	}
	return traffic.Flow{SrcMAC: HostMAC, DstMAC: RouterInMAC, Src: src, Dst: n.Destination(i, v6),
		SrcPort: uint16(1024 + i/hosts), DstPort: 7} // 7: RFC 2544, appendix C
}

// Traffic is the scenario's capture.
func (n *Network) Traffic() traffic.Spec {
	return traffic.Spec{Flows: n.s.Flows, Flow: n.Flow, Zipf: n.s.Spread == Zipf, Sizes: n.s.Sizes, Seed: n.s.Seed}
}
