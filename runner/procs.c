#include "runner/procs.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/escape.h"
#include "base/sys_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum {
	PROCS_MAX = 1024,
	STATUS_MAX = 64 * 1024,
	CMDLINE_MAX = 4096,
};

static const char *value_of(const struct line *l, const char *name)
{
	size_t len = strlen(name);

	if (l->len <= len || strncmp(l->s, name, len) != 0 || l->s[len] != ':') {
		return NULL;
	}
	for (len++; len < l->len && (l->s[len] == ' ' || l->s[len] == '\t'); len++) {
	}
	return l->s + len;
}

/* "NSpid:	4711	12	1": one per namespace, outermost first. */
static int last_number(const char *s, const char *end)
{
	const char *last = end;

	while (last > s && last[-1] != '\t' && last[-1] != ' ') {
		last--;
	}
	return (int)strtol(last, NULL, 10);
}

void proc_status_parse(const char *text, struct proc_status *ret)
{
	const struct {
		const char *name;
		uint64_t *to;
	} masks[] = {
		{"SigCgt", &ret->sig_caught},
		{"SigIgn", &ret->sig_ignored},
		{"SigBlk", &ret->sig_blocked},
		{"ShdPnd", &ret->sig_pending},
	};
	const char *at = text;
	const char *end = text + strlen(text);
	struct line l;

	*ret = (struct proc_status){0};
	while (line_next(&at, end, &l)) {
		const char *value;

		if ((value = value_of(&l, "Name"))) {
			(void)snprintf(ret->comm, sizeof(ret->comm), "%.*s",
				(int)(l.s + l.len - value), value);
		} else if ((value = value_of(&l, "State"))) {
			ret->state = *value;
		} else if ((value = value_of(&l, "PPid"))) {
			ret->ppid = (int)strtol(value, NULL, 10);
		} else if ((value = value_of(&l, "NSpid"))) {
			ret->pid_inside = last_number(value, l.s + l.len);
		}
		for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
			if ((value = value_of(&l, masks[i].name))) {
				*masks[i].to = strtoull(value, NULL, 16);
			}
		}
	}
}

static char *read_cmdline(int dir)
{
	AUTO(buf) struct buf text;
	struct buf shown;

	buf_init(&text, CMDLINE_MAX);
	(void)file_read(dir, "cmdline", &text, NULL);
	for (size_t i = 0; i + 1 < text.len; i++) {
		text.data[i] = text.data[i] ? text.data[i] : ' ';
	}
	buf_init(&shown, 4 * CMDLINE_MAX);
	(void)escape_to(&shown, ESCAPE_TERMINAL, buf_str(&text), strlen(buf_str(&text)), NULL);
	return buf_steal(&shown);
}

static char *read_exe(int dir)
{
	char path[PATH_MAX];
	ssize_t len = readlinkat(dir, "exe", path, sizeof(path) - 1);

	if (len < 0) {
		return xstrdup("");
	}
	path[len] = '\0';
	return escape_dup(ESCAPE_TERMINAL, path);
}

/* pids here, beside the processes of the same index: to translate parents. */
struct look {
	struct obs_processes *to;
	pid_t here[PROCS_MAX];
	int parent[PROCS_MAX];
	size_t n;
};

static void look_at(struct look *look, pid_t pid)
{
	char path[32];
	AUTO(buf) struct buf text;
	struct proc_status status;
	struct obs_process *p;
	auto_fd int dir = -1;

	buf_init(&text, STATUS_MAX);
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || file_read(dir, "status", &text, NULL)) {
		return;
	}
	proc_status_parse(buf_str(&text), &status);
	if (!status.pid_inside || status.state == 'Z' || status.state == 'X') {
		return;
	}
	look->here[look->n] = pid;
	look->parent[look->n++] = status.ppid;
	p = ARRAY_PUSH(look->to);
	*p = (struct obs_process){
		.pid = status.pid_inside,
		.comm = escape_dup(ESCAPE_TERMINAL, status.comm),
		.cmdline = read_cmdline(dir),
		.exe = read_exe(dir),
		.state = status.state,
		.sig_caught = status.sig_caught,
		.sig_ignored = status.sig_ignored,
		.sig_blocked = status.sig_blocked,
		.sig_pending = status.sig_pending,
	};
}

static int pid_inside(const struct look *look, size_t from, int ppid)
{
	for (size_t i = 0; i < look->n; i++) {
		if (look->here[i] == ppid) {
			return look->to->v[from + i].pid;
		}
	}
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct obs_process *x = a;
	const struct obs_process *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

int procs_look(const struct sandbox *sb, struct obs_processes *ret, struct err *err)
{
	pid_t pids[PROCS_MAX];
	struct look look = {.to = ret};
	size_t from = ret->n;
	size_t n = 0;

	if (sandbox_processes(sb, pids, PROCS_MAX, &n, err)) {
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		look_at(&look, pids[i]);
	}
	for (size_t i = 0; i < look.n; i++) {
		ret->v[from + i].ppid = pid_inside(&look, from, look.parent[i]);
	}
	if (look.n) {
		qsort(ret->v + from, look.n, sizeof(*ret->v), by_pid);
	}
	return 0;
}

/* ---- files without a name ----------------------------------------------------------------- */

/* Descriptors that one look takes: some 0.2 s. A process may have 524288 of one file, and nothing else is done
 * meanwhile, deadlines included. */
enum { UNLINKED_MAX = 512, LOOKED_AT_MAX = 50000 };

struct unlinked {
	dev_t devs[2]; /* of the overlay and of the disk below it */
	struct {
		dev_t dev;
		ino_t ino;
	} seen[UNLINKED_MAX]; /* a file is held by many processes after fork(2) */
	size_t n;
	size_t looked_at;
	uint64_t bytes;
};

static void count_unlinked(struct unlinked *u, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || st->st_nlink || u->n == UNLINKED_MAX ||
		(st->st_dev != u->devs[0] && st->st_dev != u->devs[1])) {
		return;
	}
	for (size_t i = 0; i < u->n; i++) {
		if (u->seen[i].dev == st->st_dev && u->seen[i].ino == st->st_ino) {
			return;
		}
	}
	u->seen[u->n].dev = st->st_dev;
	u->seen[u->n++].ino = st->st_ino;
	u->bytes += (uint64_t)st->st_blocks * 512;
}

static void look_at_fds(struct unlinked *u, pid_t pid)
{
	char path[48];
	auto_dir DIR *dir = NULL;
	const struct dirent *item;
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && u->looked_at < LOOKED_AT_MAX && dir_next(dir, &item, NULL) > 0) {
		u->looked_at++;
		/* The links of /proc/PID/fd lead to the open file itself, whatever its name was. */
		if (fstatat(dirfd(dir), item->d_name, &st, 0) == 0) {
			count_unlinked(u, &st);
		}
	}
}

uint64_t procs_unlinked_bytes(const struct sandbox *sb)
{
	pid_t pids[PROCS_MAX];
	struct unlinked u = {0};
	char root[48];
	struct stat st;
	size_t n = 0;

	(void)snprintf(root, sizeof(root), "/proc/%d/root", (int)sandbox_pid(sb));
	if (stat(root, &st) || sandbox_processes(sb, pids, PROCS_MAX, &n, NULL)) {
		return 0;
	}
	u.devs[0] = u.devs[1] = st.st_dev;
	if (stat(sandbox_upper(sb), &st) == 0) {
		u.devs[1] = st.st_dev;
	}
	for (size_t i = 0; i < n; i++) {
		look_at_fds(&u, pids[i]);
	}
	return u.bytes;
}
