// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// listOf returns the list that was cut out of the text behind a node's first element.
func (d *decoder) listOf(n *yaml.Node) *routeList {
	if n == nil || n.Kind != yaml.SequenceNode || n.Style&yaml.FlowStyle != 0 || len(n.Content) != 1 {
		return nil
	}
	for _, l := range d.lists {
		if n.Line == int(l.lines[0]) && n.Column == l.indent+1 && !l.taken {
			return l
		}
	}
	return nil
}

// bulkRoutes reads a router's list of static routes.
func (d *decoder) bulkRoutes(l *routeList, router int) []topology.StaticRoute {
	l.taken = true
	d.bulk[router] = l
	n := l.len()
	if n > maxListed {
		d.errorf(&yaml.Node{Line: int(l.lines[maxListed]), Column: l.indent + 3}, "is this the right file?", "static_routes has more than %d elements", maxListed)
		n = maxListed
	}
	routes := make([]topology.StaticRoute, n)
	for _, i := range l.plain(routes) {
		d.otherElements(l, router, routes, i.from, i.to)
	}
	return routes
}

// span is some elements that follow each other.
type span struct{ from, to int }

// mostAtOnce is how many elements are read as YAML in one go: their nodes are in memory at
// the same time.
const mostAtOnce = 4096

// plain reads the elements that are written plainly, on all processors, and returns the
// others.
func (l *routeList) plain(routes []topology.StaticRoute) []span {
	parts := make([][]span, runtime.GOMAXPROCS(0))
	each := (len(routes) + len(parts) - 1) / len(parts)
	var all sync.WaitGroup
	for p := range parts {
		all.Go(func() {
			r := newElementReader(l.indent)
			for i := p * each; i < min((p+1)*each, len(routes)); i++ {
				s, ok := r.element(l.elements(i, i+1))
				if ok {
					routes[i] = s
					continue
				}
				if k := len(parts[p]); k > 0 && parts[p][k-1].to == i && i-parts[p][k-1].from < mostAtOnce {
					parts[p][k-1].to++
				} else {
					parts[p] = append(parts[p], span{i, i + 1})
				}
			}
		})
	}
	all.Wait()
	return slices.Concat(parts...)
}

// otherElements reads elements as YAML.
func (d *decoder) otherElements(l *routeList, router int, routes []topology.StaticRoute, from, to int) {
	nodes := l.nodes(from, to)
	if nodes == nil {
		d.unsure = true
		return
	}
	for k, n := range nodes {
		p := topology.At("logical_routers", router, "static_routes", from+k)
		if len(plainData(d.file, n, nil)) > 0 {
			d.unsure = true // all of it is said first
			return
		}
		d.place(n, p)
		routes[from+k] = d.staticRoute(n, p)
	}
}

// nodes reads elements as YAML and returns their nodes, nil unless there are as many as
// there should be, where they should be.
func (l *routeList) nodes(from, to int) (nodes []*yaml.Node) {
	defer func() {
		if recover() != nil {
			nodes = nil // see parseYAML
		}
	}()
	text := l.elements(from, to)
	if _, _, _, bad := firstNonText(text); bad {
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	if dec.Decode(&doc) != nil || !errors.Is(dec.Decode(&second), io.EOF) || len(doc.Content) != 1 {
		return nil
	}
	list := doc.Content[0]
	if list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 || list.Anchor != "" || len(list.Content) != to-from {
		return nil
	}
	moveDown(list, int(l.lines[from])-1)
	for i, n := range list.Content {
		if n.Line < int(l.lines[from+i]) || from+i+1 < l.len() && n.Line >= int(l.lines[from+i+1]) {
			return nil
		}
	}
	return list.Content
}

func moveDown(n *yaml.Node, lines int) {
	n.Line += lines
	for _, c := range n.Content {
		moveDown(c, lines)
	}
}

// findInBulk is find for places in a list that was read plainly: only now is the element
// read as YAML.
func (d *decoder) findInBulk(p topology.Path) *yaml.Node {
	if len(p) < 4 || p[0] != "logical_routers" || p[2] != "static_routes" {
		return nil
	}
	router, _ := p[1].(int)
	i, _ := p[3].(int)
	l := d.bulk[router]
	if l == nil || i >= l.len() {
		return nil
	}
	nodes := l.nodes(i, i+1)
	if nodes == nil {
		return nil
	}
	at := topology.At("logical_routers", router, "static_routes", i)
	one := &decoder{file: d.file, places: map[string]*yaml.Node{}, root: nodes[0]}
	one.place(nodes[0], at)
	one.staticRoute(nodes[0], at)
	return one.find(p)
}
