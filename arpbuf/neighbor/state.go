// SPDX-License-Identifier: Apache-2.0

package neighbor

// State is a neighbor's reachability, RFC 4861 §7.3.2, and two more as Linux has
// them: FAILED and PERMANENT.
type State uint8

const (
	// Incomplete: no MAC is known. Packets wait. While Entry.Asking, probes are
	// out; otherwise the next packet asks.
	Incomplete State = iota
	// Reachable: an answer confirmed the MAC within the reachable time.
	Reachable
	// Stale: the MAC was good once. Packets go there; the first one that does
	// leads to Delay.
	Stale
	// Delay: a packet used a stale MAC; probes follow unless somebody confirms
	// it before (DELAY_FIRST_PROBE_TIME).
	Delay
	// Probe: unicast probes verify the MAC while packets still go there.
	Probe
	// Failed: probes went unanswered. Packets are dropped until the hold-off
	// ends or the host speaks.
	Failed
	// Permanent: configured, or added by command. Nothing heard changes it.
	Permanent

	numStates
)

var stateNames = [numStates]string{"INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "PERMANENT"}

// String returns the word of RFC 4861.
func (s State) String() string {
	if s >= numStates {
		return "unknown"
	}
	return stateNames[s]
}

// Usable reports whether packets are sent in this state (RFC 4861 §7.3.3: STALE,
// DELAY and PROBE keep sending).
func (s State) Usable() bool {
	switch s {
	case Reachable, Stale, Delay, Probe, Permanent:
		return true
	default:
		return false
	}
}

// Origin says how an entry came by its MAC.
type Origin uint8

const (
	OriginARP    Origin = iota // learned by ARP
	OriginND                   // learned by Neighbor Discovery
	OriginStatic               // configured
	OriginAdded                // by command, until the next start
)

// String returns arp, nd, static or added.
func (o Origin) String() string {
	switch o {
	case OriginARP:
		return "arp"
	case OriginND:
		return "nd"
	case OriginAdded:
		return "added"
	default:
		return "static"
	}
}
