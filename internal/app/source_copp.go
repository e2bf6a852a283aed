// SPDX-License-Identifier: Apache-2.0

package app

import "github.com/parkway-gw/parkway/internal/api"

// copp reads what the meters have kept back: workers from control, and control of what it
// would have reported of its own accord.
func (s *source) copp() (out []api.CoPP) {
	ports := s.f.RouterPorts()
	for _, c := range s.f.CoPP() {
		one := api.CoPP{RouterPort: ports[c.RouterPort].Port.Name, Protocol: c.Protocol, Rate: c.Rate, BurstSize: c.Burst, Dropped: c.Dropped}
		switch four, six := s.r.ReportsHeldBack(c.RouterPort); c.Protocol {
		case "icmp4-error":
			one.Dropped += four
		case "icmp6-error":
			one.Dropped += six
		}
		out = append(out, one)
	}
	return out
}
