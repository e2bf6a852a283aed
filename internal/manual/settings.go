// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"fmt"
	"strings"

	"github.com/parkway-gw/parkway/internal/config"
)

const file = "A configuration is one YAML file. Mappings have known keys, each once; an unknown key, a wrong type or a name that " +
	"nothing has is a problem with file, line, column and a hint, and then nothing starts. `parkway check` finds them all " +
	"without root and without DPDK. Anchors, aliases and tags are not part of it.\n\n" +
	"What is logical has OVN's names (`ovn-nb`(5)): switches, routers, their ports, routes. What OVN leaves to the node is in " +
	"sections of their own, and each of their settings can be overridden by an environment variable.\n\n" +
	"Times have a unit (us, ms, s, m, h), memory KiB, MiB or GiB, and CPUs are lists and ranges such as 1-3,8."

// forms says how a value is written.
func forms(s *config.Shape) string {
	var list []string
	switch {
	case s.Word:
		list = append(list, "a word or number")
	case s.Text && s.Number:
		list = append(list, "a text or number")
	case s.Text:
		list = append(list, "a text")
	case s.Number:
		list = append(list, "a number")
	}
	if s.Keys != nil {
		list = append(list, "a mapping")
	}
	if s.Element != nil {
		what := "a list"
		switch e := s.Element; {
		case e.Keys != nil && !e.Text && !e.Word:
			what = "a list of mappings"
		case e.Text && e.Keys == nil:
			what = "a list of texts"
		}
		list = append(list, what)
	}
	return strings.Join(list, ", or ")
}

// entry is a line of the reference of settings.
type entry struct{ path, meaning string }

// entries walks the shape in the decoder's order.
func entries(s *config.Shape, path string) (list []entry) {
	for _, k := range s.Keys {
		p := k.Name
		if path != "" {
			p = path + "." + k.Name
		}
		list = append(list, entry{p, meaning(p, k.Shape)})
		list = append(list, entries(k.Shape, p)...)
		if k.Element != nil {
			list = append(list, entries(k.Element, p+"[]")...)
		}
	}
	return list
}

func meaning(path string, s *config.Shape) string {
	var parts []string
	if what := descriptions[path]; what != "" {
		parts = append(parts, what)
	}
	if s.Setting == nil {
		return strings.Join(append(parts, sentence(forms(s))), " ")
	}
	parts = append(parts, sentence(s.Setting.Values))
	if s.Setting.Default != "" {
		parts = append(parts, fmt.Sprintf("Default: %s.", s.Setting.Default))
	}
	return strings.Join(append(parts, fmt.Sprintf("Environment: `%s`.", s.Setting.Env)), " ")
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// SettingsPage is parkway.yaml(5).
func SettingsPage(root *config.Shape, example string) []byte {
	p := newPage("parkway.yaml", 5, "File formats")
	p.section("Name")
	p.text("parkway.yaml - configuration of a Parkway gateway")
	p.section("Description")
	p.text(file)
	p.section("Keys")
	p.text("`[]` stands for each element of a list.")
	for _, e := range entries(root, "") {
		p.item(e.path, e.meaning)
	}
	p.section("Example")
	p.code(example)
	p.section("Files")
	p.item("/usr/share/doc/parkway/examples", "more configurations, each for one purpose.")
	p.item("/usr/share/parkway/parkway.schema.json", "the JSON Schema, for editors: put "+
		"`# yaml-language-server: $schema=/usr/share/parkway/parkway.schema.json` on top of the file.")
	p.section("See also")
	p.text("`parkway`(8), `ovn-nb`(5)")
	return []byte(p.String())
}
