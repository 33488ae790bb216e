/*
 * baked-in-secrets: R03, "secret keys ... MUST be read from runtime environment variables".
 *
 * Judged by content, in every layer, also where a later layer hides it. What is told of a secret is
 * never more than four characters of it.
 *
 * Who is responsible decides between fail, warn and evidence:
 *  - a file that an OS package shipped is known to the world: evidence;
 *  - ssl-cert's "snakeoil" key and its like, made at installation to be worthless: warn, as no
 *    secret is kept by it. Serving with it is the business of no-tls-baked-in;
 *  - other keys that an install script made (SSH host keys): the same in every instance: fail;
 *  - test material and documentation of language packages: public, but unowned: warn;
 *  - whatever else: fail.
 */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "checks/check.h"
#include "checks/content.h"
#include "checks/file_role.h"
#include "checks/secret_config.h"
#include "checks/secret_files.h"

#include <stdlib.h>
#include <string.h>

enum { NOTE_WHITEOUT = SECRET_KINDS, NOTE_OPAQUE, NOTE_PARTIAL };

/* Whiteouts only serve to name the layer that hides something: they must not crowd out secrets. */
#define MAX_WHITEOUT_NOTES 2000
#define MAX_PARTIAL_NOTES 3000
#define MAX_PUBLIC_SHOWN 20

struct noting {
	const struct entry *entry;
	struct notes *notes;
};

static void note_match(const struct secret_match *match, void *arg)
{
	struct noting *noting = arg;

	note_add(noting->notes, noting->entry, match->line, (int)match->kind, match->excerpt);
}

static void on_entry(const struct entry *entry, struct notes *notes)
{
	struct noting noting = {entry, notes};

	if (entry->whiteout != WHITEOUT_NONE) {
		if (notes->n < MAX_WHITEOUT_NOTES) {
			note_add(notes, entry, 0,
				entry->whiteout == WHITEOUT_FILE ? NOTE_WHITEOUT : NOTE_OPAQUE,
				NULL);
		}
		return;
	}
	if (entry->type != NODE_FILE || entry->hardlink || !entry->data_len) {
		return;
	}
	secret_scan(entry->data, entry->data_len, note_match, &noting);
	secret_files_scan(entry->path, entry->data, entry->data_len, note_match, &noting);
	if (entry->data_len < entry->size && notes->n < MAX_PARTIAL_NOTES &&
		!memchr(entry->data, 0, entry->data_len < 4096 ? entry->data_len : 4096)) {
		note_add(notes, entry, 0, NOTE_PARTIAL, NULL);
	}
}

/* All places of one kind of secret in one file. */
struct place {
	const struct note *first;
	const struct note *last; /* in the highest layer that has it */
	size_t count;
};

static bool is_secret_note(const struct note *note)
{
	return note->kind < SECRET_KINDS;
}

static bool same_place(const struct note *a, const struct note *b)
{
	return a->kind == b->kind && strcmp(a->path, b->path) == 0;
}

/* Whether an earlier note speaks of the same file and kind: then that one stands for both. The
 * notes of one file of one layer follow each other, so the nearest ones are looked at first. */
static bool is_told(const struct notes *notes, size_t at)
{
	for (size_t i = at; i-- > 0;) {
		if (same_place(&notes->v[i], &notes->v[at])) {
			return true;
		}
	}
	return false;
}

static struct place gather(const struct notes *notes, size_t at)
{
	struct place place = {&notes->v[at], &notes->v[at], 1};

	for (size_t i = at + 1; i < notes->n; i++) {
		if (same_place(&notes->v[i], place.first)) {
			place.last = &notes->v[i];
			place.count += notes->v[i].layer == place.first->layer;
		}
	}
	return place;
}

static bool below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !len);
}

/* "hidden by layer 3, still in the image", or NULL where a container would see it. The caller
 * frees. */
static char *hidden_by(const struct check_context *ctx, const struct note *note)
{
	const struct node *node = tree_lookup(ctx->tree, note->path, false);

	if (node && node->layer == note->layer) {
		return NULL;
	}
	if (node && node->layer > note->layer && node->type == NODE_FILE) {
		return xasprintf("replaced by layer %u, still in the image", node->layer);
	}
	for (size_t i = 0; i < ctx->notes->n; i++) {
		const struct note *w = &ctx->notes->v[i];

		if (w->layer > note->layer &&
			((w->kind == NOTE_WHITEOUT && (strcmp(w->path, note->path) == 0 ||
							      below(note->path, w->path))) ||
				(w->kind == NOTE_OPAQUE && below(note->path, w->path)))) {
			return xasprintf("deleted by layer %zu, still in the image", w->layer);
		}
	}
	return node ? NULL : xstrdup("hidden by a later layer, still in the image");
}

/* Keys that an installation makes so that something is there; known as such. */
static const char *worthless_key(const char *path)
{
	static const char *const keys[] = {"etc/ssl/private/ssl-cert-snakeoil.key",
		"etc/pki/tls/private/localhost.key", "etc/ssl/private/localhost.key", NULL};

	return str_in(path, keys)
		       ? "made at installation as a stand-in and trusted by nobody; yet whoever "
			 "has the image has the key, so nothing may be served with it"
		       : NULL;
}

enum judgement { JUDGE_FAIL, JUDGE_WARN, JUDGE_PUBLIC, JUDGE_NOTHING };

/* ret_why: for a warning, what makes it one; NULL otherwise. */
static enum judgement judge(const struct check_context *ctx, const struct note *note,
	const char **ret_owner, const char **ret_why)
{
	const struct node *node = tree_lookup(ctx->tree, note->path, false);
	enum secret_kind kind = (enum secret_kind)note->kind;
	unsigned roles = file_role(note->path);
	bool changed;
	bool shipped;

	*ret_why = NULL;
	*ret_owner = content_owner(ctx, node, note->path, &changed);
	if (kind == SECRET_NO_PASSWORD) {
		*ret_why =
			"no secret is told by it, but whatever lets one log in lets everybody in";
		return JUDGE_WARN;
	}
	if (kind == SECRET_DOTENV_DEFAULT) {
		*ret_why = "an instance that is not given its own runs with one that is easily "
			   "guessed";
		return roles ? JUDGE_NOTHING : JUDGE_WARN;
	}
	if (kind == SECRET_PASSWORD_HASH) {
		return JUDGE_FAIL; /* system tables belong to packages, passwords do not */
	}
	/* Against nothing, a known checksum says "changed": only shipped files have one. */
	shipped = *ret_owner && packages_pristine(ctx->packages, note->path, "", 0) == 0;
	if (shipped && !changed) {
		return JUDGE_PUBLIC;
	}
	*ret_why = worthless_key(note->path);
	if (*ret_why) {
		return JUDGE_WARN;
	}
	if (roles & (ROLE_DOCUMENTATION | ROLE_SAMPLE)) {
		*ret_why = "in documentation or a sample: probably an example";
		return JUDGE_WARN;
	}
	if ((roles & ROLE_LIBRARY) && (roles & ROLE_TEST)) {
		*ret_why = "test material of a language package: probably public";
		return JUDGE_WARN;
	}
	if ((roles & ROLE_LIBRARY) && (kind == SECRET_JWT || kind == SECRET_JWK)) {
		*ret_why = "in a language package: probably an example";
		return JUDGE_WARN;
	}
	if (secret_kind_is_doubtful(kind)) {
		*ret_why = "it may be public by design: a human has to look";
		return JUDGE_WARN;
	}
	return JUDGE_FAIL;
}

static json_t *evidence_of(const struct place *place, const char *owner, const char *hidden)
{
	const struct note *note = place->first;
	json_t *evidence = content_place(note->path, note->layer, note->line, owner, note->text);

	json_object_set_new(
		evidence, "kind", json_string(secret_kind_name((enum secret_kind)note->kind)));
	if (place->count > 1) {
		json_object_set_new(evidence, "count", json_integer((json_int_t)place->count));
	}
	if (place->last->layer != note->layer) {
		json_object_set_new(
			evidence, "last_layer", json_integer((json_int_t)place->last->layer));
	}
	if (hidden) {
		json_object_set_new(evidence, "hidden", json_string(hidden));
	}
	return evidence;
}

static void tell(const struct check_context *ctx, const struct place *place, json_t *public,
	struct outcome *out)
{
	const struct note *note = place->first;
	const char *name = secret_kind_name((enum secret_kind)note->kind);
	auto_free char *subject = content_subject(note->path, note->line);
	auto_free char *hidden = hidden_by(ctx, place->last);
	const char *owner;
	const char *why;
	auto_json json_t *evidence = NULL;

	switch (judge(ctx, note, &owner, &why)) {
	case JUDGE_NOTHING:
		return;
	case JUDGE_PUBLIC:
		if (json_array_size(public) < MAX_PUBLIC_SHOWN) {
			json_array_append_new(public, evidence_of(place, owner, hidden));
		}
		return;
	case JUDGE_WARN:
		evidence = evidence_of(place, owner, hidden);
		outcome_warn(out, subject, json_incref(evidence), "%s in %s (layer %zu%s%s): %s",
			name, subject, note->layer, hidden ? ", " : "", hidden ? hidden : "", why);
		return;
	case JUDGE_FAIL:
		evidence = evidence_of(place, owner, hidden);
		outcome_fail(out, subject, json_incref(evidence), "%s in %s (layer %zu%s%s)", name,
			subject, note->layer, hidden ? ", " : "", hidden ? hidden : "");
		return;
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	auto_json json_t *public = json_array();
	size_t entries = 0;
	size_t partial = 0;

	(void)err;
	for (size_t i = 0; i < ctx->notes->n; i++) {
		const struct note *note = &ctx->notes->v[i];

		partial += note->kind == NOTE_PARTIAL;
		if (is_secret_note(note) && !is_told(ctx->notes, i)) {
			struct place place = gather(ctx->notes, i);

			tell(ctx, &place, public, out);
		}
	}
	secret_config_check(ctx->image->config, out);
	for (size_t i = 0; i < ctx->image->n_layers; i++) {
		entries += ctx->image->layers[i].entries;
	}
	outcome_evidence(out,
		json_pack("{s:I, s:I, s:I, s:I, s:O}", "layers", (json_int_t)ctx->image->n_layers,
			"entries", (json_int_t)entries, "read_in_part", (json_int_t)partial,
			"env_items", (json_int_t)ctx->image->config->env.n,
			"shipped_by_os_packages", public));
	return 0;
}

const struct check check_baked_in_secrets = {
	.id = "baked-in-secrets",
	.requirement = "R03",
	.title = "no private keys, tokens, passwords or password hashes in the image",
	.reason =
		"An image is copied to registries, caches and every host that runs it: a secret "
		"in it is one no longer, and it cannot be changed without a new build. Every "
		"layer counts, as a file that a later layer deletes can still be taken out. Files "
		"are judged by what they hold (the first MiB of each), Env, command and history by their "
		"values; a name alone is never enough.",
	.remedy = "Take the secret out of the build (BuildKit's --mount=type=secret for what the "
		  "build needs), read it from an environment variable at run time, and change it: "
		  "it has to be held for known. Deleting it in a later layer does not help. For a "
		  "key that is public by design, write a waiver with its subject.",
	.stage = STAGE_STATIC,
	.needs = NEEDS_TREE,
	.entry = on_entry,
	.run = run,
};
