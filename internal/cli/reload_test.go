// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"fmt"
	"testing"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/api/apitest"
)

func TestReload(t *testing.T) {
	src := apitest.Sample()
	socket := apitest.Serve(t, src)
	want := result{0, "route 10.0.0.0/8 of router lr0 added\nrouter port lrp2 changed\nreloaded /etc/parkway/parkway.yaml: 2 changes\n", ""}
	if r := parkway(t, nil, "reload", "--socket", socket); r != want {
		t.Errorf("%+v", r)
	}
	src.Do(func() { src.Err = fmt.Errorf("%w:\n%s", api.ErrCheck, "x.yaml:1:1: what is this") })
	if r := parkway(t, nil, "reload", "--socket", socket); r != (result{3, "", "the configuration does not pass the check:\nx.yaml:1:1: what is this\n"}) {
		t.Errorf("%+v", r)
	}
	src.Do(func() { src.Err = fmt.Errorf("%w: ports changed, which takes a restart", api.ErrConflict) })
	if r := parkway(t, nil, "reload", "--socket", socket); r != (result{1, "", "parkway: not while the gateway runs: ports changed, which takes a restart\n"}) {
		t.Errorf("%+v", r)
	}
	if r := parkway(t, nil, "reload", "--socket", socket+"x"); r.exit != 4 {
		t.Errorf("%+v", r)
	}
}
