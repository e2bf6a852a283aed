// SPDX-License-Identifier: Apache-2.0

// Package plot draws what the bench measured, as SVG: Lines over a varied quantity
// with quartiles, CDF of latencies, Bars. It knows nothing of cases and results;
// bench/report gives it numbers and names.
//
// What it promises:
//
//   - The same input gives the same octets, so that a plot in the repository can be
//     compared with what its figures give.
//   - Values are drawn to scale: the axis of Lines and Bars starts at 0, a CDF shows
//     all of its distribution, and a logarithmic axis has a tick at every value that
//     was measured or at every decade.
//   - One file is readable on light and on dark pages: it brings its own background,
//     and both sets of colours. Series differ by marker and dash as well as by colour.
//   - Nothing is cut: labels are measured by the wide DejaVu Sans, long ones wrap, and
//     a tick label that would touch its neighbor is left out.
//
// Functions here are pure and may be called from any goroutine. The package must not
// import any other of this module.
package plot
