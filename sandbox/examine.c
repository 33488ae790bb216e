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
#include "sandbox/probe.h"
#include "sandbox/raw.h"
#include "sandbox/spec.h"
#include "sandbox/workspace.h"
#include "sandbox/world.h"

#include <linux/seccomp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define TEXT 256

/* Sent whole through a pipe; smaller than PIPE_BUF, so records stay apart. */
struct record {
	int fact;
	bool good;
	char detail[TEXT];
	char remedy[TEXT];
};

enum fact {
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

static void tell(int out, enum fact fact, bool good, const char *detail, const char *remedy)
{
	struct record r = {.fact = (int)fact, .good = good};

	snprintf(r.detail, sizeof(r.detail), "%s", detail);
	snprintf(r.remedy, sizeof(r.remedy), "%s", good || !remedy ? "" : remedy);
	(void)file_write_fd(out, &r, sizeof(r), NULL);
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

static void examine_overlay(int out, const struct host *host)
{
	auto_free char *base = workspace_default_base();
	auto_free char *dir = NULL;
	int error;

	probe_nearest(base);
	dir = xasprintf("%s/assay-doctor-XXXXXX", access(base, W_OK) == 0 ? base : "/var/tmp");
	if (!mkdtemp(dir)) {
		tell(out, FACT_OVERLAY, false, "no directory to try it in", "set ASSAY_HOME");
		return;
	}
	error = try_in_child(CLONE_NEWNS, host, try_overlay, dir);
	(void)dir_remove(AT_FDCWD, dir, NULL);
	tell(out, FACT_OVERLAY, error == 0, error ? strerror(error) : "works",
		error == ENODEV
			? "modprobe overlay"
			: "set ASSAY_HOME to a directory on ext4, xfs or btrfs (in a container: "
			  "a volume, and --privileged)");
}

static void examine_memory(int out, const struct host *host)
{
	tell(out, FACT_MEMORY, host->cgroup[0], host->cgroup[0] ? host->cgroup : host->cgroup_why,
		host->cgroup_remedy);
}

static void examine_ids(int out, const struct host *host)
{
	char detail[TEXT];
	char remedy[TEXT];
	bool mapper = access("/usr/bin/newuidmap", X_OK) == 0;

	host_describe(host, detail, sizeof(detail));
	snprintf(remedy, sizeof(remedy),
		mapper ? "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER"
		       : "sudo apt-get install uidmap");
	tell(out, FACT_IDS, host->mode != HOST_SINGLE, detail, remedy);
}

static void examine_inside(int out, const struct host *host)
{
	const uint64_t instance = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID;
	const char *privileged =
		"run it on the machine itself, or in a container with --privileged";
	AUTO_PTR(world) struct world *world = NULL;
	struct err err = {0};
	int error = try_in_child(instance, host, try_proc, NULL);

	tell(out, FACT_PROC, error == 0, error ? strerror(error) : "works", privileged);
	error = try_in_child(instance, host, try_seccomp, NULL);
	tell(out, FACT_SECCOMP, error == 0, error ? strerror(error) : "work",
		"use a kernel with CONFIG_SECCOMP_FILTER");
	error = try_in_child(instance, host, try_listener, NULL);
	tell(out, FACT_LISTENER, error == 0,
		error == EBUSY ? "somebody listens to our own system calls already"
		: error        ? strerror(error)
			       : "works",
		privileged);
	if (world_new(&world, &err)) {
		tell(out, FACT_NETWORK, false, err.msg, "modprobe bridge veth");
	} else {
		tell(out, FACT_NETWORK, true, "works", NULL);
	}
}

static void examine_machine(int out)
{
	struct utsname u;
	struct host host;
	struct err err = {0};
	char *remedy;

	uname(&u);
	tell(out, FACT_KERNEL, probe_kernel(5, 12), u.release, "install a newer kernel");
	tell(out, FACT_SKOPEO, access("/usr/bin/skopeo", X_OK) == 0,
		access("/usr/bin/skopeo", X_OK) == 0 ? "/usr/bin/skopeo" : "not found",
		"sudo apt-get install skopeo");
	if (host_enter(&host, &err)) {
		remedy = strchr(err.msg, '\n');
		if (remedy) {
			*remedy++ = '\0';
		}
		tell(out, FACT_USERNS, false, err.msg, remedy);
		return;
	}
	tell(out, FACT_USERNS, true, "work", NULL);
	tell(out, FACT_IDMAP, host.idmapped_mounts,
		host.idmapped_mounts ? "work" : "layers are stored once per range of ids",
		"run as root on Linux 5.19 or newer");
	examine_ids(out, &host);
	examine_memory(out, &host);
	examine_overlay(out, &host);
	examine_inside(out, &host);
}

static void add_fact(struct host_facts *ret, int i, const struct record *r)
{
	struct host_fact *f = ARRAY_PUSH(ret);

	f->name = facts_table[i].name;
	f->needed = facts_table[i].needed;
	f->good = r && r->good;
	f->detail = xstrdup(r ? r->detail : "not reached");
	f->remedy = r && r->remedy[0] ? xstrdup(r->remedy) : NULL;
}

void host_examine(struct host_facts *ret)
{
	struct record got[FACTS];
	bool have[FACTS] = {false};
	struct record r;
	int p[2];
	pid_t pid;

	memset(ret, 0, sizeof(*ret));
	if (pipe2(p, O_CLOEXEC) < 0) {
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		examine_machine(p[1]);
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
	memset(facts, 0, sizeof(*facts));
}
