// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"fmt"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
)

// ages are the routers' mac_binding_age_threshold, by router port.
type ages []topology.AgeThresholds

func newAges(ports []lrp) (ages, error) {
	out := make(ages, len(ports))
	for i := range ports {
		var err error
		if out[i], err = topology.ParseAgeThreshold(ports[i].Options.MACBindingAgeThreshold); err != nil {
			return nil, fmt.Errorf("router %q: %w", ports[i].Router, err)
		}
	}
	return out, nil
}

// of is neighbor.Config.Age.
func (a ages) of(k neighbor.Key) time.Duration {
	if int(k.RouterPort) >= len(a) {
		return 0
	}
	return a[k.RouterPort].For(k.IP)
}
