#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "checks/secret_files.h"
#include "checks/secret_patterns.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

struct seen {
	size_t n;
	struct secret_match first;
};

static void count(const struct secret_match *match, void *arg)
{
	struct seen *seen = arg;

	if (!seen->n++) {
		seen->first = *match;
	}
}

static struct seen scan(const char *text)
{
	struct seen seen = {0};

	secret_scan((const uint8_t *)text, strlen(text), count, &seen);
	return seen;
}

/* 'a'..'z', 'A'..'Z', '0'..'9' in an order that no word and no run is made of. */
static char *letters(size_t n)
{
	static const char pool[] = "q7Zk2Xw9RbT4mLc8VsJ1yHd6NfG3pEu5WaKiQxBzYtCrOoDvMgIhFjPnSeUlA0";
	char *s = xcalloc(n + 1, 1);

	for (size_t i = 0; i < n; i++) {
		s[i] = pool[(i * 7 + i / 62) % 62];
	}
	return s;
}

/* The pieces are apart so that this file holds no token of its own. */
static const struct {
	const char *head[2];
	size_t n;
	enum secret_kind kind;
} tokens[] = {
	{{"gh", "p_"}, 36, SECRET_GITHUB},
	{{"gh", "s_"}, 36, SECRET_GITHUB},
	{{"gl", "pat-"}, 20, SECRET_GITLAB},
	{{"AI", "za"}, 35, SECRET_GOOGLE_API},
	{{"npm", "_"}, 36, SECRET_NPM},
	{{"sk_", "live_"}, 24, SECRET_STRIPE},
	{{"hv", "s."}, 90, SECRET_VAULT},
	{{"dckr", "_pat_"}, 27, SECRET_DOCKER_HUB},
	{{"sk-ant", "-"}, 95, SECRET_ANTHROPIC},
	{{"pypi", "-AgE"}, 150, SECRET_PYPI},
	{{"Account", "Key="}, 88, SECRET_AZURE},
};

Test(secret_patterns, tokens_are_found_where_they_stand)
{
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		auto_free char *tail = letters(tokens[i].n);
		auto_free char *text = xasprintf("# one\n#two\n  key: \"%s%s%s\"\n",
			tokens[i].head[0], tokens[i].head[1], tail);
		struct seen seen = scan(text);

		cr_expect_eq(seen.n, 1, "%s%s: %zu", tokens[i].head[0], tokens[i].head[1], seen.n);
		cr_expect_eq(seen.first.kind, tokens[i].kind);
		cr_expect_eq(seen.first.line, 3);
		cr_expect_null(strstr(seen.first.excerpt, tail), "not redacted");
		cr_expect_not_null(strstr(seen.first.excerpt, "sha256 "));
	}
}

/* Also where the search is half-way through its step, and where the data end with the token. */
Test(secret_patterns, tokens_are_found_at_every_offset)
{
	for (size_t i = 0; i < 4 * ARRAY_SIZE(tokens) * 12; i++) {
		size_t t = i % ARRAY_SIZE(tokens);
		size_t before = i / ARRAY_SIZE(tokens) % 12;
		size_t behind = i / ARRAY_SIZE(tokens) / 12;
		auto_free char *tail = letters(tokens[t].n);
		auto_free char *text = xasprintf("%.*s\"%s%s%s%.*s", (int)before, "-----------",
			tokens[t].head[0], tokens[t].head[1], tail, (int)behind, "\"  ");
		size_t len = strlen(text);
		auto_free uint8_t *exact = xcalloc(len, 1); /* so that reading on is seen */
		struct seen seen = {0};

		memcpy(exact, text, len);
		secret_scan(exact, len, count, &seen);
		cr_expect_eq(seen.n, 1, "%s: %zu", text, seen.n);
	}
}

Test(secret_patterns, near_misses_are_none)
{
	static const char *const heads[][2] = {{"gh", "p_"}, {"AI", "za"}, {"npm", "_"}};

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		auto_free char *few = letters(20);
		auto_free char *inside = xasprintf("x%s%s%s%s", heads[i][0], heads[i][1], few, few);
		auto_free char *brief = xasprintf("%s%s%s", heads[i][0], heads[i][1], few);

		cr_expect_eq(scan(brief).n, 0, "%s", brief);
		cr_expect_eq(scan(inside).n, 0, "%s", inside);
	}
	cr_expect_eq(scan("token=gh"
			  "p_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n")
			     .n,
		0);
	cr_expect_eq(scan("token=gh"
			  "p_1234567890abcdefghij1234567890abcdef\n")
			     .n,
		0);
	cr_expect_eq(scan("npm_config_registry npm_package_version\n").n, 0);
	cr_expect_eq(scan("libcrypto3=3.0.8-r0 libssl3=3.0.8-r0\n").n, 0);
	/* The storage emulator's, from its documentation. */
	cr_expect_eq(
		scan("AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/"
		     "K1SZFPTOtr/KBHBeksoGMGw==")
			.n,
		0);
	cr_expect_eq(scan("").n, 0);
	cr_expect_eq(scan("BEGI").n, 0);
}

Test(secret_patterns, aws_needs_both_halves)
{
	auto_free char *secret = letters(40);
	auto_free char *both =
		xasprintf("[default]\naws_access_key_id = AKIA%s\naws_secret_access_key=%s\n",
			"QX7RTW2MNB4VZ6LK", secret);
	auto_free char *example = xasprintf("AKIA%s %s", "IOSFODNN7EXAMPLE", secret);

	cr_expect_eq(scan(both).n, 1);
	cr_expect_eq(scan(both).first.kind, SECRET_AWS);
	cr_expect_eq(scan("id = AKIAQX7RTW2MNB4VZ6LK\nregion = eu-central-1\n").n, 0);
	cr_expect_eq(scan(example).n, 0);
}

static char *base64url(const char *text)
{
	size_t len = strlen(text);
	char *out = xcalloc(len * 2 + 8, 1);

	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
	for (char *p = out; *p; p++) {
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p;
	}
	return out;
}

static size_t jwt(const char *payload)
{
	auto_free char *head = base64url("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
	auto_free char *body = base64url(payload);
	auto_free char *signature = letters(43);
	auto_free char *text = xasprintf("token: %s.%s.%s\n", head, body, signature);

	return scan(text).n;
}

Test(secret_patterns, a_jwt_counts_when_it_lives_long)
{
	cr_expect_eq(jwt("{\"role\":\"service\",\"iat\":1700000000,\"exp\":2000000000}"), 1);
	cr_expect_eq(jwt("{\"role\":\"service\",\"iat\":1700000000}"), 1);
	cr_expect_eq(jwt("{\"role\":\"user\",\"iat\":1700000000,\"exp\":1700003600}"), 0);
	/* RFC 7519's and its tools' favourite example */
	cr_expect_eq(jwt("{\"sub\":\"1234567890\",\"name\":\"John Doe\",\"iat\":1516239022}"), 0);
}

Test(secret_patterns, a_jwk_counts_with_its_private_member)
{
	auto_free char *d = letters(43);
	auto_free char *private = xasprintf(
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"abc\",\"d\":\"%s\"}]}", d);
	auto_free char *public =
		xasprintf("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\"}]}", d);

	cr_expect_eq(scan(private).n, 1);
	cr_expect_eq(scan(private).first.kind, SECRET_JWK);
	cr_expect_eq(scan(public).n, 0);
}

/* The head of a large file may end there. */
Test(secret_patterns, a_jwk_whose_last_bytes_are_its_type)
{
	auto_free char *d = letters(43);

	for (int before = 0; before < 2; before++) {
		auto_free char *text = xasprintf("%.*s{\"d\":\"%s\",\"kty\"", before, " ", d);

		cr_expect_eq(scan(text).n, 1, "%d", before);
	}
}

/* Keys by OpenSSL, made anew in each run. */
static EVP_PKEY *make_key(const char *what)
{
	EVP_PKEY *key = strcmp(what, "RSA") == 0
				? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024)
			: strcmp(what, "EC") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
						  : EVP_PKEY_Q_keygen(NULL, NULL, what);

	cr_assert_not_null(key, "%s", what);
	return key;
}

static char *bio_text(BIO *bio)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	char *text = len ? xstrndup(data, (size_t)len) : xstrdup("");

	BIO_free(bio);
	return text;
}

Test(secret_patterns, pem_keys_of_every_kind)
{
	static const char *const kinds[] = {"RSA", "EC", "ED25519"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		EVP_PKEY *key = make_key(kinds[i]);
		BIO *plain = BIO_new(BIO_s_mem());
		BIO *traditional = BIO_new(BIO_s_mem());
		BIO *encrypted = BIO_new(BIO_s_mem());
		BIO *public = BIO_new(BIO_s_mem());

		PEM_write_bio_PrivateKey(plain, key, NULL, NULL, 0, NULL, NULL);
		PEM_write_bio_PrivateKey_traditional(traditional, key, NULL, NULL, 0, NULL, NULL);
		PEM_write_bio_PrivateKey(encrypted, key, EVP_aes_128_cbc(), NULL, 0, NULL,
			(void *)(uintptr_t) "pass");
		PEM_write_bio_PUBKEY(public, key);
		for (size_t k = 0; k < 4; k++) {
			BIO *const bios[] = {plain, traditional, encrypted, public};
			auto_free char *pem = bio_text(bios[k]);
			auto_free char *text = xasprintf("# a comment\n%s", pem);
			struct seen seen = scan(text);

			/* Ed25519 has no traditional form: OpenSSL writes nothing. */
			if (k == 1 && !*pem) {
				continue;
			}
			cr_expect_eq(seen.n, k < 3 ? 1u : 0u, "%s %zu: %s", kinds[i], k, pem);
			if (k < 3) {
				cr_expect_eq(seen.first.line, 2);
				cr_expect(str_starts(seen.first.excerpt, "-----BEGIN "), "%s",
					seen.first.excerpt);
			}
		}
		EVP_PKEY_free(key);
	}
}

Test(secret_patterns, pem_inside_strings)
{
	EVP_PKEY *key = make_key("EC");
	BIO *bio = BIO_new(BIO_s_mem());
	auto_free char *pem = NULL;
	AUTO(strv) struct strv lines = {0};
	auto_free char *escaped = NULL;
	auto_free char *json = NULL;
	const char *at;
	struct line l;

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	EVP_PKEY_free(key);
	pem = bio_text(bio);
	at = pem;
	while (line_next(&at, pem + strlen(pem), &l)) {
		strv_addf(&lines, "%.*s", (int)l.len, l.s);
	}
	escaped = strv_join(&lines, "\\n");
	json = xasprintf("{\"type\": \"service_account\", \"private_key\": \"%s\\n\"}", escaped);
	cr_expect_eq(scan(json).n, 1, "%s", json);
	free(escaped);
	escaped = strv_join(&lines, "\n      ");
	free(json);
	json = xasprintf("tls:\n  key: |\n      %s\n", escaped);
	cr_expect_eq(scan(json).n, 1, "%s", json);
	free(escaped);
	escaped = strv_join(&lines, "\\n\" +\n  \"");
	free(json);
	json = xasprintf("var key = \"%s\";\n", escaped);
	cr_expect_eq(scan(json).n, 1, "%s", json);
}

#define BEGIN                                                                                      \
	"-----BEGIN RSA "                                                                          \
	"PRIVATE KEY-----"
#define END                                                                                        \
	"-----END RSA "                                                                            \
	"PRIVATE KEY-----"

Test(secret_patterns, pem_without_a_key)
{
	static const char *const texts[] = {
		"if (strstr(line, \"" BEGIN "\"))\n",
		BEGIN "\n" END "\n",
		BEGIN "\nMIIEpAIBAAKCAQEA...\n...\n" END "\n",
		BEGIN "\n<your key goes here, in base64, with all its lines, as one long string of "
		      "it>\n" END,
		BEGIN
		"\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" END,
		BEGIN "\n${TLS_KEY}\n" END "\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cr_expect_eq(scan(texts[i]).n, 0, "%s", texts[i]);
	}
}

static char *private_pem(const char *what)
{
	EVP_PKEY *key = make_key(what);
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	EVP_PKEY_free(key);
	return bio_text(bio);
}

/* The piece over and over, and one key at the end: that is found. A look that goes on to the end of
 * the data from each piece would take hours for what one entry has at hand. */
static void in_a_row(const char *piece, size_t len, const char *key)
{
	size_t n = strlen(piece);
	auto_free char *text = xcalloc(len + strlen(key) + 2, 1);

	for (size_t i = 0; i < len; i++) {
		text[i] = piece[i % n];
	}
	text[len] = '\n';
	memcpy(text + len + 1, key, strlen(key));
	cr_expect_eq(scan(text).n, 1, "%s", piece);
}

Test(secret_patterns, what_begins_a_secret_over_and_over)
{
	auto_free char *tail = letters(43);
	auto_free char *jwk = xasprintf("{\"kty\":\"EC\",\"d\":\"%s\"}", tail);
	auto_free char *token = xasprintf("%s%.36s",
		"gh"
		"p_",
		tail);
	auto_free char *rsa = private_pem("RSA");
	size_t len = (size_t)4 << 20;

	in_a_row("xoxb"
		 "-",
		len, token);
	in_a_row("T3Bl"
		 "bkFJ",
		len, token);
	in_a_row("T3Bl", len, token);
	in_a_row("-----BEGIN RSA "
		 "PRIVATE KEY-----:\n",
		len, rsa);
	in_a_row("\"kty\"", len / 8, jwk);
}

/* Another member of that name ends what is looked at from one, but not from the other. */
Test(secret_patterns, a_jwk_that_says_its_type_twice)
{
	auto_free char *d = letters(43);
	auto_free char *before = xasprintf("{\"d\":\"%s\",\"kty\":\"EC\",\"kty\":\"EC\"}", d);
	auto_free char *between = xasprintf("{\"kty\":\"EC\",\"d\":\"%s\",\"kty\":\"EC\"}", d);
	auto_free char *after = xasprintf("{\"kty\":\"EC\",\"kty\":\"EC\",\"d\":\"%s\"}", d);

	cr_expect_eq(scan(before).n, 1);
	cr_expect_geq(scan(between).n, 1);
	cr_expect_eq(scan(after).n, 1);
}

/* As Kubernetes keeps them; a certificate is no secret. */
Test(secret_patterns, pem_in_base64)
{
	static const char *const labels[] = {"EC PRIVATE KEY", "CERTIFICATE"};
	const char body[] = "MC4CAQAwBQYDK2VwBCIEIJ9q7Zk2Xw9RbT4mLc8VsJ1yHd6NfG3pEu5WaKiQxBz2";

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		char pem[512];
		char encoded[1024];
		char text[1100];
		int n = snprintf(pem, sizeof(pem), "-----BEGIN %s-----\n%s\n-----END %s-----\n",
			labels[i], body, labels[i]);

		EVP_EncodeBlock((unsigned char *)encoded, (unsigned char *)pem, n);
		snprintf(text, sizeof(text), "data:\n  tls.key: %s\n", encoded);
		cr_expect_eq(scan(text).n, i == 0, "%s", labels[i]);
	}
}

Test(secret_patterns, binary_keys_by_structure)
{
	static const char *const kinds[] = {"RSA", "EC", "ED25519"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		EVP_PKEY *key = make_key(kinds[i]);
		PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
		unsigned char *der = NULL;
		unsigned char *pkcs8 = NULL;
		unsigned char *public = NULL;
		int len = i2d_PrivateKey(key, &der);
		int len8 = i2d_PKCS8_PRIV_KEY_INFO(info, &pkcs8);
		int public_len = i2d_PUBKEY(key, &public);
		struct seen seen = {0};

		secret_scan(der, (size_t)len, count, &seen);
		cr_expect_eq(seen.n, 1, "%s", kinds[i]);
		secret_scan(pkcs8, (size_t)len8, count, &seen);
		cr_expect_eq(seen.n, 2, "%s PKCS #8", kinds[i]);
		secret_scan(public, (size_t)public_len, count, &seen);
		cr_expect_eq(seen.n, 2, "%s public", kinds[i]);
		/* Cut short, it is nothing. */
		secret_scan(der, (size_t)len - 1, count, &seen);
		cr_expect_eq(seen.n, 2);
		OPENSSL_free(der);
		OPENSSL_free(pkcs8);
		OPENSSL_free(public);
		PKCS8_PRIV_KEY_INFO_free(info);
		EVP_PKEY_free(key);
	}
}

static X509 *self_signed(EVP_PKEY *key)
{
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	cr_assert_gt(X509_sign(cert, key, EVP_sha256()), 0);
	return cert;
}

static size_t pkcs12(EVP_PKEY *key, X509 *cert)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	struct seen seen = {0};
	unsigned char *der = NULL;
	PKCS12 *store;
	int len;

	sk_X509_push(others, cert);
	store = PKCS12_create("pass", "name", key, key ? cert : NULL, others, 0, 0, 0, 0, 0);
	cr_assert_not_null(store);
	len = i2d_PKCS12(store, &der);
	secret_scan(der, (size_t)len, count, &seen);
	OPENSSL_free(der);
	PKCS12_free(store);
	sk_X509_free(others);
	return seen.n;
}

Test(secret_patterns, stores_with_and_without_keys)
{
	EVP_PKEY *key = make_key("EC");
	X509 *cert = self_signed(key);
	/* Java's: magic, version 2, one entry: tag 2 (certificate), alias "a", date, type "X.509",
	 * three bytes of certificate. keytool's format, as its sources describe it. */
	uint8_t trust[] = {0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 'a', 0,
		0, 0, 0, 0, 0, 0, 0, 0, 5, 'X', '.', '5', '0', '9', 0, 0, 0, 3, 1, 2, 3};
	struct seen seen = {0};

	cr_expect_eq(pkcs12(key, cert), 1);
	cr_expect_eq(pkcs12(NULL, cert), 0);
	secret_scan(trust, sizeof(trust), count, &seen);
	cr_expect_eq(seen.n, 0);
	trust[15] = 1;
	secret_scan(trust, sizeof(trust), count, &seen);
	cr_expect_eq(seen.n, 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* ---- files known by their names ----------------------------------------------------------- */

#define HASH                                                                                       \
	"$6$c7Rk2mXw$"                                                                             \
	"q7Zk2Xw9RbT4mLc8VsJ1yHd6NfG3pEu5WaKiQxBzYtCrOoDvMgIhFjPnSeUlA0q7Zk2Xw9RbT4mLc8VsJ1yH"

static const struct {
	const char *path;
	const char *text;
	size_t n;
	enum secret_kind kind;
	unsigned line;
} files[] = {
	{"etc/shadow",
		"root:*:19000:0:99999:7:::\ndaemon:!:1::::::\nx:!!:1:0:99999:7:::\ny:!*:1:::::\n",
		0, 0, 0},
	{"etc/shadow", "root:locked::0:99999:7:::\n", 0, 0, 0},
	{"etc/shadow", "bin:*:1::::::\nroot:" HASH ":19000:0:99999:7:::\n", 1, SECRET_PASSWORD_HASH,
		2},
	{"etc/shadow", "app:!" HASH ":19000:0:99999:7:::\n", 1, SECRET_PASSWORD_HASH, 1},
	{"etc/shadow", "root::10933:0:99999:7:::\n", 1, SECRET_NO_PASSWORD, 1},
	{"etc/passwd", "root:x:0:0:root:/root:/bin/bash\n+::::::\n", 0, 0, 0},
	{"etc/gshadow", "root:*::\nstaff:::\nx:!::\n", 0, 0, 0},
	{"home/etc/shadow", "root::1:::::\n", 0, 0, 0},
	{"root/.netrc", "machine a.org\n  login me\n  password s3cretX\n", 1, SECRET_NETRC, 3},
	{"root/.netrc", "machine a.org login me password ${TOKEN}\n", 0, 0, 0},
	{"root/.pgpass", "#host:port:db:user:password\ndb:5432:*:app:hunter22\n", 1, SECRET_PGPASS,
		2},
	{"root/.git-credentials", "https://me:abcdefgh@git.a.org\n", 1, SECRET_GIT_CREDENTIALS, 1},
	{"app/.npmrc", "registry=https://r.a.org\n//r.a.org/:_authToken=4c1d-55ee\n", 1, SECRET_NPM,
		2},
	{"app/.npmrc", "//r.a.org/:_authToken=${NPM_TOKEN}\n", 0, 0, 0},
	{".npmrc", "//r.a.org/:_authToken=4c1d-55ee\n", 1, SECRET_NPM, 1}, /* at the root */
	{"app/my.npmrc", "//r.a.org/:_authToken=4c1d-55ee\n", 0, 0, 0}, /* another name */
	{"root/.docker/config.json", "{\"auths\":{\"r.a.org\":{\"auth\":\"bWU6aHVudGVyMjI=\"}}}", 1,
		SECRET_DOCKER_AUTH, 1},
	{"root/.docker/config.json", "{\"auths\":{}, \"credsStore\": \"desktop\"}", 0, 0, 0},
	{"srv/.env", "DEBUG=1\nexport DB_PASSWORD='kX9-wq3Lm'\nKEYCLOAK_URL=http://k\n", 1,
		SECRET_DOTENV, 2},
	{"srv/.env", "DB_PASSWORD=\nAPI_KEY=${API_KEY}\nPORT=8080\n", 0, 0, 0},
	{"srv/.env.production", "JWT_SECRET=9f8e7d6c5b4a39281706f5e4d3c2b1a0\n", 1, SECRET_DOTENV,
		1},
	{"etc/nginx/.htpasswd", "admin:$apr1$x7Rk2mXw$q7Zk2Xw9RbT4mLc8VsJ1yH\n", 1,
		SECRET_PASSWORD_HASH, 1},
	{"root/.gem/credentials", "---\n:rubygems_api_key: rubygems_5d1c9e\n", 1,
		SECRET_CREDENTIALS_FILE, 2},
	{"root/.my.cnf", "[client]\nuser=root\npassword=\"pw 1\"\n", 1, SECRET_CREDENTIALS_FILE, 3},
	{"app/config/master.key", "8f3b9d2c1a7e6f5d4c3b2a1908f7e6d5\n", 1, SECRET_CREDENTIALS_FILE,
		1},
	{"app/config/master.key", "-----BEGIN CERTIFICATE-----\n", 0, 0, 0},
	{"srv/run", "#!/bin/bash\nexport DB_PASSWORD=kX9-wq3Lm\n", 1, SECRET_SCRIPT, 2},
	{"srv/run",
		"#!/bin/sh\nexport DB_PASSWORD=${X:-kX9-wq3Lm}\nexport A_TOKEN=$1\n"
		"export B_TOKEN=`kX9-wq3Lm`\nexport PASSWORD=postgres\nPASSWORD=kX9-wq3Lm\n",
		0, 0, 0},
	{"srv/run.py", "#!/usr/bin/python3\nexport DB_PASSWORD=kX9-wq3Lm\n", 0, 0, 0},
	{"srv/.env", "DB_PASSWORD=correcthorse\n", 1, SECRET_DOTENV_DEFAULT, 1},
	{"srv/prod.env", "DB_PASSWORD=kX9-wq3Lm\n", 1, SECRET_DOTENV, 1},
	{"etc/pip.conf", "[global]\nindex-url = https://ci:kX9-wq3Lm@p.a.org/simple\n", 1,
		SECRET_GIT_CREDENTIALS, 2},
	{"app/.git/config", "[remote]\nurl = https://git.a.org/x.git\n", 0, 0, 0},
	{"root/.m2/settings.xml", "<server>\n<password>kX9-wq3Lm</password></server>\n", 1,
		SECRET_CREDENTIALS_FILE, 2},
	{"root/.m2/settings.xml",
		"<password>${env.PW}</password>\n<password>{COQLCE6D=}</password>\n", 0, 0, 0},
	{"root/.kube/config", "  user:\n    token: kX9-wq3Lm\n", 1, SECRET_CREDENTIALS_FILE, 2},
	{"root/.kube/config", "  user:\n    tokenFile: /run/token\n    tokenExpiry: 2030-01-01\n",
		0, 0, 0},
	{"root/.composer/auth.json", "{\"a.org\": {\"password\": \"kX9-wq3Lm\"}}", 1,
		SECRET_CREDENTIALS_FILE, 1},
	{"app/.yarnrc.yml", "npmAuthToken: \"${TOKEN-none}\"\n", 0, 0, 0},
	{"app/NuGet.Config", "<add key=\"ClearTextPassword\" value=\"kX9-wq3Lm\" />\n", 1,
		SECRET_CREDENTIALS_FILE, 1},
	{"app/gradle.properties", "org.gradle.jvmargs=-Xmx2g\nrepoPassword=kX9-wq3Lm\n", 1,
		SECRET_DOTENV, 2},
};

Test(secret_files, tables)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct seen seen = {0};

		secret_files_scan(files[i].path, (const uint8_t *)files[i].text,
			strlen(files[i].text), count, &seen);
		cr_expect_eq(seen.n, files[i].n, "%zu %s: %zu", i, files[i].path, seen.n);
		if (files[i].n && seen.n) {
			cr_expect_eq(seen.first.kind, files[i].kind, "%zu %s", i, files[i].path);
			cr_expect_eq(seen.first.line, files[i].line, "%zu %s", i, files[i].path);
			cr_expect_null(strstr(seen.first.excerpt, "hunter22"));
		}
	}
}
