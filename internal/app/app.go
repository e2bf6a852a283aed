// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/metrics"
)

const patience = 5 * time.Second // for any part to start or to end

// Options are what is not in the configuration.
type Options struct {
	Version string
	Log     io.Writer       // nil: standard error
	Reload  <-chan struct{} // each value asks for a reload; nil: only the API does
}

// Run is the daemon: it returns nil when ctx has ended and everything was given back,
// every mbuf counted. Any error is one line per cause, and leaves nothing behind
// either: no port, socket, lock file or runtime folder.
func Run(ctx context.Context, c *config.Config, o Options) error {
	if o.Log == nil {
		o.Log = os.Stderr
	}
	g := &gateway{cfg: c, version: o.Version, started: time.Now(), patience: patience, told: o.Reload}
	g.log = newLogger(c.Log, o.Log, &g.level)
	g.current.Store(c)
	g.reloads.state = api.Reloads{LastOK: true, LoadedAt: float64(g.started.UnixMilli()) / 1e3}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g.fail = cancel
	err := g.start(ctx)
	if err == nil {
		notify("READY=1")
		g.log.Info("the gateway runs", "name", c.System.Name, "version", o.Version, "config", c.File, "summary", c.Summary(), "socket", c.API.Socket)
		<-ctx.Done()
		err = context.Cause(ctx)
		notify("STOPPING=1")
		g.log.Info("the gateway stops")
	}
	if errors.Is(err, context.Canceled) {
		err = nil // asked to end, also while starting
	}
	if err = errors.Join(err, g.stop()); err == nil {
		g.log.Info("the gateway has stopped; every mbuf is back")
	}
	return err
}

// gateway is a daemon from start to stop.
type gateway struct {
	cfg      *config.Config                // that it was started with; see config
	current  atomic.Pointer[config.Config] // what is in force
	level    slog.LevelVar
	reloads  reloads
	told     <-chan struct{}
	version  string
	log      *slog.Logger
	started  time.Time
	patience time.Duration
	fail     context.CancelCauseFunc // a part has ended that should not have
	undo     []func() error          // what stop does, last first
	source   source
	socket   *api.Listener
}

// config is the configuration in force. Only what a reload may change differs from the
// one at the start.
func (g *gateway) config() *config.Config { return g.current.Load() }

// errStuck marks a part that does not end: what it uses must not be taken away.
var errStuck = errors.New("it does not end")

// onStop adds to what stop does.
func (g *gateway) onStop(f func() error) { g.undo = append(g.undo, f) }

// stop gives everything back, last first. Where a part is stuck the rest is left to
// the kernel. Socket and lock go at the very end, and in any case: until then another
// instance must not take ports and folders that this one still has.
func (g *gateway) stop() error {
	var errs []error
	for i := len(g.undo) - 1; i >= 0; i-- {
		err := g.undo[i]()
		errs = append(errs, err)
		if errors.Is(err, errStuck) {
			break
		}
	}
	g.undo = nil
	if g.socket != nil {
		errs = append(errs, g.socket.Close())
	}
	return errors.Join(errs...)
}

// background runs a part until stop, which waits for it. A part that ends on its own
// ends the gateway.
func (g *gateway) background(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := run(ctx)
		if ctx.Err() == nil {
			if err == nil {
				err = errors.New("it ended")
			}
			g.fail(fmt.Errorf("%s: %w", name, err))
			err = nil // said once
		}
		done <- err
	}()
	g.onStop(func() error {
		cancel()
		var err error
		select {
		case err = <-done:
		case <-time.After(g.patience):
			err = fmt.Errorf("%w within %v", errStuck, g.patience)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return err
	})
}

// start brings the parts up, cheap refusals first: nothing touches DPDK before the
// socket is ours.
func (g *gateway) start(ctx context.Context) error {
	c := g.cfg
	g.source.gateway = g
	socket, err := api.Listen(c.API.Socket, c.API.Mode)
	if err != nil {
		return err
	}
	g.socket = socket
	var scrapes net.Listener
	if c.Metrics.Listen != "" {
		if scrapes, err = metrics.Listen(c.Metrics.Listen); err != nil {
			return err
		}
		g.onStop(func() error { _ = scrapes.Close(); return nil }) // closed by its server before, as a rule
	}
	if err := preflight(c); err != nil {
		return err
	}
	if err := confine(c.CPU); err != nil {
		return err
	}
	boundMemory(c)

	eal, err := startEAL(c, g.log)
	if err != nil {
		return err
	}
	g.onStop(eal.Close)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := g.startDatapath(ctx, eal); err != nil {
		return err
	}
	server := api.NewServer(&g.source, g.log)
	g.background("API", func(ctx context.Context) error { return server.Serve(ctx, socket.Listener) })
	if scrapes != nil {
		mo := metrics.Options{Version: g.version, APIRefused: server.Refused, Log: g.log}
		g.background("metrics", func(ctx context.Context) error { return metrics.Serve(ctx, scrapes, &g.source, mo) })
	}
	return nil
}

// startDatapath starts workers and control, in this order: what workers ask for
// meanwhile waits in rings.
func (g *gateway) startDatapath(ctx context.Context, eal *dpdk.EAL) error {
	cfg, err := forwarderConfig(g.cfg, eal, g.log)
	if err != nil {
		return err
	}
	f, err := forwarder.New(cfg)
	if err != nil {
		return err
	}
	g.onStop(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), g.patience)
		defer cancel()
		err := f.Stop(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.Join(err, errStuck) // nothing was freed
		}
		return err
	})
	ac := arpbufConfig(g.cfg, eal, g.log)
	ac.Saved = readSaved(g.cfg, g.log)
	r, err := arpbuf.New(f, ac)
	if err != nil {
		return err
	}
	if err := f.Start(); err != nil {
		return err
	}
	g.onStop(func() error { save(g.cfg, g.log, r.Save()); return nil }) // once control has ended
	g.background("control", r.Run)
	select {
	case <-r.Ready():
	case <-ctx.Done(): // also when control could not start: that is the cause then
		return context.Cause(ctx)
	case <-time.After(g.patience):
		return fmt.Errorf("control: its lcore on CPU %d does not start; is the CPU taken?", g.cfg.CPU.Control)
	}
	links := &linkWatch{read: f.Links, tell: r.PortLink, lost: r.PortLost, log: g.log}
	g.background("links", links.run)
	m := newMonitor(f, r)
	g.background("monitor", m.run)
	g.source.f, g.source.r, g.source.health, g.source.links = f, r, m, links
	g.background("reload", func(ctx context.Context) error { return g.reloadOnSignal(ctx, g.told) })
	return nil
}
