#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# model.sh [full]: checks the models in model/ with SPIN: each property over all
# interleavings, then that every mutation of the protocol is found out. One line
# each, with the states explored; fails if a property does, or if a mutation passes.
# With full, larger configurations as well (some minutes more, 1.5 GB).
set -u
cd "$(dirname "$0")/../model"
full=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
properties=(no_packet_lost no_double_send no_overtaking right_next_hop free_is_empty one_sender
	worker_bounded drain_bounded asks_fit all_slots_close)
failed=0

# check MODEL OPTIMIZE SPIN-FLAGS CC-FLAGS PAN-FLAGS: sets states, seconds, and
# verdict: ok, the name of what was violated, or broken.
check() {
	local dir model=$PWD/$1 start=$SECONDS out
	dir=$(mktemp -d -p "$work")
	# shellcheck disable=SC2086
	out=$(cd "$dir" && spin -a $3 "$model" && gcc "$2" -w -DMEMLIM=2000 $4 -o pan pan.c && ./pan -m1000000 -w22 $5 2>&1)
	seconds=$((SECONDS - start))
	states=$(awk '$2 == "states," { print $1; exit }' <<<"$out")
	verdict=broken
	if grep -q 'errors: 0$' <<<"$out" && ! grep -qE 'max search depth|out of memory|not completed|truncated' <<<"$out"; then
		verdict=ok
	elif [[ $out =~ 'assertion violated'.*'|| !('([0-9]+)')' ]]; then
		verdict=${properties[BASH_REMATCH[1] - 1]}
	elif [[ $out == *'non-progress cycle'* ]]; then
		verdict=nobody_waits
	elif [[ $out == *'acceptance cycle'* ]]; then
		verdict=hand_back_completes
	elif [[ $out == *'assertion violated (worker_sends'* || $out == *'assertion violated ((worker_sends'* ]]; then
		verdict=no_packet_lost
	fi
	[ "$verdict" != broken ] || { echo "$out" >&2; states=0; }
	rm -rf "$dir"
	total=$((${total:-0} + states))
}

line() { printf '%-24s %-9s %12s states  %s\n' "$@"; }

# of "KEYS SLOTS RING PACKETS FLUSHES FAILS EXPIRES TXFULLS MOVES PREEMPT EVICT":
# spin's flags. What is left out at the end is 0.
of() {
	local name flags=
	# shellcheck disable=SC2086
	set -- $1
	for name in KEYS SLOTS RING PACKETS FLUSHES FAILS EXPIRES TXFULLS MOVES PREEMPT EVICT; do
		flags+=" -D$name=${1:-0}"
		shift
	done
	echo "$flags"
}

# The assertions hold, or do not, in every configuration at once.
configurations=(
	"1 1 2 5 1 0 0 0 0" # forgotten and resolved again
	"1 1 2 5 0 1 1 1 1" # failed, expired, a full transmit queue, moved
	"1 1 2 3 1 1 0 0 0" # forgotten and failed
	"2 1 2 3 0 0 1 0 0 1"   # one slot for two next hops: reused, pre-empted, also while control expires it
	"2 1 2 2 0 1 1 1 1 1"   # pre-empted, and failed or moved
	"2 1 2 2 1 0 0 0 0 1"   # pre-empted, forgotten and resolved again
	"2 2 2 3 0 0 0 0 0 0 1" # two slots, two next hops; one costs the other its oldest
)
if [ "$full" = full ]; then
	configurations+=(
		"1 1 3 5 1 0 0 0 0"
		"1 1 2 3 1 1 0 1 0"
		"2 1 2 4 0 0 0 0 0 1"
		"2 1 2 3 1 0 0 0 0 1"
		"2 2 2 2 1 0 1 0 0 0 1"
		"3 2 2 3 0 0 0 0 0 1" # three next hops, two slots
	)
fi
declare -A violated=()
total=0
for c in "${configurations[@]}"; do
	check park.pml -O1 "$(of "$c")" "-DSAFETY -DCOLLAPSE" ""
	[ "$verdict" = ok ] || violated[$verdict]=$c
	line "configuration" "$verdict" "$states" "$seconds s $(of "$c" | sed 's/-D//g; s/ [A-Z]*=0//g')"
done
all=$total
for p in "${properties[@]}" broken; do
	if [ -n "${violated[$p]:-}" ]; then
		line "$p" VIOLATED "$all" "in $(of "${violated[$p]}")"
		failed=1
	elif [ "$p" != broken ]; then
		line "$p" ok "$all" ""
	fi
done

# holds NAME NOTE CHECK...: one property with a run of its own.
holds() {
	local name=$1 note=$2
	shift 2
	check "$@"
	if [ "$verdict" = ok ]; then
		line "$name" ok "$states" "$seconds s  $note"
	else
		line "$name" VIOLATED "$states" "$seconds s  $note"
		failed=1
	fi
}
holds nobody_waits "no cycle: every path ends" park.pml -O0 "$(of "1 1 2 3 1 0 0 0 0")" "-DNP -DCOLLAPSE" -l
holds nobody_waits "no cycle; pre-empted" park.pml -O0 "$(of "2 1 2 2 0 0 1 0 0 1")" "-DNP -DCOLLAPSE" -l
holds hand_back_completes "LTL, weak fairness; a full queue" park.pml -O0 "$(of "1 1 2 3 0 0 0 1 0") -DLTL" -DCOLLAPSE "-a -f"
holds hand_back_completes "LTL, weak fairness; forgotten" park.pml -O0 "$(of "1 1 2 2 1 0 0 0 0") -DLTL" -DCOLLAPSE "-a -f"
holds ask_fences "x86 store buffers" tso.pml -O0 "-DDEKKER=1 -DWORKER_FENCE -DCONTROL_FENCE" -DSAFETY ""
holds asked_fences "x86 store buffers" tso.pml -O0 "-DDEKKER=2 -DWORKER_FENCE -DCONTROL_FENCE" -DSAFETY ""

# breaks WHAT PROPERTY CHECK...: a mutation must violate PROPERTY.
breaks() {
	local what=$1 wanted=$2
	shift 2
	check "$@"
	if [ "$verdict" = "$wanted" ]; then
		line "$what" caught "$states" "$seconds s  $verdict"
	else
		line "$what" "NOT SEEN" "$states" "$seconds s  $verdict instead of $wanted"
		failed=1
	fi
}
mutation() { # mutation NAME PROPERTY CONFIGURATION
	breaks "$1" "$2" park.pml -O0 "$(of "$3") -D$1" "-DSAFETY -DCOLLAPSE" ""
}
mutation NO_DRAINING_GATE no_overtaking "1 1 2 3 0 0 0 0 0"
mutation NO_MARK no_overtaking "1 1 2 3 0 0 0 0 0"
mutation NO_RECHECK no_overtaking "1 1 2 3 0 0 0 0 0"
mutation NO_REDRAIN no_overtaking "1 1 2 3 0 0 0 0 0"
mutation NO_SEND_AHEAD no_overtaking "1 1 2 3 1 0 0 0 0"
mutation NO_FLUSH_AHEAD no_overtaking "1 1 2 3 1 0 0 0 0"
mutation STALE_WORD no_overtaking "1 1 2 3 1 0 0 0 0"
mutation NO_CLAIM one_sender "1 1 2 3 0 0 0 0 0"
mutation WORKER_WAITS worker_bounded "1 1 2 3 1 0 0 0 0"
mutation NO_CAS no_double_send "1 1 2 4 0 0 0 0 0"
mutation FREE_BEFORE_EMPTY free_is_empty "1 1 2 4 0 0 0 0 0"
mutation NO_GENERATION right_next_hop "2 1 2 3 0 0 0 0 0"
mutation NO_DRAIN_BOUND drain_bounded "1 1 2 4 0 0 0 0 0"
mutation NO_ASKED_FLAG asks_fit "1 1 2 3 1 0 0 0 0"
mutation NO_KICK no_packet_lost "1 1 2 3 0 0 0 0 0"
mutation KEEP_PENDING no_packet_lost "1 1 2 3 0 0 0 1 1"
mutation PREEMPT_NO_CAS one_sender "2 1 2 3 0 0 0 0 0 1"
mutation PREEMPT_DRAINING no_overtaking "2 1 2 3 0 0 0 0 0 1"
mutation PREEMPT_FULL free_is_empty "2 1 2 3 0 0 0 0 0 1"
mutation NO_NEW_GENERATION no_packet_lost "2 1 2 3 0 0 0 0 0 1"
mutation EVICT_NO_CAS no_double_send "2 2 2 3 0 0 0 0 0 0 1"
mutation HALF_SWEEP all_slots_close "2 2 2 3 0 0 0 0 0"
tso() { breaks "tso: $1" no_packet_lost tso.pml -O0 "$2" -DSAFETY ""; }
tso "ask, no fences" "-DDEKKER=1"
tso "ask, control's only" "-DDEKKER=1 -DCONTROL_FENCE"
tso "ask, worker's only" "-DDEKKER=1 -DWORKER_FENCE"
tso "asked, no fences" "-DDEKKER=2"
tso "asked, worker's only" "-DDEKKER=2 -DWORKER_FENCE"

if [ $failed -ne 0 ]; then
	echo "the model check FAILED"
	exit 1
fi
echo "every property holds, every mutation is caught; $total states in $SECONDS s"
