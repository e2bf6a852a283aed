// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// planRouter is a route table by family, empty where it has no routes. Those of plan.routers
// are the routers' main tables, the tables that single router ports look into, and those
// that are looked up by source.
type planRouter struct {
	name       string
	fib4, fib6 entryList
	more       []Route      // of a main table: what the router has beside it, other tables and routes by source
	source     uint16       // index in plan.routers of what is looked up by source; 0 for none
	policies   []planPolicy // of a main table, in the order in which they are looked at
}

type fibEntry struct {
	prefix netip.Prefix
	row    uint32 // of nextHops
	shape  uint32 // of plan.shapes
}

// numberRouterPorts numbers router ports in the topology's order, routers first.
func (c *compiler) numberRouterPorts() error {
	plugs := plugs(c.t)
	for i := range c.t.Routers {
		r := &c.t.Routers[i]
		limits := c.t.LimitsOf(r)
		router, err := c.routers.number(r.Name)
		if err != nil {
			return err
		}
		for j := range r.Ports {
			p := &r.Ports[j]
			id, err := c.routerPortNames.number(routerPortKey(r.Name, p.Name, plugs[p.Name]))
			if err != nil {
				return err
			}
			linkLocal := linkLocal(p.MAC)
			row := planRouterPort{
				info: topology.DatapathPort{ID: id, Router: r.Name, Options: r.Options, Port: *p, LinkLocal: linkLocal, Limits: limits},
				table: cgo.RouterPort{MAC: p.MAC, Router: router, Table: router, Switch: cgo.None, SwitchPort: cgo.None,
					Own: []netip.Addr{linkLocal}, Meters: meters(limits)},
			}
			for _, n := range p.Networks {
				row.table.Own = append(row.table.Own, n.Addr())
			}
			c.checkOwn(p.Name, row.table.Own)
			c.plan.routerPorts = put(c.plan.routerPorts, id, row, noRouterPort)
			c.lrps[p.Name] = id
		}
	}
	return nil
}

// checkOwn warns where the table's room for own addresses ends. They all work; only
// packets that forge one of the rest as their source are not recognized.
func (c *compiler) checkOwn(routerPort string, own []netip.Addr) {
	four := 0
	for _, ip := range own {
		if ip.Is4() {
			four++
		}
	}
	if n := max(four, len(own)-four); n > cgo.MaxOwnAddrs {
		c.warnf("router port %q: it has %d addresses of a family; only the first %d are protected against forged sources",
			routerPort, n, cgo.MaxOwnAddrs)
	}
}

// linkLocal makes the fe80:: address of a MAC (RFC 4291 appendix A).
func linkLocal(mac MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: mac[0] ^ 2, 9: mac[1], 10: mac[2], 11: 0xff,
		12: 0xfe, 13: mac[3], 14: mac[4], 15: mac[5]})
}

func (c *compiler) compileRouters() error {
	n := newNeighbors(c)
	rows := newNextHopRows(c.former)
	shapes := &shapes{}
	for i := range c.t.Routers {
		b := &routeBuilder{c: c, index: c.routers.at[c.t.Routers[i].Name], router: &c.t.Routers[i], rows: rows, neighbors: n, shapes: shapes}
		if err := b.build(); err != nil {
			return err
		}
		if err := b.policies(); err != nil {
			return err
		}
	}
	rows.finish()
	c.plan.groups, c.plan.nextHops = rows.groups, rows.rows
	c.plan.gateways = n.endGateways()
	c.plan.numbers.gateways = slices.Clone(n.list)
	c.plan.numbers.rows, c.plan.numbers.taken, c.plan.numbers.groups = rows.rows, rows.taken, rows.groups
	n.addPinned()
	c.plan.adjacencies = n.list
	c.plan.shapes, c.plan.shapeRows, c.plan.compiledShapes = shapes.list, shapes.rows, len(shapes.list)
	c.plan.compilation = compilations.Add(1)
	c.plan.countUses()
	return nil
}

// countUses counts for each row how many routes and policies lead there.
func (p *plan) countUses() {
	p.uses = make([]uint32, len(p.nextHops))
	p.uses[0]++ // always there
	for i := range p.routers {
		r := &p.routers[i]
		for _, half := range r.halves() {
			for e := range half.entries.all() {
				p.uses[e.row]++
			}
		}
		for k := range r.policies {
			if policy := &r.policies[k].table; policy.Action == cgo.PolicyReroute {
				p.uses[policy.NextHop]++
			}
		}
	}
}
