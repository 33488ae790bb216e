/* The secret scanner. The first field is the file's path and the name of a variable; the rest its
 * content. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "checks/file_role.h"
#include "checks/secret_files.h"
#include "checks/secret_patterns.h"

#include <stdlib.h>
#include <string.h>

struct seen {
	const uint8_t *data;
	size_t len;
	size_t n;
	unsigned line;
};

/* Text that we did not cut short: a terminal could show it. */
static void check_match(const struct secret_match *m)
{
	MUST(m->kind < SECRET_KINDS && *secret_kind_name(m->kind));
	MUST(memchr(m->excerpt, 0, sizeof(m->excerpt)));
	(void)secret_kind_is_doubtful(m->kind);
}

static void on_match(const struct secret_match *m, void *arg)
{
	struct seen *seen = arg;

	check_match(m);
	MUST(++seen->n <= SECRET_MATCHES_MAX);
	MUST(m->line >= seen->line);
	seen->line = m->line;
}

static void on_file_match(const struct secret_match *m, void *arg)
{
	struct seen *seen = arg;

	check_match(m);
	MUST(++seen->n <= SECRET_MATCHES_MAX);
}

static void values(const char *name, const char *text, size_t len)
{
	struct url_password password = {0};
	char excerpt[SECRET_EXCERPT_MAX];
	auto_free char *line = calloc(len + 1, 1);

	memcpy(line, text, len);
	(void)secret_judge(name, text, len);
	(void)value_is_reference(text, len);
	(void)value_is_placeholder(text, len);
	(void)value_is_random(text, len);
	MUST(value_variety(text, len) <= len);
	(void)value_crypt_scheme(text, len);
	if (value_url_password(line, len, &password)) {
		MUST(password.s >= line && password.len && password.s + password.len <= line + len);
	}
	secret_redact(text, len, excerpt);
	MUST(memchr(excerpt, 0, sizeof(excerpt)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *path = fuzz_field(&in);
	size_t len;
	auto_free char *text = fuzz_rest(&in, &len);
	struct seen seen = {(const uint8_t *)text, len, 0, 0};
	struct seen in_file = {0};

	secret_scan(seen.data, len, on_match, &seen);
	secret_files_scan(path, seen.data, len, on_file_match, &in_file);
	values(path, text, len);
	(void)file_role(path);
	return 0;
}
