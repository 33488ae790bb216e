#include "product/canonical.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The fewest significant digits that read back as the same number; *ret_exponent is the power of
 * ten of the first one. "%.*e" rounds correctly, so the fewest digits are also the closest ones. */
static size_t shortest_digits(double number, char digits[20], int *ret_exponent)
{
	char text[40];
	size_t n = 0;

	for (int precision = 0; precision < 17; precision++) {
		(void)snprintf(text, sizeof(text), "%.*e", precision, number);
		if (strtod(text, NULL) == number) {
			break;
		}
	}
	for (const char *c = text; *c && *c != 'e'; c++) {
		if (*c >= '0' && *c <= '9') { /* the locale's point is skipped */
			digits[n++] = *c;
		}
	}
	while (n > 1 && digits[n - 1] == '0') {
		n--;
	}
	*ret_exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	return n;
}

/* Append count copies of c. */
static char *put_fill(char *at, char c, int count)
{
	for (int i = 0; i < count; i++) {
		*at++ = c;
	}
	return at;
}

/* ECMA 262, Number::toString: k digits, of which n stand before the point. */
void canonical_number(double number, char ret[CANONICAL_NUMBER_MAX])
{
	char digits[20];
	char *at = ret;
	int exponent;
	int k;
	int n;

	if (number == 0) {
		memcpy(ret, "0", 2);
		return;
	}
	if (number < 0) {
		*at++ = '-';
	}
	k = (int)shortest_digits(fabs(number), digits, &exponent);
	n = exponent + 1;
	if (n > 0 && n <= 21) {
		int before = n < k ? n : k;

		at = mempcpy(at, digits, (size_t)before);
		at = put_fill(at, '0', n - before);
		if (k > n) {
			*at++ = '.';
			at = mempcpy(at, digits + n, (size_t)(k - n));
		}
	} else if (n > -6 && n <= 0) {
		at = mempcpy(at, "0.", 2);
		at = put_fill(at, '0', -n);
		at = mempcpy(at, digits, (size_t)k);
	} else {
		*at++ = digits[0];
		if (k > 1) {
			*at++ = '.';
			at = mempcpy(at, digits + 1, (size_t)(k - 1));
		}
		at += snprintf(at, 8, "e%+d", n - 1);
	}
	*at = '\0';
}

static int write_string(const char *s, size_t len, struct buf *out, struct err *err)
{
	static const char letters[] = "btnvfr"; /* 0x08..0x0d; \v has no short form */

	if (buf_add(out, "\"", 1, err)) {
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		int bad;

		if (c == '"' || c == '\\') {
			bad = buf_addf(out, err, "\\%c", c);
		} else if (c >= 0x08 && c <= 0x0d && c != 0x0b) {
			bad = buf_addf(out, err, "\\%c", letters[c - 0x08]);
		} else if (c < 0x20) {
			bad = buf_addf(out, err, "\\u%04x", c);
		} else {
			bad = buf_add(out, &s[i], 1, err);
		}
		if (bad) {
			return -1;
		}
	}
	return buf_add(out, "\"", 1, err);
}

/* UTF-16 order differs from UTF-8's only where a surrogate pair (a lead byte of 0xf0 and more)
 * meets U+E000..U+FFFF (0xee, 0xef): pairs sort first. Both names are valid UTF-8. */
static int compare_names(const void *a, const void *b)
{
	const unsigned char *x = *(const unsigned char *const *)a;
	const unsigned char *y = *(const unsigned char *const *)b;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	if (*x >= 0xee && *y >= 0xee && (*x >= 0xf0) != (*y >= 0xf0)) {
		return *x >= 0xf0 ? -1 : 1;
	}
	return (*x > *y) - (*x < *y);
}

static int write_object(const json_t *value, struct buf *out, struct err *err)
{
	size_t n = json_object_size(value);
	auto_free const char **names = xcalloc(n, sizeof(*names));
	const char *name;
	json_t *member;
	size_t k = 0;

	json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
		names[k++] = name;
	}
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++) {
		if (buf_add(out, i ? "," : "{", 1, err) ||
			write_string(names[i], strlen(names[i]), out, err) ||
			buf_add(out, ":", 1, err) ||
			canonical_write(json_object_get(value, names[i]), out, err)) {
			return -1;
		}
	}
	return buf_add(out, n ? "}" : "{}", n ? 1 : 2, err);
}

static int write_array(const json_t *value, struct buf *out, struct err *err)
{
	size_t n = json_array_size(value);

	for (size_t i = 0; i < n; i++) {
		if (buf_add(out, i ? "," : "[", 1, err) ||
			canonical_write(json_array_get(value, i), out, err)) {
			return -1;
		}
	}
	return buf_add(out, n ? "]" : "[]", n ? 1 : 2, err);
}

/* Recursion is bounded by the depth that json_parse allows. */
int canonical_write(const json_t *value, struct buf *out, struct err *err)
{
	char number[CANONICAL_NUMBER_MAX];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return write_object(value, out, err);
	case JSON_ARRAY:
		return write_array(value, out, err);
	case JSON_STRING:
		return write_string(json_string_value(value), json_string_length(value), out, err);
	case JSON_INTEGER:
	case JSON_REAL:
		canonical_number(json_number_value(value), number);
		return buf_add(out, number, strlen(number), err);
	case JSON_TRUE:
		return buf_add(out, "true", 4, err);
	case JSON_FALSE:
		return buf_add(out, "false", 5, err);
	case JSON_NULL:
		return buf_add(out, "null", 4, err);
	}
	return err_set(err, ERR_INTERNAL, "a JSON value of no type");
}
