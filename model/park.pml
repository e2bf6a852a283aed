// SPDX-License-Identifier: Apache-2.0
// The park rings and their hand-back: one worker, one control, KEYS next hops,
// SLOTS slots. README.md says which step stands for which C or Go function.
//
// A step (one statement, or one atomic) touches shared memory once, so every
// interleaving of the code's atomic operations is a path here. Where a step holds
// more, the rest is owned by the process that takes it, or a note says why the
// order can't be seen.
//
// The weak orderings of the C are sequentially consistent where it matters:
//   ask, then adjacency          fence in pw_park_packet and finish      (tso.pml)
//   adjacency, then asks         fence in pw_control_asks_mark           (tso.pml)
//   asked cleared, then word     exchange in pw_park_next_ask            (tso.pml)
//   word and ring, then asked    exchange in pw_park_ask                 (tso.pml)
//   entry, then tail             release in pw_park_push, acquire in pw_park_pop
//   key, then word, then key     release fence in pw_park_open, acquire in collect
//   wire or TX queue, then word  release of the state word, acquire by the other side
//   claim of head                acq_rel compare-and-swap

#ifndef KEYS
#define KEYS 1
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef RING
#define RING 2
#endif
#ifndef PACKETS
#define PACKETS 4
#endif
#ifndef FLUSHES         // a resolved next hop is forgotten
#define FLUSHES 1
#endif
#ifndef FAILS           // nobody answers
#define FAILS 1
#endif
#ifndef EXPIRES         // control looks for packets that are too old
#define EXPIRES 1
#endif
#ifndef TXFULLS         // control's transmit queue takes a part only
#define TXFULLS 1
#endif
#ifndef MOVES           // control finds that it has no queue to that port
#define MOVES 1
#endif
#ifndef PREEMPT         // a newcomer without a slot may take another next hop's
#define PREEMPT 0
#endif
#ifndef EVICT           // a newcomer may cost another slot its oldest packet
#define EVICT 0
#endif
#define BURST 2
#define BATCH 2         // asks that a poll brings at most
#define ASKS (2 * SLOTS)
#define NONE 255

// Adjacency.
#define INCOMPLETE 0
#define RESOLVING 1     // DRAINING of enum pw_adj_state
#define FAILED 2
#define REACHABLE 3
#define RESOLVED(a) ((a) == RESOLVING || (a) == REACHABLE)
#define USABLE(a) ((a) == REACHABLE)

// Slot word: generation << 2 | state.
#define FREE 0
#define PARKED 1
#define DRAINING 2
#define HANDBACK 3
#define ST(w) ((w) & 3)
#define GEN(w) ((w) & 252)

// What control keeps of a next hop.
#define parking 0
#define draining 1
#define sending 2

// Properties. A violated assertion prints the number; scripts/model.sh the name.
#define no_packet_lost 1
#define no_double_send 2
#define no_overtaking 3
#define right_next_hop 4
#define free_is_empty 5
#define one_sender 6
#define worker_bounded 7
#define drain_bounded 8
#define asks_fit 9
#define all_slots_close 10
#define MUST(property, condition) assert((condition) || !(property))

byte adj[KEYS];
byte word[SLOTS], skey[SLOTS], head[SLOTS], tail[SLOTS], ring[SLOTS * RING];
bit asked[SLOTS];
byte asks[ASKS], ask_head, ask_tail;
bit kicked;             // kick != kick_seen
chan pend[SLOTS] = [RING] of { byte };  // struct pw_drain: popped and not sent

// For the properties alone.
bit ended[PACKETS + 1]; // sent, evicted, pre-empted, expired, failed, discarded or refused
byte last[KEYS];        // on the wire, of a next hop's flow
byte pkey[PACKETS + 1];
bit kicking;            // control is between its two steps of a hand-back

inline finis(x) { MUST(no_double_send, !ended[x]); ended[x] = 1 }

// The wire takes packets from two transmit queues, in the order of the calls.
inline wire(x)
{
	finis(x);
	MUST(no_overtaking, last[pkey[x]] < x);
	last[pkey[x]] = x
}

/* ---- worker ---- */

// pw_tx_flush. A packet of control's that comes in the midst might as well have come
// before, which is the worse case: so one step.
inline tx_flush()
{
	do
	:: nempty(tx) -> tx?m; wire(m)
	:: empty(tx) -> break
	od;
	m = 0
}

inline deliver_kept()
{
	do
	:: nempty(kept) -> kept?m; tx!m
	:: empty(kept) -> break
	od;
	m = 0
}

inline ask(sl)
{
#ifdef NO_ASKED_FLAG
	skip;
#else
	atomic { lost = asked[sl]; asked[sl] = 1 };
	if
	:: atomic { lost -> lost = 0 }
	:: else ->
#endif
		atomic {
			MUST(asks_fit, ask_tail - ask_head < SLOTS);
			asks[ask_tail % ASKS] = sl;
			ask_tail++
		}
#ifndef NO_ASKED_FLAG
	fi
#endif
}

// pw_park_pop by the worker, first half: the oldest packet, in m. One step: tail and
// entry are the worker's own.
inline worker_look(sl)
{
	atomic {
		h = head[sl];
		m = (h == tail[sl] -> 0 : ring[sl * RING + h % RING])
	}
}
#ifdef NO_CAS
#define CLAIMABLE(sl) 1
#else
#define CLAIMABLE(sl) (head[sl] == h)
#endif

#ifdef EVICT_NO_CAS
#define EVICTABLE(sl) 1
#else
#define EVICTABLE(sl) CLAIMABLE(sl)
#endif

#ifdef FREE_BEFORE_EMPTY
#define LAST(sl) (turns > 1 || m == 0)
#else
#define LAST(sl) (m == 0)
#endif

// finish: the slot is in HANDBACK, and so the worker's.
inline finish(sl, done)
{
	do
	:: atomic {
		turns++;
		MUST(worker_bounded, turns <= RING + 2 + FLUSHES + FAILS);
		a = adj[skey[sl]]
	   };
	   if
	   :: RESOLVED(a) || a == FAILED
	   :: else ->
		if
		:: head[sl] == tail[sl]
		:: else ->
#ifdef WORKER_WAITS
			goto again;     // until control has resolved it
#endif
#ifndef NO_FLUSH_AHEAD
			atomic { tx_flush() };
#endif
			word[sl] = GEN(word[sl]) | PARKED;
			ask(sl);
#ifdef NO_RECHECK
			done = 0; turns = 0; a = 0; break;
#endif
			atomic {
				a = adj[skey[sl]];
				if
				:: RESOLVED(a)
				:: else -> done = 0; turns = 0; a = 0; break
				fi
			};
			atomic {
				if
				:: ST(word[sl]) == PARKED -> word[sl] = GEN(word[sl]) | HANDBACK; goto again
				:: else -> done = 0; turns = 0; a = 0; break
				fi
			}
		fi
	   fi;
	   worker_look(sl);
	   atomic {
		if
		:: LAST(sl) ->
			MUST(free_is_empty, head[sl] == tail[sl]);
			word[sl] = GEN(word[sl]) | FREE;
			n_open--;
			done = 1;
			turns = 0; a = 0; h = 0;
			break
		:: !LAST(sl) && CLAIMABLE(sl) ->
			head[sl] = h + 1;
			MUST(one_sender, empty(pend[sl]) && ST(word[sl]) == HANDBACK);
			if
			:: RESOLVED(a) -> MUST(right_next_hop, skey[sl] == pkey[m]); tx!m
			:: else -> finis(m)
			fi
		:: !LAST(sl) && !CLAIMABLE(sl) ->
			skip    // lost: control expired that one
		fi;
		h = 0; m = 0
	   }
again:	   skip
	od
}

inline find(key)
{
	s = NONE;
	if
	:: ST(word[0]) != FREE && skey[0] == key -> s = 0
#if SLOTS > 1
	:: ST(word[1]) != FREE && skey[1] == key -> s = 1
#endif
	:: else
	fi
}

// pw_park_open's choice; s is NONE when every slot is taken.
inline choose_free()
{
	if
	:: ST(word[0]) == FREE -> s = 0
#if SLOTS > 1
	:: ST(word[1]) == FREE -> s = 1
#endif
	:: else -> s = NONE
	fi
}

inline push(sl, x)
{
	atomic {
		ring[sl * RING + tail[sl] % RING] = x;
		tail[sl]++
	}
}

// pw_packet_room: at the bound on packets the oldest of another slot may give way,
// whoever has that slot: the claim is on head alone. Which, and when, is policy; here
// it is any.
inline evict_other(sl)
{
#if EVICT && SLOTS > 1
	v = 1 - sl;
	if
	:: true
	:: head[v] != tail[v] ->
		worker_look(v);
		atomic {
			if
			:: m != 0 && EVICTABLE(v) -> head[v] = h + 1; finis(m)
			:: else // lost to control, which has made room
			fi;
			m = 0; h = 0
		}
	fi;
	v = 0
#else
	skip
#endif
}

#ifdef PREEMPT_DRAINING
#define PREEMPTIBLE(sl) (ST(word[sl]) == PARKED || ST(word[sl]) == DRAINING)
#else
#define PREEMPTIBLE(sl) (ST(word[sl]) == PARKED)
#endif

// pw_slot_room's preempt: the slot s of another next hop becomes FREE, its packets
// end; s is NONE when control has claimed it first.
inline preempt()
{
#ifdef PREEMPT_NO_CAS
	if
	:: PREEMPTIBLE(s) -> word[s] = GEN(word[s]) | HANDBACK
	:: else -> s = NONE
	fi;
#else
	atomic {
		if
		:: PREEMPTIBLE(s) -> word[s] = GEN(word[s]) | HANDBACK
		:: else -> s = NONE
		fi
	};
#endif
	do
	:: s == NONE -> break
	:: s != NONE ->
#ifdef PREEMPT_FULL
		atomic { word[s] = GEN(word[s]) | FREE; n_open--; break };
#endif
		worker_look(s);
		atomic {
			turns++;
			MUST(worker_bounded, turns <= RING + 1);
			if
			:: m == 0 ->
				word[s] = GEN(word[s]) | FREE;
				n_open--;
				turns = 0; h = 0;
				break
			:: m != 0 && CLAIMABLE(s) -> head[s] = h + 1; finis(m)
			:: m != 0 && !CLAIMABLE(s)      // lost: control expired that one
			fi;
			m = 0; h = 0
		}
	od
}

#if SLOTS > 1
#define HANDED_BACK (ST(word[0]) == HANDBACK || ST(word[1]) == HANDBACK)
#else
#define HANDED_BACK (ST(word[0]) == HANDBACK)
#endif

// A packet's next hop. Next hops are alike, so each is named after the one before it.
#if KEYS > 2
#define NEXT_NAME(x) :: x > 2 && last_named == 1 -> pkey[x] = 2; last_named = 2 \
	:: last_named == 2 -> pkey[x] = 2
#else
#define NEXT_NAME(x)
#endif
inline name(x)
{
	if
	:: pkey[x] = 0
	:: x > 1 -> pkey[x] = 1; if :: last_named == 0 -> last_named = 1 :: else fi
	NEXT_NAME(x)
	fi
}

active proctype worker()
{
	byte next = 1;  // number of the next packet to arrive
	byte n, i, k, s, a, m, h, turns, n_open, visits;
#if KEYS > 1
	byte last_named;
#endif
#if EVICT && SLOTS > 1
	byte v;         // the slot that an eviction takes from
#endif
	bit lost;       // asked was set already
	bit closed, parked;
	byte b[BURST];  // the adjacency words of the burst
	chan kept = [BURST] of { byte };
	chan tx = [PACKETS] of { byte };

poll:
	atomic {
		n = 0; i = 0; k = 0; s = 0; parked = 0; closed = 0; b[0] = 0; b[1] = 0;
end_poll:	if
		:: next <= PACKETS ->
			if
			:: n = 1
			:: next < PACKETS -> n = 2
			fi;
#if KEYS > 1
			name(next);
			if :: n == 2 -> name(next + 1) :: else fi
#endif
		// Nothing to do until control says so. The housekeeping of every 256 polls
		// may come between control's two steps, and never is what saves a packet.
		:: kicked || (kicking && HANDED_BACK) || nempty(tx) -> goto kick
		fi
	};

arp_resolve:
	do
	:: atomic {
		b[i] = adj[pkey[next + i]];
		i++;
		if :: i == n -> i = 0; break :: else fi
	   }
	od;

arp_request:
	if
	:: i == n -> goto delivery
	:: atomic {
		i < n && USABLE(b[i]) ->
#ifndef STALE_WORD
		if :: parked -> b[i] = adj[pkey[next + i]] :: else fi;
#endif
		if
		:: USABLE(b[i]) -> kept!(next + i); i++; goto arp_request
		:: else
		fi
	   }
	:: i < n && !USABLE(b[i])
	fi;

	// pw_park_packet. Whether a slot is open, and for what, is the worker's own.
	atomic {
		k = pkey[next + i];
		find(k);
		if
		:: s == NONE -> goto look
		:: else
		fi
	};
	atomic {
		if
		:: ST(word[s]) != HANDBACK -> goto join
		:: else
		fi
	};
	finish(s, closed);
	if
	:: !closed -> goto join
	:: else
	fi;

look:
	atomic {
		closed = 0; s = 0;
		a = adj[k];
		if
		:: RESOLVED(a) -> a = 0; kept!(next + i); i++; goto arp_request
		:: a == FAILED -> a = 0; finis(next + i); i++; goto arp_request
		:: else
		fi;
		choose_free();
		if
		:: s != NONE -> goto ahead
		:: s == NONE -> goto refuse
#if PREEMPT
		:: s == NONE -> s = 0
#if SLOTS > 1
		:: s == NONE -> s = 1
#endif
#endif
		fi
	};
	preempt();
	atomic {
		if
		:: s == NONE ->
refuse:			s = 0; finis(next + i); i++; goto arp_request
		:: else
		fi
	};
ahead:	evict_other(s);
#ifndef NO_SEND_AHEAD
	atomic { deliver_kept(); tx_flush() };
#endif
	atomic { MUST(free_is_empty, head[s] == tail[s]); skey[s] = k; n_open++ };
#ifdef NO_NEW_GENERATION
	word[s] = GEN(word[s]) | PARKED;
#else
	word[s] = (GEN(word[s]) + 4) | PARKED;
#endif
	push(s, next + i);
	ask(s);
#ifdef NO_RECHECK
	goto parked_it;
#endif
	atomic {
		a = adj[k];
		if
		:: RESOLVED(a)
		:: else -> goto parked_it
		fi
	};
	atomic {
		if
		:: ST(word[s]) == PARKED -> word[s] = GEN(word[s]) | HANDBACK
		:: else -> goto parked_it
		fi
	};
	finish(s, closed);
	goto parked_it;

join:
	if
	:: tail[s] - head[s] < RING -> evict_other(s); goto room
	:: else
	fi;
	worker_look(s);
	atomic {
		if
		:: m != 0 && CLAIMABLE(s) -> head[s] = h + 1; finis(m)  // evicted
		:: else // lost to control, which has made room
		fi;
		m = 0; h = 0
	};
room:
	push(s, next + i);

parked_it:
	atomic { a = 0; s = 0; closed = 0; i++; parked = 1 };
	goto arp_request;

delivery:
	atomic {
		deliver_kept();
		next = next + n;
		n = 0; i = 0; parked = 0;
		if
		:: next <= PACKETS -> goto poll     // the next rx queue's burst
		:: true
		fi
	};

kick:
	if
	:: atomic { kicked -> kicked = 0 }
	:: !kicked && kicking
	:: else -> goto flush
	fi;
	visits = 0;
	s = 0;
	do
	:: atomic {
		s < SLOTS ->
#ifdef HALF_SWEEP
		if :: visits >= n_open -> s = SLOTS :: else fi;
#endif
		if
		:: s == SLOTS || ST(word[s]) == FREE
		:: else -> visits++
		fi
	   };
	   if
	   :: atomic {
		s < SLOTS && ST(word[s]) == HANDBACK
	      };
	      finish(s, closed)
	   :: else
	   fi;
	   atomic { closed = 0; if :: s < SLOTS -> s++ :: else fi }
	:: s == SLOTS -> break
	od;
	visits = 0;
flush:
	atomic { tx_flush() };
	goto poll
}

/* ---- control ---- */

#define K(kk, ss) known[(kk) * SLOTS + (ss)]
#if SLOTS > 1
#define NOBODY(kk) (K(kk, 0) == 0 && K(kk, 1) == 0)
#else
#define NOBODY(kk) (K(kk, 0) == 0)
#endif
#ifdef NO_MARK
#define ASKS_READ(kk) 1
#else
#define ASKS_READ(kk) (ask_head >= mark[kk])    // pw_control_asks_read
#endif
// There is something for a drain to do; else it looks in vain, turn after turn.
#define STIRS(kk, ss) (K(kk, ss) != 0 && word[ss] != (K(kk, ss) | HANDBACK))
#if SLOTS > 1
#define STIR(kk) (STIRS(kk, 0) || STIRS(kk, 1) || (NOBODY(kk) && ASKS_READ(kk)))
#else
#define STIR(kk) (STIRS(kk, 0) || (NOBODY(kk) && ASKS_READ(kk)))
#endif

// pw_control_claim
#ifdef NO_GENERATION
#define IS(ss, g, state) (ST(word[ss]) == (state))
#else
#define IS(ss, g, state) (word[ss] == ((g) | (state)))
#endif

#ifdef NO_DRAIN_BOUND
#define LEFT(sl) RING
#else
#define LEFT(sl) (RING - taken[sl])
#endif

inline handback(sl)
{
	atomic { taken[sl] = 0; word[sl] = GEN(word[sl]) | HANDBACK; kicking = 1 };
	atomic { kicking = 0; kicked = 1 }
}

inline discard(sl)
{
	do
	:: nempty(pend[sl]) -> pend[sl]?m; finis(m)
	:: empty(pend[sl]) -> break
	od;
	m = 0
}

// pw_park_pop by control, first half: the oldest packet, in m. Its reading of head and
// tail is one step, for tail only grows and a head that has moved loses the claim.
inline control_look(sl)
{
	atomic { h = head[sl]; m = (h == tail[sl] -> 0 : NONE) };
	if
	:: m == NONE -> m = ring[sl * RING + h % RING]
	:: else
	fi
}

// pw_control_slot_open: whoever is closed is forgotten.
inline forget_closed(kk, ss)
{
	atomic {
		if
		:: K(kk, ss) != 0 && (GEN(word[ss]) != K(kk, ss) || ST(word[ss]) == FREE) -> K(kk, ss) = 0
		:: else
		fi
	}
}

// What may happen between two polls, asked for or not.
#define EVENTS(kk) \
	:: nb == 0 && phase[kk] == draining && STIR(kk) -> k = kk; goto drain \
	:: nb == 0 && phase[kk] == parking && !dead[kk] -> k = kk; goto begin_drain \
	:: nb == 0 && flushes > 0 && !dead[kk] && (phase[kk] != parking || adj[kk] == FAILED) -> \
		k = kk; flushes--; goto unpublish \
	:: nb == 0 && fails > 0 && phase[kk] == parking && adj[kk] == INCOMPLETE -> \
		k = kk; fails--; if :: dead[kk] = 1 :: true fi; goto fail \
	:: nb == 0 && expires > 0 && phase[kk] != draining && !NOBODY(kk) -> k = kk; expires--; goto expire

active proctype control()
{
	byte k, s, w, h, m, left, nb, bi;
	byte bk[BATCH], bs[BATCH], bw[BATCH];
	byte phase[KEYS], mark[KEYS], known[KEYS * SLOTS], taken[SLOTS];
	byte flushes = FLUSHES, fails = FAILS, expires = EXPIRES, txfulls = TXFULLS, moves = MOVES;
	bit dead[KEYS], one;

turn:
	atomic {
		k = 0; s = 0; w = 0; m = 0; h = 0; left = 0; one = 0;
end_turn:	if
		:: bi < nb ->   // Resolver.asked
			k = bk[bi]; s = bs[bi]; w = bw[bi];
			bk[bi] = 0; bs[bi] = 0; bw[bi] = 0;
			bi++;
			if :: bi == nb -> bi = 0; nb = 0 :: else fi;
			K(k, s) = GEN(w);
			w = 0;
			if
			:: phase[k] == sending ->
				s = 0;
#ifdef NO_REDRAIN
				phase[k] = draining; mark[k] = ask_tail; goto drain
#else
				goto begin_drain
#endif
			:: phase[k] == parking && adj[k] == FAILED -> one = 1; goto take
			:: else -> goto turn
			fi
		:: nb == 0 && ask_head != ask_tail -> goto collect
		EVENTS(0)
#if KEYS > 1
		EVENTS(1)
#endif
#if KEYS > 2
		EVENTS(2)
#endif
		fi
	};

	// pw_control_poll
collect:
	do
	:: atomic {
		nb < BATCH && ask_head != ask_tail ->
		s = asks[ask_head % ASKS];
		ask_head++
	   };
	   asked[s] = 0;
	   w = word[s];
	   k = skey[s];
	   atomic {
		if
		:: ST(w) == FREE || ST(word[s]) == FREE || GEN(w) != GEN(word[s])
		:: else -> bk[nb] = k; bs[nb] = s; bw[nb] = w; nb++
		fi;
		k = 0; s = 0; w = 0
	   }
	:: else -> break
	od;
	goto turn;

	// Resolver.beginDrain
begin_drain:
#ifdef NO_DRAINING_GATE
	adj[k] = REACHABLE;
#else
	adj[k] = RESOLVING;
#endif
	atomic { mark[k] = ask_tail; phase[k] = draining };

	// Resolver.drain, pw_control_drain
drain:
	atomic {
		do
		:: s < SLOTS && K(k, s) == 0 -> s++
		:: s < SLOTS && K(k, s) != 0 -> break
		:: s == SLOTS -> goto drained
		od
	};
	atomic {
		if
		:: IS(s, K(k, s), DRAINING)
#ifdef NO_CLAIM
		:: IS(s, K(k, s), PARKED) -> taken[s] = 0
#else
		:: IS(s, K(k, s), PARKED) -> word[s] = GEN(word[s]) | DRAINING; taken[s] = 0
#endif
		:: else -> goto gone
		fi
	};
	if
	:: atomic {
		moves > 0 ->
		moves--;
#ifdef KEEP_PENDING
		goto hand_back
#else
		discard(s); goto hand_back
#endif
	   }
	:: true
	fi;
send:
	if
	:: nempty(pend[s]) -> goto burst
	:: empty(pend[s]) && LEFT(s) > 0
	:: empty(pend[s]) && LEFT(s) == 0 -> goto hand_back
	fi;
	left = LEFT(s);
	do
	:: left > 0 ->
		control_look(s);
		atomic {
			if
			:: m == 0 -> left = 0
			:: m != 0 && CLAIMABLE(s) -> head[s] = h + 1; pend[s]!m; taken[s]++; left--
			:: m != 0 && !CLAIMABLE(s)      // lost
			fi;
			m = 0; h = 0
		}
	:: left == 0 -> break
	od;
	if
	:: empty(pend[s]) -> goto hand_back
	:: nempty(pend[s])
	fi;
burst:  // rte_eth_tx_burst takes all, or a part
	atomic {
		MUST(drain_bounded, taken[s] <= RING);
		do
		:: nempty(pend[s]) ->
			pend[s]?m;
			MUST(one_sender, ST(word[s]) == DRAINING);
			MUST(right_next_hop, pkey[m] == k);
			wire(m)
		:: nempty(pend[s]) && txfulls > 0 -> txfulls--; m = 0; s++; goto drain
		:: empty(pend[s]) -> break
		od;
		m = 0
	};
	goto send;
hand_back:
#ifdef NO_KICK
	word[s] = GEN(word[s]) | HANDBACK;
#else
	handback(s);
#endif
gone:
	forget_closed(k, s);
	s++;
	goto drain;
drained:
	atomic {
		if
		:: NOBODY(k) && ASKS_READ(k)
		:: else -> goto turn
		fi
	};
	atomic { adj[k] = REACHABLE; phase[k] = sending; mark[k] = 0 };
	goto turn;

	// Resolver.unpublish and giveBack
unpublish:
	adj[k] = INCOMPLETE;
	if
	:: atomic { phase[k] == draining -> phase[k] = parking; mark[k] = 0; s = 0 }
	:: atomic { phase[k] != draining -> phase[k] = parking; goto turn }
	fi;
	do
	:: s < SLOTS && K(k, s) != 0 ->
		if      // pw_control_abandon
		:: atomic { IS(s, K(k, s), DRAINING) -> discard(s) }; handback(s)
		:: atomic { else -> m = 0 }
		fi;
		if
		:: atomic { IS(s, K(k, s), PARKED) -> word[s] = GEN(word[s]) | DRAINING; taken[s] = 0 }; handback(s)
		:: else
		fi;
		s++
	:: s < SLOTS && K(k, s) == 0 -> s++
	:: s == SLOTS -> break
	od;
	goto turn;

	// Resolver.failParked; from take on also refuseSlot, for the one slot of an ask
fail:
	adj[k] = FAILED;
	s = 0;
take:
	do
	:: atomic { s < SLOTS && K(k, s) == 0 -> s++ }
	:: s == SLOTS -> break
	:: s < SLOTS && K(k, s) != 0 ->
		if
		:: atomic { IS(s, K(k, s), PARKED) -> word[s] = GEN(word[s]) | DRAINING; taken[s] = 0 };
			left = tail[s] - head[s];
			do
			:: left > 0 ->
				control_look(s);
				atomic {
					if
					:: m == 0 -> left = 0
					:: m != 0 && CLAIMABLE(s) -> head[s] = h + 1; finis(m); left--
					:: m != 0 && !CLAIMABLE(s)
					fi;
					m = 0; h = 0
				}
			:: left == 0 -> break
			od;
			handback(s)
		:: else
		fi;
		forget_closed(k, s);
		if
		:: one -> break
		:: else -> s++
		fi
	od;
	goto turn;

	// Resolver.expire, pw_control_expire
expire:
	do
	:: s < SLOTS ->
		if
		:: K(k, s) != 0 && IS(s, K(k, s), PARKED) ->
			do
			:: control_look(s);
				atomic {
					left = 1;
					if
					:: m == 0 -> left = 0
					:: m != 0 && CLAIMABLE(s) ->
						head[s] = h + 1;
						finis(m);
						if      // the next may be young
						:: left = 0
						:: true
						fi
					:: m != 0 && !CLAIMABLE(s)
					fi;
					m = 0; h = 0;
					if :: left == 0 -> break :: else -> left = 0 fi
				}
			od
		:: else
		fi;
		forget_closed(k, s);
		s++
	:: s == SLOTS -> break
	od;
	goto turn
}

// Runs when nobody else can: a quiet end.
active proctype quiet()
{
	byte x;
	timeout;
	atomic {
		x = 1;
		do
		:: x <= PACKETS -> MUST(no_packet_lost, ended[x]); x++
		:: else -> break
		od;
		x = 0;
		do
		:: x < SLOTS -> MUST(all_slots_close, ST(word[x]) == FREE && empty(pend[x])); x++
		:: else -> break
		od
	}
}

#ifdef LTL
#define handed_back (ST(word[0]) == HANDBACK)
#if PACKETS > 2
#define all_ended (ended[1] && ended[2] && ended[3])
#else
#define all_ended (ended[1] && ended[2])
#endif
ltl hand_back_completes { ([] (handed_back -> <> !handed_back)) && (<> all_ended) }
#endif
