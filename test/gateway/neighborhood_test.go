// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/lab"
)

// address is what `show` knows of an address of a router port.
func (g *gateway) address(routerPort string, ip netip.Addr) (api.Address, error) {
	t, err := g.client.Topology(g.ctx)
	if err != nil {
		return api.Address{}, err
	}
	for _, r := range t.Routers {
		for _, p := range r.Ports {
			for _, a := range p.Addresses {
				if p.Name == routerPort && a.IP == ip.String() {
					return a, nil
				}
			}
		}
	}
	return api.Address{}, errors.New("no such address")
}

// neighbor is a row of the neighbor table.
func (g *gateway) neighbor(ip netip.Addr) (api.Neighbor, error) {
	list, err := g.client.Neighbors(g.ctx)
	if err != nil {
		return api.Neighbor{}, err
	}
	for _, n := range list {
		if n.IP == ip.String() {
			return n, nil
		}
	}
	return api.Neighbor{}, fmt.Errorf("no neighbor %s", ip)
}

// TestDuplicateAddress: a Linux host that has the router's addresses is found by asking,
// also though it says nothing by itself, and shown with its MAC; the router stays reachable.
func TestDuplicateAddress(t *testing.T) {
	g := start(t, seed(t))
	g.attach(pc1)
	g.plug(pcExt)
	thief := pcExt.Host
	thief.Gateways = nil
	thief.Addrs = []netip.Prefix{netip.PrefixFrom(extIPs[0], 24), netip.PrefixFrom(extIPs[1], 64)}
	g.must(g.hosts[pcExt.name].Setup(g.ctx, pcExt.iface, thief))
	for _, ip := range extIPs {
		g.must(lab.Wait(g.ctx, "the duplicate of "+ip.String(), func() error {
			a, err := g.address("lr0-ext", ip)
			if err == nil && (a.State != "duplicate" || a.MAC != pcExt.MAC.String() || !a.InUse || a.Conflicts == 0) {
				err = fmt.Errorf("%+v", a)
			}
			return err
		}))
	}
	if text := g.cli("show"); strings.Count(text, "duplicate, also used by "+pcExt.MAC.String()) != 2 {
		t.Errorf("`show` does not say so:\n%s", text)
	}
	g.ping(pc1, extIPs[0], 2).wantAll(g)
	other, err := g.address("lrp1", pc1.Gateways[0])
	if g.must(err); other.State == "duplicate" {
		t.Errorf("another router port's address: %+v", other)
	}
}

// TestLinuxLooksForDuplicates: the router answers Linux' own duplicate address detection,
// so a host does not get the router's address.
func TestLinuxLooksForDuplicates(t *testing.T) {
	g := start(t, seed(t))
	g.attach(pcExt)
	host := g.hosts[pcExt.name]
	if out, err := host.Run(g.ctx, "arping", "-D", "-c", "2", "-w", "5", "-I", pcExt.iface, extIPs[0].String()); exitStatus(err) != 1 {
		t.Errorf("arping -D: %v, want exit status 1\n%s", err, out)
	}
	if out, err := host.Run(g.ctx, "arping", "-D", "-c", "2", "-w", "3", "-I", pcExt.iface, "192.168.123.200"); err != nil {
		t.Errorf("arping -D for a free address: %v\n%s", err, out)
	}
	for key, value := range map[string]string{"accept_dad": "1", "dad_transmits": "2"} {
		g.must(host.Sysctl("net/ipv6/conf/"+pcExt.iface+"/"+key, value))
	}
	_, err := host.Run(g.ctx, "ip", "-6", "addr", "add", extIPs[1].String()+"/64", "dev", pcExt.iface)
	g.must(err)
	g.must(lab.Wait(g.ctx, "Linux to notice", func() error {
		out, err := host.Run(g.ctx, "ip", "-6", "-o", "addr", "show", "dev", pcExt.iface, "to", extIPs[1].String())
		if err == nil && !strings.Contains(out, "dadfailed") {
			err = errors.New(out)
		}
		return err
	}))
}

// TestARPProxy: the router answers for addresses of the external network whose host is
// elsewhere, so hosts there reach it through the router; it does not stand in the way of a
// host that takes one of them.
func TestARPProxy(t *testing.T) {
	moved := []netip.Addr{netip.MustParseAddr("192.168.123.70"), netip.MustParseAddr("2001:db8:f0f0::70")}
	g := start(t, seed(t, "options: {router-port: lr0-ext}", `options: {router-port: lr0-ext, arp_proxy: "192.168.123.64/28 2001:db8:f0f0::70"}`,
		"- "+defaultRoute, "- "+defaultRoute+"\n      - {ip_prefix: 192.168.123.70/32, nexthop: 1.1.0.1}\n      - {ip_prefix: \"2001:db8:f0f0::70/128\", nexthop: \"2001:db8:1::11\"}"))
	g.attach(pc1, pcExt)
	for _, ip := range moved {
		args := []string{"addr", "add", netip.PrefixFrom(ip, ip.BitLen()).String(), "dev", pc1.iface}
		if ip.Is6() {
			args = append(args, "nodad")
		}
		_, err := g.hosts[pc1.name].Run(g.ctx, "ip", args...)
		g.must(err)
		g.must(lab.Wait(g.ctx, "the address", func() error {
			out, err := g.hosts[pc1.name].Run(g.ctx, "ip", "-o", "addr", "show", "dev", pc1.iface, "to", ip.String())
			if err == nil && (out == "" || strings.Contains(out, "tentative")) {
				err = errors.New(out)
			}
			return err
		}))
		g.ping(pcExt, ip, 3).wantTTL(g, 63)
		out, err := g.hosts[pcExt.name].Run(g.ctx, "ip", "neigh", "show", "to", ip.String(), "dev", pcExt.iface)
		if err != nil || !strings.Contains(out, "lladdr "+extMAC.String()) {
			t.Errorf("%s is at %q, %v; want %s", ip, out, err, extMAC)
		}
	}
	if out, err := g.hosts[pcExt.name].Run(g.ctx, "arping", "-D", "-c", "2", "-w", "3", "-I", pcExt.iface, "192.168.123.71"); err != nil {
		t.Errorf("a host can't have an address of the range: %v\n%s", err, out)
	}
}

// TestManagedNextHop: the default gateway is resolved before anybody sends a packet, so
// the first one does not wait.
func TestManagedNextHop(t *testing.T) {
	nexthop, far := netip.MustParseAddr("192.168.123.1"), netip.MustParseAddr("203.0.113.7")
	g := start(t, seed(t))
	g.attach(pc1)
	g.plug(pcExt)
	_, err := g.lab.StartNeighbor(g.ctx, g.hosts[pcExt.name], pcExt.iface, lab.NeighborConfig{MAC: mustMAC("02:0a:7f:00:01:01"), Echo: true, IPs: map[netip.Addr]lab.Script{
		nexthop: lab.AtOnce, far: lab.Never,
	}})
	g.must(err)
	for _, gw := range pc1.Gateways {
		g.ping(pc1, gw, 1).wantAll(g)
	}
	g.must(lab.Wait(g.ctx, "the next hop", func() error {
		n, err := g.neighbor(nexthop)
		if err == nil && n.State != "REACHABLE" {
			err = errors.New(n.State)
		}
		return err
	}))
	before := show[api.Parked](g, "parked").Totals.Parked
	g.ping(pc1, far, 3).wantTTL(g, 63)
	if after := show[api.Parked](g, "parked").Totals.Parked; after != before {
		t.Errorf("%d packets were parked", after-before)
	}
}

// TestVirtualRouterMoves: an address goes to a virtual router's MAC and back within a
// second, each time announced by arping -U, while somebody pings it: no ping is lost, and
// the packets go where the announcement says.
func TestVirtualRouterMoves(t *testing.T) {
	const vmac = "00:00:5e:00:01:0a"
	g := start(t, seed(t))
	g.attach(pc1, pcExt)
	host := g.hosts[pcExt.name]
	for _, args := range [][]string{
		{"link", "add", "vrrp0", "link", pcExt.iface, "address", vmac, "type", "macvlan", "mode", "private"},
		{"link", "set", "dev", "vrrp0", "up"},
	} {
		if _, err := host.Run(g.ctx, "ip", args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, iface := range []string{"all", pcExt.iface, "vrrp0"} {
		g.must(host.Sysctl("net/ipv4/conf/"+iface+"/rp_filter", "0"))
		g.must(host.Sysctl("net/ipv4/conf/"+iface+"/arp_ignore", "1"))
	}
	g.ping(pc1, pcExt.ip(0), 2).wantAll(g)

	done := make(chan pinged, 1)
	go func() { done <- g.ping(pc1, pcExt.ip(0), 150, "-i", "0.02") }()
	at := func(iface, mac string) {
		t.Helper()
		_, err := host.Run(g.ctx, "arping", "-U", "-c", "1", "-w", "1", "-I", iface, "-s", pcExt.ip(0).String(), pcExt.ip(0).String())
		if err != nil && exitStatus(err) != 1 { // 1: nobody answers an announcement
			t.Fatal(err)
		}
		g.must(lab.Wait(g.ctx, "the move to "+mac, func() error {
			n, err := g.neighbor(pcExt.ip(0))
			if err == nil && n.MAC != mac {
				err = fmt.Errorf("%+v", n)
			}
			return err
		}))
	}
	began := time.Now()
	at("vrrp0", vmac)
	at(pcExt.iface, pcExt.MAC.String())
	at("vrrp0", vmac)
	t.Logf("three moves in %v", time.Since(began))
	(<-done).wantAll(g)
	if n, err := g.neighbor(pcExt.ip(0)); err != nil || n.Flapping {
		t.Errorf("%+v, %v", n, err)
	}
	if r, err := g.client.Resolutions(g.ctx); err != nil || r.Moves < 3 || r.MovesDamped != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
