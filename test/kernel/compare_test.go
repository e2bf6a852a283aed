// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"bytes"
	"encoding/binary"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/forwarder"
)

// plain makes a verdict on a sound UDP packet, in a network of one router, that both
// sides forwarded alike.
func plain(t *testing.T) *verdict {
	t.Helper()
	for n := range 1000 {
		s := generate(1, n, 200)
		for _, p := range s.packets {
			src, dst, ok := addresses(p.frame)
			if !ok || p.about != "" || p.v6() || p.frame[23] != udp || len(s.routers) > 1 || s.ruled(0) || len(p.frame) > 200 || p.frame[22] < 3 {
				continue
			}
			ends, choice := s.ends(s.wires[p.wire].router, s.wires[p.wire].port, flowOf(p.frame))
			if kind, _ := lookup(&s.routers[0], src); choice || len(ends) != 1 || kind != connected {
				continue
			}
			var f forward
			for e := range ends {
				f = forward{wire: e.wire, to: e.to, from: e.from, ttl: p.frame[22] - 1, fragments: []int{len(p.frame) - 14}}
			}
			o := outcome{forwards: []forward{f}}
			return &verdict{s: s, p: p, src: src, dst: dst, parkway: o, linux: o.clone()}
		}
	}
	t.Fatal("no sound packet")
	return nil
}

// Each of these is planted into a case where both sides do the same, on either side,
// and no difference on the list may explain it.
func TestPlantedDifferencesAreFound(t *testing.T) {
	if names, ok := plain(t).judge(differences); !ok || names != nil {
		t.Fatalf("the plain case: %v %v", names, ok)
	}
	for what, plant := range map[string]func(*outcome){
		"TTL not counted down": func(o *outcome) { o.forwards[0].ttl++ },
		"another port":         func(o *outcome) { o.forwards[0].wire++ },
		"another next hop":     func(o *outcome) { o.forwards[0].to[5]++ },
		"another source MAC":   func(o *outcome) { o.forwards[0].from[5]++ },
		"fragments":            func(o *outcome) { o.forwards[0].fragments = []int{60, 60} },
		"changed data":         func(o *outcome) { o.forwards[0].changed = "data" },
		"lost":                 func(o *outcome) { o.forwards = nil },
		"twice":                func(o *outcome) { o.forwards = append(o.forwards, o.forwards[0]) },
		"an error beside it":   func(o *outcome) { o.answers = []answer{{what: "error", typ: 11}} },
		"an error instead":     func(o *outcome) { *o = outcome{answers: []answer{{what: "error", typ: 3, code: 1}}} },
	} {
		for side := range 2 {
			v := plain(t)
			plant([]*outcome{&v.parkway, &v.linux}[side])
			if names, ok := v.judge(differences); ok {
				t.Errorf("%s, side %d: explained by %v", what, side, names)
			}
		}
	}
}

// Errors that differ in anything but what a difference names.
func TestPlantedErrorsAreFound(t *testing.T) {
	report := func(v *verdict) answer {
		p := v.s.wires[v.p.wire].port
		return answer{wire: v.p.wire, to: forwarder.MAC(v.p.frame[6:12]), from: p.MAC, what: "error", typ: 11, src: p.Networks[0].Addr(),
			dst: v.src, quoted: 50, ttl: 64}
	}
	for what, plant := range map[string]func(*answer){
		"type":   func(a *answer) { a.typ = 3 },
		"code":   func(a *answer) { a.code = 1 },
		"port":   func(a *answer) { a.wire++ },
		"MAC":    func(a *answer) { a.to[5]++ },
		"source": func(a *answer) { a.src = a.src.Next() },
		"MTU":    func(a *answer) { a.mtu = 1400 },
		"quoted": func(a *answer) { a.quoted = 28 },
		"TTL":    func(a *answer) { a.ttl-- },
	} {
		v := plain(t)
		v.reason = "ip_ttl_exceeded"
		a := report(v)
		v.linux = outcome{answers: []answer{a}}
		plant(&a)
		v.parkway = outcome{answers: []answer{a}}
		if names, ok := v.judge(differences); ok {
			t.Errorf("%s: explained by %v", what, names)
		}
	}
}

// A report has what is needed to make the case again.
func TestReport(t *testing.T) {
	v := plain(t)
	r := v.report()
	for _, want := range []string{"PARKWAY_SEED=1", "PARKWAY_NETWORK=", "link set dev w0", "neigh replace", "PARKWAY_PACKETS=200", "leaves by w"} {
		if !strings.Contains(r, want) {
			t.Errorf("no %q in\n%s", want, r)
		}
	}
}

func TestNetworksOfASeedAreTheSame(t *testing.T) {
	for n := range 20 {
		a, b := generate(5, n, 50), generate(5, n, 50)
		if !reflect.DeepEqual(a.routers, b.routers) || !reflect.DeepEqual(a.packets, b.packets) {
			t.Fatalf("network %d is not the same twice", n)
		}
	}
}

// cut makes the fragments of a packet, as the fragments' headers say: offsets in octets.
func cut(p *packet, at ...int) (out []seen) {
	ip := p.frame[14:]
	data := ip[20:]
	for i, from := range at {
		to, more := len(data), uint16(0)
		if i+1 < len(at) {
			to, more = at[i+1], 0x2000
		}
		h := bytes.Clone(ip[:20])
		binary.BigEndian.PutUint16(h[2:], uint16(20+to-from))
		binary.BigEndian.PutUint16(h[6:], uint16(from/8)|more)
		h[8], h[10], h[11] = h[8]-1, 0, 0
		binary.BigEndian.PutUint16(h[10:], ^fold(add(0, h)))
		out = append(out, seen{0, append(append(bytes.Clone(p.frame[:14]), h...), data[from:to]...)})
	}
	return out
}

func TestAssemble(t *testing.T) {
	v := plain(t)
	p := *v.p
	binary.BigEndian.PutUint16(p.frame[14+6:], 0) // may be fragmented
	whole := cut(&p, 0)
	parts := cut(&p, 0, 16, 32)
	swapped := []seen{parts[2], parts[0], parts[1]}
	elsewhere := slices.Clone(parts)
	elsewhere[1].wire = 7
	spoiled := slices.Clone(parts)
	spoiled[1].frame = bytes.Clone(spoiled[1].frame)
	spoiled[1].frame[40]++
	for name, tc := range map[string]struct {
		frames []seen
		pieces int
		sound  bool
	}{
		"whole": {whole, 1, true}, "fragments": {parts, 3, true}, "in another order": {swapped, 3, true},
		"one is missing": {parts[:2], 2, false}, "the first is missing": {parts[1:], 2, false},
		"another way": {elsewhere, 3, false}, "spoiled": {spoiled, 3, false}, "twice": {append(slices.Clone(whole), whole...), 2, false},
	} {
		f, rest := assemble(&p, tc.frames)
		if len(rest) != 0 || len(f.fragments) != tc.pieces || (f.changed == "") != tc.sound {
			t.Errorf("%s: %v, %d left", name, f, len(rest))
		}
	}
}

// The document tells of every difference and every sysctl, and of no others.
func TestDifferencesAreTold(t *testing.T) {
	text, err := os.ReadFile("../../docs/kernel-differences.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			told[strings.Trim(cells[1], " `")] = true
		}
	}
	names := map[string]bool{"difference": true, "sysctl": true}
	for _, d := range differences {
		names[d.name] = true
	}
	for _, c := range sysctls {
		names[strings.ReplaceAll(c.key, "/", ".")] = true
	}
	for name := range names {
		if !told[name] {
			t.Errorf("docs/kernel-differences.md does not tell of %q", name)
		}
	}
	for name := range told {
		if !names[name] && !strings.HasPrefix(name, "--") {
			t.Errorf("docs/kernel-differences.md tells of %q, which is not on the list", name)
		}
	}
}
