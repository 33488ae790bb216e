#include "image/reference.h"

#include "base/cleanup.h"

#include <criterion/criterion.h>

static const struct {
	const char *text;
	enum reference_kind kind;
	const char *path;
	const char *tag;
} good[] = {
	{"image.tar", REFERENCE_PATH, "image.tar", NULL},
	{"/a/b:c.tar", REFERENCE_PATH, "/a/b:c.tar", NULL},
	{"alpine:3.10", REFERENCE_PATH, "alpine:3.10", NULL},
	{".", REFERENCE_PATH, ".", NULL},
	{"-", REFERENCE_STDIN, NULL, NULL},
	{"--", REFERENCE_PATH, "--", NULL},
	{"oci:dir", REFERENCE_OCI, "dir", NULL},
	{"oci:dir:tag", REFERENCE_OCI, "dir", "tag"},
	{"oci:dir:repo:tag", REFERENCE_OCI, "dir", "repo:tag"},
	{"oci-archive:a.tar:v1", REFERENCE_OCI_ARCHIVE, "a.tar", "v1"},
	{"docker-archive:a.tar", REFERENCE_DOCKER_ARCHIVE, "a.tar", NULL},
	{"docker-archive:a.tar:alpine:3.10", REFERENCE_DOCKER_ARCHIVE, "a.tar", "alpine:3.10"},
	{"docker://r.example/x@sha256:00", REFERENCE_SKOPEO, NULL, NULL},
	{"docker-daemon:x:latest", REFERENCE_SKOPEO, NULL, NULL},
	{"containers-storage:localhost/x", REFERENCE_SKOPEO, NULL, NULL},
	{"./oci:x", REFERENCE_PATH, "./oci:x", NULL},
};

Test(image_reference, forms)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct reference ref = {0};
		struct err err = {0};

		cr_assert_eq(reference_parse(good[i].text, &ref, &err), 0, "%s: %s", good[i].text,
			err.msg);
		cr_expect_eq(ref.kind, good[i].kind, "%s", good[i].text);
		cr_expect_str_eq(ref.text, good[i].text);
		cr_expect_eq(ref.path == NULL, good[i].path == NULL, "%s", good[i].text);
		cr_expect_eq(ref.tag == NULL, good[i].tag == NULL, "%s", good[i].text);
		if (ref.path && good[i].path) {
			cr_expect_str_eq(ref.path, good[i].path);
		}
		if (ref.tag && good[i].tag) {
			cr_expect_str_eq(ref.tag, good[i].tag);
		}
		reference_release(&ref);
		cr_expect_null(ref.text);
	}
}

Test(image_reference, what_is_wrong)
{
	static const char *const bad[] = {"", "oci:", "oci::tag",
		"oci:dir:", "oci-archive:", "docker-archive:a.tar:", "docker://",
		"docker-daemon:", "containers-storage:"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct reference ref = {0};
		struct err err = {0};

		cr_expect_eq(reference_parse(bad[i], &ref, &err), -1, "'%s'", bad[i]);
		cr_expect_eq(err.code, ERR_USAGE, "'%s'", bad[i]);
		cr_expect_null(ref.text);
	}
}
