// SPDX-License-Identifier: Apache-2.0

package topology

// portLimits checks what a switch port allows and bounds.
func (v *validator) portLimits(p *SwitchPort, at func(...any) Path, what string) {
	if len(p.PortSecurity) > 0 && p.Type != PortVIF {
		v.errorf(at("port_security"), "remove it; OVN has it for ports of VMs and pods only", "%s is of type %s, which can't have port_security", what, p.Type)
	}
	if len(p.PortSecurity) > MaxPortSecurity {
		v.errorf(at("port_security"), "name subnets instead of addresses", "%s has %d elements of port_security; %d are possible", what, len(p.PortSecurity), MaxPortSecurity)
	}
	if before := v.security; before <= MaxPortSecurityInAll {
		if v.security += len(p.PortSecurity); v.security > MaxPortSecurityInAll {
			v.errorf(at("port_security"), "name subnets instead of addresses, or split the topology over several nodes", "%s brings the topology to %d elements of port_security; the datapath has room for %d", what, v.security, MaxPortSecurityInAll)
		}
	}
	for k, s := range p.PortSecurity {
		v.hostMAC(at("port_security", k), what+": port_security", s.MAC)
		if len(s.Prefixes) > MaxPortSecurity {
			v.errorf(at("port_security", k), "name subnets instead of addresses", "%s: an element of port_security has %d addresses; %d are possible", what, len(s.Prefixes), MaxPortSecurity)
		}
		for _, ip := range s.Prefixes {
			if a := ip.Addr(); !ip.IsValid() || a.Zone() != "" || a.Is4In6() || a.IsMulticast() || (a.IsUnspecified() && ip.Bits() == a.BitLen()) {
				v.errorf(at("port_security", k), "list addresses or subnets that the host may have", "%s: port_security: %s can't be a host's", what, ip)
			}
		}
	}
	v.forgotten(p, at, what)
	if p.Type == PortRouter && p.StormControl != (StormControl{}) {
		v.errorf(at("storm_control"), "set it at the ports of the same switch that bring the frames", "%s is of type router, which can't have storm_control", what)
	}
	if p.MACLimit != 0 && !p.Unknown {
		v.warnf(at("options", "mac_limit"), "add unknown to its addresses, or remove the limit", "mac_limit of %s does nothing: it learns no MACs", what)
	}
}

// forgotten warns of addresses that port_security keeps from working.
func (v *validator) forgotten(p *SwitchPort, at func(...any) Path, what string) {
	if len(p.PortSecurity) == 0 {
		return
	}
	for k, a := range p.Addresses {
		known := false
		for _, s := range p.PortSecurity {
			known = known || s.MAC == a.MAC
		}
		if !known {
			v.warnf(at("addresses", k), "add it to port_security", "%s of %s is not in its port_security, so its frames are dropped", a.MAC, what)
		}
	}
}
