// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/bench/target"
)

const (
	changedRoutes = 1000 // by each reload
	operateEvery  = 100 * time.Millisecond
	reloadEvery   = time.Second
)

// operator does to a running gateway what people and their tools do.
type operator struct {
	r       *Runner
	metrics string // address
	l       *live
	p       *target.Parkway
	s       target.Scenario
	turn    int // of the two sets of routes

	shows, scrapes, reloads atomic.Uint64
}

// newOperator finds an address for metrics.
func newOperator(r *Runner) (*operator, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("an address for metrics: %w", err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return &operator{r: r, metrics: l.Addr().String()}, nil
}

// config is the scenario's file with metrics, and 1,000 routes whose next hops change with
// every turn. No traffic follows them.
func (o *operator) config(s target.Scenario) string {
	o.s = s
	var b strings.Builder
	b.WriteString(strings.Replace(target.ParkwayConfig(s), `metrics: {listen: ""}`, fmt.Sprintf("metrics: {listen: %q}", o.metrics), 1))
	neighbors := s.Network().Neighbors
	for i := range changedRoutes {
		fmt.Fprintf(&b, "      - {ip_prefix: 100.%d.%d.0/24, nexthop: %s}\n", 64+i>>8, i&0xff, neighbors[(i+o.turn)%len(neighbors)].V4)
	}
	return b.String()
}

func (o *operator) gateway(l *live) { o.l, o.p = l, l.target.(*target.Parkway) }

// operate goes on for d.
func (o *operator) operate(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	ops := []struct {
		every time.Duration
		do    func(context.Context) error
	}{{operateEvery, o.show}, {operateEvery, o.scrape}, {reloadEvery, o.reload}}
	failed := make(chan error, len(ops))
	for _, op := range ops {
		go func() {
			err := repeat(ctx, op.every, op.do)
			if err != nil {
				cancel() // the others need not go on
			}
			failed <- err
		}()
	}
	var err error
	for range ops {
		err = errors.Join(err, <-failed)
	}
	return err
}

// repeat does something again and again until ctx ends, or it fails before that.
func repeat(ctx context.Context, every time.Duration, do func(context.Context) error) error {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (o *operator) show(ctx context.Context) error {
	what := []string{"neighbors", "routes", "workers", "counters", "ports", "parked"}[o.shows.Load()%6]
	out, err := exec.CommandContext(ctx, o.r.Binary, "show", what, "--socket", filepath.Join(o.s.Dir, "parkway.sock")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("show %s: %w: %s", what, err, out)
	}
	o.shows.Add(1)
	return nil
}

func (o *operator) scrape(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.metrics+"/metrics", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("metrics: %s", res.Status)
	}
	o.scrapes.Add(1)
	return nil
}

func (o *operator) reload(ctx context.Context) error {
	o.turn++
	if err := os.WriteFile(filepath.Join(o.s.Dir, "parkway.yaml"), []byte(o.config(o.s)), 0o600); err != nil {
		return err
	}
	if _, err := o.p.API().Reload(ctx); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	o.reloads.Add(1)
	return nil
}

// confine binds every thread of this process, and so whatever it starts, to a CPU. undo
// lets them go.
func confine(cpu int) (undo func(), err error) {
	var before, now unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getpid(), &before); err != nil {
		return nil, fmt.Errorf("the CPUs that this process may run on: %w", err)
	}
	now.Set(cpu)
	set := func(to *unix.CPUSet) error {
		tasks, err := os.ReadDir("/proc/self/task")
		for _, t := range tasks {
			tid, _ := strconv.Atoi(t.Name())
			if bad := unix.SchedSetaffinity(tid, to); bad != nil && !errors.Is(bad, unix.ESRCH) {
				err = errors.Join(err, fmt.Errorf("bind thread %d: %w", tid, bad))
			}
		}
		return err
	}
	return func() { _ = set(&before) }, set(&now)
}
