// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/cgo"
)

const (
	// maxWait bounds how long a turn waits: stop requests and commands are seen
	// that soon. Workers wake it earlier.
	maxWait = 5 * time.Millisecond
	// spinFor is how long a drain without progress is watched closely before the
	// loop sleeps between looks.
	spinFor = 500 * time.Microsecond
	// answerSoon is how long after a probe its answer is waited for closely. A host on a
	// local network takes some ten microseconds, and for one that takes longer, and may
	// want this CPU to do so, it is better to sleep.
	answerSoon = 100 * time.Microsecond
	// closeWatch is how many next hops at most are waited for so closely.
	closeWatch = 64
	// maxTimers bounds the timers of a turn.
	maxTimers = 256
)

// ErrEnded is what Do and Flush return after Run has.
var ErrEnded = errors.New("arpbuf: the control loop has ended")

// Run is the control lcore: it works until ctx ends, on a thread of its own that
// is registered with DPDK and confined to Config.CPUs, and returns nil then. What
// is parked stays in its rings. A Resolver runs once.
func (r *Resolver) Run(ctx context.Context) error {
	first := false
	r.runs.Do(func() { first = true })
	if !first {
		return errors.New("arpbuf: a Resolver runs once")
	}
	if r.cfg.EAL == nil {
		close(r.ended)
		return errors.New("arpbuf: Config.EAL is missing")
	}
	done := make(chan error, 1)
	// A goroutine of its own, so that its thread, pinned for good, dies with it.
	go func() { done <- r.lcore(ctx) }()
	return <-done
}

func (r *Resolver) lcore(ctx context.Context) (err error) {
	defer close(r.ended)
	lcore, err := r.cfg.EAL.RegisterLcore(r.cfg.CPUs)
	if err != nil {
		return fmt.Errorf("control lcore: %w", err)
	}
	defer func() { err = errors.Join(err, lcore.Close()) }()
	// The kernel rounds sleeps up by the timer slack, 50 µs unless told otherwise.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	close(r.ready)
	wait := time.Duration(0)
	for ctx.Err() == nil {
		wait = r.turn(wait)
	}
	r.mu.Lock()
	r.cease()
	r.mu.Unlock()
	return nil
}

// Ready is closed once the loop runs.
func (r *Resolver) Ready() <-chan struct{} { return r.ready }

// Do runs f on the control lcore, between two turns' work, and returns when it is
// done, ctx ends, or Run does. f must be short. Any goroutine.
func (r *Resolver) Do(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case r.do <- func() { f(); close(done) }:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ended:
		return ErrEnded
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ended:
		select {
		case <-done:
			return nil
		default:
			return ErrEnded
		}
	}
}

// turn waits for something to do, does it, and returns how long the next turn may
// wait. Control lcore only.
func (r *Resolver) turn(wait time.Duration) time.Duration {
	b := r.ctl.Poll(r.pace(wait))
	r.mu.Lock()
	r.turnAt = r.clock.Now()
	// Learned MACs come before the frames that taught them: an answer then leaves
	// by one port, and a drain finds its port.
	for _, l := range b.Learns {
		r.plane.LearnMAC(l.Switch, l.SwitchPort, l.MAC())
	}
	for i := range b.Asks {
		r.asked(&b.Asks[i])
	}
	// Gates open once the asks are in: a drain ends when all of before have been read.
	for _, l := range b.Appeared {
		r.appeared(l.SwitchPort)
	}
	for _, m := range b.ARPND {
		r.arpND(m)
	}
	r.drains()
	for _, m := range b.IP {
		r.punted(m)
	}
	r.perform(r.table.Advance(r.turnAt, maxTimers))
	r.dispatch()
	r.expire()
	r.commands()
	r.managed()
	r.detections()
	r.announcements()
	r.advertisements()
	r.watchGates()
	r.drains()
	wait = r.nextWait(&b)
	r.mu.Unlock()
	r.plane.Maintain()
	return wait
}

// pace is how long a turn waits, and how much of that it stays awake. For a moment after a
// probe, the answer is worth looking for: being woken would be most of what the first
// packet waits. Not while so many wait that somebody is scanning: that would take half a
// CPU.
func (r *Resolver) pace(wait time.Duration) (time.Duration, time.Duration) {
	if r.turnAt.Sub(r.probedAt) < answerSoon && len(r.waiting) <= closeWatch {
		return wait, answerSoon
	}
	return wait, 0
}

func (r *Resolver) commands() {
	for range cap(r.do) {
		select {
		case f := <-r.do:
			f()
		default:
			return
		}
	}
}

// nextWait is how long the next turn may wait.
func (r *Resolver) nextWait(b *cgo.Batch) time.Duration {
	if !b.Empty() || len(r.do) > 0 {
		return 0
	}
	wait := maxWait
	for n := range r.draining {
		if r.turnAt.Sub(n.progress) < spinFor {
			return 0
		}
		wait = min(wait, 2*r.cfg.MaxSleep)
	}
	if at, ok := r.table.Next(); ok {
		wait = min(wait, max(0, at.Sub(r.turnAt)))
	}
	if in, ok := r.nextProbe(); ok {
		wait = min(wait, in)
	}
	if in, ok := r.nextDetection(); ok {
		wait = min(wait, in)
	}
	if in, ok := r.nextAnnouncement(); ok {
		wait = min(wait, in)
	}
	if in, ok := r.nextAdvertisement(); ok {
		wait = min(wait, in)
	}
	return wait
}
