// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include <stdlib.h>
#include <rte_eth_ring.h>
#include "shim_port.h"
*/
import "C"

import (
	"fmt"
	"syscall"
	"unsafe"
)

// NewRingPort makes a port of rings (rte_eth_from_rings, driver net_ring): each
// ring of rx is a receive queue, each of tx a transmit queue; 1 to 16 of
// each. The rings are borrowed until the port is closed; what is left in them
// then stays in them. Configure the port with as many queues as it has rings;
// its device is called "net_ring_" and the name.
func NewRingPort(name string, rx, tx []*Ring) (PortID, error) {
	const fn = "rte_eth_from_rings"
	object := fmt.Sprintf("%s, %d rx + %d tx rings", name, len(rx), len(tx))
	if err := running(fn, object); err != nil {
		return 0, err
	}
	if len(rx) == 0 || len(tx) == 0 || len(rx) > C.RTE_PMD_RING_MAX_RX_RINGS || len(tx) > C.RTE_PMD_RING_MAX_TX_RINGS {
		return 0, refused(fn, object, syscall.EINVAL, fmt.Sprintf("a ring port has 1 to %d rx and 1 to %d tx rings",
			C.RTE_PMD_RING_MAX_RX_RINGS, C.RTE_PMD_RING_MAX_TX_RINGS))
	}
	rings := make([]*C.struct_rte_ring, 0, 2*C.RTE_PMD_RING_MAX_RX_RINGS+1)
	for _, r := range rx {
		rings = append(rings, r.c)
	}
	for _, r := range tx {
		rings = append(rings, r.c)
	}
	rings = append(rings, nil) // so that &rings[len(rx)] exists
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	mark := markLog()
	ret := C.pw_port_from_rings(cName, &rings[0], C.uint(len(rx)), &rings[len(rx)], C.uint(len(tx)), 0)
	if ret < 0 {
		return 0, failed(fn, object, errnoOf(ret), mark, "")
	}
	return PortID(ret), nil
}
