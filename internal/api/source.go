// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
)

// Source is what the server asks, and the metrics endpoint too. Any number of
// goroutines call it at a time; a call must end when its context does. Lists come
// sorted, in an order that two calls share.
type Source interface {
	Health(context.Context) Health
	Ports(context.Context) ([]Port, error)
	Neighbors(context.Context) ([]Neighbor, error)
	Parked(context.Context) (Parked, error)
	History(context.Context) ([]Resolution, error) // newest first; a bounded number
	Resolutions(context.Context) (Resolutions, error)
	Gates(context.Context) ([]Gate, error)
	Routes(context.Context) ([]Route, error)
	Policies(context.Context) ([]Policy, error) // in the order in which they are looked at
	Workers(context.Context) ([]Worker, error)
	Stages(context.Context) (Stages, error)
	Counters(context.Context) (Counters, error)
	Drops(context.Context) ([]Drop, error)
	Pools(context.Context) ([]Pool, error)
	Config(context.Context) (Config, error)
	Topology(context.Context) (Topology, error)
	FDB(context.Context) (FDB, error)
	FDBTotals(context.Context) (FDBTotals, error)
	SwitchPorts(context.Context) ([]SwitchPortLimits, error)

	// FlushNeighbors forgets neighbors that match and are not static, and returns how
	// many; from its return on, a packet to one of them asks anew. A name or address
	// that cannot match anything is an error that wraps ErrBadRequest.
	FlushNeighbors(context.Context, FlushRequest) (int, error)

	// AddNeighbor gives a neighbor a MAC until the daemon ends or DeleteNeighbor, in
	// place of what was learned. DeleteNeighbor forgets a neighbor that was learned or
	// added and frees what waits for it. ProbeNeighbor asks for an address once and
	// waits for the answer; that there is none is no error. What is configured, what
	// can't be a neighbor and what is not there is an error that wraps ErrBadRequest.
	AddNeighbor(context.Context, AddNeighborRequest) (AddNeighborReply, error)
	DeleteNeighbor(context.Context, DeleteNeighborRequest) (DeleteNeighborReply, error)
	ProbeNeighbor(context.Context, ProbeNeighborRequest) (ProbeNeighborReply, error)

	// FlushFDB forgets learned MACs that match, and returns how many. A name or address
	// that cannot match anything is an error that wraps ErrBadRequest.
	FlushFDB(context.Context, FlushFDBRequest) (int, error)

	// Reload reads the configuration again and puts it in force, or changes nothing: an
	// error that wraps ErrCheck or ErrConflict says why. Reloads says how that went so far.
	Reload(context.Context) (ReloadReply, error)
	Reloads(context.Context) (Reloads, error)

	// SampleStages has every worker measure one poll of so many from now on, with Stages
	// starting anew; none for 0. It returns what is in force. A number out of bounds is an
	// error that wraps ErrBadRequest.
	SampleStages(ctx context.Context, every int) (int, error)

	// ResetPollGap makes the longest poll gap of every worker start anew and returns how
	// many workers those are.
	ResetPollGap(context.Context) (int, error)

	// ReleasePort opens the gate of a switch port as if it had come up: what waits for
	// it leaves in order. It returns how many packets those were. A port that is not
	// there or has no park_until is an error that wraps ErrBadRequest and names those
	// that have it.
	ReleasePort(ctx context.Context, name string) (int, error)
}

// ErrBadRequest marks an error as the caller's mistake: status 400, not 500.
var ErrBadRequest = errors.New("bad request")

// ErrNotReady marks that the gateway is starting or stopping: status 503.
var ErrNotReady = errors.New("not ready")
