/* assay store: the unpacked layers that runs leave for the next ones. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cmd/subject.h"
#include "cmd/verbs.h"
#include "image/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { TIME_MAX = 32 };

static void print_time(int64_t seconds, char text[TIME_MAX])
{
	time_t when = (time_t)seconds;
	struct tm parts;

	if (!gmtime_r(&when, &parts) || !strftime(text, TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts)) {
		(void)snprintf(text, TIME_MAX, "%" PRId64, seconds);
	}
}

static void print_facts(const struct subject *s)
{
	struct facts_total left;

	if (s->facts && facts_trim(s->facts, UINT64_MAX, &left, NULL) == 0) {
		(void)printf("facts of %zu layers, %.1f MiB; at most %.0f MiB are kept\n",
			left.layers, (double)left.bytes / (double)MIB,
			(double)image_limits.facts / (double)MIB);
	}
}

static void print_text(const struct store_items *items)
{
	uint64_t total = 0;

	for (size_t i = items->n; i-- > 0;) {
		const struct store_item *item = &items->v[i];
		char used[TIME_MAX];

		print_time(item->used, used);
		total += item->bytes;
		(void)printf("%-71s %7.1f MiB  %s%s\n", item->diff_id ? item->diff_id : item->key,
			(double)item->bytes / (double)MIB, used, item->held ? "  in use" : "");
	}
	(void)printf("%zu layers, %.1f MiB; a run leaves at most %.0f MiB\n", items->n,
		(double)total / (double)MIB, (double)image_limits.store / (double)MIB);
}

static void print_json(const struct store_items *items)
{
	auto_json json_t *list = json_array();
	auto_free char *text = NULL;

	for (size_t i = items->n; i-- > 0;) {
		const struct store_item *item = &items->v[i];
		char used[TIME_MAX];

		print_time(item->used, used);
		json_array_append_new(
			list, json_pack("{s:o,s:o,s:I,s:s,s:b,s:b}", "key", json_text(item->key),
				      "diff_id", json_text(item->diff_id), "bytes",
				      (json_int_t)item->bytes, "used", used, "durable",
				      item->durable, "held", item->held));
	}
	text = json_dumps(list, JSON_INDENT(2));
	(void)puts(text);
}

static int list(const struct options *options, const struct subject *s, struct err *err)
{
	AUTO(store_items) struct store_items items = {0};

	if (store_list(s->store, &items, err)) {
		return -1;
	}
	if (options->reports.n && str_eq(options->reports.v[0], "json")) {
		print_json(&items);
	} else {
		print_text(&items);
		print_facts(s);
	}
	return 0;
}

static int prune(const struct options *options, const struct subject *s, struct err *err)
{
	uint64_t keep = options->all ? 0 : options->size ? options->size * MIB : image_limits.store;
	struct store_trimmed trimmed;

	if (store_trim(s->store, keep, &trimmed, err) ||
		(s->facts &&
			facts_trim(s->facts, options->all ? 0 : image_limits.facts, NULL, err))) {
		return -1;
	}
	(void)printf("removed %zu layers, %.1f MiB; %.1f MiB are left\n", trimmed.layers,
		(double)trimmed.bytes / (double)MIB, (double)trimmed.kept / (double)MIB);
	return 0;
}

int verb_store(const struct options *options)
{
	const char *what = options->operands.n == 1 ? options->operands.v[0] : "";
	const char *format = options->reports.n ? options->reports.v[0] : "text";
	bool pruning = str_eq(what, "prune");
	AUTO(policy) struct policy policy = {0};
	AUTO(subject) struct subject s = {0};
	struct err err = {0};
	int rc;

	if (!pruning && !str_eq(what, "ls")) {
		return fail_usage("store takes 'ls' or 'prune'");
	}
	if ((options->all || options->size) && (!pruning || (options->all && options->size))) {
		return fail_usage("--all or --size go with 'prune', one of them");
	}
	if (!str_eq(format, "text") && (pruning || !str_eq(format, "json"))) {
		return fail_usage("'%s' cannot be written as '%.40s'", what, format);
	}
	if (policy_read(options, &policy, &err) || subject_store(&s, &err)) {
		char *remedy = message_split(err.msg);

		return fail_with_remedy(&err, remedy);
	}
	subject_facts(&s);
	rc = pruning ? prune(options, &s, &err) : list(options, &s, &err);
	return rc ? fail_with(&err) : 0;
}
