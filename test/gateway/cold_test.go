// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
)

const (
	flushes = 20
	// bound is from the ARP or ND answer to the first echo reply. The median is held
	// to it, for single rounds share their CPUs with whatever else runs.
	bound = 5 * time.Millisecond
)

// TestColdGateway is the article's measurement: 10 of 10 from a cold start, and
// 20 times again after a flush, with one question on the wire each time.
func TestColdGateway(t *testing.T) {
	g := startArticle(t, unmanaged...)
	atPC1, atExt := g.capture(pc1.name), g.capture(pcExt.name)
	var starts []time.Time
	first := make([][]time.Duration, len(families)) // what ping says of its first packet
	for round := range 1 + flushes {
		// PC-EXT forgets the gateway too: a request of its own in the meantime would
		// make the gateway learn, and there would be nothing to ask.
		g.must(g.hosts[pcExt.name].FlushNeighbors(g.ctx, pcExt.iface))
		if round > 0 {
			g.cli("neighbor", "flush")
		}
		starts = append(starts, time.Now())
		pings := make([]pinged, len(families))
		atOnce(
			func() { pings[0] = g.ping(pc1, pcExt.ip(0), 10) },
			func() { pings[1] = g.ping(pc1, pcExt.ip(1), 10) },
		)
		for i, p := range pings {
			p.wantAll(g)
			if p.received > 0 {
				first[i] = append(first[i], p.rtts[0])
			}
		}
	}
	inner, outer := g.frames(atPC1), g.frames(atExt)
	for i, family := range families {
		target := pcExt.ip(i)
		asks := packets(outer, func(p lab.Packet) bool { _, ok := p.Asks(); return ok && p.Src == extMAC && family == familyOf(p) })
		answers := packets(outer, func(p lab.Packet) bool { ip, ok := p.Answers(); return ok && ip == target })
		requests := packets(outer, func(p lab.Packet) bool { return p.IsEchoRequest() && p.DstIP == target })
		replies := packets(inner, func(p lab.Packet) bool { return p.IsEchoReply() && p.SrcIP == target })
		var toReply, toRequest []time.Duration
		for round, from := range starts {
			to := from.Add(time.Hour)
			if round+1 < len(starts) {
				to = starts[round+1]
			}
			asked := between(asks, from, to)
			if len(asked) != 1 {
				t.Errorf("%s round %d: %d questions for the cold packet, want 1: %v", family, round, len(asked), asked)
			}
			if len(asked) > 0 {
				if ip, _ := asked[0].Asks(); ip != target {
					t.Errorf("%s round %d: asks for %s, want %s", family, round, ip, target)
				}
			}
			answered, requested, replied := between(answers, from, to), between(requests, from, to), between(replies, from, to)
			for n, p := range requested {
				if int(p.EchoSeq) != n+1 {
					t.Errorf("%s round %d: echo request %d has sequence number %d", family, round, n+1, p.EchoSeq)
				}
			}
			if len(answered) == 0 || len(requested) != 10 || len(replied) != 10 {
				t.Errorf("%s round %d: %d answers, %d requests at PC-EXT, %d replies at PC1", family, round, len(answered), len(requested), len(replied))
				continue
			}
			toRequest = append(toRequest, requested[0].Time.Sub(answered[0].Time))
			toReply = append(toReply, replied[0].Time.Sub(answered[0].Time))
		}
		t.Logf("%s: from the answer on the wire to the first request %s, to the first reply %s; ping says %s",
			family, spread(toRequest), spread(toReply), spread(first[i]))
		if m := median(toReply); m > bound {
			t.Errorf("%s: the first reply comes %v after the answer (median of %d rounds), want at most %v", family, m, len(toReply), bound)
		}
	}
}

func familyOf(p lab.Packet) string {
	if p.EtherType == lab.EtherIPv6 {
		return families[1]
	}
	return families[0]
}

func between(list []timed, from, to time.Time) (out []timed) {
	for _, p := range list {
		if !p.Time.Before(from) && p.Time.Before(to) {
			out = append(out, p)
		}
	}
	return out
}

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}

func spread(d []time.Duration) string {
	if len(d) == 0 {
		return "never"
	}
	const unit = time.Microsecond
	return slices.Min(d).Round(unit).String() + " at best, " + median(d).Round(unit).String() + " median, " + slices.Max(d).Round(unit).String() + " at worst"
}
