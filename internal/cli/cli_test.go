// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/api/apitest"
	"github.com/parkway-gw/parkway/internal/cli"
	"github.com/parkway-gw/parkway/internal/config"
)

var update = flag.Bool("update", false, "write the output into testdata")

const seed = "../../configs/seed.yaml"

type result struct {
	exit           int
	stdout, stderr string
}

func parkway(t *testing.T, run func(context.Context, *config.Config) error, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	p := cli.Program{Version: "v0.1.0", Run: run, Stdout: &out, Stderr: &errs, Socket: filepath.Join(t.TempDir(), "none.sock")}
	exit := p.Main(t.Context(), args)
	return result{exit, out.String(), errs.String()}
}

// TestShowGolden compares every view of the sample gateway with testdata.
func TestShowGolden(t *testing.T) {
	socket := apitest.Serve(t, apitest.Sample())
	for _, what := range []string{"", "ports", "neighbors", "parked", "fdb", "switch-ports", "routes", "policies", "workers", "stages", "counters", "drops", "config"} {
		for _, form := range []string{"table", "json"} {
			args := []string{"show"}
			file := "show"
			if what != "" {
				args, file = append(args, what), file+"-"+what
			}
			args = append(args, "-o", form, "--socket", socket)
			file += map[string]string{"table": ".txt", "json": ".json"}[form]
			r := parkway(t, nil, args...)
			if r.exit != 0 || r.stderr != "" {
				t.Errorf("%v: exit %d, stderr %q", args, r.exit, r.stderr)
			}
			golden(t, file, r.stdout)
			if form == "json" && !json.Valid([]byte(r.stdout)) {
				t.Errorf("%v: not JSON", args)
			}
		}
	}
	for file, form := range map[string]string{"show-parked-history.txt": "table", "show-parked-history.json": "json"} {
		golden(t, file, parkway(t, nil, "show", "parked", "--history", "-o", form, "--socket", socket).stdout)
	}
	golden(t, "show-workers-histograms.txt", parkway(t, nil, "show", "workers", "--histograms", "--socket", socket).stdout)
	golden(t, "show-drops-all.txt", parkway(t, nil, "show", "drops", "--all", "--socket", socket).stdout)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s (%v)", name, got, want, err)
	}
	if strings.HasSuffix(name, ".txt") && regexp.MustCompile(`(?m)[ \t]$`).MatchString(got) {
		t.Errorf("%s: a line ends in a space", name)
	}
}

// What `show config` prints is a configuration file, in both forms.
func TestShownConfigIsAConfiguration(t *testing.T) {
	src := apitest.Sample()
	// The sample's second port names one localnet; that is all a valid file needs.
	socket := apitest.Serve(t, src)
	for _, form := range []string{"table", "json"} {
		r := parkway(t, nil, "show", "config", "-o", form, "--socket", socket)
		c, err := config.Parse("shown", []byte(r.stdout))
		if err != nil {
			t.Errorf("%s:\n%s\n%v", form, r.stdout, err)
			continue
		}
		if got := c.Topology.Routers[0].StaticRoutes; len(got) != 2 || !got[1].Discard || c.Topology.Switches[1].Ports[0].Tag != 100 {
			t.Errorf("%s: %+v", form, c.Topology)
		}
	}
}

func TestNeighborFlush(t *testing.T) {
	src := apitest.Sample()
	socket := apitest.Serve(t, src)
	if r := parkway(t, nil, "neighbor", "flush", "--socket", socket); r != (result{0, "flushed 2\n", ""}) {
		t.Errorf("%+v", r)
	}
	r := parkway(t, nil, "neighbor", "flush", "--router-port", "lrp1", "--ip", "1.1.0.1", "-o", "json", "--socket", socket)
	if r != (result{0, "{\n  \"flushed\": 2\n}\n", ""}) {
		t.Errorf("%+v", r)
	}
	src.Do(func() {
		if src.Flushes[1] != (api.FlushRequest{RouterPort: "lrp1", IP: "1.1.0.1"}) {
			t.Errorf("%+v", src.Flushes)
		}
		src.Err = errors.Join(api.ErrBadRequest)
	})
	if r := parkway(t, nil, "neighbor", "flush", "--socket", socket); r != (result{1, "", "parkway: bad request\n"}) {
		t.Errorf("%+v", r)
	}
}

// TestNeighborCommands compares what the commands print, and what they ask for.
func TestNeighborCommands(t *testing.T) {
	src := apitest.Sample()
	socket := apitest.Serve(t, src)
	for _, c := range []struct {
		args string
		want result
	}{
		{"add lr0-ext 192.168.123.9 00:00:03:00:00:09", result{0, "added 192.168.123.9 00:00:03:00:00:09 behind lr0-ext\n", ""}},
		{"del lr0-ext 192.168.123.1", result{0, "deleted 192.168.123.1 (no MAC) behind lr0-ext; 3 packets waited for it and went too\n", ""}},
		{"probe lr0-ext 2001:db8:f0f0::10 --wait 2500ms",
			result{0, "2001:db8:f0f0::10 is at 00:00:03:00:00:10 behind lr0-ext, 125µs; its known MAC was asked\n", ""}},
		{"add lr0-ext 192.168.123.9 00:00:03:00:00:09 -o json",
			result{0, "{\n  \"router_port\": \"lr0-ext\",\n  \"ip\": \"192.168.123.9\",\n  \"mac\": \"00:00:03:00:00:09\"\n}\n", ""}},
	} {
		if r := parkway(t, nil, append(strings.Fields("neighbor "+c.args), "--socket", socket)...); r != c.want {
			t.Errorf("%s: %+v", c.args, r)
		}
	}
	src.Do(func() {
		want := []any{
			api.AddNeighborRequest{RouterPort: "lr0-ext", IP: "192.168.123.9", MAC: "00:00:03:00:00:09"},
			api.DeleteNeighborRequest{RouterPort: "lr0-ext", IP: "192.168.123.1"},
			api.ProbeNeighborRequest{RouterPort: "lr0-ext", IP: "2001:db8:f0f0::10", WaitSeconds: 2.5},
		}
		if !reflect.DeepEqual(src.Commands[:3], want) {
			t.Errorf("%+v", src.Commands)
		}
		src.Answers.Probed = api.ProbeNeighborReply{RouterPort: "lr0-ext", IP: "192.168.123.77", Kind: api.ProbeMulticast}
		src.Answers.Deleted = api.DeleteNeighborReply{RouterPort: "lr0-ext", IP: "192.168.123.9", MAC: "00:00:03:00:00:09"}
	})
	r := parkway(t, nil, "neighbor", "probe", "lr0-ext", "192.168.123.77", "--socket", socket)
	if r != (result{1, "", "parkway: no answer from 192.168.123.77 behind lr0-ext within 1s; everybody was asked\n"}) {
		t.Errorf("%+v", r)
	}
	r = parkway(t, nil, "neighbor", "probe", "lr0-ext", "192.168.123.77", "-o", "json", "--socket", socket)
	if r.exit != 1 || r.stderr != "" || !strings.Contains(r.stdout, "\"answered\": false") {
		t.Errorf("%+v", r)
	}
	r = parkway(t, nil, "neighbor", "del", "lr0-ext", "192.168.123.9", "--socket", socket)
	if r != (result{0, "deleted 192.168.123.9 00:00:03:00:00:09 behind lr0-ext\n", ""}) {
		t.Errorf("%+v", r)
	}
	shown := parkway(t, nil, "neighbor", "show", "--socket", socket)
	golden(t, "show-neighbors.txt", shown.stdout)
	src.Do(func() { src.Err = fmt.Errorf("%w: there is no router port", api.ErrBadRequest) })
	for _, args := range []string{"add lrx 192.168.123.9 00:00:03:00:00:09", "del lrx 192.168.123.9", "probe lrx 192.168.123.9"} {
		if r := parkway(t, nil, append(strings.Fields("neighbor "+args), "--socket", socket)...); r != (result{1, "", "parkway: bad request: there is no router port\n"}) {
			t.Errorf("%s: %+v", args, r)
		}
	}
}

func TestPortRelease(t *testing.T) {
	src := apitest.Sample()
	socket := apitest.Serve(t, src)
	if r := parkway(t, nil, "port", "release", "pod1", "--socket", socket); r != (result{0, "released 12\n", ""}) {
		t.Errorf("%+v", r)
	}
	r := parkway(t, nil, "port", "release", "pod1", "-o", "json", "--socket", socket)
	if r != (result{0, "{\n  \"port\": \"pod1\",\n  \"packets\": 12\n}\n", ""}) {
		t.Errorf("%+v", r)
	}
	r = parkway(t, nil, "port", "release", "sw1-port1", "--socket", socket)
	if r != (result{1, "", "parkway: bad request: switch port \"sw1-port1\" is not gated\n"}) {
		t.Errorf("%+v", r)
	}
	if r := parkway(t, nil, "port", "release", "", "--socket", socket); r.exit != 2 {
		t.Errorf("%+v", r)
	}
	src.Do(func() {
		if len(src.Releases) != 3 {
			t.Errorf("%q", src.Releases)
		}
		src.Answers.Topology.Switches[0].Ports[1].Gate.Open = true
	})
	if r := parkway(t, nil, "show", "--socket", socket); !strings.Contains(r.stdout, "\n        park_until: up (open)\n") {
		t.Errorf("%+v", r)
	}
}

// What waited longer than the buckets reach is not made to look shorter.
func TestWaitsBeyondTheBuckets(t *testing.T) {
	src := apitest.Sample()
	socket := apitest.Serve(t, src)
	src.Do(func() { src.Answers.Parked.Waits[0].Count, src.Answers.Parked.Gated = 100, api.ParkedTotals{} })
	r := parkway(t, nil, "show", "parked", "--socket", socket)
	if !strings.Contains(r.stdout, "99 % of them longer than 10s\n") || strings.Contains(r.stdout, "\ngated ") {
		t.Errorf("%+v", r)
	}
}

func TestMistakes(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("version: 1\nprots: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args   string
		exit   int
		stderr string
	}{
		{"shwo", 2, "parkway: there is no command `parkway shwo`; did you mean `parkway show`?\n"},
		{"trace", 2, "parkway: there is no command `parkway trace`; see `parkway --help`\n"},
		{"show prots", 2, "parkway: there is no command `parkway show prots`; did you mean `parkway show ports`?\n"},
		{"show ports p1", 2, "parkway: `parkway show ports` does not take \"p1\"; see `parkway show ports --help`\n"},
		{"show --sokcet x", 2, "parkway: `parkway show` has no flag --sokcet; did you mean --socket?\n"},
		{"show --frobnicate", 2, "parkway: unknown flag: --frobnicate; see `parkway show --help`\n"},
		{"show -x", 2, "parkway: unknown shorthand flag: 'x' in -x; see `parkway show --help`\n"},
		{"show -o yaml", 2, "parkway: invalid argument \"yaml\" for \"-o, --output\" flag: the forms are table and json; see `parkway show --help`\n"},
		{"neighbor flsh", 2, "parkway: there is no command `parkway neighbor flsh`; did you mean `parkway neighbor flush`?\n"},
		{"neighbor add lr0-ext 192.168.123.9", 2, "parkway: `parkway neighbor add` needs the MAC of the neighbor; see `parkway neighbor add --help`\n"},
		{"neighbor del lr0-ext", 2, "parkway: `parkway neighbor del` needs the IP address of the neighbor; see `parkway neighbor del --help`\n"},
		{"neighbor probe", 2, "parkway: `parkway neighbor probe` needs the ROUTER-PORT; see `parkway neighbor probe --help`\n"},
		{"neighbor probe lr0-ext 192.168.123.1 --wait 6s", 2, "parkway: --wait is 6s; it may be up to 5s\n"},
		{"neighbor probe lr0-ext 192.168.123.1 --wait 0s", 2, "parkway: --wait is 0s; it may be up to 5s\n"},
		{"port", 2, "Usage:\n  parkway port"},
		{"port relaese pod1", 2, "parkway: there is no command `parkway port relaese`; did you mean `parkway port release`?\n"},
		{"port release", 2, "parkway: `parkway port release` needs the NAME of a gated switch port; see `parkway port release --help`\n"},
		{"port release pod1 pod2", 2, "parkway: `parkway port release` does not take \"pod2\"; see `parkway port release --help`\n"},
		{"show parked --histroy", 2, "parkway: `parkway show parked` has no flag --histroy; did you mean --history?\n"},
		{"run", 2, "parkway: `parkway run` needs a configuration: -c FILE\n"},
		{"run config.yaml", 2, "parkway: `parkway run` does not take \"config.yaml\"; see `parkway run --help`\n"},
		{"check", 2, "parkway: `parkway check` needs a FILE; see `parkway check --help`\n"},
		{"completion tcsh", 2, "parkway: there is no completion for \"tcsh\"; the shells are bash, zsh and fish\n"},
		{"check " + bad, 3, bad + ":2:1: "},
		{"run -c " + bad, 3, bad + ":2:1: "},
		{"run -c /nowhere.yaml", 3, "/nowhere.yaml: no such file"},
		{"show", 4, "parkway: no daemon at "},
		{"show counters -o json", 4, "parkway: no daemon at "},
		{"neighbor flush", 4, "parkway: no daemon at "},
		{"neighbor show", 4, "parkway: no daemon at "},
		{"neighbor probe lr0-ext 192.168.123.1", 4, "parkway: no daemon at "},
		{"port release pod1", 4, "parkway: no daemon at "},
		{"show parked --history", 4, "parkway: no daemon at "},
	} {
		run := func(context.Context, *config.Config) error { t.Errorf("%s: the daemon ran", tc.args); return nil }
		r := parkway(t, run, strings.Fields(tc.args)...)
		if r.exit != tc.exit || !strings.HasPrefix(r.stderr, tc.stderr) || r.stdout != "" {
			t.Errorf("%s: exit %d, stderr %q, stdout %q\nwant %d, %q", tc.args, r.exit, r.stderr, r.stdout, tc.exit, tc.stderr)
		}
	}
	if r := parkway(t, nil); r.exit != 2 || r.stdout != "" || !strings.Contains(r.stderr, "Usage:") {
		t.Errorf("no command: %+v", r)
	}
}

func TestRun(t *testing.T) {
	var ran *config.Config
	run := func(_ context.Context, c *config.Config) error { ran = c; return nil }
	if r := parkway(t, run, "run", "-c", seed); r.exit != 0 || ran == nil || ran.API.Socket != "/run/parkway/parkway.sock" {
		t.Errorf("%+v, %+v", r, ran)
	}
	if r := parkway(t, run, "run", "-c", seed, "--socket", "/tmp/x"); r.exit != 0 || ran.API.Socket != "/tmp/x" {
		t.Errorf("%+v, %+v", r, ran)
	}
	run = func(context.Context, *config.Config) error { return errors.New("another instance answers on /run/x") }
	if r := parkway(t, run, "run", "-c", seed); r != (result{1, "", "parkway: another instance answers on /run/x\n"}) {
		t.Errorf("%+v", r)
	}
}

func TestCheck(t *testing.T) {
	r := parkway(t, nil, "check", seed)
	if r.exit != 0 || !strings.HasPrefix(r.stdout, seed+": ok (5 ports, 3 switches, ") {
		t.Errorf("%+v", r)
	}
	var report struct {
		OK       bool
		Problems []struct {
			Line, Column  int
			Message, Hint string
		}
	}
	r = parkway(t, nil, "check", seed, "-o", "json")
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || !report.OK || r.exit != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	r = parkway(t, nil, "check", "/nowhere.yaml", "-o", "json")
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || report.OK || r.exit != 3 || len(report.Problems) != 1 || r.stderr != "" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestVersion(t *testing.T) {
	if r := parkway(t, nil, "version"); r.exit != 0 || !strings.HasPrefix(r.stdout, "parkway v0.1.0 (go1.") {
		t.Errorf("%+v", r)
	}
	if r := parkway(t, nil, "version", "-o", "json"); !strings.Contains(r.stdout, `"version": "v0.1.0"`) {
		t.Errorf("%+v", r)
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		r := parkway(t, nil, "completion", shell)
		if r.exit != 0 || len(r.stdout) < 1000 {
			t.Errorf("%s: exit %d, %d octets, %s", shell, r.exit, len(r.stdout), r.stderr)
		}
		if path, err := exec.LookPath(shell); err == nil {
			cmd := exec.Command(path, "-n")
			cmd.Stdin = strings.NewReader(r.stdout)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s refuses its script: %v: %s", shell, err, out)
			}
		}
	}
	socket := apitest.Serve(t, apitest.Sample())
	r := parkway(t, nil, "__complete", "neighbor", "flush", "--socket", socket, "--router-port", "")
	if !strings.HasPrefix(r.stdout, "lrp1\nlr0-ext\n") {
		t.Errorf("router ports complete to %q", r.stdout)
	}
	for args, want := range map[string]string{"": "lrp1\nlr0-ext\n:4\n", "lrp1": "1.1.0.1\n:4\n", "lrp1 1.1.0.1": ":4\n"} {
		words := append([]string{"__complete", "neighbor", "probe", "--socket", socket}, strings.Fields(args)...)
		if r := parkway(t, nil, append(words, "")...); r.stdout != want {
			t.Errorf("neighbors complete to %q after %q", r.stdout, args)
		}
	}
	for args, want := range map[string]string{"": "pod1\n:4\n", "pod1": ":4\n"} {
		words := append([]string{"__complete", "port", "release", "--socket", socket}, strings.Fields(args)...)
		if r := parkway(t, nil, append(words, "")...); r.stdout != want {
			t.Errorf("gated ports complete to %q after %q", r.stdout, args)
		}
	}
	if r := parkway(t, nil, "__complete", "show", ""); !strings.Contains(r.stdout, "neighbors\t") {
		t.Errorf("show completes to %q", r.stdout)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range []string{"--help", "run --help", "show --help", "neighbor flush -h", "neighbor add -h", "neighbor probe -h", "port release -h", "show parked -h"} {
		if r := parkway(t, nil, strings.Fields(args)...); r.exit != 0 || r.stderr != "" || !strings.Contains(r.stdout, "Usage:") {
			t.Errorf("%s: %+v", args, r)
		}
	}
}
