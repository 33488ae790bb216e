/* Can this hardware run every program and library of the image? */
#include "checks/check.h"
#include "checks/foreign.h"

#include "base/alloc.h"
#include "base/str.h"

#include <elf.h>

/* Findings one by one up to here; the last one counts the others. */
#define MAX_FINDINGS 20

/* Files of one kind. */
struct tally {
	const struct elf *elf; /* the first one: machine and class */
	const char *why; /* foreign, but excused */
	char *example;
	size_t n;
};
struct survey {
	const struct check_context *ctx;
	struct outcome *out;
	bool fails;
	size_t files;
	size_t foreign;
	struct {
		struct tally *v;
		size_t n, cap;
	} tallies;
};

static void survey_release(struct survey *s)
{
	for (size_t i = 0; i < s->tallies.n; i++) {
		free(s->tallies.v[i].example);
	}
	free(s->tallies.v);
}

/* x32 has the machine of x86-64 and the class of i386. */
static const char *kind_name(const struct elf *elf)
{
	return elf->machine == EM_X86_64 && elf->class_bits == 32 ? "x86-64 (x32)"
								  : elf_machine_name(elf->machine);
}

static void count(struct survey *s, const struct elf *elf, const char *why, const char *path)
{
	struct tally *t;

	for (size_t i = 0; i < s->tallies.n; i++) {
		t = &s->tallies.v[i];
		if (t->elf->machine == elf->machine && t->elf->class_bits == elf->class_bits &&
			t->why == why) {
			t->n++;
			return;
		}
	}
	t = ARRAY_PUSH(&s->tallies);
	*t = (struct tally){elf, why, xasprintf("/%s", path), 1};
}

static void report(struct survey *s, const struct node *node, const char *path)
{
	auto_free char *subject = xasprintf("/%s", path);
	json_t *evidence = json_pack("{s:o,s:s,s:I,s:I}", "path", json_text(subject), "machine",
		kind_name(node_elf(node)), "mode", (json_int_t)(node->mode & 07777), "layer",
		(json_int_t)node->layer);

	if (s->fails) {
		outcome_fail(s->out, subject, evidence, "'%s' is for %s", subject,
			kind_name(node_elf(node)));
	} else {
		outcome_warn(s->out, subject, evidence, "'%s' is for %s", subject,
			kind_name(node_elf(node)));
	}
}

static int visit(const struct node *node, void *arg)
{
	struct survey *s = arg;
	auto_free char *path = NULL;
	const char *why;

	if (node->type != NODE_FILE || !node_elf(node)) {
		return 0;
	}
	path = node_path(node);
	s->files++;
	why = elf_is_x86(node_elf(node)) ? NULL : foreign_excuse(path, node);
	if (!elf_is_x86(node_elf(node)) && !why && ++s->foreign <= MAX_FINDINGS) {
		report(s, node, path);
	}
	count(s, node_elf(node), why, path);
	return 0;
}

static void report_rest(struct survey *s)
{
	size_t more = s->foreign > MAX_FINDINGS ? s->foreign - MAX_FINDINGS : 0;
	json_t *evidence;

	if (more == 0) {
		return;
	}
	evidence = json_pack("{s:I}", "more", (json_int_t)more);
	if (s->fails) {
		outcome_fail(s->out, "more", evidence, "%zu more files are foreign", more);
	} else {
		outcome_warn(s->out, "more", evidence, "%zu more files are foreign", more);
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct edition *edition = ctx->edition ? ctx->edition : edition_default();
	AUTO(survey)
	struct survey s = {.ctx = ctx, .out = out, .fails = edition->foreign_cpu_fails};

	(void)err;
	tree_walk(tree_root(ctx->tree), visit, &s);
	report_rest(&s);
	for (size_t i = 0; i < s.tallies.n; i++) {
		const struct tally *t = &s.tallies.v[i];

		outcome_evidence(out,
			json_pack("{s:s,s:I,s:I,s:o,s:o}", "machine", kind_name(t->elf), "bits",
				(json_int_t)t->elf->class_bits, "files", (json_int_t)t->n,
				"example", json_text(t->example), "excused", json_text(t->why)));
	}
	outcome_evidence(out, json_pack("{s:I,s:I}", "elf_files", (json_int_t)s.files, "foreign",
				      (json_int_t)s.foreign));
	if (s.foreign == 0) {
		outcome_summary(out, "ELF files: %zu, none of them for another machine", s.files);
	} else {
		outcome_summary(
			out, "%zu of %zu ELF files are for another machine", s.foreign, s.files);
	}
	return 0;
}

const struct check check_elf_machine = {
	.id = "elf-machine",
	.requirement = "R11",
	.title = "every executable and shared library is for x86-64 or i386",
	.reason =
		"the platform runs x86-64; a program for another processor starts nowhere, and may "
		"only show itself when a rare path is taken",
	.remedy = "build for linux/amd64 (docker buildx build --platform linux/amd64) and remove "
		  "binaries for other processors, or keep them in their language package's own "
		  "directory for them",
	.stage = STAGE_STATIC,
	.needs = NEEDS_TREE,
	.run = run,
};
