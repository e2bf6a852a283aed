// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/internal/api"
)

func (p Program) fdbCommand() *cobra.Command {
	c := &cobra.Command{Use: "fdb", Short: "Show where the switches know MACs, or forget what they learned", Args: commandArgs,
		RunE: func(c *cobra.Command, _ []string) error { return noCommand(c) }}
	c.AddCommand(
		part(p, "show", "Where the switches know MACs, as `parkway show fdb`", (*api.Client).FDB, writeFDB),
		p.fdbFlushCommand())
	return c
}

func (p Program) fdbFlushCommand() *cobra.Command {
	var req api.FlushFDBRequest
	flush := &cobra.Command{
		Use:     "flush",
		Short:   "Forget learned MACs; they are reached by flooding until they are heard again",
		Example: "  parkway fdb flush\n  parkway fdb flush --switch-port ext-localnet",
		Args:    exactly(),
	}
	p.flushes(flush, func(ctx context.Context, daemon *api.Client) (int, error) { return daemon.FlushFDB(ctx, req) })
	flush.Flags().StringVar(&req.Switch, "switch", "", "only of this switch")
	flush.Flags().StringVar(&req.SwitchPort, "switch-port", "", "only behind this switch port")
	flush.Flags().StringVar(&req.MAC, "mac", "", "only this address")
	return flush
}

func writeFDB(w io.Writer, f api.FDB) error {
	err := table(w, "SWITCH MAC PORT ORIGIN AGE MOVES", func(row func(...any)) {
		for _, e := range f.Entries {
			age := "-"
			if e.Origin == api.FDBLearned {
				age = seconds(e.AgeSeconds)
			}
			row(e.Switch, e.MAC, e.SwitchPort, e.Origin, age, e.Moves)
		}
	})
	if err != nil {
		return err
	}
	t := f.Totals
	_, err = fmt.Fprintf(w, "\nlearned %d of %d; not learned: %d table full, %d mac_limit; moved %d, aged out %d\n",
		t.Learned, t.Max, t.Full, t.Limited, t.Moves, t.Aged)
	return err
}

func writeSwitchPorts(w io.Writer, ports []api.SwitchPortLimits) error {
	return table(w, "SWITCH PORT LEARNED MAC-LIMIT NOT-LEARNED STORM-BROADCAST STORM-MULTICAST STORM-UNKNOWN-UNICAST PORT-SECURITY", func(row func(...any)) {
		for _, p := range ports {
			limit := "-"
			if p.MACLimit > 0 {
				limit = fmt.Sprint(p.MACLimit)
			}
			row(p.Switch, p.SwitchPort, p.Learned, limit, p.Limited, p.StormBroadcast, p.StormMulticast, p.StormUnknownUnicast, p.Security)
		}
	})
}
