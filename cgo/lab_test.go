// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func TestMain(m *testing.M) { dpdktest.Main(m) }

// The laboratory: two routers on real net_ring ports, tables written by hand, the
// worker polled by the test, control played by the test.
//
//	in  = port 0: VIF "host", 10.0.1.2, MAC hostMAC ─ switch 0 ─ router port 0 (10.0.1.1)
//	out = port 1: localnet, lists unknown           ─ switch 1 ─ router port 1 (10.0.2.1)
//	                                                  switch 1 ─ router port 2 of the second router (10.0.2.9)
//	third = port 2: VIF with VLAN 7 localnet        ─ switch 0
const (
	lspHost = iota
	lspRouter0
	lspExternal
	lspRouter1
	lspThird
	lspRouter2
	lspUnbound
)

const (
	nhNone = iota
	nhLocal
	nhConnected0
	nhConnected1
	nhGateway
	nhDiscard
	nhECMP
	nhMember0
	nhMember1
	nhOtherRouter
	nhConnected2
	nhBroadcast
)

var (
	hostMAC    = [6]byte{0, 0, 1, 0, 0, 1}
	router0MAC = [6]byte{0, 0, 1, 0xff, 0, 1}
	router1MAC = [6]byte{0, 0, 2, 0xff, 0, 2}
	router2MAC = [6]byte{0, 0, 3, 0xff, 0, 3}
	gatewayMAC = [6]byte{2, 0, 0, 0, 0, 9}
	strangeMAC = [6]byte{2, 0, 0, 0, 0, 0x77}

	hostIP     = addr("10.0.1.2")
	router0IP  = addr("10.0.1.1")
	router1IP  = addr("10.0.2.1")
	gatewayIP  = addr("10.0.2.254")
	host6      = addr("2001:db8:1::2")
	router06   = addr("2001:db8:1::1")
	linkLocal0 = addr("fe80::200:1ff:feff:1")
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

type bench struct {
	t        *testing.T
	pool     *dpdk.Mempool
	qsbr     *dpdk.QSBR
	fdb      *dpdk.Hash
	neigh4   *dpdk.Hash
	neigh6   *dpdk.Hash
	dp       *cgo.Datapath
	w        *cgo.Worker
	in, out  wire
	third    wire
	nextAdj  uint32
	settings settings

	fib4, other4 *dpdk.FIB4
	fib6         *dpdk.FIB6
}

type settings struct {
	park         cgo.ParkConfig
	parkLimit    int
	controlQueue bool
	fdb          bool
	ringSize     int
	longestPoll  time.Duration
	mtu          uint16
	policies     []cgo.Policy               // of router 0
	gated        bool                       // packets may wait for lspExternal
	meters       [cgo.PuntClasses]cgo.Meter // of router port 0

	edit   func(*bench, *cgo.TableSpec) // changes the tables before they are published
	tbl8v6 int                          // 0: as few as the routes need
}

func defaults() settings {
	return settings{
		park:      cgo.ParkConfig{NextHops: 8, PacketsPerNextHop: 64, MaxPackets: 256},
		parkLimit: 1024, controlQueue: true, ringSize: 256, mtu: 1500,
	}
}

func newBench(t *testing.T, s settings) *bench {
	t.Helper()
	b := &bench{t: t, settings: s}
	b.pool = dpdktest.PoolOf(t, dpdk.MempoolConfig{Mbufs: 4095, PrivSize: cgo.PrivSize})
	b.in = newWire(t, b.pool)
	b.out = newWire(t, b.pool)
	b.third = newWire(t, b.pool)
	b.qsbr = must(t)(dpdk.NewQSBR(8))
	closes(t, b.qsbr.Close)
	b.fdb = hash(t, "fdb", 8)
	b.neigh4 = hash(t, "n4", 8)
	b.neigh6 = hash(t, "n6", 24)
	dp, err := cgo.New(cgo.Config{Pool: b.pool, QSBR: b.qsbr, FDB: b.fdb, Neigh4: b.neigh4, Neigh6: b.neigh6,
		MaxAdjacencies: 64, ParkLimit: s.parkLimit})
	if err != nil {
		t.Fatal(err)
	}
	b.dp = dp
	t.Cleanup(func() {
		dp.Purge()
		b.balanced()
		dp.Close()
	})
	if s.controlQueue {
		for _, w := range []wire{b.in, b.out, b.third} {
			dp.SetControlQueue(w.port, 1)
		}
	}
	b.w, err = dp.AddWorker(cgo.WorkerConfig{
		RxQueues: []cgo.RxQueue{{Port: b.in.port}, {Port: b.out.port}, {Port: b.third.port}},
		RingSize: s.ringSize, Park: s.park, Socket: -1, LongestPoll: s.longestPoll,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.publish()
	t.Cleanup(func() { // the law holds with packets still parked
		for b.w.Poll() > 0 {
		}
		for batch := b.poll(); !batch.Empty(); batch = b.poll() {
			b.consume(batch)
		}
		b.balanced()
	})
	return b
}

func must(t *testing.T) func(q *dpdk.QSBR, err error) *dpdk.QSBR {
	return func(q *dpdk.QSBR, err error) *dpdk.QSBR {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
}

func closes(t *testing.T, f func() error) {
	t.Cleanup(func() {
		if err := f(); err != nil {
			t.Error(err)
		}
	})
}

func hash(t *testing.T, name string, keyLen int) *dpdk.Hash {
	t.Helper()
	h, err := dpdk.NewHash(dpdktest.Name(name), dpdk.HashConfig{Entries: 256, KeyLen: keyLen, Socket: dpdk.SocketAny})
	if err != nil {
		t.Fatal(err)
	}
	closes(t, h.Close)
	return h
}

func (b *bench) publish() {
	t := b.t
	if b.fib4 == nil {
		b.fib4, b.fib6 = b.fibs()
		b.other4, _ = dpdk.NewFIB4(dpdktest.Name("other"), dpdk.FIBConfig{NextHopBytes: 2, Tbl8: 16, Socket: dpdk.SocketAny})
		closes(t, b.other4.Close)
		for prefix, nh := range map[string]uint64{"10.0.2.0/24": nhConnected2, "10.0.2.9/32": nhLocal, "10.0.1.0/24": nhECMP} {
			if err := b.other4.Add(netip.MustParsePrefix(prefix), nh); err != nil {
				t.Fatal(err)
			}
		}
	}
	gateway := b.adjacency(1, gatewayIP)
	otherRouter := b.adjacency(1, addr("10.0.2.9"))
	b.store(otherRouter, router2MAC, lspRouter2, cgo.AdjPermanent)
	back := b.adjacency(2, router1IP)
	b.store(back, router1MAC, lspRouter1, cgo.AdjPermanent)
	m0, m1 := b.adjacency(1, addr("10.0.2.51")), b.adjacency(1, addr("10.0.2.52"))
	b.store(m0, [6]byte{2, 0, 0, 0, 0, 0x51}, lspExternal, cgo.AdjReachable)
	b.store(m1, [6]byte{2, 0, 0, 0, 0, 0x52}, lspExternal, cgo.AdjReachable)

	spec := cgo.TableSpec{
		Ports: []cgo.Port{
			{Port: b.in.port, SwitchPort: lspHost},
			{Port: b.out.port, SwitchPort: lspExternal},
			{Port: b.third.port, SwitchPort: cgo.None, VLANs: map[uint16]uint16{7: lspThird}},
		},
		SwitchPorts: []cgo.SwitchPort{
			lspHost:     {Kind: cgo.SwitchPortVIF, Switch: 0, Port: b.in.port},
			lspRouter0:  {Kind: cgo.SwitchPortRouter, Switch: 0, RouterPort: 0},
			lspExternal: {Kind: cgo.SwitchPortLocalnet, Switch: 1, Port: b.out.port, Unknown: true, Gated: b.settings.gated},
			lspRouter1:  {Kind: cgo.SwitchPortRouter, Switch: 1, RouterPort: 1},
			lspThird:    {Kind: cgo.SwitchPortLocalnet, Switch: 0, Port: b.third.port, VLAN: 7, Unknown: true},
			lspRouter2:  {Kind: cgo.SwitchPortRouter, Switch: 1, RouterPort: 2},
			lspUnbound:  {Kind: cgo.SwitchPortUnbound, Switch: 0},
		},
		Switches: []cgo.Switch{
			{RouterPorts: []uint16{0}, Flood: []uint16{lspHost, lspThird}, Unknown: []uint16{lspThird}},
			{RouterPorts: []uint16{1, 2}, Flood: []uint16{lspExternal}, Unknown: []uint16{lspExternal}},
		},
		RouterPorts: []cgo.RouterPort{
			{MAC: router0MAC, Router: 0, Switch: 0, SwitchPort: lspRouter0, MTU: b.settings.mtu,
				Own: []netip.Addr{linkLocal0, router0IP, router06}, Meters: b.settings.meters},
			{MAC: router1MAC, Router: 0, Switch: 1, SwitchPort: lspRouter1, MTU: b.settings.mtu,
				Own: []netip.Addr{router1IP, addr("2001:db8:2::1")}},
			{MAC: router2MAC, Router: 1, Table: 1, Switch: 1, SwitchPort: lspRouter2, MTU: b.settings.mtu,
				Own: []netip.Addr{addr("10.0.2.9")}},
		},
		Routers: []cgo.Router{{FIB4: b.fib4, FIB6: b.fib6, Policies: b.settings.policies}, {FIB4: b.other4}},
		NextHops: []cgo.NextHop{
			nhNone:        {Kind: cgo.NextHopDrop, Reason: cgo.DropIPNoRoute},
			nhLocal:       {Kind: cgo.NextHopLocal},
			nhConnected0:  {Kind: cgo.NextHopConnected, RouterPort: 0},
			nhConnected1:  {Kind: cgo.NextHopConnected, RouterPort: 1},
			nhGateway:     {Kind: cgo.NextHopGateway, RouterPort: 1, Adjacency: gateway},
			nhDiscard:     {Kind: cgo.NextHopDrop, Reason: cgo.DropIPDiscard},
			nhECMP:        {Kind: cgo.NextHopECMP, First: nhMember0, Count: 2},
			nhMember0:     {Kind: cgo.NextHopGateway, RouterPort: 1, Adjacency: m0},
			nhMember1:     {Kind: cgo.NextHopGateway, RouterPort: 1, Adjacency: m1},
			nhOtherRouter: {Kind: cgo.NextHopGateway, RouterPort: 1, Adjacency: otherRouter},
			nhConnected2:  {Kind: cgo.NextHopConnected, RouterPort: 2},
			nhBroadcast:   {Kind: cgo.NextHopDrop, Reason: cgo.DropIPBroadcast},
		},
		Groups: []cgo.Group{{Buckets: []uint8{0, 1, 0, 1, 0, 1, 0, 1}}},
	}
	if b.settings.edit != nil {
		b.settings.edit(b, &spec)
	}
	tables, err := cgo.NewTables(spec)
	if err != nil {
		t.Fatal(err)
	}
	if old := b.dp.Publish(tables); old != nil {
		old.Free() // the worker polls when the test says
	}
	b.know(0, hostMAC, lspHost)
	b.know(0, router0MAC, lspRouter0)
	b.know(1, router1MAC, lspRouter1)
	b.know(1, router2MAC, lspRouter2)
	b.know(0, [6]byte{2, 0, 0, 0, 0, 0x66}, lspUnbound)
}

func (b *bench) fibs() (*dpdk.FIB4, *dpdk.FIB6) {
	fib4, err := dpdk.NewFIB4(dpdktest.Name("f4"), dpdk.FIBConfig{NextHopBytes: 2, Tbl8: 64, Socket: dpdk.SocketAny})
	if err != nil {
		b.t.Fatal(err)
	}
	closes(b.t, fib4.Close)
	fib6, err := dpdk.NewFIB6(dpdktest.Name("f6"), dpdk.FIBConfig{NextHopBytes: 2, Tbl8: max(512, b.settings.tbl8v6), Socket: dpdk.SocketAny})
	if err != nil {
		b.t.Fatal(err)
	}
	closes(b.t, fib6.Close)
	for prefix, nh := range map[string]uint64{
		"10.0.1.0/24": nhConnected0, "10.0.1.1/32": nhLocal, "10.0.1.255/32": nhBroadcast,
		"10.0.2.0/24": nhConnected1, "10.0.2.1/32": nhLocal,
		"192.0.2.0/24": nhGateway, "198.51.100.0/24": nhDiscard, "203.0.113.0/24": nhECMP, "172.16.0.0/16": nhOtherRouter,
	} {
		if err := fib4.Add(netip.MustParsePrefix(prefix), nh); err != nil {
			b.t.Fatal(err)
		}
	}
	for prefix, nh := range map[string]uint64{
		"2001:db8:1::/64": nhConnected0, "2001:db8:1::1/128": nhLocal, "2001:db8:2::/64": nhConnected1,
		"2001:db8:ffff::/48": nhGateway, "2001:db8:eeee::/48": nhECMP,
	} {
		if err := fib6.Add(netip.MustParsePrefix(prefix), nh); err != nil {
			b.t.Fatal(err)
		}
	}
	return fib4, fib6
}

// adjacency makes an INCOMPLETE adjacency and enters it into the neighbor hash.
func (b *bench) adjacency(routerPort uint16, ip netip.Addr) uint32 {
	b.t.Helper()
	i := b.nextAdj
	b.nextAdj++
	src := [][6]byte{router0MAC, router1MAC, router2MAC}[routerPort]
	b.dp.InitAdjacency(i, routerPort, ip, src)
	var err error
	if ip.Is4() {
		key := cgo.Neigh4Key(routerPort, ip.As4())
		err = b.neigh4.Add(key[:], uint64(i))
	} else {
		key := cgo.Neigh6Key(routerPort, ip.As16())
		err = b.neigh6.Add(key[:], uint64(i))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return i
}

func (b *bench) store(adj uint32, mac [6]byte, lsp uint16, state cgo.AdjState) {
	b.dp.StoreAdjacency(adj, mac, lsp, state)
}

// gateway is the adjacency that publish made for gatewayIP.
const gatewayAdj = 0

func (b *bench) know(sw uint16, mac [6]byte, lsp uint16) {
	b.t.Helper()
	key := cgo.FDBKey(sw, mac)
	if err := b.fdb.Add(key[:], uint64(lsp)); err != nil {
		b.t.Fatal(err)
	}
}

// wire is a port whose two transmit queues, the worker's and control's, lead into one
// ring, so that the order of everything that leaves is seen.
type wire struct {
	port dpdk.PortID
	rx   *dpdk.Ring
	tx   *dpdk.Ring
}

func newWire(t *testing.T, pool *dpdk.Mempool) wire {
	t.Helper()
	w := wire{
		rx: dpdktest.Ring(t, 1024, dpdk.RingFlags{Socket: dpdk.SocketAny}),
		tx: dpdktest.Ring(t, 2048, dpdk.RingFlags{Socket: dpdk.SocketAny}),
	}
	var err error
	if w.port, err = dpdk.NewRingPort(dpdktest.Name("w"), []*dpdk.Ring{w.rx}, []*dpdk.Ring{w.tx, w.tx}); err != nil {
		t.Fatal(err)
	}
	closes(t, w.port.Close)
	if _, err = w.port.Configure(dpdk.PortConfig{RxQueues: 1, TxQueues: 2, Pool: pool}); err != nil {
		t.Fatal(err)
	}
	if err = w.port.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (b *bench) send(w wire, frames ...[]byte) {
	b.t.Helper()
	for _, f := range frames {
		if !w.rx.Enqueue(dpdktest.Packet(b.t, b.pool, f)) {
			b.t.Fatal("the port's ring is full")
		}
		if w.rx.Len() == cgo.Burst {
			b.w.Poll()
		}
	}
	for w.rx.Len() > 0 {
		b.w.Poll()
	}
}

// sent takes what has left by a port.
func sent(w wire) (frames [][]byte) {
	var m [32]*dpdk.Mbuf
	for n := w.tx.DequeueBurst(m[:]); n > 0; n = w.tx.DequeueBurst(m[:]) {
		for _, one := range m[:n] {
			frames = append(frames, append([]byte(nil), one.Bytes()...))
			one.Free()
		}
	}
	return frames
}

func (b *bench) balanced() {
	b.t.Helper()
	c := b.dp.Counters()
	if c.Balance() != 0 {
		b.t.Errorf("the conservation law misses %d packets: %+v", c.Balance(), nonzero(c))
	}
}

func nonzero(c cgo.Counters) map[string]uint64 {
	out := map[string]uint64{"rx": c.Rx, "originated": c.Originated, "tx": c.Tx, "consumed": c.Consumed,
		"parked": c.Parked, "drained": c.Drained}
	for i, n := range c.Drops {
		if n > 0 {
			out[cgo.DropReason(i).String()] = n
		}
	}
	return out
}

// poll is one turn of control that does not wait.
func (b *bench) poll() cgo.Batch { return b.dp.Control().Poll(0, 0) }

// consume ends the packets of a batch.
func (b *bench) consume(batch cgo.Batch) {
	for _, m := range batch.ARPND {
		b.dp.Control().Consume(m)
	}
	for _, m := range batch.IP {
		b.dp.Control().Consume(m)
	}
}

// frame builds a frame with right lengths and checksums.
func frame(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opts, ls...); err != nil {
		t.Fatal(err)
	}
	return append([]byte(nil), buf.Bytes()...)
}

func eth(src, dst [6]byte, typ layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: src[:], DstMAC: dst[:], EthernetType: typ}
}

// protocol 59 is "no next header" (RFC 8200 4.7): nobody looks behind it.
const protocol = 59

func ip4(src, dst netip.Addr, ttl uint8) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: ttl, Protocol: layers.IPProtocol(protocol), SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
}

func ip6(src, dst netip.Addr, hops uint8) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: hops, NextHeader: layers.IPProtocol(protocol), SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
}

// udp4 is a datagram from the host, with seq as its payload.
func udp4(t testing.TB, dst netip.Addr, seq int) []byte { return udp4From(t, hostIP, dst, seq) }

func udp4From(t testing.TB, src, dst netip.Addr, seq int) []byte {
	ip := ip4(src, dst, 64)
	ip.Protocol = layers.IPProtocolUDP
	u := &layers.UDP{SrcPort: 1000, DstPort: 2000}
	_ = u.SetNetworkLayerForChecksum(ip)
	payload := gopacket.Payload([]byte{byte(seq >> 24), byte(seq >> 16), byte(seq >> 8), byte(seq), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip, u, payload)
}

func udp6(t testing.TB, dst netip.Addr, seq int) []byte {
	ip := ip6(host6, dst, 64)
	ip.NextHeader = layers.IPProtocolUDP
	u := &layers.UDP{SrcPort: 1000, DstPort: 2000}
	_ = u.SetNetworkLayerForChecksum(ip)
	return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv6), ip, u,
		gopacket.Payload([]byte{byte(seq >> 24), byte(seq >> 16), byte(seq >> 8), byte(seq)}))
}

// seqs reads the payloads that udp4 and udp6 wrote.
func seqs(t testing.TB, frames [][]byte) (out []int) {
	t.Helper()
	for _, f := range frames {
		p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
		u, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
		if !ok || len(u.Payload) < 4 {
			t.Fatalf("not one of ours: %v", p)
		}
		out = append(out, int(u.Payload[0])<<24|int(u.Payload[1])<<16|int(u.Payload[2])<<8|int(u.Payload[3]))
	}
	return out
}
