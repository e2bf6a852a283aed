// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

const (
	pingCount    = 10
	pingInterval = "0.2"
	pingWait     = "2" // seconds for an answer to the last packet
	pingTimeout  = 30 * time.Second
)

// Result is what `parkway demo ping` measured.
type Result struct {
	Runs []Run `json:"runs"`
}

// Run is one `ping` through a cold gateway.
type Run struct {
	Name string `json:"name"` // "IPv4" or "IPv6"
	From string `json:"from"`
	To   string `json:"to"`
	PingOutput
	Wire
}

// PingOutput is what ping printed.
type PingOutput struct {
	Sent       int                   `json:"sent"`
	Received   int                   `json:"received"`
	Duplicates int                   `json:"duplicates"`
	TotalMS    int                   `json:"total_ms"`
	RTT        map[int]time.Duration `json:"rtt_ns"` // by icmp_seq; a lost packet has none
}

// Wire is what a capture at PC-EXT showed.
type Wire struct {
	Asked    []netip.Addr  `json:"asked"`         // what the gateway's ARP requests or neighbor solicitations asked for
	Answer   time.Duration `json:"answer_ns"`     // from the first question to the answer; 0: unknown
	Release  time.Duration `json:"release_ns"`    // from the answer to the first packet; 0: unknown
	Requests []uint16      `json:"echo_requests"` // icmp_seq in the order of the wire
}

// Ping makes the article's measurement with a gateway that knows no neighbor, over
// IPv4 and IPv6, prints it beside the article's own, and fails unless 10 of 10
// packets came back each time.
func Ping(ctx context.Context, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	r, err := Measure(ctx, o)
	if err != nil {
		return err
	}
	if err := r.WriteTable(o.Out); err != nil {
		return err
	}
	return r.Err()
}

// Measure is Ping without printing and judging.
func Measure(ctx context.Context, o Options) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	s, err := readState(o.Dir)
	if err != nil {
		return Result{}, err
	}
	if s == nil || !s.Up {
		return Result{}, errors.New("the demo is not up; `parkway demo up` starts it")
	}
	if !s.Gateway.alive() {
		return Result{}, fmt.Errorf("the gateway has died; %s\n`parkway demo down` and `up` start again", o.logTail())
	}
	var r Result
	for i, family := range []struct{ name, pcap string }{{"IPv4", pcap4File}, {"IPv6", pcap6File}} {
		run, err := o.run(ctx, i, family.name, o.file(family.pcap))
		if err != nil {
			return r, fmt.Errorf("%s: %w", family.name, err)
		}
		r.Runs = append(r.Runs, run)
	}
	return r, nil
}

// run pings PC-EXT's ith address from PC1, after the gateway has forgotten its
// neighbors.
func (o Options) run(ctx context.Context, i int, name, pcap string) (Run, error) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	from, to := o.ns(hosts[pc1].name), o.ns(hosts[pcExt].name)
	target, iface := hosts[pcExt].Addrs[i].Addr(), hosts[pcExt].iface
	run := Run{Name: name, From: hosts[pc1].Addrs[i].Addr().String(), To: target.String()}

	// PC1 learns its gateway's MAC now, so that the first packet waits for the
	// gateway's resolution and not for PC1's own. PC-EXT forgets the gateway's:
	// otherwise it might re-verify it by a request of its own between flush and
	// ping, and the gateway would learn from that and ask for nothing.
	if _, err := from.Run(ctx, "ping", "-n", "-c", "1", "-W", pingWait, hosts[pc1].Gateways[i].String()); err != nil {
		return run, fmt.Errorf("the router's own address does not answer PC1: %w", err)
	}
	if err := to.FlushNeighbors(ctx, iface); err != nil {
		return run, err
	}
	capture, err := to.Capture(ctx, iface, pcap)
	if err != nil {
		return run, err
	}
	defer os.Remove(pcap)
	out, runErr := "", o.call(ctx, http.MethodPost, "/v1/neighbors/flush")
	if runErr == nil {
		out, runErr = from.Run(ctx, "ping", "-n", "-c", strconv.Itoa(pingCount), "-i", pingInterval, "-W", pingWait, target.String())
		// ping's status is 1 when nothing came back, which its output tells too.
		if p, ok := parsePing(out); ok {
			run.PingOutput, runErr = p, nil
		}
	}
	frames, err := capture.Stop(context.WithoutCancel(ctx))
	if err := errors.Join(runErr, err); err != nil {
		return run, err
	}
	run.Wire = readWire(frames, routerMAC, target)
	return run, nil
}

var (
	pingReply   = regexp.MustCompile(`(?m)^\d+ bytes from .*icmp_seq=(\d+) .*time=([0-9.]+) ms( \(DUP!\))?`)
	pingSummary = regexp.MustCompile(`(?m)^(\d+) packets transmitted, (\d+) received,.* time (\d+)ms`)
)

// parsePing reads the output of iputils ping; false if it has no summary.
func parsePing(out string) (PingOutput, bool) {
	p := PingOutput{RTT: map[int]time.Duration{}}
	for _, m := range pingReply.FindAllStringSubmatch(out, -1) {
		if m[3] != "" {
			p.Duplicates++
			continue
		}
		seq, _ := strconv.Atoi(m[1])
		ms, _ := strconv.ParseFloat(m[2], 64)
		p.RTT[seq] = time.Duration(ms * float64(time.Millisecond))
	}
	m := pingSummary.FindStringSubmatch(out)
	if m == nil {
		return p, false
	}
	p.Sent, _ = strconv.Atoi(m[1])
	p.Received, _ = strconv.Atoi(m[2])
	p.TotalMS, _ = strconv.Atoi(m[3])
	return p, true
}

// readWire finds the resolution and the packets in a capture at the target.
func readWire(frames []lab.Frame, router topology.MAC, target netip.Addr) Wire {
	var w Wire
	var asked, answered time.Time
	for _, f := range frames {
		p := lab.ParsePacket(f.Data)
		if p.Src == router {
			if ip, ok := p.Asks(); ok {
				w.Asked = append(w.Asked, ip)
				if asked.IsZero() {
					asked = f.Time
				}
			}
			if p.IsEchoRequest() && p.DstIP == target {
				w.Requests = append(w.Requests, p.EchoSeq)
				if len(w.Requests) == 1 && !answered.IsZero() {
					w.Release = f.Time.Sub(answered)
				}
			}
			continue
		}
		if ip, ok := p.Answers(); ok && ip == target && answered.IsZero() && !asked.IsZero() {
			answered = f.Time
			w.Answer = answered.Sub(asked)
		}
	}
	return w
}

// Err is nil if every run lost nothing.
func (r Result) Err() error {
	var errs []error
	for _, run := range r.Runs {
		if run.Received != run.Sent || run.Sent != pingCount {
			errs = append(errs, fmt.Errorf("%s: %d of %d packets came back, not %d of %d", run.Name, run.Received, run.Sent, pingCount, pingCount))
		}
	}
	return errors.Join(errs...)
}
