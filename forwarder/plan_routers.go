// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"

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
	for i := range c.t.Routers {
		r := &c.t.Routers[i]
		limits := c.t.LimitsOf(r)
		for j := range r.Ports {
			p := &r.Ports[j]
			id := len(c.plan.routerPorts)
			if id >= cgo.MaxRouterPorts {
				return fmt.Errorf("topology: more than %d router ports", cgo.MaxRouterPorts)
			}
			linkLocal := linkLocal(p.MAC)
			row := planRouterPort{
				info: topology.DatapathPort{ID: uint16(id), Router: r.Name, Options: r.Options, Port: *p, LinkLocal: linkLocal, Limits: limits},
				table: cgo.RouterPort{MAC: p.MAC, Router: uint16(i), Switch: cgo.None, SwitchPort: cgo.None,
					Own: []netip.Addr{linkLocal}, Meters: meters(limits)},
			}
			for _, n := range p.Networks {
				row.table.Own = append(row.table.Own, n.Addr())
			}
			c.checkOwn(p.Name, row.table.Own)
			c.plan.routerPorts = append(c.plan.routerPorts, row)
			c.lrps[p.Name] = uint16(id)
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
	rows := newNextHopRows()
	for i := range c.t.Routers {
		b := &routeBuilder{c: c, router: &c.t.Routers[i], rows: rows, neighbors: n, routes: map[netip.Prefix]builtRoute{}}
		if err := b.build(); err != nil {
			return err
		}
		c.plan.routers = append(c.plan.routers, b.finish())
	}
	c.plan.nextHops = rows.rows
	c.plan.gateways = len(n.list)
	n.addPinned()
	c.plan.adjacencies = n.list
	return nil
}

// nextHopRows builds the next hop table; equal rows are shared.
type nextHopRows struct {
	rows []cgo.NextHop
	at   map[cgo.NextHop]uint32
	ecmp map[string]uint32
}

func newNextHopRows() *nextHopRows {
	r := &nextHopRows{at: map[cgo.NextHop]uint32{}, ecmp: map[string]uint32{}}
	r.row(cgo.NextHop{Kind: cgo.NextHopDrop, Reason: cgo.DropIPNoRoute}) // row 0: no route
	return r
}

func (r *nextHopRows) add(nh cgo.NextHop) uint32 {
	r.rows = append(r.rows, nh)
	return uint32(len(r.rows) - 1)
}

func (r *nextHopRows) row(nh cgo.NextHop) uint32 {
	if i, known := r.at[nh]; known {
		return i
	}
	i := r.add(nh)
	r.at[nh] = i
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
		return i
	}
	first := uint32(len(r.rows))
	r.rows = append(r.rows, members...)
	i := r.add(cgo.NextHop{Kind: cgo.NextHopECMP, First: first, Count: uint16(len(members))})
	r.ecmp[key] = i
	return i
}
