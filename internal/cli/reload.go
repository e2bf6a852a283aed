// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/internal/api"
)

func (p Program) reloadCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "reload",
		Short: "Have the gateway read its configuration again",
		Long: "Have the gateway read its configuration again and wait until it is in force. Switches, routers,\n" +
			"routes, MAC bindings and log.level change without losing a packet of other flows. Where another\n" +
			"key has changed, or the file does not pass `parkway check`, nothing changes; the exit status is\n" +
			"1, or 3 if it was the check.",
		Args: exactly(),
	}
	form := outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		daemon := client(c)
		defer daemon.Close()
		ctx, cancel := context.WithTimeout(c.Context(), api.ReloadTimeout)
		defer cancel()
		r, err := daemon.Reload(ctx)
		var status *api.StatusError
		if errors.As(err, &status) && status.Status == http.StatusUnprocessableEntity {
			fmt.Fprintln(p.Stderr, strings.TrimRight(status.Message, "\n"))
			return silent{ExitCheck}
		}
		if err != nil {
			return err
		}
		if *form == asJSON {
			return printJSON(p.Stdout, r)
		}
		for _, w := range r.Warnings {
			fmt.Fprintln(p.Stderr, "warning:", w)
		}
		for _, line := range r.Changes {
			fmt.Fprintln(p.Stdout, line)
		}
		if r.More > 0 {
			fmt.Fprintf(p.Stdout, "and %d more\n", r.More)
		}
		_, err = fmt.Fprintf(p.Stdout, "reloaded %s: %d changes\n", r.File, len(r.Changes)+r.More)
		return err
	}
	return c
}
