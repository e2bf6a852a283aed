// SPDX-License-Identifier: Apache-2.0

// Package bench is the benchmark harness: it runs cases, in each of which systems take
// turns on the same input (A B A B ...), and makes results of what it counted.
package bench
