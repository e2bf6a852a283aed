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
