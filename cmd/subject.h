/*
 * subject.h - the image that a verb is about: opened, read once, and, when it is to be run, unpacked
 * in the same pass.
 */
#ifndef CMD_SUBJECT_H
#define CMD_SUBJECT_H

#include "base/err.h"
#include "base/str.h"
#include "cmd/options.h"
#include "image/facts.h"
#include "image/image.h"
#include "image/packages.h"
#include "image/scan.h"
#include "image/store.h"
#include "image/tree.h"
#include "product/policy.h"
#include "product/product.h"
#include "sandbox/host.h"
#include "sandbox/workspace.h"
#include "sandbox/world.h"

#include <stdbool.h>

struct subject {
	struct image *image;
	struct facts *facts; /* NULL: none are kept */
	struct tree *tree; /* NULL when no image could be chosen */
	struct packages *packages;
	bool runnable; /* the rest is set */
	struct err cannot; /* why not; code ERR_NONE when it was not asked for */
	struct host host;
	struct workspace *workspace;
	struct store *store;
	struct strv layers; /* directories, lowest first */
};

/* Open reference, read every layer, feeding sink (NULL: none); with run, enter the sandbox's host
 * mode and unpack. Not being able to run is no error (see cannot); -1 when there is no image. */
int subject_open(const struct options *options, const char *reference, bool run,
	const struct entry_sink *sink, struct subject *ret, struct err *err);
void subject_release(struct subject *subject);

/* What the command line says about opening reference; everything is borrowed. */
struct image_options options_image(const struct options *options, const char *reference);

/* Enter the host mode and open the run's workspace and the layer store. */
int subject_store(struct subject *subject, struct err *err);

/* Open what earlier scans have left (image/facts.h). It spares time and nothing else: where there
 * is none, or none can be, facts stays NULL and every layer is read. */
void subject_facts(struct subject *subject);

/* The defaults, or what --policy says; its limits on images are in force from then on
 * (image/limits.h). ERR_USAGE for a file that cannot be read or is wrong. */
int policy_read(const struct options *options, struct policy *ret, struct err *err);

/* --env and --env-file as "KEY=value", in the order of precedence. ERR_USAGE for an item that is
 * none, ERR_IO for a file that cannot be read. */
int environment_read(const struct options *options, struct strv *ret, struct err *err);

/* --outside. */
enum world_outside outside_read(const struct options *options);

/* The product file of --product, or NULL when there is none; and the task of --task. */
int product_read(const struct options *options, struct product **ret, const struct task **ret_task,
	struct err *err);

/* Parts of a message whose remedy stands behind a newline: cuts it there and returns the remedy, or
 * NULL. */
char *message_split(char *message);

#endif
