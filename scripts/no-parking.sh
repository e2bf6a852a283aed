#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# no-parking.sh FILE: the gateway without what parking costs the fast path, for
# `parkway bench parking-cost` alone; see PW_PARKING in cgo/adjacency.h.
set -eu
CGO_CFLAGS="${CGO_CFLAGS:--g -O2} -DPW_PARKING=0" "${GO:-go}" build -trimpath -o "$1" ./cmd/parkway
