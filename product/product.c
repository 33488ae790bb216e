#include "product/product.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "product/canonical.h"
#include "product/parts.h"
#include "product/strict.h"

#include <fcntl.h>
#include <string.h>

/* The official examples have 2 to 8 KiB. */
#define PRODUCT_MAX ((size_t)8 << 20)

static const struct json_field interface_fields[] = {
	{"label", JF_STR, offsetof(struct interface, label), JF_OPTIONAL, NULL},
	{"name", JF_STR, offsetof(struct interface, name), JF_OPTIONAL, NULL},
	{"uri", JF_STR, offsetof(struct interface, uri), JF_OPTIONAL, NULL},
};
static const struct json_table interface_table = {
	interface_fields, ARRAY_SIZE(interface_fields), sizeof(struct interface), 0};

static const struct json_field facts_fields[] = {
	{"name", JF_STR, offsetof(struct product, name), JF_OPTIONAL, NULL},
	{"networking", JF_ARRAY, offsetof(struct product, networking), JF_OPTIONAL,
		&interface_table},
	{"data_access", JF_ARRAY, offsetof(struct product, data_access), JF_OPTIONAL,
		&interface_table},
	/* spelled so in the schema */
	{"identify_and_access_management", JF_ARRAY, offsetof(struct product, identity),
		JF_OPTIONAL, &interface_table},
};
static const struct json_table facts_table = {
	facts_fields, ARRAY_SIZE(facts_fields), sizeof(struct product), 0};

static const struct json_field binary_fields[] = {
	{"registry", JF_STR, offsetof(struct product, registry), JF_OPTIONAL, NULL},
	{"image", JF_STR, offsetof(struct product, image), JF_OPTIONAL, NULL},
};
static const struct json_table binary_table = {
	binary_fields, ARRAY_SIZE(binary_fields), sizeof(struct product), 0};

static const struct json_field top_fields[] = {
	{"uuid", JF_STR, offsetof(struct product, uuid), JF_OPTIONAL, NULL},
};
static const struct json_table top_table = {
	top_fields, ARRAY_SIZE(top_fields), sizeof(struct product), 0};

/* A list in whose elements each of needed (NULL at its end) should be there. */
static void check_list(const json_t *facts, const char *list, const char *const *needed,
	struct json_problems *problems)
{
	auto_free char *at = json_pointer_add("/product/facts", list);
	size_t i;
	json_t *item;

	json_array_foreach (json_object_get(facts, list), i, item) {
		for (size_t k = 0; needed[k] && json_is_object(item); k++) {
			const char *text = json_string_value(json_object_get(item, needed[k]));

			if (!text || !*text) {
				auto_free char *item_at = json_pointer_index(at, i);

				json_problem_add(
					problems, true, item_at, "has no \"%s\"", needed[k]);
			}
		}
	}
}

void uuid_check(
	const char *text, const char *pointer, const char *name, struct json_problems *problems)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	auto_free char *at = json_pointer_add(pointer, name);
	bool good;

	if (!text) {
		return;
	}
	good = strlen(text) == sizeof(shape) - 1;
	for (size_t i = 0; good && shape[i]; i++) {
		good = shape[i] == '-' ? text[i] == '-'
				       : strchr("0123456789abcdefABCDEF", text[i]) != NULL;
	}
	if (!good) {
		json_problem_add(problems, true, at, "'%.80s' is no UUID", text);
	}
}

/* Warn of members that the official schema requires but that nothing here depends on. */
static void check_presence(const json_t *value, const char *pointer, const char *const *names,
	struct json_problems *problems)
{
	for (size_t i = 0; names[i]; i++) {
		if (!json_object_get(value, names[i])) {
			auto_free char *at = json_pointer_add(pointer, names[i]);

			json_problem_add(problems, true, at, "required member is missing");
		}
	}
}

static void read_facts(const json_t *facts, struct product *ret)
{
	static const char *const required[] = {"name", "organization", "stewards", "licensing",
		"technology_mime_type", "domain", "cybersecurity", "customer_service",
		"data_access", "identify_and_access_management", "runtime_dependencies",
		"networking", NULL};
	static const char *const named[] = {"name", NULL};
	static const char *const named_uri[] = {"name", "uri", NULL};
	static const char *const labelled_uri[] = {"label", "uri", NULL};
	static const char *const dependency[] = {"uuid", NULL};
	const json_t *dependencies = json_object_get(facts, "runtime_dependencies");

	json_table_read(&facts_table, facts, "/product/facts", ret, &ret->problems);
	check_presence(facts, "/product/facts", required, &ret->problems);
	check_list(facts, "networking", named_uri, &ret->problems);
	check_list(facts, "data_access", labelled_uri, &ret->problems);
	check_list(facts, "identify_and_access_management", named, &ret->problems);
	check_list(facts, "runtime_dependencies", dependency, &ret->problems);
	if (dependencies && !json_is_array(dependencies)) {
		strict_problem(&ret->problems, "/product/facts", "runtime_dependencies",
			"expected an array, found %s", json_type_word(dependencies));
	}
	ret->n_runtime_dependencies = json_array_size(dependencies);
}

static void read_build(const json_t *build, struct product *ret)
{
	static const char *const required[] = {"uuid", "binary", NULL};
	const json_t *binary = json_object_get(build, "binary");
	const char *uuid = json_string_value(json_object_get(build, "uuid"));

	if (!json_is_object(build)) {
		json_problem_add(&ret->problems, false, "/product/build",
			"expected an object, found %s", json_type_word(build));
		return;
	}
	check_presence(build, "/product/build", required, &ret->problems);
	uuid_check(uuid, "/product/build", "uuid", &ret->problems);
	if (binary) {
		json_table_read(
			&binary_table, binary, "/product/build/binary", ret, &ret->problems);
	}
}

static void read_product(const json_t *value, struct product *ret)
{
	static const char *const required[] = {"uuid", "build", "facts", NULL};
	const json_t *build = json_object_get(value, "build");
	const json_t *facts = json_object_get(value, "facts");

	json_table_read(&top_table, value, "/product", ret, &ret->problems);
	if (!json_is_object(value)) {
		return;
	}
	check_presence(value, "/product", required, &ret->problems);
	uuid_check(ret->uuid, "/product", "uuid", &ret->problems);
	if (build) {
		read_build(build, ret);
	}
	if (facts) {
		read_facts(facts, ret);
	}
	extension_read(json_object_get(value, "x-assay"), "/product/x-assay", &ret->extension,
		&ret->problems);
}

/* At the top of the document it is easier to find; beside the product's own, a riddle. */
static void read_top_extension(const json_t *document, struct product *ret)
{
	const json_t *value = json_object_get(document, "x-assay");

	if (value && json_object_get(json_object_get(document, "product"), "x-assay")) {
		json_problem_add(&ret->problems, false, "/x-assay",
			"stands beside /product/x-assay: only that one is read");
		return;
	}
	extension_read(value, "/x-assay", &ret->extension, &ret->problems);
}

static void read_document(const json_t *document, struct product *ret)
{
	static const char *const required[] = {"marketplace_url", "provenance", NULL};
	const json_t *product = json_object_get(document, "product");

	if (!json_is_object(document)) {
		json_problem_add(&ret->problems, false, "", "expected an object, found %s",
			json_type_word(document));
		return;
	}
	check_presence(document, "", required, &ret->problems);
	if (product) {
		read_product(product, ret);
	} else {
		json_problem_add(&ret->problems, false, "/product", "required member is missing");
	}
	read_top_extension(document, ret);
	configuration_read(json_object_get(document, "configuration"), ret);
}

/* The canonical form is at most as long as the text with every byte escaped. */
static void take_digest(const json_t *document, size_t len, struct product *ret)
{
	AUTO(buf) struct buf canonical;
	struct err err;

	buf_init(&canonical, 32 * len + 64);
	if (canonical_write(document, &canonical, &err)) {
		json_problem_add(&ret->problems, false, "", "no canonical form: %s", err.msg);
		return;
	}
	digest_of(DIGEST_SHA256, buf_str(&canonical), canonical.len, ret->digest);
}

struct product *product_parse(const char *file, const char *text, size_t len)
{
	struct product *product = xcalloc(1, sizeof(*product));
	auto_json json_t *document = NULL;
	struct err err;

	product->file = xstrdup(file);
	if (json_parse(text, len, &product->problems, &document, &err)) {
		json_problem_add(&product->problems, false, "", "%s", err.msg);
		return product;
	}
	read_document(document, product);
	take_digest(document, len, product);
	return product;
}

int product_load(const char *file, struct product **ret, struct err *err)
{
	AUTO(buf) struct buf text;

	buf_init(&text, PRODUCT_MAX);
	if (file_read(AT_FDCWD, file, &text, err)) {
		return -1;
	}
	*ret = product_parse(file, buf_str(&text), text.len);
	return 0;
}

void product_free(struct product *product)
{
	if (!product) {
		return;
	}
	for (size_t i = 0; i < product->n_tasks; i++) {
		task_release(&product->tasks[i]);
	}
	free(product->tasks);
	extension_release(&product->extension);
	json_problems_release(&product->problems);
	free(product->file);
	free(product->name);
	free(product->uuid);
	free(product->registry);
	free(product->image);
	for (size_t i = 0; i < product->networking.n; i++) {
		json_table_release(&interface_table, &product->networking.v[i]);
	}
	free(product->networking.v);
	for (size_t i = 0; i < product->data_access.n; i++) {
		json_table_release(&interface_table, &product->data_access.v[i]);
	}
	free(product->data_access.v);
	for (size_t i = 0; i < product->identity.n; i++) {
		json_table_release(&interface_table, &product->identity.v[i]);
	}
	free(product->identity.v);
	free(product);
}

const struct task *product_task(const struct product *product, const char *id_or_label)
{
	for (size_t i = 0; i < product->n_tasks; i++) {
		const struct task *task = &product->tasks[i];

		if (str_eq(task->id, id_or_label) || str_eq(task->label, id_or_label)) {
			return task;
		}
	}
	return NULL;
}

const struct readiness *product_readiness(const struct product *product, const struct task *task)
{
	static const struct readiness nothing;

	if (task && task->extension.readiness.present) {
		return &task->extension.readiness;
	}
	return product ? &product->extension.readiness : &nothing;
}

static size_t add_suites(const struct extension *x, const struct smoke_suite **to)
{
	for (size_t i = 0; i < x->smoke.n; i++) {
		to[i] = &x->smoke.v[i];
	}
	return x->smoke.n;
}

const struct smoke_suite **product_smoke(
	const struct product *product, const struct task *task, size_t *ret_n)
{
	static const struct extension nothing;
	const struct extension *own = task ? &task->extension : &nothing;
	const struct extension *all = product ? &product->extension : &nothing;
	const struct smoke_suite **suites = NULL;
	size_t n = own->smoke.n + all->smoke.n;

	*ret_n = n;
	if (n) {
		suites = xcalloc(n, sizeof(*suites));
		add_suites(all, suites + add_suites(own, suites));
	}
	return suites;
}
