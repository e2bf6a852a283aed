// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root     = "../.."
	spdx     = "SPDX-License-Identifier: Apache-2.0"
	maxLines = 600
)

// repoFiles lists what git has or would take: new files count, ignored don't.
func repoFiles(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var files []string
	for _, f := range strings.Fields(string(out)) {
		if st, err := os.Stat(filepath.Join(root, f)); err == nil && st.Mode().IsRegular() {
			files = append(files, f)
		}
	}
	if len(files) < 20 {
		t.Fatalf("git lists only %d files", len(files))
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type goFile struct {
	path, dir string
	isTest    bool
	imports   []string
	doc       string // the package comment
}

func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	for _, p := range repoFiles(t) {
		if path.Ext(p) != ".go" || slices.Contains(strings.Split(path.Dir(p), "/"), "testdata") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, p), nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		f := goFile{path: p, dir: path.Dir(p), isTest: strings.HasSuffix(p, "_test.go"), doc: parsed.Doc.Text()}
		for _, i := range parsed.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			f.imports = append(f.imports, name)
		}
		files = append(files, f)
	}
	return files
}

func TestEveryPackageHasADocComment(t *testing.T) {
	docs := map[string]string{}
	for _, f := range goFiles(t) {
		// A directory of tests alone has its comment in a test file.
		docs[f.dir] += f.doc
	}
	for dir, doc := range docs {
		if len(strings.Fields(doc)) < 5 {
			t.Errorf("package %s has no doc comment; put one into %s/doc.go", dir, dir)
		}
	}
}

func TestEverySourceFileNamesItsLicence(t *testing.T) {
	for _, f := range repoFiles(t) {
		switch {
		case slices.Contains(strings.Split(f, "/"), "testdata"):
		case slices.Contains([]string{".go", ".c", ".h", ".sh"}, path.Ext(f)), f == "Makefile", f == ".ci/run":
			head := strings.SplitN(read(t, f), "\n", 3)
			if strings.HasPrefix(head[0], "#!") && len(head) > 1 {
				head = head[1:]
			}
			if !strings.Contains(head[0], spdx) {
				t.Errorf("%s: the first line is not %q", f, "// "+spdx)
			}
		}
	}
}

func TestNoFileIsTooLong(t *testing.T) {
	for _, f := range repoFiles(t) {
		if !slices.Contains([]string{".go", ".c", ".h"}, path.Ext(f)) {
			continue
		}
		if n := strings.Count(read(t, f), "\n"); n > maxLines {
			t.Errorf("%s has %d lines; over %d it is more than one idea", f, n, maxLines)
		}
	}
}

var target = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)

// quotedMake finds make commands in a document: in a code span or at the start of
// a line of a code block, with sudo or not.
var quotedMake = regexp.MustCompile("(?m)(?:`|^[ \t]*(?:\\$ |# )?)(?:sudo )?make ((?:[A-Za-z][A-Za-z0-9_=.-]* ?)+)")

func TestDocumentsQuoteTargetsThatExist(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	seen := 0
	for _, f := range repoFiles(t) {
		if path.Ext(f) != ".md" {
			continue
		}
		for _, code := range codeOf(read(t, f)) {
			for _, m := range quotedMake.FindAllStringSubmatch(code, -1) {
				for word := range strings.FieldsSeq(m[1]) {
					seen++
					if !strings.Contains(word, "=") && !targets[word] {
						t.Errorf("%s says `make %s`; the Makefile has no target %s", f, strings.TrimSpace(m[1]), word)
					}
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no document quotes a make target; does the test still find them?")
	}
}

var (
	fenced = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```")
	span   = regexp.MustCompile("`[^`\n]+`")
)

// codeOf returns the code blocks and code spans of a document.
func codeOf(md string) []string {
	var code []string
	for _, m := range fenced.FindAllStringSubmatch(md, -1) {
		code = append(code, m[1])
	}
	return append(code, span.FindAllString(fenced.ReplaceAllString(md, ""), -1)...)
}

func TestCIRunsTheReadmesTestCommand(t *testing.T) {
	const command = "make test"
	if !slices.ContainsFunc(codeOf(read(t, "README.md")), func(code string) bool {
		return regexp.MustCompile(`(?m)^\W*(?:sudo )?` + command + `\b(?:[^-]|$)`).MatchString(code)
	}) {
		t.Errorf("README.md does not give %q as the test command", command)
	}
	var commands []string
	for line := range strings.Lines(read(t, ".ci/run")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			commands = append(commands, line)
		}
	}
	if want := []string{"set -eu", `cd "$(dirname "$0")/.."`, "exec " + command}; !slices.Equal(commands, want) {
		t.Errorf(".ci/run runs %q, want %q", commands, want)
	}
}

func TestScriptsAreExecutable(t *testing.T) {
	for _, f := range repoFiles(t) {
		if path.Ext(f) != ".sh" && f != ".ci/run" {
			continue
		}
		if st, err := os.Stat(filepath.Join(root, f)); err != nil || st.Mode()&0o111 == 0 {
			t.Errorf("%s is not executable", f)
		}
	}
}

// The documents' links to files of the repository lead somewhere.
func TestDocumentsLinkToFilesThatExist(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)
	for _, f := range repoFiles(t) {
		if path.Ext(f) != ".md" {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(read(t, f), -1) {
			if _, err := os.Stat(filepath.Join(root, path.Dir(f), m[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", f, m[1])
			}
		}
	}
}
