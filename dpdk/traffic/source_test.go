// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/dpdk/traffic"
	"github.com/parkway-gw/parkway/internal/wire"
)

// Every packet is a sound IP packet with right checksums, in every size.
func TestPackets(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{Flows: 8}, traffic.SinkConfig{})
	for _, dst := range []netip.Addr{dst4, dst6} {
		for _, size := range []int{0, 101, 1514} {
			g := group(dst)
			g.Flows, g.Size = 8, size // the eighth address carries over an octet
			n.run(traffic.Program{Groups: []traffic.Group{g}, Limit: 40})
			burst := n.receive(64)
			if len(burst) != 40 {
				t.Fatalf("%d packets, want 40", len(burst))
			}
			if size == 0 {
				size = map[bool]int{true: traffic.MinSize4, false: traffic.MinSize6}[dst.Is4()]
			}
			for i, m := range burst {
				b := m.Bytes()
				p, err := wire.DecodeIP(b)
				if err != nil || m.Len() != size || m.PortID() != n.port {
					t.Fatalf("%d octets, want %d, from %s: %v", m.Len(), size, m.PortID(), err)
				}
				want := dst
				for range i % 8 {
					want = want.Next()
				}
				if p.Dst != want || p.Protocol != wire.ProtoUDP || p.TTL != 64 || p.EthDst != macD || p.EthSrc != macS {
					t.Fatalf("packet %d: %+v, want one to %s", i, p, want)
				}
				if dst.Is4() && wire.IPv4HeaderChecksum(b[14:34]) != uint16(b[24])<<8|uint16(b[25]) {
					t.Fatalf("packet %d: header checksum %x", i, b[24:26])
				}
				if dst.Is6() && wire.Checksum(wire.PseudoHeaderSum(p.Src, p.Dst, wire.ProtoUDP, len(p.L4)), p.L4) != 0 {
					t.Fatalf("packet %d: UDP checksum in %x", i, b)
				}
			}
			dpdk.FreeBulk(burst)
		}
	}
}

// Flows take turns, in bursts, numbers go on from program to program, and a limit ends
// it to the packet.
func TestFlows(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{Flows: 10}, traffic.SinkConfig{})
	g := group(dst4)
	g.First, g.Flows, g.Burst = 4, 3, 2
	for round := range uint64(3) {
		n.run(traffic.Program{Groups: []traffic.Group{g}, Limit: 12})
		if n.src.Stats().Done {
			t.Error("done before it began")
		}
		got := n.stamps(64)
		var want []stamp
		for i := range uint64(12) {
			flow := i / 2 % 3
			dst := dst4
			for range flow {
				dst = dst.Next()
			}
			want = append(want, stamp{uint32(4 + flow), 4*round + i/6*2 + i%2, dst})
		}
		if !slices.Equal(got, want) {
			t.Fatalf("round %d:\n%v, want\n%v", round, got, want)
		}
		if !n.src.Stats().Done {
			t.Error("not done")
		}
	}
	if s := n.src.Stats(); s.Generated != 36 || n.src.Sent(4) != 12 || n.src.Sent(0) != 0 || n.src.Sent(10) != 0 {
		t.Errorf("%+v, flow 4 sent %d", s, n.src.Sent(4))
	}
}

func TestWeights(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{Flows: 3}, traffic.SinkConfig{})
	good, dead, third := group(dst4), group(dst6), group(dst4)
	good.Weight, dead.Weight, dead.First, third.Weight, third.First = 85, 10, 1, 5, 2
	n.run(traffic.Program{Groups: []traffic.Group{good, dead, third}})
	var counts [3]int
	for i, s := range n.stamps(10_000) {
		counts[s.flow]++
		if s.flow == 1 != s.dst.Is6() {
			t.Fatal("a group sends another's packets")
		}
		if i > 0 && i%100 == 99 && counts != [3]int{85 * (i + 1) / 100, 10 * (i + 1) / 100, 5 * (i + 1) / 100} {
			t.Fatalf("after %d packets: %v", i+1, counts)
		}
	}
	n.src.Stop()
	if got := n.stamps(1); len(got) != 0 || !n.src.Stats().Idle {
		t.Errorf("after Stop: %v, %+v", got, n.src.Stats())
	}
}

// A scan visits every address of its prefix once before it repeats.
func TestScan(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{}, traffic.SinkConfig{})
	for prefix, count := range map[string]int{"10.0.0.0/24": 256, "10.9.0.0/16": 65536, "2001:db8:2::/64": 100_000, "2001:db8:2::f0/124": 16} {
		seen := map[netip.Addr]int{}
		n.run(traffic.Program{Groups: []traffic.Group{scan(prefix)}, Limit: uint64(count)})
		for _, s := range n.stamps(count + 1) {
			if seen[s.dst]++; seen[s.dst] > 1 || !netip.MustParsePrefix(prefix).Contains(s.dst) {
				t.Fatalf("%s: %s came %d times", prefix, s.dst, seen[s.dst])
			}
		}
		if len(seen) != count {
			t.Errorf("%s: %d addresses, want %d", prefix, len(seen), count)
		}
	}
}

// Over any time, what was made and what was skipped is what the rate says.
func TestRate(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{Backlog: 64}, traffic.SinkConfig{})
	n.run(traffic.Program{Groups: []traffic.Group{group(dst4)}, Rate: 50_000})
	for _, rate := range []uint64{50_000, 200_000} {
		n.src.SetRate(rate)
		early := time.Now()
		n.stamps(64) // the clock starts with the first poll
		begin, before := time.Now(), n.src.Stats()
		last := begin
		for time.Since(begin) < 100*time.Millisecond {
			last = time.Now()
			n.stamps(64)
		}
		// Between looking at the clock and polling a thread may lose its CPU.
		after := n.src.Stats()
		made := float64(after.Generated + after.Skipped - before.Generated - before.Skipped)
		least, most := float64(rate)*last.Sub(begin).Seconds()*0.99-1, float64(rate)*time.Since(early).Seconds()*1.01+64
		if made < least || made > most {
			t.Errorf("%d packets/s: %.0f, want %.0f to %.0f", rate, made, least, most)
		}
	}
	time.Sleep(20 * time.Millisecond) // 4,000 packets are due, 64 are kept
	before := n.src.Stats()
	if got := len(n.stamps(10)); got != 10 || n.src.Stats().Skipped < before.Skipped+3000 {
		t.Errorf("%d packets after a pause, %d skipped", got, n.src.Stats().Skipped-before.Skipped)
	}
	n.src.SetRate(0)
	if got := len(n.stamps(5000)); got != 5000 {
		t.Errorf("%d of 5000 without a rate", got)
	}
}

// With Due, packets that the poller comes late for say when they were due: evenly apart, the
// last less than one distance ago. Without, they all say now.
func TestDue(t *testing.T) {
	const rate = 1000
	for _, due := range []bool{true, false} {
		n := newNull(t, 1, traffic.SourceConfig{}, traffic.SinkConfig{})
		n.run(traffic.Program{Groups: []traffic.Group{group(dst4)}, Rate: rate, Due: due})
		n.stamps(1)
		began, first := time.Now(), cgo.TSC()
		time.Sleep(20 * time.Millisecond)
		before := cgo.TSC()
		distance := float64(before-first) / time.Since(began).Seconds() / rate
		burst := n.receive(10)
		after := cgo.TSC()
		if len(burst) != 10 {
			t.Fatalf("%d packets", len(burst))
		}
		var at []uint64
		for _, m := range burst {
			at = append(at, binary.BigEndian.Uint64(m.Bytes()[42+14:]))
		}
		dpdk.FreeBulk(burst)
		for i := range at {
			if !due {
				if at[i] != at[0] || at[i] < before || at[i] > after {
					t.Errorf("packet %d: %d, made between %d and %d", i, at[i], before, after)
				}
				continue
			}
			// Twenty were due, of which these are the oldest.
			if at[i] >= before || i > 0 && math.Abs(float64(at[i]-at[i-1])-distance) > 0.05*distance {
				t.Errorf("packet %d: due at %d, read after %d; apart %v, want %v", i, at[i], before, float64(at[i]-at[max(0, i-1)]), distance)
			}
		}
	}
}

// With Due no more packets become due than the limit: those that the queue has no room for
// are never made.
func TestDueLimit(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{Backlog: 64}, traffic.SinkConfig{})
	n.run(traffic.Program{Groups: []traffic.Group{group(dst4)}, Rate: 1_000_000, Due: true, Limit: 1000})
	n.stamps(1)
	time.Sleep(10 * time.Millisecond) // ten times what it takes
	got := len(n.stamps(500))
	if s := n.src.Stats(); s.Generated+s.Skipped != 1000 || s.Skipped < 900 || !s.Done || got > 100 {
		t.Errorf("%d packets, %+v", got, s)
	}
	time.Sleep(time.Millisecond)
	if more := len(n.stamps(10)); more != 0 || n.src.Stats().Generated+n.src.Stats().Skipped != 1000 {
		t.Errorf("%d packets more, %+v", more, n.src.Stats())
	}
}

// Injected frames come first, whole, and are counted.
func TestInject(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{Inject: 4}, traffic.SinkConfig{})
	n.run(traffic.Program{Groups: []traffic.Group{group(dst4)}})
	for i := range 5 {
		err := n.src.Inject([]byte{byte(i), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 6, 42})
		if full := i == 4; full != errors.Is(err, syscall.ENOBUFS) || !full && err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
	if err := n.src.Inject(make([]byte, traffic.MaxInject+1)); !errors.Is(err, syscall.EMSGSIZE) {
		t.Error(err)
	}
	if err := n.src.Inject(nil); err == nil {
		t.Error("an empty frame")
	}
	burst := n.receive(8)
	for i, m := range burst {
		if injected := m.Len() == 15; injected != (i < 4) || injected && m.Bytes()[0] != byte(i) {
			t.Errorf("frame %d: %x", i, m.Bytes())
		}
	}
	dpdk.FreeBulk(burst)
	if s := n.src.Stats(); s.Injected != 4 || s.InjectTSC == 0 || s.Generated != 4 {
		t.Errorf("%+v", s)
	}
}

// With an empty pool nothing is made, nothing is numbered, and it is counted.
func TestEmptyPool(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{}, traffic.SinkConfig{})
	all := make([]*dpdk.Mbuf, mbufs)
	if err := n.pool.AllocBulk(all); err != nil {
		t.Fatal(err)
	}
	n.run(traffic.Program{Groups: []traffic.Group{group(dst4)}})
	if err := n.src.Inject(make([]byte, 60)); err != nil {
		t.Fatal(err)
	}
	if got := n.receive(8); len(got) != 0 {
		t.Fatalf("%d packets out of nothing", len(got))
	}
	dpdk.FreeBulk(all)
	if s := n.src.Stats(); s.NoMbuf != 2 || s.Generated != 0 || n.src.Sent(0) != 0 {
		t.Errorf("%+v", s)
	}
	burst := n.receive(8)
	if len(burst) != 8 || burst[0].Len() != 60 || readStamp(t, burst[1]).seq != 0 {
		t.Errorf("%d packets afterwards", len(burst))
	}
	dpdk.FreeBulk(burst)
}

func TestRefused(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{Flows: 4}, traffic.SinkConfig{})
	for name, change := range map[string]func(*traffic.Program){
		"no group":        func(p *traffic.Program) { p.Groups = nil },
		"many groups":     func(p *traffic.Program) { p.Groups = slices.Repeat(p.Groups, 5) },
		"weight":          func(p *traffic.Program) { p.Groups[0].Weight = 257 },
		"negative weight": func(p *traffic.Program) { p.Groups[0].Weight = -1 },
		"flow":            func(p *traffic.Program) { p.Groups[0].First = 4 },
		"flows":           func(p *traffic.Program) { p.Groups[0].Flows = 5 },
		"no destination":  func(p *traffic.Program) { p.Groups[0].Dst = netip.Addr{} },
		"two families":    func(p *traffic.Program) { p.Groups[0].Src = src6 },
		"short":           func(p *traffic.Program) { p.Groups[0].Size = traffic.MinSize4 - 1 },
		"long":            func(p *traffic.Program) { p.Groups[0].Size = traffic.MaxSize + 1 },
		"scan of flows":   func(p *traffic.Program) { p.Groups[0] = scan("10.0.0.0/24"); p.Groups[0].Flows = 2 },
		"wide scan":       func(p *traffic.Program) { p.Groups[0] = scan("2001:db8::/63") },
		"both":            func(p *traffic.Program) { p.Groups[0] = scan("10.0.0.0/24"); p.Groups[0].Dst = dst4 },
	} {
		p := traffic.Program{Groups: []traffic.Group{group(dst4)}}
		change(&p)
		if err := n.src.Run(p); err == nil {
			t.Errorf("%s: taken", name)
		} else {
			t.Log(err)
		}
	}
	for _, cfg := range []traffic.SourceConfig{{Port: n.port}, {Port: n.port, Pool: n.pool, Inject: 3},
		{Port: n.port, Pool: n.pool, Queue: 7}, {Port: 31, Pool: n.pool}} {
		if _, err := traffic.NewSource(cfg); err == nil {
			t.Errorf("%+v: taken", cfg)
		}
	}
}

// Many programs while nobody polls, then one poll: the last one counts.
func TestProgramsReplaced(t *testing.T) {
	n := newNull(t, 1, traffic.SourceConfig{Flows: 100}, traffic.SinkConfig{})
	for i := range 100 {
		g := group(dst4)
		g.First = i
		n.run(traffic.Program{Groups: []traffic.Group{g}, Limit: 1})
	}
	if n.src.Stats().Idle {
		t.Error("the poller is said to have seen what it has not")
	}
	if got := n.stamps(5); len(got) != 1 || got[0].flow != 99 {
		t.Errorf("%v", got)
	}
}

// A port number is used again: nothing of the old source may be on it, whether it was
// closed before its port or after.
func TestPortNumberUsedAgain(t *testing.T) {
	pool := dpdktest.Pool(t, mbufs)
	for _, sourceFirst := range []bool{true, false, true} {
		port := attach(t, pool, 1)
		src, err := traffic.NewSource(traffic.SourceConfig{Port: port, Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Run(traffic.Program{Groups: []traffic.Group{group(dst4)}}); err != nil {
			t.Fatal(err)
		}
		if sourceFirst {
			src.Close()
			src.Close()
		}
		if err := port.Close(); err != nil {
			t.Fatal(err)
		}
		if !sourceFirst {
			if src.Stats().Attached {
				t.Error("still attached")
			}
			defer src.Close()
		}
		again := attach(t, pool, 1)
		if again != port {
			t.Fatalf("%s, not %s again: the test tests nothing", again, port)
		}
		if err := again.Start(); err != nil {
			t.Fatal(err)
		}
		var burst [4]*dpdk.Mbuf
		if got := again.RxBurst(0, burst[:]); got != 0 {
			dpdk.FreeBulk(burst[:got])
			t.Errorf("the next port of that number receives %d packets of the last one's source", got)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkSourceToSink is what a packet costs from source to sink, with two crossings
// into C per burst of 64.
func BenchmarkSourceToSink(b *testing.B) {
	n := newNull(b, 1, traffic.SourceConfig{Flows: 16}, traffic.SinkConfig{Flows: 16})
	g := group(dst4)
	g.Flows = 16
	n.run(traffic.Program{Groups: []traffic.Group{g}})
	burst := make([]*dpdk.Mbuf, 64)
	b.ResetTimer()
	for i := 0; i < b.N; i += 64 {
		n.send(0, burst[:n.port.RxBurst(0, burst)]...)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpps")
}
