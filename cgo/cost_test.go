// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
)

// mixed is a burst with something for most stages: 5 packets whose next hop is not known,
// 20 IPv4 and 10 IPv6 packets whose next hop is, 3 whose TTL ends here.
func (b *bench) mixed() (frames [][]byte) {
	b.store(gatewayAdj, gatewayMAC, lspExternal, cgo.AdjReachable)
	for i := range 5 {
		frames = append(frames, udp4(b.t, addr("10.0.2.200"), i))
	}
	for i := range 20 {
		frames = append(frames, udp4(b.t, addr("192.0.2.77"), i))
	}
	for i := range 10 {
		frames = append(frames, udp6(b.t, addr("2001:db8:ffff::77"), i))
	}
	for range 3 {
		frames = append(frames, frame(b.t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip4(hostIP, addr("192.0.2.77"), 1), gopacket.Payload("12345678")))
	}
	return frames
}

// packets are those that each stage was given.
func packets(c cgo.Cost) map[string]uint64 {
	out := map[string]uint64{}
	for i, s := range c.Stages {
		if s.Calls > 0 {
			out[cgo.StageName(i)] = s.Packets
		}
	}
	return out
}

// patient is a bench on which no poll counts as interrupted, however busy the machine is.
func patient(t *testing.T) *bench {
	s := defaults()
	s.longestPoll = time.Hour
	return newBench(t, s)
}

// given compares what each stage was given, in one poll, with want and with the counters.
func (b *bench) given(want map[string]uint64) {
	b.t.Helper()
	cost, c := b.w.Cost(), b.w.Counters()
	got := packets(cost)
	if !maps.Equal(got, want) {
		b.t.Errorf("stages were given %v\nwant              %v", got, want)
	}
	if got["rx"] != c.Rx || got["tx"] != c.Tx {
		b.t.Errorf("stages say %v, the counters %v", got, nonzero(c))
	}
	if cost.Polls != 1 || cost.Interrupted != 0 {
		b.t.Errorf("%d polls with packets, %d interrupted, want 1", cost.Polls, cost.Interrupted)
	}
	for i, s := range cost.Stages {
		if (s.Calls > 0) != (s.Cycles > 0) {
			b.t.Errorf("%s: %+v", cgo.StageName(i), s)
		}
	}
}

func TestStagesCountWhatTheyAreGiven(t *testing.T) {
	b := patient(t)
	frames := b.mixed()
	b.w.Sample(1)
	b.send(b.in, frames...)
	b.w.Poll() // empty: it costs no stage anything
	if n := len(sent(b.out)); n != 30 {
		t.Fatalf("%d packets left, want 30", n)
	}
	b.given(map[string]uint64{
		"rx": 38, "in_plain": 38, "route_lookup": 38, "out_plain": 38,
		"lr_in_ip_routing": 28, "lr_in_arp_resolve": 25, "lr_in_chk_pkt_len": 25, "lr_in_arp_request": 25,
		"lr_out_delivery": 20, "tx": 30,
	})
}

// Where frames are tagged they take the stages one by one.
func TestStagesOneByOne(t *testing.T) {
	b := patient(t)
	b.store(gatewayAdj, gatewayMAC, lspExternal, cgo.AdjReachable)
	var frames [][]byte
	for range 7 {
		frames = append(frames, frame(t, eth(strangeMAC, router0MAC, layers.EthernetTypeDot1Q),
			&layers.Dot1Q{VLANIdentifier: 7, Type: layers.EthernetTypeIPv4}, ip4(addr("10.0.1.77"), addr("192.0.2.77"), 64), gopacket.Payload("12345678")))
	}
	b.w.Sample(1)
	b.send(b.third, frames...)
	if n := len(sent(b.out)); n != 7 {
		t.Fatalf("%d packets left, want 7", n)
	}
	b.given(map[string]uint64{
		"rx": 7, "ls_in_admission": 7, "ls_in_lookup_fdb": 7, "ls_in_l2_lkup": 7, "lr_in_admission": 7, "lr_in_ip_input": 7,
		"route_lookup": 7, "lr_in_ip_routing": 7, "lr_in_arp_resolve": 7, "lr_in_chk_pkt_len": 7, "lr_out_delivery": 7, "tx": 7,
	})
}

// Without sampling nobody writes the block; when it ends the figures stay, and when it
// begins again they start anew.
func TestSamplingOffAndOn(t *testing.T) {
	b := patient(t)
	frames := b.mixed()
	pass := func(polls int) {
		for range polls {
			b.send(b.in, frames...)
			sent(b.out)
		}
	}
	pass(3)
	if got := b.w.Cost(); got != (cgo.Cost{}) || b.w.SampleEvery() != 0 {
		t.Errorf("1/%d by itself: %+v", b.w.SampleEvery(), got)
	}
	b.w.Sample(4)
	pass(9)
	four := b.w.Cost()
	if four.Polls != 3 || packets(four)["rx"] != 3*38 || b.w.SampleEvery() != 4 {
		t.Errorf("9 polls, one of 4 measured, every %d: %+v", b.w.SampleEvery(), four)
	}
	b.w.Sample(0)
	pass(5)
	if got := b.w.Cost(); got != four || b.w.SampleEvery() != 0 {
		t.Errorf("after the end %+v, want %+v", got, four)
	}
	b.w.Sample(4)
	pass(1)
	if got := b.w.Cost(); got.Polls != 1 || packets(got)["rx"] != 38 {
		t.Errorf("the same order again does not start anew: %+v", got)
	}
	b.w.Sample(cgo.MaxSampleEvery)
	pass(2)
	if got := b.w.Cost(); got.Polls != 1 || b.w.SampleEvery() != cgo.MaxSampleEvery {
		t.Errorf("one of %d: %+v", b.w.SampleEvery(), got)
	}
}

// A poll that took too long to be the packets' fault is counted, and nothing else of it.
func TestInterruptedPollsAreLeftOut(t *testing.T) {
	s := defaults()
	s.longestPoll = time.Nanosecond
	b := newBench(t, s)
	frames := b.mixed()
	b.w.Sample(1)
	for range 3 {
		b.send(b.in, frames...)
		sent(b.out)
	}
	if got := b.w.Cost(); got != (cgo.Cost{Interrupted: 3}) {
		t.Errorf("%+v", got)
	}
}

// Measured or not, the same packets leave.
func TestMeasuredPollsForwardTheSame(t *testing.T) {
	var left [2][][]byte
	for i, every := range []int{0, 1} {
		b := newBench(t, defaults())
		frames := b.mixed()
		b.w.Sample(every)
		b.send(b.in, frames...)
		left[i] = sent(b.out)
	}
	if len(left[0]) != 30 || len(left[1]) != 30 {
		t.Fatalf("%d and %d packets left", len(left[0]), len(left[1]))
	}
	for i := range left[0] {
		if string(left[0][i]) != string(left[1][i]) {
			t.Errorf("packet %d leaves as %x and, measured, as %x", i, left[0][i], left[1][i])
		}
	}
}

func TestCostsAddUp(t *testing.T) {
	var one, two, want cgo.Cost
	one.Polls, two.Polls, want.Polls = 1, 2, 3
	one.Interrupted, two.Interrupted, want.Interrupted = 4, 5, 9
	for i := range uint64(cgo.StageCount) {
		one.Stages[i] = cgo.StageCost{Cycles: i, Packets: 10 * i, Calls: 100 * i}
		two.Stages[i] = cgo.StageCost{Cycles: 1, Packets: 2, Calls: 3}
		want.Stages[i] = cgo.StageCost{Cycles: i + 1, Packets: 10*i + 2, Calls: 100*i + 3}
	}
	if one.Add(&two); one != want {
		t.Errorf("%+v, want %+v", one, want)
	}
}
