// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"slices"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// plan is a topology compiled: everything numbered, nothing yet in DPDK memory.
// Indexes are those of the datapath's tables.
type plan struct {
	switches    []planSwitch
	switchPorts []planSwitchPort
	routerPorts []planRouterPort
	routers     []planRouter
	ports       []planPort // index: the configured ports
	nextHops    []cgo.NextHop
	groups      []planGroup // of nextHops, with gaps
	fdb         []fdbEntry
	adjacencies []Neighbor // gateways first; without an address it is a gap. With a MAC it is permanent
	gateways    int        // how many of adjacencies routes name, gaps included
	unseen      []uint32   // of these, such as are named by routes that may have no row
	gates       []Gate
	warnings    []string
	numbers     numbering // for the next plan
	counters    map[policyID]policyCounter
	adjs        []uint32 // by place in adjacencies: the datapath's index, once installed

	shapes         []builtRoute // of routes, see shapes
	shapeRows      []uint32     // likewise
	compilation    uint64       // that the plan comes of
	sameNeighbors  bool         // as those of the plan before, and nothing else that has a number is new or gone
	compiledShapes int          // how many of them the last compilation made
	shownRouters   []uint16     // the routers' main tables, in the topology's order
	uses           []uint32     // by row of nextHops: how many routes and policies lead there
}

type planSwitch struct {
	name  string
	age   time.Duration // of learned MACs; 0: they don't
	table cgo.Switch
}

type planSwitchPort struct {
	name  string
	port  int            // index of the configured port, none when it has none
	table cgo.SwitchPort // Port and MTU are not filled in

	macLimit int // MACs learned here at a time; 0: only the table's bound
}

type planRouterPort struct {
	info    topology.DatapathPort
	table   cgo.RouterPort          // MTU is not filled in
	refused [cgo.PuntClasses]uint64 // of who had the number before; filled in when it is published
}

type planPort struct {
	switchPort uint16 // of untagged frames
	vlans      map[uint16]uint16
}

// fdbEntry is a MAC that the topology places.
type fdbEntry struct {
	sw  uint16
	mac MAC
	sp  uint16
}

const none = -1

// compiler holds what the parts of the compilation look up.
type compiler struct {
	t     *Topology
	ports []Port
	plan  *plan
	lrps  map[string]uint16 // router port name -> index

	former                                          *numbering
	switches, switchPorts, routers, routerPortNames namer
	switchAt                                        map[uint16]int    // switch number -> place in the topology
	lsps                                            map[string]uint16 // switch port name -> index
}

// compile turns a topology into a plan. It touches nothing but its arguments'
// copies; any goroutine. former is what the plan before has left in numbers, nil for none.
func compile(t *Topology, ports []Port, former *numbering) (*plan, error) {
	if err := checkTopology(t); err != nil {
		return nil, err
	}
	if former == nil {
		former = &numbering{}
	}
	c := &compiler{t: t, ports: ports, plan: &plan{}, lrps: map[string]uint16{}, former: former,
		switches:        newNamer("switches", cgo.None, &former.switches),
		switchPorts:     newNamer("switch ports", cgo.MaxSwitchPorts, &former.switchPorts),
		routers:         newNamer("route tables", cgo.None, &former.routers),
		routerPortNames: newNamer("router ports", cgo.MaxRouterPorts, &former.routerPorts),
		switchAt:        map[uint16]int{}, lsps: map[string]uint16{},
	}
	if err := c.numberRouterPorts(); err != nil {
		return nil, err
	}
	if err := c.bindPorts(); err != nil {
		return nil, err
	}
	if err := c.compileSwitches(); err != nil {
		return nil, err
	}
	if err := c.compileRouters(); err != nil {
		return nil, err
	}
	c.compileGates()
	c.fillGaps()
	return c.plan, nil
}

// checkTopology turns the findings that forbid a start into one error.
func checkTopology(t *Topology) error {
	var first *topology.Finding
	more := -1
	for _, f := range t.Validate() {
		if f.Severity != topology.Error {
			continue
		}
		if more++; first == nil {
			first = &f
		}
	}
	switch {
	case first == nil:
		return nil
	case more > 0:
		return fmt.Errorf("topology: %s (and %d more)", first, more)
	}
	return fmt.Errorf("topology: %s", first)
}

func (c *compiler) warnf(format string, args ...any) {
	c.plan.warnings = append(c.plan.warnings, fmt.Sprintf(format, args...))
}

// tables is the snapshot for the datapath, once the ports are known.
func (p *plan) tables(ports []*port, routers []cgo.Router) cgo.TableSpec {
	spec := cgo.TableSpec{NextHops: slices.Clone(p.nextHops), Routers: routers}
	for i, pp := range p.ports {
		spec.Ports = append(spec.Ports, cgo.Port{Port: ports[i].id, SwitchPort: pp.switchPort, VLANs: pp.vlans})
	}
	for _, sp := range p.switchPorts {
		row := sp.table
		if sp.port != none {
			row.Port, row.MTU = ports[sp.port].id, ports[sp.port].setup.MTU
		}
		spec.SwitchPorts = append(spec.SwitchPorts, row)
	}
	for _, s := range p.switches {
		spec.Switches = append(spec.Switches, s.table)
	}
	for _, rp := range p.routerPorts {
		row := rp.table
		row.MTU = p.mtu(&rp, func(port int) uint16 { return ports[port].setup.MTU })
		spec.RouterPorts = append(spec.RouterPorts, row)
	}
	for i := range spec.Routers {
		spec.Routers[i].BySource = int(p.routers[i].source)
		for _, policy := range p.routers[i].policies {
			spec.Routers[i].Policies = append(spec.Routers[i].Policies, policy.table)
		}
	}
	for _, g := range p.groups {
		spec.Groups = append(spec.Groups, cgo.Group{Buckets: g.home, Salt: g.salt})
	}
	return spec
}

// mtu is gateway_mtu, or else the smallest MTU of the ports in the router port's
// switch.
func (p *plan) mtu(rp *planRouterPort, portMTU func(port int) uint16) uint16 {
	if rp.info.Port.GatewayMTU != 0 {
		return rp.info.Port.GatewayMTU
	}
	var least uint16
	if rp.table.Switch != cgo.None {
		for _, sp := range p.switches[rp.table.Switch].table.Flood {
			if mtu := portMTU(p.switchPorts[sp].port); mtu != 0 && (least == 0 || mtu < least) {
				least = mtu
			}
		}
	}
	if least == 0 {
		return 1500
	}
	return least
}
