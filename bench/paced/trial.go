// SPDX-License-Identifier: Apache-2.0

package paced

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/dpdk/traffic"
)

const (
	settleTime = 5 * time.Second // for packets on their way, after a trial
	lookEvery  = 200 * time.Microsecond
)

// reading is all counters at one moment.
type reading struct {
	src   traffic.SourceStats
	sink  traffic.SinkStats
	drops uint64
	at    time.Time
	ran   time.Duration
}

func (g *gateway) read() (r reading, err error) {
	r.ran, err = target.CPUTime(os.Getpid(), g.cfg.Worker)
	r.at, r.src, r.sink = time.Now(), g.src.Stats(), g.sink.Stats()
	for _, n := range g.f.Counters().Drops {
		r.drops += n
	}
	return r, err
}

// trial offers packets and accounts for each of them.
func (g *gateway) trial(ctx context.Context, t target.PacedTrial) (out target.PacedResult, err error) {
	before, err := g.read()
	if err != nil {
		return out, err
	}
	if err := g.src.Run(traffic.Program{Groups: g.made, Rate: t.PPS, Limit: t.Packets, Due: t.PPS != 0}); err != nil {
		return out, err
	}
	// It begins when the worker has taken it up, however busy its CPU is.
	if err := g.until(ctx, "the worker", func() bool { return g.src.Stats().Idle }); err != nil {
		return out, err
	}
	if before.ran, err = target.CPUTime(os.Getpid(), g.cfg.Worker); err != nil {
		return out, err
	}
	before.at = time.Now()
	if t.Packets != 0 {
		err = g.until(ctx, "the burst to be made", func() bool { return g.src.Stats().Done })
	} else {
		err = sleep(ctx, t.Length)
	}
	after, readErr := g.read()
	g.src.Stop()
	if err := errors.Join(err, readErr); err != nil {
		return out, err
	}
	var made, sent uint64
	if err := g.until(ctx, "the last packet", func() bool {
		r, err := g.read()
		if err != nil || !r.src.Idle {
			return false
		}
		made, sent = r.src.Generated-before.src.Generated, r.sink.Received-before.sink.Received
		out.Missed, out.Dropped = r.src.Skipped-before.src.Skipped, r.drops-before.drops
		out.Waits = g.waits(&before.sink, &r.sink)
		return made == sent+out.Dropped
	}); err != nil {
		return out, fmt.Errorf("%w: %d packets made, %d sent, %d dropped", err, made, sent, out.Dropped)
	}
	if n := g.src.Stats().NoMbuf - before.src.NoMbuf; n > 0 {
		return out, fmt.Errorf("the pool was empty for the source %d times", n)
	}
	out.Offered, out.Sent = made+out.Missed, sent
	out.Seconds = after.at.Sub(before.at).Seconds()
	out.Ran = (after.ran - before.ran).Seconds() / out.Seconds
	return out, nil
}

// waits is the histogram of what came between two readings.
func (g *gateway) waits(before, after *traffic.SinkStats) (out []target.PacedWait) {
	for i := range after.Wait {
		if n := after.Wait[i] - before.Wait[i]; n > 0 {
			out = append(out, target.PacedWait{Micros: float64(traffic.BucketLow(i)) / g.hz * 1e6, Packets: n})
		}
	}
	return out
}

// until looks again and again, for settleTime at most.
func (g *gateway) until(ctx context.Context, what string, done func() bool) error {
	for end := time.Now().Add(settleTime); !done(); {
		if time.Now().After(end) {
			return fmt.Errorf("waited %v in vain for %s", settleTime, what)
		}
		if err := sleep(ctx, lookEvery); err != nil {
			return err
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
