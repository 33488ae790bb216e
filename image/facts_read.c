#include "base/alloc.h"
#include "base/pack.h"
#include "base/sys_file.h"
#include "image/facts_private.h"
#include "image/limits.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Behind the record: where its end begins, and the digest. */
enum { DIGEST_LEN = sizeof("sha256:") - 1 + 64 };

static bool digest_good(const struct buf *bytes, size_t len)
{
	char digest[DIGEST_TEXT_MAX];

	digest_of(DIGEST_SHA256, bytes->data, len, digest);
	return memcmp(bytes->data + len, digest, DIGEST_LEN) == 0;
}

static bool parse_end(struct facts_record *r, const uint8_t *from, const uint8_t *to)
{
	struct unpack u = {from, to, false};

	if (unpack_number(&u) != FACTS_END) {
		return false;
	}
	r->layer.encoding = (enum layer_encoding)unpack_count(&u, LAYER_ZSTD);
	r->layer.tar_size = unpack_number(&u);
	r->memory = unpack_bytes(&u, &r->memory_len);
	return !u.broken && u.at == u.end;
}

int facts_parse(struct facts_record *r, const char *name, struct err *err)
{
	const uint8_t *first = (const uint8_t *)buf_str(&r->bytes);
	size_t len = r->bytes.len;
	const char *own;
	uint64_t end;

	if (len < sizeof(end) + DIGEST_LEN || !digest_good(&r->bytes, len - DIGEST_LEN)) {
		return err_set(err, ERR_MALFORMED, "damaged facts of a layer");
	}
	len -= DIGEST_LEN + sizeof(end);
	memcpy(&end, first + len, sizeof(end));
	if (end > len || !parse_end(r, first + end, first + len)) {
		return err_set(err, ERR_MALFORMED, "facts of a layer without an end");
	}
	r->items = (struct unpack){first, first + end, false};
	own = unpack_text(&r->items);
	if (!own || strcmp(own, name) != 0) {
		return err_set(err, ERR_MALFORMED, "facts of another layer");
	}
	return 0;
}

int facts_read(const struct facts *f, const char *name, struct facts_record *ret)
{
	AUTO(facts_record) struct facts_record r = {0};
	auto_fd int fd = openat(f->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	buf_init(&r.bytes, LIMIT_FACTS_RECORD + DIGEST_LEN);
	if (fd < 0 || file_read_fd(fd, &r.bytes, NULL) || facts_parse(&r, name, NULL)) {
		return -1;
	}
	(void)futimens(fd, NULL); /* used now: the oldest go first */
	*ret = r;
	r = (struct facts_record){0};
	return 0;
}

void facts_record_release(struct facts_record *r)
{
	buf_release(&r->bytes);
	free(r->xattrs.v);
	*r = (struct facts_record){0};
}

static void next_entry(struct facts_record *r, struct entry *e)
{
	struct unpack *u = &r->items;

	*e = (struct entry){.type = (enum node_type)unpack_count(u, NODE_FIFO)};
	e->hardlink = unpack_count(u, true);
	e->whiteout = (enum whiteout)unpack_count(u, WHITEOUT_OPAQUE);
	e->mode = (mode_t)unpack_count(u, 07777);
	e->uid = (uint32_t)unpack_count(u, UINT32_MAX);
	e->gid = (uint32_t)unpack_count(u, UINT32_MAX);
	e->size = unpack_number(u);
	e->mtime_ns = (uint32_t)unpack_count(u, UINT32_MAX);
	e->dev_major = (uint32_t)unpack_count(u, UINT32_MAX);
	e->dev_minor = (uint32_t)unpack_count(u, UINT32_MAX);
	e->n_xattrs = (size_t)unpack_count(u, (uint64_t)(u->end - u->at));
	e->mtime = unpack_signed(u);
	e->path = unpack_text(u);
	e->target = unpack_text(u);
	r->xattrs.n = 0;
	for (size_t i = 0; i < e->n_xattrs && !u->broken; i++) {
		struct entry_xattr *x = ARRAY_PUSH(&r->xattrs);

		x->name = unpack_text(u);
		x->value = unpack_bytes(u, &x->len);
		u->broken |= !x->name;
	}
	e->xattrs = r->xattrs.v;
	u->broken |= !e->path;
}

static struct elf *next_elf(struct unpack *u)
{
	struct elf *elf = xcalloc(1, sizeof(*elf));
	char **const texts[] = {&elf->interp, &elf->soname, &elf->rpath, &elf->runpath};
	uint64_t n;

	elf->machine = (uint16_t)unpack_count(u, UINT16_MAX);
	elf->type = (uint16_t)unpack_count(u, UINT16_MAX);
	elf->class_bits = (uint8_t)unpack_count(u, UINT8_MAX);
	elf->osabi = (uint8_t)unpack_count(u, UINT8_MAX);
	elf->big_endian = unpack_count(u, true);
	elf->truncated = unpack_count(u, true);
	elf->broken = unpack_count(u, true);
	elf->isa_needed = (uint32_t)unpack_count(u, UINT32_MAX);
	n = unpack_count(u, (uint64_t)(u->end - u->at));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		*texts[i] = xstrdup(unpack_text(u));
	}
	for (uint64_t i = 0; i < n && !u->broken; i++) {
		const char *needed = unpack_text(u);

		strv_add(&elf->needed, needed ? needed : "");
	}
	return elf;
}

enum facts_kind facts_next(struct facts_record *r, struct facts_item *ret)
{
	struct unpack *u = &r->items;
	enum facts_kind kind;

	if (u->at == u->end && !u->broken) {
		return FACTS_END;
	}
	kind = (enum facts_kind)unpack_count(u, FACTS_TEXT);
	if (kind == FACTS_ENTRY) {
		next_entry(r, &ret->entry);
	} else if (kind == FACTS_ELF) {
		ret->elf = next_elf(u);
	} else if (kind == FACTS_TEXT) {
		ret->text = unpack_bytes(u, &ret->text_len);
	}
	if (u->broken || kind == FACTS_END || kind == FACTS_BROKEN) {
		if (kind == FACTS_ELF) {
			elf_free(ret->elf);
		}
		return FACTS_BROKEN;
	}
	return kind;
}
