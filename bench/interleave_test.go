// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
)

// puppet is a system that does as it is told and writes down what that was.
type puppet struct {
	name    string
	diary   *[]string
	start   error
	check   error
	starved bool // has its CPU for a tenth of the time
	onLook  func()

	started time.Time
	running bool
}

func (p *puppet) note(what string) { *p.diary = append(*p.diary, what+" "+p.name) }

func (p *puppet) Name() string { return p.name }
func (p *puppet) Start(_ context.Context, s target.Scenario) error {
	if _, err := os.Stat(s.Dir); err != nil {
		return err
	}
	if p.start != nil {
		return p.start
	}
	p.note("start")
	p.started, p.running = time.Now(), true
	return nil
}
func (p *puppet) Packets() (uint64, error) {
	if p.onLook != nil {
		p.onLook()
	}
	if !p.running {
		return 0, errors.New("it stands still")
	}
	return uint64(time.Since(p.started).Microseconds()), nil
}
func (p *puppet) Worker() (time.Duration, error) {
	if p.starved {
		return time.Since(p.started) / 10, nil
	}
	return time.Since(p.started), nil
}
func (p *puppet) Check(context.Context) error { return p.check }
func (p *puppet) Pause() error                { p.running = false; p.note("pause"); return nil }
func (p *puppet) Resume() error               { p.running = true; p.note("resume"); return nil }
func (p *puppet) Stop() error                 { p.note("stop"); return nil }

func stage(t *testing.T, rounds int, puppets ...*puppet) (*Runner, []System, *[]string) {
	diary := new([]string)
	var systems []System
	for _, p := range puppets {
		p.diary = diary
		systems = append(systems, System{New: func() target.Target { return p }})
	}
	return &Runner{Options: Options{Rounds: rounds, Window: 5 * time.Millisecond, Log: t.Output()}, Dir: t.TempDir()}, systems, diary
}

func only(diary []string, verb string) (names string) {
	for _, line := range diary {
		if name, ok := strings.CutPrefix(line, verb+" "); ok {
			names += name
		}
	}
	return names
}

func TestInterleave(t *testing.T) {
	a, b := &puppet{name: "A"}, &puppet{name: "B"}
	r, systems, diary := stage(t, 5, a, b)
	arms, _, err := r.Interleave(t.Context(), systems, true)
	if err != nil {
		t.Fatal(err)
	}
	if got := only(*diary, "start"); got != "ABAB" { // anew after three rounds
		t.Errorf("started %s, want ABAB", got)
	}
	// Three rounds and the check, two rounds and the check.
	if got := only(*diary, "resume"); got != "ABABABAB"+"ABABAB" {
		t.Errorf("turns %s", got)
	}
	if got := only(*diary, "stop"); got != "ABAB" {
		t.Errorf("stopped %s", got)
	}
	alone(t, *diary)
	for _, arm := range arms {
		if len(arm.Samples) != 5 || arm.Median < 0.5 || arm.Median > 2 { // a packet per microsecond
			t.Errorf("%+v", arm)
		}
	}
	if left, _ := os.ReadDir(r.Dir); len(left) != 0 {
		t.Errorf("left in the folder: %v", left)
	}
}

// alone demands that nobody ran while another did.
func alone(t *testing.T, diary []string) {
	t.Helper()
	running := ""
	for i, line := range diary {
		verb, name, _ := strings.Cut(line, " ")
		switch verb {
		case "start", "resume":
			if running != "" {
				t.Fatalf("%s runs while %s does: %v", name, running, diary[:i+1])
			}
			running = name
		case "pause":
			running = ""
		}
	}
}

func TestInterleaveOnce(t *testing.T) {
	r, systems, diary := stage(t, 7, &puppet{name: "A"}, &puppet{name: "B"})
	if _, _, err := r.Interleave(t.Context(), systems, false); err != nil {
		t.Fatal(err)
	}
	if got := only(*diary, "start"); got != "AB" {
		t.Errorf("started %s, want each once", got)
	}
}

func TestInterleaveLeavesOutWhatIsMissing(t *testing.T) {
	gone := &puppet{name: "B", start: &target.Unavailable{What: "B", Mend: "get it"}}
	r, systems, _ := stage(t, 2, &puppet{name: "A"}, gone)
	arms, _, err := r.Interleave(t.Context(), systems, true)
	if err != nil || len(arms[0].Samples) != 2 || len(arms[1].Samples) != 0 || !strings.Contains(arms[1].Missing, "get it") {
		t.Errorf("%+v, %v", arms, err)
	}
}

func TestInterleaveEndsAllOnFailure(t *testing.T) {
	failure := errors.New("broken")
	t.Run("start", func(t *testing.T) {
		r, systems, diary := stage(t, 2, &puppet{name: "A"}, &puppet{name: "B", start: failure})
		if _, _, err := r.Interleave(t.Context(), systems, true); !errors.Is(err, failure) || only(*diary, "stop") != "A" {
			t.Errorf("%v; %v", err, *diary)
		}
	})
	t.Run("check", func(t *testing.T) {
		r, systems, diary := stage(t, 2, &puppet{name: "A", check: failure}, &puppet{name: "B"})
		if _, _, err := r.Interleave(t.Context(), systems, true); !errors.Is(err, failure) || only(*diary, "stop") != "AB" {
			t.Errorf("%v; %v", err, *diary)
		}
	})
	t.Run("interrupt", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := &puppet{name: "A", onLook: cancel}
		r, systems, diary := stage(t, 100, a, &puppet{name: "B"})
		if _, _, err := r.Interleave(ctx, systems, true); !errors.Is(err, context.Canceled) || only(*diary, "stop") != "AB" {
			t.Errorf("%v; %v", err, *diary)
		}
		if left, _ := os.ReadDir(r.Dir); len(left) != 0 {
			t.Errorf("left in the folder: %v", left)
		}
	})
}

func TestStarvedWindowsDoNotCount(t *testing.T) {
	r, systems, diary := stage(t, 1, &puppet{name: "A", starved: true})
	_, _, err := r.Interleave(t.Context(), systems, true)
	if !errors.Is(err, errBusy) || only(*diary, "resume") != strings.Repeat("A", tries) || !slices.Contains(*diary, "stop A") {
		t.Errorf("%v; %v", err, *diary)
	}
}
