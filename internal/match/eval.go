// SPDX-License-Identifier: Apache-2.0

package match

import "net/netip"

// Packet is what an expression looks at.
type Packet struct {
	InPort           string
	Src, Dst         netip.Addr // invalid when the packet is no IP
	Proto            uint8      // IPv6: behind the extension headers
	Ports            bool       // TCP, UDP or SCTP whose ports are in sight: no later fragment, not cut
	SrcPort, DstPort uint16
}

// Matches reports whether the expression is true for p.
func (e *Expr) Matches(p *Packet) bool { return e.root.matches(p) }

// Matches reports whether all of the tests hold for p.
func (c Clause) Matches(p *Packet) bool {
	for i := range c {
		if !c[i].holds(p) {
			return false
		}
	}
	return true
}

func (n *node) matches(p *Packet) bool {
	switch n.op {
	case constant:
		return n.truth
	case leafOp:
		return Clause(n.needs).Matches(p) && n.test.holds(p)
	}
	for _, k := range n.kids {
		if k.matches(p) != (n.op == and) {
			return n.op == or
		}
	}
	return n.op == and
}

func (t *Test) holds(p *Packet) bool {
	in := func(v uint16) bool { return (t.Lo <= v && v <= t.Hi) != t.Not }
	switch t.Field {
	case Family:
		switch {
		case !p.Src.IsValid():
			return in(0)
		case p.Src.Is4():
			return in(4)
		}
		return in(6)
	case Proto:
		return p.Src.IsValid() && in(uint16(p.Proto))
	case SrcPort:
		return p.Ports && in(p.SrcPort)
	case DstPort:
		return p.Ports && in(p.DstPort)
	case InPort:
		return (p.InPort == t.Name) != t.Not
	case Src:
		return t.holdsAddr(p.Src)
	}
	return t.holdsAddr(p.Dst)
}

func (t *Test) holdsAddr(a netip.Addr) bool {
	return a.IsValid() && a.BitLen() == t.Value.BitLen() && (under(a, t.Mask) == t.Value) != t.Not
}
