// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// planRouter is a router's routes by family, nil where it has no address of it.
type planRouter struct {
	name       string
	fib4, fib6 []fibEntry
}

type fibEntry struct {
	prefix netip.Prefix
	row    uint32 // of nextHops
}

// numberRouterPorts numbers router ports in the topology's order, routers first.
func (c *compiler) numberRouterPorts() error {
	plugs := plugs(c.t)
	for i := range c.t.Routers {
		r := &c.t.Routers[i]
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
				info: topology.DatapathPort{ID: id, Router: r.Name, Options: r.Options, Port: *p, LinkLocal: linkLocal},
				table: cgo.RouterPort{MAC: p.MAC, Router: router, Switch: cgo.None, SwitchPort: cgo.None,
					Own: []netip.Addr{linkLocal}},
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
	for i := range c.t.Routers {
		b := &routeBuilder{c: c, router: &c.t.Routers[i], rows: rows, neighbors: n, routes: map[netip.Prefix]builtRoute{}}
		if err := b.build(); err != nil {
			return err
		}
		c.plan.routers = put(c.plan.routers, c.routers.at[b.router.Name], b.finish(), planRouter{})
	}
	c.plan.nextHops = rows.rows
	c.plan.gateways = n.endGateways()
	c.plan.numbers.gateways, c.plan.numbers.rows, c.plan.numbers.taken = slices.Clone(n.list), rows.rows, rows.taken
	n.addPinned()
	c.plan.adjacencies = n.list
	return nil
}

// nextHopRows builds the next hop table; equal rows are shared. What the plan before led
// to keeps its row. A row that nobody takes is free in the next plan, not in this one:
// then no FIB that workers read leads there.
type nextHopRows struct {
	rows  []cgo.NextHop
	taken []bool   // by row, in this plan
	free  []uint32 // rows that the plan before did not take
	at    map[cgo.NextHop]uint32
	ecmp  map[string]uint32
}

func newNextHopRows(former *numbering) *nextHopRows {
	r := &nextHopRows{at: map[cgo.NextHop]uint32{}, ecmp: map[string]uint32{}}
	r.inherit(former)
	r.row(cgo.NextHop{Kind: cgo.NextHopDrop, Reason: cgo.DropIPNoRoute}) // row 0: no route
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

// group returns the row for several gateways at once, whose own rows follow each
// other elsewhere.
func (r *nextHopRows) group(members []cgo.NextHop) uint32 {
	if len(members) == 1 {
		return r.row(members[0])
	}
	key := fmt.Sprint(members)
	if i, known := r.ecmp[key]; known {
		r.takeGroup(i)
		return i
	}
	first := uint32(len(r.rows))
	for _, m := range members {
		r.add(m)
	}
	i := r.add(cgo.NextHop{Kind: cgo.NextHopECMP, First: first, Count: uint16(len(members))})
	r.ecmp[key] = i
	return i
}
