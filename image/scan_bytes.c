/*
 * Who reads the bytes of a layer's tar. An entry whose header leaves no two readings (tar_raw_item's
 * plain) is read here and withheld from libarchive, which it would cost several times as much; libarchive
 * gets all others, and sees a shorter tar.
 *
 * It is withheld only where libarchive stands right before it and holds nothing else: what libarchive
 * asks for then begins with the header of another entry. When it asks for more in the middle of one, the
 * two readers disagree where that ends: from there on libarchive reads along in everything, as it does
 * once something is wrong with the layer.
 */
#include "image/scan_layer.h"

#include "image/tar_header.h"

#include <errno.h>
#include <inttypes.h>

bool scan_all_to_archive;

static uint64_t block_end(const struct scan_bytes *b)
{
	return b->at + b->len;
}

/* Have a byte at b->next, if there is one. */
static int fill(struct scan_bytes *b, struct err *err)
{
	const void *data = NULL;
	size_t len = 0;
	int rc;

	if (b->next < block_end(b)) {
		return 0;
	}
	rc = layer_stream_read(b->stream, &data, &len, err);
	*b = (struct scan_bytes){.stream = b->stream,
		.together = b->together,
		.data = len ? data : (const void *)"",
		.len = len,
		.at = b->next,
		.next = b->next,
		.withheld = b->withheld};
	return rc;
}

/* The next bytes, none of them from behind until; *ret_len is 0 at the end of the tar. */
static int take(
	struct scan_bytes *b, uint64_t until, const void **ret, size_t *ret_len, struct err *err)
{
	uint64_t end;

	if (fill(b, err)) {
		return -1;
	}
	end = until < block_end(b) ? until : block_end(b);
	*ret = b->data + (b->next - b->at);
	*ret_len = (size_t)(end - b->next);
	b->next = end;
	return 0;
}

/* ---- libarchive's ----------------------------------------------------------------------------- */

/* Bytes that libarchive was given. */
static uint64_t given(const struct scan_bytes *b)
{
	return b->next - b->withheld;
}

/* It gets the first entry in any case, and knows by it that this is a tar. */
static int give(struct layer_scan *s, const void **ret, size_t *ret_len, struct err *err)
{
	struct scan_bytes *b = &s->bytes;
	uint64_t plain;

	if (s->in_headers && s->header_bytes > LIMIT_ENTRY_HEADERS) {
		(void)err_set(&s->fatal, ERR_LIMIT,
			"headers of more than %d MiB for one entry (before byte %" PRIu64
			" of the tar)",
			(int)(LIMIT_ENTRY_HEADERS / MIB), b->next);
		*err = s->fatal;
		return -1;
	}
	if (fill(b, err)) {
		return -1;
	}
	b->together |= s->n_violations != 0;
	plain = b->together ? UINT64_MAX : tar_raw_plain_at(s->raw, b->next + !given(b));
	if (plain == b->next) {
		b->together = true;
		plain = UINT64_MAX;
	}
	return take(b, plain, ret, ret_len, err);
}

la_ssize_t scan_bytes_give(struct archive *archive, void *arg, const void **data)
{
	struct layer_scan *s = arg;
	struct err err = {0};
	size_t len;

	if (give(s, data, &len, &err)) {
		archive_set_error(archive, err.sys ? err.sys : EINVAL, "%s", err.msg);
		return -1;
	}
	s->header_bytes += len;
	return (la_ssize_t)len;
}

long long scan_bytes_header(const struct layer_scan *s)
{
	return (long long)archive_read_header_position(s->archive) + (long long)s->bytes.withheld;
}

/* ---- ours ------------------------------------------------------------------------------------- */

bool scan_bytes_plain(struct layer_scan *s)
{
	struct scan_bytes *b = &s->bytes;

	/* what it still holds is in the block that fill() may let go */
	return !b->together && !s->n_violations && given(b) &&
	       archive_filter_bytes(s->archive, 0) == (la_int64_t)given(b) && fill(b, NULL) == 0 &&
	       tar_raw_plain_at(s->raw, b->next) == b->next;
}

void scan_bytes_begin(struct layer_scan *s, const struct tar_raw_item *item)
{
	uint64_t content = item->content - item->at;
	uint64_t size = item->type == '0' ? (uint64_t)item->size : 0;

	s->plain = true;
	s->plain_content = item->content;
	s->plain_end = item->content + size;
	s->bytes.withheld += content;
	s->bytes.next += content;
}

static int cut_short(struct layer_scan *s)
{
	archive_set_error(s->archive, EINVAL, "the tar ends within an entry");
	return ARCHIVE_FATAL;
}

/* Pass over what is left of the entry. */
static int skip(struct layer_scan *s)
{
	struct scan_bytes *b = &s->bytes;
	uint64_t end = (s->plain_end + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	const void *data;
	size_t len;

	while (b->next < end) {
		if (take(b, end, &data, &len, NULL) || !len) {
			return cut_short(s);
		}
		b->withheld += len;
	}
	return ARCHIVE_OK;
}

int scan_bytes_piece(struct layer_scan *s, const void **data, size_t *len, la_int64_t *offset)
{
	struct scan_bytes *b = &s->bytes;

	if (b->next >= s->plain_end) {
		return skip(s) == ARCHIVE_OK ? ARCHIVE_EOF : ARCHIVE_FATAL;
	}
	*offset = (la_int64_t)(b->next - s->plain_content);
	if (take(b, s->plain_end, data, len, NULL) || !*len) {
		return cut_short(s);
	}
	b->withheld += *len;
	return ARCHIVE_OK;
}

int scan_bytes_end(struct layer_scan *s)
{
	s->plain = false;
	return skip(s);
}
