#include "sandbox/refused.h"

#include "base/cleanup.h"
#include "base/sys_time.h"
#include "sandbox/raw.h"
#include "sandbox/spec.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>

/* Linux 5.19; older headers lack it. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Linux 6.6: the caller and the keeper take turns on one processor. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

enum { ROWS = 64, CALLS = 548 }; /* the filter lets no higher number come here */

enum arch { ARCH_64, ARCH_X32, ARCH_I386, ARCHES };
#define X32_BIT 0x40000000u

static const struct {
	const char *name;
	uint32_t token;
} arches[] = {
	[ARCH_64] = {"x86-64", SCMP_ARCH_X86_64},
	[ARCH_X32] = {"x32", SCMP_ARCH_X32},
	[ARCH_I386] = {"i386", SCMP_ARCH_X86},
};

/* Calls whose first argument says what is wanted, and is no pointer. */
static const struct {
	uint32_t nr, i386;
	uint32_t mask; /* what counts of it */
} telling[] = {
	{SYS_bpf, 357, ~0U},
	{SYS_clone, 120, 0x7e020000}, /* the namespaces */
	{SYS_keyctl, 288, ~0U},
	{SYS_personality, 136, ~0U},
	{SYS_socket, 359, ~0U},
	{SYS_unshare, 310, ~0U},
};

struct row {
	uint64_t count, first_ns;
	uint32_t nr;
	uint32_t argument;
	uint8_t arch;
	bool has_argument;
	char comm[SANDBOX_COMM];
	char exe[SANDBOX_EXE];
};

struct refused {
	bool loaded;
	bool own_listener;
	bool locked; /* by one of those who answer */
	int error;
	uint64_t missed;
	unsigned n;
	struct row rows[ROWS];
	struct {
		uint64_t count, first_ns;
	} others[ARCHES][CALLS]; /* that came when all rows were taken */
};

int refused_new(struct refused **ret, struct err *err)
{
	struct refused *r =
		mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED) {
		return err_sys(err, "share memory");
	}
	*ret = r;
	return 0;
}

void refused_free(struct refused *r)
{
	if (r) {
		munmap(r, sizeof(*r));
	}
}

/* ---- in the child ------------------------------------------------------------------------- */

union message {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static int send_listener(int tell, int fd)
{
	union message extra = {{0}};
	struct iovec io = {(char[]){0}, 1};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = extra.bytes,
		.msg_controllen = sizeof(extra.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	do {
		n = sendmsg(tell, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : close(fd);
}

/* The filter with a listener, which waits for the answer undisturbed by signals once the keeper has
 * read the question; before Linux 5.19 a signal makes the call be made again. */
static int load_watching(const struct sock_fprog *filter)
{
	struct seccomp_notif_sizes sizes;
	void *program = (void *)(uintptr_t)filter;
	int fd;

	if (raw_seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0) {
		return -1;
	}
	if (sizes.seccomp_notif > sizeof(struct seccomp_notif) ||
		sizes.seccomp_notif_resp > sizeof(struct seccomp_notif_resp)) {
		errno = EOVERFLOW;
		return -1;
	}
	fd = raw_seccomp(SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);
	return fd >= 0 || errno != EINVAL ? fd
					  : raw_seccomp(SECCOMP_SET_MODE_FILTER,
						    SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
}

int refused_load(const struct spec *s, int tell)
{
	int fd = -1;

	if (tell >= 0) {
		fd = load_watching(&s->watching);
		if (fd >= 0) {
			s->refused->loaded = true;
			return send_listener(tell, fd);
		}
		s->refused->error = errno;
	}
	return raw_seccomp(SECCOMP_SET_MODE_FILTER, 0, (void *)(uintptr_t)&s->filter);
}

/* ---- in the keeper ------------------------------------------------------------------------ */

int refused_receive(int socket)
{
	union message extra;
	char byte;
	struct iovec io = {&byte, 1};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = extra.bytes,
		.msg_controllen = sizeof(extra.bytes)};
	const struct cmsghdr *c;
	int fd;

	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0) {
		return -1;
	}
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fd))) {
		return -1;
	}
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return fd;
}

/* /proc of the keeper's own PID namespace, which notifications name processes by. */
static int open_proc(void)
{
	auto_fd int fs = fsopen("proc", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		return -1;
	}
	return fsmount(
		fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* "PID/NAME" */
static void proc_path(char path[32], uint32_t pid, const char *name)
{
	size_t len;

	raw_decimal(path, pid);
	len = strlen(path);
	path[len] = '/';
	memcpy(path + len + 1, name, strlen(name) + 1);
}

static void identify(uint32_t pid, struct row *row)
{
	static int proc = -2;
	char path[32];
	ssize_t n;
	int fd;

	if (proc == -2) {
		proc = open_proc();
	}
	proc_path(path, pid, "comm");
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : raw_read(fd, row->comm, sizeof(row->comm) - 1);
	row->comm[n > 0 ? n - (row->comm[n - 1] == '\n') : 0] = '\0';
	if (fd >= 0) {
		close(fd);
	}
	proc_path(path, pid, "exe");
	n = readlinkat(proc, path, row->exe, sizeof(row->exe) - 1);
	row->exe[n > 0 ? n : 0] = '\0';
}

static void describe(const struct seccomp_data *data, struct row *row)
{
	uint32_t nr = (uint32_t)data->nr;

	row->arch = data->arch == AUDIT_ARCH_I386 ? ARCH_I386 : nr & X32_BIT ? ARCH_X32 : ARCH_64;
	row->nr = row->arch == ARCH_X32 ? nr & ~X32_BIT : nr;
	for (size_t i = 0; i < ARRAY_SIZE(telling); i++) {
		if (row->nr == (row->arch == ARCH_I386 ? telling[i].i386 : telling[i].nr)) {
			row->has_argument = true;
			row->argument = (uint32_t)data->args[0] & telling[i].mask;
		}
	}
}

static bool same(const struct row *a, const struct row *b)
{
	return a->nr == b->nr && a->arch == b->arch && a->argument == b->argument &&
	       strcmp(a->comm, b->comm) == 0 && strcmp(a->exe, b->exe) == 0;
}

/* For a few instructions, by processes that end only when there is nothing more to count. */
static void lock(struct refused *r)
{
	while (__atomic_test_and_set(&r->locked, __ATOMIC_ACQUIRE)) {
		(void)sched_yield();
	}
}

static void unlock(struct refused *r)
{
	__atomic_clear(&r->locked, __ATOMIC_RELEASE);
}

static void count(struct refused *r, const struct row *row)
{
	for (unsigned i = 0; i < r->n; i++) {
		if (same(&r->rows[i], row)) {
			r->rows[i].count++;
			return;
		}
	}
	if (r->n < ROWS) {
		r->rows[r->n] = *row;
		r->rows[r->n].count = 1;
		r->rows[r->n++].first_ns = time_now_ns();
	} else if (row->nr < CALLS) {
		if (r->others[row->arch][row->nr].count++ == 0) {
			r->others[row->arch][row->nr].first_ns = time_now_ns();
		}
	}
}

static bool wants_listener(const struct row *row)
{
	return row->nr == (row->arch == ARCH_I386 ? 354 : SYS_seccomp);
}

bool refused_is_over(int listener)
{
	struct pollfd p = {.fd = listener};

	return poll(&p, 1, 0) > 0 && p.revents;
}

/* There was no question any more when it was to be read: who asked was killed or got a signal; or
 * (Linux 6.11) everybody has ended. */
static bool was_taken_back(struct refused *r, int listener)
{
	if (refused_is_over(listener)) {
		return false;
	}
	lock(r);
	r->missed++;
	unlock(r);
	return true;
}

/* Wait for one notification and answer it. false: there will be no more. */
static bool answer_one(struct refused *r, int listener, int child)
{
	struct seccomp_notif question = {0};
	struct seccomp_notif_resp answer = {.error = -EPERM};
	struct row row = {0};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0) {
		return errno == EINTR || (errno == ENOENT && was_taken_back(r, listener));
	}
	describe(&question.data, &row);
	if (wants_listener(&row)) {
		r->own_listener = true;
		(void)raw_pidfd_send_signal(child, SIGKILL);
		return true;
	}
	identify(question.pid, &row);
	/* Where the caller is gone, its number may already be somebody else's. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &question.id) < 0) {
		row.comm[0] = row.exe[0] = '\0';
	}
	lock(r);
	count(r, &row);
	unlock(r);
	answer.id = question.id;
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	return true;
}

void refused_answer_all(struct refused *r, int listener, int child)
{
	while (answer_one(r, listener, child)) {
	}
	_exit(0);
}

void refused_end(struct refused *r, int process)
{
	siginfo_t info;

	lock(r);
	(void)raw_pidfd_send_signal(process, SIGKILL);
	(void)raw_wait(process, 0, &info);
	unlock(r);
}

/* ---- in assay ----------------------------------------------------------------------------- */

int refused_error(const struct refused *r)
{
	return r->error ? r->error : r->loaded ? 0 : ENODATA;
}

bool refused_own_listener(const struct refused *r)
{
	return r->own_listener;
}

uint64_t refused_missed(const struct refused *r)
{
	return r->missed;
}

static void name_call(uint8_t arch, uint32_t nr, struct sandbox_refused *ret)
{
	auto_free char *name = seccomp_syscall_resolve_num_arch(
		arches[arch].token, (int)(arch == ARCH_X32 ? nr | X32_BIT : nr));

	ret->arch = arches[arch].name;
	if (name) {
		snprintf(ret->call, sizeof(ret->call), "%s", name);
	} else {
		snprintf(ret->call, sizeof(ret->call), "number %u", nr);
	}
}

static bool other_row(const struct refused *r, size_t i, struct sandbox_refused *ret)
{
	for (unsigned at = 0; at < ARCHES * CALLS; at++) {
		uint8_t arch = (uint8_t)(at / CALLS);
		uint32_t nr = at % CALLS;

		if (r->others[arch][nr].count && i-- == 0) {
			*ret = (struct sandbox_refused){.count = r->others[arch][nr].count,
				.first_ns = r->others[arch][nr].first_ns};
			name_call(arch, nr, ret);
			return true;
		}
	}
	return false;
}

bool refused_row(const struct refused *r, size_t i, struct sandbox_refused *ret)
{
	const struct row *row = &r->rows[i < ROWS ? i : 0];

	if (i >= r->n) {
		return other_row(r, i - r->n, ret);
	}
	*ret = (struct sandbox_refused){.count = row->count,
		.first_ns = row->first_ns,
		.has_argument = row->has_argument,
		.argument = row->argument};
	memcpy(ret->comm, row->comm, sizeof(ret->comm));
	memcpy(ret->exe, row->exe, sizeof(ret->exe));
	name_call(row->arch, row->nr, ret);
	return true;
}
