// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/bench/target"
)

// benchPacedCommand is for `parkway bench`, which starts it; people have no use for it.
func (p Program) benchPacedCommand() *cobra.Command {
	return &cobra.Command{
		Use: target.PacedCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.BenchPaced(c.Context(), os.Stdin, p.Stdout) },
	}
}
