/* assay product: a first marketplace.json from what an image declares; check one. */
#include "product/product.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "cmd/subject.h"
#include "cmd/verbs.h"
#include "product/template.h"

#include <stdio.h>
#include <string.h>

/* "clinic" of "docker-archive:/srv/clinic.tar.gz:clinic:1.0": a name to begin with. */
static char *product_name(const struct reference *reference)
{
	const char *path = reference->path ? reference->path : reference->text;
	const char *slash = strrchr(path, '/');
	const char *base = slash && slash[1] ? slash + 1 : path;
	size_t len = strcspn(base, ".:");

	return len ? xstrndup(base, len) : xstrdup("product");
}

static int init(const struct options *options)
{
	AUTO_PTR(image) struct image *image = NULL;
	struct image_options image_options = options_image(options, options->operands.v[1]);
	struct template_facts facts = {0};
	auto_free char *name = NULL;
	auto_free char *text = NULL;
	struct err err = {0};

	if (image_open(&image_options, &image, &err)) {
		return fail_with(&err);
	}
	if (!image->config) {
		(void)err_set(&err, ERR_MALFORMED, "%s",
			image->violations.n ? image->violations.v[image->violations.n - 1].message
					    : "no image could be chosen");
		return fail_with(&err);
	}
	name = product_name(&image->reference);
	facts.name = name;
	facts.exposed_ports = &image->config->exposed_ports;
	facts.env = &image->config->env;
	facts.content = !image->config->entrypoint.n && !image->config->cmd.n;
	text = product_template_text(&facts);
	if (print_out(text, strlen(text), &err)) {
		return fail_with(&err);
	}
	if (!options->quiet) {
		(void)fputs(
			"assay: memory_maximum, the ports' meaning and the variables' descriptions "
			"are guesses: look at each\n",
			stderr);
	}
	return 0;
}

static int lint(const struct options *options)
{
	AUTO_PTR(product) struct product *product = NULL;
	const char *file = options->operands.v[1];
	struct err err = {0};
	size_t errors = 0;

	if (product_load(file, &product, &err)) {
		return fail_with(&err);
	}
	for (size_t i = 0; i < product->problems.n; i++) {
		const struct json_problem *p = &product->problems.v[i];
		auto_free char *pointer = escape_dup(ESCAPE_TERMINAL, p->pointer);
		auto_free char *message = escape_dup(ESCAPE_TERMINAL, p->message);

		(void)printf("%s: %s: %s%s%s\n", file, p->warning ? "warning" : "error", pointer,
			*pointer ? ": " : "", message);
		errors += !p->warning;
	}
	(void)printf("%s: %zu errors, %zu warnings, %zu tasks\n", file, errors,
		product->problems.n - errors, product->n_tasks);
	return errors ? EXIT_NON_COMPLIANT : 0;
}

int verb_product(const struct options *options)
{
	const char *what = options->operands.n ? options->operands.v[0] : "";

	if (options->operands.n == 2 && str_eq(what, "init")) {
		return init(options);
	}
	if (options->operands.n == 2 && str_eq(what, "lint")) {
		return lint(options);
	}
	return fail_usage("product takes 'init IMAGE' or 'lint FILE'");
}
