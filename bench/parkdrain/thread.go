// SPDX-License-Identifier: Apache-2.0

package parkdrain

import (
	"github.com/parkway-gw/parkway/dpdk"
)

// thread is an lcore that does what it is told.
type thread struct {
	work chan func()
	done chan struct{}
	end  chan error
}

// newThread starts one on a CPU. End ends it.
func newThread(eal *dpdk.EAL, cpu int) (*thread, error) {
	t := &thread{work: make(chan func()), done: make(chan struct{}), end: make(chan error)}
	started := make(chan error)
	go func() {
		lcore, err := eal.RegisterLcore(dpdk.CPUs(cpu))
		started <- err
		if err != nil {
			return
		}
		for f := range t.work {
			f()
			t.done <- struct{}{}
		}
		t.end <- lcore.Close()
	}()
	return t, <-started
}

// do has the thread run f and waits for it.
func (t *thread) do(f func()) {
	t.work <- f
	<-t.done
}

func (t *thread) stop() error {
	close(t.work)
	return <-t.end
}
