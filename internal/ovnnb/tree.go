// SPDX-License-Identifier: Apache-2.0

package ovnnb

// node is a piece of the file: a mapping, a list or a word. It knows which row and
// column it came from, so that what the checks find at its place can be said of them.
type node struct {
	key    string // in a mapping; empty in a list
	word   string // of a leaf
	kind   nodeKind
	block  bool // over several lines
	need   bool // its parent makes no sense without it
	gone   bool // left out
	from   origin
	parent *node
	kids   []*node

	line, col int // where it begins in the text, from 1, in characters; 0 before it was written
}

type nodeKind uint8

const (
	leaf nodeKind = iota
	mapping
	list
)

// origin is where a node came from.
type origin struct {
	table, row, column string // column is empty for a row
}

func (n *node) add(kid *node) *node {
	kid.parent = n
	n.kids = append(n.kids, kid)
	return kid
}

// find returns the kid with a key, or nil.
func (n *node) find(key string) *node {
	for _, k := range n.kids {
		if k.key == key && !k.gone {
			return k
		}
	}
	return nil
}

// text returns the word of the kid with a key.
func (n *node) text(key string) string {
	if k := n.find(key); k != nil {
		return k.word
	}
	return ""
}

// drop leaves n out, and what makes no sense without it; it returns the largest thing
// that went.
func (n *node) drop() *node {
	for n.need && n.parent != nil && n.parent.from.table != "" {
		n = n.parent
	}
	n.gone = true
	return n
}

// live calls f for the kids that are not left out.
func (n *node) live(f func(*node)) {
	for _, k := range n.kids {
		if !k.gone {
			f(k)
		}
	}
}
