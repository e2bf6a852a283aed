// SPDX-License-Identifier: Apache-2.0

package neighbor

// list is a queue of entries, linked through them: the longest in comes out first,
// and any may leave in between.
type list struct {
	first, last *Entry
}

func (l *list) oldest() *Entry { return l.first }

func (l *list) push(e *Entry) {
	e.in, e.prev, e.next = l, l.last, nil
	if l.last != nil {
		l.last.next = e
	} else {
		l.first = e
	}
	l.last = e
}

func (l *list) drop(e *Entry) {
	if e.in != l {
		return
	}
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		l.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		l.last = e.prev
	}
	e.in, e.prev, e.next = nil, nil, nil
}
