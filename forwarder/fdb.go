// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"sync/atomic"

	"github.com/parkway-gw/parkway/cgo"
)

type fdbKey struct {
	sw  uint16
	mac MAC
}

type fdbValue struct {
	switchPort uint16
	static     bool
}

// fdb mirrors the table that workers read: what the topology places, and what was
// learned.
type fdb struct {
	entries map[fdbKey]fdbValue
	learned int
	full    atomic.Uint64 // MACs not learned for want of room; any goroutine reads
}

// placeMACs enters what the topology places.
func (f *Forwarder) placeMACs() error {
	f.fdb.entries = map[fdbKey]fdbValue{}
	for _, e := range f.plan.fdb {
		if err := f.enterMAC(fdbKey{e.sw, e.mac}, fdbValue{e.sp, true}); err != nil {
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
// Config.MaxMACs a new MAC is not learned, which FDBFull counts: it is reached by
// flooding. Control lcore only.
func (f *Forwarder) LearnMAC(sw, sp uint16, mac MAC) {
	if int(sp) >= len(f.plan.switchPorts) || mac.IsZero() || mac.IsMulticast() {
		return
	}
	if row := &f.plan.switchPorts[sp].table; row.Switch != sw || !row.Unknown {
		return
	}
	key := fdbKey{sw, mac}
	old, known := f.fdb.entries[key]
	if known && (old.static || old.switchPort == sp) {
		return
	}
	if !known && f.fdb.learned >= f.cfg.MaxMACs {
		f.fdb.full.Add(1)
		return
	}
	if err := f.enterMAC(key, fdbValue{switchPort: sp}); err != nil {
		f.fdb.full.Add(1)
		return
	}
	if !known {
		f.fdb.learned++
	}
	for _, adj := range f.adjs.behind[key] {
		f.store(adj, &f.adjs.records[adj])
	}
}

// ForgetMACs forgets what was learned behind a switch port whose link is gone: from now
// on those MACs are reached by flooding, until they are heard again. Control lcore only.
func (f *Forwarder) ForgetMACs(switchPort uint16) {
	for key, value := range f.fdb.entries {
		if value.static || value.switchPort != switchPort {
			continue
		}
		f.deleteMAC(key)
		f.fdb.learned--
		for _, adj := range f.adjs.behind[key] {
			f.store(adj, &f.adjs.records[adj])
		}
	}
}

func (f *Forwarder) deleteMAC(key fdbKey) {
	k := cgo.FDBKey(key.sw, key.mac)
	if err := f.res.hashes[0].Delete(k[:]); err != nil {
		f.log.Error("a learned MAC is not in its table", "error", err)
	}
	delete(f.fdb.entries, key)
}

// FDBFull returns how often a MAC was not learned because the table was full.
func (f *Forwarder) FDBFull() uint64 { return f.fdb.full.Load() }
