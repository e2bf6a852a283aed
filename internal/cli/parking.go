// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/internal/api"
)

func (p Program) parkedCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "parked",
		Short:   "Packets that wait for a next hop or for a gated port",
		Example: "  parkway show parked\n  parkway show parked --history",
		Args:    exactly(),
	}
	var history bool
	c.Flags().BoolVar(&history, "history", false, "instead the waits that have ended, newest first")
	form := outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if history {
			return display(p, c, *form, (*api.Client).History, writeHistory)
		}
		return display(p, c, *form, (*api.Client).Parked, writeParked)
	}
	return c
}

func (p Program) portCommand() *cobra.Command {
	c := &cobra.Command{Use: "port", Short: "Act on a gated switch port: one with park_until", Args: commandArgs,
		RunE: func(c *cobra.Command, _ []string) error { return noCommand(c) }}
	release := &cobra.Command{
		Use:               "release NAME",
		Short:             "Let go what waits for a gated switch port, as if it had come up",
		Example:           "  parkway port release pod1",
		Args:              exactly("the NAME of a gated switch port"),
		ValidArgsFunction: completeGates,
	}
	form := outputFlag(release)
	release.RunE = func(c *cobra.Command, args []string) error {
		if args[0] == "" {
			return usagef("`%s` needs the NAME of a gated switch port; see `%s --help`", c.CommandPath(), c.CommandPath())
		}
		daemon := client(c)
		defer daemon.Close()
		r, err := daemon.ReleasePort(c.Context(), args[0])
		if err != nil {
			return err
		}
		if *form == asJSON {
			return printJSON(p.Stdout, r)
		}
		_, err = fmt.Fprintf(p.Stdout, "released %d\n", r.Packets)
		return err
	}
	c.AddCommand(release)
	return c
}

// completeGates asks the daemon for the names of the gated ports.
func completeGates(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	daemon := client(c)
	defer daemon.Close()
	gates, err := daemon.Gates(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := make([]string, len(gates))
	for i, g := range gates {
		names[i] = g.Port
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func writeParked(w io.Writer, p api.Parked) error {
	err := table(w, "ROUTER-PORT NEXT-HOP WORKER PACKETS OLDEST AGE WAITING-FOR PROBES", func(row func(...any)) {
		for _, n := range p.NextHops {
			event := n.WaitingFor
			if n.Port != "" {
				event = n.Port + " " + event
			}
			row(n.RouterPort, n.IP, n.Worker, n.Packets, seconds(n.OldestSeconds), seconds(n.AgeSeconds), event, n.Probes)
		}
	})
	if err != nil {
		return err
	}
	var b strings.Builder
	totals := func(what string, t api.ParkedTotals) {
		fmt.Fprintf(&b, "%s %d = drained %d + evicted %d + expired %d + failed %d + discarded %d + in ring %d; rejected %d\n",
			what, t.Parked, t.Drained, t.Evicted, t.Expired, t.Failed, t.Discarded, t.InRing, t.Rejected)
	}
	b.WriteByte('\n')
	totals("parked", p.Totals)
	if p.Gated != (api.ParkedTotals{}) {
		totals("gated", p.Gated)
	}
	for _, waits := range p.Waits {
		if waits.Count > 0 {
			what := map[string]string{api.WaitsNextHop: "drained for next hops", api.WaitsGated: "drained for gated ports"}[waits.Kind]
			fmt.Fprintf(&b, "%s: %s, waited %s on average, 99 %% of them %s\n", what, packets(waits.Count),
				interval(waits.SumSeconds/float64(waits.Count)), within(waits, 0.99))
		}
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// within says how long a share of the packets waited at most, as far as the buckets
// tell.
func within(w api.Waits, share float64) string {
	want := uint64(math.Ceil(share * float64(w.Count)))
	longest := 0.0
	for _, b := range w.Buckets {
		if b.Count >= want {
			return "at most " + interval(b.LeSeconds)
		}
		longest = b.LeSeconds
	}
	return "longer than " + interval(longest)
}

func writeHistory(w io.Writer, history []api.Resolution) error {
	return table(w, "AT ROUTER-PORT NEXT-HOP RESULT MAC PACKETS PROBES WAIT ANSWER DRAIN PORT", func(row func(...any)) {
		for _, r := range history {
			row(moment(r.At), r.RouterPort, r.IP, r.Result, r.MAC, r.Packets, r.Probes,
				interval(r.WaitSeconds), known(r.AnswerSeconds), known(r.DrainSeconds), r.Port)
		}
	})
}

// known is interval, or nothing for a time that never was.
func known(s float64) string {
	if s == 0 {
		return ""
	}
	return interval(s)
}

// moment writes a time of the API to the millisecond.
func moment(at string) string {
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		return t.Format("2006-01-02T15:04:05.000Z07:00")
	}
	return at
}

// interval writes a time for people, down to a tenth of a microsecond.
func interval(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Millisecond:
		d = d.Round(100 * time.Nanosecond)
	case d < time.Second:
		d = d.Round(10 * time.Microsecond)
	case d < time.Minute:
		d = d.Round(time.Millisecond)
	default:
		d = d.Round(time.Second)
	}
	return strings.ReplaceAll(d.String(), "µ", "u")
}
