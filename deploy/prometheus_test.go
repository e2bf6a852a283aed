// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// promtool is `make deps`'s, or the system's.
func promtool(t *testing.T) string {
	t.Helper()
	if tool, err := filepath.Abs("../bin/tools/promtool"); err == nil {
		if _, err := os.Stat(tool); err == nil {
			return tool
		}
	}
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("there is no promtool; make deps fetches it")
	}
	return tool
}

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// reference is each metric of docs/reference/metrics.md with its type and labels.
func reference(t *testing.T) map[string][2]string {
	t.Helper()
	row := regexp.MustCompile("(?m)^\\| `(parkway_[a-z0-9_]+)` \\| ([a-z]+) \\| ([^|]*) \\|")
	metrics := map[string][2]string{}
	for _, m := range row.FindAllStringSubmatch(text(t, "../docs/reference/metrics.md"), -1) {
		metrics[m[1]] = [2]string{m[2], m[3]}
		if m[2] == "histogram" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				metrics[m[1]+suffix] = [2]string{m[2], m[3] + ", `le`"}
			}
		}
	}
	if len(metrics) < 20 {
		t.Fatalf("the reference has only %d metrics", len(metrics))
	}
	return metrics
}

// dashboard is as much of Grafana's form as the tests look at.
type dashboard struct {
	UID    string
	Panels []struct {
		ID      int
		Type    string
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ RefID, Expr string }
	}
}

func grafana(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(text(t, "grafana/parkway.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

type rule struct{ Alert, Expr string }

func rules(t *testing.T) (all []rule) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal([]byte(text(t, "prometheus/alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// expressions are all of PromQL in alerts and dashboard, by where they stand.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, r := range rules(t) {
		all["alert "+r.Alert] = r.Expr
	}
	for _, p := range grafana(t).Panels {
		for _, target := range p.Targets {
			all[fmt.Sprintf("panel %q %s", p.Title, target.RefID)] = target.Expr
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d expressions", len(all))
	}
	return all
}

// Alerts and dashboard use metrics, labels and drop reasons that there are.
func TestMetricsExist(t *testing.T) {
	metrics := reference(t)
	name := regexp.MustCompile(`\bparkway_[a-z0-9_]+`)
	selector := regexp.MustCompile(`\b(parkway_[a-z0-9_]+)\{([^}]*)\}`)
	matcher := regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"`)
	drops := text(t, "../cgo/drop.h")
	for where, expr := range expressions(t) {
		for _, m := range name.FindAllString(expr, -1) {
			if metrics[m][0] == "" {
				t.Errorf("%s: there is no metric %s", where, m)
			}
		}
		for _, s := range selector.FindAllStringSubmatch(expr, -1) {
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				label, values := m[1], m[2]
				if label != "instance" && label != "job" && !strings.Contains(metrics[s[1]][1], "`"+label+"`") {
					t.Errorf("%s: %s has no label %s", where, s[1], label)
				}
				if label != "reason" {
					continue
				}
				for reason := range strings.SplitSeq(values, "|") {
					if !strings.Contains(drops, `"`+reason+`"`) {
						t.Errorf("%s: there is no drop reason %s", where, reason)
					}
				}
			}
		}
		for metric, m := range metrics {
			counter := m[0] == "counter" && regexp.MustCompile(`\b`+metric+`\b`).MatchString(expr)
			if counter && !regexp.MustCompile(`(?:rate|increase)\(`+metric+`\b`).MatchString(expr) {
				t.Errorf("%s: %s is a counter, and neither rate nor increase is taken of it", where, metric)
			}
		}
	}
}

// Each alert comes when it should and not when all is well; alerts_test.yaml says when.
func TestAlerts(t *testing.T) {
	tests := text(t, "prometheus/alerts_test.yaml")
	for _, r := range rules(t) {
		if !strings.Contains(tests, r.Alert) {
			t.Errorf("nothing tests %s", r.Alert)
		}
	}
	cmd := exec.Command(promtool(t), "test", "rules", "alerts_test.yaml")
	cmd.Dir = "prometheus"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Panels have numbers of their own and lie beside each other.
func TestDashboardLayout(t *testing.T) {
	ids := map[int]string{}
	cells := map[[2]int]string{}
	for _, p := range grafana(t).Panels {
		if other, taken := ids[p.ID]; taken {
			t.Errorf("%q and %q are both number %d", p.Title, other, p.ID)
		}
		ids[p.ID] = p.Title
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%q shows nothing", p.Title)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, taken := cells[[2]int{x, y}]; taken || x >= 24 {
					t.Fatalf("%q lies on %q at %d,%d", p.Title, other, x, y)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
	}
}

// The dashboard's expressions are PromQL once Grafana has filled in its variables.
func TestDashboardIsPromQL(t *testing.T) {
	fill := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*")
	var b strings.Builder
	b.WriteString("groups:\n- name: dashboard\n  rules:\n")
	n := 0
	for where, expr := range expressions(t) {
		quoted, _ := json.Marshal(fill.Replace(expr))
		fmt.Fprintf(&b, "  - {record: 'panel:%d', expr: %s} # %s\n", n, quoted, where)
		n++
	}
	file := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool(t), "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
