// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/config"
)

// Routes lists the routes in force, but for what a router's own addresses imply.
func (s *source) Routes(context.Context) ([]api.Route, error) {
	var out []api.Route
	for _, r := range s.f.Routes() {
		one := api.Route{Router: r.Router, RouteTable: r.Table, Prefix: r.Prefix.String(), Policy: policyOf(r.SourceIP),
			Origin: string(r.Kind), Reason: r.Reason}
		switch r.Kind {
		case forwarder.RouteLocal, forwarder.RouteBroadcast:
			continue
		case forwarder.RouteDiscard, forwarder.RouteUnreachable, forwarder.RouteProhibit:
			one.Nexthop, one.Origin = string(r.Kind), string(forwarder.RouteStatic)
			out = append(out, one)
			continue
		}
		for _, hop := range r.NextHops {
			one.Nexthop, one.OutputPort = "", hop.RouterPort
			if hop.IP.IsValid() {
				one.Nexthop = hop.IP.String()
			}
			if len(r.NextHops) > 1 {
				one.Weight, one.State = hop.Weight, memberState(hop)
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// policyOf is OVN's word for what a route looks at.
func policyOf(source bool) string {
	if source {
		return "src-ip"
	}
	return "dst-ip"
}

func memberState(hop forwarder.RouteNextHop) string {
	if hop.Out {
		return "out"
	}
	return "in"
}

// Policies lists the routers' policies with what they have done.
func (s *source) Policies(context.Context) ([]api.Policy, error) {
	var out []api.Policy
	for _, p := range s.f.Policies() {
		one := api.Policy{Router: p.Router, Priority: p.Policy.Priority, Match: p.Policy.Match, Action: p.Policy.Action.String(),
			PktMark: p.Policy.PktMark, Packets: p.Packets}
		for _, hop := range p.NextHops {
			next := api.PolicyNexthop{IP: hop.IP.String(), OutputPort: hop.RouterPort}
			if len(p.NextHops) > 1 {
				next.State = memberState(hop)
			}
			one.Nexthops = append(one.Nexthops, next)
		}
		out = append(out, one)
	}
	return out, nil
}

// viewRoute writes a static route as the file has it.
func viewRoute(r *forwarder.StaticRoute) api.ConfigStaticRoute {
	out := api.ConfigStaticRoute{IPPrefix: r.Prefix.String(), OutputPort: r.OutputPort, RouteTable: r.RouteTable,
		Weight: r.Weight, Reason: r.Reason}
	if r.SourceIP {
		out.Policy = policyOf(true)
	}
	switch {
	case r.Discard:
		out.Nexthop = "discard"
	case r.Blackhole():
		out.Nexthop = r.Reject.String()
	default:
		out.Nexthop = r.Nexthop.String()
	}
	return out
}

// viewPolicies writes a router's policies as the file has them.
func viewPolicies(list []forwarder.Policy) (out []api.ConfigPolicy) {
	for _, p := range list {
		one := api.ConfigPolicy{Priority: p.Priority, Match: p.Match, Action: p.Action.String(), OutputPort: p.OutputPort}
		if len(p.Nexthops) > 0 {
			one.Nexthops = texts(p.Nexthops)
		}
		if p.PktMark != 0 {
			one.Options = &api.ConfigPolicyOptions{PktMark: p.PktMark}
		}
		out = append(out, one)
	}
	return out
}

func viewAddressSets(c *config.Config, out *api.Config) {
	for _, s := range c.Topology.AddressSets {
		out.AddressSets = append(out.AddressSets, api.ConfigAddressSet{Name: s.Name, Addresses: texts(s.Addresses)})
	}
}
