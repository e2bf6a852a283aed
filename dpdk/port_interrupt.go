// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include "shim_port.h"
*/
import "C"

import (
	"fmt"
	"syscall"
)

// RxInterrupt returns a file descriptor that is readable as long as the receive queue has
// packets (rte_eth_dev_rx_intr_ctl_q_get_fd). The port keeps it, until Close. The port was
// configured with RxInterrupts and is started. ENOTSUP: the driver has none; DPDK then
// writes so into its log. Drivers that want interrupts armed one by one, as most NICs do,
// are none of those that this is for.
func (p PortID) RxInterrupt(queue uint16) (fd int, err error) {
	const fn = "rte_eth_dev_rx_intr_ctl_q_get_fd"
	object := fmt.Sprintf("%s, rx queue %d", p, queue)
	if err := running(fn, object); err != nil {
		return -1, err
	}
	mark := markLog()
	if fd = int(C.rte_eth_dev_rx_intr_ctl_q_get_fd(C.uint16_t(p), C.uint16_t(queue))); fd < 0 {
		return -1, failed(fn, object, syscall.ENOTSUP, mark, "")
	}
	return fd, nil
}
