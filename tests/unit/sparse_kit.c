#include "tests/unit/sparse_kit.h"

#include "tests/unit/tar_kit.h"

#include "base/alloc.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const sk_names[FORMS] = {"GNU's", "0.0", "0.1", "1.0"};

static void add(struct buf *b, const void *bytes, size_t len)
{
	cr_assert_eq(buf_add(b, bytes, len, NULL), 0);
}

/* "<length of all> key=value\n", once more for each number that is part of a longer length. */
static void add_record(struct buf *body, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3;
	size_t len = rest + 1;

	while (true) {
		auto_free char *text = xasprintf("%zu %s=%s\n", len, key, value);

		if (strlen(text) == len) {
			add(body, text, len);
			return;
		}
		len++;
	}
}

static void add_number(struct buf *body, const char *key, uint64_t number)
{
	auto_free char *text = xasprintf("%" PRIu64, number);

	add_record(body, key, text);
}

/* The pieces with this before each number but the first. */
static void add_pieces(struct buf *out, const struct stored *s, const char *separator)
{
	for (size_t i = 0; i < s->n; i++) {
		cr_assert_eq(buf_addf(out, NULL, "%s%" PRIu64 "%s%" PRIu64, i ? separator : "",
				     s->v[i].offset, separator, s->v[i].len),
			0);
	}
}

static void add_pax(struct buf *tar, const struct stored *s, enum form form)
{
	AUTO(buf) struct buf body = {0};
	AUTO(buf) struct buf map = {0};
	AUTO(buf) struct buf content = {0};
	struct lk_entry entries[2] = {{.name = "x", .type = 'x'}, {.name = s->name}};

	buf_init(&body, 1 << 20);
	buf_init(&map, 1 << 20);
	buf_init(&content, 16 << 20);
	if (form == PAX_1_0) {
		add_record(&body, "GNU.sparse.major", "1");
		add_record(&body, "GNU.sparse.minor", "0");
		add_record(&body, "GNU.sparse.name", s->name);
		add_number(&body, "GNU.sparse.realsize", s->size);
		cr_assert_eq(buf_addf(&content, NULL, "%zu\n", s->told ? s->told : s->n), 0);
		add_pieces(&content, s, "\n");
		add(&content, "\n", s->n > 0);
		while (content.len % BLOCK) {
			add(&content, "", 1);
		}
	} else {
		add_number(&body, "GNU.sparse.size", s->size);
		add_number(&body, "GNU.sparse.numblocks", s->told ? s->told : s->n);
	}
	for (size_t i = 0; form == PAX_0_0 && i < s->n; i++) {
		add_number(&body, "GNU.sparse.offset", s->v[i].offset);
		add_number(&body, "GNU.sparse.numbytes", s->v[i].len);
	}
	if (form == PAX_0_1) {
		add_pieces(&map, s, ",");
		add_record(&body, "GNU.sparse.map", buf_str(&map));
		add_record(&body, "GNU.sparse.name", s->name);
		entries[1].name = "GNUSparseFile.0/x";
	}
	add(&content, s->content, s->len);
	entries[0].text = body.data;
	entries[0].len = body.len;
	entries[1].text = content.data;
	entries[1].len = content.len;
	lk_tar_entries(tar, entries, 2);
}

static void put_piece(char *at, const struct stored *s, size_t i)
{
	if (i < s->n) {
		snprintf(at, 12, "%011" PRIo64, s->v[i].offset);
		snprintf(at + 12, 12, "%011" PRIo64, s->v[i].len);
	}
}

static void add_old(struct buf *tar, const struct stored *s)
{
	const struct lk_entry entry = {
		.name = s->name, .type = 'S', .text = s->content, .len = s->len};
	AUTO(buf) struct buf file = {0};
	char map[3 * 24 + 24 + 1 + 12 + 1] = {0};

	buf_init(&file, 16 << 20);
	lk_tar_entries(&file, &entry, 1);
	tk_patch(&file, &(struct patch){257, "ustar  ", 8});
	for (size_t i = 0; i < 4; i++) {
		put_piece(map + i * 24, s, i);
	}
	map[96] = s->n > 4;
	snprintf(map + 97, 13, "%011" PRIo64, s->size);
	tk_patch(&file, &(struct patch){386, map, 109});
	add(tar, file.data, BLOCK);
	for (size_t at = 4; at < s->n; at += 21) {
		char more[BLOCK + 1] = {0};

		for (size_t i = 0; i < 21; i++) {
			put_piece(more + i * 24, s, at + i);
		}
		more[504] = at + 21 < s->n;
		add(tar, more, BLOCK);
	}
	add(tar, file.data + BLOCK, file.len - BLOCK);
}

void sk_add(struct buf *tar, const struct stored *s, enum form form)
{
	if (form == OLD) {
		add_old(tar, s);
	} else {
		add_pax(tar, s, form);
	}
}

static bool is_zero(const char *bytes, size_t len)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

struct stored sk_without_holes(const char *name, const struct buf *bytes, char *content)
{
	enum { STEP = 4096 };
	struct stored s = {.name = name, .size = bytes->len, .content = content};

	for (size_t at = 0; at < bytes->len; at += STEP) {
		size_t len = bytes->len - at < STEP ? bytes->len - at : STEP;

		if (is_zero(bytes->data + at, len)) {
			continue;
		}
		if (s.n && s.v[s.n - 1].offset + s.v[s.n - 1].len == at) {
			s.v[s.n - 1].len += len;
		} else {
			cr_assert_lt(s.n, ARRAY_SIZE(s.v));
			s.v[s.n].offset = at;
			s.v[s.n++].len = len;
		}
		memcpy(content + s.len, bytes->data + at, len);
		s.len += len;
	}
	return s;
}
