// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"go.yaml.in/yaml/v3"
)

// Load reads and checks a file. The error, if any, is of type Problems and
// lists everything that is wrong; nothing of the Config is returned then.
func Load(path string) (*Config, error) {
	data, problem := readFile(path)
	if problem != nil {
		return nil, Problems{*problem}
	}
	return Parse(path, data)
}

func readFile(path string) ([]byte, *Problem) {
	p := &Problem{File: path}
	if path == "" {
		p.File, p.Msg, p.Hint = "configuration", "no file was named", "name one, such as configs/seed.yaml"
		return nil, p
	}
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(f, maxFileSize+1)); err == nil {
			return data, nil
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Msg, p.Hint = "no such file", "check the name; "+startHint
	case errors.Is(err, fs.ErrPermission):
		p.Msg, p.Hint = "permission denied", "run as a user who may read it, or chmod it"
	case errors.Is(err, syscall.EISDIR):
		p.Msg, p.Hint = "this is a directory", "name the file in it"
	default:
		p.Msg, p.Hint = "can't be read", "check the file and its disk"
		var perr *fs.PathError
		if errors.As(err, &perr) {
			p.Msg += ": " + perr.Err.Error()
		}
	}
	return nil, p
}

// supportedVersion is the value of the key version.
const supportedVersion = "1"

// Parse is Load for text that is already in memory; name stands for the file in
// messages. Environment variables apply as in Load.
func Parse(name string, data []byte) (*Config, error) {
	if lists := findRouteLists(data); len(lists) > 0 && len(data) <= maxFileSize {
		if c, err, sure := parseText(name, withoutElements(data, lists), lists); sure {
			return c, err
		}
	}
	c, err, _ := parseText(name, data, nil)
	return c, err
}

// parseText is Parse for a text that lists were cut out of. It is not sure if the text is no
// YAML, or the lists were not what they looked like.
func parseText(name string, data []byte, lists []*routeList) (c *Config, err error, sure bool) {
	root, problems := parseYAML(name, data)
	if len(problems) > 0 {
		return nil, Problems(sorted(name, problems)), false
	}
	d := &decoder{file: name, places: map[string]*yaml.Node{}, root: root, lists: lists, bulk: map[int]*routeList{}}
	c = d.file1(root)
	sure = !d.unsure && !slices.ContainsFunc(lists, func(l *routeList) bool { return !l.taken })
	if len(d.problems) > 0 {
		return nil, Problems(sorted(name, d.problems)), sure
	}
	c.File = name
	c.Warnings = sorted(name, d.warnings)
	return c, nil, sure
}

// file1 decodes a file of version 1.
func (d *decoder) file1(root *yaml.Node) *Config {
	c := Defaults()
	f, ok := d.mapping(root, "the file", "version", "system", "dpdk", "cpu", "ports", "logical_switches", "logical_routers",
		"static_mac_bindings", "address_sets", "meters", "copp", "arpbuf", "neighbors", "metrics", "api", "state", "log")
	if !ok {
		return c
	}
	if v := f.get("version"); v == nil {
		d.errorf(root, "add version: "+supportedVersion, "the file has no version")
	} else if v.Kind != yaml.ScalarNode || v.Tag != "!!int" || v.Value != supportedVersion {
		d.errorf(v, "write version: "+supportedVersion, "the version is %s, which this Parkway doesn't read", kindWord(v))
	}
	texts := map[string]*yaml.Node{}
	for _, section := range []string{"system", "dpdk", "cpu", "arpbuf", "neighbors", "metrics", "api", "state", "log"} {
		n := f.get(section)
		if n == nil {
			continue
		}
		if section == "dpdk" {
			c.DPDK.EALExtra = d.ealExtra(d.section(n, section, texts, "eal_extra").get("eal_extra"))
			continue
		}
		d.section(n, section, texts)
	}
	d.apply(c, texts)
	var nodes []portNode
	if ports := f.need("ports", "[{name: p1, vdev: net_null0, iface_id: sw1-port1}]"); ports != nil {
		if c.Ports, nodes = d.ports(ports); len(c.Ports) == 0 && (ports.Tag == "!!null" || ports.Kind == yaml.SequenceNode && len(ports.Content) == 0) {
			d.errorf(ports, "list at least one", "there are no ports")
		}
	}
	d.localChecks(c, texts)
	local := len(d.problems) == 0
	c.Topology = d.topology(f)
	if local {
		d.budgets(c, texts)
		d.answersFit(c, texts)
		d.groupsReturn(c, texts)
	}
	d.logicalModel(&c.Topology)
	d.portChecks(c, nodes)
	return c
}

// Summary counts what a configuration holds: "5 ports, 3 switches, …".
func (c *Config) Summary() string {
	lsps, lrps, routes, policies := 0, 0, 0, 0
	for i := range c.Topology.Switches {
		lsps += len(c.Topology.Switches[i].Ports)
	}
	for i := range c.Topology.Routers {
		lrps += len(c.Topology.Routers[i].Ports)
		routes += len(c.Topology.Routers[i].StaticRoutes)
		policies += len(c.Topology.Routers[i].Policies)
	}
	s := fmt.Sprintf("%s, %s, %s, %s, %s, %s, %s",
		count(len(c.Ports), "port"), count(len(c.Topology.Switches), "switch"), count(len(c.Topology.Routers), "router"),
		count(lsps, "switch port"), count(lrps, "router port"), count(routes, "static route"), count(len(c.CPU.Workers), "worker"))
	if policies > 0 {
		s += ", " + count(policies, "policy")
	}
	if n := len(c.Topology.StaticMACBindings); n > 0 {
		s += ", " + count(n, "static MAC binding")
	}
	return s
}

func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case noun == "switch":
		return fmt.Sprintf("%d switches", n)
	case noun == "policy":
		return fmt.Sprintf("%d policies", n)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
