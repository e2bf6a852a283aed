#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Removes the network namespaces of test runs that were killed before they could
# clean up. internal/lab names its namespaces pwlab-PID-...; one whose PID still
# runs is somebody's and stays.
set -u
PATH=$PATH:/usr/sbin:/sbin
command -v ip >/dev/null || exit 0
for ns in $(ip netns list 2>/dev/null | awk '/^pwlab-[0-9]+-/{print $1}'); do
	owner=${ns#pwlab-}
	owner=${owner%%-*}
	[ -d "/proc/$owner" ] && continue
	for pid in $(ip netns pids "$ns" 2>/dev/null); do
		kill -KILL "$pid" 2>/dev/null
	done
	ip netns del "$ns" && echo "removed $ns, left by a test run that was killed"
done
exit 0
