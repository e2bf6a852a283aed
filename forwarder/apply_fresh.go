// SPDX-License-Identifier: Apache-2.0

package forwarder

// freshNumbers makes state that goes by number start anew where a number has another
// bearer than it had last: token buckets and what they have refused. No worker uses such a
// number any more, or yet. Control lcore only.
func (f *Forwarder) freshNumbers(old, p *plan) {
	was, is := &f.changes.numbers, &p.numbers
	for key, i := range is.switchPorts.at {
		if _, kept := was.switchPorts.at[key]; kept {
			continue
		}
		f.res.dp.ResetSwitchPort(i)
		f.fdb.mu.Lock()
		f.fdb.former += f.fdb.limited[i]
		delete(f.fdb.limited, i)
		f.fdb.mu.Unlock()
	}
	for key, i := range is.routerPorts.at {
		if _, kept := was.routerPorts.at[key]; kept {
			p.routerPorts[i].refused = old.routerPorts[i].refused
			continue
		}
		f.res.dp.ResetRouterPort(i)
		p.routerPorts[i].refused = f.res.dp.PuntsRefused(i) // workers' counts are theirs alone to write
	}
}

// refillMeters fills the buckets of router ports whose meters have other values now: how
// far they were drawn on by the former ones says nothing. Every worker has the new ones.
// Control lcore only.
func (f *Forwarder) refillMeters(old, p *plan) {
	for key, i := range p.numbers.routerPorts.at {
		if n, kept := old.numbers.routerPorts.at[key]; kept && old.routerPorts[n].table.Meters != p.routerPorts[i].table.Meters {
			f.res.dp.ResetRouterPort(i)
		}
	}
}
