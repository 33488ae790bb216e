#include "image/program.h"

#include "fake_tree.h"

static const struct user root = {.home = "/"};
static const struct user app = {.uid = 1000, .gid = 1000, .n_groups = 1, .groups = {44}};

static const struct fake_elf glibc_ld = {.soname = "ld-linux-x86-64.so.2"};
static const struct fake_elf glibc_c = {.soname = "libc.so.6",
	.needed = {"ld-linux-x86-64.so.2"},
	.interp = "/lib64/ld-linux-x86-64.so.2"};
static const struct fake_elf plain = {
	.interp = "/lib64/ld-linux-x86-64.so.2", .needed = {"libc.so.6"}};
static const struct fake_elf fixed = {.type = ET_EXEC};
static const struct fake_elf arm = {.machine = EM_AARCH64, .type = ET_EXEC};
static const struct fake_elf lib = {.needed = {"libc.so.6"}};

#define GLIBC                                                                                      \
	{.path = "bin", .link = "usr/bin"}, {.path = "lib64", .link = "usr/lib64"},                \
		{.path = "lib", .link = "usr/lib"},                                                \
		{.path = "usr/lib64/ld-linux-x86-64.so.2",                                         \
			.link = "/lib/x86_64-linux-gnu/ld-2.36.so"},                               \
		{.path = "usr/lib/x86_64-linux-gnu/ld-2.36.so", .elf = &glibc_ld},                 \
		{.path = "usr/lib/x86_64-linux-gnu/libc.so.6", .elf = &glibc_c},                   \
		{.path = "usr/bin/env", .elf = &plain}, {.path = "usr/bin/dash", .elf = &plain},   \
	{                                                                                          \
		.path = "usr/bin/sh", .link = "dash"                                               \
	}

/* One command in one tree; "argv" and "env" apart by blanks. */
struct question {
	const struct fake *rows;
	const char *argv;
	const char *env;
	const char *cwd;
	const struct user *user; /* NULL: root */
};

static void words(const char *text, struct strv *ret)
{
	while (text && *(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");

		strv_take(ret, xstrndup(text, len));
		text += len;
	}
}

/* "wanted>found" of good steps, "wanted!problem" of bad ones, "wanted?" of unsure ones. */
static char *ask(struct question q)
{
	AUTO_PTR(tree) struct tree *tree = fake_tree(q.rows);
	AUTO(program) struct program p;
	AUTO(strv) struct strv argv = {0};
	AUTO(strv) struct strv env = {0};
	AUTO(strv) struct strv out = {0};

	words(q.argv, &argv);
	words(q.env, &env);
	program_resolve(tree, &argv, &env, q.cwd, q.user ? q.user : &root, &p);
	for (size_t i = 0; i < p.n; i++) {
		const struct program_step *s = &p.v[i];

		cr_assert(s->role && *s->role);
		if (s->problem) {
			strv_addf(&out, "%s!%s", s->wanted, s->problem);
		} else if (s->unsure) {
			strv_addf(&out, "%s?", s->wanted);
		} else {
			strv_addf(&out, "%s>%s", s->wanted, s->found);
		}
	}
	return strv_join(&out, "\n");
}

static void expect(struct question q, const char *answer)
{
	auto_free char *got = ask(q);

	cr_assert_str_eq(got, answer, "%s:\n%s\ninstead of\n%s", q.argv, got, answer);
}

#define LD_STEPS                                                                                   \
	"/lib64/ld-linux-x86-64.so.2>usr/lib/x86_64-linux-gnu/ld-2.36.so\n"                        \
	"libc.so.6>usr/lib/x86_64-linux-gnu/libc.so.6"

Test(image_program, finds_commands_as_execvp_does)
{
	static const struct fake rows[] = {
		GLIBC,
		{.path = "opt/a/tool", .elf = &fixed, .mode = 0644},
		{.path = "opt/b/tool", .elf = &fixed},
		{.path = "opt/c/tool"},
		{.path = "srv/tool", .elf = &fixed},
		{.path = "usr/local/bin/mine", .elf = &fixed},
		{0},
	};

	/* Docker's own PATH when the image sets none */
	expect((struct question){rows, "mine", "", "/", NULL}, "mine>usr/local/bin/mine");
	expect((struct question){rows, "sh -c x", "", "/", NULL}, "sh>usr/bin/dash\n" LD_STEPS);
	expect((struct question){rows, "tool", "PATH=/nowhere:/opt/c:/opt/a:/opt/b", "/", NULL},
		"tool>opt/b/tool");
	/* the last assignment counts, an empty part is the working directory */
	expect((struct question){rows, "tool", "PATH=/opt/b PATH=/opt/c::/opt/b", "/srv", NULL},
		"tool>srv/tool");
	expect((struct question){rows, "tool", "PATH=/opt/c", "/", NULL}, "tool!no such file");
	expect((struct question){rows, "./tool", "", "/srv", NULL}, "./tool>srv/tool");
	expect((struct question){rows, "../srv/tool", "", "/opt", NULL}, "../srv/tool>srv/tool");
	expect((struct question){rows, "./tool", "", "/absent", NULL}, "./tool!no such file");
	expect((struct question){rows, "/opt/c/tool", "", "/", NULL}, "/opt/c/tool!is a directory");
	expect((struct question){rows, "/opt/a/tool", "", "/", NULL},
		"/opt/a/tool!not executable by uid 0 gid 0 (mode 0644, owner 0:0)");
	expect((struct question){rows, "", "", "/", NULL}, "!there is no command");
}

Test(image_program, looks_at_permissions)
{
	static const struct fake rows[] = {
		{.path = "own", .elf = &fixed, .mode = 0100, .uid = 1000},
		{.path = "ownnot", .elf = &fixed, .mode = 0011, .uid = 1000},
		{.path = "group", .elf = &fixed, .mode = 0010, .gid = 44},
		{.path = "groupnot", .elf = &fixed, .mode = 0701, .gid = 44},
		{.path = "other", .elf = &fixed, .mode = 0001},
		{.path = "othernot", .elf = &fixed, .mode = 0770},
		{.path = "closed", .mode = 0700},
		{.path = "closed/in", .elf = &fixed},
		{0},
	};
	static const struct {
		const char *path;
		bool app;
		bool root;
	} answers[] = {
		{"own", true, true},
		{"ownnot", false, true},
		{"group", true, true},
		{"groupnot", false, true},
		{"other", true, true},
		{"othernot", false, true},
		{"closed/in", false, true},
		{"closed", false, true},
	};
	AUTO_PTR(tree) struct tree *tree = fake_tree(rows);

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		const struct node *node = tree_lookup(tree, answers[i].path, true);

		cr_assert_eq(node_executable_by(node, &app), answers[i].app, "%s", answers[i].path);
		cr_assert_eq(
			node_executable_by(node, &root), answers[i].root, "%s", answers[i].path);
	}
}

Test(image_program, follows_scripts)
{
	static const struct fake rows[] = {
		GLIBC,
		{.path = "ok.sh", .text = "#!/bin/sh\nexec true\n"},
		{.path = "blank.sh", .text = "#! \t /bin/sh  -e  \n"},
		{.path = "dos.sh", .text = "#!/bin/sh\r\necho\r\n"},
		{.path = "none.sh", .text = "#!\n"},
		{.path = "noshebang", .text = "echo hi\n"},
		{.path = "empty", .text = ""},
		{.path = "binary", .file = true},
		{.path = "loop", .text = "#!/loop\n"},
		{.path = "py", .text = "#!/usr/bin/env python3\n"},
		{.path = "envsh", .text = "#!/usr/bin/env -S A=b  sh -e\n"},
		{.path = "envopt", .text = "#!/usr/bin/env -i\n"},
		{.path = "missing", .text = "#!/opt/python\n"},
		{0},
	};

	expect((struct question){rows, "/ok.sh", "", "/", NULL},
		"/ok.sh>ok.sh\n/bin/sh>usr/bin/dash\n" LD_STEPS);
	expect((struct question){rows, "/blank.sh", "", "/", NULL},
		"/blank.sh>blank.sh\n/bin/sh>usr/bin/dash\n" LD_STEPS);
	expect((struct question){rows, "/dos.sh", "", "/", NULL},
		"/dos.sh>dos.sh\n/bin/sh\r!no such file: its name ends with a carriage return, the "
		"script has DOS line ends");
	expect((struct question){rows, "/none.sh", "", "/", NULL},
		"/none.sh!its '#!' line names no interpreter");
	expect((struct question){rows, "/noshebang", "", "/", NULL},
		"/noshebang!is neither an ELF program nor a script with a '#!' line");
	expect((struct question){rows, "/empty", "", "/", NULL},
		"/empty!is neither an ELF program nor a script with a '#!' line");
	expect((struct question){rows, "/binary", "", "/", NULL},
		"/binary!is neither an ELF program nor a script with a '#!' line");
	expect((struct question){rows, "/py", "", "/", NULL},
		"/py>py\n/usr/bin/env>usr/bin/env\n" LD_STEPS "\npython3!no such file");
	expect((struct question){rows, "/envsh", "", "/", NULL},
		"/envsh>envsh\n/usr/bin/env>usr/bin/env\n" LD_STEPS "\nsh>usr/bin/dash\n" LD_STEPS);
	expect((struct question){rows, "/envopt", "", "/", NULL},
		"/envopt>envopt\n/usr/bin/env>usr/bin/env\n" LD_STEPS);
	expect((struct question){rows, "/missing", "", "/", NULL},
		"/missing>missing\n/opt/python!no such file");
	expect((struct question){rows, "/loop", "", "/", NULL},
		"/loop>loop\n/loop>loop\n/loop>loop\n/loop>loop\n/loop>loop\n"
		"/loop!its interpreters are scripts, too many of them");
}

Test(image_program, wants_the_right_machine)
{
	static const struct fake_elf object = {.type = ET_REL};
	static const struct fake_elf broken = {.broken = true};
	static const struct fake_elf cut = {.truncated = true};
	static const struct fake_elf nold = {.interp = "/lib/ld-musl-x86_64.so.1"};
	static const struct fake rows[] = {
		GLIBC,
		{.path = "arm", .elf = &arm},
		{.path = "object", .elf = &object},
		{.path = "broken", .elf = &broken},
		{.path = "cut", .elf = &cut},
		{.path = "static", .elf = &fixed},
		{.path = "nold", .elf = &nold},
		{0},
	};

	expect((struct question){rows, "/arm", "", "/", NULL}, "/arm!is a program for AArch64");
	expect((struct question){rows, "/object", "", "/", NULL},
		"/object!is an ELF file, but no program");
	expect((struct question){rows, "/broken", "", "/", NULL}, "/broken!is a broken ELF file");
	expect((struct question){rows, "/cut", "", "/", NULL}, "/cut?");
	expect((struct question){rows, "/static", "", "/", NULL}, "/static>static");
	expect((struct question){rows, "/nold", "", "/", NULL},
		"/nold>nold\n/lib/ld-musl-x86_64.so.1!no such file");
}

/* ld.so(8): rpath of the chain (unless runpath), LD_LIBRARY_PATH, runpath, ld.so.conf, defaults. */
Test(image_program, searches_libraries_as_glibc_does)
{
	static const struct fake_elf a = {.interp = "/lib64/ld-linux-x86-64.so.2",
		.rpath = "$ORIGIN/../lib:/opt/${LIB}",
		.needed = {"liba.so", "libm.so", "libdeb.so", "libc.so.6"}};
	static const struct fake_elf liba = {.needed = {"libsub.so", "libconf.so"}};
	static const struct fake_elf b = {.interp = "/lib64/ld-linux-x86-64.so.2",
		.runpath = "/opt/app/lib",
		.rpath = "/ignored",
		.needed = {"liba.so", "libign.so", "libc.so.6"}};
	static const struct fake_elf wrong = {.machine = EM_386};
	static const struct fake rows[] = {
		GLIBC,
		{.path = "etc/ld.so.conf", .text = "include /etc/ld.so.conf.d/*.conf\n# /no\n"},
		{.path = "etc/ld.so.conf.d/x.conf", .text = "/opt/one, /opt/conf # why\n"},
		{.path = "opt/app/bin/a", .elf = &a},
		{.path = "opt/app/bin/b", .elf = &b},
		{.path = "usr/bin/a", .link = "/opt/app/bin/a"},
		{.path = "opt/app/lib/liba.so", .elf = &liba},
		{.path = "opt/app/lib/libsub.so", .elf = &lib},
		{.path = "opt/lib64/libm.so", .elf = &lib},
		{.path = "opt/one/libconf.so", .elf = &wrong},
		{.path = "opt/conf/libconf.so", .elf = &lib},
		{.path = "usr/lib/libdeb.so", .elf = &lib},
		{.path = "ignored/libign.so", .elf = &lib},
		{0},
	};

	expect((struct question){rows, "a", "", "/", NULL},
		"a>opt/app/bin/a\n"
		"/lib64/ld-linux-x86-64.so.2>usr/lib/x86_64-linux-gnu/ld-2.36.so\n"
		"liba.so>opt/app/lib/liba.so\n"
		"libm.so>opt/lib64/libm.so\n"
		"libdeb.so>usr/lib/libdeb.so\n"
		"libc.so.6>usr/lib/x86_64-linux-gnu/libc.so.6\n"
		"libsub.so>opt/app/lib/libsub.so\n" /* by the rpath of what loaded liba */
		"libconf.so>opt/conf/libconf.so");
	/* a runpath holds for the object's own needs only, and puts rpath aside */
	expect((struct question){rows, "/opt/app/bin/b", "", "/", NULL},
		"/opt/app/bin/b>opt/app/bin/b\n"
		"/lib64/ld-linux-x86-64.so.2>usr/lib/x86_64-linux-gnu/ld-2.36.so\n"
		"liba.so>opt/app/lib/liba.so\n"
		"libign.so!not found where the glibc loader looks for it\n"
		"libc.so.6>usr/lib/x86_64-linux-gnu/libc.so.6\n"
		"libsub.so!not found where the glibc loader looks for it\n"
		"libconf.so>opt/conf/libconf.so");
	expect((struct question){rows, "/opt/app/bin/b", "LD_LIBRARY_PATH=/ignored:/opt/app/lib",
		       "/", NULL},
		"/opt/app/bin/b>opt/app/bin/b\n"
		"/lib64/ld-linux-x86-64.so.2>usr/lib/x86_64-linux-gnu/ld-2.36.so\n"
		"liba.so>opt/app/lib/liba.so\n"
		"libign.so>ignored/libign.so\n"
		"libc.so.6>usr/lib/x86_64-linux-gnu/libc.so.6\n"
		"libsub.so>opt/app/lib/libsub.so\n"
		"libconf.so>opt/conf/libconf.so");
}

Test(image_program, searches_libraries_as_musl_does)
{
	static const struct fake_elf ld = {.soname = "libc.musl-x86_64.so.1"};
	static const struct fake_elf prog = {.interp = "/lib/ld-musl-x86_64.so.1",
		.runpath = "/opt/lib",
		.needed = {"libz.so.1", "libx.so", "libc.musl-x86_64.so.1", "libpthread.so.0"}};
	static const struct fake_elf x = {.needed = {"libinherit.so", "libnone.so"}};
	static const struct fake_elf old = {
		.interp = "/lib64/ld-linux-x86-64.so.2", .needed = {"libc.so.6", "libz.so.1"}};
	static const struct fake base[] = {
		{.path = "lib/ld-musl-x86_64.so.1", .elf = &ld},
		{.path = "lib/libc.musl-x86_64.so.1", .link = "ld-musl-x86_64.so.1"},
		{.path = "lib64/ld-linux-x86-64.so.2", .link = "/lib/ld-musl-x86_64.so.1"},
		{.path = "bin/prog", .elf = &prog},
		{.path = "bin/old", .elf = &old},
		{.path = "usr/lib/libz.so.1", .elf = &lib},
		{.path = "opt/lib/libx.so", .elf = &x},
		{.path = "opt/lib/libinherit.so", .elf = &lib},
		{.path = "etc/none"},
		{0},
	};
	struct fake other[ARRAY_SIZE(base)];

	/* DT_RUNPATH is inherited; the C library itself is never looked for */
	expect((struct question){base, "prog", "", "/", NULL},
		"prog>bin/prog\n/lib/ld-musl-x86_64.so.1>lib/ld-musl-x86_64.so.1\n"
		"libz.so.1>usr/lib/libz.so.1\nlibx.so>opt/lib/libx.so\n"
		"libinherit.so>opt/lib/libinherit.so\n"
		"libnone.so!not found where the musl loader looks for it");
	/* gcompat: musl behind glibc's path */
	expect((struct question){base, "old", "", "/", NULL},
		"old>bin/old\n/lib64/ld-linux-x86-64.so.2>lib/ld-musl-x86_64.so.1\n"
		"libz.so.1>usr/lib/libz.so.1");
	/* the path file replaces the default directories */
	memcpy(other, base, sizeof(base));
	other[ARRAY_SIZE(base) - 2] =
		(struct fake){.path = "etc/ld-musl-x86_64.path", .text = "/opt\n/srv:/nowhere"};
	expect((struct question){other, "old", "", "/", NULL},
		"old>bin/old\n/lib64/ld-linux-x86-64.so.2>lib/ld-musl-x86_64.so.1\n"
		"libz.so.1!not found where the musl loader looks for it");
}

Test(image_program, goes_through_init_shims)
{
	static const struct fake rows[] = {
		{.path = "sbin/tini", .elf = &fixed},
		{.path = "usr/bin/dumb-init", .elf = &fixed},
		{.path = "bin/server", .elf = &fixed},
		{.path = "bin/gosu", .elf = &fixed},
		{.path = "bin/env", .elf = &fixed},
		{0},
	};

	expect((struct question){rows, "/sbin/tini -g -- server -p 1", "", "/", NULL},
		"/sbin/tini>sbin/tini\nserver>bin/server");
	expect((struct question){rows, "dumb-init nothing", "", "/", NULL},
		"dumb-init>usr/bin/dumb-init\nnothing!no such file");
	expect((struct question){rows, "tini -e 143 server", "", "/", NULL},
		"tini>sbin/tini\nserver>bin/server");
	expect((struct question){rows, "tini -v -- gosu app env -u X A=1 nothing", "", "/", NULL},
		"tini>sbin/tini\ngosu>bin/gosu\nenv>bin/env\nnothing!no such file");
	expect((struct question){rows, "env PATH=/x nothing", "", "/", NULL}, "env>bin/env");
	expect((struct question){rows, "dumb-init --rewrite 15:3 nothing", "", "/", NULL},
		"dumb-init>usr/bin/dumb-init");
	expect((struct question){rows, "dumb-init --verbose nothing", "", "/", NULL},
		"dumb-init>usr/bin/dumb-init\nnothing!no such file");
	expect((struct question){rows, "env -S nothing", "", "/", NULL}, "env>bin/env");
	expect((struct question){rows, "tini", "", "/", NULL}, "tini>sbin/tini");
}

Test(image_program, ends_on_libraries_without_end)
{
	/* liba and libb need each other, and themselves */
	static const struct fake_elf prog = {
		.interp = "/lib64/ld-linux-x86-64.so.2", .needed = {"liba.so"}};
	static const struct fake_elf a = {.needed = {"libb.so", "liba.so"}, .rpath = ":::$ORIGIN"};
	static const struct fake_elf b = {
		.needed = {"liba.so", ""}, .rpath = "$", .truncated = true};
	static const struct fake rows[] = {
		GLIBC,
		{.path = "etc/ld.so.conf", .text = "include ld.so.conf\ninclude\ninclude x/*\n"},
		{.path = "p", .elf = &prog},
		{.path = "lib/liba.so", .elf = &a},
		{.path = "lib/libb.so", .elf = &b},
		{0},
	};

	expect((struct question){rows, "/p", "", "/", NULL},
		"/p>p\n/lib64/ld-linux-x86-64.so.2>usr/lib/x86_64-linux-gnu/ld-2.36.so\n"
		"liba.so>usr/lib/liba.so\nlibb.so?\n"
		"!not found where the glibc loader looks for it");
}

static char *repeated(const char *piece, size_t n)
{
	size_t len = strlen(piece);
	char *text = xcalloc(n * len + 1, 1);

	for (size_t i = 0; i < n * len; i++) {
		text[i] = piece[i % len];
	}
	return text;
}

/* Looked for in more places than anybody has time for: it ends, and says that it could not tell. */
Test(image_program, ends_on_places_without_end)
{
	static const struct fake_elf prog = {
		.interp = "/lib64/ld-linux-x86-64.so.2", .needed = {"liba.so", "libb.so"}};
	static const struct fake_elf gone = {.interp = "/lib64/ld-linux-x86-64.so.2",
		.needed = {"1", "2", "3", "4", "5", "6", "7", "8"}};
	auto_free char *itself = repeated("include /etc/ld.so.conf\n", 20);
	auto_free char *dirs = repeated("/x:", 3000000);
	auto_free char *env = xasprintf("LD_LIBRARY_PATH=%s", dirs);
	auto_free char *path = xasprintf("PATH=%s", dirs);
	struct fake conf[] = {GLIBC, {.path = "etc/ld.so.conf"}, {.path = "p", .elf = &prog}, {0}};
	struct fake rows[] = {GLIBC, {.path = "p", .elf = &gone}, {0}};

	conf[ARRAY_SIZE(conf) - 3].text = itself; /* eight of them deep: twenty to the eighth */
	expect((struct question){conf, "/p", "", "/", NULL},
		"/p>p\n/lib64/ld-linux-x86-64.so.2>usr/lib/x86_64-linux-gnu/ld-2.36.so\n"
		"liba.so?\nthe remaining ones?");
	expect((struct question){rows, "/p", env, "/", NULL},
		"/p>p\n/lib64/ld-linux-x86-64.so.2>usr/lib/x86_64-linux-gnu/ld-2.36.so\n"
		"1?\nthe remaining ones?");
	expect((struct question){rows, "p", path, "/", NULL}, "p?");
}
