/* Starting an instance, seen from assay; keeper.c and child.c are the other two sides. */
#include "sandbox/instance.h"

#include "base/alloc.h"
#include "base/sys_time.h"
#include "sandbox/ids.h"
#include "sandbox/raw.h"
#include "sandbox/refused.h"
#include "sandbox/workspace_private.h"
#include "sandbox/world_private.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

/* How long sandbox_free() waits for processes that were sent SIGKILL: one that the disk holds in
 * an uninterruptible sleep can take long, and cannot be helped. */
#define END_NS (10 * NS_PER_S)

/* A copy above stdin, stdout and stderr, so that the child's dup2 overwrites none of them. */
static int take_fd(int *slot, int fd, struct err *err)
{
	int high = fd;

	if (fd >= 0 && fd < 3) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		close(fd);
	}
	if (high < 0) {
		return err_sys(err, "duplicate a descriptor");
	}
	*slot = high;
	return 0;
}

static int make_pipe(int *ret_read, int *ret_write, struct err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0) {
		return err_sys(err, "make a pipe");
	}
	if (take_fd(ret_read, p[0], err)) {
		close(p[1]);
		return -1;
	}
	return take_fd(ret_write, p[1], err);
}

static int unblock(int fd, struct err *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		return err_sys(err, "make a pipe non-blocking");
	}
	return 0;
}

static uint32_t outside(const struct host *host, uint32_t id)
{
	return host->mode == HOST_SINGLE ? host->first_id : host->first_id + id;
}

/* stdout or stderr: the caller's descriptor, or a pipe that belongs to the user inside. Opening
 * /dev/stdout anew (nginx does) is otherwise EACCES. */
static int open_output(
	const struct sandbox_plan *plan, int given, int *ret_read, int *ret_write, struct err *err)
{
	if (given >= 0) {
		int copy = fcntl(given, F_DUPFD_CLOEXEC, 3);

		if (copy < 0) {
			return err_sys(err, "duplicate descriptor %d", given);
		}
		*ret_write = copy;
		return 0;
	}
	if (make_pipe(ret_read, ret_write, err) || unblock(*ret_read, err)) {
		return -1;
	}
	if (fchown(*ret_write, outside(plan->host, plan->uid), outside(plan->host, plan->gid)) <
		0) {
		return err_sys(err, "give an output pipe to the user inside");
	}
	return 0;
}

static int open_input(const struct sandbox_plan *plan, int *ret, struct err *err)
{
	int fd = plan->stdin_fd >= 0 ? fcntl(plan->stdin_fd, F_DUPFD_CLOEXEC, 3)
				     : open("/dev/null", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open stdin") : take_fd(ret, fd, err);
}

static int open_log(int *ret_read, int *ret_bind, struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return err_sys(err, "make a socket for /dev/log");
	}
	if (take_fd(ret_read, fd, err)) {
		return -1;
	}
	/* The child binds it; what arrives is read here. */
	*ret_bind = fcntl(*ret_read, F_DUPFD_CLOEXEC, 3);
	return *ret_bind < 0 ? err_sys(err, "duplicate a descriptor") : 0;
}

static int open_descriptors(struct sandbox *sb, const struct sandbox_plan *plan, struct err *err)
{
	int *fd = sb->spec->fd;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return err_sys(err, "make a socket pair");
	}
	if (take_fd(&sb->control, pair[0], err) || take_fd(&fd[FD_CONTROL], pair[1], err) ||
		make_pipe(&fd[FD_GO], &sb->go, err) ||
		make_pipe(&sb->failure, &fd[FD_FAILURE], err) ||
		make_pipe(&sb->exit_fd, &fd[FD_EXIT], err) || unblock(sb->exit_fd, err) ||
		open_input(plan, &fd[FD_STDIN], err) ||
		open_output(plan, plan->stdout_fd, &sb->out, &fd[FD_STDOUT], err) ||
		open_output(plan, plan->stderr_fd, &sb->error, &fd[FD_STDERR], err)) {
		return -1;
	}
	if (plan->tracked_log && open_log(&sb->log, &fd[FD_LOG], err)) {
		return -1;
	}
	if (plan->host->idmapped_mounts && !plan->lower_shifted) {
		int ns = workspace_idmap_fd(plan->workspace, plan->host, err);

		fd[FD_IDMAP] = ns < 0 ? -1 : fcntl(ns, F_DUPFD_CLOEXEC, 3);
		if (fd[FD_IDMAP] < 0) {
			return ns < 0 ? -1 : err_sys(err, "duplicate a descriptor");
		}
	}
	return 0;
}

/* What the keeper needs to watch: shared memory, and a socket that listeners come by. */
static int open_watch(struct sandbox *sb, const struct sandbox_plan *plan, struct err *err)
{
	int *fd = sb->spec->fd;
	int pair[2];

	if (!plan->watch_refused) {
		return 0;
	}
	if (refused_new(&sb->spec->refused, err)) {
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return err_sys(err, "make a socket pair");
	}
	if (take_fd(&fd[FD_LISTENERS], pair[0], err) || take_fd(&fd[FD_TELL], pair[1], err)) {
		return -1;
	}
	sb->tell = fcntl(fd[FD_TELL], F_DUPFD_CLOEXEC, 3);
	return sb->tell < 0 ? err_sys(err, "duplicate a descriptor") : 0;
}

static int make_cgroup(struct sandbox *sb, const struct sandbox_plan *plan, struct err *err)
{
	const struct cgroup_place *place = workspace_cgroups(plan->workspace);
	const struct cgroup_limits limits = {plan->memory, plan->pids, plan->cpus};
	auto_free char *name = NULL;

	if (!place->version || !plan->host->cgroup[0]) {
		return 0;
	}
	name = xasprintf("assay-%s-%s", workspace_id(plan->workspace), plan->name);
	return cgroup_new(place, name, &limits, &sb->cgroup, err);
}

static void close_given(struct spec *s)
{
	for (int i = 0; i < FD_COUNT; i++) {
		cleanup_fd(&s->fd[i]);
		s->fd[i] = -1;
	}
}

static int start_keeper(struct sandbox *sb, struct err *err)
{
	sigset_t all, before;
	pid_t pid;
	int saved;

	/* No handler of assay's may run in the keeper, and Ctrl-C is not for it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = raw_clone(CLONE_NEWPID | CLONE_NEWNS, &sb->keeper);
	if (pid == 0) {
		keeper_main(sb->spec);
	}
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	if (pid < 0) {
		sb->keeper = -1;
		return err_sys(err, "clone the keeper into pid and mount namespaces");
	}
	close_given(sb->spec);
	return 0;
}

/* 1: something failed and err says what; 0: end of file, the command is being executed. */
static int read_failure(const struct sandbox *sb, struct err *err)
{
	struct spec_failure f;
	ssize_t n = raw_read(sb->failure, &f, sizeof(f));

	if (n == 0) {
		return 0;
	}
	if (n == (ssize_t)sizeof(f)) {
		spec_failure_err(sb->spec, &f, err);
	} else {
		err_sys(err, "read from the keeper");
	}
	return 1;
}

/* The overlay's root and the child's pidfd, or what went wrong before. */
static int receive(struct sandbox *sb, int *ret_root, struct err *err)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} extra;
	struct spec_failure f;
	struct iovec io = {&f, sizeof(f)};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = extra.bytes,
		.msg_controllen = sizeof(extra.bytes)};
	const struct cmsghdr *c;
	ssize_t n;
	int fds[2];

	do {
		n = recvmsg(sb->control, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fds))) {
		return read_failure(sb, err) ? -1 : err_set(err, ERR_IO, "the keeper ended early");
	}
	memcpy(fds, CMSG_DATA(c), sizeof(fds));
	*ret_root = fds[0];
	sb->child = fds[1];
	return 0;
}

static int join_network(struct sandbox *sb, struct err *err)
{
	char path[64];
	auto_fd int ns = -1;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)sb->pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0) {
		return err_sys(err, "open '%s'", path);
	}
	return world_join(sb->world, sb->address, ns, err);
}

/* The last process to leave a mount namespace tears it down before its end is reported, and an
 * overlay's unmounting waits for the disk: a tenth of a second and more that would be taken for the
 * product's own. While we hold the namespace, an end is seen when it happens. */
static int hold_mounts(struct sandbox *sb, struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)sb->pid);
	sb->mounts = open(path, O_RDONLY | O_CLOEXEC);
	return sb->mounts < 0 ? err_sys(err, "open '%s'", path) : 0;
}

/* While the child waits: everything that has to be done to it from outside. */
static int attend(struct sandbox *sb, const struct sandbox_plan *plan, struct err *err)
{
	auto_fd int root = -1;

	if (receive(sb, &root, err)) {
		return -1;
	}
	sb->pid = ids_pidfd_pid(sb->child, err);
	if (sb->pid < 0 || ids_write_maps(sb->pid, plan->host, plan->uid, plan->gid, err) ||
		(sb->cgroup && cgroup_add(sb->cgroup, sb->pid, err)) || join_network(sb, err) ||
		hold_mounts(sb, err) || volumes_seed(sb, root, err)) {
		return -1;
	}
	if (write(sb->go, "", 1) != 1) {
		return err_sys(err, "start the child");
	}
	return read_failure(sb, err) ? -1 : 0;
}

static void describe(struct sandbox *sb, const struct sandbox_plan *plan)
{
	char host[160];

	host_describe(plan->host, host, sizeof(host));
	snprintf(sb->description, sizeof(sb->description),
		"user mount pid net uts ipc cgroup namespaces; %s; seccomp filter; capabilities %016llx%s",
		host, (unsigned long long)sb->spec->caps,
		sb->spec->read_only ? "; read-only root" : "");
}

static struct sandbox *new_sandbox(const struct sandbox_plan *plan)
{
	struct sandbox *sb = xcalloc(1, sizeof(*sb));

	sb->host = plan->host;
	sb->world = plan->world;
	sb->address = plan->address;
	sb->control = sb->keeper = sb->child = sb->failure = sb->go = -1;
	sb->exit_fd = sb->out = sb->error = sb->log = sb->mounts = sb->tell = -1;
	return sb;
}

int sandbox_start(const struct sandbox_plan *plan, struct sandbox **ret, struct err *err)
{
	AUTO_PTR(sandbox) struct sandbox *sb = new_sandbox(plan);

	if (spec_new(plan, &sb->spec, err) || seccomp_filter(false, &sb->spec->filter, err) ||
		seccomp_filter(true, &sb->spec->watching, err) || spec_write(sb->spec, plan, err)) {
		return err_wrap(err, "instance '%s'", plan->name ? plan->name : "");
	}
	sb->upper = xasprintf("%s/upper", sb->spec->dir);
	for (size_t i = 0; i < sb->spec->volumes.n; i++) {
		strv_addf(&sb->volumes, "%s/volumes/%zu", sb->spec->dir, i);
	}
	if (make_cgroup(sb, plan, err) || open_descriptors(sb, plan, err) ||
		open_watch(sb, plan, err) || start_keeper(sb, err) || attend(sb, plan, err)) {
		return err_wrap(err, "instance '%s'", plan->name);
	}
	describe(sb, plan);
	*ret = steal_ptr(sb);
	return 0;
}

void sandbox_kill(struct sandbox *sb)
{
	if (sb->child >= 0) {
		(void)raw_pidfd_send_signal(sb->child, SIGKILL);
	}
	if (sb->cgroup) {
		cgroup_kill(sb->cgroup);
	}
}

static void end_keeper(struct sandbox *sb)
{
	struct pollfd p = {.fd = sb->keeper, .events = POLLIN};
	uint64_t deadline = time_now_ns() + END_NS;
	siginfo_t info;
	int n;

	/* Its end takes all of its PID namespace with it, however far the start had come. */
	(void)raw_pidfd_send_signal(sb->keeper, SIGKILL);
	do {
		n = poll(&p, 1, time_left_ms(deadline));
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		(void)raw_wait(sb->keeper, 0, &info);
	}
}

void sandbox_free(struct sandbox *sb)
{
	if (!sb) {
		return;
	}
	sandbox_kill(sb);
	if (sb->keeper >= 0) {
		end_keeper(sb);
	}
	cgroup_free(sb->cgroup);
	cleanup_fd(&sb->control);
	cleanup_fd(&sb->keeper);
	cleanup_fd(&sb->child);
	cleanup_fd(&sb->failure);
	cleanup_fd(&sb->go);
	cleanup_fd(&sb->exit_fd);
	cleanup_fd(&sb->out);
	cleanup_fd(&sb->error);
	cleanup_fd(&sb->log);
	cleanup_fd(&sb->mounts);
	cleanup_fd(&sb->tell);
	spec_free(sb->spec);
	free(sb->upper);
	strv_release(&sb->volumes);
	free(sb);
}
