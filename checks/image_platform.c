/* Do index, config and file system agree on linux/amd64 or linux/386? */
#include "checks/check.h"
#include "checks/foreign.h"
#include "checks/shell_line.h"

#include "base/alloc.h"
#include "base/str.h"
#include "image/program.h"

#include <elf.h>

struct survey {
	size_t programs;
	size_t x86_64;
	size_t i386;
	size_t foreign;
	uint16_t machine; /* of the last foreign one */
};

static bool is_allowed(const struct platform *p)
{
	static const char *const architectures[] = {"amd64", "386", NULL};

	return str_eq(p->os, "linux") && p->architecture && str_in(p->architecture, architectures);
}

/* Another processor is the edition's to judge; another system runs nowhere on the platform. */
static bool judge_config(const struct check_context *ctx, const char *platform, struct outcome *out)
{
	const struct edition *edition = ctx->edition ? ctx->edition : edition_default();
	const struct platform *p = &ctx->image->config->platform;
	json_t *evidence = json_pack("{s:o,s:o,s:o}", "os", json_text(p->os), "architecture",
		json_text(p->architecture), "variant", json_text(p->variant));

	if (is_allowed(p)) {
		outcome_evidence(out, evidence);
		return true;
	}
	if (str_eq(p->os, "linux") && p->architecture && !edition->foreign_cpu_fails) {
		outcome_warn(out, "config", evidence, "the config says %s", platform);
	} else {
		outcome_fail(out, "config", evidence, "the config says %s", platform);
	}
	return false;
}

/* "linux/amd64/v2" agrees with "linux/amd64": the variant says how much of it is used. */
static bool same_platform(const char *a, const char *b)
{
	const char *const both[] = {a, b};
	size_t len[2];

	for (size_t i = 0; i < 2; i++) {
		const char *slash = strchr(both[i], '/');

		len[i] = slash ? (size_t)(slash - both[i]) + 1 + strcspn(slash + 1, "/")
			       : strlen(both[i]);
	}
	return len[0] == len[1] && memcmp(a, b, len[0]) == 0;
}

static bool judge_index(const struct image *image, const char *platform, struct outcome *out)
{
	for (size_t i = 0; i < image->n_candidates; i++) {
		const struct candidate *c = &image->candidates[i];
		json_t *evidence;

		if (!c->platform || !str_eq(c->digest, image->digest)) {
			continue;
		}
		evidence = json_pack("{s:o,s:o}", "index", json_text(c->platform), "config",
			json_text(platform));
		if (same_platform(c->platform, platform)) {
			outcome_evidence(out, evidence);
			return true;
		}
		outcome_fail(out, "index", evidence, "the index says %s, the config %s",
			c->platform, platform);
		return false;
	}
	return true;
}

/* A file that somebody starts: executable, in a directory for programs, and no library. */
static int visit(const struct node *node, void *arg)
{
	static const char *const dirs[] = {"bin", "sbin", NULL};
	struct survey *s = arg;

	if (node->type != NODE_FILE || !node_elf(node) || !(node->mode & 0111) ||
		(node_elf(node)->type != ET_EXEC && node_elf(node)->type != ET_DYN) ||
		!str_in(node->parent->name, dirs)) {
		return 0;
	}
	s->programs++;
	s->x86_64 += node_elf(node)->machine == EM_X86_64;
	s->i386 += node_elf(node)->machine == EM_386;
	if (!elf_is_x86(node_elf(node))) {
		s->foreign++;
		s->machine = node_elf(node)->machine;
	}
	return 0;
}

static bool judge_programs(
	const struct check_context *ctx, const char *platform, struct outcome *out)
{
	struct survey s = {0};
	json_t *evidence;

	tree_walk(tree_root(ctx->tree), visit, &s);
	evidence = json_pack("{s:I,s:I,s:I,s:I}", "programs", (json_int_t)s.programs, "x86-64",
		(json_int_t)s.x86_64, "i386", (json_int_t)s.i386, "foreign", (json_int_t)s.foreign);
	if (s.foreign * 2 > s.programs) {
		outcome_fail(out, "file system", evidence,
			"most programs of the image are not for x86 (but %s), though it says %s",
			elf_machine_name(s.machine), platform);
	} else if (str_eq(ctx->image->config->platform.architecture, "386") &&
		   s.x86_64 * 2 > s.programs) {
		outcome_fail(out, "file system", evidence,
			"most programs of the image are for x86-64, though it says %s", platform);
	} else if (str_eq(ctx->image->config->platform.architecture, "amd64") &&
		   s.i386 * 2 > s.programs) {
		outcome_warn(out, "file system", evidence,
			"most programs of the image are for i386, though it says %s", platform);
	} else {
		outcome_evidence(out, evidence);
		return true;
	}
	return false;
}

/* The first ELF file that the entry leads to: the program, or the interpreter of the script. */
static bool judge_entry(const struct check_context *ctx, struct outcome *out)
{
	const struct image_config *config = ctx->image->config;
	const struct user root = {.home = "/"};
	AUTO(program) struct program program = {0};
	AUTO(strv) struct strv command = {0};

	task_command(config, ctx->task ? &ctx->task->options : NULL, &command);
	if (command.n > 0) {
		program_resolve(
			ctx->tree, &command, &config->env, config->working_dir, &root, &program);
	}
	for (size_t i = 0; i < program.n; i++) {
		const char *found = program.v[i].found;
		const struct node *node = found ? tree_lookup(ctx->tree, found, true) : NULL;
		json_t *evidence;

		if (!node || !node_elf(node)) {
			continue;
		}
		evidence = json_pack("{s:o,s:s}", "entry", json_text(found), "machine",
			elf_machine_name(node_elf(node)->machine));
		if (elf_is_x86(node_elf(node))) {
			outcome_evidence(out, evidence);
			return true;
		}
		outcome_fail(out, "entry", evidence, "the entry leads to '/%s', which is for %s",
			found, elf_machine_name(node_elf(node)->machine));
		return false;
	}
	return true;
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	auto_free char *platform = platform_text(&ctx->image->config->platform);
	bool good;

	(void)err;
	good = judge_config(ctx, platform, out);
	if (good) {
		good = judge_programs(ctx, platform, out);
		good = judge_entry(ctx, out) && good;
	}
	if (judge_index(ctx->image, platform, out) && good) {
		outcome_summary(out, "%s", platform);
	}
	return 0;
}

const struct check check_image_platform = {
	.id = "image-platform",
	.requirement = "R11",
	.title = "config, index and files agree on linux/amd64 or linux/386",
	.reason = "an image labelled for one platform and built for another starts on neither; a "
		  "label that is wrong makes engines choose the wrong image",
	.remedy =
		"build with --platform linux/amd64, and do not change the platform of an index or "
		"config by hand",
	.stage = STAGE_STATIC,
	.needs = NEEDS_TREE,
	.run = run,
};
