#include "checks/logfile.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

enum { LINES_MIN = 3, SHARE_PERCENT = 60 };

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* app.log, app.log.1, app.log-20260131, app.log.gz */
static bool has_log_suffix(const char *name)
{
	for (const char *at = strcasestr(name, ".log"); at; at = strcasestr(at + 1, ".log")) {
		if (at != name && (!at[4] || at[4] == '.' || at[4] == '-' || at[4] == '_')) {
			return true;
		}
	}
	return false;
}

static bool is_named_log(const char *path)
{
	static const char *const names[] = {
		"access_log", "error_log", "catalina.out", "nohup.out", "syslog", "messages", NULL};

	return has_log_suffix(base_name(path)) || str_in(base_name(path), names) ||
	       str_starts(path, "/var/log/");
}

/* Records of logins, kept by libc and PAM wherever they are called. */
static bool is_login_record(const char *name)
{
	static const char *const names[] = {
		"wtmp", "btmp", "lastlog", "utmp", "faillog", "tallylog", NULL};

	return str_in(name, names);
}

static bool has_any_suffix(const char *name, const char *const *suffixes)
{
	for (; *suffixes; suffixes++) {
		if (str_ends(name, *suffixes)) {
			return true;
		}
	}
	return false;
}

/* What databases write ahead: binary, or at least nobody's to read. */
static bool is_journal(const char *path)
{
	static const char *const suffixes[] = {
		"-wal", "-journal", ".wal", ".aof", ".pid", ".lock", ".sock", NULL};
	static const char *const parts[] = {"/pg_wal/", "/pg_xact/", "/appendonlydir/",
		"/ib_logfile", "/#ib_redo", "/undo_", NULL};

	for (const char *const *part = parts; *part; part++) {
		if (strstr(path, *part)) {
			return true;
		}
	}
	return has_any_suffix(base_name(path), suffixes);
}

static bool is_named_data(const char *name)
{
	static const char *const suffixes[] = {".csv", ".tsv", ".json", ".sql", ".ics", ".hl7",
		".xml", ".html", ".md", ".yml", ".yaml", ".conf", ".cfg", ".ini", ".properties",
		NULL};

	return has_any_suffix(name, suffixes);
}

static bool has_log_lines(const struct obs_file *f)
{
	return f->looked_at_lines >= LINES_MIN &&
	       f->timestamped_lines * 100 >= f->looked_at_lines * SHARE_PERCENT;
}

enum logfile_kind logfile_kind(const struct obs_file *f, bool *ret_by_name)
{
	bool by_name = is_named_log(f->path);

	*ret_by_name = by_name;
	/* Copied up as it was, by chown or touch: nothing was written to it. */
	if (!f->regular || (f->existed && !f->grew)) {
		return LOGFILE_NOT;
	}
	if (is_login_record(base_name(f->path)) || (is_journal(f->path) && !has_log_lines(f))) {
		return LOGFILE_RECORD;
	}
	if (by_name && f->size == 0) {
		return LOGFILE_EMPTY;
	}
	/* LevelDB's and RocksDB's write-ahead files are called 000003.log; nobody reads binary logs. */
	if (by_name && f->looked_at_lines == 0) {
		return LOGFILE_RECORD;
	}
	if (by_name) {
		return LOGFILE_LOG;
	}
	if (!has_log_lines(f)) {
		return LOGFILE_NOT;
	}
	return is_named_data(base_name(f->path)) ? LOGFILE_DATA : LOGFILE_LOG;
}
