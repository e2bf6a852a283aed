// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/api/apitest"
	"github.com/parkway-gw/parkway/internal/metrics"
)

func scrape(t *testing.T, h http.Handler) (string, map[string]*dto.MetricFamily) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if rec.Code != 200 {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	text := rec.Body.String()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return text, families
}

func TestScrape(t *testing.T) {
	src := apitest.Sample()
	text, _ := scrape(t, metrics.Handler(src, metrics.Options{Version: "v9", APIRefused: func() uint64 { return 4 }}))
	for _, want := range []string{
		`parkway_build_info{goversion="go`,
		`parkway_healthy 1`,
		`parkway_port_up{port="p-vm1"} 1`,
		`parkway_port_rx_packets_total{port="p-ext"} 118`,
		`parkway_port_tx_bytes_total{port="p-ext"} 10486`,
		`parkway_port_rx_missed_total{port="p-ext"} 2`,
		`parkway_port_rx_nombuf_total{port="p-ext"} 1`,
		`parkway_port_tx_dropped_total{port="p-ext"} 1`,
		`parkway_rx_packets_total 235`,
		`parkway_balance_packets 0`,
		`parkway_fragments_total 2`,
		`parkway_copp_dropped_total{protocol="icmp4-error",router_port="lr0-ext"} 3`,
		`parkway_drops_total{reason="ip_no_route",stage="lr_in_ip_routing"} 2`,
		`parkway_drops_total{reason="ip_ttl_exceeded",stage="lr_in_ip_routing"} 0`,
		`parkway_parked_packets{family="ipv4",router_port="lr0-ext"} 3`,
		`parkway_parked_nexthops{family="ipv4",router_port="lr0-ext"} 1`,
		`parkway_parked_packets_total{result="drained"} 10`,
		`parkway_parked_packets_total{result="rejected"} 2`,
		`parkway_parked_packets{family="ipv4",router_port="lrp1"} 12`,
		`parkway_gated_packets_total{result="parked"} 14`,
		`parkway_gated_packets_total{result="rejected"} 0`,
		`parkway_park_wait_seconds_bucket{kind="nexthop",le="0.1"} 2`,
		`parkway_park_wait_seconds_bucket{kind="nexthop",le="+Inf"} 8`,
		`parkway_park_wait_seconds_sum{kind="gated"} 2.25`,
		`parkway_park_wait_seconds_count{kind="gated"} 2`,
		`parkway_gate_open{port="pod1"} 0`,
		`parkway_resolutions_total{result="resolved"} 2`,
		`parkway_resolutions_total{result="expired"} 0`,
		`parkway_neighbor_probes_total{family="ipv4",kind="multicast"} 4`,
		`parkway_neighbor_probes_total{family="ipv6",kind="unicast"} 1`,
		`parkway_neighbor_probes_deferred_total 0`,
		`parkway_address_conflicts_total{router_port="lr0-ext"} 2`,
		`parkway_address_conflicts_total{router_port="lrp1"} 0`,
		`parkway_neighbor_entries{family="ipv6",router_port="lr0-ext",state="REACHABLE"} 1`,
		`parkway_worker_cycles_total{cpu="1",state="busy"} 470000`,
		`parkway_worker_max_poll_gap_seconds{cpu="1"} 6.15e-05`,
		`parkway_worker_poll_gap_seconds_bucket{cpu="1",le="4e-06"} 6.149999e+07`,
		`parkway_worker_poll_gap_seconds_bucket{cpu="1",le="3.2e-05"} 6.1499999e+07`,
		`parkway_worker_poll_gap_seconds_bucket{cpu="1",le="+Inf"} 6.15e+07`,
		`parkway_worker_poll_gap_seconds_sum{cpu="1"} 30.75`,
		`parkway_worker_burst_packets_bucket{cpu="1",le="8"} 120`,
		`parkway_worker_burst_packets_bucket{cpu="1",le="+Inf"} 121`,
		`parkway_worker_burst_packets_sum{cpu="1"} 235`,
		`parkway_stage_sample_every 16`,
		`parkway_stage_cycles_total{cpu="1",stage="lr_in_ip_routing"} 3200`,
		`parkway_stage_packets_total{cpu="1",stage="lr_in_ip_routing"} 12`,
		`parkway_stage_calls_total{cpu="1",stage="rx"} 9`,
		`parkway_mempool_available{pool="mbufs"} 15304`,
		`parkway_api_connections_refused_total 4`,
		`go_goroutines `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no line %s", want)
		}
	}
	if strings.Contains(text, `stage="ls_in_check_port_sec"}`) {
		t.Error("a stage that nothing came to has a series")
	}
	for _, address := range []string{"192.168.123.", "1.1.0.9", "00:00:03:00:00:10", "2001:db8"} {
		if strings.Contains(text, address) {
			t.Errorf("an address became a label: %s", address)
		}
	}
}

func TestNamesFollowPrometheusRules(t *testing.T) {
	text, families := scrape(t, metrics.Handler(apitest.Sample(), metrics.Options{}))
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "parkway_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	for name, f := range families {
		counter := f.GetType() == dto.MetricType_COUNTER
		if strings.HasPrefix(name, "parkway_") && counter != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %v", name, f.GetType())
		}
	}
}

func TestABrokenPartDoesNotHideTheRest(t *testing.T) {
	src := apitest.Sample()
	src.Err = errors.New("control is busy")
	text, _ := scrape(t, metrics.Handler(src, metrics.Options{}))
	if !strings.Contains(text, "parkway_build_info") || strings.Contains(text, "parkway_port_up") {
		t.Error(text)
	}
}

func TestHealthEndpoints(t *testing.T) {
	src := apitest.Sample()
	h := metrics.Handler(src, metrics.Options{})
	ask := func(path string) (int, string) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		return rec.Code, rec.Body.String()
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := ask(path); code != 200 || body != "ok\n" {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
	src.Answers.Health.Status, src.Answers.Health.Problems = api.StatusFailing, []string{"worker 1 does not poll"}
	if code, body := ask("/readyz"); code != 503 || body != "worker 1 does not poll\n" {
		t.Errorf("readyz: %d %q", code, body)
	}
	if code, _ := ask("/healthz"); code != 200 {
		t.Errorf("healthz: %d", code)
	}
	if code, _ := ask("/"); code != 404 {
		t.Errorf("/: %d", code)
	}
}

func TestListenAndServe(t *testing.T) {
	l, err := metrics.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, err = metrics.Listen(l.Addr().String())
	want := "metrics.listen " + l.Addr().String() + `: address already in use; stop what listens there, or choose another metrics.listen ("" for none)`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := metrics.Listen("192.0.2.1:9470"); err == nil || !strings.Contains(err.Error(), "no such address") {
		t.Errorf("an address of somebody else: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- metrics.Serve(ctx, l, apitest.Sample(), metrics.Options{}) }()
	resp, err := http.Get("http://" + l.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not stop")
	}
	if again, err := net.Listen("tcp", l.Addr().String()); err != nil {
		t.Errorf("the port is still taken: %v", err)
	} else {
		again.Close()
	}
}
