// SPDX-License-Identifier: Apache-2.0

package topology

import "strings"

// Nearest returns the candidate that a misspelled word was most likely meant to
// be, or "" when none is close. It is cheap for a few dozen candidates and
// costs O(len(word)·len(candidate)) each.
func Nearest(word string, candidates []string) string {
	const longest = 64 // longer words are no typing slips
	if word == "" || len(word) > longest {
		return ""
	}
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }
	best, bestDistance := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if c == "" || len(c) > longest || len(c)-len(word) > bestDistance || len(word)-len(c) > bestDistance {
			continue
		}
		if d := editDistance(fold(word), fold(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighboring letters (optimal string alignment).
func editDistance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
