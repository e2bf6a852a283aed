// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"slices"
	"sync"

	"github.com/parkway-gw/parkway/cgo"
)

// ecmp is the state of the ECMP groups: which members have failed, and who has their
// buckets meanwhile. Flows of the other members stay where they are, and those of a failed
// one return when it does. Written by the control lcore, under mu for those who show it.
type ecmp struct {
	groups []group
	in     map[uint32][]int // adjacency -> the groups that it is in

	mu  sync.Mutex
	out map[uint32]bool // adjacencies that have failed and not been usable since
}

// group is a planGroup with the buckets as workers have them.
type group struct {
	*planGroup
	buckets []uint8
	adjs    []uint32 // the members' adjacencies, as the datapath numbers them
}

// next is the state for a plan that is about to be published, whose neighbors have their
// adjacencies. A group that was there keeps its buckets, and a next hop that was out stays
// out; so does one that is known to have failed. Control lcore, or before it runs.
func (e *ecmp) next(p *plan, failed func(adj uint32) bool) *ecmp {
	n := &ecmp{in: map[uint32][]int{}, out: map[uint32]bool{}}
	buckets := map[string][]uint8{}
	for _, g := range e.groups {
		buckets[g.key] = g.buckets
	}
	for i := range p.groups {
		g := group{planGroup: &p.groups[i], buckets: slices.Clone(p.groups[i].home)}
		for _, m := range g.members {
			adj := p.adjs[m.adjacency]
			g.adjs = append(g.adjs, adj)
			n.in[adj] = append(n.in[adj], i)
			if e.out[adj] || failed(adj) {
				n.out[adj] = true
			}
		}
		if kept := buckets[g.key]; g.key != "" && len(kept) == len(g.buckets) {
			copy(g.buckets, kept)
		}
		n.groups = append(n.groups, g)
	}
	for i := range n.groups {
		if n.groups[i].key == "" {
			continue // a gap
		}
		n.groups[i].settle(n.out, func(uint32, uint8) {})
	}
	return n
}

// adopt takes over what next has made.
func (e *ecmp) adopt(n *ecmp) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.groups, e.in, e.out = n.groups, n.in, n.out
}

// fill puts the buckets as they are now into a snapshot of the plan.
func (e *ecmp) fill(spec *cgo.TableSpec) {
	for i := range spec.Groups {
		spec.Groups[i].Buckets = e.groups[i].buckets
	}
}

// isFailed reports whether an adjacency is known to lead nowhere. Control lcore only.
func (f *Forwarder) isFailed(adj uint32) bool { return f.adjs.records[adj].state == cgo.AdjFailed }

// changed hears of an adjacency's new state, and calls store for every bucket that gets
// another member. One that was usable and has to be asked for like a stranger is out at
// once: its flows need not wait for the last probe where others can take them.
func (e *ecmp) changed(adj uint32, was, state cgo.AdjState, store func(group, bucket uint32, member uint8)) {
	if len(e.in[adj]) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch out := e.out[adj]; {
	case !out && (state == cgo.AdjFailed || state == cgo.AdjIncomplete && was >= cgo.AdjReachable):
		e.out[adj] = true
	case state >= cgo.AdjReachable && out:
		delete(e.out, adj)
	default:
		return // while it is asked for again, it is as it was
	}
	for _, i := range e.in[adj] {
		e.groups[i].settle(e.out, func(bucket uint32, member uint8) { store(uint32(i), bucket, member) })
	}
}

// forget has a next hop start anew, as if it had never failed.
func (e *ecmp) forget(adj uint32, store func(group, bucket uint32, member uint8)) {
	e.changed(adj, cgo.AdjFailed, cgo.AdjReachable, store)
}

// AdjacencyLink takes in that the link to a next hop went down, or came up again. Without
// it the groups need not wait for probes to find out; with it a next hop that has its MAC
// is back, any other when it answers. Control lcore only.
func (f *Forwarder) AdjacencyLink(adj uint32, up bool) {
	r := f.record(adj)
	switch {
	case r == nil:
	case !up:
		f.ecmp.changed(adj, r.state, cgo.AdjFailed, f.res.dp.StoreBucket)
	case r.state >= cgo.AdjReachable:
		f.ecmp.changed(adj, r.state, r.state, f.res.dp.StoreBucket)
	}
}

// settle gives each bucket the member that it belongs to, or as long as that one is out,
// another: the one that it has, or else the one whose buckets are fewest for its weight.
// When all are out, everything stays as configured, and senders hear of it.
func (g *group) settle(out map[uint32]bool, store func(bucket uint32, member uint8)) {
	load := make([]int, len(g.members))
	alive := 0
	for _, adj := range g.adjs {
		if !out[adj] {
			alive++
		}
	}
	up := func(member uint8) bool { return alive == 0 || !out[g.adjs[member]] }
	set := func(i int, member uint8) {
		if g.buckets[i] != member {
			g.buckets[i] = member
			store(uint32(i), member)
		}
	}
	for i, home := range g.home {
		switch {
		case up(home):
			set(i, home)
			load[home]++
		case up(g.buckets[i]):
			load[g.buckets[i]]++
		}
	}
	for i, home := range g.home {
		if up(home) || up(g.buckets[i]) {
			continue
		}
		best := -1
		for m := range g.members {
			if up(uint8(m)) && (best < 0 || load[m]*g.members[best].weight < load[best]*g.members[m].weight) {
				best = m
			}
		}
		load[best]++
		set(i, uint8(best))
	}
}

// withState copies next hops of a plan and says which are out. Any goroutine.
func (f *Forwarder) withState(p *plan, hops []RouteNextHop) []RouteNextHop {
	out := append([]RouteNextHop(nil), hops...)
	if len(out) < 2 {
		return out
	}
	f.ecmp.mu.Lock()
	defer f.ecmp.mu.Unlock()
	for i := range out {
		out[i].Out = f.ecmp.out[p.adjs[out[i].adjacency]]
	}
	return out
}
