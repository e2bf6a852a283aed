// SPDX-License-Identifier: Apache-2.0

package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// form is how a value may be written.
type form uint8

const (
	formMapping form = iota
	formList
	formText
	formNumber
)

// expect tells Describe how the decoder wants a node.
func (d *decoder) expect(n *yaml.Node, f form, known ...string) {
	if d.watch != nil && n != nil {
		d.watch(n, f, known)
	}
}

// Shape says what may stand at one place of a configuration. More than one of the forms
// may be allowed.
type Shape struct {
	Keys    []Key    // a mapping with these keys, in the decoder's order; nil: no mapping
	Element *Shape   // a list of these; nil: no list
	Text    bool     // a text
	Number  bool     // a whole number
	Word    bool     // any scalar: a text, a number or a boolean
	Setting *Setting // of the local sections: its default and values
}

// Key is one key of a mapping.
type Key struct {
	Name string
	*Shape
}

// Setting describes a scalar of the local sections.
type Setting struct {
	Key     string // section.key
	Default string // as in the file
	Env     string // the variable that overrides it
	Values  string // what it may be, in words
}

// Describe asks the decoder itself what a configuration may hold: it hands it files with
// one value each and watches what it wants them to be. So there is no second table of
// keys. It takes some hundred milliseconds.
func Describe() *Shape { return describe(nil) }

// element is the step of a path into a list; other steps are keys.
const element = "[]"

// deepest bounds the paths that describe tries.
const deepest = 10

func describe(path []string) *Shape {
	s := &Shape{}
	key := strings.Join(path, ".")
	if i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key }); i >= 0 {
		s.Setting = settings[i].describe()
		s.Text = settings[i].kind != asNumber
		s.Number = settings[i].kind != asText
		return s
	}
	asMapping := wanted(path, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
	asList := wanted(path, &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"})
	asWord := wanted(path, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "x"})
	if len(path) < deepest {
		if keys, ok := asMapping[formMapping]; ok {
			for _, k := range keys {
				s.Keys = append(s.Keys, Key{k, describe(append(slices.Clone(path), k))})
			}
		}
		if _, ok := asList[formList]; ok {
			s.Element = describe(append(slices.Clone(path), element))
		}
	}
	_, s.Text = asWord[formText]
	_, s.Number = asWord[formNumber]
	_, mapping := asWord[formMapping]
	_, list := asWord[formList]
	s.Word = !s.Text && !s.Number && !mapping && !list
	return s
}

// wanted decodes a file that holds the value at the path and nothing else, and returns
// the forms that the decoder wanted it to have, with the known keys of a mapping.
func wanted(path []string, value *yaml.Node) map[form][]string {
	root := value
	for _, step := range slices.Backward(path) {
		if step == element {
			root = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{root}}
			continue
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: step}
		root = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{key, root}}
	}
	found := map[form][]string{}
	d := &decoder{places: map[string]*yaml.Node{}, root: root}
	d.watch = func(n *yaml.Node, f form, known []string) {
		if n == value {
			found[f] = known
		}
	}
	d.file1(root)
	return found
}

// describe asks the setting's own parser what it takes, by what it says of values that
// it does not take.
func (s *setting) describe() *Setting {
	d := &Setting{Key: s.key, Default: s.fallback, Env: s.env()}
	for _, wrong := range []string{"\x01", "99999999999999GiB", "-1", "-1h"} {
		if err := s.set(&Config{}, wrong); err != nil {
			hint := asFault(err).hint
			if d.Values == "" || strings.HasPrefix(hint, "choose ") {
				d.Values = hint
			}
		}
	}
	return d
}
