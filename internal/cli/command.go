// SPDX-License-Identifier: Apache-2.0

package cli

import "github.com/spf13/cobra"

// Command is the command table, for internal/manual. Run it by Main only, which knows
// the exit statuses.
func (p Program) Command() *cobra.Command { return p.root() }
