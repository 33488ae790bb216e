/* Members of an archive that are stored without their holes. The archives are made byte by byte, so
 * that their maps can also lie; tests/cli has what GNU tar writes. */
#include "image_kit.h"
#include "sparse_kit.h"
#include "tar_kit.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/limits.h"
#include "image/scan.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

/* ---- an image --------------------------------------------------------------------------------- */

#define FILE_SIZE ((size_t)8 << 20)

/* A docker-archive whose layer, "l", has a file with 40 bytes and holes between them. */
struct world {
	struct kit kit;
	struct buf layer;
	char *content;
	struct stored stored; /* the layer */
	char *config;
	char *manifest;
	char digest[DIGEST_TEXT_MAX]; /* of the config */
};

static void world_release(struct world *w)
{
	kit_release(&w->kit);
	buf_release(&w->layer);
	free(w->content);
	free(w->config);
	free(w->manifest);
}

static void world_init(struct world *w, const char *layers)
{
	auto_free char *file = xcalloc(FILE_SIZE, 1);
	const struct lk_entry entry = {.name = "f", .text = file, .len = FILE_SIZE};
	char diff_id[DIGEST_TEXT_MAX];

	*w = (struct world){.content = xcalloc(FILE_SIZE + 4 * BLOCK, 1)};
	for (size_t i = 0; i < 40; i++) {
		file[i * 200000] = (char)(i + 1);
	}
	kit_init(&w->kit);
	buf_init(&w->layer, 16 << 20);
	lk_tar_entries(&w->layer, &entry, 1);
	lk_tar_end(&w->layer);
	w->stored = sk_without_holes("l", &w->layer, w->content);
	cr_assert_geq(w->stored.n, 26, "not enough for two more blocks of GNU's map");
	digest_of(DIGEST_SHA256, w->layer.data, w->layer.len, diff_id);
	w->config = xasprintf("{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":"
			      "\"layers\",\"diff_ids\":[\"%s\"%s%s%s]}}",
		diff_id, layers ? ",\"" : "", layers ? diff_id : "", layers ? "\"" : "");
	w->manifest = xasprintf("[{\"Config\":\"c\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"l\"%s]}]",
		layers ? layers : "");
	digest_of(DIGEST_SHA256, w->config, strlen(w->config), w->digest);
}

/* The documents, behind which the members come. */
static void begin(const struct world *w, struct buf *tar)
{
	const struct lk_entry entries[] = {
		{.name = "manifest.json", .text = w->manifest}, {.name = "c", .text = w->config}};

	buf_init(tar, 64 << 20);
	lk_tar_entries(tar, entries, 2);
}

static struct image *opened(const struct world *w, struct buf *tar)
{
	struct image *image = NULL;
	struct err err = {0};

	lk_tar_end(tar);
	kit_put_bytes(&w->kit, "a.tar", tar->data, tar->len);
	cr_assert_eq(kit_open(&w->kit, "", "a.tar", NULL, &image, &err), 0, "%s", err.msg);
	cr_assert_not_null(image->config);
	return image;
}

/* The layer as it is stored, in an archive. */
static struct image *with_layer(const struct world *w, const struct stored *s, enum form form)
{
	AUTO(buf) struct buf tar = {0};

	begin(w, &tar);
	sk_add(&tar, s, form);
	return opened(w, &tar);
}

static void refused(const struct world *w, const struct stored *s, enum form form,
	enum err_code code, const char *text)
{
	AUTO_PTR(image) struct image *image = with_layer(w, s, form);
	struct blob blob = {.fd = -1};
	struct err err = {0};

	cr_expect_eq(image_layer_blob(image, 0, &blob, &err), -1, "%s", sk_names[form]);
	cr_expect_eq(err.code, code, "%s: %s", sk_names[form], err.msg);
	cr_expect(strstr(err.msg, text) && strstr(err.msg, "'l'"), "%s, for '%s': %s",
		sk_names[form], text, err.msg);
}

static int scan(struct image *image, struct err *err)
{
	AUTO_PTR(tree) struct tree *tree = NULL;

	return image_scan(image, NULL, 0, &tree, err);
}

/* ---- tests ------------------------------------------------------------------------------------ */

/* What comes out is what was there before, and takes no room for its holes; asked for again it is not
 * copied again. */
Test(image_sparse, every_form)
{
	for (enum form form = OLD; form < FORMS; form++) {
		struct world w;
		AUTO_PTR(image) struct image *image = NULL;
		AUTO(blob) struct blob blob = {.fd = -1};
		AUTO(blob) struct blob again = {.fd = -1};
		auto_free char *found = NULL;
		struct err err = {0};
		struct stat st;

		world_init(&w, NULL);
		image = with_layer(&w, &w.stored, form);
		cr_expect_eq(image->layers[0].size, w.layer.len);
		cr_assert_eq(image_layer_blob(image, 0, &blob, &err), 0, "%s: %s", sk_names[form],
			err.msg);
		cr_assert_eq(blob.size, w.layer.len);
		found = xcalloc(blob.size, 1);
		cr_assert_eq(file_read_at(blob.fd, found, blob.size, blob.offset, &err), 0);
		cr_expect_eq(memcmp(found, w.layer.data, w.layer.len), 0, "%s", sk_names[form]);
		cr_assert_eq(fstat(blob.fd, &st), 0);
		cr_expect_lt(st.st_blocks, (blkcnt_t)(FILE_SIZE / 8 / 512));
		cr_assert_eq(image_layer_blob(image, 0, &again, &err), 0, "%s", err.msg);
		cr_expect_eq(again.offset, blob.offset);
		cr_expect_eq(scan(image, &err), 0, "%s", err.msg);
		cr_expect_eq(image->violations.n, 0, "%s: %s", sk_names[form],
			image->violations.n ? image->violations.v[0].message : "");
		world_release(&w);
	}
}

/* Two layers, and documents that are stored so, too: each has a place of its own. */
Test(image_sparse, several_members)
{
	struct world w;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO(buf) struct buf tar = {0};
	struct stored second;
	struct stored documents[2] = {{.name = "manifest.json"}, {.name = "c"}};
	struct err err = {0};

	world_init(&w, ",\"m\"");
	second = w.stored;
	second.name = "m";
	documents[0].content = w.manifest;
	documents[1].content = w.config;
	buf_init(&tar, 64 << 20);
	for (size_t i = 0; i < 2; i++) {
		struct stored *d = &documents[i];

		d->size = d->len = strlen(d->content);
		d->n = 2;
		d->v[0].len = d->v[1].offset = 10;
		d->v[1].len = d->len - 10;
		sk_add(&tar, d, i ? OLD : PAX_0_1);
	}
	sk_add(&tar, &second, PAX_1_0);
	sk_add(&tar, &w.stored, OLD);
	image = opened(&w, &tar);
	cr_expect_str_eq(image->digest, w.digest);
	cr_expect_eq(scan(image, &err), 0, "%s", err.msg);
	cr_expect_eq(image->violations.n, 0, "%s",
		image->violations.n ? image->violations.v[0].message : "");
	world_release(&w);
}

/* Every lie is told, with the member and what is wrong, and is a finding about the image. */
Test(image_sparse, maps_that_lie)
{
	static const struct {
		const char *text;
		struct stored stored;
		enum form first, last;
	} rows[] = {
		{"before the end of the one before", {.n = 2, .v = {{4096, 512}, {0, 512}}}, OLD,
			PAX_1_0},
		{"before the end of the one before", {.n = 2, .v = {{0, 512}, {511, 512}}}, OLD,
			PAX_1_0},
		{"behind the end of the file", {.n = 2, .v = {{0, 512}, {8000, 512}}}, OLD,
			PAX_1_0},
		{"behind the end of the file", {.n = 1, .v = {{8192, 1024}}}, OLD, PAX_1_0},
		{"more is stored", {.n = 1, .v = {{0, 512}}}, OLD, PAX_1_0},
		{"more is stored", {.size = 8192}, OLD, OLD},
		{"more is stored", {.size = 8192}, PAX_1_0, PAX_1_0},
		{"less is stored", {.n = 2, .v = {{0, 512}, {4096, 4096}}}, OLD, PAX_1_0},
		{"less is stored", {.n = 1, .v = {{0, 8192}}}, OLD, PAX_1_0},
		{"more numbers", {.n = 2, .v = {{0, 512}, {4096, 512}}, .told = 1}, PAX_0_0,
			PAX_0_1},
		{"fewer numbers", {.n = 2, .v = {{0, 512}, {4096, 512}}, .told = 3}, PAX_0_0,
			PAX_0_1},
		{"behind the end of the file", {.n = 1, .v = {{INT64_MAX - 1024, 1024}}}, PAX_0_0,
			PAX_0_1},
	};
	struct world w;

	world_init(&w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (enum form form = rows[i].first; form <= rows[i].last; form++) {
			struct stored s = rows[i].stored;
			AUTO_PTR(image) struct image *image = NULL;
			struct err err = {0};

			s.name = "l";
			s.size = 8192;
			s.content = w.content;
			s.len = 1024;
			refused(&w, &s, form, ERR_MALFORMED, rows[i].text);
			image = with_layer(&w, &s, form);
			cr_expect_eq(scan(image, &err), 0, "%s", err.msg);
			cr_expect(kit_violation(image, "layer 0", "", rows[i].text), "%s: %s",
				sk_names[form], rows[i].text);
		}
	}
	world_release(&w);
}

/* Readers that go by other headers see another file. */
Test(image_sparse, headers_that_readers_read_differently)
{
	static const struct {
		const char *text;
		enum err_code code;
		struct lk_entry entries[2];
		struct patch patch;
	} rows[] = {
		{"form is not known", ERR_UNSUPPORTED,
			{{.name = "l", .pax = "GNU.sparse.major=2", .text = "abc"}}, {0}},
		{"form is not known", ERR_UNSUPPORTED, {{.name = "l", .type = 'S', .text = "abc"}},
			{0}},
		{"disagree about its size: 3 or 7 bytes", ERR_MALFORMED,
			{{.name = "l", .pax = "SCHILY.realsize=7", .text = "abc"}}, {0}},
		{"disagree about its size: 3 or 7 bytes", ERR_MALFORMED,
			{{.name = "l", .text = "abc"}}, {257, "ustar  ", 8}},
	};
	struct world w;

	world_init(&w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_PTR(image) struct image *image = NULL;
		AUTO(buf) struct buf tar = {0};
		struct err err = {0};
		struct patch patch = rows[i].patch;
		size_t at;

		begin(&w, &tar);
		at = tar.len;
		lk_tar_entries(&tar, rows[i].entries, 1);
		patch.at += at;
		tk_patch(&tar, &patch);
		if (patch.len) {
			patch = (struct patch){at + 483, "00000000007", 12};
			tk_patch(&tar, &patch);
		}
		image = opened(&w, &tar);
		cr_expect_eq(image_layer_blob(image, 0, &(struct blob){0}, &err), -1);
		cr_expect_eq(err.code, rows[i].code, "%s", err.msg);
		cr_expect(strstr(err.msg, rows[i].text), "%s", err.msg);
	}
	world_release(&w);
}

/* libarchive takes 2^32 + 125 pieces for 125, which fill the block. */
Test(image_sparse, pieces_that_readers_count_differently)
{
	static const char headers[] =
		"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n28 GNU.sparse.realsize=8192\n";
	char map[3 * BLOCK] = "4294967421\n00\n0\n";
	const struct lk_entry entries[] = {{.name = "x", .type = 'x', .text = headers},
		{.name = "l", .text = map, .len = sizeof(map)}};
	struct world w;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO(buf) struct buf tar = {0};
	struct err err = {0};

	for (size_t at = strlen(map); at < BLOCK; at += 4) {
		memcpy(map + at, "0\n0\n", 4);
	}
	world_init(&w, NULL);
	begin(&w, &tar);
	lk_tar_entries(&tar, entries, 2);
	image = opened(&w, &tar);
	cr_expect_eq(image_layer_blob(image, 0, &(struct blob){0}, &err), -1);
	cr_expect_eq(err.code, ERR_MALFORMED, "%s", err.msg);
	cr_expect(
		strstr(err.msg, "at byte 2048 of the archive are none to engines"), "%s", err.msg);
	world_release(&w);
}

/* Engines take the map for the volume's, whose content the member's header is. */
Test(image_sparse, a_map_that_is_anothers)
{
	static const char headers[] = "24 GNU.sparse.size=8192\n26 GNU.sparse.numblocks=1\n"
				      "24 GNU.sparse.map=0,512\n";
	const char content[BLOCK] = "x";
	const struct lk_entry entries[] = {{.name = "x", .type = 'x', .text = headers},
		{.name = "v", .type = 'V'}, {.name = "l", .text = content, .len = sizeof(content)}};
	struct world w;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO(buf) struct buf tar = {0};
	struct err err = {0};
	size_t at;

	world_init(&w, NULL);
	begin(&w, &tar);
	at = tar.len;
	lk_tar_entries(&tar, entries, ARRAY_SIZE(entries));
	tk_patch(&tar, &(struct patch){at + 2 * BLOCK + 124, "00000001000", 12});
	image = opened(&w, &tar);
	cr_expect_eq(image_layer_blob(image, 0, &(struct blob){0}, &err), -1);
	cr_expect_eq(err.code, ERR_MALFORMED, "%s", err.msg);
	cr_expect(strstr(err.msg, "are none to engines"), "%s", err.msg);
	world_release(&w);
}

/* A temporary file cannot be had, so that the layer would be an error; what nobody asks for is none,
 * however large it says it is and whatever its map says. */
Test(image_sparse, what_nobody_asks_for)
{
	static const struct stored rows[] = {
		{.name = "j", .size = INT64_MAX, .n = 1, .v = {{INT64_MAX - 512, 512}}, .len = 512},
		{.name = "j", .size = 8192, .n = 2, .v = {{4096, 256}, {0, 256}}, .len = 512},
	};
	struct world w;

	world_init(&w, NULL);
	cr_assert_eq(setenv("TMPDIR", "/nonexistent", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (enum form form = PAX_0_0; form < FORMS; form++) {
			const struct lk_entry plain = {
				.name = "l", .text = w.layer.data, .len = w.layer.len};
			AUTO_PTR(image) struct image *image = NULL;
			AUTO(buf) struct buf tar = {0};
			struct stored s = rows[i];
			struct err err = {0};

			s.content = w.content;
			begin(&w, &tar);
			lk_tar_entries(&tar, &plain, 1);
			sk_add(&tar, &s, form);
			image = opened(&w, &tar);
			cr_expect_eq(scan(image, &err), 0, "%s", err.msg);
			cr_expect_eq(image->violations.n, 0, "%s",
				image->violations.n ? image->violations.v[0].message : "");
		}
	}
	world_release(&w);
}

/* The machine's fault is none of the image's. */
Test(image_sparse, no_room_for_the_copy)
{
	struct world w;
	AUTO_PTR(image) struct image *image = NULL;
	struct err err = {0};

	world_init(&w, NULL);
	image = with_layer(&w, &w.stored, PAX_1_0);
	cr_assert_eq(setenv("TMPDIR", "/nonexistent", 1), 0);
	cr_expect_eq(scan(image, &err), -1);
	cr_expect_eq(err.code, ERR_IO, "%s", err.msg);
	world_release(&w);
}

/* Copies count with their holes, all of them together. */
Test(image_sparse, copies_count_against_the_cap)
{
	struct world w;
	AUTO_PTR(image) struct image *two = NULL;
	AUTO(blob) struct blob blob = {.fd = -1};
	AUTO(buf) struct buf tar = {0};
	struct stored second;
	struct err err = {0};

	world_init(&w, ",\"m\"");
	second = w.stored;
	second.name = "m";
	begin(&w, &tar);
	sk_add(&tar, &w.stored, OLD);
	sk_add(&tar, &second, PAX_0_0);
	two = opened(&w, &tar);
	image_limits.spool = 2 * w.layer.len;
	cr_expect_eq(scan(two, &err), 0, "%s", err.msg);
	image_free(two);
	two = NULL;
	image_limits.spool = 2 * w.layer.len - 1;
	cr_assert_eq(kit_open(&w.kit, "", "a.tar", NULL, &two, &err), 0, "%s", err.msg);
	cr_assert_eq(image_layer_blob(two, 0, &blob, &err), 0, "%s", err.msg);
	cr_expect_eq(image_layer_blob(two, 1, &(struct blob){0}, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT, "%s", err.msg);
	cr_expect(strstr(err.msg, "'m'") && strstr(err.msg, "spool_mib"), "%s", err.msg);
	/* an error of the whole scan, since nothing is known of the layer */
	err = (struct err){0};
	cr_expect_eq(scan(two, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT, "%s", err.msg);
	world_release(&w);
}

/* So does the archive itself where it had to be inflated. */
Test(image_sparse, an_inflated_archive_counts_too)
{
	struct world w;
	AUTO(buf) struct buf tar = {0};
	AUTO(buf) struct buf packed = {0};
	const size_t over[] = {0, 1};

	world_init(&w, NULL);
	begin(&w, &tar);
	sk_add(&tar, &w.stored, PAX_1_0);
	lk_tar_end(&tar);
	buf_init(&packed, 64 << 20);
	lk_gzip(&packed, tar.data, tar.len);
	kit_put_bytes(&w.kit, "a.tgz", packed.data, packed.len);
	for (size_t i = 0; i < ARRAY_SIZE(over); i++) {
		AUTO_PTR(image) struct image *image = NULL;
		struct err err = {0};

		image_limits.spool = tar.len + w.layer.len - over[i];
		cr_assert_eq(kit_open(&w.kit, "", "a.tgz", NULL, &image, &err), 0, "%s", err.msg);
		cr_expect_eq(scan(image, &err), over[i] ? -1 : 0, "%s", err.msg);
		cr_expect_eq(err.code, over[i] ? ERR_LIMIT : ERR_NONE, "%s", err.msg);
		cr_expect_eq(image->violations.n, 0);
	}
	world_release(&w);
}

/* 8 EiB of one byte. */
Test(image_sparse, larger_than_any_disk)
{
	struct world w;
	struct stored s = {
		.name = "l", .size = INT64_MAX, .n = 1, .v = {{INT64_MAX - 512, 512}}, .len = 512};

	world_init(&w, NULL);
	s.content = w.content;
	for (enum form form = PAX_0_0; form < FORMS; form++) {
		refused(&w, &s, form, ERR_LIMIT, "spool_mib");
	}
	world_release(&w);
}

/* libarchive keeps a map in memory as a whole, so that it has to end. */
Test(image_sparse, maps_without_an_end)
{
	static const char headers[] =
		"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=1\n";
	const size_t lens[] = {2 << 20, LIMIT_MEMBER_HEAD + (128 << 10)};
	struct world w;

	world_init(&w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		auto_free char *map = xcalloc(lens[i] + 1, 1);
		auto_free char *count = xasprintf("%07zu\n", (lens[i] - 8) / 4);
		const struct lk_entry entries[] = {
			{.name = "x", .type = 'x', .text = headers}, {.name = "l", .text = map}};
		AUTO(buf) struct buf tar = {0};
		AUTO(blob) struct blob blob = {.fd = -1};
		struct image *image = NULL;
		struct err err = {0};

		memcpy(map, count, 8);
		for (size_t at = 8; at < lens[i]; at += 4) {
			memcpy(map + at, "0\n0\n", 4);
		}
		begin(&w, &tar);
		lk_tar_entries(&tar, entries, 2);
		lk_tar_end(&tar);
		kit_put_bytes(&w.kit, "a.tar", tar.data, tar.len);
		cr_expect_eq(kit_open(&w.kit, "", "a.tar", NULL, &image, &err), i ? -1 : 0, "%s",
			err.msg);
		cr_expect_eq(err.code, i ? ERR_LIMIT : ERR_NONE, "%s", err.msg);
		if (i) {
			cr_expect(strstr(err.msg, "at byte ") && strstr(err.msg, "4 MiB"), "%s",
				err.msg);
			continue;
		}
		cr_expect_eq(image_layer_blob(image, 0, &blob, &err), 0, "%s", err.msg);
		cr_expect_eq(blob.size, 1);
		image_free(image);
	}
	world_release(&w);
}

/* The archive ends within the layer: what is there is read, and both sizes are told. */
Test(image_sparse, cut_short)
{
	for (enum form form = OLD; form < FORMS; form++) {
		struct world w;
		AUTO_PTR(image) struct image *image = NULL;
		AUTO(blob) struct blob blob = {.fd = -1};
		AUTO(buf) struct buf tar = {0};
		auto_free char *found = NULL;
		struct err err = {0};
		uint64_t end;

		world_init(&w, NULL);
		begin(&w, &tar);
		sk_add(&tar, &w.stored, form);
		/* the last piece but one has lost its end */
		end = w.stored.v[w.stored.n - 2].offset + w.stored.v[w.stored.n - 2].len - 100;
		kit_put_bytes(&w.kit, "a.tar", tar.data,
			tar.len - (BLOCK - w.stored.len % BLOCK) % BLOCK -
				w.stored.v[w.stored.n - 1].len - 100);
		cr_assert_eq(kit_open(&w.kit, "", "a.tar", NULL, &image, &err), 0, "%s", err.msg);
		cr_expect_eq(image->layers[0].size, w.layer.len);
		cr_expect(
			kit_violation(image, "a.tar", "", "damaged at byte"), "%s", sk_names[form]);
		cr_assert_eq(image_layer_blob(image, 0, &blob, &err), 0, "%s", err.msg);
		cr_assert_eq(blob.size, end, "%s", sk_names[form]);
		found = xcalloc(blob.size, 1);
		cr_assert_eq(file_read_at(blob.fd, found, blob.size, blob.offset, &err), 0);
		cr_expect_eq(memcmp(found, w.layer.data, blob.size), 0, "%s", sk_names[form]);
		cr_expect_eq(scan(image, &err), 0, "%s", err.msg);
		cr_expect(kit_violation(image, "layer 0", "", "bytes long"));
		world_release(&w);
	}
}
