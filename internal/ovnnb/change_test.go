// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"slices"
	"strings"
	"testing"
)

type changeCase struct {
	name   string
	change change
	want   []string // how the report's lines begin
	lacks  string   // of the text
	has    string
}

func checkChanges(t *testing.T, cases []changeCase) {
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			d, p := small()
			tc.change(d, p)
			r, lines := imported(t, d.Database, Options{})
			body, _, _ := strings.Cut(string(r.YAML), "# Not imported")
			ok := len(lines) >= len(tc.want) && (len(tc.want) > 0 || len(lines) == 0)
			for _, w := range tc.want {
				ok = ok && slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, w) })
			}
			if !ok {
				t.Errorf("got  %s\nwant %s", strings.Join(lines, "\n     "), strings.Join(tc.want, "\n     "))
			}
			if tc.lacks != "" && strings.Contains(body, tc.lacks) || !strings.Contains(body, tc.has) {
				t.Errorf("lacks %q, has %q?\n%s", tc.lacks, tc.has, body)
			}
		})
	}
}
