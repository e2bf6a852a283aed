// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"iter"
	"net/netip"
	"slices"
	"sort"
)

// blockRoutes is how many routes a block of an entryList is made with; a block has less
// than twice as many.
const blockRoutes = 512

// entryList is a route table's entries of one family, sorted by comparePrefixes. It never
// changes: edit makes another one, which shares the blocks that the edits don't touch. So a
// change of a few routes costs a few blocks, however many routes there are.
//
// The zero value is empty. Any goroutine.
type entryList struct {
	blocks [][]fibEntry // none is empty; nobody writes into one
	n      int
}

// listOf makes a list of sorted entries, which are the list's from then on.
func listOf(sorted []fibEntry) entryList {
	l := entryList{n: len(sorted)}
	for chunk := range slices.Chunk(sorted, blockRoutes) {
		l.blocks = append(l.blocks, chunk)
	}
	return l
}

func (l entryList) len() int { return l.n }

// all goes through the entries. They are only to be read.
func (l entryList) all() iter.Seq[*fibEntry] {
	return func(yield func(*fibEntry) bool) {
		for _, b := range l.blocks {
			for i := range b {
				if !yield(&b[i]) {
					return
				}
			}
		}
	}
}

// get returns the entry of a prefix, nil for none.
func (l entryList) get(p netip.Prefix) *fibEntry {
	k := l.block(0, p)
	if k == len(l.blocks) {
		return nil
	}
	b := l.blocks[k]
	i := sort.Search(len(b), func(i int) bool { return comparePrefixes(b[i].prefix, p) >= 0 })
	if i < len(b) && b[i].prefix == p {
		return &b[i]
	}
	return nil
}

// block is the first block from the given one on that a prefix may be in, or belongs into:
// the last one that doesn't begin beyond it.
func (l entryList) block(from int, p netip.Prefix) int {
	beyond := sort.Search(len(l.blocks)-from, func(i int) bool { return comparePrefixes(l.blocks[from+i][0].prefix, p) > 0 })
	return max(from, from+beyond-1)
}

// edit returns the list with edits, sorted and one for each prefix, in it: entries that are
// new or stand in the place of another one, and such as are gone.
func (l entryList) edit(edits []fibChange) entryList {
	if len(l.blocks) == 0 {
		return listOf(merged(nil, edits))
	}
	out := entryList{blocks: make([][]fibEntry, 0, len(l.blocks)+len(edits)/blockRoutes+1), n: l.n}
	at := 0
	for len(edits) > 0 {
		k := l.block(at, edits[0].prefix)
		out.blocks = append(out.blocks, l.blocks[at:k]...)
		n := len(edits)
		if k+1 < len(l.blocks) {
			n = sort.Search(n, func(i int) bool { return comparePrefixes(edits[i].prefix, l.blocks[k+1][0].prefix) >= 0 })
		}
		block := merged(l.blocks[k], edits[:n])
		out.n += len(block) - len(l.blocks[k])
		out.put(block)
		edits, at = edits[n:], k+1
	}
	out.blocks = append(out.blocks, l.blocks[at:]...)
	return out
}

// put appends a block, cut into pieces if it is too long, or joined with the one before if
// both are short.
func (l *entryList) put(block []fibEntry) {
	last := len(l.blocks) - 1
	switch {
	case len(block) == 0:
	case last >= 0 && len(block)+len(l.blocks[last]) <= blockRoutes:
		l.blocks[last] = slices.Concat(l.blocks[last], block)
	case len(block) < 2*blockRoutes:
		l.blocks = append(l.blocks, block)
	default:
		l.blocks = slices.AppendSeq(l.blocks, slices.Chunk(block, blockRoutes))
	}
}

// merged is a block with edits in it.
func merged(block []fibEntry, edits []fibChange) []fibEntry {
	out := make([]fibEntry, 0, len(block)+len(edits))
	for i := range edits {
		e := &edits[i]
		n := sort.Search(len(block), func(k int) bool { return comparePrefixes(block[k].prefix, e.prefix) >= 0 })
		out, block = append(out, block[:n]...), block[n:]
		if len(block) > 0 && block[0].prefix == e.prefix {
			block = block[1:]
		}
		if !e.gone {
			out = append(out, e.fibEntry)
		}
	}
	return append(out, block...)
}

// cursor walks through a list.
type cursor struct {
	blocks [][]fibEntry
	at     int // in the first block
}

// entry is where the cursor stands, nil behind the last one.
func (c *cursor) entry() *fibEntry {
	if len(c.blocks) == 0 {
		return nil
	}
	return &c.blocks[0][c.at]
}

func (c *cursor) next() {
	if c.at++; c.at == len(c.blocks[0]) {
		c.blocks, c.at = c.blocks[1:], 0
	}
}

// skipShared passes the blocks that two cursors have in common from where they stand.
func skipShared(a, b *cursor) {
	for a.at == 0 && b.at == 0 && len(a.blocks) > 0 && len(b.blocks) > 0 &&
		&a.blocks[0][0] == &b.blocks[0][0] && len(a.blocks[0]) == len(b.blocks[0]) {
		a.blocks, b.blocks = a.blocks[1:], b.blocks[1:]
	}
}

// routeChanges returns what a FIB with the entries of from takes to have those of to.
func routeChanges(from, to entryList) (out []fibChange) {
	a, b := cursor{blocks: from.blocks}, cursor{blocks: to.blocks}
	for {
		skipShared(&a, &b)
		was, will := a.entry(), b.entry()
		c := 0
		switch {
		case was == nil && will == nil:
			return out
		case was == nil:
			c = 1
		case will == nil:
			c = -1
		default:
			c = comparePrefixes(was.prefix, will.prefix)
		}
		switch {
		case c < 0:
			out = append(out, fibChange{*was, true})
			a.next()
		case c > 0:
			out = append(out, fibChange{*will, false})
			b.next()
		default:
			if was.row != will.row {
				out = append(out, fibChange{*will, false})
			}
			a.next()
			b.next()
		}
	}
}
