// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// Every time ends in the bucket whose bounds hold it, whatever the counter's frequency.
func TestPollGapsByTheirBounds(t *testing.T) {
	b := newBench(t, defaults())
	hz := b.dp.TSCHz()
	cycles := func(d time.Duration) uint64 { // the first one that is not before d
		return (uint64(d/time.Microsecond)*hz + 999_999) / 1_000_000
	}
	var want cgo.Load
	count := func(n uint64, bucket int) {
		b.w.Gap(n)
		want.PollGaps[bucket]++
		want.GapCycles += n
		want.MaxGap = max(want.MaxGap, n)
	}
	count(0, 0)
	for i := range cgo.GapBuckets - 1 {
		end := cycles(cgo.GapBucket(i))
		count(end-1, i)
		count(end, i+1)
	}
	count(100*hz, cgo.GapBuckets-1)
	if got := b.w.Stats().Load; got != want {
		t.Errorf("counted %+v\nwant    %+v", got, want)
	}
	if cgo.GapBucket(0) != time.Microsecond || cgo.GapBucket(cgo.GapBuckets-1) != 0 {
		t.Error("the first bucket ends before 1 us, the last has no end")
	}
	b.w.ResetGap()
	if got := b.w.Stats().MaxGap; got != 0 {
		t.Errorf("the longest gap is %d after a reset", got)
	}
	count(5, 0)
	want.MaxGap = 5
	if got := b.w.Stats().Load; got != want {
		t.Errorf("after a reset %+v\nwant          %+v", got, want)
	}
}

func TestReceiveBurstsByTheirSize(t *testing.T) {
	b := newBench(t, defaults())
	b.store(gatewayAdj, gatewayMAC, lspExternal, cgo.AdjReachable)
	var want [cgo.BurstBuckets]uint64
	packets := 0
	for bucket, sizes := range [cgo.BurstBuckets][]int{{1}, {2}, {3, 4}, {5, 8}, {9, 16}, {17, 32}, {33, cgo.Burst}} {
		if last := sizes[len(sizes)-1]; last != cgo.BurstBucket(bucket) {
			t.Errorf("bucket %d ends with %d, want %d", bucket, cgo.BurstBucket(bucket), last)
		}
		for _, n := range sizes {
			frames := make([][]byte, n)
			for i := range frames {
				frames[i] = udp4(t, addr("192.0.2.77"), i)
			}
			b.send(b.in, frames...)
			sent(b.out)
			want[bucket]++
			packets += n
		}
	}
	b.w.Poll() // brings nothing, so it is no burst
	s := b.w.Stats()
	if s.BurstSizes != want || s.Bursts != 12 || s.Packets != uint64(packets) {
		t.Errorf("%v in %d bursts of %d packets, want %v in 12 of %d", s.BurstSizes, s.Bursts, s.Packets, want, packets)
	}
}
