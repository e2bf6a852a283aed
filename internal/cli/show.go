// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/internal/api"
)

func (p Program) showCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "show",
		Short:   "Show the logical network as `ovn-nbctl show` does, with its state; or one of its tables",
		Example: "  parkway show\n  parkway show neighbors -o json",
		Args:    commandArgs,
	}
	view(p, c, (*api.Client).Topology, writeTopology)
	c.AddCommand(
		part(p, "ports", "Ports and their traffic", (*api.Client).Ports, writePorts),
		part(p, "neighbors", "The neighbor table", (*api.Client).Neighbors, writeNeighbors),
		p.parkedCommand(),
		part(p, "fdb", "Where the switches know MACs", (*api.Client).FDB, writeFDB),
		part(p, "switch-ports", "What the limits of switch ports have ended", (*api.Client).SwitchPorts, writeSwitchPorts),
		part(p, "routes", "Routes", (*api.Client).Routes, writeRoutes),
		part(p, "policies", "Router policies and their packets", (*api.Client).Policies, writePolicies),
		p.workersCommand(),
		part(p, "stages", "What each stage of the pipeline costs per packet, as far as `parkway worker sample` has polls measured", (*api.Client).Stages, writeStages),
		part(p, "counters", "All packets: where they came from and where they went", (*api.Client).Counters, writeCounters),
		p.dropsCommand(),
		part(p, "config", "The effective configuration", (*api.Client).Config, writeConfig),
	)
	return c
}

func part[T any](p Program, name, short string, get func(*api.Client, context.Context) (T, error), write func(io.Writer, T) error) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short, Args: exactly()}
	view(p, c, get, write)
	return c
}

// view makes c print one answer of the daemon.
func view[T any](p Program, c *cobra.Command, get func(*api.Client, context.Context) (T, error), write func(io.Writer, T) error) {
	form := outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error { return display(p, c, *form, get, write) }
}

// display prints one answer of the daemon in the given form.
func display[T any](p Program, c *cobra.Command, form format, get func(*api.Client, context.Context) (T, error), write func(io.Writer, T) error) error {
	daemon := client(c)
	defer daemon.Close()
	v, err := get(daemon, c.Context())
	if err != nil {
		return err
	}
	if form == asJSON {
		return printJSON(p.Stdout, v)
	}
	return write(p.Stdout, v)
}

func (p Program) dropsCommand() *cobra.Command {
	var all bool
	c := part(p, "drops", "Why packets were freed, and what to do", (*api.Client).Drops, func(w io.Writer, drops []api.Drop) error {
		return writeDrops(w, drops, all)
	})
	c.Flags().BoolVar(&all, "all", false, "also the reasons that never happened (always so in JSON)")
	return c
}
