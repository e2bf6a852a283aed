// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
)

// originate has the worker route a packet that control made and returns what left.
func (b *bench) originate(f []byte) [][]byte {
	b.t.Helper()
	m, err := b.pool.Alloc()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := m.AppendBytes(f); err != nil {
		b.t.Fatal(err)
	}
	b.dp.Control().Route(m, 1, 0)
	b.w.Poll()
	return sent(b.out)
}

// What the router itself makes is cut for a narrow port, also with DF set: it goes without
// then, under an identification of its own.
func TestOwnPacketsAreFragmented(t *testing.T) {
	b := benchOfMTU(t, 600)
	own := map[uint16]bool{}
	for _, flags := range []layers.IPv4Flag{0, layers.IPv4DontFragment, layers.IPv4DontFragment} {
		in := whole(t, 5, 1480, func(ip *layers.IPv4) { ip.Flags, ip.TTL = flags, 65 })
		want := in
		out := b.originate(in)
		if len(out) != 3 {
			t.Fatalf("flags %v: left in %d", flags, len(out))
		}
		if first, _ := ipOf(t, out[0]); flags != 0 {
			own[first.Id] = true
			want = whole(t, 5, 1480, func(ip *layers.IPv4) { ip.Id, ip.TTL = first.Id, 65 })
			binary.BigEndian.PutUint16(want[34:], 5)
		}
		for _, f := range out {
			ip, _ := ipOf(t, f)
			if ip.TTL != 65 {
				t.Errorf("TTL %d", ip.TTL)
			}
			f[22]-- // train expects a hop
			f[24], f[25] = 0, 0
			binary.BigEndian.PutUint16(f[24:], ^sum(f[14:34]))
		}
		train(t, want, out, 600)
	}
	if len(own) != 2 {
		t.Errorf("two packets share an identification")
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropIPTooBig: 0})
}

// RFC 8200 4.5: an IPv6 packet of the router's own leaves in fragments that are the packet
// when put together, each as long as may be. Nobody else's is ever cut.
func TestOwnIPv6PacketsAreFragmented(t *testing.T) {
	for _, c := range []struct{ mtu, n, left int }{
		{1280, 1240, 1}, {1280, 1241, 2}, {1280, 1460, 2}, {600, 1460, 3}, {600, 552*2 - 8, 2}, {600, 1104, 2}, {600, 1105, 3},
		{96, 32 * 48, 32}, {96, 32*48 + 1, 0},
	} {
		t.Run(fmt.Sprintf("%d in %d", c.n, c.mtu), func(t *testing.T) {
			b := benchOfMTU(t, uint16(c.mtu))
			payload := make([]byte, c.n)
			for i := range payload {
				payload[i] = byte(i*7 + i>>8)
			}
			ip := ip6(host6, addr("2001:db8:ffff::1"), 64)
			ip.NextHeader, ip.TrafficClass = layers.IPProtocolICMPv6, 0xb8
			payload[0] = 129
			in := frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv6), ip, gopacket.Payload(payload))
			out := b.originate(in)
			if len(out) != c.left {
				t.Fatalf("left in %d, want %d; %v", len(out), c.left, nonzero(b.dp.Counters()))
			}
			if c.left < 2 {
				return
			}
			var got []byte
			for i, f := range out {
				last, part := i == c.left-1, f[14+48:]
				field := binary.BigEndian.Uint16(f[14+42:])
				switch {
				case len(f) > 14+c.mtu || !last && (len(part)%8 != 0 || len(f)+8 <= 14+c.mtu):
					t.Errorf("fragment %d has %d octets", i, len(f))
				case !bytes.Equal(f[14:18], in[14:18]) || !bytes.Equal(f[21:54], in[21:54]) || int(binary.BigEndian.Uint16(f[18:])) != len(f)-54:
					t.Errorf("fragment %d has the header %x", i, f[14:54])
				case f[20] != 44 || f[54] != 58 || f[55] != 0 || int(field&^7) != len(got) || field&7 != map[bool]uint16{false: 1}[last]:
					t.Errorf("fragment %d has the fragment header %x at %d", i, f[54:62], len(got))
				case !bytes.Equal(f[58:62], out[0][58:62]):
					t.Errorf("fragment %d is of another packet", i)
				}
				got = append(got, part...)
			}
			if !bytes.Equal(got, payload) {
				t.Errorf("put together they are not what was sent")
			}
			again := b.originate(in)
			if bytes.Equal(again[0][58:62], out[0][58:62]) {
				t.Errorf("two packets share the identification %x", out[0][58:62])
			}
		})
	}
}
