// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/bench"
	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/internal/api"
)

// benchCase is a case in the JSON of `parkway bench --list`.
type benchCase struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Goal  string `json:"goal"`
}

func (p Program) benchCommand() *cobra.Command {
	var list bool
	var o bench.Options
	var memory, record string
	cases := append(bench.Cases(), p.BenchCases...)
	c := &cobra.Command{
		Use:   "bench [CASE...]",
		Short: "Measure this gateway beside its references, in one run on this machine",
		Long: "Measure this gateway beside its references, which take turns on the same input; all cases, or those\n" +
			"named. Ratios within one run mean something on any machine, figures of two runs do not compare. A\n" +
			"reference that this machine lacks (dpdk-testpmd) is left out and said. Hugepages that are reserved\n" +
			"for the run are given back. The exit status does not depend on the figures, only on whether every\n" +
			"packet was accounted for.",
		Example: "  parkway bench --list\n  parkway bench forward-ipv4 --quick\n  sudo parkway bench forward-ipv4 flows --record results",
	}
	c.ValidArgsFunction = func(*cobra.Command, []string, string) (names []string, _ cobra.ShellCompDirective) {
		for _, known := range cases {
			names = append(names, known.Name+"\t"+known.Title)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	form := outputFlag(c)
	c.Flags().BoolVar(&list, "list", false, "list the cases and measure nothing")
	c.Flags().BoolVar(&o.Quick, "quick", false, "seconds instead of minutes: shows that it works, not how fast")
	c.Flags().IntVar(&o.Rounds, "rounds", 0, "windows of each system; 0 is 9, or 2 with --quick")
	c.Flags().DurationVar(&o.Window, "window", 0, "length of a window; 0s is 3s, or 300ms with --quick")
	c.Flags().StringVar(&memory, "memory", "auto", "where DPDK's memory comes from: auto, hugepages or no-huge")
	c.Flags().StringVar(&o.Against, "against", "", "another parkway binary, which takes the place of the references")
	c.Flags().Float64Var(&o.Allowed, "threshold", 0, "with --against: fail when a rate is so many percent lower; 0 never fails")
	c.Flags().StringVar(&record, "record", "", "write each result into this folder as CASE.json")
	_ = c.RegisterFlagCompletionFunc("memory", cobra.FixedCompletions([]string{"auto", "hugepages", "no-huge"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.MarkFlagDirname("record")
	_ = c.MarkFlagFilename("against")
	c.RunE = func(c *cobra.Command, args []string) error {
		chosen, err := bench.Find(cases, args)
		if err != nil {
			return usagef("%v", err)
		}
		if list {
			return p.listCases(*form, chosen)
		}
		switch o.Memory = target.Memory(memory); {
		case memory == "auto":
			o.Memory = ""
		case o.Memory != target.Hugepages && o.Memory != target.NoHuge:
			return usagef("--memory is auto, hugepages or no-huge, not %q", memory)
		}
		if o.Rounds < 0 || o.Window < 0 || o.Window > 0 && o.Window < 50*time.Millisecond {
			return usagef("--rounds is at least 1, --window at least 50ms")
		}
		switch {
		case o.Against != "" && record != "":
			return usagef("--record is for results beside the references; a comparison by --against is not one")
		case o.Allowed < 0 || o.Allowed >= 100 || o.Allowed > 0 && o.Against == "":
			return usagef("--threshold is a percentage below 100, and goes with --against")
		}
		if o.Against, err = program(o.Against); err != nil {
			return err
		}
		if o.Binary, err = os.Executable(); err != nil {
			return fmt.Errorf("the path of this program: %w", err)
		}
		o.Version, o.Log = p.Version, p.Stderr
		results, err := measure(c.Context(), o, chosen, record, func(r *bench.Result) error {
			if *form == asJSON {
				return nil // all at the end, as one list
			}
			return bench.WriteTable(p.Stdout, r)
		})
		if *form == asJSON {
			err = errors.Join(err, printJSON(p.Stdout, results))
		}
		if err == nil && o.Allowed > 0 && slower(results) {
			err = fmt.Errorf("slower than %s by more than %v %%", o.Against, o.Allowed)
		}
		return err
	}
	return c
}

// program returns the path of a binary that systems run from any folder; "" of "".
func program(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	path, err := exec.LookPath(file)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", fmt.Errorf("--against: %w", err)
	}
	return filepath.Abs(path)
}

// slower says whether a comparison went beyond the threshold.
func slower(results []*bench.Result) bool {
	return slices.ContainsFunc(results, func(r *bench.Result) bool { return !r.Met() })
}

// measure runs cases and shows and records each result. A case that fails does not keep
// the others from running.
func measure(ctx context.Context, o bench.Options, cases []bench.Case, record string, show func(*bench.Result) error) (results api.List[*bench.Result], err error) {
	r, err := bench.NewRunner(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, c := range cases {
		res, failed := r.Run(ctx, c)
		if ctx.Err() != nil {
			return results, errors.New("interrupted; nothing is left behind, and no result of the case that was running")
		}
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		results = append(results, res)
		if err := show(res); err != nil {
			return results, err
		}
		if record != "" {
			if err := res.Write(record); err != nil {
				return results, err
			}
		}
	}
	return results, err
}

func (p Program) listCases(form format, cases []bench.Case) error {
	var out api.List[benchCase]
	for _, c := range cases {
		out = append(out, benchCase{c.Name, c.Title, c.Goal})
	}
	if form == asJSON {
		return printJSON(p.Stdout, out)
	}
	for _, c := range out {
		fmt.Fprintf(p.Stdout, "%-14s %s\n", c.Name, c.Title)
		if c.Goal != "" {
			fmt.Fprintf(p.Stdout, "%14s goal: %s\n", "", c.Goal)
		}
	}
	return nil
}
