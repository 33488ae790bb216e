/* What systemd is asked for, by a busctl of our own on PATH. The real one is asked in tests/vm. */
#include "sandbox/scope.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/assay-scope-XXXXXX";

/* A directory with a busctl that writes its arguments to a file, and a bus. */
static void setup(void)
{
	auto_free char *program = NULL;
	auto_free char *text = NULL;
	auto_free char *bus = NULL;

	cr_assert(mkdtemp(dir));
	program = xasprintf("%s/busctl", dir);
	bus = xasprintf("%s/bus", dir);
	text = xasprintf(
		"#!/bin/sh\n"
		"printf '%%s\\n' \"$XDG_RUNTIME_DIR\" \"${DBUS_SESSION_BUS_ADDRESS-none}\" "
		"\"$@\" >%s/arguments\n"
		"exit ${BUSCTL_STATUS:-0}\n",
		dir);
	cr_assert(file_write(AT_FDCWD, program, text, strlen(text), NULL) == 0);
	cr_assert(chmod(program, 0755) == 0);
	cr_assert(file_write(AT_FDCWD, bus, "", 0, NULL) == 0);
	cr_assert(setenv("PATH", dir, 1) == 0);
	cr_assert(setenv("XDG_RUNTIME_DIR", dir, 1) == 0);
	cr_assert(setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/elsewhere", 1) == 0);
}

static void teardown(void)
{
	(void)dir_remove(AT_FDCWD, dir, NULL);
}

TestSuite(sandbox_scope, .init = setup, .fini = teardown);

Test(sandbox_scope, asks_for_a_scope_to_divide)
{
	auto_free char *path = xasprintf("%s/arguments", dir);
	auto_free char *expected = NULL;
	AUTO(buf) struct buf b;

	expected = xasprintf("%s\nnone\n--user\n--quiet\n--timeout=5\ncall\n"
			     "org.freedesktop.systemd1\n/org/freedesktop/systemd1\n"
			     "org.freedesktop.systemd1.Manager\nStartTransientUnit\n"
			     "ssa(sv)a(sa(sv))\nx.scope\nfail\n5\n"
			     "Description\ns\nassay\nPIDs\nau\n1\n%d\nDelegate\nb\ntrue\n"
			     "Slice\ns\napp.slice\nCollectMode\ns\ninactive-or-failed\n0\n",
		dir, (int)getpid());
	cr_expect(scope_ask("x.scope"));
	buf_init(&b, 4096);
	cr_assert(file_read(AT_FDCWD, path, &b, NULL) == 0);
	cr_expect_str_eq(buf_str(&b), expected);
}

Test(sandbox_scope, a_refusal_is_told)
{
	cr_assert(setenv("BUSCTL_STATUS", "1", 1) == 0);
	cr_expect_not(scope_ask("x.scope"));
}

Test(sandbox_scope, nobody_is_asked_without_a_bus_or_the_program)
{
	auto_free char *path = xasprintf("%s/arguments", dir);
	auto_free char *bus = xasprintf("%s/bus", dir);
	auto_free char *program = xasprintf("%s/busctl", dir);

	cr_assert(unlink(program) == 0);
	cr_expect_not(scope_ask("x.scope"));
	cr_assert(unlink(bus) == 0);
	cr_expect_not(scope_ask("x.scope"));
	cr_expect(access(path, F_OK) < 0);
}

/* Somebody wants to see what happens without. */
Test(sandbox_scope, not_when_control_groups_are_not_wanted)
{
	auto_free char *path = xasprintf("%s/arguments", dir);

	cr_assert(setenv("ASSAY_CGROUP", "none", 1) == 0);
	cr_expect_not(scope_enter());
	cr_expect(access(path, F_OK) < 0);
}
