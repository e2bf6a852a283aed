// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// numbering is what a compilation gives to the next one, so that whoever keeps its name
// keeps its number: park slots, learned MACs, neighbors and packets under way carry
// numbers, and so do the entries of a FIB. The zero value is that of an empty topology.
type numbering struct {
	switches, switchPorts, routerPorts names
	routers                            names // and their other route tables

	gateways []Neighbor    // next hops that routes name, by number; one without an address is free
	rows     []cgo.NextHop // of the next hop table
	taken    []bool        // by row: a route leads there; otherwise it is free
	groups   []planGroup   // by number; one without a key is free
}

// names gives numbers from 0 on.
type names struct {
	at   map[string]uint16
	used int      // numbers that were ever given
	free []uint16 // of these, those that nothing refers to any more
}

// namer numbers one topology's names, given the numbers of the one before.
type namer struct {
	what   string
	limit  int
	former *names
	names
}

func newNamer(what string, limit int, former *names) namer {
	return namer{what: what, limit: limit, former: former,
		names: names{at: make(map[string]uint16, len(former.at)), used: former.used, free: former.free}}
}

// number returns the number of key: the one that it has had, a free one, or a new one.
func (n *namer) number(key string) (uint16, error) {
	if i, known := n.at[key]; known {
		return i, nil
	}
	i, known := n.former.at[key]
	switch {
	case known:
	case len(n.free) > 0:
		i, n.free = n.free[0], n.free[1:]
	case n.used < n.limit:
		i = uint16(n.used)
		n.used++
	default:
		return 0, fmt.Errorf("topology: %d %s are in use or were in the last seconds, and that is the most that there can be", n.used, n.what)
	}
	n.at[key] = i
	return i, nil
}

// gone returns the numbers that former gave and n does not give any more.
func (n *names) gone(former *names) (out []uint16) {
	for key, i := range former.at {
		if _, kept := n.at[key]; !kept {
			out = append(out, i)
		}
	}
	return out
}

// put stores v at i, with gap in the places before it that have nothing yet.
func put[T any](list []T, i uint16, v, gap T) []T {
	list = pad(list, int(i)+1, gap)
	list[i] = v
	return list
}

func pad[T any](list []T, n int, gap T) []T {
	for len(list) < n {
		list = append(list, gap)
	}
	return list
}

// What stands where a number has no bearer: nothing comes from there or goes there.
var (
	noSwitchPort = planSwitchPort{port: none, table: cgo.SwitchPort{Kind: cgo.SwitchPortUnbound, RouterPort: cgo.None}}
	noRouterPort = planRouterPort{table: cgo.RouterPort{Router: cgo.None, Table: cgo.None, Switch: cgo.None, SwitchPort: cgo.None}}
)

// fillGaps makes the tables as long as they have ever been: packets under way may carry
// any number that was ever given.
func (c *compiler) fillGaps() {
	p := c.plan
	p.switches = pad(p.switches, c.switches.used, planSwitch{})
	p.switchPorts = pad(p.switchPorts, c.switchPorts.used, noSwitchPort)
	p.routers = pad(p.routers, c.routers.used, planRouter{})
	p.routerPorts = pad(p.routerPorts, c.routerPortNames.used, noRouterPort)
	for i := range p.routerPorts {
		p.routerPorts[i].info.ID = uint16(i)
	}
	p.numbers.switches, p.numbers.switchPorts = c.switches.names, c.switchPorts.names
	p.numbers.routers, p.numbers.routerPorts = c.routers.names, c.routerPortNames.names
}

// A port is the same one as before if what it is plugged into is too: what was learned
// behind another cable says nothing of this one. Names have no space.
func switchPortKey(sw string, sp *SwitchPort) string {
	return fmt.Sprintf("%s %s %d %s %s %d", sw, sp.Name, sp.Type, sp.RouterPort, sp.NetworkName, sp.Tag)
}

func routerPortKey(router, port, sw string) string { return router + " " + port + " " + sw }

// plugs returns the switch that each router port plugs into.
func plugs(t *Topology) map[string]string {
	out := map[string]string{}
	for i := range t.Switches {
		for j := range t.Switches[i].Ports {
			if sp := &t.Switches[i].Ports[j]; sp.Type == topology.PortRouter {
				out[sp.RouterPort] = t.Switches[i].Name
			}
		}
	}
	return out
}
