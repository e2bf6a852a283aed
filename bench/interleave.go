// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
)

// System is what takes turns: a target, the scenario that it gets, and its place on the
// axis.
type System struct {
	New      func() target.Target
	Scenario target.Scenario
	X        float64
	XLabel   string
}

const (
	startTime   = 3 * time.Minute // for one system; a million routes take half a minute
	settleShare = 10              // a window is preceded by this part of itself, unmeasured
	freshEvery  = 3               // rounds, where a start is cheap
)

const (
	leastShare = 0.2 // of a window that the worker must have had its CPU, or it is taken again
	tries      = 5   // for a window
)

// errBusy is that of windows in which the worker hardly ran.
var errBusy = errors.New("the machine has too much else to do: the worker had under a fifth of its CPU; end what runs there, or have it run elsewhere")

// live is a system that runs, or stands still.
type live struct {
	System
	target target.Target
	arm    Arm
	dir    string
	ran    []float64 // per window: the part of it in which the worker had its CPU
}

// Interleave has systems take turns, A B A B ..., one window each per round, and returns
// their arms, in packets per microsecond (Mpps). Fresh starts all anew every three rounds.
// A system that this machine lacks has an arm without samples that says so. When it
// returns, nothing of any system is left.
func (r *Runner) Interleave(ctx context.Context, systems []System, fresh bool) ([]Arm, []string, error) {
	all := make([]*live, len(systems))
	for i, s := range systems {
		all[i] = &live{System: s, arm: Arm{Name: s.New().Name(), X: s.X, XLabel: s.XLabel}}
	}
	per := r.Rounds
	if fresh {
		per = freshEvery
	}
	for done := 0; done < r.Rounds; done += per {
		if err := r.session(ctx, all, done, min(per, r.Rounds-done)); err != nil {
			return nil, nil, err
		}
	}
	arms := make([]Arm, len(all))
	share := 1.0
	for i, l := range all {
		l.arm.Summarize()
		arms[i] = l.arm
		for _, s := range l.ran {
			share = min(share, s)
		}
	}
	var notes []string
	if share < 0.97 {
		notes = append(notes, fmt.Sprintf("The machine was not quiet: in one window the worker had %.0f %% of its CPU. Rates are per second of CPU time, but caches were shared.", share*100))
	}
	return arms, notes, nil
}

// session starts all systems, has them take turns for so many rounds, and ends them.
func (r *Runner) session(ctx context.Context, all []*live, from, rounds int) (err error) {
	defer func() {
		for _, l := range all {
			err = errors.Join(err, r.end(l))
		}
	}()
	for _, l := range all {
		if err := r.begin(ctx, l); err != nil {
			return err
		}
	}
	for round := range rounds {
		for _, l := range all {
			if l.target == nil {
				continue
			}
			if err := r.window(ctx, l); err != nil {
				return fmt.Errorf("%s: %w", l.arm.Label(), err)
			}
			r.Logf("  round %d of %d: %s: %.2f Mpps", from+round+1, r.Rounds, l.arm.Label(), l.arm.Samples[len(l.arm.Samples)-1])
		}
	}
	for _, l := range all {
		if err := check(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// begin starts a system and has it stand still.
func (r *Runner) begin(ctx context.Context, l *live) (err error) {
	if l.arm.Missing != "" {
		return nil
	}
	s := l.Scenario
	s.Control, s.Worker, s.Window = r.Control, r.Worker, r.Window
	if l.dir, err = os.MkdirTemp(r.Dir, "run-"); err != nil {
		return err
	}
	s.Dir = l.dir
	if s.Memory == target.Hugepages {
		if err := r.pages.reserve(s.MemorySize()); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	t := l.New()
	began := time.Now()
	if err := t.Start(limited, s); err != nil {
		if target.IsUnavailable(err) && ctx.Err() == nil {
			l.arm.Missing = err.Error()
			r.Logf("  %s is left out: %v", l.arm.Label(), err)
			return nil
		}
		return fmt.Errorf("start %s: %w", l.arm.Label(), err)
	}
	l.target = t
	r.Logf("  %s started in %.1f s", l.arm.Label(), time.Since(began).Seconds())
	if err := sleep(ctx, s.Warmup); err != nil {
		return err
	}
	return pause(t)
}

// end stops a system, if it runs, and removes its folder.
func (r *Runner) end(l *live) (err error) {
	if l.target != nil {
		if err = l.target.Stop(); err != nil {
			err = fmt.Errorf("stop %s: %w", l.arm.Label(), err)
		}
		l.target = nil
	}
	if l.dir != "" {
		err = errors.Join(err, os.RemoveAll(l.dir))
		l.dir = ""
	}
	return err
}

// window takes one sample.
func (r *Runner) window(ctx context.Context, l *live) error {
	for range tries {
		rate, share, err := r.sample(ctx, l)
		if err != nil {
			return err
		}
		if share >= leastShare {
			l.arm.Samples, l.ran = append(l.arm.Samples, rate), append(l.ran, share)
			return nil
		}
		r.Logf("  %s: the worker had %.0f %% of its CPU; once more", l.arm.Label(), share*100)
	}
	return errBusy
}

// sample measures once: packets per microsecond of the worker's time, and the part of the
// window in which it ran.
func (r *Runner) sample(ctx context.Context, l *live) (mpps, share float64, err error) {
	if err := resume(l.target); err != nil {
		return 0, 0, err
	}
	if err := sleep(ctx, r.Window/settleShare); err != nil {
		return 0, 0, err
	}
	before, err := look(l.target)
	if err != nil {
		return 0, 0, err
	}
	if err := sleep(ctx, r.Window); err != nil {
		return 0, 0, err
	}
	after, err := look(l.target)
	if err != nil {
		return 0, 0, err
	}
	if err := pause(l.target); err != nil {
		return 0, 0, err
	}
	wall, ran := after.at.Sub(before.at), after.ran-before.ran
	if !after.knowsCPU {
		ran = wall
	}
	share = ran.Seconds() / wall.Seconds()
	if share >= leastShare && after.packets <= before.packets {
		return 0, 0, fmt.Errorf("no packet left in %v, though the worker ran", wall.Round(time.Millisecond))
	}
	return float64(after.packets-before.packets) / (float64(ran.Nanoseconds()) / 1e3), share, nil
}

// glance is what a target has done so far.
type glance struct {
	at       time.Time
	packets  uint64
	ran      time.Duration
	knowsCPU bool
}

func look(t target.Target) (g glance, err error) {
	// The answer takes a while, mostly before it is counted: times are read after.
	if g.packets, err = t.Packets(); err != nil {
		return g, err
	}
	g.at = time.Now()
	if w, ok := t.(target.Worker); ok {
		g.ran, err = w.Worker()
		g.knowsCPU = true
	}
	return g, err
}

// check asks a system whether it lost something.
func check(ctx context.Context, l *live) error {
	c, ok := l.target.(target.Checker)
	if !ok {
		return nil
	}
	if err := resume(l.target); err != nil {
		return err
	}
	if err := c.Check(ctx); err != nil {
		return err
	}
	return pause(l.target)
}

func pause(t target.Target) error {
	if p, ok := t.(target.Pauser); ok {
		return p.Pause()
	}
	return fmt.Errorf("%s can't stand still, so it can't take turns", t.Name())
}

func resume(t target.Target) error {
	if p, ok := t.(target.Pauser); ok {
		return p.Resume()
	}
	return nil
}

// sleep waits, or returns why ctx has ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
