// SPDX-License-Identifier: Apache-2.0

package dpdk

import (
	"log/slog"
	"testing"
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		level int
		line  string
		want  logLine
	}{
		{7, "EAL: Detected CPU lcores: 2", logLine{level: slog.LevelInfo, component: "EAL", text: "Detected CPU lcores: 2"}},
		{4, "EAL: Cannot init memory", logLine{level: slog.LevelError, component: "EAL", text: "Cannot init memory"}},
		{5, "tap_mp_attach(): Failed to send start req to secondary", logLine{level: slog.LevelDebug, text: "tap_mp_attach(): Failed to send start req to secondary", harmless: "x"}},
		{5, "  TAP: All rt-signals are in use ", logLine{level: slog.LevelDebug, component: "TAP", text: "All rt-signals are in use", harmless: "x"}},
		{6, "EAL: No available 1048576 kB hugepages reported", logLine{level: slog.LevelDebug, component: "EAL", text: "No available 1048576 kB hugepages reported", harmless: "x"}},
		{5, "EAL: something new", logLine{level: slog.LevelWarn, component: "EAL", text: "something new"}},
		{8, "HASH: x", logLine{level: slog.LevelDebug, component: "HASH", text: "x"}},
		{1, "not a component: x", logLine{level: slog.LevelError, text: "not a component: x"}},
	} {
		got := classify(c.level, c.line)
		if (got.harmless != "") != (c.want.harmless != "") {
			t.Errorf("%q: harmless %q", c.line, got.harmless)
		}
		got.harmless, c.want.harmless = "", ""
		if got != c.want {
			t.Errorf("%q: got %+v, want %+v", c.line, got, c.want)
		}
	}
}
