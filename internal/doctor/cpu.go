// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strconv"
)

const cpuDir = "/sys/devices/system/cpu"

// cpus wants the configured CPUs to be there and ours, each worker on a core of its own.
func cpus(m Machine, need Need) (found []Finding) {
	allowed := cpuList(m.field("Cpus_allowed_list", "/proc/self/status"))
	if online := cpuList(m.text(cpuDir, "online")); len(online) > 0 {
		allowed = slices.DeleteFunc(allowed, func(c int) bool { return !slices.Contains(online, c) })
	}
	where := "/proc/self/status"
	if len(allowed) == 0 {
		return []Finding{{Status: Note, Where: where, What: "which CPUs this process may use is not known"}}
	}
	if !need.Known {
		f := Finding{Status: OK, Where: where, What: fmt.Sprintf("this process may run on CPU %s", listText(allowed))}
		if len(allowed) < 2 {
			f.Status, f.What = Warn, f.What+" only: a worker and control would share it"
			f.Mend = "give it more CPUs (taskset, systemd's AllowedCPUs=, the container's cpuset)"
		}
		return []Finding{f}
	}
	if missing := without(append(slices.Clone(need.Workers), need.Control), allowed); len(missing) > 0 {
		found = append(found, Finding{
			Status: Fail, Where: where,
			What: fmt.Sprintf("the configuration wants CPU %s, this process may run on %s only", listText(missing), listText(allowed)),
			Mend: "change cpu.workers or cpu.control, or what confines the process (taskset, systemd's AllowedCPUs=, the container's cpuset)",
		})
	}
	for i, a := range need.Workers {
		siblings := m.siblings(a)
		for _, b := range need.Workers[i+1:] {
			if slices.Contains(siblings, b) {
				found = append(found, Finding{
					Status: Warn, Where: fmt.Sprintf("%s/cpu%d/topology/thread_siblings_list", cpuDir, a),
					What: fmt.Sprintf("workers on CPU %d and %d share one core: together they do little more than one", a, b),
					Mend: "choose cpu.workers from different cores; `lscpu -e` shows them",
				})
			}
		}
	}
	if slices.Contains(need.Workers, need.Control) {
		found = append(found, Finding{
			Status: Warn, Where: "cpu.control",
			What: fmt.Sprintf("control and a worker share CPU %d: first packets wait longer, and forwarding has gaps", need.Control),
			Mend: "choose another CPU for cpu.control",
		})
	}
	if len(found) == 0 {
		found = append(found, Finding{Status: OK, Where: where, What: fmt.Sprintf("workers on CPU %s, control on %d", listText(need.Workers), need.Control)})
	}
	return found
}

func (m Machine) siblings(cpu int) []int {
	return cpuList(m.text(cpuDir, "cpu"+strconv.Itoa(cpu), "topology/thread_siblings_list"))
}

// isolation wants nothing else to run on the workers' CPUs.
func isolation(m Machine, need Need) []Finding {
	where := cpuDir + "/isolated"
	isolated := cpuList(m.text(cpuDir, "isolated"))
	if !need.Known {
		what := "no CPU is kept free of other work"
		if len(isolated) > 0 {
			what = fmt.Sprintf("CPU %s are kept free of other work: good for cpu.workers", listText(isolated))
		}
		return []Finding{{Status: Note, Where: where, What: what}}
	}
	list := listText(need.Workers)
	if shared := without(need.Workers, isolated); len(shared) > 0 {
		return []Finding{{
			Status: Warn, Where: where,
			What: fmt.Sprintf("other work may run on the workers' CPU %s: gaps of milliseconds, in which a NIC's queue overflows", listText(shared)),
			Mend: fmt.Sprintf("add to the kernel's command line: isolcpus=managed_irq,domain,%s nohz_full=%s rcu_nocbs=%s; then restart the machine", list, list, list),
		}}
	}
	if ticking := without(need.Workers, cpuList(m.text(cpuDir, "nohz_full"))); len(ticking) > 0 {
		return []Finding{{
			Status: Note, Where: cpuDir + "/nohz_full",
			What: fmt.Sprintf("the workers' CPUs are isolated, but %s still have a timer tick", listText(ticking)),
			Mend: fmt.Sprintf("add to the kernel's command line: nohz_full=%s rcu_nocbs=%s", list, list),
		}}
	}
	return []Finding{{Status: OK, Where: where, What: "nothing else runs on the workers' CPUs"}}
}

// governor wants full speed on the workers' CPUs: a frequency that follows the load
// starts too low for every burst.
func governor(m Machine, need Need) []Finding {
	cpus := need.Workers
	if !need.Known {
		cpus = cpuList(m.text(cpuDir, "online"))
	}
	slow := map[string][]int{}
	known := false
	for _, c := range cpus {
		if word := m.text(cpuDir, "cpu"+strconv.Itoa(c), "cpufreq/scaling_governor"); word != "" {
			known = true
			if word != "performance" {
				slow[word] = append(slow[word], c)
			}
		}
	}
	where := cpuDir + "/cpu*/cpufreq/scaling_governor"
	if !known {
		return []Finding{{Status: OK, Where: where, What: "the frequency is not this system's to choose (a virtual machine, or firmware)"}}
	}
	var found []Finding
	for _, word := range sortedKeys(slow) {
		list := listText(slow[word])
		found = append(found, Finding{
			Status: Warn, Where: where, What: fmt.Sprintf("CPU %s follow the governor %s, not performance", list, word),
			Mend: fmt.Sprintf("cpupower -c %s frequency-set -g performance", list),
		})
	}
	if len(found) == 0 {
		found = append(found, Finding{Status: OK, Where: where, What: "the governor is performance"})
	}
	return found
}
