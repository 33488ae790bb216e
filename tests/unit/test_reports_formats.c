/* The writers, over results made by hand: one of every verdict, hostile text everywhere. */
#include "base/alloc.h"
#include "base/sys_file.h"
#include "reports/parts.h"
#include "reports/report.h"
#include "tests/unit/schema.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A terminal escape, XML, a bidi override, no UTF-8, a line break. */
#define HOSTILE "<a&\"'>\033[31m\xe2\x80\xae\xff\n]]>"

static char hostile[] = HOSTILE;

static int run_pass(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_evidence(out, json_pack("{s:o, s:i}", "path", json_text(HOSTILE), "n", 3));
	return 0;
}

static int run_fail(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_fail(out, HOSTILE, json_pack("{s:o}", "line", json_text(HOSTILE)), "%s is wrong",
		HOSTILE);
	outcome_warn(out, "/w", NULL, "w is odd");
	return 0;
}

static int run_many(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	for (int i = 0; i < 300; i++) {
		auto_free char *subject = xasprintf("/file%d", i);

		outcome_fail(out, subject, NULL, "file %d is wrong", i);
	}
	return 0;
}

static int run_warn(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_warn(out, "/w", NULL, "w is odd");
	return 0;
}

static int run_error(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)out;
	return err_set(err, ERR_IO, "the disk is on fire");
}

static int run_not_tested(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_not_tested(out, "buy a bigger machine", "no room");
	return 0;
}

static int run_not_applicable(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_not_applicable(out, "nothing of that kind");
	return 0;
}

#define CHECK_OF(name, id_, requirement_, per_task_)                                               \
	static const struct check check_##name = {                                                 \
		.id = id_,                                                                         \
		.requirement = requirement_,                                                       \
		.title = "title of " id_,                                                          \
		.reason = "reason of " id_,                                                        \
		.remedy = "remedy of " id_,                                                        \
		.per_task = per_task_,                                                             \
		.run = run_##name,                                                                 \
	};

CHECK_OF(pass, "that-passes", "R01", true)
CHECK_OF(fail, "that-fails", "R03", false)
CHECK_OF(many, "that-fails-often", "R16", false)
CHECK_OF(warn, "that-warns", "R08", false)
CHECK_OF(error, "that-errs", "R09", false)
CHECK_OF(not_tested, "that-is-not-tested", "R10", false)
CHECK_OF(not_applicable, "that-does-not-apply", "R13", false)

static const struct check *const table[] = {&check_pass, &check_fail, &check_many, &check_warn,
	&check_error, &check_not_tested, &check_not_applicable};
static const struct check *const good_table[] = {&check_pass, &check_not_applicable};

/* All that a result borrows. */
struct scene {
	struct image_config config;
	struct layer layer;
	struct image image;
	struct task tasks[3];
	struct product product;
	struct policy policy;
	struct waiver waiver;
	struct observation observation;
	struct result result;
};

static void fill_observation(struct scene *s)
{
	struct task_observation *t = observation_add(&s->observation, &s->tasks[0]);

	t->state = OBS_STARTED;
	t->ready = true;
	t->ready_by = xstrdup(HOSTILE);
	t->ready_s = 0.1234567;
	strv_add(&t->command, HOSTILE);
	t->world = xstrdup("cgroup v1 memory");
	t->out = (struct obs_stream){
		.bytes = 6, .lines = 1, .head = xstrndup("a\0b\xff\033", 5), .head_len = 5};
	t->memory.mechanism = xstrdup("cgroup v1 memory");
	t->memory.limit = 64 << 20;
	*ARRAY_PUSH(&t->memory.samples) = (struct obs_memory_sample){0.05, 1048576, 2097152};
	*ARRAY_PUSH(&t->files) = (struct obs_file){.path = xstrdup(HOSTILE), .size = UINT64_MAX};
	*ARRAY_PUSH(&t->ports) = (struct obs_port){.port = 8080,
		.state = OBS_PORT_OPEN,
		.status = 200,
		.status_line = xstrdup(HOSTILE)};
	*ARRAY_PUSH(&t->smoke) =
		(struct obs_smoke_step){.passed = false, .problem = xstrdup(HOSTILE)};
	*ARRAY_PUSH(&t->at_rest) = (struct obs_process){.pid = 1,
		.comm = xstrdup(HOSTILE),
		.state = 'S',
		.sig_caught = 1 | UINT64_C(1) << 14};
	t->refused_watched = true;
	*ARRAY_PUSH(&t->refused) = (struct obs_refused){.t_s = 0.3,
		.count = 3,
		.call = xstrdup("unshare"),
		.arch = xstrdup("i386"),
		.has_argument = true,
		.argument = 0x10000000,
		.comm = xstrdup(HOSTILE),
		.exe = xstrdup(HOSTILE)};
	t->stop = (struct obs_stop){.tried = true,
		.signal = 15,
		.gone = true,
		.took_s = 0.01,
		.exit = {.ended = true, .code = 0, .signal = 0, .t_s = 2}};
	observation_event(t, 0.5, "ready", "%s", HOSTILE);
	t = observation_add(&s->observation, &s->tasks[1]);
	t->why = xstrdup("no cgroup");
}

static void scene_make(struct scene *s, const struct check *const *checks_, size_t n, bool ran)
{
	static const struct selection everything = {.stage_static = true, .stage_dynamic = true};
	static char ids[3][3] = {"t1", "t2", "t3"};
	static char check_id[] = "that-warns";
	AUTO_PTR(engine) struct engine *e = engine_new_over(checks_, n, &everything);
	struct check_context ctx = {.image = &s->image,
		.product = &s->product,
		.policy = &s->policy,
		.edition = edition_default()};

	*s = (struct scene){0};
	s->config.platform = (struct platform){.os = hostile, .architecture = hostile};
	s->layer = (struct layer){.size = 10, .created_by = hostile};
	s->image = (struct image){.reference = {.text = hostile},
		.config = &s->config,
		.layers = &s->layer,
		.n_layers = 1};
	s->tasks[0] = (struct task){.id = ids[0], .label = hostile};
	s->tasks[1] = (struct task){.id = ids[1], .label = hostile};
	s->tasks[2] = (struct task){.id = ids[2]};
	s->product =
		(struct product){.file = hostile, .name = hostile, .tasks = s->tasks, .n_tasks = 3};
	policy_init(&s->policy);
	s->waiver = (struct waiver){.check = check_id, .who = hostile, .why = hostile};
	s->policy.waivers.v = &s->waiver;
	s->policy.waivers.n = 1;
	if (ran) {
		fill_observation(s);
	}
	engine_run(e, &ctx, ran ? &s->observation : NULL, NULL, &s->result);
}

static void scene_release(struct scene *s)
{
	result_release(&s->result);
	observation_release(&s->observation);
}

static char *written(
	const struct scene *s, const char *format, const struct report_options *options)
{
	AUTO(buf) struct buf out;
	struct err err;

	buf_init(&out, (size_t)16 << 20);
	cr_assert_eq(report_format_find(format)->write(&s->result, options, &out, &err), 0, "%s",
		err.msg);
	return buf_steal(&out);
}

static size_t occurrences(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)); at++) {
		n++;
	}
	return n;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *load_schema(void)
{
	json_t *schema = json_load_file("docs/report.schema.json", 0, NULL);

	cr_assert_not_null(schema, "run from the top of the project");
	return schema;
}

static json_t *json_of(const struct scene *s)
{
	struct report_options options = {0};
	auto_free char *text = written(s, "json", &options);
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	cr_assert_not_null(json);
	return json;
}

Test(json_report, is_valid_by_its_schema)
{
	auto_json json_t *schema = load_schema();

	for (int ran = 0; ran < 2; ran++) {
		AUTO(scene) struct scene s;
		auto_json json_t *json = NULL;
		auto_free char *wrong = NULL;

		scene_make(&s, table, ARRAY_SIZE(table), ran == 1);
		json = json_of(&s);
		wrong = schema_violation(schema, json);
		cr_expect_null(wrong, "%s", wrong);
		cr_expect_eq(json_array_size(json_object_get(json, "experiments")), ran ? 2 : 0);
	}
}

Test(json_report, schema_is_closed)
{
	auto_json json_t *schema = load_schema();
	AUTO(scene) struct scene s;
	auto_json json_t *json = NULL;
	auto_free char *extra = NULL;
	auto_free char *missing = NULL;
	auto_free char *value = NULL;

	scene_make(&s, good_table, ARRAY_SIZE(good_table), false);
	json = json_of(&s);
	json_object_set_new(json, "surprise", json_true());
	extra = schema_violation(schema, json);
	cr_expect_not_null(extra);
	json_object_del(json, "surprise");
	json_object_set_new(json, "verdict", json_string("maybe"));
	value = schema_violation(schema, json);
	cr_expect_not_null(value);
	json_object_del(json, "verdict");
	missing = schema_violation(schema, json);
	cr_expect_not_null(missing);
}

Test(json_report, says_what_the_result_says)
{
	AUTO(scene) struct scene s;
	auto_json json_t *json = NULL;

	scene_make(&s, table, ARRAY_SIZE(table), true);
	json = json_of(&s);
	cr_expect_str_eq(json_string_value(json_object_get(json, "verdict")), "non-compliant");
	cr_expect(json_is_false(json_object_get(json, "complete")));
	cr_expect_eq(json_array_size(json_object_get(json, "requirements")), 7);
	cr_expect_eq(json_array_size(json_object_get(json, "not_checked")), 23 - 7);
	cr_expect_str_eq(
		json_string_value(json_pointer_get(json, "/requirements/0/checks/2/task")), "t3");
	cr_expect_str_eq(json_string_value(json_pointer_get(json, "/requirements/1/id")), "R03");
	cr_expect_str_eq(json_string_value(json_pointer_get(
				 json, "/requirements/1/checks/0/findings/1/severity")),
		"warn");
	cr_expect_str_eq(
		json_string_value(json_pointer_get(json, "/requirements/2/verdict")), "waived");
	cr_expect_eq(json_number_value(json_pointer_get(json, "/experiments/0/readiness/t_s")),
		0.123, "milliseconds");
	cr_expect_eq(json_array_size(json_pointer_get(
			     json, "/experiments/0/processes_at_rest/0/signals/caught")),
		2);
	cr_expect_eq(json_integer_value(json_pointer_get(
			     json, "/experiments/0/processes_at_rest/0/signals/caught/1")),
		15);
}

Test(json_report, is_deterministic)
{
	AUTO(scene) struct scene one;
	AUTO(scene) struct scene two;
	struct report_options options = {0};
	auto_free char *a = NULL;
	auto_free char *b = NULL;

	setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
	scene_make(&one, table, ARRAY_SIZE(table), false);
	scene_make(&two, table, ARRAY_SIZE(table), false);
	a = written(&one, "json", &options);
	b = written(&two, "json", &options);
	cr_expect_str_eq(a, b);
	cr_expect_not_null(strstr(a, "\"evaluated_at\": \"2023-11-14T22:13:20Z\""));
}

/* ---- JUnit ---------------------------------------------------------------------------------- */

Test(junit_report, counts_add_up)
{
	AUTO(scene) struct scene s;
	struct report_options options = {0};
	auto_free char *xml = NULL;

	scene_make(&s, table, ARRAY_SIZE(table), true);
	xml = written(&s, "junit", &options);
	/* 3 tasks pass; 2 checks fail; 1 errs; not tested, not applicable and waived are skipped */
	cr_expect_not_null(
		strstr(xml, "<testsuites name=\"assay\" tests=\"9\" failures=\"2\" errors=\"1\" "
			    "skipped=\"3\" time=\"0.000\">"));
	cr_expect_eq(occurrences(xml, "<testcase "), 9);
	cr_expect_eq(occurrences(xml, "<failure "), 2);
	cr_expect_eq(occurrences(xml, "<error "), 1);
	cr_expect_eq(occurrences(xml, "<skipped "), 3);
	cr_expect_eq(occurrences(xml, "<testsuite "), 7);
}

Test(junit_report, names_are_unique)
{
	AUTO(scene) struct scene s;
	struct report_options options = {0};
	auto_free char *xml = NULL;

	scene_make(&s, table, ARRAY_SIZE(table), true);
	xml = written(&s, "junit", &options);
	cr_expect_eq(
		occurrences(xml, "name=\"that-passes [&lt;a"), 2, "two tasks of the same label");
	cr_expect_eq(occurrences(xml, "]]&gt; #2]\""), 1, "are told apart");
	cr_expect_eq(occurrences(xml, "name=\"that-passes [t3]\""), 1);
}

/* xmllint is the oracle where it is installed. */
Test(junit_report, is_well_formed)
{
	AUTO(scene) struct scene s;
	struct report_options options = {0};
	auto_free char *xml = NULL;
	char file[] = "/tmp/assay-junit-XXXXXX";
	auto_fd int fd = mkstemp(file);
	auto_free char *command = xasprintf("xmllint --noout %s", file);
	int status;

	if (system("command -v xmllint >/dev/null 2>&1") != 0) {
		unlink(file);
		cr_skip_test("xmllint is not installed");
	}
	scene_make(&s, table, ARRAY_SIZE(table), true);
	xml = written(&s, "junit", &options);
	cr_assert_eq(file_write_fd(fd, xml, strlen(xml), NULL), 0);
	status = system(command);
	unlink(file);
	cr_expect_eq(WEXITSTATUS(status), 0);
}

Test(junit_report, is_capped)
{
	AUTO(scene) struct scene s;
	struct report_options options = {0};
	auto_free char *xml = NULL;

	scene_make(&s, table, ARRAY_SIZE(table), false);
	xml = written(&s, "junit", &options);
	/* a hundred in the failure, and the summary in system-out */
	cr_expect_eq(occurrences(xml, "fail: file "), 101);
	cr_expect_not_null(strstr(xml, "... and 200 more"));
}

/* ---- text ----------------------------------------------------------------------------------- */

/* Nothing that came from outside may reach the terminal as it is. */
static void expect_printable(const char *text)
{
	for (const char *c = text; *c; c++) {
		cr_assert(*c == '\n' || (unsigned char)*c >= 0x20, "control character %d",
			(unsigned char)*c);
	}
	cr_expect(utf8_valid(text, strlen(text)));
	cr_expect_null(strstr(text, "\xe2\x80\xae"));
}

Test(text_report, hostile_text_is_harmless)
{
	AUTO(scene) struct scene s;
	struct report_options options = {.verbose = true};
	auto_free char *text = NULL;

	scene_make(&s, table, ARRAY_SIZE(table), true);
	text = written(&s, "text", &options);
	expect_printable(text);
	cr_expect_not_null(strstr(text, "\\x1b[31m"));
}

static bool was_checked(const struct result *result, const struct requirement *requirement)
{
	for (size_t i = 0; i < result->n_requirements; i++) {
		if (result->requirements[i].requirement == requirement) {
			return true;
		}
	}
	return false;
}

/* A line of its own for each that was checked; one line that names all others. */
Test(text_report, names_every_requirement_once)
{
	AUTO(scene) struct scene s;
	struct report_options options = {0};
	auto_free char *text = NULL;
	const char *others;

	scene_make(&s, table, ARRAY_SIZE(table), true);
	text = written(&s, "text", &options);
	others = strstr(text, "not checked: ");
	cr_assert_not_null(others);
	for (size_t i = 0; i < n_requirements; i++) {
		auto_free char *title = xasprintf(" %s%s%s", requirements[i].id,
			requirements[i].id[0] == 'R' ? "  " : "   ", requirements[i].title);
		bool checked = was_checked(&s.result, &requirements[i]);

		cr_expect_eq(occurrences(text, title), checked ? 1 : 0, "%s", title);
		cr_expect(checked || strstr(others, requirements[i].id), "%s", title);
	}
}

Test(text_report, starts_with_the_verdict)
{
	AUTO(scene) struct scene bad;
	AUTO(scene) struct scene good;
	struct report_options options = {0};
	auto_free char *bad_text = NULL;
	auto_free char *good_text = NULL;

	scene_make(&bad, table, ARRAY_SIZE(table), true);
	scene_make(&good, good_table, ARRAY_SIZE(good_table), false);
	bad_text = written(&bad, "text", &options);
	good_text = written(&good, "text", &options);
	cr_expect_eq(strncmp(bad_text, "NON-COMPLIANT", 13), 0);
	cr_expect_eq(strncmp(good_text, "COMPLIANT", 9), 0);
}

Test(text_report, says_what_to_do)
{
	AUTO(scene) struct scene s;
	struct report_options options = {0};
	auto_free char *text = NULL;

	scene_make(&s, table, ARRAY_SIZE(table), true);
	text = written(&s, "text", &options);
	cr_expect_not_null(strstr(text, "remedy of that-fails"));
	cr_expect_not_null(strstr(text, "buy a bigger machine"));
	cr_expect_not_null(strstr(text, "the disk is on fire"));
	cr_expect_not_null(strstr(text, "waived by "));
	cr_expect_not_null(strstr(text, "and 292 more"));
	cr_expect_null(strstr(text, "remedy of that-passes"));
	cr_expect_null(strstr(text, "waiver: {"));
}

Test(text_report, verbose_prints_a_waiver_that_works)
{
	AUTO(scene) struct scene s;
	struct report_options options = {.verbose = true};
	auto_free char *text = NULL;

	scene_make(&s, table, ARRAY_SIZE(table), true);
	text = written(&s, "text", &options);
	cr_expect_not_null(strstr(
		text, "waiver: {\"check\": \"that-fails-often\", \"subject\": \"/file299\""));
	cr_expect_not_null(strstr(text, "n: 3"), "evidence of a pass");
}

Test(text_report, lines_fit_the_width)
{
	AUTO(scene) struct scene s;
	struct report_options options = {.width = 72, .verbose = true};
	auto_free char *text = NULL;
	const char *at;
	struct line line;

	scene_make(&s, table, ARRAY_SIZE(table), true);
	text = written(&s, "text", &options);
	at = text;
	while (line_next(&at, text + strlen(text), &line)) {
		size_t n = 0;

		for (size_t i = 0; i < line.len; i++) {
			n += ((unsigned char)line.s[i] & 0xc0) != 0x80;
		}
		cr_expect_leq(n, 90, "%.*s", (int)line.len, line.s);
	}
}

Test(text_report, colour_only_when_asked)
{
	AUTO(scene) struct scene s;
	struct report_options options = {.color = true};
	auto_free char *text = NULL;

	scene_make(&s, good_table, ARRAY_SIZE(good_table), false);
	text = written(&s, "text", &options);
	cr_expect_not_null(strstr(text, "\033[32m"));
	/* every colour is switched off again */
	cr_expect_eq(occurrences(text, "\033[0m") * 2, occurrences(text, "\033["));
}

Test(report, formats_by_name)
{
	cr_expect_eq(n_report_formats, 3);
	cr_expect_not_null(report_format_find("junit"));
	cr_expect_null(report_format_find("xml"));
	cr_expect_null(report_format_find(""));
}

Test(report, cap_is_an_error)
{
	AUTO(scene) struct scene s;
	struct report_options options = {0};

	scene_make(&s, table, ARRAY_SIZE(table), true);
	for (size_t i = 0; i < n_report_formats; i++) {
		AUTO(buf) struct buf out;
		struct err err = {0};

		buf_init(&out, 100);
		cr_expect_eq(report_formats[i].write(&s.result, &options, &out, &err), -1);
		cr_expect_eq(err.code, ERR_LIMIT);
	}
}

Test(json_report, an_empty_variant_is_none)
{
	char os[] = "linux";
	char architecture[] = "amd64";
	char variant[] = "v3";
	struct image_config config = {.platform = {os, architecture, variant}};
	const struct image image = {.config = &config};
	auto_free char *full = image_platform_text(&image);
	auto_free char *empty = NULL;

	*variant = '\0';
	empty = image_platform_text(&image);
	cr_expect_str_eq(full, "linux/amd64/v3");
	cr_expect_str_eq(empty, "linux/amd64");
}
