// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Share is one frame size and its part of the packets.
type Share struct {
	Size  int `json:"size"` // octets of the Ethernet frame without FCS
	Parts int `json:"parts"`
}

// Fixed is frames of one size, in octets without FCS.
func Fixed(size int) []Share { return []Share{{size, 1}} }

// IMIX is the simple Internet mix, 7:4:1 (RFC 6985 has the genome): small, middle and
// largest frames, 353.5 octets on average.
func IMIX() []Share { return []Share{{64, 7}, {570, 4}, {MaxFrame, 1}} }

// Sizes are RFC 2544's frame sizes as they are here: the largest is 1518 with its FCS.
func Sizes() []int { return []int{64, 128, 256, 512, 1024, 1280, MaxFrame} }

// SizeLabel names a mix of sizes: "64", "imix", "64:3 128:1".
func SizeLabel(shares []Share) string {
	if len(shares) == 1 {
		return fmt.Sprint(shares[0].Size)
	}
	parts := make([]string, len(shares))
	imix := len(shares) == len(IMIX())
	for i, s := range shares {
		parts[i] = fmt.Sprintf("%d:%d", s.Size, s.Parts)
		imix = imix && s == IMIX()[i]
	}
	if imix {
		return "imix"
	}
	return strings.Join(parts, " ")
}

// ZipfExponent is that of Zipf's law as Spec uses it: flow k has a share of k^-1.1.
const ZipfExponent = 1.1

// MinPackets is what a capture has at least, so that few flows and many differ in flows
// and not in how much memory the port reads.
const MinPackets = 4096

// Spec says what a capture holds.
type Spec struct {
	Flows int            // at least 1
	Flow  func(int) Flow // of a number below Flows; called more than once for each
	Zipf  bool           // otherwise every flow has as many packets, to within one
	Sizes []Share
	Seed  uint64
}

// Packets is how many the capture has.
func (s Spec) Packets() int { return max(s.Flows, MinPackets) }

func (s Spec) check() error {
	if s.Flows < 1 || s.Flow == nil {
		return errors.New("traffic: a capture needs a flow at least")
	}
	if len(s.Sizes) == 0 {
		return errors.New("traffic: a capture needs a frame size")
	}
	for _, share := range s.Sizes {
		if share.Parts < 1 {
			return fmt.Errorf("traffic: frames of %d octets have %d parts of the packets; give them one at least", share.Size, share.Parts)
		}
	}
	return nil
}

// Each calls f with flow and frame size of each packet, in order, until it fails.
func (s Spec) Each(f func(flow, size int) error) error {
	if err := s.check(); err != nil {
		return err
	}
	flow, size := s.flows(), s.sizes()
	for p := range s.Packets() {
		if err := f(flow(p), size(p)); err != nil {
			return err
		}
	}
	return nil
}

// flows returns what says a packet's flow. Uniform: round after round, each in an order of
// its own. Zipf: drawn, over a permutation, so that the heavy flows are not neighbors.
func (s Spec) flows() func(int) int {
	r := rand.New(rand.NewPCG(s.Seed, 1))
	order := r.Perm(s.Flows)
	if s.Zipf && s.Flows > 1 {
		z := rand.NewZipf(r, ZipfExponent, 1, uint64(s.Flows-1))
		return func(int) int { return order[z.Uint64()] }
	}
	return func(p int) int {
		if at := p % s.Flows; at != 0 || p == 0 {
			return order[at]
		}
		order = r.Perm(s.Flows)
		return order[0]
	}
}

// sizes returns what says a packet's size: the mix as often as it fits, each time in an
// order of its own.
func (s Spec) sizes() func(int) int {
	if len(s.Sizes) == 1 {
		return func(int) int { return s.Sizes[0].Size }
	}
	r := rand.New(rand.NewPCG(s.Seed, 2))
	var mix []int
	for _, share := range s.Sizes {
		for range share.Parts {
			mix = append(mix, share.Size)
		}
	}
	return func(p int) int {
		if p%len(mix) == 0 {
			r.Shuffle(len(mix), func(i, j int) { mix[i], mix[j] = mix[j], mix[i] })
		}
		return mix[p%len(mix)]
	}
}
