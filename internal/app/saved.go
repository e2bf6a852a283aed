// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/state"
)

// readSaved returns the neighbors that the last run has left. Nothing that is wrong with
// them keeps a gateway from starting: it asks for its neighbors then, as at first.
func readSaved(c *config.Config, log *slog.Logger) []arpbuf.SavedNeighbor {
	if c.State.Dir == "" {
		return nil
	}
	list, err := state.Read(c.State.Dir, c.Neighbors.MaxEntries, time.Now())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		log.Warn("the saved neighbors can't be used; neighbors are asked for anew", "error", err)
		return nil
	}
	out := make([]arpbuf.SavedNeighbor, len(list))
	for i, n := range list {
		out[i] = arpbuf.SavedNeighbor(n)
	}
	return out
}

// save writes the neighbors for the next run, as many as that may take. A disk that
// refuses costs that run its questions, and this one a warning.
func save(c *config.Config, log *slog.Logger, neighbors []arpbuf.SavedNeighbor) {
	if c.State.Dir == "" {
		return
	}
	list := make([]state.Neighbor, min(len(neighbors), c.Neighbors.MaxEntries))
	for i := range list {
		list[i] = state.Neighbor(neighbors[i])
	}
	if err := state.Write(c.State.Dir, list, time.Now()); err != nil {
		log.Warn("the neighbors are not saved; the next start asks for them anew", "dir", c.State.Dir, "error", err)
		return
	}
	log.Info("neighbors saved", "dir", c.State.Dir, "neighbors", len(list))
}
