// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// queues is how many queues a port gets. Worker w sends by queue w; control, where
// it has a queue of its own, by the one after the workers'.
type queues struct {
	rx, tx  uint16
	control bool
}

// isTap tells drivers whose receive and transmit queues come in pairs.
func isTap(driver string) bool { return driver == "net_tap" || driver == "net_tun" }

// peerHasQueues tells drivers whose queues exist only as far as the other side has them,
// which is not known when the port is set up: it may connect later, and come back with
// others.
func peerHasQueues(driver string) bool { return driver == "net_memif" || driver == "net_vhost" }

// planQueues fits queues to what the port offers. note says what became of a wish
// that could not be met.
func planQueues(name string, info *dpdk.PortInfo, wanted, workers int) (q queues, note string, err error) {
	maxRx, maxTx := int(info.MaxRxQueues), int(info.MaxTxQueues)
	if isTap(info.Driver) {
		// No queue of its own for control: with more queues than workers, the kernel
		// moves a flow to the queue that was last written to for it, and the flow's
		// start arrives out of order (ADR-0006).
		maxTx = min(maxTx, maxRx, workers)
	}
	if peerHasQueues(info.Driver) {
		// No queue of its own for control, so that a peer with as many queues as there are
		// workers is enough. What goes into a queue that the peer lacks is lost with
		// net_vhost, and with net_memif written over packets of the first queue (DPDK 22.11
		// takes a queue that was never connected for one at offset 0).
		maxTx = min(maxTx, workers)
	}
	if maxTx < workers {
		return q, "", fmt.Errorf("port %q (%s): it offers %d tx queues, and each of %d workers needs one; run %d workers at most, or give the port more queues",
			name, info.Device, maxTx, workers, maxTx)
	}
	if maxRx < 1 {
		return q, "", fmt.Errorf("port %q (%s): it offers no rx queue", name, info.Device)
	}
	tx := min(maxTx, workers+1)
	q = queues{tx: uint16(tx), control: tx > workers}
	rx := wanted
	if rx == 0 {
		rx = workers
	}
	if isTap(info.Driver) {
		rx = tx
	}
	q.rx = uint16(min(rx, maxRx))
	if wanted > maxRx {
		note = fmt.Sprintf("%d rx queues are wanted, the port offers %d", wanted, maxRx)
	}
	return q, note, nil
}

// assignQueues spreads the ports' receive queues over the workers: queue q of port i
// goes to worker (i+q) mod n, so that neither ports nor queues pile up on one.
func assignQueues(ports []*port, workers int) [][]cgo.RxQueue {
	out := make([][]cgo.RxQueue, workers)
	for i, p := range ports {
		for q := range p.queues.rx {
			w := (i + int(q)) % workers
			out[w] = append(out[w], cgo.RxQueue{Port: p.id, Queue: q})
		}
	}
	return out
}
