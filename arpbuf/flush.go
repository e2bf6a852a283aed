// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"context"
	"net/netip"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
)

// Filter chooses neighbors; a zero field matches all.
type Filter struct {
	Router     string
	RouterPort string
	IP         netip.Addr
}

func (f *Filter) matches(p *lrp, ip netip.Addr) bool {
	return (f.Router == "" || f.Router == p.Router) &&
		(f.RouterPort == "" || f.RouterPort == p.name()) &&
		(!f.IP.IsValid() || f.IP == ip)
}

// Flush forgets what was learned about the neighbors that the filter matches and
// returns how many those were. Configured ones stay. Packets that wait go on
// waiting. Any goroutine.
func (r *Resolver) Flush(ctx context.Context, filter Filter) (n int, err error) {
	done := make(chan int, 1)
	if err := r.Do(ctx, func() { done <- r.flush(&filter) }); err != nil {
		return 0, err
	}
	return <-done, nil
}

func (r *Resolver) flush(f *Filter) (n int) {
	for _, e := range r.choose(f) {
		if e.State() == neighbor.Permanent || e.Asking() {
			continue
		}
		if e.State() != neighbor.Incomplete {
			n++
		}
		r.perform(r.table.Flush(r.turnAt, e))
	}
	return n
}

// Withdraw is for next hops, router ports and routers that go away: it forgets what was
// learned about the neighbors that the filter matches, the memory of their answers too,
// gives up the drains that are under way, and frees what waits, as park_discarded;
// packets says how many. What such a drain has popped and not sent ends as tx_full.
// Configured neighbors keep what the configuration says. Any goroutine.
func (r *Resolver) Withdraw(ctx context.Context, filter Filter) (packets int, err error) {
	done := make(chan int, 1)
	if err := r.Do(ctx, func() { done <- r.withdraw(&filter) }); err != nil {
		return 0, err
	}
	return <-done, nil
}

func (r *Resolver) withdraw(f *Filter) (packets int) {
	for _, e := range r.choose(f) {
		n, ok := e.User.(*nexthop)
		if !ok {
			continue
		}
		packets += r.withdrawOne(n)
	}
	return packets
}

// letGo forgets the slots of a next hop whose packets have been freed. Workers close what
// they were handed back; should they have parked more meanwhile, they ask anew.
func (r *Resolver) letGo(n *nexthop) {
	if n.phase == parking {
		n.slots = n.slots[:0]
		delete(r.waiting, n)
	}
}

func (r *Resolver) choose(f *Filter) []*neighbor.Entry {
	var out []*neighbor.Entry
	r.table.Each(func(e *neighbor.Entry) {
		if f.matches(r.ports.get(e.Key().RouterPort), e.Key().IP) {
			out = append(out, e)
		}
	})
	return out
}
