// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parkway-gw/parkway/cgo"
)

// groupsAreRight wants every bucket at home, or where its member is out, with one that is
// not, as long as there is one.
func (f *Forwarder) groupsAreRight(t *testing.T) {
	t.Helper()
	if len(f.ecmp.groups) != len(f.plan.groups) {
		t.Fatalf("%d groups, planned are %d", len(f.ecmp.groups), len(f.plan.groups))
	}
	for i, g := range f.ecmp.groups {
		alive := 0
		for k, m := range g.members {
			adj := f.plan.adjs[m.adjacency]
			if g.adjs[k] != adj || !f.adjs.records[adj].fixed || f.adjs.records[adj].key != keyOf(m.lrp, m.ip) || !slices.Contains(f.ecmp.in[adj], i) {
				t.Fatalf("member %+v is adjacency %d, %+v", m, adj, f.adjs.records[adj])
			}
			if out := f.ecmp.out[adj]; out != (f.adjs.records[adj].state == cgo.AdjFailed) {
				t.Fatalf("member %+v is %d, out: %v", m, f.adjs.records[adj].state, out)
			} else if !out {
				alive++
			}
		}
		for b, member := range g.buckets {
			home := g.home[b]
			switch {
			case g.key == "":
			case alive == 0 || !f.ecmp.out[g.adjs[home]]:
				if member != home {
					t.Fatalf("group %q: bucket %d is with member %d, and its own, %d, is there", g.key, b, member, home)
				}
			case f.ecmp.out[g.adjs[member]]:
				t.Fatalf("group %q: bucket %d is with member %d, which is out", g.key, b, member)
			}
		}
	}
}

// shakeGateways lets some next hops fail and others answer.
func (f *Forwarder) shakeGateways(r *rand.Rand) {
	for _, n := range f.Gateways() {
		adj, err := f.Adjacency(n.RouterPort, n.IP)
		if state := f.adjs.records[adj].state; err != nil || state == cgo.AdjPermanent {
			continue
		}
		switch r.IntN(3) {
		case 0:
			f.SetAdjacency(adj, MAC{}, cgo.AdjFailed)
		case 1:
			f.SetAdjacency(adj, MAC{2, 7, 7, 7, 7, byte(adj)}, cgo.AdjReachable)
		}
	}
}

// bucketsOf is who has the buckets of each group, and who is out, by names.
func (f *Forwarder) bucketsOf() map[string]string {
	out := map[string]string{}
	for _, g := range f.ecmp.groups {
		if g.key != "" {
			who := ""
			for i, m := range g.members {
				who += fmt.Sprint(m.lrp, m.ip, f.ecmp.out[g.adjs[i]], " ")
			}
			out[g.key+who] = fmt.Sprint(g.buckets)
		}
	}
	return out
}
