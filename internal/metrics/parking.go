// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/parkway-gw/parkway/internal/api"
)

var (
	parkedPackets  = desc("parked_packets", "Packets that wait for a next hop now.", "router_port", "family")
	parkedNexthops = desc("parked_nexthops", "Next hops that packets wait for now.", "router_port", "family")
	parkedTotal    = desc("parked_packets_total", "Packets that were parked, and what became of them.", "result")
	gatedTotal     = desc("gated_packets_total", "The share of parked_packets_total that waited for a gated port.", "result")
	parkWait       = desc("park_wait_seconds", "How long drained packets had been parked, for a next hop or a gated port.", "kind")
	gateOpen       = desc("gate_open", "1 when packets pass to the gated port, 0 when they wait for it.", "port")

	resolutionsTotal = desc("resolutions_total", "Waits for a next hop or a gated port that have ended, by how.", "result")
	probesTotal      = desc("neighbor_probes_total", "ARP requests and neighbor solicitations sent.", "family", "kind")
	conflictsTotal   = desc("address_conflicts_total", "Frames in which another station claims an address of the router port.", "router_port")
	movesTotal       = desc("neighbor_moves_total", "Changes of a neighbor's MAC: followed, or damped because there were too many.", "result")
	foreignTotal     = desc("neighbor_foreign_senders_total", "ARP and ND that speak for another MAC than the frame's source and were not believed.")
	deferredTotal    = desc("neighbor_probes_deferred_total", "Multicast probes that had to wait for neighbors.probe_rate.")
)

type portFamily struct{ port, family string }

func (s sink) parked(p api.Parked) {
	packets, nexthops := map[portFamily]uint64{}, map[portFamily]map[string]bool{}
	for _, n := range p.NextHops {
		at := portFamily{n.RouterPort, family(n.IP)}
		packets[at] += n.Packets
		if nexthops[at] == nil {
			nexthops[at] = map[string]bool{}
		}
		nexthops[at][n.IP] = true // several workers may wait for one
	}
	for at, n := range packets {
		s.gauge(parkedPackets, float64(n), at.port, at.family)
		s.gauge(parkedNexthops, float64(len(nexthops[at])), at.port, at.family)
	}
	s.parkedTotals(parkedTotal, p.Totals)
	s.parkedTotals(gatedTotal, p.Gated)
	for _, w := range p.Waits {
		buckets := make(map[float64]uint64, len(w.Buckets))
		for _, b := range w.Buckets {
			buckets[b.LeSeconds] = b.Count
		}
		s <- prometheus.MustNewConstHistogram(parkWait, w.Count, w.SumSeconds, buckets, w.Kind)
	}
}

func (s sink) parkedTotals(d *prometheus.Desc, t api.ParkedTotals) {
	for result, n := range map[string]uint64{
		"parked": t.Parked, "drained": t.Drained, "evicted": t.Evicted, "expired": t.Expired,
		"failed": t.Failed, "discarded": t.Discarded, "rejected": t.Rejected,
	} {
		s.counter(d, n, result)
	}
}

func (s sink) resolutions(r api.Resolutions) {
	for result, n := range r.ByResult {
		s.counter(resolutionsTotal, n, result)
	}
	for _, p := range r.Probes {
		s.counter(probesTotal, p.Count, p.Family, p.Kind)
	}
	s.counter(deferredTotal, r.Deferred)
	s.counter(movesTotal, r.Moves, "followed")
	s.counter(movesTotal, r.MovesDamped, "damped")
	s.counter(foreignTotal, r.ForeignSenders)
	for _, c := range r.Conflicts {
		s.counter(conflictsTotal, c.Count, c.RouterPort)
	}
}

func (s sink) gates(gates []api.Gate) {
	for _, g := range gates {
		s.gauge(gateOpen, truth(g.Open), g.Port)
	}
}
