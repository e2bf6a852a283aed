// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
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

	icmpTable        = regexp.MustCompile(`(?m)^Icmp: (.*)\nIcmp: (.*)$`)
	icmp6EchoReplies = regexp.MustCompile(`(?m)^Icmp6InEchoReplies\s+(\d+)$`)
)

// ping sends n echo requests 0.2 s apart from a host, and waits 5 s for the last
// reply. More options may follow.
//
// Once iputils ping has had a reply it waits for the last one no longer than twice the
// longest round trip, or 0.2 s, whatever -W says. On a busy machine that is too short, so
// if none but the last are missing, the host's own count of replies tells whether they came.
func (g *gateway) ping(from end, to netip.Addr, n int, options ...string) pinged {
	g.Helper()
	before, err := g.echoReplies(from, to)
	if err != nil {
		g.Errorf("%s: %v", from.name, err)
	}
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
	if got := len(p.seqs); got > 0 && got < n && p.sent == n && p.received == got && p.seqs[got-1] == got {
		late, cancel := context.WithTimeout(g.ctx, 5*time.Second)
		defer cancel()
		if lab.Wait(late, "the last replies", func() error {
			now, err := g.echoReplies(from, to)
			if err == nil && now < before+uint64(n) {
				err = fmt.Errorf("%d replies", now-before)
			}
			return err
		}) == nil {
			for p.received = n; got < n; got++ {
				p.seqs = append(p.seqs, got+1)
			}
			p.text += "(the last replies came when ping had gone)\n"
		}
	}
	return p
}

// echoReplies is how many echo replies of to's family a host's kernel has had, ever.
func (g *gateway) echoReplies(host end, to netip.Addr) (n uint64, err error) {
	err = g.hosts[host.name].Do(func() error {
		if to.Is6() {
			text, err := os.ReadFile("/proc/thread-self/net/snmp6")
			if err != nil {
				return err
			}
			m := icmp6EchoReplies.FindSubmatch(text)
			if m == nil {
				return errors.New("snmp6 without Icmp6InEchoReplies")
			}
			n, err = strconv.ParseUint(string(m[1]), 10, 64)
			return err
		}
		text, err := os.ReadFile("/proc/thread-self/net/snmp")
		if err != nil {
			return err
		}
		m := icmpTable.FindSubmatch(text)
		if m == nil {
			return errors.New("snmp without Icmp")
		}
		column := slices.Index(strings.Fields(string(m[1])), "InEchoReps")
		n, err = strconv.ParseUint(strings.Fields(string(m[2]))[column], 10, 64)
		return err
	})
	return n, err
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

// TestLateReply: ping does not wait for a last reply that takes a second more than the
// others, and calls it lost; it is not.
func TestLateReply(t *testing.T) {
	g := start(t, seed(t))
	g.attach(pc1)
	for i, gw := range pc1.Gateways {
		before, err := g.echoReplies(pc1, gw)
		g.must(err)
		done := make(chan pinged, 1)
		go func() { done <- g.ping(pc1, gw, 2, "-i", "1") }()
		g.must(lab.Wait(g.ctx, "the first reply", func() error {
			n, err := g.echoReplies(pc1, gw)
			if err == nil && n == before {
				err = errors.New("none")
			}
			return err
		}))
		g.must(g.proc.Signal(syscall.SIGSTOP))
		time.Sleep(2500 * time.Millisecond) // the second request, and ping's patience
		g.must(g.proc.Signal(syscall.SIGCONT))
		p := <-done
		p.wantAll(g)
		if !strings.Contains(p.text, "1 received") {
			t.Errorf("%s: ping itself has waited; the test tests nothing:\n%s", families[i], p.text)
		}
	}
}
