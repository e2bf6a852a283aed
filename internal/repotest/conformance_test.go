// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const conformance = "docs/conformance.md"

// The lines of the list that the document answers, by letter.
var checklist = map[string]int{"A": 11, "N": 15, "I": 7}

// Every line stands in the document once, with a status that means something.
func TestConformanceIsComplete(t *testing.T) {
	seen := map[string]int{}
	id := regexp.MustCompile(`^[A-Z]\d+$`)
	for line := range strings.Lines(read(t, conformance)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if !id.MatchString(cells[0]) {
			continue
		}
		if len(cells) != 6 {
			t.Errorf("%s: %d cells, want id, what, section, status, tests, note", cells[0], len(cells))
			continue
		}
		seen[cells[0]]++
		section, status, tests, note := cells[2], cells[3], cells[4], cells[5]
		switch {
		case !slices.Contains([]string{"pass", "partly", "open", "declined"}, status):
			t.Errorf("%s: %q is no status", cells[0], status)
		case (status == "pass" || status == "partly") && tests == "":
			t.Errorf("%s: %s, and no test proves it", cells[0], status)
		case status != "pass" && note == "":
			t.Errorf("%s: %s, and nothing says why", cells[0], status)
		case !strings.Contains(section, "RFC "):
			t.Errorf("%s: %q names no RFC", cells[0], section)
		}
	}
	for letter, n := range checklist {
		for i := 1; i <= n; i++ {
			name := fmt.Sprintf("%s%d", letter, i)
			if seen[name] != 1 {
				t.Errorf("%s stands in %s %d times, want once", name, conformance, seen[name])
			}
			delete(seen, name)
		}
	}
	for name := range seen {
		t.Errorf("%s is no line of the list", name)
	}
}

// Every test that the document names exists: DIRECTORY.TestName.
func TestConformanceNamesTests(t *testing.T) {
	exists := map[string]bool{}
	for _, f := range repoFiles(t) {
		if !strings.HasSuffix(f, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, f), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, d := range parsed.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				exists[path.Dir(f)+"."+fn.Name.Name] = true
			}
		}
	}
	named := regexp.MustCompile("`([^`]*Test[^`]*)`").FindAllStringSubmatch(read(t, conformance), -1)
	if len(named) < 50 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if !exists[m[1]] {
			t.Errorf("%s names %s, which does not exist", conformance, m[1])
		}
	}
}
