#include "image/user.h"

#include "base/alloc.h"

/* The container runtimes' own range for ids (moby/sys/user, minID and maxID). */
#define MAX_ID INT32_MAX

/* One field of a "a:b:c" line, not NUL-terminated. */
struct field {
	const char *s;
	size_t len;
};

static bool field_is(struct field f, const char *text)
{
	return strlen(text) == f.len && memcmp(f.s, text, f.len) == 0;
}

/* Blanks around a line do not count; as many fields as there are, the rest empty. */
static bool fields_next(const char **at, const char *end, struct field *v, size_t n)
{
	struct line l;

	while (line_next(at, end, &l)) {
		while (l.len > 0 && (l.s[l.len - 1] == ' ' || l.s[l.len - 1] == '\t' ||
					    l.s[l.len - 1] == '\r')) {
			l.len--;
		}
		while (l.len > 0 && (*l.s == ' ' || *l.s == '\t')) {
			l.s++;
			l.len--;
		}
		if (l.len == 0) {
			continue;
		}
		for (size_t i = 0; i < n; i++) {
			const char *colon = memchr(l.s, ':', l.len);
			size_t len = colon ? (size_t)(colon - l.s) : l.len;

			v[i] = (struct field){l.s, len};
			l.s += colon ? len + 1 : len;
			l.len -= colon ? len + 1 : len;
		}
		return true;
	}
	return false;
}

/* What stands in a database and is no number counts as 0 there (runc does the same). */
static uint32_t field_id(struct field f)
{
	auto_free char *text = xstrndup(f.s, f.len);
	uint64_t id;

	return parse_u64(text, MAX_ID, &id, NULL) ? 0 : (uint32_t)id;
}

/* A user or group as the spec gives it. */
struct wanted {
	const char *text; /* "" when it is not given */
	bool numeric;
	uint32_t id;
};

/* Numbers as strconv.Atoi reads them: a sign is allowed, so "-1" is a number out of range, no
 * name. */
static int wanted_parse(const char *text, const char *what, struct wanted *ret, struct err *err)
{
	const char *digits = *text == '+' || *text == '-' ? text + 1 : text;
	uint64_t id;

	*ret = (struct wanted){.text = text};
	if (*digits == 0 || strspn(digits, "0123456789") != strlen(digits)) {
		return 0;
	}
	if (*text == '-' || parse_u64(digits, MAX_ID, &id, NULL)) {
		return err_set(
			err, ERR_MALFORMED, "%s '%s' is not within 0 to %d", what, text, MAX_ID);
	}
	ret->numeric = true;
	ret->id = (uint32_t)id;
	return 0;
}

static bool wanted_is(const struct wanted *w, struct field name, struct field id)
{
	return w->numeric ? field_id(id) == w->id : field_is(name, w->text);
}

/* Into a fixed array, or "" when it does not fit: half a path would be another path. */
static void keep_field(char *to, size_t room, struct field f, const char *otherwise)
{
	bool fits = f.len < room && f.len > 0;

	snprintf(to, room, "%.*s", fits ? (int)f.len : (int)strlen(otherwise),
		fits ? f.s : otherwise);
}

/* Fill ret from the first passwd line that fits; false when none does. */
static bool passwd_find(const char *passwd, const struct wanted *user, struct user *ret)
{
	const char *at = passwd;
	const char *end = passwd ? passwd + strlen(passwd) : NULL;
	struct field f[6]; /* name, password, uid, gid, comment, home */

	while (passwd && fields_next(&at, end, f, ARRAY_SIZE(f))) {
		if (wanted_is(user, f[0], f[2])) {
			ret->uid = field_id(f[2]);
			ret->gid = field_id(f[3]);
			keep_field(ret->name, sizeof(ret->name), f[0], "");
			keep_field(ret->home, sizeof(ret->home), f[5], "/");
			return true;
		}
	}
	return false;
}

static bool members_have(struct field members, const char *name)
{
	while (members.len > 0) {
		const char *comma = memchr(members.s, ',', members.len);
		size_t len = comma ? (size_t)(comma - members.s) : members.len;

		if (field_is((struct field){members.s, len}, name)) {
			return true;
		}
		len += comma ? 1 : 0;
		members.s += len;
		members.len -= len;
	}
	return false;
}

/* The supplementary groups of a user with a name. */
static void groups_of(const char *group, struct user *ret)
{
	const char *at = group;
	const char *end = group ? group + strlen(group) : NULL;
	struct field f[4]; /* name, password, gid, members */

	while (group && *ret->name && fields_next(&at, end, f, ARRAY_SIZE(f))) {
		if (ret->n_groups < ARRAY_SIZE(ret->groups) && members_have(f[3], ret->name)) {
			ret->groups[ret->n_groups++] = field_id(f[2]);
		}
	}
}

static int group_find(
	const char *group, const struct wanted *wanted, uint32_t *ret, struct err *err)
{
	const char *at = group;
	const char *end = group ? group + strlen(group) : NULL;
	struct field f[3];

	while (group && fields_next(&at, end, f, ARRAY_SIZE(f))) {
		if (wanted_is(wanted, f[0], f[2])) {
			*ret = field_id(f[2]);
			return 0;
		}
	}
	if (!wanted->numeric) {
		return err_set(err, ERR_MALFORMED, "group '%s' has no entry in /etc/group%s",
			wanted->text, group ? "" : ", which is not there");
	}
	*ret = wanted->id;
	return 0;
}

/* moby/sys/user, GetExecUser: a number is never a name; a user that is a number without an
 * entry has group 0; a group that is given replaces the supplementary ones. */
int user_resolve(
	const char *spec, const char *passwd, const char *group, struct user *ret, struct err *err)
{
	const char *colon = spec ? strchr(spec, ':') : NULL;
	auto_free char *name = xstrndup(spec ? spec : "", colon  ? (size_t)(colon - spec)
							  : spec ? strlen(spec)
								 : 0);
	auto_free char *group_name =
		colon ? xstrndup(colon + 1, strcspn(colon + 1, ":")) : xstrdup("");
	struct user user = {.home = "/"};
	struct wanted wanted;
	struct wanted wanted_group;

	if (wanted_parse(*name ? name : "0", "user id", &wanted, err) ||
		wanted_parse(group_name, "group id", &wanted_group, err)) {
		return -1;
	}
	if (!passwd_find(passwd, &wanted, &user)) {
		if (!wanted.numeric) {
			return err_set(err, ERR_MALFORMED,
				"user '%s' has no entry in /etc/passwd%s", name,
				passwd ? "" : ", which is not there");
		}
		user.uid = wanted.id;
	}
	if (*group_name == 0) {
		groups_of(group, &user);
	} else if (group_find(group, &wanted_group, &user.gid, err)) {
		return -1;
	}
	*ret = user;
	return 0;
}

/* The text of a table, NULL when there is no such file. */
static int table_text(const struct tree *tree, const char *path, const char **ret, struct err *err)
{
	const struct node *node = tree_lookup(tree, path, true);

	*ret = NULL;
	if (!node || node->type != NODE_FILE) {
		return 0;
	}
	if (!node_text(node) && node->size > 0) {
		return err_set(err, ERR_LIMIT, "'/%s' was too large to be read", path);
	}
	*ret = node_text(node) ? node_text(node) : "";
	return 0;
}

int user_resolve_in(const char *spec, const struct tree *tree, struct user *ret, struct err *err)
{
	const char *passwd;
	const char *group;

	if (table_text(tree, "etc/passwd", &passwd, err) ||
		table_text(tree, "etc/group", &group, err)) {
		return -1;
	}
	return user_resolve(spec, passwd, group, ret, err);
}
