// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/parkway-gw/parkway/forwarder"
)

// Control hears of every change between up and down, once, and of nothing else.
func TestLinkWatch(t *testing.T) {
	const up, down, unknown = forwarder.LinkUp, forwarder.LinkDown, forwarder.LinkUnknown
	for _, tt := range []struct {
		name  string
		looks []forwarder.LinkState
		deaf  map[int]bool // looks at which control does not answer
		want  []string
	}{
		{"steady", []forwarder.LinkState{up, up, up}, nil, nil},
		{"down from the start", []forwarder.LinkState{down, down}, nil, []string{"0 down"}},
		{"down and up", []forwarder.LinkState{up, down, down, up, up}, nil, []string{"1 down", "3 up"}},
		{"comes up", []forwarder.LinkState{down, up}, nil, []string{"0 down", "1 up"}},
		{"out of sight", []forwarder.LinkState{up, unknown, unknown, up, unknown}, nil, []string{"1 lost", "4 lost"}},
		{"first known late", []forwarder.LinkState{unknown, down, up}, nil, []string{"1 down", "2 up"}},
		{"down while out of sight", []forwarder.LinkState{up, unknown, down}, nil, []string{"1 lost", "2 down"}},
		{"never seen", []forwarder.LinkState{unknown, unknown}, nil, nil},
		{"a state to come", []forwarder.LinkState{up, "dormant", up}, nil, nil},
		{"told again until heard", []forwarder.LinkState{up, down, down, down, down}, map[int]bool{1: true, 2: true}, []string{"1 down", "2 down", "3 down"}},
		{"back before it was heard", []forwarder.LinkState{up, down, up, up}, map[int]bool{1: true}, []string{"1 down", "2 up"}},
		{"unheard and out of sight", []forwarder.LinkState{up, down, unknown, down}, map[int]bool{1: true}, []string{"1 down", "2 lost", "3 down"}},
	} {
		look := 0
		var told []string
		w := &linkWatch{
			read: func() map[string]forwarder.LinkState {
				return map[string]forwarder.LinkState{"p": tt.looks[look], "other": up}
			},
			tell: func(ctx context.Context, port string, isUp bool) error {
				state := map[bool]string{true: "up", false: "down"}[isUp]
				if _, bounded := ctx.Deadline(); port != "p" || !bounded {
					t.Errorf("%s: told of %s, bounded %v", tt.name, port, bounded)
				}
				told = append(told, fmt.Sprint(look, " ", state))
				if tt.deaf[look] {
					return errors.New("control does not answer")
				}
				return nil
			},
			lost: func(_ context.Context, port string) error {
				told = append(told, fmt.Sprint(look, " lost"))
				if port != "p" || tt.deaf[look] {
					return errors.New("control does not answer")
				}
				return nil
			},
			log: slog.New(slog.DiscardHandler),
		}
		for ; look < len(tt.looks); look++ {
			w.look(t.Context())
		}
		if !slices.Equal(told, tt.want) {
			t.Errorf("%s: told %q, want %q", tt.name, told, tt.want)
		}
	}
}

// The watch ends with its context.
func TestLinkWatchEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	looked := make(chan struct{}, 1)
	w := &linkWatch{
		read: func() map[string]forwarder.LinkState {
			select {
			case looked <- struct{}{}:
			default:
			}
			return nil
		},
		log: slog.New(slog.DiscardHandler),
	}
	done := make(chan error, 1)
	go func() { done <- w.run(ctx) }()
	<-looked
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
