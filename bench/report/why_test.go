// SPDX-License-Identifier: Apache-2.0

package report

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// What somebody wrote of a goal that is missed is shown; nothing where nobody did.
func TestWhy(t *testing.T) {
	texts := fstest.MapFS{"text/why-flows.txt": {Data: []byte("Memory bounds it.\n")}}
	if got := why(texts, "flows"); got != "Memory bounds it.\n\n" {
		t.Errorf("%q", got)
	}
	if got := why(texts, "ovn"); got != "" {
		t.Errorf("%q", got)
	}
}

// These texts are of goals' cases.
func TestWhyIsOfACase(t *testing.T) {
	files, err := fs.Glob(texts, "text/why-*.txt")
	if err != nil {
		t.Fatal(err)
	}
next:
	for _, f := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(f, "text/why-"), ".txt")
		for _, g := range goals {
			if g.wants(name) {
				continue next
			}
		}
		t.Errorf("%s: no goal has a case %s", f, name)
	}
}
