/* Where the variables of an image's Env send a program's log. */
#include "checks/log_private.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <string.h>

/* Variables whose value is more of a program's command line. */
static const struct {
	const char *variable;
	const char *program;
} options[] = {
	{"GUNICORN_CMD_ARGS", "gunicorn"},
	{"JAVA_TOOL_OPTIONS", "java"},
	{"JDK_JAVA_OPTIONS", "java"},
	{"JAVA_OPTS", "java"},
	{"CATALINA_OPTS", "java"},
};

/* Frameworks that take LOGGING_FILE_NAME for logging.file.name; a row counts for what begins so. */
static const char *const bound[] = {"LOGGING_", "QUARKUS_LOG_FILE_", NULL};

struct naming {
	const char *name; /* of the variable; NULL: as the directive's */
	log_found_fn *found;
	void *arg;
};

/* Told by the variable's name. */
static void with_name(const struct log_directive *directive, void *arg)
{
	const struct naming *naming = arg;
	struct log_directive named = *directive;
	auto_free char *upper = xstrdup(directive->name);

	for (char *p = upper; *p; p++) {
		*p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
	}
	if (!naming->name && config_is(directive->target + (*directive->target == '/'))) {
		return; /* LOGGING_PATH=/app/logging.ini: where it is configured */
	}
	named.name = naming->name ? naming->name : upper;
	named.line = 0;
	naming->found(&named, naming->arg);
}

static bool read_options(const char *name, const char *value, struct naming *naming)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		AUTO(strv) struct strv argv = {0};

		if (strcmp(name, options[i].variable) != 0) {
			continue;
		}
		strv_add(&argv, options[i].program);
		for (const char *p = value; *(p += strspn(p, " \t\n"));) {
			size_t len = strcspn(p, " \t\n");

			strv_addf(&argv, "%.*s", (int)len, p);
			p += len;
		}
		log_arguments(&argv, with_name, naming);
		return true;
	}
	return false;
}

static bool is_bound(const char *name)
{
	for (size_t i = 0; bound[i]; i++) {
		if (str_starts(name, bound[i])) {
			return true;
		}
	}
	return false;
}

/* As one file, as one variable may depend on another. */
static void read_bound(const struct strv *env, log_found_fn *found, void *arg)
{
	AUTO(strv) struct strv lines = {0};
	auto_free char *text = NULL;
	struct naming naming = {NULL, found, arg};

	for (size_t i = 0; i < env->n; i++) {
		char *line;

		if (!is_bound(env->v[i]) || strchr(env->v[i], '\n')) {
			continue;
		}
		line = xstrdup(env->v[i]);
		for (char *p = line; *p && *p != '='; p++) {
			*p = *p == '_' ? '.' : (char)tolower((unsigned char)*p);
		}
		strv_take(&lines, line);
	}
	text = strv_join(&lines, "\n");
	log_config_read("application.properties", text, strlen(text), with_name, &naming);
}

/* LOG_FILE=/var/log/app.log: most likely what it says, but who knows who reads it. */
static void unsure(const struct log_directive *directive, void *arg)
{
	struct log_directive doubtful = *directive;

	doubtful.sink = LOG_SINK_UNSURE;
	with_name(&doubtful, arg);
}

void log_environment(const struct strv *env, log_found_fn *found, void *arg)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');
		auto_free char *name =
			equals ? xstrndup(env->v[i], (size_t)(equals - env->v[i])) : NULL;
		struct naming naming = {name, found, arg};
		struct log_reader r = {.path = "", .plain = "", .found = unsure, .arg = &naming};
		struct config_setting set;

		if (!name || is_bound(name) || read_options(name, equals + 1, &naming)) {
			continue;
		}
		set = (struct config_setting){
			{name, strlen(name)}, {equals + 1, strlen(equals + 1)}};
		r.set = &set;
		log_read_unknown(&r);
	}
	read_bound(env, found, arg);
}
