#include "image/oci_grammar.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* Type and subtype are restricted names of at most 127 characters. */
static bool restricted_name(const char *s, size_t len)
{
	if (len == 0 || len > 127 || !isalnum((unsigned char)*s)) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && !strchr("!#$&-^_.+", s[i])) {
			return false;
		}
	}
	return true;
}

bool media_type_valid(const char *s)
{
	const char *slash = strchr(s, '/');

	return slash && restricted_name(s, (size_t)(slash - s)) &&
	       restricted_name(slash + 1, strlen(slash + 1));
}

/* Two digits within a range, then one of the characters in behind ("" for the end); NULL when it is
 * anything else. */
static const char *two(
	const char *s, unsigned least, unsigned most, const char *behind, unsigned *ret)
{
	if (!s || !isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1])) {
		return NULL;
	}
	*ret = (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
	if (*ret < least || *ret > most) {
		return NULL;
	}
	s += 2;
	if (!*behind) {
		return *s ? NULL : s;
	}
	return *s && strchr(behind, toupper((unsigned char)*s)) ? s + 1 : NULL;
}

static unsigned days_of(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

bool date_time_valid(const char *s)
{
	unsigned century, year, month, day, ignored;

	if (!isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1])) {
		return false;
	}
	century = (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
	s = two(s + 2, 0, 99, "-", &year);
	s = two(s, 1, 12, "-", &month);
	s = two(s, 1, 31, "T", &day);
	s = two(s, 0, 23, ":", &ignored);
	s = two(s, 0, 59, ":", &ignored);
	s = two(s, 0, 60, ".Z+-", &ignored); /* 60: a leap second */
	if (!s || day > days_of(century * 100 + year, month)) {
		return false;
	}
	s--;
	if (*s == '.') {
		size_t fraction = strspn(s + 1, "0123456789");

		if (!fraction) {
			return false;
		}
		s += 1 + fraction;
	}
	if (*s == '+' || *s == '-') {
		return two(two(s + 1, 0, 23, ":", &ignored), 0, 59, "", &ignored) != NULL;
	}
	return toupper((unsigned char)*s) == 'Z' && !s[1];
}

bool port_valid(const char *s)
{
	static const char *const protocols[] = {"", "/tcp", "/udp", "/sctp", NULL};
	size_t len = strcspn(s, "/");
	auto_free char *number = xstrndup(s, len);
	uint64_t port;

	return parse_u64(number, 65535, &port, NULL) == 0 && port > 0 && str_in(s + len, protocols);
}

bool uri_valid(const char *s)
{
	size_t scheme =
		strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	if (!isalpha((unsigned char)*s) || s[scheme] != ':') {
		return false;
	}
	for (s += scheme + 1; *s; s++) {
		if (*s == '%') {
			if (!isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2])) {
				return false;
			}
		} else if (!isalnum((unsigned char)*s) && !strchr("-._~:/?#[]@!$&'()*+,;=", *s)) {
			return false;
		}
	}
	return true;
}

bool ref_name_valid(const char *s)
{
	while (isalnum((unsigned char)*s)) {
		while (isalnum((unsigned char)*s)) {
			s++;
		}
		if (!*s) {
			return true;
		}
		if (!strchr("-._:@+/", *s)) {
			return false;
		}
		s += s[0] == '-' && s[1] == '-' ? 2 : 1; /* "--" is one separator */
	}
	return false;
}

bool variant_valid(const char *s)
{
	size_t number = *s == 'v' ? strspn(s + 1, "0123456789") : 0;

	s += 1 + number;
	return number && (!*s || (*s == '.' && s[1] && !s[1 + strspn(s + 1, "0123456789")]));
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

unsigned char *base64_decode(const char *s, size_t *ret_len)
{
	size_t len = strlen(s);
	size_t padding = 0;
	auto_free unsigned char *bytes = xcalloc(len / 4 * 3 + 1, 1);
	unsigned char *to = bytes;
	uint32_t bits = 0;

	while (padding < 2 && padding < len && s[len - 1 - padding] == '=') {
		padding++;
	}
	if (len % 4) {
		return NULL;
	}
	for (size_t i = 0; i < len - padding; i++) {
		int digit = base64_digit(s[i]);

		if (digit < 0) {
			return NULL;
		}
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4) {
			*to++ = (unsigned char)(bits >> (6 - i % 4 * 2));
		}
	}
	/* the last digit's bits that are over have to be zero */
	if (padding && (bits & (padding == 1 ? 3 : 15))) {
		return NULL;
	}
	*ret_len = (size_t)(to - bytes);
	return steal_ptr(bytes);
}

bool goos_known(const char *s)
{
	static const char *const known[] = {"aix", "android", "darwin", "dragonfly", "freebsd",
		"illumos", "ios", "js", "linux", "netbsd", "openbsd", "plan9", "solaris", "wasip1",
		"windows", "zos", NULL};

	return str_in(s, known);
}

bool goarch_known(const char *s)
{
	static const char *const known[] = {"386", "amd64", "arm", "arm64", "loong64", "mips",
		"mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "sparc64",
		"wasm", NULL};

	return str_in(s, known);
}
