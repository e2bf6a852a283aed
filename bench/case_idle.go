// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/bench/taps"
	"github.com/parkway-gw/parkway/internal/lab"
)

const (
	polling = "parkway, poll"
	others  = "parkway, all but the worker"
	bare    = "a thread that waits for an eventfd"
	asleep  = 2 * time.Second // after a start, until neighbors have stopped talking

	wakeLimit = 200. // µs
)

func idle() Case {
	return Case{Name: "idle", Title: "What an idle gateway on five taps costs",
		Goal: "adaptive: the worker at most 10 % of a core",
		Run: func(ctx context.Context, r *Runner) (*Result, error) {
			res := &Result{Unit: "% of a core", Method: "The threads' own account of their CPU time over a window without packets. The gateways take turns; who is not measured stands still. " + clocks}
			return res, onWakers(ctx, r, res, (*Runner).idleRound, judgeIdle)
		}}
}

func wakeUp() Case {
	return Case{Name: "wake-up", Title: "How long a packet takes through a gateway on taps that it wakes",
		Goal: "adaptive: p99 at most 200 µs",
		Run: func(ctx context.Context, r *Runner) (*Result, error) {
			res := &Result{Unit: "µs", Method: "One datagram at a time to a host whose MAC is known, " + rest.String() +
				" apart, from before the sender's write until the receiver's kernel has it from the other interface. The gateways and Linux, which forwards on the sender's CPU, take turns; who is not measured stands still. " +
				"Beside them a bare thread on the worker's CPU, from before an eventfd is written on the other until the thread has read it: what the machine takes to wake anybody. " + clocks}
			return res, onWakers(ctx, r, res, (*Runner).wakeRound, judgeWakeUp)
		}}
}

// waker is a system that falls asleep.
type waker struct {
	name    string
	from    *lab.NS // nil: a bare thread
	to      *lab.NS
	at      netip.Addr
	gateway *taps.Gateway // nil: not one
	took    []time.Duration
	worker  []float64 // CPU, in percent
	others  []float64 // the same, of its other threads
}

// onWakers has every system take its turn in every round.
func onWakers(ctx context.Context, r *Runner, res *Result, round func(*Runner, context.Context, *waker) error, judge func(*Result, []*waker)) (err error) {
	l := lab.New()
	defer func() { err = errors.Join(err, l.Close()) }()
	systems, err := startWakers(ctx, r, l)
	if err != nil {
		return err
	}
	release, err := r.confine()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	for n := range r.Rounds {
		for _, w := range systems {
			if err := r.turn(ctx, w, round); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
		r.Logf("  round %d of %d", n+1, r.Rounds)
	}
	for _, w := range systems {
		if w.gateway != nil {
			err = errors.Join(err, w.gateway.Stop(ctx))
		}
	}
	judge(res, systems)
	return err
}

// turn is one system's, with the daemon running as long.
func (r *Runner) turn(ctx context.Context, w *waker, round func(*Runner, context.Context, *waker) error) (err error) {
	if w.gateway != nil {
		if err := w.gateway.Resume(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, w.gateway.Pause()) }()
		if err := sleep(ctx, r.Window/settleShare); err != nil {
			return err
		}
	}
	return round(r, ctx, w)
}

func judgeIdle(res *Result, systems []*waker) {
	for _, w := range systems {
		if w.gateway == nil {
			continue
		}
		a := Arm{Name: w.name, Samples: w.worker}
		a.Summarize()
		res.Arms = append(res.Arms, a)
		if w.name == ours {
			rest := Arm{Name: others, Samples: w.others}
			rest.Summarize()
			res.Arms = append(res.Arms, rest)
			res.Checks = append(res.Checks, Check{What: "the worker's CPU", Value: a.Median, Limit: 10, Unit: "%", Met: a.Median <= 10})
		}
	}
}

func judgeWakeUp(res *Result, systems []*waker) {
	for _, w := range systems {
		res.Arms = append(res.Arms, latencies(w.name, 0, "", w.took))
	}
	first := &res.Arms[0]
	for i := range res.Arms[1:] {
		res.Ratios = append(res.Ratios, NewRatio(first, &res.Arms[1+i], Quotient))
	}
	res.Ratio = &res.Ratios[len(res.Ratios)-1]
	res.Checks = append(res.Checks, percentile(first, "p99", wakeLimit))
	if thread := res.Arms[len(res.Arms)-1].Percentiles["p99"]; thread > wakeLimit {
		res.Notes = append(res.Notes, fmt.Sprintf("The machine had too much else to do to wake anybody within the goal: the bare thread's p99 is %.0f µs.", thread))
	}
}

func startWakers(ctx context.Context, r *Runner, l *lab.Lab) ([]*waker, error) {
	var systems []*waker
	for name, mode := range map[string]taps.Idle{ours: taps.Adaptive, polling: taps.Poll} {
		dir, err := r.Folder("idle-" + string(mode))
		if err != nil {
			return nil, err
		}
		g, err := taps.Start(ctx, l, taps.Options{Binary: r.Binary, Dir: dir, Control: r.Control, Worker: r.Worker, Idle: mode})
		if err != nil {
			return nil, err
		}
		w := &waker{name: name, from: g.NS(taps.PC1), to: g.NS(taps.PC3), at: taps.PC3.Addrs[0], gateway: g}
		if name == ours {
			systems = append([]*waker{w}, systems...)
		} else {
			systems = append(systems, w)
		}
		if err := sleep(ctx, asleep); err != nil {
			return nil, err
		}
		if err := g.Pause(); err != nil {
			return nil, err
		}
	}
	lx, err := l.LinuxRouter(ctx, false)
	if err != nil {
		return nil, err
	}
	if _, err := lx.Router.Run(ctx, "ip", "neigh", "replace", lx.FarAddrs[0].String(), "lladdr", lx.FarMAC.String(), "nud", "permanent", "dev", "r1"); err != nil {
		return nil, err
	}
	return append(systems, &waker{name: linux, from: lx.Near, to: lx.Far, at: lx.FarAddrs[0]}, &waker{name: bare}), nil
}

func (r *Runner) idleRound(ctx context.Context, w *waker) error {
	if w.gateway == nil {
		return nil
	}
	worker, rest, err := cpuShare(ctx, w.gateway, r.Window)
	w.worker, w.others = append(w.worker, worker), append(w.others, rest)
	return err
}

func (r *Runner) wakeRound(ctx context.Context, w *waker) error {
	one, end, err := r.wake(w)
	if err != nil {
		return err
	}
	defer end()
	for i := range 1 + pick(r.Quick, quickPackets, fullPackets) {
		if err := sleep(ctx, rest); err != nil {
			return err
		}
		took, err := one()
		if err != nil {
			return err
		}
		if i > 0 { // caches of a system that stood still are cold
			w.took = append(w.took, took)
		}
	}
	return nil
}

// wake returns what wakes a system once, and says how long that took.
func (r *Runner) wake(w *waker) (one func() (time.Duration, error), end func(), err error) {
	if w.from == nil {
		t, err := startThread(r.Worker)
		if err != nil {
			return nil, nil, err
		}
		return t.wake, t.end, nil
	}
	d, err := lab.NewDatagrams(w.from, w.to, netip.AddrPortFrom(w.at, tripPort))
	if err != nil {
		return nil, nil, err
	}
	return func() (time.Duration, error) {
		t, err := d.Send(tripTime)
		return t.Wire, err
	}, d.Close, nil
}

// cpuShare is what the worker and the other threads take of a core, in percent.
func cpuShare(ctx context.Context, g *taps.Gateway, window time.Duration) (worker, others float64, err error) {
	look := func() (w, o time.Duration, at time.Time) {
		var err1, err2 error
		w, err1 = g.WorkerTime()
		o, err2 = g.ControlTime()
		err = errors.Join(err, err1, err2)
		return w, o, time.Now()
	}
	w0, o0, start := look()
	if err := sleep(ctx, window); err != nil {
		return 0, 0, err
	}
	w1, o1, end := look()
	took := end.Sub(start).Seconds()
	return (w1 - w0).Seconds() / took * 100, (o1 - o0).Seconds() / took * 100, err
}
