#include "base/alloc.h"
#include "base/buf.h"
#include "image/inflate.h"
#include "image/inflate_codec.h"
#include "image/limits.h"
#include "tests/unit/layer_kit.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Text that compresses, with a part that does not: all kinds of deflate blocks. */
static void sample(struct buf *out, size_t len)
{
	uint32_t x = 12345;

	while (out->len < len) {
		x = x * 1664525 + 1013904223;
		if (out->len % 4096 < 1024) {
			cr_assert_eq(buf_add(out, &x, sizeof(x), NULL), 0);
		} else {
			cr_assert_eq(buf_addf(out, NULL, "line %u of the text\n", x % 100), 0);
		}
	}
}

/* Run the decoder over one piece of input until nothing more comes. */
static int decode_piece(
	struct inflate *z, struct inflate_io *io, size_t out_step, struct buf *out, struct err *err)
{
	bool full = false;
	int rc = 0;

	while (rc == 0 && (io->in_len || full)) {
		io->out = buf_reserve(out, out_step, err);
		cr_assert_not_null(io->out);
		io->out_len = out_step;
		rc = inflate_run(z, io, err);
		out->len += out_step - io->out_len;
		out->data[out->len] = '\0';
		full = !io->out_len;
	}
	return rc;
}

/* Everything decoded from in, given in pieces of in_step, taken in pieces of out_step. */
static int decode(struct inflate *z, const struct buf *in, size_t in_step, size_t out_step,
	struct buf *out, struct err *err)
{
	for (size_t given = 0; given < in->len; given += in_step) {
		size_t n = in->len - given < in_step ? in->len - given : in_step;
		/* in memory of its own: the sanitizer sees any look beyond the piece */
		auto_free uint8_t *piece = xcalloc(n, 1);
		struct inflate_io io = {.in = piece, .in_len = n};

		memcpy(piece, in->data + given, n);
		if (decode_piece(z, &io, out_step, out, err)) {
			return -1;
		}
	}
	return inflate_end(z, err);
}

static const size_t steps[] = {1, 2, 3, 7, 8, 9, 64, 1000, 65536, 1 << 20};

static struct inflate *decoder(int which)
{
	switch (which) {
	case 0:
		return inflate_new(LAYER_PLAIN);
	case 1:
		return inflate_new_with(&codec_zlib);
	case 2:
		return inflate_new(LAYER_GZIP); /* ISA-L where there is one */
	default:
		return inflate_new(LAYER_ZSTD);
	}
}

static void encode(int which, struct buf *out, const void *bytes, size_t len)
{
	if (which == 0) {
		cr_assert_eq(buf_add(out, bytes, len, NULL), 0);
	} else if (which < 3) {
		lk_gzip(out, bytes, len);
	} else {
		lk_zstd(out, bytes, len);
	}
}

/* Members and frames of several sizes behind each other, cut into pieces of every size. */
Test(image_inflate, several_members_in_pieces)
{
	static const size_t members[] = {0, 1, 5000, 0, 70000, 3};

	for (int which = 0; which < 4; which++) {
		AUTO(buf) struct buf plain;
		AUTO(buf) struct buf stored;

		buf_init(&plain, 1 << 24);
		buf_init(&stored, 1 << 24);
		for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
			size_t from = plain.len;

			sample(&plain, from + members[i]);
			encode(which, &stored, buf_str(&plain) + from, plain.len - from);
		}
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
			for (size_t j = 0; j < ARRAY_SIZE(steps); j += 3) {
				AUTO_PTR(inflate) struct inflate *z = decoder(which);
				AUTO(buf) struct buf out;
				struct err err = {0};

				buf_init(&out, 1 << 26);
				cr_assert_eq(decode(z, &stored, steps[i], steps[j], &out, &err), 0,
					"decoder %d, steps %zu and %zu: %s", which, steps[i],
					steps[j], err.msg);
				cr_assert_eq(out.len, plain.len, "decoder %d, steps %zu and %zu",
					which, steps[i], steps[j]);
				cr_assert_eq(memcmp(out.data, plain.data, out.len), 0);
			}
		}
	}
}

/* No beginning of a compressed stream passes for the whole; at the end of a member it does. */
Test(image_inflate, cut_short_everywhere)
{
	for (int which = 1; which < 4; which++) {
		AUTO(buf) struct buf plain;
		AUTO(buf) struct buf stored;
		size_t first;

		buf_init(&plain, 1 << 20);
		buf_init(&stored, 1 << 20);
		sample(&plain, 300);
		encode(which, &stored, plain.data, plain.len);
		first = stored.len;
		encode(which, &stored, plain.data, plain.len);
		for (size_t len = 1; len <= stored.len; len++) {
			AUTO_PTR(inflate) struct inflate *z = decoder(which);
			AUTO(buf) struct buf out;
			struct buf cut = {.data = stored.data, .len = len};
			struct err err = {0};
			int rc;

			buf_init(&out, 1 << 20);
			rc = decode(z, &cut, 100, 4096, &out, &err);
			if (len == first || len == stored.len) {
				cr_expect_eq(
					rc, 0, "decoder %d, %zu bytes: %s", which, len, err.msg);
			} else {
				cr_expect_eq(rc, -1, "decoder %d, %zu of %zu bytes", which, len,
					stored.len);
				cr_expect_eq(err.code, ERR_MALFORMED);
			}
		}
	}
}

/* A changed byte of the data or of the checksum is found. (Not every bit of a header counts.) */
Test(image_inflate, broken_data)
{
	for (int which = 1; which < 3; which++) {
		AUTO(buf) struct buf plain;
		AUTO(buf) struct buf stored;

		buf_init(&plain, 1 << 20);
		buf_init(&stored, 1 << 20);
		sample(&plain, 5000);
		encode(which, &stored, plain.data, plain.len);
		for (size_t at = 10; at < stored.len; at += 13) {
			AUTO_PTR(inflate) struct inflate *z = decoder(which);
			AUTO(buf) struct buf out;
			struct err err = {0};

			buf_init(&out, 1 << 24);
			stored.data[at] = (char)~stored.data[at];
			cr_expect_eq(decode(z, &stored, 1000, 4096, &out, &err), -1,
				"decoder %d, byte %zu", which, at);
			stored.data[at] = (char)~stored.data[at];
		}
	}
}

Test(image_inflate, garbage_behind_the_end)
{
	for (int which = 1; which < 4; which++) {
		AUTO_PTR(inflate) struct inflate *z = decoder(which);
		AUTO(buf) struct buf stored;
		AUTO(buf) struct buf out;
		struct err err = {0};

		buf_init(&stored, 1 << 20);
		buf_init(&out, 1 << 20);
		encode(which, &stored, "hello", 5);
		cr_assert_eq(buf_add(&stored, "this is no member", 17, NULL), 0);
		cr_expect_eq(decode(z, &stored, 1000, 4096, &out, &err), -1, "decoder %d", which);
		cr_expect_eq(err.code, ERR_MALFORMED);
		cr_expect_str_eq(buf_str(&out), "hello");
		cr_expect(which == 3 || strstr(err.msg, "behind the end"), "%s", err.msg);
	}
}

/* RFC 1952: name, comment, extra field and header checksum; the extra field as estargz's footer. */
Test(image_inflate, gzip_header_with_everything)
{
	static const uint8_t extra[] = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 26, 0, 'S', 'G', 22,
		0, '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '1', '0', '0', '0',
		'S', 'T', 'A', 'R', 'G', 'Z', 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t named[] = {0x1f, 0x8b, 8, 8 + 16, 0, 0, 0, 0, 0, 3, 'n', 'a', 'm', 'e',
		0, 'c', 'o', 'm', 0, 1, 2, 0, 0xfd, 0xff, 'h', 'i', 0xac, 0x2a, 0x93, 0xd8, 2, 0, 0,
		0};

	for (int which = 1; which < 3; which++) {
		for (size_t step = 1; step < 60; step += 7) {
			AUTO_PTR(inflate) struct inflate *z = decoder(which);
			AUTO(buf) struct buf stored;
			AUTO(buf) struct buf out;
			struct err err = {0};

			buf_init(&stored, 1 << 20);
			buf_init(&out, 1 << 20);
			cr_assert_eq(buf_add(&stored, named, sizeof(named), NULL), 0);
			cr_assert_eq(buf_add(&stored, extra, sizeof(extra), NULL), 0);
			cr_expect_eq(decode(z, &stored, step, 4096, &out, &err), 0,
				"decoder %d, step %zu: %s", which, step, err.msg);
			cr_expect_str_eq(buf_str(&out), "hi");
		}
	}
}

/* RFC 8878, 3.1.2: a skippable frame is passed over, also as the first one. */
Test(image_inflate, zstd_skippable_frames)
{
	static const uint8_t skippable[] = {
		0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 's', 'k', 'i', 'p', 0};
	AUTO_PTR(inflate) struct inflate *z = decoder(3);
	AUTO(buf) struct buf stored;
	AUTO(buf) struct buf out;
	struct err err = {0};

	buf_init(&stored, 1 << 20);
	buf_init(&out, 1 << 20);
	cr_assert_eq(buf_add(&stored, skippable, sizeof(skippable), NULL), 0);
	encode(3, &stored, "one", 3);
	cr_assert_eq(buf_add(&stored, skippable, sizeof(skippable), NULL), 0);
	encode(3, &stored, "two", 3);
	cr_assert_eq(buf_add(&stored, skippable, sizeof(skippable), NULL), 0);
	cr_expect_eq(inflate_detect((const uint8_t *)stored.data, stored.len), LAYER_ZSTD);
	cr_expect_eq(decode(z, &stored, 5, 2, &out, &err), 0, "%s", err.msg);
	cr_expect_str_eq(buf_str(&out), "onetwo");
}

Test(image_inflate, detection)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum layer_encoding encoding;
	} rows[] = {
		{"\x1f\x8b", 2, LAYER_GZIP},
		{"\x1f", 1, LAYER_PLAIN},
		{"\x1f\x8c\x08\x00", 4, LAYER_PLAIN},
		{"\x28\xb5\x2f\xfd", 4, LAYER_ZSTD},
		{"\x28\xb5\x2f", 3, LAYER_PLAIN},
		{"\x5f\x2a\x4d\x18", 4, LAYER_ZSTD},
		{"\x60\x2a\x4d\x18", 4, LAYER_PLAIN},
		{"etc/", 4, LAYER_PLAIN},
		{"", 0, LAYER_PLAIN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_expect_eq(inflate_detect((const uint8_t *)rows[i].bytes, rows[i].len),
			rows[i].encoding, "row %zu", i);
	}
	cr_expect_str_eq(layer_encoding_name(LAYER_ZSTD), "zstd");
}

/* RFC 8878, 3.1.1.1.2: 2^(10 + exponent) bytes of window; then an empty last block. */
Test(image_inflate, zstd_window)
{
	static const struct {
		uint8_t exponent;
		uint64_t limit_mib;
		int expected;
	} rows[] = {{13, 8, 0}, {14, 8, -1}, {17, 64, -1}, {17, 128, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint8_t frame[] = {
			0x28, 0xb5, 0x2f, 0xfd, 0, (uint8_t)(rows[i].exponent << 3), 1, 0, 0};
		AUTO_PTR(inflate) struct inflate *z = NULL;
		uint8_t room[16];
		struct inflate_io io = {frame, sizeof(frame), room, sizeof(room)};
		struct err err = {0};

		image_limits.zstd_window = rows[i].limit_mib * MIB;
		z = inflate_new(LAYER_ZSTD);
		cr_expect_eq(inflate_run(z, &io, &err), rows[i].expected, "row %zu", i);
		cr_expect_eq(err.code, rows[i].expected ? ERR_UNSUPPORTED : ERR_NONE);
	}
}
