// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/parkway-gw/parkway/internal/config"
)

// Schema is the JSON Schema (draft 7, which editors know) of the configuration. It
// refuses unknown keys and wrong types; what values mean together only `check` knows.
func Schema(root *config.Shape) []byte {
	top := object(root, "")
	top["$schema"] = "http://json-schema.org/draft-07/schema#"
	top["title"] = "Parkway configuration"
	top["required"] = []string{"version", "ports"}
	top["properties"].(map[string]any)["version"] = map[string]any{"const": 1, "description": descriptions["version"]}
	b, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		panic("manual: " + err.Error()) // it holds maps, lists and texts only
	}
	return append(b, '\n')
}

func object(s *config.Shape, path string) map[string]any {
	properties := map[string]any{}
	for _, k := range s.Keys {
		p := k.Name
		if path != "" {
			p = path + "." + k.Name
		}
		properties[k.Name] = value(k.Shape, p)
	}
	return map[string]any{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

func value(s *config.Shape, path string) map[string]any {
	if s.Setting != nil {
		return scalar(s, path)
	}
	var any1 []map[string]any
	switch {
	case s.Word:
		any1 = append(any1, map[string]any{"type": []string{"string", "number", "boolean"}})
	case s.Text:
		any1 = append(any1, map[string]any{"type": "string"})
	}
	if s.Number {
		any1 = append(any1, map[string]any{"type": "integer"})
	}
	if s.Keys != nil {
		any1 = append(any1, object(s, path))
	}
	if s.Element != nil {
		any1 = append(any1, map[string]any{"type": []string{"array", "null"}, "items": value(s.Element, path+"[]")})
	}
	out := map[string]any{}
	switch len(any1) {
	case 0:
	case 1:
		out = any1[0]
	default:
		out["anyOf"] = any1
	}
	if what := descriptions[path]; what != "" {
		out["description"] = what
	}
	return out
}

// scalar is a setting of the local sections: its words or bounds are what its parser
// says they are.
func scalar(s *config.Shape, path string) map[string]any {
	out := map[string]any{}
	switch {
	case s.Text && s.Number:
		out["type"] = []string{"string", "integer"}
	case s.Number:
		out["type"] = "integer"
	default:
		out["type"] = "string"
	}
	if list, ok := strings.CutPrefix(s.Setting.Values, "choose one of "); ok {
		out["enum"] = strings.Split(list, ", ")
	}
	if bounds, ok := strings.CutPrefix(s.Setting.Values, "choose a value from "); ok && s.Number && !s.Text {
		low, high, _ := strings.Cut(bounds, " to ")
		if n, err := strconv.Atoi(low); err == nil {
			out["minimum"] = n
		}
		if n, err := strconv.Atoi(high); err == nil {
			out["maximum"] = n
		}
	}
	if s.Setting.Default != "" {
		out["default"] = s.Setting.Default
		if n, err := strconv.Atoi(s.Setting.Default); err == nil && s.Number && !s.Text {
			out["default"] = n
		}
	}
	what := descriptions[path]
	if what != "" {
		what += " "
	}
	out["description"] = what + sentence(s.Setting.Values)
	return out
}
