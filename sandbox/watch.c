/* Looking at a running instance. */
#include "base/sys_file.h"
#include "sandbox/instance.h"
#include "sandbox/raw.h"
#include "sandbox/refused.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

int sandbox_stdout(const struct sandbox *sb)
{
	return sb->out;
}

int sandbox_stderr(const struct sandbox *sb)
{
	return sb->error;
}

void sandbox_close_output(struct sandbox *sb, int fd)
{
	int *mine = fd == sb->out ? &sb->out : &sb->error;

	if (fd >= 0 && *mine == fd) {
		cleanup_fd(mine);
		*mine = -1;
	}
}

int sandbox_syslog_fd(const struct sandbox *sb)
{
	return sb->log;
}

int sandbox_exit_fd(const struct sandbox *sb)
{
	return sb->exit_fd;
}

int sandbox_gone_fd(const struct sandbox *sb)
{
	return sb->keeper;
}

struct sandbox_exit sandbox_exit_status(struct sandbox *sb)
{
	struct spec_ended e;
	ssize_t n;

	if (sb->ended.ended) {
		return sb->ended;
	}
	n = raw_read(sb->exit_fd, &e, sizeof(e));
	if (n == (ssize_t)sizeof(e)) {
		sb->ended = (struct sandbox_exit){true, e.code, e.signal};
	} else if (n >= 0) {
		/* The keeper ended without a word: it was killed, and all inside with it. */
		sb->ended = (struct sandbox_exit){true, -1, SIGKILL};
	}
	return sb->ended;
}

pid_t sandbox_pid(const struct sandbox *sb)
{
	return sb->pid;
}

int sandbox_signal(struct sandbox *sb, int signal, struct err *err)
{
	if (raw_pidfd_send_signal(sb->child, signal) < 0) {
		return err_sys(err, "send signal %d", signal);
	}
	return 0;
}

const char *sandbox_memory_mechanism(const struct sandbox *sb)
{
	return sb->cgroup ? cgroup_mechanism(sb->cgroup) : NULL;
}

uint64_t sandbox_memory_limit(const struct sandbox *sb)
{
	return sb->cgroup ? cgroup_memory_limit(sb->cgroup) : 0;
}

bool sandbox_swap_limited(const struct sandbox *sb)
{
	return sb->cgroup && cgroup_swap_limited(sb->cgroup);
}

int sandbox_memory(const struct sandbox *sb, struct sandbox_memory *ret, struct err *err)
{
	struct cgroup_memory m;

	if (!sb->cgroup) {
		return err_set(
			err, ERR_UNSUPPORTED, "memory is not measured: %s", sb->host->cgroup_why);
	}
	if (cgroup_read_memory(sb->cgroup, &m, err)) {
		return -1;
	}
	*ret = (struct sandbox_memory){m.used, m.total, m.peak, m.oom_kills};
	return 0;
}

/* "pid:[4026531836]" of a process, false when it is gone */
static bool pid_namespace(const char *pid, char *ret, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/pid", pid);
	n = readlink(path, ret, size - 1);
	if (n < 0) {
		return false;
	}
	ret[n] = '\0';
	return true;
}

/* Without a cgroup: who shares PID 1's namespace. */
static int scan_processes(
	const struct sandbox *sb, pid_t *ret, size_t max, size_t *ret_n, struct err *err)
{
	auto_dir DIR *d = opendir("/proc");
	const struct dirent *e;
	char own[64];
	char other[64];
	char pid[16];
	size_t n = 0;
	int rc = 0;

	if (!d) {
		return err_sys(err, "open '/proc'");
	}
	snprintf(pid, sizeof(pid), "%d", (int)sb->pid);
	if (!pid_namespace(pid, own, sizeof(own))) {
		*ret_n = 0;
		return 0;
	}
	while (n < max && (rc = dir_next(d, &e, err)) > 0) {
		uint64_t value;

		if (parse_u64(e->d_name, INT_MAX, &value, NULL) == 0 &&
			pid_namespace(e->d_name, other, sizeof(other)) && str_eq(own, other)) {
			ret[n++] = (pid_t)value;
		}
	}
	if (rc < 0) {
		return err_wrap(err, "list '/proc'");
	}
	*ret_n = n;
	return 0;
}

int sandbox_processes(
	const struct sandbox *sb, pid_t *ret, size_t max, size_t *ret_n, struct err *err)
{
	return sb->cgroup ? cgroup_processes(sb->cgroup, ret, max, ret_n, err)
			  : scan_processes(sb, ret, max, ret_n, err);
}

bool sandbox_refused(const struct sandbox *sb, size_t i, struct sandbox_refused *ret)
{
	return sb->spec->refused && refused_row(sb->spec->refused, i, ret);
}

int sandbox_refused_error(const struct sandbox *sb)
{
	return sb->spec->refused ? refused_error(sb->spec->refused) : ENODATA;
}

uint64_t sandbox_refused_missed(const struct sandbox *sb)
{
	return sb->spec->refused ? refused_missed(sb->spec->refused) : 0;
}

bool sandbox_own_listener(const struct sandbox *sb)
{
	return sb->spec->refused && refused_own_listener(sb->spec->refused);
}

const char *sandbox_describe(const struct sandbox *sb)
{
	return sb->description;
}

const char *sandbox_upper(const struct sandbox *sb)
{
	return sb->upper;
}

const char *sandbox_volume(const struct sandbox *sb, size_t i)
{
	return i < sb->volumes.n ? sb->volumes.v[i] : NULL;
}
