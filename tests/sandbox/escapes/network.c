/* The network: the host's sockets, its devices, its packet filter. */
#include "escape.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define METADATA "169.254.169.254"

static int connect_unix(const char *name, bool abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name));

	memcpy(a.sun_path + abstract, name, strlen(name));
	return fd < 0 || connect(fd, (struct sockaddr *)&a, len) < 0 ? refused() : GOT;
}

static int abstract_socket(void)
{
	return connect_unix(bait("ABSTRACT"), true);
}

static int path_socket(void)
{
	return connect_unix(bait("SOCKET"), false);
}

static int connect_port(const char *address)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)bait_number("PORT"))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, address, &a.sin_addr);
	return fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? refused() : GOT;
}

static int loopback(void)
{
	return connect_port("127.0.0.1");
}

static int gateway(void)
{
	return connect_port(bait("GATEWAY"));
}

static int metadata(void)
{
	return connect_port(METADATA);
}

/* A network in which that address is this machine's, and a service listens on all it has: what the
 * gateway is to those who share the host's network, and what a cloud has under the other one. */
static int neighbour(const char *address)
{
	struct ifreq r = {.ifr_name = "lo"};
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd;

	if (unshare(CLONE_NEWNET) < 0) {
		return -1;
	}
	inet_pton(AF_INET, address, &a.sin_addr);
	memcpy(&r.ifr_addr, &a, sizeof(a));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (ioctl(fd, SIOCSIFADDR, &r) < 0) {
		return -1;
	}
	r.ifr_flags = IFF_UP;
	a.sin_port = htons((uint16_t)bait_number("PORT"));
	return ioctl(fd, SIOCSIFFLAGS, &r) < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0
		       ? -1
		       : listen(fd, 1);
}

static int near_gateway(void)
{
	return neighbour(bait("GATEWAY"));
}

static int near_metadata(void)
{
	return neighbour(METADATA);
}

/* The bait sends its secret to itself all the time; who listens to the host's loopback hears it. */
static int sniff(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	struct timeval patience = {.tv_usec = 500000};
	char packet[2048];

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0) {
		return refused();
	}
	for (int i = 0; i < 1000; i++) {
		ssize_t n = recv(fd, packet, sizeof(packet), 0);

		if (n < 0) {
			return refused();
		}
		if (memmem(packet, (size_t)n, "bait: outside only", 18)) {
			return GOT;
		}
	}
	return -EAGAIN;
}

/* Send a netlink request and give what the kernel answers. */
static int ask(int protocol, void *request, size_t len)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	struct timeval patience = {.tv_sec = 2};
	int fd = socket(AF_NETLINK, SOCK_RAW, protocol);
	char answer[4096];
	const struct nlmsghdr *h = (const void *)answer;
	const struct nlmsgerr *e = (const void *)(answer + sizeof(*h));
	ssize_t n;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
		sendto(fd, request, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		return refused();
	}
	n = recv(fd, answer, sizeof(answer), 0);
	if (n < (ssize_t)(sizeof(*h) + sizeof(*e)) || h->nlmsg_type != NLMSG_ERROR) {
		return n < 0 ? refused() : -EBADMSG;
	}
	return e->error ? e->error : GOT;
}

static int own_network(void)
{
	return unshare(CLONE_NEWNET);
}

static int add_link(void)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
	} m = {.h = {sizeof(m), RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
		.info = {.ifi_index = 1, .ifi_flags = 0, .ifi_change = IFF_UP}};

	return ask(NETLINK_ROUTE, &m, sizeof(m));
}

static int take_down(void)
{
	struct ifreq r = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) < 0 ? refused() : GOT;
}

static int packet_filter(void)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
		struct nlattr a;
		char name[8];
	} m = {.h = {sizeof(m), NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
		       NLM_F_REQUEST | NLM_F_ACK, 1, 0},
		.g = {NFPROTO_IPV4, NFNETLINK_V0, 0},
		.a = {sizeof(m.a) + sizeof(m.name), NFTA_TABLE_NAME},
		.name = "escape"};
	int r = ask(NETLINK_NETFILTER, &m, sizeof(m));

	/* A table outside a batch is EINVAL for those who might make one. */
	return r == -EINVAL || r == -EOPNOTSUPP ? GOT : r;
}

static int ip_tables(void)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

	if (fd < 0) {
		return refused();
	}
	return through(setsockopt(fd, IPPROTO_IP, 64, "", 1), EINVAL);
}

static int audit(void)
{
	struct nlmsghdr m = {sizeof(m), 1000, NLM_F_REQUEST | NLM_F_ACK, 1, 0};

	return ask(9, &m, sizeof(m));
}

static int audit_record(void)
{
	struct {
		struct nlmsghdr h;
		char text[16];
	} m = {.h = {sizeof(m), 1100, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, .text = "op=escape"};

	return ask(9, &m, sizeof(m));
}

static int vsock(void)
{
	return socket(AF_VSOCK, SOCK_STREAM, 0) < 0 ? refused() : GOT;
}

/* The kernel takes an int, a filter that compares 64 bits sees another family. */
static int vsock_high_bits(void)
{
	return syscall(SYS_socket, AF_VSOCK | 1L << 32, SOCK_STREAM, 0) < 0 ? refused() : GOT;
}

static int vsock_i386(void)
{
	return call_i386(359, AF_VSOCK, SOCK_STREAM, 0) < 0 ? refused() : GOT;
}

static int crypto(void)
{
	return socket(AF_ALG, SOCK_SEQPACKET, 0) < 0 ? refused() : GOT;
}

static int crypto_i386(void)
{
	return call_i386(359, AF_ALG, SOCK_SEQPACKET, 0) < 0 ? refused() : GOT;
}

/* The family is behind a pointer. */
static int by_socketcall(uint32_t family, uint32_t type)
{
	uint32_t *args = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (args == MAP_FAILED) {
		return refused();
	}
	args[0] = family;
	args[1] = type;
	return call_i386(102, 1, (long)(uintptr_t)args, 0) < 0 ? refused() : GOT;
}

static int vsock_socketcall(void)
{
	return by_socketcall(AF_VSOCK, SOCK_STREAM);
}

static int crypto_socketcall(void)
{
	return by_socketcall(AF_ALG, SOCK_SEQPACKET);
}

const struct attempt escapes_network[] = {
	{"abstract-socket", "CVE-2020-15257: an abstract socket of the host", abstract_socket},
	{"path-socket", "a socket file of the host (docker.sock)", path_socket},
	{"host-loopback", "a service on the host's 127.0.0.1", loopback},
	{"host-gateway", "the same by the gateway's address", gateway, .careless = near_gateway},
	{"cloud-metadata", METADATA, metadata, .careless = near_metadata},
	{"sniff-host", "packets of the host by AF_PACKET (CVE-2020-14386)", sniff},
	{"netlink-link", "change a network device", add_link, .careless = own_network},
	{"ioctl-link", "the same by ioctl(2)", take_down, .careless = own_network},
	{"nftables", "CVE-2022-32250, CVE-2024-1086: the packet filter", packet_filter,
		.careless = own_network, .may_lack = true},
	{"iptables", "CVE-2021-22555: its older form", ip_tables, .careless = own_network,
		.may_lack = true},
	{"audit-status", "the audit system's settings", audit, .may_lack = true},
	{"audit-record", "a record in the host's audit log", audit_record, .may_lack = true},
	{"vsock", "the hypervisor's sockets", vsock, .may_lack = true},
	{"vsock-high-bits", "the same with bit 32 set", vsock_high_bits, .may_lack = true},
	{"vsock-i386", "the same by the i386 table", vsock_i386, .may_lack = true},
	{"vsock-socketcall", "the same by socketcall(2), whose arguments no filter sees",
		vsock_socketcall,
		.allowed = "32-bit C libraries make every socket by it; Docker allows it, too",
		.may_lack = true},
	{"crypto", "CVE-2026-31431: the kernel's cryptography by AF_ALG", crypto, .may_lack = true},
	{"crypto-i386", "the same by the i386 table", crypto_i386, .may_lack = true},
	{"crypto-socketcall", "the same by socketcall(2)", crypto_socketcall,
		.allowed =
			"as above; Docker adds a rule of AppArmor or SELinux where the host has one",
		.may_lack = true},
	{0},
};
