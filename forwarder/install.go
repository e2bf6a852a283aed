// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// takeMemory makes pool, RCU, hashes and the datapath on them.
func (f *Forwarder) takeMemory() (err error) {
	limit, err := parkLimit(&f.cfg, f.res.ports)
	if err != nil {
		return err
	}
	if want := mayPark(&f.cfg); limit < want {
		f.log.Warn("the pool is too small for all packets that may be parked; raise dpdk.mbufs", "may_park", want, "can_park", limit)
	}
	var mtu uint16
	for _, p := range f.res.ports {
		mtu = max(mtu, p.cfg.MTU)
	}
	r := &f.res
	r.pool, err = dpdk.NewMempool(f.name+"_pool", dpdk.MempoolConfig{Mbufs: uint(f.cfg.Mbufs), Cache: poolCache,
		PrivSize: cgo.PrivSize, DataRoom: dataRoom(mtu), Socket: dpdk.SocketAny})
	if err != nil {
		return err
	}
	if r.qsbr, err = dpdk.NewQSBR(uint(len(f.cfg.Workers))); err != nil {
		return err
	}
	for _, h := range []struct {
		name         string
		keyLen, most int
	}{
		{"_fdb", 8, f.maxPlaced() + f.cfg.MaxMACs},
		{"_neigh4", 8, f.maxAdjacencies()},
		{"_neigh6", 24, f.maxAdjacencies()},
	} {
		hash, err := dpdk.NewHash(f.name+h.name, dpdk.HashConfig{Entries: h.most, KeyLen: h.keyLen, QSBR: r.qsbr,
			ExtTable: true, Socket: dpdk.SocketAny})
		if err != nil {
			return err
		}
		r.hashes = append(r.hashes, hash)
	}
	r.dp, err = cgo.New(cgo.Config{Pool: r.pool, QSBR: r.qsbr, FDB: r.hashes[0], Neigh4: r.hashes[1], Neigh6: r.hashes[2],
		MaxAdjacencies: f.maxAdjacencies(), ParkLimit: limit})
	return err
}

// watchedSleep is a worker's longest sleep where every port can end it; 0 is cgo's own.
var watchedSleep time.Duration

func (f *Forwarder) addWorkers() error {
	for i, rxqs := range assignQueues(f.res.ports, len(f.cfg.Workers)) {
		w, err := f.res.dp.AddWorker(cgo.WorkerConfig{
			RxQueues: rxqs, TxQueue: uint16(i), Adaptive: f.cfg.Adaptive, MaxSleep: f.cfg.MaxSleep, WatchedSleep: watchedSleep,
			RingSize: f.cfg.RingSize, Park: f.cfg.Park, Socket: dpdk.SocketAny,
		})
		if err != nil {
			return err
		}
		f.workers = append(f.workers, newWorker(w, f.cfg.Workers[i]))
	}
	for _, p := range f.res.ports {
		if p.queues.control {
			f.res.dp.SetControlQueue(p.id, uint16(len(f.cfg.Workers)))
		}
	}
	return nil
}

// publish fills the FIBs and gives the workers their tables.
func (f *Forwarder) publish() error {
	f.res.tables = map[tableKey]*routeTable{}
	for i := range f.plan.routers {
		for _, half := range f.plan.routers[i].halves() {
			if half.entries.len() == 0 {
				continue
			}
			key := tableKey{uint16(i), half.v6}
			t := f.newTable(key)
			f.res.tables[key] = t
			var err error
			if t.active, _, err = t.build(half.entries, len(f.plan.nextHops)); err != nil {
				return fmt.Errorf("router %q: %w", f.plan.routers[i].name, err)
			}
		}
	}
	f.countPolicies(&plan{}, f.plan)
	f.ecmp.adopt(f.ecmp.next(f.plan, f.isFailed))
	spec := f.plan.tables(f.res.ports, f.routerRows(f.plan, nil))
	f.ecmp.fill(&spec)
	f.resolveRows(spec.NextHops, f.plan.adjs)
	tables, err := cgo.NewTables(spec)
	if err != nil {
		return err
	}
	f.res.dp.Publish(tables)
	f.shown.Store(f.plan)
	return nil
}

func fill(fib interface {
	Add(p netip.Prefix, nh uint64) error
}, entries entryList) error {
	for e := range entries.all() {
		if err := fib.Add(e.prefix, uint64(e.row)); err != nil {
			return err
		}
	}
	return nil
}

// fibConfig sizes a table with room to grow. An entry of 2 octets holds next hops
// and tbl8 numbers up to 2^15-1, for one bit says which of them it is.
func fibConfig(entries, tbl8, nextHops int) dpdk.FIBConfig {
	const limit = 1<<15 - 1
	cfg := dpdk.FIBConfig{MaxRoutes: entries + entries/4 + 1024, NextHopBytes: 2, Tbl8: tbl8 + tbl8/4 + 64, Socket: dpdk.SocketAny}
	if nextHops > limit || cfg.Tbl8 > limit {
		cfg.NextHopBytes = 4
	}
	return cfg
}

// tbl8v4 counts the /24 that hold longer prefixes.
func tbl8v4(entries entryList) (n int) {
	var last netip.Prefix
	for e := range entries.all() {
		if e.prefix.Bits() > 24 && !(last.IsValid() && last.Contains(e.prefix.Addr())) {
			last, _ = e.prefix.Addr().Prefix(24)
			n++
		}
	}
	return n
}

// tbl8v6 is the second-stage tables that TRIE sets aside for the prefixes, added in their
// order: one for each begun octet beyond the third and beyond those of the prefix around
// it; none where the one before is in the same last octet.
func tbl8v6(entries entryList) int {
	n := 0
	var around []netip.Prefix
	var before netip.Prefix
	for e := range entries.all() {
		bits := e.prefix.Bits()
		for len(around) > 0 && !around[len(around)-1].Contains(e.prefix.Addr()) {
			around = around[:len(around)-1]
		}
		outer := 24
		if len(around) > 0 {
			outer = max(outer, around[len(around)-1].Bits())
		}
		around = append(around, e.prefix)
		last := before
		before = e.prefix
		if floor := bits &^ 7; bits != floor && last.IsValid() && last.Bits() > floor &&
			netip.PrefixFrom(e.prefix.Addr(), floor).Contains(last.Addr()) {
			continue
		}
		n += max(0, (bits+7)/8-(outer+7)/8)
	}
	return n
}

// release gives everything back, in the one order that works. It may be called on
// half of the resources, and again: what failed to go is tried once more.
func (r *resources) release() error {
	var errs []error
	if r.dp != nil {
		r.dp.Close()
		r.dp = nil
	}
	for _, t := range r.tables {
		errs = append(errs, t.close())
	}
	r.tables = nil
	for _, o := range r.retired {
		errs = append(errs, o.close())
	}
	r.retired = nil
	errs = append(errs, r.closePorts())
	for _, h := range r.hashes {
		errs = append(errs, h.Close())
	}
	r.hashes = nil
	if r.qsbr != nil {
		errs = append(errs, r.qsbr.Close())
		r.qsbr = nil
	}
	if r.pool != nil {
		errs = append(errs, r.pool.Close())
		r.pool = nil
	}
	return errors.Join(errs...)
}

func (r *resources) closePorts() error {
	var errs []error
	for _, p := range r.ports {
		errs = append(errs, p.close())
	}
	r.ports = nil
	return errors.Join(errs...)
}
