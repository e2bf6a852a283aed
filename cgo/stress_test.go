// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

// TestParkStress runs a worker on its own thread against a control that resolves,
// flushes, fails and expires next hops at random, and a source that never waits for
// either. Every flow must leave in order, the law must hold, the pool must be whole.
// PARKWAY_STRESS_PACKETS sets the length.
func TestParkStress(t *testing.T) {
	total := 300_000
	if s := os.Getenv("PARKWAY_STRESS_PACKETS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		total = n
	}
	s := defaults()
	s.park.NextHops = 6 // fewer than flows: opening fails now and then
	s.park.PacketsPerNextHop = 32
	b := newBench(t, s)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)

	const flows = 8
	run := &stress{bench: b, rng: rand.New(rand.NewPCG(seed, 1))}
	for f := range flows {
		run.hops = append(run.hops, &hop{adj: b.adjacency(1, nth(f)), state: unresolved})
	}

	workerDone := make(chan error, 1)
	go func() {
		cpus, err := dpdk.AllowedCPUs()
		if err != nil {
			workerDone <- err
			return
		}
		lcore, err := dpdktest.EAL().RegisterLcore(cpus)
		if err != nil {
			workerDone <- err
			return
		}
		b.w.Run()
		workerDone <- lcore.Close()
	}()
	var sourceDone atomic.Bool
	go func() {
		run.source(total, flows)
		sourceDone.Store(true)
	}()

	deadline := time.Now().Add(time.Duration(total)*20*time.Microsecond + 30*time.Second)
	for !sourceDone.Load() || b.in.rx.Len() > 0 {
		run.turn()
		run.receive()
		if time.Now().After(deadline) {
			t.Fatalf("stuck: %v", nonzero(b.dp.Counters()))
		}
	}
	b.w.Stop()
	if err := <-workerDone; err != nil {
		t.Fatal(err)
	}
	// Alone now: everything resolves, everything leaves.
	for range 50 {
		for _, h := range run.hops {
			if h.state == unresolved {
				run.resolve(h)
			}
		}
		run.settle()
		run.receive() // a full ring would leave a drain waiting with control
		b.w.Poll()
		b.w.Housekeeping()
	}
	run.receive()
	c := b.dp.Counters()
	t.Logf("%v; %d resolutions, %d flushes, %d failures", nonzero(c), run.resolutions, run.flushes, run.failures)
	if c.ParkedNow() != 0 {
		t.Errorf("%d packets are stranded", c.ParkedNow())
	}
	if c.Drained == 0 || run.resolutions < 10 || run.received == 0 {
		t.Error("the test did not test")
	}
}

type hopState int

const (
	unresolved hopState = iota
	draining
	usable
	failed
)

// hop is what control knows of a next hop: this is arpbuf in forty lines.
type hop struct {
	adj   uint32
	state hopState
	slots []cgo.Slot
	asked bool // the asks were read, and there was none, since DRAINING was published
	next  int  // sequence number that the receiver expects at least
}

type stress struct {
	*bench
	rng                            *rand.Rand
	hops                           []*hop
	resolutions, flushes, failures int
	received                       int
}

// source enqueues packets of random flows, each flow numbered from 0.
func (s *stress) source(total, flows int) {
	rng := rand.New(rand.NewPCG(7, uint64(total)))
	templates := make([][]byte, flows)
	seq := make([]uint32, flows)
	for f := range templates {
		templates[f] = udp4(s.t, nth(f), 0)
	}
	var burst [32]*dpdk.Mbuf
	for n := 0; n < total; {
		if err := s.pool.AllocBulk(burst[:]); err != nil {
			time.Sleep(20 * time.Microsecond) // the receiver is behind; this is the source, not the test's judgement
			continue
		}
		for _, m := range burst {
			f := rng.IntN(flows)
			frame := templates[f]
			binary.BigEndian.PutUint32(frame[42:], seq[f])
			seq[f]++
			_ = m.AppendBytes(frame)
		}
		for done := 0; done < len(burst); {
			done += s.in.rx.EnqueueBurst(burst[done:])
		}
		n += len(burst)
	}
}

func (s *stress) receive() {
	var m [64]*dpdk.Mbuf
	for n := s.out.tx.DequeueBurst(m[:]); n > 0; n = s.out.tx.DequeueBurst(m[:]) {
		for _, one := range m[:n] {
			f := one.Bytes()
			h := s.hops[f[33]-nth(0).As4()[3]]
			seq := int(binary.BigEndian.Uint32(f[42:]))
			if seq < h.next {
				s.t.Errorf("flow to %v: %d left after %d", f[30:34], seq, h.next-1)
			}
			h.next = seq + 1
		}
		s.received += n
		dpdk.FreeBulk(m[:n])
	}
}

// turn is one turn of control: asks, drains, and now and then a stroke of fate.
func (s *stress) turn() {
	batch := s.poll()
	s.take(batch)
	h := s.hops[s.rng.IntN(len(s.hops))]
	switch fate := s.rng.IntN(400); {
	case h.state == unresolved && len(h.slots) > 0 && fate < 40:
		s.resolve(h)
	case h.state == unresolved && len(h.slots) > 0 && fate < 45:
		s.fail(h)
	case h.state == unresolved && len(h.slots) > 0 && fate < 50:
		s.dp.Control().Expire(h.slots[0], cgo.TSC(), false)
	case h.state == usable && fate < 20:
		s.store(h.adj, [6]byte{}, 0, cgo.AdjIncomplete)
		h.state = unresolved
		s.flushes++
	case h.state == failed && fate < 100:
		s.store(h.adj, [6]byte{}, 0, cgo.AdjIncomplete)
		h.state = unresolved
	}
	s.settle()
}

func (s *stress) take(batch cgo.Batch) {
	s.consume(batch)
	for i := range batch.Asks {
		a := &batch.Asks[i]
		h := s.hops[a.Key.Addr().As4()[3]-nth(0).As4()[3]]
		h.slots = append(h.slots, a.Slot())
	}
	for _, h := range s.hops {
		h.asked = h.asked || len(batch.Asks) == 0
	}
}

func (s *stress) resolve(h *hop) {
	s.store(h.adj, gatewayMAC, lspExternal, cgo.AdjDraining)
	h.state, h.asked = draining, false
	s.resolutions++
}

func (s *stress) fail(h *hop) {
	s.store(h.adj, [6]byte{}, 0, cgo.AdjFailed)
	h.state = failed
	s.failures++
	ctl := s.dp.Control()
	for _, slot := range h.slots {
		if !ctl.Claim(slot) {
			continue
		}
		var taken [16]*dpdk.Mbuf
		for n := ctl.Take(slot, taken[:]); n > 0; n = ctl.Take(slot, taken[:]) {
			for _, m := range taken[:n] {
				ctl.Drop(m, cgo.DropParkFailed)
			}
		}
		ctl.Handback(slot)
	}
	h.slots = nil
}

// settle drains what is DRAINING and makes it usable once every slot is closed.
func (s *stress) settle() {
	ctl := s.dp.Control()
	s.take(s.poll())
	for _, h := range s.hops {
		if h.state != draining {
			continue
		}
		open := h.slots[:0]
		for _, slot := range h.slots {
			if _, status := ctl.Drain(slot, h.adj); status == cgo.DrainAgain || ctl.Open(slot) {
				open = append(open, slot)
			}
		}
		h.slots = open
		if h.asked && len(h.slots) == 0 {
			s.store(h.adj, gatewayMAC, lspExternal, cgo.AdjReachable)
			h.state = usable
		}
	}
}
