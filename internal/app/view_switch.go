// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"strconv"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
)

// portOptions are a switch port's in OVN's form; nil for none.
func portOptions(p forwarder.SwitchPort) map[string]string {
	out := map[string]string{}
	set := func(key, value string) {
		if value != "" {
			out[key] = value
		}
	}
	set("router-port", p.RouterPort)
	set("network_name", p.NetworkName)
	set("arp_proxy", arpProxy(p))
	if p.MACLimit > 0 {
		set("mac_limit", strconv.Itoa(p.MACLimit))
	}
	if p.NoARPNDRsp {
		set("disable_arp_nd_rsp", "true")
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// viewLimits adds what a switch port allows and bounds.
func viewLimits(out *api.ConfigSwitchPort, p forwarder.SwitchPort) {
	if len(p.PortSecurity) > 0 {
		out.PortSecurity = texts(p.PortSecurity)
	}
	if p.Type != forwarder.PortRouter {
		out.StormControl = &api.ConfigStormControl{Broadcast: p.StormControl.Broadcast, Multicast: p.StormControl.Multicast,
			UnknownUnicast: p.StormControl.UnknownUnicast}
	}
}

// FDB copies the MACs that the switches know.
func (s *source) FDB(context.Context) (api.FDB, error) {
	st := s.f.FDBStats()
	out := api.FDB{Totals: api.FDBTotals{Learned: st.Learned, Max: st.Max, Full: st.Full, Limited: st.Limited, Moves: st.Moves, Aged: st.Aged}}
	for _, e := range s.f.MACs() {
		one := api.FDBEntry{Switch: e.Switch, MAC: e.MAC.String(), SwitchPort: e.SwitchPort, Origin: api.FDBStatic}
		if !e.Static {
			one.Origin, one.AgeSeconds, one.Moves = api.FDBLearned, e.Age.Seconds(), e.Moves
		}
		out.Entries = append(out.Entries, one)
	}
	return out, nil
}

// FDBTotals reads the counts alone.
func (s *source) FDBTotals(context.Context) (api.FDBTotals, error) {
	st := s.f.FDBStats()
	return api.FDBTotals{Learned: st.Learned, Max: st.Max, Full: st.Full, Limited: st.Limited, Moves: st.Moves, Aged: st.Aged}, nil
}

// SwitchPorts reads what the limits of switch ports have done.
func (s *source) SwitchPorts(context.Context) ([]api.SwitchPortLimits, error) {
	var out []api.SwitchPortLimits
	for _, p := range s.f.SwitchPortStatus() {
		out = append(out, api.SwitchPortLimits{Switch: p.Switch, SwitchPort: p.SwitchPort, Learned: p.Learned, MACLimit: p.MACLimit,
			Limited: p.Limited, StormBroadcast: p.StormBroadcast, StormMulticast: p.StormMulticast,
			StormUnknownUnicast: p.StormUnknownUnicast, Security: p.Security})
	}
	return out, nil
}

// FlushFDB forgets learned MACs.
func (s *source) FlushFDB(ctx context.Context, req api.FlushFDBRequest) (int, error) {
	var mac forwarder.MAC
	if req.MAC != "" {
		var err error
		if mac, err = forwarder.ParseMAC(req.MAC); err != nil {
			return 0, fmt.Errorf("%w: %q is no MAC; write it like 00:00:03:00:00:09", api.ErrBadRequest, req.MAC)
		}
	}
	switches, ports := s.f.Switches(), s.f.SwitchPorts()
	for _, name := range []struct {
		what, name string
		all        []string
	}{{"switch", req.Switch, switches}, {"switch port", req.SwitchPort, ports}} {
		if name.name != "" && !contains(name.all, name.name) {
			return 0, fmt.Errorf("%w: there is no %s %q; `parkway show` lists them", api.ErrBadRequest, name.what, name.name)
		}
	}
	n := 0
	err := s.r.Do(ctx, func() {
		n = s.f.FlushMACs(func(sw, sp uint16, m forwarder.MAC) bool {
			return (req.Switch == "" || switches[sw] == req.Switch) && (req.SwitchPort == "" || ports[sp] == req.SwitchPort) &&
				(req.MAC == "" || m == mac)
		})
	})
	if err != nil {
		return 0, err
	}
	s.gateway.log.Info("learned MACs flushed", "switch", req.Switch, "switch_port", req.SwitchPort, "mac", req.MAC, "flushed", n)
	return n, nil
}

func contains(list []string, word string) bool {
	for _, s := range list {
		if s == word {
			return true
		}
	}
	return false
}
