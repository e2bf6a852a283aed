// SPDX-License-Identifier: Apache-2.0

package manual_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/cli"
	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/manual"
)

var update = flag.Bool("update", false, "write the manual into the repository (make docs)")

const root = "../../"

// TestFresh compares the manual in the repository with what the program says.
func TestFresh(t *testing.T) {
	commands := cli.Program{}.Command()
	shape := config.Describe()
	example, err := os.ReadFile(root + "deploy/debian/parkway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{
		"docs/man/parkway.8":                manual.CommandPage(commands),
		"docs/man/parkway.yaml.5":           manual.SettingsPage(shape, string(example)),
		"docs/reference/cli.md":             manual.CommandReference(commands),
		"deploy/schema/parkway.schema.json": manual.Schema(shape),
	} {
		if *update {
			if err := os.WriteFile(root+name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(root + name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale (%v); run make docs", name, err)
		}
	}
}

// Every command and every flag of a command is in the manual page.
func TestPageIsComplete(t *testing.T) {
	commands := cli.Program{}.Command()
	page := strings.ReplaceAll(string(manual.CommandPage(commands)), `\-`, "-")
	for _, c := range commands.Commands() {
		if !c.Hidden && !strings.Contains(page, "parkway "+c.Name()) {
			t.Errorf("no word of %s", c.Name())
		}
	}
	for _, want := range []string{"parkway show parked", "parkway show\\fR\n", "--history", "neighbor probe ROUTER-PORT IP", "parkway doctor [FILE]", "-c, --config", "--socket"} {
		if !strings.Contains(page, want) {
			t.Errorf("no word of %s", want)
		}
	}
}

// man finds nothing to complain about.
func TestPagesAreRoff(t *testing.T) {
	man, err := exec.LookPath("man")
	if err != nil {
		t.Skip("man is not installed")
	}
	for _, name := range []string{"docs/man/parkway.8", "docs/man/parkway.yaml.5"} {
		cmd := exec.Command(man, "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", name)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "MANROFFSEQ=", "LC_ALL=C.UTF-8")
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, &complaints)
		}
	}
}

// Descriptions are of keys that there are.
func TestDescriptionsAreOfKeys(t *testing.T) {
	paths := map[string]bool{}
	var walk func(s *config.Shape, path string)
	walk = func(s *config.Shape, path string) {
		for _, k := range s.Keys {
			p := strings.TrimPrefix(path+"."+k.Name, ".")
			paths[p] = true
			walk(k.Shape, p)
			if k.Element != nil {
				walk(k.Element, p+"[]")
			}
		}
	}
	walk(config.Describe(), "")
	for path := range manual.Descriptions {
		if !paths[path] {
			t.Errorf("there is no key %s", path)
		}
	}
}

// The schema accepts every example, and refuses what `check` refuses for its form.
func TestSchema(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(manual.Schema(config.Describe()), &schema); err != nil {
		t.Fatal(err)
	}
	examples, _ := filepath.Glob(root + "configs/*.yaml")
	if len(examples) < 5 {
		t.Fatalf("only %d examples", len(examples))
	}
	var seed string
	for _, name := range append(examples, root+"deploy/debian/parkway.yaml", root+"internal/demo/demo.yaml") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "seed.yaml") {
			seed = string(b)
		}
		if problems := against(t, schema, string(b)); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
	for _, tt := range []struct{ old, new, where string }{
		{"version: 1", "version: 2", "version"},
		{"mbufs: 16384", "mbuffs: 16384", "dpdk.mbuffs"},
		{"mbufs: 16384", "mbufs: many", "dpdk.mbufs"},
		{"mbufs: 16384", "mbufs: 3", "dpdk.mbufs"},
		{"mode: auto", "mode: huge", "dpdk.memory.mode"},
		{"name: p-vm1, ", "name: p-vm1, mtu: big, ", "ports.0.mtu"},
		{"networks: [1.1.254.254/16, ", "network: [1.1.254.254/16, ", "logical_routers.0.ports.0.network"},
		{"static_routes:", "static_route:", "logical_routers.0.static_route"},
		{"system: {name: gw1}", "system: [gw1]", "system"},
	} {
		text := strings.Replace(seed, tt.old, tt.new, 1)
		if problems := against(t, schema, text); len(problems) == 0 || !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, tt.where+":") }) {
			t.Errorf("%s: %v", tt.new, problems)
		}
	}
}

// against checks a YAML text by as much of JSON Schema as the schema uses.
func against(t *testing.T, schema map[string]any, text string) []string {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return []string{":" + err.Error()}
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(b, &value); err != nil {
		t.Fatal(err)
	}
	return validate(schema, value, nil)
}

func validate(schema map[string]any, v any, path []string) (problems []string) {
	bad := func(format string, a ...any) {
		problems = append(problems, strings.Join(path, ".")+": "+fmt.Sprintf(format, a...))
	}
	if types, ok := schema["type"]; ok {
		list, many := types.([]any)
		if !many {
			list = []any{types}
		}
		if !slices.ContainsFunc(list, func(name any) bool { return isA(v, name.(string)) }) {
			bad("%v is none of %v", v, list)
			return problems
		}
	}
	if want, ok := schema["const"]; ok && v != want {
		bad("%v is not %v", v, want)
	}
	if words, ok := schema["enum"].([]any); ok && !slices.Contains(words, v) {
		bad("%v is none of %v", v, words)
	}
	if n, ok := v.(float64); ok {
		if low, has := schema["minimum"].(float64); has && n < low {
			bad("%v is less than %v", n, low)
		}
		if high, has := schema["maximum"].(float64); has && n > high {
			bad("%v is more than %v", n, high)
		}
	}
	if options, ok := schema["anyOf"].([]any); ok && !slices.ContainsFunc(options, func(o any) bool {
		return len(validate(o.(map[string]any), v, path)) == 0
	}) {
		bad("none of the forms fits")
	}
	if object, ok := v.(map[string]any); ok {
		properties, _ := schema["properties"].(map[string]any)
		for key, value := range object {
			below := append(slices.Clone(path), key)
			if p, known := properties[key].(map[string]any); known {
				problems = append(problems, validate(p, value, below)...)
			} else if schema["additionalProperties"] == false {
				problems = append(problems, strings.Join(below, ".")+": unknown")
			}
		}
		required, _ := schema["required"].([]any)
		for _, key := range required {
			if _, there := object[key.(string)]; !there {
				bad("no %v", key)
			}
		}
	}
	if list, ok := v.([]any); ok {
		if items, has := schema["items"].(map[string]any); has {
			for i, e := range list {
				problems = append(problems, validate(items, e, append(slices.Clone(path), fmt.Sprint(i)))...)
			}
		}
	}
	return problems
}

func isA(v any, name string) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}
