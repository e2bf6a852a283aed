// SPDX-License-Identifier: Apache-2.0

package app

import (
	"log/slog"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/config"
)

// parse reads the example with a gated port, and settings after it.
func parse(t *testing.T, profile, overflow string) *config.Config {
	t.Helper()
	t.Setenv("PARKWAY_ARPBUF_PROFILE", profile)
	t.Setenv("PARKWAY_ARPBUF_OVERFLOW", overflow)
	c, err := config.Load("../../configs/gated.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What the file says about parking is what the datapath and control are given.
func TestParkingIsTranslated(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, tt := range []struct {
		profile, overflow string
		newest, backsOff  bool
	}{
		{"default", "drop-oldest", false, true},
		{"default", "drop-newest", true, true},
		{"ovn", "drop-oldest", false, false},
	} {
		c := parse(t, tt.profile, tt.overflow)
		f, err := forwarderConfig(c, nil, log)
		if err != nil {
			t.Fatal(err)
		}
		a := arpbufConfig(c, nil, log)
		if want := (forwarder.ParkLimits{NextHops: 256, PacketsPerNextHop: 256, MaxPackets: 1024, DropNewest: tt.newest}); f.Park.Gated != want {
			t.Errorf("%+v: gated %+v", tt, f.Park.Gated)
		}
		if a.RearmAge != (tt.profile == "ovn") || a.GatedMaxAge != time.Minute || a.ProbeRate != 1000 || a.Announcements != 3 || a.UnreachableBurst != c.Arpbuf.PacketsPerNexthop {
			t.Errorf("%+v: %+v", tt, a)
		}
		if a.ManageRoutes != (tt.profile != "ovn") || (a.DuplicateDetection == arpbuf.DetectOff) != (tt.profile == "ovn") || a.MaxMoves != 5 || a.AcceptForeignSender {
			t.Errorf("%+v: %+v", tt, a)
		}
		if f.Park.NextHops != c.Arpbuf.MaxNexthops || f.Park.PacketsPerNextHop != c.Arpbuf.PacketsPerNexthop ||
			f.Park.MaxPackets != c.Arpbuf.MaxPackets || f.Park.DropNewest != tt.newest || f.Park.Refuse != (tt.profile == "ovn") {
			t.Errorf("%+v: %+v", tt, f.Park)
		}
		if a.MaxAge != c.Arpbuf.MaxAge || a.McastSolicit != c.Neighbors.McastSolicit || a.FailedHoldoff != c.Neighbors.FailedHoldoff ||
			(a.MaxFailedHoldoff > a.FailedHoldoff) != tt.backsOff {
			t.Errorf("%+v: %+v", tt, a)
		}
	}
}
