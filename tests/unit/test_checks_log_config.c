#include "base/cleanup.h"
#include "checks/log_config.h"
#include "checks/log_default.h"
#include "checks/log_target.h"
#include "tests/unit/fake_tree.h"

static void render(const struct log_directive *d, void *arg)
{
	static const char signs[] = {[LOG_SINK_FILE] = 'F',
		[LOG_SINK_STDIO] = 'S',
		[LOG_SINK_SYSLOG] = 'Y',
		[LOG_SINK_NOTHING] = 'N',
		[LOG_SINK_PROGRAM] = 'P',
		[LOG_SINK_UNSURE] = '?'};

	strv_addf(arg, "%u%c %s %s", d->line, signs[d->sink], d->name, d->target);
}

/* Directives as the programs' own manuals write them. */
static const struct {
	const char *path;
	const char *text;
	const char *want; /* "LINE SINK NAME TARGET", apart by "; " */
} files[] = {
	{"etc/nginx/nginx.conf",
		"user www-data;\nerror_log /var/log/nginx/error.log;\nhttp {\n\t# access_log off;\n"
		"\taccess_log /var/log/nginx/access.log combined buffer=32k;\n"
		"\tlog_format x '$remote_addr \"$request\"';\n}\n",
		"2F error_log /var/log/nginx/error.log; 5F access_log /var/log/nginx/access.log"},
	{"etc/nginx/nginx.conf",
		"error_log stderr notice;\naccess_log /dev/stdout;\naccess_log off;\n",
		"1S error_log stderr; 2F access_log /dev/stdout; 3N access_log off"},
	{"etc/nginx/nginx.conf", "access_log syslog:server=10.0.0.1 combined;\n",
		"1Y access_log syslog:server=10.0.0.1"},
	{"etc/apache2/apache2.conf",
		"ErrorLog ${APACHE_LOG_DIR}/error.log\nCustomLog \"logs/access_log\" common\n"
		"CustomLog \"|/usr/bin/rotatelogs /x 86400\" common\nErrorLog /proc/self/fd/2\n"
		"LogLevel warn\nLogFormat \"%h\" common\n",
		"1F ErrorLog /var/log/apache2/error.log; 2F CustomLog logs/access_log; "
		"3P CustomLog |/usr/bin/rotatelogs; 4F ErrorLog /proc/self/fd/2"},
	{"etc/redis/redis.conf", "loglevel notice\nlogfile \"\"\n# syslog-enabled no\n", ""},
	{"etc/redis/redis.conf", "logfile /var/log/redis/redis-server.log\nsyslog-enabled yes\n",
		"1F logfile /var/log/redis/redis-server.log; 2Y syslog-enabled yes"},
	{"etc/postgresql/15/main/postgresql.conf",
		"#logging_collector = off\n#log_directory = 'log'\nlog_line_prefix = '%m [%p] '\n"
		"log_timezone = 'Etc/UTC'\n",
		""},
	{"postgresql.conf", "logging_collector = on\nlog_directory = '/var/log/pg'\n",
		"1F logging_collector /var/log/pg"},
	{"postgresql.conf", "logging_collector = on\nlog_filename = 'x.log'\n",
		"1F logging_collector log"},
	{"postgresql.conf", "log_destination = 'stderr,syslog'\nlogging_collector = off\n",
		"1Y log_destination stderr,syslog"},
	{"etc/mysql/my.cnf",
		"[mysqld]\nlog_error = /var/log/mysql/error.log\ngeneral_log_file = "
		"/x.log\ngeneral_log = 0\n"
		"slow_query_log = 1\nslow_query_log_file = /y.log\n",
		"2F log_error /var/log/mysql/error.log; 6F slow_query_log_file /y.log"},
	{"etc/php/8.2/fpm/pool.d/www.conf",
		";access.log = log/$pool.access.log\naccess.log = /dev/fd/2\n",
		"2F access.log /dev/fd/2"},
	{"etc/php/8.2/fpm/php.ini",
		"log_errors = On\n;error_log = syslog\nerror_log = /proc/self/fd/2\n",
		"3F error_log /proc/self/fd/2"},
	{"etc/supervisor/supervisord.conf",
		"[supervisord]\nlogfile=/dev/null\n[program:x]\nstdout_logfile=/dev/fd/1\n"
		"stderr_logfile=/var/log/x.err\nstdout_logfile_maxbytes=0\n",
		"2N logfile /dev/null; 4F stdout_logfile /dev/fd/1; 5F stderr_logfile "
		"/var/log/x.err"},
	{"app/uwsgi.ini", "[uwsgi]\nlogto = /var/log/uwsgi.log\nreq-logger = file:/tmp/reqs\n",
		"2F logto /var/log/uwsgi.log; 3F req-logger /tmp/reqs"},
	{"app/gunicorn.conf.py", "accesslog = \"-\"\nerrorlog = '/app/error.log'\nworkers = 4\n",
		"1S accesslog -; 2F errorlog /app/error.log"},
	{"app/logging.ini",
		"[handler_file]\nclass=handlers.RotatingFileHandler\nargs=('/var/log/app.log', "
		"'a', 1000)\n"
		"[handler_console]\nclass=StreamHandler\nargs=(sys.stdout,)\n",
		"3F args /var/log/app.log"},
	{"app/logging.yml",
		"handlers:\n  file:\n    class: logging.FileHandler\n    filename: out.txt\n"
		"  console:\n    class: logging.StreamHandler\n    stream: ext://sys.stdout\n"
		"root:\n  handlers:\n  - console\n  - file\n",
		"4F appender out.txt"},
	{"app/log4j.properties",
		"log4j.appender.F=org.apache.log4j.RollingFileAppender\nlog4j.appender.F.File=/x/y.txt\n"
		"log4j.appender.C=org.apache.log4j.ConsoleAppender\nlog4j.rootLogger=INFO, C,F\n",
		"2F appender /x/y.txt"},
	{"app/log4j.properties",
		"log4j.rootLogger=INFO, console\nlog4j.appender.file=a.RollingFileAppender\n"
		"log4j.appender.file.File=/x/y.log\n",
		""}, /* nobody logs to it */
	{"app/log4j2.properties",
		"appender.c.name = C\nappender.r.name = R\nappender.r.fileName = logs/a\n"
		"rootLogger.appenderRef.c.ref = C\n",
		""},
	{"app/log4j2.properties",
		"appender.r.name = R\nappender.r.fileName = logs/a\nrootLogger.appenderRef.r.ref = R\n",
		"2F appender logs/a"},
	{"app/logging.properties",
		"handlers=java.util.logging.ConsoleHandler\n"
		"java.util.logging.FileHandler.pattern=%h/java%u.log\n",
		""},
	{"app/logging.properties",
		"handlers=java.util.logging.ConsoleHandler, java.util.logging.FileHandler\n"
		"java.util.logging.FileHandler.pattern=/x/a%u.log\n",
		"2F appender /x/a%u.log"},
	{"app/logging.yml",
		"handlers:\n  file:\n    class: logging.FileHandler\n    filename: a.log\n"
		"root:\n  handlers: [console]\n",
		""},
	{"app/log4j2.properties", "appender.r.type = RollingFile\nappender.r.fileName = logs/a\n",
		"2F appender logs/a"},
	{"usr/local/tomcat/conf/logging.properties",
		"1catalina.org.apache.juli.AsyncFileHandler.directory = ${catalina.base}/logs\n"
		"handlers = 1catalina.org.apache.juli.AsyncFileHandler, java.util.logging.ConsoleHandler\n",
		"1F appender ${catalina.base}/logs"},
	{"app/logback.xml",
		"<configuration>\n <appender name=\"F\" "
		"class=\"ch.qos.logback.core.FileAppender\">\n"
		"  <file>${LOG_DIR:-/var/log/app}/a.txt</file>\n </appender>\n"
		" <root><appender-ref ref='F'/></root>\n"
		" <!-- <appender><file>/no</file></appender> -->\n</configuration>\n",
		"3F file /var/log/app/a.txt"},
	{"app/logback.xml",
		"<configuration>\n <appender name=\"F\" class=\"FileAppender\">\n"
		"  <file>/var/log/a.txt</file>\n </appender>\n <appender name=\"C\"/>\n"
		" <root><appender-ref ref=\"C\"/><!-- <appender-ref ref=\"F\"/> --></root>\n"
		"</configuration>\n",
		""},
	{"app/logback-appenders.xml", /* the loggers are in what includes it */
		"<included>\n <appender name=\"F\">\n  <file>/var/log/a.txt</file>\n"
		"  <pattern>%d %logger{36} %msg</pattern>\n </appender>\n</included>\n",
		"3F file /var/log/a.txt"},
	{"app/log4j.properties", "log4j.appender.F.File=/x/y.txt\n", "1F appender /x/y.txt"},
	{"app/logging.yaml",
		"handlers:\n  file:\n    class: logging.FileHandler\n    filename: a.log\n"
		"root:\n  handlers: [\"file\"]\n",
		"4F appender a.log"},
	{"app/logback.xml", "<configuration>\n<file>/x/y</file><appender/></configuration>\n",
		"2F file /x/y"}, /* of no appender */
	{"app/log4j2.xml",
		"<Configuration><Appenders>\n<Console name=\"C\" target=\"SYSTEM_OUT\"/>\n"
		"<RollingFile name=\"F\" fileName=\"/var/log/a.txt\" "
		"filePattern=\"/var/log/a-%i.txt\"/>\n"
		"</Appenders><Root><AppenderRef ref=\"F\"/></Root></Configuration>\n",
		"3F RollingFile /var/log/a.txt"},
	{"conf/server.xml",
		"<Server><Valve className=\"org.apache.catalina.valves.AccessLogValve\" "
		"directory=\"logs\" prefix=\"localhost_access_log\"/></Server>\n",
		"1F AccessLogValve logs"},
	{"conf/beans.xml", "<beans><file>/var/data/x</file></beans>\n", ""},
	{"app/application.yml",
		"logging:\n  level:\n    root: INFO\n  file:\n    name: /var/log/spring\n",
		"5F logging.file.name /var/log/spring"},
	{"app/application.properties",
		"logging.file.name=${LOG_FILE:app.log}\nlogging.level.root=INFO\n",
		"1F logging.file.name app.log"},
	{"etc/mongod.conf",
		"systemLog:\n  destination: file\n  logAppend: true\n  path: "
		"/var/log/mongodb/mongod.log\n"
		"storage:\n  dbPath: /var/lib/mongodb\n",
		"4F systemLog.path /var/log/mongodb/mongod.log"},
	{"etc/haproxy/haproxy.cfg",
		"global\n\tlog /dev/log local0\ndefaults\n\tlog global\n\toption httplog\n",
		"2Y log /dev/log"},
	{"etc/haproxy/haproxy.cfg", "global\n\tlog stdout format raw local0\n", "2S log stdout"},
	{"etc/mosquitto/mosquitto.conf",
		"log_dest file /var/log/mosquitto/mosquitto.log\nlog_dest stdout\n",
		"1F log_dest /var/log/mosquitto/mosquitto.log; 2S log_dest stdout"},
	{"etc/rsyslog.conf", "auth,authpriv.*\t\t\t-/var/log/auth.log\nmodule(load=\"imuxsock\")\n",
		"1F rule /var/log/auth.log"},
	{"etc/squid/squid.conf", "access_log daemon:/var/log/squid/access.log squid\n",
		"1F access_log /var/log/squid/access.log"},
	{"app/config.json", "{\n\"log\": {\n\"filename\": \"logs/app.log\"\n}\n}\n",
		"3F filename logs/app.log"},
	{"app/config.toml", "[log]\nlevel = \"info\"\nlog_file = \"/var/log/x\"\n",
		"3F log_file /var/log/x"},
	/* statements within a line, or over several */
	{"etc/nginx/conf.d/a.conf",
		"server { listen 80; access_log /dev/stdout; error_log /x/${host}.log; }\n",
		"1F access_log /dev/stdout; 1F error_log /x/${host}.log"},
	{"srv/web.conf", "http { log_format x '{a;b}'; access_log off; }\nerror_log stderr;\n",
		"1N access_log off; 2S error_log stderr"},
	{"app/config.json", "{\"port\":1,\"log\":{\"to\":[{\"file\":\"/x/app.log\"}]},\"a\":\"b\"}",
		"1F file /x/app.log"},
	{"app/config.json", "{\"log\":{\"in\":\"/var/log/app\"},\"in\":\"/var/log/other\"}",
		"1F in /var/log/app"},
	/* what is on, but goes nowhere in particular */
	{"etc/traefik/traefik.yml", "accessLog: {}\n", ""},
	{"etc/traefik/traefik.yml", "accessLog: true\n", ""},
	{"app/config.toml", "accesslog = {}\nlogfile = true\n", ""},
	{"etc/envoy/envoy.yaml", "access_log: [{name: f, c: {path: /x/a.log}}]\n",
		"1F path /x/a.log"},
	/* programs */
	{"app/gunicorn.conf.py",
		"accesslog = use_accesslog\nerrorlog = os.environ.get(\"LOG\", \"-\")\n"
		"logfile = os.getenv('LOG')\nlog_file = path or '/x/y'\nstdout_path = None\n",
		"1? accesslog use_accesslog; 2S errorlog -; 3? logfile os.getenv('LOG'); "
		"4F log_file /x/y; 5N stdout_path None"},
	{"app/config/puma.rb", "stdout_redirect '/x/out', '/x/err', true\n",
		"1F stdout_redirect /x/out"},
	{"app/uwsgi.ini",
		"[uwsgi]\nlogger = stdio\nreq-logger = main file:/tmp/r\n"
		"logger = syslogger rsyslog:10.0.0.1\n",
		"2S logger stdout; 3F req-logger /tmp/r"},
	{"etc/supervisord.conf",
		"[supervisord]\nnodaemon=true\n[program:a]\ncommand=x\n[program:b]\n"
		"stdout_logfile=/dev/fd/1\n[program:c]\ncommand=y\n",
		"3F stdout_logfile AUTO; 6F stdout_logfile /dev/fd/1; 7F stdout_logfile AUTO"},
	{"etc/caddy/Caddyfile",
		"log {\n output file /x/a {\n roll_size 1\n }\n output discard\n}\n",
		"2F output /x/a; 5N output discard"},
	{"app/application.properties", "quarkus.log.file.enable=true\n",
		"1F quarkus.log.file.enable quarkus.log"},
	{"app/application.yml",
		"quarkus:\n  log:\n    file:\n      enable: true\n      path: /x/y.log\n",
		"5F quarkus.log.file.path /x/y.log"},
	{"app/application.properties",
		"quarkus.log.file.enable=false\nquarkus.log.file.path=/x/y.log\n", ""},
	{"app/appsettings.json",
		"{\"Serilog\":{\"WriteTo\":[{\"Name\":\"File\",\"Args\":{\"path\":\"logs/a-.txt\"}}]}}",
		"1F path logs/a-.txt"},
	{"app/appsettings.json",
		"{\"Serilog\":{\"WriteTo\":[{\"Name\":\"Console\"}]},\"path\":\"a.txt\"}", ""},
	{"app/log4j2.yaml", "Configuration:\n  Appenders:\n    File:\n      fileName: /x/a.txt\n",
		"4F appender /x/a.txt"},
	{"app/app.ini", "log_dir = /var/log/app\n", "1F log_dir /var/log/app"},
	{"app/server.properties", "log.dirs=/var/lib/kafka/data\nlog.retention.hours=168\n", ""},
	{"app/x.yml", "catalog: products\nlogin: admin\nlogo: /img/logo.png\n", ""},
};

Test(log_config, directives)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO(strv) struct strv all = {0};
		auto_free char *got = NULL;

		log_config_read(files[i].path, files[i].text, strlen(files[i].text), render, &all);
		got = strv_join(&all, "; ");
		cr_expect_str_eq(got, files[i].want, "%s: %s", files[i].path, got);
	}
}

static const struct {
	const char *argv[8];
	const char *want;
} lines[] = {
	{{"nginx", "-g", "daemon off; error_log stderr;"}, "0S error_log stderr"},
	{{"/usr/sbin/nginx", "-e", "/x.log"}, "0F error_log /x.log"},
	{{"redis-server", "--logfile", "/var/log/r"}, "0F --logfile /var/log/r"},
	{{"gunicorn", "--access-logfile", "-", "--error-logfile=/x", "app:app"},
		"0S --access-logfile -; 0F --error-logfile /x"},
	{{"postgres", "-c", "logging_collector=on", "-c", "log_directory=/l"},
		"0F logging_collector /l"},
	{{"postgres", "-c", "log_directory=/l"}, ""},
	{{"java", "-Dlogging.file.name=/a/b", "-jar", "x.jar"}, "0F -Dlogging.file.name /a/b"},
	{{"redis-server", "--logfile", ""}, ""},
	{{"supervisord", "-n", "-l", "/dev/null"}, "0N logfile /dev/null"},
	{{"java", "-Xlog:gc*:file=/x/gc.txt:time", "-Xlog:a:stdout", "-Xlog:gc"},
		"0F -Xlog /x/gc.txt; 0S -Xlog stdout"},
	{{"tail", "-n", "5", "-F", "/x/a", "/dev/null"},
		"0F what tail follows /x/a; 0N what tail follows /dev/null"},
	{{"tail", "-n", "5", "/x/a"}, ""},
	{{"app", "--log-file", "/var/log/a", "--log.path=/dev/stdout", "--log-level=debug"},
		"0F log-file /var/log/a"},
	{{"app", "-log_dir=/var/log/a", "--file", "-log.log"}, "0F log_dir /var/log/a"},
	{{"true"}, ""},
};

Test(log_arguments, flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		AUTO(strv) struct strv argv = {0};
		AUTO(strv) struct strv all = {0};
		auto_free char *got = NULL;

		for (size_t k = 0; lines[i].argv[k]; k++) {
			strv_add(&argv, lines[i].argv[k]);
		}
		log_arguments(&argv, render, &all);
		got = strv_join(&all, "; ");
		cr_expect_str_eq(got, lines[i].want, "%zu: %s", i, got);
	}
}

Test(log_environment, variables)
{
	static const char *const env[] = {"LOGGING_FILE_NAME=/a/b", "LOGGING_LEVEL_ROOT=INFO",
		"GUNICORN_CMD_ARGS=--workers 2 --access-logfile /a/c --error-logfile -",
		"JAVA_TOOL_OPTIONS=-Xmx1g -Dlogging.file.path=/a/d", "LOG_FILE=/var/log/app.log",
		"LOG_LEVEL=info", "PATH=/bin", "LOGGING_PATH=/app/logging.ini",
		"QUARKUS_LOG_FILE_PATH=/a/e.log", "NO_VALUE", NULL};
	AUTO(strv) struct strv items = {0};
	AUTO(strv) struct strv all = {0};
	auto_free char *got = NULL;

	for (size_t i = 0; env[i]; i++) {
		strv_add(&items, env[i]);
	}
	log_environment(&items, render, &all);
	got = strv_join(&all, "; ");
	cr_expect_str_eq(got,
		"0F GUNICORN_CMD_ARGS /a/c; 0S GUNICORN_CMD_ARGS -; 0F JAVA_TOOL_OPTIONS /a/d; "
		"0? LOG_FILE /var/log/app.log; 0F LOGGING_FILE_NAME /a/b",
		"%s", got);
}

static const struct fake links[] = {
	{.path = "var/log/a.log", .link = "/dev/stdout"},
	{.path = "var/log/b.log", .link = "../../dev/stderr"},
	{.path = "var/log/c.log", .link = "a.log"},
	{.path = "var/log/null", .link = "/dev/null"},
	{.path = "var/log/loop", .link = "loop"},
	{.path = "var/log/plain", .text = "x"},
	{.path = "var/log/dir", .link = "/dev"},
	{.path = "var/log/fd", .link = "/proc/self/fd"},
	{.path = "logs", .link = "var/log"},
	{.path = "dev/stdout", .link = "/proc/self/fd/1"},
	{.path = "run/out", .link = "/proc/1/fd/1"},
	{.path = "var/log/data", .link = "/data/x.log"},
	{.path = NULL},
};

Test(log_target, links)
{
	static const struct {
		const char *path;
		enum log_target want;
	} targets[] = {
		{"/dev/stdout", LOG_TARGET_STDIO},
		{"/dev/fd/2", LOG_TARGET_STDIO},
		{"/var/log/a.log", LOG_TARGET_STDIO},
		{"/var/log/b.log", LOG_TARGET_STDIO},
		{"/var/log/c.log", LOG_TARGET_STDIO},
		{"/logs/./x/../a.log", LOG_TARGET_STDIO},
		{"/var/log/dir/stderr", LOG_TARGET_STDIO},
		{"/var/log/fd/1", LOG_TARGET_STDIO},
		{"/run/out", LOG_TARGET_STDIO},
		{"/var/log/null", LOG_TARGET_NULL},
		{"/var/log/loop", LOG_TARGET_FILE},
		{"/var/log/plain", LOG_TARGET_FILE},
		{"/var/log/none", LOG_TARGET_FILE},
		{"/var/log/data", LOG_TARGET_FILE},
		{"/var/log/fd/3", LOG_TARGET_FILE},
		{"/../../dev/stdout", LOG_TARGET_STDIO},
	};
	AUTO_PTR(tree) struct tree *tree = fake_tree(links);
	auto_free char *final = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		cr_expect_eq(log_target_of(tree, targets[i].path, NULL), targets[i].want, "%s",
			targets[i].path);
	}
	log_target_of(tree, "/logs/data", &final);
	cr_expect_str_eq(final, "/data/x.log");
}

Test(log_default, compiled_in)
{
	static const char conf[] = "http {\n access_log off;\n server {\n  location / {\n"
				   "   access_log off;\n  }\n  access_log off;\n }\n}\n";

	struct log_blocks blocks = {.plain = conf, .len = strlen(conf)};

	cr_expect_str_eq(log_default_target("nginx", "access_log", "usr/sbin/nginx"),
		"/var/log/nginx/access.log");
	cr_expect_str_eq(log_default_target("nginx", "error_log", "usr/local/nginx/sbin/nginx"),
		"/usr/local/nginx/logs/error.log");
	cr_expect_null(log_default_target("redis", "logfile", ""));
	cr_expect(log_default_has("access_log"));
	cr_expect_not(log_default_has("slowlog"));
	cr_expect_not(log_in_nginx_location(&blocks, 2));
	cr_expect(log_in_nginx_location(&blocks, 5));
	cr_expect(log_in_nginx_location(&blocks, 5));
	cr_expect_not(log_in_nginx_location(&blocks, 7));
}
