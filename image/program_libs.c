#include "image/program_private.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/effort.h"

#include <elf.h>
#include <fnmatch.h>

/* Programs load some dozens of libraries, the largest desktop ones a few hundred. */
#define MAX_OBJECTS 1024
#define MAX_LOOKED_FOR 16384

/* Directories named by ld.so.conf, and files that include each other. */
#define MAX_SYSTEM_DIRS 256
#define MAX_INCLUDES 8

#define NO_LOADER SIZE_MAX

/* A loaded program or library. */
struct object {
	const struct node *node;
	char *path; /* as it was opened, absolute: $ORIGIN comes from it */
	size_t loader; /* index of the object that wanted it */
};

struct loading {
	const struct resolver *r;
	const struct elf *program;
	const struct node *interpreter;
	bool musl;
	struct strv system; /* directories of the configuration and of the loader itself */
	struct strv names; /* that are dealt with: DT_NEEDED and DT_SONAME */
	struct {
		struct object *v;
		size_t n, cap;
	} objects;
};

/* ---- where the system looks -------------------------------------------------------------- */

static void conf_read(struct loading *l, const char *path, unsigned depth);

/* "include /etc/ld.so.conf.d/[*].conf": a pattern in the last component only, as everyone
 * writes it. */
static void conf_include(struct loading *l, const char *pattern, unsigned depth)
{
	auto_free char *full = *pattern == '/' ? xstrdup(pattern) : xasprintf("/etc/%s", pattern);
	char *slash = strrchr(full, '/');
	const struct node *dir;

	*slash = 0;
	dir = tree_lookup_within(l->r->tree, tree_root(l->r->tree), full, true, l->r->left);
	for (const struct node *n = dir && dir->type == NODE_DIR ? dir->first_child : NULL; n;
		n = n->next) {
		if (effort_spend(l->r->left, 8) && fnmatch(slash + 1, n->name, FNM_PERIOD) == 0) {
			auto_free char *path = xasprintf("%s/%s", full, n->name);

			conf_read(l, path, depth + 1);
		}
	}
}

/* ldconfig(8): directories apart by blanks, colons or commas; "#" begins a comment. */
static void conf_line(struct loading *l, char *line, unsigned depth)
{
	static const char include[] = "include";
	static const char blanks[] = " \t\r,:";

	line[strcspn(line, "#")] = 0;
	line += strspn(line, blanks);
	if (str_starts(line, include) && strchr(" \t", line[strlen(include)])) {
		for (char *at = line + strlen(include); *(at += strspn(at, " \t\r"));) {
			size_t len = strcspn(at, " \t\r");
			auto_free char *pattern = xstrndup(at, len);

			conf_include(l, pattern, depth);
			at += len;
		}
		return;
	}
	if (str_starts(line, "hwcap ")) {
		return;
	}
	while (*line && l->system.n < MAX_SYSTEM_DIRS) {
		size_t len = strcspn(line, blanks);

		if (*line == '/') {
			strv_take(&l->system, xstrndup(line, len));
		}
		line += len;
		line += strspn(line, blanks);
	}
}

static void conf_read(struct loading *l, const char *path, unsigned depth)
{
	const struct node *conf = tree_lookup(l->r->tree, path, true);
	const char *at = conf ? node_text(conf) : NULL;
	struct line line;

	while (at && depth < MAX_INCLUDES &&
		line_next(&at, node_text(conf) + node_text_len(conf), &line) &&
		effort_spend(l->r->left, 1 + line.len / 8)) {
		auto_free char *copy = xstrndup(line.s, line.len);

		conf_line(l, copy, depth);
	}
}

/* glibc's own directories for each kind of program; Debian's multiarch ones and those of the
 * others. */
static void glibc_dirs(struct loading *l)
{
	static const char *const dirs64[] = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
		"/lib64", "/usr/lib64", "/lib", "/usr/lib", NULL};
	static const char *const dirs32[] = {"/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu",
		"/lib32", "/usr/lib32", "/lib", "/usr/lib", NULL};
	static const char *const dirs_x32[] = {"/lib/x86_64-linux-gnux32",
		"/usr/lib/x86_64-linux-gnux32", "/libx32", "/usr/libx32", NULL};
	const char *const *dirs = l->program->class_bits == 64    ? dirs64
				  : l->program->machine == EM_386 ? dirs32
								  : dirs_x32;
	auto_free char *own = node_path(l->interpreter->parent);

	conf_read(l, "/etc/ld.so.conf", 0);
	for (; *dirs; dirs++) {
		strv_add(&l->system, *dirs);
	}
	/* A loader that was built for another prefix looks beside itself. */
	strv_addf(&l->system, "/%s", own);
}

/* ldso/dynlink.c: the path file replaces the default; newlines and colons part its entries. */
static void musl_dirs(struct loading *l)
{
	const struct node *file = tree_lookup(l->r->tree,
		l->program->machine == EM_386 ? "etc/ld-musl-i386.path" : "etc/ld-musl-x86_64.path",
		true);
	const char *at = file && node_text(file) ? node_text(file) : "/lib:/usr/local/lib:/usr/lib";

	while (*at && l->system.n < MAX_SYSTEM_DIRS) {
		size_t len = strcspn(at, ":\n");

		if (len > 0) {
			strv_take(&l->system, xstrndup(at, len));
		}
		at += len;
		at += *at != 0;
	}
}

/* By its name, or by what it says of itself: gcompat puts musl behind glibc's path. */
static bool is_musl(const struct loading *l)
{
	const char *soname = node_elf(l->interpreter)->soname;

	return str_starts(l->interpreter->name, "ld-musl-") ||
	       (soname && str_starts(soname, "libc.musl-")) ||
	       (!(soname && str_starts(soname, "ld-linux")) &&
		       tree_lookup(l->r->tree,
			       l->program->machine == EM_386 ? "lib/ld-musl-i386.so.1"
							     : "lib/ld-musl-x86_64.so.1",
			       true));
}

/* ---- one library ------------------------------------------------------------------------- */

/* ld.so(8) "Rpath token expansion"; both values that $LIB has where distributions differ. */
static char *expand(const char *dir, size_t len, const struct object *of, const char *lib)
{
	const char *slash = of ? strrchr(of->path, '/') : NULL;
	const struct {
		const char *token;
		const char *value;
		size_t value_len;
	} tokens[] = {
		{"$ORIGIN", of ? of->path : "", slash ? (size_t)(slash - of->path) : 0},
		{"${ORIGIN}", of ? of->path : "", slash ? (size_t)(slash - of->path) : 0},
		{"$LIB", lib, strlen(lib)},
		{"${LIB}", lib, strlen(lib)},
		{"$PLATFORM", "x86_64", 6},
		{"${PLATFORM}", "x86_64", 6},
	};
	AUTO(buf) struct buf out;
	size_t i = 0;

	buf_init(&out, 2 * 4096);
	while (i < len) {
		size_t t = 0;

		while (t < ARRAY_SIZE(tokens) &&
			(strlen(tokens[t].token) > len - i ||
				memcmp(dir + i, tokens[t].token, strlen(tokens[t].token)) != 0)) {
			t++;
		}
		if (t < ARRAY_SIZE(tokens)) {
			buf_add_some(&out, tokens[t].value, tokens[t].value_len);
			i += strlen(tokens[t].token);
		} else {
			buf_add_some(&out, dir + i++, 1);
		}
	}
	return out.len > 0 ? buf_steal(&out) : xstrdup("");
}

/* Takes path. The file when it is a library that this program can use; a wrong class is passed
 * over. */
static const struct node *candidate(const struct loading *l, char *path, char **ret_path)
{
	const struct node *node = resolver_lookup(l->r, path);

	if (!node || node->type != NODE_FILE || !node_elf(node) ||
		node_elf(node)->machine != l->program->machine ||
		node_elf(node)->class_bits != l->program->class_bits ||
		!node_readable_by(node, l->r->user)) {
		free(path);
		return NULL;
	}
	*ret_path = path;
	return node;
}

/* An empty directory is the working directory. */
static const struct node *candidate_in(
	const struct loading *l, const char *dir, const char *name, char **ret_path)
{
	return candidate(l, xasprintf("%s%s%s", dir, *dir ? "/" : "", name), ret_path);
}

/* A list of directories apart by any of separators. of: whose $ORIGIN it is. */
static const struct node *search_list(const struct loading *l, const char *list,
	const char *separators, const struct object *of, const char *name, char **ret_path)
{
	static const char *const libs[] = {"lib/x86_64-linux-gnu", "lib64", "lib"};
	const struct node *node = NULL;

	while (list && !node) {
		size_t len = strcspn(list, separators);

		if (!effort_spend(l->r->left, 1 + len / 8)) {
			return NULL;
		}
		for (size_t i = 0; i < ARRAY_SIZE(libs) && !node; i++) {
			auto_free char *dir = expand(list, len, of, libs[i]);

			node = candidate_in(l, dir, name, ret_path);
			if (!memmem(list, len, "LIB", 3)) {
				break;
			}
		}
		list = list[len] ? list + len + 1 : NULL;
	}
	return node;
}

/* DT_RPATH of the object and of those that led to it; musl takes DT_RUNPATH for the same. */
static const struct node *search_rpath(
	const struct loading *l, size_t at, const char *name, char **ret_path)
{
	const struct node *node = NULL;

	if (!l->musl && node_elf(l->objects.v[at].node)->runpath) {
		return NULL;
	}
	for (; at != NO_LOADER && !node; at = l->objects.v[at].loader) {
		const struct object *o = &l->objects.v[at];
		const char *runpath = node_elf(o->node)->runpath;
		const char *rpath = runpath && !l->musl ? NULL
				    : runpath           ? runpath
							: node_elf(o->node)->rpath;

		node = rpath && *rpath ? search_list(l, rpath, ":", o, name, ret_path) : NULL;
	}
	return node;
}

static const struct node *search(
	const struct loading *l, size_t at, const char *name, char **ret_path)
{
	const struct object *o = &l->objects.v[at];
	const char *env = resolver_env(l->r, "LD_LIBRARY_PATH");
	const struct node *node = NULL;

	(void)effort_spend(l->r->left, l->r->env ? l->r->env->n / 8 : 0);
	env = env && *env ? env : NULL;
	if (strchr(name, '/')) {
		return candidate(l, expand(name, strlen(name), o, "lib"), ret_path);
	}
	if (l->musl) {
		node = search_list(l, env, ":\n", o, name, ret_path);
	}
	node = node ? node : search_rpath(l, at, name, ret_path);
	if (!node && !l->musl) {
		node = search_list(l, env, ":;", o, name, ret_path);
		node = node ? node
			    : search_list(l, node_elf(o->node)->runpath, ":", o, name, ret_path);
	}
	for (size_t i = 0; i < l->system.n && !node; i++) {
		node = candidate_in(l, l->system.v[i], name, ret_path);
	}
	return node;
}

/* ---- all of them ------------------------------------------------------------------------- */

/* musl is one file under many names (ldso/dynlink.c, load_library). */
static bool is_musl_itself(const char *name)
{
	static const char *const reserved[] = {
		"libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet."};

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		if (str_starts(name, reserved[i])) {
			return true;
		}
	}
	return false;
}

static void object_add(struct loading *l, const struct node *node, char *path, size_t loader)
{
	*ARRAY_PUSH(&l->objects) = (struct object){node, path, loader};
	if (node_elf(node)->soname && !strv_has(&l->names, node_elf(node)->soname)) {
		strv_add(&l->names, node_elf(node)->soname);
	}
}

static void library(struct loading *l, size_t at, const char *name)
{
	struct program_step *step;
	auto_free char *path = NULL;
	const struct node *node;

	if (strv_has(&l->names, name) || (l->musl && is_musl_itself(name))) {
		return;
	}
	strv_add(&l->names, name);
	node = search(l, at, name, &path);
	step = resolver_step(l->r, xasprintf("library of %s", l->objects.v[at].path), name);
	if (!node && !*l->r->left) {
		step->unsure = true;
		return;
	}
	if (!node) {
		step->problem = xasprintf("not found where the %s loader looks for it%s",
			l->musl ? "musl" : "glibc",
			resolver_env(l->r, "LD_LIBRARY_PATH") ? " (LD_LIBRARY_PATH is set)" : "");
		return;
	}
	step->found = node_path(node);
	step->unsure = node_elf(node)->truncated;
	if (node_elf(node)->broken) {
		step->problem = xstrdup("is a broken ELF file");
	}
	object_add(l, node, steal_ptr(path), at);
}

static void loading_release(struct loading *l)
{
	for (size_t i = 0; i < l->objects.n; i++) {
		free(l->objects.v[i].path);
	}
	free(l->objects.v);
	strv_release(&l->system);
	strv_release(&l->names);
}

/* Breadth first, each name once, as both loaders do. */
void resolver_libraries(
	const struct resolver *r, const struct node *program, const struct node *interpreter)
{
	AUTO(loading)
	struct loading l = {.r = r, .program = node_elf(program), .interpreter = interpreter};
	auto_free char *path = node_path(program);
	size_t looked_for = 0;
	bool more = false;

	l.musl = is_musl(&l);
	if (l.musl) {
		musl_dirs(&l);
	} else {
		glibc_dirs(&l);
	}
	strv_add(&l.names, interpreter->name);
	if (node_elf(interpreter)->soname) {
		strv_add(&l.names, node_elf(interpreter)->soname);
	}
	object_add(&l, program, xasprintf("/%s", path), NO_LOADER);
	for (size_t at = 0; at < l.objects.n && !more; at++) {
		const struct strv *needed = &node_elf(l.objects.v[at].node)->needed;

		looked_for += needed->n;
		more = l.objects.n > MAX_OBJECTS || looked_for > MAX_LOOKED_FOR;
		for (size_t i = 0; i < needed->n && !more; i++) {
			library(&l, at, needed->v[i]);
			more = !*r->left;
		}
	}
	if (more) {
		resolver_step(r, xstrdup("library"), "the remaining ones")->unsure = true;
	}
}
