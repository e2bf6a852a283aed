// SPDX-License-Identifier: Apache-2.0

package ports

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/test/gateway"
)

// twoCPUs are for two workers; the first is control's too when there are only two,
// which is accepted with a warning.
func twoCPUs(t *testing.T) string {
	t.Helper()
	last, _ := strconv.Atoi(gateway.LastCPU())
	if last < 1 {
		t.Skip("two workers need two CPUs")
	}
	return fmt.Sprintf("%d-%d", last-1, last)
}

type host struct {
	name, tap, mac, v4, v6 string
	gateway4, gateway6     string
}

// left and right are the hosts behind base's two ports.
var left = host{"left", "pwtl", "02:00:00:00:01:02", "10.0.1.2/24", "2001:db8:1::2/64", "10.0.1.1", "2001:db8:1::1"}
var right = host{"right", "pwtr", "02:00:00:00:02:fe", "10.0.2.254/24", "2001:db8:2::fe/64", "10.0.2.1", "2001:db8:2::1"}

// join puts a tap of the running daemon into a namespace of its own, as a host.
func (h host) join(t *testing.T, l *lab.Lab, gw *lab.NS) *lab.NS {
	t.Helper()
	n := l.NS(t, h.name)
	if err := lab.MoveLink(t.Context(), gw, h.tap, n); err != nil {
		t.Fatal(err)
	}
	mac, err := topology.ParseMAC(h.mac)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Setup(t.Context(), h.tap, lab.Host{MAC: mac,
		Addrs:    []netip.Prefix{netip.MustParsePrefix(h.v4), netip.MustParsePrefix(h.v6)},
		Gateways: []netip.Addr{netip.MustParseAddr(h.gateway4), netip.MustParseAddr(h.gateway6)}}); err != nil {
		t.Fatal(err)
	}
	return n
}

// taps starts a daemon on two taps in a namespace of its own, and the hosts.
func taps(t *testing.T, l *lab.Lab, pairs ...string) (d *gateway.Daemon, a, b *lab.NS) {
	t.Helper()
	d = gateway.New(t, l, with(append(pairs, "@LEFT@", "net_tap0,iface="+left.tap, "@RIGHT@", "net_tap1,iface="+right.tap)...))
	d.NS = l.NS(t, "gw")
	d.Start()
	return d, left.join(t, l, d.NS), right.join(t, l, d.NS)
}

var received = regexp.MustCompile(`(\d+) packets transmitted, (\d+) received`)

// ping demands that all of ten requests are answered.
func ping(t *testing.T, from *lab.NS, to string) {
	t.Helper()
	out, err := from.Run(t.Context(), "ping", "-c", "10", "-i", "0.05", "-W", "2", to)
	if m := received.FindStringSubmatch(out); err != nil || m == nil || m[1] != "10" || m[2] != "10" {
		t.Errorf("ping %s: %v\n%s", to, err, out)
	}
}

// Two workers on the queues of two taps: nothing lost from cold, TCP in both
// directions, both at work.
func TestTwoWorkersOnTaps(t *testing.T) {
	l := lab.ForTest(t)
	cpus := twoCPUs(t)
	d, a, b := taps(t, l, "@WORKERS@", cpus, "@MBUFS@", "16384")
	if strings.HasPrefix(cpus, "0-") && !strings.Contains(d.Log(), "warning: CPU 0 is both a worker's and the control lcore's") {
		t.Errorf("no warning in the log:\n%s", d.Log())
	}
	ping(t, a, "10.0.2.254")
	ping(t, a, "2001:db8:2::fe")

	const size = 20e6
	content := bytes.Repeat([]byte("parkway "), size/8)
	for _, tc := range []struct {
		server, client *lab.NS
		addr           string
	}{{b, a, "10.0.2.254"}, {a, b, "2001:db8:1::2"}} {
		var listener net.Listener
		err := tc.server.Do(func() (err error) {
			listener, err = net.Listen("tcp", net.JoinHostPort(tc.addr, "8080"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
		out, err := tc.client.Run(t.Context(), "curl", "-sS", "-g", "--max-time", "30", "-o", filepath.Join(d.Dir, "got"),
			"-w", "%{size_download} %{speed_download}", "http://"+net.JoinHostPort(tc.addr, "8080")+"/")
		size, speed, _ := strings.Cut(out, " ")
		if err != nil || size != strconv.Itoa(len(content)) {
			t.Errorf("curl from %s: %v, %s of %d octets", tc.addr, err, size, len(content))
		}
		t.Logf("curl from %s: %s octets per second", tc.addr, speed)
	}

	workers, err := d.API.Workers(t.Context())
	if err != nil || len(workers) != 2 {
		t.Fatalf("%+v, %v", workers, err)
	}
	for _, w := range workers {
		t.Logf("worker on CPU %d: %d packets", w.CPU, w.Packets)
		if w.Packets == 0 || len(w.RxQueues) == 0 {
			t.Errorf("a worker without work: %+v", w)
		}
	}
	d.AtRest()
	d.Stop(syscall.SIGTERM)
}

// Two workers, each with an rx and a tx file of its own on each port, send what one
// would have sent. Which of them takes a packet and when is theirs to settle, so the
// two outputs of a port are compared as one set.
func TestTwoWorkersOnPcap(t *testing.T) {
	var in [2][][]byte
	for i := range uint16(200) {
		in[i%2] = append(in[i%2], udp(t, "10.0.2.99", 4000+i))
	}
	files := func(port string) string {
		return fmt.Sprintf("tx_pcap=@DIR@/%s0.pcap,tx_pcap=@DIR@/%s1.pcap", port, port)
	}
	d := gateway.New(t, lab.ForTest(t), with("@WORKERS@", twoCPUs(t), "@MBUFS@", "16384", `iface_id: left}`, `iface_id: left, rx_queues: 2}`,
		"@LEFT@", "net_pcap0,rx_pcap="+pcap(t, in[0]...)+",rx_pcap="+pcap(t, in[1]...)+","+files("left"),
		"@RIGHT@", "net_pcap1,rx_pcap="+pcap(t)+",rx_pcap="+pcap(t)+","+files("right")))
	d.Start()
	d.Eventually("all is forwarded", func() error {
		if c := d.Counters(); c.Rx != 200 || c.Tx != 200 || c.Balance != 0 {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	workers, err := d.API.Workers(t.Context())
	if err != nil || len(workers) != 2 || workers[0].Packets != 100 || workers[1].Packets != 100 {
		t.Errorf("%+v, %v", workers, err)
	}
	d.Stop(syscall.SIGTERM)

	var got, want []string
	for i, name := range []string{"right0.pcap", "right1.pcap"} {
		frames, err := lab.ReadPcap(filepath.Join(d.Dir, name))
		if err != nil || len(frames) != 100 {
			t.Fatalf("%s: %d frames, %v", name, len(frames), err)
		}
		for _, f := range frames {
			got = append(got, string(f.Data))
		}
		for _, f := range in[i] {
			want = append(want, string(routed(f)))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got[0], want[0])
	}
}

// routed is what a router makes of udp's frame to 10.0.2.99.
func routed(f []byte) []byte {
	f = slices.Clone(f[:14+20+8+len("parkway")]) // without the padding to 60 octets
	copy(f, []byte{2, 0, 0, 0, 2, 0x99, 2, 0, 0, 0, 2, 1})
	f[14+8]-- // TTL, the high octet of a word of the checksum
	sum := uint32(f[14+10])<<8 + uint32(f[14+11]) + 0x100
	sum = sum&0xffff + sum>>16
	f[14+10], f[14+11] = byte(sum>>8), byte(sum)
	return f
}

func TestTooFewTxQueuesAreRefusedWithTheFigures(t *testing.T) {
	one := func(port string) string { return port + ",rx_pcap=" + pcap(t) + ",tx_pcap=@DIR@/" + port + ".pcap" }
	d := gateway.New(t, lab.ForTest(t), with("@WORKERS@", twoCPUs(t), "@MBUFS@", "16384", "@LEFT@", one("net_pcap0"), "@RIGHT@", one("net_pcap1")))
	d.Refused(nil, 1, `parkway: port "p-left" (net_pcap0): it offers 1 tx queues, and each of 2 workers needs one; run 1 workers at most, or give the port more queues`)
}
