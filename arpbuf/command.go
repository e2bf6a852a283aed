// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
)

// NeighborError says why a command about a neighbor was refused: the caller's mistake,
// with the mend.
type NeighborError struct{ Reason, Mend string }

func (e *NeighborError) Error() string { return e.Reason + "; " + e.Mend }

func refusef(mend, format string, a ...any) error {
	return &NeighborError{fmt.Sprintf(format, a...), mend}
}

// inTurn runs f on the control lcore and returns what f does. f finds ctx ended when
// nobody waits for it any more.
func inTurn[T any](ctx context.Context, r *Resolver, f func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	if err := r.Do(ctx, func() {
		v, err := f()
		done <- result{v, err}
	}); err != nil {
		var zero T
		return zero, err
	}
	res := <-done
	return res.v, res.err
}

// AddNeighbor makes a neighbor PERMANENT with mac until the process ends or
// DeleteNeighbor; it replaces what was learned or added before, and what waits for the
// neighbor goes out. A *NeighborError refuses what is configured and what can't be a
// neighbor of the router port. Added neighbors count against Config.MaxEntries. Any
// goroutine.
func (r *Resolver) AddNeighbor(ctx context.Context, routerPort string, ip netip.Addr, mac topology.MAC) error {
	_, err := inTurn(ctx, r, func() (struct{}, error) { return struct{}{}, r.addNeighbor(routerPort, ip, mac) })
	return err
}

func (r *Resolver) addNeighbor(routerPort string, ip netip.Addr, mac topology.MAC) error {
	p, err := r.canBeNeighbor(routerPort, ip)
	if err != nil {
		return err
	}
	key := neighbor.Key{RouterPort: p.ID, IP: ip}
	switch {
	case mac.IsZero() || mac[0]&1 != 0:
		return refusef("give the one of its network card", "%s is no single station's MAC", mac)
	case slices.Contains(r.ports.macs, mac):
		return refusef("give the neighbor's", "%s is the MAC of a router port of this gateway", mac)
	}
	if e := r.table.Get(key); e != nil && e.Pinned() {
		return refusef("change it there", "%s behind %s has the MAC %s by the configuration", ip, p.name(), e.MAC())
	}
	n := r.neighbor(key)
	if n == nil {
		return refusef("delete or flush some, or raise neighbors.max_entries", "the neighbor table is full, %d entries", r.cfg.MaxEntries)
	}
	r.perform(r.table.Fix(r.turnAt, n.entry, mac))
	return nil
}

// canBeNeighbor returns the router port of that name if ip can be a neighbor behind it.
func (r *Resolver) canBeNeighbor(routerPort string, ip netip.Addr) (*lrp, error) {
	p := r.ports.named(routerPort)
	if p == nil {
		return nil, noRouterPort(routerPort)
	}
	e := r.table.Get(neighbor.Key{RouterPort: p.ID, IP: ip})
	switch {
	case !ip.IsValid() || ip.Is4In6() || ip.Zone() != "" || ip.IsUnspecified() || ip.IsMulticast() || ip.IsLoopback():
		return nil, refusef("give a neighbor's address", "%s is no single host's address", ip)
	case r.ports.routerOwns(p, ip):
		return nil, refusef("give a neighbor's address", "%s is an address of the router %s itself", ip, p.Router)
	case e != nil && e.Kept(): // a route says that it is there, whatever its network
	case !p.onLink(ip):
		return nil, refusef("the networks are "+p.networks(), "%s is in no network of %s", ip, p.name())
	case p.isBroadcast(ip):
		return nil, refusef("give a neighbor's address", "%s is the network or broadcast address of %s", ip, p.network(ip).Masked())
	}
	return p, nil
}

func noRouterPort(name string) error {
	return refusef("`parkway show` lists them", "there is no router port %q", name)
}

// named returns the router port of that name, or nil.
func (t *lrps) named(name string) *lrp {
	for i := range t.ports {
		if t.ports[i].name() == name && name != "" {
			return &t.ports[i]
		}
	}
	return nil
}

func (p *lrp) networks() string {
	var all []string
	for _, n := range p.Port.Networks {
		all = append(all, n.Masked().String())
	}
	return strings.Join(all, ", ")
}

// DeleteNeighbor forgets a neighbor that was learned or added, its answers too, and
// frees what waits for it, as park_discarded; it returns the MAC that the neighbor had,
// zero for none, and the packets that were freed. A *NeighborError refuses what is
// configured and what is not there. Any goroutine.
func (r *Resolver) DeleteNeighbor(ctx context.Context, routerPort string, ip netip.Addr) (mac topology.MAC, packets int, err error) {
	type gone struct {
		mac     topology.MAC
		packets int
	}
	g, err := inTurn(ctx, r, func() (g gone, err error) {
		g.mac, g.packets, err = r.deleteNeighbor(routerPort, ip)
		return g, err
	})
	return g.mac, g.packets, err
}

func (r *Resolver) deleteNeighbor(routerPort string, ip netip.Addr) (mac topology.MAC, packets int, err error) {
	p := r.ports.named(routerPort)
	if p == nil {
		return mac, 0, noRouterPort(routerPort)
	}
	e := r.table.Get(neighbor.Key{RouterPort: p.ID, IP: ip})
	switch {
	case e == nil || e.State() == neighbor.Incomplete && !e.Asking():
		return mac, 0, refusef("`parkway neighbor show` lists them", "there is no neighbor %s behind %s", ip, p.name())
	case e.Pinned():
		return mac, 0, refusef("remove it there", "%s behind %s has the MAC %s by the configuration", ip, p.name(), e.MAC())
	}
	mac = e.MAC()
	return mac, r.withdraw(&Filter{RouterPort: routerPort, IP: ip}), nil
}
