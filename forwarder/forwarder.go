// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// Forwarder owns a datapath with its ports and workers.
type Forwarder struct {
	cfg   Config
	log   *slog.Logger
	name  string               // prefix of the names of DPDK objects
	plan  *plan                // control lcore only, once New has returned
	shown atomic.Pointer[plan] // what plan is, for everybody

	life    sync.Mutex // Start and Stop
	state   state
	workers []*worker

	// mu guards what Stop takes away from under readers: they hold it for reading.
	mu    sync.RWMutex
	final *final // set once the resources are gone
	res   resources

	asking sync.Mutex // whoever asks workers for something that they do one by one

	adjs       adjacencies // control lcore only
	fdb        fdb         // control lcore only, but for its counter
	ecmp       ecmp
	changes    changes
	room       room // fixed by New
	tablesMade int
}

type state int

const (
	made state = iota
	running
	broken // Start failed, or Stop could not end a worker
	stopped
)

// resources are what New takes and release gives back.
type resources struct {
	ports   []*port
	pool    *dpdk.Mempool
	qsbr    *dpdk.QSBR
	hashes  []*dpdk.Hash // FDB, IPv4 neighbors, IPv6 neighbors
	tables  map[tableKey]*routeTable
	retired []retired // what workers may still read
	dp      *cgo.Datapath
}

var serial atomic.Uint32

// New checks the configuration, takes memory, sets the ports up and publishes the
// tables. Ports are not started yet. When it fails, all that it made is gone again,
// and ports given as Attached are closed.
func New(cfg Config) (*Forwarder, error) {
	cfg = cfg.withDefaults()
	f := &Forwarder{cfg: cfg, log: cfg.Logger, name: fmt.Sprintf("pw%d", serial.Add(1))}
	if err := f.build(); err != nil {
		if f.res.ports == nil {
			f.res.ports = attachedOnly(cfg.Ports)
		}
		if undo := f.res.release(); undo != nil {
			f.log.Error("undoing a failed start", "error", undo)
		}
		return nil, err
	}
	return f, nil
}

func attachedOnly(cfg []Port) (ports []*port) {
	for _, p := range cfg {
		if p.Attached != nil {
			ports = append(ports, &port{cfg: p, id: *p.Attached})
		}
	}
	return ports
}

func (f *Forwarder) build() (err error) {
	if err := f.cfg.check(); err != nil {
		return err
	}
	if f.plan, err = compile(&f.cfg.Topology, f.cfg.Ports, nil); err != nil {
		return err
	}
	f.room = roomFor(f.plan)
	f.changes.topo, f.changes.numbers = &f.cfg.Topology, f.plan.numbers
	for _, w := range f.plan.warnings {
		f.log.Warn(w)
	}
	if shared := sharedCPUs(f.cfg.Workers); len(shared) > 0 {
		f.log.Warn("several workers share a CPU", "cpus", shared)
	}
	if f.res.ports, err = attachPorts(&f.cfg); err != nil {
		return err
	}
	if err := f.takeMemory(); err != nil {
		return err
	}
	for _, p := range f.res.ports {
		if err := p.configure(&f.cfg, f.res.pool); err != nil {
			return err
		}
	}
	if err := f.addWorkers(); err != nil {
		return err
	}
	if err := f.placeMACs(); err != nil {
		return err
	}
	if err := f.enterNeighbors(); err != nil {
		return err
	}
	return f.publish()
}

// Pool is where all packets come from. Its mbufs have the private area that Control
// wants.
func (f *Forwarder) Pool() *dpdk.Mempool { return f.res.pool }

// Control is control's side of the datapath: polling, sending, draining. Control
// lcore only, where its methods don't say otherwise.
func (f *Forwarder) Control() *cgo.Control { return f.res.dp.Control() }

// RouterPorts returns the router ports; the index is the ID. One without a name is a gap:
// a port was there.
func (f *Forwarder) RouterPorts() []DatapathPort {
	p := f.shown.Load()
	out := make([]DatapathPort, len(p.routerPorts))
	for i, rp := range p.routerPorts {
		out[i] = rp.info
	}
	return out
}

// SwitchPorts returns the names of the switch ports; the index is that of Meta and
// Learn. An empty one is a gap.
func (f *Forwarder) SwitchPorts() []string {
	p := f.shown.Load()
	out := make([]string, len(p.switchPorts))
	for i, sp := range p.switchPorts {
		out[i] = sp.name
	}
	return out
}

// Switches returns the names of the switches; the index is that of Learn. An empty one is
// a gap.
func (f *Forwarder) Switches() []string {
	p := f.shown.Load()
	out := make([]string, len(p.switches))
	for i, s := range p.switches {
		out[i] = s.name
	}
	return out
}

// Pinned returns the neighbors whose MAC the configuration knows: hosts listed in
// the addresses of a router port's switch, other routers' ports there, and static
// MAC bindings, which win. New has entered them as PERMANENT.
func (f *Forwarder) Pinned() []Neighbor {
	var out []Neighbor
	for _, n := range f.shown.Load().adjacencies {
		if !n.MAC.IsZero() {
			out = append(out, n)
		}
	}
	return out
}

// Gateways returns the next hops that routes and policies name; the MAC is zero unless pinned.
func (f *Forwarder) Gateways() []Neighbor {
	p := f.shown.Load()
	var out []Neighbor
	for _, n := range p.adjacencies[:p.gateways] {
		if n.IP.IsValid() {
			out = append(out, n)
		}
	}
	return out
}

// Routes returns the routes in force, by router, then address.
func (f *Forwarder) Routes() []Route {
	p := f.shown.Load()
	out := p.routes()
	for i := range out {
		out[i].NextHops = f.withState(p, out[i].NextHops)
	}
	return out
}
