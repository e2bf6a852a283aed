// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"flag"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/api/apitest"
)

var update = flag.Bool("update", false, "write the answers into docs/reference/api.md")

const reference = "../../docs/reference/api.md"

// example finds a heading such as "### GET /v1/ports" and the JSON block after it.
var example = regexp.MustCompile("(?s)\n### ((?:GET|POST) /v1/[a-z_/]+)\n(.*?```json\n)(.*?)```\n")

// bodies are those of the requests that need one.
var bodies = map[string]string{"POST /v1/gates/release": `{"port": "pod1"}`, "POST /v1/stages/sample": `{"every": 16}`}

// The reference's examples are what a server answers.
func TestReferenceShowsWhatTheServerAnswers(t *testing.T) {
	h := api.Handler(apitest.Sample())
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	fresh := example.ReplaceAllStringFunc(string(text), func(found string) string {
		m := example.FindStringSubmatch(found)
		documented[m[1]] = true
		method, path, _ := strings.Cut(m[1], " ")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(method, path, strings.NewReader(bodies[m[1]])))
		got := rec.Body.String()
		if got != m[3] && !*update {
			t.Errorf("%s: the reference shows\n%s\nbut the server answers\n%s", m[1], m[3], got)
		}
		return "\n### " + m[1] + "\n" + m[2] + got + "```\n"
	})
	for _, endpoint := range []string{"GET /v1/health", "GET /v1/ports", "GET /v1/neighbors", "GET /v1/parked", "GET /v1/parked/history", "GET /v1/resolutions",
		"GET /v1/gates", "GET /v1/routes", "GET /v1/policies",
		"GET /v1/workers", "GET /v1/counters", "GET /v1/drops", "GET /v1/pools", "GET /v1/config", "GET /v1/topology", "GET /v1/fdb", "GET /v1/switch_ports", "POST /v1/fdb/flush", "POST /v1/neighbors/flush", "POST /v1/gates/release",
		"POST /v1/neighbors/add", "POST /v1/neighbors/del", "POST /v1/neighbors/probe", "GET /v1/reload", "POST /v1/reload",
		"GET /v1/stages", "POST /v1/stages/sample", "POST /v1/workers/reset"} {
		if !documented[endpoint] {
			t.Errorf("%s has no example", endpoint)
		}
	}
	if *update {
		if err := os.WriteFile(reference, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
