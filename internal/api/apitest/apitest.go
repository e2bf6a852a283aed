// SPDX-License-Identifier: Apache-2.0

// Package apitest is a gateway for tests of what stands before one: a Source with
// made-up but consistent answers, and a server for it. Any goroutine may use it.
// It imports internal/api only.
package apitest

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
)

// Source answers from its fields. Change them before the server starts, or under Do.
type Source struct {
	mu       sync.Mutex
	Answers  Answers
	Flushes  []api.FlushRequest // every FlushNeighbors so far
	Releases []string           // every ReleasePort so far
	Commands []any              // every other command's request so far
	Err      error              // the answer to everything, when set
	Block    chan struct{}      // when set, every answer waits for it or for its context
}

// Answers is what a gateway says.
type Answers struct {
	Health      api.Health
	Ports       []api.Port
	Neighbors   []api.Neighbor
	Parked      api.Parked
	History     []api.Resolution
	Resolutions api.Resolutions
	Gates       []api.Gate
	Routes      []api.Route
	Policies    []api.Policy
	Workers     []api.Worker
	Stages      api.Stages
	Counters    api.Counters
	Drops       []api.Drop
	Pools       []api.Pool
	Config      api.Config
	Topology    api.Topology
	FDB         api.FDB
	SwitchPorts []api.SwitchPortLimits
	Flushed     int
	Added       api.AddNeighborReply
	Deleted     api.DeleteNeighborReply
	Probed      api.ProbeNeighborReply
	Reloaded    api.ReloadReply
	Reloads     api.Reloads
}

// Do runs f with no answer under way.
func (s *Source) Do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func answer[T any](ctx context.Context, s *Source, from func(*Answers) T) (T, error) {
	if s.Block != nil {
		select {
		case <-s.Block:
		case <-ctx.Done():
			var zero T
			return zero, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return from(&s.Answers), s.Err
}

// Health answers.
func (s *Source) Health(ctx context.Context) api.Health {
	h, _ := answer(ctx, s, func(a *Answers) api.Health { return a.Health })
	return h
}

// Ports answers.
func (s *Source) Ports(ctx context.Context) ([]api.Port, error) {
	return answer(ctx, s, func(a *Answers) []api.Port { return a.Ports })
}

// Neighbors answers.
func (s *Source) Neighbors(ctx context.Context) ([]api.Neighbor, error) {
	return answer(ctx, s, func(a *Answers) []api.Neighbor { return a.Neighbors })
}

// Parked answers.
func (s *Source) Parked(ctx context.Context) (api.Parked, error) {
	return answer(ctx, s, func(a *Answers) api.Parked { return a.Parked })
}

// History answers.
func (s *Source) History(ctx context.Context) ([]api.Resolution, error) {
	return answer(ctx, s, func(a *Answers) []api.Resolution { return a.History })
}

// Resolutions answers.
func (s *Source) Resolutions(ctx context.Context) (api.Resolutions, error) {
	return answer(ctx, s, func(a *Answers) api.Resolutions { return a.Resolutions })
}

// Gates answers.
func (s *Source) Gates(ctx context.Context) ([]api.Gate, error) {
	return answer(ctx, s, func(a *Answers) []api.Gate { return a.Gates })
}

// Routes answers.
func (s *Source) Routes(ctx context.Context) ([]api.Route, error) {
	return answer(ctx, s, func(a *Answers) []api.Route { return a.Routes })
}

// Policies answers.
func (s *Source) Policies(ctx context.Context) ([]api.Policy, error) {
	return answer(ctx, s, func(a *Answers) []api.Policy { return a.Policies })
}

// Workers answers.
func (s *Source) Workers(ctx context.Context) ([]api.Worker, error) {
	return answer(ctx, s, func(a *Answers) []api.Worker { return a.Workers })
}

// Stages answers.
func (s *Source) Stages(ctx context.Context) (api.Stages, error) {
	return answer(ctx, s, func(a *Answers) api.Stages { return a.Stages })
}

// SampleStages notes the request and does it, without starting anew.
func (s *Source) SampleStages(ctx context.Context, every int) (int, error) {
	return answer(ctx, s, func(a *Answers) int {
		s.Commands = append(s.Commands, api.SampleRequest{Every: &every})
		a.Stages.SampleEvery = every
		return every
	})
}

// ResetPollGap answers with the number of workers.
func (s *Source) ResetPollGap(ctx context.Context) (int, error) {
	return answer(ctx, s, func(a *Answers) int {
		s.Commands = append(s.Commands, "reset")
		return len(a.Workers)
	})
}

// Counters answers.
func (s *Source) Counters(ctx context.Context) (api.Counters, error) {
	return answer(ctx, s, func(a *Answers) api.Counters { return a.Counters })
}

// Drops answers.
func (s *Source) Drops(ctx context.Context) ([]api.Drop, error) {
	return answer(ctx, s, func(a *Answers) []api.Drop { return a.Drops })
}

// Pools answers.
func (s *Source) Pools(ctx context.Context) ([]api.Pool, error) {
	return answer(ctx, s, func(a *Answers) []api.Pool { return a.Pools })
}

// Config answers.
func (s *Source) Config(ctx context.Context) (api.Config, error) {
	return answer(ctx, s, func(a *Answers) api.Config { return a.Config })
}

// Topology answers.
func (s *Source) Topology(ctx context.Context) (api.Topology, error) {
	return answer(ctx, s, func(a *Answers) api.Topology { return a.Topology })
}

// FDB answers with Answers.FDB.
func (s *Source) FDB(ctx context.Context) (api.FDB, error) {
	return answer(ctx, s, func(a *Answers) api.FDB { return a.FDB })
}

// FDBTotals answers with those of Answers.FDB.
func (s *Source) FDBTotals(ctx context.Context) (api.FDBTotals, error) {
	return answer(ctx, s, func(a *Answers) api.FDBTotals { return a.FDB.Totals })
}

// SwitchPorts answers with Answers.SwitchPorts.
func (s *Source) SwitchPorts(ctx context.Context) ([]api.SwitchPortLimits, error) {
	return answer(ctx, s, func(a *Answers) []api.SwitchPortLimits { return a.SwitchPorts })
}

// FlushFDB answers with Answers.Flushed.
func (s *Source) FlushFDB(ctx context.Context, req api.FlushFDBRequest) (int, error) {
	return answer(ctx, s, func(a *Answers) int {
		s.Commands = append(s.Commands, req)
		return a.Flushed
	})
}

// FlushNeighbors notes the request and answers.
func (s *Source) FlushNeighbors(ctx context.Context, req api.FlushRequest) (int, error) {
	return answer(ctx, s, func(a *Answers) int {
		s.Flushes = append(s.Flushes, req)
		return a.Flushed
	})
}

// AddNeighbor notes the request and answers.
func (s *Source) AddNeighbor(ctx context.Context, req api.AddNeighborRequest) (api.AddNeighborReply, error) {
	return answer(ctx, s, func(a *Answers) api.AddNeighborReply {
		s.Commands = append(s.Commands, req)
		return a.Added
	})
}

// DeleteNeighbor notes the request and answers.
func (s *Source) DeleteNeighbor(ctx context.Context, req api.DeleteNeighborRequest) (api.DeleteNeighborReply, error) {
	return answer(ctx, s, func(a *Answers) api.DeleteNeighborReply {
		s.Commands = append(s.Commands, req)
		return a.Deleted
	})
}

// ProbeNeighbor notes the request and answers.
func (s *Source) ProbeNeighbor(ctx context.Context, req api.ProbeNeighborRequest) (api.ProbeNeighborReply, error) {
	return answer(ctx, s, func(a *Answers) api.ProbeNeighborReply {
		s.Commands = append(s.Commands, req)
		return a.Probed
	})
}

// Reload answers.
func (s *Source) Reload(ctx context.Context) (api.ReloadReply, error) {
	return answer(ctx, s, func(a *Answers) api.ReloadReply { return a.Reloaded })
}

// Reloads answers.
func (s *Source) Reloads(ctx context.Context) (api.Reloads, error) {
	return answer(ctx, s, func(a *Answers) api.Reloads { return a.Reloads })
}

// ReleasePort notes the name and answers with what waits at that gate.
func (s *Source) ReleasePort(ctx context.Context, name string) (int, error) {
	n, err := answer(ctx, s, func(a *Answers) int {
		s.Releases = append(s.Releases, name)
		for _, g := range a.Gates {
			if g.Port == name {
				return int(g.Packets)
			}
		}
		return -1
	})
	if err == nil && n < 0 {
		return 0, fmt.Errorf("%w: switch port %q is not gated", api.ErrBadRequest, name)
	}
	return n, err
}

// Serve starts a server for src on a socket of the test's own and returns the path.
// The server ends with the test.
func Serve(t testing.TB, src api.Source) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parkway.sock")
	l, err := api.Listen(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ServeOn(t, src, l)
	return path
}

// ServeOn is Serve on a listener.
func ServeOn(t testing.TB, src api.Source, l net.Listener) *api.Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := api.NewServer(src, nil)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the server does not stop")
		}
	})
	return s
}
