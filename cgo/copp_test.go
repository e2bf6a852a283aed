// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
)

// pings sends n packets to the router and returns how many came to control.
func (b *bench) pings(n int) (arrived int) {
	ip := ip4(hostIP, router0IP, 64)
	ip.Protocol = layers.IPProtocolICMPv4
	f := frame(b.t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip, gopacket.Payload("\x08"))
	for range n {
		b.send(b.in, f)
		batch := b.poll()
		arrived += len(batch.IP)
		b.consume(batch)
	}
	return arrived
}

// A bucket lives on when its meter changes. What a slow one has lent for minutes ahead must
// not keep a quicker one shut for as long.
func TestMeterAfterASlowerOne(t *testing.T) {
	s := defaults()
	s.meters[cgo.PuntClassICMP4Echo] = cgo.Meter{Rate: 1, Burst: 100}
	b := newBench(t, s)
	if n := b.pings(150); n < 100 || n > 110 { // a token a second comes back
		t.Fatalf("%d of 150 passed a meter of 100", n)
	}
	b.settings.meters[cgo.PuntClassICMP4Echo] = cgo.Meter{Rate: 1, Burst: 5}
	b.publish()
	if n := b.pings(50); n < 1 || n > 4 { // the new meter's bucket is empty, and not overdrawn
		t.Errorf("%d of 50 passed the new meter", n)
	}
	if refused := b.dp.PuntsRefused(0)[cgo.PuntClassICMP4Echo]; refused < 90 {
		t.Errorf("%d refused", refused)
	}
}
