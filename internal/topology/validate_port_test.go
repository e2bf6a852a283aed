// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"strings"
	"testing"
)

// The datapath counts the elements of port_security of all ports together; one more than
// it has room for is one finding.
func TestPortSecurityInAll(t *testing.T) {
	build := func(ports int) *Topology {
		sw := Switch{Name: "s"}
		for i := range ports {
			p := SwitchPort{Name: fmt.Sprintf("p%d", i), Unknown: true}
			for k := range MaxPortSecurity {
				p.PortSecurity = append(p.PortSecurity, PortSecurity{MAC: MAC{2, 0, 0, byte(i >> 8), byte(i), byte(k)}})
			}
			sw.Ports = append(sw.Ports, p)
		}
		return &Topology{Switches: []Switch{sw}}
	}
	const most = MaxPortSecurityInAll / MaxPortSecurity
	if out := build(most).Validate(); len(out) != 0 {
		t.Errorf("%d ports: %v", most, out[0])
	}
	out := build(most + 3).Validate()
	if len(out) != 1 || out[0].Severity != Error || !strings.Contains(out[0].Message, "65536 elements of port_security") {
		t.Errorf("%d ports: %v", most+3, out)
	}
}
