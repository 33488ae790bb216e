/*
 * files.h - what an instance wrote: its writable layer and its volumes, looked at from outside.
 *
 * While it runs, a watch adds up what is there and calls back when a limit is passed; afterwards
 * every file is listed with what tells a log file: its growth between two looks and its lines.
 * Symbolic links are never followed, nothing but regular files is opened.
 */
#ifndef RUNNER_FILES_H
#define RUNNER_FILES_H

#include "base/err.h"
#include "base/str.h"
#include "checks/observation.h"
#include "image/tree.h"
#include "runner/loop.h"

#include <stdbool.h>
#include <stdint.h>

/* Files of one instance that are listed in an observation; more are only counted. */
#define FILES_LISTED 5000

/* A directory here, and what the product calls it ("" is its root). */
struct files_place {
	char *dir;
	char *inside;
};
struct files_places {
	struct files_place *v;
	size_t n, cap;
};
void files_places_add(struct files_places *places, const char *dir, const char *inside);
void files_places_release(struct files_places *places);

struct files_usage {
	uint64_t bytes; /* on disk, as st_blocks counts */
	uint64_t files; /* of every type */
};

/* Add up, stopping as soon as either limit is passed. What vanishes meanwhile, or cannot be read,
 * is not counted: who watches looks again. */
void files_measure(const struct files_places *places, const struct files_usage *limit,
	struct files_usage *ret);

/* Sizes of regular files at one moment, to see later which grew. */
struct files_look;
int files_look_new(const struct files_places *places, struct files_look **ret, struct err *err);
void files_look_free(struct files_look *look);
DEFINE_AUTO_PTR(files_look)

/* List everything: existed is told by tree (NULL: nothing existed), grew by look (NULL: no look
 * was taken) and by the size in the image. Sets files, files_capped and written_bytes, to what
 * could be read also with an error. */
int files_list(const struct files_places *places, const struct tree *tree,
	const struct files_look *look, struct task_observation *t, struct err *err);

/* The watch. */
struct files_watch {
	struct loop *loop;
	struct loop_timer timer;
	struct files_places places;
	struct files_usage limit;
	void (*passed)(const char *what, void *arg); /* "disk" or "files" */
	uint64_t (*unlinked)(void *arg); /* bytes of files that are open without a name */
	void *arg;
};
void files_watch_start(struct files_watch *w);
void files_watch_release(struct files_watch *w);

#endif
