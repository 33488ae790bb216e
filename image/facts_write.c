#include "base/alloc.h"
#include "base/pack.h"
#include "base/sys_file.h"
#include "image/facts_private.h"
#include "image/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLUSH_AT = 256 * 1024 };

struct facts_writer {
	const struct facts *facts;
	char name[FACTS_NAME_MAX];
	char unfinished[32]; /* its name until then; "" when there is no file */
	int fd;
	struct digest *digest;
	struct buf buf;
	struct pack pack;
	uint64_t size; /* written */
	bool failed;
};

static int open_unfinished(struct facts_writer *w)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		return -1;
	}
	(void)snprintf(w->unfinished, sizeof(w->unfinished), "tmp.%016" PRIx64, random);
	w->fd = openat(w->facts->dir, w->unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->fd < 0) {
		w->unfinished[0] = '\0';
		return -1;
	}
	/* until it is closed: it is not abandoned */
	return (int)TEMP_FAILURE_RETRY(flock(w->fd, LOCK_SH | LOCK_NB));
}

struct facts_writer *facts_writer_new(const struct facts *f, const char *name)
{
	AUTO_PTR(facts_writer) struct facts_writer *w = xcalloc(1, sizeof(*w));

	w->facts = f;
	w->fd = -1;
	(void)snprintf(w->name, sizeof(w->name), "%s", name);
	buf_init(&w->buf, LIMIT_FACTS_RECORD);
	w->pack.buf = &w->buf;
	if (open_unfinished(w) < 0) {
		return NULL;
	}
	w->digest = digest_new(DIGEST_SHA256);
	pack_text(&w->pack, name);
	return steal_ptr(w);
}

void facts_writer_free(struct facts_writer *w)
{
	if (!w) {
		return;
	}
	if (w->unfinished[0]) {
		(void)unlinkat(w->facts->dir, w->unfinished, 0);
	}
	cleanup_fd(&w->fd);
	digest_free(w->digest);
	buf_release(&w->buf);
	free(w);
}

/* A layer with more to say than the limit is read again each time. */
static void flush(struct facts_writer *w)
{
	w->failed = w->failed || w->pack.failed || w->buf.len > LIMIT_FACTS_RECORD - w->size ||
		    file_write_fd(w->fd, buf_str(&w->buf), w->buf.len, NULL);
	if (!w->failed) {
		digest_add(w->digest, buf_str(&w->buf), w->buf.len);
		w->size += w->buf.len;
	}
	buf_clear(&w->buf);
}

/* Returns where to write an item of this kind, NULL when there is no use any more. */
static struct pack *begin(struct facts_writer *w, enum facts_kind kind)
{
	if (!w || w->failed) {
		return NULL;
	}
	if (w->buf.len >= FLUSH_AT) {
		flush(w);
	}
	pack_number(&w->pack, kind);
	return &w->pack;
}

void facts_writer_entry(struct facts_writer *w, const struct entry *entry)
{
	const uint64_t numbers[] = {entry->type, entry->hardlink, entry->whiteout, entry->mode,
		entry->uid, entry->gid, entry->size, entry->mtime_ns, entry->dev_major,
		entry->dev_minor, entry->n_xattrs};
	struct pack *p = begin(w, FACTS_ENTRY);

	if (!p) {
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		pack_number(p, numbers[i]);
	}
	pack_signed(p, entry->mtime);
	pack_text(p, entry->path);
	pack_text(p, entry->target);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		pack_text(p, entry->xattrs[i].name);
		pack_bytes(p, entry->xattrs[i].value, entry->xattrs[i].len);
	}
}

void facts_writer_elf(struct facts_writer *w, const struct elf *elf)
{
	const uint64_t numbers[] = {elf->machine, elf->type, elf->class_bits, elf->osabi,
		elf->big_endian, elf->truncated, elf->broken, elf->isa_needed, elf->needed.n};
	const char *const texts[] = {elf->interp, elf->soname, elf->rpath, elf->runpath};
	struct pack *p = begin(w, FACTS_ELF);

	if (!p) {
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		pack_number(p, numbers[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		pack_text(p, texts[i]);
	}
	for (size_t i = 0; i < elf->needed.n; i++) {
		pack_text(p, elf->needed.v[i]);
	}
}

void facts_writer_text(struct facts_writer *w, const char *text, size_t len)
{
	struct pack *p = begin(w, FACTS_TEXT);

	if (p) {
		pack_bytes(p, text, len);
	}
}

/* What stands at the end: of the layer as a whole, where that begins, and the digest of all before. */
static void finish(
	struct facts_writer *w, const struct facts_layer *layer, const struct buf *memory)
{
	struct pack *p = begin(w, FACTS_END);
	char digest[DIGEST_TEXT_MAX];
	uint64_t at;

	if (!p) {
		return;
	}
	at = w->size + w->buf.len - 1; /* the kind is one byte */
	pack_number(p, layer->encoding);
	pack_number(p, layer->tar_size);
	pack_bytes(p, buf_str(memory), memory->len);
	w->failed = w->failed || buf_add(&w->buf, &at, sizeof(at), NULL);
	flush(w);
	digest_end(w->digest, digest);
	w->failed = w->failed || file_write_fd(w->fd, digest, strlen(digest), NULL);
}

void facts_writer_publish(
	struct facts_writer *w, const struct facts_layer *layer, const struct buf *memory)
{
	if (!w) {
		return;
	}
	finish(w, layer, memory);
	if (!w->failed && renameat(w->facts->dir, w->unfinished, w->facts->dir, w->name) == 0) {
		w->unfinished[0] = '\0';
	}
}
