// SPDX-License-Identifier: Apache-2.0

package neighbor

import (
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// enter moves e into state s and sets the timer that belongs to it.
func (t *Table) enter(now time.Time, e *Entry, s State) {
	e.state, e.since = s, now
	t.rest(e)
	switch s {
	case Incomplete:
		e.mac, e.proven = topology.MAC{}, topology.MAC{}
		t.stop(e)
	case Reachable:
		// ReachableTime, RFC 4861 §6.3.2 and §10: uniform between half and one
		// and a half times the base, drawn anew each time (N10).
		e.confirmed, e.failures, e.changed, e.active = true, 0, now, now
		t.start(e, now.Add(t.withinAge(e, time.Duration(float64(t.cfg.BaseReachableTime)*(0.5+t.cfg.Rand())))))
	case Stale:
		e.failures = 0
		e.sampleGap = t.cfg.SampleUse
		t.start(e, t.nextLook(now, e))
	case Delay:
		t.start(e, now.Add(t.cfg.DelayFirstProbe))
	case Probe:
		t.probe(now, e, ProbeUnicast)
	case Failed:
		e.mac, e.proven = topology.MAC{}, topology.MAC{}
		t.stats.Failures++
		t.start(e, now.Add(t.holdoff(e.failures)))
		e.failures++
	case Permanent:
		t.stop(e)
	}
	t.list(e)
}

// holdoff is the time in FAILED after n failures in a row (RFC 7048 §3 in spirit:
// exponential back-off instead of asking for ever).
func (t *Table) holdoff(n int) time.Duration {
	d := t.cfg.FailedHoldoff
	for ; n > 0 && d < t.cfg.MaxFailedHoldoff; n-- {
		d *= 2
	}
	return min(d, t.cfg.MaxFailedHoldoff)
}

// rest ends e's probes.
func (t *Table) rest(e *Entry) {
	e.asking, e.tries, e.probes = false, 0, 0
	if e.deferred {
		e.deferred = false
		t.act(Recall, e)
	}
}

// Needed: packets wait for e. The first one starts the probes (RFC 4861 §7.2.2);
// the rest waits for what they bring, which is at most one request per RetransTime
// however many ask (RFC 1122 §2.3.2.1, checklist A4).
func (t *Table) Needed(now time.Time, e *Entry) []Action {
	switch e.state {
	case Incomplete:
		if !e.asking {
			t.ask(now, e)
		}
	case Reachable, Stale, Delay, Probe, Permanent: // the MAC is there
	case Failed: // held off
	}
	return t.take()
}

// ask starts the probes to everybody.
func (t *Table) ask(now time.Time, e *Entry) {
	e.asking = true
	t.list(e)
	t.probe(now, e, ProbeMulticast)
}

// Used: packets went to e since the last look. In STALE that is the reason to
// verify it soon (RFC 4861 §7.3.3), in FAILED they had no other next hop.
func (t *Table) Used(now time.Time, e *Entry) []Action {
	switch e.state {
	case Stale:
		e.active = now
		t.enter(now, e, Delay)
		t.act(Publish, e)
	case Failed:
		if t.managed(e) {
			t.wanted(now, e)
		}
	case Incomplete, Reachable, Delay, Probe, Permanent:
	}
	return t.take()
}

// Confirmed: something above, such as BFD, knows that e answers (RFC 4861 §7.3.1).
func (t *Table) Confirmed(now time.Time, e *Entry) []Action {
	switch e.state {
	case Reachable, Stale, Delay, Probe:
		t.reachable(now, e)
	case Incomplete, Failed, Permanent: // nothing to confirm
	}
	return t.take()
}

// Flush: forget what was learned, but for the memory of an answer. Whoever waits goes
// on waiting.
func (t *Table) Flush(now time.Time, e *Entry) []Action {
	switch e.state {
	case Incomplete:
		if !e.asking && !e.Remembered() {
			t.forget(now, e)
		}
	case Reachable, Stale, Delay, Probe, Failed:
		t.forget(now, e)
		t.askManaged(now, e)
	case Permanent:
	}
	return t.take()
}

// LinkDown: the router port lost its link. Nothing that was learned holds, nobody
// will answer, and what waits would wait in vain.
func (t *Table) LinkDown(now time.Time, e *Entry) []Action {
	switch e.state {
	case Incomplete:
		if e.asking {
			t.idle(now, e)
			t.act(DiscardParked, e)
		}
	case Reachable, Stale, Delay, Probe, Failed:
		e.failures = 0
		t.forget(now, e)
	case Permanent:
	}
	return t.take()
}

// timeout: e's timer fired.
func (t *Table) timeout(now time.Time, e *Entry) {
	switch e.state {
	case Incomplete:
		switch {
		case !e.asking:
			t.fade(now, e)
		case e.tries < t.cfg.McastSolicit:
			t.again(now, e)
		default: // RFC 4861 §7.2.2, checklist N4 and A6
			t.fail(now, e)
		}
	case Reachable: // RFC 4861 §7.3.3
		t.enter(now, e, Stale)
		t.act(Publish, e)
	case Stale:
		if t.managed(e) { // verified whether packets use it or not
			t.enter(now, e, Delay)
			t.act(Publish, e)
			break
		}
		e.sampleGap = min(2*e.sampleGap, t.cfg.MaxSampleUse)
		t.start(e, t.nextLook(now, e))
		t.act(SampleUse, e)
	case Delay: // RFC 4861 §7.3.3: nobody confirmed it
		t.enter(now, e, Probe)
		t.act(Publish, e)
	case Probe: // checklist N10
		if e.tries < t.cfg.UcastSolicit {
			t.probe(now, e, ProbeUnicast)
		} else { // RFC 4861 §7.3.3: deleted, so that the next packet asks everybody
			t.forget(now, e)
			t.askManaged(now, e)
		}
	case Failed: // the hold-off ends: the next packet may ask again
		if t.managed(e) {
			t.holdOn(now, e)
			t.act(SampleUse, e)
			break
		}
		t.idle(now, e)
		t.act(Publish, e)
	case Permanent: // has no timer
	}
}

func (t *Table) fail(now time.Time, e *Entry) {
	t.enter(now, e, Failed)
	t.act(Publish, e)
	t.act(FailParked, e)
}
