// SPDX-License-Identifier: Apache-2.0

package parkdrain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/dpdk"
)

// Serve measures what each target.ParkDrainConfig of in asks for, and writes the result to
// out. It ends with in. The process starts the EAL for it and confines itself to its CPUs.
func Serve(_ context.Context, in io.Reader, out io.Writer) (err error) {
	var eal *dpdk.EAL
	defer func() {
		if eal != nil {
			err = errors.Join(err, eal.Close())
		}
	}()
	for d := json.NewDecoder(in); ; {
		var c target.ParkDrainConfig
		if err := d.Decode(&c); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if eal == nil {
			if eal, err = start(c); err != nil {
				return err
			}
		}
		r, err := medians(Config{EAL: eal, Worker: c.Worker, Control: c.Control, Family: c.Family, NextHops: c.NextHops, Ring: c.Ring, Rounds: c.Rounds})
		if err != nil {
			r.Error = err.Error()
		}
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s%s\n", target.ParkDrainReply, b); err != nil {
			return err
		}
	}
}

func start(c target.ParkDrainConfig) (*dpdk.EAL, error) {
	if err := dpdk.ConfineProcess(dpdk.CPUs(c.Control)); err != nil {
		return nil, err
	}
	memory := dpdk.MemoryNoHuge
	if c.Memory == target.Hugepages {
		memory = dpdk.MemoryHugePages
	}
	return dpdk.Start(dpdk.EALConfig{Program: "parkway", Memory: memory, MemorySize: c.Octets,
		FilePrefix: fmt.Sprintf("park-drain-%d", os.Getpid()), Extra: []string{"--no-telemetry"}, Control: dpdk.CPUs(c.Control), Logger: slog.New(slog.DiscardHandler)})
}

func medians(cfg Config) (r target.ParkDrainResult, err error) {
	rounds, err := Run(cfg)
	if err != nil {
		return r, err
	}
	of := func(f func(Round) float64) float64 {
		v := make([]float64, len(rounds))
		for i := range rounds {
			v[i] = f(rounds[i])
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return target.ParkDrainResult{
		Forward: of(func(r Round) float64 { return r.Forward }),
		Park:    of(func(r Round) float64 { return r.Park }),
		Evict:   of(func(r Round) float64 { return r.Evict }),
		Drain:   of(func(r Round) float64 { return r.Drain }),
		Close:   of(func(r Round) float64 { return r.Close }),
		Rate:    of(Round.Rate),
	}, nil
}
