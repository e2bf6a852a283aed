// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parkway-gw/parkway/bench"
	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/topology"
)

// Exit statuses.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitCheck       = config.ExitFailed
	ExitUnreachable = 4
)

// Program is what the commands work with.
type Program struct {
	Version string
	Run     func(context.Context, *config.Config) error // the daemon: returns when ctx ends
	Stdout  io.Writer
	Stderr  io.Writer
	Socket  string // the default of --socket; "": api.DefaultSocket

	// BenchServers are the gateways within a process that cases of `parkway bench` start, by
	// the command of bench/target that names them. BenchSpin is what target.Spin starts.
	BenchServers map[string]BenchServer
	BenchSpin    func(cpu int, d time.Duration) (target.SpinResult, error)

	BenchCases []bench.Case // of `parkway bench`, beside bench.Cases
}

// usageError is a mistake on the command line.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

func usagef(format string, a ...any) error { return usageError{fmt.Sprintf(format, a...)} }

// silent is an error whose message has been printed.
type silent struct{ exit int }

func (silent) Error() string { return "" }

// Main runs the command that args (without the program's name) ask for and returns
// the exit status. When ctx ends the command stops what it does and cleans up.
func (p Program) Main(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(append([]string{}, args...)) // nil would mean the process's own
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	var quiet silent
	if errors.As(err, &quiet) {
		return quiet.exit
	}
	exit := exitStatus(err)
	msg := strings.TrimRight(err.Error(), "\n")
	if exit != ExitCheck {
		msg = "parkway: " + msg
	}
	fmt.Fprintln(p.Stderr, msg)
	return exit
}

func exitStatus(err error) int {
	var usage usageError
	var problems config.Problems
	var unreachable *api.Unreachable
	switch {
	case errors.As(err, &usage):
		return ExitUsage
	case errors.As(err, &problems):
		return ExitCheck
	case errors.As(err, &unreachable):
		return ExitUnreachable
	}
	return ExitFailed
}

func (p Program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "parkway",
		Short:         "A logical-router gateway that never loses the first packet",
		Args:          commandArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return noCommand(c) },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	socket := p.Socket
	if socket == "" {
		socket = api.DefaultSocket
	}
	root.PersistentFlags().String("socket", socket, "the daemon's API socket")
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(&cobra.Command{Hidden: true, Use: "no-help"}) // --help is enough
	root.AddCommand(p.runCommand(), p.checkCommand(), p.showCommand(), p.neighborCommand(), p.fdbCommand(), p.portCommand(), p.workerCommand(), p.reloadCommand(), p.demoCommand(), p.importCommand(), p.doctorCommand(), p.benchCommand(), p.benchSpinCommand(), p.completionCommand(), p.versionCommand())
	root.AddCommand(p.benchServerCommands()...)
	return root
}

// noCommand is a command that only has commands, called without one.
func noCommand(c *cobra.Command) error {
	fmt.Fprint(c.ErrOrStderr(), c.UsageString())
	return silent{ExitUsage}
}

// commandArgs refuses arguments to a command that only takes commands: what is there
// is a misspelled one.
func commandArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("see `%s --help`", c.CommandPath())
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean `%s %s`?", c.CommandPath(), near[0])
	}
	return usagef("there is no command `%s %s`; %s", c.CommandPath(), args[0], hint)
}

// exactly wants so many arguments.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("`%s` needs %s; see `%s --help`", c.CommandPath(), names[len(args)], c.CommandPath())
		case len(args) > len(names):
			return usagef("`%s` does not take %q; see `%s --help`", c.CommandPath(), args[len(names)], c.CommandPath())
		}
		return nil
	}
}

func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := unknown.GetSpecifiedName()
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		c.InheritedFlags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := topology.Nearest(name, names); near != "" && len(name) > 1 {
			return usagef("`%s` has no flag --%s; did you mean --%s?", c.CommandPath(), name, near)
		}
	}
	return usagef("%v; see `%s --help`", err, c.CommandPath())
}

// format is the value of -o.
type format string

const (
	asTable format = "table"
	asJSON  format = "json"
)

func (f *format) String() string { return string(*f) }
func (f *format) Type() string   { return "table|json" }
func (f *format) Set(s string) error {
	switch format(s) {
	case asTable, asJSON:
		*f = format(s)
		return nil
	}
	return errors.New("the forms are table and json")
}

// outputFlag gives a command -o.
func outputFlag(c *cobra.Command) *format {
	f := asTable
	c.Flags().VarP(&f, "output", "o", "the form of the output")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return &f
}

// printJSON writes v in the API's form.
func printJSON(w io.Writer, v any) error {
	b, err := api.Encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// client makes the API's client of the command's --socket.
func client(c *cobra.Command) *api.Client {
	socket, _ := c.Flags().GetString("socket")
	return api.Dial(socket)
}
