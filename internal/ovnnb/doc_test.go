// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"os"
	"strings"
	"testing"
)

// The page about the import names all that is copied.
func TestPageNamesWhatIsCopied(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/import-ovn.md")
	if err != nil {
		t.Fatal(err)
	}
	line := map[string]string{}
	for l := range strings.Lines(string(page)) {
		if cells := strings.Split(l, "|"); len(cells) == 4 {
			line[strings.Trim(cells[1], " `")] = cells[2]
		}
	}
	for _, spec := range specs() {
		for _, c := range spec.columns {
			names := c.known
			if c.kind != asOptions || len(names) > 0 {
				names = append([]string{c.name}, names...)
			}
			for _, n := range names {
				if !strings.Contains(line[spec.table], "`"+n+"`") {
					t.Errorf("the line of %s lacks `%s`", spec.table, n)
				}
			}
		}
	}
}
