// SPDX-License-Identifier: Apache-2.0
// The two places where a side writes one word and then reads another, as x86 runs
// them: each side's plain stores wait in a store buffer, in order, and reach memory
// when they like; a fence or a locked instruction empties the buffer first.
//
// DEKKER=1  worker: writes an ask, then reads the adjacency   (pw_park_packet, finish)
//           control: publishes DRAINING, then reads ask_tail  (pw_control_asks_mark)
// DEKKER=2  worker: writes a slot's new word, then swaps asked to 1     (pw_park_ask)
//           control: clears asked, then reads the slot's word      (pw_park_next_ask)
//
// Without WORKER_FENCE or CONTROL_FENCE that fence is left out. In pair 2 both sides
// swap, which on x86 is a locked instruction: control's is a plain store here, and its
// fence what makes it a swap.
//
// At the end the packet must have somebody to send it: the worker, who saw the
// resolution, or control, who has read the ask and the slot's word.

#ifndef DEKKER
#define DEKKER 1
#endif
#define WORKER 0
#define CONTROL 1
#define DEPTH 3

// Memory.
#define ADJ 0           // 1: DRAINING
#define WORD 1          // 1: PARKED, a new life; 0: FREE
#define TAIL 2          // asks written
#define ASKED 3
byte memory[4];
#if DEKKER == 2
#define BEFORE memory[ASKED] = 1        // the last life's ask is still in the ring
#else
#define BEFORE skip
#endif

chan buffer[2] = [DEPTH] of { byte, byte };
bool ready, worker_sends, control_knows, worker_done, control_done;

inline store(side, where, value) { nfull(buffer[side]); buffer[side]!where,value }

// A load sees its own side's youngest store to the word, else memory.
inline load(side, where, into)
{
	atomic {
		into = memory[where];
		n = len(buffer[side]);
		do      // once round, so that the order stays
		:: n > 0 ->
			buffer[side]?at,value;
			if :: at == where -> into = value :: else fi;
			buffer[side]!at,value;
			n--
		:: n == 0 -> break
		od;
		at = 0; value = 0
	}
}

inline fence(side) { empty(buffer[side]) }

active proctype worker()
{
	byte n, at, value, seen;

	ready;
	store(WORKER, WORD, 1);         // pw_park_open, pw_park_push
#if DEKKER == 2
#ifdef WORKER_FENCE
	fence(WORKER);
#endif
#endif
	atomic { empty(buffer[WORKER]); seen = memory[ASKED]; memory[ASKED] = 1 };
	if
	:: seen == 0 -> store(WORKER, TAIL, memory[TAIL] + 1)
	:: else
	fi;
#if DEKKER == 1
#ifdef WORKER_FENCE
	fence(WORKER);
#endif
	load(WORKER, ADJ, seen);
	worker_sends = seen;
#endif
	worker_done = 1
}

active proctype control()
{
	byte n, at, value, seen;

	ready;
#if DEKKER == 1
	store(CONTROL, ADJ, 1);         // StoreAdjacency
#ifdef CONTROL_FENCE
	fence(CONTROL);
#endif
	load(CONTROL, TAIL, seen);      // the mark: what is in by now will be read
	control_knows = seen > 0;
#else
	// An ask of the slot's last life is in the ring; it is read now.
	store(CONTROL, ASKED, 0);
#ifdef CONTROL_FENCE
	fence(CONTROL);
#endif
	load(CONTROL, WORD, seen);      // FREE is skipped: a new life asks anew
	control_knows = seen;
#endif
	control_done = 1
}

active proctype hardware()
{
	byte at, value;
end:	do
	:: atomic { buffer[WORKER]?at,value -> memory[at] = value; at = 0; value = 0 }
	:: atomic { buffer[CONTROL]?at,value -> memory[at] = value; at = 0; value = 0 }
	od
}

active proctype quiet()
{
	atomic { BEFORE; ready = 1 };
	timeout;
	assert(worker_done && control_done);
	// In pair 2 control also finds the ask that the new life has written itself.
	assert(worker_sends || control_knows || (DEKKER == 2 && memory[TAIL] > 0))
}
