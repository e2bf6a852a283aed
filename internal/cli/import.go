// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/internal/ovnnb"
)

const (
	importTimeout = time.Minute // for a server's whole answer
	maxLeftLines  = 20          // per table and column of what was left out
)

func (p Program) importCommand() *cobra.Command {
	c := &cobra.Command{Use: "import", Short: "Make a configuration of another system's", Args: commandArgs,
		RunE: func(c *cobra.Command, _ []string) error { return noCommand(c) }}
	c.AddCommand(p.importOVNCommand())
	return c
}

func (p Program) importOVNCommand() *cobra.Command {
	var o ovnnb.Options
	var file string
	var ports []string
	var strict, force bool
	c := &cobra.Command{
		Use:   "ovn SOURCE",
		Short: "Make a configuration of an OVN Northbound database",
		Long: `Make a configuration of an OVN Northbound database: of a server's (unix:PATH or
tcp:HOST:PORT), of a database file, or of what "ovsdb-client dump -f json" prints.

What comes out passes "parkway check". OVN does not know which NICs this node has:
name them with --port or in the section ports, or let --taps make a tap of every
switch port. Rows that Parkway can't have are left out and listed on standard error.`,
		Example: "  parkway import ovn --strict -o gw.yaml unix:/run/ovn/ovnnb_db.sock",
		Args:    exactly("a SOURCE: unix:PATH, tcp:HOST:PORT, a database file or a dump"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if o.Ports, err = devices(ports); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context(), importTimeout)
			defer cancel()
			db, err := ovnnb.Read(ctx, args[0])
			if err != nil {
				return err
			}
			r, err := ovnnb.Import(c.Context(), db, o)
			if err != nil {
				return err
			}
			for _, line := range ovnnb.Report(r.Unsupported, maxLeftLines) {
				fmt.Fprintf(p.Stderr, "not imported: %s\n", line)
			}
			if strict && len(r.Unsupported) > 0 {
				fmt.Fprintf(p.Stderr, "parkway: %s not supported, and --strict was given: nothing was written\n", countOf(len(r.Unsupported), "row or column is", "rows or columns are"))
				return silent{ExitCheck}
			}
			if file == "" || file == "-" {
				_, err := p.Stdout.Write(r.YAML)
				return err
			}
			if err := writeNew(file, r.YAML, force); err != nil {
				return err
			}
			next := "parkway run -c " + file
			if strings.Contains(string(r.YAML), "set-me-") {
				next = "name the NICs in its section ports"
			}
			fmt.Fprintf(p.Stderr, "%s: written (%s); next: %s\n", file, r.Config.Summary(), next)
			return nil
		},
	}
	c.Flags().BoolVar(&strict, "strict", false, "fail with exit status 3, and write nothing, if anything must be left out")
	c.Flags().StringVarP(&file, "output", "o", "", "write to this `FILE` instead of standard output")
	c.Flags().BoolVar(&force, "force", false, "replace FILE if it is there")
	c.Flags().StringArrayVar(&o.Routers, "router", nil, "only the router `NAME` and the switches that it is on; may be repeated")
	c.Flags().StringArrayVar(&ports, "port", nil, "the device of a switch port or physical network, as `NAME=DEVICE`: physnet1=eth1, physnet1=0000:3b:00.0 or vm1=net_tap0,iface=vm1; may be repeated")
	c.Flags().BoolVar(&o.Taps, "taps", false, "make every other port a tap, named like its switch port")
	return c
}

// devices reads the values of --port.
func devices(ports []string) (map[string]string, error) {
	m := map[string]string{}
	for _, p := range ports {
		name, device, found := strings.Cut(p, "=")
		if !found || name == "" || device == "" {
			return nil, usagef("--port wants NAME=DEVICE, such as physnet1=eth1, not %q", p)
		}
		if m[name] != "" {
			return nil, usagef("--port %s is there twice", name)
		}
		m[name] = device
	}
	return m, nil
}

func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// writeNew writes a file whole or not at all. One that is there was perhaps edited, so
// it is replaced only when that was asked for.
func writeNew(path string, data []byte, force bool) error {
	if _, err := os.Lstat(path); err == nil && !force {
		return fmt.Errorf("%s is there already; name another file, or add --force to replace it", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".parkway-*")
	if err == nil {
		defer os.Remove(f.Name()) // unless it was renamed
		_, err = f.Write(data)
		err = errors.Join(err, f.Chmod(0o644), f.Close())
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
	}
	if err != nil {
		var perr *fs.PathError
		if errors.As(err, &perr) {
			err = perr.Err
		}
		return fmt.Errorf("%s can't be written: %w; check its folder", path, err)
	}
	return nil
}
