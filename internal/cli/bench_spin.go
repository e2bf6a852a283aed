// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/bench/target"
)

// benchSpinCommand is for `parkway bench`, which starts it; people have no use for it.
func (p Program) benchSpinCommand() *cobra.Command {
	return &cobra.Command{
		Use: target.SpinCommand + " CPU DURATION", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			cpu, err := strconv.Atoi(args[0])
			if err != nil {
				return usagef("%v", err)
			}
			d, err := time.ParseDuration(args[1])
			if err != nil {
				return usagef("%v", err)
			}
			r, err := p.BenchSpin(cpu, d)
			if err != nil {
				return err
			}
			return json.NewEncoder(p.Stdout).Encode(r)
		},
	}
}
