// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"sync"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// A limit is the port's, whatever the number of workers that receive from it.
func TestStormControlOverWorkers(t *testing.T) {
	const rate, burst, rounds, frames = 1000, 100, 200, 32
	for _, class := range []string{"storm_broadcast", "storm_unknown_unicast"} {
		t.Run(class, func(t *testing.T) {
			l := newLAN(t, nil)
			second := newWire(t, l.pool)
			w, err := l.dp.AddWorker(cgo.WorkerConfig{RxQueues: []cgo.RxQueue{{Port: second.port}}, RingSize: 256,
				Park: l.settings.park, Socket: -1})
			if err != nil {
				t.Fatal(err)
			}
			// Both wires are host a's, and nobody takes what may pass: it is counted there.
			tables, err := cgo.NewTables(cgo.TableSpec{
				Ports: []cgo.Port{{Port: l.in.port, SwitchPort: 0}, {Port: second.port, SwitchPort: 0}},
				SwitchPorts: []cgo.SwitchPort{{Kind: cgo.SwitchPortVIF, Port: l.in.port,
					Storm: cgo.StormControl{Broadcast: rate, UnknownUnicast: rate}}, {Kind: cgo.SwitchPortUnbound}},
				Switches: []cgo.Switch{{Flood: []uint16{1}, Unknown: []uint16{1}}},
				NextHops: []cgo.NextHop{{Kind: cgo.NextHopDrop, Reason: cgo.DropIPNoRoute}},
			})
			if err != nil {
				t.Fatal(err)
			}
			l.dp.Publish(tables).Free()
			f := plain(t, macA, broadcast)
			if class == "storm_unknown_unicast" {
				f = plain(t, macA, strangeMAC)
			}
			var done sync.WaitGroup
			start := time.Now()
			for _, side := range []struct {
				w  *cgo.Worker
				in wire
			}{{l.w, l.in}, {w, second}} {
				done.Add(1)
				go func() {
					defer done.Done()
					for range rounds {
						for range frames {
							m, err := l.pool.Alloc()
							if err != nil || m.AppendBytes(f) != nil || !side.in.rx.Enqueue(m) {
								t.Error("no room for a frame")
								return
							}
						}
						for side.w.Poll() > 0 {
						}
					}
				}()
			}
			done.Wait()
			c := l.dp.Counters()
			passed := c.Drops[dropByName(t, "out_port_unbound")]
			most := burst + uint64(rate*time.Since(start).Seconds()) + 8 // a lost race lets one pass
			if passed < burst || passed > most {
				t.Errorf("%d of %d pass in %v, want %d to %d: %v", passed, 2*rounds*frames, time.Since(start), burst, most, nonzero(c))
			}
			if c.Drops[dropByName(t, class)]+passed != 2*rounds*frames {
				t.Errorf("%v", nonzero(c))
			}
		})
	}
}
