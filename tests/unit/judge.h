/* judge.h - one static check asked about one made-up image, for table tests. */
#ifndef TESTS_UNIT_JUDGE_H
#define TESTS_UNIT_JUDGE_H

#include "checks/engine.h"
#include "fake_tree.h"

/* Lists of words in a config, from one text: "/bin/sh -c|exec x". */
static inline void judge_words(const char *text, struct strv *ret)
{
	while (text && *text) {
		size_t len = strcspn(text, "|");

		strv_take(ret, xstrndup(text, len));
		text += len + (text[len] != 0);
	}
}

struct judged {
	const char *command; /* Entrypoint, words apart by "|" */
	const char *user;
	const char *working_dir;
	const char *stop_signal;
	const char *platform_os; /* NULL: linux */
	const char *architecture; /* NULL: amd64 */
	const char *index_platform; /* NULL: not in an index */
	const char *edition; /* NULL: the default */
	const struct fake *rows; /* NULL: no tree */
	const char *product; /* text of a product file, NULL: none */
};

/* "fail User,WorkingDir": the verdict, then the subjects of the findings. Checks on the way
 * that a pass shows evidence, and that every finding says something. The caller frees. */
static inline char *judge_result(const struct check_result *r)
{
	AUTO(strv) struct strv subjects = {0};
	auto_free char *joined = NULL;

	for (size_t i = 0; i < r->findings.n; i++) {
		strv_add(&subjects, r->findings.v[i].subject);
		cr_assert(r->findings.v[i].message && *r->findings.v[i].message);
		cr_assert(json_is_object(r->findings.v[i].evidence));
	}
	cr_assert(r->verdict != VERDICT_PASS || json_array_size(r->evidence) > 0);
	joined = strv_join(&subjects, ",");
	return xasprintf("%s%s%s", verdict_name(r->verdict), *joined ? " " : "", joined);
}

static inline char *judge_image(const struct check *check, struct image *image,
	const struct tree *tree, const struct product *product, const char *edition)
{
	struct check_context ctx = {.image = image,
		.tree = tree,
		.product = product,
		.task = product && product->n_tasks > 0 ? &product->tasks[0] : NULL,
		.edition = edition ? edition_find(edition) : edition_default()};
	struct check_result r;
	char *answer;

	check_judge(check, &ctx, "2026-11-23", &r);
	answer = judge_result(&r);
	check_result_release(&r);
	return answer;
}

static inline char *judge(const struct check *check, const struct judged *j)
{
	struct image_config config = {
		.platform = {xstrdup(j->platform_os ? j->platform_os : "linux"),
			xstrdup(j->architecture ? j->architecture : "amd64"), NULL},
		.user = fake_copy(j->user),
		.working_dir = fake_copy(j->working_dir),
		.stop_signal = fake_copy(j->stop_signal)};
	char digest[] = "sha256:a";
	char kind[] = "image";
	auto_free char *platform = fake_copy(j->index_platform);
	struct candidate candidate = {.digest = digest, .platform = platform, .kind = kind};
	struct image image = {.config = &config,
		.digest = digest,
		.candidates = &candidate,
		.n_candidates = platform ? 1 : 0};
	AUTO_PTR(tree) struct tree *tree = j->rows ? fake_tree(j->rows) : NULL;
	AUTO_PTR(product)
	struct product *product =
		j->product ? product_parse("p", j->product, strlen(j->product)) : NULL;
	char *answer;

	judge_words(j->command, &config.entrypoint);
	answer = judge_image(check, &image, tree, product, j->edition);
	image_config_release(&config);
	return answer;
}

static inline void judge_expect(
	const struct check *check, const struct judged *j, const char *answer, const char *what)
{
	auto_free char *got = judge(check, j);

	cr_assert_str_eq(got, answer, "%s: %s instead of %s", what, got, answer);
}

#endif
