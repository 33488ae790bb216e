/*
 * The keeper: init of the outer PID namespace. It has the rights of assay, makes what needs them
 * (the overlay, binds of host files), clones the child into the instance's namespaces, reaps it and
 * reports. Everything here runs between clone and exit: no allocation, no stdio, raw calls only.
 */
#include "base/cleanup.h"
#include "sandbox/raw.h"
#include "sandbox/refused.h"
#include "sandbox/spec.h"

#include <poll.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define NOFILE_SOFT 1024
#define NOFILE_HARD 524288

static int step_tie(struct spec *s)
{
	struct pollfd p = {.fd = s->fd[FD_CONTROL]};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
		return -1;
	}
	/* assay may have ended before that call; then nobody has the other end. */
	if (poll(&p, 1, 0) > 0 && p.revents & POLLHUP) {
		_exit(1);
	}
	prctl(PR_SET_NAME, "assay-keeper", 0, 0, 0);
	return setsid() < 0 ? -1 : 0;
}

static int step_limits(struct spec *s)
{
	struct rlimit r = {NOFILE_SOFT, NOFILE_HARD};

	(void)s;
	if (prlimit(0, RLIMIT_NOFILE, &r, NULL) == 0) {
		return 0;
	}
	/* Without CAP_SYS_RESOURCE the limit can only go down. */
	if (prlimit(0, RLIMIT_NOFILE, NULL, &r) < 0) {
		return -1;
	}
	r.rlim_cur = r.rlim_max < NOFILE_SOFT ? r.rlim_max : NOFILE_SOFT;
	return prlimit(0, RLIMIT_NOFILE, &r, NULL);
}

static int step_private(struct spec *s)
{
	(void)s;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static int step_scratch(struct spec *s)
{
	if (mount("assay", s->mnt, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0 ||
		chdir(s->mnt) < 0 || mkdir("root", 0755) < 0 || mkdir("layers", 0755) < 0) {
		return -1;
	}
	if (mount("assay", "layers", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0) {
		return -1;
	}
	return chdir("layers");
}

static int attach_shifted(int userns, const char *layer, const char *name)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY, .userns_fd = (unsigned)userns};
	auto_fd int fd = open_tree(AT_FDCWD, layer, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ||
		mkdir(name, 0755) < 0) {
		return -1;
	}
	return move_mount(fd, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH);
}

static int step_layers(struct spec *s)
{
	char name[12]; /* "0", "1", ...: short ones, for the overlay's options */

	for (s->item = 0; s->item < s->lower.n; s->item++) {
		const char *layer = s->lower.v[s->item];

		raw_decimal(name, (uint32_t)s->item);
		if (s->fd[FD_IDMAP] >= 0 ? attach_shifted(s->fd[FD_IDMAP], layer, name)
					 : symlink(layer, name)) {
			return -1;
		}
	}
	return s->lower.n ? 0 : mkdir("0", 0755);
}

int keeper_overlay(struct spec *s)
{
	if (mount("overlay", "../root", "overlay", MS_NODEV, s->overlay) < 0 || chdir("..") < 0 ||
		umount2("layers", MNT_DETACH) < 0) {
		return -1;
	}
	s->root = open_tree(AT_FDCWD, "root", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return s->root < 0 ? -1 : 0;
}

static int step_open(struct spec *s)
{
	for (s->item = 0; s->item < s->mounts.n; s->item++) {
		struct mount_item *m = &s->mounts.v[s->item];

		if (m->kind == MOUNT_BIND) {
			m->fd = open_tree(AT_FDCWD, m->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
			if (m->fd < 0) {
				return -1;
			}
		}
	}
	return 0;
}

/* Give assay the root (to seed volumes from) and the child's pidfd. */
static int send_descriptors(int control, int root, int pidfd)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} extra;
	struct spec_failure none = {.step = -1};
	struct iovec io = {&none, sizeof(none)};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = extra.bytes,
		.msg_controllen = sizeof(extra.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fds[2] = {root, pidfd};

	memset(extra.bytes, 0, sizeof(extra.bytes));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	return sendmsg(control, &m, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int child_pidfd = -1;

static int step_clone(struct spec *s)
{
	const uint64_t namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
				    CLONE_NEWUTS | CLONE_NEWIPC;
	pid_t pid = raw_clone(namespaces, &child_pidfd);

	if (pid == 0) {
		child_main(s);
	}
	return pid < 0 ? -1 : send_descriptors(s->fd[FD_CONTROL], s->root, child_pidfd);
}

static const char *layer_item(const struct spec *s, uint32_t item)
{
	return item < s->lower.n ? s->lower.v[item] : NULL;
}

static const char *source_item(const struct spec *s, uint32_t item)
{
	return item < s->mounts.n ? s->mounts.v[item].source : NULL;
}

static void describe_layers(const struct spec *s, struct buf *out)
{
	for (size_t i = 0; i < s->lower.n; i++) {
		(void)buf_addf(out, NULL, "\n      %s", s->lower.v[i]);
	}
}

static void describe_overlay(const struct spec *s, struct buf *out)
{
	(void)buf_addf(out, NULL, ": %s", s->overlay);
}

static void describe_sources(const struct spec *s, struct buf *out)
{
	for (size_t i = 0; i < s->mounts.n; i++) {
		if (s->mounts.v[i].kind == MOUNT_BIND) {
			(void)buf_addf(out, NULL, "\n      %s", s->mounts.v[i].source);
		}
	}
}

const struct spec_step keeper_steps[] = {
	{"tie the keeper to assay", step_tie, NULL, NULL},
	{"limit open files", step_limits, NULL, NULL},
	{"make mounts private", step_private, NULL, NULL},
	{"mount a scratch directory", step_scratch, NULL, NULL},
	{"take the layers", step_layers, describe_layers, layer_item},
	{"mount the overlay", keeper_overlay, describe_overlay, NULL},
	{"open what is bind-mounted", step_open, describe_sources, source_item},
	{"clone into user, mount, pid, net, uts and ipc namespaces", step_clone, NULL, NULL},
};
const size_t keeper_n_steps = ARRAY_SIZE(keeper_steps);

void spec_fail(const struct spec *s, int side, size_t step, int error)
{
	struct spec_failure f = {side, (int)step, error, (uint32_t)s->item};

	raw_tell(s->fd[FD_FAILURE], &f, sizeof(f));
	_exit(127);
}

/* Keep only what is in s->fd: copies of other ends would hold pipes open. */
static void close_others(const struct spec *s)
{
	unsigned next = 0;

	for (;;) {
		unsigned lowest = ~0U;

		for (int i = 0; i < FD_COUNT; i++) {
			if (s->fd[i] >= 0 && (unsigned)s->fd[i] >= next &&
				(unsigned)s->fd[i] < lowest) {
				lowest = (unsigned)s->fd[i];
			}
		}
		if (lowest > next) {
			raw_close_range(next, lowest == ~0U ? lowest : lowest - 1, 0);
		}
		if (lowest == ~0U) {
			return;
		}
		next = lowest + 1;
	}
}

static void close_childs(const struct spec *s)
{
	static const enum spec_fd given[] = {
		FD_GO, FD_FAILURE, FD_STDIN, FD_STDOUT, FD_STDERR, FD_LOG, FD_IDMAP, FD_TELL};

	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		if (s->fd[given[i]] >= 0) {
			close(s->fd[given[i]]);
		}
	}
	for (size_t i = 0; i < s->mounts.n; i++) {
		if (s->mounts.v[i].fd >= 0) {
			close(s->mounts.v[i].fd);
		}
	}
	close(s->root);
}

static void report_end(const struct spec *s)
{
	siginfo_t info;
	struct spec_ended ended = {-1, SIGKILL};

	if (raw_wait(child_pidfd, 0, &info) == 0) {
		bool exited = info.si_code == CLD_EXITED;

		ended.code = exited ? info.si_status : -1;
		ended.signal = exited ? 0 : info.si_status;
	}
	raw_tell(s->fd[FD_EXIT], &ended, sizeof(ended));
}

/* What the keeper waits for: of each listener that nobody is left who could ask it, and that the
 * process ends which answers. */
enum { ON_CHILD, ON_CONTROL, ON_LISTENERS, ON_LISTENER };
enum { LISTENER, ANSWERS, PAIR };

/* Commands have a filter of their own, hence a listener. More at once than this wait in the socket:
 * their first refused call takes until another's last process has ended. */
#define LISTENERS_MAX 32

static void begin_to_answer(const struct spec *s, int listener, struct pollfd *pair)
{
	int answers = -1;
	pid_t pid = raw_clone(0, &answers);

	if (pid == 0) {
		prctl(PR_SET_NAME, "assay-refuses", 0, 0, 0);
		refused_answer_all(s->refused, listener, child_pidfd);
	}
	if (pid < 0) {
		_exit(1); /* who asks would wait for ever */
	}
	pair[LISTENER] = (struct pollfd){.fd = listener}; /* POLLHUP comes unasked */
	pair[ANSWERS] = (struct pollfd){.fd = answers, .events = POLLIN};
}

/* Whether the pair has done its work. Before Linux 6.11 who answers does not notice. */
static bool has_answered(const struct spec *s, const struct pollfd *pair)
{
	if (!pair[LISTENER].revents && !pair[ANSWERS].revents) {
		return false;
	}
	if (!refused_is_over(pair[LISTENER].fd)) {
		_exit(1); /* it was killed, by lack of memory: as above */
	}
	refused_end(s->refused, pair[ANSWERS].fd);
	close(pair[ANSWERS].fd);
	close(pair[LISTENER].fd);
	return true;
}

static void attend_listeners(struct spec *s, struct pollfd *p, nfds_t *n)
{
	for (nfds_t i = ON_LISTENER; i < *n; i += PAIR) {
		if (has_answered(s, &p[i])) {
			*n -= PAIR;
			p[i + LISTENER] = p[*n + LISTENER];
			p[i + ANSWERS] = p[*n + ANSWERS];
			i -= PAIR;
		}
	}
	if (p[ON_LISTENERS].revents) {
		int fd = refused_receive(s->fd[FD_LISTENERS]);

		if (fd >= 0) {
			begin_to_answer(s, fd, &p[*n]);
			*n += PAIR;
		}
	}
}

static _Noreturn void attend(struct spec *s)
{
	struct pollfd p[ON_LISTENER + LISTENERS_MAX * PAIR];
	nfds_t n = ON_LISTENER;

	p[ON_CHILD] = (struct pollfd){.fd = child_pidfd, .events = POLLIN};
	p[ON_CONTROL] = (struct pollfd){.fd = s->fd[FD_CONTROL], .events = POLLIN};
	p[ON_LISTENERS] = (struct pollfd){.events = POLLIN};
	for (;;) {
		p[ON_LISTENERS].fd = n < ARRAY_SIZE(p) ? s->fd[FD_LISTENERS] : -1;
		if (poll(p, n, -1) < 0) {
			continue;
		}
		if (p[ON_CHILD].revents) {
			report_end(s);
			_exit(0);
		}
		/* The other end is gone, and so is assay, should its signal not have come. */
		if (p[ON_CONTROL].revents) {
			_exit(1);
		}
		attend_listeners(s, p, &n);
	}
}

void keeper_main(struct spec *s)
{
	close_others(s);
	for (size_t i = 0; i < keeper_n_steps; i++) {
		s->item = 0;
		if (keeper_steps[i].run(s) < 0) {
			spec_fail(s, 0, i, errno);
		}
	}
	close_childs(s);
	attend(s);
}
