/* A plan as text: the steps in the order in which they will be taken. */
#include "sandbox/spec.h"

#include <inttypes.h>

static int print_limits(const struct sandbox_plan *plan, struct buf *out, struct err *err)
{
	if (buf_addf(out, err,
		    "      memory %" PRIu64 " bytes, %" PRIu64 " processes, %.2f cpus; %s\n",
		    plan->memory, plan->pids, plan->cpus,
		    plan->host->cgroup[0] ? plan->host->cgroup : plan->host->cgroup_why)) {
		return -1;
	}
	if (plan->file_size && buf_addf(out, err, "      no file larger than %" PRIu64 " bytes\n",
				       plan->file_size)) {
		return -1;
	}
	return 0;
}

static int print_steps(const struct spec *s, const struct spec_step *steps, size_t n,
	unsigned *number, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (buf_addf(out, err, "%4u  %s", ++*number, steps[i].name)) {
			return -1;
		}
		if (steps[i].describe) {
			steps[i].describe(s, out);
		}
		if (buf_addf(out, err, "\n")) {
			return -1;
		}
	}
	return 0;
}

static int print(
	const struct spec *s, const struct sandbox_plan *plan, struct buf *out, struct err *err)
{
	unsigned number = 0;

	if (buf_addf(out, err, "instance '%s'\n%4u  write its directories below %s\n", plan->name,
		    ++number, s->dir) ||
		buf_addf(out, err, "%4u  make its control group\n", ++number) ||
		print_limits(plan, out, err) ||
		buf_addf(out, err, "%4u  clone the keeper into pid and mount namespaces\n",
			++number) ||
		print_steps(s, keeper_steps, keeper_n_steps, &number, out, err) ||
		buf_addf(out, err, "%4u  map ids %" PRIu32 "+%" PRIu32 ", join the control group\n",
			++number, plan->host->first_id, plan->host->n_ids) ||
		buf_addf(out, err, "%4u  %s%s\n", ++number, "bring up the network: lo",
			plan->world ? ", eth0" : "")) {
		return -1;
	}
	if (plan->world &&
		buf_addf(out, err, "      %s/16, default route to %s\n",
			world_address(plan->world, plan->address), world_gateway(plan->world))) {
		return -1;
	}
	if (s->volumes.n && buf_addf(out, err, "%4u  fill %zu volumes from the image\n", ++number,
				    s->volumes.n)) {
		return -1;
	}
	return print_steps(s, child_steps, child_n_steps, &number, out, err);
}

int sandbox_plan_print(const struct sandbox_plan *plan, struct buf *out, struct err *err)
{
	AUTO_PTR(spec) struct spec *s = NULL;

	return spec_new(plan, &s, err) ? -1 : print(s, plan, out, err);
}
