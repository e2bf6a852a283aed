// SPDX-License-Identifier: Apache-2.0

package taps

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/lab"
)

// Options say what to start.
type Options struct {
	Binary          string // parkway's
	Dir             string // a folder of its own
	Control, Worker int    // CPUs
	Idle            Idle
	Scripted        bool // PCExt is not a kernel: a lab.Neighbor on its tap plays it
}

// Gateway is a running daemon and its hosts. What it made goes with its lab.
type Gateway struct {
	API *api.Client

	o     Options
	lab   *lab.Lab
	ns    *lab.NS
	proc  *lab.Proc
	hosts map[string]*lab.NS
}

const startTime = time.Minute

// Start starts a daemon in a namespace of its own and gives its taps to PC1, PC3 and PCExt.
// The hosts know the gateway's MACs.
func Start(ctx context.Context, l *lab.Lab, o Options) (*Gateway, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if _, err := os.Stat("/dev/net/tun"); err != nil || os.Geteuid() != 0 {
		return nil, errors.New("taps and network namespaces need root and /dev/net/tun")
	}
	g := &Gateway{o: o, lab: l, hosts: map[string]*lab.NS{}}
	var err error
	if g.ns, err = l.Add(ctx, "gw-"+string(o.Idle)); err != nil {
		return nil, err
	}
	file, socket := filepath.Join(o.Dir, "gateway.yaml"), filepath.Join(o.Dir, "gw.sock")
	if err := os.WriteFile(file, []byte(Config(o.Control, o.Worker, o.Idle)), 0o600); err != nil {
		return nil, err
	}
	if g.proc, err = l.Start(g.ns, o.Binary, "run", "-c", file, "--socket", socket); err != nil {
		return nil, err
	}
	g.API = api.Dial(socket)
	l.Defer(func(context.Context) error { g.API.Close(); return g.Resume() }) // paused it would not hear that it is to end
	if err := g.healthy(ctx); err != nil {
		return nil, fmt.Errorf("parkway on taps: %w; its log:\n%s", err, g.proc.Log())
	}
	for _, h := range []Host{PC1, PC3, PCExt} {
		if err := g.plug(ctx, h); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *Gateway) healthy(ctx context.Context) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return lab.Wait(ctx, "the gateway to answer", func() error {
		if ended, err := g.proc.Exited(); ended {
			giveUp(fmt.Errorf("it has ended: %w", err))
			return errors.New("it has ended")
		}
		h, err := g.API.Health(ctx)
		if err == nil && !h.OK() {
			err = fmt.Errorf("%v", h.Problems)
		}
		return err
	})
}

// plug gives a host its tap.
func (g *Gateway) plug(ctx context.Context, h Host) error {
	ns, err := g.lab.Add(ctx, h.Name+"-"+string(g.o.Idle))
	if err != nil {
		return err
	}
	g.hosts[h.Name] = ns
	if err := lab.MoveLink(ctx, g.ns, h.Tap, ns); err != nil {
		return err
	}
	if g.o.Scripted && h.Name == PCExt.Name {
		return nil
	}
	as := lab.Host{MAC: h.MAC, Gateways: h.gateways[:]}
	for i, a := range h.Addrs {
		as.Addrs = append(as.Addrs, netip.PrefixFrom(a, h.bits[i]))
	}
	if err := ns.Setup(ctx, h.Tap, as); err != nil {
		return err
	}
	if h.Name == PCExt.Name {
		return nil // the one that gets to know the gateway
	}
	for _, gw := range h.gateways {
		if _, err := ns.Run(ctx, "ip", "neigh", "replace", gw.String(), "lladdr", h.gateway.String(), "nud", "permanent", "dev", h.Tap); err != nil {
			return err
		}
	}
	return nil
}

// NS is a host's namespace.
func (g *Gateway) NS(h Host) *lab.NS { return g.hosts[h.Name] }

// Forget has the gateway forget its neighbors, and PCExt's kernel the gateway.
func (g *Gateway) Forget(ctx context.Context) error {
	if _, err := g.API.FlushNeighbors(ctx, api.FlushRequest{}); err != nil {
		return err
	}
	if g.o.Scripted {
		return nil
	}
	return g.hosts[PCExt.Name].FlushNeighbors(ctx, PCExt.Tap)
}

// Pause makes the daemon stand still, and Resume lets it run again.
func (g *Gateway) Pause() error { return g.proc.Signal(syscall.SIGSTOP) }

// Resume lets a paused daemon run again.
func (g *Gateway) Resume() error { return g.proc.Signal(syscall.SIGCONT) }

// WorkerTime is the CPU time of the worker, ControlTime that of the daemon's other threads.
func (g *Gateway) WorkerTime() (time.Duration, error) {
	return target.CPUTime(g.proc.Pid(), g.o.Worker)
}

// ControlTime is the CPU time of all threads but the worker's.
func (g *Gateway) ControlTime() (time.Duration, error) {
	return target.CPUTime(g.proc.Pid(), g.o.Control)
}

// everyMbuf is what the daemon says when it ends and lacks nothing.
const everyMbuf = "every mbuf is back"

// Stop ends the daemon, which then counts packets and mbufs; what is missing is an error.
func (g *Gateway) Stop(ctx context.Context) error {
	if err := g.Resume(); err != nil {
		return err
	}
	if err := g.proc.Stop(ctx, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop parkway: %w; its log:\n%s", err, g.proc.Log())
	}
	if !strings.Contains(g.proc.Log(), everyMbuf) {
		return fmt.Errorf("parkway did not say that %s; its log:\n%s", everyMbuf, g.proc.Log())
	}
	return nil
}
