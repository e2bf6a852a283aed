// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"

	"github.com/parkway-gw/parkway/internal/match"
)

var setName = regexp.MustCompile(`^[A-Za-z_.][A-Za-z0-9_.-]*$`)

func (v *validator) addressSets() {
	names := map[string]Path{}
	for i, s := range v.t.AddressSets {
		at := func(steps ...any) Path { return append(At("address_sets", i), steps...) }
		if !setName.MatchString(s.Name) || len(s.Name) > maxNameLen {
			v.errorf(at("name"), "use letters, digits, underscores, dots and hyphens, a letter first", "address set name %q can't follow a $", s.Name)
			continue
		}
		if first, dup := names[s.Name]; dup {
			v.clash(at("name"), first, "give one of them another name", "address set %q is listed twice", s.Name)
		}
		names[s.Name] = at("name")
		for j, a := range s.Addresses {
			if !a.IsValid() || a.Addr().Zone() != "" || a.Addr().Is4In6() {
				v.errorf(at("addresses", j), "write an address or a network, such as 10.0.0.0/8", "address set %q: %s is no address", s.Name, a)
			}
		}
	}
	v.sets = v.t.SetsByName()
}

type policyKey struct {
	priority int
	match    string
}

func (v *validator) policies(i int, nets []connected) {
	r := &v.t.Routers[i]
	if len(r.Policies) == 0 {
		return
	}
	reach := v.reachOf(i, nets)
	seen := map[policyKey]Path{}
	for j := range r.Policies {
		p := &r.Policies[j]
		at := func(steps ...any) Path { return append(At("logical_routers", i, "policies", j), steps...) }
		what := fmt.Sprintf("policy %d of router %q", p.Priority, r.Name)
		if v.nPolicies++; v.nPolicies == MaxPolicies+1 {
			v.errorf(at(), "remove some, or join their matches by ||", "there are more than %d policies", MaxPolicies)
		}
		if p.Priority < 0 || p.Priority > MaxPriority {
			v.errorf(at("priority"), fmt.Sprintf("choose a value from 0 to %d", MaxPriority), "%s: the priority is out of range", what)
		}
		before := v.nConditions
		if v.nConditions += v.policyMatch(p, at("match"), what); v.nConditions > MaxConditions && before <= MaxConditions {
			v.errorf(at("match"), "use prefixes or ranges in place of sets, or fewer policies", "%s: the policies become more than %d conditions together", what, MaxConditions)
		}
		v.policyAction(p, at, what, &reach)
		key := policyKey{p.Priority, p.Match}
		if first, dup := seen[key]; dup {
			v.clash(at(), first, "remove one, or give it another priority", "%s is listed twice with the same match", what)
		} else {
			seen[key] = at()
		}
	}
}

// policyMatch returns how many conditions the match becomes.
func (v *validator) policyMatch(p *Policy, path Path, what string) (conditions int) {
	e, err := match.Parse(p.Match, v.sets)
	var clauses []match.Clause
	if err == nil {
		clauses, err = e.Clauses()
	}
	var wrong *match.Error
	switch {
	case errors.As(err, &wrong):
		v.out = append(v.out, Finding{Severity: Error, Path: path, Column: wrong.Column, Message: fmt.Sprintf("%s: match: %s", what, wrong.Msg), Hint: wrong.Hint})
		return 0
	case err != nil:
		v.errorf(path, "", "%s: match: %v", what, err)
		return 0
	case len(clauses) == 0:
		v.warnf(path, "write 1 for a policy that always matches", "%s never matches: its conditions exclude each other", what)
	}
	for _, c := range clauses {
		conditions += len(c)
		for _, t := range c {
			if t.Field != match.InPort {
				continue
			}
			if _, known := v.lrps[t.Name]; !known {
				hint, _ := v.unknownRouterPort(t.Name)
				v.errorf(path, hint, "%s: match: inport %q is no router port", what, t.Name)
				return 0
			}
		}
	}
	return conditions
}

func (v *validator) policyAction(p *Policy, at func(...any) Path, what string, r *reach) {
	if p.Action > PolicyReroute {
		v.errorf(at("action"), "write allow, drop or reroute", "%s has no action", what)
		return
	}
	if p.Action == PolicyDrop && p.PktMark != 0 {
		v.errorf(at("options", "pkt_mark"), "remove pkt_mark", "%s drops, so there is nothing to mark", what)
	}
	if p.Action != PolicyReroute {
		if len(p.Nexthops) > 0 {
			v.errorf(at("nexthops"), "remove them, or write action: reroute", "%s has next hops but does not reroute", what)
		}
		if p.OutputPort != "" {
			v.errorf(at("output_port"), "remove it, or write action: reroute", "%s has an output_port but does not reroute", what)
		}
		return
	}
	switch {
	case len(p.Nexthops) == 0:
		v.errorf(at("action"), "add nexthops: [192.168.123.1]", "%s reroutes and has no next hop", what)
		return
	case len(p.Nexthops) > MaxECMP:
		v.errorf(at("nexthops"), "remove some", "%s has %d next hops, %d at most", what, len(p.Nexthops), MaxECMP)
		return
	case !v.outputPort(p.OutputPort, at("output_port"), what, r):
		return
	}
	first := map[netip.Addr]int{}
	for k, a := range p.Nexthops {
		if a.IsValid() && a.Is4() != p.Nexthops[0].Is4() {
			v.errorf(at("nexthops", k), "make it two policies", "%s has next hops of both families", what)
			continue
		}
		if other, dup := first[a]; dup {
			v.clash(at("nexthops", k), at("nexthops", other), "remove one", "%s: next hop %s is listed twice", what, a)
			continue
		}
		first[a] = k
		v.nexthop(a, p.OutputPort, true, at("nexthops", k), what, r)
	}
}
