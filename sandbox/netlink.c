#include "sandbox/netlink.h"

#include "base/cleanup.h"
#include "sandbox/raw.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/mman.h>
#include <time.h>

#define MESSAGE_SIZE 4096
/* Packets that wait to hear of one neighbour; what comes then pushes the oldest out. */
#define WAITING 4096
#define STACK_SIZE (256 * 1024)

/* IFLA_INET6_ADDR_GEN_MODE; linux/if_link.h has the enum only beside clashing headers */
#define ADDR_GEN_MODE_NONE 1

static struct nlmsghdr *message(char *buf, uint16_t type, unsigned flags)
{
	struct nlmsghdr *h;

	memset(buf, 0, MESSAGE_SIZE);
	h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	h->nlmsg_seq = 1;
	return h;
}

static struct nlmsghdr *link_message(char *buf, uint16_t type, unsigned flags, int index)
{
	struct nlmsghdr *h = message(buf, type, flags);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = index;
	return h;
}

/* Send and wait for the acknowledgement; the errno of the kernel is ours. */
static int talk(const struct nlmsghdr *h)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char buf[MESSAGE_SIZE * 2];
	ssize_t n = -1;
	int r = -1;
	int saved;

	if (!s) {
		return -1;
	}
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0 &&
		mnl_socket_sendto(s, h, h->nlmsg_len) >= 0) {
		n = mnl_socket_recvfrom(s, buf, sizeof(buf));
	}
	if (n > 0) {
		r = mnl_cb_run(buf, (size_t)n, h->nlmsg_seq, mnl_socket_get_portid(s), NULL, NULL);
	}
	saved = errno;
	mnl_socket_close(s);
	errno = saved;
	return r < 0 ? -1 : 0;
}

static int index_of(const char *name, struct err *err)
{
	unsigned index = if_nametoindex(name);

	return index ? (int)index : err_sys(err, "find interface '%s'", name);
}

static void put_no_link_local(struct nlmsghdr *h)
{
	struct nlattr *spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(h, AF_INET6);

	mnl_attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(h, inet6);
	mnl_attr_nest_end(h, spec);
}

/* Where IPv6 is compiled out or switched off there is nothing to set. */
static void no_link_local(const char *name)
{
	char buf[MESSAGE_SIZE];
	int index = index_of(name, NULL);
	struct nlmsghdr *h;

	if (index > 0) {
		h = link_message(buf, RTM_SETLINK, 0, index);
		put_no_link_local(h);
		(void)talk(h);
	}
}

int netlink_add_bridge(const char *name, struct err *err)
{
	/* Locally administered. Without one of its own the bridge takes the least of its ports',
	 * and takes another when that port goes: those who knew it would talk to nobody. */
	static const unsigned char address[6] = {0x02, 0x61, 0x73, 0x73, 0x61, 0x79};
	char buf[MESSAGE_SIZE];
	struct nlmsghdr *h = link_message(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info;

	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	mnl_attr_put(h, IFLA_ADDRESS, sizeof(address), address);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_str(h, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(h, info);
	if (talk(h)) {
		return err_sys(err, "make bridge '%s'", name);
	}
	no_link_local(name);
	return 0;
}

int netlink_add_veth(
	const char *name, const char *bridge, const char *peer, int peer_netns, struct err *err)
{
	char buf[MESSAGE_SIZE];
	int master = index_of(bridge, err);
	struct nlmsghdr *h;
	struct nlattr *info, *data, *other;

	if (master < 0) {
		return -1;
	}
	h = link_message(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	mnl_attr_put_u32(h, IFLA_MASTER, (uint32_t)master);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_str(h, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	other = mnl_attr_nest_start(h, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(h, IFLA_IFNAME, peer);
	mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)peer_netns);
	mnl_attr_nest_end(h, other);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	if (talk(h)) {
		return err_sys(err, "make veth pair '%s'", name);
	}
	no_link_local(name);
	return 0;
}

int netlink_delete(const char *name, struct err *err)
{
	char buf[MESSAGE_SIZE];
	int index = index_of(name, err);

	if (index < 0) {
		return -1;
	}
	if (talk(link_message(buf, RTM_DELLINK, 0, index))) {
		return err_sys(err, "delete interface '%s'", name);
	}
	return 0;
}

int netlink_up(const char *name, struct err *err)
{
	char buf[MESSAGE_SIZE];
	int index = index_of(name, err);
	struct nlmsghdr *h;
	struct ifinfomsg *info;

	if (index < 0) {
		return -1;
	}
	no_link_local(name);
	h = link_message(buf, RTM_NEWLINK, 0, index);
	info = mnl_nlmsg_get_payload(h);
	info->ifi_flags = info->ifi_change = IFF_UP;
	if (talk(h)) {
		return err_sys(err, "bring interface '%s' up", name);
	}
	return 0;
}

static size_t address_size(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

int netlink_add_address(
	const char *name, int family, const void *address, unsigned prefix, struct err *err)
{
	char buf[MESSAGE_SIZE];
	int index = index_of(name, err);
	struct nlmsghdr *h;
	struct ifaddrmsg *a;
	uint32_t broadcast;

	if (index < 0) {
		return -1;
	}
	h = message(buf, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	a = mnl_nlmsg_put_extra_header(h, sizeof(*a));
	a->ifa_family = (uint8_t)family;
	a->ifa_prefixlen = (uint8_t)prefix;
	a->ifa_index = (uint32_t)index;
	mnl_attr_put(h, IFA_LOCAL, address_size(family), address);
	mnl_attr_put(h, IFA_ADDRESS, address_size(family), address);
	if (family == AF_INET) {
		memcpy(&broadcast, address, sizeof(broadcast));
		broadcast |= htonl((uint32_t)((UINT64_C(1) << (32 - prefix)) - 1));
		mnl_attr_put_u32(h, IFA_BROADCAST, broadcast);
	} else {
		/* nobody else can have it: usable at once, not after a second of asking around */
		mnl_attr_put_u32(h, IFA_FLAGS, IFA_F_NODAD);
	}
	if (talk(h)) {
		return err_sys(err, "give interface '%s' an IPv%d address", name,
			family == AF_INET ? 4 : 6);
	}
	return 0;
}

int netlink_forward(const char *name, struct err *err)
{
	char buf[MESSAGE_SIZE];
	int index = index_of(name, err);
	struct nlmsghdr *h;
	struct nlattr *spec, *inet, *conf;

	if (index < 0) {
		return -1;
	}
	h = link_message(buf, RTM_SETLINK, 0, index);
	spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	inet = mnl_attr_nest_start(h, AF_INET);
	conf = mnl_attr_nest_start(h, IFLA_INET_CONF);
	mnl_attr_put_u32(h, IPV4_DEVCONF_FORWARDING, 1);
	mnl_attr_nest_end(h, conf);
	mnl_attr_nest_end(h, inet);
	mnl_attr_nest_end(h, spec);
	if (talk(h)) {
		return err_sys(err, "let interface '%s' forward", name);
	}
	return 0;
}

int netlink_fail_fast(const char *name, int family, struct err *err)
{
	char buf[MESSAGE_SIZE];
	int index = index_of(name, err);
	struct nlmsghdr *h;
	struct ndtmsg *table;
	struct nlattr *parms;

	if (index < 0) {
		return -1;
	}
	h = message(buf, RTM_SETNEIGHTBL, NLM_F_REPLACE);
	table = mnl_nlmsg_put_extra_header(h, sizeof(*table));
	table->ndtm_family = (uint8_t)family;
	mnl_attr_put_strz(h, NDTA_NAME, family == AF_INET ? "arp_cache" : "ndisc_cache");
	parms = mnl_attr_nest_start(h, NDTA_PARMS);
	mnl_attr_put_u32(h, NDTPA_IFINDEX, (uint32_t)index);
	mnl_attr_put_u32(h, NDTPA_MCAST_PROBES, 1);
	mnl_attr_put_u32(h, NDTPA_UCAST_PROBES, 0);
	mnl_attr_put_u32(h, NDTPA_APP_PROBES, 0);
	mnl_attr_put_u64(h, NDTPA_RETRANS_TIME, 1);
	mnl_attr_put_u32(h, NDTPA_QUEUE_LEN, WAITING);
	mnl_attr_nest_end(h, parms);
	if (talk(h)) {
		return err_sys(err, "set how neighbours are looked for at '%s'", name);
	}
	return 0;
}

static int set_default(
	int family, unsigned char type, const void *gateway, const char *through, struct err *err)
{
	char buf[MESSAGE_SIZE];
	int index = through ? index_of(through, err) : 0;
	struct nlmsghdr *h = message(buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	if (index < 0) {
		return -1;
	}
	r->rtm_family = (unsigned char)family;
	r->rtm_table = RT_TABLE_MAIN;
	r->rtm_protocol = RTPROT_STATIC;
	r->rtm_scope = RT_SCOPE_UNIVERSE;
	r->rtm_type = type;
	if (gateway) {
		mnl_attr_put(h, RTA_GATEWAY, address_size(family), gateway);
	}
	if (through) {
		r->rtm_flags = RTNH_F_ONLINK;
		mnl_attr_put_u32(h, RTA_OIF, (uint32_t)index);
	}
	if (talk(h)) {
		return err_sys(err, "set the default route of IPv%d", family == AF_INET ? 4 : 6);
	}
	return 0;
}

int netlink_default_gateway(int family, const void *gateway, const char *through, struct err *err)
{
	return set_default(family, RTN_UNICAST, gateway, through, err);
}

int netlink_default_unreachable(int family, struct err *err)
{
	return set_default(family, RTN_UNREACHABLE, NULL, NULL, err);
}

int netlink_default_blackhole(int family, struct err *err)
{
	return set_default(family, RTN_BLACKHOLE, NULL, NULL, err);
}

struct call {
	int netns;
	int (*f)(void *arg, struct err *err);
	void *arg;
	struct err *err;
	int result;
};

static int call_inside(void *arg)
{
	struct call *c = arg;

	if (c->netns < 0 ? unshare(CLONE_NEWNET) : setns(c->netns, CLONE_NEWNET)) {
		c->result = err_sys(c->err, "enter a network namespace");
	} else {
		c->result = c->f(c->arg, c->err);
	}
	return 0;
}

int netns_call(int netns, int (*f)(void *arg, struct err *err), void *arg, struct err *err)
{
	struct call call = {netns, f, arg, err, -1};
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	sigset_t all, before;
	int status;
	pid_t pid;

	if (stack == MAP_FAILED) {
		return err_sys(err, "allocate a stack");
	}
	/* As posix_spawn(3) does: a handler must not run on two tasks in one memory. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = clone(call_inside, stack + STACK_SIZE, CLONE_VM | CLONE_FILES | CLONE_VFORK, &call);
	if (pid < 0) {
		err_sys(err, "start a process for a network namespace");
	} else {
		while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
		}
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	munmap(stack, STACK_SIZE);
	return call.result;
}
