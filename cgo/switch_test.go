// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
)

var broadcast = [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

func tagged(t *testing.T, src, dst [6]byte, vid uint16) []byte {
	return frame(t, eth(src, dst, layers.EthernetTypeDot1Q),
		&layers.Dot1Q{VLANIdentifier: vid, Type: layers.EthernetTypeLLC}, gopacket.Payload("hello hello"))
}

func plain(t *testing.T, src, dst [6]byte) []byte {
	return frame(t, eth(src, dst, 0x88b5), gopacket.Payload("hello hello"))
}

func TestKnownUnicastStaysInTheSwitch(t *testing.T) {
	b := newBench(t, defaults())
	b.know(0, strangeMAC, lspThird)
	b.send(b.in, plain(t, hostMAC, strangeMAC))
	f := sent(b.third)
	if len(f) != 1 || !bytes.Equal(f[0][12:16], []byte{0x81, 0, 0, 7}) {
		t.Fatalf("want one frame with tag 7: %x", f)
	}
	if n := len(sent(b.out)); n != 0 {
		t.Errorf("%d frames left the switch", n)
	}
}

func TestBroadcastReachesEveryPortOfItsSwitchAndNoOther(t *testing.T) {
	b := newBench(t, defaults())
	b.send(b.in, plain(t, hostMAC, broadcast))
	if len(sent(b.third)) != 1 || len(sent(b.out)) != 0 || len(sent(b.in)) != 0 {
		t.Error("broadcast went astray")
	}
	if batch := b.poll(); !batch.Empty() {
		t.Error("the router took a broadcast that is none of its business")
	}
	b.send(b.out, plain(t, strangeMAC, broadcast))
	if c := b.dp.Counters(); c.Drops[dropByName(t, "l2_no_receiver")] != 1 {
		t.Errorf("a broadcast that nobody takes: %v", nonzero(c))
	}
}

func TestBroadcastARPReachesTheRouterAndThePorts(t *testing.T) {
	b := newBench(t, defaults())
	arp := frame(t, eth(hostMAC, broadcast, layers.EthernetTypeARP), gopacket.Payload(make([]byte, 46)))
	b.send(b.in, arp)
	batch := b.poll()
	if len(batch.ARPND) != 1 || cgo.MetaOf(batch.ARPND[0]).RouterPort != 0 || cgo.MetaOf(batch.ARPND[0]).SwitchPort != lspHost {
		t.Fatalf("control got %+v", batch)
	}
	b.dp.Control().Consume(batch.ARPND[0])
	if len(sent(b.third)) != 1 {
		t.Error("the switch's other port did not get it")
	}
	// Two router ports sit on switch 1: each of them gets its own copy.
	b.send(b.out, frame(t, eth(strangeMAC, broadcast, layers.EthernetTypeARP), gopacket.Payload(make([]byte, 46))))
	batch = b.poll()
	if len(batch.ARPND) != 2 {
		t.Fatalf("%d router ports got the request, want 2", len(batch.ARPND))
	}
	for _, m := range batch.ARPND {
		b.dp.Control().Consume(m)
	}
}

func TestUnknownUnicastGoesToPortsThatListUnknown(t *testing.T) {
	b := newBench(t, defaults())
	b.send(b.in, plain(t, hostMAC, strangeMAC))
	if len(sent(b.third)) != 1 {
		t.Error("unknown unicast did not reach the port that lists unknown")
	}
	b.send(b.third, tagged(t, strangeMAC, [6]byte{2, 1, 1, 1, 1, 1}, 7))
	if c := b.dp.Counters(); c.Drops[dropByName(t, "l2_unknown_destination")] != 1 {
		t.Errorf("unknown unicast from the only such port: %v", nonzero(c))
	}
}

func TestLearningTellsControlOnce(t *testing.T) {
	b := newBench(t, defaults())
	for range 5 {
		b.send(b.third, tagged(t, strangeMAC, hostMAC, 7))
	}
	if n := len(sent(b.in)); n != 5 {
		t.Fatalf("%d frames reached the host, want 5", n)
	}
	batch := b.poll()
	if len(batch.Learns) != 1 || batch.Learns[0].MAC() != strangeMAC || batch.Learns[0].SwitchPort != lspThird {
		t.Fatalf("learned %+v", batch.Learns)
	}
	b.send(b.in, plain(t, hostMAC, hostMAC)) // a port that does not list unknown teaches nothing
	if batch := b.poll(); len(batch.Learns) != 0 {
		t.Errorf("learned %+v", batch.Learns)
	}
}

func TestVLANs(t *testing.T) {
	b := newBench(t, defaults())
	b.send(b.third, tagged(t, strangeMAC, hostMAC, 7))
	f := sent(b.in)
	if len(f) != 1 || bytes.Equal(f[0][12:14], []byte{0x81, 0}) {
		t.Fatalf("the tag did not come off: %x", f)
	}
	b.send(b.third, tagged(t, strangeMAC, hostMAC, 8), plain(t, strangeMAC, hostMAC), tagged(t, strangeMAC, hostMAC, 0))
	c := b.dp.Counters()
	if c.Drops[dropByName(t, "l2_unknown_vlan")] != 2 || c.Drops[dropByName(t, "l2_port_unbound")] != 1 || len(sent(b.in)) != 0 {
		t.Errorf("other tags: %v", nonzero(c))
	}
}

func TestControlSendsLikeTheSwitch(t *testing.T) {
	for _, own := range []bool{true, false} {
		t.Run(fmt.Sprintf("own queue %v", own), func(t *testing.T) { controlSends(t, own) })
	}
}

func controlSends(t *testing.T, own bool) {
	s := defaults()
	s.controlQueue = own
	b := newBench(t, s)
	send := func(dst [6]byte) {
		m, err := b.pool.Alloc()
		if err != nil {
			t.Fatal(err)
		}
		_ = m.AppendBytes(plain(t, router0MAC, dst))
		b.dp.Control().Send(m, 0)
		b.w.Poll() // without a queue of its own, control's frames go this way
	}
	send(hostMAC)
	if len(sent(b.in)) != 1 || len(sent(b.third)) != 0 {
		t.Error("known unicast went astray")
	}
	send(strangeMAC)
	if len(sent(b.in)) != 0 || len(sent(b.third)) != 1 {
		t.Error("unknown unicast went astray")
	}
	send(broadcast)
	if len(sent(b.in)) != 1 || len(sent(b.third)) != 1 || len(sent(b.out)) != 0 {
		t.Error("broadcast went astray")
	}
	b.balanced()
	control, worker := b.dp.ControlCounters(), b.w.Counters()
	if control.Balance() != 0 || worker.Balance() != 0 {
		t.Errorf("the law misses %d of control's packets and %d of the worker's", control.Balance(), worker.Balance())
	}
}
