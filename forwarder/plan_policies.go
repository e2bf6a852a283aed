// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/match"
	"github.com/parkway-gw/parkway/internal/topology"
)

// planPolicy is a policy compiled. Its counter is filled in when it is published.
type planPolicy struct {
	policy *topology.Policy
	hops   []RouteNextHop
	table  cgo.Policy
}

// policies compiles the router's policies, the highest priority first; equals stay in the
// configuration's order.
func (b *routeBuilder) policies() error {
	if len(b.router.Policies) == 0 {
		return nil
	}
	sets := b.c.t.SetsByName()
	var out []planPolicy
	for i := range b.router.Policies {
		p, err := b.policy(&b.router.Policies[i], sets)
		if err != nil {
			return fmt.Errorf("router %q: policy %d: %w", b.router.Name, b.router.Policies[i].Priority, err)
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(x, y planPolicy) int { return cmp.Compare(y.policy.Priority, x.policy.Priority) })
	b.c.plan.routers[b.index].policies = out
	return nil
}

func (b *routeBuilder) policy(p *topology.Policy, sets map[string][]netip.Prefix) (out planPolicy, err error) {
	out.policy = p
	expr, err := match.Parse(p.Match, sets)
	if err != nil {
		return out, err
	}
	clauses, err := expr.Clauses()
	if err != nil {
		return out, err
	}
	out.table = cgo.Policy{Mark: p.PktMark, Action: [...]cgo.PolicyAction{
		topology.PolicyAllow: cgo.PolicyAllow, topology.PolicyDrop: cgo.PolicyDrop, topology.PolicyReroute: cgo.PolicyReroute}[p.Action]}
	only4 := false
	if p.Action == topology.PolicyReroute {
		var members []gatewayHop
		for _, ip := range p.Nexthops {
			g, err := b.gateway(ip, p.OutputPort, 1)
			if err != nil {
				return out, err
			}
			members = append(members, g)
			out.hops = append(out.hops, RouteNextHop{IP: ip, RouterPort: g.port, Weight: 1, adjacency: g.adjacency})
			only4 = only4 || ip.Is4()
		}
		out.table.NextHop = b.rows.gateways(members, 0)
	}
	for _, c := range clauses {
		var tests []cgo.Test
		if only4 { // IPv6 goes by no IPv4 next hop
			tests = append(tests, cgo.Test{Field: cgo.TestFamily, Lo: 4, Hi: 4})
		}
		for _, t := range c {
			if t.Field == match.Family && !t.Not && t.Lo <= 4 && t.Hi >= 6 {
				continue // a router has nothing else
			}
			tests = append(tests, b.test(t))
		}
		out.table.Clauses = append(out.table.Clauses, tests)
	}
	return out, nil
}

func (b *routeBuilder) test(t match.Test) cgo.Test {
	out := cgo.Test{Not: t.Not, Lo: t.Lo, Hi: t.Hi}
	switch t.Field {
	case match.Family:
		out.Field = cgo.TestFamily
	case match.Proto:
		out.Field = cgo.TestProto
	case match.SrcPort:
		out.Field = cgo.TestSrcPort
	case match.DstPort:
		out.Field = cgo.TestDstPort
	case match.InPort:
		out.Field = cgo.TestInPort
		out.Lo = b.c.lrps[t.Name]
		out.Hi = out.Lo
	case match.Src:
		out.Field, out.Value, out.Mask = cgo.TestSrc, t.Value.AsSlice(), t.Mask.AsSlice()
	case match.Dst:
		out.Field, out.Value, out.Mask = cgo.TestDst, t.Value.AsSlice(), t.Mask.AsSlice()
	}
	return out
}

// PolicyStatus is a policy and what it has done.
type PolicyStatus struct {
	Router   string
	Policy   topology.Policy
	NextHops []RouteNextHop // reroute
	Packets  uint64         // that it has acted on
}

// policyID is by what a policy is known again in another plan.
type policyID struct {
	router   string
	priority int
	match    string
}

// policyCounter is where workers count for a policy, and what stood there before.
type policyCounter struct {
	slot int
	base uint64
}

// countPolicies gives every policy of p a counter: the one that it had in the plan before,
// or a free one, if possible one that nobody counts in.
func (f *Forwarder) countPolicies(before, p *plan) {
	old, now := before.counters, map[policyID]policyCounter{}
	var busy, last [cgo.MaxPolicies]bool
	for _, c := range old {
		last[c.slot] = true
	}
	each := func(do func(id policyID, policy *planPolicy)) {
		for i := range p.routers {
			for j := range p.routers[i].policies {
				policy := &p.routers[i].policies[j]
				do(policyID{p.routers[i].name, policy.policy.Priority, policy.policy.Match}, policy)
			}
		}
	}
	each(func(id policyID, _ *planPolicy) {
		if c, known := old[id]; known {
			now[id] = c
			busy[c.slot] = true
		}
	})
	each(func(id policyID, policy *planPolicy) {
		c, known := now[id]
		if !known {
			c.slot = -1
			for _, alsoLast := range []bool{false, true} {
				for i := 0; c.slot < 0 && i < len(busy); i++ {
					if !busy[i] && (alsoLast || !last[i]) {
						c.slot = i
					}
				}
			}
			busy[c.slot] = true
			c.base = f.res.dp.PolicyPackets(c.slot)
			now[id] = c
		}
		policy.table.Counter = c.slot
	})
	p.counters = now
}

// Policies returns the routers' policies in the order in which they are looked at.
func (f *Forwarder) Policies() []PolicyStatus {
	f.mu.RLock()
	defer f.mu.RUnlock()
	plan := f.shown.Load()
	var out []PolicyStatus
	for i := range plan.routers {
		r := &plan.routers[i]
		for j := range r.policies {
			p := &r.policies[j]
			one := PolicyStatus{Router: r.name, Policy: *p.policy, NextHops: f.withState(plan, p.hops)}
			c := plan.counters[policyID{r.name, p.policy.Priority, p.policy.Match}]
			if f.final == nil {
				one.Packets = f.res.dp.PolicyPackets(c.slot) - c.base
			}
			out = append(out, one)
		}
	}
	return out
}
