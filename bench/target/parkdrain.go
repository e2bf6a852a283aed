// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ParkDrainCommand is the hidden command of the binary that measures parking and draining
// (package bench/parkdrain): the EAL can be started once in a process.
const ParkDrainCommand = "bench-park-drain"

// ParkDrainConfig is one measurement: a line of the process's input.
type ParkDrainConfig struct {
	Control  int    `json:"control"` // CPU
	Worker   int    `json:"worker"`
	Memory   Memory `json:"memory"` // the first line's counts
	Octets   uint64 `json:"octets"` // of DPDK memory; the first line's counts
	Family   int    `json:"family"` // 4 or 6
	NextHops int    `json:"next_hops"`
	Ring     int    `json:"ring"`   // packets per next hop
	Rounds   int    `json:"rounds"` // of filling and draining; the result has their medians
}

// ParkDrainResult is nanoseconds per packet of the thread that does it; see
// parkdrain.Round. It is a line of the process's output.
type ParkDrainResult struct {
	Forward float64 `json:"forward"`
	Park    float64 `json:"park"`
	Evict   float64 `json:"evict"`
	Drain   float64 `json:"drain"`
	Close   float64 `json:"close"`
	Rate    float64 `json:"rate"` // Mpps
	Error   string  `json:"error,omitempty"`
}

// ParkDrain is that process.
type ParkDrain struct{ p *Process }

// ParkDrainReply marks its replies among what else the process writes.
const ParkDrainReply = "park-drain: "

// StartParkDrain starts it, with dir for what DPDK leaves while it runs.
func StartParkDrain(binary, dir string) (*ParkDrain, error) {
	p, err := StartProcess([]string{"RUNTIME_DIRECTORY=" + dir}, binary, ParkDrainCommand)
	if err != nil {
		return nil, err
	}
	return &ParkDrain{p}, nil
}

// Measure does one measurement.
func (t *ParkDrain) Measure(ctx context.Context, cfg ParkDrainConfig) (r ParkDrainResult, err error) {
	line, err := json.Marshal(cfg)
	if err != nil {
		return r, err
	}
	mark := t.p.Mark()
	if err := t.p.Write(string(line)); err != nil {
		return r, err
	}
	text, err := t.p.Await(ctx, mark, func(s string) bool { _, ok := parkDrainReply(s); return ok })
	if err != nil {
		return r, err
	}
	reply, _ := parkDrainReply(text)
	if err := json.Unmarshal([]byte(reply), &r); err != nil {
		return r, fmt.Errorf("park and drain: the reply %q: %w", reply, err)
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

// Stop ends the process.
func (t *ParkDrain) Stop() error { return t.p.WaitEnd() }

// parkDrainReply finds a whole reply.
func parkDrainReply(text string) (string, bool) {
	for line := range strings.Lines(text) {
		if reply, ok := strings.CutPrefix(line, ParkDrainReply); ok && strings.HasSuffix(line, "\n") {
			return reply, true
		}
	}
	return "", false
}
