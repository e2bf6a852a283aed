// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"context"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// Control stands still. The worker forwards what is resolved as before, parks the rest
// within its bounds, and when control is back all of it recovers.
func TestCase9ControlStalled(t *testing.T) {
	const rate, hops, burst, flood = 1_000_000, 20, 10, 2000
	stall := sized(time.Second, 5*time.Second)
	g := start(t, nil)
	g.answering(always(0))
	g.resolve(portA, good4, 0, goodFlows)
	flow := goodFlows // the next free one
	take := func(n int) (first int) { flow += n; return flow - n }
	dst := cold4
	cold := func(hops, packets int) (first int) {
		first = take(hops)
		g.run(portC, 0, uint64(hops*packets), group(portC, dst, first, hops))
		g.made(portC)
		for range hops {
			dst = dst.Next()
		}
		return first
	}
	measure := func(d time.Duration) float64 {
		n, watch := g.delivered(0, goodFlows), g.watch()
		time.Sleep(d)
		mpps, _ := watch.rate(g.delivered(0, goodFlows) - n)
		return mpps
	}
	g.run(portA, rate, 0, group(portA, good4, 0, goodFlows))
	before := measure(stall / 5)

	stopped, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- g.r.Do(context.Background(), func() { close(stopped); <-release })
	}()
	<-stopped
	begin := time.Now()
	flooded := cold(1, flood) // more than a ring
	old := cold(hops, burst)  // waits for the whole stall: longer than max_age of 3 s, at full size
	during := measure(stall - 500*time.Millisecond)
	parked := g.parkedNow()
	fresh := cold(hops, burst)
	wait(t, "the last bursts", func() bool { return g.parkedNow() == parked+hops*burst })
	time.Sleep(stall - time.Since(begin))
	if n := g.delivered(flooded, flow-flooded); n != 0 || parked != int64(g.park.PacketsPerNextHop+hops*burst) {
		t.Errorf("while control stood still %d packets of cold flows left, and %d were parked", n, parked)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	back := cgo.TSC()
	wait(t, "the fresh ones", func() bool { return g.delivered(fresh, hops) == hops*burst })
	after := measure(stall / 5)
	again := cold(1, g.park.PacketsPerNextHop)
	wait(t, "a cold flow afterwards", func() bool { return g.delivered(again, 1) == uint64(g.park.PacketsPerNextHop) })
	g.settle()

	recovered := uint64(0)
	for i := range hops {
		g.whole(fresh+i, 0, burst)
		recovered = max(recovered, g.sink[portB].Flow(fresh+i).LastTSC)
	}
	g.whole(again, 0, uint64(g.park.PacketsPerNextHop))
	sent, got := g.sent(portA, 0, goodFlows), g.delivered(0, goodFlows)
	if s := g.sink[portB].Stats(); sent != got || s.Reordered+s.Duplicates != 0 {
		t.Errorf("%d packets of resolved flows sent, %d arrived; %+v", sent, got, s)
	}
	for i := range goodFlows {
		g.whole(i, 0, g.src[portA].Sent(i))
	}
	// Of the others each left, or went with its reason.
	evicted, expired := g.drops(cgo.DropParkEvicted), g.drops(cgo.DropParkExpired)
	if evicted != flood-uint64(g.park.PacketsPerNextHop) || dropped(g) != evicted+expired ||
		g.delivered(flooded, 1)+g.delivered(old, hops)+expired != uint64(g.park.PacketsPerNextHop+hops*burst) {
		t.Errorf("delivered %d of the flood, %d of the old; %s", g.delivered(flooded, 1), g.delivered(old, hops), g.reasons())
	}
	report(t, "control stood still for %v; resolved flows: %.3f, %.3f and %.3f Mpps per second of the worker's CPU time before, during and after (1 are offered per second of time), lost %d of %d, skipped by the source %d; "+
		"parked meanwhile %d; old bursts: delivered %d, expired %d of %d; young ones: delivered %d of %d, %v after control came back",
		stall, before, during, after, sent-got, sent, g.src[portA].Stats().Skipped, parked,
		g.delivered(flooded, 1)+g.delivered(old, hops), expired, g.park.PacketsPerNextHop+hops*burst,
		g.delivered(fresh, hops), hops*burst, g.since(back, recovered))
}
