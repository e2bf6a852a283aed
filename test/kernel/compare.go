// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
)

// verdict is one case with both results.
type verdict struct {
	s              *scenario
	p              *packet
	src, dst       netip.Addr
	parkway, linux outcome
	reason         string // of Parkway's to drop it; empty: none
	unreachables   int    // that Linux sent to its source before
}

// same reports that both did the same with the packet. What the two quote of it and the
// source of an ICMP error are compared too.
func (v *verdict) same() bool { return v.parkway.String() == v.linux.String() }

// judge returns the differences that explain the case, none when it is the same, and
// false when it is not explained.
func (v *verdict) judge(list []difference) (names []string, ok bool) {
	if v.same() {
		return nil, true
	}
	for _, d := range list {
		if d.explains != nil && d.explains(v) {
			return []string{d.name}, true
		}
	}
	// More than one may be needed: those of detail, one after the other, make the
	// results equal piece by piece.
	w := *v
	w.parkway, w.linux = v.parkway.clone(), v.linux.clone()
	for _, d := range list {
		if d.level != nil && d.level(&w) {
			if names = append(names, d.name); w.same() {
				return names, true
			}
			for _, e := range list {
				if e.explains != nil && e.explains(&w) {
					return append(names, e.name), true
				}
			}
		}
	}
	return nil, false
}

func (o outcome) clone() outcome {
	return outcome{append([]forward(nil), o.forwards...), append([]answer(nil), o.answers...)}
}

// report is all that is needed to make a case again.
func (v *verdict) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v, packet %d: by w%d, %s > %s, %s\n", v.s, v.p.id, v.p.wire, v.src, v.dst, v.p.about)
	fmt.Fprintf(&b, "  frame   %x\n  parkway %s %s\n  linux   %s\n", v.p.frame, v.parkway, v.reason, v.linux)
	for i := range v.s.routers {
		for _, a := range []netip.Addr{v.dst, v.src} {
			kind, members := lookup(&v.s.routers[i], a)
			fmt.Fprintf(&b, "  %s has for %s: %s %v\n", v.s.routers[i].Name, a, kind, members)
		}
	}
	for i := range v.s.routers {
		fmt.Fprintf(&b, "  %s in Linux, without the neighbors of other packets:\n", v.s.routers[i].Name)
		for line := range strings.Lines(v.s.commands(i, v.neighbors())) {
			b.WriteString("    ip " + line)
		}
		if _, four, six := v.s.rules(i); v.s.ruled(i) {
			for line := range strings.Lines(four) {
				b.WriteString("    ip -4 " + line)
			}
			for line := range strings.Lines(six) {
				b.WriteString("    ip -6 " + line)
			}
		}
	}
	fmt.Fprintf(&b, "  again:  PARKWAY_SEED=%d PARKWAY_NETWORK=%d PARKWAY_PACKETS=%d go test -v -run TestBesideLinux ./test/kernel\n",
		v.s.seed, v.s.number, len(v.s.packets))
	return b.String()
}

// neighbors are the bindings that this packet may need.
func (v *verdict) neighbors() (out []forwarder.StaticMACBinding) {
	one := *v.s
	one.packets = []*packet{v.p}
	return one.bindings()
}
