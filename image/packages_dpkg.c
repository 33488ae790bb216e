#include "image/packages_db.h"

#include "base/alloc.h"

#include <ctype.h>

#define MD5_HEX 32

static bool span_is(struct span a, const char *s, size_t len)
{
	return a.len == len && memcmp(a.s, s, len) == 0;
}

static struct span relative(const char *path, size_t len)
{
	size_t skip = len > 0 && *path == '/';

	return (struct span){path + skip, len - skip};
}

static const char *node_end(const struct node *node)
{
	return node_text(node) + node_text_len(node);
}

static bool is_md5(const char *s, size_t len)
{
	if (len < MD5_HEX) {
		return false;
	}
	for (size_t i = 0; i < MD5_HEX; i++) {
		if (!isxdigit((unsigned char)s[i])) {
			return false;
		}
	}
	return true;
}

/* ---- diversions -------------------------------------------------------------------------- */

static int diversion_compare(const void *a, const void *b)
{
	const struct diversion *x = a;
	const struct diversion *y = b;
	size_t len = x->from.len < y->from.len ? x->from.len : y->from.len;
	int order = memcmp(x->from.s, y->from.s, len);

	return order ? order : (x->from.len > y->from.len) - (x->from.len < y->from.len);
}

static void diversions_read(struct packages *p, const struct tree *tree)
{
	const struct node *file = tree_lookup(tree, "var/lib/dpkg/diversions", true);
	const char *at = file ? node_text(file) : NULL;
	struct line l[3];

	while (at && line_next(&at, node_end(file), &l[0]) &&
		line_next(&at, node_end(file), &l[1]) && line_next(&at, node_end(file), &l[2])) {
		*ARRAY_PUSH(&p->diversions) = (struct diversion){
			relative(l[0].s, l[0].len), relative(l[1].s, l[1].len), {l[2].s, l[2].len}};
	}
	if (p->diversions.n > 0) {
		qsort(p->diversions.v, p->diversions.n, sizeof(*p->diversions.v),
			diversion_compare);
	}
}

/* Where the file that this package lists really stands. */
static struct span diverted(const struct packages *p, struct span path, uint32_t package)
{
	const char *name = p->names.v[package];
	struct diversion key = {.from = path};
	const struct diversion *d = p->diversions.n > 0
					    ? bsearch(&key, p->diversions.v, p->diversions.n,
						      sizeof(*p->diversions.v), diversion_compare)
					    : NULL;

	return d && !span_is(d->by, name, strlen(name)) ? d->to : path;
}

/* ---- what packages ship ------------------------------------------------------------------ */

static void read_list(struct packages *p, const struct node *file, uint32_t package)
{
	const char *at = node_text(file);
	struct line l;

	while (line_next(&at, node_end(file), &l)) {
		/* conffiles may carry a flag in front, such as remove-on-upgrade */
		if (l.len > 1 && *l.s == '/') {
			struct span path = diverted(p, relative(l.s, l.len), package);

			packages_add_path(p, path.s, path.len, package, false);
		}
	}
}

/* "d41d8cd98f00b204e9800998ecf8427e  usr/bin/x". What is listed elsewhere is known already. */
static void read_sums(struct packages *p, const struct node *file, uint32_t package, bool listed)
{
	const char *at = node_text(file);
	struct line l;

	while (line_next(&at, node_end(file), &l)) {
		struct span path;
		struct owned *e;

		if (l.len <= MD5_HEX + 2 || !is_md5(l.s, l.len) || l.s[MD5_HEX] != ' ') {
			continue;
		}
		path = relative(l.s + MD5_HEX + 2, l.len - MD5_HEX - 2);
		path = diverted(p, path, package);
		e = listed ? packages_at(p, path.s, path.len)
			   : packages_add_path(p, path.s, path.len, package, false);
		if (e && e->sum_kind == SUM_NONE &&
			str_eq(p->names.v[e->package], p->names.v[package])) {
			packages_sum(e, SUM_MD5_HEX, l.s);
		}
	}
}

void packages_read_md5sums(struct packages *p, uint32_t package)
{
	const struct node *file = p->md5sums.v[package];

	p->md5sums.v[package] = NULL;
	read_sums(p, file, package, true);
}

/* The same package's other file, or NULL. */
static const struct node *beside(
	const struct packages *p, const struct node *file, const char *suffix, const char *other)
{
	int stem = (int)(strlen(file->name) - strlen(suffix));
	auto_free char *name = xasprintf("%.*s%s", stem, file->name, other);
	const struct node *node = tree_child(p->tree, file->parent, name, strlen(name));

	return node && node_text(node) ? node : NULL;
}

static void read_shipped(struct packages *p, const struct node *file, uint32_t package)
{
	read_list(p, file, package);
	p->md5sums.v[package] = beside(p, file, ".list", ".md5sums");
}

/* Where nothing else lists them, as in distroless, these are the package's files. */
static void read_md5sums(struct packages *p, const struct node *file, uint32_t package)
{
	if (!beside(p, file, ".md5sums", ".list")) {
		read_sums(p, file, package, false);
	}
}

/* ---- what their install scripts make ----------------------------------------------------- */

static bool path_char(char c)
{
	return isalnum((unsigned char)c) || strchr("/._+@-", c);
}

/* Every literal absolute path in the script. A full stop at its end belongs to the sentence. */
static void read_postinst(struct packages *p, const struct node *file, uint32_t package)
{
	const char *end = node_end(file);

	for (const char *s = node_text(file); s < end; s++) {
		const char *start = s;

		if (*s != '/' || (s > node_text(file) && (path_char(s[-1]) || s[-1] == '}'))) {
			continue;
		}
		while (s < end && *s && path_char(*s)) {
			s++;
		}
		/* "/etc/foo$suffix" and "/etc/foo*" are no whole names. */
		if (s < end && strchr("$*?[{~", *s) && *s) {
			continue;
		}
		while (s > start && (s[-1] == '.' || s[-1] == '/')) {
			s--;
		}
		if (s > start) {
			packages_add_path(p, start, (size_t)(s - start), package, true);
		}
	}
}

/* ---- var/lib/dpkg/info ------------------------------------------------------------------- */

/* Lists go first: they know about diversions, and what they name is shipped, not made. */
static const struct {
	const char *suffix;
	void (*read)(struct packages *p, const struct node *file, uint32_t package);
} readers[] = {
	{".list", read_shipped},
	{".conffiles", read_list},
	{".md5sums", read_md5sums},
	{".postinst", read_postinst},
};

/* Every file of a directory that a reader knows; "libc6:amd64.list" is of libc6. */
static void read_info(struct packages *p, const struct tree *tree, const char *dir)
{
	const struct node *info = tree_lookup(tree, dir, true);

	for (size_t i = 0; info && i < ARRAY_SIZE(readers); i++) {
		for (const struct node *n = info->first_child; n; n = n->next) {
			const char *colon;
			size_t len;

			if (!node_text(n) || !str_ends(n->name, readers[i].suffix)) {
				continue;
			}
			len = strlen(n->name) - strlen(readers[i].suffix);
			colon = memchr(n->name, ':', len);
			len = colon ? (size_t)(colon - n->name) : len;
			readers[i].read(p, n, packages_name(p, n->name, len));
		}
	}
}

/* ---- status and status.d ----------------------------------------------------------------- */

struct stanza {
	bool named;
	bool conffiles; /* the lines that follow are conffiles */
	uint32_t package;
};

static bool field_value(struct line l, const char *name, struct span *ret)
{
	size_t len = strlen(name);

	if (l.len < len || memcmp(l.s, name, len) != 0) {
		return false;
	}
	*ret = (struct span){l.s + len, l.len - len};
	while (ret->len > 0 && *ret->s == ' ') {
		ret->s++;
		ret->len--;
	}
	return true;
}

/* " /etc/nginx/nginx.conf d41d8cd98f00b204e9800998ecf8427e obsolete" */
static void conffile(struct packages *p, uint32_t package, struct line l)
{
	const char *sum = l.s;
	struct owned *e;

	for (const char *s = l.s + 1; s + 1 < l.s + l.len; s++) {
		if (*s == ' ' && is_md5(s + 1, (size_t)(l.s + l.len - s) - 1)) {
			sum = s + 1;
		}
	}
	if (l.len < 3 || l.s[1] != '/' || sum == l.s) {
		return;
	}
	e = packages_add_path(p, l.s + 1, (size_t)(sum - l.s) - 2, package, false);
	packages_sum(e, SUM_MD5_HEX, sum);
}

/* deb822 stanzas; every one with a name and, where it has a Status, an installed one counts. */
static void read_status(struct packages *p, const struct node *file)
{
	const char *at = node_text(file);
	struct stanza stanza = {0};
	struct span value;
	struct line l;

	while (line_next(&at, node_end(file), &l)) {
		if (l.len == 0) {
			stanza = (struct stanza){0};
		} else if (*l.s == ' ' && stanza.named && stanza.conffiles) {
			conffile(p, stanza.package, l);
		} else if (*l.s != ' ') {
			stanza.conffiles = field_value(l, "Conffiles:", &value);
			if (field_value(l, "Package:", &value) && !stanza.named) {
				stanza.package = packages_name(p, value.s, value.len);
				stanza.named = true;
				p->n_dpkg++;
			} else if (field_value(l, "Status:", &value) && stanza.named &&
				   !str_find(value.s, value.len, " installed")) {
				p->n_dpkg--;
				stanza.named = false;
			}
		}
	}
}

/* ---- ucf --------------------------------------------------------------------------------- */

/* Two columns: "package  path" in the registry, "md5  path" in the hash file. */
static bool columns(struct line l, struct span *ret_first, struct span *ret_path)
{
	size_t first = 0;
	size_t path;

	while (first < l.len && !isspace((unsigned char)l.s[first])) {
		first++;
	}
	for (path = first; path < l.len && isspace((unsigned char)l.s[path]); path++) {
	}
	*ret_first = (struct span){l.s, first};
	*ret_path = (struct span){l.s + path, l.len - path};
	return first > 0 && path < l.len && l.s[path] == '/';
}

static void read_ucf(struct packages *p, const struct tree *tree)
{
	const struct node *registry = tree_lookup(tree, "var/lib/ucf/registry", true);
	const struct node *hashes = tree_lookup(tree, "var/lib/ucf/hashfile", true);
	const char *at = registry ? node_text(registry) : NULL;
	struct span first;
	struct span path;
	struct line l;

	while (at && line_next(&at, node_end(registry), &l)) {
		if (columns(l, &first, &path)) {
			uint32_t package = packages_name(p, first.s, first.len);

			packages_add_path(p, path.s, path.len, package, true);
		}
	}
	at = hashes ? node_text(hashes) : NULL;
	while (at && line_next(&at, node_end(hashes), &l)) {
		/* Known to ucf, but registered for no package: ucf itself stands for it. */
		if (columns(l, &first, &path) && first.len == MD5_HEX && is_md5(l.s, l.len)) {
			uint32_t package = packages_name(p, "ucf", 3);
			struct owned *e = packages_add_path(p, path.s, path.len, package, true);

			packages_sum(e, SUM_MD5_HEX, first.s);
		}
	}
}

/* ---- all of it --------------------------------------------------------------------------- */

void packages_read_dpkg(struct packages *p, const struct tree *tree)
{
	const struct node *status = tree_lookup(tree, "var/lib/dpkg/status", true);
	const struct node *status_d = tree_lookup(tree, "var/lib/dpkg/status.d", true);

	diversions_read(p, tree);
	read_info(p, tree, "var/lib/dpkg/info");
	read_info(p, tree, "var/lib/dpkg/status.d");
	if (status && node_text(status)) {
		read_status(p, status);
	}
	/* distroless: a stanza for each package, and its .md5sums beside it */
	for (const struct node *n = status_d ? status_d->first_child : NULL; n; n = n->next) {
		if (node_text(n) && !str_ends(n->name, ".md5sums")) {
			read_status(p, n);
		}
	}
	read_ucf(p, tree);
}
