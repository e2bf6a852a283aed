// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

const (
	defaultCases   = 12000
	defaultPackets = 300 // per network
)

var eal *dpdk.EAL

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run gives the EAL room for the tables of three routers with all their route tables.
func run(m *testing.M) int {
	var log dpdktest.Log
	cfg := dpdktest.Config()
	cfg.MemorySize, cfg.Logger = 1536<<20, log.Logger()
	var err error
	if eal, err = dpdk.Start(cfg); err != nil {
		fmt.Fprintf(os.Stderr, "no EAL, no tests: %v\n%s", err, log.String())
		return 1
	}
	status := m.Run()
	if err := eal.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// number reads a variable of the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// The same packets through Parkway and through Linux.
func TestBesideLinux(t *testing.T) {
	seed := number(t, "PARKWAY_SEED", uint64(time.Now().UnixNano())%1e9)
	cases, packets := number(t, "PARKWAY_CASES", defaultCases), number(t, "PARKWAY_PACKETS", defaultPackets)
	only, networks := number(t, "PARKWAY_NETWORK", 1<<32), (cases+packets-1)/packets
	t.Logf("seed %d: %d networks, %d packets each", seed, networks, packets)
	counts, done, bad := map[string]int{}, 0, 0
	for n := range networks {
		if only != 1<<32 && n != only {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			for _, v := range compare(t, generate(seed, int(n), int(packets))) {
				done++
				names, ok := v.judge(differences)
				for _, name := range names {
					counts[name]++
				}
				if !ok {
					if bad++; bad <= 10 {
						t.Error(v.report())
					}
				}
			}
		})
	}
	var b strings.Builder
	for _, d := range differences {
		fmt.Fprintf(&b, "\n  %s: %d cases", d.name, counts[d.name])
		if counts[d.name] == 0 && cases >= defaultCases && only == 1<<32 {
			b.WriteString(" (WARNING: does it still occur?)")
		}
	}
	t.Logf("seed %d: %d cases; differences:%s", seed, done, b.String())
	if bad > 0 {
		t.Errorf("%d of %d cases differ without a reason", bad, done)
	}
}

// compare runs a scenario on both sides.
func compare(t *testing.T, s *scenario) (all []*verdict) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	bindings := s.bindings()
	l, g := newLinux(ctx, t, s, bindings), newParkway(t, eal, s, bindings)
	sort := func(got []seen, err error) map[uint16]*outcome {
		t.Helper()
		if err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		result, err := outcomes(s, got)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	got, reasons, err := g.run(1)
	alone := sort(got, err)
	got, _, err = g.run(64)
	together := sort(got, err)
	linux := sort(l.run())
	unreachables := map[netip.Addr]int{}
	for _, p := range s.packets {
		if a, b := alone[p.id].String(), together[p.id].String(); a != b {
			t.Errorf("%v: packet %d does alone: %s\nand in a burst: %s\n", s, p.id, a, b)
		}
		v := &verdict{s: s, p: p, parkway: *alone[p.id], linux: *linux[p.id], reason: reasons[p.id]}
		v.src, v.dst, _ = addresses(p.frame)
		v.unreachables = unreachables[v.src]
		if v.mayBeUnreachable() { // asked for, sent or not
			unreachables[v.src]++
		}
		all = append(all, v)
	}
	return slices.Clip(all)
}
