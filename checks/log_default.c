#include "checks/log_default.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* nginx -V, httpd -V. Debian and nginx.org agree for nginx; Debian's Apache has
 * DEFAULT_ERRORLOG="logs/error_log" below HTTPD_ROOT="/etc/apache2". */
const struct log_default log_defaults[] = {
	{"nginx", "access_log", "usr/local/nginx/", "/usr/local/nginx/logs/access.log"},
	{"nginx", "access_log", "usr/local/openresty/",
		"/usr/local/openresty/nginx/logs/access.log"},
	{"nginx", "access_log", "", "/var/log/nginx/access.log"},
	{"nginx", "error_log", "usr/local/nginx/", "/usr/local/nginx/logs/error.log"},
	{"nginx", "error_log", "usr/local/openresty/", "/usr/local/openresty/nginx/logs/error.log"},
	{"nginx", "error_log", "", "/var/log/nginx/error.log"},
	{"apache2", "ErrorLog", "", "/etc/apache2/logs/error_log"},
	{"httpd", "ErrorLog", "usr/local/apache2/", "/usr/local/apache2/logs/error_log"},
	{"httpd", "ErrorLog", "", "/etc/httpd/logs/error_log"},
	{"supervisord", "logfile", "", "supervisord.log"},
};
const size_t n_log_defaults = ARRAY_SIZE(log_defaults);

const char *log_default_target(const char *program, const char *directive, const char *path)
{
	for (size_t i = 0; i < n_log_defaults; i++) {
		const struct log_default *d = &log_defaults[i];

		if (strcmp(d->program, program) == 0 && strcmp(d->directive, directive) == 0 &&
			str_starts(path, d->below)) {
			return d->target;
		}
	}
	return NULL;
}

/* Deeper nesting than this is no configuration that anybody wrote. */
#define MAX_BLOCKS 64

bool log_in_nginx_location(const char *plain, size_t len, unsigned line)
{
	bool inside[MAX_BLOCKS] = {false};
	size_t depth = 0;
	size_t word = 0; /* where the statement at hand begins */
	unsigned now = 1;

	for (size_t i = 0; i < len && now < line; i++) {
		while (word < i && isspace((unsigned char)plain[word])) {
			word++;
		}
		if (plain[i] == '{') {
			bool here = str_starts(plain + word, "location") ||
				    str_starts(plain + word, "if ");

			if (depth + 1 < MAX_BLOCKS) {
				inside[depth + 1] = inside[depth] || here;
				depth++;
			}
			word = i + 1;
		} else if (plain[i] == '}' || plain[i] == ';') {
			depth -= plain[i] == '}' && depth > 0;
			word = i + 1;
		}
		now += plain[i] == '\n';
	}
	return inside[depth];
}
