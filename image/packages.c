#include "image/packages.h"

#include "base/alloc.h"
#include "image/limits.h"
#include "image/packages_db.h"

#include <openssl/evp.h>

static const char *const merged_names[N_MERGED] = {
	"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

/* ---- the map ----------------------------------------------------------------------------- */

/* The nodes' own hash is keyed: an image cannot choose its collisions. */
static size_t slot_of(const struct packages *p, const struct node *node)
{
	size_t i = node->hash & (p->n_slots - 1);

	while (p->slots[i] && p->owned.v[p->slots[i] - 1].node != node) {
		i = (i + 1) & (p->n_slots - 1);
	}
	return i;
}

static void slots_grow(struct packages *p)
{
	p->n_slots = p->n_slots ? p->n_slots * 2 : 1024;
	free(p->slots);
	p->slots = xcalloc(p->n_slots, sizeof(*p->slots));
	for (size_t i = 0; i < p->owned.n; i++) {
		p->slots[slot_of(p, p->owned.v[i].node)] = (uint32_t)(i + 1);
	}
}

/* ---- from a path to a node --------------------------------------------------------------- */

/* One step down; the links of merged systems are followed, and no others: what a step costs is not
 * the image's to choose. */
static const struct node *step(const struct packages *p, const struct node *at, struct span name)
{
	if (at == tree_root(p->tree)) {
		for (size_t i = 0; i < N_MERGED; i++) {
			if (name.len == strlen(merged_names[i]) &&
				memcmp(name.s, merged_names[i], name.len) == 0) {
				return p->merged[i];
			}
		}
	}
	return tree_child(p->tree, at, name.s, name.len);
}

/* The next name of the path, which is cut; false at its end. */
static bool next_name(struct span *path, struct span *ret)
{
	while (path->len > 0) {
		const char *slash = memchr(path->s, '/', path->len);
		struct span name = {path->s, slash ? (size_t)(slash - path->s) : path->len};

		path->s += name.len + (slash != NULL);
		path->len -= name.len + (slash != NULL);
		if (name.len > 0 && !(name.len == 1 && *name.s == '.')) {
			*ret = name;
			return true;
		}
	}
	return false;
}

/* How many bytes of whole names both begin with, their slash not counted. */
static size_t common(struct span a, struct span b)
{
	size_t least = a.len < b.len ? a.len : b.len;
	size_t names = 0;
	size_t i = 0;

	for (; i < least && a.s[i] == b.s[i]; i++) {
		if (a.s[i] == '/') {
			names = i;
		}
	}
	return i == least && (i == a.len || a.s[i] == '/') && (i == b.len || b.s[i] == '/') ? i
											    : names;
}

/* Databases list directories with their files one after another: so the way begins where the last
 * one's leaves it. Up from there is what stands before in the path, as only a first name may be a
 * link. */
static const struct node *directory(struct packages *p, struct span path)
{
	size_t same = p->last_dir ? common(p->last_path, path) : 0;
	const struct node *at = tree_root(p->tree);
	struct span name;

	if (same > 0) {
		struct span left = {p->last_path.s + same, p->last_path.len - same};

		at = p->last_dir;
		while (next_name(&left, &name)) {
			at = at->parent;
		}
	}
	p->last_path = path;
	path.s += same;
	path.len -= same;
	while (at && next_name(&path, &name)) {
		at = step(p, at, name);
	}
	p->last_dir = at;
	return at;
}

/* ---- for the readers --------------------------------------------------------------------- */

uint32_t packages_name(struct packages *p, const char *name, size_t len)
{
	strv_take(&p->names, xstrndup(name, len));
	*ARRAY_PUSH(&p->md5sums) = NULL;
	return (uint32_t)(p->names.n - 1);
}

/* Most often it is what stands behind the last one in the tree, too. */
static const struct node *node_at(struct packages *p, struct span dir, struct span name)
{
	const struct node *at = directory(p, dir);
	const struct node *next = p->last ? p->last->next : NULL;

	if (!next || next->parent != at || strlen(next->name) != name.len ||
		memcmp(next->name, name.s, name.len) != 0) {
		next = at ? tree_child(p->tree, at, name.s, name.len) : NULL;
	}
	p->last = next;
	return next;
}

struct owned *packages_add(
	struct packages *p, struct span dir, struct span name, uint32_t package, bool made)
{
	const struct node *node = node_at(p, dir, name);
	struct owned *e;
	size_t slot;

	if (!node || !*p->names.v[package]) {
		return NULL;
	}
	if (p->owned.n * 4 >= p->n_slots * 3) {
		slots_grow(p);
	}
	slot = slot_of(p, node);
	if (!p->slots[slot]) {
		*ARRAY_PUSH(&p->owned) =
			(struct owned){.node = node, .package = package, .made = made};
		p->slots[slot] = (uint32_t)p->owned.n;
	}
	e = &p->owned.v[p->slots[slot] - 1];
	if (e->made && !made) {
		e->package = package;
		e->made = false;
	}
	return e;
}

static void split(const char *path, size_t len, struct span *ret_dir, struct span *ret_name)
{
	size_t slash = len;

	while (slash > 0 && path[slash - 1] != '/') {
		slash--;
	}
	*ret_dir = (struct span){path, slash > 0 ? slash - 1 : 0};
	*ret_name = (struct span){path + slash, len - slash};
}

struct owned *packages_add_path(
	struct packages *p, const char *path, size_t len, uint32_t package, bool made)
{
	struct span dir;
	struct span name;

	split(path, len, &dir, &name);
	return packages_add(p, dir, name, package, made);
}

static struct owned *entry_of(const struct packages *p, const struct node *node)
{
	size_t slot = node && p->n_slots > 0 ? slot_of(p, node) : 0;

	return node && p->n_slots > 0 && p->slots[slot] ? &p->owned.v[p->slots[slot] - 1] : NULL;
}

struct owned *packages_at(struct packages *p, const char *path, size_t len)
{
	struct span dir;
	struct span name;

	split(path, len, &dir, &name);
	return entry_of(p, node_at(p, dir, name));
}

void packages_sum(struct owned *e, enum sum_kind kind, const char *s)
{
	if (e) {
		e->sum_kind = (uint8_t)kind;
		e->sum = s;
	}
}

static const struct owned *find(const struct packages *p, const char *path)
{
	return entry_of(p, tree_lookup(p->tree, path, false));
}

/* ---- public ------------------------------------------------------------------------------ */

struct packages *packages_read(const struct tree *tree)
{
	struct packages *p = xcalloc(1, sizeof(*p));

	p->tree = tree;
	for (size_t i = 0; i < N_MERGED; i++) {
		const struct node *dir = tree_lookup(tree, merged_names[i], true);

		p->merged[i] = dir == tree_root(tree) ? NULL : dir;
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
	free(p->md5sums.v);
	free(p->diversions.v);
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

int packages_pristine(struct packages *packages, const char *path, const void *content, size_t len)
{
	const struct owned *e = packages ? find(packages, path) : NULL;
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned char text[2 * EVP_MAX_MD_SIZE + 1];
	size_t n;

	if (e && packages->md5sums.v[e->package]) {
		packages_read_md5sums(packages, e->package);
	}
	if (!e || e->sum_kind == SUM_NONE ||
		!EVP_Q_digest(NULL, sums[e->sum_kind].algorithm, NULL, content, len, raw, &n)) {
		return -1;
	}
	if (sums[e->sum_kind].base64) {
		EVP_EncodeBlock(text, raw, (int)n);
	} else {
		hex(raw, n, text);
	}
	return memcmp(e->sum, text, strlen((const char *)text)) == 0;
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
