// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
)

// Parkway is the gateway: its own daemon, on a file that the scenario makes.
type Parkway struct {
	name   string
	binary string
	s      Scenario
	p      *Process
	api    *api.Client
	config func(Scenario) string
}

// NewParkway makes one of a binary. The name is "parkway", or tells two binaries apart.
func NewParkway(name, binary string) *Parkway {
	return &Parkway{name: name, binary: binary, config: ParkwayConfig}
}

// WithConfig has the daemon run on another file than ParkwayConfig's.
func (t *Parkway) WithConfig(config func(Scenario) string) *Parkway {
	t.config = config
	return t
}

// Name is what NewParkway was given.
func (t *Parkway) Name() string { return t.name }

// API is the running daemon's.
func (t *Parkway) API() *api.Client { return t.api }

// Process is the running daemon.
func (t *Parkway) Process() *Process { return t.p }

// Start writes the file and starts the daemon on it.
func (t *Parkway) Start(ctx context.Context, s Scenario) error {
	t.s = s
	file := filepath.Join(s.Dir, "parkway.yaml")
	if err := os.WriteFile(file, []byte(t.config(s)), 0o600); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	socket := filepath.Join(s.Dir, "parkway.sock")
	p, err := StartProcess(nil, t.binary, "run", "-c", file, "--socket", socket)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.p, t.api = p, api.Dial(socket)
	if err := t.begin(ctx); err != nil {
		p.Kill()
		t.forget()
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}

func (t *Parkway) begin(ctx context.Context) error {
	return t.p.Until(ctx, func() bool {
		n, err := t.Packets()
		return err == nil && n > 0
	})
}

// outPort is the port that all traffic leaves by.
const outPort = "p-out"

// Packets returns what the out port has sent.
func (t *Parkway) Packets() (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), replyTime)
	defer cancel()
	ports, err := t.api.Ports(ctx)
	if err != nil {
		return 0, err
	}
	for i := range ports {
		if ports[i].Name == outPort {
			return ports[i].TxPackets, nil
		}
	}
	return 0, fmt.Errorf("%s has no port %s", t.name, outPort)
}

// Worker returns the CPU time of the worker.
func (t *Parkway) Worker() (time.Duration, error) { return CPUTime(t.p.PID(), t.s.Worker) }

// Pause makes the daemon stand still.
func (t *Parkway) Pause() error { return t.p.Pause() }

// Resume lets it run again.
func (t *Parkway) Resume() error { return t.p.Resume() }

// Check demands that nothing was dropped and nothing waits. That every packet is accounted
// for, the daemon itself checks when it stops: only then are its counters at rest.
func (t *Parkway) Check(ctx context.Context) error {
	c, err := t.api.Counters(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	var errs []error
	for reason, n := range c.Drops {
		if n > 0 {
			errs = append(errs, fmt.Errorf("%s dropped %d packets: %s", t.name, n, reason))
		}
	}
	if c.Parked > 0 {
		errs = append(errs, fmt.Errorf("%s has %d packets parked", t.name, c.Parked))
	}
	return errors.Join(errs...)
}

// everyMbuf is what the daemon says when it ends and lacks nothing.
const everyMbuf = "every mbuf is back"

// Stop ends the daemon, which then counts packets and mbufs; what is missing is an error.
func (t *Parkway) Stop() error {
	if t.p == nil {
		return nil
	}
	p := t.p
	err := p.Stop(syscall.SIGTERM)
	if err == nil && !strings.Contains(p.Output(), everyMbuf) {
		err = fmt.Errorf("%s did not say that %s%s", t.name, everyMbuf, p.tail())
	}
	t.forget()
	return err
}

func (t *Parkway) forget() {
	t.api.Close()
	t.p, t.api = nil, nil
}
