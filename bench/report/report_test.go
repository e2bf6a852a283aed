// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/bench"
	"github.com/parkway-gw/parkway/bench/report"
)

var update = flag.Bool("update", false, "write docs/performance.md and its plots (make bench-report), and testdata")

func read(t *testing.T, dir string) []*bench.Result {
	t.Helper()
	results, err := bench.ReadAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// compare holds what is in a folder against what should be, and that nothing else is.
func compare(t *testing.T, dir, mend string, want map[string][]byte) {
	t.Helper()
	there, _ := filepath.Glob(filepath.Join(dir, report.Folder, "*"))
	for _, file := range there {
		if name, _ := filepath.Rel(dir, file); want[name] == nil {
			if *update {
				os.Remove(file)
				continue
			}
			t.Errorf("%s is of no recorded case; run %s", file, mend)
		}
	}
	for name, b := range want {
		file := filepath.Join(dir, name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s is stale (%v); run %s", file, err, mend)
		}
	}
}

// TestFresh compares docs/performance.md and its plots with the recorded results.
func TestFresh(t *testing.T) {
	compare(t, "../../docs", "make bench-report", report.Make(read(t, "../results")))
}

// The document of invented results is what it was; look at the new one before -update.
func TestGolden(t *testing.T) {
	files := report.Make(read(t, "testdata/results"))
	// Not as a document, whose links would have to lead somewhere.
	files["page.txt"] = files[report.Page]
	delete(files, report.Page)
	compare(t, "testdata/golden", "go test ./bench/report -update", files)
}

// The invented results stay out of the documents.
func TestInventedResultsAreNotPublished(t *testing.T) {
	for _, r := range read(t, "../results") {
		if strings.Contains(strings.ToLower(r.Title), "synthetic") {
			t.Errorf("%s is made up", r.Case)
		}
	}
}

// Any subset of the cases makes a document (here: of up to two, and of all but one), in which a goal without a result is not
// measured and every plot that is shown exists.
func TestAnySubset(t *testing.T) {
	all := read(t, "testdata/results")
	image := regexp.MustCompile(`!\[[^\]]*\]\(([^)]*)\)`)
	for set := range 1 << len(all) {
		if n := bits.OnesCount(uint(set)); n > 2 && n < len(all)-1 {
			continue
		}
		var some []*bench.Result
		for i, r := range all {
			if set&(1<<i) != 0 {
				some = append(some, r)
			}
		}
		files := report.Make(some)
		page := string(files[report.Page])
		plots := 0
		for _, m := range image.FindAllStringSubmatch(page, -1) {
			plots++
			if files[m[1]] == nil {
				t.Errorf("no file %s", m[1])
			}
		}
		if plots != len(files)-1 {
			t.Errorf("%d plots are shown, there are %d", plots, len(files)-1)
		}
		if line := row(page, "flows 1 → 1M"); !slices.ContainsFunc(some, func(r *bench.Result) bool { return r.Case == "flows" }) &&
			!strings.Contains(line, "| not measured | not measured |") {
			t.Errorf("flows, which are not there: %s", line)
		}
	}
}

// The order of results does not matter.
func TestOrderDoesNotMatter(t *testing.T) {
	all := read(t, "testdata/results")
	back := slices.Clone(all)
	slices.Reverse(back)
	a, b := report.Make(all), report.Make(back)
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s depends on the order of the results", name)
		}
	}
}

// A goal is met, not met or not measured by the checks of its case.
func TestVerdicts(t *testing.T) {
	page := string(report.Make(read(t, "testdata/results"))[report.Page])
	for figure, want := range map[string]string{
		"IPv4, 4,096 flows":      "| 4.6 ns/packet ([forward-ipv4](#forward-ipv4)) | met |",
		"flows 1 → 1M":           "| 0.863 × ([flows](#flows)) | **not met** |",
		"first packet: ARP":      "| p50: 41 µs; p99: 188 µs ([first-packet-answer](#first-packet-answer)) | met |",
		"connected neighbors":    "| not measured | not measured |",
		"two workers on two":     "| not measured: 2 CPUs; it takes 3 ([workers](#workers)) | not measured |",
		"Synthetic: a case that": "| ≥ 5 Mpps | 9 Mpps ([other](#other)) | met |",
	} {
		if line := row(page, figure); !strings.Contains(line, want) {
			t.Errorf("%s: %q, want %q in it", figure, line, want)
		}
	}
	for _, want := range []string{
		"ovn on ovs-dpdk, 1M: it did not come up within 60 s.", // an arm that is missing says why
		"a short form: recorded in its short form only",        // and so does a short run, which is no figure
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no word of %q", want)
		}
	}
	if strings.Contains(page, `<a id="zz-short">`) {
		t.Error("a short run has a section")
	}
}

// Each recorded case names the command that repeats it; and its commit and machine where
// not all have the same.
func TestEverySectionSaysHowToRepeatIt(t *testing.T) {
	results := read(t, "testdata/results")
	if page := string(report.Make(results)[report.Page]); strings.Count(page, "0123456789ab") != 1 {
		t.Error("the commit that all results have is not named just once")
	}
	for _, r := range results {
		if r.Case == "forward-ipv4" {
			r.Commit = "ba9876543210"
		}
	}
	page := string(report.Make(results)[report.Page])
	sections := strings.Split(page, "<a id=")[1:]
	if len(sections) < 8 {
		t.Fatalf("%d sections", len(sections))
	}
	for _, s := range sections {
		for _, want := range []string{"\n```sh\nparkway bench ", "\nCommit ", ", 2026-01-02, 2 CPUs", "</details>"} {
			if !strings.Contains(s, want) {
				t.Errorf("no %q in %.60s", want, s)
			}
		}
	}
}

// row returns the line of the table of goals that begins so.
func row(page, figure string) string {
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "| "+figure) {
			return strings.TrimSpace(line)
		}
	}
	return fmt.Sprintf("no line %q", figure)
}
