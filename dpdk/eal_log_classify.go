// SPDX-License-Identifier: Apache-2.0

package dpdk

import (
	"log/slog"
	"strings"
)

// logLine is one line of DPDK's log, ready for slog.
type logLine struct {
	level     slog.Level
	component string // DPDK's prefix: "EAL", "ETHDEV", "TAP"
	text      string
	harmless  string // why an alarming line is only worth debug level; else empty
}

// classify reads one line. level is DPDK's, RTE_LOG_EMERG (1) to RTE_LOG_DEBUG (8).
func classify(level int, line string) logLine {
	m := logLine{level: slogLevel(level), text: strings.TrimSpace(line)}
	if prefix, rest, ok := strings.Cut(m.text, ": "); ok && isComponent(prefix) {
		m.component, m.text = prefix, strings.TrimSpace(rest)
	}
	if m.harmless = harmless(line); m.harmless != "" {
		m.level = slog.LevelDebug
	}
	return m
}

func slogLevel(level int) slog.Level {
	switch {
	case level <= 4: // EMERG, ALERT, CRIT, ERR; 0 is a line logged outside rte_log
		return slog.LevelError
	case level == 5: // WARNING
		return slog.LevelWarn
	case level <= 7: // NOTICE, INFO
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}

// isComponent tells "EAL" and "PMD_NET_RING" from the beginning of a sentence.
func isComponent(s string) bool {
	for _, c := range s {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return s != ""
}

// harmless explains the lines that look like trouble and are none.
func harmless(line string) string {
	switch {
	case strings.Contains(line, "All rt-signals are in use"),
		strings.Contains(line, "No Rx trigger signal available"):
		return "the Go runtime owns the real-time signals, so net_tap polls its queues instead"
	case strings.Contains(line, "multiq"),
		strings.Contains(line, "Specified qdisc kind is unknown"),
		strings.Contains(line, "Disabling rte flow support"):
		return "the kernel has no multiq qdisc; net_tap works without it"
	case strings.Contains(line, "Failed to send start req to secondary"),
		strings.Contains(line, "Failed to send stop req to secondary"):
		return "Parkway has no secondary processes"
	case strings.Contains(line, "No available") && strings.Contains(line, "hugepages"),
		strings.Contains(line, "no mounted hugetlbfs"):
		return "hugepages of this size are not needed; the chosen memory mode was logged at start"
	case strings.Contains(line, "No legacy callbacks, legacy socket not created"):
		return "only the old telemetry socket is missing; the present one works"
	case strings.Contains(line, "already stopped"):
		return "stopping twice is fine"
	case strings.Contains(line, "No probed ethernet devices"):
		return "ports are attached after start"
	}
	return ""
}
