// SPDX-License-Identifier: Apache-2.0

package forwarder

import "fmt"

// fdbRoom says whether the table has room for what p places while that of before is
// still in it.
func (f *Forwarder) fdbRoom(p *plan) error {
	adds := 0
	for _, e := range p.fdb {
		if _, known := f.fdb.entries[fdbKey{e.sw, e.mac}]; !known {
			adds++
		}
	}
	if most := f.maxPlaced() + f.cfg.MaxMACs; f.res.hashes[0].Len()+adds > most {
		return fmt.Errorf("topology: it places %d MACs more, and with those of before the table for %d has no room; %w", adds, most, ErrNeedsRestart)
	}
	return nil
}

// replaceMACs brings the MACs that workers look up to what p places: new ones first, then
// those that are gone, those learned where nothing is learned any more among them.
// Adjacencies follow.
func (f *Forwarder) replaceMACs(p *plan) {
	f.fdb.mu.Lock()
	defer f.fdb.mu.Unlock()
	placed := make(map[fdbKey]uint16, len(p.fdb))
	for _, e := range p.fdb { // the last one wins, as at first
		placed[fdbKey{e.sw, e.mac}] = e.sp
	}
	for key, sp := range placed {
		old, known := f.fdb.entries[key]
		if known && old.static && old.switchPort == sp {
			continue
		}
		if err := f.enterMAC(key, fdbValue{switchPort: sp, static: true}); err != nil {
			f.log.Error("a MAC of the topology found no room; it is reached by flooding", "error", err) // fdbRoom has counted
			continue
		}
		if known && !old.static {
			f.unlearn(old)
		}
		f.moved(key)
	}
	for key, value := range f.fdb.entries {
		if _, is := placed[key]; is {
			continue
		}
		if sp := &p.switchPorts[value.switchPort]; !value.static && sp.name != "" && sp.table.Unknown && sp.table.Switch == key.sw {
			continue
		}
		if value.static {
			f.deleteMAC(key)
		} else {
			f.forgetMAC(key)
		}
	}
}

// dropGates takes back what was asked of gates that are gone.
func (f *Forwarder) dropGates(old, p *plan) {
	still := map[uint16]bool{}
	for i := range p.gates {
		still[p.gates[i].SwitchPort] = true
	}
	for i := range old.gates {
		if sp := old.gates[i].SwitchPort; !still[sp] {
			f.DisarmGate(sp)
		}
	}
}
