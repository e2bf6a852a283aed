// SPDX-License-Identifier: Apache-2.0

package match

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

var sets = map[string][]netip.Prefix{
	"web":   {netip.MustParsePrefix("10.0.0.80/32"), netip.MustParsePrefix("10.1.0.0/16")},
	"six":   {netip.MustParsePrefix("2001:db8::/32")},
	"mixed": {netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("2001:db8::1/128")},
	"none":  {},
}

func packet(in, src, dst string, proto uint8, ports ...uint16) *Packet {
	p := &Packet{InPort: in, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Proto: proto}
	if len(ports) == 2 {
		p.Ports, p.SrcPort, p.DstPort = true, ports[0], ports[1]
	}
	return p
}

func TestMatches(t *testing.T) {
	web := packet("lrp1", "10.0.0.80", "192.0.2.1", 6, 4000, 80)
	later := packet("lrp1", "10.0.0.80", "192.0.2.1", 6) // a later fragment: no ports
	dns := packet("lrp2", "10.2.0.1", "192.0.2.1", 17, 4000, 53)
	six := packet("lrp2", "2001:db8::1", "2001:db8:1::1", 6, 4000, 443)
	ping := packet("lrp1", "10.9.0.1", "192.0.2.1", 1)
	ping6 := packet("lrp1", "2001:db9::1", "2001:db8:1::1", 58)
	all := map[string]*Packet{"web": web, "later": later, "dns": dns, "six": six, "ping": ping, "ping6": ping6}
	for expr, want := range map[string]string{
		"1": "web later dns six ping ping6", "0": "", "ip": "web later dns six ping ping6",
		"ip4": "web later dns ping", "!ip4": "six ping6", "ip6": "six ping6",
		"tcp": "web later six", "!tcp": "dns ping ping6", "udp": "dns", "sctp": "",
		"icmp": "ping ping6", "icmp4": "ping", "icmp6": "ping6", "!icmp": "web later dns six",
		"ip.proto == 6": "web later six", "ip.proto != 6": "dns ping ping6", "ip.proto >= 17": "dns ping6",
		"tcp.dst == 80": "web", "tcp.dst == {80, 443}": "web six", "tcp.dst == {80 443}": "web six",
		"tcp.dst != 80": "six", "!(tcp.dst == 80)": "six", "tcp.dst != {80, 443}": "", "!(tcp.dst != 80)": "web",
		"udp.dst < 54": "dns", "udp.dst <= 52": "", "1 <= udp.dst < 54": "dns", "54 > udp.dst": "dns", "tcp.dst < 0": "", "!(tcp.dst < 0)": "web six",
		"tcp.dst == 0x50":             "web",
		"ip4.src == 10.0.0.0/8":       "web later dns ping",
		"ip4.src == 10.0.0.80":        "web later",
		"ip4.src != 10.0.0.80":        "dns ping",
		"10.0.0.80 == ip4.src":        "web later",
		"ip4.src == $web":             "web later",
		"ip4.src != $web":             "dns ping",
		"ip4.src == {$web, 10.2.0.1}": "web later dns",
		"ip4.src == $none":            "", "ip4.src != $none": "web later dns ping",
		"ip4.src == 0.0.0.80/0.0.0.255": "web later",
		"ip6.src == 2001:db8::/32":      "six", "ip6.src == $six": "six", "ip6.dst == ::1/::ffff": "six ping6",
		`inport == "lrp1"`:                           "web later ping ping6",
		`inport != "lrp1"`:                           "dns six",
		`inport == {"lrp1", "lrp2"} && tcp`:          "web later six",
		`inport == "lrp1" && (udp || tcp.dst == 80)`: "web",
		"ip4 && !(udp || icmp4)":                     "web later",
		"!(ip4 && tcp) && ip4":                       "dns ping",
		"tcp && udp":                                 "",
		"\tip4.src==10.0.0.0/8&&tcp.dst=={80,443}\n": "web",
	} {
		e, err := Parse(expr, sets)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		cs, err := e.Clauses()
		if err != nil {
			t.Errorf("%s: %v", expr, err)
		}
		for name, p := range all {
			in := strings.Contains(" "+want+" ", " "+name+" ")
			if got := e.Matches(p); got != in {
				t.Errorf("%s: %s matches %v, want %v", expr, name, got, in)
			}
			if got := anyOf(cs, p); got != in {
				t.Errorf("%s: %s matches the clauses %+v: %v, want %v", expr, name, cs, got, in)
			}
		}
	}
}

func anyOf(cs []Clause, p *Packet) bool {
	for _, c := range cs {
		if c.Matches(p) {
			return true
		}
	}
	return false
}

func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		expr string
		col  int
		msg  string
	}{
		{"", 1, "the end stands where a condition"},
		{"ip4 &&", 7, "the end stands where a condition"},
		{"ip4 ip6", 5, `"ip6" follows a complete expression`},
		{"ip4 && tcp || udp", 12, "&& and || stand beside each other"},
		{"(ip4", 5, "parenthesis of column 1"},
		{"ip4.src = 10.0.0.1", 9, "'='"},
		{"ip4.src == 10.0.0.300", 12, "no value of ip4.src"},
		{"ip4.src == 2001:db8::1", 12, "no value of ip4.src"},
		{"ip6.src == 10.0.0.1", 12, "no value of ip6.src"},
		{"ip4.src == 10.0.0.0/33", 12, "no value of ip4.src"},
		{"ip4.src == $nobody", 12, "no address set"},
		{"ip4.src == $mixed", 12, "holds 2001:db8::1/128"},
		{"ip4.src < 10.0.0.1", 9, "compared by <"},
		{"ip4.src == {}", 12, "the set is empty"},
		{"tcp.dst == {80, 443", 20, "brace of column 12"},
		{"tcp.dst < {80, 443}", 9, "a set is compared by <"},
		{"tcp.dst == 65536", 12, "no value of tcp.dst"},
		{"tcp.dst == http", 12, "constant should be"},
		{"tcp.dst", 8, "tcp.dst should be compared"},
		{"ip.proto == 256", 13, "no value of ip.proto"},
		{"tcp == 1", 5, "compared with nothing"},
		{"inport == lrp1", 11, "constant should be"},
		{"inport == 7", 11, "no name for inport"},
		{`inport == "lrp1`, 11, "never closed"},
		{"eth.src == 1", 1, `no field "eth.src"`},
		{"nonsense == 1", 1, `no field "nonsense"`},
		{"80 == 80", 7, "field should be"},
		{"1 == tcp.dst == 2", 14, "both sides"},
		{"ip4 && § ", 8, "'§'"},
		{"ïp", 1, "begins nothing"},
		{strings.Repeat("(", 70) + "ip" + strings.Repeat(")", 70), 66, "more than 64"},
		{strings.Repeat(" ", MaxLength+1), 1, "16385 octets long"},
		{"ip4 & tcp", 5, "'&'"},
	} {
		_, err := Parse(tc.expr, sets)
		var e *Error
		if !errors.As(err, &e) || e.Column != tc.col || !strings.Contains(e.Msg, tc.msg) {
			t.Errorf("%.40s: %v, want column %d and %q", tc.expr, err, tc.col, tc.msg)
		}
	}
}

// At the bound an expression compiles; beyond it the error has the figures.
func TestBounds(t *testing.T) {
	ports := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " %d", 2*i+1)
		}
		return "{" + b.String() + "}"
	}
	for _, tc := range []struct {
		expr string
		ok   bool
	}{
		{"tcp.dst == " + ports(MaxClauses), true},
		{"tcp.dst == " + ports(MaxClauses+1), false},
		{"tcp.src == " + ports(32) + " && tcp.dst == " + ports(32), true},
		{"tcp.src == " + ports(33) + " && tcp.dst == " + ports(32), false},
		{"tcp.dst != " + ports(2000), true},
		{"ip4 && (" + strings.Repeat("ip4.src == {1.0.0.0/8, 2.0.0.0/8} && ", 20) + "tcp)", true}, // they contradict each other
	} {
		e, err := Parse(tc.expr, nil)
		if err != nil {
			t.Fatalf("%.60s: %v", tc.expr, err)
		}
		_, err = e.Clauses()
		if (err == nil) != tc.ok || err != nil && !strings.Contains(err.Error(), "1024 with 8192") {
			t.Errorf("%.60s: %v", tc.expr, err)
		}
	}
}

// randomExpr writes an expression of the language.
func randomExpr(r *rand.Rand, depth int) string {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	switch n := r.IntN(8); {
	case depth > 0 && n < 3:
		join := pick(" && ", " || ")
		return "(" + randomExpr(r, depth-1) + join + randomExpr(r, depth-1) + ")"
	case depth > 0 && n == 3:
		return "!(" + randomExpr(r, depth-1) + ")"
	case n == 4:
		return pick("", "!") + pick("ip", "ip4", "ip6", "tcp", "udp", "sctp", "icmp", "icmp4", "icmp6", "0", "1")
	case n == 5:
		return pick("ip4.src", "ip4.dst") + pick(" == ", " != ") + pick("10.0.0.1", "10.0.0.0/31", "{10.0.0.1, 10.0.0.2}", "$web", "0.0.0.1/0.0.0.1")
	case n == 6:
		return pick("ip6.src", "ip6.dst") + pick(" == ", " != ") + pick("2001:db8::1", "2001:db8::/127", "$six") + " || inport " + pick("==", "!=") + ` "b"`
	}
	return pick("tcp.src", "tcp.dst", "udp.src", "udp.dst", "sctp.src", "ip.proto") + pick(" == ", " != ", " < ", " <= ", " > ", " >= ") + fmt.Sprint(r.IntN(8))
}

func randomPacket(r *rand.Rand) *Packet {
	p := &Packet{InPort: []string{"a", "b"}[r.IntN(2)], Proto: []uint8{1, 6, 17, 58, 132, uint8(r.IntN(8))}[r.IntN(6)]}
	addr := func() netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(4))}) }
	if r.IntN(2) == 0 {
		addr = func() netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", r.IntN(4))) }
	}
	p.Src, p.Dst = addr(), addr()
	if p.Ports = r.IntN(4) > 0 && (p.Proto == 6 || p.Proto == 17 || p.Proto == 132); p.Ports {
		p.SrcPort, p.DstPort = uint16(r.IntN(8)), uint16(r.IntN(8))
	}
	return p
}

// The clauses say what the expression says.
func TestClausesAreTheExpression(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	matched := 0
	for range 3000 {
		text := "(" + randomExpr(r, 4) + ")"
		e, err := Parse(text, sets)
		if err != nil {
			var wrong *Error
			if errors.As(err, &wrong) && strings.Contains(wrong.Msg, "beside each other") {
				continue
			}
			t.Fatalf("%s: %v", text, err)
		}
		cs, err := e.Clauses()
		if err != nil {
			continue // too large is allowed
		}
		for range 30 {
			p := randomPacket(r)
			if e.Matches(p) != anyOf(cs, p) {
				t.Fatalf("%s: %+v: the expression says %v, the clauses %+v do not", text, p, e.Matches(p), cs)
			}
			if e.Matches(p) {
				matched++
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d packets matched", matched)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`ip4.src == 10.0.0.0/8 && tcp.dst == {80, 443}`, `inport == "a\"b"`, "!(ip6.src == ::1/::ffff || 1 <= udp.dst < 9)", "ip4.src != $web", "(((", `"`, "$", "{ 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s, sets)
		if err != nil {
			var at *Error
			if !errors.As(err, &at) || at.Column < 1 || at.Column > len([]rune(s))+1 || at.Msg == "" {
				t.Fatalf("%q: %#v", s, err)
			}
			return
		}
		cs, err := e.Clauses()
		if err != nil {
			return
		}
		r := rand.New(rand.NewPCG(uint64(len(s)), 1))
		for range 8 {
			if p := randomPacket(r); e.Matches(p) != anyOf(cs, p) {
				t.Fatalf("%q: %+v: the expression says %v, the clauses do not", s, p, e.Matches(p))
			}
		}
	})
}
