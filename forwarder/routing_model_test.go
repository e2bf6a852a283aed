// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/match"
	"github.com/parkway-gw/parkway/internal/topology"
)

// world makes the addresses of a random network: of one family, since each forwarding
// table takes 32 MiB.
type world struct {
	r  *rand.Rand
	v6 bool
}

func (w world) addr(net, host int) netip.Addr {
	if w.v6 {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8:%d::%x", net, host))
	}
	return netip.AddrFrom4([4]byte{10, byte(net), 0, byte(host)})
}

// prefix holds the last k bits of an address; k < 0 is the whole internet.
func (w world) prefix(a netip.Addr, k int) netip.Prefix {
	if k < 0 {
		return netip.PrefixFrom(a, 0).Masked()
	}
	return netip.PrefixFrom(a, a.BitLen()-k).Masked()
}

func (w world) pick(list ...int) int { return list[w.r.IntN(len(list))] }

// gatewayMAC has a gateway's number in its last octet.
func gatewayMAC(host int) MAC { return MAC{2, 0, 0, 0, 3, byte(host)} }

// topology is one router with hosts vm1 and vm2 and gateways 10 to 17 on the external
// network, random routes in two tables and random policies.
func (w world) topology() *Topology {
	port := func(name, m string, n int) RouterPort {
		return RouterPort{Name: name, MAC: mac(m), Networks: []netip.Prefix{netip.PrefixFrom(w.addr(n, 1), w.prefix(w.addr(n, 1), 8).Bits())}}
	}
	t := &Topology{
		Switches: []Switch{
			{Name: "sw1", Ports: []SwitchPort{vif("vm1", vm1MAC, w.addr(1, 2).String()), cable("lrp1")}},
			{Name: "sw2", Ports: []SwitchPort{vif("vm2", vm2MAC, w.addr(2, 2).String()), cable("lrp2")}},
			{Name: "ext", Ports: []SwitchPort{localnet("ext-net", "phys", 0), cable("lrp3")}},
		},
		Routers:     []Router{{Name: "r", Ports: []RouterPort{port("lrp1", lrp1MAC, 1), port("lrp2", lrp2MAC, 2), port("lrp3", extMAC, 3)}}},
		AddressSets: []AddressSet{{Name: "some", Addresses: []netip.Prefix{w.prefix(w.addr(20, 3), 0), w.prefix(w.addr(20, 8), 2)}}},
	}
	for host := 10; host < 18; host++ {
		t.StaticMACBindings = append(t.StaticMACBindings, binding("lrp3", w.addr(3, host), gatewayMAC(host)))
	}
	r := &t.Routers[0]
	r.Ports[1].RouteTable = []string{"", "T", "T"}[w.r.IntN(3)]
	valid := func() bool {
		return !slices.ContainsFunc(t.Validate(), func(f topology.Finding) bool { return f.Severity == topology.Error })
	}
	for range 16 {
		s := StaticRoute{Prefix: w.prefix(w.addr(w.pick(20, 20, 20, 30, 1), w.r.IntN(16)), w.pick(0, 1, 2, 3, 4, 8, -1)),
			SourceIP: w.r.IntN(3) == 0, RouteTable: []string{"", "", "T"}[w.r.IntN(3)]}
		switch w.r.IntN(8) {
		case 0:
			s.Discard = true
		case 1:
			s.Reject = RejectUnreachable
		case 2:
			s.Reject = RejectProhibit
		default:
			s.Nexthop, s.Weight = w.addr(3, 10+w.r.IntN(8)), w.r.IntN(4)
		}
		r.StaticRoutes = append(r.StaticRoutes, s)
		if !valid() {
			r.StaticRoutes = r.StaticRoutes[:len(r.StaticRoutes)-1]
		}
	}
	for range w.r.IntN(5) {
		p := Policy{Priority: w.r.IntN(3), Match: w.match(2), Action: PolicyAction(w.r.IntN(3))}
		if p.Action == PolicyReroute {
			for range 1 + w.r.IntN(3) {
				p.Nexthops = append(p.Nexthops, w.addr(3, 10+w.r.IntN(8)))
			}
		}
		r.Policies = append(r.Policies, p)
		if !valid() {
			r.Policies = r.Policies[:len(r.Policies)-1]
		}
	}
	return t
}

func (w world) match(depth int) string {
	family := map[bool]string{false: "ip4", true: "ip6"}[w.v6]
	if depth > 0 && w.r.IntN(2) == 0 {
		return "(" + w.match(depth-1) + ")" + []string{" && ", " || "}[w.r.IntN(2)] + "!(" + w.match(depth-1) + ")"
	}
	field := []string{".src", ".dst"}[w.r.IntN(2)]
	relation := []string{" == ", " != "}[w.r.IntN(2)]
	return []string{
		family + field + relation + w.prefix(w.addr(w.pick(20, 30), w.r.IntN(16)), w.pick(0, 1, 2, 3)).String(),
		family + field + relation + "$some",
		`inport` + relation + `"lrp1"`,
		"udp.dst" + relation + fmt.Sprint(50+w.r.IntN(3)),
		"tcp.src < " + fmt.Sprint(50+w.r.IntN(3)),
		[]string{"tcp", "udp", "ip4", "icmp", "ip.proto > 6"}[w.r.IntN(5)],
	}[w.r.IntN(6)]
}

// probe is a packet and how it comes in.
type probe struct {
	match.Packet
	in       string // port
	fragment bool   // a later one
}

func (w world) probe() probe {
	p := probe{in: []string{"vm1", "vm2"}[w.r.IntN(2)]}
	p.InPort = map[string]string{"vm1": "lrp1", "vm2": "lrp2"}[p.in]
	p.Src = w.addr(w.pick(20, 30), w.r.IntN(16))
	p.Dst = []netip.Addr{w.addr(20, w.r.IntN(16)), w.addr(20, w.r.IntN(16)), w.addr(30, w.r.IntN(16)), w.addr(1, 2), w.addr(2, 2), w.addr(3, 1)}[w.r.IntN(6)]
	p.Proto = []uint8{1, 6, 17, 17}[w.r.IntN(4)]
	p.fragment = w.r.IntN(5) == 0
	p.SrcPort, p.DstPort = uint16(50+w.r.IntN(3)), uint16(50+w.r.IntN(3))
	p.Ports = !p.fragment && p.Proto != 1
	return p
}

func (p *probe) frame(t testing.TB) []byte {
	t.Helper()
	gateway := map[string]string{"vm1": lrp1MAC, "vm2": lrp2MAC}[p.in]
	d, s := mac(gateway), MAC{2, 0, 0, 0, 0, 0x55}
	l4 := gopacket.Payload{byte(p.SrcPort >> 8), byte(p.SrcPort), byte(p.DstPort >> 8), byte(p.DstPort), 0, 0, 0, 0}
	eth := &layers.Ethernet{SrcMAC: s[:], DstMAC: d[:], EthernetType: layers.EthernetTypeIPv4}
	var ip []gopacket.SerializableLayer
	if p.Src.Is4() {
		v4 := &layers.IPv4{Version: 4, TTL: 9, Protocol: layers.IPProtocol(p.Proto), SrcIP: p.Src.AsSlice(), DstIP: p.Dst.AsSlice()}
		if p.fragment {
			v4.FragOffset = 100
		}
		ip = append(ip, v4)
	} else {
		eth.EthernetType = layers.EthernetTypeIPv6
		v6 := &layers.IPv6{Version: 6, HopLimit: 9, NextHeader: layers.IPProtocol(p.Proto), SrcIP: p.Src.AsSlice(), DstIP: p.Dst.AsSlice()}
		ip = append(ip, v6)
		if p.fragment {
			v6.NextHeader = layers.IPProtocolIPv6Fragment
			ip = append(ip, gopacket.Payload{p.Proto, 0, 0x03, 0x20, 0, 0, 0, 7})
		}
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append(append([]gopacket.SerializableLayer{eth}, ip...), l4)...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// expect is what may become of a packet, by the rules and nothing else.
func expect(t *Topology, p *probe) []string {
	r := &t.Routers[0]
	var port *RouterPort
	for i := range r.Ports {
		if r.Ports[i].Name == p.InPort {
			port = &r.Ports[i]
		}
	}
	var out []string
	for _, table := range []string{port.RouteTable, ""} {
		if out = lookup(r, table, p); out != nil {
			break
		}
	}
	switch {
	case out == nil:
		return []string{"punt no route"}
	case !strings.HasPrefix(out[0], "to "):
		return out
	}
	policies := slices.Clone(r.Policies)
	slices.SortStableFunc(policies, func(a, b Policy) int { return b.Priority - a.Priority })
	for _, policy := range policies {
		e, err := match.Parse(policy.Match, t.SetsByName())
		if err != nil {
			panic(err)
		}
		if !e.Matches(&p.Packet) {
			continue
		}
		switch policy.Action {
		case PolicyDrop:
			return []string{"drop lr_policy_drop"}
		case PolicyReroute:
			out = nil
			for _, ip := range policy.Nexthops {
				out = append(out, "to "+gatewayMAC(int(ip.AsSlice()[len(ip.AsSlice())-1])).String())
			}
		}
		break
	}
	return out
}

// lookup compares with every route of a table and every network.
func lookup(r *Router, table string, p *probe) []string {
	best, out := -1, []string(nil)
	better := func(prefix netip.Prefix, source bool) bool {
		rank := 2*prefix.Bits() + 1
		a := p.Dst
		if source {
			rank, a = rank-1, p.Src
		}
		if !prefix.Contains(a) || rank < best {
			return false
		}
		if rank > best {
			best, out = rank, nil
		}
		return true
	}
	for i := range r.StaticRoutes {
		s := &r.StaticRoutes[i]
		if s.RouteTable != table || !better(s.Prefix, s.SourceIP) {
			continue
		}
		switch {
		case s.Discard:
			out = []string{"drop ip_route_discard"}
		case s.Reject == RejectUnreachable:
			out = []string{"punt unreachable"}
		case s.Reject == RejectProhibit:
			out = []string{"punt prohibit"}
		default:
			b := s.Nexthop.AsSlice()
			out = append(out, "to "+gatewayMAC(int(b[len(b)-1])).String())
		}
	}
	for i := range r.Ports {
		for _, n := range r.Ports[i].Networks { // of equal ones a network wins
			if better(n.Masked(), false) {
				out = []string{"to " + map[string]string{"lrp1": vm1MAC, "lrp2": vm2MAC}[r.Ports[i].Name]}
			}
			if better(host(n.Addr()), false) {
				out = []string{"punt local"}
			}
		}
	}
	return out
}

// observe waits for what becomes of the one packet that is under way.
func (g *gateway) observe(before Counters) string {
	g.t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		for port := range g.wires {
			if frame := g.receive(port, 0); frame != nil {
				return "to " + net.HardwareAddr(frame[:6]).String()
			}
		}
		batch := g.Control().Poll(0, 0)
		for _, m := range batch.IP {
			why := cgo.MetaOf(m).Why
			g.Control().Consume(m)
			return map[cgo.PuntWhy]string{cgo.PuntNoRoute: "punt no route", cgo.PuntUnreachable: "punt unreachable",
				cgo.PuntProhibited: "punt prohibit", cgo.PuntLocal: "punt local"}[why]
		}
		c := g.Counters()
		for i, reason := range DropReasons() {
			if c.Drops[i] > before.Drops[i] {
				return "drop " + reason.Name
			}
		}
	}
	return "nothing"
}

// Random routes, tables and policies: every packet takes one of the ways that the rules
// allow.
func TestRoutingAgainstTheRules(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	seen := map[string]int{}
	const random, known = 12, 6 // rounds; the known ones meet every way there is
	for round := range random + known {
		source := seed
		if round >= random {
			source = 1
		}
		w := world{rand.New(rand.NewPCG(source, uint64(round))), round%2 == 1}
		topo := w.topology()
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			w.follows(newRoutingGateway(t, topo), topo, 100, seen)
		})
	}
	everyWay(t, seen)
}

// The same while one gateway goes from one such network to the next.
func TestReloadedRoutingAgainstTheRules(t *testing.T) {
	defer func(n int, d time.Duration) { fewRoutes, spareTime = n, d }(fewRoutes, spareTime)
	spareTime = 0
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	seen := map[string]int{}
	for family := range 2 {
		t.Run([]string{"IPv4", "IPv6"}[family], func(t *testing.T) {
			w := world{rand.New(rand.NewPCG(seed, uint64(family))), family == 1}
			topo := w.topology()
			g := newRoutingGateway(t, topo)
			for i := range 40 {
				fewRoutes = 10000 * (i / 4 % 2) // with tables kept twice, and without
				topo = w.topology()
				if _, err := g.Apply(*topo); err != nil {
					t.Fatalf("change %d: %v", i, err)
				}
				g.resolverLetsGo()
				g.Maintain()
				w.follows(g, topo, 30, seen)
			}
		})
	}
	everyWay(t, seen)
}

func newRoutingGateway(t *testing.T, topo *Topology) *gateway {
	return newGateway(t, *topo, 1, Port{IfaceID: "vm1"}, Port{IfaceID: "vm2"}, Port{NetworkName: "phys"})
}

// follows sends n packets, and wants every one to take a way that the rules allow.
func (w world) follows(g *gateway, topo *Topology, n int, seen map[string]int) {
	g.t.Helper()
	for range n {
		p := w.probe()
		want := expect(topo, &p)
		before := g.Counters()
		g.send(p.in, 0, p.frame(g.t))
		got := g.observe(before)
		if !slices.Contains(want, got) {
			g.t.Fatalf("%+v: %s, want %q\nroutes %+v\npolicies %+v\ntable of lrp2: %q", p, got, want, topo.Routers[0].StaticRoutes, topo.Routers[0].Policies, topo.Routers[0].Ports[1].RouteTable)
		}
		kind, _, _ := strings.Cut(got, ":")
		seen[kind]++
	}
}

func everyWay(t *testing.T, seen map[string]int) {
	t.Helper()
	for _, kind := range []string{"to 02", "to 00", "punt no route", "punt unreachable", "punt prohibit", "punt local", "drop ip_route_discard", "drop lr_policy_drop"} {
		if seen[kind] == 0 {
			t.Errorf("nothing went %q: %v", kind, seen)
		}
	}
}
