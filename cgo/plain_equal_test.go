// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

var plainSeed = flag.Uint64("seed", 0, "seed of TestPlainPassesDoAsTheStages; 0 takes one by the clock")

// What these tests add to the laboratory: an untagged switch port on the third wire, and
// gateways that lie behind all kinds of switch ports.
const (
	lspSecond = lspUnbound + 1
	gateways  = 8
	nhMore    = nhBroadcast + 1
)

// plainBench sends bursts; one that is staged has the stages take every burst.
type plainBench struct {
	*bench
	staged bool
	more   []uint32                 // adjacencies of the gateways
	adjs   map[cgo.ParkKey]uint32   // of those who were asked for
	slots  map[cgo.ParkKey]cgo.Slot // where packets wait
}

func newPlainBench(t *testing.T, staged bool, tune func(*settings), edit func(*bench, *cgo.TableSpec)) *plainBench {
	p := &plainBench{staged: staged, adjs: map[cgo.ParkKey]uint32{}, slots: map[cgo.ParkKey]cgo.Slot{}}
	s := defaults()
	s.ringSize = 2048
	s.park = cgo.ParkConfig{NextHops: 64, PacketsPerNextHop: 32, MaxPackets: 1024}
	tune(&s)
	s.edit = func(b *bench, spec *cgo.TableSpec) {
		spec.Ports[2].SwitchPort = lspSecond
		spec.SwitchPorts = append(spec.SwitchPorts, cgo.SwitchPort{Kind: cgo.SwitchPortVIF, Switch: 1, Port: b.third.port, Unknown: true})
		for i := range spec.SwitchPorts {
			spec.SwitchPorts[i].Gated = true // nobody waits: an armed gate is what has the stages look
		}
		spec.Switches[1].Flood = append(spec.Switches[1].Flood, lspSecond)
		spec.Switches[1].Unknown = append(spec.Switches[1].Unknown, lspSecond)
		for i := range gateways {
			ip := netip.AddrFrom4([4]byte{10, 0, 2, byte(200 + i)})
			p.more = append(p.more, b.adjacency(1, ip))
			spec.NextHops = append(spec.NextHops, cgo.NextHop{Kind: cgo.NextHopGateway, RouterPort: 1, Adjacency: p.more[i]})
		}
		edit(b, spec)
	}
	p.bench = newBench(t, s)
	add := func(prefix string, nh int) {
		ip := netip.MustParsePrefix(prefix)
		var err error
		if ip.Addr().Is4() {
			err = p.fib4.Add(ip, uint64(nh))
		} else {
			err = p.fib6.Add(ip, uint64(nh))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range gateways {
		add(fmt.Sprintf("100.%d.0.0/16", 64+i), nhMore+i)
		add(fmt.Sprintf("2001:db8:a0%02x::/48", i), nhMore+i)
	}
	for i, ip := range []string{"64::/16", "fec0::/16", "::2/128", "224.0.0.0/4", "ff00::/8", "223.0.0.0/8", "128.0.0.0/8"} {
		add(ip, nhMore+i)
	}
	if err := p.other4.Add(netip.MustParsePrefix("172.16.0.0/17"), nhECMP); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *plainBench) wires() []wire { return []wire{p.in, p.out, p.third} }

func (p *plainBench) work() {
	for busy := true; busy; {
		if p.staged {
			for lsp := range uint16(lspSecond + 1) {
				p.dp.ArmGate(lsp)
			}
		}
		busy = p.w.Poll() > 0
	}
}

func (p *plainBench) enqueue(w wire, f oddFrame) {
	p.t.Helper()
	var m *dpdk.Mbuf
	from := 0
	for _, to := range append(slices.Clone(f.cuts), len(f.data)) {
		s := dpdktest.Packet(p.t, p.pool, f.data[from:to])
		if from = to; m == nil {
			m = s
		} else if !m.Chain(s) {
			p.t.Fatal("no chain")
		}
	}
	m.SetFlags(m.Flags() | f.flags)
	if !w.rx.Enqueue(m) {
		p.t.Fatal("the port's ring is full")
	}
}

// settle gives gateway i another state, as control does: what waits for it goes first.
func (p *plainBench) settle(i int, out uint16, state cgo.AdjState) {
	key := cgo.ParkKey{RouterPort: 1, Family: 4, IP: [16]byte{10, 0, 2, byte(200 + i)}}
	mac := [6]byte{2, 0, 0, 1, 0, byte(i)}
	if i%2 == 0 {
		mac = [6]byte{0, 0, 1, 0, 0, byte(i)} // that port security knows
	}
	p.drain(key, p.more[i], mac, out)
	p.store(p.more[i], mac, out, state)
}

func (p *plainBench) drain(key cgo.ParkKey, adj uint32, mac [6]byte, out uint16) {
	slot, waits := p.slots[key]
	if !waits {
		return
	}
	delete(p.slots, key)
	p.store(adj, mac, out, cgo.AdjDraining)
	p.dp.Control().Drain(slot, adj)
	p.work()
}

// result is all that a round of traffic has led to.
type result struct {
	Out      [3][]string // frames by port, in order
	Punts    []string    // by kind and sender, each in order
	Learns   []cgo.Learn
	Asks     []cgo.ParkKey
	Counters cgo.Counters
	Ports    []cgo.SwitchPortCounters
	Policies [2]uint64
	Used     []bool
}

func (p *plainBench) result() (r result) {
	for i, w := range p.wires() {
		var m [32]*dpdk.Mbuf
		for n := w.tx.DequeueBurst(m[:]); n > 0; n = w.tx.DequeueBurst(m[:]) {
			for _, one := range m[:n] {
				r.Out[i] = append(r.Out[i], fmt.Sprintf("%x in %d", octets(one), one.Segments()))
				one.Free()
			}
		}
	}
	type punt struct{ kind, frame string }
	var punts []punt
	for batch := p.poll(); !batch.Empty(); batch = p.poll() {
		for _, m := range append(slices.Clone(batch.ARPND), batch.IP...) {
			meta := *cgo.MetaOf(m)
			meta.TSC = 0
			f := octets(m)
			punts = append(punts, punt{fmt.Sprintf("%d of %x", meta.Why, f[:14]), fmt.Sprintf("%+v %x", meta, f)})
			p.dp.Control().Consume(m)
		}
		r.Learns = append(r.Learns, batch.Learns...)
		for _, a := range batch.Asks {
			r.Asks = append(r.Asks, a.Key)
			p.slots[a.Key] = a.Slot()
		}
	}
	slices.SortStableFunc(punts, func(a, b punt) int { return cmp.Compare(a.kind, b.kind) })
	for _, one := range punts {
		r.Punts = append(r.Punts, one.frame)
	}
	r.Counters = p.dp.Counters()
	r.Counters.Waited, r.Counters.WaitedUS = cgo.Counters{}.Waited, cgo.Counters{}.WaitedUS // times
	clear(r.Counters.PortTxDropped[:])
	for lsp := range uint16(lspSecond + 1) {
		r.Ports = append(r.Ports, p.dp.SwitchPortCounters(lsp))
	}
	for i := range r.Policies {
		r.Policies[i] = p.dp.PolicyPackets(i)
	}
	for i := range p.nextAdj {
		r.Used = append(r.Used, p.dp.AdjacencyUsed(i))
	}
	return r
}

// octets is all that m holds, segment by segment.
func octets(m *dpdk.Mbuf) []byte {
	var b bytes.Buffer
	for s := m; s != nil; s = s.Next() {
		b.Write(s.Bytes())
	}
	return b.Bytes()
}

func sameResults(t *testing.T, plain, staged result) bool {
	t.Helper()
	if reflect.DeepEqual(plain, staged) {
		return true
	}
	for i := range plain.Out {
		firstDifference(t, fmt.Sprintf("port %d", i), plain.Out[i], staged.Out[i])
	}
	firstDifference(t, "punts", plain.Punts, staged.Punts)
	firstDifference(t, "learns", plain.Learns, staged.Learns)
	firstDifference(t, "asks", plain.Asks, staged.Asks)
	firstDifference(t, "used", plain.Used, staged.Used)
	firstDifference(t, "switch ports", plain.Ports, staged.Ports)
	if a, b := nonzero(plain.Counters), nonzero(staged.Counters); !maps.Equal(a, b) {
		t.Errorf("counters:\nplain  %v\nstages %v", a, b)
	}
	if !t.Failed() {
		t.Errorf("results differ:\nplain  %+v\nstages %+v", plain, staged)
	}
	return false
}

func firstDifference[T any](t *testing.T, what string, plain, staged []T) {
	t.Helper()
	for i := range max(len(plain), len(staged)) {
		var a, b any = "nothing", "nothing"
		if i < len(plain) {
			a = plain[i]
		}
		if i < len(staged) {
			b = staged[i]
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %d and %d, the first that differs is %d:\nplain  %+v\nstages %+v", what, len(plain), len(staged), i, a, b)
			return
		}
	}
}

// plainTopologies are the tables under which both ways must lead to the same.
func plainTopologies() map[string]func(*bench, *cgo.TableSpec) {
	return map[string]func(*bench, *cgo.TableSpec){
		"simple": func(*bench, *cgo.TableSpec) {},
		"policies": func(_ *bench, spec *cgo.TableSpec) {
			spec.Routers[0].Policies = []cgo.Policy{
				{Clauses: [][]cgo.Test{{{Field: cgo.TestProto, Lo: 6, Hi: 6}}}, Action: cgo.PolicyReroute, NextHop: nhMore, Mark: 7},
				{Clauses: [][]cgo.Test{{{Field: cgo.TestDst, Value: []byte{100, 65, 0, 0}, Mask: []byte{255, 255, 0, 0}}}},
					Action: cgo.PolicyDrop, Counter: 1},
			}
		},
		"routes by source": func(b *bench, spec *cgo.TableSpec) {
			spec.NextHops[nhECMP].Rank = 25
			spec.Routers[0].BySource = len(spec.Routers)
			spec.Routers = append(spec.Routers, cgo.Router{FIB4: b.other4})
		},
		"own table": func(b *bench, spec *cgo.TableSpec) {
			spec.RouterPorts[1].Table = 1
			spec.RouterPorts[0].ProxiesND = true
		},
		"no routes": func(_ *bench, spec *cgo.TableSpec) { spec.RouterPorts[0].Table = cgo.None },
		"guarded": func(_ *bench, spec *cgo.TableSpec) {
			spec.SwitchPorts[lspHost].Security = []cgo.PortSecurity{{MAC: hostMAC}, {MAC: [6]byte{0, 0, 1, 0, 0, 2}, Prefixes: []netip.Prefix{netip.MustParsePrefix("100.66.0.0/16")}}}
			spec.SwitchPorts[lspSecond].MTU = 300
		},
		"no router": func(_ *bench, spec *cgo.TableSpec) { spec.Switches[0].RouterPorts = nil },
	}
}

// The passes for plain packets are shortcuts: whatever comes, all that can be seen from
// outside is as if the stages had taken it one by one.
func TestPlainPassesDoAsTheStages(t *testing.T) {
	seed := *plainSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	for name, edit := range plainTopologies() {
		for _, mtu := range []uint16{1500, 600} {
			t.Run(fmt.Sprintf("%s of MTU %d", name, mtu), func(t *testing.T) {
				t.Logf("again: go test ./cgo -run %s -seed %d", "TestPlainPassesDoAsTheStages", seed)
				comparePlain(t, seed, mtu, edit)
			})
		}
	}
}

func comparePlain(t *testing.T, seed uint64, mtu uint16, edit func(*bench, *cgo.TableSpec)) {
	tune := func(s *settings) { s.mtu = mtu }
	plain, staged := newPlainBench(t, false, tune, edit), newPlainBench(t, true, tune, edit)
	both := []*plainBench{plain, staged}
	r := &frameMaker{Rand: rand.New(rand.NewPCG(seed, 0)), calm: 1}
	outs := []uint16{lspExternal, lspExternal, lspHost, lspSecond, lspSecond, lspThird, lspRouter2, cgo.OutSwitch, lspUnbound}
	states := []cgo.AdjState{cgo.AdjReachable, cgo.AdjReachable, cgo.AdjReachable, cgo.AdjStale, cgo.AdjDelay, cgo.AdjPermanent,
		cgo.AdjIncomplete, cgo.AdjFailed}
	for i := range gateways { // the first ones stay, so that some rounds meet nobody unknown
		for _, p := range both {
			p.settle(i, outs[i%2], cgo.AdjReachable)
		}
	}
	for round := range 60 {
		r.calm = pick(r, 1, 1, 20, 500)
		if i := r.IntN(gateways); round%4 == 0 {
			out, state := pick(r, outs...), pick(r, states...)
			for _, p := range both {
				p.settle(i, out, state)
			}
		}
		for i, n := range []int{r.IntN(90), r.IntN(40), r.IntN(40)} {
			for range n {
				f := r.make([][6]byte{router0MAC, router1MAC, router1MAC}[i])
				for _, p := range both {
					p.enqueue(p.wires()[i], f)
				}
			}
		}
		for range r.IntN(6) { // and what control makes
			f := udp4(t, r.dst4(), round)
			if r.once(2) {
				f = udp6(t, r.dst6(), round)
			}
			for _, p := range both {
				p.dp.Control().Route(dpdktest.Packet(t, p.pool, f), 0, 0)
			}
		}
		plain.work()
		staged.work()
		if !sameResults(t, plain.result(), staged.result()) {
			t.Fatalf("in round %d", round)
		}
		plain.balanced()
	}
	c := plain.dp.Counters()
	reasons := 0
	for _, n := range c.Drops {
		reasons += min(int(n), 1)
	}
	if c.Tx < 500 || c.Parked == 0 || reasons < 15 {
		t.Errorf("the frames put little to the test: %v", nonzero(c))
	}
}
