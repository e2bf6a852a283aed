// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/internal/api"
)

func (p Program) workersCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "workers",
		Short:   "The workers' load",
		Example: "  parkway show workers\n  parkway show workers --histograms",
		Args:    exactly(),
	}
	var histograms bool
	c.Flags().BoolVar(&histograms, "histograms", false, "instead the times between polls and the sizes of receive bursts (always there in JSON)")
	form := outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if histograms {
			return display(p, c, *form, (*api.Client).Workers, writeHistograms)
		}
		return display(p, c, *form, (*api.Client).Workers, writeWorkers)
	}
	return c
}

func (p Program) workerCommand() *cobra.Command {
	c := &cobra.Command{Use: "worker", Short: "Show the workers' load, or measure what their stages cost", Args: commandArgs,
		RunE: func(c *cobra.Command, _ []string) error { return noCommand(c) }}
	c.AddCommand(
		part(p, "show", "The workers' load, as `parkway show workers`", (*api.Client).Workers, writeWorkers),
		p.workerSampleCommand(), p.workerResetCommand())
	return c
}

func (p Program) workerSampleCommand() *cobra.Command {
	c := &cobra.Command{
		Use:       "sample 1/N|off",
		Short:     "Measure one of N polls stage by stage, for `parkway show stages`, which starts anew",
		Example:   "  parkway worker sample 1/1024\n  parkway show stages\n  parkway worker sample off",
		Args:      exactly("how many polls to measure: 1/16, say, or off"),
		ValidArgs: []string{"off", "1/16", "1/1024"},
	}
	form := outputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		every, err := parseSample(args[0])
		if err != nil {
			return err
		}
		daemon := client(c)
		defer daemon.Close()
		r, err := daemon.SampleStages(c.Context(), every)
		if err != nil {
			return err
		}
		if *form == asJSON {
			return printJSON(p.Stdout, r)
		}
		_, err = fmt.Fprintln(p.Stdout, "sampling "+sample(r.SampleEvery))
		return err
	}
	return c
}

// maxSample is the N of 1/N at most; the daemon's bound.
const maxSample = 65535

// parseSample reads 1/N or off.
func parseSample(text string) (every int, err error) {
	if text == "off" {
		return 0, nil
	}
	n, ok := strings.CutPrefix(text, "1/")
	if every, err = strconv.Atoi(n); !ok || err != nil || every < 1 || every > maxSample {
		return 0, usagef("%q is no share of the polls; write 1/N, with N from 1 to %d, or off", text, maxSample)
	}
	return every, nil
}

// sample writes what parseSample reads.
func sample(every int) string {
	if every == 0 {
		return "off"
	}
	return fmt.Sprintf("1/%d", every)
}

func (p Program) workerResetCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "reset",
		Short: "Put the workers' longest poll gaps back to 0, to watch a stretch of time",
		Args:  exactly(),
	}
	form := outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		daemon := client(c)
		defer daemon.Close()
		r, err := daemon.ResetWorkers(c.Context())
		if err != nil {
			return err
		}
		if *form == asJSON {
			return printJSON(p.Stdout, r)
		}
		_, err = fmt.Fprintf(p.Stdout, "reset %d\n", r.Workers)
		return err
	}
	return c
}

// writeHistograms writes each class by itself, up to the last one that has any.
func writeHistograms(w io.Writer, workers []api.Worker) error {
	err := table(w, "LCORE POLL-GAP POLLS SHARE", func(row func(...any)) {
		for _, k := range workers {
			before, least := uint64(0), "0"
			for _, b := range k.PollGaps.Buckets {
				most := interval(b.LeSeconds)
				if n := b.Count - before; n > 0 {
					row(k.Lcore, least+"-"+most, n, percent(n, k.PollGaps.Count))
				}
				before, least = b.Count, most
			}
			if n := k.PollGaps.Count - before; n > 0 {
				row(k.Lcore, ">"+least, n, percent(n, k.PollGaps.Count))
			}
		}
	})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return table(w, "LCORE BURST BURSTS SHARE", func(row func(...any)) {
		for _, k := range workers {
			before, least := uint64(0), 1
			for _, b := range k.BurstSizes {
				size := strconv.Itoa(b.Le)
				if b.Le > least {
					size = fmt.Sprintf("%d-%d", least, b.Le)
				}
				if n := b.Count - before; n > 0 {
					row(k.Lcore, size, n, percent(n, k.BurstSizes[len(k.BurstSizes)-1].Count))
				}
				before, least = b.Count, b.Le+1
			}
		}
	})
}

// percent is a share for people; what is more than nothing does not look like it.
func percent(n, all uint64) string {
	share := 100 * float64(n) / float64(all)
	if share < 0.01 {
		return "<0.01%"
	}
	return fmt.Sprintf("%.2f%%", share)
}

// writeStages leaves out stages that nothing came to.
func writeStages(w io.Writer, s api.Stages) error {
	if s.Polls == 0 {
		how := "turn it on with `parkway worker sample 1/1024`"
		if s.SampleEvery > 0 {
			how = "no measured poll has had work yet"
		}
		_, err := fmt.Fprintf(w, "sampling %s: %s\n", sample(s.SampleEvery), how)
		return err
	}
	err := table(w, "STAGE PACKETS PACKETS/CALL CYCLES/PACKET SHARE", func(row func(...any)) {
		for _, one := range s.Stages {
			if one.Calls > 0 {
				perPacket := "-"
				if one.Packets > 0 {
					perPacket = fmt.Sprintf("%.1f", one.CyclesPerPacket)
				}
				row(one.Stage, one.Packets, fmt.Sprintf("%.1f", float64(one.Packets)/float64(one.Calls)), perPacket,
					fmt.Sprintf("%.1f%%", 100*one.Share))
			}
		}
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nin all %.1f cycles (%.1f ns) per packet received; %s in %d measured polls, %d interrupted ones left out; sampling %s\n",
		s.CyclesPerPacket, s.CyclesPerPacket/float64(s.TSCHz)*1e9, packets(s.Packets), s.Polls, s.Interrupted, sample(s.SampleEvery))
	return err
}
