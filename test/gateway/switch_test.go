// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

const switchConfig = `version: 1
dpdk: {memory: {mode: no-huge, size: 256MiB}}
cpu: {control: %q, workers: %q}
api: {socket: @SOCKET@}
metrics: {listen: ""}
ports:
  - {name: p-1, vdev: "net_tap0,iface=vm1", iface_id: host1}
  - {name: p-2, vdev: "net_tap1,iface=vm2", iface_id: host2}
  - {name: p-3, vdev: "net_tap2,iface=vm3", iface_id: host3}
  - {name: p-4, vdev: "net_tap3,iface=vm4", iface_id: host4}
logical_switches:
  - name: sw
    other_config: {fdb_age_threshold: %d}
    ports:
      - name: host1
        addresses: ["02:00:00:00:00:01 10.0.0.1 2001:db8::1"]
        port_security: ["02:00:00:00:00:01 10.0.0.1 2001:db8::1"]
      - {name: host2, addresses: ["02:00:00:00:00:02 10.0.0.2 2001:db8::2"]}
      - {name: host3, addresses: [unknown], storm_control: {broadcast: 20}}
      - {name: host4, addresses: [unknown]}
`

var (
	sw1 = newEnd("h1", "vm1", "02:00:00:00:00:01", "10.0.0.1/24 2001:db8::1/64", "")
	sw2 = newEnd("h2", "vm2", "02:00:00:00:00:02", "10.0.0.2/24 2001:db8::2/64", "")
	sw3 = newEnd("h3", "vm3", "02:00:00:00:00:03", "10.0.0.3/24 2001:db8::3/64", "")
	sw4 = newEnd("h4", "vm4", "02:00:00:00:00:04", "10.0.0.4/24 2001:db8::4/64", "")

	allStations = topology.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
)

func startSwitch(t *testing.T, age int) *gateway {
	t.Helper()
	control, worker := cpus()
	return start(t, fmt.Sprintf(switchConfig, control, worker, age))
}

// until waits for something with a deadline.
func (g *gateway) until(what string, ok func() error) {
	g.Helper()
	g.must(lab.Wait(g.ctx, what, ok))
}

// dropped is the count of a drop reason.
func (g *gateway) dropped(reason string) uint64 {
	g.Helper()
	return show[struct{ Drops map[string]uint64 }](g, "counters").Drops[reason]
}

// TestSwitchAnswers: the switch answers for a host that it knows and that says nothing; the
// host hears no question. Whoever is not known is asked.
func TestSwitchAnswers(t *testing.T) {
	g := startSwitch(t, 300)
	g.attach(sw1, sw4)
	g.plug(sw2)
	g.must(g.hosts[sw2.name].Mute(g.ctx, sw2.iface))
	heard := g.capture(sw2.name)
	out, err := g.hosts[sw1.name].Run(g.ctx, "arping", "-b", "-c", "2", "-w", "10", "-I", sw1.iface, "10.0.0.2")
	if err != nil || !strings.Contains(strings.ToLower(out), sw2.MAC.String()) {
		t.Errorf("arping: %v\n%s", err, out)
	}
	_, _ = g.hosts[sw1.name].Run(g.ctx, "ping", "-n", "-c", "1", "-W", "1", "2001:db8::2") // nobody is there to answer
	g.until("the neighbor to be known", func() error {
		out, err := g.hosts[sw1.name].Run(g.ctx, "ip", "-6", "neigh", "show", "2001:db8::2", "dev", sw1.iface)
		if err == nil && !strings.Contains(out, sw2.MAC.String()) {
			err = fmt.Errorf("%s", out)
		}
		return err
	})
	for i := range families {
		g.ping(sw1, sw4.ip(i), 2).wantAll(g) // is not known, and answers itself
	}
	for _, f := range packets(g.frames(heard), func(p lab.Packet) bool { ip, asks := p.Asks(); return asks && (ip == sw2.ip(0) || ip == sw2.ip(1)) }) {
		t.Errorf("the silent host is asked: %v", f.Packet)
	}
}

// TestPortSecurity: what a host sends as another ends at its port, and is counted.
func TestPortSecurity(t *testing.T) {
	g := startSwitch(t, 300)
	g.attach(sw1, sw4)
	for i := range families {
		g.ping(sw1, sw4.ip(i), 2).wantAll(g)
	}
	heard := g.capture(sw4.name)
	other := netip.MustParseAddr("10.0.0.99")
	udp := []byte{0, 9, 0, 9, 0, 12, 0, 0, 's', 'p', 'o', 'o'}
	other6 := netip.MustParseAddr("2001:db8::99")
	for reason, frame := range map[string][]byte{
		"port_sec_mac": lab.NewFrame(sw4.MAC, sw3.MAC, 0, lab.EtherIPv4, lab.NewIPv4(sw1.ip(0), sw4.ip(0), 64, lab.ProtoUDP, udp)),
		"port_sec_ip":  lab.NewFrame(sw4.MAC, sw1.MAC, 0, lab.EtherIPv4, lab.NewIPv4(other, sw4.ip(0), 64, lab.ProtoUDP, udp)),
		"port_sec_arp": lab.NewARP(allStations, 0, lab.ARPReply, sw1.MAC, other, sw4.MAC, sw4.ip(0)),
		"port_sec_nd":  lab.NewNA(topology.MAC{0x33, 0x33, 5: 1}, 0, sw1.MAC, other6, netip.MustParseAddr("ff02::1"), lab.NAOverride),
	} {
		before := g.dropped(reason) // a tap has said something with the MAC of its making
		g.send(sw1, frame)
		g.until(reason, func() error {
			if n := g.dropped(reason) - before; n == 0 {
				return fmt.Errorf("%d drops", n)
			}
			return nil
		})
	}
	// To an address that host1 does not have.
	g.send(sw4, lab.NewFrame(sw1.MAC, sw4.MAC, 0, lab.EtherIPv4, lab.NewIPv4(sw4.ip(0), other, 64, lab.ProtoUDP, udp)))
	g.until("port_sec_out_ip", func() error {
		if n := g.dropped("port_sec_out_ip"); n != 1 {
			return fmt.Errorf("%d drops", n)
		}
		return nil
	})
	for i := range families {
		g.ping(sw1, sw4.ip(i), 1).wantAll(g)
	}
	for _, f := range g.frames(heard) {
		p := lab.ParsePacket(f.Data)
		if p.Src != sw4.MAC && (bytes.Contains(f.Data, []byte("spoo")) || p.SrcIP == other || p.SrcIP == other6) {
			t.Errorf("it comes through: %v", p)
		}
	}
	for _, p := range show[[]api.SwitchPortLimits](g, "switch-ports") {
		if p.SwitchPort == "host1" && p.Security < 5 {
			t.Errorf("the port counts %d, want 5 at least", p.Security)
		}
	}
}

// TestMACMoves: a MAC that is heard at another port is there from then on, and forgotten
// when it is silent for long enough, or flushed.
func TestMACMoves(t *testing.T) {
	g := startSwitch(t, 2)
	g.attach(sw1, sw3, sw4)
	guest := mustMAC("02:00:00:00:00:77")
	at := func(port string, moves int) func() error {
		return func() error {
			var found string
			for _, e := range show[api.FDB](g, "fdb").Entries {
				if e.MAC == guest.String() {
					found = fmt.Sprintf("%s, %d moves", e.SwitchPort, e.Moves)
				}
			}
			want := ""
			if port != "" {
				want = fmt.Sprintf("%s, %d moves", port, moves)
			}
			if found != want {
				return fmt.Errorf("it is at %q, want %q", found, want)
			}
			return nil
		}
	}
	speak := func(from end) {
		g.send(from, lab.NewFrame(allStations, guest, 0, 0x88b5, []byte("here")))
	}
	reach := func(marker string) (by []string) {
		captures := map[string]*lab.Capture{}
		for _, e := range []end{sw3, sw4} {
			captures[e.name] = g.capture(e.name)
		}
		g.send(sw1, lab.NewFrame(guest, sw1.MAC, 0, 0x88b5, []byte(marker)))
		g.ping(sw1, sw3.ip(0), 1).wantAll(g)
		g.ping(sw1, sw4.ip(0), 1).wantAll(g)
		for _, e := range []end{sw3, sw4} {
			for _, f := range g.frames(captures[e.name]) {
				if bytes.Contains(f.Data, []byte(marker)) {
					by = append(by, e.name)
				}
			}
		}
		return by
	}
	speak(sw3)
	g.until("the MAC at host3", at("host3", 0))
	speak(sw4)
	g.until("the MAC at host4", at("host4", 1))
	g.until("it to be forgotten", at("", 0)) // after 2 s, or little more
	if by := reach("to whom is not known"); len(by) != 2 {
		t.Errorf("unknown unicast reaches %v, want both strangers", by)
	}
	// As long as it speaks it stays: the wait is for 4 s of frames, twice the threshold.
	speak(sw3)
	g.until("the MAC at host3 again", at("host3", 0))
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		speak(sw3)
	}
	g.must(at("host3", 0)())
	if by := reach("to whom is known"); len(by) != 1 || by[0] != sw3.name {
		t.Errorf("known unicast reaches %v, want %s", by, sw3.name)
	}
	speak(sw3)
	g.until("the MAC at host3", at("host3", 0))
	if out := g.cli("fdb", "flush", "--switch-port", "host3"); !strings.HasPrefix(out, "flushed ") {
		t.Errorf("fdb flush: %s", out)
	}
	g.until("it to be gone", at("", 0))
	if s := show[api.FDB](g, "fdb").Totals; s.Aged == 0 || s.Moves == 0 {
		t.Errorf("%+v", s)
	}
}

// TestStorm: a flood of broadcasts from one host costs the others nothing.
func TestStorm(t *testing.T) {
	g := startSwitch(t, 300)
	g.attach(sw1, sw3, sw4)
	heard := g.capture(sw4.name)
	done := make(chan int)
	go func() {
		n := 0
		for range 20 {
			n += g.sendMany(sw3, lab.NewFrame(allStations, sw3.MAC, 0, 0x88b5, []byte("storm")), 1000)
			time.Sleep(20 * time.Millisecond)
		}
		done <- n
	}()
	began := time.Now()
	g.ping(sw1, sw4.ip(0), 10).wantAll(g)
	g.ping(sw4, sw1.ip(1), 5).wantAll(g)
	sent := <-done
	most := 16 + 20*int(time.Since(began)/time.Second+2)
	got := 0
	for _, f := range g.frames(heard) {
		if bytes.Contains(f.Data, []byte("storm")) {
			got++
		}
	}
	if got == 0 || got > most {
		t.Errorf("%d of %d frames pass, want 1 to %d", got, sent, most)
	}
	for _, p := range show[[]api.SwitchPortLimits](g, "switch-ports") {
		if (p.SwitchPort == "host3") != (p.StormBroadcast > 0) {
			t.Errorf("%+v", p)
		}
	}
	if n := g.dropped("storm_broadcast"); n+uint64(got) > uint64(sent)+10 || n == 0 {
		t.Errorf("%d sent, %d pass, %d dropped", sent, got, n)
	}
}
