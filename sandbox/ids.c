#include "sandbox/ids.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "sandbox/raw.h"

#include <inttypes.h>
#include <stdio.h>

#define SMALL_FILE (64 * 1024)

/* Ids above this have been given to nobody by any distribution: systemd's and the usual subuid
 * ranges end far below; 0x80000000 and above upset programs with signed ids. */
#define UNUSED_FIRST UINT32_C(0x70000000)
#define UNUSED_END UINT64_C(0x80000000)

int ids_read_map(const char *path, struct id_map *ret, struct err *err)
{
	AUTO(buf) struct buf text;
	const char *at;
	struct line line;
	struct id_map map = {.n = 0};

	buf_init(&text, SMALL_FILE);
	if (file_read(AT_FDCWD, path, &text, err)) {
		return -1;
	}
	at = buf_str(&text);
	while (map.n < IDS_LINES && line_next(&at, buf_str(&text) + text.len, &line)) {
		auto_free char *s = strndup(line.s, line.len);
		struct id_range *r = &map.v[map.n];

		if (s && sscanf(s, "%" SCNu32 " %" SCNu32 " %" SCNu32, &r->inside, &r->outside,
				 &r->n) == 3) {
			map.n++;
		}
	}
	*ret = map;
	return 0;
}

bool ids_map_is_whole(const struct id_map *map)
{
	return map->n == 1 && map->v[0].inside == 0 && map->v[0].outside == 0 &&
	       map->v[0].n == UINT32_MAX;
}

/* "name:first:count" */
static bool read_subordinate(const struct line *line, char *name, size_t size, struct id_range *ret)
{
	const char *first = memchr(line->s, ':', line->len);
	char number[2][24] = {"", ""};
	uint64_t value[2];
	unsigned which = 0;
	size_t used = 0;

	if (!first || (size_t)(first - line->s) >= size) {
		return false;
	}
	memcpy(name, line->s, (size_t)(first - line->s));
	name[first - line->s] = '\0';
	for (const char *p = first + 1; p < line->s + line->len; p++) {
		if (*p == ':' && which == 0) {
			which = 1;
			used = 0;
		} else if (used + 1 < sizeof(number[0])) {
			number[which][used++] = *p;
			number[which][used] = '\0';
		}
	}
	if (parse_u64(number[0], UINT32_MAX, &value[0], NULL) ||
		parse_u64(number[1], UINT32_MAX, &value[1], NULL)) {
		return false;
	}
	*ret = (struct id_range){.outside = (uint32_t)value[0], .n = (uint32_t)value[1]};
	return true;
}

bool ids_subordinate(const char *path, const char *user, uint32_t id, struct id_range *ret)
{
	AUTO(buf) struct buf text;
	const char *at;
	struct line line;
	char number[16];
	char name[256];
	struct id_range r;
	bool found = false;

	buf_init(&text, 1024 * 1024);
	if (file_read(AT_FDCWD, path, &text, NULL)) {
		return false;
	}
	snprintf(number, sizeof(number), "%" PRIu32, id);
	at = buf_str(&text);
	while (line_next(&at, buf_str(&text) + text.len, &line)) {
		if (read_subordinate(&line, name, sizeof(name), &r) &&
			(str_eq(name, user) || str_eq(name, number)) && (!found || r.n > ret->n)) {
			*ret = r;
			found = true;
		}
	}
	return found;
}

/* The end of a range of the file that overlaps [first, first + n), 0 when none does. */
static uint64_t overlap_end(const char *path, uint64_t first, uint64_t n)
{
	AUTO(buf) struct buf text;
	const char *at;
	struct line line;
	char name[256];
	struct id_range r;

	buf_init(&text, 1024 * 1024);
	if (file_read(AT_FDCWD, path, &text, NULL)) {
		return 0;
	}
	at = buf_str(&text);
	while (line_next(&at, buf_str(&text) + text.len, &line)) {
		if (read_subordinate(&line, name, sizeof(name), &r) && r.outside < first + n &&
			(uint64_t)r.outside + r.n > first) {
			return (uint64_t)r.outside + r.n;
		}
	}
	return 0;
}

uint32_t ids_unused_range(const char *subuid, const char *subgid, uint32_t n)
{
	uint64_t first = UNUSED_FIRST;

	while (first + n <= UNUSED_END) {
		uint64_t end = overlap_end(subuid, first, n);

		if (!end) {
			end = overlap_end(subgid, first, n);
		}
		if (!end) {
			return (uint32_t)first;
		}
		first = (end + 0xffff) & ~UINT64_C(0xffff);
	}
	return 0;
}

static int write_map(
	pid_t pid, const char *file, uint32_t inside, const struct host *host, struct err *err)
{
	char path[64];
	char text[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	snprintf(text, sizeof(text), "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", inside,
		host->first_id, host->n_ids);
	return file_poke(AT_FDCWD, path, text, err);
}

int ids_write_maps(pid_t pid, const struct host *host, uint32_t uid, uint32_t gid, struct err *err)
{
	bool single = host->mode == HOST_SINGLE;

	if (write_map(pid, "uid_map", single ? uid : 0, host, err) ||
		write_map(pid, "gid_map", single ? gid : 0, host, err)) {
		return err_wrap(err, "map the ids of the instance");
	}
	return 0;
}

int ids_open_namespace(const struct host *host, struct err *err)
{
	auto_fd int pidfd = -1;
	int go[2];
	int fd = -1;
	pid_t pid;
	char path[64];
	siginfo_t info;

	if (pipe2(go, O_CLOEXEC) < 0) {
		return err_sys(err, "make a pipe");
	}
	pid = raw_clone(CLONE_NEWUSER, &pidfd);
	if (pid == 0) {
		char byte;

		close(go[1]);
		(void)raw_read(go[0], &byte, 1);
		_exit(0);
	}
	close(go[0]);
	if (pid < 0) {
		err_sys(err, "make a user namespace");
	} else if (ids_write_maps(pid, host, 0, 0, err) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			err_sys(err, "open '%s'", path);
		}
	}
	close(go[1]);
	if (pid > 0) {
		raw_wait(pidfd, 0, &info);
	}
	return fd;
}

pid_t ids_pidfd_pid(int pidfd, struct err *err)
{
	AUTO(buf) struct buf text;
	char path[64];
	const char *at;
	int pid;

	buf_init(&text, SMALL_FILE);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (file_read(AT_FDCWD, path, &text, err)) {
		return -1;
	}
	at = strstr(buf_str(&text), "\nPid:");
	if (!at || sscanf(at + 5, "%d", &pid) != 1 || pid <= 0) {
		return err_set(err, ERR_IO, "no process id in '%s'", path);
	}
	return pid;
}
