// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// puntClasses says which protocol each class of punted packets is.
var puntClasses = [cgo.PuntClasses]topology.Protocol{
	cgo.PuntClassARP:        topology.ProtocolARP,
	cgo.PuntClassNDNS:       topology.ProtocolNDNS,
	cgo.PuntClassNDNA:       topology.ProtocolNDNA,
	cgo.PuntClassNDRAOpts:   topology.ProtocolNDRAOpts,
	cgo.PuntClassICMP4Error: topology.ProtocolICMP4Error,
	cgo.PuntClassICMP6Error: topology.ProtocolICMP6Error,
	cgo.PuntClassICMP4Echo:  topology.ProtocolICMP4Echo,
	cgo.PuntClassICMP6Echo:  topology.ProtocolICMP6Echo,
	cgo.PuntClassTCPReset:   topology.ProtocolTCPReset,
}

// meters are the limits that workers enforce; those for probes are control's.
func meters(l topology.Limits) (out [cgo.PuntClasses]cgo.Meter) {
	for class, protocol := range puntClasses {
		out[class] = cgo.Meter{Rate: l[protocol].Rate, Burst: l[protocol].Burst}
	}
	return out
}

// CoPPStatus is a router port's limit for a protocol, and what it has kept from control.
// The rate of a protocol without a limit is 0.
type CoPPStatus struct {
	RouterPort  uint16
	Protocol    string
	Rate, Burst uint32
	Dropped     uint64
}

// CoPP returns the limits that workers enforce, by router port and protocol.
func (f *Forwarder) CoPP() (out []CoPPStatus) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final != nil {
		return f.final.copp
	}
	return f.readCoPP()
}

func (f *Forwarder) readCoPP() (out []CoPPStatus) {
	for _, p := range f.shown.Load().routerPorts {
		if p.info.Port.Name == "" {
			continue
		}
		refused := f.res.dp.PuntsRefused(p.info.ID)
		for class, protocol := range puntClasses {
			l := p.info.Limits[protocol]
			out = append(out, CoPPStatus{p.info.ID, protocol.String(), l.Rate, l.Burst, refused[class] - p.refused[class]})
		}
	}
	return out
}
