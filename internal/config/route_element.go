// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/parkway-gw/parkway/internal/topology"
)

// elementReader reads list elements that are written plainly. One goroutine.
type elementReader struct {
	indent   int
	nexthops map[string]netip.Addr
	names    map[string]string
}

func newElementReader(indent int) *elementReader {
	return &elementReader{indent, map[string]netip.Addr{}, map[string]string{}}
}

// manyWords bounds what a reader remembers.
const manyWords = 1 << 16

// element reads one, if it is a mapping in one line, or in one line per key, of known keys,
// each once, whose values are plain words or quoted without escapes, all of them right;
// without comments. ok is false for any other: it may be as good, but YAML says so.
func (r *elementReader) element(text []byte) (s topology.StaticRoute, ok bool) {
	text = text[r.indent+2:] // spaces, dash, space
	if len(text) > 0 && text[0] == '{' {
		return r.flow(text[1:])
	}
	var seen uint8
	for first := true; len(text) > 0; first = false {
		if !first {
			if len(text) < r.indent+2 || len(bytes.TrimLeft(text[:r.indent+2], " ")) > 0 {
				return s, false
			}
			text = text[r.indent+2:]
		}
		line := text
		if n := bytes.IndexByte(text, '\n'); n >= 0 {
			line, text = text[:n], text[n+1:]
		} else {
			text = nil
		}
		key, value, found := bytes.Cut(line, []byte(": "))
		if !found {
			return s, false
		}
		word, quoted, rest, ok := scalar(value, false)
		if !ok || len(rest) > 0 || !r.set(&s, &seen, key, word, quoted) {
			return s, false
		}
	}
	return s, seen&needed == needed
}

// flow reads what follows an opening brace.
func (r *elementReader) flow(text []byte) (s topology.StaticRoute, ok bool) {
	var seen uint8
	for {
		key, value, found := bytes.Cut(text, []byte(": "))
		if !found {
			return s, false
		}
		word, quoted, rest, ok := scalar(value, true)
		if !ok || len(rest) == 0 || !r.set(&s, &seen, key, word, quoted) {
			return s, false
		}
		if rest[0] == '}' {
			return s, seen&needed == needed && (len(rest) == 1 || len(rest) == 2 && rest[1] == '\n')
		}
		if rest[0] != ',' || len(rest) < 2 || rest[1] != ' ' {
			return s, false
		}
		text = rest[2:]
	}
}

// scalar cuts a value off: quoted, or a plain word.
func scalar(text []byte, flow bool) (word []byte, quoted bool, rest []byte, ok bool) {
	if len(text) == 0 {
		return nil, false, nil, false
	}
	if q := text[0]; q == '"' || q == '\'' {
		n := bytes.IndexByte(text[1:], q) + 1
		if n <= 1 {
			return nil, false, nil, false
		}
		word, rest = text[1:n], text[n+1:]
		for _, c := range word {
			if c <= ' ' || c >= 0x7f || c == '\\' {
				return nil, false, nil, false
			}
		}
		return word, true, rest, len(rest) == 0 || rest[0] != q // '' in '…' is one
	}
	n := 0
	for n < len(text) && (wordOctet(text[n]) || text[n] == ':' && !flow) {
		n++
	}
	if n == 0 || !letterOrDigit(text[0]) || text[n-1] == ':' {
		return nil, false, nil, false
	}
	return text[:n], false, text[n:], true
}

func letterOrDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func wordOctet(c byte) bool { return letterOrDigit(c) || c == '.' || c == '/' || c == '-' || c == '_' }

// Keys that were seen.
const (
	seenPrefix = 1 << iota
	seenNexthop
	seenPort
	seenTable
	seenPolicy

	needed = seenPrefix | seenNexthop
)

func (r *elementReader) set(s *topology.StaticRoute, seen *uint8, key, word []byte, quoted bool) (ok bool) {
	var bit uint8
	if n := len(key); n > 2 && key[0] == '"' && key[n-1] == '"' {
		key = key[1 : n-1]
	}
	switch string(key) {
	case "ip_prefix":
		bit = seenPrefix
		var err error
		s.Prefix, err = netip.ParsePrefix(string(word))
		ok = err == nil && s.Prefix == s.Prefix.Masked()
	case "nexthop":
		bit, ok = seenNexthop, true
		switch string(word) {
		case "discard":
			s.Discard = true
		case "unreachable":
			s.Reject = topology.RejectUnreachable
		case "prohibit":
			s.Reject = topology.RejectProhibit
		default:
			s.Nexthop, ok = r.nexthop(word)
		}
	case "output_port":
		bit = seenPort
		s.OutputPort, ok = r.name(word, quoted)
	case routeTable:
		bit = seenTable
		s.RouteTable, ok = r.name(word, quoted)
	case "policy":
		bit = seenPolicy
		s.SourceIP = string(word) == "src-ip"
		ok = s.SourceIP || string(word) == "dst-ip"
	}
	ok = ok && *seen&bit == 0
	*seen |= bit
	return ok
}

func (r *elementReader) nexthop(word []byte) (netip.Addr, bool) {
	if a, known := r.nexthops[string(word)]; known {
		return a, true
	}
	a, err := netip.ParseAddr(string(word))
	if err != nil || a.Zone() != "" {
		return a, false
	}
	if len(r.nexthops) < manyWords {
		r.nexthops[string(word)] = a
	}
	return a, true
}

// yamlWords are plain words that are, or may be, no texts in YAML.
var yamlWords = map[string]bool{"true": true, "false": true, "null": true, "yes": true, "no": true, "on": true, "off": true,
	"y": true, "n": true, "inf": true, "infinity": true, "nan": true}

func (r *elementReader) name(word []byte, quoted bool) (string, bool) {
	if !quoted && (word[0] <= '9' || yamlWords[strings.ToLower(string(word))]) {
		return "", false // perhaps a number or a boolean
	}
	if name, known := r.names[string(word)]; known {
		return name, true
	}
	name := string(word)
	if topology.CheckName(name) != "" {
		return "", false
	}
	if len(r.names) < manyWords {
		r.names[name] = name
	}
	return name, true
}
