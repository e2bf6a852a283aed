// SPDX-License-Identifier: Apache-2.0

package paced

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parkway-gw/parkway/bench/target"
)

// Serve reads a target.PacedConfig from in, a line of JSON, and then a target.PacedTrial
// from each line, and writes a reply to each. It returns when in or ctx ends; an error says
// what could not be given back.
func Serve(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		scan := bufio.NewScanner(in)
		for scan.Scan() {
			lines <- append([]byte(nil), scan.Bytes()...)
		}
	}()
	next := func(into any) (bool, error) {
		select {
		case <-ctx.Done():
			return false, nil
		case line, ok := <-lines:
			if !ok {
				return false, nil
			}
			return true, json.Unmarshal(line, into)
		}
	}
	reply := func(r target.PacedResult) error {
		b, err := json.Marshal(r)
		if err == nil {
			_, err = fmt.Fprintf(out, "%s%s\n", target.PacedReply, b)
		}
		return err
	}

	var cfg target.PacedConfig
	if ok, err := next(&cfg); !ok || err != nil {
		return err
	}
	g, err := start(cfg)
	if err != nil {
		return errors.Join(err, reply(target.PacedResult{Error: err.Error()}))
	}
	defer func() { err = errors.Join(err, g.stop()) }()
	if err := reply(target.PacedResult{}); err != nil {
		return err
	}
	for {
		var t target.PacedTrial
		if ok, err := next(&t); !ok || err != nil {
			return err
		}
		r, err := g.trial(ctx, t)
		if err != nil {
			r.Error = err.Error()
		}
		if err := reply(r); err != nil {
			return err
		}
	}
}
