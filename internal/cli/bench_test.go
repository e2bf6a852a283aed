// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/bench"
)

// The cases are listed without a machine that could run them.
func TestBenchList(t *testing.T) {
	r := parkway(t, nil, "bench", "--list")
	if r.exit != 0 || r.stderr != "" {
		t.Errorf("%+v", r)
	}
	for _, c := range bench.Cases() {
		if !strings.Contains(r.stdout, c.Name+" ") || !strings.Contains(r.stdout, c.Title) || !strings.Contains(r.stdout, c.Goal) {
			t.Errorf("%s is not in\n%s", c.Name, r.stdout)
		}
	}
	var list []struct{ Name, Title, Goal string }
	r = parkway(t, nil, "bench", "flows", "forward-ipv4", "--list", "-o", "json")
	if err := json.Unmarshal([]byte(r.stdout), &list); err != nil || len(list) != 2 || list[0].Name != "flows" || list[1].Goal == "" {
		t.Errorf("%v, %v: %+v", err, list, r)
	}
}

func TestBenchMistakes(t *testing.T) {
	for want, args := range map[string][]string{
		`there is no case "forward"; the cases are forward-ipv4,`:   {"forward"},
		`--memory is auto, hugepages or no-huge, not "huge"`:        {"--memory", "huge"},
		"--rounds is at least 1, --window at least 50ms":            {"--window", "1ms"},
		"--threshold is a percentage below 100":                     {"--threshold", "3"},
		"--record is for results beside the references":             {"--against", "x", "--record", "y"},
		"the forms are table and json":                              {"-o", "xml"},
		"`parkway bench` has no flag --quik; did you mean --quick?": {"--quik"},
	} {
		if r := parkway(t, nil, append([]string{"bench"}, args...)...); r.exit != 2 || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: %+v, want %q", args, r, want)
		}
	}
	if r := parkway(t, nil, "bench", "flows", "--against", "/nonexistent/parkway"); r.exit != 1 || !strings.Contains(r.stderr, "--against: ") {
		t.Errorf("%+v", r)
	}
}
