/* SPDX-License-Identifier: Apache-2.0 */

/* ethdev calls for Go. All int results are 0 or a negative errno. */
#ifndef PW_SHIM_PORT_H
#define PW_SHIM_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

struct pw_link {
	uint32_t mbps;
	uint8_t up, full, autoneg;
};

/* What rte_eth_dev_configure gets; queues are set up by pw_port_queue. */
struct pw_port_conf {
	uint16_t rx_queues, tx_queues;
	uint16_t mtu; /* 0: the driver's default */
	uint64_t rx_offloads, tx_offloads;
	uint64_t rss_hf; /* 0: no RSS */
	bool rx_interrupts;
};

int pw_dev_probe(const char *devargs);
int pw_port_of_devargs(const char *devargs); /* the port, or -ENODEV */
int pw_port_close(uint16_t port, const char **func); /* func: who failed */
int pw_port_start(uint16_t port);
int pw_port_stop(uint16_t port);
int pw_port_link(uint16_t port, struct pw_link *link);
int pw_port_set_link(uint16_t port, int up);
int pw_port_set_mtu(uint16_t port, uint16_t mtu);
int pw_port_set_mac(uint16_t port, struct rte_ether_addr *mac);
int pw_port_promiscuous(uint16_t port, int on);
int pw_port_allmulticast(uint16_t port, int on);
int pw_port_info(uint16_t port, struct rte_eth_dev_info *info);
int pw_port_configure(uint16_t port, const struct pw_port_conf *conf);
int pw_port_rx_queue(uint16_t port, uint16_t queue, uint16_t desc, uint64_t offloads,
		     struct rte_mempool *pool);
int pw_port_tx_queue(uint16_t port, uint16_t queue, uint16_t desc, uint64_t offloads);
int pw_port_from_rings(const char *name, struct rte_ring **rx, unsigned int n_rx,
		       struct rte_ring **tx, unsigned int n_tx, unsigned int socket);

static inline uint16_t pw_rx_burst(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n)
{
	return rte_eth_rx_burst(port, queue, mbufs, n);
}

static inline uint16_t pw_tx_burst(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n)
{
	return rte_eth_tx_burst(port, queue, mbufs, n);
}

#endif
