// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/internal/wire"
)

// N2, RFC 6980: a solicitation behind a Fragment header, to everybody or to us alone,
// is neither answered nor believed.
func TestFragmentedNDIsIgnored(t *testing.T) {
	g := start(t, nil)
	hostLL := wire.LinkLocalFromMAC(macB)
	for _, ns := range [][]byte{
		wire.AppendNeighborSolicitation(nil, macB, hostLL, lb6),
		wire.AppendNeighborProbe(nil, macLB, macB, hostLL, lb6),
	} {
		const payload, next, end = 14 + 4, 14 + 6, 14 + 40
		f := slices.Insert(slices.Clone(ns), end, wire.ProtoICMPv6, 0, 0, 0, 0, 0, 0, 7)
		f[next] = 44
		binary.BigEndian.PutUint16(f[payload:], binary.BigEndian.Uint16(f[payload:])+8)
		g.inject(1, f)
		g.rest()
		if out := g.take(1); len(out) != 0 {
			t.Errorf("%d answers to a fragment, want 0", len(out))
		}
		if s := g.state(hostLL).State; s != "none" {
			t.Errorf("its sender is %s", s)
		}
		g.inject(1, ns) // the same without the header is heard
		g.rest()
		if out := g.take(1); len(out) != 1 || g.state(hostLL).State != "STALE" {
			t.Errorf("%d answers, and the sender is %s", len(out), g.state(hostLL).State)
		}
		g.flush(arpbuf.Filter{})
	}
}

// N6: duplicate address detection speaks for nobody, so it makes no entry.
func TestProbesTeachNothing(t *testing.T) {
	g := start(t, nil)
	g.inject(1, wire.AppendNeighborSolicitation(nil, macC, addr("::"), lb6))
	g.rest()
	if out := g.take(1); len(out) != 1 {
		t.Errorf("%d answers, want 1", len(out))
	}
	if s := g.state(addr("::")).State; s != "none" {
		t.Errorf(":: is %s", s)
	}
}

// A9, RFC 5227 §2.4: whoever uses an address of ours is counted and not believed.
func TestConflictIsCounted(t *testing.T) {
	g := start(t, nil)
	g.inject(1, wire.AppendARPAnnouncement(nil, macB, lb4), advertisement(lb6, macB))
	g.rest()
	if n := g.r.Stats().Conflicts; n != 2 {
		t.Errorf("%d conflicts counted, want 2", n)
	}
	for _, ip := range []string{lb4.String(), lb6.String()} {
		if s := g.state(addr(ip)).State; s != "none" {
			t.Errorf("%s is %s", ip, s)
		}
	}
}
