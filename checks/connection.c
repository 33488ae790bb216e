#include "checks/connection.h"

#include <ctype.h>
#include <string.h>

/* Whether a name of an option may begin at s[at]. */
static bool may_begin(const char *s, size_t at)
{
	return at == 0 || isspace((unsigned char)s[at - 1]) || strchr(";&?\"'.-", s[at - 1]);
}

/* The value behind "name=", up to what ends one; the first that is not empty. */
static bool option(const char *text, size_t len, const char *name, struct line *ret)
{
	const char *end = text + len;
	size_t n = strlen(name);

	for (const char *at = text; (at = str_ifind(at, (size_t)(end - at), name)); at++) {
		const char *value = at + n;
		size_t size = 0;

		while (value < end && *value == ' ') {
			value++;
		}
		if (value >= end || *value != '=' || !may_begin(text, (size_t)(at - text))) {
			continue;
		}
		for (value++; value < end && strchr(" '\"", *value); value++) {
		}
		while (value + size < end && !isspace((unsigned char)value[size]) &&
			!strchr(";&\"'", value[size])) {
			size++;
		}
		if (size) {
			*ret = (struct line){value, size};
			return true;
		}
	}
	return false;
}

static bool any_option(const char *text, size_t len, const char *const *names, struct line *ret)
{
	for (; *names; names++) {
		if (option(text, len, *names, ret)) {
			return true;
		}
	}
	return false;
}

/* "user:password@tcp(host:port)/": where "@tcp(" stands, or NULL. */
static const char *go_address(const char *text, size_t len)
{
	const char *at = str_find(text, len, "@tcp(");

	return at ? at : str_find(text, len, "@unix(");
}

bool connection_password(const char *text, size_t len, struct line *ret)
{
	static const char *const names[] = {"password", "pwd", NULL};
	const char *go = go_address(text, len);
	const char *colon = go ? memrchr(text, ':', (size_t)(go - text)) : NULL;

	if (colon && go - colon > 1) {
		*ret = (struct line){colon + 1, (size_t)(go - colon - 1)};
		return true;
	}
	/* "password=x" alone is a setting, and "password" its name. */
	return any_option(text, len, names, ret) && ret->s - text > 10;
}

bool connection_host(const char *text, size_t len, struct line *ret)
{
	static const char *const hosts[] = {
		"server", "data source", "host", "hostaddr", "addr", "address", NULL};
	static const char *const databases[] = {
		"database", "dbname", "initial catalog", "sid", "service_name", NULL};
	const char *go = go_address(text, len);
	const char *oracle = str_find(text, len, "jdbc:oracle:");
	struct line database;

	if (go) {
		const char *open = memchr(go, '(', len - (size_t)(go - text)); /* it is there */

		*ret = (struct line){open + 1, len - (size_t)(open + 1 - text)};
	} else if (oracle) {
		const char *at = memchr(oracle, '@', len - (size_t)(oracle - text));

		if (!at) {
			return false;
		}
		for (at++; at < text + len && *at == '/'; at++) {
		}
		*ret = (struct line){at, len - (size_t)(at - text)};
	} else if (!any_option(text, len, databases, &database) ||
		   !any_option(text, len, hosts, ret)) {
		return false;
	}
	if (ret->len > 4 && strncasecmp(ret->s, "tcp:", 4) == 0) { /* Azure */
		ret->s += 4;
		ret->len -= 4;
	}
	for (size_t i = 0; i < ret->len; i++) {
		if (strchr(":,/\\)", ret->s[i])) {
			ret->len = i;
		}
	}
	return ret->len > 0;
}
