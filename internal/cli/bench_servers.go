// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"
)

// A BenchServer runs a gateway for one case of `parkway bench`, which tells it on in what
// to do and reads from out what it saw, until in ends.
type BenchServer func(ctx context.Context, in io.Reader, out io.Writer) error

// benchServerCommands are for `parkway bench`, which starts them; people have no use for
// them.
func (p Program) benchServerCommands() []*cobra.Command {
	var commands []*cobra.Command
	for _, name := range slices.Sorted(maps.Keys(p.BenchServers)) {
		commands = append(commands, &cobra.Command{
			Use: name, Hidden: true, Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				return p.BenchServers[name](c.Context(), os.Stdin, p.Stdout)
			},
		})
	}
	return commands
}
