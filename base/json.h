/*
 * json.h - JSON documents read by static field tables, and the problems found on the way.
 *
 *	static const struct json_field fields[] = {
 *		{"mediaType", JF_STR, offsetof(struct descriptor, media_type), JF_REQUIRED, NULL},
 *		{"layers", JF_ARRAY, offsetof(struct manifest, layers), JF_REQUIRED, &descriptor_table},
 *	};
 *	const struct json_table manifest_table = {fields, ARRAY_SIZE(fields), sizeof(struct manifest)};
 *
 *	json_table_read(&manifest_table, value, "", &manifest, &problems);
 *	...
 *	json_table_release(&manifest_table, &manifest);
 *
 * Reading never fails as a whole: a member of the wrong type stays zero and is a problem with its
 * JSON pointer (RFC 6901), so that one document yields all its problems at once.
 * Thread-safe: nothing shared.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

static inline void cleanup_json(json_t **j)
{
	int saved = errno;

	json_decref(*j);
	errno = saved;
}
#define auto_json __attribute__((cleanup(cleanup_json)))

/* What is wrong at one place of a document. */
struct json_problem {
	char *pointer; /* "" is the whole document */
	char *message; /* "expected a string, found a number" */
	bool warning; /* odd, but nothing that we use depends on it */
};
struct json_problems {
	struct json_problem *v;
	size_t n;
	size_t cap;
};

/* Problems of one document that are kept, warnings and failures each: a hostile one has millions. */
#define JSON_PROBLEMS_MAX 1000

/* Values of one document: each takes up to 250 bytes, and no more than two characters to write down. An
 * index of a thousand manifests has some 30,000. */
#define JSON_VALUES_MAX 250000

/* Add one; pointer is copied, its first 1000 bytes at least, the message is formatted. What passes
 * JSON_PROBLEMS_MAX is dropped. */
void json_problem_add(struct json_problems *list, bool warning, const char *pointer,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void json_problems_release(struct json_problems *list);

enum json_kind {
	JF_STR, /* char *		heap string, NULL when absent */
	JF_U64, /* uint64_t		a whole number >= 0 */
	JF_NUM, /* double */
	JF_BOOL, /* bool */
	JF_STRV, /* struct strv	array of strings */
	JF_KEYS, /* struct strv	the member names of an object, in the order of the file */
	JF_PAIRS, /* struct strv	object of strings as "name=value" */
	JF_OBJ, /* the sub-struct itself, by .table */
	JF_ARRAY, /* struct json_array, elements by .table */
	JF_RAW, /* json_t *		a reference of its own */
};
enum json_presence { JF_OPTIONAL, JF_REQUIRED };

/* Layout of every JF_ARRAY member: declare it as struct { struct T *v; size_t n; } (a
 * JF_ARRAY_OF(T)). */
#define JF_ARRAY_OF(type)                                                                          \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n;                                                                          \
	}

struct json_table;
struct json_field {
	const char *name;
	enum json_kind kind;
	size_t offset;
	enum json_presence presence;
	const struct json_table *table; /* for JF_OBJ and JF_ARRAY */
};
struct json_table {
	const struct json_field *fields;
	size_t n;
	size_t size; /* of the struct, for arrays */
	size_t present_at; /* offsetof a bool set when the object was there, or 0: none */
};

/* Parse a document. Members that are there twice (the last one counts), integers of more than 64
 * bits and other numbers beyond a double (the nearest one counts) are problems, not errors.
 * ERR_MALFORMED with line and column for what is no JSON; ERR_LIMIT for more than JSON_VALUES_MAX
 * values. Depth is limited (2048). The caller owns the value; problems may be NULL. */
int json_parse(const char *text, size_t len, struct json_problems *problems, json_t **ret,
	struct err *err);

/* The same for a document whose members are the table's (of an array: its items' members) and any
 * others: a problem of those others is a warning. */
int json_parse_open(const char *text, size_t len, const struct json_table *table,
	struct json_problems *problems, json_t **ret, struct err *err);

/* Fill *ret (zeroed by the caller) from value. pointer is value's own place in the document. JSON
 * null counts as absent. */
void json_table_read(const struct json_table *table, const json_t *value, const char *pointer,
	void *ret, struct json_problems *problems);
void json_table_release(const struct json_table *table, void *record);

/* Whether the table reads what is at the pointer, as far as the pointer alone tells. */
bool json_table_reads(const struct json_table *table, const char *pointer);

/* Members whose names differ from one of the table in case only. Readers in Go take them for it
 * (encoding/json), others do not: a problem when both are there, else a warning. */
void json_table_case(const struct json_table *table, const json_t *value, const char *pointer,
	struct json_problems *problems);

/* pointer + "/" + name with ~ and / escaped; the caller frees. */
char *json_pointer_add(const char *pointer, const char *name);
char *json_pointer_index(const char *pointer, size_t index);

/* The value at an RFC 6901 pointer, borrowed, or NULL. */
const json_t *json_pointer_get(const json_t *value, const char *pointer);

/* Any bytes as a JSON string: what is not UTF-8 becomes \xNN. NULL gives JSON null. */
json_t *json_text(const char *s);
json_t *json_text_n(const char *s, size_t len);
json_t *json_strv(const struct strv *list);

/* The number under which names (an object of the caller's, empty at first) has the name: an earlier
 * one, or i, which it is given then. For lists of a stranger's, which may be long. */
size_t json_first(json_t *names, const char *name, size_t i);

/* "string", "number", ... as messages name it. */
const char *json_type_word(const json_t *value);

#endif
