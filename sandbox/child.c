/*
 * The child: from clone(2) in fresh namespaces to execve(2), in numbered steps. No allocation, no
 * stdio, no libseccomp or libcap calls that allocate; a step that fails is written to a pipe that
 * a successful execve closes.
 */
#include "base/cleanup.h"
#include "sandbox/caps.h"
#include "sandbox/raw.h"
#include "sandbox/refused.h"
#include "sandbox/spec.h"

#include <grp.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int step_wait(struct spec *s)
{
	char byte;

	/* End of file: assay has given up, and tells why itself. */
	if (raw_read(s->fd[FD_GO], &byte, 1) != 1) {
		_exit(127);
	}
	return setsid() < 0 ? -1 : 0;
}

static int step_cgroup(struct spec *s)
{
	(void)s;
	return unshare(CLONE_NEWCGROUP);
}

static int step_root_inside(struct spec *s)
{
	/* A keyring that is shared with nobody; a full quota is no reason not to run. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (s->single_id) {
		return 0; /* it is what it is, with all capabilities */
	}
	if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0) {
		return -1;
	}
	return (int)syscall(SYS_setresuid, 0, 0, 0);
}

/* As Docker does since version 20.10: any user may listen below port 1024, and ping. The files of
 * /proc/sys/net are those of the reader's network namespace, whose root we are; where this machine's
 * are read-only it stays as it was. */
static int step_ports(struct spec *s)
{
	const char *const settings[][2] = {
		{"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
		{"/proc/sys/net/ipv4/ping_group_range", s->ping_groups},
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		auto_fd int fd = open(settings[i][0], O_WRONLY | O_CLOEXEC);

		raw_tell(fd, settings[i][1], strlen(settings[i][1]));
	}
	return 0;
}

static int step_attach(struct spec *s)
{
	umask(022);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		return -1;
	}
	/* The working directory is the keeper's scratch, which has "root". */
	return move_mount(s->root, "", AT_FDCWD, "root", MOVE_MOUNT_F_EMPTY_PATH);
}

static int step_hostname(struct spec *s)
{
	return sethostname(s->hostname, strlen(s->hostname));
}

static int step_cwd(struct spec *s)
{
	int fd = mounts_make_directory(s->root, s->cwd);

	return fd < 0 ? -1 : close(fd);
}

static int step_pivot(struct spec *s)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	if (s->read_only && mount_setattr(s->root, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
		return -1;
	}
	/* The old root comes to lie on the new one and is taken off (pivot_root(2), "pivot_root(".",
	 * ".")"). From here on no host path can be named. */
	if (fchdir(s->root) < 0 || raw_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0) {
		return -1;
	}
	return chdir("/");
}

static int step_log(struct spec *s)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

	if (s->fd[FD_LOG] < 0) {
		return 0;
	}
	if (bind(s->fd[FD_LOG], (const struct sockaddr *)&a, sizeof(a)) < 0) {
		return -1;
	}
	return chmod("/dev/log", 0666);
}

static int step_chdir(struct spec *s)
{
	return chdir(s->cwd);
}

/* The terminal was opened out here, by a name that is none inside, and ttyname(3) goes by names.
 * What cannot be opened stays as it came. */
static void name_terminal(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct stat console, given;

	if (fd < 0 || fstat(fd, &console) < 0) {
		return;
	}
	for (int i = 0; i < 3; i++) {
		if (fstat(i, &given) == 0 && S_ISCHR(given.st_mode) &&
			given.st_rdev == console.st_rdev) {
			(void)dup2(fd, i);
		}
	}
}

static int step_stdio(struct spec *s)
{
	/* The originals lie above 2 (see instance.c), so no copy overwrites one. */
	if (dup2(s->fd[FD_STDIN], 0) < 0 || dup2(s->fd[FD_STDOUT], 1) < 0 ||
		dup2(s->fd[FD_STDERR], 2) < 0) {
		return -1;
	}
	if (s->terminal) {
		name_terminal();
		if (ioctl(0, TIOCSCTTY, 0) < 0) {
			return -1;
		}
	}
	return raw_close_range(3, ~0U, 1U << 2); /* CLOSE_RANGE_CLOEXEC */
}

static int step_limits(struct spec *s)
{
	struct rlimit core = {0, 0};
	struct rlimit size = {s->file_size, s->file_size};

	if (prlimit(0, RLIMIT_CORE, &core, NULL) < 0) {
		return -1;
	}
	return s->file_size ? prlimit(0, RLIMIT_FSIZE, &size, NULL) : 0;
}

static int step_bound(struct spec *s)
{
	return caps_bound(s->caps);
}

static int step_seccomp(struct spec *s)
{
	/* CAP_SYS_ADMIN in our own user namespace stands in for no_new_privs, which stays off as
	 * under Docker, so that set-user-ID programs of the image work. */
	return refused_load(s, s->fd[FD_TELL]);
}

static int step_user(struct spec *s)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) {
		return -1;
	}
	if (!s->single_id) {
		if (syscall(SYS_setgroups, s->n_groups, s->groups) < 0 ||
			syscall(SYS_setresgid, s->gid, s->gid, s->gid) < 0 ||
			syscall(SYS_setresuid, s->uid, s->uid, s->uid) < 0) {
			return -1;
		}
	}
	return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ? -1 : caps_set(s->caps);
}

static int step_signals(struct spec *s)
{
	/* The kernel's own form of struct sigaction: handler, flags, restorer, mask. The C library's
	 * call refuses the two signals that it keeps for itself, which whoever started us may have
	 * left ignored. */
	const unsigned long dfl[4] = {(unsigned long)SIG_DFL};
	sigset_t none;

	(void)s;
	for (int i = 1; i < 65; i++) { /* SIGKILL and SIGSTOP refuse */
		(void)syscall(SYS_rt_sigaction, i, dfl, NULL, sizeof(unsigned long));
	}
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int step_exec(struct spec *s)
{
	int error = ENOENT;

	for (s->item = 0; s->item < s->programs.n; s->item++) {
		execve(s->programs.v[s->item], s->argv.v, s->env.v);
		if (errno == EACCES) {
			error = EACCES;
		} else if (errno != ENOENT && errno != ENOTDIR) {
			error = errno;
			break;
		}
	}
	errno = error;
	return -1;
}

static const char *mount_target(const struct spec *s, uint32_t item)
{
	return item < s->mounts.n ? s->mounts.v[item].target : NULL;
}

static const char *program_name(const struct spec *s, uint32_t item)
{
	(void)item;
	return s->argv.v[0];
}

static const char *cwd_name(const struct spec *s, uint32_t item)
{
	(void)item;
	return s->cwd;
}

static void describe_mounts(const struct spec *s, struct buf *out)
{
	static const char *const kinds[] = {
		[MOUNT_FRESH] = "mount",
		[MOUNT_BIND] = "bind",
		[MOUNT_AGAIN] = "read-only",
		[MOUNT_MASK] = "mask",
		[MOUNT_LINK] = "link",
		[MOUNT_SEAL] = "seal",
	};

	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct mount_item *m = &s->mounts.v[i];

		(void)buf_addf(out, NULL, "\n      %-9s %s", kinds[m->kind], m->target);
		if (m->source) {
			(void)buf_addf(out, NULL, " (%s)", m->source);
		}
	}
}

static void describe_hostname(const struct spec *s, struct buf *out)
{
	(void)buf_addf(out, NULL, " '%s'", s->hostname);
}

static void describe_cwd(const struct spec *s, struct buf *out)
{
	(void)buf_addf(out, NULL, " '%s'", s->cwd);
}

static void describe_caps(const struct spec *s, struct buf *out)
{
	(void)buf_addf(out, NULL, " %016llx: %s", (unsigned long long)s->caps, caps_names(s->caps));
}

static void describe_seccomp(const struct spec *s, struct buf *out)
{
	(void)buf_addf(out, NULL, ": Docker's default rules%s",
		s->watch_refused ? "; what they refuse is counted" : "");
}

static void describe_user(const struct spec *s, struct buf *out)
{
	(void)buf_addf(out, NULL, " %u:%u", s->uid, s->gid);
	for (size_t i = 0; i < s->n_groups; i++) {
		(void)buf_addf(out, NULL, "%s%u", i ? "," : ", groups ", s->groups[i]);
	}
}

static void describe_exec(const struct spec *s, struct buf *out)
{
	for (size_t i = 0; i < s->argv.n; i++) {
		(void)buf_addf(out, NULL, " '%s'", s->argv.v[i]);
	}
}

const struct spec_step child_steps[] = {
	{"wait until assay has mapped ids, joined cgroup and network", step_wait, NULL, NULL},
	{"enter a cgroup namespace", step_cgroup, NULL, NULL},
	{"become root inside", step_root_inside, NULL, NULL},
	{"let every user listen below port 1024 and ping", step_ports, NULL, NULL},
	{"attach the root", step_attach, NULL, NULL},
	{"mount", mounts_apply, describe_mounts, mount_target},
	{"set the host name", step_hostname, describe_hostname, NULL},
	{"make the working directory", step_cwd, describe_cwd, cwd_name},
	{"pivot into the root and detach the old one", step_pivot, NULL, NULL},
	{"listen at /dev/log", step_log, NULL, NULL},
	{"change to the working directory", step_chdir, describe_cwd, cwd_name},
	{"set up stdin, stdout and stderr, close all else", step_stdio, NULL, NULL},
	{"set resource limits", step_limits, NULL, NULL},
	{"bound the capabilities to", step_bound, describe_caps, NULL},
	{"load the seccomp filter", step_seccomp, describe_seccomp, NULL},
	{"become the user", step_user, describe_user, NULL},
	{"reset signals", step_signals, NULL, NULL},
	{"execute", step_exec, describe_exec, program_name},
};
const size_t child_n_steps = ARRAY_SIZE(child_steps);

void child_main(struct spec *s)
{
	for (size_t i = 0; i < child_n_steps; i++) {
		s->item = 0;
		if (child_steps[i].run(s) < 0) {
			spec_fail(s, 1, i, errno);
		}
	}
	_exit(127);
}
