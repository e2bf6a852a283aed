// SPDX-License-Identifier: Apache-2.0

package neighbor

import "github.com/parkway-gw/parkway/internal/topology"

// Op is what an Action asks for.
type Op uint8

const (
	// Publish: workers must learn the Action's state and MAC.
	Publish Op = iota
	// ProbeMulticast: ask everybody (ARP broadcast, NS to the solicited-node group).
	ProbeMulticast
	// ProbeUnicast: ask the cached MAC alone.
	ProbeUnicast
	// FailParked: the probes went unanswered; report and free what waits.
	FailParked
	// DiscardParked: free what waits, silently.
	DiscardParked
	// SampleUse: look whether packets used the entry since the last look, and call Used
	// or Unused.
	SampleUse
	// Release: the entry has left the table.
	Release
	// Recall: the probe that Deferred told of must not go out any more.
	Recall
	// Damped: too many moves; the Action's MAC stays for now.
	Damped
)

var opNames = [...]string{"publish", "probe-multicast", "probe-unicast", "fail-parked", "discard-parked", "sample-use", "release", "recall", "damped"}

func (o Op) String() string { return opNames[o] }

// Action is one thing to do for an entry, with state and MAC as they were when the
// action was decided.
type Action struct {
	Op    Op
	Entry *Entry
	State State
	MAC   topology.MAC
}

func (t *Table) act(op Op, e *Entry) {
	t.acts = append(t.acts, Action{Op: op, Entry: e, State: e.state, MAC: e.mac})
	switch op {
	case ProbeMulticast:
		t.stats.MulticastProbes++
	case ProbeUnicast:
		t.stats.UnicastProbes++
	default:
	}
}

// take returns the actions decided since the last take. The slice is the table's,
// valid until the next event.
func (t *Table) take() []Action {
	acts := t.acts
	t.acts = t.acts[len(t.acts):]
	if cap(t.acts) < 16 {
		t.acts = make([]Action, 0, 256)
	}
	return acts
}
