// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/parkway-gw/parkway/forwarder"
)

// viewRA writes ipv6_ra_configs in OVN's form, intervals filled in; nil without any.
func viewRA(c *forwarder.RAConfigs) map[string]string {
	if c.AddressMode == "" {
		return nil
	}
	lowest, highest := c.Intervals()
	preference := func(p forwarder.RouterPreference) string { return cmp.Or(string(p), "MEDIUM") }
	out := map[string]string{
		"address_mode": string(c.AddressMode), "send_periodic": strconv.FormatBool(c.SendPeriodic),
		"max_interval": strconv.Itoa(int(highest / time.Second)), "min_interval": strconv.Itoa(int(lowest / time.Second)),
		"router_preference": preference(c.Preference),
	}
	if c.MTU != 0 {
		out["mtu"] = strconv.Itoa(int(c.MTU))
	}
	if len(c.RDNSS) > 0 {
		out["rdnss"] = strings.Join(texts(c.RDNSS), ",")
	}
	if len(c.DNSSL) > 0 {
		out["dnssl"] = strings.Join(c.DNSSL, ",")
	}
	var routes []string
	for _, r := range c.Routes {
		routes = append(routes, fmt.Sprintf("%s-%s", preference(r.Preference), r.Prefix))
	}
	if len(routes) > 0 {
		out["route_info"] = strings.Join(routes, ",")
	}
	return out
}
