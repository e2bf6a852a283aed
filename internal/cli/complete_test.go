// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/api/apitest"
)

// Names come from the daemon that --socket names; without one nothing is offered and
// nothing complains.
func TestCompletionKnowsLiveNames(t *testing.T) {
	socket := apitest.Serve(t, apitest.Sample())
	nobody := filepath.Join(t.TempDir(), "none.sock")
	for _, tt := range []struct{ line, want string }{
		{"neighbor probe ", "lr0-ext"},
		{"neighbor probe lr0-ext ", "192.168.123.1"},
		{"neighbor flush --router-port ", "lr0-ext"},
		{"neighbor flush --ip ", "192.168.123.1"},
		{"neighbor flush --router-port lr0-ext --ip ", "192.168.123.1"},
		{"port release ", "pod1"},
		{"show parked -o ", "json"},
		{"show ", "neighbors\tThe neighbor table"},
		{"bench forward-ipv4 fl", "flows\tIPv4, 64 octets, 16 routes by 16 gateways, from one flow to a million"},
	} {
		complete := func(socket string) []string {
			args := append([]string{"__complete", "--socket", socket}, strings.Split(tt.line, " ")...)
			r := parkway(t, nil, args...)
			if r.exit != 0 {
				t.Errorf("%s: %+v", tt.line, r)
			}
			return strings.Split(r.stdout, "\n")
		}
		if got := complete(socket); !slices.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q among them", tt.line, got, tt.want)
		}
		complete(nobody)
	}
	if r := parkway(t, nil, "__complete", "--socket", socket, "neighbor", "flush", "--router-port", "lrp-other", "--ip", ""); strings.Contains(r.stdout, "192.168") {
		t.Errorf("neighbors of another port: %s", r.stdout)
	}
}

// Each script is one that its shell reads.
func TestCompletionScripts(t *testing.T) {
	for shell, check := range map[string]string{"bash": "-n", "zsh": "-n", "fish": "--no-execute"} {
		r := parkway(t, nil, "completion", shell)
		if r.exit != 0 || !strings.Contains(r.stdout, "__complete") {
			t.Errorf("%s: %+v", shell, r)
		}
		if _, err := exec.LookPath(shell); err != nil {
			continue
		}
		file := filepath.Join(t.TempDir(), shell)
		if err := os.WriteFile(file, []byte(r.stdout), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(shell, check, file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}
