// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/api/apitest"
)

func TestClientHearsWhatTheSourceSays(t *testing.T) {
	src := apitest.Sample()
	c := api.Dial(apitest.Serve(t, src))
	defer c.Close()
	a := src.Answers
	check(t, c.Ports, a.Ports)
	check(t, c.Neighbors, a.Neighbors)
	check(t, c.Parked, a.Parked)
	check(t, c.History, a.History)
	check(t, c.Resolutions, a.Resolutions)
	check(t, c.Gates, a.Gates)
	check(t, c.Routes, a.Routes)
	check(t, c.Workers, a.Workers)
	check(t, c.Counters, a.Counters)
	check(t, c.Drops, a.Drops)
	check(t, c.Pools, a.Pools)
	check(t, c.Topology, a.Topology)
	if got, err := c.Config(t.Context()); err != nil || got.LogicalRouters[0].Ports[1].Options.GatewayMTU != 1500 {
		t.Errorf("config: %+v, %v", got, err)
	}
}

func check[T any](t *testing.T, get func(context.Context) (T, error), want T) {
	t.Helper()
	got, err := get(t.Context())
	if err != nil {
		t.Errorf("%v", err)
	} else if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestFlush(t *testing.T) {
	src := apitest.Sample()
	c := api.Dial(apitest.Serve(t, src))
	defer c.Close()
	want := api.FlushRequest{RouterPort: "lrp1", IP: "1.1.0.1"}
	if n, err := c.FlushNeighbors(t.Context(), want); err != nil || n != 2 {
		t.Errorf("flushed %d, %v", n, err)
	}
	if _, err := c.FlushNeighbors(t.Context(), api.FlushRequest{}); err != nil {
		t.Error(err)
	}
	src.Do(func() {
		if !reflect.DeepEqual(src.Flushes, []api.FlushRequest{want, {}}) {
			t.Errorf("the source was asked %+v", src.Flushes)
		}
	})
}

func TestRelease(t *testing.T) {
	src := apitest.Sample()
	c := api.Dial(apitest.Serve(t, src))
	defer c.Close()
	if r, err := c.ReleasePort(t.Context(), "pod1"); err != nil || r != (api.ReleaseReply{Port: "pod1", Packets: 12}) {
		t.Errorf("%+v, %v", r, err)
	}
	for _, name := range []string{"pod2", ""} {
		_, err := c.ReleasePort(t.Context(), name)
		var status *api.StatusError
		if !errors.As(err, &status) || status.Status != http.StatusBadRequest {
			t.Errorf("%q: %v", name, err)
		}
	}
	src.Do(func() {
		if !slices.Equal(src.Releases, []string{"pod1", "pod2"}) {
			t.Errorf("the source was asked for %q", src.Releases)
		}
	})
}

// TestRequests is the API as a program in another language meets it.
func TestRequests(t *testing.T) {
	src := apitest.Sample()
	server := httptest.NewServer(api.Handler(src))
	defer server.Close()
	for _, tc := range []struct {
		method, path, body string
		status             int
		want               string // in the body
	}{
		{"GET", "/v1/health", "", 200, `"status": "ok"`},
		{"GET", "/v1/ports", "", 200, `"name": "p-vm1"`},
		{"HEAD", "/v1/ports", "", 200, ""},
		{"POST", "/v1/neighbors/flush", "", 200, `{
  "flushed": 2
}`},
		{"POST", "/v1/neighbors/flush", "{}", 200, `"flushed": 2`},
		{"POST", "/v1/neighbors/flush", `{"router_port": 7}`, 400, `"error": "bad request`},
		{"POST", "/v1/neighbors/flush", `{"routerport": "lrp1"}`, 400, `routerport`},
		{"POST", "/v1/neighbors/flush", `{} {}`, 400, `more than one`},
		{"POST", "/v1/neighbors/flush", `{"ip":"` + strings.Repeat("1", 100000) + `"}`, 413, `too large`},
		{"POST", "/v1/gates/release", `{"port": "pod1"}`, 200, `"packets": 12`},
		{"POST", "/v1/stages/sample", `{"every": 4}`, 200, `"sample_every": 4`},
		{"POST", "/v1/stages/sample", `{"every": 0}`, 200, `"sample_every": 0`},
		{"POST", "/v1/stages/sample", "", 400, `say how many polls`},
		{"POST", "/v1/stages/sample", `{"every": "1/4"}`, 400, `every`},
		{"POST", "/v1/workers/reset", "", 200, `"workers": 1`},
		{"GET", "/v1/workers/reset", "", 405, `POST only`},
		{"POST", "/v1/gates/release", "", 400, `say which switch port`},
		{"POST", "/v1/gates/release", `{"name": "pod1"}`, 400, `name`},
		{"GET", "/v1/gates/release", "", 405, `POST only`},
		{"POST", "/v1/gates", "", 405, `GET, HEAD only`},
		{"GET", "/v1/parked/history", "", 200, `"result": "resolved"`},
		{"GET", "/v1/neighbors/flush", "", 405, `"/v1/neighbors/flush answers POST only"`},
		{"DELETE", "/v1/ports", "", 405, `/v1/ports answers GET, HEAD only`},
		{"GET", "/v1/prots", "", 404, `"no such path: /v1/prots"`},
		{"GET", "/", "", 404, `no such path`},
		{"GET", "/v1/ports/../../etc", "", 404, ``},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tc.method, server.URL+tc.path, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Errorf("%s %s: %v", tc.method, tc.path, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tc.status || !strings.Contains(string(body), tc.want) {
			t.Errorf("%s %s: %d %s\nwant %d %s", tc.method, tc.path, resp.StatusCode, body, tc.status, tc.want)
		}
		if got := resp.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s %s: content type %q", tc.method, tc.path, got)
		}
	}
}

func TestSourcesErrorsBecomeStatuses(t *testing.T) {
	src := apitest.Sample()
	c := api.Dial(apitest.Serve(t, src))
	defer c.Close()
	for _, tc := range []struct {
		err    error
		status int
	}{
		{fmt.Errorf("%w: no router port \"x\"", api.ErrBadRequest), 400},
		{fmt.Errorf("%w: starting", api.ErrNotReady), 503},
		{context.DeadlineExceeded, 504},
		{errors.New("broken <here>"), 500},
	} {
		src.Do(func() { src.Err = tc.err })
		_, err := c.Ports(t.Context())
		var status *api.StatusError
		if !errors.As(err, &status) || status.Status != tc.status || status.Message != tc.err.Error() {
			t.Errorf("%v became %#v", tc.err, err)
		}
	}
}

func TestHealthOfAFailingGateway(t *testing.T) {
	src := apitest.Sample()
	src.Answers.Health.Status, src.Answers.Health.Problems = api.StatusFailing, []string{"worker 1 does not poll"}
	c := api.Dial(apitest.Serve(t, src))
	defer c.Close()
	h, err := c.Health(t.Context())
	if err != nil || h.OK() || len(h.Problems) != 1 {
		t.Errorf("%+v, %v", h, err)
	}
	rec := httptest.NewRecorder()
	api.Handler(src).ServeHTTP(rec, httptest.NewRequest("GET", "/v1/health", nil))
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", rec.Code)
	}
}

func TestEmptyTablesAreListsNotNull(t *testing.T) {
	src := &apitest.Source{}
	src.Answers.Counters.Drops, src.Answers.Resolutions.ByResult = map[string]uint64{}, map[string]uint64{}
	server := httptest.NewServer(api.Handler(src))
	defer server.Close()
	for _, what := range []string{"health", "ports", "neighbors", "parked", "parked/history", "resolutions", "gates", "routes", "workers", "counters", "drops", "pools", "config", "topology"} {
		resp, err := http.Get(server.URL + "/v1/" + what)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if strings.Contains(string(body), "null") {
			t.Errorf("%s: %s", what, body)
		}
	}
}

func TestConnectionsOverTheLimitAreToldSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := api.Listen(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s := apitest.ServeOn(t, apitest.Sample(), l)
	// Connections count from accept on, so each of them proves itself with an answer.
	var conns []net.Conn
	for range api.MaxConnections {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		if _, err := io.WriteString(conn, "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAtLeast(conn, make([]byte, 4096), 12); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 503 ") {
		t.Errorf("connection %d heard %q, %v", api.MaxConnections+1, answer, err)
	}
	if s.Refused() != 1 {
		t.Errorf("refused %d", s.Refused())
	}
	for _, conn := range conns {
		conn.Close()
	}
	c := api.Dial(path)
	defer c.Close()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if _, err := c.Health(t.Context()); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("still refused after all others had gone: %v", err)
		}
	}
}

func TestAStuckSourceDoesNotHoldUpStopping(t *testing.T) {
	src := apitest.Sample()
	src.Block = make(chan struct{})
	l, err := api.Listen(filepath.Join(t.TempDir(), "s"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- api.NewServer(src, nil).Serve(ctx, l) }()
	conn, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /v1/ports HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(9 * time.Second):
		t.Error("serving for 9 s after its context has ended")
	}
}

// A connection on which nobody has asked anything is no request in flight.
func TestUnusedConnectionsDoNotHoldUpStopping(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "api.sock")
	l, err := api.Listen(socket, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- api.NewServer(apitest.Sample(), nil).Serve(ctx, l) }()
	unused, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer unused.Close()
	c := api.Dial(socket)
	defer c.Close()
	if _, err := c.Health(ctx); err != nil { // whose connection came later
		t.Fatal(err)
	}
	began := time.Now()
	cancel()
	if err := <-done; err != nil || time.Since(began) > time.Second {
		t.Errorf("it took %v: %v", time.Since(began), err)
	}
}

func TestManyClientsAtATime(t *testing.T) {
	src := apitest.Sample()
	path := apitest.Serve(t, src)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			c := api.Dial(path)
			defer c.Close()
			for range 20 {
				if got, err := c.Counters(t.Context()); err != nil || !maps.Equal(got.Drops, src.Answers.Counters.Drops) {
					t.Errorf("%+v, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}
