// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/state"
)

// What is saved is read again, as many as there may be; off is off; what is wrong is a
// warning and no more.
func TestSavedNeighbors(t *testing.T) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	said := func() string { s := text.String(); text.Reset(); return s }
	c := config.Defaults()
	c.Neighbors.MaxEntries = 2
	var list []arpbuf.SavedNeighbor
	for i := range byte(3) {
		list = append(list, arpbuf.SavedNeighbor{RouterPort: "lrp1", IP: netip.AddrFrom4([4]byte{10, 0, 0, i}),
			MAC: forwarder.MAC{2, 0, 0, 0, 0, i}, Age: time.Duration(i) * time.Second, Confirmed: i == 1})
	}
	save(c, log, list) // off
	if got := readSaved(c, log); got != nil || said() != "" {
		t.Errorf("off: %v", got)
	}
	c.State.Dir = filepath.Join(t.TempDir(), "state")
	if got := readSaved(c, log); got != nil || said() != "" {
		t.Errorf("no file: %v", got)
	}
	save(c, log, list)
	if s := said(); !strings.Contains(s, "neighbors=2") {
		t.Error(s)
	}
	got := readSaved(c, log)
	for i := range got {
		got[i].Age = got[i].Age.Truncate(time.Second) // a moment has passed
	}
	if !slices.Equal(got, list[:2]) {
		t.Errorf("%+v, want %+v", got, list[:2])
	}
	if err := os.WriteFile(filepath.Join(c.State.Dir, state.File), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	said()
	if got := readSaved(c, log); got != nil || !strings.Contains(said(), "level=WARN") {
		t.Errorf("damaged: %v", got)
	}
	c.State.Dir = "/dev/null/x"
	if got := readSaved(c, log); got != nil || !strings.Contains(said(), "level=WARN") {
		t.Errorf("no folder: %v", got)
	}
	save(c, log, list)
	if s := said(); !strings.Contains(s, "level=WARN") || !strings.Contains(s, "/dev/null/x") {
		t.Error(s)
	}
}
