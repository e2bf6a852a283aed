// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

// gateway is a forwarder whose ports are rings in the test's hand.
type gateway struct {
	*Forwarder
	t     testing.TB
	wires map[string]wire // by port name
}

type wire struct{ in, out []*dpdk.Ring }

// ringPort makes a port of rings for workers, and control.
func ringPort(t testing.TB, p Port, workers int) (Port, wire) {
	t.Helper()
	var w wire
	for range workers {
		w.in = append(w.in, dpdktest.Ring(t, 512, dpdk.RingFlags{Socket: dpdk.SocketAny}))
	}
	for range workers + 1 {
		w.out = append(w.out, dpdktest.Ring(t, 512, dpdk.RingFlags{Socket: dpdk.SocketAny}))
	}
	id, err := dpdk.NewRingPort(dpdktest.Name("fwd"), w.in, w.out)
	if err != nil {
		t.Fatal(err)
	}
	p.Attached = &id
	return p, w
}

func testConfig(topo Topology, workers int) Config {
	cfg := Config{EAL: dpdktest.EAL(), Topology: topo, Mbufs: 4096, MaxNeighbors: 1024, MaxMACs: 64, Adaptive: true,
		Park:   ParkConfig{NextHops: 16, PacketsPerNextHop: 8, MaxPackets: 64},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	cpus, _ := dpdk.AllowedCPUs()
	for i := range workers {
		cfg.Workers = append(cfg.Workers, cpus.List()[i%cpus.Len()])
	}
	return cfg
}

// newGateway makes a forwarder on ring ports and starts it; at the end of the test
// it is stopped, and every mbuf must be back and counted.
func newGateway(t testing.TB, topo Topology, workers int, ports ...Port) *gateway {
	t.Helper()
	g := &gateway{t: t, wires: map[string]wire{}}
	cfg := testConfig(topo, workers)
	for _, p := range ports {
		if p.Name == "" {
			p.Name = p.IfaceID + p.NetworkName
		}
		p, g.wires[p.Name] = ringPort(t, p, workers)
		cfg.Ports = append(cfg.Ports, p)
	}
	var err error
	if g.Forwarder, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, w := range g.wires {
			for _, r := range w.out {
				dpdktest.Drain(r)
			}
		}
		g.stop()
	})
	if err := g.Start(); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *gateway) stop() {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := g.Stop(ctx); err != nil {
		g.t.Error(err)
	}
}

// send hands a frame to the port's receive queue.
func (g *gateway) send(port string, queue int, frame []byte) {
	g.t.Helper()
	if !g.wires[port].in[queue].Enqueue(dpdktest.Packet(g.t, g.Pool(), frame)) {
		g.t.Fatal("the ring is full")
	}
}

// receive returns the next frame that leaves by the port, nil when none comes in time.
func (g *gateway) receive(port string, wait time.Duration) []byte {
	g.t.Helper()
	var m [1]*dpdk.Mbuf
	for end := time.Now().Add(wait); ; time.Sleep(50 * time.Microsecond) {
		for _, r := range g.wires[port].out {
			if r.DequeueBurst(m[:]) == 1 {
				frame := append([]byte(nil), m[0].Bytes()...)
				m[0].Free()
				return frame
			}
		}
		if time.Now().After(end) {
			return nil
		}
	}
}

// expect returns the next frame that leaves by the port.
func (g *gateway) expect(port string) gopacket.Packet {
	g.t.Helper()
	frame := g.receive(port, 5*time.Second)
	if frame == nil {
		g.t.Fatalf("nothing leaves by %s; counters %+v", port, g.Counters())
	}
	return gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
}

// quiet demands that nothing leaves by the ports, after all that was sent was handled.
func (g *gateway) quiet(ports ...string) {
	g.t.Helper()
	for _, p := range ports {
		if frame := g.receive(p, 2*time.Millisecond); frame != nil {
			g.t.Errorf("%s sends %x", p, frame)
		}
	}
}

// drops waits until a reason has counted n packets.
func (g *gateway) drops(reason string, n uint64) {
	g.t.Helper()
	for i, r := range DropReasons() {
		if r.Name != reason {
			continue
		}
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
			c := g.Counters()
			if c.Drops[i] == n {
				return
			}
			if time.Now().After(end) {
				g.t.Fatalf("%s: %d drops, want %d; %+v", reason, c.Drops[i], n, c)
			}
		}
	}
	g.t.Fatalf("no drop reason is called %s", reason)
}

// udp makes a frame of IPv4 or IPv6, by the addresses, with right checksums.
func udp(t testing.TB, srcMAC, dstMAC, src, dst string, ttl uint8, payload int) []byte {
	t.Helper()
	s, d := mac(srcMAC), mac(dstMAC)
	eth := &layers.Ethernet{SrcMAC: s[:], DstMAC: d[:]}
	u := &layers.UDP{SrcPort: 4000, DstPort: 5000}
	body := gopacket.Payload(make([]byte, payload))
	var ip gopacket.SerializableLayer
	if a := net.ParseIP(src); a.To4() != nil {
		eth.EthernetType = layers.EthernetTypeIPv4
		v4 := &layers.IPv4{Version: 4, TTL: ttl, Protocol: layers.IPProtocolUDP, SrcIP: a, DstIP: net.ParseIP(dst)}
		_ = u.SetNetworkLayerForChecksum(v4)
		ip = v4
	} else {
		eth.EthernetType = layers.EthernetTypeIPv6
		v6 := &layers.IPv6{Version: 6, HopLimit: ttl, NextHeader: layers.IPProtocolUDP, SrcIP: a, DstIP: net.ParseIP(dst)}
		_ = u.SetNetworkLayerForChecksum(v6)
		ip = v6
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, u, body); err != nil {
		t.Fatal(err)
	}
	length := 14 + 20 + 8 + payload // gopacket pads to 60 octets
	if eth.EthernetType == layers.EthernetTypeIPv6 {
		length += 20
	}
	return append([]byte(nil), buf.Bytes()[:length]...)
}

// wantFrame compares an arrived packet with a frame made from scratch.
func wantFrame(t testing.TB, got gopacket.Packet, want []byte) {
	t.Helper()
	if string(got.Data()) != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.Dump(), gopacket.NewPacket(want, layers.LayerTypeEthernet, gopacket.Default).Dump())
	}
}
