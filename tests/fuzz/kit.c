#include "tests/fuzz/kit.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "image/source.h"
#include "image/tar_path.h"
#include "image/tree_build.h"
#include "reports/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Noreturn void fuzz_fail(const char *file, int line, const char *condition)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/* ---- the input ------------------------------------------------------------------------------- */

uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->left) {
		return 0;
	}
	in->left--;
	return *in->at++;
}

static size_t field_len(const struct fuzz_input *in)
{
	const uint8_t *nul = in->left ? memchr(in->at, 0, in->left) : NULL;

	return nul ? (size_t)(nul - in->at) : in->left;
}

static void skip(struct fuzz_input *in, size_t len)
{
	len += len < in->left; /* the NUL */
	in->at += len;
	in->left -= len;
}

static char *copy(const struct fuzz_input *in, size_t len, size_t nul)
{
	char *bytes = xcalloc(len + nul, 1);

	if (len) {
		memcpy(bytes, in->at, len);
	}
	return bytes;
}

char *fuzz_field(struct fuzz_input *in)
{
	size_t len = field_len(in);
	char *text = copy(in, len, 1);

	skip(in, len);
	return text;
}

char *fuzz_bytes(struct fuzz_input *in, size_t *ret_len)
{
	char *bytes = copy(in, field_len(in), 0);

	*ret_len = field_len(in);
	skip(in, *ret_len);
	return bytes;
}

char *fuzz_rest(struct fuzz_input *in, size_t *ret_len)
{
	char *bytes = copy(in, in->left, 0);

	*ret_len = in->left;
	*in = (struct fuzz_input){0};
	return bytes;
}

static int memory_file(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0);
	return fd;
}

const char *fuzz_file(const void *bytes, size_t len)
{
	static int fd = -1;
	static char path[64];

	if (fd < 0) {
		fd = memory_file();
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	MUST(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	MUST(file_write_fd(fd, bytes, len, NULL) == 0);
	return path;
}

void fuzz_tmpdir(void)
{
	MUST(setenv("TMPDIR", "/dev/shm", 1) == 0);
}

/* ---- images ---------------------------------------------------------------------------------- */

struct memory {
	struct source source;
	const struct fuzz_blob *blobs;
	size_t n;
};

static int memory_find(const struct source *source, const char *name, struct blob *ret,
	uint64_t *ret_declared, struct err *err)
{
	const struct memory *m = (const struct memory *)source;
	uint64_t i;
	int fd;

	if (parse_u64(name, m->n - 1, &i, err)) {
		return -1;
	}
	fd = memory_file();
	MUST(file_write_fd(fd, m->blobs[i].bytes, m->blobs[i].len, NULL) == 0);
	*ret = (struct blob){fd, 0, m->blobs[i].len};
	*ret_declared = ret->size;
	return 0;
}

static void memory_free(struct source *source)
{
	free(source);
}

struct image *fuzz_image(const struct fuzz_blob *layers, size_t n)
{
	static const struct source_ops ops = {memory_find, memory_free};
	struct image *image = xcalloc(1, sizeof(*image));
	struct memory *m = xcalloc(1, sizeof(*m));
	char digest[DIGEST_TEXT_MAX];

	*m = (struct memory){{.ops = &ops}, layers, n};
	image->source = &m->source;
	image->layers = xcalloc(n, sizeof(*image->layers));
	image->n_layers = n;
	for (size_t i = 0; i < n; i++) {
		digest_of(DIGEST_SHA256, layers[i].bytes, layers[i].len, digest);
		image->layers[i].digest = xstrdup(digest);
		image->layers[i].diff_id = xstrdup(digest);
		image->layers[i].size = layers[i].len;
		image->layers[i].file = xasprintf("%zu", i);
	}
	return image;
}

bool fuzz_path_is_plain(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (!len || (len == 1 && *path == '.') ||
			(len == 2 && path[0] == '.' && path[1] == '.')) {
			return false;
		}
		path += len;
		if (*path && !*++path) {
			return false;
		}
	}
	return true;
}

static void check_children(const struct node *node)
{
	for (const struct node *n = node->first_child; n; n = n->next) {
		MUST(n->parent == node);
		MUST(!n->next || strcmp(n->name, n->next->name) < 0);
	}
}

static void check_content(const struct node *node)
{
	MUST(node->type == NODE_DIR || !node->first_child);
	MUST((node->type == NODE_SYMLINK) == (node_target(node) != NULL));
	MUST(node->type == NODE_FILE || (!node_text(node) && !node_elf(node) && !node->size));
	MUST(!node_text(node) || node_text(node)[node_text_len(node)] == '\0');
	MUST(!node_text(node) || node_text_len(node) <= node->size);
	MUST((node->mode & ~(mode_t)07777) == 0);
}

static int check_node(const struct node *node, void *arg)
{
	const struct tree *tree = ((void **)arg)[0];
	size_t *n = ((void **)arg)[1];
	auto_free char *path = node_path(node);

	(*n)++;
	MUST(tree_lookup(tree, path, false) == node);
	MUST(!node->parent == (node == tree_root(tree)));
	MUST(!node->parent || (*node->name && !strchr(node->name, '/')));
	MUST(fuzz_path_is_plain(path));
	MUST(node->type == NODE_DIR || !str_starts(node->name, ".wh."));
	check_children(node);
	check_content(node);
	return 0;
}

void fuzz_check_tree(const struct tree *tree)
{
	size_t n = 0;
	union {
		const struct tree *in;
		void *out;
	} u = {.in = tree};
	void *arg[] = {u.out, &n};

	MUST(tree_walk(tree_root(tree), check_node, arg) == 0);
	MUST(n == tree_count(tree));
}

/* ---- reports --------------------------------------------------------------------------------- */

void fuzz_report(const struct result *result, size_t format)
{
	const struct report_options options = {.verbose = true};
	AUTO(buf) struct buf out;

	buf_init(&out, (size_t)64 << 20);
	MUST(report_formats[format].write(result, &options, &out, NULL) == 0);
	MUST(utf8_valid(buf_str(&out), out.len));
	if (str_eq(report_formats[format].name, "json")) {
		auto_json json_t *json = NULL;

		MUST(json_parse(buf_str(&out), out.len, NULL, &json, NULL) == 0);
	}
}

/* ---- tree programs --------------------------------------------------------------------------- */

static bool row_read(struct fuzz_input *in, char op, char *name, struct entry *e)
{
	static const struct {
		char op;
		enum node_type type;
		mode_t mode;
	} rows[] = {{'d', NODE_DIR, 0755}, {'t', NODE_FILE, 0644}, {'x', NODE_FILE, 0755},
		{'e', NODE_FILE, 0755}, {'s', NODE_SYMLINK, 0777}, {'h', NODE_FILE, 0},
		{'c', NODE_CHAR, 0600}, {'p', NODE_FIFO, 0600}, {'l', NODE_DIR, 0700}};

	(void)in;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].op == op) {
			e->type = rows[i].type;
			e->mode = rows[i].mode;
			e->hardlink = op == 'h';
			e->path = name;
			return true;
		}
	}
	return false;
}

/* "interp needed needed": an x86-64 program. */
static struct elf *row_elf(const char *text)
{
	struct elf *elf = xcalloc(1, sizeof(*elf));

	elf->machine = 62;
	elf->class_bits = 64;
	elf->type = 3;
	while (*text) {
		size_t len = strcspn(text, " ");
		char *word = xstrndup(text, len);

		if (!elf->interp && *word == '/') {
			elf->interp = word;
		} else if (!elf->runpath && str_starts(word, "$")) {
			elf->runpath = word;
		} else {
			strv_take(&elf->needed, word);
		}
		text += len + (text[len] == ' ');
	}
	return elf;
}

static void row_apply(struct tree *tree, struct entry *e, char op, const char *argument)
{
	struct tree_place place;
	char path[LIMIT_PATH];

	if (tar_path_normalise(e->path, path, NULL) ||
		tar_path_whiteout(path, &e->whiteout, NULL)) {
		return;
	}
	e->path = path;
	e->target = argument;
	e->size = e->type == NODE_FILE && argument && !e->hardlink ? strlen(argument) : 0;
	if (tree_apply(tree, e, NULL, &place, NULL)) {
		return;
	}
	MUST(fuzz_path_is_plain(place.path));
	if (place.node) {
		auto_free char *found = node_path(place.node);

		MUST(str_eq(found, place.path));
	}
	if (e->whiteout != WHITEOUT_NONE || e->hardlink || e->type != NODE_FILE) {
		return;
	}
	if (op == 'e') {
		(void)tree_set_elf(tree, place.node, row_elf(argument), NULL);
	} else {
		(void)tree_set_text(tree, place.node, xstrdup(argument), strlen(argument));
	}
}

struct tree *fuzz_tree(struct fuzz_input *in)
{
	struct tree *tree = tree_new();
	size_t layer = 0;

	while (in->left) {
		auto_free char *row = fuzz_field(in);
		auto_free char *argument = NULL;
		struct entry e = {.layer = layer};

		if (!*row) {
			break;
		}
		if (*row == 'n') {
			layer++;
			tree_begin(tree, layer, NULL);
		} else if (row_read(in, *row, row + 1, &e)) {
			argument = strchr("txesh", *row) ? fuzz_field(in) : NULL;
			row_apply(tree, &e, *row, argument);
		}
	}
	tree_seal(tree);
	return tree;
}
