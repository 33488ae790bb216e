#include "image/scan_layer.h"

#include "base/alloc.h"
#include "base/str.h"
#include "image/facts_private.h"
#include "image/tar_path.h"

#include <endian.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void scan_violation(struct layer_scan *s, bool warning, const char *fmt, ...)
{
	char file[32];
	char text[512];
	va_list ap;

	s->n_violations += !warning;
	s->n_said++;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(file, sizeof(file), "layer %zu", s->layer);
	violation_add(&s->image->violations, VIOLATION_LAYER, warning, file, s->name,
		"%s (at byte %lld of the tar)", text, s->at);
}

void scan_emit(const struct layer_scan *s, const struct entry *entry)
{
	for (size_t i = 0; i < s->n_sinks; i++) {
		s->sinks[i].entry(entry, s->sinks[i].arg);
	}
}

/* The tree has to make a directory that the tar does not have. */
static void emit_implied(const struct node *dir, const char *path, uint32_t mtime_ns, void *arg)
{
	const struct layer_scan *s = arg;
	struct entry entry = {.layer = s->layer,
		.path = path,
		.type = NODE_DIR,
		.mode = dir->mode,
		.uid = dir->uid,
		.gid = dir->gid,
		.mtime = dir->mtime,
		.mtime_ns = mtime_ns};

	for (size_t i = 0; i < s->n_sinks; i++) {
		if (s->sinks[i].implied) {
			s->sinks[i].implied(&entry, s->sinks[i].arg);
		}
	}
}

void scan_begin(struct layer_scan *s)
{
	const struct tree_hook hook = {emit_implied, s};

	tree_begin(s->tree, s->layer, &hook);
}

/* libarchive keeps the bytes of a name that it cannot convert, and bytes are all we want. */
static bool only_conversion(const char *message)
{
	return message && strstr(message, "can't be converted");
}

/* Once for each entry: the second reader knows better what it is. */
static void complain(struct layer_scan *s, const char *message)
{
	if (!s->said) {
		scan_violation(s, false, "%s", message);
	}
	s->said = true;
}

bool scan_archive_result(struct layer_scan *s, int rc)
{
	const char *message = archive_error_string(s->archive);
	const void *data;
	size_t len;

	if (rc == ARCHIVE_OK || rc == ARCHIVE_EOF ||
		(rc == ARCHIVE_WARN && only_conversion(message))) {
		return true;
	}
	if (rc <= ARCHIVE_FATAL) {
		struct err err = {0};

		s->dead = true;
		/* a stream that has failed says so again, and knows better than libarchive why */
		if (layer_stream_read(s->stream, &data, &len, &err) == 0) {
			complain(s, message ? message : "broken tar");
		} else if (err.code == ERR_MALFORMED || err.code == ERR_LIMIT) {
			scan_violation(s, false, "%s", err.msg);
		} else {
			s->fatal = err;
		}
		return false;
	}
	complain(s, message ? message : "broken entry");
	return rc == ARCHIVE_WARN;
}

static void read_type(const struct tar_raw_item *item, struct entry *entry)
{
	static const enum node_type types[] = {NODE_FILE, NODE_FILE, NODE_SYMLINK, NODE_CHAR,
		NODE_BLOCK, NODE_DIR, NODE_FIFO}; /* '0' to '6' */

	entry->type = types[item->type - '0'];
	entry->hardlink = item->type == '1';
	if (entry->hardlink || entry->type == NODE_SYMLINK) {
		entry->target = item->link;
	}
}

/* The largest id is (uid_t)-1, which is none. */
static bool read_id(int64_t raw, uint32_t *ret)
{
	if (raw < 0 || raw >= UINT32_MAX) {
		return false;
	}
	*ret = (uint32_t)raw;
	return true;
}

static int read_name(struct layer_scan *s, struct entry *entry, struct err *err)
{
	if (tar_path_normalise(s->item->path, s->path, err) ||
		tar_path_whiteout(s->path, &entry->whiteout, err)) {
		return -1;
	}
	entry->path = s->path;
	return 0;
}

/* What the header says: who reads the content has its size, and engines the rest. ERR_UNSUPPORTED for an
 * entry to pass over with a warning. */
static int read_header(
	struct layer_scan *s, struct archive_entry *ae, struct entry *entry, struct err *err)
{
	const struct tar_raw_item *item = s->item;
	char link[LIMIT_PATH];
	int64_t size;

	*entry = (struct entry){.layer = s->layer};
	if (read_name(s, entry, err)) {
		return -1;
	}
	if (entry->whiteout != WHITEOUT_NONE) {
		entry->type = NODE_FILE;
		return 0;
	}
	read_type(item, entry);
	if (entry->hardlink && tar_path_normalise(entry->target, link, err)) {
		return err_wrap(err, "hard link to '%.200s'", entry->target);
	}
	if (!read_id(item->uid, &entry->uid) || !read_id(item->gid, &entry->gid)) {
		return err_set(err, ERR_MALFORMED, "owner %" PRId64 ":%" PRId64 " is out of range",
			item->uid, item->gid);
	}
	entry->mode = (mode_t)(item->mode & 07777); /* there may be bits that no file has */
	entry->mtime = item->mtime;
	entry->mtime_ns = item->mtime_ns;
	entry->dev_major = (uint32_t)item->dev_major;
	entry->dev_minor = (uint32_t)item->dev_minor;
	size = ae ? archive_entry_size(ae) : item->size;
	if (entry->type == NODE_FILE && !entry->hardlink && size > 0) {
		entry->size = (uint64_t)size;
	}
	entry->xattrs = item->xattrs;
	entry->n_xattrs = item->n_xattrs;
	return 0;
}

/* Some tools write overlay's own whiteouts into layers, and overlay drivers then act on them. */
static void device_whiteout(struct layer_scan *s, struct entry *entry)
{
	if (*entry->path && entry->type == NODE_CHAR && !entry->hardlink && !entry->dev_major &&
		!entry->dev_minor) {
		entry->whiteout = WHITEOUT_FILE;
		scan_violation(s, true, "character device 0/0: overlay takes it for a whiteout");
	}
}

static void note_place(struct layer_scan *s, struct entry *entry)
{
	struct layer *layer = &s->image->layers[s->layer];

	layer->duplicates += s->place.duplicate;
	layer->idle_whiteouts += s->place.idle;
	if (s->place.over_link) {
		scan_violation(s, true,
			"goes through a symbolic link of a lower layer: engines disagree where it ends up");
	}
	entry->path = s->place.path;
	entry->hides = s->place.hides;
	entry->again = s->place.again;
	if (!entry->hardlink) {
		return;
	}
	entry->link = s->place.link;
	entry->link_layer = s->place.link_layer;
	entry->type = s->place.node->type;
	if (entry->link_layer != s->layer) {
		scan_violation(s, true,
			"hard link to a file of layer %zu: engines that unpack layers one by one refuse it",
			entry->link_layer);
	}
}

bool scan_apply(struct layer_scan *s, struct entry *entry)
{
	const struct tree_hook hook = {emit_implied, s};
	struct err err = {0};

	if (tree_apply(s->tree, entry, &hook, &s->place, &err)) {
		if (err.code == ERR_LIMIT) {
			s->fatal = err;
		} else {
			scan_violation(s, false, "%s", err.msg);
		}
		return false;
	}
	note_place(s, entry);
	return true;
}

/* As the kernel asks for it since Linux 4.14 (security/commoncap.c); empty: none. */
static bool is_capability(const void *value, size_t len)
{
	struct vfs_ns_cap_data cap = {0};
	uint32_t revision;

	if (len == 0 || len > sizeof(cap)) {
		return len == 0;
	}
	memcpy(&cap, value, len);
	revision = le32toh(cap.magic_etc);
	if (revision & ~(uint32_t)(VFS_CAP_REVISION_MASK | VFS_CAP_FLAGS_EFFECTIVE)) {
		return false;
	}
	revision &= VFS_CAP_REVISION_MASK;
	return (len == XATTR_CAPS_SZ_2 && revision == VFS_CAP_REVISION_2) ||
	       (len == XATTR_CAPS_SZ_3 && revision == VFS_CAP_REVISION_3);
}

/* Attributes that no file can have: engines set them as they are, and end where the kernel refuses. */
static void judge_xattrs(struct layer_scan *s, const struct entry *entry)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct entry_xattr *x = &entry->xattrs[i];
		size_t name = strlen(x->name);

		if (name == 0 || name > XATTR_NAME_MAX) {
			scan_violation(
				s, false, "extended attribute with a name of %zu bytes", name);
		} else if (x->len > XATTR_SIZE_MAX) {
			scan_violation(s, false,
				"extended attribute '%.80s' of %zu bytes, more than %d", x->name,
				x->len, XATTR_SIZE_MAX);
		} else if (str_eq(x->name, "security.capability") &&
			   !is_capability(x->value, x->len)) {
			scan_violation(s, false,
				"extended attribute '%s' of %zu bytes that are no capability",
				x->name, x->len);
		}
	}
}

static void scan_entry(struct layer_scan *s, struct archive_entry *ae)
{
	struct entry entry;
	struct err err = {0};

	if (ae) {
		scan_raw_compare(s, ae);
	}
	if (read_header(s, ae, &entry, &err)) {
		scan_violation(s, err.code == ERR_UNSUPPORTED, "%s", err.msg);
		return;
	}
	device_whiteout(s, &entry);
	judge_xattrs(s, &entry);
	facts_writer_entry(s->keep, &entry);
	if (!scan_apply(s, &entry)) {
		return;
	}
	if (entry.type == NODE_FILE && !entry.hardlink && entry.whiteout == WHITEOUT_NONE) {
		scan_content(s, &entry, s->place.node);
	} else {
		scan_emit(s, &entry);
	}
}

bool scan_count(struct layer_scan *s)
{
	if (++*s->n_entries > image_limits.entries) {
		(void)err_set(&s->fatal, ERR_LIMIT,
			"more than %" PRIu64 " entries (policy: 'entries')", image_limits.entries);
		return false;
	}
	s->image->layers[s->layer].entries++;
	return true;
}

/* What is stepped over is a content of any size. */
static int leave_entry(struct layer_scan *s)
{
	if (s->plain) {
		return scan_bytes_end(s);
	}
	return s->in_entry ? archive_read_data_skip(s->archive) : ARCHIVE_OK;
}

/* What libarchive reads then is headers, which it keeps. */
static int next_header(struct layer_scan *s, struct archive_entry **ret)
{
	int rc;

	s->in_headers = true;
	s->header_bytes = 0;
	rc = archive_read_next_header(s->archive, ret);
	s->in_headers = false;
	s->in_entry = rc == ARCHIVE_OK || rc == ARCHIVE_WARN;
	return rc;
}

/* The next entry is at s->at; *ret is what libarchive has of it, NULL when it is plain. */
static int next_entry(struct layer_scan *s, struct archive_entry **ret)
{
	int rc = leave_entry(s);

	*ret = NULL;
	if (rc > ARCHIVE_FATAL && scan_bytes_plain(s)) {
		s->at = (long long)s->bytes.next;
		s->in_entry = false;
		return ARCHIVE_OK;
	}
	if (rc > ARCHIVE_FATAL) {
		rc = next_header(s, ret);
	}
	s->at = rc > ARCHIVE_FATAL ? scan_bytes_header(s)
				   : (long long)layer_stream_facts(s->stream)->tar_size;
	return rc;
}

void scan_entries(struct layer_scan *s)
{
	while (!s->dead && !s->fatal.code) {
		struct archive_entry *ae;
		int rc = next_entry(s, &ae);

		s->name[0] = '\0';
		if (rc == ARCHIVE_EOF) {
			break;
		}
		scan_raw_take(s, rc);
		if (!scan_archive_result(s, rc)) {
			continue;
		}
		if (!ae && s->item) {
			scan_bytes_begin(s, s->item);
		}
		if (scan_count(s) && s->item && !tar_raw_unsupported(s->item)) {
			scan_entry(s, ae);
		}
	}
}
