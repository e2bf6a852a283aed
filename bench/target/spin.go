// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"time"
)

// SpinCommand is the hidden command of the binary that does nothing on a CPU and says for
// how long it was kept from that.
const SpinCommand = "bench-spin"

// SpinResult is what it writes.
type SpinResult struct {
	Longest time.Duration `json:"longest_ns"`
	Reads   uint64        `json:"reads"` // of the counter
}

// Spin runs it on a CPU for d.
func Spin(ctx context.Context, binary string, cpu int, d time.Duration) (r SpinResult, err error) {
	out, err := exec.CommandContext(ctx, binary, SpinCommand, strconv.Itoa(cpu), d.String()).Output()
	if err != nil {
		return r, fmt.Errorf("a loop that does nothing: %w", err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("a loop that does nothing says %q: %w", out, err)
	}
	return r, nil
}
