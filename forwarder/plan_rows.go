// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"

	"github.com/parkway-gw/parkway/cgo"
)

// manyRows is from where on a next hop table of which less than half is taken is made
// anew: then every route is written once more, which costs no packet.
const manyRows = 4096

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
	inGroup := make([]bool, len(former.rows))
	for i, nh := range former.rows {
		if former.taken[i] && nh.Kind == cgo.NextHopECMP {
			members := r.rows[nh.First : nh.First+uint32(nh.Count)]
			r.ecmp[fmt.Sprint(members)] = uint32(i)
			for k := range members {
				inGroup[int(nh.First)+k] = true
			}
		}
	}
	for i, nh := range former.rows {
		switch {
		case !former.taken[i]:
			r.free = append(r.free, uint32(i))
		case nh.Kind != cgo.NextHopECMP && !inGroup[i]:
			r.at[nh] = uint32(i)
		}
	}
}

// takeGroup takes the row of a group that the plan before had too, and its members'.
func (r *nextHopRows) takeGroup(i uint32) {
	nh := r.rows[i]
	r.taken[i] = true
	for k := range uint32(nh.Count) {
		r.taken[nh.First+k] = true
	}
}
