// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/internal/wire"
)

type asked struct {
	arpbuf.ProbeResult
	err error
}

// ask begins a probe on command and waits until its packet is out.
func (g *gateway) ask(ip netip.Addr, wait time.Duration) <-chan asked {
	g.t.Helper()
	before := g.r.Stats()
	done := make(chan asked, 1)
	go func() {
		res, err := g.r.ProbeNeighbor(context.Background(), "lrp-b", ip, wait)
		done <- asked{res, err}
	}()
	g.wait("the probe", func() bool {
		s := g.r.Stats()
		return s.ARPRequests+s.Solicitations > before.ARPRequests+before.Solicitations || len(done) > 0
	})
	return done
}

func (g *gateway) answered(done <-chan asked) (res asked) {
	g.t.Helper()
	g.wait("the answer", func() bool {
		select {
		case res = <-done:
			return true
		default:
			return false
		}
	})
	return res
}

// Somebody unknown is asked for by everybody; his answer is reported and not learned.
// Somebody known is asked alone, and his answer confirms him.
func TestProbeNeighbor(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		done := g.ask(f.host, time.Minute)
		g.clock.advance(3 * time.Millisecond)
		g.inject(1, f.reply(f.host, macC))
		want := asked{ProbeResult: arpbuf.ProbeResult{Answered: true, MAC: macC, RTT: 3 * time.Millisecond}}
		if got := g.answered(done); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		g.rest()
		if s := g.state(f.host).State; s != "none" {
			t.Errorf("a stranger's answer was learned: %s", s)
		}
		frames := g.take(1)
		if n := f.probes(frames); n != 1 || frames[0][0]&1 == 0 {
			t.Errorf("%d probes, want 1 to everybody", n)
		}

		g.resolve(f)
		g.pass(46 * time.Second)
		if s := g.state(f.host).State; s != "STALE" {
			t.Fatalf("%s", s)
		}
		done = g.ask(f.host, time.Minute)
		g.inject(1, f.reply(f.host, macB))
		if got := g.answered(done); !got.Answered || !got.Unicast || got.MAC != macB || got.err != nil {
			t.Errorf("%+v", got)
		}
		g.rest()
		frames = g.take(1)
		if n := f.probes(frames); n != 1 || [6]byte(frames[0][:6]) != macB {
			t.Errorf("%d probes, want 1 to %s", n, macB)
		}
		if s := g.state(f.host).State; s != "REACHABLE" {
			t.Errorf("confirmed, and %s", s)
		}
	})
}

// Nobody answers, or says something that is no answer.
func TestProbeUnanswered(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		done := g.ask(f.host, 50*time.Millisecond)
		g.inject(1, wire.AppendARPAnnouncement(nil, macB, b4), wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4),
			f.reply(f.host.Next(), macB))
		if got := g.answered(done); got != (asked{}) {
			t.Errorf("%+v", got)
		}
		if n := g.r.Questions(); n != 0 {
			t.Errorf("%d questions left", n)
		}
		g.inject(1, f.reply(f.host, macB)) // too late
		g.rest()
		if s := g.state(f.host).State; f.host.Is6() && s != "none" {
			t.Errorf("a late answer was learned: %s", s)
		}
	})
}

// Probes to everybody have the rate of all such probes; a caller who goes leaves nothing.
func TestProbesOnCommandAreBounded(t *testing.T) {
	g := start(t, probeRate(1))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := g.r.ProbeNeighbor(ctx, "lrp-b", b4, time.Minute); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	g.r.Turn()
	g.rest()
	if n := g.r.Stats().ARPRequests; n != 0 {
		t.Errorf("%d requests for a caller who had gone", n)
	}
	first := g.ask(b4, time.Minute)
	var refused *arpbuf.NeighborError
	if got := g.answered(g.ask(hostN(1), time.Minute)); !errors.As(got.err, &refused) || !strings.Contains(refused.Mend, "probe_rate") {
		t.Errorf("%+v", got)
	}
	g.inject(1, arpReply(b4, macB))
	if got := g.answered(first); !got.Answered {
		t.Errorf("%+v", got)
	}
	if n := g.r.Questions(); n != 0 {
		t.Errorf("%d questions left", n)
	}
}
