/* config.md: what holds for an image's config. */
#include "image/oci_rules.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "image/oci_grammar.h"

#include <stdint.h>
#include <string.h>

/* Sets are written as objects with empty objects as values. */
static void rule_set(const json_t *top, const char *name, struct json_problems *problems)
{
	auto_free char *pointer = json_pointer_add("/config", name);
	const json_t *set = json_pointer_get(top, pointer);
	const char *key;
	json_t *value;

	if (!json_is_object(set)) {
		return;
	}
	/* jansson declares the iteration without const but does not change the object */
	json_object_foreach ((json_t *)(uintptr_t)set, key, value) {
		auto_free char *at = json_pointer_add(pointer, key);

		if (!json_is_object(value) && !json_is_null(value)) {
			json_problem_add(problems, false, at, "expected an empty object, found %s",
				json_type_word(value));
		}
	}
}

static void rule_ports(const struct image_config *config, struct json_problems *problems)
{
	for (size_t i = 0; i < config->exposed_ports.n; i++) {
		const char *port = config->exposed_ports.v[i];
		auto_free char *at = json_pointer_add("/config/ExposedPorts", port);

		if (!port_valid(port)) {
			json_problem_add(problems, true, at,
				"expected a port such as '8080/tcp', found '%.80s'", port);
		}
	}
}

/* "VARNAME=VARVALUE" */
static void rule_env(const struct image_config *config, struct json_problems *problems)
{
	for (size_t i = 0; i < config->env.n; i++) {
		const char *item = config->env.v[i];
		auto_free char *at = json_pointer_index("/config/Env", i);
		const char *equals = strchr(item, '=');

		if (!equals || equals == item) {
			/* the value may be a secret: only the name is shown */
			json_problem_add(problems, true, at, "expected NAME=VALUE, found '%.40s'",
				equals ? "=..." : item);
		}
	}
}

static void rule_volumes(const struct image_config *config, struct json_problems *problems)
{
	for (size_t i = 0; i < config->volumes.n; i++) {
		const char *path = config->volumes.v[i];
		auto_free char *at = json_pointer_add("/config/Volumes", path);

		if (*path != '/') {
			json_problem_add(problems, true, at,
				"expected an absolute path, found '%.80s'", path);
		}
	}
}

static void rule_time(const char *text, const char *at, struct json_problems *problems)
{
	if (text && !date_time_valid(text)) {
		json_problem_add(problems, false, at,
			"expected a date and time as of RFC 3339, found '%.80s'", text);
	}
}

/* Read as numbers of any kind, so that each is of a wrong type once only. */
static void rule_reserved(const json_t *top, struct json_problems *problems)
{
	static const char *const integers[] = {
		"/config/Memory", "/config/MemorySwap", "/config/CpuShares"};

	for (size_t i = 0; i < ARRAY_SIZE(integers); i++) {
		if (json_is_real(json_pointer_get(top, integers[i]))) {
			json_problem_add(problems, false, integers[i], "expected a whole number");
		}
	}
}

static void rule_rootfs(const struct image_config *config, struct json_problems *problems)
{
	if (config->rootfs_type && strcmp(config->rootfs_type, "layers") != 0) {
		json_problem_add(problems, false, "/rootfs/type",
			"expected 'layers', found '%.80s'", config->rootfs_type);
	}
	for (size_t i = 0; i < config->diff_ids.n; i++) {
		auto_free char *at = json_pointer_index("/rootfs/diff_ids", i);

		rule_digest(config->diff_ids.v[i], at, problems);
	}
}

void rules_config(
	const json_t *top, const struct image_config *config, struct json_problems *problems)
{
	rule_platform(&config->platform, "", problems);
	rule_rootfs(config, problems);
	rule_time(config->created, "/created", problems);
	for (size_t i = 0; i < config->history.n; i++) {
		auto_free char *item = json_pointer_index("/history", i);
		auto_free char *at = json_pointer_add(item, "created");

		rule_time(config->history.v[i].created, at, problems);
	}
	rule_set(top, "ExposedPorts", problems);
	rule_set(top, "Volumes", problems);
	rule_ports(config, problems);
	rule_volumes(config, problems);
	rule_env(config, problems);
	rule_reserved(top, problems);
	rule_annotations(json_pointer_get(top, "/config/Labels"), "/config/Labels", true, problems);
}

void rules_layer_count(
	const struct image_config *config, size_t n_layers, struct json_problems *problems)
{
	size_t full = 0;

	for (size_t i = 0; i < config->history.n; i++) {
		full += !config->history.v[i].empty_layer;
	}
	if (config->diff_ids.n != n_layers) {
		json_problem_add(problems, false, "/rootfs/diff_ids",
			"expected %zu items, one for each layer, found %zu", n_layers,
			config->diff_ids.n);
	}
	/* More of them than layers speak of what is not there, and converters refuse that; to tell
	 * of fewer keeps nobody from reading the image. */
	if (config->history.n && full != n_layers) {
		json_problem_add(problems, full < n_layers, "/history",
			"expected %zu items that are not empty_layer, one for each layer, found %zu",
			n_layers, full);
	}
}
