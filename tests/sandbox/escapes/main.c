/* Runs the attempts, each in a process of its own, and says what became of them. */
#include "escape.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define PATIENCE_S 10
#define EXIT_GOT 200

static const struct attempt *const themes[] = {
	escapes_descriptors,
	escapes_proc,
	escapes_sys,
	escapes_mounts,
	escapes_devices,
	escapes_cgroup,
	escapes_namespaces,
	escapes_kernel,
	escapes_processes,
	escapes_network,
	escapes_machine,
};

static void each(void (*f)(const struct attempt *a))
{
	for (size_t t = 0; t < sizeof(themes) / sizeof(themes[0]); t++) {
		for (const struct attempt *a = themes[t]; a->name; a++) {
			f(a);
		}
	}
}

/* A place where success does no harm: mounts and names go with the process. */
static int throw_away(void)
{
	return unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0 ||
			       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
		       ? -1
		       : 0;
}

static _Noreturn void attempt_process(const struct attempt *a, bool control)
{
	int r;

	signal(SIGALRM, SIG_DFL);
	alarm(PATIENCE_S);
	if (control && (throw_away() < 0 || (a->careless && a->careless() < 0))) {
		perror(a->name);
		_exit(EXIT_GOT + 1);
	}
	errno = 0;
	r = a->run();
	_exit(r == GOT ? EXIT_GOT : -r & 127);
}

static void try_one(const struct attempt *a, bool control)
{
	int status = 0;
	int code;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		attempt_process(a, control);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || WIFSIGNALED(status)) {
		printf("%s died %d\n", a->name, pid < 0 ? 0 : WTERMSIG(status));
		return;
	}
	code = WEXITSTATUS(status);
	if (code == EXIT_GOT) {
		printf("%s %s\n", a->name, a->allowed && !control ? "allowed" : "got");
	} else {
		printf("%s refused %s%s\n", a->name, code < 128 ? strerrorname_np(code) : "?",
			control && a->may_lack ? " may-lack" : "");
	}
}

static void inside(const struct attempt *a)
{
	try_one(a, false);
}

static void control(const struct attempt *a)
{
	if (a->no_control) {
		printf("%s without %s\n", a->name, a->no_control);
	} else {
		try_one(a, true);
	}
}

static void list(const struct attempt *a)
{
	printf("%s | %s | %s | %s\n", a->name, a->technique, a->no_control ? a->no_control : "yes",
		a->allowed ? a->allowed : "");
}

static const char *wanted;
static const struct attempt *found;

static void find(const struct attempt *a)
{
	if (strcmp(a->name, wanted) == 0) {
		found = a;
	}
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		each(inside);
	} else if (strcmp(argv[1], "--control") == 0) {
		each(control);
	} else if (strcmp(argv[1], "--list") == 0) {
		each(list);
	} else if (strcmp(argv[1], "--one") == 0 && argc == 3) {
		int r;

		wanted = argv[2];
		each(find);
		r = found ? found->run() : -EINVAL;
		return r == GOT ? 0 : -r & 127;
	} else {
		fprintf(stderr, "usage: escapes [--control | --list | --one NAME]\n");
		return 64;
	}
	return 0;
}
