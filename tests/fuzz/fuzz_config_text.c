/* Configuration as the checks read it. Fields: path; the rest is its text. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "checks/config_text.h"
#include "checks/file_role.h"
#include "checks/log_config.h"
#include "checks/log_default.h"

#include <stdlib.h>
#include <string.h>

struct lines {
	unsigned n; /* of the text */
};

static void on_match(const struct config_match *m, void *arg)
{
	const struct lines *lines = arg;

	MUST(m->line >= 1 && m->line <= lines->n);
	MUST(memchr(m->excerpt, 0, sizeof(m->excerpt)));
	MUST(*config_literal_name(m->kind));
}

static void on_log(const struct log_directive *d, void *arg)
{
	const struct lines *lines = arg;

	MUST(d->line <= lines->n);
	MUST(d->name && d->target);
	MUST(strlen(d->target) < SIZE_MAX);
	(void)log_sink_of(d->target);
}

static void check_strip(const char *path, const char *plain, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		MUST(plain[i] == text[i] || plain[i] == ' ');
		MUST(text[i] != '\n' || plain[i] == '\n');
	}
	MUST(plain[len] == '\0');
	MUST(config_comments_of(path) != COMMENTS_NONE || memcmp(plain, text, len) == 0);
}

static void settings(const char *plain, size_t len)
{
	const char *at = plain;
	struct config_setting set;
	struct line l;

	while (line_next(&at, plain + len, &l)) {
		auto_free char *copy = malloc(l.len ? l.len : 1);

		memcpy(copy, l.s, l.len);
		if (config_setting(copy, l.len, &set)) {
			MUST(set.name.s >= copy && set.name.s + set.name.len <= copy + l.len);
			MUST(!set.value.len ||
				(set.value.s >= copy &&
					set.value.s + set.value.len <= copy + l.len));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *path = fuzz_field(&in);
	size_t len;
	auto_free char *text = fuzz_rest(&in, &len);
	auto_free char *plain = config_strip(path, text, len);
	struct lines lines = {1};
	struct log_blocks blocks = {.plain = plain, .len = len};

	for (size_t i = 0; i < len; i++) {
		lines.n += text[i] == '\n';
	}
	(void)config_is(path);
	(void)path_has_dir(path, "etc");
	check_strip(path, plain, text, len);
	settings(plain, len);
	config_literals(path, plain, len, on_match, &lines);
	config_invitations(text, len, on_match, &lines);
	log_config_read(path, text, len, on_log, &lines);
	(void)log_in_nginx_location(&blocks, lines.n / 2 + 1);
	(void)log_in_nginx_location(&blocks, lines.n);
	(void)config_host_is_neutral(text, len);
	return 0;
}
