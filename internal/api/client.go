// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// DefaultSocket is where a gateway listens unless its configuration says otherwise.
const DefaultSocket = "/run/parkway/parkway.sock"

const (
	clientTimeout = 10 * time.Second // of one call whose context has no deadline
	maxReply      = 256 << 20        // octets; every table of a gateway fits
)

// Unreachable is the error of a call that found no daemon behind the socket.
type Unreachable struct {
	Socket string
	Err    error
}

func (e *Unreachable) Error() string {
	switch {
	case errors.Is(e.Err, fs.ErrNotExist):
		return fmt.Sprintf("no daemon at %s: there is no such socket; start it with `parkway run -c FILE`, or name its socket with --socket", e.Socket)
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return fmt.Sprintf("no daemon at %s: nobody listens there any more; start it with `parkway run -c FILE`, or name its socket with --socket", e.Socket)
	case errors.Is(e.Err, fs.ErrPermission):
		return fmt.Sprintf("no access to the daemon at %s: permission denied; run as root, or widen api.mode", e.Socket)
	}
	return fmt.Sprintf("no daemon at %s: %v; is it a Parkway's socket? --socket names another", e.Socket, e.Err)
}

// Unwrap returns what the system said.
func (e *Unreachable) Unwrap() error { return e.Err }

// StatusError is an answer of the daemon that is not 2xx.
type StatusError struct {
	Status  int // HTTP's
	Message string
}

func (e *StatusError) Error() string { return e.Message }

// Client talks to one daemon.
type Client struct {
	socket string
	http   http.Client
}

// Dial returns a client of the daemon behind the socket; it connects at the first call.
func Dial(socket string) *Client {
	return &Client{socket: socket, http: http.Client{Transport: &http.Transport{
		MaxConnsPerHost: 4,
		IdleConnTimeout: idleTimeout / 2, // before the server closes it under us
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
			if err != nil {
				return nil, &Unreachable{Socket: socket, Err: err}
			}
			return conn, nil
		},
	}}}
}

// Close gives back idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Health returns the daemon's health; a failing daemon is not an error here.
func (c *Client) Health(ctx context.Context) (h Health, err error) {
	err = c.call(ctx, http.MethodGet, "health", nil, &h)
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusServiceUnavailable && h.Status != "" {
		err = nil
	}
	return h, err
}

// Ports returns the ports.
func (c *Client) Ports(ctx context.Context) ([]Port, error) { return fetch[[]Port](ctx, c, "ports") }

// Neighbors returns the neighbor table.
func (c *Client) Neighbors(ctx context.Context) ([]Neighbor, error) {
	return fetch[[]Neighbor](ctx, c, "neighbors")
}

// Parked returns what waits.
func (c *Client) Parked(ctx context.Context) (Parked, error) { return fetch[Parked](ctx, c, "parked") }

// History returns recent resolutions, newest first.
func (c *Client) History(ctx context.Context) ([]Resolution, error) {
	return fetch[[]Resolution](ctx, c, "parked/history")
}

// Resolutions returns the counts of resolutions and probes.
func (c *Client) Resolutions(ctx context.Context) (Resolutions, error) {
	return fetch[Resolutions](ctx, c, "resolutions")
}

// Gates returns the gated switch ports.
func (c *Client) Gates(ctx context.Context) ([]Gate, error) { return fetch[[]Gate](ctx, c, "gates") }

// Routes returns the routes.
func (c *Client) Routes(ctx context.Context) ([]Route, error) {
	return fetch[[]Route](ctx, c, "routes")
}

// Policies returns the routers' policies.
func (c *Client) Policies(ctx context.Context) ([]Policy, error) {
	return fetch[[]Policy](ctx, c, "policies")
}

// Workers returns the workers' load.
func (c *Client) Workers(ctx context.Context) ([]Worker, error) {
	return fetch[[]Worker](ctx, c, "workers")
}

// Stages returns what the stages cost, as far as polls were measured.
func (c *Client) Stages(ctx context.Context) (Stages, error) {
	return fetch[Stages](ctx, c, "stages")
}

// SampleStages has one poll of so many measured, with Stages starting anew; none for 0.
func (c *Client) SampleStages(ctx context.Context, every int) (r SampleReply, err error) {
	err = c.call(ctx, http.MethodPost, "stages/sample", SampleRequest{Every: &every}, &r)
	return r, err
}

// ResetWorkers makes the workers' longest poll gaps start anew.
func (c *Client) ResetWorkers(ctx context.Context) (r ResetReply, err error) {
	err = c.call(ctx, http.MethodPost, "workers/reset", nil, &r)
	return r, err
}

// Counters returns the conservation law.
func (c *Client) Counters(ctx context.Context) (Counters, error) {
	return fetch[Counters](ctx, c, "counters")
}

// Drops returns all drop reasons.
func (c *Client) Drops(ctx context.Context) ([]Drop, error) { return fetch[[]Drop](ctx, c, "drops") }

// Pools returns the packet pools.
func (c *Client) Pools(ctx context.Context) ([]Pool, error) { return fetch[[]Pool](ctx, c, "pools") }

// Config returns the effective configuration.
func (c *Client) Config(ctx context.Context) (Config, error) { return fetch[Config](ctx, c, "config") }

// Topology returns the logical network with its state.
func (c *Client) Topology(ctx context.Context) (Topology, error) {
	return fetch[Topology](ctx, c, "topology")
}

// FDB returns where the switches know MACs.
func (c *Client) FDB(ctx context.Context) (FDB, error) { return fetch[FDB](ctx, c, "fdb") }

// SwitchPorts returns what the limits of switch ports have done.
func (c *Client) SwitchPorts(ctx context.Context) ([]SwitchPortLimits, error) {
	return fetch[[]SwitchPortLimits](ctx, c, "switch_ports")
}

// FlushFDB forgets learned MACs.
func (c *Client) FlushFDB(ctx context.Context, req FlushFDBRequest) (int, error) {
	var r FlushReply
	err := c.call(ctx, http.MethodPost, "fdb/flush", req, &r)
	return r.Flushed, err
}

// FlushNeighbors forgets neighbors that are not static.
func (c *Client) FlushNeighbors(ctx context.Context, req FlushRequest) (int, error) {
	var r FlushReply
	err := c.call(ctx, http.MethodPost, "neighbors/flush", req, &r)
	return r.Flushed, err
}

// AddNeighbor gives a neighbor a MAC until the daemon ends.
func (c *Client) AddNeighbor(ctx context.Context, req AddNeighborRequest) (r AddNeighborReply, err error) {
	err = c.call(ctx, http.MethodPost, "neighbors/add", req, &r)
	return r, err
}

// DeleteNeighbor forgets a neighbor that was learned or added.
func (c *Client) DeleteNeighbor(ctx context.Context, req DeleteNeighborRequest) (r DeleteNeighborReply, err error) {
	err = c.call(ctx, http.MethodPost, "neighbors/del", req, &r)
	return r, err
}

// ProbeNeighbor asks for an address and waits for the answer.
func (c *Client) ProbeNeighbor(ctx context.Context, req ProbeNeighborRequest) (r ProbeNeighborReply, err error) {
	err = c.call(ctx, http.MethodPost, "neighbors/probe", req, &r)
	return r, err
}

// Reload has the daemon read its configuration again. Give ctx a deadline of
// ReloadTimeout: a large one takes longer than other calls.
func (c *Client) Reload(ctx context.Context) (r ReloadReply, err error) {
	err = c.call(ctx, http.MethodPost, "reload", nil, &r)
	return r, err
}

// Reloads says what became of the reloads so far.
func (c *Client) Reloads(ctx context.Context) (Reloads, error) {
	return fetch[Reloads](ctx, c, "reload")
}

// ReleasePort lets go what waits for a gated switch port.
func (c *Client) ReleasePort(ctx context.Context, name string) (r ReleaseReply, err error) {
	err = c.call(ctx, http.MethodPost, "gates/release", ReleaseRequest{Port: name}, &r)
	return r, err
}

func fetch[T any](ctx context.Context, c *Client, what string) (v T, err error) {
	err = c.call(ctx, http.MethodGet, what, nil, &v)
	return v, err
}

func (c *Client) call(ctx context.Context, method, what string, send, receive any) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, clientTimeout)
		defer cancel()
	}
	var body io.Reader
	if send != nil {
		b, err := json.Marshal(send)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://parkway/v1/"+what, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.explain(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return c.explain(err)
	}
	if resp.StatusCode/100 != 2 {
		var f Fault
		_ = json.Unmarshal(data, &f)
		if f.Error == "" {
			f.Error = strings.TrimSpace(fmt.Sprintf("the daemon at %s answers %s", c.socket, resp.Status))
		}
		_ = json.Unmarshal(data, receive) // Health has its body in a 503 too
		return &StatusError{Status: resp.StatusCode, Message: f.Error}
	}
	if err := json.Unmarshal(data, receive); err != nil {
		return fmt.Errorf("the daemon at %s answers in another form: %w; are daemon and command of one version?", c.socket, err)
	}
	return nil
}

// explain takes HTTP's wrapping off: there is one host, and it is the socket.
func (c *Client) explain(err error) error {
	var u *Unreachable
	if errors.As(err, &u) {
		return u
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Unreachable{Socket: c.socket, Err: errors.New("it does not answer in time")}
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return &Unreachable{Socket: c.socket, Err: err}
}
