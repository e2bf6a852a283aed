// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// UpdatesCommand is the hidden command of the binary that serves RunUpdates.
const UpdatesCommand = "bench-updates"

// UpdatesReply marks a reply among what else that process writes.
const UpdatesReply = "updates: "

// UpdatesConfig asks for a gateway in a process and updates of its routes.
type UpdatesConfig struct {
	Control int     `json:"control"` // CPU of all but the worker
	Worker  int     `json:"worker"`
	Octets  uint64  `json:"octets"` // of DPDK memory
	Routes4 []Route `json:"routes4"`
	Routes6 []Route `json:"routes6"`
	Sizes   []int   `json:"sizes"`   // of batches
	Rounds  int     `json:"rounds"`  // through all sizes
	Seconds float64 `json:"seconds"` // of one sample, at most, but for its first batch
}

// UpdatesResult is the rates of one round, or an error.
type UpdatesResult struct {
	Rates []UpdatesRate `json:"rates"`
	Error string        `json:"error,omitempty"`
}

// UpdatesRate is what deleting or adding routes in batches of a size came to.
type UpdatesRate struct {
	V6      bool    `json:"v6"`
	Added   bool    `json:"added"` // or deleted
	Size    int     `json:"size"`
	Routes  int     `json:"routes"`  // that changed
	Seconds float64 `json:"seconds"` // by the clock, from the first call to the last commit
	Commit  float64 `json:"commit"`  // of them, the longest commit: control is busy with it
}

// RunUpdates runs the binary with a configuration, calls got with the result of each round,
// and waits for its end.
func RunUpdates(ctx context.Context, binary, dir string, cfg UpdatesConfig, got func(UpdatesResult)) error {
	p, err := StartProcess([]string{"RUNTIME_DIRECTORY=" + dir}, binary, UpdatesCommand)
	if err != nil {
		return err
	}
	line, err := json.Marshal(cfg)
	if err == nil {
		err = p.Write(string(line))
	}
	for mark := 0; err == nil && cfg.Rounds > 0; cfg.Rounds-- {
		var reply UpdatesResult
		if reply, mark, err = p.updatesReply(ctx, mark); err == nil {
			got(reply)
		}
	}
	if err != nil {
		p.Kill()
		return fmt.Errorf("updates of routes: %w", err)
	}
	return p.WaitEnd()
}

// updatesReply waits for the next reply behind a mark, and returns where it ends.
func (p *Process) updatesReply(ctx context.Context, mark int) (r UpdatesResult, end int, err error) {
	whole := func(text string) (reply string, end int, ok bool) {
		at := strings.Index(text, UpdatesReply)
		if at < 0 {
			return "", 0, false
		}
		n := strings.IndexByte(text[at:], '\n')
		return text[at+len(UpdatesReply) : at+max(n, len(UpdatesReply))], mark + at + n + 1, n >= 0
	}
	text, err := p.Await(ctx, mark, func(text string) bool { _, _, ok := whole(text); return ok })
	if err != nil {
		return r, mark, err
	}
	reply, end, _ := whole(text)
	if err := json.Unmarshal([]byte(reply), &r); err != nil {
		return r, end, err
	}
	if r.Error != "" {
		return r, end, fmt.Errorf("the gateway: %s", r.Error)
	}
	return r, end, nil
}
