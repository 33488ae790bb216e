/*
 * What the dynamic stage needs, each thing tried in a child: nothing of this process changes.
 * The child enters the namespaces as a run would, tries, and writes one record per fact.
 */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "sandbox/host.h"
#include "sandbox/ids.h"
#include "sandbox/machine.h"
#include "sandbox/probe.h"
#include "sandbox/raw.h"
#include "sandbox/spec.h"
#include "sandbox/workspace.h"
#include "sandbox/world.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#define TEXT 256
#define MAPPER "/usr/bin/new"
/* How many ids a user is given, as useradd(8) does. */
#define SUBORDINATE 65536

/* What every look has. */
struct examination {
	int out;
	struct machine machine;
	const struct host *host;
};

/* Sent whole through a pipe; smaller than PIPE_BUF, so records stay apart. */
struct record {
	int fact;
	bool good;
	char detail[TEXT];
	char remedy[TEXT];
};

enum fact {
	FACT_SYSTEM,
	FACT_KERNEL,
	FACT_USERNS,
	FACT_IDS,
	FACT_MEMORY,
	FACT_OVERLAY,
	FACT_IDMAP,
	FACT_PROC,
	FACT_SECCOMP,
	FACT_LISTENER,
	FACT_NETWORK,
	FACT_SKOPEO,
	FACTS,
};

static const struct {
	const char *name;
	bool needed;
} facts_table[FACTS] = {
	[FACT_SYSTEM] = {"system", false},
	[FACT_KERNEL] = {"Linux 5.12 or newer", true},
	[FACT_USERNS] = {"user namespaces", true},
	[FACT_IDS] = {"ids for the product's users", false},
	[FACT_MEMORY] = {"memory limit by cgroup", true},
	[FACT_OVERLAY] = {"overlay file system", true},
	[FACT_IDMAP] = {"idmapped layers", false},
	[FACT_PROC] = {"mounting /proc", true},
	[FACT_SECCOMP] = {"seccomp filters", true},
	[FACT_LISTENER] = {"counting refused calls", true},
	[FACT_NETWORK] = {"network of its own", true},
	[FACT_SKOPEO] = {"skopeo, for registries", false},
};

static void tell(const struct examination *e, enum fact fact, bool good, const char *detail,
	const char *remedy)
{
	struct record r = {.fact = (int)fact, .good = good};

	snprintf(r.detail, sizeof(r.detail), "%s", detail);
	snprintf(r.remedy, sizeof(r.remedy), "%s", good || !remedy ? "" : remedy);
	(void)file_write_fd(e->out, &r, sizeof(r), NULL);
}

/* errno of f() run in a child with these namespaces, 0 when it returned 0. */
static int try_in_child(
	uint64_t namespaces, const struct host *host, int (*f)(const char *arg), const char *arg)
{
	auto_fd int pidfd = -1;
	int go[2];
	siginfo_t info;
	pid_t pid;
	char byte;

	if (pipe2(go, O_CLOEXEC) < 0) {
		return errno;
	}
	pid = raw_clone(namespaces, &pidfd);
	if (pid == 0) {
		if (raw_read(go[0], &byte, 1) != 1) {
			_exit(ECANCELED);
		}
		_exit(f(arg) ? errno & 0xff : 0);
	}
	close(go[0]);
	if (pid < 0) {
		int saved = errno;

		close(go[1]);
		return saved;
	}
	if (!(namespaces & CLONE_NEWUSER) || ids_write_maps(pid, host, 0, 0, NULL) == 0) {
		raw_tell(go[1], "", 1);
	}
	close(go[1]);
	return raw_wait(pidfd, 0, &info) == 0 && info.si_code == CLD_EXITED ? info.si_status : EIO;
}

static int try_overlay(const char *dir)
{
	if (chdir(dir) < 0 || mkdir("l", 0755) < 0 || mkdir("u", 0755) < 0 ||
		mkdir("w", 0755) < 0 || mkdir("m", 0755) < 0) {
		return -1;
	}
	return mount("overlay", "m", "overlay", 0, "lowerdir=l,upperdir=u,workdir=w,userxattr");
}

static int try_proc(const char *arg)
{
	(void)arg;
	return mount("proc", "/proc", "proc", 0, NULL);
}

static int load_filter(unsigned flags)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &allow};

	return raw_seccomp(SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int try_seccomp(const char *arg)
{
	(void)arg;
	return load_filter(0);
}

static int try_listener(const char *arg)
{
	(void)arg;
	return load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER) < 0 ? -1 : 0;
}

static const char *sudo(const struct examination *e)
{
	return e->machine.ordinary ? "sudo " : "";
}

static void examine_overlay(const struct examination *e)
{
	auto_free char *base = workspace_default_base();
	auto_free char *dir = NULL;
	char remedy[TEXT];
	int error;

	probe_nearest(base);
	dir = xasprintf("%s/assay-doctor-XXXXXX", access(base, W_OK) == 0 ? base : "/var/tmp");
	if (!mkdtemp(dir)) {
		tell(e, FACT_OVERLAY, false, "no directory to try it in",
			"export ASSAY_HOME=/a/directory/that/you/may/write");
		return;
	}
	error = try_in_child(CLONE_NEWNS, e->host, try_overlay, dir);
	(void)dir_remove(AT_FDCWD, dir, NULL);
	if (error == ENODEV) {
		snprintf(remedy, sizeof(remedy), "%smodprobe overlay", sudo(e));
	} else if (error == EINVAL && e->machine.place == PLACE_MACHINE) {
		snprintf(remedy, sizeof(remedy),
			"export ASSAY_HOME=/a/directory/on/ext4,xfs/or/btrfs");
	} else {
		machine_mount_remedy(&e->machine, remedy, sizeof(remedy));
	}
	tell(e, FACT_OVERLAY, error == 0, error ? strerror(error) : "works", remedy);
}

static void examine_memory(const struct examination *e)
{
	const struct host *host = e->host;

	tell(e, FACT_MEMORY, host->cgroup[0], host->cgroup[0] ? host->cgroup : host->cgroup_why,
		host->cgroup_remedy);
}

static void examine_idmap(const struct examination *e)
{
	bool works = e->host->idmapped_mounts;

	tell(e, FACT_IDMAP, works, works ? "work" : "layers are stored once per range of ids",
		e->host->mode == HOST_ROOT && probe_kernel(5, 19)
			? "export ASSAY_HOME=/a/directory/on/ext4,xfs/or/btrfs"
			: "run assay as root on Linux 5.19 or newer");
}

/* Set-user-ID, or with file capabilities as on Fedora. */
static bool may_map(const char *program)
{
	struct stat st;

	return stat(program, &st) == 0 &&
	       (st.st_mode & S_ISUID || getxattr(program, "security.capability", NULL, 0) > 0);
}

static void examine_ids(const struct examination *e)
{
	char detail[TEXT], remedy[TEXT];
	uint32_t first = ids_unused_range("/etc/subuid", "/etc/subgid", SUBORDINATE);

	host_describe(e->host, detail, sizeof(detail));
	if (!e->machine.ordinary) {
		snprintf(remedy, sizeof(remedy), "run assay outside of this user namespace");
	} else if (access(MAPPER "uidmap", X_OK) < 0) {
		machine_install_remedy(&e->machine, "newuidmap", remedy, sizeof(remedy));
	} else if (!may_map(MAPPER "uidmap") || !may_map(MAPPER "gidmap")) {
		snprintf(
			remedy, sizeof(remedy), "sudo chmod u+s " MAPPER "uidmap " MAPPER "gidmap");
	} else {
		snprintf(remedy, sizeof(remedy),
			"sudo usermod --add-subuids %u-%u --add-subgids %u-%u $USER", first,
			first + SUBORDINATE - 1, first, first + SUBORDINATE - 1);
	}
	tell(e, FACT_IDS, e->host->mode != HOST_SINGLE, detail, remedy);
}

static void examine_inside(const struct examination *e)
{
	const uint64_t instance = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID;
	AUTO_PTR(world) struct world *world = NULL;
	struct err err = {0};
	char remedy[TEXT];
	int error = try_in_child(instance, e->host, try_proc, NULL);

	machine_mount_remedy(&e->machine, remedy, sizeof(remedy));
	tell(e, FACT_PROC, error == 0, error ? strerror(error) : "works", remedy);
	error = try_in_child(instance, e->host, try_seccomp, NULL);
	tell(e, FACT_SECCOMP, error == 0, error ? strerror(error) : "work",
		"use a kernel with CONFIG_SECCOMP_FILTER");
	error = try_in_child(instance, e->host, try_listener, NULL);
	tell(e, FACT_LISTENER, error == 0,
		error == EBUSY ? "somebody listens to our own system calls already"
		: error        ? strerror(error)
			       : "works",
		"run assay where no supervisor has a seccomp listener: on the machine itself");
	if (world_new(&world, &err)) {
		snprintf(remedy, sizeof(remedy), "%smodprobe -a bridge veth", sudo(e));
		tell(e, FACT_NETWORK, false, err.msg, remedy);
	} else {
		tell(e, FACT_NETWORK, true, "works", NULL);
	}
}

/* Where execvp(3) would find it. */
static char *find_program(const char *name)
{
	AUTO(strv) struct strv env = {0};
	AUTO(strv) struct strv places = {0};
	const char *path = getenv("PATH");

	strv_addf(&env, "PATH=%s", path ? path : "/bin:/usr/bin");
	spec_search_path(&env, name, &places);
	for (size_t i = 0; i < places.n; i++) {
		if (access(places.v[i], X_OK) == 0) {
			return xstrdup(places.v[i]);
		}
	}
	return NULL;
}

static void examine_outside(const struct examination *e)
{
	auto_free char *skopeo = find_program("skopeo");
	char text[TEXT];
	struct utsname u;

	machine_describe(&e->machine, text, sizeof(text));
	tell(e, FACT_SYSTEM, true, text, NULL);
	uname(&u);
	tell(e, FACT_KERNEL, probe_kernel(5, 12), u.release, "install a newer kernel");
	machine_install_remedy(&e->machine, "skopeo", text, sizeof(text));
	tell(e, FACT_SKOPEO, skopeo != NULL, skopeo ? skopeo : "not found", text);
}

static void examine_machine(int out, const struct machine *machine)
{
	struct host host;
	struct err err = {0};
	struct examination e = {.out = out, .machine = *machine, .host = &host};
	char remedy[TEXT];

	examine_outside(&e);
	if (host_enter(&host, &err)) {
		char *told = strchr(err.msg, '\n');

		machine_userns_remedy(machine, err.sys, remedy, sizeof(remedy));
		if (told) {
			*told++ = '\0';
		}
		tell(&e, FACT_USERNS, false, err.msg, told ? told : remedy);
		return;
	}
	tell(&e, FACT_USERNS, true, "work", NULL);
	examine_idmap(&e);
	examine_ids(&e);
	examine_memory(&e);
	examine_overlay(&e);
	examine_inside(&e);
}

static void add_fact(struct host_facts *ret, int i, const struct record *r)
{
	struct host_fact *f = ARRAY_PUSH(ret);

	f->name = facts_table[i].name;
	f->needed = facts_table[i].needed;
	f->good = r && r->good;
	f->tried = r != NULL;
	f->detail = xstrdup(r ? r->detail : "not tried: it needs user namespaces");
	f->remedy = r && r->remedy[0] ? xstrdup(r->remedy) : NULL;
}

void host_examine(struct host_facts *ret)
{
	struct record got[FACTS];
	bool have[FACTS] = {false};
	struct record r;
	struct machine machine;
	char advice[TEXT];
	int p[2];
	pid_t pid;

	memset(ret, 0, sizeof(*ret));
	machine_read("/", (const char *const *)environ, &machine);
	machine_advice(&machine, advice, sizeof(advice));
	ret->advice = xstrdup(advice);
	if (pipe2(p, O_CLOEXEC) < 0) {
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		examine_machine(p[1], &machine);
		_exit(0);
	}
	close(p[1]);
	while (pid > 0 && raw_read(p[0], &r, sizeof(r)) == (ssize_t)sizeof(r)) {
		if (r.fact >= 0 && r.fact < FACTS) {
			got[r.fact] = r;
			have[r.fact] = true;
		}
	}
	close(p[0]);
	if (pid > 0) {
		waitpid(pid, NULL, 0);
	}
	for (int i = 0; i < FACTS; i++) {
		add_fact(ret, i, have[i] ? &got[i] : NULL);
	}
}

void host_facts_release(struct host_facts *facts)
{
	for (unsigned long i = 0; i < facts->n; i++) {
		free(facts->v[i].detail);
		free(facts->v[i].remedy);
	}
	free(facts->v);
	free(facts->advice);
	memset(facts, 0, sizeof(*facts));
}
