// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"slices"

	"github.com/parkway-gw/parkway/cgo"
)

// manyRows is from where on a next hop table of which less than half is taken is made
// anew: then every route is written once more, which costs no packet.
const manyRows = 4096

// What stands in row 0, and where a row or a group is free.
var (
	noRoute = cgo.NextHop{Kind: cgo.NextHopDrop, Reason: cgo.DropIPNoRoute}
	noGroup = planGroup{home: []uint8{0}}
)

// inherit lets what the plan before led to keep its rows.
func (r *nextHopRows) inherit(former *numbering) {
	taken := 0
	for _, t := range former.taken {
		if t {
			taken++
		}
	}
	if len(former.rows) > manyRows && taken < len(former.rows)/2 {
		return
	}
	r.rows = append(r.rows, former.rows...)
	r.taken = make([]bool, len(former.rows))
	r.groups = append(r.groups, former.groups...)
	r.groupTaken = make([]bool, len(former.groups))
	inGroup := make([]bool, len(former.rows)) // these are nobody's alone
	for i := range r.groups {
		g := &r.groups[i]
		if g.key == "" {
			r.freeGroups = append(r.freeGroups, i)
			continue
		}
		r.groupAt[g.key] = i
		for k := range g.members {
			inGroup[int(g.first)+k] = true
		}
	}
	for i, nh := range former.rows {
		switch {
		case !former.taken[i]:
			r.free = append(r.free, uint32(i))
		case !inGroup[i]:
			r.at[nh] = uint32(i)
		}
	}
}

func (r *nextHopRows) addGroup(g planGroup) int {
	i := len(r.groups)
	if len(r.freeGroups) > 0 {
		i, r.freeGroups = r.freeGroups[0], r.freeGroups[1:]
		r.groups[i], r.groupTaken[i] = g, true
		return i
	}
	r.groups, r.groupTaken = append(r.groups, g), append(r.groupTaken, true)
	return i
}

// runsLookedAt bounds the search for free rows that follow each other.
const runsLookedAt = 1024

// run takes n rows that follow each other and returns the first.
func (r *nextHopRows) run(n int) uint32 {
	first := uint32(len(r.rows))
	for i := 0; i+n <= min(len(r.free), runsLookedAt); i++ {
		if r.free[i+n-1]-r.free[i] == uint32(n-1) { // they ascend
			first = r.free[i]
			r.free = slices.Concat(r.free[:i], r.free[i+n:])
			break
		}
	}
	for len(r.rows) < int(first)+n {
		r.add(noRoute)
	}
	for i := range n {
		r.taken[int(first)+i] = true
	}
	return first
}

// takeGroup takes a group that the plan before had too, and its members' rows.
func (r *nextHopRows) takeGroup(i int) {
	g := &r.groups[i]
	r.groupTaken[i] = true
	for k := range g.members {
		r.taken[int(g.first)+k] = true
	}
}

// finish empties what nobody has taken: it names ports, neighbors and groups of the plan
// before.
func (r *nextHopRows) finish() {
	for i, taken := range r.taken {
		if !taken {
			r.rows[i] = noRoute
		}
	}
	for i, taken := range r.groupTaken {
		if !taken {
			r.groups[i] = noGroup
		}
	}
}
