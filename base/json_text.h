/*
 * json_text.h - what only the text of a JSON document tells, and no parsed value: members that are
 * there twice, and numbers that no 64-bit integer holds.
 *
 * Pure and total: any bytes in; it stops at the first that is no JSON. Private to base/.
 */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include "base/json.h"

/* A problem with its pointer for every member name that one object has more than once; as in
 * json_parse_open only a warning where there is a table that does not read it. */
void json_text_duplicates(const char *text, size_t len, const struct json_table *table,
	struct json_problems *problems);

/* A problem with its pointer for every integer outside int64, and every other number that no double
 * holds; each is replaced, in place, by the next one inside. Returns how many there were. */
size_t json_text_clamp(
	char *text, size_t len, const struct json_table *table, struct json_problems *problems);

#endif
