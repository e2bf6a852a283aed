// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"testing"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
)

// A wrong name is answered by the names that are right.
func TestCheckGated(t *testing.T) {
	one := &forwarder.Topology{Switches: []forwarder.Switch{{Name: "s", Ports: []forwarder.SwitchPort{
		{Name: "pod1", ParkUntilUp: true}, {Name: "vm"}, {Name: "lr", Type: forwarder.PortRouter}, {Name: "pod2", ParkUntilUp: true}}}}}
	none := &forwarder.Topology{Switches: []forwarder.Switch{{Name: "s", Ports: []forwarder.SwitchPort{{Name: "vm"}}}}}
	many := &forwarder.Topology{Switches: []forwarder.Switch{{Name: "s"}}}
	for i := range 12 {
		s := &many.Switches[0]
		s.Ports = append(s.Ports, forwarder.SwitchPort{Name: fmt.Sprint("pod", i), ParkUntilUp: true})
	}
	for _, tt := range []struct {
		topology   *forwarder.Topology
		name, want string
	}{
		{one, "pod1", ""},
		{one, "pod2", ""},
		{one, "pod3", `bad request: there is no switch port "pod3"; the gated ones are pod1, pod2`},
		{one, "", `bad request: there is no switch port ""; the gated ones are pod1, pod2`},
		{one, "vm", `bad request: switch port "vm" has no park_until, so nothing waits for it; the gated ones are pod1, pod2`},
		{one, "lr", `bad request: switch port "lr" is of type router, so nothing waits for it; the gated ones are pod1, pod2`},
		{none, "vm", `bad request: switch port "vm" has no park_until, so nothing waits for it; mark one with park_until: up in the configuration`},
		{many, "x", `bad request: there is no switch port "x"; the gated ones are pod0, pod1, pod2, pod3, pod4, pod5, pod6, pod7, pod8, pod9 and 2 more`},
	} {
		err := checkGated(tt.topology, tt.name)
		if tt.want == "" && err == nil {
			continue
		}
		if err == nil || err.Error() != tt.want || !errors.Is(err, api.ErrBadRequest) {
			t.Errorf("%q: %v\nwant %s", tt.name, err, tt.want)
		}
	}
}
