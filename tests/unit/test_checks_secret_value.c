#include "base/cleanup.h"
#include "checks/secret_value.h"

#include <criterion/criterion.h>

static const struct {
	const char *name;
	const char *value;
	enum secret_value want;
} values[] = {
	/* what pipelines were broken by elsewhere */
	{"KEYCLOAK_URL", "https://sso.a.org", VALUE_PLAIN},
	{"KEYCLOAK_REALM", "hospital1", VALUE_PLAIN},
	{"GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D", VALUE_PLAIN},
	{"PYTHON_PIP_SHA256", "9cc01665956d22b3bf057ae8287b035827bfd895da235bcea200ab3b811790b6",
		VALUE_PLAIN},
	{"DB_PASSWORD_FILE", "/run/secrets/db", VALUE_PLAIN},
	{"SSL_KEY", "/etc/ssl/key.pem", VALUE_PLAIN},
	{"PASSWORD", "", VALUE_PLAIN},
	{"ALLOW_EMPTY_PASSWORD", "yes", VALUE_PLAIN},
	{"TOKEN_TTL", "3600s", VALUE_PLAIN},
	{"REFRESH_TOKEN", "3600", VALUE_PLAIN},
	{"API_KEY", "${API_KEY}", VALUE_PLAIN},
	{"API_KEY", "$API_KEY", VALUE_PLAIN},
	{"SECRET", "{{ vault_secret }}", VALUE_PLAIN},
	{"PWD", "a1b2c3d4e5", VALUE_PLAIN},
	{"proxy_pass", "backend1app", VALUE_PLAIN},
	{"CACHE_KEY", "a1b2c3d4e5f6a7b8c9d0", VALUE_PLAIN},
	{"NODE_VERSION", "20.11.1", VALUE_PLAIN},
	{"LESSKEY", "q7Zk2Xw9RbT4mLc8VsJ1", VALUE_PLAIN},
	{"MONKEY", "q7Zk2Xw9RbT4mLc8VsJ1", VALUE_PLAIN},
	{"PASSWORD_POLICY", "min8chars1digit", VALUE_PLAIN},
	{"DATABASE_URL", "postgres://app@db:5432/app", VALUE_PLAIN},
	{"DATABASE_URL", "postgres://app:${PW}@db:5432/app", VALUE_PLAIN},
	{"url", "http://a.org/x:y@z", VALUE_PLAIN},
	{"CONNECTION", "Server=db;Database=x;Trusted_Connection=True", VALUE_PLAIN},
	{"CONNECTION", "Server=db;User Id=sa;Password=${PW}", VALUE_PLAIN},
	{"CONNECTION", "Server=db;User Id=sa;Password=", VALUE_PLAIN},
	{"DSN", "app@tcp(db:3306)/x", VALUE_PLAIN},
	{"DSN", "app:${PW}@tcp(db:3306)/x", VALUE_PLAIN},
	{"JAVA_OPTS", "-Djavax.net.ssl.trustStorePassword=changeit", VALUE_PLAIN},
	{"KNOWLEDGE_BASE", "q7Zk2Xw9RbT4mLc8VsJ1", VALUE_PLAIN},
	/* defaults that everybody knows */
	{"POSTGRES_PASSWORD", "postgres", VALUE_WEAK},
	{"ADMIN_PASSWORD", "changeme", VALUE_WEAK},
	{"ADMIN_PASSWORD", "change_me_2024", VALUE_WEAK},
	{"API_TOKEN", "your-token-here1", VALUE_WEAK},
	{"DATABASE_URL", "mysql://root:root@db/x", VALUE_WEAK},
	{"requirepass", "foobared", VALUE_WEAK},
	{"CONNECTION", "Server=db;User Id=sa;Password=changeme", VALUE_WEAK},
	/* secrets */
	{"DB_PASSWORD", "kX9-wq3Lm", VALUE_SECRET},
	{"spring.datasource.password", "Pa55w0rd!", VALUE_SECRET},
	{"smtpPassword", "mail2024!x", VALUE_SECRET},
	{"SECRET_KEY", "d41c8cd98f00b204e9800998ecf8427e", VALUE_SECRET},
	{"APP_KEY", "base64:q7Zk2Xw9RbT4mLc8VsJ1yHd6NfG3pEu5=", VALUE_SECRET},
	{"CLIENT_SECRET", "q7Zk2Xw9-RbT4mLc8", VALUE_SECRET},
	{"DATABASE_URL", "postgres://app:kX9wq3Lm@db:5432/app", VALUE_SECRET},
	{"SECRET_KEY_BASE", "8f3b9d2c1a7e6f5d4c3b2a1908f7e6d5", VALUE_SECRET},
	{"CONNECTION", "Server=db;User Id=sa;Pwd = kX9-wq3Lm;Encrypt=true", VALUE_SECRET},
	{"DSN", "host=db user=app password='kX9-wq3Lm' dbname=x", VALUE_SECRET},
	{"DSN", "app:kX9-wq3Lm@tcp(db:3306)/x", VALUE_SECRET},
	{"URL", "jdbc:mysql://db/x?user=app&password=kX9-wq3Lm", VALUE_SECRET},
	{"JAVA_OPTS", "-Xmx1g -Dspring.datasource.password=kX9-wq3Lm", VALUE_SECRET},
	{"ANYTHING", "$2y$10$q7Zk2Xw9RbT4mLc8VsJ1yHd6NfG3pEu5WaKiQxBzYtCrOoDvMgIhF", VALUE_SECRET},
};

Test(secret_value, by_content)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		enum secret_value got =
			secret_judge(values[i].name, values[i].value, strlen(values[i].value));

		cr_expect_eq(
			got, values[i].want, "%s=%s: %d", values[i].name, values[i].value, got);
	}
}

Test(secret_value, placeholders)
{
	static const char *const yes[] = {"CHANGEME", "change-me", "<your-domain>", "YOUR_API_KEY",
		"<Your Password>", "your_password_here", "REPLACE_ME", "http://your-server/x"};
	static const char *const no[] = {"yours", "your-order-confirmed", "exchange", "xxx", "",
		"your", "behaviour-server", "replaced"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		cr_expect(value_is_placeholder(yes[i], strlen(yes[i])), "%s", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		cr_expect_not(value_is_placeholder(no[i], strlen(no[i])), "%s", no[i]);
	}
}

/* The digest: coreutils' sha256sum. */
Test(secret_value, redaction_shows_little)
{
	char out[SECRET_EXCERPT_MAX];

	secret_redact("hunter22hunter22", 16, out);
	cr_expect_str_eq(out, "hunt... (16 characters, sha256 7fd96bdb)");
	secret_redact("abc", 3, out);
	cr_expect_eq(strncmp(out, "... (3 ", 7), 0, "%s", out);
	secret_redact("abcdefgh", 8, out);
	cr_expect_eq(strncmp(out, "ab... (8 ", 9), 0, "%s", out);
}
