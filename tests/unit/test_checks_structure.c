/* The static checks of an image's structure, each on made-up images that hold and that do not. */
#include "judge.h"

extern const struct check check_oci_conformance;
extern const struct check check_layers_unpack;
extern const struct check check_single_image;
extern const struct check check_entrypoint_resolves;
extern const struct check check_user_resolves;
extern const struct check check_stop_signal;

static const struct fake_elf program = {.type = ET_EXEC};
static const struct fake_elf cut = {.type = ET_EXEC, .truncated = true};
static const struct fake_elf needy = {
	.interp = "/lib/ld-musl-x86_64.so.1", .needed = {"libz.so.1"}};
static const struct fake_elf musl = {.soname = "libc.musl-x86_64.so.1"};

static const struct fake tree[] = {
	{.path = "etc/passwd",
		.text = "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/app:/bin/sh\n"},
	{.path = "etc/group", .text = "app:x:1000:\n"},
	{.path = "bin/server", .elf = &program},
	{.path = "bin/sh", .elf = &program},
	{.path = "bin/large", .elf = &cut},
	{.path = "bin/private", .elf = &program, .mode = 0700},
	{.path = "lib/ld-musl-x86_64.so.1", .elf = &musl},
	{.path = "bin/needy", .elf = &needy},
	{.path = "entry.sh", .text = "#!/bin/bash\n"},
	{.path = "app"},
	{.path = "secret", .mode = 0700},
	{.path = "file", .text = "x"},
	{.path = "link", .link = "/app"},
	{0},
};

#define TASK(options)                                                                              \
	"{\"product\":{\"name\":\"x\"},\"configuration\":[{\"default\":true,\"task\":[{\"id\":"    \
	"\"t\",\"options\":[" options "]}]}]}"

Test(checks_structure, entrypoint_resolves)
{
	static const struct {
		struct judged j;
		const char *answer;
	} rows[] = {
		{{.command = "server"}, "pass"},
		{{.command = "/bin/server|--port|1"}, "pass"},
		{{.command = "absent"}, "fail absent"},
		{{.command = "/entry.sh"}, "fail /bin/bash"},
		{{.command = "needy"}, "fail libz.so.1"},
		{{.command = "private"}, "pass"},
		{{.command = "private", .user = "app"}, "fail private"},
		/* user-resolves says what is wrong with the user */
		{{.command = "server", .user = "nobody"}, "pass"},
		{{.command = "large"}, "error"},
		{{.command = ""}, "fail Entrypoint"},
		{{.command = "sh|-c|migrate && exec server"}, "pass"},
		{{.command = "sh|-c|exec absent"}, "warn absent"},
		{{.command = "sh|-c|exec $SERVER"}, "pass"},
		{{.command = "server", .product = TASK("\"--worker\"")}, "pass"},
		{{.command = "", .product = TASK("\"server\"")}, "pass"},
		{{.command = "", .product = TASK("\"worker\"")}, "fail worker"},
		{{.command = "", .product = TASK("")}, "fail Entrypoint"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct judged j = rows[i].j;

		j.rows = tree;
		judge_expect(&check_entrypoint_resolves, &j, rows[i].answer, j.command);
	}
}

Test(checks_structure, user_resolves)
{
	static const struct {
		struct judged j;
		const char *answer;
	} rows[] = {
		{{.user = NULL}, "pass"},
		{{.user = "app:app", .working_dir = "/app"}, "pass"},
		{{.user = "4711:4711", .working_dir = "/link"}, "pass"},
		{{.user = "nobody"}, "fail User"},
		{{.user = "app:nogroup"}, "fail User"},
		{{.user = "app", .working_dir = "/made/at/start"}, "pass"},
		{{.user = "app", .working_dir = "app"}, "fail WorkingDir"},
		{{.user = "app", .working_dir = "/file"}, "fail WorkingDir"},
		{{.user = "app", .working_dir = "/file/below"}, "fail WorkingDir"},
		{{.user = "app", .working_dir = "/secret"}, "warn WorkingDir"},
		{{.user = "0", .working_dir = "/secret"}, "pass"},
		{{.user = "nobody", .working_dir = "x"}, "fail User,WorkingDir"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct judged j = rows[i].j;

		j.rows = tree;
		judge_expect(&check_user_resolves, &j, rows[i].answer, j.user ? j.user : "none");
	}
}

Test(checks_structure, stop_signal)
{
	static const struct {
		const char *signal;
		const char *command;
		const char *answer;
	} rows[] = {
		{NULL, "server", "pass"},
		{"SIGTERM", "server", "pass"},
		{"3", "server", "pass"},
		{"SIGRTMIN+3", "server", "pass"},
		{"SIGKILL", "server", "fail StopSignal"},
		{"9", "server", "fail StopSignal"},
		{"STOP", "server", "fail StopSignal"},
		{"SIGSTOPP", "server", "fail StopSignal"},
		{"0", "server", "fail StopSignal"},
		{NULL, "/bin/sh|-c|exec server", "pass"},
		{NULL, "/bin/sh|-c|migrate && exec server --x", "pass"},
		{NULL, "/bin/sh|-c|migrate && server", "warn shell form"},
		{NULL, "/bin/sh|-c|server", "warn shell form"},
		{NULL, "/bin/bash|-lc|trap 'kill %1' TERM; server & wait", "pass"},
		{"SIGKILL", "sh|-c|server", "fail StopSignal,shell form"},
		{NULL, "sh|/entry.sh", "pass"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct judged j = {
			.command = rows[i].command, .stop_signal = rows[i].signal, .rows = tree};

		judge_expect(&check_stop_signal, &j, rows[i].answer, rows[i].command);
	}
}

/* ---- those that hand on what the reading room found --------------------------------------- */

static struct layer whole_layer(void)
{
	static char text[] = "sha256:x";

	return (struct layer){.digest = text, .diff_id_read = text, .media_type = text};
}

static void violated(struct image *image, enum violation_kind kind, bool warning)
{
	violation_add(&image->violations, kind, warning, "index.json", "/manifests/0/size",
		"expected %d", 1);
}

static void expect_image(
	const struct check *check, struct image *image, const struct tree *t, const char *answer)
{
	auto_free char *got = judge_image(check, image, t, NULL, NULL);

	cr_assert_str_eq(got, answer, "%s", check->id);
}

static void violations_forget(struct violations *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].file);
		free(list->v[i].pointer);
		free(list->v[i].message);
	}
	free(list->v);
	*list = (struct violations){0};
}

Test(checks_structure, violations_become_findings_of_their_check)
{
	static const struct {
		const struct check *check;
		enum violation_kind kind;
	} rows[] = {
		{&check_oci_conformance, VIOLATION_CONFORMANCE},
		{&check_layers_unpack, VIOLATION_LAYER},
		{&check_single_image, VIOLATION_SELECTION},
	};
	AUTO_PTR(tree) struct tree *t = fake_tree(tree);
	struct image_config config = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct layer layer = whole_layer();
		struct image image = {.config = &config, .layers = &layer, .n_layers = 1};

		expect_image(rows[i].check, &image, t, "pass");
		for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
			if (k != i) {
				violated(&image, rows[k].kind, false);
			}
		}
		expect_image(rows[i].check, &image, t, "pass");
		violated(&image, rows[i].kind, true);
		expect_image(rows[i].check, &image, t, "warn index.json#/manifests/0/size");
		violated(&image, rows[i].kind, false);
		expect_image(rows[i].check, &image, t,
			"fail index.json#/manifests/0/size,index.json#/manifests/0/size");
		violations_forget(&image.violations);
	}
}

Test(checks_structure, what_was_not_read_is_no_pass)
{
	AUTO_PTR(tree) struct tree *t = fake_tree(tree);
	struct image_config config = {0};
	struct layer layer = whole_layer();
	struct image image = {.config = &config, .layers = &layer, .n_layers = 1};

	image.layers->unread = true;
	expect_image(&check_layers_unpack, &image, t, "not-tested");
	expect_image(&check_user_resolves, &image, t, "not-tested");
	violated(&image, VIOLATION_LAYER, false);
	expect_image(&check_layers_unpack, &image, t, "fail index.json#/manifests/0/size");
	violations_forget(&image.violations);
	layer.diff_id_read = NULL;
	expect_image(&check_oci_conformance, &image, t, "not-tested");
	expect_image(&check_oci_conformance, &image, NULL, "not-tested");
	expect_image(&check_layers_unpack, &image, NULL, "not-tested");
	image.config = NULL;
	expect_image(&check_oci_conformance, &image, NULL, "not-tested");
	expect_image(&check_layers_unpack, &image, NULL, "not-tested");
	expect_image(&check_single_image, &image, NULL, "error");
	violated(&image, VIOLATION_SELECTION, false);
	expect_image(&check_single_image, &image, NULL, "fail index.json#/manifests/0/size");
	violations_forget(&image.violations);
}
