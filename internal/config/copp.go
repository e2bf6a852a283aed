// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// meter reads a row of meters, OVN's Meter table: one band, which drops what is over it.
func (d *decoder) meter(n *yaml.Node, path topology.Path) (m topology.Meter) {
	f, ok := d.mapping(n, "a meter", "name", "unit", "bands")
	if !ok {
		return m
	}
	m.Name = d.named(f, "m1", path)
	if u := f.need("unit", "pktps"); u != nil {
		if s, ok := d.text(u, "unit of a meter"); ok && s != "pktps" {
			d.errorf(u, "write pktps; control's work is by the packet", "meter %q: unit can't be %s", m.Name, quote(s))
		}
	}
	bands := f.need("bands", "[{rate: 100, burst_size: 50}]")
	if bands == nil {
		return m
	}
	at := append(slices.Clone(path), "bands")
	d.place(bands, at)
	l := d.list(bands, "bands of a meter", "[{rate: 100, burst_size: 50}]")
	if len(l) != 1 {
		if bands.Kind == yaml.SequenceNode || bands.Tag == "!!null" {
			d.errorf(bands, "write one, such as [{rate: 100, burst_size: 50}]", "meter %q has %s", m.Name, count(len(l), "band"))
		}
		m.Rate, m.Burst = 1, 1 // said once
		return m
	}
	return d.band(l[0], m, append(at, 0))
}

func (d *decoder) band(n *yaml.Node, m topology.Meter, path topology.Path) topology.Meter {
	m.Rate, m.Burst = 1, 1 // what is wrong is said here
	f, ok := d.mapping(n, "a band", "action", "rate", "burst_size")
	if !ok {
		return m
	}
	if a := f.get("action"); a != nil {
		if s, ok := d.text(a, "action of a band"); ok && s != "drop" {
			d.errorf(a, "write drop, or leave it out", "meter %q: action can't be %s", m.Name, quote(s))
		}
	}
	value := func(n *yaml.Node, key string, to *uint32) bool {
		d.place(n, append(slices.Clone(path), key))
		v, ok := d.integer(n, fmt.Sprintf("meter %q %s", m.Name, key), 1, topology.MaxRate)
		if ok {
			*to = uint32(v)
		}
		return ok
	}
	if r := f.need("rate", "100"); r != nil && value(r, "rate", &m.Rate) {
		m.Burst = m.Rate // as much at once as in a second
	}
	if b := f.get("burst_size"); b != nil {
		value(b, "burst_size", &m.Burst)
	}
	return m
}

// coppRow reads a row of copp, OVN's Copp table. Protocols are values here, as all names
// are in this file.
func (d *decoder) coppRow(n *yaml.Node, path topology.Path) (c topology.CoPP) {
	f, ok := d.mapping(n, "a copp", "name", "meters")
	if !ok {
		return c
	}
	c.Name = d.named(f, "copp0", path)
	const example = "[{protocol: icmp4-error, meter: m1}]"
	for j, e := range d.bounded(f.need("meters", example), "meters of a copp", example) {
		at := append(slices.Clone(path), "meters", j)
		d.place(e, at)
		var m topology.CoPPMeter
		if g, ok := d.mapping(e, "a meter of a copp", "protocol", "meter"); ok {
			read := func(key, example string) string {
				n := g.need(key, example)
				if n == nil {
					return ""
				}
				d.place(n, append(slices.Clone(at), key))
				return d.name(n, key+" of a copp")
			}
			m.Protocol, m.Meter = read("protocol", "icmp4-error"), read("meter", "m1")
		}
		c.Meters = append(c.Meters, m)
	}
	return c
}

// answersFit compares how many may be asked at once with how many may answer.
func (d *decoder) answersFit(c *Config, texts map[string]*yaml.Node) {
	for i := range c.Topology.Routers {
		limits := c.Topology.LimitsOf(&c.Topology.Routers[i])
		for _, p := range []topology.Protocol{topology.ProtocolARP, topology.ProtocolNDNA} {
			if l := limits[p]; uint64(min(l.Rate, l.Burst)) < uint64(c.Neighbors.ProbeRate) {
				d.warnf(d.setting(texts, "neighbors.probe_rate"), fmt.Sprintf("give router %q a copp with a meter of rate and burst_size %d for %s", c.Topology.Routers[i].Name, c.Neighbors.ProbeRate, p),
					"neighbors.probe_rate %d asks for more answers than the limit of %s lets in (%d per second, %d at once)", c.Neighbors.ProbeRate, p, l.Rate, l.Burst)
				return
			}
		}
	}
}
