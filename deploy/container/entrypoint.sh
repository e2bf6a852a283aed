#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# entrypoint.sh COMMAND...: runs the command on the CPUs that the container was given:
# the first is control's and the others are workers', unless PARKWAY_CPU_CONTROL and
# PARKWAY_CPU_WORKERS say otherwise. A configuration can't know them before.
set -eu
cpus=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "${PARKWAY_STATUS:-/proc/self/status}") # tests have another file
list=$(for range in $(echo "$cpus" | tr , ' '); do seq "${range%-*}" "${range#*-}"; done)
first=$(echo "$list" | head -n 1)
others=$(echo "$list" | tail -n +2 | paste -s -d ,)
export PARKWAY_CPU_CONTROL="${PARKWAY_CPU_CONTROL:-$first}"
export PARKWAY_CPU_WORKERS="${PARKWAY_CPU_WORKERS:-${others:-$first}}"
exec "$@"
