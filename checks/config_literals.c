#include "checks/config_text.h"

#include "base/cleanup.h"
#include "checks/connection.h"
#include "checks/secret_value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *config_literal_name(enum config_literal kind)
{
	static const char *const names[] = {
		[LITERAL_PLACEHOLDER] = "a placeholder",
		[LITERAL_INVITATION] = "an invitation to edit the file",
		[LITERAL_URL] = "a connection URL",
		[LITERAL_CREDENTIAL] = "a credential",
		[LITERAL_HOST] = "a host name",
	};

	return names[kind];
}

static const char *const connection_schemes[] = {"postgres", "postgresql", "mysql", "mariadb",
	"redis", "rediss", "amqp", "amqps", "mongodb", "mongodb+srv", "ldap", "ldaps", "smtp",
	"smtps", "kafka", "nats", "sqlserver", "mssql", "oracle", "db2", "clickhouse", "cassandra",
	"neo4j", "bolt", "etcd", "mqtt", "mqtts", "stomp", "couchbase", "influxdb", "elasticsearch",
	"ftp", "sftp", "memcached", "cockroachdb", "firebird", "sybase", NULL};

/* Settings whose URL is something to read, not somewhere to connect to. */
static const char *const document_names[] = {"homepage", "documentation", "docs", "doc", "help",
	"support", "license", "licence", "bugs", "repository", "website", "link", "links", "see",
	"ref", "schema", "namespace", "xmlns", "system", "canonical", "profile", "doctype",
	"header", /* nginx's add_header, Apache's Header: what browsers may do */
	"description", "comment", "title", "author", "contact", "termsofservice", "id", "type",
	"$id", "name", "tos", "schemalocation", NULL};

/* Last words of names whose value is a host. */
static const char *const host_names[] = {"host", "hostname", "server", "servers", "addr", "address",
	"endpoint", "endpoints", "broker", "brokers", "domain", "issuer", "origin", "origins",
	"url", "uri", "baseurl", "server_name", "servername", "serveralias", "proxy_pass", "hosts",
	"realm-url", NULL};

static const char *const file_endings[] = {"xml", "json", "yml", "yaml", "conf", "cfg", "log",
	"pid", "sock", "key", "crt", "pem", "cnf", "ini", "py", "js", "rb", "php", "html", "so",
	"txt", "sh", "jar", "class", "db", "sqlite", "css", "csv", "gz", "toml", "properties", "d",
	"local_settings", NULL};

static bool in_fold(const char *s, size_t len, const char *const *list)
{
	for (; *list; list++) {
		if (strlen(*list) == len && strncasecmp(s, *list, len) == 0) {
			return true;
		}
	}
	return false;
}

static struct line last_word(struct line name)
{
	size_t at = name.len;

	while (at > 0 && isalnum((unsigned char)name.s[at - 1])) {
		at--;
		if (at > 0 && isupper((unsigned char)name.s[at]) &&
			islower((unsigned char)name.s[at - 1])) {
			break;
		}
	}
	return (struct line){name.s + at, name.len - at};
}

struct url {
	struct line scheme;
	struct line host;
	bool port;
};

/* The URL around the "://" at colon, within s[0..len). */
static struct url url_around(const char *s, size_t len, const char *colon)
{
	const char *end = s + len;
	const char *start = colon;
	const char *p = colon + 3;
	const char *stop = p;
	const char *at;
	struct url url = {0};

	while (start > s && (isalnum((unsigned char)start[-1]) || start[-1] == '+')) {
		start--;
	}
	while (stop < end && !isspace((unsigned char)*stop) && !strchr("/?#\"'<>,;)|", *stop)) {
		stop++;
	}
	at = memrchr(p, '@', (size_t)(stop - p));
	p = at ? at + 1 : p;
	url.scheme = (struct line){start, (size_t)(colon - start)};
	url.host = (struct line){p, (size_t)(stop - p)};
	for (size_t i = 0; i < url.host.len && *p != '['; i++) {
		if (p[i] == ':') {
			url.port = true;
			url.host.len = i;
		}
	}
	return url;
}

static bool is_host_name(struct line host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (!isalnum((unsigned char)host.s[i]) && !strchr(".-_[]:", host.s[i])) {
			return false;
		}
	}
	return host.len > 0 && !config_host_is_neutral(host.s, host.len);
}

/* "db.hospital.org", "10.1.2.3": with a dot, and neither a file name, a Java package nor a
 * number. */
static bool is_dotted_host(struct line host)
{
	const char *dot = memrchr(host.s, '.', host.len);
	size_t tail = dot ? host.len - (size_t)(dot + 1 - host.s) : 0;
	unsigned dots = 0;
	bool digits = true;

	if (!is_host_name(host) || tail == 0 || *host.s == '.' ||
		in_fold(dot + 1, tail, file_endings)) {
		return false;
	}
	for (size_t i = 0; i < host.len; i++) {
		dots += host.s[i] == '.';
		digits &= isdigit((unsigned char)host.s[i]) || host.s[i] == '.';
		if (isupper((unsigned char)host.s[i]) || host.s[i] == '_') {
			return false;
		}
	}
	if (digits) {
		return dots == 3;
	}
	for (size_t i = 0; i < tail; i++) {
		if (!isalpha((unsigned char)dot[1 + i])) {
			return false;
		}
	}
	return tail >= 2 && strncmp(host.s, "com.", 4) != 0 && strncmp(host.s, "org.", 4) != 0 &&
	       strncmp(host.s, "net.", 4) != 0 && strncmp(host.s, "io.", 3) != 0 &&
	       strncmp(host.s, "java", 4) != 0;
}

struct scan {
	void (*found)(const struct config_match *match, void *arg);
	void *arg;
	unsigned line;
	bool xml;
	bool yaml;
	struct line list; /* YAML: the name whose items come */
};

static void tell(
	struct scan *scan, enum config_literal kind, bool weak, struct line name, const char *what)
{
	struct config_match match = {.kind = kind, .line = scan->line, .weak = weak};
	int shown = (int)(name.len < 40 ? name.len : 40);

	snprintf(match.excerpt, sizeof(match.excerpt), "%.*s%s%s", shown, name.s, shown ? ": " : "",
		what);
	scan->found(&match, scan->arg);
}

static void tell_plain(
	struct scan *scan, enum config_literal kind, struct line name, struct line value)
{
	char what[72];

	snprintf(what, sizeof(what), "%.*s", (int)(value.len < 64 ? value.len : 64), value.s);
	tell(scan, kind, false, name, what);
}

/* In XML: xmlns and its relatives, document types, and where their schemas lie. */
static bool is_identifier(struct line text, const char *at)
{
	static const char *const names[] = {"xmlns", "chemaLocation", NULL};
	size_t back = at - text.s < 300 ? (size_t)(at - text.s) : 300;
	const char *quote = memrchr(at - back, '"', back);
	const char *name = quote;

	while (name && name > text.s && !isspace((unsigned char)name[-1])) {
		name--;
	}
	for (size_t i = 0; name && names[i]; i++) {
		if (str_find(name, (size_t)(quote - name), names[i])) {
			return true;
		}
	}
	return false;
}

/* URLs of the text; true when one was told. */
static bool look_for_urls(struct scan *scan, struct line text, struct line name)
{
	const char *end = text.s + text.len;
	struct line last = last_word(name);
	bool schemas =
		scan->xml && (str_starts(text.s, "<!") || str_find(text.s, text.len, ".xsd"));

	for (const char *at = text.s; !schemas && (at = str_find(at, (size_t)(end - at), "://"));
		at += 3) {
		struct url url = url_around(text.s, text.len, at);
		struct line shown = {
			url.scheme.s, (size_t)(url.host.s + url.host.len - url.scheme.s)};
		bool http = in_fold(url.scheme.s, url.scheme.len,
			(const char *const[]){"http", "https", "ws", "wss", NULL});

		if (memchr(shown.s, '@', shown.len)) { /* userinfo is not shown */
			shown = url.host;
		}
		if ((scan->xml && is_identifier(text, at)) || !is_host_name(url.host) ||
			value_is_reference(shown.s, shown.len)) {
			continue;
		}
		if (in_fold(url.scheme.s, url.scheme.len, connection_schemes)) {
			tell_plain(scan, LITERAL_URL, name, shown);
			return true;
		}
		if (http && !in_fold(last.s, last.len, document_names) &&
			(is_dotted_host(url.host) || url.port)) {
			tell_plain(scan, LITERAL_HOST, name, shown);
			return true;
		}
	}
	return false;
}

/* "Server=db;Database=x": any host will do, as in a connection URL. */
static bool look_for_connection(struct scan *scan, const struct config_setting *set)
{
	struct line host;

	if (!connection_host(set->value.s, set->value.len, &host) || !is_host_name(host) ||
		value_is_reference(host.s, host.len)) {
		return false;
	}
	tell_plain(scan, LITERAL_URL, set->name, host);
	return true;
}

static bool look_at_credential(struct scan *scan, const struct config_setting *set)
{
	char name[128];
	char redacted[SECRET_EXCERPT_MAX];
	enum secret_value judged;

	if (set->name.len >= sizeof(name)) {
		return false;
	}
	memcpy(name, set->name.s, set->name.len);
	name[set->name.len] = '\0';
	judged = secret_judge(name, set->value.s, set->value.len);
	if (judged == VALUE_PLAIN) {
		return false;
	}
	secret_redact(set->value.s, set->value.len, redacted);
	tell(scan, LITERAL_CREDENTIAL, judged == VALUE_WEAK, set->name, redacted);
	return true;
}

/* <Resource name="jdbc/db" username="u" password="x"/>: every attribute is a setting. */
static void look_at_attributes(struct scan *scan, struct line tag)
{
	const char *end = tag.s + tag.len;

	for (const char *at = tag.s; (at = memchr(at, '=', (size_t)(end - at)));) {
		const char *name = at;
		const char *open = ++at;
		const char *close;
		struct config_setting set;

		while (name > tag.s &&
			(isalnum((unsigned char)name[-1]) || strchr("_.-:", name[-1]))) {
			name--;
		}
		if (open >= end || (*open != '"' && *open != '\'')) {
			continue;
		}
		close = memchr(open + 1, *open, (size_t)(end - open - 1));
		if (!close) {
			return;
		}
		set = (struct config_setting){
			{name, (size_t)(open - 1 - name)}, {open + 1, (size_t)(close - open - 1)}};
		if (look_at_credential(scan, &set)) {
			return;
		}
		at = close;
	}
}

static void look_at_host(struct scan *scan, const struct config_setting *set)
{
	struct line last = last_word(set->name);
	struct line host = set->value;
	size_t n = 0;

	while (n < host.len && !isspace((unsigned char)host.s[n]) && !strchr(",:/;", host.s[n])) {
		n++;
	}
	host.len = n;
	if ((in_fold(last.s, last.len, host_names) ||
		    in_fold(set->name.s, set->name.len, host_names)) &&
		is_dotted_host(host)) {
		tell_plain(scan, LITERAL_HOST, set->name, host);
	}
}

/* "hosts:" and, on lines of their own, "- es1.clinic.org:9200". */
static void look_at_item(struct scan *scan, const char *s, size_t len)
{
	struct line l = {s, len};
	struct config_setting item;

	while (l.len && isspace((unsigned char)*l.s)) {
		l.s++;
		l.len--;
	}
	while (l.len && isspace((unsigned char)l.s[l.len - 1])) {
		l.len--;
	}
	if (l.len > 2 && l.s[0] == '-' && l.s[1] == ' ') {
		item = (struct config_setting){scan->list, {l.s + 2, l.len - 2}};
		if (item.name.len) {
			look_at_host(scan, &item);
		}
	} else if (l.len > 1 && l.s[l.len - 1] == ':') {
		scan->list = (struct line){l.s, l.len - 1};
	} else if (l.len) {
		scan->list.len = 0;
	}
}

static void look_at(struct scan *scan, const char *s, size_t len)
{
	struct config_setting set = {0};
	struct line all = {s, len};
	bool has = config_setting(s, len, &set);

	if (has && value_is_placeholder(set.value.s, set.value.len)) {
		tell_plain(scan, LITERAL_PLACEHOLDER, set.name, set.value);
		return;
	}
	if (!look_for_urls(scan, all, has ? set.name : (struct line){s, 0}) && has &&
		!look_for_connection(scan, &set)) {
		look_at_host(scan, &set);
	}
	if ((!has || !look_at_credential(scan, &set)) && scan->xml) {
		look_at_attributes(scan, all);
	}
	if (scan->yaml) {
		look_at_item(scan, s, len);
	}
}

void config_literals(const char *path, const char *plain, size_t len,
	void (*found)(const struct config_match *match, void *arg), void *arg)
{
	struct scan scan = {.found = found, .arg = arg, .line = 1};
	const char *marks = config_marks(path, plain, len);

	scan.xml = config_comments_of(path) == COMMENTS_XML;
	scan.yaml = str_ends(path, ".yml") || str_ends(path, ".yaml");
	for (size_t at = 0; at < len;) {
		size_t n = config_piece(plain + at, len - at, marks);

		look_at(&scan, plain + at, n);
		at += n;
		scan.line += at < len && plain[at] == '\n';
		at++;
	}
}

static bool is_denied(const char *text, const char *at)
{
	static const char *const denials[] = {"not ", "n't ", "never ", "without ", "no need to ",
		"instead of ", "rather than ", NULL};
	size_t back = (size_t)(at - text) < 40 ? (size_t)(at - text) : 40;

	for (size_t i = 0; denials[i]; i++) {
		if (str_ifind(at - back, back, denials[i])) {
			return true;
		}
	}
	return false;
}

void config_invitations(const char *text, size_t len,
	void (*found)(const struct config_match *match, void *arg), void *arg)
{
	static const char *const phrases[] = {"edit this file", "edit this config",
		"modify this file", "adapt this file", "customize this file", "customise this file",
		"adjust this file", "fill in your", "fill in the values", "replace with your",
		"change this to your", "change these values", NULL};
	struct scan scan = {.found = found, .arg = arg};
	const char *at = text;
	struct line l;

	while (line_next(&at, text + len, &l)) {
		scan.line++;
		for (size_t i = 0; phrases[i]; i++) {
			const char *hit = str_ifind(l.s, l.len, phrases[i]);

			if (hit && !is_denied(text, hit)) {
				tell_plain(&scan, LITERAL_INVITATION, (struct line){l.s, 0}, l);
				break;
			}
		}
	}
}
