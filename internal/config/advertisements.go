// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// raConfigs is OVN's name for what a router port advertises of itself.
const raConfigs = "ipv6_ra_configs"

// raKeys are its keys, with OVN's names. All values are text; lists are separated by
// commas, as in OVN.
var raKeys = []string{"address_mode", "send_periodic", "max_interval", "min_interval", "mtu", "rdnss", "dnssl",
	"router_preference", "route_info"}

// routerAdvertisements reads ipv6_ra_configs.
func (d *decoder) routerAdvertisements(n *yaml.Node, p *topology.RouterPort, path topology.Path) {
	what := fmt.Sprintf("%s of router port %q", raConfigs, p.Name)
	opts := d.options(n, what, path, raKeys...)
	if opts == nil {
		return
	}
	c := &p.RA
	// each calls parse for a key that is there and reports what it says.
	each := func(key string, parse func(text string) error) {
		if text, set := opts[key]; set {
			if err := parse(text); err != nil {
				d.fault(d.find(append(slices.Clone(path), key)), fmt.Sprintf("router port %q %s", p.Name, key), err)
			}
		}
	}
	if _, set := opts["address_mode"]; !set {
		d.errorf(n, "add address_mode: slaac (or dhcpv6_stateful, dhcpv6_stateless)", "%s has no address_mode", what)
	}
	each("address_mode", func(s string) (err error) {
		c.AddressMode, err = parseChoice(s, topology.SLAAC, topology.DHCPv6Stateful, topology.DHCPv6Stateless)
		return err
	})
	each("send_periodic", func(s string) error {
		word, err := parseChoice(strings.ToLower(s), "true", "false")
		c.SendPeriodic = word == "true"
		return err
	})
	interval := func(to *time.Duration, lowest int) func(string) error {
		return func(s string) error {
			n, err := parseInt(s, lowest, int(topology.MaxRAInterval/time.Second))
			*to = time.Duration(n) * time.Second
			return err
		}
	}
	each("max_interval", interval(&c.MaxInterval, 4))
	each("min_interval", interval(&c.MinInterval, 3))
	each("mtu", func(s string) error {
		n, err := parseInt(s, 1280, 65535)
		c.MTU = uint32(n)
		return err
	})
	each("router_preference", func(s string) (err error) {
		c.Preference, err = parsePreference(s)
		return err
	})
	each("rdnss", func(s string) error {
		for word := range words(s) {
			a, err := netip.ParseAddr(word)
			if err != nil || a.Zone() != "" {
				return faultf("list IPv6 addresses, separated by commas", "%s is no IP address", quote(word))
			}
			c.RDNSS = append(c.RDNSS, a)
		}
		return nil
	})
	each("dnssl", func(s string) error {
		c.DNSSL = slices.Collect(words(s))
		return nil
	})
	each("route_info", func(s string) error {
		for word := range words(s) {
			r, err := parseRARoute(word)
			if err != nil {
				return err
			}
			c.Routes = append(c.Routes, r)
		}
		return nil
	})
}

// words splits at commas.
func words(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for word := range strings.SplitSeq(s, ",") {
			if !yield(strings.TrimSpace(word)) {
				return
			}
		}
	}
}

// parsePreference reads HIGH, MEDIUM or LOW.
func parsePreference(s string) (topology.RouterPreference, error) {
	word, err := parseChoice(s, "HIGH", "MEDIUM", "LOW")
	if word == "MEDIUM" {
		word = ""
	}
	return topology.RouterPreference(word), err
}

// parseRARoute reads an element of route_info: PREFERENCE-PREFIX.
func parseRARoute(s string) (r topology.RARoute, err error) {
	const hint = "write PREFERENCE-PREFIX, such as HIGH-2001:db8::/32, separated by commas"
	preference, prefix, found := strings.Cut(s, "-")
	if !found {
		return r, faultf(hint, "%s is no route", quote(s))
	}
	if r.Preference, err = parsePreference(preference); err != nil {
		return r, err
	}
	if r.Prefix, err = netip.ParsePrefix(prefix); err != nil {
		return r, faultf(hint, "%s is no network", quote(prefix))
	}
	if m := r.Prefix.Masked(); m != r.Prefix {
		return r, faultf(fmt.Sprintf("write %s", m), "%s has bits set beyond its prefix length", r.Prefix)
	}
	return r, nil
}
