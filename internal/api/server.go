// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// The server's bounds. A connection over the limit is answered with 503 and closed.
const (
	MaxConnections = 64
	maxBody        = 64 << 10 // octets of a request
	maxHeader      = 16 << 10
	headerTimeout  = 5 * time.Second
	requestTimeout = 10 * time.Second // to read a request, and for the Source to answer
	writeTimeout   = 30 * time.Second
	ReloadTimeout  = 5 * time.Minute // for a reload
	idleTimeout    = 15 * time.Second
	stopTimeout    = 2 * time.Second // for requests in flight when the server stops
)

// Server answers requests from a Source.
type Server struct {
	http    http.Server
	stopper Stopper
	refused atomic.Uint64
}

// NewServer makes a server that is not serving yet. A nil log is silent.
func NewServer(src Source, log *slog.Logger) *Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{}
	s.http = http.Server{
		Handler:           Handler(src),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	s.stopper.Watch(&s.http)
	return s
}

// Refused is how many connections were turned away at the limit.
func (s *Server) Refused() uint64 { return s.refused.Load() }

// Serve answers on l until ctx ends, then lets requests in flight end and returns.
// It closes l, which for a Listener removes socket and lock; whoever wants to keep
// those longer gives the net.Listener in it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(Limit(l, MaxConnections, &s.refused)) }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		s.stopper.Stop(stop, &s.http)
		cancel()
		err = <-served
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	if closed := l.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// Handler is the API itself, for servers of another making.
func Handler(src Source) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/health", func(w http.ResponseWriter, r *http.Request) {
		h := src.Health(r.Context())
		status := http.StatusOK
		if !h.OK() {
			status = http.StatusServiceUnavailable
		}
		reply(w, status, h)
	})
	get(mux, "ports", src.Ports)
	get(mux, "neighbors", src.Neighbors)
	get(mux, "parked", src.Parked)
	get(mux, "parked/history", src.History)
	get(mux, "resolutions", src.Resolutions)
	get(mux, "gates", src.Gates)
	get(mux, "routes", src.Routes)
	get(mux, "policies", src.Policies)
	get(mux, "workers", src.Workers)
	get(mux, "stages", src.Stages)
	get(mux, "counters", src.Counters)
	get(mux, "drops", src.Drops)
	get(mux, "pools", src.Pools)
	get(mux, "config", src.Config)
	get(mux, "topology", src.Topology)
	get(mux, "fdb", src.FDB)
	get(mux, "switch_ports", src.SwitchPorts)
	post(mux, "fdb/flush", func(ctx context.Context, req FlushFDBRequest) (FlushReply, error) {
		n, err := src.FlushFDB(ctx, req)
		return FlushReply{Flushed: n}, err
	})
	post(mux, "neighbors/flush", func(ctx context.Context, req FlushRequest) (FlushReply, error) {
		n, err := src.FlushNeighbors(ctx, req)
		return FlushReply{Flushed: n}, err
	})
	post(mux, "neighbors/add", src.AddNeighbor)
	post(mux, "neighbors/del", src.DeleteNeighbor)
	post(mux, "neighbors/probe", src.ProbeNeighbor)
	get(mux, "reload", src.Reloads)
	post(mux, "reload", func(ctx context.Context, _ struct{}) (ReloadReply, error) { return src.Reload(ctx) })
	post(mux, "workers/reset", func(ctx context.Context, _ struct{}) (ResetReply, error) {
		n, err := src.ResetPollGap(ctx)
		return ResetReply{Workers: n}, err
	})
	post(mux, "stages/sample", func(ctx context.Context, req SampleRequest) (SampleReply, error) {
		if req.Every == nil {
			return SampleReply{}, fmt.Errorf(`%w: say how many polls, as in {"every": 16}, or 0 for none`, ErrBadRequest)
		}
		n, err := src.SampleStages(ctx, *req.Every)
		return SampleReply{SampleEvery: n}, err
	})
	post(mux, "gates/release", func(ctx context.Context, req ReleaseRequest) (ReleaseReply, error) {
		if req.Port == "" {
			return ReleaseReply{}, fmt.Errorf(`%w: say which switch port, as in {"port": "pod1"}`, ErrBadRequest)
		}
		n, err := src.ReleasePort(ctx, req.Port)
		return ReleaseReply{Port: req.Port, Packets: n}, err
	})
	return timed(jsonErrors(mux))
}

func get[T any](mux *http.ServeMux, what string, from func(context.Context) (T, error)) {
	mux.HandleFunc("GET /v1/"+what, func(w http.ResponseWriter, r *http.Request) {
		v, err := from(r.Context())
		if err != nil {
			fail(w, err)
			return
		}
		reply(w, http.StatusOK, v)
	})
}

func post[Req, Rep any](mux *http.ServeMux, what string, do func(context.Context, Req) (Rep, error)) {
	mux.HandleFunc("POST /v1/"+what, func(w http.ResponseWriter, r *http.Request) {
		var req Req
		if err := decode(w, r, &req); err != nil {
			fail(w, err)
			return
		}
		rep, err := do(r.Context(), req)
		if err != nil {
			fail(w, err)
			return
		}
		reply(w, http.StatusOK, rep)
	})
}

// timed bounds how long a Source may take.
func timed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := requestTimeout
		if r.URL.Path == "/v1/reload" { // a large configuration takes its time
			limit = ReloadTimeout
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// jsonErrors answers what mux has no handler for in JSON too.
func jsonErrors(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		// Ask the mux which of 404 and 405 it is, without its text.
		probe := &statusOnly{header: w.Header()}
		mux.ServeHTTP(probe, r)
		w.Header().Del("X-Content-Type-Options")
		text := "no such path: " + r.URL.Path
		if probe.status == http.StatusMethodNotAllowed {
			text = fmt.Sprintf("%s answers %s only", r.URL.Path, w.Header().Get("Allow"))
		}
		reply(w, probe.status, Fault{Error: text})
	})
}

type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }

// decode reads a request's body; an empty one leaves v as it is.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	switch err := d.Decode(v); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fmt.Errorf("%w: the body is not what this path takes: %w", ErrBadRequest, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the body holds more than one JSON value", ErrBadRequest)
	}
	return nil
}

func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrCheck):
		status = http.StatusUnprocessableEntity
	case errors.Is(err, ErrConflict):
		status = http.StatusConflict
	case errors.Is(err, ErrBadRequest):
		status = http.StatusBadRequest
	case errors.Is(err, ErrNotReady):
		status = http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusGatewayTimeout
	}
	reply(w, status, Fault{Error: err.Error()})
}

func reply(w http.ResponseWriter, status int, v any) {
	body, err := Encode(v)
	if err != nil { // a NaN, say: a bug of the Source
		status = http.StatusInternalServerError
		body, _ = Encode(Fault{Error: err.Error()})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
