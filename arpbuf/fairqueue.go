// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"container/list"
	"slices"
)

// fairQueue lets switch ports take turns: within one, the order is that of arrival.
// The zero value is empty.
type fairQueue struct {
	of    map[uint16]*list.List // of *nexthop, by switch port; none is empty
	order []uint16              // whose turn comes when
}

// place is where a next hop stands in a fairQueue.
type place struct {
	at   *list.Element
	port uint16
}

func (q *fairQueue) empty() bool { return len(q.order) == 0 }

func (q *fairQueue) push(n *nexthop, port uint16) place {
	l := q.of[port]
	if l == nil {
		if q.of == nil {
			q.of = make(map[uint16]*list.List)
		}
		l = list.New()
		q.of[port] = l
		q.order = append(q.order, port)
	}
	return place{at: l.PushBack(n), port: port}
}

// pop takes out the first of the port whose turn it is.
func (q *fairQueue) pop() *nexthop {
	port := q.order[0]
	l := q.of[port]
	n := l.Remove(l.Front()).(*nexthop)
	q.order = q.order[1:]
	if l.Len() > 0 {
		q.order = append(q.order, port)
	} else {
		delete(q.of, port)
	}
	return n
}

func (q *fairQueue) remove(p place) {
	l := q.of[p.port]
	l.Remove(p.at)
	if l.Len() == 0 {
		delete(q.of, p.port)
		q.order = slices.DeleteFunc(q.order, func(port uint16) bool { return port == p.port })
	}
}
