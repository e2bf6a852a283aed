// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"context"
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
)

// maxAsked bounds the ProbeNeighbor calls that wait at a time.
const maxAsked = 64

// ProbeResult is what became of a probe on command.
type ProbeResult struct {
	Unicast  bool // it went to the MAC that was known; otherwise to everybody
	Answered bool
	MAC      topology.MAC  // the answer's
	RTT      time.Duration // from control's decision to send to its reading of the answer
}

// question is a probe on command that waits for its answer.
type question struct {
	key     neighbor.Key
	sent    time.Time
	unicast bool
	gone    bool             // nobody waits any more
	answer  chan ProbeResult // room for one
}

// ProbeNeighbor sends one probe, to the neighbor's MAC if one is known and otherwise to
// everybody, and waits so long for the answer. An answer confirms a neighbor that is
// known; of one that is not, nothing is learned. No answer is no error. A *NeighborError
// refuses what can't be a neighbor of the router port, and more probes to everybody
// than Config.ProbeRate allows. Any goroutine.
func (r *Resolver) ProbeNeighbor(ctx context.Context, routerPort string, ip netip.Addr, wait time.Duration) (ProbeResult, error) {
	q := &question{answer: make(chan ProbeResult, 1)}
	defer r.unask(q)
	if _, err := inTurn(ctx, r, func() (struct{}, error) { return struct{}{}, r.ask(q, routerPort, ip) }); err != nil {
		return ProbeResult{}, err
	}
	timer := time.NewTimer(wait) // the caller's time, not that of the state machine
	defer timer.Stop()
	select {
	case res := <-q.answer:
		return res, nil
	case <-timer.C:
		return ProbeResult{Unicast: q.unicast}, nil
	case <-ctx.Done():
		return ProbeResult{}, ctx.Err()
	case <-r.ended:
		return ProbeResult{}, ErrEnded
	}
}

// ask sends q's probe, unless its caller has gone already.
func (r *Resolver) ask(q *question, routerPort string, ip netip.Addr) error {
	p, err := r.canBeNeighbor(routerPort, ip)
	if err != nil {
		return err
	}
	if q.gone {
		return context.Canceled
	}
	if len(r.asks) >= maxAsked {
		return refusef("try again when they have their answers", "%d probes wait already", len(r.asks))
	}
	q.key, q.sent = neighbor.Key{RouterPort: p.ID, IP: ip}, r.clock.Now()
	var mac topology.MAC
	if e := r.table.Get(q.key); e != nil && e.State().Usable() {
		mac, q.unicast = e.MAC(), true
	} else if !r.limitOf(q.key).bucket.take(r.turnAt) {
		return refusef("try again, or raise neighbors.probe_rate", "the link behind %s has had all the probes that it may have in a second", p.name())
	}
	if !r.sendProbe(q.key, mac, q.unicast, netip.Addr{}) {
		return refusef("give it one, or see whether the packet pool is empty (`parkway show drops`)", "%s has no address to ask from, or no mbuf", p.name())
	}
	r.asks[q] = struct{}{}
	return nil
}

// unask ends q. It is the one thing that another goroutine than control's changes, under
// mu like control's own.
func (r *Resolver) unask(q *question) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q.gone = true
	delete(r.asks, q)
}

// answers takes an answer of key's to whoever has asked for it by command.
func (r *Resolver) answers(key neighbor.Key, mac topology.MAC) (wanted bool) {
	for q := range r.asks {
		if q.key == key {
			q.answer <- ProbeResult{Unicast: q.unicast, Answered: true, MAC: mac, RTT: r.clock.Now().Sub(q.sent)}
			delete(r.asks, q)
			wanted = true
		}
	}
	return wanted
}
