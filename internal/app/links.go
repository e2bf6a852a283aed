// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/parkway-gw/parkway/forwarder"
)

const linkPeriod = 250 * time.Millisecond // between two looks at the links

// linkWatch tells control when a port's link goes down or comes up, because what
// waits behind the port depends on it. Its goroutine is the only one that uses it.
type linkWatch struct {
	read  func() map[string]forwarder.LinkState // of every port
	tell  func(ctx context.Context, port string, up bool) error
	lost  func(ctx context.Context, port string) error // the interface is out of sight
	log   *slog.Logger
	seen  map[string]linkSeen
	again atomic.Bool // tell what is known once more; any goroutine
}

// linkSeen is the last state that was known of a link.
type linkSeen struct {
	state  forwarder.LinkState // up or down
	untold bool                // control may not have heard of it
	lost   bool                // out of sight since, which control has heard of
}

func (w *linkWatch) run(ctx context.Context) error {
	ticker := time.NewTicker(linkPeriod)
	defer ticker.Stop()
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// look reads every link once. Control takes a port for up until it hears otherwise, so
// the first known state is told when it is down. An unknown one is none of the link: the driver has lost sight of the interface, which
// control hears as such. What control did not hear in time is said again at the
// next look, also when the link is back by then: the late word may still reach it.
func (w *linkWatch) look(ctx context.Context) {
	if w.seen == nil || w.again.Swap(false) {
		w.seen = map[string]linkSeen{}
	}
	for port, state := range w.read() {
		last, known := w.seen[port]
		if state == forwarder.LinkUnknown && known && !last.lost {
			wait, cancel := context.WithTimeout(ctx, controlWait)
			last.lost = w.lost(wait, port) == nil
			cancel()
			w.seen[port] = last
		}
		if state != forwarder.LinkUp && state != forwarder.LinkDown {
			continue
		}
		now := linkSeen{state: state}
		if known && (last.untold || state != last.state) || !known && state == forwarder.LinkDown {
			wait, cancel := context.WithTimeout(ctx, controlWait)
			err := w.tell(wait, port, state == forwarder.LinkUp)
			cancel()
			now.untold = err != nil
			if state != last.state {
				w.log.Info("link "+string(state), "port", port)
			}
			if err != nil && ctx.Err() == nil && !last.untold {
				w.log.Warn("control has not heard of a link", "port", port, "link", string(state), "error", err)
			}
		}
		w.seen[port] = now
	}
}
