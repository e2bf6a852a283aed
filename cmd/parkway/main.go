// SPDX-License-Identifier: Apache-2.0

// Command parkway is the gateway and everything that operates it; see `parkway --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/parkway-gw/parkway/bench/paced"
	"github.com/parkway-gw/parkway/bench/parkdrain"
	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/bench/updates"
	"github.com/parkway-gw/parkway/dpdk/spin"
	"github.com/parkway-gw/parkway/internal/app"
	"github.com/parkway-gw/parkway/internal/cli"
	"github.com/parkway-gw/parkway/internal/config"
)

var version = "unknown" // set by the linker

func main() {
	// The signals stay caught to the end: a second Ctrl-C must not stop the cleaning up.
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// SIGHUP reloads a gateway. Any other command it ends.
	ctx, hangUp := context.WithCancel(ctx)
	reload := make(chan struct{}, 1)
	var runs atomic.Bool
	go func() {
		hup := make(chan os.Signal, 1)
		signal.Notify(hup, syscall.SIGHUP)
		for range hup {
			if !runs.Load() {
				hangUp()
				continue
			}
			select {
			case reload <- struct{}{}:
			default: // one is asked for already
			}
		}
	}()
	p := cli.Program{
		Version: version,
		Run: func(ctx context.Context, c *config.Config) error {
			signal.Ignore(syscall.SIGPIPE) // a log that nobody reads any more does not end the gateway
			runs.Store(true)
			return app.Run(ctx, c, app.Options{Version: version, Reload: reload})
		},
		BenchServers: map[string]cli.BenchServer{
			target.UpdatesCommand:   updates.Serve,
			target.PacedCommand:     paced.Serve,
			target.ParkDrainCommand: parkdrain.Serve,
		},
		BenchSpin: func(cpu int, d time.Duration) (target.SpinResult, error) {
			g, err := spin.Run(cpu, d)
			return target.SpinResult{Longest: g.Longest, Reads: g.Reads}, err
		},

		Stdout: os.Stdout,
		Stderr: os.Stderr,
	}
	os.Exit(p.Main(ctx, os.Args[1:]))
}
