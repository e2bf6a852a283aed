// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "datapath.h"
#include "worker.h"
*/
import "C"

import (
	"fmt"
	"math/bits"
	"unsafe"
)

// Bounds of groups and policies.
const (
	MaxBuckets  = C.PW_MAX_BUCKETS
	MaxPolicies = C.PW_MAX_POLICIES
)

// Group is how the flows of an ECMP row are spread over its members.
type Group struct {
	Buckets []uint8 // the member of each, counted from 0; their number is a power of two
	Salt    uint32  // its own, so that groups in a row choose independently
}

// PolicyAction is what a policy does.
type PolicyAction uint8

const (
	PolicyAllow   PolicyAction = C.PW_POLICY_ALLOW
	PolicyDrop    PolicyAction = C.PW_POLICY_DROP
	PolicyReroute PolicyAction = C.PW_POLICY_REROUTE
)

// Policy acts on packets that pass all the tests of one of its clauses.
type Policy struct {
	Clauses [][]Test
	Action  PolicyAction
	NextHop uint32 // reroute: row of NextHops
	Mark    uint32 // 0: none
	Counter int    // below MaxPolicies; see PolicyPackets
}

// TestField is what a Test looks at.
type TestField uint8

const (
	TestFamily  TestField = C.PW_TEST_FAMILY
	TestProto   TestField = C.PW_TEST_PROTO
	TestSrcPort TestField = C.PW_TEST_SRC_PORT
	TestDstPort TestField = C.PW_TEST_DST_PORT
	TestInPort  TestField = C.PW_TEST_INPORT
	TestSrc     TestField = C.PW_TEST_SRC
	TestDst     TestField = C.PW_TEST_DST
)

// Test is one condition. A packet without the field fails it.
type Test struct {
	Field       TestField
	Not         bool
	Lo, Hi      uint16 // TestFamily to TestInPort: the range
	Value, Mask []byte // TestSrc, TestDst: 4 octets, or 16
}

// checkRoutes finds what would let C read beyond its tables.
func checkRoutes(spec *TableSpec) error {
	for i, n := range spec.NextHops {
		if n.Kind != NextHopECMP {
			continue
		}
		if int(n.Group) >= len(spec.Groups) || int(n.First)+int(n.Count) > len(spec.NextHops) {
			return fmt.Errorf("tables: next hop %d names a group or members that are not there", i)
		}
		for _, member := range spec.Groups[n.Group].Buckets {
			if uint16(member) >= n.Count {
				return fmt.Errorf("tables: group %d has a bucket for member %d of %d", n.Group, member, n.Count)
			}
		}
	}
	for i, g := range spec.Groups {
		if n := len(g.Buckets); n > MaxBuckets || bits.OnesCount(uint(n)) != 1 {
			return fmt.Errorf("tables: group %d has %d buckets; they must be a power of two, %d at most", i, n, MaxBuckets)
		}
	}
	for _, p := range spec.RouterPorts {
		for _, table := range []uint16{p.Table, p.Router} {
			if table != None && int(table) >= len(spec.Routers) {
				return fmt.Errorf("tables: a router port looks into table %d of %d", table, len(spec.Routers))
			}
		}
	}
	for i, r := range spec.Routers {
		if r.BySource >= len(spec.Routers) {
			return fmt.Errorf("tables: table %d looks into table %d of %d", i, r.BySource, len(spec.Routers))
		}
		for _, p := range r.Policies {
			if p.Counter < 0 || p.Counter >= MaxPolicies || int(p.NextHop) >= len(spec.NextHops) {
				return fmt.Errorf("tables: a policy of router %d has counter %d and next hop %d", i, p.Counter, p.NextHop)
			}
		}
	}
	return nil
}

func sizeOfRoutes(size *C.struct_pw_tables_size, spec *TableSpec) {
	size.groups = C.uint32_t(len(spec.Groups))
	for _, g := range spec.Groups {
		size.buckets += C.uint32_t(len(g.Buckets))
	}
	for _, r := range spec.Routers {
		size.policies += C.uint32_t(len(r.Policies))
		for _, p := range r.Policies {
			size.clauses += C.uint32_t(len(p.Clauses))
			for _, c := range p.Clauses {
				size.tests += C.uint32_t(len(c))
			}
		}
	}
}

// fillRoutes fills groups and policies, and what routers say of them.
func (t *Tables) fillRoutes(spec *TableSpec) {
	var size C.struct_pw_tables_size
	sizeOfRoutes(&size, spec)
	buckets := unsafe.Slice((*uint8)(unsafe.Pointer(t.c.buckets)), int(size.buckets))
	at := 0
	for i, g := range spec.Groups {
		row := &unsafe.Slice(t.c.groups, len(spec.Groups))[i]
		row.mask, row.salt = C.uint32_t(len(g.Buckets)-1), C.uint32_t(g.Salt)
		*(*unsafe.Pointer)(unsafe.Pointer(&row.buckets)) = unsafe.Pointer(&buckets[at])
		at += copy(buckets[at:], g.Buckets)
	}
	policies := unsafe.Slice(t.c.policies, int(size.policies))
	clauses := unsafe.Slice(t.c.clauses, int(size.clauses))
	tests := unsafe.Slice(t.c.tests, int(size.tests))
	routers := unsafe.Slice(t.c.routers, len(spec.Routers)+1)
	routers[len(spec.Routers)].source = C.PW_NONE16 // that of router ports that are gone
	policy, clause, test := 0, 0, 0
	for i := range spec.Routers {
		r := &spec.Routers[i]
		row := &routers[i]
		row.source = C.PW_NONE16
		if r.BySource > 0 {
			row.source = C.uint16_t(r.BySource)
		}
		row.policy, row.n_policies = C.uint32_t(policy), C.uint16_t(len(r.Policies))
		for _, p := range r.Policies {
			policies[policy] = C.struct_pw_policy{clause: C.uint32_t(clause), n: C.uint16_t(len(p.Clauses)), action: C.uint8_t(p.Action),
				nh: C.uint32_t(p.NextHop), mark: C.uint32_t(p.Mark), counter: C.uint32_t(p.Counter)}
			policy++
			for _, c := range p.Clauses {
				clauses[clause] = C.struct_pw_clause{test: C.uint32_t(test), n: C.uint32_t(len(c))}
				clause++
				for _, one := range c {
					fillTest(&tests[test], one)
					test++
				}
			}
		}
	}
}

func fillTest(c *C.struct_pw_test, t Test) {
	*c = C.struct_pw_test{field: C.uint8_t(t.Field), lo: C.uint16_t(t.Lo), hi: C.uint16_t(t.Hi), length: C.uint8_t(len(t.Value))}
	if t.Not {
		c.negate = 1
	}
	for i, o := range t.Value {
		c.value[i] = C.uint8_t(o)
	}
	for i, o := range t.Mask {
		c.mask[i] = C.uint8_t(o)
	}
}

// StoreBucket makes a bucket of a published group lead to a member of it. Workers see it
// at their next packet. Control lcore only.
func (d *Datapath) StoreBucket(group, bucket uint32, member uint8) {
	C.pw_datapath_bucket(d.c, C.uint32_t(group), C.uint32_t(bucket), C.uint8_t(member))
}

// PolicyPackets is how many packets the policy with the counter has acted on, ever. Any
// goroutine; exact once traffic rests.
func (d *Datapath) PolicyPackets(counter int) (n uint64) {
	for _, w := range d.workers {
		n += uint64(w.c.policy_packets[counter])
	}
	return n
}
