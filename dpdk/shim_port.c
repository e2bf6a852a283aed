/* SPDX-License-Identifier: Apache-2.0 */

#include "shim_port.h"

#include <errno.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>

/* Some drivers return a bare -1, which is not EPERM, and some of those put the
 * reason into rte_errno, which the caller has cleared before the call. */
static int reason(int ret)
{
	if (ret == -1)
		return rte_errno > 0 ? -rte_errno : -EIO;
	return ret;
}

int pw_dev_probe(const char *devargs)
{
	rte_errno = 0;
	return reason(rte_dev_probe(devargs));
}

int pw_port_of_devargs(const char *devargs)
{
	struct rte_dev_iterator iterator;
	if (rte_eth_iterator_init(&iterator, devargs) != 0)
		return -ENODEV;
	uint16_t port = rte_eth_iterator_next(&iterator);
	if (port == RTE_MAX_ETHPORTS)
		return -ENODEV; /* the iterator has cleaned up after itself */
	rte_eth_iterator_cleanup(&iterator);
	return port;
}

static int device_has_port(const struct rte_device *device)
{
	uint16_t port;
	struct rte_eth_dev_info info;
	RTE_ETH_FOREACH_DEV(port) {
		if (rte_eth_dev_info_get(port, &info) == 0 && info.device == device)
			return 1;
	}
	return 0;
}

int pw_port_close(uint16_t port, const char **func)
{
	struct rte_eth_dev_info info;

	rte_errno = 0;
	*func = "rte_eth_dev_info_get";
	int ret = reason(rte_eth_dev_info_get(port, &info));
	if (ret != 0)
		return ret;
	*func = "rte_eth_dev_stop";
	ret = reason(rte_eth_dev_stop(port));
	if (ret != 0 && ret != -ENOTSUP)
		return ret;
	*func = "rte_eth_dev_close";
	ret = reason(rte_eth_dev_close(port));
	if (ret != 0)
		return ret;
	if (info.device == NULL || device_has_port(info.device))
		return 0;
	*func = "rte_dev_remove";
	return reason(rte_dev_remove(info.device));
}

int pw_port_start(uint16_t port)
{
	rte_errno = 0;
	return reason(rte_eth_dev_start(port));
}

int pw_port_stop(uint16_t port)
{
	rte_errno = 0;
	return reason(rte_eth_dev_stop(port));
}

int pw_port_link(uint16_t port, struct pw_link *out)
{
	struct rte_eth_link link;
	rte_errno = 0;
	int ret = reason(rte_eth_link_get_nowait(port, &link));
	if (ret != 0)
		return ret;
	out->mbps = link.link_speed;
	out->up = link.link_status;
	out->full = link.link_duplex;
	out->autoneg = link.link_autoneg;
	return 0;
}

int pw_port_set_link(uint16_t port, int up)
{
	rte_errno = 0;
	return reason(up ? rte_eth_dev_set_link_up(port) : rte_eth_dev_set_link_down(port));
}

int pw_port_set_mtu(uint16_t port, uint16_t mtu)
{
	rte_errno = 0;
	return reason(rte_eth_dev_set_mtu(port, mtu));
}

int pw_port_set_mac(uint16_t port, struct rte_ether_addr *mac)
{
	rte_errno = 0;
	return reason(rte_eth_dev_default_mac_addr_set(port, mac));
}

int pw_port_promiscuous(uint16_t port, int on)
{
	rte_errno = 0;
	return reason(on ? rte_eth_promiscuous_enable(port) : rte_eth_promiscuous_disable(port));
}

int pw_port_allmulticast(uint16_t port, int on)
{
	rte_errno = 0;
	return reason(on ? rte_eth_allmulticast_enable(port) : rte_eth_allmulticast_disable(port));
}

int pw_port_info(uint16_t port, struct rte_eth_dev_info *info)
{
	rte_errno = 0;
	return reason(rte_eth_dev_info_get(port, info));
}

int pw_port_configure(uint16_t port, const struct pw_port_conf *conf)
{
	struct rte_eth_conf c;
	memset(&c, 0, sizeof(c));
	c.rxmode.mtu = conf->mtu;
	c.rxmode.offloads = conf->rx_offloads;
	c.txmode.offloads = conf->tx_offloads;
	if (conf->rss_hf != 0) {
		c.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		c.rx_adv_conf.rss_conf.rss_hf = conf->rss_hf;
	}
	c.intr_conf.rxq = conf->rx_interrupts;
	rte_errno = 0;
	return reason(rte_eth_dev_configure(port, conf->rx_queues, conf->tx_queues, &c));
}

int pw_port_rx_queue(uint16_t port, uint16_t queue, uint16_t desc, uint64_t offloads,
		     struct rte_mempool *pool)
{
	struct rte_eth_dev_info info;
	int ret = pw_port_info(port, &info);
	if (ret != 0)
		return ret;
	struct rte_eth_rxconf conf = info.default_rxconf;
	conf.offloads = offloads;
	return reason(rte_eth_rx_queue_setup(port, queue, desc, (unsigned int)rte_eth_dev_socket_id(port),
					     &conf, pool));
}

int pw_port_tx_queue(uint16_t port, uint16_t queue, uint16_t desc, uint64_t offloads)
{
	struct rte_eth_dev_info info;
	int ret = pw_port_info(port, &info);
	if (ret != 0)
		return ret;
	struct rte_eth_txconf conf = info.default_txconf;
	conf.offloads = offloads;
	return reason(rte_eth_tx_queue_setup(port, queue, desc, (unsigned int)rte_eth_dev_socket_id(port),
					     &conf));
}

int pw_port_from_rings(const char *name, struct rte_ring **rx, unsigned int n_rx,
		       struct rte_ring **tx, unsigned int n_tx, unsigned int socket)
{
	rte_errno = 0;
	return reason(rte_eth_from_rings(name, rx, n_rx, tx, n_tx, socket));
}
