// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"net/netip"

	"github.com/parkway-gw/parkway/forwarder"
)

// special are addresses that standards say something about.
var special4 = parse("0.0.0.0", "0.1.2.3", "127.0.0.1", "127.8.9.10", "169.254.1.1", "224.0.0.1", "224.0.0.5", "232.1.1.1", "239.255.255.250",
	"240.0.0.1", "247.1.2.3", "255.255.255.254", "255.255.255.255", "192.0.2.1", "100.64.0.1", "192.88.99.1", "223.255.255.255", "1.0.0.0", "128.0.0.0")

var special6 = parse("::", "::1", "::2", "::1.2.3.4", "::ffff:1.2.3.4", "64:ff9b::102:304", "fe80::1", "fe80::1:2:3:4", "febf::1", "fec0::1",
	"fc00::1", "ff01::1", "ff02::1", "ff02::2", "ff02::1:ff00:1", "ff05::2", "ff0e::1", "100::1", "2001:db8::", "2002:102:304::1", "3fff::1")

func parse(list ...string) (out []netip.Addr) {
	for _, a := range list {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

// targets are the addresses of a network worth aiming at, by family.
type targets struct {
	four, six []netip.Addr
}

func (t *targets) add(list ...netip.Addr) {
	for _, a := range list {
		switch {
		case !a.IsValid():
		case a.Is4():
			t.four = append(t.four, a)
		default:
			t.six = append(t.six, a)
		}
	}
}

// borders adds the ends of a prefix and what lies beside them.
func (t *targets) borders(p netip.Prefix) {
	t.add(first(p), first(p).Prev(), first(p).Next(), last(p), last(p).Prev(), last(p).Next())
}

// interesting collects own addresses, next hops, and the insides and borders of every
// network and route.
func (s *scenario) interesting() (t targets) {
	for i := range s.routers {
		r := &s.routers[i]
		for j := range r.Ports {
			t.add(linkLocal(r.Ports[j].MAC))
			for _, n := range r.Ports[j].Networks {
				t.add(n.Addr(), s.within(n), s.within(n), s.within(n), s.within(n))
				t.borders(n)
			}
		}
		for _, o := range r.StaticRoutes {
			t.add(o.Nexthop, s.within(o.Prefix), s.within(o.Prefix), s.within(o.Prefix), s.within(o.Prefix))
			t.borders(o.Prefix)
		}
	}
	return t
}

// destination is where a packet goes to.
func (s *scenario) destination(t targets, v4 bool) netip.Addr {
	near, special := t.six, special6
	if v4 {
		near, special = t.four, special4
	}
	switch s.rand.IntN(10) {
	case 0:
		return pick(s, special...)
	case 1:
		return s.address(v4)
	}
	return pick(s, near...)
}

// source is where it comes from: most often a host of the wire, or one that the
// router knows the way back to.
func (s *scenario) source(t targets, v4 bool, p *forwarder.RouterPort) netip.Addr {
	switch s.rand.IntN(12) {
	case 0:
		if s.oneIn(4) && !v4 {
			return pick(s, special6...)
		}
		return s.destination(t, v4)
	case 1, 2, 3:
		if v4 {
			return pick(s, t.four...)
		}
		return pick(s, t.six...)
	case 4:
		if !v4 {
			return s.within(netip.MustParsePrefix("fe80::/64"))
		}
	}
	for range 8 {
		if n := pick(s, p.Networks...); n.Addr().Is4() == v4 {
			if a := s.host(n); a != n.Addr() {
				return a
			}
		}
	}
	return pick(s, s.markerlike(v4, t)...)
}

// markerlike are sources when the wire has no hosts of the family.
func (s *scenario) markerlike(v4 bool, t targets) []netip.Addr {
	if v4 {
		return s.markerHosts()
	}
	return t.six
}
