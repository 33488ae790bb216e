/* An image in a tar file: its members are listed once, their bytes read where they lie. */
#include "image/source.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/auto_archive.h"
#include "image/limits.h"
#include "image/sparse.h"
#include "image/tar_alike.h"

#include <archive_entry.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* Links from member to member before a name is given up; docker's oldest form has one. */
enum { LINKS_MAX = 8 };

struct member {
	char *name;
	char *link; /* name of the member that this one stands for, or NULL */
	struct sparse_place place;
	size_t order; /* of two members with one name the later counts, as when unpacking */
	bool regular;
};

struct archive_source {
	struct source base;
	int fd;
	uint64_t file_size;
	struct sparse_copies *copies;
	struct {
		struct member *v;
		size_t n;
		size_t cap;
	} members;
};

/* path as seen from directory dir (len bytes), without ".", ".." and doubled slashes; NULL when it
 * leads out of the archive. The caller frees. */
static char *resolve(const char *dir, size_t len, const char *path)
{
	auto_free char *out = xcalloc(len + strlen(path) + 2, 1);
	char *end = mempcpy(out, dir, len);

	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && memcmp(path, "..", 2) == 0) {
			if (end == out) {
				return NULL;
			}
			while (end > out && *--end != '/') {
			}
		} else if (part && !(part == 1 && *path == '.')) {
			if (end > out) {
				*end++ = '/';
			}
			end = mempcpy(end, path, part);
		}
		path += part + (path[part] == '/');
	}
	*end = '\0';
	return steal_ptr(out);
}

/* A name is what it says or nothing: one with ".." in it is no name that an image's documents could
 * rightly use. */
static char *member_name(const char *path)
{
	for (const char *at = path; *at; at += strcspn(at, "/"), at += *at == '/') {
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || !at[2])) {
			return NULL;
		}
	}
	return resolve("", 0, path);
}

/* The member that a link stands for. Hard links name it from the top, symbolic links from where they
 * are. */
static char *link_target(struct archive_entry *entry, const char *name)
{
	const char *hard = archive_entry_hardlink(entry);
	const char *symbolic = archive_entry_symlink(entry);
	const char *slash = strrchr(name, '/');

	if (hard) {
		return member_name(hard);
	}
	if (symbolic && *symbolic != '/') {
		return resolve(name, slash ? (size_t)(slash - name) : 0, symbolic);
	}
	return NULL;
}

/* Names are ASCII in every image; one that the locale cannot show comes as UTF-8. */
static const char *path_of(struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);

	return path ? path : archive_entry_pathname_utf8(entry);
}

/* What libarchive passes over or names in another way than engines may be the documents to them. */
static int look_again(struct archive_source *s, const struct sparse_place *place,
	struct archive_entry *entry, struct err *err)
{
	const char *path = path_of(entry);
	bool alike = true;

	if (s->base.ambiguous || place->content > s->file_size) {
		return 0;
	}
	if (tar_alike(s->fd, place, entry, &alike, err)) {
		return err_wrap(err, "'%.200s'", path ? path : "?");
	}
	if (!alike) {
		s->base.ambiguous = xstrdup(path ? path : "?");
		s->base.ambiguity = "has headers in the archive that readers read differently: "
				    "engines may find another file";
	}
	return 0;
}

static int add_member(
	struct archive_source *s, struct archive *a, struct archive_entry *entry, struct err *err)
{
	const char *path = path_of(entry);
	auto_free char *name = path && strlen(path) <= LIMIT_PATH ? member_name(path) : NULL;
	int64_t size = archive_entry_size(entry);
	const struct sparse_place place = {(uint64_t)archive_read_header_position(a),
		(uint64_t)archive_filter_bytes(a, 0), size > 0 ? (uint64_t)size : 0};
	struct member *m;

	if (look_again(s, &place, entry, err)) {
		return -1;
	}
	if (!name || !*name || archive_entry_filetype(entry) == AE_IFDIR) {
		return 0;
	}
	if (s->members.n >= image_limits.members) {
		return err_set(err, ERR_LIMIT,
			"more than %" PRIu64 " members in the archive (policy: 'members')",
			image_limits.members);
	}
	m = ARRAY_PUSH(&s->members);
	m->order = s->members.n;
	m->link = link_target(entry, name);
	m->regular = !m->link && archive_entry_filetype(entry) == AE_IFREG;
	m->place = place;
	m->name = steal_ptr(name);
	return 0;
}

/* How many bytes of the member lie in one piece in the file. */
static uint64_t bytes_there(const struct archive_source *s, const struct sparse_place *place)
{
	uint64_t left = place->content < s->file_size ? s->file_size - place->content : 0;

	return place->size < left ? place->size : left;
}

/* A member whose bytes end behind the end of the file. Of one with holes libarchive will tell. */
static void note_cut(struct archive_source *s, struct archive_entry *entry)
{
	const struct member *last = s->members.n ? &s->members.v[s->members.n - 1] : NULL;

	if (last && !s->base.damage && last->regular && archive_entry_sparse_count(entry) == 0 &&
		bytes_there(s, &last->place) < last->place.size) {
		s->base.damage = xasprintf("the archive is cut short within '%.200s'", last->name);
	}
}

static int no_archive(const struct archive_source *s, struct err *err)
{
	return err_set(err, ERR_MALFORMED,
		"no image: neither an OCI layout nor a docker archive (not a tar file)%s%.200s",
		s->base.damage ? "; " : "", s->base.damage ? s->base.damage : "");
}

/* What libarchive reads; contents it skips. */
struct input {
	int fd;
	uint64_t at;
	uint64_t size;
	uint64_t read; /* since the last member */
	bool over; /* too much of that */
	char block[64 * 1024];
};

static la_ssize_t read_input(struct archive *a, void *arg, const void **ret)
{
	struct input *in = arg;
	ssize_t n;

	in->over = in->read > LIMIT_MEMBER_HEAD;
	if (in->over) {
		archive_set_error(a, EFBIG, "headers of more than a member can have");
		return -1;
	}
	do {
		n = pread(in->fd, in->block, sizeof(in->block), (off_t)in->at);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		archive_set_error(a, errno, "%s", strerror(errno));
		return -1;
	}
	in->at += (uint64_t)n;
	in->read += (uint64_t)n;
	*ret = in->block;
	return n;
}

/* Not behind the end, which reading is to find. */
static la_int64_t skip_input(struct archive *a, void *arg, la_int64_t want)
{
	struct input *in = arg;
	uint64_t left = in->at < in->size ? in->size - in->at : 0;
	uint64_t n = (uint64_t)want < left ? (uint64_t)want : left;

	(void)a;
	in->at += n;
	return (la_int64_t)n;
}

static int open_tar(
	const struct archive_source *s, struct archive *a, struct input *in, struct err *err)
{
	*in = (struct input){.fd = s->fd, .size = s->file_size};
	if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK) {
		return err_set(err, ERR_IO, "the archive cannot be read");
	}
	if (archive_read_open2(a, in, NULL, read_input, skip_input, NULL) == ARCHIVE_OK) {
		return 0;
	}
	return archive_errno(a) == EILSEQ ? no_archive(s, err) : archive_failed(a, err);
}

static int list_members(struct archive_source *s, struct err *err)
{
	auto_free struct input *in = xcalloc(1, sizeof(*in));
	auto_archive struct archive *a = archive_read_new();
	struct archive_entry *entry;
	int rc;

	if (open_tar(s, a, in, err)) {
		return -1;
	}
	while ((rc = archive_read_next_header(a, &entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
		if (add_member(s, a, entry, err)) {
			return -1;
		}
		note_cut(s, entry);
		in->read = 0;
	}
	if (in->over) {
		return err_set(err, ERR_LIMIT,
			"the headers of a member, or its map of a sparse file, are larger than "
			"%d MiB (they go on at byte %" PRId64 " of the archive)",
			(int)(LIMIT_MEMBER_HEAD / MIB), archive_filter_bytes(a, 0));
	}
	if (rc != ARCHIVE_EOF && archive_is_ours(a)) {
		return archive_failed(a, err);
	}
	if (archive_file_count(a) == 0) {
		return no_archive(s, err);
	}
	if (rc != ARCHIVE_EOF && !s->base.damage) {
		s->base.damage = xasprintf("the archive is damaged at byte %" PRId64 ": %.200s",
			archive_filter_bytes(a, 0),
			archive_error_string(a) ? archive_error_string(a) : "unknown cause");
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int same_bytes(const struct archive_source *s, const struct sparse_place *a,
	const struct sparse_place *b, bool *ret, struct err *err)
{
	char one[16 * 1024];
	char other[sizeof(one)];

	*ret = a->size == b->size && bytes_there(s, a) == a->size && bytes_there(s, b) == b->size;
	for (uint64_t at = 0; *ret && at < a->size; at += sizeof(one)) {
		size_t len = a->size - at < sizeof(one) ? (size_t)(a->size - at) : sizeof(one);

		if (file_read_at(s->fd, one, len, a->content + at, err) ||
			file_read_at(s->fd, other, len, b->content + at, err)) {
			return -1;
		}
		*ret = memcmp(one, other, len) == 0;
	}
	return 0;
}

/* Of two members of one name whoever unpacks the archive has the last, and whoever looks for the name
 * the first. */
static int find_ambiguous(struct archive_source *s, struct err *err)
{
	for (size_t i = 1; i < s->members.n && !s->base.ambiguous; i++) {
		const struct member *a = &s->members.v[i - 1];
		const struct member *b = &s->members.v[i];
		bool same = false;

		if (strcmp(a->name, b->name) != 0 || (!a->regular && !b->regular)) {
			continue;
		}
		if (a->regular && b->regular && same_bytes(s, &a->place, &b->place, &same, err)) {
			return err_wrap(err, "'%.200s'", b->name);
		}
		if (!same) {
			s->base.ambiguous = xstrdup(b->name);
			s->base.ambiguity = "is in the archive more than once, with different "
					    "content: readers take the first or the last";
		}
	}
	return 0;
}

/* The last of the members with this name. */
static const struct member *lookup(const struct archive_source *s, const char *name)
{
	size_t low = 0;
	size_t high = s->members.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->members.v[middle].name, name) <= 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low && strcmp(s->members.v[low - 1].name, name) == 0 ? &s->members.v[low - 1] : NULL;
}

static int open_member(const struct archive_source *s, const struct member *m, const char *name,
	struct blob *ret, struct err *err)
{
	AUTO(blob) struct blob blob = {.fd = -1};

	if (sparse_find(s->copies, &m->place, &blob, err)) {
		return err_wrap(err, "'%.200s'", name);
	}
	if (blob.fd < 0) {
		blob = (struct blob){fcntl(s->fd, F_DUPFD_CLOEXEC, 3), m->place.content,
			bytes_there(s, &m->place)};
	}
	if (blob.fd < 0) {
		return err_sys(err, "duplicate the archive's descriptor");
	}
	*ret = blob;
	blob.fd = -1;
	return 0;
}

static int archive_find(const struct source *source, const char *name, struct blob *ret,
	uint64_t *ret_declared, struct err *err)
{
	const struct archive_source *s = (const struct archive_source *)source;
	auto_free char *plain = member_name(name);
	const struct member *m = plain ? lookup(s, plain) : NULL;

	for (int i = 0; m && m->link && i < LINKS_MAX; i++) {
		m = lookup(s, m->link);
	}
	if (!m) {
		err_set(err, ERR_IO, "'%.200s' is not in the archive%s%.200s", name,
			s->base.damage ? ": " : "", s->base.damage ? s->base.damage : "");
		if (err) {
			err->sys = ENOENT;
		}
		return -1;
	}
	if (!m->regular) {
		return err_set(err, ERR_MALFORMED, "'%.200s' is not a regular file", name);
	}
	*ret_declared = m->place.size;
	return ret ? open_member(s, m, name, ret, err) : 0;
}

static void archive_source_free(struct source *source)
{
	struct archive_source *s = (struct archive_source *)source;

	sparse_copies_free(s->copies);
	cleanup_fd(&s->fd);
	for (size_t i = 0; i < s->members.n; i++) {
		free(s->members.v[i].name);
		free(s->members.v[i].link);
	}
	free(s->members.v);
	free(s);
}

int source_archive_new(int fd, bool spooled, char *damage, struct source **ret, struct err *err)
{
	static const struct source_ops ops = {archive_find, archive_source_free};
	struct archive_source *s = xcalloc(1, sizeof(*s));
	AUTO_PTR(source) struct source *source = &s->base;
	struct stat st;

	source->ops = &ops;
	source->damage = damage;
	s->fd = fd;
	if (fstat(fd, &st)) {
		return err_sys(err, "stat the archive");
	}
	s->file_size = (uint64_t)st.st_size;
	s->copies = sparse_copies_new(fd, s->file_size, spooled ? s->file_size : 0);
	if (list_members(s, err)) {
		return -1;
	}
	if (s->members.n) {
		qsort(s->members.v, s->members.n, sizeof(*s->members.v), by_name);
	}
	if (find_ambiguous(s, err)) {
		return -1;
	}
	*ret = steal_ptr(source);
	return 0;
}
