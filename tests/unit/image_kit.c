#include "image_kit.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

void kit_init(struct kit *kit)
{
	(void)snprintf(kit->dir, sizeof(kit->dir), "/tmp/assay-kit-XXXXXX");
	cr_assert(mkdtemp(kit->dir), "mkdtemp");
}

void kit_release(struct kit *kit)
{
	cr_assert_eq(dir_remove(AT_FDCWD, kit->dir, NULL), 0, "remove %s", kit->dir);
}

char *kit_path(const struct kit *kit, const char *name)
{
	return xasprintf("%s/%s", kit->dir, name);
}

void kit_put_bytes(const struct kit *kit, const char *name, const void *data, size_t len)
{
	auto_free char *path = kit_path(kit, name);
	char *slash = strrchr(path, '/');
	struct err err = {0};

	*slash = '\0';
	cr_assert_eq(dir_make(path, 0755, &err), 0, "%s", err.msg);
	*slash = '/';
	cr_assert_eq(file_write(AT_FDCWD, path, data, len, &err), 0, "%s", err.msg);
}

void kit_put(const struct kit *kit, const char *name, const char *text)
{
	kit_put_bytes(kit, name, text, strlen(text));
}

void kit_blob(const struct kit *kit, const void *data, size_t len, struct kit_ref *ret)
{
	auto_free char *name = NULL;

	digest_of(DIGEST_SHA256, data, len, ret->digest);
	ret->size = len;
	name = xasprintf("blobs/sha256/%s", ret->digest + strlen("sha256:"));
	kit_put_bytes(kit, name, data, len);
}

void kit_image(const struct kit *kit, const char *os, const char *architecture, const char *command,
	struct kit_image *ret)
{
	auto_free char *layer = xasprintf("not quite a tar, for %s", command);
	auto_free char *config = NULL;
	auto_free char *manifest = NULL;

	kit_blob(kit, layer, strlen(layer), &ret->layer);
	config = xasprintf("{\"os\":\"%s\",\"architecture\":\"%s\",\"config\":{\"Cmd\":[\"%s\"]},"
			   "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]},"
			   "\"history\":[{\"created_by\":\"COPY a\"},"
			   "{\"created_by\":\"CMD\",\"empty_layer\":true}]}",
		os, architecture, command, ret->layer.digest);
	kit_blob(kit, config, strlen(config), &ret->config);
	manifest = xasprintf("{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"config\":"
			     "{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
			     "\"digest\":\"%s\",\"size\":%zu},\"layers\":["
			     "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
			     "\"digest\":\"%s\",\"size\":%zu}]}",
		ret->config.digest, ret->config.size, ret->layer.digest, ret->layer.size);
	kit_blob(kit, manifest, strlen(manifest), &ret->manifest);
}

char *kit_entry(const struct kit_ref *ref, const char *more)
{
	return xasprintf("{\"mediaType\":\"" MANIFEST_TYPE "\",\"digest\":\"%s\",\"size\":%zu%s}",
		ref->digest, ref->size, more);
}

void kit_index(const struct kit *kit, const char *entries)
{
	auto_free char *index = xasprintf("{\"schemaVersion\":2,\"manifests\":[%s]}", entries);

	kit_put(kit, "index.json", index);
	kit_put(kit, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
}

static struct archive *tar_begin(const struct kit *kit, const char *name, enum kit_filter filter)
{
	auto_free char *path = kit_path(kit, name);
	struct archive *a = archive_write_new();

	cr_assert_eq(archive_write_set_format_pax_restricted(a), ARCHIVE_OK);
	switch (filter) {
	case KIT_PLAIN:
		break;
	case KIT_GZIP:
		cr_assert_eq(archive_write_add_filter_gzip(a), ARCHIVE_OK);
		break;
	case KIT_ZSTD:
		cr_assert_eq(archive_write_add_filter_zstd(a), ARCHIVE_OK);
		break;
	}
	cr_assert_eq(archive_write_open_filename(a, path), ARCHIVE_OK);
	return a;
}

static void tar_add(struct archive *a, const struct kit_member *m)
{
	struct archive_entry *entry = archive_entry_new();
	size_t len = m->text && !m->len ? strlen(m->text) : m->len;

	archive_entry_set_pathname(entry, m->name);
	archive_entry_set_mode(entry, S_IFREG | 0644);
	if (m->symlink) {
		archive_entry_set_mode(entry, S_IFLNK | 0777);
		archive_entry_set_symlink(entry, m->symlink);
	} else if (m->hardlink) {
		archive_entry_set_hardlink(entry, m->hardlink);
	} else {
		archive_entry_set_size(entry, (int64_t)len);
	}
	cr_assert_eq(archive_write_header(a, entry), ARCHIVE_OK, "%s", archive_error_string(a));
	if (len) {
		cr_assert_eq(archive_write_data(a, m->text, len), (la_ssize_t)len);
	}
	archive_entry_free(entry);
}

static void tar_end(struct archive *a)
{
	cr_assert_eq(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

void kit_tar(const struct kit *kit, const char *name, enum kit_filter filter,
	const struct kit_member *members, size_t n)
{
	struct archive *a = tar_begin(kit, name, filter);

	for (size_t i = 0; i < n; i++) {
		tar_add(a, &members[i]);
	}
	tar_end(a);
}

static void pack_file(
	const struct kit *kit, struct archive *a, const char *name, const char *prefix)
{
	auto_free char *path = kit_path(kit, name);
	auto_free char *member = xasprintf("%s%s", prefix, name);
	AUTO(buf) struct buf text = {0};

	buf_init(&text, 1 << 20);
	if (file_read(AT_FDCWD, path, &text, NULL) == 0) {
		tar_add(a, &(struct kit_member){
				   .name = member, .text = buf_str(&text), .len = text.len});
	}
}

void kit_pack(const struct kit *kit, const char *name, enum kit_filter filter, const char *prefix)
{
	auto_free char *blobs = kit_path(kit, "blobs/sha256");
	struct archive *a = tar_begin(kit, name, filter);
	auto_dir DIR *dir = opendir(blobs);
	const struct dirent *item;

	pack_file(kit, a, "oci-layout", prefix);
	pack_file(kit, a, "index.json", prefix);
	pack_file(kit, a, "manifest.json", prefix);
	while (dir && (item = readdir(dir))) {
		auto_free char *blob = xasprintf("blobs/sha256/%s", item->d_name);

		if (item->d_name[0] != '.') {
			pack_file(kit, a, blob, prefix);
		}
	}
	tar_end(a);
}

int kit_open(const struct kit *kit, const char *scheme, const char *name, const char *platform,
	struct image **ret, struct err *err)
{
	auto_free char *reference = xasprintf("%s%s/%s", scheme, kit->dir, name);
	const struct image_options options = {.reference = reference, .platform = platform};

	return image_open(&options, ret, err);
}

const struct violation *kit_violation(
	const struct image *image, const char *file, const char *pointer, const char *message)
{
	for (size_t i = 0; i < image->violations.n; i++) {
		const struct violation *v = &image->violations.v[i];

		if ((!file || strstr(v->file, file)) &&
			(!pointer || strcmp(v->pointer, pointer) == 0) &&
			(!message || strstr(v->message, message))) {
			return v;
		}
	}
	return NULL;
}

size_t kit_failures(const struct image *image)
{
	size_t n = 0;

	for (size_t i = 0; i < image->violations.n; i++) {
		n += !image->violations.v[i].warning;
	}
	return n;
}
