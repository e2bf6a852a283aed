// SPDX-License-Identifier: Apache-2.0

// Package deploy holds no code: its tests check the files for operators around it, the
// systemd unit, alerts, dashboard and container recipe, against the program that they
// are for. It imports nothing of this module but in tests.
package deploy
