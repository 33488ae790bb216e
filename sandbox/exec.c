/*
 * A further command inside: an escort, child of assay, enters the instance's namespaces and control
 * group and forks the command there; it ends as the command ended, so that its pidfd tells all.
 * Escort and command run without allocation.
 */
#include "base/alloc.h"
#include "sandbox/caps.h"
#include "sandbox/instance.h"
#include "sandbox/raw.h"
#include "sandbox/refused.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct order {
	const struct spec *spec;
	char *const *argv;
	struct strv programs;
	int child; /* pidfd of PID 1 */
	int tell; /* refused.h */
	int null;
	int procs[CGROUP_CONTROLLERS];
	size_t n_procs;
};

static int become(const struct spec *s)
{
	if (!s->single_id && (syscall(SYS_setgroups, s->n_groups, s->groups) < 0 ||
				     syscall(SYS_setresgid, s->gid, s->gid, s->gid) < 0 ||
				     prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
				     syscall(SYS_setresuid, s->uid, s->uid, s->uid) < 0)) {
		return -1;
	}
	(void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	return caps_set(s->caps);
}

static _Noreturn void run(const struct order *o)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	struct rlimit core = {0, 0};
	const struct spec *s = o->spec;
	struct rlimit size = {s->file_size, s->file_size};
	sigset_t none;

	/* Only the command counts as the product's, not its escort. The right to move it comes with
	 * the descriptors, which assay opened. */
	for (size_t i = 0; i < o->n_procs; i++) {
		raw_tell(o->procs[i], "0", 1);
	}
	umask(022);
	prlimit(0, RLIMIT_CORE, &core, NULL);
	if (s->file_size) {
		prlimit(0, RLIMIT_FSIZE, &size, NULL);
	}
	if (setsid() < 0 || caps_bound(s->caps) < 0 || refused_load(s, o->tell) < 0 ||
		chdir(s->cwd) < 0 || become(s) < 0 ||
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
		_exit(126);
	}
	for (int i = 1; i < 65; i++) {
		(void)sigaction(i, &dfl, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < o->programs.n; i++) {
		execve(o->programs.v[i], o->argv, s->env.v);
	}
	_exit(errno == EACCES ? 126 : 127);
}

/* End as the command did: a signal ends us, too. */
static _Noreturn void mirror(const siginfo_t *info)
{
	struct rlimit core = {0, 0};
	sigset_t none;

	if (info->si_code == CLD_EXITED) {
		_exit(info->si_status);
	}
	prlimit(0, RLIMIT_CORE, &core, NULL);
	signal(info->si_status, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)syscall(SYS_kill, getpid(), info->si_status);
	_exit(128 + info->si_status);
}

static int enter(const struct order *o)
{
	const struct spec *s = o->spec;

	/* Nobody inside may trace us while we still know the outside. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		setns(o->child, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
					CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP) < 0) {
		return -1;
	}
	if (!s->single_id &&
		(syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
			syscall(SYS_setresuid, 0, 0, 0) < 0)) {
		return -1;
	}
	if (dup2(o->null, 0) < 0 || dup2(o->null, 1) < 0 || dup2(o->null, 2) < 0) {
		return -1;
	}
	return raw_close_range(3, ~0U, 1U << 2);
}

static _Noreturn void escort(const struct order *o)
{
	int command = -1;
	siginfo_t info;
	pid_t pid;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || enter(o) < 0 ||
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
		_exit(126);
	}
	pid = raw_clone(0, &command);
	if (pid == 0) {
		run(o);
	}
	if (pid < 0 || raw_wait(command, 0, &info) < 0) {
		_exit(126);
	}
	mirror(&info);
}

static int start(const struct order *o, int *ret, struct err *err)
{
	sigset_t all, before;
	pid_t pid;
	int saved;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = raw_clone(0, ret);
	if (pid == 0) {
		escort(o);
	}
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid < 0 ? err_sys(err, "start a command in the instance") : 0;
}

int sandbox_exec(struct sandbox *sb, const struct strv *argv, int *ret_exit_fd, struct err *err)
{
	struct order o = {.spec = sb->spec, .argv = argv->v, .child = sb->child, .tell = sb->tell};
	const struct strv *files = sb->cgroup ? cgroup_procs_files(sb->cgroup) : NULL;
	auto_fd int null = -1;
	int fd = -1;
	int r = -1;

	if (!argv->n) {
		return err_set(err, ERR_USAGE, "no command to execute");
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0) {
		return err_sys(err, "open '/dev/null'");
	}
	o.null = null;
	for (size_t i = 0; files && i < files->n; i++) {
		int procs = open(files->v[i], O_WRONLY | O_CLOEXEC);

		if (procs >= 0) {
			o.procs[o.n_procs++] = procs;
		}
	}
	spec_search_path(&sb->spec->env, argv->v[0], &o.programs);
	r = start(&o, &fd, err);
	for (size_t i = 0; i < o.n_procs; i++) {
		close(o.procs[i]);
	}
	strv_release(&o.programs);
	if (r == 0) {
		*ret_exit_fd = fd;
	}
	return r;
}

void sandbox_exec_kill(int exit_fd)
{
	/* The escort; its end is the command's parent-death signal. */
	(void)raw_pidfd_send_signal(exit_fd, SIGKILL);
}

struct sandbox_exit sandbox_exec_result(int exit_fd)
{
	struct sandbox_exit e = {0};
	siginfo_t info;

	if (raw_wait(exit_fd, WNOHANG, &info) < 0) {
		return (struct sandbox_exit){true, -1, SIGKILL};
	}
	if (info.si_pid) {
		bool exited = info.si_code == CLD_EXITED;

		e = (struct sandbox_exit){
			true, exited ? info.si_status : -1, exited ? 0 : info.si_status};
	}
	return e;
}
