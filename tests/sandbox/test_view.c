/* What an instance can see and do: Docker's view, and nothing of the host. */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "sandbox/probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static struct run r;

/* The set that Docker documents, as `docker run alpine grep Cap /proc/1/status` shows it. */
static void capabilities(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "cat", "/proc/self/status", NULL);

	if (run_all(&r, plan)) {
		EXPECT(has(r.out, "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\n"
				  "CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n"
				  "CapAmb:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\n"
				  "Seccomp_filters:\t1\n"));
		EXPECT(has(r.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
				  "SigCgt:\t0000000000000000\n"));
	}
	plan = plan_new(f, "cat", "/proc/self/status", NULL);
	plan.uid = plan.gid = 1000;
	if (run_all(&r, plan)) {
		EXPECT(has(r.out, "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
				  "CapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\n"));
		EXPECT(has(r.out, "Uid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\n"));
	}
}

static void privileges(struct fixture *f)
{
	if (run_all(&r, plan_new(f, "privileges", NULL))) {
		/* EPERM: no device nodes, no mounts, no namespaces; chroot and ping are allowed. */
		EXPECT(str_eq(r.out, "mknod 1 chroot 0 mount 1 unshare 1 raw 0\n"));
	}
}

static void system_calls(struct fixture *f)
{
	/* acct keyctl add_key bpf userfaultfd io_uring_setup open_by_handle_at reboot and the lsm_
	 * calls: EPERM; clone3, open_tree_attr and one from the future: ENOSYS; getpid: fine */
	if (run_all(&r, plan_new(f, "calls", "163", "250", "248", "321", "323", "425", "304", "169",
				"459", "460", "461", "435", "467", "9999", "39", NULL))) {
		EXPECT(str_eq(r.out, "163 -1 1\n250 -1 1\n248 -1 1\n321 -1 1\n323 -1 1\n425 -1 1\n"
				     "304 -1 1\n169 -1 1\n459 -1 1\n460 -1 1\n461 -1 1\n"
				     "435 -1 38\n467 -1 38\n9999 -1 38\n39 1 0\n"));
	}
}

/* Younger than libseccomp's list may be, allowed by Docker: the kernel answers, which may not have
 * them either. fchmodat2 (452) came with 6.6 and dislikes the path. */
static void young_calls(struct fixture *f)
{
	if (run_all(&r, plan_new(f, "calls", "451", "452", "453", "456", "457", "458", "462", "463",
				"466", NULL))) {
		EXPECT(!has(r.out, " -1 1\n"));
		EXPECT(has(r.out, probe_kernel(6, 6) ? "452 -1 14\n" : "452 -1 38\n"));
	}
}

/* DECnet, Econet, ATM SVC, IrDA, WANPIPE, ISDN, CAIF; AF_ALG and AF_VSOCK; what follows AF_MCTP. */
static void address_families(struct fixture *f)
{
	if (run_all(&r, plan_new(f, "families", NULL))) {
		EXPECT(str_eq(r.out, "12 19 20 23 25 34 37 38 40 46 47 48 49 50 51 52 53 54 55 56 "
				     "57 58 59 60 61 62 63 "));
	}
}

static void devices(struct fixture *f)
{
	if (run_all(&r, plan_new(f, "stat", "/dev/null", "/dev/shm", "/dev/ptmx", "/dev/stdout",
				"/dev/sda", "/dev/mqueue", "/dev/pts/ptmx", NULL))) {
		EXPECT(has(r.out, "/dev/null 20666 "));
		EXPECT(has(r.out, "/dev/shm 41777 0:0\n"));
		EXPECT(has(r.out, "/dev/ptmx 120777 "));
		EXPECT(has(r.out, "/dev/stdout 120777 "));
		EXPECT(has(r.out, "/dev/sda No such file or directory\n"));
		EXPECT(has(r.out, "/dev/mqueue 41777 "));
		EXPECT(has(r.out, "/dev/pts/ptmx 20666 "));
	}
	if (run_all(&r, plan_new(f, "write", "/dev/null", "/dev/shm/x", "/x",
				"/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/sys/x",
				"/sys/fs/cgroup/x", "/etc/hosts", NULL))) {
		EXPECT(has(r.out, "/dev/null written\n/dev/shm/x written\n/x written\n"));
		EXPECT(!has(r.out, "hostname written") && !has(r.out, "trigger written") &&
			!has(r.out, "/sys/x written") && !has(r.out, "cgroup/x written"));
		EXPECT(has(r.out, "/etc/hosts written"));
	}
}

static void etc_files(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "cat", "/etc/hostname", "/etc/hosts",
		"/etc/resolv.conf", "/proc/sys/kernel/hostname", NULL);

	plan.address = 7;
	strv_add(&plan.hosts, "172.29.0.99\tdb");
	if (run_all(&r, plan)) {
		EXPECT(has(r.out, "product\n127.0.0.1\tlocalhost\n"));
		EXPECT(has(r.out, "172.29.0.99\tdb\n172.29.0.9\tproduct\n"));
		EXPECT(has(r.out, "nameserver 172.29.0.1\n"));
		EXPECT(str_ends(r.out, "product\n"));
	}
}

static void masked(struct fixture *f)
{
	if (run_all(&r,
		    plan_new(f, "cat", "/proc/keys", "/proc/timer_list", "/proc/kcore", NULL))) {
		EXPECT(r.out_len == 0 || has(r.out, "No such file"));
		EXPECT(r.out_len < 200);
	}
}

static void host_is_invisible(struct fixture *f)
{
	const char *dir = workspace_dir(f->workspace);

	if (run_all(&r, plan_new(f, "stat", dir, "/root", "/var", "/proc/1/root/var", f->scratch,
				NULL))) {
		EXPECT(!has(r.out, " 4"));
	}
	if (run_all(&r, plan_new(f, "cat", "/proc/mounts", NULL))) {
		EXPECT(!has(r.out, f->scratch) && !has(r.out, "oldroot"));
		EXPECT(has(r.out, "overlay / overlay rw"));
	}
	if (run_all(&r, plan_new(f, "cat", "/proc/self/cgroup", NULL))) {
		EXPECT(!has(r.out, "assay"));
	}
}

static void own_limit_is_visible(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "cat", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
		"/sys/fs/cgroup/memory.max", NULL);

	if (!f->host.cgroup[0]) {
		skip(f->host.cgroup_why);
	}
	plan.memory = 64 << 20;
	if (run_all(&r, plan) && f->host.cgroup[0]) {
		EXPECT(has(r.out, "67108864\n"));
	}
}

static void read_only_root(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "write", "/x", "/data/x", "/etc/hosts", "/dev/shm/x",
		"/dev/x", "/vol/x", "/run/lock/x", NULL);

	plan.read_only = true;
	plan.cwd = "/made/for/it";
	strv_add(&plan.volumes, "/vol");
	strv_add(&plan.tmpfs, "/run/lock");
	if (run_all(&r, plan)) {
		EXPECT(str_eq(r.out,
			"/x Read-only file system\n/data/x Read-only file system\n"
			"/etc/hosts Read-only file system\n/dev/shm/x written\n/dev/x written\n"
			"/vol/x written\n/run/lock/x written\n"));
	}
}

static void tmpfs(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "stat", "/data", "/data/sub", NULL);

	strv_add(&plan.tmpfs, "/data");
	if (run_all(&r, plan)) {
		EXPECT(str_eq(r.out, "/data 41777 0:0\n/data/sub No such file or directory\n"));
	}
	plan = plan_new(f, "cat", "/proc/mounts", NULL);
	strv_add(&plan.tmpfs, "/data");
	if (run_all(&r, plan)) {
		EXPECT(has(r.out, "tmpfs /data tmpfs rw,nosuid,nodev,noexec,"));
	}
	plan = plan_new(f, "hello", NULL);
	strv_add(&plan.tmpfs, "run");
	EXPECT(!run_start(&r, &plan, true) && r.err.code == ERR_MALFORMED);
	run_free(&r);
}

static void volumes(struct fixture *f)
{
	struct sandbox_plan plan =
		plan_new(f, "stat", "/data", "/data/sub/file", "/data/own", "/new", NULL);
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/data/own", f->layer);
	EXPECT(file_write(AT_FDCWD, path, "mine", 4, NULL) == 0);
	EXPECT(lchown(path, 999, 998) == 0 && chmod(path, 0640) == 0);
	strv_add(&plan.volumes, "/data");
	strv_add(&plan.volumes, "/new/volume");
	if (run_start(&r, &plan, false) && run_finish(&r)) {
		EXPECT(has(r.out, "/data 40755 0:0\n/data/sub/file 100644 0:0\n"));
		EXPECT(has(r.out, "/data/own 100640 999:998\n/new 40755 0:0\n"));
		snprintf(path, sizeof(path), "%s/own", sandbox_volume(r.sb, 0));
		EXPECT(lstat(path, &st) == 0 && st.st_uid == f->host.first_id + 999 &&
			st.st_size == 4);
		EXPECT(sandbox_volume(r.sb, 2) == NULL);
	}
	run_free(&r);
	snprintf(path, sizeof(path), "%s/data/own", f->layer);
	EXPECT(unlink(path) == 0);
}

/* What is written lands in the upper layer, and nowhere else. */
static void upper(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "write", "/data/written", "/data/sub/file", NULL);
	char path[4096];
	struct stat st;

	plan.uid = 0;
	if (run_start(&r, &plan, false) && run_finish(&r)) {
		snprintf(path, sizeof(path), "%s/data/written", sandbox_upper(r.sb));
		EXPECT(stat(path, &st) == 0 && st.st_uid == f->host.first_id);
		snprintf(path, sizeof(path), "%s/data/written", f->layer);
		EXPECT(stat(path, &st) < 0);
		snprintf(path, sizeof(path), "%s/data/sub/file", f->layer);
		EXPECT(stat(path, &st) == 0 && st.st_size == 5);
	}
	run_free(&r);
}

static void many_layers(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "cat", "/top", "/l7", "/l498", NULL);
	char path[4096];
	char text[32];

	for (int i = 1; i < 500; i++) {
		snprintf(path, sizeof(path), "%s/many-%d", f->scratch, i);
		EXPECT(mkdir(path, 0755) == 0);
		strv_add(&plan.lower, path);
		snprintf(path, sizeof(path), "%s/many-%d/l%d", f->scratch, i, i);
		(void)file_write(AT_FDCWD, path, "l", 1, NULL);
		snprintf(path, sizeof(path), "%s/many-%d/top", f->scratch, i);
		snprintf(text, sizeof(text), "top %d\n", i);
		(void)file_write(AT_FDCWD, path, text, strlen(text), NULL);
	}
	if (run_all(&r, plan)) {
		EXPECT(str_eq(r.out, "top 499\nll"));
	}
}

static void whiteouts(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "stat", "/data", "/data/sub", "/data/other", NULL);
	char path[4096];

	snprintf(path, sizeof(path), "%s/white", f->scratch);
	EXPECT(mkdir(path, 0755) == 0);
	strv_add(&plan.lower, path);
	snprintf(path, sizeof(path), "%s/white/data", f->scratch);
	EXPECT(mkdir(path, 0755) == 0);
	EXPECT(setxattr(path, "trusted.overlay.opaque", "y", 1, 0) == 0);
	snprintf(path, sizeof(path), "%s/white/data/other", f->scratch);
	EXPECT(mkdir(path, 0700) == 0);
	if (run_all(&r, plan)) {
		EXPECT(str_eq(r.out, "/data 40755 0:0\n/data/sub No such file or directory\n"
				     "/data/other 40700 0:0\n"));
	}
}

static bool empty_directory(const char *path)
{
	auto_dir DIR *d = opendir(path);
	int n = 0;

	while (d && readdir(d)) {
		n++;
	}
	return d && n == 2;
}

/* Links that would lead a careless mounter out of the root. The image may work or not; what counts
 * is that nothing appears out here. */
static void hostile_links(struct fixture *f)
{
	static const char *const names[] = {"proc", "dev", "sys", "etc", "stage", "srv"};
	char trap[4096];
	char layer[4096];
	char path[8192];
	char target[8192];

	snprintf(trap, sizeof(trap), "%s/trap", f->scratch);
	EXPECT(mkdir(trap, 0777) == 0 && chmod(trap, 0777) == 0);
	for (int round = 0; round < 3; round++) {
		struct sandbox_plan plan = plan_new(f, "hello", NULL);

		snprintf(layer, sizeof(layer), "%s/hostile-%d", f->scratch, round);
		EXPECT(mkdir(layer, 0755) == 0);
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			snprintf(path, sizeof(path), "%s/%s", layer, names[i]);
			snprintf(target, sizeof(target), "%s%s/%s",
				round == 0   ? "/../../../../../../.."
				: round == 1 ? "/proc/self/cwd/../../../../.."
					     : "/proc/1/root",
				trap, names[i]);
			EXPECT(round > 0 && i == 0 ? mkdir(path, 0755) == 0
						   : symlink(target, path) == 0);
		}
		strv_add(&plan.lower, layer);
		strv_add(&plan.volumes, "/srv/volume");
		plan.cwd = "/stage/x";
		(void)run_start(&r, &plan, true);
		if (r.sb) {
			run_finish(&r);
		}
		run_free(&r);
		EXPECT(empty_directory(trap));
	}
}

static void bad_plans(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "hello", NULL);

	plan.name = "../escape";
	EXPECT(!run_start(&r, &plan, true) && r.err.code == ERR_USAGE);
	plan = plan_new(f, "hello", NULL);
	plan.cwd = "relative";
	EXPECT(!run_start(&r, &plan, true) && r.err.code == ERR_MALFORMED);
	plan = plan_new(f, "hello", NULL);
	strv_add(&plan.volumes, "/");
	EXPECT(!run_start(&r, &plan, true) && r.err.code == ERR_MALFORMED);
	plan = plan_new(f, "hello", NULL);
	strv_add(&plan.lower, "/no/such/layer");
	EXPECT(!run_start(&r, &plan, true) && has(r.err.msg, "/no/such/layer"));
	plan = plan_new(f, "hello", NULL);
	plan.cwd = "/bin/inside";
	EXPECT(!run_start(&r, &plan, true) && has(r.err.msg, "working directory"));
}

static void plan_as_text(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "hello", "world", NULL);
	AUTO(buf) struct buf b;
	struct err err;

	buf_init(&b, 1 << 20);
	if (EXPECT(sandbox_plan_print(&plan, &b, &err) == 0)) {
		EXPECT(has(buf_str(&b), f->layer));
		EXPECT(has(buf_str(&b), "cap_chown,"));
		EXPECT(has(buf_str(&b), "'inside' 'hello' 'world'"));
		EXPECT(has(buf_str(&b), "268435456 bytes"));
	}
	plan_release(&plan);
}

const struct test tests_view[] = {
	{"capabilities, seccomp and signals as Docker sets them", capabilities},
	{"what root inside may do", privileges},
	{"system calls that are refused", system_calls},
	{"system calls younger than libseccomp", young_calls},
	{"address families that are refused", address_families},
	{"devices and what can be written", devices},
	{"/etc files", etc_files},
	{"masked files are empty", masked},
	{"the host cannot be seen", host_is_invisible},
	{"the instance sees its own memory limit", own_limit_is_visible},
	{"a read-only root", read_only_root},
	{"a file system in memory", tmpfs},
	{"volumes start with the image's content", volumes},
	{"writes go to the upper layer", upper},
	{"500 layers", many_layers},
	{"opaque directories", whiteouts},
	{"symbolic links do not lead out", hostile_links},
	{"plans that make no sense", bad_plans},
	{"a plan as text", plan_as_text},
	{NULL, NULL},
};
