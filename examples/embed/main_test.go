// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/forwarder"
)

func TestMain(m *testing.M) { dpdktest.Main(m) }

// A gateway that lives for a moment, on ports that receive nothing.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	left, right := forwarder.Port{Device: "net_null0,no-rx=1"}, forwarder.Port{Device: "net_null1,no-rx=1"}
	err := serve(ctx, &out, dpdktest.EAL(), slog.New(slog.DiscardHandler), allowed(), left, right)
	fmt.Println(err, strings.HasSuffix(out.String(), "balance 0\n"))
	// Output: <nil> true
}

// octets reads hex digits; blanks are for people.
func octets(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// The first packet through a gateway that knows nobody waits for the answer to one
// ARP request for the static route's next hop, and leaves then.
func TestFirstPacket(t *testing.T) {
	pool := dpdktest.PoolOf(t, dpdk.MempoolConfig{Mbufs: 255, PrivSize: cgo.PrivSize})
	type side struct{ in, out *dpdk.Ring }
	ringPort := func() (forwarder.Port, side) {
		s := side{dpdktest.Ring(t, 64, dpdk.RingFlags{Socket: dpdk.SocketAny}), dpdktest.Ring(t, 64, dpdk.RingFlags{Socket: dpdk.SocketAny})}
		id, err := dpdk.NewRingPort(dpdktest.Name("embed"), []*dpdk.Ring{s.in}, []*dpdk.Ring{s.out, s.out})
		if err != nil {
			t.Fatal(err)
		}
		return forwarder.Port{Attached: &id}, s
	}
	lp, left := ringPort()
	rp, right := ringPort()
	send := func(r *dpdk.Ring, frame []byte) {
		if !r.Enqueue(dpdktest.Packet(t, pool, frame)) {
			t.Fatal("the ring is full")
		}
	}
	receive := func(r *dpdk.Ring) []byte {
		deadline := time.Now().Add(10 * time.Second)
		for time.Now().Before(deadline) {
			var got [1]*dpdk.Mbuf
			if r.DequeueBurst(got[:]) == 1 {
				frame := bytes.Clone(got[0].Bytes())
				got[0].Free()
				if announces(frame) {
					continue
				}
				return frame
			}
			time.Sleep(100 * time.Microsecond)
		}
		t.Fatal("nothing came out within 10 s")
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, io.Discard, dpdktest.EAL(), slog.New(slog.NewTextHandler(os.Stderr, nil)), allowed(), lp, rp)
	}()

	// 10.0.1.2 -> 198.51.100.7, UDP, TTL 64.
	packet := octets("020000000101 020000000102 0800 " +
		"4500 0020 0001 0000 4011 4590 0a000102 c6336407 " + "1234 0009 000c 0000 70617263")
	send(left.in, packet)
	if got, want := receive(right.out), octets("ffffffffffff 020000000201 0806 0001 0800 06 04 0001 020000000201 0a000201 000000000000 0a0002fe"); !bytes.HasPrefix(got, want) {
		t.Fatalf("the right port sent\n%x, want the ARP request\n%x", got, want)
	}
	send(right.in, octets("020000000201 0200000002fe 0806 0001 0800 06 04 0002 0200000002fe 0a0002fe 020000000201 0a000201"))
	want := octets("0200000002fe 020000000201 0800 " +
		"4500 0020 0001 0000 3f11 4690 0a000102 c6336407 " + "1234 0009 000c 0000 70617263")
	if got := receive(right.out); !bytes.Equal(got, want) {
		t.Errorf("the right port sent\n%x, want\n%x", got, want)
	}
	dpdktest.Drain(left.out) // announcements lie in the rings until somebody takes them
	dpdktest.Drain(right.out)
	cancel()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return
		default:
			dpdktest.Drain(left.out)
			dpdktest.Drain(right.out)
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// announces reports a frame that a router says of itself: ARP whose sender is its
// target, or a neighbor advertisement, the only IPv6 here.
func announces(frame []byte) bool {
	const typ, sender, target = 12, 14 + 14, 14 + 24
	return len(frame) >= target+4 && (bytes.Equal(frame[sender:sender+4], frame[target:target+4]) && frame[typ] == 0x08 && frame[typ+1] == 0x06 ||
		frame[typ] == 0x86 && frame[typ+1] == 0xdd)
}

func allowed() dpdk.CPUSet {
	cpus, err := dpdk.AllowedCPUs()
	if err != nil {
		panic(err)
	}
	return cpus
}
