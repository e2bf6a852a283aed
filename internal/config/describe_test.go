// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"
)

// at walks a shape; [] steps into a list.
func at(s *Shape, path string) *Shape {
	for step := range strings.FieldsSeq(path) {
		if s == nil {
			return nil
		}
		if step == element {
			s = s.Element
			continue
		}
		var next *Shape
		for _, k := range s.Keys {
			if k.Name == step {
				next = k.Shape
			}
		}
		s = next
	}
	return s
}

// The shape has every section, list and setting, and the form of each.
func TestDescribe(t *testing.T) {
	root := Describe()
	for path, want := range map[string]string{
		"":                                       "mapping",
		"version":                                "word",
		"ports":                                  "list",
		"ports []":                               "mapping",
		"ports [] vdev":                          "text",
		"ports [] mtu":                           "number",
		"dpdk eal_extra":                         "list",
		"dpdk eal_extra []":                      "text",
		"dpdk memory":                            "mapping",
		"dpdk memory size":                       "text",
		"dpdk mbufs":                             "number",
		"cpu workers":                            "text number",
		"logical_switches [] ports [] addresses": "list",
		"logical_switches [] ports [] tag":       "number",
		"logical_switches [] ports [] options":   "mapping",
		"logical_routers [] ports [] networks []":                  "text",
		"logical_routers [] ports [] options gateway_mtu":          "word",
		"logical_routers [] ports [] ipv6_ra_configs address_mode": "word",
		"logical_routers [] static_routes [] nexthop":              "text",
		"logical_routers [] options always_learn_from_arp_request": "word",
		"static_mac_bindings [] mac":                               "text",
		"arpbuf gated max_age":                                     "text",
		"static_mac_bindings [] color":                             "none",
	} {
		got := []string{}
		if s := at(root, path); s == nil {
			got = append(got, "none")
		} else {
			for _, f := range []struct {
				name string
				is   bool
			}{{"mapping", s.Keys != nil}, {"list", s.Element != nil}, {"text", s.Text}, {"number", s.Number}, {"word", s.Word}} {
				if f.is {
					got = append(got, f.name)
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", path, got, want)
		}
	}
	for i := range settings {
		s := at(root, strings.ReplaceAll(settings[i].key, ".", " "))
		if s == nil || s.Setting == nil || s.Setting.Env != settings[i].env() {
			t.Errorf("%s is not described", settings[i].key)
		}
	}
	for path, want := range map[string]string{
		"arpbuf max_packets": "choose a value from 1 to 1048576",
		"arpbuf overflow":    "choose one of drop-oldest, drop-newest",
		"arpbuf max_age":     "choose a value from 10ms to 10m",
		"cpu workers":        "write CPU numbers and ranges, such as 1-3,8",
	} {
		if got := at(root, path).Setting.Values; got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
