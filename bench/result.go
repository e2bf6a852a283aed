// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Schema is the version of a result's JSON. A reader refuses others.
const Schema = 1

// Result is what a case measured, in one run on one machine: bench/results/CASE.json.
// Figures of different results do not compare; those within one do.
type Result struct {
	Schema  int       `json:"schema"`
	Case    string    `json:"case"`             // as in `parkway bench CASE`
	Title   string    `json:"title"`            // one line
	Unit    string    `json:"unit"`             // of samples: "Mpps", "ns/packet", "µs", ...
	Higher  bool      `json:"higher_is_better"` // of samples
	Axis    string    `json:"axis,omitempty"`   // what X of the arms is: "flows", "routes"; "": nothing varies
	LogX    bool      `json:"log_x,omitempty"`  // the axis is drawn logarithmically
	Goal    string    `json:"goal,omitempty"`   // in words
	Checks  []Check   `json:"checks,omitempty"` // the goal, and what else the case demands, beside what was measured
	Arms    []Arm     `json:"arms"`
	Ratio   *Ratio    `json:"ratio,omitempty"`  // the one that the goal speaks of
	Ratios  []Ratio   `json:"ratios,omitempty"` // all of them, along the axis
	Notes   []string  `json:"notes,omitempty"`  // what a reader must know, such as what was left out and why
	Method  string    `json:"method,omitempty"` // how it was measured, in words; names the RFC where it is one's
	Command string    `json:"command"`          // repeats it
	Quick   bool      `json:"quick,omitempty"`  // a short form: a test of the harness, not a figure
	Machine Machine   `json:"machine"`
	Commit  string    `json:"commit"` // what was measured; "-dirty" when it had changes
	When    time.Time `json:"when"`
}

// Arm is one system at one position on the varied axis.
type Arm struct {
	Name        string             `json:"name"`                  // the system: "parkway", "testpmd mac"
	X           float64            `json:"x"`                     // position on the axis; 0 when nothing varies
	XLabel      string             `json:"x_label"`               // the same for people: "64k"
	Unit        string             `json:"unit,omitempty"`        // where it is not the result's
	Samples     []float64          `json:"samples"`               // in the order in which they were taken, one per round
	Median      float64            `json:"median"`                // of the samples
	Low         float64            `json:"low"`                   // first quartile
	High        float64            `json:"high"`                  // third quartile
	Percentiles map[string]float64 `json:"percentiles,omitempty"` // latency: "p50", "p99", "p99.9", "max"
	Curve       []Point            `json:"curve,omitempty"`       // latency: the CDF, x in the unit, y from 0 to 1
	Missing     string             `json:"missing,omitempty"`     // why there is no figure; "": there is
}

// Point is one of a curve.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Ratio compares two arms, round by round: sample i of one with sample i of the other,
// which were taken one after the other. Difference is in the result's unit, or in Unit.
type Ratio struct {
	Of     string    `json:"of"` // arm, with its position where it has one: "parkway, 1M routes"
	To     string    `json:"to"`
	X      float64   `json:"x"`
	XLabel string    `json:"x_label"`
	Pairs  []float64 `json:"pairs"`
	Median float64   `json:"median"`
	Low    float64   `json:"low"`  // first quartile
	High   float64   `json:"high"` // third quartile
}

// Check is one demand of a case and what was measured.
type Check struct {
	What  string  `json:"what"` // "cost over testpmd mac"
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
	Unit  string  `json:"unit"`     // "ns/packet", "×", "µs"
	Least bool    `json:"at_least"` // the limit is the least allowed, not the most
	Met   bool    `json:"met"`
	// Missing says why there is no value; Met is false then.
	Missing string `json:"missing,omitempty"`
}

// Machine is where a result comes from.
type Machine struct {
	CPU        string     `json:"cpu"`  // model name
	CPUs       int        `json:"cpus"` // online
	MHz        float64    `json:"mhz"`  // as the kernel says at the start; the time stamp counter's where it does not
	Virtual    string     `json:"virtual,omitempty"`
	Memory     uint64     `json:"memory"` // octets
	Hugepages  string     `json:"hugepages"`
	Kernel     string     `json:"kernel"`
	OS         string     `json:"os"`
	DPDK       string     `json:"dpdk"`
	Go         string     `json:"go"`
	Load       [3]float64 `json:"load"` // averages when the run began
	WorkerCPU  int        `json:"worker_cpu"`
	ControlCPU int        `json:"control_cpu"`
}

// Arm returns the arm of a system at a position.
func (r *Result) Arm(name string, x float64) (*Arm, bool) {
	for i := range r.Arms {
		if r.Arms[i].Name == name && r.Arms[i].X == x {
			return &r.Arms[i], true
		}
	}
	return nil, false
}

// Names returns the systems, in the order of the arms.
func (r *Result) Names() (names []string) {
	for _, a := range r.Arms {
		if !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
	}
	return names
}

// Met says whether every check is met; a result without checks meets them.
func (r *Result) Met() bool {
	return !slices.ContainsFunc(r.Checks, func(c Check) bool { return !c.Met })
}

// File is the name of a case's result.
func File(name string) string { return name + ".json" }

// Write records the result as dir/CASE.json, in one step: a reader sees the old or the
// new one.
func (r *Result) Write(dir string) error {
	if r.Case == "" || strings.ContainsAny(r.Case, "/\\ ") {
		return fmt.Errorf("result: %q is no name of a case", r.Case)
	}
	r.Schema = Schema
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("result of %s: %w", r.Case, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("result of %s: %w", r.Case, err)
	}
	file := filepath.Join(dir, File(r.Case))
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("result of %s: %w", r.Case, err)
	}
	return os.Rename(file+".new", file)
}

// Read reads one result.
func Read(file string) (*Result, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := new(Result)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("%s: schema %d, this program reads %d; record it anew with `parkway bench %s --record DIR`", file, r.Schema, Schema, r.Case)
	}
	return r, nil
}

// ReadAll reads the results of a folder, by name. A folder that does not exist has none.
func ReadAll(dir string) ([]*Result, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var all []*Result
	var problems []error
	for _, file := range files {
		r, err := Read(file)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		all = append(all, r)
	}
	return all, errors.Join(problems...)
}
