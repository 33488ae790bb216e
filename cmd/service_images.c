#include "cmd/service_images.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "cmd/verbs.h"
#include "image/reference.h"

#include <string.h>

struct service_image {
	char *reference;
	struct image *image;
	struct tree *tree;
	struct strv layers;
	struct err cannot; /* code ERR_NONE: it can be used */
};

/* ---- which -------------------------------------------------------------------------------- */

static const char *keep_text(struct service_images *s, char *text)
{
	strv_take(&s->strings, text);
	return text;
}

/* A relative path in the product file is meant from where that is. */
static char *beside(const char *file, const char *reference)
{
	AUTO(reference) struct reference ref = {0};
	const char *slash = strrchr(file, '/');
	const char *path;

	if (!slash || reference_parse(reference, &ref, NULL) || !ref.path || *ref.path == '/') {
		return xstrdup(reference);
	}
	path = ref.kind == REFERENCE_PATH ? reference : strchr(reference, ':') + 1;
	return xasprintf(
		"%.*s%.*s/%s", (int)(path - reference), reference, (int)(slash - file), file, path);
}

/* The image of "NAME=IMAGE" for this name, or NULL. */
static const char *given_for(const struct options *options, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < options->services.n; i++) {
		const char *item = options->services.v[i];

		if (strncasecmp(item, name, len) == 0 && item[len] == '=') {
			return item + len + 1;
		}
	}
	return NULL;
}

static int check_options(struct service_images *s, const struct options *options, struct err *err)
{
	for (size_t i = 0; i < options->services.n; i++) {
		const char *item = options->services.v[i];
		size_t len = strcspn(item, "=");
		const char *name = keep_text(s, xstrndup(item, len));

		if (!item[len] || !item[len + 1]) {
			return err_set(
				err, ERR_USAGE, "--service takes NAME=IMAGE, not '%.80s'", item);
		}
		if (!service_is_name(name)) {
			return err_set(err, ERR_USAGE, "--service: '%.80s' is no host name", name);
		}
		if (given_for(options, name) != item + len + 1) {
			return err_set(err, ERR_USAGE, "--service: two images for '%.80s'", name);
		}
	}
	return 0;
}

/* The "KEY=VALUE" of "NAME:KEY=VALUE" when it is for this name, or NULL. */
static const char *env_for(const char *item, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(item, name, len) == 0 && item[len] == ':' ? item + len + 1 : NULL;
}

static void choose_one(struct service_images *s, const struct options *options,
	const struct runner_service *service, char *reference)
{
	struct runner_service *chosen = ARRAY_PUSH(&s->chosen);

	*chosen = *service;
	strv_take(&s->references, reference);
	if (service->declared) {
		strv_add_all(&chosen->env, &service->declared->environment);
	}
	for (size_t i = 0; i < options->service_env.n; i++) {
		const char *pair = env_for(options->service_env.v[i], service->name);

		if (pair) {
			strv_add(&chosen->env, pair);
		}
	}
}

static void choose_declared(struct service_images *s, const struct options *options,
	const struct product *product, const struct task *task, const struct service *declared)
{
	const char *given = given_for(options, declared->name);
	const char *own = declared->image;
	struct runner_service service = {
		.task = task,
		.name = declared->name,
		.reference = given ? given : own,
		.declared = declared,
	};

	if (given) {
		choose_one(s, options, &service, xstrdup(given));
	} else if (!own) {
		service.why = "has no image";
		choose_one(s, options, &service, xstrdup(""));
	} else if (str_eq(own, "-")) {
		service.why = "has an image that a product file cannot name: '-'";
		choose_one(s, options, &service, xstrdup(""));
	} else {
		choose_one(s, options, &service, beside(product->file, own));
	}
}

static bool has_name(const struct service *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcasecmp(list[i]->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void choose_for(struct service_images *s, const struct options *options,
	const struct product *product, const struct task *task)
{
	size_t n;
	auto_free const struct service **declared = product_services(product, task, &n);

	for (size_t i = 0; i < n; i++) {
		choose_declared(s, options, product, task, declared[i]);
	}
	for (size_t i = 0; i < options->services.n; i++) {
		const char *item = options->services.v[i];
		const char *name = s->strings.v[i]; /* check_options() put it there */
		struct runner_service service = {
			.task = task, .name = name, .reference = item + strlen(name) + 1};

		if (!has_name(declared, n, name)) {
			choose_one(s, options, &service, xstrdup(service.reference));
		}
	}
}

/* No value is told: it may be a password. */
static int check_env(const struct service_images *s, const struct options *options, struct err *err)
{
	for (size_t i = 0; i < options->service_env.n; i++) {
		const char *item = options->service_env.v[i];
		size_t name = strcspn(item, ":=");
		size_t key = item[name] == ':' ? strcspn(item + name + 1, "=") : 0;
		bool known = false;

		if (!name || !key || !item[name + 1 + key]) {
			return err_set(err, ERR_USAGE,
				"--service-env takes NAME:KEY=VALUE, not '%.*s'",
				(int)strcspn(item, "="), item);
		}
		for (size_t k = 0; k < s->chosen.n; k++) {
			known = known || env_for(item, s->chosen.v[k].name);
		}
		if (!known) {
			return err_set(err, ERR_USAGE,
				"--service-env: no service '%.*s' is declared or given", (int)name,
				item);
		}
	}
	return 0;
}

int service_images_choose(struct service_images *s, const struct options *options,
	const struct product *product, const struct task *only_task, struct err *err)
{
	if (check_options(s, options, err)) {
		return -1;
	}
	if (only_task || !product || !product->n_tasks) {
		choose_for(s, options, product, only_task);
	} else {
		for (size_t i = 0; i < product->n_tasks; i++) {
			choose_for(s, options, product, &product->tasks[i]);
		}
	}
	return check_env(s, options, err);
}

/* ---- their images ------------------------------------------------------------------------- */

static int unpack(struct service_image *s, struct store *store, struct err *err)
{
	AUTO_PTR(store_writer) struct store_writer *writer = NULL;
	struct entry_sink sink;

	if (store_writer_new(store, s->image, &writer, err)) {
		return -1;
	}
	sink = store_writer_sink(writer);
	return image_scan(s->image, &sink, 1, &s->tree, err) || store_writer_finish(writer, err) ||
			       store_layers(store, s->image, &s->layers, err)
		       ? -1
		       : 0;
}

static int open_image(struct service_image *s, const struct options *options,
	const struct subject *subject, struct err *err)
{
	struct image_options image_options = options_image(options, s->reference);

	if (image_open(&image_options, &s->image, err)) {
		return -1;
	}
	if (!s->image->config) {
		const struct violations *v = &s->image->violations;

		return err_set(err, ERR_MALFORMED, "%s",
			v->n ? v->v[v->n - 1].message : "no image could be chosen");
	}
	s->image->facts = subject->facts;
	return unpack(s, subject->store, err);
}

/* Opened once, however many services it is the image of. */
static const struct service_image *find_or_open(struct service_images *all, const char *reference,
	const struct options *options, const struct subject *subject)
{
	struct service_image *s;

	for (size_t i = 0; i < all->opened.n; i++) {
		if (str_eq(all->opened.v[i]->reference, reference)) {
			return all->opened.v[i];
		}
	}
	s = xcalloc(1, sizeof(*s));
	*ARRAY_PUSH(&all->opened) = s;
	s->reference = xstrdup(reference);
	if (open_image(s, options, subject, &s->cannot)) {
		(void)message_split(s->cannot.msg);
	}
	return s;
}

void service_images_open(
	struct service_images *all, const struct options *options, struct subject *subject)
{
	for (size_t i = 0; i < all->chosen.n; i++) {
		struct runner_service *service = &all->chosen.v[i];
		auto_free char *line = xasprintf("unpacking service '%s'", service->name);
		const struct service_image *opened;

		if (service->why) {
			continue;
		}
		progress_line(line, (void *)(uintptr_t)options);
		opened = find_or_open(all, all->references.v[i], options, subject);
		if (opened->cannot.code) {
			service->why =
				keep_text(all, xasprintf("has an image that cannot be used: %s",
						       opened->cannot.msg));
			continue;
		}
		service->image = opened->image;
		service->tree = opened->tree;
		service->layers = &opened->layers;
	}
}

void service_images_release(struct service_images *all)
{
	for (size_t i = 0; i < all->opened.n; i++) {
		struct service_image *s = all->opened.v[i];

		tree_free(s->tree);
		image_free(s->image);
		strv_release(&s->layers);
		free(s->reference);
		free(s);
	}
	for (size_t i = 0; i < all->chosen.n; i++) {
		strv_release(&all->chosen.v[i].env);
	}
	free(all->opened.v);
	free(all->chosen.v);
	strv_release(&all->references);
	strv_release(&all->strings);
	*all = (struct service_images){0};
}
