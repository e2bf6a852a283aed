// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// startPatience bounds how long Start waits for the workers' first polls.
const startPatience = 10 * time.Second

// worker is a thread in the making, running, or gone.
type worker struct {
	w          *cgo.Worker
	cpu        int
	lcore      atomic.Int64 // DPDK's id once registered, else -1; writer: the thread itself
	registered chan error   // one value once the thread is an lcore, or could not be
	done       chan struct{}
}

func newWorker(w *cgo.Worker, cpu int) *worker {
	x := &worker{w: w, cpu: cpu, registered: make(chan error, 1)}
	x.lcore.Store(none)
	return x
}

func (w *worker) String() string { return fmt.Sprintf("worker %d on CPU %d", w.w.Index(), w.cpu) }

// run is the worker's goroutine. It ends locked to its thread, so that the thread,
// with its affinity and its lcore, ends too.
func (w *worker) run(eal *dpdk.EAL) {
	defer close(w.done)
	lcore, err := eal.RegisterLcore(dpdk.CPUs(w.cpu))
	if err != nil {
		w.registered <- fmt.Errorf("%s: %w", w, err)
		return
	}
	w.lcore.Store(int64(lcore.ID()))
	w.registered <- nil
	w.w.Run()
	_ = lcore.Close() // fails only on another thread
}

// Start starts the ports and the workers, and returns when every worker polls. When
// it fails, ports and workers are stopped again and only Stop may follow.
func (f *Forwarder) Start() error {
	f.life.Lock()
	defer f.life.Unlock()
	if f.state != made {
		return errors.New("forwarder: it can be started once")
	}
	f.state = broken
	for _, p := range f.res.ports {
		if err := p.start(); err != nil {
			return errors.Join(err, f.stopPorts())
		}
	}
	f.watchQueues()
	if err := f.startWorkers(); err != nil {
		return errors.Join(err, f.stopWorkers(context.Background()), f.stopPorts())
	}
	f.state = running
	return nil
}

func (f *Forwarder) startWorkers() error {
	for _, w := range f.workers {
		w.done = make(chan struct{})
		go w.run(f.cfg.EAL)
	}
	var errs []error
	for _, w := range f.workers {
		errs = append(errs, <-w.registered)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	deadline := time.Now().Add(startPatience)
	for _, w := range f.workers {
		for w.w.Stats().Heartbeat == 0 {
			if time.Now().After(deadline) {
				return fmt.Errorf("%s: it has not polled within %v; is the CPU taken?", w, startPatience)
			}
			time.Sleep(100 * time.Microsecond)
		}
	}
	return nil
}

func (f *Forwarder) stopWorkers(ctx context.Context) error {
	for _, w := range f.workers {
		w.w.Stop()
	}
	for _, w := range f.workers {
		if w.done == nil {
			continue // never started
		}
		select {
		case <-w.done:
			continue
		default:
		}
		select {
		case <-w.done:
		case <-ctx.Done():
			return fmt.Errorf("%s does not end: %w", w, ctx.Err())
		}
	}
	return nil
}

func (f *Forwarder) stopPorts() error {
	var errs []error
	for _, p := range f.res.ports {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}

// Stop ends the workers, frees what waits in rings, closes the ports, and gives all
// memory back. Whoever polls Control must have ended before. An error says which
// mbufs or packets are unaccounted for, or which worker did not end by the context's
// deadline; then nothing was freed and Stop may be called again. A Stop after a Stop
// that went through does nothing.
func (f *Forwarder) Stop(ctx context.Context) error {
	f.life.Lock()
	defer f.life.Unlock()
	if f.state == stopped {
		return nil
	}
	if err := f.stopWorkers(ctx); err != nil {
		f.state = broken
		return fmt.Errorf("forwarder: %w", err)
	}
	if err := f.endChanges(ctx); err != nil {
		f.state = broken
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = stopped
	f.res.dp.Purge()
	errs := []error{f.stopPorts()}
	f.final = f.lastReading()
	errs = append(errs, f.res.closePorts())
	errs = append(errs, f.account())
	errs = append(errs, f.res.release())
	return errors.Join(errs...)
}

// account demands every mbuf back and every packet counted.
func (f *Forwarder) account() error {
	c := &f.final.counters
	var errs []error
	if n := f.res.pool.InUse(); n > 0 {
		errs = append(errs, fmt.Errorf("forwarder: %d of %d mbufs are not back in the pool (balance %d, parked %d; received %d, sent %d)",
			n, f.res.pool.Size(), c.Balance(), c.ParkedNow(), c.Rx, c.Tx))
	}
	if c.Balance() != 0 || c.ParkedNow() != 0 {
		errs = append(errs, fmt.Errorf("forwarder: the counters do not balance: rx %d + originated %d is %d more than tx %d + consumed %d + drops + parked %d",
			c.Rx, c.Originated, c.Balance(), c.Tx, c.Consumed, c.ParkedNow()))
	}
	return errors.Join(errs...)
}
