// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

type fdbKey struct {
	sw  uint16
	mac MAC
}

type fdbValue struct {
	switchPort uint16
	static     bool
	at         int32 // in fdb.list, of a learned one
}

// learnedMAC is what only a learned MAC has.
type learnedMAC struct {
	key   fdbKey
	seen  time.Duration // by the clock, when a frame from it was last known of
	moves uint32        // from one port to another
}

// fdb mirrors the table that workers read: what the topology places, and what was
// learned. The control lcore alone writes; it reads without mu, others with it.
type fdb struct {
	mu      sync.RWMutex
	entries map[fdbKey]fdbValue
	list    []learnedMAC
	byPort  map[uint16]int // learned ones, by switch port
	limited map[uint16]uint64
	former  uint64 // limited of switch ports that are gone

	clock  func() time.Duration // since some moment
	cursor int                  // where aging goes on in list
	cycle  time.Duration        // when it began at the front

	full, moves, aged atomic.Uint64 // any goroutine reads
}

// placeMACs enters what the topology places.
func (f *Forwarder) placeMACs() error {
	start := time.Now()
	f.fdb.clock = func() time.Duration { return time.Since(start) }
	f.fdb.entries, f.fdb.byPort, f.fdb.limited = map[fdbKey]fdbValue{}, map[uint16]int{}, map[uint16]uint64{}
	for _, e := range f.plan.fdb {
		if err := f.enterMAC(fdbKey{e.sw, e.mac}, fdbValue{switchPort: e.sp, static: true}); err != nil {
			return err
		}
	}
	return nil
}

func (f *Forwarder) enterMAC(key fdbKey, value fdbValue) error {
	k := cgo.FDBKey(key.sw, key.mac)
	if err := f.res.hashes[0].Add(k[:], uint64(value.switchPort)); err != nil {
		return err
	}
	f.fdb.entries[key] = value
	return nil
}

// LearnMAC enters or moves a MAC that a worker saw on a switch port that lists
// unknown; adjacencies that lead to it follow. What the topology places stays. At
// Config.MaxMACs, and at the port's own MACLimit, a new MAC is not learned, which FDBStats
// and SwitchPortStatus count: it is reached by flooding. Control lcore only.
func (f *Forwarder) LearnMAC(sw, sp uint16, mac MAC) {
	if int(sp) >= len(f.plan.switchPorts) || mac.IsZero() || mac.IsMulticast() {
		return
	}
	port := &f.plan.switchPorts[sp]
	if port.table.Switch != sw || !port.table.Unknown {
		return
	}
	f.fdb.mu.Lock()
	defer f.fdb.mu.Unlock()
	key := fdbKey{sw, mac}
	old, known := f.fdb.entries[key]
	switch {
	case known && (old.static || old.switchPort == sp):
		return
	case port.macLimit > 0 && f.fdb.byPort[sp] >= port.macLimit:
		f.fdb.limited[sp]++
		if known { // where it was it is no longer
			f.forgetMAC(key)
		}
		return
	case !known && len(f.fdb.list) >= f.cfg.MaxMACs:
		f.fdb.full.Add(1)
		return
	}
	value := fdbValue{switchPort: sp, at: int32(len(f.fdb.list))}
	if known {
		value.at = old.at
	}
	if err := f.enterMAC(key, value); err != nil {
		f.fdb.full.Add(1)
		return
	}
	f.fdb.byPort[sp]++
	if known {
		f.fdb.moves.Add(1)
		f.fdb.byPort[old.switchPort]--
		f.fdb.list[old.at].moves++
		f.fdb.list[old.at].seen = f.fdb.clock()
	} else {
		f.fdb.list = append(f.fdb.list, learnedMAC{key: key, seen: f.fdb.clock()})
	}
	f.moved(key)
}

// moved makes the adjacencies behind a MAC leave by where it is now.
func (f *Forwarder) moved(key fdbKey) {
	for _, adj := range f.adjs.behind[key] {
		f.store(adj, &f.adjs.records[adj])
	}
}

// forgetMAC takes a learned MAC out; until it is heard again it is reached by flooding.
// The caller has mu.
func (f *Forwarder) forgetMAC(key fdbKey) {
	f.unlearn(f.fdb.entries[key])
	f.deleteMAC(key)
}

// unlearn takes a MAC out of what only learned ones have.
func (f *Forwarder) unlearn(value fdbValue) {
	f.fdb.byPort[value.switchPort]--
	last := len(f.fdb.list) - 1
	if int(value.at) != last {
		f.fdb.list[value.at] = f.fdb.list[last]
		other := f.fdb.entries[f.fdb.list[last].key]
		other.at = value.at
		f.fdb.entries[f.fdb.list[last].key] = other
	}
	f.fdb.list = f.fdb.list[:last]
}

func (f *Forwarder) deleteMAC(key fdbKey) {
	k := cgo.FDBKey(key.sw, key.mac)
	if err := f.res.hashes[0].Delete(k[:]); err != nil {
		f.log.Error("a MAC is not in its table", "error", err)
	}
	delete(f.fdb.entries, key)
	f.moved(key)
}

// FlushMACs forgets the learned MACs for which match says so, and returns how many those
// were. Control lcore only.
func (f *Forwarder) FlushMACs(match func(sw, switchPort uint16, mac MAC) bool) (n int) {
	f.fdb.mu.Lock()
	defer f.fdb.mu.Unlock()
	for i := len(f.fdb.list) - 1; i >= 0; i-- { // from the end: the last takes the place of one that goes
		key := f.fdb.list[i].key
		if match(key.sw, f.fdb.entries[key].switchPort, key.mac) {
			f.forgetMAC(key)
			n++
		}
	}
	return n
}

// ForgetMACs forgets what was learned behind a switch port whose link is gone: from now
// on those MACs are reached by flooding, until they are heard again. Control lcore only.
func (f *Forwarder) ForgetMACs(switchPort uint16) {
	f.FlushMACs(func(_, sp uint16, _ MAC) bool { return sp == switchPort })
}
