// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"os"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func TestMain(m *testing.M) {
	if scene := os.Getenv(childEnv); scene != "" {
		os.Exit(child(scene))
	}
	dpdktest.Main(m)
}

func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q does not say %q", text, w)
		}
	}
}
