#include "image/store_private.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <inttypes.h>
#include <string.h>

/* Far more than four lines need. */
#define META_MAX 4096

static const struct {
	const char *name;
	size_t offset;
} counts[] = {
	{"owners", offsetof(struct store_lost, owners)},
	{"xattrs", offsetof(struct store_lost, xattrs)},
	{"devices", offsetof(struct store_lost, devices)},
};

static uint64_t *count_at(struct store_lost *lost, size_t i)
{
	return (uint64_t *)(void *)((char *)lost + counts[i].offset);
}

int store_meta_write(int layer, const struct store_meta *meta, struct err *err)
{
	AUTO(buf) struct buf text;
	struct store_lost lost = meta->lost;

	buf_init(&text, META_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (buf_addf(&text, err, "%s %" PRIu64 "\n", counts[i].name, *count_at(&lost, i))) {
			return -1;
		}
	}
	if (buf_addf(&text, err, "opaque_root %d\n", meta->opaque_root)) {
		return -1;
	}
	return file_write(layer, "meta", text.data, text.len, err);
}

static int read_line(const struct line *line, struct store_meta *meta, struct err *err)
{
	auto_free char *text = strndup(line->s, line->len);
	char *value = text ? strchr(text, ' ') : NULL;
	uint64_t number;

	if (!value) {
		return err_set(err, ERR_MALFORMED, "broken 'meta' in the layer store");
	}
	*value++ = '\0';
	if (parse_u64(value, UINT64_MAX, &number, err)) {
		return err_wrap(err, "'meta' in the layer store");
	}
	meta->opaque_root |= str_eq(text, "opaque_root") && number;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (str_eq(text, counts[i].name)) {
			*count_at(&meta->lost, i) = number;
		}
	}
	return 0;
}

int store_meta_read(int layer, struct store_meta *ret, struct err *err)
{
	AUTO(buf) struct buf text;
	const char *at;
	struct line line;

	buf_init(&text, META_MAX);
	*ret = (struct store_meta){0};
	if (file_read(layer, "meta", &text, err)) {
		return -1;
	}
	at = buf_str(&text);
	while (line_next(&at, buf_str(&text) + text.len, &line)) {
		if (read_line(&line, ret, err)) {
			return -1;
		}
	}
	return 0;
}
