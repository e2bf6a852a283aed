// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"slices"

	"github.com/parkway-gw/parkway/dpdk"
)

// wakes tells drivers whose receive queues can wake a worker: their file descriptor is
// readable as long as there are packets, with nothing to arm. Of DPDK 22.11's these are
// the taps. net_memif has interrupts but tells nobody its file descriptors, and those of
// NICs have to be armed, which nothing here could try out; net_pcap, net_ring and
// net_null have none.
func wakes(driver string) bool { return isTap(driver) }

// watchQueues has receive queues wake their adaptive workers. The ports are started, the
// workers not. A worker with a queue that can't looks after it by the clock, as often as
// MaxSleep says.
func (f *Forwarder) watchQueues() {
	if !f.cfg.Adaptive {
		return
	}
	byID := map[dpdk.PortID]*port{}
	for _, p := range f.res.ports {
		byID[p.id] = p
	}
	for _, w := range f.workers {
		var clocked []string
		for _, q := range w.w.RxQueues() {
			p := byID[q.Port]
			if wakes(p.info.Driver) {
				fd, err := p.id.RxInterrupt(q.Queue)
				if err == nil {
					err = w.w.Watch(fd)
				}
				if err == nil {
					continue
				}
				f.log.Warn("port can't wake its worker", "port", p.cfg.Name, "device", p.info.Device, "error", err)
			}
			clocked = append(clocked, p.cfg.Name)
		}
		if len(clocked) > 0 {
			slices.Sort(clocked)
			f.log.Debug("an idle worker looks at ports by the clock, for they can't wake it", "worker", w.w.Index(),
				"ports", slices.Compact(clocked), "max_sleep", f.cfg.MaxSleep)
		}
	}
}
