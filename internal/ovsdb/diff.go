// SPDX-License-Identifier: Apache-2.0

package ovsdb

// patch applies a difference to a value (ovsdb-server(7), <row-update2>, which database
// files share): of a column of at most one element it is the new value; of a set, what
// is in one of both; of a map, a pair that is there goes, another value for a key
// replaces it, a new key comes.
func patch(c ColumnType, old, diff Value) Value {
	switch {
	case !c.Composite():
		return diff
	case c.Value == "":
		return Value{Atoms: xor(old.Atoms, diff.Atoms)}
	}
	change := make(map[Atom]Atom, len(diff.Pairs))
	for _, p := range diff.Pairs {
		change[p.Key] = p.Value
	}
	out := Value{IsMap: true}
	for _, p := range old.Pairs {
		val, changed := change[p.Key]
		delete(change, p.Key)
		switch {
		case !changed:
			out.Pairs = append(out.Pairs, p)
		case val != p.Value:
			out.Pairs = append(out.Pairs, Pair{p.Key, val})
		}
	}
	for _, p := range diff.Pairs {
		if _, added := change[p.Key]; added {
			out.Pairs = append(out.Pairs, p)
		}
	}
	return out
}

// xor is what is in one of the sets and not in the other.
func xor(a, b []Atom) (out []Atom) {
	both := make(map[Atom]bool, len(b))
	for _, x := range b {
		both[x] = false
	}
	for _, x := range a {
		if _, there := both[x]; there {
			both[x] = true
		} else {
			out = append(out, x)
		}
	}
	for _, x := range b {
		if !both[x] {
			out = append(out, x)
		}
	}
	return out
}
