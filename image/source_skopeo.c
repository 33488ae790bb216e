/* Images that only skopeo can reach: fetched into a temporary directory that goes with the source.
 *
 * skopeo's "dir" form keeps the manifest as the registry has it; its "oci" form would rewrite what
 * is to be judged. */
#include "image/source.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "image/limits.h"
#include "image/oci.h"
#include "image/scratch.h"
#include "image/skopeo.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What is fetched, and how to be let in. */
struct fetch {
	const char *reference;
	const struct image_options *options;
	const char *dir;
	int null;
};

static int copy(const struct fetch *f, const char *platform, struct err *err)
{
	auto_free char *os = xstrndup(platform, strcspn(platform, "/"));
	auto_free char *rest = xstrdup(platform + strlen(os) + 1);
	auto_free char *architecture = xstrndup(rest, strcspn(rest, "/"));
	AUTO(strv) struct strv argv = {0};

	strv_addf(&argv, "--override-os=%s", os);
	strv_addf(&argv, "--override-arch=%s", architecture);
	if (rest[strlen(architecture)]) {
		strv_addf(&argv, "--override-variant=%s", rest + strlen(architecture) + 1);
	}
	strv_add(&argv, "copy");
	strv_add(&argv, "--quiet");
	if (f->options->authfile) {
		strv_addf(&argv, "--src-authfile=%s", f->options->authfile);
	}
	if (f->options->tls_verify) {
		strv_addf(&argv, "--src-tls-verify=%s", f->options->tls_verify);
	}
	/* A daemon and a store have the layers unpacked, and skopeo calls them gzip all the same:
	 * then they shall be. What a registry has stays as it is. */
	if (!str_starts(f->reference, "docker://")) {
		strv_add(&argv, "--dest-compress");
	}
	strv_add(&argv, f->reference);
	strv_addf(&argv, "dir:%s", f->dir);
	return skopeo_run(&argv, f->null, err);
}

/* The raw manifest of the reference: an index, where there is one. */
static int inspect(const struct fetch *f, struct buf *ret, struct err *err)
{
	auto_fd int out = file_temp(NULL, err);
	AUTO(strv) struct strv argv = {0};

	if (out < 0) {
		return -1;
	}
	strv_add(&argv, "inspect");
	strv_add(&argv, "--raw");
	if (f->options->authfile) {
		strv_addf(&argv, "--authfile=%s", f->options->authfile);
	}
	if (f->options->tls_verify) {
		strv_addf(&argv, "--tls-verify=%s", f->options->tls_verify);
	}
	strv_add(&argv, f->reference);
	if (skopeo_run(&argv, out, err)) {
		return -1;
	}
	buf_init(ret, image_limits.document);
	(void)lseek(out, 0, SEEK_SET);
	return file_read_fd(out, ret, err);
}

static bool offers(const struct index *index, const char *platform)
{
	for (size_t i = 0; i < index->manifests.n; i++) {
		auto_free char *text = platform_text(&index->manifests.v[i].platform);
		size_t len = strlen(platform);

		if (strncmp(text, platform, len) == 0 && (!text[len] || text[len] == '/')) {
			return true;
		}
	}
	return false;
}

/* What to take where nothing was asked for and linux/amd64 is not there: linux/386, or the only
 * image that there is; NULL when that cannot be told. The caller frees. */
static char *second_best(const struct index *index)
{
	const struct platform *only = NULL;

	if (offers(index, "linux/386")) {
		return xstrdup("linux/386");
	}
	for (size_t i = 0; i < index->manifests.n; i++) {
		const struct platform *p = &index->manifests.v[i].platform;

		if (str_eq(p->os, "unknown")) {
			continue; /* an attestation */
		}
		if (only || !p->os || !p->architecture) {
			return NULL;
		}
		only = p;
	}
	return only ? platform_text(only) : NULL;
}

/* The index itself as a layout of which nothing else is there. */
static int write_layout(const char *dir, const struct buf *index, struct err *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	auto_free char *layout_file = xasprintf("%s/oci-layout", dir);
	auto_free char *index_file = xasprintf("%s/index.json", dir);

	if (file_write(AT_FDCWD, layout_file, layout, strlen(layout), err)) {
		return -1;
	}
	return file_write(AT_FDCWD, index_file, buf_str(index), index->len, err);
}

/* Nothing could be copied. When that is for the platform, another one is taken if that is allowed,
 * or the index becomes the source, so that the selection says what there is. Any other failure
 * stays one: err is what copying said. */
static int fall_back(const struct fetch *f, const char *platform, struct err *err)
{
	AUTO(buf) struct buf text = {0};
	AUTO(index) struct index index = {0};
	auto_free char *instead = NULL;

	if (inspect(f, &text, NULL) || index_parse(buf_str(&text), text.len, &index, NULL, NULL) ||
		index.manifests.n == 0 || offers(&index, platform ? platform : "linux/amd64")) {
		return -1;
	}
	instead = platform ? NULL : second_best(&index);
	return instead ? copy(f, instead, err) : write_layout(f->dir, &text, err);
}

int source_skopeo_new(const char *reference, const char *platform,
	const struct image_options *options, struct source **ret, struct err *err)
{
	auto_fd int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	AUTO_PTR(source) struct source *source = NULL;
	auto_free char *dir = NULL;
	struct fetch f = {reference, options, NULL, null};
	int fd;

	if (null < 0) {
		return err_sys(err, "open '/dev/null'");
	}
	/* skopeo takes one that is not there for one without credentials */
	if (options->authfile && access(options->authfile, R_OK)) {
		return err_sys(err, "open '%.200s'", options->authfile);
	}
	fd = scratch_new(&dir, err);
	if (fd < 0) {
		return -1;
	}
	source = source_dir_new(fd, dir);
	f.dir = dir;
	if (copy(&f, platform ? platform : "linux/amd64", err) && fall_back(&f, platform, err)) {
		return err_wrap(err, "'%.200s'", reference);
	}
	*ret = steal_ptr(source);
	return 0;
}
