#include "sandbox/cgroup.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "base/sys_time.h"
#include "sandbox/raw.h"

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TEXT_CAP (4 * 1024 * 1024)
#define CPU_PERIOD_US 100000
/* Version 1 says "no limit" by a number near 2^63. */
#define NO_LIMIT (UINT64_C(1) << 62)
/* How long a group may stay busy after its last process was reaped. */
#define REMOVE_NS (3 * NS_PER_S)

/* What differs between the versions: file names, and the fields of memory.stat. */
struct version {
	const char *mechanism;
	const char *limit, *swap_limit, *current, *peak, *pids, *oom_file, *oom_field;
	const char *anon, *shared;
};
static const struct version versions[] = {
	[1] = {"cgroup v1 memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
		"memory.usage_in_bytes", "memory.max_usage_in_bytes", "pids.max",
		"memory.oom_control", "oom_kill", "total_rss", "total_shmem"},
	[2] = {"cgroup v2 memory", "memory.max", "memory.swap.max", "memory.current", "memory.peak",
		"pids.max", "memory.events", "oom_kill", "anon", "shmem"},
};

struct cgroup {
	const struct version *v;
	char *dir[CGROUP_CONTROLLERS]; /* NULL: not made; version 2: all the same text */
	struct strv procs;
	uint64_t limit;
	bool swap_limited;
};

static bool first_of_its_path(const struct cgroup *cg, int c)
{
	for (int i = 0; i < c; i++) {
		if (str_eq(cg->dir[i], cg->dir[c])) {
			return false;
		}
	}
	return cg->dir[c] != NULL;
}

static int poke(const struct cgroup *cg, int c, const char *file, struct err *err, const char *text)
{
	char path[PATH_MAX];

	if (!cg->dir[c] || snprintf(path, sizeof(path), "%s/%s", cg->dir[c], file) >= PATH_MAX) {
		return err_set(err, ERR_UNSUPPORTED, "no group for '%s'", file);
	}
	return file_poke(AT_FDCWD, path, text, err);
}

static int peek(const struct cgroup *cg, int c, const char *file, struct buf *ret, struct err *err)
{
	char path[PATH_MAX];

	if (!cg->dir[c] || snprintf(path, sizeof(path), "%s/%s", cg->dir[c], file) >= PATH_MAX) {
		return err_set(err, ERR_UNSUPPORTED, "no group for '%s'", file);
	}
	return file_read(AT_FDCWD, path, ret, err);
}

/* The number a file holds; "max" is 0: no limit. */
static int peek_number(const struct cgroup *cg, const char *file, uint64_t *ret, struct err *err)
{
	AUTO(buf) struct buf b;

	buf_init(&b, 4096);
	if (peek(cg, CGROUP_MEMORY, file, &b, err)) {
		return -1;
	}
	*ret = strtoull(buf_str(&b), NULL, 10);
	return 0;
}

/* "name 123" lines; false when the field is not there. */
static bool field(const struct buf *b, const char *name, uint64_t *ret)
{
	const char *at = buf_str(b);
	size_t len = strlen(name);
	struct line line;

	while (line_next(&at, buf_str(b) + b->len, &line)) {
		if (line.len > len && line.s[len] == ' ' && strncmp(line.s, name, len) == 0) {
			*ret = strtoull(line.s + len, NULL, 10);
			return true;
		}
	}
	return false;
}

static int set_memory(struct cgroup *cg, uint64_t memory, struct err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, memory);
	if (poke(cg, CGROUP_MEMORY, cg->v->limit, err, text) ||
		peek_number(cg, cg->v->limit, &cg->limit, err)) {
		return -1;
	}
	/* The kernel rounds to pages; more than a page off means that it did something else. */
	if (cg->limit > memory || memory - cg->limit > 65536) {
		return err_set(err, ERR_UNSUPPORTED,
			"memory limit is %" PRIu64 " after writing %" PRIu64, cg->limit, memory);
	}
	if (cg->v == &versions[1]) {
		(void)poke(cg, CGROUP_MEMORY, "memory.swappiness", NULL, "0");
		cg->swap_limited = poke(cg, CGROUP_MEMORY, cg->v->swap_limit, NULL, text) == 0;
	} else {
		(void)poke(cg, CGROUP_MEMORY, "memory.oom.group", NULL, "0");
		cg->swap_limited = poke(cg, CGROUP_MEMORY, cg->v->swap_limit, NULL, "0") == 0;
	}
	return 0;
}

static void set_pids(const struct cgroup *cg, uint64_t pids)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, pids);
	(void)poke(cg, CGROUP_PIDS, cg->v->pids, NULL, text);
}

static void set_cpus(const struct cgroup *cg, double cpus)
{
	char text[64];
	long quota = (long)(cpus * CPU_PERIOD_US);

	if (quota < 1000) {
		quota = 1000;
	}
	if (cg->v == &versions[1]) {
		snprintf(text, sizeof(text), "%d", CPU_PERIOD_US);
		(void)poke(cg, CGROUP_CPU, "cpu.cfs_period_us", NULL, text);
		snprintf(text, sizeof(text), "%ld", quota);
		(void)poke(cg, CGROUP_CPU, "cpu.cfs_quota_us", NULL, text);
	} else {
		snprintf(text, sizeof(text), "%ld %d", quota, CPU_PERIOD_US);
		(void)poke(cg, CGROUP_CPU, "cpu.max", NULL, text);
	}
}

int cgroup_new(const struct cgroup_place *place, const char *name,
	const struct cgroup_limits *limits, struct cgroup **ret, struct err *err)
{
	AUTO_PTR(cgroup) struct cgroup *cg = xcalloc(1, sizeof(*cg));

	assert(place->version == 1 || place->version == 2);
	cg->v = &versions[place->version];
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		auto_free char *dir = NULL;

		if (!place->dir[c][0]) {
			continue;
		}
		dir = xasprintf("%s/%s", place->dir[c], name);
		if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
			if (c == CGROUP_MEMORY) {
				return err_sys(err, "make control group '%s'", dir);
			}
			continue;
		}
		cg->dir[c] = steal_ptr(dir);
		if (first_of_its_path(cg, c)) {
			strv_addf(&cg->procs, "%s/cgroup.procs", cg->dir[c]);
		}
	}
	if (limits->memory && set_memory(cg, limits->memory, err)) {
		return err_wrap(err, "control group '%s'", name);
	}
	if (limits->pids) {
		set_pids(cg, limits->pids);
	}
	if (limits->cpus > 0) {
		set_cpus(cg, limits->cpus);
	}
	*ret = steal_ptr(cg);
	return 0;
}

static void remove_group(const char *dir)
{
	uint64_t deadline = time_now_ns() + REMOVE_NS;

	while (rmdir(dir) < 0 && errno == EBUSY && time_now_ns() < deadline) {
		poll(NULL, 0, 2); /* a reaped task leaves its group a moment later */
	}
}

void cgroup_free(struct cgroup *cg)
{
	if (!cg) {
		return;
	}
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		if (first_of_its_path(cg, c)) {
			remove_group(cg->dir[c]);
		}
	}
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		free(cg->dir[c]);
	}
	strv_release(&cg->procs);
	free(cg);
}

int cgroup_add(const struct cgroup *cg, pid_t pid, struct err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < cg->procs.n; i++) {
		if (file_poke(AT_FDCWD, cg->procs.v[i], text, err)) {
			return err_wrap(err, "join the control group");
		}
	}
	return 0;
}

void cgroup_kill(const struct cgroup *cg)
{
	if (cg->v == &versions[2]) {
		(void)poke(cg, CGROUP_MEMORY, "cgroup.kill", NULL, "1");
	}
}

const char *cgroup_mechanism(const struct cgroup *cg)
{
	return cg->limit ? cg->v->mechanism : NULL;
}

uint64_t cgroup_memory_limit(const struct cgroup *cg)
{
	uint64_t now;

	if (!cg->limit || peek_number(cg, cg->v->limit, &now, NULL) || now >= NO_LIMIT) {
		return 0;
	}
	return now;
}

bool cgroup_swap_limited(const struct cgroup *cg)
{
	return cg->swap_limited;
}

int cgroup_read_memory(const struct cgroup *cg, struct cgroup_memory *ret, struct err *err)
{
	AUTO(buf) struct buf b;
	struct cgroup_memory m = {0};
	uint64_t anon;
	uint64_t shared;

	buf_init(&b, TEXT_CAP);
	if (peek(cg, CGROUP_MEMORY, "memory.stat", &b, err) ||
		peek_number(cg, cg->v->current, &m.total, err)) {
		return -1;
	}
	if (!field(&b, cg->v->anon, &anon)) {
		return err_set(err, ERR_UNSUPPORTED, "no '%s' in memory.stat", cg->v->anon);
	}
	/* Version 1 counts shared memory as cache; older kernels have no field for it. */
	m.used = anon + (field(&b, cg->v->shared, &shared) ? shared : 0);
	if (peek_number(cg, cg->v->peak, &m.peak, NULL)) {
		m.peak = 0;
	}
	buf_clear(&b);
	if (peek(cg, CGROUP_MEMORY, cg->v->oom_file, &b, NULL) == 0) {
		(void)field(&b, cg->v->oom_field, &m.oom_kills);
	}
	*ret = m;
	return 0;
}

int cgroup_processes(
	const struct cgroup *cg, pid_t *ret, size_t max, size_t *ret_n, struct err *err)
{
	AUTO(buf) struct buf b;
	const char *at;
	struct line line;
	size_t n = 0;

	buf_init(&b, TEXT_CAP);
	if (peek(cg, CGROUP_MEMORY, "cgroup.procs", &b, err)) {
		return -1;
	}
	at = buf_str(&b);
	while (n < max && line_next(&at, buf_str(&b) + b.len, &line)) {
		long pid = strtol(line.s, NULL, 10);

		if (pid > 0) {
			ret[n++] = (pid_t)pid;
		}
	}
	*ret_n = n;
	return 0;
}

const struct strv *cgroup_procs_files(const struct cgroup *cg)
{
	return &cg->procs;
}

/* Kill what is in the group (nothing, unless a run died and its keeper with it just now). */
static void empty_group(const char *dir)
{
	AUTO(buf) struct buf b;
	char path[PATH_MAX];
	const char *at;
	struct line line;

	buf_init(&b, TEXT_CAP);
	if (snprintf(path, sizeof(path), "%s/cgroup.procs", dir) >= PATH_MAX ||
		file_read(AT_FDCWD, path, &b, NULL)) {
		return;
	}
	at = buf_str(&b);
	while (line_next(&at, buf_str(&b) + b.len, &line)) {
		long pid = strtol(line.s, NULL, 10);

		if (pid > 0) {
			kill((pid_t)pid, SIGKILL);
		}
	}
}

int cgroup_clear(const char *dir, const char *prefix, struct err *err)
{
	auto_dir DIR *d = opendir(dir);
	const struct dirent *e;
	int rc;

	if (!d) {
		return errno == ENOENT ? 0 : err_sys(err, "list '%s'", dir);
	}
	while ((rc = dir_next(d, &e, err)) > 0) {
		if (str_starts(e->d_name, prefix)) {
			auto_free char *group = xasprintf("%s/%s", dir, e->d_name);

			empty_group(group);
			remove_group(group);
		}
	}
	return rc ? err_wrap(err, "list '%s'", dir) : 0;
}

void cgroup_clear_probes(const char *dir)
{
	auto_dir DIR *d = opendir(dir);
	const struct dirent *e;

	while (d && dir_next(d, &e, NULL) > 0) {
		uint64_t pid;

		if (str_starts(e->d_name, CGROUP_PROBE) &&
			parse_u64(e->d_name + strlen(CGROUP_PROBE), INT_MAX, &pid, NULL) == 0 &&
			kill((pid_t)pid, 0) < 0 && errno == ESRCH) {
			auto_free char *group = xasprintf("%s/%s", dir, e->d_name);

			rmdir(group);
		}
	}
}
