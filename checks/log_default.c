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

bool log_default_has(const char *directive)
{
	for (size_t i = 0; i < n_log_defaults; i++) {
		if (strcmp(log_defaults[i].directive, directive) == 0) {
			return true;
		}
	}
	return false;
}

bool log_in_nginx_location(struct log_blocks *b, unsigned line)
{
	const char *plain = b->plain;

	for (; b->at < b->len && b->line + 1 < line; b->at++) {
		while (b->word < b->at && isspace((unsigned char)plain[b->word])) {
			b->word++;
		}
		if (plain[b->at] == '{') {
			bool here = str_starts(plain + b->word, "location") ||
				    str_starts(plain + b->word, "if ");

			if (b->depth + 1 < LOG_BLOCKS_MAX) {
				b->inside[b->depth + 1] = b->inside[b->depth] || here;
				b->depth++;
			}
			b->word = b->at + 1;
		} else if (plain[b->at] == '}' || plain[b->at] == ';') {
			b->depth -= plain[b->at] == '}' && b->depth > 0;
			b->word = b->at + 1;
		}
		b->line += plain[b->at] == '\n';
	}
	return b->inside[b->depth];
}
