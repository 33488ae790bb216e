/* The four checks that read contents, over small trees. */
#include "checks/check.h"
#include "checks/notes.h"
#include "checks/outcome.h"
#include "tests/unit/fake_tree.h"

#include "base/cleanup.h"
#include "base/digest.h"

extern const struct check check_env_names;
extern const struct check check_baked_in_config;
extern const struct check check_baked_in_secrets;
extern const struct check check_log_paths;

struct bench {
	struct tree *tree;
	struct packages *packages;
	struct image image;
	struct image_config config;
	struct product *product;
	struct notes notes;
	struct outcome out;
};

static void fill(struct strv *list, const char *words)
{
	for (const char *p = words; p && *p;) {
		size_t len = strcspn(p, "|");

		strv_addf(list, "%.*s", (int)len, p);
		p += len + (p[len] == '|');
	}
}

/* Entrypoint and Env with "|" between their items. */
static void bench_init(struct bench *b, const struct fake *rows, const char *entry, const char *env)
{
	*b = (struct bench){.tree = fake_tree(rows)};
	b->packages = packages_read(b->tree);
	b->image.config = &b->config;
	fill(&b->config.entrypoint, entry);
	fill(&b->config.env, env);
}

static void bench_run(struct bench *b, const struct check *check)
{
	struct check_context ctx = {.image = &b->image,
		.tree = b->tree,
		.packages = b->packages,
		.product = b->product,
		.notes = &b->notes};
	struct err err = {0};

	outcome_release(&b->out);
	b->out = (struct outcome){0};
	cr_assert_eq(check->run(&ctx, &b->out, &err), 0, "%s", err.msg);
	cr_expect_gt(json_array_size(b->out.evidence), 0, "a pass needs evidence");
}

static void bench_release(struct bench *b)
{
	outcome_release(&b->out);
	notes_release(&b->notes);
	packages_free(b->packages);
	product_free(b->product);
	image_config_release(&b->config);
	tree_free(b->tree);
}

/* "!/etc/x:1 ?/etc/y:2": subjects, "!" for what fails, "?" for what warns. */
static char *told(const struct bench *b)
{
	AUTO(strv) struct strv all = {0};

	for (size_t i = 0; i < b->out.findings.n; i++) {
		const struct finding *f = &b->out.findings.v[i];

		strv_addf(&all, "%c%s", f->warning ? '?' : '!', f->subject);
	}
	return strv_join(&all, "; ");
}

static void expect(struct bench *b, const struct check *check, const char *want)
{
	auto_free char *got = NULL;

	bench_run(b, check);
	got = told(b);
	cr_expect_str_eq(got, want, "%s: %s", check->id, got);
}

/* ---- env-names ---------------------------------------------------------------------------- */

static const struct fake scripts[] = {
	{.path = "start.sh",
		.text = "#!/bin/sh\nexport app_mode=\"${app_mode:-prod}\"\nlocal_only=${local_only:-1}\n"
			"declare -a words\nwords=${words:-x}\n"
			"export GOOD=${GOOD:-1}\nexec \"$@\"\n"},
	{.path = NULL},
};

Test(env_names, each_source)
{
	static const char product[] =
		"{\"configuration\":[{\"default\":true,\"task\":[{\"id\":\"web\",\"environment\":["
		"{\"key\":\"GOOD_1\"},{\"key\":\"bad-key\"}]}]}]}";
	struct bench b;

	bench_init(&b, scripts, "/start.sh|app", "PATH=/bin|http_proxy=x|NO_VALUE|a.b=1|=x|A9_=");
	b.product = product_parse("p.json", product, strlen(product));
	expect(&b, &check_env_names,
		"!Env http_proxy; !Env NO_VALUE; !Env a.b; !Env ; "
		"!/configuration/0/task/0/environment/1/key; "
		"!/start.sh app_mode");
	bench_release(&b);
}

Test(env_names, history_tells_where_and_keeps_the_value)
{
	struct history lines[] = {
		{.created_by = (char *)(uintptr_t) "ENV a_b=1 http_proxy=http://u:pw@h"},
		{.created_by = (char *)(uintptr_t) "RUN http_proxy"}};
	struct bench b;
	auto_free char *text = NULL;

	bench_init(&b, scripts, "x", "http_proxy=http://u:pw@h");
	b.config.history.v = lines;
	b.config.history.n = 2;
	expect(&b, &check_env_names, "!Env http_proxy");
	text = json_dumps(b.out.findings.v[0].evidence, 0);
	cr_expect_not_null(strstr(text, "\"history\": 0"), "%s", text);
	cr_expect_null(strstr(text, "pw@h"), "%s", text);
	b.config.history.v = NULL;
	b.config.history.n = 0;
	bench_release(&b);
}

/* A variable without a name is set by no instruction: one that ends the text is not read beyond. */
Test(env_names, no_instruction_sets_what_has_no_name)
{
	auto_free char *line = xstrdup("ENV a b");
	struct history lines[] = {{.created_by = line}};
	struct bench b;
	auto_free char *text = NULL;

	bench_init(&b, scripts, "x", "=value");
	b.config.history.v = lines;
	b.config.history.n = 1;
	expect(&b, &check_env_names, "!Env ");
	text = json_dumps(b.out.findings.v[0].evidence, 0);
	cr_expect_null(strstr(text, "history"), "%s", text);
	b.config.history.v = NULL;
	b.config.history.n = 0;
	bench_release(&b);
}

Test(env_names, all_good)
{
	struct bench b;

	bench_init(&b, scripts, "app", "PATH=/bin|LC_ALL=C.UTF-8|A=b=c");
	expect(&b, &check_env_names, "");
	bench_release(&b);
}

/* ---- baked-in-config ---------------------------------------------------------------------- */

#define DPKG(package, files)                                                                       \
	{.path = "var/lib/dpkg/status",                                                            \
		.text = "Package: " package "\nStatus: install ok installed\nVersion: 1\n\n"},     \
	{                                                                                          \
		.path = "var/lib/dpkg/info/" package ".list", .text = files                        \
	}

static const struct fake configured[] = {
	DPKG("dist", "/etc/dist\n/etc/dist/dist.conf\n"),
	{.path = "etc/dist/dist.conf", .text = "password = CHANGEME\n"},
	{.path = "app/server", .file = true},
	{.path = "app/config.yml",
		.text = "port: 8080\ndb: postgres://db.clinic.org/x\n# db: mysql://old.clinic.org\n"
			"token: CHANGEME\nmail_host: smtp.clinic.org\n"},
	{.path = "app/other.yml", .text = "mail_host: smtp.clinic.org\npassword: CHANGEME\n"},
	{.path = "app/config.example.yml", .text = "password: CHANGEME\n"},
	{.path = "usr/share/doc/x/config.yml", .text = "password: CHANGEME\n"},
	{.path = NULL},
};

Test(baked_in_config, fails_only_where_the_entry_reads)
{
	struct bench b;

	bench_init(&b, configured, "./server", NULL);
	b.config.working_dir = xstrdup("/app");
	expect(&b, &check_baked_in_config,
		"!/app/config.yml:2; !/app/config.yml:4; !/app/config.yml:5; ?/app/other.yml:2");
	bench_release(&b);
}

Test(baked_in_config, injected_configuration_is_good)
{
	static const struct fake rows[] = {
		{.path = "app/config.yml",
			.text = "db: ${DATABASE_URL}\nbase: http://localhost:8080\n"},
		{.path = NULL},
	};
	struct bench b;

	bench_init(&b, rows, "/bin/app|--config|/app/config.yml", NULL);
	expect(&b, &check_baked_in_config, "");
	bench_release(&b);
}

/* ---- baked-in-secrets --------------------------------------------------------------------- */

static void give(struct bench *b, size_t layer, const char *path, const char *text)
{
	struct entry e = {.layer = layer,
		.path = path,
		.type = NODE_FILE,
		.size = strlen(text),
		.data = (const uint8_t *)text,
		.data_len = strlen(text)};

	check_baked_in_secrets.entry(&e, &b->notes);
}

static void give_whiteout(struct bench *b, size_t layer, const char *path)
{
	struct entry e = {.layer = layer, .path = path, .whiteout = WHITEOUT_FILE};

	check_baked_in_secrets.entry(&e, &b->notes);
}

#define KEY                                                                                        \
	"-----BEGIN "                                                                              \
	"PRIVATE KEY-----\n"                                                                       \
	"MC4CAQAwBQYDK2VwBCIEIJ9q7Zk2Xw9RbT4mLc8VsJ1yHd6NfG3pEu5WaKiQxBz2\n"                       \
	"-----END "                                                                                \
	"PRIVATE KEY-----\n"

static const struct fake keys[] = {
	DPKG("ssl-cert", "/usr/share/ssl-cert\n"),
	{.path = "app/key.pem", .file = true},
	{.path = "etc/ssl/private/ssl-cert-snakeoil.key", .file = true},
	{.path = "app/node_modules/x/test/key.pem", .file = true},
	{.path = "app/node_modules/x/lib/key.pem", .file = true},
	{.path = "app/README.md", .file = true},
	{.path = NULL},
};

Test(baked_in_secrets, who_has_it_decides)
{
	struct bench b;

	bench_init(&b, keys, "app", NULL);
	give(&b, 0, "app/key.pem", KEY);
	give(&b, 0, "etc/ssl/private/ssl-cert-snakeoil.key", KEY);
	give(&b, 0, "app/node_modules/x/test/key.pem", KEY);
	give(&b, 0, "app/node_modules/x/lib/key.pem", KEY);
	give(&b, 0, "app/README.md", "text\n" KEY);
	give(&b, 0, "app/main.c", "if (strstr(s, \"-----BEGIN \" \"PRIVATE KEY-----\"))\n");
	expect(&b, &check_baked_in_secrets,
		"!/app/key.pem:1; ?/etc/ssl/private/ssl-cert-snakeoil.key:1; "
		"?/app/node_modules/x/test/key.pem:1; !/app/node_modules/x/lib/key.pem:1; "
		"?/app/README.md:2");
	bench_release(&b);
}

Test(baked_in_secrets, what_a_package_shipped_is_public)
{
	char digest[DIGEST_TEXT_MAX];
	struct fake rows[] = {
		DPKG("libx", "/usr\n/usr/lib\n/usr/lib/x.pem\n"),
		{.path = "var/lib/dpkg/info/libx.md5sums",
			/* any sum: what counts is that the package has one for it */
			.text = "d41d8cd98f00b204e9800998ecf8427f  usr/lib/x.pem\n"},
		{.path = "usr/lib/x.pem", .file = true},
		{.path = NULL},
	};
	struct bench b;

	digest_of(DIGEST_SHA256, "", 0, digest);
	bench_init(&b, rows, "app", NULL);
	give(&b, 0, "usr/lib/x.pem", KEY);
	expect(&b, &check_baked_in_secrets, "");
	bench_release(&b);
}

Test(baked_in_secrets, a_hidden_layer_still_tells)
{
	struct bench b;

	bench_init(&b, keys, "app", NULL);
	give(&b, 0, "root/.ssh/id_ed25519", KEY);
	give_whiteout(&b, 2, "root/.ssh");
	expect(&b, &check_baked_in_secrets, "!/root/.ssh/id_ed25519:1");
	cr_expect_not_null(strstr(b.out.findings.v[0].message, "deleted by layer 2"), "%s",
		b.out.findings.v[0].message);
	bench_release(&b);
}

Test(baked_in_secrets, once_for_each_file)
{
	struct bench b;

	bench_init(&b, keys, "app", NULL);
	give(&b, 0, "app/key.pem", KEY KEY);
	give(&b, 1, "app/key.pem", KEY);
	expect(&b, &check_baked_in_secrets, "!/app/key.pem:1");
	bench_release(&b);
}

Test(baked_in_secrets, config_values)
{
	struct history lines[] = {
		{.created_by = (char *)(uintptr_t) "|2 NPM_TOKEN=kX9wq3LmT7 V=1 /bin/sh -c npm ci"},
		{.created_by = (char *)(uintptr_t) "RUN /bin/sh -c apk add libcrypto3=3.0.8-r0"},
		/* overwritten, and in an address; the one in force is told as such */
		{.created_by = (char
				 *)(uintptr_t) "ENV A=1 OLD_TOKEN=kX9-wq3Lm DB_PASSWORD=kX9-wq3Lm"},
		{.created_by = (char
				 *)(uintptr_t) "RUN pip install -i https://ci:kX9wq3Lm@p.org/x y"},
		{.created_by = (char *)(uintptr_t) "RUN curl http://admin:admin@localhost/"},
		{.created_by = (char *)(uintptr_t) "RUN git clone https://ci:${TOKEN}@g.org/x"},
		{.created_by = (char *)(uintptr_t) "ARG NPM_TOKEN=kX9-wq3Lm"},
		{.created_by = (char *)(uintptr_t) "RUN |1 T=a b /bin/sh -c x --password=$T"}};
	struct bench b;
	auto_free char *text = NULL;

	bench_init(&b, keys, "app",
		"DB_PASSWORD=kX9-wq3Lm|POSTGRES_PASSWORD=postgres|KEYCLOAK_URL=http://k|"
		"GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D|DB=mysql://a:kX9wq3Lm@h/x");
	b.config.history.v = lines;
	b.config.history.n = ARRAY_SIZE(lines);
	fill(&b.config.cmd, "app|--db-password=kX9-wq3Lm|--port=8080|--token|kX9-wq3Lm");
	expect(&b, &check_baked_in_secrets,
		"!Env DB_PASSWORD; ?Env POSTGRES_PASSWORD; !Env DB; !Cmd; !Cmd; !history 0; "
		"!history 2; !history 3; ?history 4; !history 6");
	text = json_dumps(b.out.findings.v[0].evidence, 0);
	cr_expect_null(strstr(text, "kX9-w"), "%s", text);
	b.config.history.v = NULL;
	b.config.history.n = 0;
	bench_release(&b);
}

/* ---- log-paths ---------------------------------------------------------------------------- */

#define NGINX_CONF                                                                                 \
	"error_log /var/log/nginx/error.log;\nhttp {\n access_log /var/log/nginx/access.log;\n}\n"

Test(log_paths, nginx_to_files_fails)
{
	static const struct fake rows[] = {
		{.path = "usr/sbin/nginx", .file = true},
		{.path = "etc/nginx/nginx.conf", .text = NGINX_CONF},
		{.path = NULL},
	};
	struct bench b;

	bench_init(&b, rows, "nginx", NULL);
	expect(&b, &check_log_paths, "!/etc/nginx/nginx.conf:1; !/etc/nginx/nginx.conf:3");
	bench_release(&b);
	/* Nobody starts it. */
	bench_init(&b, rows, "true", NULL);
	expect(&b, &check_log_paths, "?/etc/nginx/nginx.conf:1; ?/etc/nginx/nginx.conf:3");
	bench_release(&b);
}

Test(log_paths, nginx_linked_to_streams_passes)
{
	static const struct fake rows[] = {
		{.path = "usr/sbin/nginx", .file = true},
		{.path = "etc/nginx/nginx.conf", .text = NGINX_CONF},
		{.path = "var/log/nginx/access.log", .link = "/dev/stdout"},
		{.path = "var/log/nginx/error.log", .link = "/dev/stderr"},
		{.path = NULL},
	};
	struct bench b;

	bench_init(&b, rows, "nginx", NULL);
	expect(&b, &check_log_paths, "");
	bench_release(&b);
}

Test(log_paths, variables_in_a_path)
{
	static const struct fake rows[] = {
		{.path = "etc/a.ini",
			.text = "log_file = ${DIR}/a\nlogfile = /a/${NAME}.txt\n"
				"log-file = ${catalina.base}/b\nerror_log = $DIR/a\n"},
		{.path = NULL},
	};
	struct bench b;

	bench_init(&b, rows, "app|--config|/etc/a.ini", NULL);
	expect(&b, &check_log_paths, "?/etc/a.ini:1; !/etc/a.ini:2; !/etc/a.ini:3; ?/etc/a.ini:4");
	bench_release(&b);
}

Test(log_paths, links_that_the_entry_makes)
{
	static const struct fake rows[] = {
		{.path = "start",
			.text = "#!/bin/sh\nln -sf /dev/stdout /var/log/nginx/access.log\n"
				"ln -sf /data/x /var/log/nginx/error.log\nexec nginx\n"},
		{.path = "usr/sbin/nginx", .file = true},
		{.path = "etc/nginx/nginx.conf", .text = NGINX_CONF},
		{.path = NULL},
	};
	struct bench b;

	bench_init(&b, rows, "/start", NULL);
	expect(&b, &check_log_paths, "!/etc/nginx/nginx.conf:1");
	bench_release(&b);
}

Test(log_paths, nginx_without_a_directive_has_its_default)
{
	static const struct fake rows[] = {
		{.path = "usr/sbin/nginx", .file = true},
		{.path = "etc/nginx/nginx.conf",
			.text = "error_log stderr;\nhttp {\n server {\n  location /health {\n"
				"   access_log off;\n  }\n }\n}\n"},
		{.path = NULL},
	};
	struct bench b;

	bench_init(&b, rows, "nginx", NULL);
	expect(&b, &check_log_paths, "!Entrypoint nginx the built-in access_log");
	bench_release(&b);
	bench_init(&b, rows, "nginx|-g|access_log /dev/stdout;", NULL);
	expect(&b, &check_log_paths, "");
	bench_release(&b);
}

Test(log_paths, files_and_command_lines)
{
	static const struct fake rows[] = {
		DPKG("a", "/var/log/a.log\n"),
		{.path = "var/log/dpkg.log", .text = "x"},
		{.path = "var/log/apt/history.log", .text = "x"},
		{.path = "var/log/app.log", .text = "x"},
		{.path = "var/log/empty.log", .text = ""},
		{.path = "app/logs/server.log", .text = "x"},
		{.path = "app/node_modules/x/build.log", .text = "x"},
		{.path = "root/.npm/_logs/1.log", .text = "x"},
		{.path = NULL},
	};
	struct bench b;

	bench_init(&b, rows, "sh|-c|exec app >> /var/log/out.log", NULL);
	expect(&b, &check_log_paths,
		"?/app/logs/server.log; ?/var/log/app.log; !Entrypoint:1 app redirection");
	bench_release(&b);
	bench_init(&b, rows, "gunicorn|--access-logfile|-|app:app", NULL);
	expect(&b, &check_log_paths, "?/app/logs/server.log; ?/var/log/app.log");
	bench_release(&b);
}
