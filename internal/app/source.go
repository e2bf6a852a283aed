// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
)

// source answers the API and the scrapes from the running parts. Its servers start
// after the parts and stop before them, so there is always somebody to ask.
type source struct {
	gateway *gateway
	f       *forwarder.Forwarder
	r       *arpbuf.Resolver
	health  *monitor
	links   *linkWatch
}

var _ api.Source = (*source)(nil)

// Health says what the monitor saw last.
func (s *source) Health(context.Context) api.Health {
	g := s.gateway
	h := api.Health{
		Status: api.StatusOK, Problems: s.health.failing(), Version: g.version, Name: g.cfg.System.Name,
		PID: os.Getpid(), UptimeSeconds: time.Since(g.started).Seconds(),
	}
	if len(h.Problems) > 0 {
		h.Status = api.StatusFailing
	}
	return h
}

// Ports reads the ports' counters.
func (s *source) Ports(context.Context) ([]api.Port, error) {
	var out []api.Port
	for _, p := range s.f.PortStatus() {
		out = append(out, api.Port{
			Name: p.Name, Device: p.Device, Link: string(p.Link), MAC: p.MAC.String(), MTU: int(p.MTU),
			RxPackets: p.RxPackets, RxBytes: p.RxBytes, RxMissed: p.RxMissed, RxNombuf: p.RxNoMbuf,
			TxPackets: p.TxPackets, TxBytes: p.TxBytes, TxDropped: p.TxDropped,
		})
	}
	return out, nil
}

// Neighbors copies the neighbor table.
func (s *source) Neighbors(context.Context) ([]api.Neighbor, error) {
	var out []api.Neighbor
	for _, n := range s.r.Neighbors() {
		out = append(out, api.Neighbor{
			Router: n.Router, RouterPort: n.RouterPort, IP: n.IP.String(), MAC: macText(n.MAC), State: n.State,
			AgeSeconds: n.Age.Seconds(), Origin: n.Origin, Flapping: n.Flapping,
		})
	}
	return out, nil
}

// Workers reads the workers' load.
func (s *source) Workers(context.Context) ([]api.Worker, error) {
	var out []api.Worker
	for _, w := range s.f.Workers() {
		one := api.Worker{
			Lcore: w.Lcore, CPU: w.CPU, BusyCycles: w.BusyCycles, IdleCycles: w.IdleCycles, Packets: w.Packets,
			CyclesPerPacket: w.CyclesPerPacket, MaxPollGapUS: float64(w.MaxPollGap) / float64(time.Microsecond),
			PollGaps: viewPollGaps(w.PollGaps), BurstSizes: viewBurstSizes(w.BurstSizes),
		}
		for _, q := range w.RxQueues {
			one.RxQueues = append(one.RxQueues, api.RxQueue{Port: q.Port, Queue: int(q.Queue)})
		}
		out = append(out, one)
	}
	return out, nil
}

// Counters sums up the workers' counters and control's.
func (s *source) Counters(context.Context) (api.Counters, error) {
	c := s.f.Counters()
	out := api.Counters{
		Rx: c.Rx, Originated: c.Originated, Tx: c.Tx, Consumed: c.Consumed, Parked: uint64(max(0, c.ParkedNow())),
		Drops: map[string]uint64{}, Balance: c.Balance(), Fragments: c.Fragments, CoPP: s.copp(),
	}
	for i, reason := range forwarder.DropReasons() {
		out.Drops[reason.Name] = c.Drops[i]
	}
	return out, nil
}

// Drops describes every reason.
func (s *source) Drops(context.Context) ([]api.Drop, error) {
	c := s.f.Counters()
	var out []api.Drop
	for i, d := range forwarder.DropReasons() {
		out = append(out, api.Drop{Reason: d.Name, Stage: d.Stage, Count: c.Drops[i], What: d.What, Remedy: d.Remedy})
	}
	return out, nil
}

// Pools reads the packet pool.
func (s *source) Pools(context.Context) ([]api.Pool, error) {
	p := s.f.PoolStatus()
	return []api.Pool{{Name: "mbufs", Size: uint64(p.Mbufs), Available: uint64(max(0, p.Mbufs-p.InUse))}}, nil
}

// Config shows what is in force.
func (s *source) Config(context.Context) (api.Config, error) {
	return viewConfig(s.gateway.config()), nil
}

// FlushNeighbors forgets what was learned.
func (s *source) FlushNeighbors(ctx context.Context, req api.FlushRequest) (int, error) {
	filter := arpbuf.Filter{RouterPort: req.RouterPort}
	if req.IP != "" {
		var err error
		if filter.IP, err = parseIP(req.IP); err != nil {
			return 0, err
		}
	}
	if req.RouterPort != "" && !s.hasRouterPort(req.RouterPort) {
		return 0, fmt.Errorf("%w: there is no router port %q; `parkway show` lists them", api.ErrBadRequest, req.RouterPort)
	}
	n, err := s.r.Flush(ctx, filter)
	if err != nil {
		return 0, err
	}
	s.gateway.log.Info("neighbors flushed", "router_port", req.RouterPort, "ip", req.IP, "flushed", n)
	return n, nil
}

func (s *source) hasRouterPort(name string) bool {
	for _, p := range s.f.RouterPorts() {
		if p.Port.Name == name && name != "" {
			return true
		}
	}
	return false
}
