// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/demo"
)

func (p Program) runCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:     "run -c FILE",
		Short:   "Run the gateway until SIGTERM or SIGINT",
		Example: "  parkway run -c /etc/parkway/parkway.yaml",
		Args:    exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			if file == "" {
				return usagef("`parkway run` needs a configuration: -c FILE")
			}
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			for _, w := range cfg.Warnings {
				w.Msg = "warning: " + w.Msg
				fmt.Fprintln(p.Stderr, w)
			}
			if flag := c.Flag("socket"); flag.Changed {
				cfg.API.Socket, cfg.API.FromFlag = flag.Value.String(), true
			}
			return p.Run(c.Context(), cfg)
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "", "the configuration file")
	_ = c.MarkFlagFilename("config", "yaml", "yml")
	return c
}

// checkReport is the JSON of `parkway check`.
type checkReport struct {
	OK       bool                   `json:"ok"`
	Summary  string                 `json:"summary"`
	Problems api.List[checkProblem] `json:"problems"`
	Warnings api.List[checkProblem] `json:"warnings"`
}

type checkProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // 0: none
	Column  int    `json:"column"` // 0: none
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

func checkProblems(ps []config.Problem) (out []checkProblem) {
	for _, p := range ps {
		out = append(out, checkProblem{File: p.File, Line: p.Line, Column: p.Col, Message: p.Msg, Hint: p.Hint})
	}
	return out
}

func (p Program) checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "check FILE",
		Short:   "Check a configuration file; needs neither root nor DPDK",
		Example: "  parkway check /etc/parkway/parkway.yaml",
		Args:    exactly("a FILE"),
	}
	form := outputFlag(c)
	c.RunE = func(_ *cobra.Command, args []string) error {
		cfg, err := config.Load(args[0])
		if *form == asTable {
			if err != nil {
				return err
			}
			for _, w := range cfg.Warnings {
				w.Msg = "warning: " + w.Msg
				fmt.Fprintln(p.Stderr, w)
			}
			fmt.Fprintf(p.Stdout, "%s: ok (%s)\n", args[0], cfg.Summary())
			return nil
		}
		report := checkReport{OK: err == nil}
		var problems config.Problems
		switch {
		case err == nil:
			report.Summary, report.Warnings = cfg.Summary(), checkProblems(cfg.Warnings)
		case errors.As(err, &problems):
			report.Problems = checkProblems(problems)
		default:
			return err
		}
		if err := printJSON(p.Stdout, report); err != nil {
			return err
		}
		if !report.OK {
			return silent{ExitCheck}
		}
		return nil
	}
	return c
}

func (p Program) demoCommand() *cobra.Command {
	c := &cobra.Command{Use: "demo", Short: "The article's topology in network namespaces; needs root, no NIC", Args: commandArgs,
		RunE: func(c *cobra.Command, _ []string) error { return noCommand(c) }}
	o := demo.Options{Out: p.Stdout, Log: p.Stderr}
	ping := &cobra.Command{Use: "ping", Short: "Ping through a gateway that knows no neighbor yet", Args: exactly()}
	form := outputFlag(ping)
	ping.RunE = func(c *cobra.Command, _ []string) error {
		if *form == asTable {
			return demo.Ping(c.Context(), o)
		}
		r, err := demo.Measure(c.Context(), o)
		if err != nil {
			return err
		}
		if err := printJSON(p.Stdout, r); err != nil {
			return err
		}
		return r.Err()
	}
	c.AddCommand(
		&cobra.Command{Use: "up", Short: "Build the topology and start the gateway", Args: exactly(),
			RunE: func(c *cobra.Command, _ []string) error { return demo.Up(c.Context(), o) }},
		ping,
		&cobra.Command{Use: "down", Short: "End the gateway and remove everything", Args: exactly(),
			RunE: func(c *cobra.Command, _ []string) error { return demo.Down(c.Context(), o) }})
	return c
}

func (p Program) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:       "completion bash|zsh|fish",
		Short:     "Print a shell's completion script",
		Example:   "  parkway completion bash > /etc/bash_completion.d/parkway",
		ValidArgs: shells,
		Args:      exactly("a shell: bash, zsh or fish"),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(p.Stdout)
			case "fish":
				return root.GenFishCompletion(p.Stdout, true)
			}
			return usagef("there is no completion for %q; the shells are bash, zsh and fish", args[0])
		},
	}
}

// versionReport is the JSON of `parkway version`.
type versionReport struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func (p Program) versionCommand() *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "Print the version", Args: exactly()}
	form := outputFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		v := versionReport{p.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH}
		if *form == asJSON {
			return printJSON(p.Stdout, v)
		}
		_, err := fmt.Fprintf(p.Stdout, "parkway %s (%s %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
		return err
	}
	return c
}
