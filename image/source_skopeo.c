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

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define DEADLINE "--command-timeout=30m"

extern char **environ;

/* The message of skopeo's last line, which reads: time="..." level=fatal msg="...". */
static const char *last_message(char *text)
{
	static const char key[] = " msg=\"";
	size_t len = strlen(text);
	const char *newline;
	const char *msg;

	while (len && strchr("\n \"", text[len - 1])) {
		text[--len] = '\0';
	}
	newline = strrchr(text, '\n');
	msg = strstr(newline ? newline : text, key);
	if (msg) {
		return msg + strlen(key);
	}
	return newline ? newline + 1 : text;
}

static int spawn(char *const argv[], int out, int said, pid_t *ret, struct err *err)
{
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
	rc = posix_spawnp(ret, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc == ENOENT) {
		return err_set(err, ERR_UNSUPPORTED,
			"skopeo is needed to fetch this image and is not installed (package 'skopeo')");
	}
	errno = rc;
	return rc ? err_sys(err, "start skopeo") : 0;
}

/* Runs skopeo; its stdout goes to out (an open file), its stderr into the message of a failure. */
static int skopeo(char *const argv[], int out, struct err *err)
{
	auto_fd int said = file_temp(NULL, err);
	AUTO(buf) struct buf text = {0};
	int status = 0;
	pid_t pid;

	if (said < 0 || spawn(argv, out, said, &pid, err)) {
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return err_sys(err, "wait for skopeo");
		}
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		return 0;
	}
	buf_init(&text, 64 * 1024);
	(void)lseek(said, 0, SEEK_SET);
	(void)file_read_fd(said, &text, NULL);
	return err_set(err, ERR_IO, "skopeo: %.400s",
		text.len ? last_message(text.data) : "failed without a word");
}

static int copy(
	const char *reference, const char *platform, const char *dir, int null, struct err *err)
{
	auto_free char *os = xstrndup(platform, strcspn(platform, "/"));
	auto_free char *rest = xstrdup(platform + strlen(os) + 1);
	auto_free char *architecture = xstrndup(rest, strcspn(rest, "/"));
	auto_free char *to = xasprintf("dir:%s", dir);
	struct strv argv = {0};
	int rc;

	strv_add(&argv, "skopeo");
	strv_add(&argv, DEADLINE);
	strv_addf(&argv, "--override-os=%s", os);
	strv_addf(&argv, "--override-arch=%s", architecture);
	if (rest[strlen(architecture)]) {
		strv_addf(&argv, "--override-variant=%s", rest + strlen(architecture) + 1);
	}
	strv_add(&argv, "copy");
	strv_add(&argv, "--quiet");
	strv_add(&argv, reference);
	strv_add(&argv, to);
	rc = skopeo(argv.v, null, err);
	strv_release(&argv);
	return rc;
}

/* The raw manifest of the reference: an index, where there is one. */
static int inspect(const char *reference, struct buf *ret, struct err *err)
{
	auto_fd int out = file_temp(NULL, err);
	struct strv argv = {0};
	int rc;

	if (out < 0) {
		return -1;
	}
	strv_add(&argv, "skopeo");
	strv_add(&argv, DEADLINE);
	strv_add(&argv, "inspect");
	strv_add(&argv, "--raw");
	strv_add(&argv, reference);
	rc = skopeo(argv.v, out, err);
	strv_release(&argv);
	if (rc) {
		return -1;
	}
	buf_init(ret, LIMIT_DOCUMENT);
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
static int fall_back(
	const char *reference, const char *platform, const char *dir, int null, struct err *err)
{
	AUTO(buf) struct buf text = {0};
	AUTO(index) struct index index = {0};
	auto_free char *instead = NULL;

	if (inspect(reference, &text, NULL) ||
		index_parse(buf_str(&text), text.len, &index, NULL, NULL) ||
		index.manifests.n == 0 || offers(&index, platform ? platform : "linux/amd64")) {
		return -1;
	}
	instead = platform ? NULL : second_best(&index);
	return instead ? copy(reference, instead, dir, null, err) : write_layout(dir, &text, err);
}

int source_skopeo_new(
	const char *reference, const char *platform, struct source **ret, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	auto_free char *dir = xasprintf("%s/assay-image-XXXXXX", tmp && *tmp ? tmp : "/var/tmp");
	auto_fd int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	AUTO_PTR(source) struct source *source = NULL;
	int fd;

	if (null < 0 || !mkdtemp(dir)) {
		return err_sys(err, "temporary directory '%.200s'", dir);
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	source = source_dir_new(fd, dir);
	if (fd < 0) {
		return err_sys(err, "open '%.200s'", dir);
	}
	if (copy(reference, platform ? platform : "linux/amd64", dir, null, err) &&
		fall_back(reference, platform, dir, null, err)) {
		return err_wrap(err, "'%.200s'", reference);
	}
	*ret = steal_ptr(source);
	return 0;
}
