// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"strings"
	"testing"
)

// All policies together become MaxConditions conditions, and not one more.
func TestMaxConditions(t *testing.T) {
	var ports []string
	for i := range 1024 { // three conditions each: IP, TCP and the port
		ports = append(ports, fmt.Sprint(2*i))
	}
	topo := valid()
	r := &topo.Routers[0]
	conditions := 0
	for i := 0; conditions+3*len(ports) <= MaxConditions; i++ {
		r.Policies = append(r.Policies, Policy{Priority: i, Match: "tcp.dst == {" + strings.Join(ports, ",") + "}"})
		conditions += 3 * len(ports)
	}
	r.Policies = append(r.Policies, Policy{Priority: 50, Match: "tcp.dst == {" + strings.Join(ports[:300], ",") + "}"})
	for i := range MaxConditions - conditions - 900 {
		r.Policies = append(r.Policies, Policy{Priority: 100 + i, Match: "ip4"})
	}
	if f := topo.Validate(); len(f) != 0 {
		t.Fatalf("at the bound: %v", f)
	}
	r.Policies = append(r.Policies, Policy{Priority: 99, Match: "ip4"}, Policy{Priority: 98, Match: "ip4"})
	f := topo.Validate()
	if len(f) != 1 || !strings.Contains(f[0].String(), "more than 65536 conditions") {
		t.Errorf("beyond it: %v", f)
	}
}
