// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/api/apitest"
	"github.com/parkway-gw/parkway/internal/metrics"
)

var update = flag.Bool("update", false, "write the table into docs/reference/metrics.md")

const (
	reference = "../../docs/reference/metrics.md"
	begin     = "| metric | type | labels | meaning |\n|---|---|---|---|\n"
)

// The reference's table is what a scrape has.
func TestReferenceListsEveryMetric(t *testing.T) {
	_, families := scrape(t, metrics.Handler(apitest.Sample(), metrics.Options{}))
	var table strings.Builder
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if !strings.HasPrefix(name, "parkway_") {
			continue
		}
		f := families[name]
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", name, strings.ToLower(f.GetType().String()), strings.Join(labels, ", "), f.GetHelp())
	}
	b, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	old, tail, _ := strings.Cut(rest, "\n\n")
	if *update {
		if err := os.WriteFile(reference, []byte(head+begin+table.String()+"\n"+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !ok || old+"\n" != table.String() {
		t.Errorf("the reference lists\n%s\nbut a scrape has\n%s", old, &table)
	}
}
