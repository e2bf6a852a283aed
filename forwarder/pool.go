// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"strings"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

const (
	poolCache = 256
	// tapDesc is the most that a net_tap rx queue gets: it takes that many mbufs for
	// good and reads one packet at a time all the same.
	tapDesc     = 64
	defaultDesc = 1024
)

// dataRoom is the buffer that frames of mtu need, headroom included.
func dataRoom(mtu uint16) uint {
	return max(dpdk.DefaultDataRoom, uint(mtu)+frameOverhead+dpdk.Headroom)
}

// rxDesc is how many descriptors a port's rx queues get; 0 leaves it to the driver.
func rxDesc(wanted uint16, driver string) uint16 {
	if isTap(driver) && (wanted == 0 || wanted > tapDesc) {
		return tapDesc
	}
	return wanted
}

func descriptors(wanted, driver uint16) int {
	switch {
	case wanted != 0:
		return int(wanted)
	case driver != 0:
		return int(driver)
	}
	return defaultDesc
}

// keepsMbufs reports whether a driver's queues hold mbufs of ours while nothing
// happens. Virtual devices that copy or hand on at once don't, but for net_tap's rx.
func keepsMbufs(driver string) (rx, tx bool) {
	switch driver {
	case "net_tap", "net_tun":
		return true, false
	case "net_null", "net_pcap", "net_ring", "net_memif", "net_vhost":
		return false, false
	}
	return true, true
}

// poolUse is who may hold how many mbufs besides park rings.
type poolUse struct {
	receive, transmit, caches, bursts int
}

func (u poolUse) total() int { return u.receive + u.transmit + u.caches + u.bursts }

func use(cfg *Config, ports []*port) poolUse {
	workers := len(cfg.Workers)
	var u poolUse
	for _, p := range ports {
		rx, tx := keepsMbufs(p.info.Driver)
		if rx {
			u.receive += int(p.queues.rx) * descriptors(rxDesc(cfg.RxDesc, p.info.Driver), p.info.RxDesc.Default)
		}
		if tx {
			u.transmit += int(p.queues.tx) * descriptors(cfg.TxDesc, p.info.TxDesc.Default)
		}
	}
	// A cache is flushed at 1.5 times its size. Control's thread may be an lcore too.
	u.caches = (workers + 1) * poolCache * 3 / 2
	u.bursts = workers * 4 * cgo.Burst // received, on their way out, and flood copies
	return u
}

// mayPark is the packets that all workers together may park by their own bounds.
func mayPark(cfg *Config) int {
	return len(cfg.Workers) * (cfg.Park.MaxPackets + cfg.Park.Gated.MaxPackets)
}

// parkLimit is the packets that may be parked over all workers, so that receiving
// never starves.
func parkLimit(cfg *Config, ports []*port) (limit int, err error) {
	u := use(cfg, ports)
	want := mayPark(cfg)
	rest := cfg.Mbufs - u.total()
	if least := len(cfg.Workers) * min(cfg.Park.PacketsPerNextHop, cfg.Park.MaxPackets); rest < least {
		var parts []string
		for _, p := range []struct {
			n    int
			what string
		}{{u.receive, "rx queues"}, {u.transmit, "tx queues"}, {u.caches, "mempool caches"}, {u.bursts, "bursts"}, {want, "parked packets"}} {
			if p.n > 0 {
				parts = append(parts, fmt.Sprintf("%d for %s", p.n, p.what))
			}
		}
		return 0, fmt.Errorf("pool: %d mbufs are too few; needed are %s; set Mbufs (dpdk.mbufs) to %d or more",
			cfg.Mbufs, strings.Join(parts, ", "), u.total()+want)
	}
	return min(want, rest), nil
}
