// SPDX-License-Identifier: Apache-2.0

package parkdrain

import (
	"errors"
	"fmt"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// Round is what one round took, per packet, in nanoseconds of the thread that did it.
// Forward is what the worker takes to forward the same packets to resolved next hops;
// Park is all that it does to packets which it receives and parks, Evict the same when
// the rings are full and each packet costs an old one its place. Drain is control's,
// from its first look for asks to the last packet given to the transmit queue, all of
// publishing included; Close the worker's and control's to the next hop's being usable.
type Round struct {
	Forward, Park, Evict, Drain, Close float64
}

// Rate is the packets per second, in millions, when each is parked, drained and closed
// behind, one after the other.
func (r Round) Rate() float64 { return 1e3 / (r.Park + r.Drain + r.Close) }

// Run measures the rounds. The first one warms up and is not among them.
func Run(cfg Config) (_ []Round, err error) {
	if cfg.NextHops < 1 || cfg.NextHops > 1<<15 || cfg.Ring < 1 || cfg.Family != 4 && cfg.Family != 6 {
		return nil, fmt.Errorf("parkdrain: %d next hops with %d packets of IPv%d: give 1 to 32768, at least 1, 4 or 6", cfg.NextHops, cfg.Ring, cfg.Family)
	}
	l, err := newLab(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	worker, err := newThread(cfg.EAL, cfg.Worker)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, worker.stop()) }()
	control, err := newThread(cfg.EAL, cfg.Control)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, control.stop()) }()

	var rounds []Round
	for i := range cfg.Rounds + 1 {
		var r Round
		r, err = l.round(worker, control)
		if err != nil {
			return nil, fmt.Errorf("parkdrain: round %d: %w", i, err)
		}
		if i > 0 {
			rounds = append(rounds, r)
		}
	}
	return rounds, nil
}

func (l *lab) round(worker, control *thread) (r Round, err error) {
	cfg := &l.cfg
	packets := uint64(cfg.NextHops * cfg.Ring)
	before := l.dp.Counters()
	each := func(cycles uint64) float64 { return float64(cycles) / float64(packets) / l.hz * 1e9 }

	control.do(func() { l.store(cgo.AdjReachable) })
	worker.do(func() {
		var cycles uint64
		cycles, err = l.feed()
		r.Forward = each(cycles)
	})
	if err != nil {
		return r, err
	}
	control.do(func() { l.store(cgo.AdjIncomplete) })
	for _, took := range []*float64{&r.Park, &r.Evict} {
		worker.do(func() {
			var cycles uint64
			cycles, err = l.feed()
			*took = each(cycles)
		})
		if err != nil {
			return r, err
		}
	}
	sent := 0
	control.do(func() {
		begin := cgo.TSC()
		sent = l.drain()
		r.Drain = each(cgo.TSC() - begin)
	})
	worker.do(func() {
		begin := cgo.TSC()
		l.w.Poll()
		r.Close = each(cgo.TSC() - begin)
	})
	control.do(func() {
		begin := cgo.TSC()
		l.store(cgo.AdjReachable)
		r.Close += each(cgo.TSC() - begin)
	})
	c := l.dp.Counters()
	if parked, drained := c.Parked-before.Parked, c.Drained-before.Drained; parked != 2*packets || drained != packets ||
		uint64(sent) != packets || c.Drops[cgo.DropParkEvicted]-before.Drops[cgo.DropParkEvicted] != packets || c.Tx-before.Tx != 2*packets || c.Balance() != 0 || c.ParkedNow() != 0 {
		return r, fmt.Errorf("of %d packets %d were parked, %d drained, %d sent by control; %+v", 2*packets, parked, drained, sent, c)
	}
	return r, nil
}

// store gives every next hop a state.
func (l *lab) store(state cgo.AdjState) {
	for i := range l.cfg.NextHops {
		l.dp.StoreAdjacency(uint32(i), mac(i), lspOut, state)
	}
}

// feed has the worker receive a round's packets, the next hops taking turns, and returns
// the cycles that its polls took. Worker's thread.
func (l *lab) feed() (cycles uint64, err error) {
	var m [slice]*dpdk.Mbuf
	left, next := l.cfg.NextHops*l.cfg.Ring, 0
	for left > 0 {
		n := min(left, slice)
		if err := l.pool.AllocBulk(m[:n]); err != nil {
			return 0, err
		}
		for _, one := range m[:n] {
			if err := one.AppendBytes(l.frames[next]); err != nil {
				return 0, err
			}
			next = (next + 1) % len(l.frames)
		}
		if l.rx.EnqueueBurst(m[:n]) != n {
			return 0, errors.New("the port's ring is full")
		}
		left -= n
		begin := cgo.TSC()
		for got := 0; got < n; {
			k := l.w.Poll()
			if k == 0 {
				return 0, errors.New("the worker receives nothing")
			}
			got += k
		}
		cycles += cgo.TSC() - begin
	}
	return cycles, nil
}

// drain does what control does once all next hops have answered: it reads the asks,
// publishes, drains and hands back. It returns the packets sent.
func (l *lab) drain() (sent int) {
	type waiting struct {
		slot cgo.Slot
		adj  uint32
	}
	asked := make([]waiting, 0, l.cfg.NextHops)
	ctl := l.dp.Control()
	for b := ctl.Poll(0, 0); !b.Empty(); b = ctl.Poll(0, 0) {
		for i := range b.Asks {
			asked = append(asked, waiting{b.Asks[i].Slot(), index(b.Asks[i].Key)})
		}
	}
	l.store(cgo.AdjDraining)
	for _, w := range asked {
		n, _ := ctl.Drain(w.slot, w.adj)
		sent += n
	}
	return sent
}

// index is the next hop whose address a ring waits for; see Config.hop.
func index(k cgo.ParkKey) uint32 {
	b := k.Addr().AsSlice()
	return uint32(b[len(b)-2])<<8 | uint32(b[len(b)-1])
}
