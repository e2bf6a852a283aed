// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
)

// Gateways, connected neighbors, and what the plain pass does not do, all in one burst:
// whatever leaves leaves in order and with its own header, also what comes behind a packet
// that ends the pass.
func TestMixedBurstsKeepTheirOrder(t *testing.T) {
	for _, family := range []struct {
		name                                   string
		send                                   func(t testing.TB, dst netip.Addr, seq int) []byte
		gateway, near, far, host, own, nowhere string
	}{
		{"IPv4", udp4, "192.0.2.1", "10.0.2.7", "10.0.2.8", "10.0.1.3", "10.0.2.1", "10.0.2.99"},
		{"IPv6", udp6, "2001:db8:ffff::1", "2001:db8:2::7", "2001:db8:2::8", "2001:db8:1::3", "2001:db8:1::1", "2001:db8:2::99"},
	} {
		t.Run(family.name, func(t *testing.T) {
			b := newBench(t, defaults())
			b.store(gatewayAdj, gatewayMAC, lspExternal, cgo.AdjReachable)
			macOf := map[string][6]byte{family.gateway: gatewayMAC}
			for i, ip := range []string{family.near, family.far} {
				macOf[ip] = [6]byte{2, 0, 0, 0, 1, byte(i)}
				b.store(b.adjacency(1, addr(ip)), macOf[ip], lspExternal, cgo.AdjStale)
			}
			b.store(b.adjacency(0, addr(family.host)), strangeMAC, lspHost, cgo.AdjReachable)
			b.adjacency(0, addr(family.near)) // of another link: whoever takes it parks

			gw, near, far, own, nowhere := family.gateway, family.near, family.far, family.own, family.nowhere
			for _, burst := range [][]string{
				{near},
				{near, far, near, far},
				{gw, near, gw, far, near, gw},
				{near, family.host, gw, family.host, far},
				{gw, near, own, far, near, gw},
				{own, near, far},
				{near, gw, nowhere, near, far, gw, nowhere, near},
				{nowhere, gw, own, near, nowhere, own, far, far},
			} {
				burst = slices.Concat(burst, burst, burst)
				var frames [][]byte
				var to, back []string
				var order []int
				punted := 0
				for i, ip := range burst {
					frames = append(frames, family.send(t, addr(ip), i))
					switch ip {
					case own:
						punted++
					case family.host:
						back = append(back, ip)
					case nowhere:
					default:
						to, order = append(to, ip), append(order, i)
					}
				}
				b.send(b.in, frames...)
				left := sent(b.out)
				if got := seqs(t, left); !slices.Equal(got, order) {
					t.Fatalf("%v left as %v, want %v", burst, got, order)
				}
				for i, f := range left {
					wantEthernet(t, decode(t, f), router1MAC, macOf[to[i]])
				}
				for _, f := range sent(b.in) {
					wantEthernet(t, decode(t, f), router0MAC, strangeMAC)
					back = back[1:]
				}
				batch := b.poll()
				if len(back) != 0 || len(batch.IP) != punted {
					t.Errorf("%v: %d did not go back to the host, %d were punted, want %d", burst, len(back), len(batch.IP), punted)
				}
				b.consume(batch)
				b.balanced()
			}
			if c := b.dp.Counters(); c.ParkedNow() != 12 {
				t.Errorf("%d wait for a neighbor that nobody knows, want 12", c.ParkedNow())
			}
		})
	}
}

// A connected destination's packet may not leave at once for more reasons than that its
// neighbor is unknown.
func TestConnectedDestinationsThatDoNotLeaveAtOnce(t *testing.T) {
	near := addr("10.0.2.7")
	b := newBench(t, defaults())
	n := b.adjacency(1, near)
	b.store(n, strangeMAC, lspExternal, cgo.AdjReachable)
	last := ip4(hostIP, near, 1)
	long := ip4(hostIP, near, 64)
	long.Flags = layers.IPv4DontFragment
	b.send(b.in, udp4(t, near, 0),
		frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), last, gopacket.Payload("12345678")),
		udp4(t, near, 1),
		frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), long, gopacket.Payload(make([]byte, 1481))),
		udp4(t, near, 2))
	wantSeqs(t, b.out, upTo(0, 3))
	batch := b.poll()
	why := []any{}
	for _, m := range batch.IP {
		why = append(why, cgo.MetaOf(m).Why)
	}
	if !slices.Equal(why, []any{cgo.PuntTTL, cgo.PuntTooBig}) {
		t.Errorf("punted for %v", why)
	}
	b.consume(batch)
	if !b.dp.AdjacencyUsed(n) {
		t.Error("the adjacency does not say that it was used")
	}

	for _, state := range []cgo.AdjState{cgo.AdjIncomplete, cgo.AdjDraining} {
		b.store(n, strangeMAC, lspExternal, state)
		b.send(b.in, udp4(t, near, 3), udp4(t, near, 4))
		if f := sent(b.out); len(f) > 0 {
			t.Errorf("%d left by an adjacency in state %v", len(f), state)
		}
	}
	if c := b.dp.Counters(); c.ParkedNow() != 4 {
		t.Errorf("%d parked, want 4", c.ParkedNow())
	}
}

// What a worker remembers of a neighbor ends with the neighbor: another index may take its
// address, and its index another address, also of the other family.
func TestConnectedNeighborsAreNotRememberedForLonger(t *testing.T) {
	near, far, near6 := addr("10.0.2.7"), addr("10.0.2.8"), addr("2001:db8:2::7")
	macs := [][6]byte{{2, 0, 0, 0, 2, 0}, {2, 0, 0, 0, 2, 1}, {2, 0, 0, 0, 2, 2}, {2, 0, 0, 0, 2, 3}}
	b := newBench(t, defaults())
	leaves := func(dst netip.Addr, mac [6]byte) {
		t.Helper()
		for range 2 {
			f := udp4
			if dst.Is6() {
				f = udp6
			}
			b.send(b.in, f(t, dst, 0))
			wantEthernet(t, one(t, sent(b.out)), router1MAC, mac)
		}
	}
	release := func(ip netip.Addr, adj uint32) {
		t.Helper()
		key := cgo.Neigh4Key(1, ip.As4())
		if err := b.neigh4.Delete(key[:]); err != nil {
			t.Fatal(err)
		}
		b.dp.UnlistAdjacency(adj)
	}
	n := b.adjacency(1, near)
	b.store(n, macs[0], lspExternal, cgo.AdjReachable)
	leaves(near, macs[0])

	release(near, n)
	b.send(b.in, udp4(t, near, 1))
	if left := sent(b.out); len(left) != 0 || b.poll().Asks[0].Key.Addr() != near {
		t.Fatalf("%d left by a neighbor that was released", len(left))
	}
	m := b.adjacency(1, near)
	b.store(m, macs[1], lspExternal, cgo.AdjReachable)
	b.send(b.in, udp4(t, near, 2)) // behind the first, which waits
	release(near, m)

	next := b.nextAdj
	b.nextAdj = n
	b.store(b.adjacency(1, far), macs[2], lspExternal, cgo.AdjReachable)
	b.nextAdj = m
	b.store(b.adjacency(1, near6), macs[3], lspExternal, cgo.AdjReachable)
	b.nextAdj = next
	sent(b.out)
	leaves(far, macs[2])
	leaves(near6, macs[3])
	b.send(b.in, udp4(t, near, 3))
	if left := sent(b.out); len(left) != 0 {
		t.Errorf("%d left by an index that is another's now", len(left))
	}
}
