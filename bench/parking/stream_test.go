// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk/traffic"
)

// stream sends one flow without pause across the resolution of its next hop, which
// answers after a while, for d after the hand-back, and checks what must hold at any
// rate.
func stream(t *testing.T, rate uint64, packets traffic.Group, d time.Duration) {
	const after = 20 * time.Millisecond
	g := start(t, nil)
	g.answering(always(after))
	g.run(portA, rate, 0, packets)
	sink := g.sink[portB]
	// Once the worker sends by itself nothing is parked any more.
	wait(t, "the hand-back", func() bool { return sink.FlowByQueue(0, workerQueue).Received > 0 })
	begin, parked, watch := sink.Stats().Received, g.f.Counters().Parked, g.watch()
	time.Sleep(d)
	mpps, had := watch.rate(sink.Stats().Received - begin)
	if again := g.f.Counters().Parked; again != parked {
		t.Errorf("%d packets were parked after the hand-back", again-parked)
	}
	g.settle()

	sent, f := g.src[portA].Sent(0), sink.Flow(0)
	evicted := g.drops(cgo.DropParkEvicted)
	if f.Reordered != 0 || f.Duplicates != 0 {
		t.Errorf("%d packets overtaken, %d doubled", f.Reordered, f.Duplicates)
	}
	// To the packet: what did not arrive is what the ring's bound took.
	if lost := sent - f.Received; lost != evicted || lost != dropped(g) || evicted == 0 {
		t.Errorf("%d sent, %d delivered, %d lost; %s", sent, f.Received, lost, g.reasons())
	}
	// What control sends is one ring's worth; the first packet that the worker sends by
	// itself begins a run without a gap, to the end.
	byControl, byWorker := sink.FlowByQueue(0, controlQueue), sink.FlowByQueue(0, workerQueue)
	if byControl.Received > uint64(g.park.PacketsPerNextHop) {
		t.Errorf("control sent %d packets, a ring holds %d", byControl.Received, g.park.PacketsPerNextHop)
	}
	if f.Last != sent-1 || f.Run > byWorker.First {
		t.Errorf("numbers %d to %d of %d, without a gap from %d on; the worker's first is %d", f.First, f.Last, sent, f.Run, byWorker.First)
	}
	answered, src := g.src[portB].Stats().InjectTSC, g.src[portA].Stats()
	report(t, "sent %d, delivered %d from number %d on, reordered %d, evicted %d (of them %d after the drain began), control sent %d; "+
		"answer to first sent %v, to the worker's first %v; afterwards %.2f Mpps per second of the worker's CPU time, of which it had %.0f %%; skipped by the source %d",
		sent, f.Received, f.First, f.Reordered, evicted, f.Missing, byControl.Received,
		g.since(answered, f.FirstTSC), g.since(answered, byWorker.FirstTSC), mpps, 100*had, src.Skipped)
}

// 1 Mpps of one flow across its resolution: nothing overtaken, and lost is what the
// ring's bound says, to the packet.
func TestCase4SteadyFlow(t *testing.T) {
	stream(t, 1_000_000, group(portA, cold4, 0, 1), sized(200*time.Millisecond, 3*time.Second))
}

// All that the source gives, to a gateway that a route names: the hand-back is done
// after one ring's worth, and from then on nothing is lost, overtaken or parked.
func TestCase5FullSpeed(t *testing.T) {
	stream(t, 0, group(portA, routed4, 0, 1), sized(200*time.Millisecond, 3*time.Second))
}
