// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/internal/api"
)

func (p Program) neighborCommand() *cobra.Command {
	c := &cobra.Command{Use: "neighbor", Short: "Show the neighbor table, or act on it", Args: commandArgs,
		RunE: func(c *cobra.Command, _ []string) error { return noCommand(c) }}
	c.AddCommand(
		part(p, "show", "The neighbor table, as `parkway show neighbors`", (*api.Client).Neighbors, writeNeighbors),
		p.neighborAddCommand(), p.neighborDelCommand(), p.neighborFlushCommand(), p.neighborProbeCommand())
	return c
}

func (p Program) neighborAddCommand() *cobra.Command {
	add := &cobra.Command{
		Use:               "add ROUTER-PORT IP MAC",
		Short:             "Give a neighbor a MAC, until the gateway ends",
		Long:              "Give a neighbor a MAC, until the gateway ends or `parkway neighbor del`.\nFor good it belongs under static_mac_bindings in the configuration.",
		Example:           "  parkway neighbor add lr0-ext 192.168.123.9 00:00:03:00:00:09",
		Args:              exactly("the ROUTER-PORT", "the IP address of the neighbor", "the MAC of the neighbor"),
		ValidArgsFunction: completeNeighbors,
	}
	form := outputFlag(add)
	add.RunE = func(c *cobra.Command, args []string) error {
		daemon := client(c)
		defer daemon.Close()
		r, err := daemon.AddNeighbor(c.Context(), api.AddNeighborRequest{RouterPort: args[0], IP: args[1], MAC: args[2]})
		if err != nil {
			return err
		}
		if *form == asJSON {
			return printJSON(p.Stdout, r)
		}
		_, err = fmt.Fprintf(p.Stdout, "added %s %s behind %s\n", r.IP, r.MAC, r.RouterPort)
		return err
	}
	return add
}

func (p Program) neighborDelCommand() *cobra.Command {
	del := &cobra.Command{
		Use:               "del ROUTER-PORT IP",
		Short:             "Forget a neighbor that was learned or added, and free what waits for it",
		Example:           "  parkway neighbor del lr0-ext 192.168.123.9",
		Args:              exactly("the ROUTER-PORT", "the IP address of the neighbor"),
		ValidArgsFunction: completeNeighbors,
	}
	form := outputFlag(del)
	del.RunE = func(c *cobra.Command, args []string) error {
		daemon := client(c)
		defer daemon.Close()
		r, err := daemon.DeleteNeighbor(c.Context(), api.DeleteNeighborRequest{RouterPort: args[0], IP: args[1]})
		if err != nil {
			return err
		}
		if *form == asJSON {
			return printJSON(p.Stdout, r)
		}
		mac, waited := r.MAC, ""
		if mac == "" {
			mac = "(no MAC)"
		}
		if r.Packets > 0 {
			waited = fmt.Sprintf("; %s waited for it and went too", packets(uint64(r.Packets)))
		}
		_, err = fmt.Fprintf(p.Stdout, "deleted %s %s behind %s%s\n", r.IP, mac, r.RouterPort, waited)
		return err
	}
	return del
}

func (p Program) neighborFlushCommand() *cobra.Command {
	var req api.FlushRequest
	flush := &cobra.Command{
		Use:   "flush",
		Short: "Forget neighbors that are not static; they are asked for anew",
		Example: "  parkway neighbor flush\n" +
			"  parkway neighbor flush --router-port lr0-ext --ip 192.168.123.1",
		Args: exactly(),
	}
	p.flushes(flush, func(ctx context.Context, daemon *api.Client) (int, error) { return daemon.FlushNeighbors(ctx, req) })
	flush.Flags().StringVar(&req.RouterPort, "router-port", "", "only behind this router port")
	flush.Flags().StringVar(&req.IP, "ip", "", "only this address")
	_ = flush.RegisterFlagCompletionFunc("router-port", completeRouterPorts)
	_ = flush.RegisterFlagCompletionFunc("ip", func(c *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return completeNextHops(c, req.RouterPort)
	})
	return flush
}

// flushes has c tell the daemon to forget things, and print how many it forgot.
func (p Program) flushes(c *cobra.Command, flush func(context.Context, *api.Client) (int, error)) {
	form := outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		daemon := client(c)
		defer daemon.Close()
		n, err := flush(c.Context(), daemon)
		if err != nil {
			return err
		}
		if *form == asJSON {
			return printJSON(p.Stdout, api.FlushReply{Flushed: n})
		}
		_, err = fmt.Fprintf(p.Stdout, "flushed %d\n", n)
		return err
	}
}

func (p Program) neighborProbeCommand() *cobra.Command {
	probe := &cobra.Command{
		Use:   "probe ROUTER-PORT IP",
		Short: "Ask for a neighbor once and wait for the answer",
		Long: "Ask for a neighbor once, by ARP or Neighbor Discovery, and wait for the answer: its MAC alone\n" +
			"if that is known, else everybody. Without an answer the exit status is 1.",
		Example:           "  parkway neighbor probe lr0-ext 192.168.123.1\n  parkway neighbor probe lr0-ext 2001:db8:f0f0::10 --wait 3s",
		Args:              exactly("the ROUTER-PORT", "the IP address to ask for"),
		ValidArgsFunction: completeNeighbors,
	}
	wait := probe.Flags().Duration("wait", time.Second, "how long to wait for the answer")
	form := outputFlag(probe)
	probe.RunE = func(c *cobra.Command, args []string) error {
		if *wait <= 0 || *wait > api.MaxProbeWait*time.Second {
			return usagef("--wait is %v; it may be up to %ds", *wait, api.MaxProbeWait)
		}
		daemon := client(c)
		defer daemon.Close()
		r, err := daemon.ProbeNeighbor(c.Context(), api.ProbeNeighborRequest{RouterPort: args[0], IP: args[1], WaitSeconds: wait.Seconds()})
		if err != nil {
			return err
		}
		if *form == asJSON {
			if err := printJSON(p.Stdout, r); err != nil || r.Answered {
				return err
			}
			return silent{ExitFailed}
		}
		whom := "everybody was asked"
		if r.Kind == api.ProbeUnicast {
			whom = "its known MAC was asked"
		}
		if !r.Answered {
			return fmt.Errorf("no answer from %s behind %s within %v; %s", r.IP, r.RouterPort, *wait, whom)
		}
		_, err = fmt.Fprintf(p.Stdout, "%s is at %s behind %s, %v; %s\n", r.IP, r.MAC, r.RouterPort,
			time.Duration(r.RTTSeconds*float64(time.Second)).Round(time.Microsecond), whom)
		return err
	}
	return probe
}

// completeNeighbors asks the daemon for the router ports, and then for the neighbors
// behind the one that was chosen.
func completeNeighbors(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return completeRouterPorts(c, args, word)
	}
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completeNextHops(c, args[0])
}

// completeNextHops asks the daemon for the neighbors behind a router port, or behind all
// of them when there is none.
func completeNextHops(c *cobra.Command, routerPort string) ([]string, cobra.ShellCompDirective) {
	daemon := client(c)
	defer daemon.Close()
	neighbors, err := daemon.Neighbors(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ips []string
	for _, n := range neighbors {
		if routerPort == "" || n.RouterPort == routerPort {
			ips = append(ips, n.IP)
		}
	}
	return ips, cobra.ShellCompDirectiveNoFileComp
}

// completeRouterPorts asks the daemon for the names.
func completeRouterPorts(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	daemon := client(c)
	defer daemon.Close()
	t, err := daemon.Topology(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, r := range t.Routers {
		for _, port := range r.Ports {
			names = append(names, port.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
