// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// loads are what both workers have counted, once all of these packets have.
func (g *gateway) loads(packets uint64) (workers []WorkerStatus) {
	g.t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Microsecond) {
		workers = g.Workers()
		sum := uint64(0)
		for _, w := range workers {
			sum += w.Packets
		}
		if sum == packets {
			return workers
		}
		if time.Now().After(end) {
			g.t.Fatalf("%d packets of %d: %+v", sum, packets, workers)
		}
	}
}

func TestLoadOfSeveralWorkers(t *testing.T) {
	const each = 20
	g := newGateway(t, article(), 2, Port{IfaceID: "vm1"}, Port{IfaceID: "vm3"})
	if err := g.SampleStages(1); err != nil {
		t.Fatal(err)
	}
	for range each {
		for q := range 2 {
			g.send("vm1", q, udp(t, vm1MAC, lrp1MAC, "1.1.0.1", "1.2.0.3", 64, 9))
			g.expect("vm3")
		}
	}
	g.loads(2 * each)
	g.stop() // at rest everything adds up
	c, given, left := g.Counters(), map[string]uint64{}, uint64(0)
	for i, w := range g.Workers() {
		bursts := w.BurstSizes[len(w.BurstSizes)-1]
		left += w.Interrupted // a busy machine's
		if w.SampleEvery != 1 || w.Measured+w.Interrupted != bursts.Bursts || bursts.Bursts == 0 || bursts.Bursts > each || bursts.Most != 64 {
			t.Errorf("worker %d: every %d, %d measured, bursts %+v", i, w.SampleEvery, w.Measured, w.BurstSizes)
		}
		last := w.PollGaps.Buckets[len(w.PollGaps.Buckets)-1]
		if w.PollGaps.Polls != w.Polls || last.Polls > w.PollGaps.Polls || last.Most < time.Second || w.PollGaps.Sum < w.MaxPollGap || w.MaxPollGap <= 0 {
			t.Errorf("worker %d: %d polls, gaps %+v, longest %v", i, w.Polls, w.PollGaps, w.MaxPollGap)
		}
		for _, s := range w.Stages {
			given[s.Stage] += s.Packets
		}
	}
	if c.Rx != 2*each || left == 0 && given["rx"] != c.Rx || given["rx"] > c.Rx || given["tx"] != given["rx"] || given["route_lookup"] != given["rx"] {
		t.Errorf("stages were given %v, %d interrupted; counters %+v", given, left, c)
	}
	for _, err := range []error{g.SampleStages(1), g.ResetPollGap()} {
		if err == nil || !strings.Contains(err.Error(), "it has stopped") {
			t.Errorf("after the end: %v", err)
		}
	}
}

// The stages that are measured are the pipeline's, in its order.
func TestMeasuredStagesAreThePipelines(t *testing.T) {
	g := newGateway(t, article(), 1, Port{IfaceID: "vm1"})
	var names []string
	for _, s := range g.Workers()[0].Stages {
		if !slices.Contains([]string{"rx", "in_plain", "route_lookup", "out_plain", "inject", "housekeeping", "tx"}, s.Stage) {
			names = append(names, s.Stage)
		}
	}
	at := -1
	for _, name := range names {
		next := slices.Index(Stages(), name)
		if next <= at {
			t.Errorf("%s is not in its place: %v", name, names)
		}
		at = next
	}
}

func TestSampleAndResetBounds(t *testing.T) {
	port, _ := ringPort(t, Port{Name: "p", IfaceID: "vm1"}, 2)
	cfg := testConfig(article(), 2)
	cfg.Ports = []Port{port}
	f, err := New(cfg) // not started: the test may write what is the workers'
	if err != nil {
		t.Fatal(err)
	}
	defer stopForwarder(t, f)
	for _, every := range []int{-1, MaxSampleEvery + 1} {
		if err := f.SampleStages(every); err == nil || !strings.Contains(err.Error(), "choose 1 to 65535, or 0 for none") {
			t.Errorf("every %d: %v", every, err)
		}
	}
	for _, w := range f.workers {
		w.w.Gap(1000 * f.TSCHz())
	}
	if err := f.SampleStages(MaxSampleEvery); err != nil {
		t.Error(err)
	}
	for i, w := range f.Workers() {
		if w.SampleEvery != MaxSampleEvery || w.MaxPollGap.Round(time.Second) != 1000*time.Second || w.PollGaps.Polls != 1 ||
			w.PollGaps.Buckets[len(w.PollGaps.Buckets)-1].Polls != 0 {
			t.Errorf("worker %d: every %d, %v, %+v", i, w.SampleEvery, w.MaxPollGap, w.PollGaps)
		}
	}
	if err := f.ResetPollGap(); err != nil {
		t.Error(err)
	}
	for i, w := range f.Workers() {
		if w.MaxPollGap != 0 || w.PollGaps.Polls != 1 {
			t.Errorf("worker %d after a reset: %v, %+v", i, w.MaxPollGap, w.PollGaps)
		}
	}
}
