// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// thread is one of the harness's own on a CPU, asleep until an eventfd is written. One
// goroutine uses it.
type thread struct {
	fd    int
	woken chan time.Time // closed when it has ended
}

// startThread starts one. Its OS thread gets its CPUs back and lives on: if it ended, the
// processes that it happens to have started would be killed (Pdeathsig).
func startThread(cpu int) (*thread, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	t := &thread{fd: fd, woken: make(chan time.Time, 1)}
	ready := make(chan error)
	go t.run(cpu, ready)
	if err := <-ready; err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("a thread on CPU %d: %w", cpu, err)
	}
	return t, nil
}

const endThread = 1 << 32 // no wake-up, but the end

func (t *thread) run(cpu int, ready chan<- error) {
	defer close(t.woken)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	set.Set(cpu)
	err := unix.SchedGetaffinity(0, &before)
	if err == nil {
		err = unix.SchedSetaffinity(0, &set)
	}
	defer func() { _ = unix.SchedSetaffinity(0, &before) }()
	ready <- err
	if err != nil {
		return
	}
	var b [8]byte
	for {
		_, err := unix.Read(t.fd, b[:])
		at := time.Now()
		if err == unix.EINTR {
			continue
		}
		if err != nil || binary.NativeEndian.Uint64(b[:]) >= endThread {
			return
		}
		t.woken <- at
	}
}

func (t *thread) write(n uint64) error {
	_, err := unix.Write(t.fd, binary.NativeEndian.AppendUint64(nil, n))
	return os.NewSyscallError("eventfd", err)
}

// wake wakes it and returns how long that took.
func (t *thread) wake() (time.Duration, error) {
	start := time.Now()
	if err := t.write(1); err != nil {
		return 0, err
	}
	return (<-t.woken).Sub(start), nil
}

func (t *thread) end() {
	_ = t.write(endThread)
	for range t.woken {
	}
	_ = unix.Close(t.fd)
}
