// SPDX-License-Identifier: Apache-2.0

package target

import (
	"os"
	"strings"
	"testing"
)

func ovnFixture(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/ovn/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPMDStats(t *testing.T) {
	text := ovnFixture(t, "pmd-stats-show.txt")
	one := PMDStats{Received: 9408672, Simple: 91211, EMC: 8601047, SMC: 12, Megaflow: 715908, Upcalls: 17, Lost: 457, Lookups: 1.25, Cycles: 7975208646}
	got, err := parsePMDStats(text)
	if err != nil || got != one {
		t.Errorf("one thread: %+v, %v; want %+v", got, err, one)
	}
	// Threads add up, but for an average; the main thread polls nothing.
	second := strings.ReplaceAll(text[:strings.Index(text, "main thread")], "1.25", "3.25")
	two := PMDStats{Received: 2 * 9408672, Simple: 2 * 91211, EMC: 2 * 8601047, SMC: 24, Megaflow: 2 * 715908, Upcalls: 34, Lost: 914, Lookups: 2.25, Cycles: 2 * 7975208646}
	if got, err = parsePMDStats(text + second); err != nil || got != two {
		t.Errorf("two threads: %+v, %v; want %+v", got, err, two)
	}
	since := two.Since(one)
	if since.EMC != one.EMC || since.Lost != one.Lost {
		t.Errorf("since: %+v", since)
	}
	if share := since.Share(since.EMC); share < 91.4 || share > 91.5 {
		t.Errorf("the exact match cache had %v %%", share)
	}
	if share := (PMDStats{}).Share(0); share != 0 {
		t.Errorf("nothing of nothing is %v %%", share)
	}
	for name, bad := range map[string]string{
		"empty":     "",
		"main only": text[strings.Index(text, "main thread"):],
		"no emc":    strings.ReplaceAll(text, "emc hits", "amc hits"),
	} {
		if got, err := parsePMDStats(bad); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestParseTx(t *testing.T) {
	text := ovnFixture(t, "dpctl-show.txt")
	for port, want := range map[string]uint64{"out": 102128309, "in": 11, "br-int": 5} {
		if got, err := parseTx(text, port); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", port, got, err, want)
		}
	}
	if got, err := parseTx(text, "o"); err == nil {
		t.Errorf("a port that is not there: %d", got)
	}
}

func TestOVSPool(t *testing.T) {
	for _, tc := range []struct{ capture, queues int }{{4096, 0}, {245_760, 0}, {245_761, 61}, {1 << 20, 256}, {1_000_000, 245}} {
		if p := ovsPoolFor(tc.capture); p.queues != tc.queues || p.packets < tc.capture {
			t.Errorf("capture of %d: %+v; want %d queues", tc.capture, p, tc.queues)
		}
	}
}

func TestOVSPoolIsWhole(t *testing.T) {
	info := ovnFixture(t, "mempool-info.txt") // 131,072 packets
	p := ovsPoolFor(4096)
	if err := p.check(info, 4096); err != nil {
		t.Error(err)
	}
	for _, capture := range []int{131_072, 131_072 - ovsSpare + 1} {
		if err := p.check(info, capture); err == nil || !strings.Contains(err.Error(), "pool of 131072 packets") {
			t.Errorf("capture of %d: %v", capture, err)
		}
	}
	if err := p.check("", 1); err == nil {
		t.Error("no pool at all passes")
	}
}
