// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// WorkerStatus is a worker's load since its start. Cycles are TSC cycles.
type WorkerStatus struct {
	Index           int
	CPU             int
	Lcore           int // DPDK's id; -1 before Start
	Polls           uint64
	BusyCycles      uint64 // of polls that handled a packet
	IdleCycles      uint64 // of those that did not, sleep included
	Packets         uint64 // received
	CyclesPerPacket float64
	MaxPollGap      time.Duration // longest time between the ends of two polls, sleep excluded, since ResetPollGap
	RxQueues        []RxQueue
	Counters        Counters // of the packets that it received or made

	PollGaps    PollGaps
	BurstSizes  []BurstBucket // non-empty receive bursts, by Most, cumulative
	SampleEvery int           // what SampleStages was told
	Measured    uint64        // polls that Stages are about; empty ones do not count
	Interrupted uint64        // measured polls of over 1 ms, which are left out: the kernel had the CPU
	Stages      []StageCost   // since SampleStages, in pipeline order
}

// RxQueue is a receive queue that a worker polls.
type RxQueue struct {
	Port  string
	Queue uint16
}

// LinkState is the state of a port's link.
type LinkState string

const (
	LinkUp   LinkState = "up"
	LinkDown LinkState = "down"
	// LinkUnknown is that of a kernel interface (net_tap) that was moved to another
	// network namespace, out of its driver's sight. Packets pass all the same.
	LinkUnknown LinkState = "unknown"
)

// PortStatus is a port as DPDK sees it.
type PortStatus struct {
	Name        string
	Device      string
	Driver      string
	IfaceID     string
	NetworkName string
	Link        LinkState
	SpeedMbps   uint32 // 0: none; ^uint32(0): unknown
	MAC         MAC
	MTU         uint16
	RxQueues    int
	TxQueues    int
	RxPackets   uint64
	RxBytes     uint64
	RxMissed    uint64
	RxNoMbuf    uint64
	TxPackets   uint64
	TxBytes     uint64
	TxDropped   uint64 // found the transmit queue full; counted as tx_full
}

// PoolStatus is the state of the packet pool.
type PoolStatus struct {
	Mbufs int
	InUse int
}

// final is what readers get after Stop.
type final struct {
	counters Counters
	control  Counters
	workers  []WorkerStatus
	ports    []PortStatus
	copp     []CoPPStatus
	tscHz    uint64
}

func (f *Forwarder) lastReading() *final {
	return &final{counters: f.res.dp.Counters(), control: f.res.dp.ControlCounters(), workers: f.readWorkers(),
		ports: f.readPorts(), copp: f.readCoPP(), tscHz: f.res.dp.TSCHz()}
}

// Counters returns the sum over workers and control; exact once traffic rests.
func (f *Forwarder) Counters() Counters {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final != nil {
		return f.final.counters
	}
	return f.res.dp.Counters()
}

// ControlCounters returns the packets that control made on its own account.
func (f *Forwarder) ControlCounters() Counters {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final != nil {
		return f.final.control
	}
	return f.res.dp.ControlCounters()
}

// Workers returns the workers' load, in order of their index.
func (f *Forwarder) Workers() []WorkerStatus {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final != nil {
		return f.final.workers
	}
	return f.readWorkers()
}

func (f *Forwarder) readWorkers() []WorkerStatus {
	names := map[uint16]string{}
	for _, p := range f.res.ports {
		names[uint16(p.id)] = p.cfg.Name
	}
	hz := float64(f.res.dp.TSCHz())
	var out []WorkerStatus
	for _, w := range f.workers {
		s := w.w.Stats()
		one := WorkerStatus{Index: w.w.Index(), CPU: w.cpu, Lcore: int(w.lcore.Load()), Polls: s.Heartbeat,
			BusyCycles: s.BusyCycles, IdleCycles: s.IdleCycles, Packets: s.Packets,
			MaxPollGap: time.Duration(float64(s.MaxGap) / hz * 1e9), Counters: w.w.Counters(),
			PollGaps: pollGaps(&s.Load, hz), BurstSizes: burstSizes(&s.Load), SampleEvery: w.w.SampleEvery()}
		cost := w.w.Cost()
		one.Measured, one.Interrupted, one.Stages = cost.Polls, cost.Interrupted, stageCosts(&cost)
		if s.Packets > 0 {
			one.CyclesPerPacket = float64(s.BusyCycles) / float64(s.Packets)
		}
		for _, q := range w.w.RxQueues() {
			one.RxQueues = append(one.RxQueues, RxQueue{names[uint16(q.Port)], q.Queue})
		}
		out = append(out, one)
	}
	return out
}

// PortStatus returns the ports in the order of Config.Ports.
func (f *Forwarder) PortStatus() []PortStatus {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final != nil {
		return f.final.ports
	}
	return f.readPorts()
}

func (f *Forwarder) readPorts() []PortStatus {
	var out []PortStatus
	counters := f.res.dp.Counters()
	for _, p := range f.res.ports {
		s := PortStatus{Name: p.cfg.Name, Device: p.info.Device, Driver: p.info.Driver, IfaceID: p.cfg.IfaceID,
			NetworkName: p.cfg.NetworkName, MAC: p.mac, MTU: p.setup.MTU, RxQueues: int(p.queues.rx), TxQueues: int(p.queues.tx),
			TxDropped: counters.PortTxDropped[p.id]}
		// What a driver can't tell stays zero: that is its state, not our error.
		s.Link, s.SpeedMbps = p.link()
		if st, err := p.id.Stats(); err == nil {
			s.RxPackets, s.RxBytes, s.RxMissed, s.RxNoMbuf = st.RxPackets, st.RxBytes, st.RxMissed, st.RxNoMbuf
			s.TxPackets, s.TxBytes = st.TxPackets, st.TxBytes
		}
		out = append(out, s)
	}
	return out
}

// Links returns the state of every port's link, by the port's name. It reads no
// statistics, so it may be called often. Empty after Stop.
func (f *Forwarder) Links() map[string]LinkState {
	f.mu.RLock()
	defer f.mu.RUnlock()
	out := map[string]LinkState{}
	if f.final != nil {
		return out
	}
	for _, p := range f.res.ports {
		out[p.cfg.Name], _ = p.link()
	}
	return out
}

// link asks the driver, but not net_tap for an interface that it can't see: it would
// log an error at every reading and say down.
func (p *port) link() (state LinkState, mbps uint32) {
	if isTap(p.info.Driver) {
		if _, err := net.InterfaceByIndex(int(p.info.IfIndex)); err != nil {
			return LinkUnknown, 0
		}
	}
	link, err := p.id.Link()
	switch {
	case err != nil:
		return LinkUnknown, 0
	case link.Up:
		return LinkUp, link.SpeedMbps
	}
	return LinkDown, link.SpeedMbps
}

// PoolStatus returns the pool's figures; an estimate while packets move.
func (f *Forwarder) PoolStatus() PoolStatus {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final != nil {
		return PoolStatus{Mbufs: f.cfg.Mbufs}
	}
	return PoolStatus{Mbufs: int(f.res.pool.Size()), InUse: int(f.res.pool.InUse())}
}

// TSCHz returns the frequency of the counter behind all cycle figures.
func (f *Forwarder) TSCHz() uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final != nil {
		return f.final.tscHz
	}
	return f.res.dp.TSCHz()
}

// TSC reads that counter.
func TSC() uint64 { return cgo.TSC() }
