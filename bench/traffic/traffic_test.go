// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/bench/traffic"
)

// flow is a flow of each family in turn, told apart by its source port.
func flow(i int) traffic.Flow {
	f := traffic.Flow{SrcMAC: [6]byte{2, 0, 0, 0, 0, 1}, DstMAC: [6]byte{2, 0, 0, 0, 0, 2}, SrcPort: uint16(i), DstPort: 7,
		Src: netip.MustParseAddr("198.18.1.2"), Dst: netip.AddrFrom4([4]byte{16, byte(i >> 16), byte(i >> 8), byte(i)})}
	if i%2 == 1 {
		f.Src, f.Dst = netip.MustParseAddr("2001:db8:1::102"), netip.AddrFrom16([16]byte{0x2a, 14: byte(i >> 8), 15: byte(i)})
	}
	return f
}

type packet struct {
	size int
	port int
}

// read reads a capture and has gopacket demand that every frame is what it says, down to
// the checksums.
func read(t *testing.T, file string) (out []packet) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if len(b) < 24 || le.Uint32(b) != 0xa1b2c3d4 || le.Uint16(b[4:]) != 2 || le.Uint16(b[6:]) != 4 || le.Uint32(b[20:]) != 1 {
		t.Fatalf("no capture of Ethernet: % x", b[:min(len(b), 24)])
	}
	for b = b[24:]; len(b) > 0; {
		size := int(le.Uint32(b[8:]))
		if size != int(le.Uint32(b[12:])) || len(b) < 16+size {
			t.Fatalf("record of %d octets, %d on the wire, %d there", size, le.Uint32(b[12:]), len(b)-16)
		}
		out = append(out, packet{size, decode(t, b[16:16+size])})
		b = b[16+size:]
	}
	return out
}

// decode returns the source port.
func decode(t *testing.T, data []byte) int {
	t.Helper()
	p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
	udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP) // what gopacket takes the payload for does not matter
	if !ok {
		t.Fatalf("no UDP in %v: % x", p, data)
	}
	want := flow(int(udp.SrcPort))
	if src := netip.MustParseAddr(p.NetworkLayer().NetworkFlow().Src().String()); src != want.Src {
		t.Fatalf("flow %d comes from %s", udp.SrcPort, src)
	}
	if dst := netip.MustParseAddr(p.NetworkLayer().NetworkFlow().Dst().String()); dst != want.Dst {
		t.Fatalf("flow %d goes to %s", udp.SrcPort, dst)
	}
	// Written anew by gopacket, with lengths and checksums of its own, it is the same.
	if err := udp.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
		t.Fatal(err)
	}
	b := gopacket.NewSerializeBuffer()
	all := []gopacket.SerializableLayer{p.LinkLayer().(*layers.Ethernet), p.NetworkLayer().(gopacket.SerializableLayer), udp, gopacket.Payload(udp.Payload)}
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), data) {
		t.Fatalf("got\n% x, gopacket writes\n% x", data, b.Bytes())
	}
	return int(udp.SrcPort)
}

func write(t *testing.T, s traffic.Spec) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.pcap")
	if err := traffic.WritePcap(file, s); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestUniform(t *testing.T) {
	for _, flows := range []int{1, 10, 5000} {
		packets := read(t, write(t, traffic.Spec{Flows: flows, Flow: flow, Sizes: traffic.Fixed(64), Seed: 1}))
		if want := max(flows, traffic.MinPackets); len(packets) != want {
			t.Fatalf("%d flows: %d packets, want %d", flows, len(packets), want)
		}
		count := map[int]int{}
		for _, p := range packets {
			count[p.port]++
			if p.size != 64 {
				t.Fatalf("a frame of %d octets", p.size)
			}
		}
		if len(count) != flows {
			t.Errorf("%d flows are %d", flows, len(count))
		}
		for f, n := range count {
			if mean := len(packets) / flows; n < mean || n > mean+1 {
				t.Errorf("flow %d of %d has %d packets of %d", f, flows, n, len(packets))
			}
		}
	}
}

func TestZipf(t *testing.T) {
	packets := read(t, write(t, traffic.Spec{Flows: 20000, Flow: flow, Zipf: true, Sizes: traffic.Fixed(64), Seed: 1}))
	count := map[int]int{}
	most := 0
	for _, p := range packets {
		count[p.port]++
		most = max(most, count[p.port])
	}
	// The heaviest has 1/ζ-ish, far above the mean of one and far below all.
	if share := float64(most) / float64(len(packets)); share < 0.1 || share > 0.4 {
		t.Errorf("the heaviest flow has %.2f of the packets", share)
	}
	if len(count) < 1000 {
		t.Errorf("%d flows only", len(count))
	}
}

func TestSizes(t *testing.T) {
	count := map[int]int{}
	total := 0
	packets := read(t, write(t, traffic.Spec{Flows: 12000, Flow: flow, Sizes: traffic.IMIX(), Seed: 1}))
	for _, p := range packets {
		count[p.size]++
		total += p.size
	}
	if len(count) != 3 || count[64] != 7000 || count[570] != 4000 || count[1514] != 1000 {
		t.Errorf("7:4:1 of 12,000 is %v", count)
	}
	if mean := float64(total) / float64(len(packets)); math.Abs(mean-353.5) > 0.1 {
		t.Errorf("mean %v octets", mean)
	}
	for _, size := range append(traffic.Sizes(), traffic.MinFrame, 65, 1513) {
		for i := range 2 {
			b, err := traffic.AppendFrame([]byte("before"), flow(i), size)
			if err != nil || len(b) != 6+size || string(b[:6]) != "before" {
				t.Fatalf("%d octets: %d, %v", size, len(b), err)
			}
			decode(t, b[6:])
		}
	}
}

func TestSameSeedSameOctets(t *testing.T) {
	one := traffic.Spec{Flows: 5000, Flow: flow, Zipf: true, Sizes: traffic.IMIX(), Seed: 3}
	a, _ := os.ReadFile(write(t, one))
	b, _ := os.ReadFile(write(t, one))
	one.Seed = 4
	c, _ := os.ReadFile(write(t, one))
	if !bytes.Equal(a, b) || bytes.Equal(a, c) {
		t.Errorf("same seed, same octets: %v; another, others: %v", bytes.Equal(a, b), !bytes.Equal(a, c))
	}
}

func TestRefusals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.pcap")
	for name, s := range map[string]traffic.Spec{
		"no flow":  {Flow: flow, Sizes: traffic.Fixed(64)},
		"no size":  {Flows: 1, Flow: flow},
		"no parts": {Flows: 1, Flow: flow, Sizes: []traffic.Share{{Size: 64}}},
		"small":    {Flows: 1, Flow: flow, Sizes: traffic.Fixed(60)},
		"large":    {Flows: 1, Flow: flow, Sizes: traffic.Fixed(1518)},
		"families": {Flows: 1, Sizes: traffic.Fixed(64), Flow: func(int) traffic.Flow {
			return traffic.Flow{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("2001:db8::1")}
		}},
	} {
		if err := traffic.WritePcap(file, s); err == nil {
			t.Errorf("%s: written", name)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s: a file is left", name)
		}
	}
}

func TestSizeLabel(t *testing.T) {
	for want, s := range map[string][]traffic.Share{"64": traffic.Fixed(64), "imix": traffic.IMIX(), "64:3 128:1": {{64, 3}, {128, 1}}} {
		if got := traffic.SizeLabel(s); got != want {
			t.Errorf("%v is %q, want %q", s, got, want)
		}
	}
}
