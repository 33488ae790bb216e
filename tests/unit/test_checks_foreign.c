/* Files for other machines: which are a mistake, and which belong where they are. */
#include "judge.h"

extern const struct check check_elf_machine;
extern const struct check check_image_platform;

static const struct fake_elf x86 = {.type = ET_EXEC};
static const struct fake_elf i386 = {.machine = EM_386, .type = ET_EXEC};
static const struct fake_elf x32 = {.class_bits = 32, .type = ET_EXEC};
static const struct fake_elf arm = {.machine = EM_AARCH64};
static const struct fake_elf arm_object = {.machine = EM_AARCH64, .type = ET_REL};
static const struct fake_elf bpf = {.machine = EM_BPF, .type = ET_EXEC};
static const struct fake_elf mips = {.machine = EM_MIPS, .type = ET_EXEC};

/* Paths as they are found in real images, and what they are. */
Test(checks_foreign, elf_machine)
{
	static const struct {
		struct fake row;
		bool wrong;
	} rows[] = {
		{{.path = "usr/bin/a", .elf = &x86}, false},
		{{.path = "usr/bin/b", .elf = &i386}, false},
		{{.path = "usr/bin/c", .elf = &x32}, false},
		{{.path = "usr/bin/d", .elf = &arm}, true},
		{{.path = "opt/tool", .elf = &mips}, true},
		{{.path = "opt/libx.so.1", .elf = &arm, .mode = 0644}, true},
		{{.path = "opt/data.bin", .elf = &arm, .mode = 0644}, false},
		{{.path = "opt/x.o", .elf = &arm_object}, false},
		{{.path = "opt/probe", .elf = &bpf}, false},
		{{.path = "lib/firmware/x.elf", .elf = &mips}, false},
		{{.path = "usr/lib/debug/x", .elf = &arm}, false},
		{{.path = "usr/aarch64-linux-gnu/bin/as", .elf = &arm}, false},
		{{.path = "usr/arm-linux-gnueabihf/lib/libc.so.6", .elf = &arm}, false},
		{{.path = "usr/lib/aarch64-linux-gnu/libc.so.6", .elf = &arm}, false},
		{{.path = "usr/lib/aarch64-linux-gnu/tool", .elf = &arm}, true},
		{{.path = "app/node_modules/x/prebuilds/linux-arm64/x.node", .elf = &arm}, false},
		{{.path = "app/node_modules/@esbuild/linux-arm64/bin/esbuild", .elf = &arm}, false},
		{{.path = "app/node_modules/bcrypt/lib/binding/bcrypt.node",
			 .elf = &arm,
			 .mode = 0644},
			true},
		{{.path = "usr/lib/python3/dist-packages/x/lib_aarch64.so", .elf = &arm}, false},
		{{.path = "usr/lib/python3/dist-packages/charm/lib.so", .elf = &arm}, true},
		{{.path = "app/runtimes/linux-arm64/native/libe_sqlite3.so", .elf = &arm}, false},
		{{.path = "root/go/pkg/mod/x@v1/bin/tool", .elf = &arm}, false},
		{{.path = "usr/local/go/src/debug/elf/testdata/arm64-exec", .elf = &arm}, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct fake tree[] = {rows[i].row, {0}};
		const struct judged stu1 = {.rows = tree};
		const struct judged stu2 = {.rows = tree, .edition = "stu2"};
		auto_free char *fails = xasprintf("fail /%s", rows[i].row.path);
		auto_free char *warns = xasprintf("warn /%s", rows[i].row.path);

		judge_expect(&check_elf_machine, &stu1, rows[i].wrong ? fails : "pass",
			rows[i].row.path);
		judge_expect(&check_elf_machine, &stu2, rows[i].wrong ? warns : "pass",
			rows[i].row.path);
	}
}

Test(checks_foreign, many_are_counted)
{
	struct fake rows[31] = {0};
	char paths[30][32];
	struct judged j = {.rows = rows};
	auto_free char *got = NULL;

	for (size_t i = 0; i < 30; i++) {
		snprintf(paths[i], sizeof(paths[i]), "bin/p%02zu", i);
		rows[i] = (struct fake){.path = paths[i], .elf = &arm};
	}
	got = judge(&check_elf_machine, &j);
	cr_assert(str_starts(got, "fail /bin/p00,/bin/p01,"), "%s", got);
	cr_assert(str_ends(got, ",/bin/p19,more"), "%s", got);
}

static const struct fake native[] = {{.path = "bin/server", .elf = &x86},
	{.path = "bin/one", .elf = &x86}, {.path = "bin/other", .elf = &arm}, {0}};
static const struct fake small[] = {
	{.path = "bin/server", .elf = &i386}, {.path = "bin/x", .elf = &i386}, {0}};
static const struct fake wrong[] = {
	{.path = "bin/server", .elf = &arm}, {.path = "bin/x", .elf = &arm}, {0}};
static const struct fake lone[] = {{.path = "opt/server", .elf = &arm}, {0}};
static const struct fake content[] = {{.path = "data/x.json", .text = "{}"}, {0}};

Test(checks_foreign, image_platform)
{
	static const struct {
		struct judged j;
		const char *answer;
	} rows[] = {
		{{.rows = native, .command = "server"}, "pass"},
		{{.rows = native, .index_platform = "linux/amd64"}, "pass"},
		{{.rows = native, .index_platform = "linux/amd64/v2"}, "pass"},
		{{.rows = native, .index_platform = "linux/arm64"}, "fail index"},
		{{.rows = native, .index_platform = "linux/amd64x"}, "fail index"},
		{{.rows = native, .architecture = "386"}, "fail file system"},
		{{.rows = small, .architecture = "386", .command = "server"}, "pass"},
		{{.rows = small, .command = "server"}, "warn file system"},
		{{.rows = wrong, .command = "server"}, "fail file system,entry"},
		{{.rows = lone, .command = "/opt/server"}, "fail entry"},
		{{.rows = wrong, .architecture = "arm64"}, "fail config"},
		{{.rows = wrong, .architecture = "arm64", .edition = "stu2"}, "warn config"},
		{{.rows = native, .platform_os = "windows"}, "fail config"},
		{{.rows = native, .platform_os = "windows", .edition = "stu2"}, "fail config"},
		{{.rows = content}, "pass"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *what = xasprintf("row %zu", i);

		judge_expect(&check_image_platform, &rows[i].j, rows[i].answer, what);
	}
}
