// SPDX-License-Identifier: Apache-2.0

package target

import "testing"

func TestParkDrainReply(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "",
		"EAL: noise\npark-drain: {\"park\":1}":   "", // half of a line
		"EAL: noise\npark-drain: {\"park\":1}\n": "{\"park\":1}\n",
	} {
		if got, ok := parkDrainReply(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}
