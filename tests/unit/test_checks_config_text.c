#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "checks/config_text.h"
#include "checks/file_role.h"

#include <criterion/criterion.h>

Test(config_text, which_files)
{
	static const char *const yes[] = {"etc/nginx/nginx.conf",
		"etc/nginx/sites-available/default", "etc/default/memcached", "app/config.yml",
		"srv/app/settings.ini", "app/.env", "app/.env.production",
		"app/config/database.json", "opt/app/appsettings.json", "app/src/logback.xml",
		"usr/local/tomcat/conf/server.xml", "app/application.properties",
		"app/gunicorn.conf.py", "app/local_settings.py",
		"app/config/environments/production.rb"};
	static const char *const no[] = {"app/package.json", "app/data/patients.json",
		"app/README.md", "app/config.example.yml", "app/.env.example", "etc/passwd",
		"etc/init.d/nginx", "etc/ssl/certs/ca-certificates.crt",
		"app/node_modules/x/config.yml", "usr/share/doc/redis/redis.conf",
		"usr/lib/python3/dist-packages/x/logging.ini", "app/docker-compose.yml",
		"app/server.js", "app/locales/de.yml", "var/lib/dpkg/status",
		"etc/nginx/nginx.conf.dpkg-dist", "app/tests/config.ini"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		cr_expect(config_is(yes[i]), "%s", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		cr_expect_not(config_is(no[i]), "%s", no[i]);
	}
}

static const struct {
	const char *path;
	const char *text;
	const char *plain;
} comments[] = {
	{"x.conf", "a b; # c\n#d\n ; e\nf#g\n", "a b;    \n  \n    \nf#g\n"},
	{"x.conf", "log_format x '$a # $b'; # c\n", "log_format x '$a # $b';    \n"},
	{"x.ini", ";a=1\nb=2 ;x\n#c\n", "    \nb=2 ;x\n  \n"},
	{"x.properties", "!a\n#b\nc=#d\n", "  \n  \nc=#d\n"},
	{"logback.xml", "<a/><!-- <b>\n c --><d/>\n", "<a/>        \n      <d/>\n"},
	{"config.js", "a /* b\nc */ d // e\nu = 'http://x'\n",
		"a     \n     d     \nu = 'http://x'\n"},
	{"config.json", "{\"a\": \"#b //c\"}", "{\"a\": \"#b //c\"}"},
	{"x.conf", "", ""},
	{"x.conf", "it's # c", "it's    "},
};

Test(config_text, comments_become_blanks)
{
	for (size_t i = 0; i < ARRAY_SIZE(comments); i++) {
		auto_free char *plain =
			config_strip(comments[i].path, comments[i].text, strlen(comments[i].text));

		cr_expect_str_eq(plain, comments[i].plain, "%zu", i);
	}
}

static const struct {
	const char *line;
	const char *name; /* NULL: none */
	const char *value;
} settings[] = {
	{"  access_log /var/log/x.log main;", "access_log", "/var/log/x.log main"},
	{"logfile=/x", "logfile", "/x"},
	{"log_error = '/x y'", "log_error", "/x y"},
	{"  host: db.a.org", "host", "db.a.org"},
	{"- url: http://a", "url", "http://a"},
	{"\"password\": \"abc\",", "password", "abc"},
	{"<add key=\"Db\" value=\"x\" />", "Db", "x"},
	{"<property name=\"url\">jdbc:x</property>", "url", "jdbc:x"},
	{"<password>abc</password>", "password", "abc"},
	{"define('DB_PASSWORD', 'abc');", "DB_PASSWORD", "abc"},
	{"$config['db'] = 'x';", "config['db", "x"},
	{"'host' => 'x',", "host", "x"},
	{"word", NULL, NULL},
	{"name =", NULL, NULL},
	{"", NULL, NULL},
	{"}", NULL, NULL},
};

Test(config_text, settings_of_many_formats)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		struct config_setting set;
		bool got = config_setting(settings[i].line, strlen(settings[i].line), &set);

		cr_expect_eq(got, settings[i].name != NULL, "%s", settings[i].line);
		if (got && settings[i].name) {
			auto_free char *name = xstrndup(set.name.s, set.name.len);
			auto_free char *value = xstrndup(set.value.s, set.value.len);

			cr_expect_str_eq(name, settings[i].name, "%s", settings[i].line);
			cr_expect_str_eq(value, settings[i].value, "%s", settings[i].line);
		}
	}
}

struct seen {
	size_t n;
	struct config_match first;
};

static void count(const struct config_match *match, void *arg)
{
	struct seen *seen = arg;

	if (!seen->n++) {
		seen->first = *match;
	}
}

static struct seen literals(const char *path, const char *text)
{
	auto_free char *plain = config_strip(path, text, strlen(text));
	struct seen seen = {0};

	config_literals(path, plain, strlen(plain), count, &seen);
	return seen;
}

static const struct {
	const char *path;
	const char *text;
	enum config_literal kind;
	unsigned line;
} baked[] = {
	{"a.yml", "db:\n  url: postgres://app@db.hospital.org:5432/x\n", LITERAL_URL, 2},
	{"a.properties", "spring.datasource.url=jdbc:mysql://mysql:3306/app\n", LITERAL_URL, 1},
	{"a.ini", "[cache]\nredis = redis://cache:6379/0\n", LITERAL_URL, 2},
	{"a.ini", "mail_host = smtp.vendor.com\n", LITERAL_HOST, 1},
	{"a.yml", "issuer: https://login.vendor.com/realms/x\n", LITERAL_HOST, 1},
	{"a.conf", "proxy_pass http://app.internal:8080;\n", LITERAL_HOST, 1},
	{"a.conf", "upstream x {\n  server 10.1.2.3:8080;\n}\n", LITERAL_HOST, 2},
	{"config.json", "{\"a\":1,\"mail\":{\"password\":\"kX9-wq3Lm\"}}", LITERAL_CREDENTIAL, 1},
	{"a.toml", "secret_key = \"kX9wq3LmT7bR4cV8\"\n", LITERAL_CREDENTIAL, 1},
	{"a.ini", "password = CHANGEME\n", LITERAL_PLACEHOLDER, 1},
	{"a.ini", "host = <your-database-host>\n", LITERAL_PLACEHOLDER, 1},
	{"appsettings.json", "{\"ConnectionStrings\":{\"A\":\"Server=sql;Database=x\"}}",
		LITERAL_URL, 1},
	{"a.properties", "url=jdbc:oracle:thin:@db:1521:ORCL\n", LITERAL_URL, 1},
	{"a.ini", "dsn = app@tcp(db:3306)/x\n", LITERAL_URL, 1},
	{"a.yml", "es:\n  hosts:\n  - es1.hospital.org:9200\n", LITERAL_HOST, 3},
	{"context.xml", "<Resource name=\"jdbc/db\" password=\"kX9-wq3Lm\" auth=\"Container\"/>\n",
		LITERAL_CREDENTIAL, 1},
	{"server.xml",
		"<Server xmlns=\"http://a.vendor.org/ns\"\n url=\"http://b.vendor.org/\"/>\n",
		LITERAL_HOST, 2},
	{"web.config", "<add key=\"ApiToken\" value=\"YOUR_API_TOKEN\"/>\n", LITERAL_PLACEHOLDER,
		1},
};

static const char *const harmless[][2] = {
	{"a.yml", "url: postgres://${DB_HOST}:5432/x\n"},
	{"a.yml", "url: postgres://localhost:5432/x\n"},
	{"a.yml", "url: redis://127.0.0.1:6379\nsock: unix:///run/x.sock\n"},
	{"a.yml", "base: http://localhost:8080/fhir\nexample: https://www.example.com/x\n"},
	{"a.xml", "<beans xmlns=\"http://www.springframework.org/schema/beans\"\n"
		  " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"/>\n"},
	{"a.yml", "system: http://hl7.org/fhir/sid/us-npi\ncodesystem: http://loinc.org\n"},
	{"a.conf", "# proxy_pass http://app.internal:8080;\n"},
	{"a.conf", "proxy_pass http://backend;\nserver_name localhost;\nserver_name _;\n"},
	{"a.conf", "fastcgi_pass unix:/run/php/php8.2-fpm.sock;\nfastcgi_pass backend1;\n"},
	{"a.conf", "bind 127.0.0.1 ::1\nlisten 0.0.0.0:80;\n"},
	{"a.ini", "password = ${DB_PASSWORD}\npassword_encryption = scram-sha-256\n"},
	{"a.ini", "keyfile = /etc/ssl/x.key\nserver = conf.xml\nhost = org.vendor.Host\n"},
	{"config.json", "{\"homepage\": \"https://vendor.com\", \"$schema\": "
			"\"https://vendor.com/s.json\"}"},
	{"appsettings.json", "{\"A\":\"Server=localhost;Database=x\"}"},
	{"appsettings.json", "{\"A\":\"Server=${DB};Database=x\"}"},
	{"a.properties", "url=jdbc:oracle:thin:@${DB_HOST}:1521:ORCL\n"},
	{"a.yml",
		"packages:\n  - com.vendor.app\nhosts:\n  - 127.0.0.1\nother:\n  - a.vendor.org\n"},
	{"logback.xml", "<configuration xmlns=\"http://ch.qos.vendor/ns\"\n"
			" xsi:schemaLocation=\"http://ch.qos.vendor/ns\n"
			" https://raw.vendor.org/logback.xsd\">\n</configuration>\n"},
	{"server.xml",
		"<!DOCTYPE Configure PUBLIC \"-//V//EN\" \"http://www.vendor.org/a.dtd\">\n"},
	{"a.yml", "dicom: http://dicom.nema.org/resources/ontology/DCM\n"},
	{"a.ini", "password = %DB_PASSWORD%\n"},
	{"a.xml", "<beans profile=\"dev\" token=\"${T}\"/>\n"},
	{"nginx.conf",
		"server { add_header Content-Security-Policy \"img-src https://cdn.vendor.org\"; "
		"listen 80; }\n"},
	{"a.conf", "include mime.types;\ntypes_hash_max_size 2048;\n"},
};

Test(config_literals, baked_in)
{
	for (size_t i = 0; i < ARRAY_SIZE(baked); i++) {
		struct seen seen = literals(baked[i].path, baked[i].text);

		cr_expect_eq(seen.n, 1, "%s: %zu", baked[i].text, seen.n);
		cr_expect_eq(
			seen.first.kind, baked[i].kind, "%s: %d", baked[i].text, seen.first.kind);
		cr_expect_eq(seen.first.line, baked[i].line, "%s", baked[i].text);
		cr_expect_null(strstr(seen.first.excerpt, "kX9-wq3Lm"));
	}
}

Test(config_literals, harmless)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		struct seen seen = literals(harmless[i][0], harmless[i][1]);

		cr_expect_eq(seen.n, 0, "%s: %s", harmless[i][1], seen.first.excerpt);
	}
}

Test(config_literals, invitations)
{
	static const char *const yes[] = {
		"# Please edit this file before you start\n", "// fill in your values below\n"};
	static const char *const no[] = {"# DO NOT EDIT THIS FILE\n",
		"# Don't edit this file by hand\n", "# never edit this file\n", "# edited\n"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		struct seen seen = {0};

		config_invitations(yes[i], strlen(yes[i]), count, &seen);
		cr_expect_eq(seen.n, 1, "%s", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		struct seen seen = {0};

		config_invitations(no[i], strlen(no[i]), count, &seen);
		cr_expect_eq(seen.n, 0, "%s", no[i]);
	}
}

Test(file_role, paths)
{
	cr_expect_eq(file_role("app/server.conf"), 0);
	cr_expect_eq(file_role("app/tests/key.pem"), ROLE_TEST);
	cr_expect_eq(file_role("app/node_modules/x/test/key.pem"), ROLE_LIBRARY | ROLE_TEST);
	cr_expect_eq(
		file_role("usr/share/doc/x/examples/a.conf"), ROLE_DOCUMENTATION | ROLE_SAMPLE);
	cr_expect_eq(file_role("app/testing.conf"), 0);
	cr_expect_eq(file_role("app/latest/x.conf"), 0);
	cr_expect_eq(file_role("app/README.md"), ROLE_DOCUMENTATION);
	cr_expect_eq(file_role("etc/shadow"), ROLE_OS);
}
