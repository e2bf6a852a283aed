// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"maps"
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// How a wait can end.
const (
	WaitResolved  = "resolved"  // the next hop answered, or its port came up
	WaitReleased  = "released"  // a command opened the switch port
	WaitFailed    = "failed"    // nobody answered the probes
	WaitExpired   = "expired"   // its last packet came of age
	WaitDiscarded = "discarded" // link, port, router or route went away
)

// historySize is the number of waits that are remembered.
const historySize = 256

// Resolution is a wait that has ended: from the first packet that was parked for a
// next hop until its rings were empty. A wait whose packets all gave way to others'
// leaves none.
type Resolution struct {
	At         time.Time // of the end
	RouterPort string
	IP         netip.Addr
	Port       string // the gated switch port that it was behind, or empty
	Result     string // WaitResolved and its like
	MAC        topology.MAC

	// Packets drained: what stood in the rings when the answer came, and in rings that
	// opened while they drained; more if control itself sent more. What workers sent of
	// what came behind is not seen here, nor what gave way to newer packets after the
	// answer. Of a wait that ended otherwise: the packets that control freed. Exact
	// sums are in ParkedTotals.
	Packets int
	Probes  int // sent in that time

	Wait   time.Duration // from the arrival of the first packet to the end
	Answer time.Duration // from the first probe to the answer; 0 when none was sent, or none came
	Drain  time.Duration // from the answer to the end
}

// history is the last waits, in a ring.
type history struct {
	last  [historySize]Resolution
	ended uint64
	by    map[string]uint64 // ever, by result
}

func (h *history) add(res Resolution) {
	h.last[h.ended%historySize] = res
	h.ended++
	if h.by == nil {
		h.by = make(map[string]uint64)
	}
	h.by[res.Result]++
}

// History returns the waits that ended last, the newest first. Any goroutine.
func (r *Resolver) History() []Resolution {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := &r.history
	out := make([]Resolution, 0, min(h.ended, historySize))
	for i := range cap(out) {
		out = append(out, h.last[(h.ended-1-uint64(i))%historySize])
	}
	return out
}

// resolutions is a copy of the counts.
func (h *history) resolutions() map[string]uint64 { return maps.Clone(h.by) }

// wait is what a next hop's packets have waited for so far. Times are TSC, 0 for never.
type wait struct {
	on     bool
	began  uint64 // arrival of the first packet
	asked  uint64 // first probe
	answer uint64
	probes int
	sent   int    // by control
	seen   int    // sent, and in the rings at the answer or opened since
	lost   int    // by age
	endsAs string // once drained; empty is WaitResolved
}

func (w *wait) begin(oldest uint64) {
	if !w.on {
		*w = wait{on: true, began: oldest}
	}
	w.began = min(w.began, oldest)
}

// probed counts a probe that goes out.
func (w *wait) probed() {
	if w.asked == 0 {
		w.asked = cgo.TSC()
	}
	w.probes++
}

// waits: packets wait in s, a slot of n's.
func (r *Resolver) waits(n *nexthop, s cgo.Slot, fresh bool) {
	packets, oldest := r.ctl.Depth(s)
	if packets == 0 && !n.wait.on {
		return // gone already
	}
	if oldest == 0 {
		oldest = cgo.TSC()
	}
	n.wait.begin(oldest)
	if fresh && n.phase == draining {
		n.wait.seen += packets
	}
}

// standing counts what stands in n's rings and begins a wait if nobody has noticed it yet:
// workers park into a ring that is open without asking.
func (r *Resolver) standing(n *nexthop) (packets int) {
	for i := range n.slots {
		s := n.slots[i].Slot
		k, oldest := r.ctl.Depth(s)
		if k == 0 || !r.ctl.Open(s) {
			continue
		}
		packets += k
		if oldest != 0 {
			n.wait.begin(oldest)
		}
	}
	return packets
}

// answered: n begins to drain.
func (r *Resolver) answered(n *nexthop) {
	packets := r.standing(n)
	n.wait.seen = n.wait.sent + packets
	n.wait.answer = cgo.TSC()
}

// resolved: n has drained.
func (r *Resolver) resolved(n *nexthop) {
	result := n.wait.endsAs
	if result == "" {
		result = WaitResolved
	}
	r.waited(n, result, max(n.wait.seen, n.wait.sent))
}

// interrupted: n lost its MAC while it drained. What is left waits anew, from the
// arrival of its first packet.
func (r *Resolver) interrupted(n *nexthop) {
	if n.wait.sent > 0 {
		r.waited(n, WaitResolved, n.wait.sent)
	}
	n.wait = wait{}
}

// waited notes the end of n's wait, if there was one.
func (r *Resolver) waited(n *nexthop, result string, packets int) {
	w := n.wait
	n.wait = wait{}
	if !w.on {
		return
	}
	key := n.entry.Key()
	res := Resolution{
		At: r.turnAt, RouterPort: r.ports.get(key.RouterPort).name(), IP: key.IP,
		Result: result, Packets: packets, Probes: w.probes, Wait: r.age(w.began),
	}
	if n.gate != nil {
		res.Port = n.gate.Name
	}
	if w.answer != 0 {
		res.MAC, res.Drain = n.mac, r.age(w.answer)
		if w.asked != 0 {
			res.Answer = r.between(w.asked, w.answer)
		}
	}
	r.history.add(res)
}
