// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/forwarder"
)

// What the wires' markers and the links between routers need for themselves.
var markerNetworks, linkNetworks = netip.MustParsePrefix("172.31.0.0/16"), netip.MustParsePrefix("172.30.0.0/16")

// generate makes network n of a seed, and packets for it.
func generate(seed uint64, n, packets int) *scenario {
	s := &scenario{seed: seed, number: n, rand: rand.New(rand.NewPCG(seed, uint64(n)))}
	s.makeRouters()
	for i := range s.routers {
		s.makeRoutes(i)
		if s.oneIn(3) {
			s.mixTables(i)
		}
		if s.oneIn(3) {
			s.makePolicies(i)
		}
	}
	at := s.interesting()
	for id := range packets {
		s.packets = append(s.packets, s.makePacket(uint16(id+1), at))
	}
	return s
}

// oneIn is true once in n times.
func (s *scenario) oneIn(n int) bool { return s.rand.IntN(n) == 0 }

func pick[T any](s *scenario, of ...T) T { return of[s.rand.IntN(len(of))] }

// makeRouters: one router or a chain of two or three; two to five ports that lead
// outside, on the first and the last router first.
func (s *scenario) makeRouters() {
	chain := pick(s, 1, 1, 1, 2, 3)
	s.routers, s.policies = make([]forwarder.Router, chain), make([][]policy, chain)
	for i := range s.routers {
		s.routers[i].Name, s.routers[i].CoPP = fmt.Sprintf("lr%d", i), "unlimited"
		s.routers[i].Options.AlwaysLearnFromARPRequest = true
	}
	of := []int{0, chain - 1}
	for range s.rand.IntN(4) {
		of = append(of, s.rand.IntN(chain))
	}
	slices.Sort(of) // so that Ports does not grow under the pointers of another router
	for i, r := range of {
		s.addPort(r, fmt.Sprintf("w%d", i), pick(s, 1500, 1500, 1500, 1400, 1280, 576, 1006), i)
	}
	for r := range chain - 1 {
		mtu := pick(s, 1500, 1500, 1400, 1280)
		s.addPort(r, fmt.Sprintf("up%d", r), mtu, -1)
		s.addPort(r+1, fmt.Sprintf("down%d", r), mtu, -1)
		s.joinNetworks(s.port(r, fmt.Sprintf("up%d", r)), s.port(r+1, fmt.Sprintf("down%d", r)))
	}
	for i, r := range of { // Ports stay where they are from here on
		s.wires = append(s.wires, wire{r, s.port(r, fmt.Sprintf("w%d", i))})
	}
	for r := range chain - 1 {
		s.links = append(s.links, link{wire{r, s.port(r, fmt.Sprintf("up%d", r))}, wire{r + 1, s.port(r+1, fmt.Sprintf("down%d", r))}})
	}
}

func (s *scenario) port(router int, name string) *forwarder.RouterPort {
	ports := s.routers[router].Ports
	i := slices.IndexFunc(ports, func(p forwarder.RouterPort) bool { return p.Name == name })
	return &ports[i]
}

// addPort adds a router port; marker is the wire that it is, or -1 for a link's end,
// whose networks come later.
func (s *scenario) addPort(router int, name string, mtu, marker int) {
	r := &s.routers[router]
	if len(r.Ports) == 0 && mtu < 1280 {
		mtu = 1280 // every router has a port with IPv6
	}
	p := forwarder.RouterPort{Name: name, GatewayMTU: uint16(mtu),
		MAC: forwarder.MAC{0x02, 0, 0, 0xff, byte(router), byte(len(r.Ports) + 1)}}
	if marker >= 0 {
		p.Networks = append(p.Networks, markerNetwork(marker))
		for range s.rand.IntN(4) {
			s.addNetwork(r, &p, true)
		}
		for i := s.rand.IntN(4); mtu >= 1280 && (i > 0 || len(r.Ports) == 0 && !hasV6(&p)); i-- {
			s.addNetwork(r, &p, false)
		}
	}
	r.Ports = append(r.Ports, p)
}

func hasV6(p *forwarder.RouterPort) bool {
	return slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Addr().Is6() })
}

// addNetwork gives a port a network that no other port's overlaps, sometimes one
// within another of its own.
func (s *scenario) addNetwork(r *forwarder.Router, p *forwarder.RouterPort, v4 bool) {
	for range 100 {
		bits := pick(s, 8, 9, 12, 16, 20, 22, 23, 24, 24, 24, 25, 28, 29, 30, 31, 32)
		if !v4 {
			bits = pick(s, 16, 32, 48, 56, 63, 64, 64, 64, 65, 80, 112, 120, 126, 127, 128)
		}
		at := s.address(v4)
		if within := pick(s, p.Networks...); s.oneIn(3) && within.Addr().Is4() == v4 && within.Bits() < bits && within != p.Networks[0] {
			at = s.within(within)
		}
		n := netip.PrefixFrom(at, bits)
		own := s.host(n)
		if s.oneIn(4) && n.Addr().BitLen()-bits >= 2 {
			own = pick(s, first(n).Next(), last(n).Prev())
		}
		n = netip.PrefixFrom(own, bits)
		if s.usable(r, p, n) {
			p.Networks = append(p.Networks, n)
			return
		}
	}
}

// usable: configuration takes the network, and no address has two meanings.
func (s *scenario) usable(r *forwarder.Router, p *forwarder.RouterPort, n netip.Prefix) bool {
	a := n.Addr()
	if s.owns(a) || n.Overlaps(markerNetworks) || n.Overlaps(linkNetworks) {
		return false
	}
	edge := func(n netip.Prefix, ip netip.Addr) bool {
		return n.Addr().BitLen()-n.Bits() >= 2 && (ip == first(n) || ip == last(n))
	}
	if edge(n, a) {
		return false
	}
	for i := range r.Ports {
		for _, m := range r.Ports[i].Networks {
			if n.Overlaps(m) {
				return false
			}
		}
	}
	for _, m := range p.Networks {
		if m.Masked() == n.Masked() || m.Addr() == a || edge(m, a) || edge(n, m.Addr()) {
			return false
		}
	}
	return true
}

// joinNetworks gives both ends of a link one network of each family.
func (s *scenario) joinNetworks(a, b *forwarder.RouterPort) {
	i := len(s.routers[0].Ports) + int(b.MAC[4])
	for _, p := range []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 30, byte(i), 1}), pick(s, 24, 30, 31)),
		netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0xfd, 1: 0xff, 3: byte(i), 15: 1}), pick(s, 64, 126, 127)),
	} {
		peer := p.Addr().Next()
		if first(p) != p.Addr() && p.Addr().BitLen()-p.Bits() == 1 {
			peer = first(p)
		}
		a.Networks = append(a.Networks, p)
		b.Networks = append(b.Networks, netip.PrefixFrom(peer, p.Bits()))
	}
}

// address is a random one that hosts can have.
func (s *scenario) address(v4 bool) netip.Addr {
	if v4 {
		p := pick(s, "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/13", "192.168.0.0/16", "198.18.0.0/15", "1.0.0.0/8", "64.0.0.0/3", "128.0.0.0/3", "200.0.0.0/6")
		return s.within(netip.MustParsePrefix(p))
	}
	return s.within(netip.MustParsePrefix(pick(s, "2001:db8::/32", "2001:db8:1::/48", "fd00::/16", "2000::/3", "64:ff9b::/96")))
}

// within is any address of a network.
func (s *scenario) within(n netip.Prefix) netip.Addr {
	b := n.Masked().Addr().AsSlice()
	for i := n.Bits(); i < 8*len(b); i++ {
		if s.oneIn(2) {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// host is an address of a network that a host can have.
func (s *scenario) host(n netip.Prefix) netip.Addr {
	for {
		a := s.within(n)
		if n.Addr().BitLen()-n.Bits() < 2 || a != first(n) && a != last(n) {
			return a
		}
	}
}
