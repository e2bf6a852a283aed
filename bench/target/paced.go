// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/parkway-gw/parkway/bench/traffic"
)

// PacedCommand is the hidden command of the binary that serves a Paced.
const PacedCommand = "bench-paced"

// PacedConfig is what a Paced gateway gets: its first line of input.
type PacedConfig struct {
	Control int             `json:"control"` // CPU of all but the worker
	Worker  int             `json:"worker"`
	Memory  Memory          `json:"memory"`
	Octets  uint64          `json:"octets"` // of DPDK memory
	Queue   int             `json:"queue"`  // packets that wait for the worker's poll, as in a NIC's receive queue
	Sizes   []traffic.Share `json:"sizes"`  // frames without FCS; three shares at most
	Flows   int             `json:"flows"`
}

// PacedTrial asks for a trial: packets at a rate for a time, or so many of them.
type PacedTrial struct {
	PPS     uint64        `json:"pps"` // 0: as many as the worker polls for
	Length  time.Duration `json:"length"`
	Packets uint64        `json:"packets,omitempty"` // instead of Length
}

// PacedResult is what came of it.
type PacedResult struct {
	Offered uint64  `json:"offered"` // packets that were due
	Missed  uint64  `json:"missed"`  // of them, never received: the queue was full
	Sent    uint64  `json:"sent"`
	Dropped uint64  `json:"dropped"` // by the gateway
	Seconds float64 `json:"seconds"` // that packets were asked for
	Ran     float64 `json:"ran"`     // share of the time in which the worker had its CPU

	// Waits are from a packet's being due to its being sent, ascending: so many of at least
	// this long, and shorter than an eighth more.
	Waits []PacedWait `json:"waits,omitempty"`
	Error string      `json:"error,omitempty"`
}

// PacedWait counts packets by their wait, in microseconds.
type PacedWait struct {
	Micros  float64 `json:"us"`
	Packets uint64  `json:"n"`
}

// PacedReply marks a reply among what else the process writes.
const PacedReply = "paced: "

// Paced is the gateway in a process with a source that keeps to a rate and a sink, both
// inside the worker's poll: they cost part of its time. For trials, not for Interleave.
type Paced struct{ p *Process }

// StartPaced starts the binary; it returns when the gateway forwards.
func StartPaced(ctx context.Context, binary, dir string, cfg PacedConfig) (*Paced, error) {
	p, err := StartProcess([]string{"RUNTIME_DIRECTORY=" + dir}, binary, PacedCommand)
	if err != nil {
		return nil, err
	}
	t := &Paced{p}
	if _, err := t.ask(ctx, cfg); err != nil {
		p.Kill()
		return nil, fmt.Errorf("paced gateway: %w", err)
	}
	return t, nil
}

// Trial runs one and waits until every packet of it is accounted for.
func (t *Paced) Trial(ctx context.Context, trial PacedTrial) (PacedResult, error) {
	r, err := t.ask(ctx, trial)
	if err != nil {
		return r, fmt.Errorf("trial at %d packets/s: %w", trial.PPS, err)
	}
	return r, nil
}

// Stop ends it; mbufs that are missing are an error.
func (t *Paced) Stop() error { return t.p.Stop(syscall.SIGTERM) }

func (t *Paced) ask(ctx context.Context, what any) (r PacedResult, err error) {
	line, err := json.Marshal(what)
	if err != nil {
		return r, err
	}
	mark := t.p.Mark()
	if err := t.p.Write(string(line)); err != nil {
		return r, err
	}
	text, err := t.p.Await(ctx, mark, func(s string) bool { _, ok := pacedReply(s); return ok })
	if err != nil {
		return r, err
	}
	reply, _ := pacedReply(text)
	if err := json.Unmarshal([]byte(reply), &r); err != nil {
		return r, fmt.Errorf("the reply %q: %w", reply, err)
	}
	if r.Error != "" {
		return r, fmt.Errorf("%s", r.Error)
	}
	return r, nil
}

// pacedReply finds the reply's whole line.
func pacedReply(text string) (string, bool) {
	for line := range strings.Lines(text) {
		if reply, ok := strings.CutPrefix(line, PacedReply); ok && strings.HasSuffix(line, "\n") {
			return reply, true
		}
	}
	return "", false
}
