// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// ParkedNextHop is a park ring in use.
type ParkedNextHop struct {
	RouterPort string
	IP         netip.Addr
	Port       string // the gated switch port that it is behind, or empty
	Worker     int
	Packets    int
	Oldest     time.Duration // time in the ring of the first packet
	Age        time.Duration // since the next hop's first packet of this wait arrived
	WaitingFor string        // arp, nd or up
	Probes     int           // sent so far
}

// ParkedTotals are packets, ever, but for InRing, which is now:
// Parked = Drained + Evicted + Expired + Failed + Discarded + InRing.
type ParkedTotals struct {
	Parked, Drained, Evicted, Expired, Failed, Discarded uint64
	Rejected                                             uint64 // refused at a bound, never parked
	InRing                                               int64
}

// Waits says how long drained packets were parked.
type Waits struct {
	Count   uint64
	Sum     time.Duration
	Buckets []WaitBucket // by Most, cumulative; what took longer is in Count alone
}

// WaitBucket is the packets that were parked for less than Most.
type WaitBucket struct {
	Most  time.Duration
	Count uint64
}

// ParkedInfo is what show parked shows.
type ParkedInfo struct {
	NextHops []ParkedNextHop
	Totals   ParkedTotals
	Gated    ParkedTotals           // the share of Totals that waits for switch ports; Failed counts in Discarded
	Waits    [cgo.ParkClasses]Waits // by cgo.ParkClass
}

// Parked returns what waits where. Any goroutine; a moment's view.
func (r *Resolver) Parked() ParkedInfo {
	info := ParkedInfo{NextHops: r.parkedNextHops()}
	c := r.ctl.Counters()
	info.Totals = ParkedTotals{
		Parked: c.Parked, Drained: c.Drained,
		Evicted: c.Drops[cgo.DropParkEvicted] + c.Drops[cgo.DropParkPreempted] + c.Drops[cgo.DropParkGateEvicted],
		Expired: c.Drops[cgo.DropParkExpired] + c.Drops[cgo.DropParkGateExpired],
		Failed:  c.Drops[cgo.DropParkFailed], Discarded: c.Drops[cgo.DropParkDiscarded] + c.Drops[cgo.DropParkNoNeighbor],
		Rejected: c.Drops[cgo.DropParkNewest] + c.Drops[cgo.DropParkNextHops] +
			c.Drops[cgo.DropParkPackets] + c.Drops[cgo.DropParkPool] + c.Drops[cgo.DropParkGateFull],
		InRing: c.ParkedNow(),
	}
	info.Gated = ParkedTotals{
		Parked: c.GateParked, Drained: c.DrainedOf(cgo.ParkGated),
		Evicted: c.Drops[cgo.DropParkGateEvicted], Expired: c.Drops[cgo.DropParkGateExpired],
		Discarded: c.GateDiscarded, Rejected: c.Drops[cgo.DropParkGateFull], InRing: c.GateParkedNow(),
	}
	for class := range info.Waits {
		info.Waits[class] = waitsOf(&c, cgo.ParkClass(class))
	}
	return info
}

func (r *Resolver) parkedNextHops() (out []ParkedNextHop) {
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
			row.Age = max(row.Oldest, r.age(n.wait.began))
			out = append(out, row)
		}
	}
	r.mu.Unlock()
	slices.SortFunc(out, func(a, b ParkedNextHop) int {
		return cmp.Or(cmp.Compare(a.RouterPort, b.RouterPort), a.IP.Compare(b.IP), cmp.Compare(a.Worker, b.Worker))
	})
	return out
}

func waitsOf(c *cgo.Counters, class cgo.ParkClass) Waits {
	w := Waits{Count: c.DrainedOf(class), Sum: time.Duration(c.WaitedUS[class]) * time.Microsecond}
	sum := uint64(0)
	for i, n := range c.Waited[class][:cgo.WaitBuckets-1] {
		sum += n
		w.Buckets = append(w.Buckets, WaitBucket{Most: cgo.WaitBucket(i), Count: sum})
	}
	return w
}

// age is the time since tsc; 0 when tsc is.
func (r *Resolver) age(tsc uint64) time.Duration { return r.between(tsc, cgo.TSC()) }

// between is the time from one TSC to another; 0 when from is.
func (r *Resolver) between(from, to uint64) time.Duration {
	if from == 0 || to <= from {
		return 0
	}
	return time.Duration(float64(to-from) / r.tscHz * float64(time.Second))
}
