// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// NeighborInfo is a row of show neighbors.
type NeighborInfo struct {
	Router     string
	RouterPort string
	IP         netip.Addr
	MAC        topology.MAC  // zero while unknown
	State      string        // RFC 4861's word
	Age        time.Duration // since the MAC was last confirmed, or since the state began
	Origin     string        // arp, nd or static
}

// Neighbors returns the neighbor table, by router port and address. Any goroutine.
func (r *Resolver) Neighbors() []NeighborInfo {
	now := r.clock.Now()
	r.mu.Lock()
	out := make([]NeighborInfo, 0, r.table.Len())
	r.table.Each(func(e *neighbor.Entry) {
		p := r.ports.get(e.Key().RouterPort)
		since := e.Since()
		if e.State().Usable() {
			since = e.Changed()
		}
		out = append(out, NeighborInfo{
			Router: p.Router, RouterPort: p.name(), IP: e.Key().IP, MAC: e.MAC(),
			State: e.State().String(), Age: max(0, now.Sub(since)), Origin: e.Origin().String(),
		})
	})
	r.mu.Unlock()
	slices.SortFunc(out, func(a, b NeighborInfo) int {
		return cmp.Or(cmp.Compare(a.Router, b.Router), cmp.Compare(a.RouterPort, b.RouterPort), a.IP.Compare(b.IP))
	})
	return out
}

// ParkedNextHop is a park ring in use.
type ParkedNextHop struct {
	RouterPort string
	IP         netip.Addr
	Worker     int
	Packets    int
	Oldest     time.Duration // time in the ring of the first packet
	WaitingFor string        // arp, nd or up
	Probes     int           // sent so far
	Port       string        // the gated switch port; empty when it was a neighbor that had to answer
}

// ParkedTotals are packets, ever, but for InRing, which is now:
// Parked = Drained + Evicted + Expired + Failed + Discarded + InRing.
type ParkedTotals struct {
	Parked, Drained, Evicted, Expired, Failed, Discarded uint64
	Rejected                                             uint64 // refused at a bound, never parked
	InRing                                               int64
}

// ParkedInfo is what show parked shows.
type ParkedInfo struct {
	NextHops []ParkedNextHop
	Totals   ParkedTotals
}

// Parked returns what waits where. Any goroutine; a moment's view.
func (r *Resolver) Parked() ParkedInfo {
	var info ParkedInfo
	r.mu.Lock()
	for n := range r.waiting {
		key := n.entry.Key()
		row := ParkedNextHop{
			RouterPort: r.ports.get(key.RouterPort).name(), IP: key.IP,
			WaitingFor: "nd", Probes: n.entry.Probes(),
		}
		if key.IP.Is4() {
			row.WaitingFor = "arp"
		}
		if n.gate != nil {
			row.WaitingFor, row.Port, row.Probes = "up", n.gate.Name, n.atGate.probes
		}
		for _, s := range n.slots {
			packets, oldest := r.ctl.Depth(s.Slot)
			if packets == 0 || !r.ctl.Open(s.Slot) {
				continue
			}
			row.Worker, row.Packets, row.Oldest = int(s.Worker), packets, r.age(oldest)
			info.NextHops = append(info.NextHops, row)
		}
	}
	r.mu.Unlock()
	slices.SortFunc(info.NextHops, func(a, b ParkedNextHop) int {
		return cmp.Or(cmp.Compare(a.RouterPort, b.RouterPort), a.IP.Compare(b.IP), cmp.Compare(a.Worker, b.Worker))
	})
	c := r.ctl.Counters()
	info.Totals = ParkedTotals{
		Parked: c.Parked, Drained: c.Drained,
		Evicted: c.Drops[cgo.DropParkEvicted], Expired: c.Drops[cgo.DropParkExpired],
		Failed: c.Drops[cgo.DropParkFailed], Discarded: c.Drops[cgo.DropParkDiscarded],
		Rejected: c.Drops[cgo.DropParkNewest] + c.Drops[cgo.DropParkNextHops] +
			c.Drops[cgo.DropParkPackets] + c.Drops[cgo.DropParkPool],
		InRing: c.ParkedNow(),
	}
	return info
}

func (r *Resolver) age(tsc uint64) time.Duration {
	if now := cgo.TSC(); tsc != 0 && now > tsc {
		return time.Duration(float64(now-tsc) / r.tscHz * float64(time.Second))
	}
	return 0
}
