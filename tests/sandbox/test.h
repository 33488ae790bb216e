/*
 * test.h - a small harness of its own: the sandbox's tests need a process with one thread, which
 * Criterion's are not (unshare(CLONE_NEWUSER) fails there).
 *
 *	static void hello(struct fixture *f) { ... EXPECT(run.code == 0); }
 *	const struct test tests_process[] = {{"hello", hello}, {NULL, NULL}};
 */
#ifndef TESTS_SANDBOX_TEST_H
#define TESTS_SANDBOX_TEST_H

#include "runner/loop.h"
#include "sandbox/sandbox.h"

#include <stdbool.h>
#include <stddef.h>

/* What every test finds: a workspace, a world and one image layer with /inside. */
struct fixture {
	const char *inside; /* the program, out here */
	char *escapes; /* the one of escapes/, beside it */
	char *scratch; /* a directory for the run of the tests */
	char *layer;
	struct host host;
	struct workspace *workspace;
	struct world *world;
	unsigned n_instances;
};

struct test {
	const char *name;
	void (*run)(struct fixture *f);
};
extern const struct test tests_process[];
extern const struct test tests_limits[];
extern const struct test tests_view[];
extern const struct test tests_network[];
extern const struct test tests_end[];
extern const struct test tests_modes[];
extern const struct test tests_escapes[];
extern const struct test tests_layouts[];
extern const struct test tests_bounds[];
extern const struct test tests_rights[];

/* A check that failed is printed and counted; the test goes on. */
bool expect(bool good, const char *what, const char *file, int line);
#define EXPECT(condition) expect(condition, #condition, __FILE__, __LINE__)

/* The test cannot be done here; why is printed. */
void skip(const char *why);

/* A plan for `inside VERB ...` (the strings end with NULL), with the fixture's layer. */
struct sandbox_plan plan_new(struct fixture *f, const char *verb, ...);
void plan_release(struct sandbox_plan *plan);

/* What is to go on while a test waits for an instance; NULL: nothing. */
extern struct loop *run_loop;

/* A started instance and what it has written. */
struct run {
	struct sandbox *sb;
	char out[70000];
	size_t out_len;
	char error[8000];
	size_t error_len;
	struct sandbox_exit exit;
	struct err err; /* when sb is NULL */
};

/* Start; false (and a failed check, unless quiet) when it does not. The plan is released. */
bool run_start(struct run *r, struct sandbox_plan *plan, bool quiet);
/* Read until the text is there, at most DEADLINE. */
bool run_wait_for(struct run *r, const char *text);
/* Read until PID 1 has ended and the pipes are at their end; at most DEADLINE. */
bool run_finish(struct run *r);
void run_free(struct run *r);

/* All of it: start, finish, free; out stays. */
bool run_all(struct run *r, struct sandbox_plan plan);

/* Whether fd becomes readable before DEADLINE. */
bool readable(int fd);
#define DEADLINE_S 180

bool has(const char *text, const char *part);

/* Make a layer directory at path with /inside in it, owned by outside id `owner`. */
void make_layer(const struct fixture *f, const char *path, unsigned owner);
void copy_program(const char *from, const char *to, unsigned owner, mode_t mode);

/* Who assay can be: host.h, and uid 0 of a user namespace with one id, as of `unshare -r`. */
enum test_mode { MODE_ROOT, MODE_SUBORDINATE, MODE_SINGLE, MODE_UNSHARED };

/* In a child that has become the mode's user, with a scratch directory and a layer of its own (which
 * furnish, when given, adds to): run(), which opens the fixture. Skips what this machine cannot. */
bool in_mode(struct fixture *f, enum test_mode mode,
	void (*furnish)(const struct fixture *f, const char *layer, unsigned owner),
	bool (*run)(struct fixture *g));

/* Whom in_mode() becomes; root where the mode cannot be had here. */
unsigned mode_user(enum test_mode mode);

/* Enter, open a workspace and a world below scratch; fixture_close ends them. */
bool fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

#endif
