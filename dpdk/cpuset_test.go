// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/dpdk"
)

func TestParseCPUSet(t *testing.T) {
	for _, c := range []struct{ text, want, fault string }{
		{text: "0-3,8", want: "0-3,8"},
		{text: " 8 , 0 - 3", want: "0-3,8"},
		{text: "1,2,3,5", want: "1-3,5"},
		{text: "1023", want: "1023"},
		{text: "", fault: "is empty"},
		{text: " ", fault: "is empty"},
		{text: "0x3", fault: "is a mask"},
		{text: "1,,2", fault: "a number is missing"},
		{text: "1-", fault: "a number is missing"},
		{text: "-1", fault: "a number is missing"},
		{text: "3-1", fault: "runs backwards"},
		{text: "0-2,2", fault: "CPU 2 is named twice"},
		{text: "1024", fault: "the last is 1023"},
		{text: "0-99999999999999999999", fault: "too high"},
		{text: "one", fault: `"one" is not a CPU number`},
		{text: "+1", fault: "is not a CPU number"},
	} {
		set, err := dpdk.ParseCPUSet(c.text)
		switch {
		case c.fault == "" && (err != nil || set.String() != c.want):
			t.Errorf("%q: got %v, %v, want %s", c.text, set, err, c.want)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%q: got %v, %v, want an error with %q", c.text, set, err, c.fault)
		}
	}
}

func TestCPUSetRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(rapid.IntRange(0, 1023), 1, 40, rapid.ID[int]).Draw(t, "cpus")
		set := dpdk.CPUs(list...)
		back, err := dpdk.ParseCPUSet(set.String())
		if err != nil || back != set || set.Len() != len(list) {
			t.Fatalf("%v became %v, %v", set, back, err)
		}
		without := set.Without(dpdk.CPUs(list[0]))
		if without.Contains(list[0]) || without.Len() != len(list)-1 || without.Union(dpdk.CPUs(list[0])) != set {
			t.Fatalf("%v without %d is %v", set, list[0], without)
		}
	})
}

func TestCPUSetEdges(t *testing.T) {
	var none dpdk.CPUSet
	if none.String() != "none" || none.Contains(0) || none.Contains(-1) || none.Contains(5000) {
		t.Errorf("the empty set is %v", none)
	}
	if s := dpdk.CPUs(-1, 3, 5000); s != dpdk.CPUs(3) {
		t.Errorf("numbers out of range came in: %v", s)
	}
}

func TestConfineProcess(t *testing.T) {
	allowed, err := dpdk.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if allowed.Len() < 2 {
		t.Skip("one CPU: no affinity can differ")
	}
	defer func() {
		if err := dpdk.ConfineProcess(allowed); err != nil {
			t.Error(err)
		}
	}()
	one := dpdk.CPUs(allowed.List()[allowed.Len()-1])
	if err := dpdk.ConfineProcess(one); err != nil {
		t.Fatal(err)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		tid, _ := strconv.Atoi(task.Name())
		var got unix.CPUSet
		if unix.SchedGetaffinity(tid, &got) == nil && (got.Count() != 1 || !got.IsSet(one.List()[0])) {
			t.Errorf("thread %d is not confined to %v", tid, one)
		}
	}
	if err := dpdk.ConfineProcess(dpdk.CPUSet{}); err == nil {
		t.Error("confined to no CPU at all")
	}
}
