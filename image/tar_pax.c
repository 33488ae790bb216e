#include "image/tar_pax.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "image/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XATTR "SCHILY.xattr."

struct record {
	struct tar_text key, value;
};

static void wrong(struct tar_pax *pax, const char *what, const struct tar_text *key)
{
	if (!*pax->wrong) {
		snprintf(pax->wrong, sizeof(pax->wrong), "pax record '%.*s' %s",
			key->len < 40 ? (int)key->len : 40, key->at, what);
	}
}

bool tar_text_eq(const struct tar_text *text, const char *s)
{
	return text->at && text->len == strlen(s) && memcmp(text->at, s, text->len) == 0;
}

static bool same(const struct tar_text *a, const struct tar_text *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

static bool starts(const struct tar_text *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text->len >= len && memcmp(text->at, prefix, len) == 0;
}

bool tar_text_number(const struct tar_text *text, int64_t *ret)
{
	bool minus = text->len && (*text->at == '-');
	size_t i = text->len && (*text->at == '-' || *text->at == '+');
	int64_t value = 0;

	if (!text->len) {
		return true;
	}
	if (i == text->len) {
		return false;
	}
	for (; i < text->len; i++) {
		int digit = text->at[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, minus ? -digit : digit, &value)) {
			return false;
		}
	}
	*ret = value;
	return true;
}

bool tar_text_time(const struct tar_text *text, int64_t *ret, uint32_t *ret_ns)
{
	const char *dot = text->len ? memchr(text->at, '.', text->len) : NULL;
	struct tar_text whole = {text->at, dot ? (size_t)(dot - text->at) : text->len};
	size_t rest = dot ? text->len - whole.len - 1 : 0;
	int64_t seconds = 0;
	uint32_t ns = 0;
	uint32_t unit = 100000000;

	if (!text->len) {
		return true;
	}
	if (!whole.len || !tar_text_number(&whole, &seconds)) {
		return false;
	}
	for (size_t i = 1; i <= rest; i++) {
		if (dot[i] < '0' || dot[i] > '9') {
			return false;
		}
		ns += (uint32_t)(dot[i] - '0') * unit;
		unit /= 10;
	}
	if (ns && *text->at == '-') {
		if (seconds == INT64_MIN) {
			return false;
		}
		seconds--;
		ns = 1000000000 - ns;
	}
	*ret = seconds;
	*ret_ns = ns;
	return true;
}

/* ---- records ---------------------------------------------------------------------------------- */

/* "<length of all> key=value\n" (POSIX.1-2001, "pax Extended Header"). */
static bool next_record(const char **at, const char *end, struct record *ret)
{
	const char *space = memchr(*at, ' ', (size_t)(end - *at));
	const char *equals;
	struct tar_text length = {*at, space ? (size_t)(space - *at) : 0};
	int64_t len = 0;

	if (!length.len || !tar_text_number(&length, &len) || len < 5 || len > end - *at ||
		len <= space + 1 - *at || (*at)[len - 1] != '\n') {
		return false;
	}
	end = *at + len - 1;
	equals = memchr(space + 1, '=', (size_t)(end - space - 1));
	if (!equals || equals == space + 1) {
		return false;
	}
	ret->key = (struct tar_text){space + 1, (size_t)(equals - space - 1)};
	ret->value = (struct tar_text){equals + 1, (size_t)(end - equals - 1)};
	*at = end + 1;
	return true;
}

enum kind { NUMBER, TIME, NAME, BYTES };

static const struct known {
	const char *key;
	enum kind kind;
	size_t at;
} known[] = {
	{"path", NAME, offsetof(struct tar_pax, path)},
	{"linkpath", NAME, offsetof(struct tar_pax, link)},
	{"size", NUMBER, offsetof(struct tar_pax, size)},
	{"uid", NUMBER, offsetof(struct tar_pax, uid)},
	{"gid", NUMBER, offsetof(struct tar_pax, gid)},
	{"mtime", TIME, offsetof(struct tar_pax, mtime)},
	{"atime", TIME, offsetof(struct tar_pax, ignored)},
	{"ctime", TIME, offsetof(struct tar_pax, ignored)},
	{"uname", NAME, offsetof(struct tar_pax, ignored)},
	{"gname", NAME, offsetof(struct tar_pax, ignored)},
	{"GNU.sparse.major", BYTES, offsetof(struct tar_pax, sparse_major)},
	{"GNU.sparse.minor", BYTES, offsetof(struct tar_pax, sparse_minor)},
	{"GNU.sparse.name", BYTES, offsetof(struct tar_pax, sparse_name)},
	{"GNU.sparse.size", NUMBER, offsetof(struct tar_pax, sparse_size)},
	{"GNU.sparse.realsize", NUMBER, offsetof(struct tar_pax, sparse_realsize)},
	{"GNU.sparse.numblocks", BYTES, offsetof(struct tar_pax, sparse_blocks)},
	{"GNU.sparse.map", BYTES, offsetof(struct tar_pax, sparse_map)},
};

/* Libarchive and star act on these, engines do not. */
static const char *const disputed[] = {"SCHILY.realsize", "SUN.holesdata", NULL};

static bool value_good(enum kind kind, const struct tar_text *value)
{
	int64_t number;
	uint32_t ns;

	switch (kind) {
	case NUMBER:
		return tar_text_number(value, &number);
	case TIME:
		return tar_text_time(value, &number, &ns);
	case NAME:
		return !memchr(value->at, '\0', value->len);
	case BYTES:
	default:
		return true;
	}
}

static void add_xattr(struct tar_pax *pax, const struct record *r)
{
	struct tar_text name = {r->key.at + strlen(XATTR), r->key.len - strlen(XATTR)};

	for (size_t i = 0; i < pax->xattrs.n; i++) {
		struct tar_xattr *old = &pax->xattrs.v[i];

		if (same(&old->name, &name)) {
			if (!same(&old->value, &r->value)) {
				wrong(pax, "stands twice, with two values", &r->key);
			}
			old->value = r->value;
			return;
		}
	}
	if (pax->xattrs.n >= LIMIT_XATTRS) {
		wrong(pax, "is one of too many extended attributes", &r->key);
		return;
	}
	*ARRAY_PUSH(&pax->xattrs) = (struct tar_xattr){name, r->value};
}

/* Format 0.0 has a record for each number: brought into the form of 0.1. */
static void add_piece(struct tar_pax *pax, const struct record *r)
{
	bool length = pax->pieces++ % 2;

	if (!tar_text_eq(&r->key, length ? "GNU.sparse.numbytes" : "GNU.sparse.offset") ||
		memchr(r->value.at, ',', r->value.len)) {
		wrong(pax, "is out of order", &r->key);
		return;
	}
	if (pax->pieces == 1) {
		buf_init(&pax->map, LIMIT_TAR_SPECIAL); /* longer than the records */
	} else {
		pax->no_memory |= buf_add(&pax->map, ",", 1, NULL) != 0;
	}
	pax->no_memory |= buf_add(&pax->map, r->value.at, r->value.len, NULL) != 0;
}

static void add_known(struct tar_pax *pax, const struct record *r, const struct known *k)
{
	struct tar_text *value = (struct tar_text *)((char *)pax + k->at);

	if (!value_good(k->kind, &r->value)) {
		wrong(pax, k->kind == NAME ? "has a NUL inside" : "is no number", &r->key);
	} else if (value != &pax->ignored && value->at && !same(value, &r->value)) {
		wrong(pax, "stands twice, with two values", &r->key);
	}
	*value = r->value;
}

static void add_record(struct tar_pax *pax, const struct record *r)
{
	char key[32];

	if (memchr(r->key.at, '\0', r->key.len)) {
		wrong(pax, "has a NUL inside", &r->key);
		return;
	}
	if (starts(&r->key, XATTR)) {
		add_xattr(pax, r);
		return;
	}
	pax->sparse |= starts(&r->key, "GNU.sparse.");
	snprintf(key, sizeof(key), "%.*s", r->key.len < sizeof(key) ? (int)r->key.len : 0,
		r->key.at);
	if (str_in(key, disputed)) {
		wrong(pax, "is known to some readers only", &r->key);
	} else if (str_eq(key, "GNU.sparse.offset") || str_eq(key, "GNU.sparse.numbytes")) {
		add_piece(pax, r);
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (str_eq(known[i].key, key)) {
			add_known(pax, r, &known[i]);
		}
	}
}

void tar_pax_parse(struct tar_pax *pax, const char *body, size_t len)
{
	const char *at = body;
	struct record r;

	while (at < body + len) {
		if (!next_record(&at, body + len, &r)) {
			snprintf(pax->wrong, sizeof(pax->wrong), "malformed pax record");
			return;
		}
		add_record(pax, &r);
	}
	if (pax->pieces) {
		pax->sparse_map = (struct tar_text){buf_str(&pax->map), pax->map.len};
	}
}

void tar_pax_release(struct tar_pax *pax)
{
	free(pax->xattrs.v);
	buf_release(&pax->map);
	*pax = (struct tar_pax){0};
}

/* ---- maps ------------------------------------------------------------------------------------- */

void tar_map_begin(
	struct tar_map *map, int64_t size, char separator, const struct tar_pieces *pieces)
{
	*map = (struct tar_map){.size = size, .separator = separator, .pieces = pieces};
	if (size < 0) {
		map->bad = "the file's size is negative";
	}
}

void tar_map_piece(struct tar_map *map, int64_t offset, int64_t len)
{
	if (map->bad) {
		return;
	}
	if (offset < 0 || len < 0) {
		map->bad = "something that is no number, or negative";
	} else if (offset < map->end) {
		map->bad = "a piece that begins before the end of the one before it";
	} else if (offset > map->size || len > map->size - offset) {
		map->bad = "a piece behind the end of the file";
	} else {
		map->end = offset + len;
		map->stored += (uint64_t)len;
		if (map->pieces) {
			map->pieces->piece((uint64_t)offset, (uint64_t)len, map->pieces->arg);
		}
	}
}

static void map_number(struct tar_map *map)
{
	if (!map->counted) {
		map->counted = true;
		map->left = (uint64_t)map->number * 2;
		return;
	}
	map->left--;
	map->inside = !map->inside;
	if (map->inside) {
		map->offset = map->number;
	} else {
		tar_map_piece(map, map->offset, map->number);
	}
}

void tar_map_add(struct tar_map *map, char c)
{
	if (map->bad || tar_map_done(map)) {
		return;
	}
	if (c >= '0' && c <= '9') {
		map->digits = true;
		if (__builtin_mul_overflow(map->number, 10, &map->number) ||
			__builtin_add_overflow(map->number, c - '0', &map->number)) {
			map->bad = "a number beyond 64 bits";
		}
	} else if (c == map->separator && map->digits) {
		map_number(map);
		map->digits = false;
		map->number = 0;
	} else {
		map->bad = "something that is no number";
	}
}

bool tar_map_done(const struct tar_map *map)
{
	return map->counted && !map->left;
}

const char *tar_map_end(const struct tar_map *map, uint64_t stored)
{
	if (!map->bad && map->stored != stored) {
		return map->stored < stored ? "more is stored than its pieces have"
					    : "less is stored than its pieces have";
	}
	return map->bad;
}

const char *tar_pax_map(
	const struct tar_pax *pax, int64_t size, uint64_t stored, const struct tar_pieces *pieces)
{
	struct tar_map map;

	tar_map_begin(&map, size, ',', pieces);
	for (size_t i = 0; i < pax->sparse_blocks.len; i++) {
		tar_map_add(&map, pax->sparse_blocks.at[i]);
	}
	tar_map_add(&map, ',');
	for (size_t i = 0; i < pax->sparse_map.len; i++) {
		if (tar_map_done(&map)) {
			return "more numbers than it says";
		}
		tar_map_add(&map, pax->sparse_map.at[i]);
	}
	tar_map_add(&map, ',');
	if (!map.bad && !tar_map_done(&map)) {
		return "fewer numbers than it says";
	}
	return tar_map_end(&map, stored);
}
