#include "image/scan_layer.h"

#include "base/alloc.h"
#include "image/facts_private.h"
#include "image/tar_path.h"

#include <inttypes.h>
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
			scan_violation(s, false, "%s", message ? message : "broken tar");
		} else if (err.code == ERR_MALFORMED || err.code == ERR_LIMIT) {
			scan_violation(s, false, "%s", err.msg);
		} else {
			s->fatal = err;
		}
		return false;
	}
	scan_violation(s, false, "%s", message ? message : "broken entry");
	return rc == ARCHIVE_WARN;
}

static bool read_type(struct archive_entry *ae, struct entry *entry)
{
	static const struct {
		unsigned type;
		enum node_type node;
	} types[] = {{AE_IFREG, NODE_FILE}, {AE_IFDIR, NODE_DIR}, {AE_IFLNK, NODE_SYMLINK},
		{AE_IFCHR, NODE_CHAR}, {AE_IFBLK, NODE_BLOCK}, {AE_IFIFO, NODE_FIFO}};

	entry->hardlink = archive_entry_hardlink(ae) != NULL;
	if (entry->hardlink) {
		entry->type = NODE_FILE;
		entry->target = archive_entry_hardlink(ae);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].type == archive_entry_filetype(ae)) {
			entry->type = types[i].node;
			entry->target =
				entry->type == NODE_SYMLINK ? archive_entry_symlink(ae) : NULL;
			return true;
		}
	}
	return false;
}

static void read_xattrs(struct layer_scan *s, struct archive_entry *ae, struct entry *entry)
{
	const char *name;
	const void *value;
	size_t len;

	s->xattrs.n = 0;
	archive_entry_xattr_reset(ae);
	while (archive_entry_xattr_next(ae, &name, &value, &len) == ARCHIVE_OK) {
		*ARRAY_PUSH(&s->xattrs) = (struct entry_xattr){name, value, len};
	}
	entry->xattrs = s->xattrs.v;
	entry->n_xattrs = s->xattrs.n;
}

/* The largest id is (uid_t)-1, which is none. */
static bool read_id(la_int64_t raw, uint32_t *ret)
{
	if (raw < 0 || raw >= UINT32_MAX) {
		return false;
	}
	*ret = (uint32_t)raw;
	return true;
}

static int read_name(
	struct layer_scan *s, struct archive_entry *ae, struct entry *entry, struct err *err)
{
	const char *raw = archive_entry_pathname(ae);

	if (!raw) {
		return err_set(err, ERR_MALFORMED, "entry without a name");
	}
	snprintf(s->name, sizeof(s->name), "%s", raw);
	if (tar_path_normalise(raw, s->path, err) ||
		tar_path_whiteout(s->path, &entry->whiteout, err)) {
		return -1;
	}
	entry->path = s->path;
	return 0;
}

/* What the header says. ERR_UNSUPPORTED for an entry to pass over with a warning. */
static int read_header(
	struct layer_scan *s, struct archive_entry *ae, struct entry *entry, struct err *err)
{
	char link[LIMIT_PATH];

	*entry = (struct entry){.layer = s->layer};
	if (read_name(s, ae, entry, err)) {
		return -1;
	}
	if (entry->whiteout != WHITEOUT_NONE) {
		entry->type = NODE_FILE;
		return 0;
	}
	if (!read_type(ae, entry)) {
		return err_set(err, ERR_MALFORMED, "entry of unknown type");
	}
	if (entry->hardlink && tar_path_normalise(entry->target, link, err)) {
		return err_wrap(err, "hard link to '%.200s'", entry->target);
	}
	if (!read_id(archive_entry_uid(ae), &entry->uid) ||
		!read_id(archive_entry_gid(ae), &entry->gid)) {
		return err_set(err, ERR_MALFORMED, "owner %lld:%lld is out of range",
			(long long)archive_entry_uid(ae), (long long)archive_entry_gid(ae));
	}
	entry->mode = archive_entry_perm(ae) & 07777; /* libarchive keeps bits that no file has */
	entry->mtime = archive_entry_mtime(ae);
	entry->mtime_ns = (uint32_t)archive_entry_mtime_nsec(ae);
	entry->dev_major = (uint32_t)archive_entry_rdevmajor(ae);
	entry->dev_minor = (uint32_t)archive_entry_rdevminor(ae);
	if (entry->type == NODE_FILE && !entry->hardlink && archive_entry_size(ae) > 0) {
		entry->size = (uint64_t)archive_entry_size(ae);
	}
	read_xattrs(s, ae, entry);
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

static void scan_entry(struct layer_scan *s, struct archive_entry *ae)
{
	struct entry entry;
	struct err err = {0};

	if (read_header(s, ae, &entry, &err)) {
		scan_violation(s, err.code == ERR_UNSUPPORTED, "%s", err.msg);
		return;
	}
	device_whiteout(s, &entry);
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

void scan_entries(struct layer_scan *s)
{
	while (!s->dead && !s->fatal.code) {
		struct archive_entry *ae;
		int rc = archive_read_next_header(s->archive, &ae);

		s->name[0] = '\0';
		s->at = rc > ARCHIVE_FATAL ? (long long)archive_read_header_position(s->archive)
					   : (long long)layer_stream_facts(s->stream)->tar_size;
		if (rc == ARCHIVE_EOF) {
			break;
		}
		if (!scan_archive_result(s, rc)) {
			continue;
		}
		if (scan_count(s)) {
			scan_entry(s, ae);
		}
	}
}
