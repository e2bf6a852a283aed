// SPDX-License-Identifier: Apache-2.0

package target

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// PMDStats is what OVS's polling threads have done, all of them together, since they
// started: `dpif-netdev/pmd-stats-show`. Each packet is found in one of the caches, in
// the order in which they are asked, or goes up to the slow path.
type PMDStats struct {
	Received uint64
	Simple   uint64 // simple match: a port whose flows look at no more than it knows
	EMC      uint64 // exact match cache
	SMC      uint64 // signature match cache
	Megaflow uint64 // the classifier, subtable by subtable
	Upcalls  uint64 // answered by the slow path
	Lost     uint64 // not answered: dropped

	Lookups float64 // subtables per megaflow hit
	Cycles  uint64  // busy ones
}

var (
	pmdLine    = regexp.MustCompile(`^\s+([a-z. ]+[a-z]): ([0-9.]+)`)
	portHeader = regexp.MustCompile(`^\s*port \d+: (\S+)`)
	txPackets  = regexp.MustCompile(`TX packets:(\d+)`)
)

// parsePMDStats reads `dpif-netdev/pmd-stats-show`; the main thread polls no device.
func parsePMDStats(text string) (PMDStats, error) {
	var s PMDStats
	var lookups, weight float64
	polling, threads := false, 0
	counters := map[string]*uint64{
		"packets received": &s.Received, "simple match hits": &s.Simple, "emc hits": &s.EMC, "smc hits": &s.SMC,
		"megaflow hits": &s.Megaflow, "miss with success upcall": &s.Upcalls, "miss with failed upcall": &s.Lost,
		"processing cycles": &s.Cycles,
	}
	seen := map[string]bool{}
	hits := uint64(0) // of this thread's megaflows
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, " ") {
			polling = strings.HasPrefix(line, "pmd thread")
			if polling {
				threads++
			}
			continue
		}
		m := pmdLine.FindStringSubmatch(line)
		if m == nil || !polling {
			continue
		}
		if m[1] == "avg. subtable lookups per megaflow hit" {
			v, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				return s, fmt.Errorf("pmd-stats-show: %w", err)
			}
			lookups, weight = lookups+v*float64(hits), weight+float64(hits)
			continue
		}
		to, known := counters[m[1]]
		if !known {
			continue
		}
		v, err := strconv.ParseUint(m[2], 10, 64)
		if err != nil {
			return s, fmt.Errorf("pmd-stats-show: %w", err)
		}
		seen[m[1]] = true
		*to += v
		if m[1] == "megaflow hits" {
			hits = v
		}
	}
	if threads == 0 {
		return s, fmt.Errorf("pmd-stats-show names no polling thread: %q", text)
	}
	// A thread that has not polled yet has no line of cycles.
	for name := range counters {
		if !seen[name] && name != "processing cycles" {
			return s, fmt.Errorf("pmd-stats-show has no line %q", name)
		}
	}
	if weight > 0 {
		s.Lookups = lookups / weight
	}
	return s, nil
}

// Since is what happened after an earlier reading; Lookups stay an average since the start.
func (s PMDStats) Since(before PMDStats) PMDStats {
	s.Received -= before.Received
	s.Simple -= before.Simple
	s.EMC -= before.EMC
	s.SMC -= before.SMC
	s.Megaflow -= before.Megaflow
	s.Upcalls -= before.Upcalls
	s.Lost -= before.Lost
	s.Cycles -= before.Cycles
	return s
}

// Share is a part of the lookups, in percent.
func (s PMDStats) Share(part uint64) float64 {
	all := s.Simple + s.EMC + s.SMC + s.Megaflow + s.Upcalls + s.Lost
	if all == 0 {
		return 0
	}
	return 100 * float64(part) / float64(all)
}

// parseTx reads how many packets a port of the datapath has sent (`dpctl/show -s`).
func parseTx(text, port string) (uint64, error) {
	within := false
	for line := range strings.Lines(text) {
		if m := portHeader.FindStringSubmatch(line); m != nil {
			within = m[1] == port
			continue
		}
		if !within {
			continue
		}
		if m := txPackets.FindStringSubmatch(line); m != nil {
			return strconv.ParseUint(m[1], 10, 64)
		}
	}
	return 0, fmt.Errorf("dpctl/show names no sent packets of port %s: %q", port, text)
}
