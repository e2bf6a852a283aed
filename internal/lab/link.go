// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Host says what an end system's interface looks like.
type Host struct {
	MAC      topology.MAC   // zero: leave the interface's own
	Addrs    []netip.Prefix // address/length, IPv4 and IPv6
	Gateways []netip.Addr   // a default route through each; at most one per family
	MTU      int            // bytes; 0: leave the interface's own
}

// Veth makes a pair of connected interfaces, each in a namespace, both down. They
// go away with either namespace.
func Veth(ctx context.Context, a *NS, ifA string, b *NS, ifB string) error {
	args := []string{"link", "add", "name", ifA}
	args = append(args, netnsArg(a)...)
	args = append(args, "type", "veth", "peer", "name", ifB)
	args = append(args, netnsArg(b)...)
	_, err := Root.Run(ctx, "ip", args...)
	return err
}

func netnsArg(n *NS) []string {
	if n.Name == "" {
		return nil
	}
	return []string{"netns", n.Name}
}

// HasLink reports whether an interface is in the namespace.
func (n *NS) HasLink(ifname string) bool {
	return n.Do(func() error { _, err := net.InterfaceByName(ifname); return err }) == nil
}

// MoveLink moves an interface from one namespace into another; it waits until the
// interface is there, for a daemon makes its taps in its own time. A move takes
// addresses off and leaves the interface down.
func MoveLink(ctx context.Context, from *NS, ifname string, to *NS) error {
	err := Wait(ctx, "interface "+ifname+" in namespace "+from.label(), func() error {
		if !from.HasLink(ifname) {
			return errors.New("it is not there")
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = from.Run(ctx, "ip", "link", "set", "dev", ifname, "netns", to.Name)
	return err
}

func (n *NS) label() string {
	if n.Name == "" {
		return "of the program"
	}
	return n.Name
}

// Setup configures an interface as a host's and brings it up. On return every
// address is usable, the link-local one included.
func (n *NS) Setup(ctx context.Context, ifname string, h Host) error {
	var b strings.Builder
	if !h.MAC.IsZero() {
		fmt.Fprintf(&b, "link set dev %s down\nlink set dev %s address %s\n", ifname, ifname, h.MAC)
	}
	if h.MTU != 0 {
		fmt.Fprintf(&b, "link set dev %s mtu %d\n", ifname, h.MTU)
	}
	v6 := false
	for _, a := range h.Addrs {
		nodad := ""
		if a.Addr().Is6() {
			v6, nodad = true, " nodad"
		}
		fmt.Fprintf(&b, "addr add %s dev %s%s\n", a, ifname, nodad)
	}
	fmt.Fprintf(&b, "link set dev %s up\n", ifname)
	for _, g := range h.Gateways {
		family := "-4"
		if g.Is6() {
			family = "-6"
		}
		if _, err := n.RunInput(ctx, b.String(), "ip", "-batch", "-"); err != nil {
			return err
		}
		b.Reset()
		fmt.Fprintf(&b, "route replace default via %s dev %s\n", g, ifname)
		if _, err := n.RunInput(ctx, b.String(), "ip", family, "-batch", "-"); err != nil {
			return err
		}
		b.Reset()
	}
	if b.Len() > 0 {
		if _, err := n.RunInput(ctx, b.String(), "ip", "-batch", "-"); err != nil {
			return err
		}
	}
	if !v6 {
		return nil
	}
	return Wait(ctx, "IPv6 addresses of "+ifname+" in "+n.label(), func() error {
		out, err := n.Run(ctx, "ip", "-6", "-o", "addr", "show", "dev", ifname)
		if err != nil {
			return err
		}
		if !strings.Contains(out, " fe80:") {
			return errors.New("no link-local address; is the carrier up?")
		}
		if strings.Contains(out, " tentative") {
			return errors.New("still tentative")
		}
		return nil
	})
}

// WaitRunning waits until the interface passes frames. Both of its ends being up is not
// enough: until the kernel has taken note of that, which it does in its own time, what is
// sent is lost without a word.
func (n *NS) WaitRunning(ctx context.Context, ifname string) error {
	return Wait(ctx, ifname+" in "+n.label()+" to run", func() error {
		return n.Do(func() error {
			ifi, err := net.InterfaceByName(ifname)
			if err == nil && ifi.Flags&net.FlagRunning == 0 {
				err = errors.New("no carrier")
			}
			return err
		})
	})
}

// Mute brings an interface up for a Neighbor: the kernel neither has addresses on
// it nor answers or asks anything there.
func (n *NS) Mute(ctx context.Context, ifname string) error {
	for _, kv := range [][2]string{{"net/ipv6/conf/" + ifname + "/disable_ipv6", "1"}, {"net/ipv4/conf/" + ifname + "/arp_ignore", "8"}} {
		if err := n.Sysctl(kv[0], kv[1]); err != nil {
			return err
		}
	}
	_, err := n.Run(ctx, "ip", "link", "set", "dev", ifname, "up")
	return err
}

// FlushNeighbors empties the kernel's ARP and ND caches of an interface.
func (n *NS) FlushNeighbors(ctx context.Context, ifname string) error {
	_, err := n.Run(ctx, "ip", "neigh", "flush", "dev", ifname)
	return err
}

// Wait polls until ok returns nil or ctx ends; its error says what was awaited and
// why ok last refused. Give ctx a deadline.
func Wait(ctx context.Context, what string, ok func() error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; last: %w", what, ctx.Err(), err)
		case <-tick.C:
		}
	}
}
