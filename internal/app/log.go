// SPDX-License-Identifier: Apache-2.0

package app

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/config"
)

// slogLevel is slog's word for a level.
func slogLevel(l config.LogLevel) slog.Level {
	levels := map[config.LogLevel]slog.Level{
		config.LogDebug: slog.LevelDebug, config.LogInfo: slog.LevelInfo, config.LogWarn: slog.LevelWarn, config.LogError: slog.LevelError,
	}
	return levels[l]
}

// newLogger makes the daemon's log: JSON, or text where a person reads it. level is set to
// the configured one.
func newLogger(c config.Log, w io.Writer, level *slog.LevelVar) *slog.Logger {
	level.Set(slogLevel(c.Level))
	o := &slog.HandlerOptions{Level: level}
	if c.Format == config.LogText || c.Format == config.LogAuto && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
