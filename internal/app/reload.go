// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/config"
)

// reloads is what becomes of them.
type reloads struct {
	one sync.Mutex // one at a time

	mu    sync.Mutex
	state api.Reloads
}

func (l *reloads) note(err error, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.LastOK = err == nil; err != nil {
		l.state.Failed++
		l.state.LastError = err.Error()
		return
	}
	l.state.Done++
	l.state.LoadedAt, l.state.LastError = float64(now.UnixMilli())/1e3, ""
}

// reloadOnSignal reloads whenever it is told to.
func (g *gateway) reloadOnSignal(ctx context.Context, told <-chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-told:
			_, _ = g.reload(ctx) // it has logged
		}
	}
}

// reload reads the file again and puts what it says in force: all of it, or, with an
// error, nothing.
func (g *gateway) reload(ctx context.Context) (reply api.ReloadReply, err error) {
	g.reloads.one.Lock()
	defer g.reloads.one.Unlock()
	began, old := time.Now(), g.config()
	defer func() {
		g.reloads.note(err, began)
		if err != nil {
			g.log.Error("the configuration is not reloaded; the gateway goes on as it was", "config", old.File, "error", err)
		}
	}()
	reply.File = old.File
	c, err := config.Load(old.File)
	if err != nil {
		return reply, fmt.Errorf("%w:\n%w", api.ErrCheck, err)
	}
	if old.API.FromFlag {
		c.API.Socket, c.API.FromFlag = old.API.Socket, true
	}
	if keys := needRestart(old, c); len(keys) > 0 {
		return reply, fmt.Errorf("%w: %s changed, which takes a restart; nothing was changed", api.ErrConflict, strings.Join(keys, ", "))
	}
	boundMemory(c)
	change, err := g.apply(ctx, c)
	if err != nil {
		boundMemory(old)
		return reply, err
	}
	if c.Log.Level != old.Log.Level {
		g.level.Set(slogLevel(c.Log.Level))
		change.Lines = append(change.Lines, fmt.Sprintf("log.level is %s", c.Log.Level))
	}
	g.current.Store(c)
	if g.source.links != nil {
		g.source.links.again.Store(true) // control has new switch ports, whose links it has not heard of
	}
	reply.Changes, reply.More = change.Lines, change.More
	reply.RoutesSet, reply.RoutesDeleted = change.RoutesSet, change.RoutesDeleted
	for _, w := range c.Warnings {
		reply.Warnings = append(reply.Warnings, w.String())
	}
	reply.Warnings = append(reply.Warnings, change.Warnings...)
	reply.Seconds = time.Since(began).Seconds()
	for _, w := range change.Warnings {
		g.log.Warn(w)
	}
	g.log.Info("the configuration is reloaded", "config", c.File, "changes", len(change.Lines)+change.More, "first", first(change.Lines, 5),
		"routes_set", change.RoutesSet, "routes_deleted", change.RoutesDeleted, "seconds", reply.Seconds, "grace", change.Grace.String())
	return reply, nil
}

// apply puts the topology in force. Once it is control's, nobody gives up waiting for it.
func (g *gateway) apply(ctx context.Context, c *config.Config) (change forwarder.Change, err error) {
	p, err := g.source.f.Prepare(c.Topology)
	if err != nil {
		return change, fmt.Errorf("%w: %w; nothing was changed", api.ErrConflict, err)
	}
	defer p.Discard()
	err = g.source.r.Reconfigure(context.WithoutCancel(ctx), func() (err error) {
		change, err = p.Commit()
		return err
	})
	if err != nil {
		return change, fmt.Errorf("%w: %w; nothing was changed", api.ErrConflict, err)
	}
	return change, nil
}

// needRestart names the keys that differ and that a running gateway can't take in.
func needRestart(old, c *config.Config) []string {
	a, b := keysOf(old), keysOf(c)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(b)) {
		differing(key, a[key], b[key], &out)
	}
	return out
}

// keysOf is the part of a configuration that is fixed at start, as JSON has it.
func keysOf(c *config.Config) map[string]any {
	fixed := *c
	fixed.Topology, fixed.Log.Level = forwarder.Topology{}, ""
	text, err := json.Marshal(viewConfig(&fixed))
	out := map[string]any{}
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		panic(err) // `show config` would have said so
	}
	return out
}

func differing(key string, a, b any, out *[]string) {
	if reflect.DeepEqual(a, b) {
		return
	}
	x, ok := a.(map[string]any)
	y, both := b.(map[string]any)
	if !ok || !both {
		*out = append(*out, key)
		return
	}
	keys := maps.Clone(x)
	maps.Copy(keys, y)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		differing(key+"."+k, x[k], y[k], out)
	}
}

func first(lines []string, n int) string { return strings.Join(lines[:min(n, len(lines))], "; ") }

// Reload reads the configuration again.
func (s *source) Reload(ctx context.Context) (api.ReloadReply, error) { return s.gateway.reload(ctx) }

// Reloads says what became of the reloads so far.
func (s *source) Reloads(context.Context) (api.Reloads, error) {
	l := &s.gateway.reloads
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, nil
}
