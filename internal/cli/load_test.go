// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/api/apitest"
)

func TestWorkerCommands(t *testing.T) {
	src := apitest.Sample()
	socket := apitest.Serve(t, src)
	for _, c := range []struct {
		args string
		want result
	}{
		{"worker sample 1/4", result{0, "sampling 1/4\n", ""}},
		{"worker sample off", result{0, "sampling off\n", ""}},
		{"worker sample 1/1 -o json", result{0, "{\n  \"sample_every\": 1\n}\n", ""}},
		{"worker reset", result{0, "reset 1\n", ""}},
		{"worker reset -o json", result{0, "{\n  \"workers\": 1\n}\n", ""}},
	} {
		if r := parkway(t, nil, append(strings.Fields(c.args), "--socket", socket)...); r != c.want {
			t.Errorf("%s: %+v", c.args, r)
		}
	}
	for _, bad := range []string{"1/0", "1/65536", "16", "1/", "2/3", "1/-4", "on"} {
		r := parkway(t, nil, "worker", "sample", bad, "--socket", socket)
		if r.exit != 2 || !strings.Contains(r.stderr, "write 1/N, with N from 1 to 65535, or off") || r.stdout != "" {
			t.Errorf("%s: %+v", bad, r)
		}
	}
	if r := parkway(t, nil, "worker", "sample", "--socket", socket); r.exit != 2 || !strings.Contains(r.stderr, "needs how many polls to measure") {
		t.Errorf("%+v", r)
	}
	src.Do(func() {
		var asked []any
		for _, c := range src.Commands {
			if s, ok := c.(api.SampleRequest); ok {
				c = *s.Every
			}
			asked = append(asked, c)
		}
		if want := []any{4, 0, 1, "reset", "reset"}; !reflect.DeepEqual(asked, want) {
			t.Errorf("asked for %v, want %v", asked, want)
		}
	})
	golden(t, "show-workers.txt", parkway(t, nil, "worker", "show", "--socket", socket).stdout)
}

// Without figures the command says why there are none.
func TestShowStagesWithoutFigures(t *testing.T) {
	src := apitest.Sample()
	socket := apitest.Serve(t, src)
	for every, want := range map[int]string{
		0:  "sampling off: turn it on with `parkway worker sample 1/1024`\n",
		16: "sampling 1/16: no measured poll has had work yet\n",
	} {
		src.Do(func() { src.Answers.Stages = api.Stages{SampleEvery: every, TSCHz: 1} })
		if r := parkway(t, nil, "show", "stages", "--socket", socket); r != (result{0, want, ""}) {
			t.Errorf("%d: %+v", every, r)
		}
	}
}

// A gap longer than the buckets reach has a row of its own.
func TestHistogramsBeyondTheBuckets(t *testing.T) {
	src := apitest.Sample()
	socket := apitest.Serve(t, src)
	src.Do(func() { src.Answers.Workers[0].PollGaps.Count += 3 })
	r := parkway(t, nil, "show", "workers", "--histograms", "--socket", socket)
	if !strings.Contains(r.stdout, "\n1      >1.049s    3         <0.01%\n") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
}
