/* Which of the manifests is meant. What was not asked for is never taken in its stead. */
#include "image/opening.h"

#include "base/alloc.h"
#include "base/str.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

/* Names that other tools give to an architecture, as docker takes them. */
static const struct {
	const char *alias;
	const char *name;
} architectures[] = {
	{"x86_64", "amd64"},
	{"x86-64", "amd64"},
	{"i386", "386"},
	{"aarch64", "arm64"},
};

/* Variants that are the base of their architecture: to ask for them is to ask for none. */
static const struct {
	const char *architecture;
	const char *variant;
} base_variants[] = {
	{"amd64", "v1"},
	{"arm64", "v8"},
};

/* Whether a variant says no more than its architecture does. */
static bool is_base(const char *architecture, const char *variant)
{
	for (size_t i = 0; i < ARRAY_SIZE(base_variants); i++) {
		if (str_eq(architecture, base_variants[i].architecture) &&
			str_eq(variant, base_variants[i].variant)) {
			return true;
		}
	}
	return !variant || !*variant;
}

static bool word(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && !strchr("._-", s[i])) {
			return false;
		}
	}
	return len > 0;
}

int platform_parse(const char *text, struct platform *ret, struct err *err)
{
	char *parts[3] = {0};
	const char *at = text;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && at; i++) {
		size_t len = strcspn(at, "/");

		if (!word(at, len) || (i == 0 && !at[len]) || (i == 2 && at[len])) {
			for (size_t j = 0; j < i; j++) {
				free(parts[j]);
			}
			return err_set(err, ERR_USAGE,
				"platform '%.80s' is not of the form os/architecture[/variant]",
				text);
		}
		parts[i] = xstrndup(at, len);
		at = at[len] ? at + len + 1 : NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++) {
		if (strcmp(parts[1], architectures[i].alias) == 0) {
			free(parts[1]);
			parts[1] = xstrdup(architectures[i].name);
		}
	}
	if (is_base(parts[1], parts[2])) {
		free(parts[2]);
		parts[2] = NULL;
	}
	*ret = (struct platform){.os = parts[0], .architecture = parts[1], .variant = parts[2]};
	return 0;
}

/* What is asked for: a platform (NULL: any), and whether, where it names no variant, every one of
 * the architecture will do. */
struct wish {
	const struct platform *platform;
	bool any_variant;
};

static bool matches(const struct choice *c, const struct wish *wish)
{
	const struct platform *have = &c->platform;
	const struct platform *want = wish->platform;

	if (!want) {
		return true;
	}
	if (!str_eq(have->os, want->os) || !str_eq(have->architecture, want->architecture)) {
		return false;
	}
	return want->variant ? str_eq(have->variant, want->variant)
			     : wish->any_variant || is_base(have->architecture, have->variant);
}

/* All names of an image in a docker-archive, as many as can be read; NULL for one or none. */
static char *docker_tags(const struct choice *c)
{
	enum { SHOWN = 8 };
	const struct strv *tags = c->docker ? &c->docker->repo_tags : NULL;
	AUTO(strv) struct strv shown = {0};

	if (!tags || tags->n < 2) {
		return NULL;
	}
	for (size_t i = 0; i < tags->n && i < SHOWN; i++) {
		strv_add(&shown, tags->v[i]);
	}
	if (tags->n > SHOWN) {
		strv_addf(&shown, "%zu more", tags->n - SHOWN);
	}
	return strv_join(&shown, " = ");
}

static char *describe(const struct choice *c)
{
	static const char *const kinds[] = {"image", "attestation", "artifact"};
	auto_free char *platform = platform_text(&c->platform);
	bool typed = c->kind == CHOICE_ARTIFACT && c->artifact_type;
	auto_free char *tags = docker_tags(c);

	return xasprintf("%s%s%s%s%.80s%s%.19s",
		tags      ? tags
		: c->name ? c->name
			  : "",
		c->name ? " " : "", c->kind == CHOICE_IMAGE ? platform : kinds[c->kind],
		typed ? " of type " : "", typed ? c->artifact_type : "", c->digest ? " " : "",
		c->digest ? c->digest : "");
}

/* "a linux/amd64 sha256:0123456789ab, ..." of those that pass; every digest is cut to be read. */
static char *offer(const struct opening *o, bool (*pass)(const struct choice *))
{
	enum { SHOWN = 12 };
	struct strv items = {0};
	size_t more = 0;
	char *text;

	for (size_t i = 0; i < o->choices.n; i++) {
		if (!pass(&o->choices.v[i])) {
			continue;
		}
		if (items.n == SHOWN) {
			more++;
		} else {
			strv_take(&items, describe(&o->choices.v[i]));
		}
	}
	if (more) {
		strv_addf(&items, "and %zu more", more);
	}
	text = items.n ? strv_join(&items, ", ") : xstrdup("nothing");
	strv_release(&items);
	return text;
}

static bool anything(const struct choice *c)
{
	return c->kind != CHOICE_ATTESTATION;
}

static bool is_listed(const struct choice *c)
{
	return c->listed;
}

static bool is_candidate(const struct choice *c)
{
	return c->listed && c->kind == CHOICE_IMAGE;
}

static void refuse(struct opening *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct opening *o, const char *fmt, ...)
{
	char message[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	violation_add(&o->image->violations, VIOLATION_SELECTION, false,
		o->form == FORM_OCI ? "index.json" : "manifest.json", "", "%s", message);
}

/* Whether the images stand under several names. Entries of one name (or of none) are the platforms
 * of one image; different names are different images, unless they are the same one twice. */
static bool several_names(const struct opening *o)
{
	const struct choice *first = NULL;

	for (size_t i = 0; i < o->choices.n; i++) {
		const struct choice *c = &o->choices.v[i];

		if (!is_candidate(c)) {
			continue;
		}
		if (!first) {
			first = c;
		} else if (!str_eq(c->name, first->name) && !str_eq(c->root, first->root)) {
			return true;
		}
	}
	return false;
}

/* The candidates that match: how many different ones, and the first of them. */
static size_t count(struct opening *o, const struct wish *wish, struct choice **ret)
{
	size_t n = 0;

	*ret = NULL;
	for (size_t i = 0; i < o->choices.n; i++) {
		struct choice *c = &o->choices.v[i];
		bool again = false;

		if (!is_candidate(c) || !matches(c, wish)) {
			continue;
		}
		for (size_t j = 0; j < i && !again; j++) {
			const struct choice *d = &o->choices.v[j];

			again = is_candidate(d) && c->digest && str_eq(d->digest, c->digest) &&
				matches(d, wish);
		}
		n += !again;
		*ret = *ret ? *ret : c;
	}
	return n;
}

/* Whether all that match stand in one image index. index.json is none in this sense: it lists what
 * the layout has, and two entries of it may be two products. */
static bool of_one_index(
	const struct opening *o, const struct wish *wish, const struct choice *first)
{
	for (size_t i = 0; i < o->choices.n; i++) {
		const struct choice *c = &o->choices.v[i];

		if (is_candidate(c) && matches(c, wish) &&
			(!str_eq(c->file, first->file) || str_eq(c->file, "index.json"))) {
			return false;
		}
	}
	return o->form == FORM_OCI;
}

static struct choice *one_of(struct opening *o, const struct platform *platform, bool *done)
{
	struct wish wish = {platform, false};
	struct choice *found;
	size_t n = count(o, &wish, &found);
	auto_free char *name = platform_text(platform);
	auto_free char *there = NULL;

	if (n == 0) {
		wish.any_variant = true;
		n = count(o, &wish, &found);
	}
	*done = n > 0;
	if (n <= 1) {
		return found;
	}
	if (of_one_index(o, &wish, found)) {
		/* image-index.md: clients take the first that matches */
		violation_add(&o->image->violations, VIOLATION_SELECTION, true, found->file,
			found->pointer,
			"%zu entries of the index are for %s, of which the first is taken", n,
			name);
		return found;
	}
	there = offer(o, is_candidate);
	refuse(o, "%zu different images for %s: %s", n, name, there);
	return NULL;
}

static struct choice *choose_platform(struct opening *o)
{
	static const char *const usual[] = {"amd64", "386"};
	auto_free char *there = NULL;
	auto_free char *wanted = NULL;
	const struct wish any = {0};
	struct choice *found;
	bool done = false;

	if (o->wanted.os) {
		found = one_of(o, &o->wanted, &done);
		if (!done) {
			wanted = platform_text(&o->wanted);
			there = offer(o, is_candidate);
			refuse(o, "no image for %s; there is: %s", wanted, there);
		}
		return found;
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		char os[] = "linux";
		auto_free char *architecture = xstrdup(usual[i]);
		const struct platform platform = {.os = os, .architecture = architecture};

		found = one_of(o, &platform, &done);
		if (done) {
			return found;
		}
	}
	if (count(o, &any, &found) == 1) {
		return found; /* for another platform: image-platform judges that */
	}
	there = offer(o, is_candidate);
	refuse(o, "several images, and none for linux/amd64 or linux/386: %s", there);
	return NULL;
}

struct choice *choose(struct opening *o)
{
	const struct wish any = {0};
	struct choice *found;
	auto_free char *there = NULL;
	size_t listed = 0;

	for (size_t i = 0; i < o->choices.n; i++) {
		listed += o->choices.v[i].listed;
	}
	if (listed == 0) {
		there = offer(o, anything);
		refuse(o, "no image is tagged '%.200s'; there is: %s", o->image->reference.tag,
			there);
		return NULL;
	}
	if (count(o, &any, &found) == 0) {
		there = offer(o, is_listed);
		refuse(o, "no image; there is: %s", there);
		return NULL;
	}
	if (!o->image->reference.tag && several_names(o)) {
		there = offer(o, is_candidate);
		refuse(o, "several images; name one by its tag: %s", there);
		return NULL;
	}
	return choose_platform(o);
}
