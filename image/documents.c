#include "image/opening.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "image/limits.h"

#include <string.h>

void document_report(
	struct violations *violations, const char *file, struct json_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		const struct json_problem *p = &problems->v[i];

		violation_add(violations, VIOLATION_CONFORMANCE, p->warning, file, p->pointer, "%s",
			p->message);
	}
	json_problems_release(problems);
}

struct violations *choice_violations(struct opening *o, const struct choice *choice)
{
	return choice->listed ? &o->image->violations : NULL;
}

char *blob_name(const struct opening *o, const char *digest)
{
	enum digest_algorithm algorithm;
	struct err err = {0};
	const char *colon;

	/* The grammar has no '/' and no '..': a digest of an unknown algorithm is a safe name, too. */
	if (!digest || (digest_parse(digest, &algorithm, &err) && err.code != ERR_UNSUPPORTED)) {
		return NULL;
	}
	colon = strchr(digest, ':');
	if (o->form == FORM_SKOPEO_DIR) {
		return xstrdup(colon + 1);
	}
	return xasprintf("blobs/%.*s/%s", (int)(colon - digest), digest, colon + 1);
}

static void verify_digest(const struct expected *expected, const char *name, const struct buf *text,
	struct violations *violations)
{
	auto_free char *at = json_pointer_add(expected->pointer, "digest");
	const char *wanted = expected->descriptor->digest;
	enum digest_algorithm algorithm;
	char found[DIGEST_TEXT_MAX];

	if (!wanted || digest_parse(wanted, &algorithm, NULL)) {
		return; /* what is wrong with it is said by the document that has it */
	}
	digest_of(algorithm, buf_str(text), text->len, found);
	if (strcmp(found, wanted) != 0) {
		violation_add(violations, VIOLATION_CONFORMANCE, false, expected->file, at,
			"expected %s, found %s in '%s'", wanted, found, name);
	}
}

static void verify(const struct expected *expected, const char *name, const struct buf *text,
	struct violations *violations)
{
	auto_free char *at = json_pointer_add(expected->pointer, "size");

	if (expected->descriptor->size != text->len) {
		violation_add(violations, VIOLATION_CONFORMANCE, false, expected->file, at,
			"expected %llu bytes, found %zu in '%s'",
			(unsigned long long)expected->descriptor->size, text->len, name);
	}
	verify_digest(expected, name, text, violations);
}

static int read_blob(const struct blob *blob, uint64_t declared, struct buf *ret, struct err *err)
{
	void *to;

	if (blob->size < declared) {
		return err_set(err, ERR_MALFORMED, "cut short: %llu of %llu bytes are there",
			(unsigned long long)blob->size, (unsigned long long)declared);
	}
	to = buf_reserve(ret, blob->size, err);
	if (!to || file_read_at(blob->fd, to, blob->size, blob->offset, err)) {
		return -1;
	}
	ret->len += blob->size;
	ret->data[ret->len] = '\0';
	return 0;
}

int document_read(struct opening *o, const char *name, const struct expected *expected,
	struct violations *violations, struct buf *ret, struct err *err)
{
	AUTO(blob) struct blob blob = {.fd = -1};
	uint64_t declared;

	buf_init(ret, image_limits.document);
	if (source_find(o->image->source, name, &blob, &declared, err)) {
		return -1;
	}
	if (declared > image_limits.document) {
		return err_set(err, ERR_LIMIT,
			"'%.200s' is larger than %llu MiB (policy: 'document_mib')", name,
			(unsigned long long)(image_limits.document / MIB));
	}
	o->bytes_read += blob.size;
	if (o->bytes_read > LIMIT_DOCUMENTS) {
		return err_set(err, ERR_LIMIT, "the documents of the image have more than %llu MiB",
			(unsigned long long)(LIMIT_DOCUMENTS / MIB));
	}
	if (read_blob(&blob, declared, ret, err)) {
		return err_wrap(err, "'%.200s'", name);
	}
	if (expected) {
		verify(expected, name, ret, violations);
	}
	return 0;
}
