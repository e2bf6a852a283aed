// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func sample() *Result {
	ratio := Ratio{Of: ours, To: mac, Pairs: []float64{0.8}, Median: 0.8, Low: 0.8, High: 0.8}
	return &Result{Case: "forward-ipv4", Title: "IPv4", Unit: "Mpps", Higher: true, Goal: "fast",
		Checks: []Check{{What: "cost", Value: 4.5, Limit: 5, Unit: "ns/packet", Met: true}, {What: "rate", Limit: 0.5, Unit: "×", Least: true, Missing: "no reference"}},
		Arms:   []Arm{arm(mac, 0, 50, 51), arm(ours, 0, 40, 41), {Name: "other", Missing: "not here"}},
		Ratio:  &ratio, Ratios: []Ratio{ratio}, Notes: []string{"a note"}, Command: "parkway bench forward-ipv4", Commit: "abc",
		Machine: Machine{CPU: "some", CPUs: 2, WorkerCPU: 1}, When: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
}

func TestResultRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	r := sample()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	all, err := ReadAll(dir)
	if err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], r) {
		t.Errorf("read %+v, %v; want %+v", all, err, r)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("the folder has %v", left)
	}
	if all, err := ReadAll(filepath.Join(dir, "nowhere")); err != nil || len(all) != 0 {
		t.Errorf("no folder: %v, %v", all, err)
	}
	r.Case = "../x"
	if err := r.Write(dir); err == nil {
		t.Error("a case outside of the folder was written")
	}
}

func TestOtherSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "old.json"), []byte(`{"schema": 999, "case": "old"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sample().Write(dir); err != nil {
		t.Fatal(err)
	}
	all, err := ReadAll(dir)
	if err == nil || !strings.Contains(err.Error(), "schema 999") || len(all) != 1 {
		t.Errorf("%d results, error %v; want the other one, and the schema named", len(all), err)
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := WriteTable(&b, sample()); err != nil {
		t.Fatal(err)
	}
	const want = `forward-ipv4: IPv4
  system       Mpps  quartiles     ns/packet
  testpmd mac  50.5  50.2 to 50.8  19.8
  parkway      40.5  40.2 to 40.8  24.7
  other        not measured
  parkway / testpmd mac: 0.80 (0.80 to 0.80)
  cost: 4.50 ns/packet, at most 5.00 ns/packet: met
  rate, at least 0.50 ×: not measured: no reference
  note: a note
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
