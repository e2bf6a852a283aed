// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/internal/topology"
)

// foldAt is from how many routes on, beyond as many as the topology has, updates are
// folded into it: so each of them is looked at once more, on average, and their list has
// a bound.
const foldAt = 100_000

// routeUpdate is what UpdateRoutes changes. Both lists are its own.
type routeUpdate struct {
	router   string
	add, del []StaticRoute
}

var rejects = map[RouteKind]topology.Reject{RouteUnreachable: topology.RejectUnreachable, RouteProhibit: topology.RejectProhibit}

// memberKey is by what a static route is known among others.
type memberKey struct {
	groupKey
	blackhole bool
	nexthop   netip.Addr
	port      string
}

// member is the key of one of the router's routes.
func (b *routeBuilder) member(s *StaticRoute) memberKey {
	key := memberKey{groupKey: keyOfRoute(s), blackhole: s.Blackhole()}
	if key.blackhole {
		return key
	}
	key.nexthop, key.port = s.Nexthop, s.OutputPort
	if key.port == "" {
		if out := b.outputPort(s.Nexthop, ""); out != nil {
			key.port = out.Name
		}
	}
	return key
}

// follow notes what is in force now. An update is kept for whoever wants the topology.
func (c *changes) follow(p *Pending) {
	if p.update == nil {
		c.topo, c.updates, c.updated = p.topo, nil, 0
		return
	}
	c.updates = append(c.updates, p.update)
	c.updated += len(p.update.add) + len(p.update.del)
}

// foldMany keeps updates from growing without bound.
func (c *changes) foldMany() error {
	routes := foldAt
	for i := range c.topo.Routers {
		routes += len(c.topo.Routers[i].StaticRoutes)
	}
	if c.updated < routes {
		return nil
	}
	return c.fold()
}

// fold brings topo up to date.
func (c *changes) fold() error {
	if len(c.updates) == 0 {
		return nil
	}
	topo, err := folded(c.topo, c.updates)
	if err != nil {
		return err
	}
	c.topo, c.updates, c.updated = topo, nil, 0
	return nil
}

// folded is a topology after some updates. Its routes are its own.
func folded(t *Topology, updates []*routeUpdate) (*Topology, error) {
	out := *t
	out.Routers = slices.Clone(t.Routers)
	byRouter := map[string][]*routeUpdate{}
	for _, u := range updates {
		byRouter[u.router] = append(byRouter[u.router], u)
	}
	for name, list := range byRouter {
		r := routerOf(&out, name)
		if r == nil {
			return nil, fmt.Errorf("router %q: there is none", name)
		}
		routes, err := foldRoutes(r, list)
		if err != nil {
			return nil, err
		}
		r.StaticRoutes = routes
	}
	return &out, nil
}

// fate is what becomes of a route that updates mention.
type fate struct {
	there bool
	route *StaticRoute // the one that was added last; nil for the one that was there
}

func foldRoutes(r *Router, updates []*routeUpdate) ([]StaticRoute, error) {
	b := &routeBuilder{router: r}
	fates := map[memberKey]*fate{}
	for _, u := range updates {
		for _, list := range [][]StaticRoute{u.del, u.add} {
			for i := range list {
				fates[b.member(&list[i])] = &fate{}
			}
		}
	}
	keys := make([]memberKey, len(r.StaticRoutes))
	for i := range r.StaticRoutes {
		if keys[i] = b.member(&r.StaticRoutes[i]); fates[keys[i]] != nil {
			fates[keys[i]].there = true
		}
	}
	var added []*StaticRoute
	for _, u := range updates {
		for i := range u.del {
			f := fates[b.member(&u.del[i])]
			if !f.there {
				return nil, fmt.Errorf("router %q: route %s to be deleted is not there", r.Name, u.del[i].Prefix)
			}
			f.there, f.route = false, &u.del[i]
		}
		for i := range u.add {
			f := fates[b.member(&u.add[i])]
			if f.there {
				return nil, fmt.Errorf("router %q: route %s is there already, with the same next hop", r.Name, u.add[i].Prefix)
			}
			f.there, f.route = true, &u.add[i]
			added = append(added, f.route)
		}
	}
	var out []StaticRoute
	for i := range r.StaticRoutes {
		if f := fates[keys[i]]; f == nil || f.route == nil {
			out = append(out, r.StaticRoutes[i])
		}
	}
	for _, s := range added {
		if f := fates[b.member(s)]; f.there && f.route == s {
			out = append(out, *s)
		}
	}
	return out, nil
}
