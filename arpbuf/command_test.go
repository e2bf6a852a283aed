// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

func (g *gateway) add(port string, ip netip.Addr, mac forwarder.MAC) error {
	return g.do("add", func() error { return g.r.AddNeighbor(context.Background(), port, ip, mac) })
}

func (g *gateway) del(port string, ip netip.Addr) (mac forwarder.MAC, packets int, err error) {
	err = g.do("del", func() (err error) {
		mac, packets, err = g.r.DeleteNeighbor(context.Background(), port, ip)
		return err
	})
	return mac, packets, err
}

// An added neighbor is used at once, lets go what waits, and nothing heard changes it.
func TestAddNeighbor(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.inject(0, udps(t, f.host, 0, 5)...)
		g.rest()
		if err := g.add("lrp-b", f.host, macB); err != nil {
			t.Fatal(err)
		}
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 0, 5)
		g.inject(1, f.reply(f.host, macC))
		g.rest()
		g.flush(arpbuf.Filter{})
		g.link("p-b", false)
		g.link("p-b", true)
		if n := g.state(f.host); n.State != "PERMANENT" || n.Origin != "added" || n.MAC != macB {
			t.Errorf("%+v", n)
		}
		if err := g.add("lrp-b", f.host, macC); err != nil { // added over added
			t.Fatal(err)
		}
		g.take(1)
		g.inject(0, udps(t, f.host, 5, 1)...)
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macC), 5, 1)
		if mac, packets, err := g.del("lrp-b", f.host); mac != macC || packets != 0 || err != nil {
			t.Errorf("%s, %d, %v", mac, packets, err)
		}
		g.inject(0, udps(t, f.host, 6, 1)...)
		g.rest()
		if n := f.probes(g.take(1)); n != 1 {
			t.Errorf("%d probes after it was deleted, want 1", n)
		}
	})
}

// A gateway's MAC can be added and deleted; the gateway stays.
func TestAddGateway(t *testing.T) {
	g := start(t, nil)
	if err := g.add("lrp-b", gw4, macB); err != nil {
		t.Fatal(err)
	}
	dst := addr("192.0.2.7")
	g.inject(0, udps(t, dst, 0, 2)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), dst, macB), 0, 2)
	if _, _, err := g.del("lrp-b", gw4); err != nil {
		t.Error(err)
	}
	g.inject(0, udps(t, dst, 2, 2)...)
	g.rest()
	if n := g.state(gw4); n.State != "INCOMPLETE" || n.Origin != "arp" {
		t.Errorf("%+v", n)
	}
	g.inject(1, arpReply(gw4, macC))
	g.rest()
	inOrder(t, flow(t, g.take(1), dst, macC), 2, 2)
}

// What was learned can be deleted, what waits for it goes too.
func TestDeleteNeighbor(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.resolve(f)
		if mac, packets, err := g.del("lrp-b", f.host); mac != macB || packets != 0 || err != nil {
			t.Errorf("%s, %d, %v", mac, packets, err)
		}
		g.inject(0, udps(t, f.host, 0, 5)...)
		g.rest()
		if mac, packets, err := g.del("lrp-b", f.host); !mac.IsZero() || packets != 5 || err != nil {
			t.Errorf("%s, %d, %v", mac, packets, err)
		}
		g.rest()
		g.checkTotals(arpbuf.ParkedTotals{Parked: 6, Drained: 1, Discarded: 5})
	})
}

// Every refusal says what is wrong, where, and what to do.
func TestNeighborCommandsRefuse(t *testing.T) {
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) { c.MaxEntries = 1 })
	probe := func(port string, ip netip.Addr, _ forwarder.MAC) error {
		return g.do("probe", func() error {
			_, err := g.r.ProbeNeighbor(context.Background(), port, ip, time.Millisecond)
			return err
		})
	}
	del := func(port string, ip netip.Addr, _ forwarder.MAC) error { _, _, err := g.del(port, ip); return err }
	if err := g.add("lrp-b", b4, macB); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		do   func(string, netip.Addr, forwarder.MAC) error
		port string
		ip   string
		mac  forwarder.MAC
		want string
	}{
		{g.add, "lrp-x", "10.0.2.9", macB, `there is no router port "lrp-x"; `},
		{g.add, "lrp-b", "10.0.3.9", macB, "10.0.3.9 is in no network of lrp-b; the networks are 10.0.2.0/24, 2001:db8:2::/64"},
		{g.add, "lrp-b", "2001:db8:1::9", macB, "2001:db8:1::9 is in no network of lrp-b; "},
		{g.add, "lrp-b", "10.0.2.1", macB, "10.0.2.1 is an address of the router lr0 itself; "},
		{g.add, "lrp-b", "10.0.1.1", macB, "10.0.1.1 is an address of the router lr0 itself; "},
		{g.add, "lrp-b", "10.0.2.255", macB, "10.0.2.255 is the network or broadcast address of 10.0.2.0/24; "},
		{g.add, "lrp-b", "224.0.0.1", macB, "224.0.0.1 is no single host's address; "},
		{g.add, "lrp-b", "::", macB, ":: is no single host's address; "},
		{g.add, "lrp-b", "10.0.2.8", forwarder.MAC{}, "00:00:00:00:00:00 is no single station's MAC; "},
		{g.add, "lrp-b", "10.0.2.8", wire.Broadcast, "ff:ff:ff:ff:ff:ff is no single station's MAC; "},
		{g.add, "lrp-b", "10.0.2.8", macLA, macLA.String() + " is the MAC of a router port of this gateway; "},
		{g.add, "lrp-b", "10.0.2.8", macC, "the neighbor table is full, 1 entries; "},
		{g.add, "lrp-a", "10.0.1.2", macC, "10.0.1.2 behind lrp-a has the MAC " + macA.String() + " by the configuration; "},
		{del, "lrp-x", "10.0.2.9", macB, `there is no router port "lrp-x"; `},
		{del, "lrp-b", "10.0.2.8", macB, "there is no neighbor 10.0.2.8 behind lrp-b; "},
		{del, "lrp-b", "10.0.2.254", macB, "there is no neighbor 10.0.2.254 behind lrp-b; "}, // a gateway without a MAC
		{del, "lrp-a", "10.0.1.2", macB, "10.0.1.2 behind lrp-a has the MAC " + macA.String() + " by the configuration; "},
		{probe, "lrp-x", "10.0.2.9", macB, `there is no router port "lrp-x"; `},
		{probe, "lrp-b", "10.0.3.9", macB, "10.0.3.9 is in no network of lrp-b; "},
		{probe, "lrp-b", "10.0.2.1", macB, "10.0.2.1 is an address of the router lr0 itself; "},
	} {
		err := c.do(c.port, addr(c.ip), c.mac)
		var refused *arpbuf.NeighborError
		if !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), c.want) || refused.Mend == "" {
			t.Errorf("%s %s: %v\nwant %s", c.port, c.ip, err, c.want)
		}
	}
	if n := g.state(a4); n.MAC != macA {
		t.Errorf("the configured neighbor is %+v", n)
	}
}
