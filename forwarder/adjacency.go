// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// ErrNeighborTableFull says that Config.MaxNeighbors adjacencies are in use beside
// those that the topology names.
var ErrNeighborTableFull = errors.New("the neighbor table is full")

// graceRoom is how many released adjacencies may wait for the workers while every
// neighbor has one: whoever makes room in a full table gets it at once.
const graceRoom = 1024

// maxAdjacencies is the adjacencies that there are, in use or waiting.
func (f *Forwarder) maxAdjacencies() int { return f.cfg.MaxNeighbors + f.room.named + graceRoom }

// adjKey holds no pointers, so the garbage collector need not look into the table.
type adjKey struct {
	ip         [16]byte
	routerPort uint16
	v4         bool
}

func keyOf(routerPort uint16, ip netip.Addr) adjKey {
	return adjKey{ip: ip.As16(), routerPort: routerPort, v4: ip.Is4()}
}

// adjRecord is what control remembers of an adjacency; workers see the rest.
type adjRecord struct {
	key   adjKey
	mac   MAC
	home  MAC    // the configured one; zero for none
	sw    uint16 // that the router port plugs into; cgo.None for none
	state cgo.AdjState
	fixed bool // the configuration names it: never released
	live  bool
}

// adjacencies hands out adjacency indexes. A released one is used again only after
// every worker has been quiescent.
type adjacencies struct {
	at      map[adjKey]uint32
	records []adjRecord // grows up to maxAdjacencies
	fixed   int         // of at
	free    []uint32
	waiting []waitingAdj // oldest first
	behind  map[fdbKey][]uint32
}

type waitingAdj struct {
	index uint32
	token uint64 // of the QSBR
}

// enterNeighbors makes the adjacencies that the plan names.
func (f *Forwarder) enterNeighbors() error {
	f.adjs = adjacencies{at: map[adjKey]uint32{}, behind: map[fdbKey][]uint32{}}
	if _, err := f.takeNamed(f.plan); err != nil {
		return err
	}
	f.fixNeighbors(nil, f.plan)
	return nil
}

// Adjacency returns the adjacency of a next hop, made INCOMPLETE and entered into
// the neighbor table when there is none: workers park for it from then on. ip is of
// the router port's link, without zone. ErrNeighborTableFull at MaxNeighbors.
// Control lcore only.
func (f *Forwarder) Adjacency(routerPort uint16, ip netip.Addr) (adj uint32, err error) {
	if int(routerPort) >= len(f.plan.routerPorts) || f.plan.routerPorts[routerPort].info.Port.Name == "" || !ip.IsValid() || ip.Is4In6() || ip.Zone() != "" {
		return 0, fmt.Errorf("neighbor %s behind router port %d: no such router port, or no such address", ip, routerPort)
	}
	key := keyOf(routerPort, ip)
	if adj, known := f.adjs.at[key]; known {
		return adj, nil
	}
	if len(f.adjs.at)-f.adjs.fixed >= f.cfg.MaxNeighbors {
		return 0, fmt.Errorf("neighbor %s of router port %q: %w", ip, f.plan.routerPorts[routerPort].info.Port.Name, ErrNeighborTableFull)
	}
	return f.makeAdjacency(&f.plan.routerPorts[routerPort], ip)
}

// makeAdjacency makes one of a router port, which need not be published yet.
func (f *Forwarder) makeAdjacency(rp *planRouterPort, ip netip.Addr) (adj uint32, err error) {
	routerPort, key := rp.info.ID, keyOf(rp.info.ID, ip)
	adj, err = f.takeAdjacency()
	if err != nil {
		return 0, fmt.Errorf("neighbor %s of router port %q: %w", ip, rp.info.Port.Name, err)
	}
	f.res.dp.InitAdjacency(adj, routerPort, ip, rp.info.Port.MAC)
	f.res.dp.StoreAdjacency(adj, [6]byte{}, cgo.OutSwitch, cgo.AdjIncomplete)
	hash, hashKey := f.neighborHash(key)
	if err := hash.Add(hashKey, uint64(adj)); err != nil {
		f.res.dp.UnlistAdjacency(adj)
		f.adjs.free = append(f.adjs.free, adj) // no worker has seen it
		return 0, fmt.Errorf("neighbor %s: %w (%w)", ip, ErrNeighborTableFull, err)
	}
	f.adjs.records[adj] = adjRecord{key: key, sw: rp.table.Switch, state: cgo.AdjIncomplete, live: true}
	f.adjs.at[key] = adj
	return adj, nil
}

func (f *Forwarder) takeAdjacency() (uint32, error) {
	a := &f.adjs
	if len(a.free) == 0 && len(a.records) == f.maxAdjacencies() {
		f.Maintain()
	}
	switch {
	case len(a.free) > 0:
		adj := a.free[len(a.free)-1]
		a.free = a.free[:len(a.free)-1]
		return adj, nil
	case len(a.records) < f.maxAdjacencies():
		a.records = append(a.records, adjRecord{})
		return uint32(len(a.records) - 1), nil
	}
	return 0, ErrNeighborTableFull
}

func (f *Forwarder) neighborHash(key adjKey) (*dpdk.Hash, []byte) {
	if key.v4 {
		k := cgo.Neigh4Key(key.routerPort, [4]byte(key.ip[12:]))
		return f.res.hashes[1], k[:]
	}
	k := cgo.Neigh6Key(key.routerPort, key.ip)
	return f.res.hashes[2], k[:]
}

// SetAdjacency publishes MAC and state of an adjacency in one store. The switch port
// it leaves by is where the router port's switch has the MAC; while it has not, the only
// port that lists unknown, and where there are several or none, workers look in the switch
// for each packet. The MAC of INCOMPLETE and FAILED does not matter. Control lcore only.
func (f *Forwarder) SetAdjacency(adj uint32, mac MAC, state cgo.AdjState) {
	r := f.record(adj)
	if r == nil {
		return
	}
	if r.mac != mac {
		f.unlist(adj, r)
		r.mac = mac
		f.list(adj, r)
	}
	was := r.state
	r.state = state
	f.store(adj, r)
	f.ecmp.changed(adj, was, state, f.res.dp.StoreBucket)
}

func (f *Forwarder) record(adj uint32) *adjRecord {
	if int(adj) >= len(f.adjs.records) || !f.adjs.records[adj].live {
		return nil
	}
	return &f.adjs.records[adj]
}

func (f *Forwarder) store(adj uint32, r *adjRecord) {
	f.res.dp.StoreAdjacency(adj, r.mac, f.egress(r), r.state)
}

func (f *Forwarder) behindKey(r *adjRecord) fdbKey {
	return fdbKey{r.sw, r.mac}
}

// list and unlist keep the adjacencies by MAC, to find them when it moves.
func (f *Forwarder) list(adj uint32, r *adjRecord) {
	if !r.mac.IsZero() {
		key := f.behindKey(r)
		f.adjs.behind[key] = append(f.adjs.behind[key], adj)
	}
}

func (f *Forwarder) unlist(adj uint32, r *adjRecord) {
	if r.mac.IsZero() {
		return
	}
	key := f.behindKey(r)
	rest := f.adjs.behind[key]
	for i, a := range rest {
		if a == adj {
			rest[i] = rest[len(rest)-1]
			rest = rest[:len(rest)-1]
			break
		}
	}
	if len(rest) == 0 {
		delete(f.adjs.behind, key)
	} else {
		f.adjs.behind[key] = rest
	}
}

// ReleaseAdjacency forgets a neighbor. Its index is used again after a grace period,
// in which workers may still forward by it. What the configuration names is never
// released: a gateway falls back to INCOMPLETE, a pinned neighbor to its own MAC.
// Control lcore only.
func (f *Forwarder) ReleaseAdjacency(adj uint32) {
	r := f.record(adj)
	if r == nil {
		return
	}
	if r.fixed {
		f.reset(adj)
		f.ecmp.forget(adj, f.res.dp.StoreBucket)
		return
	}
	hash, key := f.neighborHash(r.key)
	if err := hash.Delete(key); err != nil {
		f.log.Error("a neighbor is not in its table", "error", err)
	}
	f.res.dp.UnlistAdjacency(adj)
	f.unlist(adj, r)
	delete(f.adjs.at, r.key)
	*r = adjRecord{}
	f.adjs.waiting = append(f.adjs.waiting, waitingAdj{adj, f.res.qsbr.Start()})
}

// reset puts a fixed adjacency into the state that the configuration gives it.
func (f *Forwarder) reset(adj uint32) {
	if mac := f.adjs.records[adj].home; !mac.IsZero() {
		f.SetAdjacency(adj, mac, cgo.AdjPermanent)
		return
	}
	f.SetAdjacency(adj, MAC{}, cgo.AdjIncomplete)
}

// FlagAdjacency tells the workers what they should know of a next hop besides its state.
// Control lcore only.
func (f *Forwarder) FlagAdjacency(adj uint32, flags cgo.AdjFlags) {
	if f.record(adj) != nil {
		f.res.dp.FlagAdjacency(adj, flags)
	}
}

// AdjacencyPort returns the switch port that packets for the adjacency leave by, or
// cgo.None when that isn't known. Control lcore only.
func (f *Forwarder) AdjacencyPort(adj uint32) uint16 {
	if r := f.record(adj); r != nil && !r.mac.IsZero() {
		if e, known := f.fdb.entries[f.behindKey(r)]; known {
			return e.switchPort
		}
	}
	return cgo.None
}

// AdjacencyUsed reports whether a worker has forwarded by the adjacency since the
// last call. Control lcore only.
func (f *Forwarder) AdjacencyUsed(adj uint32) bool {
	return f.record(adj) != nil && f.res.dp.AdjacencyUsed(adj)
}

// Maintain makes released adjacencies usable again whose grace period is over, and lets
// learned MACs age. It never waits; call it now and then. Control lcore only.
func (f *Forwarder) Maintain() {
	a := &f.adjs
	n := 0
	for n < len(a.waiting) && f.res.qsbr.Check(a.waiting[n].token, false) {
		a.free = append(a.free, a.waiting[n].index)
		n++
	}
	a.waiting = append(a.waiting[:0], a.waiting[n:]...)
	f.ageMACs()
	f.tidy()
}
