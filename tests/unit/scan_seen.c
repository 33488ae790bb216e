#include "tests/unit/scan_seen.h"

#include "image/limits.h"

#include <criterion/criterion.h>
#include <string.h>

static const char letters[] = "fdlcbp";

static void on_entry(const struct entry *e, void *arg)
{
	struct seen *seen = arg;

	if (e->whiteout != WHITEOUT_NONE) {
		strv_addf(&seen->log, "%zu %s %s", e->layer,
			e->whiteout == WHITEOUT_FILE ? "gone" : "opaque", e->path);
	} else if (e->hardlink) {
		strv_addf(&seen->log, "%zu = %s %zu:%s", e->layer, e->path, e->link_layer, e->link);
	} else {
		strv_addf(&seen->log, "%zu %c %s", e->layer, letters[e->type], e->path);
	}
	if (seen->want && strcmp(e->path, seen->want) == 0) {
		seen->head_len = e->data_len;
		cr_assert_leq(e->data_len, LIMIT_ENTRY_HEAD);
	}
}

static void on_data(
	const struct entry *e, uint64_t offset, const void *bytes, size_t len, void *arg)
{
	struct seen *seen = arg;

	if (seen->want && strcmp(e->path, seen->want) == 0) {
		cr_assert_geq(offset, seen->data.len, "data go back");
		seen->gap += offset - seen->data.len;
		while (seen->data.len < offset) {
			cr_assert_eq(buf_add(&seen->data, "", 1, NULL), 0);
		}
		cr_assert_eq(buf_add(&seen->data, bytes, len, NULL), 0);
	}
}

static void on_implied(const struct entry *e, void *arg)
{
	struct seen *seen = arg;

	if (*e->path) { /* the root is told of in every layer */
		strv_addf(&seen->log, "%zu D %s %o", e->layer, e->path, e->mode);
	}
}

static void on_layer_end(size_t layer, bool complete, void *arg)
{
	struct seen *seen = arg;

	strv_addf(&seen->log, "%zu end %s", layer, complete ? "good" : "bad");
}

static bool on_skip(size_t layer, void *arg)
{
	const struct seen *seen = arg;

	return seen->skip == layer + 1;
}

struct entry_sink sink_of(struct seen *seen)
{
	buf_init(&seen->data, (size_t)64 << 20);
	return (struct entry_sink){.entry = on_entry,
		.data = on_data,
		.implied = on_implied,
		.layer_end = on_layer_end,
		.skip_layer = on_skip,
		.arg = seen};
}

void seen_release(struct seen *seen)
{
	strv_release(&seen->log);
	buf_release(&seen->data);
}

void scan(struct image *image, const struct entry_sink *sinks, size_t n, struct tree **tree)
{
	struct err err = {0};

	cr_assert_eq(image_scan(image, sinks, n, tree, &err), 0, "%s", err.msg);
}

void expect_log(const struct seen *seen, const char *const *expected)
{
	size_t n = 0;

	for (; expected[n]; n++) {
		cr_assert_lt(n, seen->log.n, "missing: %s", expected[n]);
		cr_expect_str_eq(seen->log.v[n], expected[n]);
	}
	cr_expect_eq(seen->log.n, n);
}

void expect_violation(
	const struct image *image, enum violation_kind kind, bool warning, const char *text)
{
	const struct violation *v = lk_violation(image, kind, text);

	cr_assert_not_null(v, "no violation says '%s'", text);
	cr_expect_eq(v->warning, warning);
}
