// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "datapath.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"net/netip"
	"unsafe"

	"github.com/parkway-gw/parkway/dpdk"
)

// SwitchPortKind says what a switch port leads to.
type SwitchPortKind uint8

const (
	SwitchPortUnbound  SwitchPortKind = C.PW_LSP_UNBOUND
	SwitchPortVIF      SwitchPortKind = C.PW_LSP_VIF
	SwitchPortLocalnet SwitchPortKind = C.PW_LSP_LOCALNET
	SwitchPortRouter   SwitchPortKind = C.PW_LSP_ROUTER
)

// SwitchPort is a row of the switch port table; others name it by its index.
type SwitchPort struct {
	Kind       SwitchPortKind
	Unknown    bool // learns MACs, gets unknown unicast
	Gated      bool // packets may wait for it; see ArmGate
	Switch     uint16
	Port       dpdk.PortID // VIF, localnet
	VLAN       uint16      // localnet; 0 is untagged
	RouterPort uint16      // router

	MTU      uint16         // of its port, octets of IP packet; 0 takes frames of any length
	Security []PortSecurity // empty allows everything
	Storm    StormControl
}

// Switch lists who gets what is flooded. All are indexes.
type Switch struct {
	RouterPorts []uint16
	Flood       []uint16 // bound VIF and localnet ports
	Unknown     []uint16 // those of Flood that list unknown
	Known       []KnownAddress
}

// RouterPort is a row of the router port table.
type RouterPort struct {
	MAC        [6]byte
	Router     uint16 // None for a row that stands for no port any more
	Table      uint16 // row of Routers that packets which enter here are looked up in; None likewise
	Switch     uint16 // None when it is not connected
	SwitchPort uint16 // its peer
	MTU        uint16 // largest IP packet that may leave, octets
	Own        []netip.Addr
	Meters     [PuntClasses]Meter // of what it gives to control
	ProxiesND  bool               // solicitations for any address are control's to look at
}

// Router is a route table. A router's main table has the router's own index; behind them
// come those that single router ports look into, and those looked up by source. It names
// its FIBs, nil where it has no route of the family. They stay the caller's and must
// outlive the tables.
type Router struct {
	FIB4     *dpdk.FIB4
	FIB6     *dpdk.FIB6
	BySource int      // row of Routers that is looked up by source address; 0 for none
	Policies []Policy // main table: the router's policies, the first one that matches acts
}

// NextHopKind says what a matching route does.
type NextHopKind uint8

const (
	NextHopDrop      NextHopKind = C.PW_NH_DROP
	NextHopLocal     NextHopKind = C.PW_NH_LOCAL
	NextHopConnected NextHopKind = C.PW_NH_GLEAN
	NextHopGateway   NextHopKind = C.PW_NH_ADJ
	NextHopECMP      NextHopKind = C.PW_NH_ECMP
)

// NextHop is a row of the next hop table, which FIB entries point into. Row 0 must
// be {NextHopDrop, DropIPNoRoute}: it is what a FIB yields when nothing matches.
type NextHop struct {
	Kind       NextHopKind
	Reason     DropReason // drop
	RouterPort uint16     // connected, gateway: egress
	Adjacency  uint32     // gateway
	First      uint32     // ECMP: row of the first member; the members follow each other
	Count      uint16     // ECMP
	Group      uint32     // ECMP: row of Groups
	Rank       uint16     // of two matches, by destination and by source, the higher one wins
}

// Port binds a DPDK port to switch ports.
type Port struct {
	Port       dpdk.PortID
	SwitchPort uint16            // untagged frames; None for none
	VLANs      map[uint16]uint16 // VLAN id -> switch port
}

// TableSpec is a whole snapshot.
type TableSpec struct {
	Ports       []Port
	SwitchPorts []SwitchPort
	Switches    []Switch
	RouterPorts []RouterPort
	Routers     []Router
	NextHops    []NextHop
	Groups      []Group
}

// Tables is an immutable snapshot in DPDK memory.
type Tables struct {
	c *C.struct_pw_tables
}

const vlanIDs = 4096

// NewTables copies spec into DPDK memory.
func NewTables(spec TableSpec) (*Tables, error) {
	if len(spec.SwitchPorts) > MaxSwitchPorts {
		return nil, fmt.Errorf("tables: %d switch ports, %d at most", len(spec.SwitchPorts), MaxSwitchPorts)
	}
	if len(spec.RouterPorts) > MaxRouterPorts {
		return nil, fmt.Errorf("tables: %d router ports, %d at most", len(spec.RouterPorts), MaxRouterPorts)
	}
	if len(spec.NextHops) == 0 || spec.NextHops[0] != (NextHop{Kind: NextHopDrop, Reason: DropIPNoRoute}) {
		return nil, errors.New("tables: next hop 0 is not the drop for destinations without a route")
	}
	if err := errors.Join(checkRoutes(&spec), checkL2(&spec)); err != nil {
		return nil, err
	}
	size := C.struct_pw_tables_size{lsps: C.uint32_t(len(spec.SwitchPorts)), switches: C.uint32_t(len(spec.Switches)),
		lrps: C.uint32_t(len(spec.RouterPorts)), routers: C.uint32_t(len(spec.Routers) + 1), nexthops: C.uint32_t(len(spec.NextHops)),
		list: C.uint32_t(listEntries(&spec))}
	sizeOfRoutes(&size, &spec)
	c := C.pw_tables_new(&size)
	if c == nil {
		return nil, errors.New("tables: no DPDK memory; raise dpdk.memory.size")
	}
	t := &Tables{c: c}
	if !t.makeL2(&spec) {
		t.Free()
		return nil, errors.New("tables: no DPDK memory; raise dpdk.memory.size")
	}
	t.fill(&spec)
	t.fillL2(&spec)
	return t, nil
}

// Free frees a snapshot that was never published or is no longer, and that no worker
// can see any more.
func (t *Tables) Free() { C.pw_tables_free(t.c) }

// Publish makes t the tables that workers read from their next poll on and returns
// the former ones, nil at first. The datapath owns what is published; the caller
// frees the former tables after a grace period of the QSBR. Control lcore only.
func (d *Datapath) Publish(t *Tables) *Tables {
	old := C.pw_datapath_publish(d.c, t.c)
	if old == nil {
		return nil
	}
	return &Tables{c: old}
}

func listEntries(spec *TableSpec) int {
	n := 0
	for _, s := range spec.Switches {
		n += len(s.RouterPorts) + len(s.Flood) + len(s.Unknown)
	}
	for _, p := range spec.Ports {
		if len(p.VLANs) > 0 {
			n += vlanIDs
		}
	}
	return n
}

func (t *Tables) fill(spec *TableSpec) {
	lists := lists{rest: unsafe.Slice((*uint16)(unsafe.Pointer(t.c.lists)), listEntries(spec))}

	lsps := unsafe.Slice(t.c.lsps, len(spec.SwitchPorts))
	for i, p := range spec.SwitchPorts {
		lsps[i] = C.struct_pw_lsp{kind: C.uint8_t(p.Kind), unknown: C.bool(p.Unknown), gated: C.bool(p.Gated), sw: C.uint16_t(p.Switch),
			port: C.uint16_t(p.Port), vlan: C.uint16_t(p.VLAN), lrp: C.uint16_t(p.RouterPort)}
	}
	lrps := unsafe.Slice(t.c.lrps, len(spec.RouterPorts))
	for i, p := range spec.RouterPorts {
		if p.Router == None {
			p.Router = uint16(len(spec.Routers)) // one that has no routes
		}
		if p.Table == None {
			p.Table = uint16(len(spec.Routers))
		}
		fillRouterPort(&lrps[i], p)
		for class, m := range p.Meters {
			C.pw_tables_meter(t.c, C.uint32_t(i), C.enum_pw_copp_class(class), C.uint32_t(m.Rate), C.uint32_t(m.Burst))
		}
	}
	switches := unsafe.Slice(t.c.switches, len(spec.Switches))
	for i, s := range spec.Switches {
		c := &switches[i]
		c.router_mac = ^C.uint64_t(0)
		if len(s.RouterPorts) > 0 {
			c.router_lrp = C.uint16_t(s.RouterPorts[0])
			c.router_mac = mac48(spec.RouterPorts[s.RouterPorts[0]].MAC)
		}
		c.n_flood, c.flood = C.uint16_t(len(s.Flood)), lists.add(s.Flood)
		c.n_unknown, c.unknown = C.uint16_t(len(s.Unknown)), lists.add(s.Unknown)
		c.n_routers, c.routers = C.uint16_t(len(s.RouterPorts)), lists.add(s.RouterPorts)
	}
	routers := unsafe.Slice(t.c.routers, len(spec.Routers))
	for i, r := range spec.Routers {
		if r.FIB4 != nil {
			routers[i].fib4 = (*C.struct_rte_fib)(r.FIB4.Ptr())
		}
		if r.FIB6 != nil {
			routers[i].fib6 = (*C.struct_rte_fib6)(r.FIB6.Ptr())
			routers[i].walk6 = (*[0]byte)(r.FIB6.Walk())
		}
	}
	t.fillRoutes(spec)
	nexthops := unsafe.Slice(t.c.nexthops, len(spec.NextHops))
	for i, n := range spec.NextHops {
		nexthops[i] = C.struct_pw_nexthop{kind: C.uint8_t(n.Kind), reason: C.uint8_t(n.Reason),
			lrp: C.uint16_t(n.RouterPort), adj: C.uint32_t(n.Adjacency), count: C.uint16_t(n.Count),
			group: C.uint32_t(n.Group), rank: C.uint16_t(n.Rank)}
		if n.Kind == NextHopECMP {
			nexthops[i].adj = C.uint32_t(n.First)
		}
	}
	for _, p := range spec.Ports {
		c := &t.c.ports[p.Port]
		c.lsp = C.uint16_t(p.SwitchPort)
		if len(p.VLANs) > 0 {
			c.vlan_lsp = lists.add(vlanTable(p.VLANs))
		}
	}
}

func fillRouterPort(c *C.struct_pw_lrp, p RouterPort) {
	for i, o := range p.MAC {
		c.mac[i] = C.uint8_t(o)
	}
	c.table = C.uint16_t(p.Table)
	c.router, c.sw, c.lsp, c.mtu = C.uint16_t(p.Router), C.uint16_t(p.Switch), C.uint16_t(p.SwitchPort), C.uint16_t(p.MTU)
	c.proxies_nd = C.bool(p.ProxiesND)
	for _, ip := range p.Own {
		switch {
		case ip.Is4() && c.n_own4 < C.PW_OWN_ADDRS:
			a := ip.As4()
			c.own4[c.n_own4] = C.uint32_t(a[0])<<24 | C.uint32_t(a[1])<<16 | C.uint32_t(a[2])<<8 | C.uint32_t(a[3])
			c.n_own4++
		case ip.Is6() && c.n_own6 < C.PW_OWN_ADDRS:
			for i, o := range ip.As16() {
				c.own6[c.n_own6][i] = C.uint8_t(o)
			}
			c.n_own6++
		}
	}
}

func mac48(mac [6]byte) C.uint64_t {
	var w C.uint64_t
	for i := 5; i >= 0; i-- {
		w = w<<8 | C.uint64_t(mac[i])
	}
	return w
}

func vlanTable(vlans map[uint16]uint16) []uint16 {
	table := make([]uint16, vlanIDs)
	for i := range table {
		table[i] = None
	}
	for vid, lsp := range vlans {
		table[vid] = lsp
	}
	return table
}

// lists hands out the backing store of the index lists.
type lists struct {
	rest []uint16
}

func (l *lists) add(list []uint16) *C.uint16_t {
	if len(list) == 0 {
		return nil
	}
	copy(l.rest, list)
	at := &l.rest[0]
	l.rest = l.rest[len(list):]
	return (*C.uint16_t)(unsafe.Pointer(at))
}
