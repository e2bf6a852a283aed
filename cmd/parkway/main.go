// SPDX-License-Identifier: Apache-2.0

// Command parkway is the gateway and everything that operates it; see `parkway --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/parkway-gw/parkway/internal/app"
	"github.com/parkway-gw/parkway/internal/cli"
	"github.com/parkway-gw/parkway/internal/config"
)

var version = "unknown" // set by the linker

func main() {
	// The signals stay caught to the end: a second Ctrl-C must not stop the cleaning up.
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	p := cli.Program{
		Version: version,
		Run: func(ctx context.Context, c *config.Config) error {
			signal.Ignore(syscall.SIGPIPE) // a log that nobody reads any more does not end the gateway
			return app.Run(ctx, c, app.Options{Version: version})
		},
		Stdout: os.Stdout,
		Stderr: os.Stderr,
	}
	os.Exit(p.Main(ctx, os.Args[1:]))
}
