#include "image/tree_build.h"

#include "base/alloc.h"
#include "image/tree_private.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

/* The longest target of a symbolic link that Linux file systems store. */
#define MAX_TARGET 4095

/* One tree_apply() under way. */
struct apply {
	struct tree *tree;
	uint16_t mark; /* the layer plus one, as in seen and own */
	const struct tree_hook *hook;
	struct tree_place *place;
};

static uint16_t mark_of(size_t layer)
{
	static_assert(LIMIT_LAYERS < UINT16_MAX, "a layer's number and one more fit");

	assert(layer < LIMIT_LAYERS);
	return (uint16_t)(layer + 1);
}

static struct node *add_node(
	struct apply *a, struct node *parent, const char *name, size_t len, struct err *err)
{
	struct node *t = tree_node_add(a->tree, parent, name, len, err);

	if (t) {
		t->layer = (uint16_t)(a->mark - 1);
		t->seen = a->mark;
	}
	return t;
}

/* Whether a lower layer has something where t, which may be NULL, is. */
static bool has_lower(const struct apply *a, const struct node *t)
{
	return t && (t->seen != a->mark || t->lower == a->mark);
}

/* Remove what lower layers have below dir, keeping what the current one has. */
static void remove_lower(const struct apply *a, struct node *dir)
{
	struct node *at = tree_next(dir, dir, true);

	while (at) {
		bool keep = at->seen == a->mark;
		struct node *next = tree_next(at, dir, keep);

		if (!keep) {
			tree_node_remove(a->tree, at);
		}
		at = next;
	}
}

/* The node's path into text; ERR_MALFORMED when it is too long to be unpacked anywhere. */
static int path_into(const struct node *node, char text[LIMIT_PATH], struct err *err)
{
	size_t at = LIMIT_PATH - 1;

	text[at] = '\0';
	for (const struct node *n = node; n->parent; n = n->parent) {
		size_t len = strlen(n->name);
		size_t slash = text[at] ? 1 : 0;

		if (len + slash > at) {
			return err_set(
				err, ERR_MALFORMED, "path of more than %d bytes", LIMIT_PATH - 1);
		}
		if (slash) {
			text[--at] = '/';
		}
		at -= len;
		memcpy(text + at, n->name, len);
	}
	memmove(text, text + at, LIMIT_PATH - at);
	return 0;
}

/* The layer has something below dir: the first time, whoever unpacks has to make dir. */
static int touch_dir(struct apply *a, struct node *dir, struct err *err)
{
	char path[LIMIT_PATH];

	if (dir->seen == a->mark) {
		return 0;
	}
	if (path_into(dir, path, err)) {
		return -1;
	}
	dir->seen = a->mark;
	if (a->hook && a->hook->implied) {
		a->hook->implied(dir, path, dir->mtime_ns, a->hook->arg);
	}
	return 0;
}

/* The directory name in at, made when it is not there. */
static int enter_dir(
	struct apply *a, struct node **at, const char *name, size_t len, struct err *err)
{
	struct node *t = tree_index_find(a->tree, *at, name, len);
	uint16_t lower = has_lower(a, t) ? a->mark : 0;

	if (t && t->type != NODE_DIR) {
		if (t->seen == a->mark) {
			return err_set(err, ERR_MALFORMED, "'%.*s' is no directory in this layer",
				(int)len, name);
		}
		a->place->over_link |= t->type == NODE_SYMLINK;
		tree_node_remove(a->tree, t);
		t = NULL;
	}
	if (!t) {
		t = add_node(a, *at, name, len, err);
		if (!t) {
			return -1;
		}
		t->seen = 0; /* touch_dir reports it */
		t->type = NODE_DIR;
		t->mode = TREE_IMPLIED_MODE;
	}
	t->lower = lower;
	*at = t;
	return touch_dir(a, t, err);
}

/* The directory at the first len bytes of path, by the rules of tree_build.h. */
static int walk_to_dir(
	struct apply *a, const char *path, size_t path_len, struct node **ret, struct err *err)
{
	auto_free char *text = xstrndup(path, path_len);
	AUTO(path_cursor) struct path_cursor c = {.at = text};
	struct node *at = a->tree->root;
	const char *name;
	size_t len;
	bool last;

	if (touch_dir(a, a->tree->root, err)) {
		return -1;
	}
	while (path_cursor_next(&c, &name, &len, &last)) {
		const struct node *t;

		if (len == 2 && memcmp(name, "..", 2) == 0) {
			at = at->parent ? at->parent : at;
			continue;
		}
		t = tree_index_find(a->tree, at, name, len);
		if (t && t->type == NODE_SYMLINK && t->seen == a->mark) {
			if (!path_cursor_expand(&c, node_target(t))) {
				return err_set(err, ERR_MALFORMED,
					"too many symbolic links on the way to '%.200s'", text);
			}
			at = *c.at == '/' ? a->tree->root : at;
		} else if (enter_dir(a, &at, name, len, err)) {
			return -1;
		}
	}
	*ret = at;
	return 0;
}

/* The same. What is there once stays there until a node is removed: entries that are added take no
 * name away, and what the walk does on its way it has done. */
static int resolve_dir(
	struct apply *a, const char *path, size_t path_len, struct node **ret, struct err *err)
{
	struct tree_last_dir *last = &a->tree->last_dir;

	if (last->node && last->mark == a->mark && last->len == path_len &&
		memcmp(last->path, path, path_len) == 0) {
		*ret = last->node;
		return 0;
	}
	if (walk_to_dir(a, path, path_len, ret, err)) {
		return -1;
	}
	last->node = path_len < sizeof(last->path) ? *ret : NULL;
	if (last->node) {
		last->mark = a->mark;
		last->len = path_len;
		memcpy(last->path, path, path_len);
	}
	return 0;
}

/* Split path into its resolved directory and the last name. */
static int resolve_parent(
	struct apply *a, const char *path, struct node **dir, const char **name, struct err *err)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	return resolve_dir(a, path, slash ? (size_t)(slash - path) : 0, dir, err);
}

static void set_attributes(struct node *t, const struct entry *entry)
{
	t->type = entry->type;
	t->mode = (uint16_t)(entry->mode & 07777);
	t->uid = entry->uid;
	t->gid = entry->gid;
	t->size = entry->type == NODE_FILE ? entry->size : 0;
	t->mtime = entry->mtime;
	t->layer = (uint16_t)entry->layer;
	t->has_capability = false;
	t->mtime_ns = entry->mtime_ns;
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		t->has_capability |= strcmp(entry->xattrs[i].name, "security.capability") == 0;
	}
}

static int set_target(
	const struct apply *a, struct node *t, const struct entry *entry, struct err *err)
{
	size_t len = entry->target ? strlen(entry->target) : 0;

	if (entry->type != NODE_SYMLINK) {
		return 0;
	}
	if (!len || len > MAX_TARGET) {
		return err_set(err, ERR_MALFORMED, "symbolic link with a target of %zu bytes", len);
	}
	t->has.target = tree_keep(a->tree, entry->target);
	return 0;
}

/* The same layer's file at path, following its own links only; NULL when it has none. */
static struct node *own_file(const struct apply *a, const char *path)
{
	AUTO(path_cursor) struct path_cursor c = {.at = path};
	struct node *at = a->tree->root;
	const char *name;
	size_t len;
	bool last;

	while (path_cursor_next(&c, &name, &len, &last)) {
		struct node *t;

		if (len == 2 && memcmp(name, "..", 2) == 0) {
			at = at->parent ? at->parent : at;
			continue;
		}
		t = tree_index_find(a->tree, at, name, len);
		if (!t || t->seen != a->mark) {
			return NULL;
		}
		if (last && t->type != NODE_DIR) {
			return t;
		}
		if (t->type == NODE_SYMLINK) {
			if (!path_cursor_expand(&c, node_target(t))) {
				return NULL;
			}
			at = *c.at == '/' ? a->tree->root : at;
			continue;
		}
		at = t;
	}
	return NULL;
}

static struct node *link_target(const struct apply *a, const char *path)
{
	union {
		const struct node *in;
		struct node *out;
	} u;
	struct node *t = own_file(a, path);

	if (t) {
		return t;
	}
	u.in = tree_lookup(a->tree, path, false);
	if (!u.in || u.in->type == NODE_DIR) {
		return NULL;
	}
	a->place->over_link = u.in->layer + 1 == a->mark; /* there, but not without a lower link */
	return u.out;
}

/* Give t the inode of the file that the entry links to. */
static int share_inode(
	const struct apply *a, struct node *t, const struct entry *entry, struct err *err)
{
	struct node *target = entry->target ? link_target(a, entry->target) : NULL;

	if (!target || target == t) {
		return err_set(err, ERR_MALFORMED, "hard link to '%.200s', which is not there",
			entry->target ? entry->target : "");
	}
	if (path_into(target, a->place->link, err)) {
		return -1;
	}
	a->place->link_layer = target->layer;
	t->type = target->type;
	t->mode = target->mode;
	t->uid = target->uid;
	t->gid = target->gid;
	t->size = target->size;
	t->mtime = target->mtime;
	t->mtime_ns = target->mtime_ns;
	t->has_capability = target->has_capability;
	if (target->type == NODE_SYMLINK) {
		t->has.target = target->has.target;
	} else {
		t->has.content = tree_content(target);
		t->has.content->refs++;
	}
	return 0;
}

static int apply_dir(struct apply *a, const struct entry *entry, struct err *err)
{
	struct node *dir;
	const char *name;
	struct node *t;

	if (!*entry->path) {
		t = a->tree->root;
	} else {
		if (resolve_parent(a, entry->path, &dir, &name, err)) {
			return -1;
		}
		t = tree_index_find(a->tree, dir, name, strlen(name));
		a->place->hides = has_lower(a, t);
		if (t && t->type != NODE_DIR) {
			a->place->duplicate = t->own == a->mark;
			a->place->again = t->seen == a->mark;
			tree_node_remove(a->tree, t);
			t = NULL;
		}
		if (!t) {
			t = add_node(a, dir, name, strlen(name), err);
		}
		if (!t) {
			return -1;
		}
	}
	a->place->duplicate |= t->own == a->mark;
	t->lower = a->place->hides ? a->mark : 0;
	t->seen = a->mark;
	t->own = a->mark;
	set_attributes(t, entry);
	a->place->node = t;
	return path_into(t, a->place->path, err);
}

static int apply_file(struct apply *a, const struct entry *entry, struct err *err)
{
	struct node *dir;
	const char *name;
	struct node *t;

	if (!*entry->path) {
		return err_set(err, ERR_MALFORMED, "the root is no directory");
	}
	if (resolve_parent(a, entry->path, &dir, &name, err)) {
		return -1;
	}
	t = tree_index_find(a->tree, dir, name, strlen(name));
	a->place->hides = has_lower(a, t);
	if (t) {
		a->place->duplicate = t->own == a->mark;
		a->place->again = t->seen == a->mark;
		tree_node_remove(a->tree, t);
	}
	t = add_node(a, dir, name, strlen(name), err);
	if (!t) {
		return -1;
	}
	t->lower = a->place->hides ? a->mark : 0;
	set_attributes(t, entry);
	if (path_into(t, a->place->path, err) ||
		(entry->hardlink ? share_inode(a, t, entry, err) : set_target(a, t, entry, err))) {
		tree_node_remove(a->tree, t);
		return -1;
	}
	t->own = a->mark;
	a->place->node = t;
	return 0;
}

static int apply_whiteout(struct apply *a, const struct entry *entry, struct err *err)
{
	struct node *dir;
	const char *name;
	struct node *t;
	size_t len;

	if (resolve_parent(a, entry->path, &dir, &name, err) ||
		path_into(dir, a->place->path, err)) {
		return -1;
	}
	len = strlen(a->place->path);
	if (len + strlen(name) + 2 > LIMIT_PATH || strlen(name) > NAME_MAX) {
		return err_set(err, ERR_MALFORMED, "path of more than %d bytes", LIMIT_PATH - 1);
	}
	if (len) {
		a->place->path[len++] = '/';
	}
	memcpy(a->place->path + len, name, strlen(name) + 1);
	t = tree_index_find(a->tree, dir, name, strlen(name));
	a->place->idle = !t;
	a->place->hides = has_lower(a, t);
	if (!t) {
		return 0;
	}
	if (t->seen != a->mark) {
		tree_node_remove(a->tree, t);
	} else if (t->type == NODE_DIR) {
		remove_lower(a, t);
	}
	return 0;
}

static int apply_opaque(struct apply *a, const struct entry *entry, struct err *err)
{
	struct node *dir;

	if (resolve_dir(a, entry->path, strlen(entry->path), &dir, err) ||
		path_into(dir, a->place->path, err)) {
		return -1;
	}
	remove_lower(a, dir);
	a->place->node = dir;
	return 0;
}

void tree_begin(struct tree *tree, size_t layer, const struct tree_hook *hook)
{
	struct apply a = {tree, mark_of(layer), hook, NULL};

	(void)touch_dir(&a, tree->root, NULL); /* the path "" is never too long */
}

int tree_apply(struct tree *tree, const struct entry *entry, const struct tree_hook *hook,
	struct tree_place *ret, struct err *err)
{
	struct apply a = {tree, mark_of(entry->layer), hook, ret};

	assert(!tree->sealed);
	ret->node = NULL;
	ret->path[0] = ret->link[0] = '\0';
	ret->link_layer = (uint32_t)entry->layer;
	ret->duplicate = ret->idle = ret->over_link = ret->hides = ret->again = false;
	switch (entry->whiteout) {
	case WHITEOUT_FILE:
		return apply_whiteout(&a, entry, err);
	case WHITEOUT_OPAQUE:
		return apply_opaque(&a, entry, err);
	case WHITEOUT_NONE:
	default:
		return entry->type == NODE_DIR && !entry->hardlink ? apply_dir(&a, entry, err)
								   : apply_file(&a, entry, err);
	}
}
