// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"strconv"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/bench/traffic"
)

// Cases returns all cases, in the order in which they run.
func Cases() []Case {
	return []Case{
		forwardIPv4(),
		forwardIPv6(),
		mixed(),
		packetSize(),
		flows(),
		distribution(),
		routesIPv4(),
		routesIPv6(),
		neighbors(),
		startUp(),
		routeUpdates(),
		ndr(),
		latency(),
		backToBack(),
		memif(),
		vhost(),
		ovn(),
		firstPacketOVN(),
		idle(),
		wakeUp(),
		firstPacket(),
		firstPacketAnswer(),
		cost(),
		parkDrain(),
		parkingCost(),
		pollGap(),
	}
}

// The systems of throughput cases.
var (
	parkway    = Contender{New: func(r *Runner) target.Target { return target.NewParkway(ours, r.Binary) }}
	baseline   = Contender{New: func(r *Runner) target.Target { return target.NewParkway(base, r.Against) }}
	testpmdIO  = Contender{New: func(*Runner) target.Target { return target.NewTestpmd("io") }}
	testpmdMAC = Contender{New: func(*Runner) target.Target { return target.NewTestpmd("mac") }}
)

// Names of references in results.
const (
	mac  = "testpmd mac"
	base = "base" // the binary of Options.Against
)

// standard is the scenario that others vary: 4,096 IPv4 flows of 64 octets over 16 routes
// by 16 gateways.
func standard(family target.Family) target.Scenario {
	return target.Scenario{Family: family, Sizes: traffic.Fixed(64), Flows: 4096, Spread: target.Uniform, Routes: 16, Neighbors: 16, Seed: 7,
		Warmup: warmup}
}

// label writes a count: 16, 4k, 1M. Powers of two are told in their own thousands.
func label(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return strconv.Itoa(n/1_000_000) + "M"
	case n >= 1024 && n%1024 == 0:
		return strconv.Itoa(n/1024) + "k"
	case n >= 1000 && n%1000 == 0:
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.Itoa(n)
}

// along makes positions: the standard scenario with one number of it set to each value.
func along(values []int, base target.Scenario, set func(*target.Scenario, int)) []Position {
	out := make([]Position, len(values))
	for i, v := range values {
		s := base
		set(&s, v)
		out[i] = Position{X: float64(v), Label: label(v), Scenario: s}
	}
	return out
}
