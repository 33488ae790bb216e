/*
 * Nothing gets out: the attempts of escapes/ inside an instance in every mode, and, as root, the same
 * attempts without the guards, so that none is refused for a reason of its own.
 */
#include "tests/sandbox/bait.h"
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LEAST 60
#define ALLOWED 2 /* by socketcall(2), as under Docker: the table says why */
#define LEAST_ROWS 30 /* calls that the rules refuse, where that is counted */
#define OUTPUT_MAX (1 << 20)

static struct run r;

struct tally {
	unsigned refused, got, allowed, died, without, lacking;
};

/* "NAME got", "NAME refused EPERM[ may-lack]", "NAME died 9", "NAME without REASON" */
static void count_line(const char *line, struct tally *t, bool control)
{
	static const char *const absent[] = {" ENOSYS", " ENODEV", " ENXIO", " ENOENT",
		" EAFNOSUPPORT", " EPROTONOSUPPORT", " ENOPROTOOPT", " EOPNOTSUPP", " EPERM",
		" EACCES"};
	bool lacks = false;

	if (has(line, " without ")) {
		t->without++;
		printf("# no control: %s\n", line);
		return;
	}
	if (has(line, " got")) {
		t->got++;
		if (!control) {
			printf("# got out: %s\n", line);
		}
		return;
	}
	if (has(line, " allowed")) {
		t->allowed++;
		printf("# as under Docker: %s\n", line);
		return;
	}
	if (has(line, " died ")) {
		t->died++;
		printf("# %s\n", line);
		return;
	}
	t->refused++;
	for (size_t i = 0; has(line, " may-lack") && i < ARRAY_SIZE(absent); i++) {
		lacks = lacks || has(line, absent[i]);
	}
	t->lacking += lacks;
	if (control) {
		printf("# %s: %s\n", lacks ? "not on this machine" : "the control fails", line);
	}
}

static struct tally count(const char *text, bool control)
{
	struct tally t = {0};
	const char *at = text;
	const char *end = text + strlen(text);
	struct line line;

	while (line_next(&at, end, &line)) {
		auto_free char *s = xstrndup(line.s, line.len);

		count_line(s, &t, control);
	}
	return t;
}

/* What the attempts find in the image: themselves with rights, and a device node. */
static void furnish(const struct fixture *f, const char *layer, unsigned owner)
{
	/* VFS_CAP_REVISION_2 with the effective bit: CAP_SYS_ADMIN permitted */
	static const uint32_t caps[5] = {0x02000001, 1U << 21, 0, 0, 0};
	auto_free char *plain = xasprintf("%s/bin/escapes", layer);
	auto_free char *suid = xasprintf("%s/bin/escapes-suid", layer);
	auto_free char *capable = xasprintf("%s/bin/escapes-caps", layer);
	auto_free char *node = xasprintf("%s/bin/node", layer);

	copy_program(f->escapes, plain, owner, 0755);
	copy_program(f->escapes, suid, owner, 04755);
	copy_program(f->escapes, capable, owner, 0755);
	EXPECT(setxattr(capable, "security.capability", caps, sizeof(caps), 0) == 0);
	EXPECT(mknod(node, S_IFCHR | 0666, makedev(1, 11)) == 0 && chmod(node, 0666) == 0);
}

static unsigned rows_refused(void)
{
	struct sandbox_refused row;
	unsigned n = 0;

	while (sandbox_refused(r.sb, n, &row)) {
		n++;
	}
	return n;
}

/* Were these sockets refused by the rules, and not for want of them in the kernel? */
static bool families_refused(void)
{
	static const char *const arches[] = {"x86-64", "i386"};
	static const uint32_t families[] = {AF_ALG, AF_VSOCK};
	struct sandbox_refused row;
	unsigned n = 0;

	for (size_t i = 0; sandbox_refused(r.sb, i, &row); i++) {
		for (size_t k = 0; str_eq(row.call, "socket") && k < 4; k++) {
			n += str_eq(row.arch, arches[k / 2]) && row.argument == families[k % 2];
		}
	}
	return n == 4; /* one program, hence one row for each */
}

static bool attempts_inside(struct fixture *f, const struct bait *b, uint32_t uid, bool watch)
{
	struct sandbox_plan plan = plan_new(f, "", NULL);
	struct tally t;
	unsigned rows;
	bool families;

	strv_release(&plan.argv);
	strv_add(&plan.argv, "escapes");
	bait_environment(b, &plan.env, 3600);
	strv_add(&plan.env, "ESCAPE_SUID=/bin/escapes-suid");
	strv_add(&plan.env, "ESCAPE_CAPS=/bin/escapes-caps");
	strv_add(&plan.env, "ESCAPE_NODE=/bin/node");
	plan.uid = plan.gid = uid;
	plan.stdin_fd = b->terminal;
	plan.watch_refused = watch;
	if (!run_start(&r, &plan, false) || !run_finish(&r) || !EXPECT(r.exit.code == 0)) {
		run_free(&r);
		return false;
	}
	rows = rows_refused();
	families = !watch || EXPECT(families_refused());
	run_free(&r);
	t = count(r.out, false);
	printf("# uid %u: %u refused, %u allowed, %u got something; %u rows counted\n", uid,
		t.refused, t.allowed, t.got, rows);
	return families && EXPECT(watch ? rows >= LEAST_ROWS : rows == 0) && EXPECT(t.got == 0) &&
	       EXPECT(t.allowed <= ALLOWED) && EXPECT(t.died == 0) && EXPECT(t.refused >= LEAST) &&
	       bait_untouched(b);
}

/* In a process that has become the user of the mode, before it enters. */
static bool all_attempts(struct fixture *g)
{
	auto_free char *dir = xasprintf("%s/bait", g->scratch);
	struct bait b = {0};
	bool good = EXPECT(mkdir(dir, 0755) == 0) && bait_open(&b, dir) && fixture_open(g) &&
		    attempts_inside(g, &b, 0, false) && attempts_inside(g, &b, 0, true) &&
		    attempts_inside(g, &b, 1000, false) && attempts_inside(g, &b, 1000, true);

	bait_close(&b);
	return good;
}

static void attempts(struct fixture *f, enum test_mode mode)
{
	if (access(f->escapes, X_OK) < 0) {
		skip("no program 'escapes' beside 'inside'");
	} else {
		in_mode(f, mode, furnish, all_attempts);
	}
}

static void as_root(struct fixture *f)
{
	attempts(f, MODE_ROOT);
}

static void as_subordinate(struct fixture *f)
{
	attempts(f, MODE_SUBORDINATE);
}

static void as_single(struct fixture *f)
{
	attempts(f, MODE_SINGLE);
}

static void as_unshared(struct fixture *f)
{
	attempts(f, MODE_UNSHARED);
}

/* Run `escapes --control` with an environment and read all it says. */
static bool run_control(const char *program, const struct strv *env, struct buf *out)
{
	char text[4096];
	int status;
	int p[2];
	ssize_t n;
	pid_t pid;

	if (!EXPECT(pipe2(p, O_CLOEXEC) == 0)) {
		return false;
	}
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(p[1], 1);
		execle(program, program, "--control", NULL, env->v);
		_exit(127);
	}
	close(p[1]);
	while ((n = read(p[0], text, sizeof(text))) > 0) {
		EXPECT(buf_add(out, text, (size_t)n, NULL) == 0);
	}
	close(p[0]);
	return EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
}

static void controls(struct fixture *f)
{
	auto_free char *dir = xasprintf("%s/control", f->scratch);
	auto_free char *layer = xasprintf("%s/control-layer", f->scratch);
	auto_free char *program = xasprintf("%s/bin/escapes", layer);
	AUTO(strv) struct strv env = {0};
	AUTO(buf) struct buf out;
	struct bait b = {0};
	struct tally t;

	if (f->host.mode != HOST_ROOT || access(f->escapes, X_OK) < 0) {
		skip("needs root, and the program 'escapes' beside 'inside'");
		return;
	}
	buf_init(&out, OUTPUT_MAX);
	make_layer(f, layer, 0);
	furnish(f, layer, 0);
	EXPECT(mkdir(dir, 0755) == 0);
	if (bait_open(&b, dir)) {
		bait_environment(&b, &env, 0);
		strv_addf(&env, "ESCAPE_SUID=%s/bin/escapes-suid", layer);
		strv_addf(&env, "ESCAPE_CAPS=%s/bin/escapes-caps", layer);
		strv_addf(&env, "ESCAPE_NODE=%s/bin/node", layer);
		EXPECT(run_control(program, &env, &out));
		t = count(buf_str(&out), true);
		printf("# %u attempts succeed without the guards, %u cannot on this machine, "
		       "%u are not shown\n",
			t.got, t.lacking, t.without);
		EXPECT(t.died == 0);
		EXPECT(t.refused == t.lacking);
		EXPECT(t.got >= LEAST);
		EXPECT(access("/sys/fs/cgroup/devices/assay-escape", F_OK) < 0);
	}
	bait_close(&b);
}

const struct test tests_escapes[] = {
	{"attempts to escape, as root", as_root},
	{"attempts to escape, with subordinate ids", as_subordinate},
	{"attempts to escape, with a single id", as_single},
	{"attempts to escape, inside unshare -r", as_unshared},
	{"the same attempts succeed without the guards", controls},
	{NULL, NULL},
};
