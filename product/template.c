#include "product/template.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* What base images and language runtimes set for themselves: no configuration of the product. */
static bool is_platform_variable(const char *pair, size_t len)
{
	static const char *const names[] = {"PATH", "HOME", "LANG", "LANGUAGE", "TERM", "SHELL",
		"PWD", "SHLVL", "HOSTNAME", "TZ", "DEBIAN_FRONTEND", "GPG_KEY", "JAVA_HOME",
		"JAVA_VERSION", "NODE_VERSION", "YARN_VERSION", "PYTHON_VERSION", "PYTHON_SHA256",
		"PYTHON_PIP_VERSION", "PYTHON_SETUPTOOLS_VERSION", "PYTHON_GET_PIP_URL",
		"PYTHON_GET_PIP_SHA256", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "GOPATH",
		"GOLANG_VERSION", "GOTOOLCHAIN", "RUBY_VERSION", "GEM_HOME", "BUNDLE_APP_CONFIG",
		"SSL_CERT_FILE", "SSL_CERT_DIR", NULL};

	for (size_t i = 0; names[i]; i++) {
		if (strlen(names[i]) == len && strncmp(pair, names[i], len) == 0) {
			return true;
		}
	}
	return len > 3 && strncmp(pair, "LC_", 3) == 0;
}

/* A UUID of version 8 (RFC 9562: the content is ours) from the digest of "what NUL name". */
static json_t *uuid_of(const char *what, const char *name)
{
	AUTO_PTR(digest) struct digest *d = digest_new(DIGEST_SHA256);
	char text[DIGEST_TEXT_MAX];
	const char *hex;

	digest_add(d, what, strlen(what) + 1);
	digest_add(d, name, strlen(name));
	digest_end(d, text);
	hex = strchr(text, ':') + 1;
	return json_sprintf("%.8s-%.4s-8%.3s-%c%.3s-%.12s", hex, hex + 8, hex + 13,
		"89ab"[strtoul((char[]){hex[16], '\0'}, NULL, 16) & 3], hex + 17, hex + 20);
}

/* "8080/tcp" or "8080"; other protocols have no place in the product file. */
static json_t *port_of(const char *exposed)
{
	size_t len = strcspn(exposed, "/");
	auto_free char *number = xstrndup(exposed, len);
	uint64_t port;

	if ((exposed[len] && !str_eq(exposed + len, "/tcp")) ||
		parse_u64(number, 65535, &port, NULL) || !port) {
		return NULL;
	}
	return json_integer((json_int_t)port);
}

static int compare_ports(const void *a, const void *b)
{
	json_int_t x = json_integer_value(*(json_t *const *)a);
	json_int_t y = json_integer_value(*(json_t *const *)b);

	return (x > y) - (x < y);
}

/* Sorted, so that the order of members in the image's config does not matter; each once. */
static json_t *ports_of(const struct strv *exposed)
{
	size_t room = exposed ? exposed->n : 0;
	auto_free json_t **found = xcalloc(room, sizeof(*found));
	json_t *ports = json_array();
	size_t n = 0;

	for (size_t i = 0; i < room; i++) {
		json_t *port = port_of(exposed->v[i]);

		if (port) {
			found[n++] = port;
		}
	}
	qsort(found, n, sizeof(*found), compare_ports);
	for (size_t i = 0; i < n; i++) {
		if (i && json_equal(found[i], found[i - 1])) {
			json_decref(found[i]);
			found[i] = found[i - 1];
		} else {
			json_array_append_new(ports, found[i]);
		}
	}
	return ports;
}

static bool has_key(const json_t *list, const json_t *key)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item) {
		if (json_equal(json_object_get(item, "key"), key)) {
			return true;
		}
	}
	return false;
}

static json_t *environment_of(const struct strv *env)
{
	json_t *list = json_array();

	for (size_t i = 0; env && i < env->n; i++) {
		const char *pair = env->v[i];
		size_t len = strcspn(pair, "=");
		auto_json json_t *key = json_text_n(pair, len);

		if (!len || is_platform_variable(pair, len) || has_key(list, key)) {
			continue;
		}
		json_array_append_new(list,
			json_pack("{s:O, s:s, s:b, s:o}", "key", key, "description", "", "required",
				false, "default", json_text(pair[len] ? pair + len + 1 : "")));
	}
	return list;
}

static json_t *task_of(const struct template_facts *facts)
{
	uint64_t memory = facts->memory_mib ? facts->memory_mib : TEMPLATE_MEMORY_MIB;

	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:i, s:[], s:o, s:o}", "id",
		uuid_of("task", facts->name), "configuration_id",
		uuid_of("configuration", facts->name), "label", json_text(facts->name),
		"memory_minimum", (json_int_t)(memory < 64 ? memory : 64), "memory_maximum",
		(json_int_t)memory, "instances_minimum", 1, "options", "ports",
		ports_of(facts->exposed_ports), "environment", environment_of(facts->env));
}

static json_t *product_of(const struct template_facts *facts)
{
	const char *image = facts->image ? facts->image : facts->name;

	return json_pack(
		"{s:o, s:{s:o, s:{s:o, s:o}, s:[]}, s:{s:o, s:[], s:[], s:[], s:s, s:[], s:[], "
		"s:[], s:[], s:[], s:[], s:[]}}",
		"uuid", uuid_of("product", facts->name), "build", "uuid",
		uuid_of("build", facts->name), "binary", "registry",
		json_text(facts->registry ? facts->registry : ""), "image", json_text(image),
		"dependency", "facts", "name", json_text(facts->name), "organization", "stewards",
		"licensing", "technology_mime_type", "", "domain", "cybersecurity",
		"customer_service", "data_access", "identify_and_access_management",
		"runtime_dependencies", "networking");
}

json_t *product_template(const struct template_facts *facts)
{
	json_t *tasks = json_array();

	if (!facts->content) {
		json_array_append_new(tasks, task_of(facts));
	}
	return json_pack("{s:s, s:o, s:[{s:b, s:o}], s:[]}", "marketplace_url", "", "product",
		product_of(facts), "configuration", "default", true, "task", tasks, "provenance");
}

char *product_template_text(const struct template_facts *facts)
{
	auto_json json_t *document = product_template(facts);
	char *text = json_dumps(document, JSON_INDENT(2));
	char *with_newline;

	if (!text) {
		abort();
	}
	with_newline = xasprintf("%s\n", text);
	free(text);
	return with_newline;
}
