// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/parkway-gw/parkway/internal/api"
)

// The server's bounds.
const (
	maxConnections = 16
	maxScrapes     = 2 // at a time
	maxHeader      = 16 << 10
	headerTimeout  = 5 * time.Second
	writeTimeout   = 15 * time.Second
	idleTimeout    = 2 * time.Minute // longer than usual scrape intervals
	stopTimeout    = time.Second
)

// Listen opens metrics.listen. Its error is one line with the mend.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	why, mend := err, "choose another metrics.listen"
	var sys syscall.Errno
	if errors.As(err, &sys) {
		why = sys
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		mend = "stop what listens there, or choose another metrics.listen (\"\" for none)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		mend = "this machine has no such address (or its interface is down); choose another metrics.listen"
	case errors.Is(err, fs.ErrPermission):
		mend = "choose a port above 1023"
	}
	return nil, fmt.Errorf("metrics.listen %s: %w; %s", address, why, mend)
}

// Options are what the metrics say beside the Source.
type Options struct {
	Version    string
	APIRefused func() uint64 // API connections turned away; nil counts none
	Log        *slog.Logger  // nil is silent
}

// Handler serves /metrics, /healthz (the process answers) and /readyz (workers and
// control run).
func Handler(src api.Source, o Options) http.Handler {
	if o.APIRefused == nil {
		o.APIRefused = func() uint64 { return 0 }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(&collector{src: src, version: o.Version, refused: o.APIRefused},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	// No OpenMetrics: there parked_packets and parked_packets_total would be one family.
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError,
		Registry:            reg,
		MaxRequestsInFlight: maxScrapes,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		h := src.Health(r.Context())
		if h.OK() {
			_, _ = io.WriteString(w, "ok\n")
			return
		}
		http.Error(w, strings.Join(h.Problems, "\n"), http.StatusServiceUnavailable)
	})
	return mux
}

// Serve answers on l until ctx ends, and closes l.
func Serve(ctx context.Context, l net.Listener, src api.Source, o Options) error {
	var refused atomic.Uint64
	server := http.Server{
		Handler:           Handler(src, o),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       headerTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	var stopper api.Stopper
	stopper.Watch(&server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(api.Limit(l, maxConnections, &refused)) }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		stopper.Stop(stop, &server)
		cancel()
		err = <-served
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}
