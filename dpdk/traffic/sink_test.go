// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/dpdk/traffic"
	"github.com/parkway-gw/parkway/internal/wire"
)

// What is lost, overtaken or doubled on the way is seen, across queues.
func TestOrder(t *testing.T) {
	n := newNull(t, 2, traffic.SourceConfig{Flows: 2}, traffic.SinkConfig{Flows: 2})
	g := group(dst4)
	g.First = 1
	n.run(traffic.Program{Groups: []traffic.Group{g}, Limit: 12})
	p := n.receive(12)
	if n.sink.Queues() != 2 || n.sink.Flow(1) != (traffic.FlowStats{}) {
		t.Fatalf("%d queues, %+v", n.sink.Queues(), n.sink.Flow(1))
	}
	twin := dpdktest.Packet(t, n.pool, p[6].Bytes())
	dpdk.FreeBulk([]*dpdk.Mbuf{p[0], p[5], p[8], p[9]}) // lost
	n.send(0, p[1], p[2])
	n.send(1, p[3], p[4])
	n.send(0, p[6])  // a gap of one
	n.send(1, twin)  // the highest once more
	n.send(0, p[10]) // a gap of three
	n.send(1, p[7])  // overtaken
	n.send(0, p[11])
	f := n.sink.Flow(1)
	if f.FirstTSC == 0 || f.LastTSC < f.FirstTSC {
		t.Errorf("%+v", f)
	}
	f.FirstTSC, f.LastTSC = 0, 0
	want := traffic.FlowStats{Received: 9, First: 1, Last: 11, Reordered: 1, Duplicates: 1, Gaps: 2, Missing: 4, Run: 10,
		Octets: 9 * traffic.MinSize4}
	if f != want {
		t.Errorf("flow %+v, want %+v", f, want)
	}
	q := n.sink.FlowByQueue(1, 1)
	if q.Received != 4 || q.First != 3 || q.Last != 7 || q.Reordered != 1 || q.Duplicates != 1 || q.Gaps != 0 {
		t.Errorf("queue 1 %+v", q)
	}
	if q := n.sink.FlowByQueue(1, 0); q.Received != 5 || q.First != 1 || q.Last != 11 || q.Gaps != 2 || q.Missing != 4 {
		t.Errorf("queue 0 %+v", q)
	}
	s := n.sink.Stats()
	if s.Received != 9 || s.Reordered != 1 || s.Duplicates != 1 || s.Gaps != 2 || s.Missing != 4 || s.Octets != 9*traffic.MinSize4 {
		t.Errorf("%+v", s)
	}
	if n.sink.Flow(0) != (traffic.FlowStats{}) || n.sink.Flow(2) != (traffic.FlowStats{}) || n.sink.FlowByQueue(1, 2) != (traffic.FlowStats{}) {
		t.Error("figures of a flow or a queue that has none")
	}
}

// The wait of every packet is in the bucket that fits, and between least and most.
func TestWait(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{}, traffic.SinkConfig{})
	n.run(traffic.Program{Groups: []traffic.Group{group(dst6)}, Limit: 10})
	made := cgo.TSC()
	p := n.receive(10)
	received := cgo.TSC()
	n.send(0, p[:5]...)
	short := cgo.TSC() - made // at most
	time.Sleep(10 * time.Millisecond)
	long := cgo.TSC() - received // at least
	n.send(0, p[5:]...)
	s := n.sink.Stats()
	total := uint64(0)
	for _, count := range s.Wait {
		total += count
	}
	low, high := s.Wait[traffic.Bucket(s.WaitMin)], s.Wait[traffic.Bucket(s.WaitMax)]
	if total != 10 || low%5 != 0 || high%5 != 0 || low == 0 || high == 0 {
		t.Errorf("%d waits, %d like the least, %d like the most: %v", total, low, high, s.Wait)
	}
	if s.WaitMin == 0 || s.WaitMin > short || s.WaitMax < long || s.WaitSum != 5*(s.WaitMin+s.WaitMax) {
		t.Errorf("least %d, below %d; most %d, above %d; sum %d", s.WaitMin, short, s.WaitMax, long, s.WaitSum)
	}
}

// Buckets follow each other without a gap, and none is wider than an eighth of what it begins
// with.
func TestBuckets(t *testing.T) {
	last := len(traffic.SinkStats{}.Wait) - 1
	for i := range last + 1 {
		low := traffic.BucketLow(i)
		if got := traffic.Bucket(low); got != i {
			t.Fatalf("bucket %d begins with %d, which is counted in %d", i, low, got)
		}
		if i == 0 {
			continue
		}
		before := traffic.BucketLow(i - 1)
		if traffic.Bucket(low-1) != i-1 || low-before > max(1, before/8) {
			t.Fatalf("bucket %d begins with %d, the one before with %d", i, low, before)
		}
	}
	if traffic.Bucket(1<<64-1) != last {
		t.Errorf("the largest is in bucket %d of %d", traffic.Bucket(1<<64-1), last)
	}
}

// What carries no stamp can be read, whole and in order, until nobody reads any more.
func TestOthers(t *testing.T) {
	n := newNull(t, 2, traffic.SourceConfig{Flows: 2}, traffic.SinkConfig{Flows: 1, Others: 4})
	request := wire.AppendARPRequest(nil, wire.Broadcast, macS, src4, dst4)
	tagged := append(append(append([]byte(nil), request[:12]...), 0x81, 0, 0, 100), request[12:]...)
	ns := wire.AppendNeighborSolicitation(nil, macS, src6, dst6)
	long := make([]byte, 1000)
	frames := [][]byte{request, ns, long, {1, 2, 3}, tagged}
	for i, f := range frames {
		n.send(uint16(i/4), dpdktest.Packet(t, n.pool, f))
	}
	for i, f := range frames {
		// The two queues are read in turn.
		want := f
		if i == 1 {
			want = tagged
		} else if i > 1 {
			want = frames[i-1]
		}
		got, ok := n.sink.Other()
		if !ok || got.Len != len(want) || !bytes.Equal(got.Data, want[:min(len(want), traffic.MaxInject)]) || got.TSC == 0 || (got.Queue == 1) != (i == 1) {
			t.Errorf("frame %d: %+v, want %x", i, got, want)
		}
	}
	if _, ok := n.sink.Other(); ok {
		t.Error("one more")
	}
	for range 5 {
		n.send(0, dpdktest.Packet(t, n.pool, request))
	}
	// Stamped, but of no flow that the sink knows.
	g := group(dst4)
	g.First = 1
	n.run(traffic.Program{Groups: []traffic.Group{g}, Limit: 3})
	n.send(0, n.receive(3)...)
	s := n.sink.Stats()
	if s.Others != 10 || s.ARP != 7 || s.ND != 1 || s.ICMP != 0 || s.Overflow != 1 || s.Strangers != 3 || s.Received != 0 {
		t.Errorf("%+v", s)
	}
}

// A VLAN tag between source and sink hides no stamp.
func TestTagged(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{}, traffic.SinkConfig{})
	for _, dst := range []traffic.Group{group(dst4), group(dst6)} {
		n.run(traffic.Program{Groups: []traffic.Group{dst}, Limit: 1})
		m := n.receive(1)[0]
		b := append([]byte(nil), m.Bytes()...)
		m.Free()
		n.send(0, dpdktest.Packet(t, n.pool, append(append(append([]byte(nil), b[:12]...), 0x81, 0, 0, 7), b[12:]...)))
	}
	if s := n.sink.Stats(); s.Received != 2 || s.Others != 0 || n.sink.Flow(0).Last != 1 {
		t.Errorf("%+v", s)
	}
}

// Two threads send by a queue each, packets of one flow and of flows of their own: no
// packet goes uncounted, and a thread's own flow is never called reordered.
func TestTwoThreads(t *testing.T) {
	const rounds, size = 2000, 16
	n := newNull(t, 2, traffic.SourceConfig{Flows: 3}, traffic.SinkConfig{Flows: 3})
	// Distinct packets for each thread: numbers of flow 0 shared, of flow 1 and 2 apart.
	var mu sync.Mutex
	receive := func(queue int) []*dpdk.Mbuf {
		mu.Lock()
		defer mu.Unlock()
		own, shared := group(dst4), group(dst4)
		own.First = 1 + queue
		n.run(traffic.Program{Groups: []traffic.Group{own, shared}, Limit: size})
		return n.receive(size)
	}
	var wg sync.WaitGroup
	for queue := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range rounds {
				burst := receive(queue)
				if sent := n.port.TxBurst(uint16(queue), burst); sent != size {
					t.Errorf("%d of %d sent", sent, size)
				}
			}
		}()
	}
	wg.Wait()
	const each = rounds * size / 2
	for queue := range 2 {
		if f := n.sink.Flow(1 + queue); f.Received != each || f.Last != each-1 || f.Reordered+f.Duplicates+f.Gaps != 0 || f.Run != 0 {
			t.Errorf("the flow of queue %d: %+v", queue, f)
		}
	}
	f := n.sink.Flow(0)
	if f.Received != 2*each || f.Last != 2*each-1 || f.Duplicates != 0 || f.First+f.Missing != f.Reordered {
		t.Errorf("the shared flow: %+v; what was missing must have come late", f)
	}
	t.Logf("of the shared flow's %d packets %d were overtaken", f.Received, f.Reordered)
}

func TestSinkRefused(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{}, traffic.SinkConfig{})
	for _, cfg := range []traffic.SinkConfig{{Port: n.port, Others: 3}, {Port: 31}} {
		if _, err := traffic.NewSink(cfg); err == nil {
			t.Errorf("%+v: taken", cfg)
		}
	}
}
