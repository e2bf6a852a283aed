// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pinged is the output of iputils ping.
type pinged struct {
	what           string
	sent, received int
	seqs           []int // of the replies, as they came
	ttls           []int
	rtts           []time.Duration
	text           string
}

var (
	pingReply   = regexp.MustCompile(`(?m)^\d+ bytes from .*icmp_seq=(\d+) ttl=(\d+) time=([0-9.]+) ms`)
	pingSummary = regexp.MustCompile(`(?m)^(\d+) packets transmitted, (\d+) received`)
)

// ping sends n echo requests 0.2 s apart from a host, and waits 5 s for the last
// reply. More options may follow.
func (g *gateway) ping(from end, to netip.Addr, n int, options ...string) pinged {
	g.Helper()
	args := append([]string{"-n", "-c", strconv.Itoa(n), "-i", "0.2", "-W", "5"}, options...)
	out, err := g.hosts[from.name].Run(g.ctx, "ping", append(args, to.String())...)
	p := pinged{what: from.name + " pings " + to.String() + " " + strings.Join(options, " "), text: out}
	m := pingSummary.FindStringSubmatch(out)
	if m == nil { // ping's status is 1 when nothing came back, which its output tells too
		g.Errorf("%s: %v", p.what, err)
		return p
	}
	p.sent, _ = strconv.Atoi(m[1])
	p.received, _ = strconv.Atoi(m[2])
	for _, m := range pingReply.FindAllStringSubmatch(out, -1) {
		seq, _ := strconv.Atoi(m[1])
		ttl, _ := strconv.Atoi(m[2])
		ms, _ := strconv.ParseFloat(m[3], 64)
		p.seqs, p.ttls = append(p.seqs, seq), append(p.ttls, ttl)
		p.rtts = append(p.rtts, time.Duration(ms*float64(time.Millisecond)))
	}
	return p
}

// wantAll asserts that every packet came back, once and in order.
func (p pinged) wantAll(g *gateway) {
	g.Helper()
	ordered := len(p.seqs) == p.sent
	for i, seq := range p.seqs {
		ordered = ordered && seq == i+1
	}
	if p.sent == 0 || p.received != p.sent || !ordered {
		g.Errorf("%s: %d of %d, in the order %v\n%s", p.what, p.received, p.sent, p.seqs, p.text)
	}
}

// wantTTL asserts what every reply had left.
func (p pinged) wantTTL(g *gateway, want int) {
	g.Helper()
	p.wantAll(g)
	for i, ttl := range p.ttls {
		if ttl != want {
			g.Errorf("%s: reply %d has TTL %d, want %d", p.what, p.seqs[i], ttl, want)
		}
	}
}

// wantSaid asserts that ping was told something instead of a reply.
func (p pinged) wantSaid(g *gateway, want string) {
	g.Helper()
	if p.received != 0 || !strings.Contains(p.text, want) {
		g.Errorf("%s: want %q\n%s", p.what, want, p.text)
	}
}

// atOnce runs all of them at the same time and waits for all.
func atOnce(work ...func()) {
	var wg sync.WaitGroup
	for _, f := range work {
		wg.Go(f)
	}
	wg.Wait()
}
