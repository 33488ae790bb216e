#include "image/packages.h"

#include "base/alloc.h"
#include "image/limits.h"
#include "image/packages_db.h"

#include <openssl/evp.h>
#include <sys/random.h>

static const char *const merged_names[N_MERGED] = {
	"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

/* ---- the map ----------------------------------------------------------------------------- */

static bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

static uint64_t hash_more(uint64_t h, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		h = (h ^ (unsigned char)s.s[i]) * UINT64_C(0x100000001b3);
	}
	return h;
}

/* FNV-1a from a random start: an image must not be able to choose its collisions. */
static size_t slot_of(const struct packages *p, struct span dir, struct span name)
{
	uint64_t h = hash_more(hash_more(p->seed, dir) + 1, name);

	h ^= h >> 32;
	for (size_t i = (size_t)h & (p->n_slots - 1);; i = (i + 1) & (p->n_slots - 1)) {
		const struct owned *e = p->slots[i] ? &p->owned.v[p->slots[i] - 1] : NULL;

		if (!e || (span_eq(e->name, name) && span_eq(e->dir, dir))) {
			return i;
		}
	}
}

static void slots_grow(struct packages *p)
{
	p->n_slots = p->n_slots ? p->n_slots * 2 : 1024;
	free(p->slots);
	p->slots = xcalloc(p->n_slots, sizeof(*p->slots));
	for (size_t i = 0; i < p->owned.n; i++) {
		const struct owned *e = &p->owned.v[i];

		p->slots[slot_of(p, e->dir, e->name)] = (uint32_t)(i + 1);
	}
}

/* "usr/bin" is "bin" where these are one directory. */
static struct span canonical_dir(const struct packages *p, struct span dir)
{
	struct span rest = {dir.s + 4, dir.len - 4};

	if (dir.len < 4 || memcmp(dir.s, "usr/", 4) != 0) {
		return dir;
	}
	for (size_t i = 0; i < N_MERGED; i++) {
		size_t len = strlen(merged_names[i]);

		if (p->merged[i] && rest.len >= len && memcmp(rest.s, merged_names[i], len) == 0 &&
			(rest.len == len || rest.s[len] == '/')) {
			return rest;
		}
	}
	return dir;
}

/* Take "/etc/nginx/nginx.conf" apart. */
static void path_split(const char *path, size_t len, struct span *ret_dir, struct span *ret_name)
{
	size_t slash;

	while (len > 0 && (*path == '/' || (len > 1 && path[0] == '.' && path[1] == '/'))) {
		path++;
		len--;
	}
	for (slash = len; slash > 0 && path[slash - 1] != '/'; slash--) {
	}
	*ret_dir = (struct span){path, slash > 0 ? slash - 1 : 0};
	*ret_name = (struct span){path + slash, len - slash};
}

uint32_t packages_name(struct packages *p, const char *name, size_t len)
{
	strv_take(&p->names, xstrndup(name, len));
	return (uint32_t)(p->names.n - 1);
}

struct owned *packages_add(
	struct packages *p, struct span dir, struct span name, uint32_t package, bool made)
{
	struct owned *e;
	size_t slot;

	dir = canonical_dir(p, dir);
	if (name.len == 0 || !*p->names.v[package] || p->owned.n >= LIMIT_OWNED) {
		return NULL;
	}
	if (p->owned.n * 4 >= p->n_slots * 3) {
		slots_grow(p);
	}
	slot = slot_of(p, dir, name);
	if (!p->slots[slot]) {
		*ARRAY_PUSH(&p->owned) =
			(struct owned){.dir = dir, .name = name, .package = package, .made = made};
		p->slots[slot] = (uint32_t)p->owned.n;
	}
	e = &p->owned.v[p->slots[slot] - 1];
	if (e->made && !made) {
		e->package = package;
		e->made = false;
	}
	return e;
}

struct owned *packages_add_path(
	struct packages *p, const char *path, size_t len, uint32_t package, bool made)
{
	struct span dir;
	struct span name;

	path_split(path, len, &dir, &name);
	return packages_add(p, dir, name, package, made);
}

void packages_sum(struct owned *e, enum sum_kind kind, const char *s, size_t len)
{
	if (e) {
		e->sum_kind = (uint8_t)kind;
		e->sum = (struct span){s, len};
	}
}

static const struct owned *find(const struct packages *p, const char *path)
{
	struct span dir;
	struct span name;
	size_t slot;

	path_split(path, strlen(path), &dir, &name);
	if (p->n_slots == 0) {
		return NULL;
	}
	slot = slot_of(p, canonical_dir(p, dir), name);
	return p->slots[slot] ? &p->owned.v[p->slots[slot] - 1] : NULL;
}

/* ---- public ------------------------------------------------------------------------------ */

struct packages *packages_read(const struct tree *tree)
{
	struct packages *p = xcalloc(1, sizeof(*p));

	if (getrandom(&p->seed, sizeof(p->seed), GRND_NONBLOCK) != sizeof(p->seed)) {
		p->seed = (uint64_t)(uintptr_t)p;
	}
	for (size_t i = 0; i < N_MERGED; i++) {
		auto_free char *usr = xasprintf("usr/%s", merged_names[i]);
		const struct node *there = tree_lookup(tree, usr, true);

		p->merged[i] = there && there == tree_lookup(tree, merged_names[i], true);
	}
	packages_read_dpkg(p, tree);
	packages_read_apk(p, tree);
	return p;
}

void packages_free(struct packages *p)
{
	if (!p) {
		return;
	}
	strv_release(&p->names);
	free(p->owned.v);
	free(p->slots);
	free(p);
}

const char *packages_owner(const struct packages *packages, const char *path)
{
	const struct owned *e = packages ? find(packages, path) : NULL;

	return e ? packages->names.v[e->package] : NULL;
}

static const struct {
	const char *algorithm;
	bool base64;
} sums[] = {
	[SUM_MD5_HEX] = {"MD5", false},
	[SUM_SHA1_BASE64] = {"SHA1", true},
	[SUM_SHA256_BASE64] = {"SHA256", true},
};

static void hex(const unsigned char *bytes, size_t n, unsigned char *ret)
{
	for (size_t i = 0; i < n; i++) {
		snprintf((char *)ret + 2 * i, 3, "%02x", bytes[i]);
	}
}

int packages_pristine(
	const struct packages *packages, const char *path, const void *content, size_t len)
{
	const struct owned *e = packages ? find(packages, path) : NULL;
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned char text[2 * EVP_MAX_MD_SIZE + 1];
	size_t n;

	if (!e || e->sum_kind == SUM_NONE ||
		!EVP_Q_digest(NULL, sums[e->sum_kind].algorithm, NULL, content, len, raw, &n)) {
		return -1;
	}
	if (sums[e->sum_kind].base64) {
		EVP_EncodeBlock(text, raw, (int)n);
	} else {
		hex(raw, n, text);
	}
	return span_eq(e->sum, (struct span){(const char *)text, strlen((const char *)text)});
}

const char *packages_kind(const struct packages *packages)
{
	static const char *const kinds[2][2] = {{"", "apk"}, {"dpkg", "dpkg, apk"}};

	return packages ? kinds[packages->n_dpkg > 0][packages->n_apk > 0] : "";
}

size_t packages_count(const struct packages *packages)
{
	return packages ? packages->n_dpkg + packages->n_apk : 0;
}
