#include "image/tar_header.h"

#include "base/cleanup.h"

#include <stddef.h>
#include <string.h>

/* Where the fields are: POSIX.1-2001 "ustar Interchange Format", and GNU tar's and star's of what
 * follows the magic. */
enum { SIZE = 124, CHECKSUM = 148, TYPE = 156, LINK = 157, MAGIC = 257, PREFIX = 345 };
enum { PREFIX_LEN = 155 };
enum { GNU_ATIME = 345, GNU_CTIME = 357, GNU_MAP = 386, GNU_EXTENDED = 482, GNU_REAL_SIZE = 483 };
enum { MAP_EXTENDED = 504 };
enum { STAR_ATIME = 476, STAR_CTIME = 488, STAR_TRAILER = 508 };

/* Two's complement, big-endian; the first bit only says that it is not octal. */
static bool parse_base256(const uint8_t *field, size_t len, int64_t *ret)
{
	uint8_t invert = field[0] & 0x40 ? 0xff : 0;
	uint64_t value = (field[0] ^ invert) & 0x7f;

	for (size_t i = 1; i < len; i++) {
		if (value >> 56) {
			return false;
		}
		value = value << 8 | (uint8_t)(field[i] ^ invert);
	}
	if (value > INT64_MAX) {
		return false;
	}
	*ret = invert ? -(int64_t)value - 1 : (int64_t)value;
	return true;
}

static bool is_padding(uint8_t c)
{
	return c == ' ' || c == '\0';
}

/* Spaces and NULs around it do not count, nor what follows a NUL inside. Twelve digits at most. */
static bool parse_octal(const uint8_t *field, size_t len, int64_t *ret)
{
	uint64_t value = 0;

	while (len && is_padding(field[len - 1])) {
		len--;
	}
	for (; len && is_padding(*field); field++) {
		len--;
	}
	for (; len && *field; field++, len--) {
		if (*field < '0' || *field > '7') {
			return false;
		}
		value = value << 3 | (uint64_t)(*field - '0');
	}
	*ret = (int64_t)value;
	return true;
}

static bool parse_number(const uint8_t *field, size_t len, int64_t *ret)
{
	*ret = 0;
	return field[0] & 0x80 ? parse_base256(field, len, ret) : parse_octal(field, len, ret);
}

static bool checksum_good(const uint8_t block[TAR_BLOCK])
{
	int64_t said;
	int64_t sum = 0;
	int64_t high = 0; /* bytes from 0x80: some old tars added them as negative numbers */

	if (!parse_octal(block + CHECKSUM, 8, &said)) {
		return false;
	}
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		sum += block[i];
		high += block[i] >> 7;
	}
	for (size_t i = CHECKSUM; i < CHECKSUM + 8; i++) {
		sum += ' ' - block[i];
		high -= block[i] >> 7;
	}
	return said == sum || said == sum - 256 * high;
}

static enum tar_format format_of(const uint8_t block[TAR_BLOCK])
{
	if (memcmp(block + MAGIC, "ustar", 6) == 0) {
		return memcmp(block + STAR_TRAILER, "tar", 4) == 0 ? TAR_STAR : TAR_USTAR;
	}
	return memcmp(block + MAGIC, "ustar  ", 8) == 0 ? TAR_GNU : TAR_V7;
}

static void read_numbers(const uint8_t block[TAR_BLOCK], struct tar_header *h)
{
	int64_t ignored;
	const struct {
		const char *name;
		size_t at, len;
		bool there;
		int64_t *ret;
	} numbers[] = {{"mode", 100, 8, true, &h->mode}, {"uid", 108, 8, true, &h->uid},
		{"gid", 116, 8, true, &h->gid}, {"size", SIZE, 12, true, &h->size},
		{"mtime", 136, 12, true, &h->mtime},
		{"devmajor", 329, 8, h->format != TAR_V7, &h->dev_major},
		{"devminor", 337, 8, h->format != TAR_V7, &h->dev_minor},
		{"atime", STAR_ATIME, 12, h->format == TAR_STAR, &ignored},
		{"ctime", STAR_CTIME, 12, h->format == TAR_STAR, &ignored}};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (numbers[i].there &&
			!parse_number(block + numbers[i].at, numbers[i].len, numbers[i].ret)) {
			h->bad = numbers[i].name;
		}
	}
}

/* What stands where GNU has times is a prefix when it is no number but ASCII text. */
static bool has_gnu_prefix(const uint8_t block[TAR_BLOCK])
{
	int64_t ignored;

	if ((!block[GNU_ATIME] || parse_number(block + GNU_ATIME, 12, &ignored)) &&
		(!block[GNU_CTIME] || parse_number(block + GNU_CTIME, 12, &ignored))) {
		return false;
	}
	for (size_t i = PREFIX; i < PREFIX + PREFIX_LEN && block[i]; i++) {
		if (block[i] >= 0x80) {
			return false;
		}
	}
	return block[PREFIX] != '\0';
}

/* The field up to its first NUL, and a NUL behind it. Returns its length. */
static size_t put_text(char *to, const uint8_t *field, size_t len)
{
	len = strnlen((const char *)field, len);
	memcpy(to, field, len);
	to[len] = '\0';
	return len;
}

static void read_path(const uint8_t block[TAR_BLOCK], struct tar_header *h)
{
	size_t prefix = 0;
	char *to = h->path;

	if (h->format == TAR_USTAR || h->gnu_prefix) {
		prefix = PREFIX_LEN;
	} else if (h->format == TAR_STAR) {
		prefix = 131;
	}
	if (prefix && block[PREFIX]) {
		to += put_text(to, block + PREFIX, prefix);
		*to++ = '/';
	}
	(void)put_text(to, block, 100);
}

bool tar_header_parse(const uint8_t block[TAR_BLOCK], struct tar_header *ret)
{
	if (!checksum_good(block)) {
		return false;
	}
	*ret = (struct tar_header){.format = format_of(block), .type = (char)block[TYPE]};
	ret->gnu_prefix = ret->format == TAR_GNU && has_gnu_prefix(block);
	read_numbers(block, ret);
	read_path(block, ret);
	(void)put_text(ret->link, block + LINK, 100);
	return true;
}

static bool all_nul(const uint8_t *field, size_t len)
{
	return !len || (!*field && memcmp(field, field + 1, len - 1) == 0);
}

/* Octal digits, and spaces or NULs behind them. */
static bool is_plain_number(const uint8_t *field, size_t len)
{
	size_t n = 0;

	while (n < len && field[n] >= '0' && field[n] <= '7') {
		n++;
	}
	if (!n || n == len) {
		return false;
	}
	while (n < len && is_padding(field[n])) {
		n++;
	}
	return n == len;
}

/* Printable ASCII, and NULs behind it. Returns its length, SIZE_MAX when it is something else. */
static size_t plain_text(const uint8_t *field, size_t len)
{
	size_t n = 0;

	while (n < len && field[n] >= ' ' && field[n] < 0x7f) {
		n++;
	}
	return all_nul(field + n, len - n) ? n : SIZE_MAX;
}

static bool has_plain_names(const uint8_t block[TAR_BLOCK], bool link)
{
	size_t name = plain_text(block, 100);
	size_t target = plain_text(block + LINK, 100);

	if (!name || name == SIZE_MAX || target == SIZE_MAX || link != (target != 0)) {
		return false;
	}
	return block[TYPE] == '5' || block[name - 1] != '/';
}

/* What the two formats have behind the numbers of devices. */
static bool has_plain_end(const uint8_t block[TAR_BLOCK])
{
	if (memcmp(block + MAGIC, "ustar  ", 8) == 0) {
		return all_nul(block + PREFIX, TAR_BLOCK - PREFIX);
	}
	return memcmp(block + MAGIC, "ustar\00000", 8) == 0 &&
	       plain_text(block + PREFIX, PREFIX_LEN) != SIZE_MAX &&
	       all_nul(block + PREFIX + PREFIX_LEN, TAR_BLOCK - PREFIX - PREFIX_LEN);
}

bool tar_header_plain(const uint8_t block[TAR_BLOCK])
{
	static const struct {
		size_t at, len;
		bool may_lack;
	} numbers[] = {{100, 8, false}, {108, 8, false}, {116, 8, false}, {SIZE, 12, false},
		{136, 12, false}, {CHECKSUM, 8, false}, {329, 8, true}, {337, 8, true}};
	uint8_t type = block[TYPE];

	if (!type || !strchr("0125", type) || !has_plain_end(block) ||
		!has_plain_names(block, type == '1' || type == '2')) {
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const uint8_t *field = block + numbers[i].at;

		if (!is_plain_number(field, numbers[i].len) &&
			!(numbers[i].may_lack && all_nul(field, numbers[i].len))) {
			return false;
		}
	}
	return type == '0' || strspn((const char *)block + SIZE, "0") >= 11;
}

bool tar_header_real_size(const uint8_t block[TAR_BLOCK], int64_t *ret)
{
	return parse_number(block + GNU_REAL_SIZE, 12, ret);
}

bool tar_map_block_piece(
	const struct tar_map_block *b, size_t i, int64_t *ret_offset, int64_t *ret_len)
{
	size_t at = (b->more ? 0 : GNU_MAP) + i * 24;

	if (i >= (b->more ? 21 : 4) || !b->block[at]) {
		return false;
	}
	if (!parse_number(b->block + at, 12, ret_offset) ||
		!parse_number(b->block + at + 12, 12, ret_len)) {
		*ret_len = -1;
	}
	return true;
}

bool tar_map_block_continues(const struct tar_map_block *b)
{
	return b->block[b->more ? MAP_EXTENDED : GNU_EXTENDED] != 0;
}
