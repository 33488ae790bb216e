/*
 * service_images.h - the services of every task, by product file, --service and --service-env, and
 * their images: opened, read and unpacked beside the product's, judged by nobody.
 *
 *	service_images_choose(&services, options, product, only_task, err)
 *	subject_open(...)
 *	service_images_open(&services, options, &subject)
 *	runner.services = &services.chosen
 */
#ifndef CMD_SERVICE_IMAGES_H
#define CMD_SERVICE_IMAGES_H

#include "cmd/subject.h"
#include "runner/runner.h"

struct service_images {
	struct runner_services chosen;
	struct strv references; /* of chosen, to be opened; "": none */
	struct strv strings; /* owns what chosen points to */
	struct {
		struct service_image **v;
		size_t n, cap;
	} opened;
};

/* Which services each task has; no image is touched. Product and options are borrowed. ERR_USAGE
 * for a --service that is no NAME=IMAGE, or says the same name twice, and for a --service-env that
 * is no NAME:KEY=VALUE, or names a service that no task has. */
int service_images_choose(struct service_images *services, const struct options *options,
	const struct product *product, const struct task *only_task, struct err *err);

/* Open and unpack them into the store of a subject that is runnable. What cannot be opened becomes
 * the service's why. */
void service_images_open(
	struct service_images *services, const struct options *options, struct subject *subject);
void service_images_release(struct service_images *services);

#endif
