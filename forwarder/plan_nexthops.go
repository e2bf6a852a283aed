// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/cgo"
)

// gatewayHop is a next hop that a route or a policy names.
type gatewayHop struct {
	ip        netip.Addr
	port      string
	lrp       uint16
	adjacency uint32
	weight    int // 1 to topology.MaxWeight
}

// planGroup is several gateways at once. Its key names them and their weights, so that a
// group is known again in another plan, where it may have other numbers.
type planGroup struct {
	key     string
	members []gatewayHop // sorted by port and address; their rows follow each other
	first   uint32       // row of the first
	home    []uint8      // the member of each bucket, as long as none has failed
	salt    uint32
}

// nextHopRows builds the next hop table, and numbers its groups; equal rows are shared.
// What the plan before led to keeps its row, and a group its number. A row that nobody
// takes is free in the next plan, not in this one.
type nextHopRows struct {
	rows  []cgo.NextHop
	taken []bool   // by row, in this plan
	free  []uint32 // rows that the plan before did not take
	at    map[cgo.NextHop]uint32

	groups     []planGroup
	groupTaken []bool // by group, in this plan
	freeGroups []int
	groupAt    map[string]int
}

func newNextHopRows(former *numbering) *nextHopRows {
	r := &nextHopRows{at: map[cgo.NextHop]uint32{}, groupAt: map[string]int{}}
	r.inherit(former)
	r.row(noRoute) // row 0
	return r
}

func (r *nextHopRows) add(nh cgo.NextHop) uint32 {
	r.rows, r.taken = append(r.rows, nh), append(r.taken, true)
	return uint32(len(r.rows) - 1)
}

func (r *nextHopRows) row(nh cgo.NextHop) uint32 {
	i, known := r.at[nh]
	switch {
	case known:
	case len(r.free) > 0:
		i, r.free = r.free[0], r.free[1:]
		r.rows[i] = nh
	default:
		i = r.add(nh)
	}
	r.taken[i], r.at[nh] = true, i
	return i
}

// gateways returns the row for one of several gateways. A group has its members' rows and
// its buckets once, whatever rank its routes have.
func (r *nextHopRows) gateways(members []gatewayHop, rank uint16) uint32 {
	if len(members) == 1 {
		m := members[0]
		return r.row(cgo.NextHop{Kind: cgo.NextHopGateway, RouterPort: m.lrp, Adjacency: m.adjacency, Rank: rank})
	}
	g := r.group(members)
	return r.row(cgo.NextHop{Kind: cgo.NextHopECMP, First: r.groups[g].first, Count: uint16(len(members)), Group: uint32(g), Rank: rank})
}

func (r *nextHopRows) group(members []gatewayHop) int {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b gatewayHop) int { return cmp.Or(cmp.Compare(a.port, b.port), a.ip.Compare(b.ip)) })
	key := ""
	for _, m := range members {
		key += fmt.Sprintf("%s dev %s weight %d\n", m.ip, m.port, m.weight)
	}
	if g, known := r.groupAt[key]; known && slices.Equal(r.groups[g].members, members) {
		r.takeGroup(g)
		return g
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	g := planGroup{key: key, members: members, first: r.run(len(members)), home: spread(members), salt: h.Sum32()}
	for i, m := range members {
		r.rows[int(g.first)+i] = cgo.NextHop{Kind: cgo.NextHopGateway, RouterPort: m.lrp, Adjacency: m.adjacency}
	}
	r.groupAt[key] = r.addGroup(g)
	return r.groupAt[key]
}

// spread gives every member buckets by its weight, at least one. There are as few buckets
// as keep each share within a fiftieth of what the weights say, MaxBuckets at most.
func spread(members []gatewayHop) []uint8 {
	total := 0
	for _, m := range members {
		total += m.weight
	}
	n := 64
	var shares []int
	for ; ; n *= 2 {
		shares = apportion(members, total, n)
		worst := 0.0
		for i, m := range members {
			ideal := float64(n) * float64(m.weight) / float64(total)
			worst = max(worst, float64(shares[i])/ideal-1, 1-float64(shares[i])/ideal)
		}
		if worst <= 0.02 || n == cgo.MaxBuckets {
			break
		}
	}
	home := make([]uint8, 0, n)
	for i, share := range shares {
		for range share {
			home = append(home, uint8(i))
		}
	}
	return home
}

// apportion divides n buckets by weight, largest remainder first.
func apportion(members []gatewayHop, total, n int) []int {
	shares := make([]int, len(members))
	order := make([]int, len(members))
	left := n
	for i, m := range members {
		shares[i], order[i] = max(1, n*m.weight/total), i
		left -= shares[i]
	}
	rest := func(i int) int { return n*members[i].weight - shares[i]*total } // what i lacks, in parts of total
	for left > 0 {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rest(b), rest(a)) })
		for _, i := range order[:min(left, len(order))] {
			shares[i]++
			left--
		}
	}
	for left < 0 { // members that have one bucket though their weight says less
		most := slices.MinFunc(order, func(a, b int) int {
			return cmp.Or(cmp.Compare(rest(a), rest(b)), cmp.Compare(shares[b], shares[a]))
		})
		if shares[most] == 1 {
			most = slices.MaxFunc(order, func(a, b int) int { return cmp.Compare(shares[a], shares[b]) })
		}
		shares[most]--
		left++
	}
	return shares
}
