#include "base/nearest.h"
#include "base/str.h"
#include "checks/engine.h"

#include <stdint.h>

static const char *nearest(const char *id)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < n_checks; i++) {
		nearest_consider(id, checks[i]->id, &best, &least);
	}
	for (size_t i = 0; i < n_requirements; i++) {
		nearest_consider(id, requirements[i].id, &best, &least);
	}
	return best;
}

static int known_ids(const struct strv *ids, struct err *err)
{
	for (size_t i = 0; i < ids->n; i++) {
		const char *id = ids->v[i];

		if (!check_find(id) && !requirement_find(id)) {
			return err_set(err, ERR_USAGE,
				"no check or requirement '%.80s' (nearest: '%s'; 'assay rules' "
				"lists them)",
				id, nearest(id));
		}
	}
	return 0;
}

int selection_check(const struct selection *sel, struct err *err)
{
	if (known_ids(&sel->only, err) || known_ids(&sel->skip, err)) {
		return -1;
	}
	for (size_t i = 0; i < n_checks; i++) {
		if (selection_has(sel, checks[i])) {
			return 0;
		}
	}
	return err_set(
		err, ERR_USAGE, "the stage and the ids to run or to skip leave no check to run");
}

int waivers_check(const struct policy *policy, struct err *err)
{
	for (size_t i = 0; i < policy->waivers.n; i++) {
		const char *id = policy->waivers.v[i].check;

		if (!check_find(id)) {
			return err_set(err, ERR_USAGE,
				"waiver %zu: no check '%.80s' (nearest: '%s')", i, id, nearest(id));
		}
	}
	return 0;
}

static bool named(const struct strv *ids, const struct check *check)
{
	return strv_has(ids, check->id) || strv_has(ids, check->requirement);
}

bool selection_has(const struct selection *sel, const struct check *check)
{
	bool stage = check->stage == STAGE_STATIC ? sel->stage_static : sel->stage_dynamic;

	return stage && (!sel->only.n || named(&sel->only, check)) && !named(&sel->skip, check);
}
