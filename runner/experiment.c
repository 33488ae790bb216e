#include "runner/experiment.h"

#include "base/alloc.h"
#include "base/sys_time.h"
#include "runner/boot.h"

#include <string.h>

/* Whose it is: who has that address; what cannot be told apart is the product's. */
static struct boot *contact_boot(const struct experiment *x, int instance)
{
	struct boot *product = NULL;

	for (size_t i = 0; i < x->boots.n; i++) {
		struct boot *b = x->boots.v[i];

		if (instance >= 0 && b->number == (unsigned)instance) {
			return b;
		}
		product = b->service ? product : b;
	}
	return instance < 0 ? product : NULL;
}

static const char *service_name(const struct experiment *x, int peer)
{
	const struct boot *b = peer >= 0 ? contact_boot(x, peer) : NULL;

	return b && b->service ? b->hostname : NULL;
}

static void on_contact(const struct obs_contact *seen, void *arg)
{
	const struct experiment *x = arg;
	struct boot *b = contact_boot(x, seen->instance);
	struct obs_contact named = *seen;
	const struct obs_contact *contact = &named;

	/* observation_contact() copies */
	named.service = (char *)(uintptr_t)service_name(x, seen->peer);
	if (b) {
		observation_contact(b->obs, boot_now(b), contact);
	} else if (x->strangers) {
		double t_s = (double)(time_now_ns() - x->began_ns) / (double)NS_PER_S;

		observation_contact(x->strangers, t_s, contact);
	}
}

/* What cannot watch can perhaps still answer; without either, products that ask for no name run. */
static void open_outside(struct experiment *x)
{
	struct err err = {0};

	if (outside_new(&x->loop, x->world, on_contact, x, &x->outside, &err) == 0) {
		x->watched = true;
		return;
	}
	x->why_not = xstrdup(err.msg);
	(void)outside_new(&x->loop, x->world, NULL, NULL, &x->outside, NULL);
}

int experiment_init(struct experiment *x, const struct runner_options *options, struct err *err)
{
	*x = (struct experiment){.options = options};
	if (loop_init(&x->loop, err)) {
		return -1;
	}
	if (world_new(&x->world, err) || world_outside(x->world, options->outside, err)) {
		return err_wrap(err, "network world");
	}
	x->began_ns = time_now_ns();
	open_outside(x);
	return http_new(&x->loop, x->world, &x->http, err);
}

void experiment_release(struct experiment *x)
{
	if (!x->options) {
		return;
	}
	http_free(x->http);
	outside_free(x->outside);
	world_free(x->world);
	loop_release(&x->loop);
	free(x->boots.v);
	free(x->why_not);
	*x = (struct experiment){0};
}

void experiment_enter(struct experiment *x, struct boot *b)
{
	*ARRAY_PUSH(&x->boots) = b;
}

void experiment_leave(struct experiment *x, const struct boot *b)
{
	for (size_t i = 0; i < x->boots.n; i++) {
		if (x->boots.v[i] == b) {
			x->boots.v[i] = x->boots.v[--x->boots.n];
			return;
		}
	}
}

struct boot *experiment_lost(const struct experiment *x)
{
	for (size_t i = 0; i < x->boots.n; i++) {
		struct boot *b = x->boots.v[i];

		if (b->service && !b->ending && !b->obs->stop.tried &&
			(b->ended_ns || b->obs->killed_by_us)) {
			return b;
		}
	}
	return NULL;
}
