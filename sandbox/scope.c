#include "sandbox/scope.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "base/sys_time.h"
#include "sandbox/cgroup.h"
#include "sandbox/raw.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define MANAGER                                                                                    \
	"org.freedesktop.systemd1", "/org/freedesktop/systemd1",                                   \
		"org.freedesktop.systemd1.Manager", "StartTransientUnit", "ssa(sv)a(sa(sv))"
#define TEXT(value) #value
#define NUMBER(macro) TEXT(macro)
#define POLL_MS 5

/* $XDG_RUNTIME_DIR, which su(1) and cron lose; NULL when there is no bus in it. */
static char *runtime_directory(void)
{
	const char *given = getenv("XDG_RUNTIME_DIR");
	auto_free char *dir =
		given && given[0] ? xstrdup(given) : xasprintf("/run/user/%u", getuid());
	auto_free char *bus = xasprintf("%s/bus", dir);

	return access(bus, W_OK) == 0 ? steal_ptr(dir) : NULL;
}

bool scope_ask(const char *unit)
{
	auto_free char *runtime = runtime_directory();
	char pid[16];
	/* name, mode, properties (name, type, value), no further units */
	const char *argv[] = {"busctl", "--user", "--quiet", "--timeout=" NUMBER(SCOPE_WAIT_S),
		"call", MANAGER, unit, "fail", "5", "Description", "s", "assay", "PIDs", "au", "1",
		pid, "Delegate", "b", "true", "Slice", "s", "app.slice", "CollectMode", "s",
		"inactive-or-failed", "0", NULL};
	int status;
	pid_t child;

	if (!runtime) {
		return false;
	}
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		setenv("XDG_RUNTIME_DIR", runtime, 1);
		unsetenv("DBUS_SESSION_BUS_ADDRESS"); /* could be a bus without systemd */
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* Whether our group of version 2 is the unit's by now: systemd answers before it has moved us. */
static bool is_in(const char *unit)
{
	auto_free char *end = xasprintf("/%s\n", unit);
	AUTO(buf) struct buf b;

	buf_init(&b, 1024 * 1024);
	return file_read(AT_FDCWD, "/proc/self/cgroup", &b, NULL) == 0 && strstr(buf_str(&b), end);
}

bool scope_enter(void)
{
	uint64_t deadline = time_now_ns() + SCOPE_WAIT_S * NS_PER_S;
	auto_free char *unit = NULL;
	uint32_t random;

	if (!cgroup_scope_helps() || getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		return false;
	}
	unit = xasprintf("app-assay-%d%08x.scope", (int)getpid(), random);
	if (!scope_ask(unit)) {
		return false;
	}
	while (!is_in(unit)) {
		if (time_now_ns() >= deadline) {
			return false;
		}
		poll(NULL, 0, POLL_MS);
	}
	return true;
}
