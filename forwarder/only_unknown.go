// SPDX-License-Identifier: Apache-2.0

package forwarder

import "github.com/parkway-gw/parkway/cgo"

// egress is the switch port that workers send by, or cgo.OutSwitch.
func (f *Forwarder) egress(r *adjRecord) uint16 {
	if r.mac.IsZero() {
		return cgo.OutSwitch
	}
	if e, known := f.fdb.entries[f.behindKey(r)]; known {
		return e.switchPort
	}
	if sp := f.plan.onlyUnknown(r.sw); sp != cgo.None {
		return sp
	}
	return cgo.OutSwitch
}

// onlyUnknown returns the switch port that is all that unknown unicast from a router
// reaches in a switch, or cgo.None when there are several, or none. What is sent there
// straight away fares as it would by way of the switch, without a look into its table
// for every packet: storm control does not count what routers send.
func (p *plan) onlyUnknown(sw uint16) uint16 {
	if int(sw) >= len(p.switches) {
		return cgo.None
	}
	if ports := p.switches[sw].table.Unknown; len(ports) == 1 {
		return ports[0]
	}
	return cgo.None
}

// replaceUnknown leads adjacencies whose MAC no port is known to have to where p floods
// them. Every worker has p's tables.
func (f *Forwarder) replaceUnknown(old, p *plan) {
	for key := range f.adjs.behind {
		if old.onlyUnknown(key.sw) != p.onlyUnknown(key.sw) {
			f.moved(key)
		}
	}
}
