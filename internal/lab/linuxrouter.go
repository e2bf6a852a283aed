// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"net/netip"

	"github.com/parkway-gw/parkway/internal/topology"
)

// LinuxRouter is a kernel that forwards between two hosts, all three in namespaces with
// veths between them: what a gateway is compared with.
type LinuxRouter struct {
	Near, Router, Far *NS
	FarIface          string
	FarAddrs          [2]netip.Addr // IPv4, IPv6
	FarMAC            topology.MAC
}

const (
	linuxNear, linuxFar = "n0", "f0" // the hosts' interfaces
	linuxIn, linuxOut   = "r0", "r1" // the router's
)

func linuxHost(mac byte, addr4, addr6, via4, via6 string) Host {
	h := Host{MAC: topology.MAC{2, 0, 0, 0, mac >> 4, mac & 15}, Addrs: []netip.Prefix{netip.MustParsePrefix(addr4), netip.MustParsePrefix(addr6)}}
	if via4 != "" {
		h.Gateways = []netip.Addr{netip.MustParseAddr(via4), netip.MustParseAddr(via6)}
	}
	return h
}

// LinuxRouter makes one. With scripted, the far host has no addresses of its own: a
// Neighbor on FarIface plays it.
func (l *Lab) LinuxRouter(ctx context.Context, scripted bool) (*LinuxRouter, error) {
	r := &LinuxRouter{FarIface: linuxFar}
	for name, ns := range map[string]**NS{"lx-near": &r.Near, "lx-router": &r.Router, "lx-far": &r.Far} {
		var err error
		if *ns, err = l.Add(ctx, name); err != nil {
			return nil, err
		}
	}
	far := linuxHost(0x22, "10.2.0.2/24", "2001:db8:a2::2/64", "10.2.0.1", "2001:db8:a2::1")
	r.FarAddrs, r.FarMAC = [2]netip.Addr{far.Addrs[0].Addr(), far.Addrs[1].Addr()}, far.MAC
	steps := []func() error{
		func() error { return Veth(ctx, r.Near, linuxNear, r.Router, linuxIn) },
		func() error { return Veth(ctx, r.Router, linuxOut, r.Far, linuxFar) },
		func() error { return r.Router.Sysctl("net/ipv4/ip_forward", "1") },
		func() error { return r.Router.Sysctl("net/ipv6/conf/all/forwarding", "1") },
		// Without it the other end has no carrier.
		func() error { _, err := r.Near.Run(ctx, "ip", "link", "set", "dev", linuxNear, "up"); return err },
		func() error { _, err := r.Far.Run(ctx, "ip", "link", "set", "dev", linuxFar, "up"); return err },
		func() error {
			return r.Router.Setup(ctx, linuxIn, linuxHost(0x11, "10.1.0.1/24", "2001:db8:a1::1/64", "", ""))
		},
		func() error {
			return r.Router.Setup(ctx, linuxOut, linuxHost(0x21, "10.2.0.1/24", "2001:db8:a2::1/64", "", ""))
		},
		func() error {
			return r.Near.Setup(ctx, linuxNear, linuxHost(0x12, "10.1.0.2/24", "2001:db8:a1::2/64", "10.1.0.1", "2001:db8:a1::1"))
		},
		func() error {
			if scripted {
				return nil
			}
			return r.Far.Setup(ctx, linuxFar, far)
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Forget has the router and the far host forget each other.
func (r *LinuxRouter) Forget(ctx context.Context) error {
	if err := r.Router.FlushNeighbors(ctx, linuxOut); err != nil {
		return err
	}
	return r.Far.FlushNeighbors(ctx, r.FarIface)
}
