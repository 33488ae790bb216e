/* Keys without text: told by their structure, and only where all of it fits. */
#include "checks/secret_verify.h"

#include <string.h>

struct cursor {
	const uint8_t *p;
	const uint8_t *end;
};

static bool take(struct cursor *c, size_t bytes, uint32_t *ret)
{
	*ret = 0;
	if ((size_t)(c->end - c->p) < bytes) {
		return false;
	}
	for (size_t i = 0; i < bytes; i++) {
		*ret = *ret << 8 | *c->p++;
	}
	return true;
}

static bool skip(struct cursor *c, size_t bytes)
{
	if ((size_t)(c->end - c->p) < bytes) {
		return false;
	}
	c->p += bytes;
	return true;
}

/* Java's own store: entries in a row, tag 1 a private key, 2 a trusted certificate, 3 a secret key
 * (JCEKS). A trust store has certificates only. */
static bool is_java_store(const uint8_t *data, size_t len)
{
	struct cursor c = {data, data + len};
	uint32_t magic;
	uint32_t version;
	uint32_t count;

	if (!take(&c, 4, &magic) || (magic != 0xfeedfeed && magic != 0xcececece) ||
		!take(&c, 4, &version) || !take(&c, 4, &count)) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t tag;
		uint32_t n;

		if (!take(&c, 4, &tag)) {
			return false;
		}
		if (tag != 2) {
			return tag == 1 || tag == 3;
		}
		/* alias, date, certificate type, certificate */
		if (!take(&c, 2, &n) || !skip(&c, n + 8) || !take(&c, 2, &n) || !skip(&c, n) ||
			!take(&c, 4, &n) || !skip(&c, n)) {
			return false;
		}
	}
	return false;
}

/* The content of the outermost DER SEQUENCE when it takes the whole data. */
static bool der_sequence(const uint8_t *data, size_t len, struct cursor *ret)
{
	struct cursor c = {data, data + len};
	uint32_t tag;
	uint32_t size;

	if (!take(&c, 1, &tag) || tag != 0x30 || !take(&c, 1, &size)) {
		return false;
	}
	if (size >= 0x81 && size <= 0x83 && !take(&c, size & 0x7f, &size)) {
		return false;
	}
	*ret = c;
	return (size_t)(c.end - c.p) == size;
}

static bool begins(const struct cursor *c, const void *bytes, size_t n)
{
	return (size_t)(c->end - c->p) >= n && memcmp(c->p, bytes, n) == 0;
}

static bool holds(const struct cursor *c, size_t within, const void *bytes, size_t n)
{
	size_t len = (size_t)(c->end - c->p);

	return memmem(c->p, len < within ? len : within, bytes, n) != NULL;
}

/* RFC 7292: keyBag and pkcs8ShroudedKeyBag are 1.2.840.113549.1.12.10.1.1 and .2; the names of the
 * bags can be read though the keys in them are encrypted. */
static bool is_pkcs12(const struct cursor *c)
{
	static const uint8_t version[] = {0x02, 0x01, 0x03};
	static const uint8_t bag[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01};
	static const uint8_t plain[] = {
		0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x01};
	static const uint8_t shrouded[] = {
		0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02};

	return begins(c, version, sizeof(version)) && holds(c, SIZE_MAX, bag, sizeof(bag)) &&
	       (holds(c, SIZE_MAX, plain, sizeof(plain)) ||
		       holds(c, SIZE_MAX, shrouded, sizeof(shrouded)));
}

/* RFC 5208 (version 0, an algorithm), RFC 8017 (version 0, a modulus), RFC 5915 (version 1, an
 * octet string of the curve's size). */
static bool is_der_key(const struct cursor *c)
{
	static const uint8_t rsa[] = {0x02, 0x01, 0x00, 0x02};
	static const uint8_t pkcs8[] = {0x02, 0x01, 0x00, 0x30};
	static const uint8_t sec1[] = {0x02, 0x01, 0x01, 0x04};
	static const uint8_t rsa_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
	static const uint8_t ec_oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
	static const uint8_t edwards_oid[] = {0x06, 0x03, 0x2b, 0x65};

	if (begins(c, rsa, sizeof(rsa))) {
		/* A modulus of 1024 bits and more has its length in one or two bytes. */
		return c->end - c->p > 256 && (c->p[4] == 0x81 || c->p[4] == 0x82);
	}
	if (begins(c, pkcs8, sizeof(pkcs8))) {
		return holds(c, 24, rsa_oid, sizeof(rsa_oid)) ||
		       holds(c, 24, ec_oid, sizeof(ec_oid)) ||
		       holds(c, 16, edwards_oid, sizeof(edwards_oid));
	}
	return begins(c, sec1, sizeof(sec1)) && c->end - c->p > 5 &&
	       (c->p[4] == 32 || c->p[4] == 48 || c->p[4] == 66);
}

bool secret_is_binary_key(const uint8_t *data, size_t len, const char **ret_what)
{
	struct cursor c;

	if (is_java_store(data, len)) {
		*ret_what = "Java key store";
		return true;
	}
	if (!der_sequence(data, len, &c)) {
		return false;
	}
	if (is_pkcs12(&c)) {
		*ret_what = "PKCS #12 store";
		return true;
	}
	if (is_der_key(&c)) {
		*ret_what = "DER private key";
		return true;
	}
	return false;
}
