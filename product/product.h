/*
 * product.h - marketplace.json: what the vendor declares of a product.
 *
 * Read are the members that shared documentation of the marketplace calls its configuration
 * profile, the facts that checks use, and the one extension member "x-assay"
 * (docs/product-file.md). Strict where assay relies on a value, a warning elsewhere; every official
 * example is accepted.
 */
#ifndef PRODUCT_PRODUCT_H
#define PRODUCT_PRODUCT_H

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

struct env_var {
	char *key;
	char *description;
	bool required;
	char *default_value; /* NULL: none */
	char *pattern; /* regular expression, NULL: none */
};

/* A response that a smoke step expects. Each NULL or empty part is not looked at. */
struct smoke_expect {
	uint64_t status; /* 0: any 2xx or 3xx */
	struct strv headers; /* "Name=POSIX extended regular expression", names without case */
	json_t *json; /* object: JSON pointer -> value that must be equal */
	char *body; /* POSIX extended regular expression, found anywhere */
};
struct smoke_step {
	char *name;
	char *method; /* default GET */
	uint64_t port; /* 0: the task's first port */
	char *path; /* starts with a slash */
	struct strv headers; /* "Name=value" */
	char *body;
	json_t *json; /* body as JSON, sent as application/json */
	struct smoke_expect expect;
};
struct smoke_suite {
	char *name;
	char *standard; /* URI of what it exercises; NULL: the product's own */
	JF_ARRAY_OF(struct smoke_step) steps;
};

/* How to know that a task is ready. One of the first four; none: the default of R12. */
struct readiness {
	char *http_path; /* GET, 2xx or 3xx */
	uint64_t port; /* of http_path, or a TCP port to accept connections */
	char *log; /* POSIX extended regular expression on a line of stdout or stderr */
	struct strv command; /* run inside, exit 0 */
	uint64_t deadline_s; /* 0: the policy's */
	bool present;
};

/* A declared interface, or a destination. */
struct interface {
	char *label;
	char *name;
	char *uri;
};

/* A service that the product needs while it is tested. */
struct service {
	char *name; /* host name under which the product finds it */
	char *image; /* a reference as on the command line; may come from --service instead */
	struct strv environment; /* "KEY=value" */
	uint64_t memory; /* MiB, 0: the policy's */
	struct readiness readiness;
};

/* "x-assay", on the product and on a task (the task's wins where both say something). */
struct extension {
	struct readiness readiness;
	struct strv environment; /* "KEY=value": values for the test */
	JF_ARRAY_OF(struct smoke_suite) smoke;
	JF_ARRAY_OF(struct interface) provides;
	JF_ARRAY_OF(struct service) services;
	bool present;
};

struct task {
	char *pointer; /* its place in the file: "/configuration/0/task/1" */
	char *id;
	char *label;
	double memory_minimum; /* MiB, 0: not declared */
	double memory_maximum; /* MiB, 0: not declared */
	double instances_minimum;
	double instances_maximum; /* 0: unlimited */
	bool has_instances_minimum;
	bool has_instances_maximum;
	struct strv options;
	uint64_t *ports;
	size_t n_ports;
	char *cron;
	JF_ARRAY_OF(struct env_var) environment;
	struct extension extension;
};

struct product {
	char *file; /* as given */
	char digest[DIGEST_TEXT_MAX]; /* of the canonical JSON (RFC 8785) */
	char *name;
	char *uuid;
	char *registry;
	char *image;
	bool content_only; /* a build without tasks */
	struct task *tasks; /* of the default configuration */
	size_t n_tasks;
	JF_ARRAY_OF(struct interface) networking;
	JF_ARRAY_OF(struct interface) data_access;
	JF_ARRAY_OF(struct interface) identity;
	size_t n_runtime_dependencies;
	struct extension extension;
	struct json_problems problems; /* what is wrong (or odd: warning) in the file */
};

/* Read a file. ERR_IO when it cannot be opened; text that is no JSON is a problem of the product
 * (pointer ""), not an error, as are wrong types and values. */
int product_load(const char *file, struct product **ret, struct err *err);

/* The same from memory. Total: never fails. file is only a name. */
struct product *product_parse(const char *file, const char *text, size_t len);
void product_free(struct product *product);
DEFINE_AUTO_PTR(product)

/* The task with this id or label, or NULL. */
const struct task *product_task(const struct product *product, const char *id_or_label);

/* What is in force for a task: its own x-assay member, else the product's. task may be NULL. */
const struct readiness *product_readiness(const struct product *product, const struct task *task);
/* Suites of the task and of the product, in this order; an array that the caller frees, of
 * borrowed suites; NULL with *ret_n 0 when there are none. */
const struct smoke_suite **product_smoke(
	const struct product *product, const struct task *task, size_t *ret_n);
/* The product's services and the task's, in this order; a task's stands in the place of one of the
 * product's that has its name. An array as above. */
const struct service **product_services(
	const struct product *product, const struct task *task, size_t *ret_n);
/* A label of a host name as RFC 1123 has it, with dots between labels. */
bool service_is_name(const char *s);
/* "KEY=value" pairs: the declared defaults, then the product's, then the task's x-assay values;
 * later ones win, each key once. required keys without a value go to ret_missing. */
void product_environment(const struct product *product, const struct task *task,
	struct strv *ret_values, struct strv *ret_missing);

#endif
