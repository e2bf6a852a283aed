// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/doctor"
)

// doctorReport is the JSON of `parkway doctor`.
type doctorReport struct {
	OK       bool                     `json:"ok"` // nothing keeps the gateway from running
	Findings api.List[doctor.Finding] `json:"findings"`
}

func (p Program) doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor [FILE]",
		Short: "Examine this machine: what keeps a gateway from running or makes it slow, and the command that mends it",
		Long: "Examine this machine: hugepages, NUMA, CPUs and their isolation, governor, kernel modules, IOMMU,\n" +
			"NICs, permissions and limits. With a configuration FILE, by what it needs: the exit status is 1\n" +
			"when the gateway would not run. It changes nothing: the commands that it names are yours to run,\n" +
			"and none of them takes the NIC that carries the default route.",
		Example: "  parkway doctor\n  sudo parkway doctor /etc/parkway/parkway.yaml",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return exactly("a FILE")(c, args)
		},
	}
	form := outputFlag(c)
	c.RunE = func(_ *cobra.Command, args []string) error {
		var need doctor.Need
		if len(args) > 0 {
			cfg, err := config.Load(args[0])
			if err != nil {
				return err
			}
			need = needOf(cfg)
		}
		found := doctor.Machine{}.Examine(need)
		report := doctorReport{OK: doctor.Worst(found) != doctor.Fail, Findings: found}
		var err error
		if *form == asJSON {
			err = printJSON(p.Stdout, report)
		} else {
			err = writeFindings(p.Stdout, found)
		}
		if err == nil && !report.OK {
			err = silent{ExitFailed}
		}
		return err
	}
	return c
}

// needOf says what a configuration asks of the machine.
func needOf(c *config.Config) doctor.Need {
	n := doctor.Need{
		Known: true, Memory: c.DPDK.Memory.Size, Workers: c.CPU.Workers, Control: c.CPU.Control,
		Hugepages: c.DPDK.Memory.Mode == config.MemoryHugepages, NoHuge: c.DPDK.Memory.Mode == config.MemoryNoHuge,
	}
	for _, p := range c.Ports {
		if s, ok := p.PeerSocket(); ok && s.Listens && !s.Abstract {
			n.Sockets = append(n.Sockets, s.Path)
		}
		switch {
		case p.PCI != "":
			n.PCI = append(n.PCI, p.PCI)
		case p.Netdev != "":
			n.Netdevs = append(n.Netdevs, p.Netdev)
		case strings.HasPrefix(p.Vdev, "net_tap"), strings.HasPrefix(p.Vdev, "net_tun"), strings.Contains(p.Vdev, "/dev/vhost-net"):
			n.Taps = true
		case strings.HasPrefix(p.Vdev, "net_af_packet"), strings.HasPrefix(p.Vdev, "net_af_xdp"):
			n.Packet = true
		}
	}
	return n
}

// writeFindings prints a line per finding, and below it the mend.
func writeFindings(w io.Writer, found []doctor.Finding) error {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%-5s %-11s %s: %s\n", f.Status, f.Check, f.Where, f.What)
		if f.Mend != "" {
			fmt.Fprintf(&b, "%18s→ %s\n", "", f.Mend)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
