#include "runner/refused.h"

#include "base/alloc.h"
#include "base/escape.h"

#include <string.h>

static double since_start(const struct boot *b, uint64_t ns)
{
	return ns > b->started_ns ? (double)(ns - b->started_ns) / 1e9 : 0;
}

static void note_why(const struct boot *b, int error)
{
	struct task_observation *obs = b->obs;

	if (b->unwatched) {
		obs->refused_why = xstrdup("the product loads a seccomp filter with a listener of "
					   "its own, and the kernel allows a process only one");
	} else if (error == EBUSY) {
		obs->refused_why = xstrdup("assay itself runs under a seccomp filter with a "
					   "listener, and the kernel allows a process only one");
	} else {
		obs->refused_why = xasprintf("no seccomp listener can be had: %s", strerror(error));
	}
}

void refused_note(struct boot *b)
{
	struct task_observation *obs = b->obs;
	struct sandbox_refused row;
	int error = sandbox_refused_error(b->sb);

	obs->own_listener = sandbox_own_listener(b->sb);
	obs->refused_watched = !error;
	obs->refused_missed = sandbox_refused_missed(b->sb);
	if (error) {
		note_why(b, error);
	}
	for (size_t i = 0; sandbox_refused(b->sb, i, &row); i++) {
		*ARRAY_PUSH(&obs->refused) = (struct obs_refused){
			.t_s = since_start(b, row.first_ns),
			.count = row.count,
			.call = xstrdup(row.call),
			.arch = xstrdup(row.arch),
			.has_argument = row.has_argument,
			.argument = row.argument,
			.comm = escape_dup(ESCAPE_TERMINAL, row.comm),
			.exe = escape_dup(ESCAPE_TERMINAL, row.exe),
		};
	}
}
