// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
)

// SavedNeighbor is a learned neighbor as one life of a gateway leaves it to the next.
type SavedNeighbor struct {
	RouterPort string // the name
	IP         netip.Addr
	MAC        topology.MAC
	Age        time.Duration // since it was confirmed, heard or used last
	Confirmed  bool          // it has answered
}

// Save returns the learned neighbors that have a MAC, those that were used last first.
// Configured and added ones are not learned. Any goroutine, also after Run.
func (r *Resolver) Save() []SavedNeighbor {
	now := r.clock.Now()
	r.mu.Lock()
	var out []SavedNeighbor
	r.table.Each(func(e *neighbor.Entry) {
		if e.State().Usable() && e.State() != neighbor.Permanent {
			out = append(out, SavedNeighbor{RouterPort: r.ports.get(e.Key().RouterPort).name(), IP: e.Key().IP,
				MAC: e.MAC(), Age: max(0, now.Sub(e.Active())), Confirmed: e.Confirmed()})
		}
	})
	r.mu.Unlock()
	slices.SortFunc(out, func(a, b SavedNeighbor) int {
		return cmp.Or(cmp.Compare(a.Age, b.Age), cmp.Compare(a.RouterPort, b.RouterPort), a.IP.Compare(b.IP))
	})
	return out
}

// restore takes over Config.Saved, STALE: nobody is asked for, packets flow at once, and
// those neighbors that are used are verified, no more of them per second than may be
// asked of everybody. What fits no more is left out, and one line says how many and why.
func (r *Resolver) restore() {
	taken := 0
	left := map[string]int{}
	for _, s := range r.cfg.Saved {
		if why := r.restoreOne(s, time.Duration(float64(taken)/r.cfg.ProbeRate*float64(time.Second))); why != "" {
			left[why]++
			continue
		}
		taken++
	}
	if len(r.cfg.Saved) == 0 {
		return
	}
	var why []string
	for reason, n := range left {
		why = append(why, fmt.Sprintf("%d: %s", n, reason))
	}
	slices.Sort(why)
	r.log.Info("saved neighbors taken over", "neighbors", taken, "left_out", len(r.cfg.Saved)-taken, "why", strings.Join(why, ", "))
	r.cfg.Saved = nil
}

// restoreOne says why s can't be taken over.
func (r *Resolver) restoreOne(s SavedNeighbor, later time.Duration) (why string) {
	p := r.ports.named(s.RouterPort)
	if p == nil {
		return "the router port is gone"
	}
	e := r.table.Get(neighbor.Key{RouterPort: p.ID, IP: s.IP})
	switch {
	case e != nil && e.Pinned():
		return "configured now"
	case e != nil && !e.MAC().IsZero():
		return "there twice"
	case s.MAC.IsZero() || s.MAC[0]&1 != 0 || slices.Contains(r.ports.macs, s.MAC):
		return "no neighbor's MAC"
	case s.Age < 0:
		return "from the future"
	}
	if _, err := r.canBeNeighbor(s.RouterPort, s.IP); err != nil {
		return "no neighbor of the router port any more"
	}
	if e == nil && r.table.Room() <= 0 {
		return "no room"
	}
	n := r.neighbor(neighbor.Key{RouterPort: p.ID, IP: s.IP})
	if n == nil {
		return "no room"
	}
	r.perform(r.table.Restore(r.turnAt, n.entry, s.MAC, s.Age, s.Confirmed, later))
	return ""
}
