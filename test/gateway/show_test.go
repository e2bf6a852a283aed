// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/lab"
)

// parkedView is what other tools read out of `show parked -o json`.
type parkedView struct {
	NextHops []struct {
		RouterPort    string `json:"router_port"`
		IP            string
		Worker        int
		Packets       int
		OldestSeconds float64 `json:"oldest_seconds"`
		WaitingFor    string  `json:"waiting_for"`
	} `json:"next_hops"`
	Totals struct {
		Parked, Drained, Evicted, Expired, Failed, Discarded, Rejected int
		InRing                                                         int `json:"in_ring"`
	}
}

type neighborView struct {
	Router     string
	RouterPort string `json:"router_port"`
	IP, MAC    string
	State      string
	AgeSeconds float64 `json:"age_seconds"`
	Origin     string
}

func neighborOf(list []neighborView, ip netip.Addr) neighborView {
	for _, n := range list {
		if n.IP == ip.String() {
			return n
		}
	}
	return neighborView{}
}

// The fields that other tools rely on, by their kind.
const (
	neighborFields = "router:string router_port:string ip:string mac:string state:string age_seconds:number origin:string"
	nextHopFields  = "router_port:string ip:string worker:number packets:number oldest_seconds:number waiting_for:string"
	totalsFields   = "parked:number drained:number evicted:number expired:number failed:number discarded:number rejected:number in_ring:number"
	counterFields  = "rx:number originated:number tx:number consumed:number parked:number drops:object balance:number"
	workerFields   = "lcore:number busy_cycles:number idle_cycles:number packets:number cycles_per_packet:number max_poll_gap_us:number rx_queues:list poll_gaps:object burst_sizes:list"
	portFields     = "name:string device:string link:string mac:string mtu:number rx_packets:number rx_bytes:number rx_missed:number rx_nombuf:number tx_packets:number tx_bytes:number tx_dropped:number"
)

// TestShow: what the tables say while packets wait, and after.
func TestShow(t *testing.T) {
	const waiting = 5 // packets per next hop
	ips := onExt(50)
	// Patient enough for the commands of a busy machine.
	g, nb := startScripted(t, lab.NeighborConfig{MAC: neighborMAC, IPs: map[netip.Addr]lab.Script{ips[0]: lab.Never, ips[1]: lab.Never}},
		"max_age: 3s ", "max_age: 90s ", "mcast_solicit: 3", "mcast_solicit: 90")
	before := portsByName(g) // what was flooded to a tap before it was up is dropped
	for _, ip := range ips {
		conn := dialIn[*net.UDPConn](g, g.ctx, pc1, "udp", netip.AddrPortFrom(ip, 9).String())
		for range waiting {
			_, err := conn.Write([]byte("patience"))
			g.must(err)
		}
		conn.Close()
	}
	var parked parkedView
	g.must(lab.Wait(g.ctx, "the packets to be parked", func() error {
		if parked = show[parkedView](g, "parked"); parked.Totals.InRing != 2*waiting {
			return fmt.Errorf("%+v", parked)
		}
		return nil
	}))
	if len(parked.NextHops) != 2 || parked.Totals.Parked != 2*waiting || parked.Totals.Drained != 0 {
		t.Errorf("show parked: %+v, want two next hops with %d packets each", parked, waiting)
	}
	for i, n := range parked.NextHops { // IPv4 first
		if n.RouterPort != "lr0-ext" || n.IP != ips[i].String() || n.Worker != 0 || n.Packets != waiting ||
			n.OldestSeconds <= 0 || n.OldestSeconds > 90 || n.WaitingFor != []string{"arp", "nd"}[i] {
			t.Errorf("show parked: %+v", n)
		}
	}
	raw := show[map[string]any](g, "parked")
	g.wantFields("show parked", raw, "next_hops:list totals:object")
	g.wantFields("show parked", raw["totals"], totalsFields)
	g.wantRows("show parked", raw["next_hops"], 2, nextHopFields)

	neighbors := show[[]neighborView](g, "neighbors")
	for _, ip := range ips {
		if n := neighborOf(neighbors, ip); n.Router != "lr0" || n.RouterPort != "lr0-ext" || n.State != "INCOMPLETE" || n.MAC != "" || n.AgeSeconds < 0 {
			t.Errorf("show neighbors: %s is %+v", ip, n)
		}
	}
	for i := range families {
		if n := neighborOf(neighbors, pc1.ip(i)); n.RouterPort != "lrp1" || n.State != "PERMANENT" || n.MAC != pc1.MAC.String() || n.Origin != "static" {
			t.Errorf("show neighbors: PC1 is %+v", n)
		}
	}
	g.wantRows("show neighbors", show[any](g, "neighbors"), 10, neighborFields)
	g.must(lab.Wait(g.ctx, "counters that balance while packets wait", func() error { // probes go on meanwhile
		counters := show[map[string]any](g, "counters")
		g.wantFields("show counters", counters, counterFields)
		if counters["parked"] != float64(2*waiting) || counters["balance"] != 0.0 {
			return fmt.Errorf("while %d packets wait: %v", 2*waiting, counters)
		}
		return nil
	}))
	if text := g.cli("show"); !strings.Contains(text, "router lr0") || !strings.Contains(text, "parked: ") {
		t.Errorf("show does not tell what waits:\n%s", text)
	}

	for _, ip := range ips {
		g.must(nb.Send(reply(neighborMAC, ip)))
	}
	_, err := nb.WaitSeen(g.ctx, "the packets to leave", 2*waiting, func(r lab.Recorded) bool { return r.Proto == lab.ProtoUDP && r.Dst == neighborMAC })
	g.must(err)
	g.must(lab.Wait(g.ctx, "nothing to be parked", func() error {
		if parked = show[parkedView](g, "parked"); parked.Totals.InRing != 0 || len(parked.NextHops) != 0 {
			return errors.New("something is left")
		}
		return nil
	}))
	if parked.Totals.Parked != 2*waiting || parked.Totals.Drained != 2*waiting {
		t.Errorf("show parked, after: %+v", parked)
	}
	neighbors = show[[]neighborView](g, "neighbors")
	for i, ip := range ips {
		if n := neighborOf(neighbors, ip); n.State != "REACHABLE" || n.MAC != neighborMAC.String() || n.Origin != []string{"arp", "nd"}[i] || n.AgeSeconds < 0 || n.AgeSeconds > 60 {
			t.Errorf("show neighbors: %s is %+v, want REACHABLE", ip, n)
		}
	}
	g.wantTraffic(before)
}

func portsByName(g *gateway) map[string]map[string]any {
	g.Helper()
	ports := map[string]map[string]any{}
	for _, p := range show[[]map[string]any](g, "ports") {
		ports[p["name"].(string)] = p
	}
	return ports
}

// wantTraffic looks at ports and workers after traffic from PC1 to PC-EXT.
func (g *gateway) wantTraffic(before map[string]map[string]any) {
	g.Helper()
	g.wantRows("show ports", show[any](g, "ports"), len(article), portFields)
	g.wantRows("show workers", show[any](g, "workers"), 1, workerFields)
	ports := portsByName(g)
	for name, p := range ports {
		if !strings.HasPrefix(p["device"].(string), "net_tap") || p["mtu"] != 1500.0 || p["rx_missed"] != 0.0 || p["rx_nombuf"] != 0.0 || p["tx_dropped"] != before[name]["tx_dropped"] {
			g.Errorf("show ports: %v", p)
		}
	}
	for name, field := range map[string]string{"p-vm1": "rx", "p-ext": "tx"} {
		n, octets := ports[name][field+"_packets"], ports[name][field+"_bytes"]
		if n == nil || n.(float64) < 10 || octets.(float64) < n.(float64)*42 {
			g.Errorf("show ports: %s has %s_packets %v and %s_bytes %v", name, field, n, field, octets)
		}
	}
	for _, w := range show[[]map[string]any](g, "workers") {
		if w["packets"].(float64) < 10 || w["busy_cycles"].(float64) <= 0 || w["idle_cycles"].(float64) <= 0 || w["cycles_per_packet"].(float64) <= 0 ||
			w["max_poll_gap_us"].(float64) <= 0 || len(w["rx_queues"].([]any)) < len(article) {
			g.Errorf("show workers: %v", w)
		}
	}
}

// wantRows asserts that a table has at least n rows with these fields.
func (g *gateway) wantRows(what string, table any, n int, fields string) {
	g.Helper()
	rows, ok := table.([]any)
	if !ok || len(rows) < n {
		g.Errorf("%s: %d rows, want at least %d: %v", what, len(rows), n, table)
	}
	for _, row := range rows {
		g.wantFields(what, row, fields)
	}
}

// wantFields asserts that an object has fields of these kinds. It may have more.
func (g *gateway) wantFields(what string, object any, fields string) {
	g.Helper()
	o, ok := object.(map[string]any)
	if !ok {
		g.Errorf("%s: %v is no object", what, object)
	}
	for field := range strings.FieldsSeq(fields) {
		name, want, _ := strings.Cut(field, ":")
		got := map[bool]string{true: "absent"}[o[name] == nil]
		switch o[name].(type) {
		case string:
			got = "string"
		case float64:
			got = "number"
		case []any:
			got = "list"
		case map[string]any:
			got = "object"
		}
		if got != want {
			g.Errorf("%s: field %s is %s, want %s: %v", what, name, got, want, o)
		}
	}
}
