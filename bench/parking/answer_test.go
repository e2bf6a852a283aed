// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/dpdk/traffic"
)

// From the answer to an empty ring of 64, over many resolutions, each of a next hop that
// was never asked for before. The answer comes when the test sees the request.
func TestCase6AnswerToDrained(t *testing.T) {
	const ring = 64
	resolutions := sized(300, 10_000)
	g := start(t, nil)
	var first, drained, roundTrip []time.Duration
	for i := range resolutions {
		dst := cold4
		for range i {
			dst = dst.Next()
		}
		g.run(portA, 0, ring, group(portA, dst, i, 1))
		var asked traffic.Frame
		var reply []byte
		wait(t, "the request", func() bool {
			f, ok := g.sink[portB].Other()
			if ok {
				asked, reply = f, nil
				if r, ip := answer(f.Data); ip == dst {
					reply = r
				}
			}
			return reply != nil
		})
		if err := g.src[portB].Inject(reply); err != nil {
			t.Fatal(err)
		}
		wait(t, "the burst", func() bool { return g.sink[portB].Flow(i).Received == ring })
		f, answered := g.sink[portB].Flow(i), g.src[portB].Stats().InjectTSC
		first = append(first, g.since(answered, f.FirstTSC))
		drained = append(drained, g.since(answered, f.LastTSC))
		roundTrip = append(roundTrip, g.since(asked.TSC, answered))
	}
	g.settle()
	for i := range resolutions {
		g.whole(i, 0, ring)
	}
	c := g.f.Counters()
	if want := uint64(resolutions * ring); c.Parked != want || c.Drained != want {
		t.Errorf("%d parked, %d drained, want %d", c.Parked, c.Drained, want)
	}
	report(t, "%d resolutions, %d packets delivered in order; answer to first sent %s; to last sent %s; request to answer (the scripted neighbor's time) %s",
		resolutions, resolutions*ring, spread(first), spread(drained), spread(roundTrip))
}

func spread(d []time.Duration) string {
	slices.Sort(d)
	at := func(q float64) time.Duration {
		return d[min(len(d)-1, int(q*float64(len(d))))].Round(100 * time.Nanosecond)
	}
	return "p50 " + at(0.5).String() + " p99 " + at(0.99).String() + " max " + at(1).String()
}
