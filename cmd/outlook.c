#include "cmd/outlook.h"

#include "base/cleanup.h"
#include "base/sys_time.h"

#include <stdio.h>

void outlook_init(struct outlook *o)
{
	*o = (struct outlook){.loop.epoll = -1};
}

static void on_contact(const struct obs_contact *contact, void *arg)
{
	struct outlook *o = arg;

	observation_contact(
		o->seen.v, (double)(time_now_ns() - o->opened_ns) / (double)NS_PER_S, contact);
}

int outlook_open(
	struct outlook *o, enum world_outside outside, const char *hostname, struct err *err)
{
	if (world_new(&o->world, err) || world_outside(o->world, outside, err) ||
		loop_init(&o->loop, err)) {
		return -1;
	}
	(void)observation_add(&o->seen, NULL);
	o->opened_ns = time_now_ns();
	if (outside_new(&o->loop, o->world, on_contact, o, &o->outside, NULL) == 0) {
		outside_name(o->outside, hostname, world_address(o->world, 0));
	}
	return 0;
}

void outlook_release(struct outlook *o)
{
	outside_free(o->outside);
	loop_release(&o->loop);
	world_free(o->world);
	observation_release(&o->seen);
	outlook_init(o);
}

int outlook_fd(const struct outlook *o)
{
	return o->outside ? o->loop.epoll : -1;
}

void outlook_turn(struct outlook *o)
{
	(void)loop_turn(&o->loop, NULL);
}

void outlook_tell(const struct outlook *o)
{
	const struct obs_contacts *contacts = &o->seen.v[0].contacts;

	for (size_t i = 0; i < contacts->n; i++) {
		auto_free char *text = contact_text(&contacts->v[i]);

		(void)fprintf(
			stderr, "assay: outside, after %.3f s: %s\n", contacts->v[i].t_s, text);
	}
	if (contacts->dropped) {
		(void)fprintf(stderr, "assay: outside: and others\n");
	}
	if (!o->outside) {
		(void)fprintf(stderr, "assay: the outside could not be watched\n");
	}
}
