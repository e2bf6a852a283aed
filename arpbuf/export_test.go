// SPDX-License-Identifier: Apache-2.0

package arpbuf

// Turn is one turn of the control loop, for tests that drive it themselves.
func (r *Resolver) Turn() { r.turn(0) }
