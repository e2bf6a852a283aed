// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/forwarder"
)

// systemd is what the daemon tells: a socket as in sd_notify(3).
func systemd(t *testing.T) *net.UnixConn {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return conn
}

// told waits for a word to systemd until the deadline; "" is none.
func told(t *testing.T, conn *net.UnixConn, patience time.Duration) string {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, 256)
	n, err := conn.Read(b)
	if err != nil {
		if os.IsTimeout(err) {
			return ""
		}
		t.Fatal(err)
	}
	return string(b[:n])
}

// The watchdog is fed while every worker polls and control answers, and not when one
// worker of two stands still or control is silent; when they move again it is fed again.
func TestWatchdogWantsEveryHeartbeat(t *testing.T) {
	conn := systemd(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	var looks, stalled, deaf atomic.Uint64
	m := &monitor{
		workers: func() []forwarder.WorkerStatus {
			polls := looks.Add(1)
			second := polls
			if at := stalled.Load(); at != 0 {
				second = at
			}
			return []forwarder.WorkerStatus{{Index: 0, CPU: 1, Polls: polls}, {Index: 1, CPU: 2, Polls: second}}
		},
		control: func(context.Context) error {
			if deaf.Load() != 0 {
				return context.DeadlineExceeded
			}
			return nil
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })

	fed := func(when string) {
		t.Helper()
		if word := told(t, conn, 10*time.Second); word != "WATCHDOG=1" {
			t.Fatalf("%s: systemd heard %q", when, word)
		}
	}
	hungry := func(when string, want ...string) {
		t.Helper()
		deadline := time.Now().Add(10 * time.Second)
		for !slices.Equal(m.failing(), want) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %q, want %q", when, m.failing(), want)
			}
			time.Sleep(time.Millisecond)
		}
		for told(t, conn, time.Millisecond) != "" { // what was said before
		}
		for seen := looks.Load(); looks.Load() < seen+5; time.Sleep(time.Millisecond) {
		}
		if word := told(t, conn, time.Millisecond); word != "" {
			t.Errorf("%s: systemd heard %q", when, word)
		}
	}
	fed("all is well")
	fed("all is well, again")
	stalled.Store(7)
	hungry("a worker stands still", "worker 1 on CPU 2 does not poll")
	stalled.Store(0)
	fed("it polls again")
	deaf.Store(1)
	hungry("control is silent", "control does not answer")
	deaf.Store(0)
	fed("control answers again")
}

// The first look proves nothing, and a worker that has just come neither.
func TestHeartbeatsOfWorkersThatComeAndGo(t *testing.T) {
	var h heartbeats
	for i, tt := range []struct {
		polls    map[int]uint64
		problems int
		known    bool
	}{
		{map[int]uint64{0: 1}, 0, false},
		{map[int]uint64{0: 2}, 0, true},
		{map[int]uint64{0: 2}, 1, true},
		{map[int]uint64{0: 3, 1: 0}, 0, false},
		{map[int]uint64{0: 4, 1: 0}, 1, true},
		{map[int]uint64{0: 5}, 0, true},
	} {
		var workers []forwarder.WorkerStatus
		for index, polls := range tt.polls {
			workers = append(workers, forwarder.WorkerStatus{Index: index, Polls: polls})
		}
		if problems, known := h.look(workers); len(problems) != tt.problems || known != tt.known {
			t.Errorf("look %d: %q, known %v", i, problems, known)
		}
	}
}

// Another process's watchdog is not ours.
func TestWatchdogPeriod(t *testing.T) {
	for _, tt := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", beatPeriod},
		{"10000000", "", 5 * time.Second},
		{"10000000", strconv.Itoa(os.Getpid()), 5 * time.Second},
		{"10000000", "1", beatPeriod},
		{"soon", "", beatPeriod},
	} {
		t.Setenv("WATCHDOG_USEC", tt.usec)
		t.Setenv("WATCHDOG_PID", tt.pid)
		if got := watchdogPeriod(); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
