// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"testing"

	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func TestMain(m *testing.M) { dpdktest.Main(m) }
