/*
 * faults: what happens when a system call or an allocation fails?
 *
 *	build/fuzz/faults IMAGE...
 *
 * Each image is opened, scanned for the static checks, unpacked into a store and asked for its
 * packages, first undisturbed and then again and again: with the 1st call failing, with the 2nd,
 * and so on until there is none left to fail; and with a disk that is full from the n-th write on.
 * Every time the outcome has to be an error or the undisturbed one: what the machine did is not the
 * image's fault. Interrupted and short reads and writes must change nothing.
 *
 * All of this when nothing is kept from run to run, when the facts of its layers and the unpacked
 * layers are kept for the first time, and when they are there already. Whatever was kept, a run
 * that is not disturbed and finds it has to have the undisturbed outcome: what is half there is
 * never believed. Such a run follows each of the others: with the facts alone, so that no other
 * sink makes it read the layers; with the store alone; and with both, which has to find nothing
 * half done.
 */
#include "tests/fuzz/faults.h"

#include "base/cleanup.h"
#include "base/sys_file.h"
#include "image/store_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* How often a failure is shown in full. */
enum { SHOWN_MAX = 20 };

/* Nothing here waits for anybody else. */
static void on_alarm(int signal)
{
	static const char text[] = "not ok - it hangs when this call fails: ";

	(void)signal;
	faults_end();
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	(void)!write(STDOUT_FILENO, faults_name(), strlen(faults_name()));
	(void)!write(STDOUT_FILENO, "\n", 1);
	_exit(1);
}

/* ---- what is kept from run to run ------------------------------------------------------------ */

static char facts_dir[] = "facts";
static char store_dir[] = "store";

enum keeping { KEEPS_NOTHING, KEEPS_FIRST, KEEPS_AGAIN };

static const char *const keepings[] = {
	[KEEPS_NOTHING] = "nothing kept",
	[KEEPS_FIRST] = "kept for the first time",
	[KEEPS_AGAIN] = "kept before",
};

static void forget(void)
{
	if (dir_remove(AT_FDCWD, facts_dir, NULL) || dir_remove(AT_FDCWD, store_dir, NULL)) {
		abort();
	}
}

static bool is_unfinished(const char *facts)
{
	return str_starts(facts, "tmp.");
}

/* How many layers there are facts of. */
static size_t published(void)
{
	auto_dir DIR *list = opendir(facts_dir);
	const struct dirent *d;
	size_t n = 0;

	while (list && (d = readdir(list))) {
		n += d->d_name[0] != '.' && !is_unfinished(d->d_name);
	}
	return n;
}

/* Remove from dir, which may be missing, all that is wanted (NULL: everything); how much it was. */
static size_t clear(const char *dir, bool (*wanted)(const char *name))
{
	auto_dir DIR *list = opendir(dir);
	const struct dirent *d;
	size_t n = 0;

	while (list && (d = readdir(list))) {
		if (d->d_name[0] != '.' && (!wanted || wanted(d->d_name))) {
			n += dir_remove(dirfd(list), d->d_name, NULL) == 0;
		}
	}
	return n;
}

/* ---- judging --------------------------------------------------------------------------------- */

static size_t passed;
static size_t failed;

/* What an image gives when nothing is wrong. */
struct clean {
	const char *image;
	struct upshot upshot;
	size_t recalled; /* layers that facts are kept of */
};

/* Every check says the same, or (told) that it could not be made. */
static bool same_checks(const struct upshot *a, const struct upshot *b, bool told)
{
	bool same = a->checks.n == b->checks.n;

	for (size_t i = 0; same && i < a->checks.n; i++) {
		const char *verdict = strchr(a->checks.v[i], ' ');

		same = strcmp(a->checks.v[i], b->checks.v[i]) == 0 ||
		       (told && verdict && str_starts(verdict, " error"));
	}
	return same;
}

static bool same_seen(const struct upshot *a, const struct upshot *b, bool told)
{
	return !a->err.code && a->failures == b->failures && a->warnings == b->warnings &&
	       str_eq(a->seen, b->seen) && same_checks(a, b, told);
}

static bool same_stored(const struct upshot *a, const struct upshot *b)
{
	return !a->store_err.code && a->stored && str_eq(a->stored, b->stored);
}

/* An error, or the undisturbed outcome. What was seen stands when only unpacking failed. */
static bool is_good(const struct upshot *o, const struct upshot *clean)
{
	if (o->err.code) {
		return *o->err.msg;
	}
	return same_seen(o, clean, true) &&
	       (o->store_err.code ? *o->store_err.msg : same_stored(o, clean));
}

static void difference(const char *what, const char *is, const char *was)
{
	size_t n = 0;

	if (!is || !was) {
		printf("#   %s: %s\n", what, is ? "was not there" : "is not there");
		return;
	}
	while (is[n] && is[n] == was[n]) {
		n++;
	}
	if (is[n] != was[n]) {
		while (n && is[n - 1] != '\n') {
			n--;
		}
		printf("#   %s: '%.*s', undisturbed '%.*s'\n", what, (int)strcspn(is + n, "\n"),
			is + n, (int)strcspn(was + n, "\n"), was + n);
	}
}

static void report(const char *what, size_t at, const char *name, const struct upshot *o,
	const struct upshot *clean)
{
	static size_t shown;

	if (shown++ >= SHOWN_MAX) {
		return;
	}
	printf("# %s, %zu (%s): %s%s%s, %zu violations, %zu oddities\n", what, at, name, o->err.msg,
		*o->store_err.msg ? "; store: " : "", o->store_err.msg, o->failures, o->warnings);
	if (!o->err.code) {
		difference("seen", o->seen, clean->seen);
		for (size_t i = 0; i < o->checks.n && i < clean->checks.n; i++) {
			difference("check", o->checks.v[i], clean->checks.v[i]);
		}
	}
	if (!o->err.code && !o->store_err.code && o->stored) {
		difference("stored", o->stored, clean->stored);
	}
}

/* ---- afterwards ------------------------------------------------------------------------------ */

/* Whether an undisturbed run over what a disturbed one has left comes out clean, and reads none of
 * the layers whose facts it has to find. */
static bool follow(const struct clean *clean, const struct world *world, size_t recalled, size_t at,
	const char *name)
{
	const char *what = !world->store  ? "afterwards, with its facts"
			   : world->facts ? "afterwards, with both"
					  : "afterwards, with its store";
	struct upshot o;
	bool good;

	upshot_of(world, UNDISTURBED, 0, &o);
	good = same_seen(&o, &clean->upshot, false) &&
	       (!world->store || same_stored(&o, &clean->upshot));
	if (!good) {
		report(what, at, name, &o, &clean->upshot);
	} else if (o.recalled != recalled) {
		printf("# %s, %zu (%s): facts of %zu layers were believed, not of %zu\n", what, at,
			name, o.recalled, recalled);
		good = false;
	}
	upshot_release(&o);
	return good;
}

/* all: of a run that kept whatever there was to keep. What was published has to be whole; what is
 * damaged would not be believed, and read again every time. */
static bool afterwards(const struct clean *clean, size_t at, const char *name, bool all)
{
	const struct world facts = {clean->image, facts_dir, NULL};
	const struct world store = {clean->image, NULL, store_dir};
	const struct world both = {clean->image, facts_dir, store_dir};
	bool good = follow(clean, &facts, all ? clean->recalled : published(), at, name);

	good = follow(clean, &store, 0, at, name) && good;
	return follow(clean, &both, clean->recalled, at, name) && good;
}

/* What a run could not finish it takes away, unless that is what failed; a store is cleared when it
 * is opened again. */
static bool is_tidy(size_t at, const char *name)
{
	size_t facts = clear(facts_dir, is_unfinished);
	size_t store = clear("store/tmp", NULL);
	bool good = (!facts || strcmp(name, "unlinkat") == 0) && !store;

	if (!good) {
		printf("# afterwards, %zu (%s): %zu unfinished facts, %zu layers\n", at, name,
			facts, store);
	}
	return good;
}

/* ---- disturbing ------------------------------------------------------------------------------ */

struct trial {
	const struct clean *clean;
	enum keeping keeping;
	enum disturbance kind;
	size_t runs;
	bool good;
};

/* A mark that a layer is on the disk is a lie when that failed; and a directory that could not be
 * read is not an empty one, wherever it was read. */
static bool is_told(const struct trial *t, const struct upshot *o)
{
	if (strcmp(faults_name(), "syncfs") == 0) {
		return !o->kept || t->keeping == KEEPS_AGAIN;
	}
	return strcmp(faults_name(), "readdir") != 0 || o->err.code || o->store_err.code ||
	       o->clear_err.code;
}

static bool is_right(const struct trial *t, const struct upshot *o)
{
	const struct upshot *clean = &t->clean->upshot;

	if (t->kind == FAIL || t->kind == FULL) {
		return is_good(o, clean) && is_told(t, o);
	}
	return same_seen(o, clean, false) && same_stored(o, clean);
}

/* Whether there was an at-th call. */
static bool disturb(struct trial *t, size_t at)
{
	static const char *const kinds[] = {
		"undisturbed", "failing", "full", "interrupted", "short"};
	const struct world world = {
		t->clean->image, t->keeping == KEEPS_NOTHING ? NULL : facts_dir, store_dir};
	bool changes_nothing = t->kind == INTERRUPT || t->kind == SHORT;
	const char *name;
	struct upshot o;
	bool more;

	upshot_of(&world, t->kind, at, &o);
	more = faults_calls() >= at;
	name = faults_name();
	t->runs++;
	if (!is_right(t, &o)) {
		report(kinds[t->kind], at, name, &o, &t->clean->upshot);
		t->good = false;
	} else if (getenv("FAULTS_VERBOSE")) {
		report(kinds[t->kind], at, name, &o, &t->clean->upshot);
	}
	upshot_release(&o);
	if (t->keeping != KEEPS_NOTHING) {
		t->good = afterwards(t->clean, at, name, changes_nothing) && t->good;
		t->good = is_tidy(at, name) && t->good;
	}
	if (t->keeping != KEEPS_AGAIN) {
		forget();
	}
	return more;
}

static void verdict(const struct trial *t, const char *what)
{
	printf("%s - %s, %s: %s, %zu times\n", t->good ? "ok" : "not ok", t->clean->image,
		keepings[t->keeping], what, t->runs);
	*(t->good ? &passed : &failed) += 1;
}

static void disturb_each(const struct clean *clean, enum keeping keeping)
{
	static const struct {
		enum disturbance kind;
		const char *what;
	} rows[] = {
		{FAIL, "the n-th call fails"},
		{FULL, "the disk is full from the n-th call on"},
		{INTERRUPT, "the n-th call is interrupted"},
	};
	static const size_t steps[] = {1, 7, 511, 4096};
	struct trial shorter = {clean, keeping, SHORT, 0, true};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct trial t = {clean, keeping, rows[i].kind, 0, true};

		for (size_t at = 1; disturb(&t, at); at++) {
		}
		verdict(&t, rows[i].what);
	}
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		(void)disturb(&shorter, steps[i]);
	}
	verdict(&shorter, "short reads and writes");
}

/* Twice: the second time with what the first one kept. */
static void test_image(const char *image)
{
	const struct world world = {image, facts_dir, store_dir};
	struct clean clean = {.image = image};
	struct trial undisturbed = {&clean, KEEPS_FIRST, UNDISTURBED, 2, true};
	struct upshot again;

	upshot_of(&world, UNDISTURBED, 0, &clean.upshot);
	upshot_of(&world, UNDISTURBED, 0, &again);
	clean.recalled = again.recalled;
	undisturbed.good = clean.upshot.seen && clean.upshot.recalled == 0 && again.recalled &&
			   clean.upshot.kept && same_seen(&again, &clean.upshot, false) &&
			   same_stored(&again, &clean.upshot);
	if (!undisturbed.good) {
		report("undisturbed", 0, "nothing", &again, &clean.upshot);
	}
	verdict(&undisturbed, "undisturbed");
	if (undisturbed.good) {
		disturb_each(&clean, KEEPS_AGAIN);
		forget();
		disturb_each(&clean, KEEPS_FIRST);
		disturb_each(&clean, KEEPS_NOTHING);
	}
	forget();
	upshot_release(&again);
	upshot_release(&clean.upshot);
}

/* In a directory of its own, below which all is kept; in memory, where that takes overlay's marks
 * (Linux 6.6), since thousands of stores are made and removed. The kernel gives out its boot id at once only,
 * so that a short read is the end of it: a file stands in for it. */
static void enter(char *dir, size_t len)
{
	static const char boot[] = "01234567-89ab-cdef-0123-456789abcdef\n";
	bool memory = false;

	snprintf(dir, len, "/dev/shm/assay-faults-XXXXXX");
	if (mkdtemp(dir)) {
		memory = setxattr(dir, "user.overlay.opaque", "y", 1, 0) == 0;
		(void)!(memory || rmdir(dir));
	}
	snprintf(dir, memory ? 0 : len, "/tmp/assay-faults-XXXXXX");
	if ((!memory && !mkdtemp(dir)) || chdir(dir) ||
		file_write(AT_FDCWD, "boot", boot, sizeof(boot) - 1, NULL)) {
		abort();
	}
	store_boot_path = "boot";
}

int main(int argc, char **argv)
{
	char dir[64];
	AUTO(strv) struct strv images = {0};

	(void)signal(SIGALRM, on_alarm);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		strv_take(&images, realpath(argv[i], NULL));
	}
	enter(dir, sizeof(dir));
	for (size_t i = 0; i < images.n; i++) {
		test_image(images.v[i]);
	}
	printf("%zu passed, %zu failed\n", passed, failed);
	return dir_remove(AT_FDCWD, dir, NULL) || failed || !passed;
}
