// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/config"
)

// The recipe can't be built by a test, which has no registry; what it takes from the
// repository is there, and what it runs is what the package installs.
func TestContainerfileNamesWhatExists(t *testing.T) {
	recipe := strings.ReplaceAll(text(t, "container/Containerfile"), "\\\n", " ")
	copied := 0
	for line := range strings.Lines(recipe) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "COPY" || strings.HasPrefix(words[1], "--from") {
			continue
		}
		for _, source := range words[1 : len(words)-1] {
			copied++
			if _, err := os.Stat(filepath.Join("..", source)); err != nil {
				t.Errorf("%s: %v", strings.TrimSpace(line), err)
			}
		}
	}
	if copied < 4 {
		t.Errorf("only %d sources", copied)
	}
	if !strings.Contains(recipe, "make deb") || !regexp.MustCompile(`(?m)^deb:`).MatchString(text(t, "../Makefile")) {
		t.Error("there is no make deb")
	}
	script := text(t, "../scripts/deb.sh")
	for _, path := range []string{"/usr/bin/parkway", "/etc/parkway/parkway.yaml"} {
		if !strings.Contains(recipe, path) || !strings.Contains(script, path) {
			t.Errorf("the recipe or the package has no %s", path)
		}
	}
	major, _, _ := strings.Cut(regexp.MustCompile(`(?m)^go (\S+)`).FindStringSubmatch(text(t, "../go.mod"))[1], ".0")
	if !strings.Contains(recipe, "golang:"+major+"-bookworm") {
		t.Errorf("the recipe builds with another Go than %s", major)
	}
}

// A container's CPUs become the configuration's.
func TestEntrypointTakesTheGivenCPUs(t *testing.T) {
	for _, tt := range []struct{ allowed, env, want string }{
		{"2-4", "", "2 3,4"},
		{"5,17", "", "5 17"},
		{"0-1,8-9,30", "", "0 1,8,9,30"},
		{"7", "", "7 7"},
		{"2-4", "PARKWAY_CPU_WORKERS=4", "2 4"},
	} {
		status := filepath.Join(t.TempDir(), "status")
		if err := os.WriteFile(status, []byte("Cpus_allowed:\tff\nCpus_allowed_list:\t"+tt.allowed+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("container/entrypoint.sh", "sh", "-c", `echo "$PARKWAY_CPU_CONTROL $PARKWAY_CPU_WORKERS"`)
		cmd.Env = append(os.Environ(), "PARKWAY_STATUS="+status, tt.env)
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
			t.Errorf("%s %s: %q, %v; want %q", tt.allowed, tt.env, got, err, tt.want)
		}
	}
}

// The pod's configuration passes, and its container has the unit's capabilities, no
// more, and as much memory in hugepages as the configuration takes.
func TestPod(t *testing.T) {
	decoder := yaml.NewDecoder(strings.NewReader(text(t, "container/pod.yaml")))
	var files struct{ Data map[string]string }
	if err := decoder.Decode(&files); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("pod.yaml", []byte(files.Data["parkway.yaml"]))
	if err != nil {
		t.Fatal(err)
	}
	var pod struct {
		Spec struct {
			Containers []struct {
				SecurityContext struct {
					Capabilities struct{ Add, Drop []string }
				} `yaml:"securityContext"`
				Resources struct{ Requests, Limits map[string]string }
			}
		}
	}
	if err := decoder.Decode(&pod); err != nil {
		t.Fatal(err)
	}
	c := pod.Spec.Containers[0]
	line := regexp.MustCompile(`(?m)^CapabilityBoundingSet=(.*)$`).FindStringSubmatch(text(t, "systemd/parkway.service"))[1]
	unit := strings.Fields(strings.ReplaceAll(line, "CAP_", ""))
	slices.Sort(unit)
	slices.Sort(c.SecurityContext.Capabilities.Add)
	if !slices.Equal(unit, c.SecurityContext.Capabilities.Add) || !slices.Equal(c.SecurityContext.Capabilities.Drop, []string{"ALL"}) {
		t.Errorf("the pod adds %v, the unit has %v", c.SecurityContext.Capabilities, unit)
	}
	for name, n := range c.Resources.Requests {
		if c.Resources.Limits[name] != n {
			t.Errorf("%s: limit %s, request %s; exclusive CPUs and hugepages want them equal", name, c.Resources.Limits[name], n)
		}
	}
	if want := fmt.Sprintf("%dMi", cfg.DPDK.Memory.Size>>20); c.Resources.Limits["hugepages-2Mi"] != want {
		t.Errorf("hugepages %s, the configuration takes %s", c.Resources.Limits["hugepages-2Mi"], want)
	}
}
