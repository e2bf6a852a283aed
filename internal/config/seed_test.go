// SPDX-License-Identifier: Apache-2.0

package config

import (
	"path/filepath"
	"strings"
	"testing"
)

const examples = "../../configs"

// Every example is loaded, and has nothing to be warned of.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob(examples + "/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("examples: %v, %v", files, err)
	}
	for _, f := range files {
		report, exit := Check(f)
		if exit != ExitOK || strings.Count(report, "\n") != 1 {
			t.Errorf("exit %d\n%s", exit, report)
		}
		t.Log(report)
	}
}
