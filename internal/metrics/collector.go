// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"net/netip"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parkway-gw/parkway/internal/api"
)

const scrapeTimeout = 5 * time.Second // for one question to the Source

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("parkway_"+name, help, labels, nil)
}

var (
	buildInfo = desc("build_info", "1; the labels say what runs.", "version", "goversion")
	up        = desc("healthy", "1 when every worker polls and control answers.")

	portUp        = desc("port_up", "1 when the port's link is up.", "port")
	portRxPackets = desc("port_rx_packets_total", "Packets that the port received.", "port")
	portRxBytes   = desc("port_rx_bytes_total", "Octets that the port received.", "port")
	portRxMissed  = desc("port_rx_missed_total", "Packets that the port dropped because its queue was full.", "port")
	portRxNombuf  = desc("port_rx_nombuf_total", "Receptions that found no mbuf.", "port")
	portTxPackets = desc("port_tx_packets_total", "Packets that the port sent.", "port")
	portTxBytes   = desc("port_tx_bytes_total", "Octets that the port sent.", "port")
	portTxDropped = desc("port_tx_dropped_total", "Packets that found the port's transmit queue full; part of drops_total.", "port")

	rx         = desc("rx_packets_total", "Packets that workers received.")
	originated = desc("originated_packets_total", "Packets that the gateway made.")
	tx         = desc("tx_packets_total", "Packets that transmit queues accepted.")
	consumed   = desc("consumed_packets_total", "Packets that ended at control, which had use for them, or that were cut into fragments.")
	fragments  = desc("fragments_total", "Fragments that packets were cut into; part of originated_packets_total.")
	balance    = desc("balance_packets", "What the conservation law misses: 0 at rest.")
	drops      = desc("drops_total", "Packets freed without being sent, by reason.", "reason", "stage")

	coppDropped = desc("copp_dropped_total", "Packets and reports over the limit of a router port and CoPP protocol; packets are part of drops_total.", "router_port", "protocol")

	neighborEntries = desc("neighbor_entries", "Neighbors by state (RFC 4861).", "router_port", "family", "state")

	workerCycles  = desc("worker_cycles_total", "TSC cycles of the worker's polls: busy ones brought a packet.", "cpu", "state")
	workerPackets = desc("worker_packets_total", "Packets that the worker received.", "cpu")
	workerGap     = desc("worker_max_poll_gap_seconds", "The longest time between two polls, sleep excluded, since the worker started or the figure was reset.", "cpu")

	poolSize      = desc("mempool_size", "Packets that the pool has.", "pool")
	poolAvailable = desc("mempool_available", "Packets in the pool and its caches that nobody uses.", "pool")

	fdbEntries    = desc("fdb_learned_macs", "MACs that the switches have learned.")
	fdbRefused    = desc("fdb_not_learned_total", "MACs that were not learned: the table was full, or the port at its mac_limit.", "why")
	fdbMoves      = desc("fdb_moves_total", "Learned MACs that moved from one switch port to another.")
	fdbAged       = desc("fdb_aged_total", "Learned MACs that were forgotten because nobody heard them.")
	switchDrops   = desc("switch_port_drops_total", "Frames that a switch port's own limits have ended; part of drops_total.", "switch_port", "why")
	reloadsDone   = desc("config_reloads_total", "Times that the configuration was read again and put in force.")
	reloadsFailed = desc("config_reload_failed_total", "Times that it was refused, and nothing changed.")
	reloadOK      = desc("config_last_reload_successful", "0 when the last reload was refused.")
	configLoaded  = desc("config_loaded_timestamp_seconds", "When the configuration in force was read, in seconds since 1970.")

	apiRefused = desc("api_connections_refused_total", "API connections turned away because there were too many.")
)

// collector asks the Source whenever it is scraped. It is unchecked: which series
// there are depends on the configuration.
type collector struct {
	src     api.Source
	version string
	refused func() uint64
}

// Describe sends nothing, which makes the collector an unchecked one.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect asks the Source for everything. What it can't answer becomes an error of
// the scrape; the rest is still served.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	s := sink(out)
	s.gauge(buildInfo, 1, c.version, runtime.Version())
	s.gauge(up, truth(c.src.Health(ctx).OK()))
	s.counter(apiRefused, c.refused())
	gather(ctx, s, portUp, c.src.Ports, s.ports)
	gather(ctx, s, rx, c.src.Counters, s.counters)
	gather(ctx, s, drops, c.src.Drops, s.drops)
	gather(ctx, s, parkedTotal, c.src.Parked, s.parked)
	gather(ctx, s, resolutionsTotal, c.src.Resolutions, s.resolutions)
	gather(ctx, s, gateOpen, c.src.Gates, s.gates)
	gather(ctx, s, neighborEntries, c.src.Neighbors, s.neighbors)
	gather(ctx, s, workerCycles, c.src.Workers, s.workers)
	gather(ctx, s, stageCycles, c.src.Stages, s.stages)
	gather(ctx, s, reloadOK, c.src.Reloads, s.reloads)
	gather(ctx, s, poolSize, c.src.Pools, s.pools)
	gather(ctx, s, fdbEntries, c.src.FDBTotals, s.fdb)
	gather(ctx, s, switchDrops, c.src.SwitchPorts, s.switchPorts)
}

func gather[T any](ctx context.Context, s sink, d *prometheus.Desc, from func(context.Context) (T, error), to func(T)) {
	v, err := from(ctx)
	if err != nil {
		s <- prometheus.NewInvalidMetric(d, err)
		return
	}
	to(v)
}

type sink chan<- prometheus.Metric

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s sink) counter(d *prometheus.Desc, v uint64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (s sink) ports(ports []api.Port) {
	for _, p := range ports {
		if p.Link == "up" || p.Link == "down" { // else nobody knows
			s.gauge(portUp, truth(p.Link == "up"), p.Name)
		}
		s.counter(portRxPackets, p.RxPackets, p.Name)
		s.counter(portRxBytes, p.RxBytes, p.Name)
		s.counter(portRxMissed, p.RxMissed, p.Name)
		s.counter(portRxNombuf, p.RxNombuf, p.Name)
		s.counter(portTxPackets, p.TxPackets, p.Name)
		s.counter(portTxBytes, p.TxBytes, p.Name)
		s.counter(portTxDropped, p.TxDropped, p.Name)
	}
}

func (s sink) counters(c api.Counters) {
	s.counter(rx, c.Rx)
	s.counter(originated, c.Originated)
	s.counter(tx, c.Tx)
	s.counter(consumed, c.Consumed)
	s.counter(fragments, c.Fragments)
	for _, m := range c.CoPP {
		s.counter(coppDropped, m.Dropped, m.RouterPort, m.Protocol)
	}
	s.gauge(balance, float64(c.Balance))
}

func (s sink) drops(reasons []api.Drop) {
	for _, d := range reasons {
		s.counter(drops, d.Count, d.Reason, d.Stage)
	}
}

func (s sink) neighbors(neighbors []api.Neighbor) {
	type key struct {
		portFamily
		state string
	}
	entries := map[key]int{}
	for _, n := range neighbors {
		entries[key{portFamily{n.RouterPort, family(n.IP)}, n.State}]++
	}
	for k, n := range entries {
		s.gauge(neighborEntries, float64(n), k.port, k.family, k.state)
	}
}

func family(ip string) string {
	if a, err := netip.ParseAddr(ip); err == nil && a.Is4() {
		return "ipv4"
	}
	return "ipv6"
}

func (s sink) workers(workers []api.Worker) {
	for _, w := range workers {
		cpu := strconv.Itoa(w.CPU)
		s.counter(workerCycles, w.BusyCycles, cpu, "busy")
		s.counter(workerCycles, w.IdleCycles, cpu, "idle")
		s.counter(workerPackets, w.Packets, cpu)
		s.gauge(workerGap, w.MaxPollGapUS/1e6, cpu)
		s.load(w, cpu)
	}
}

func (s sink) reloads(r api.Reloads) {
	s.counter(reloadsDone, r.Done)
	s.counter(reloadsFailed, r.Failed)
	s.gauge(reloadOK, truth(r.LastOK))
	s.gauge(configLoaded, r.LoadedAt)
}

func (s sink) pools(pools []api.Pool) {
	for _, p := range pools {
		s.gauge(poolSize, float64(p.Size), p.Name)
		s.gauge(poolAvailable, float64(p.Available), p.Name)
	}
}

func (s sink) fdb(t api.FDBTotals) {
	s.gauge(fdbEntries, float64(t.Learned))
	s.counter(fdbRefused, t.Full, "full")
	s.counter(fdbRefused, t.Limited, "mac_limit")
	s.counter(fdbMoves, t.Moves)
	s.counter(fdbAged, t.Aged)
}

func (s sink) switchPorts(ports []api.SwitchPortLimits) {
	for _, p := range ports {
		s.counter(switchDrops, p.StormBroadcast, p.SwitchPort, "storm_broadcast")
		s.counter(switchDrops, p.StormMulticast, p.SwitchPort, "storm_multicast")
		s.counter(switchDrops, p.StormUnknownUnicast, p.SwitchPort, "storm_unknown_unicast")
		s.counter(switchDrops, p.Security, p.SwitchPort, "port_security")
	}
}
