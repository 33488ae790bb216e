/*
 * no-privileged-attempts (R14): system calls that Docker's default rules refuse. Nobody is granted
 * them on a platform, so a product that makes them does something that its operator does not expect,
 * or cannot do what it wants to. Not so those that everyday run-time systems make to find out what
 * there is, and do without: these are evidence only.
 */
#include "checks/seen.h"

#include "checks/check.h"

#include "base/alloc.h"

#define NAMESPACES 0x7e020080u

/* An argument is looked at where the sandbox tells one; see weigh(). */
enum weight { HARMLESS, UNEXPECTED, ESCAPE };

/*
 * What is not here is unexpected: mounts, namespaces, BPF programs, performance events, clocks, keys,
 * swap, the kernel's log, and whatever else. Some of these honest programs do try: browsers make user
 * namespaces for their own sandbox, tracers load BPF programs, init systems mount. A human has to
 * look, so they are warnings, whoever calls, since a process can have any name.
 */
static const struct meaning {
	const char *call;
	enum weight weight;
	const char *why;
} meanings[] = {
	/* No program that runs well in a container makes these: each needs what its image would have
	 * had to bring for this one kernel or host, and gives the whole machine. */
	{"open_by_handle_at", ESCAPE,
		"it opens files of the machine by number, past mounts and directories (the escape "
		"'Shocker')"},
	{"init_module", ESCAPE, "it loads code into the machine's kernel"},
	{"finit_module", ESCAPE, "it loads code into the machine's kernel"},
	{"kexec_load", ESCAPE, "it replaces the machine's kernel"},
	{"kexec_file_load", ESCAPE, "it replaces the machine's kernel"},
	/* libuv (Node), databases and web servers ask at start whether there is any. */
	{"io_uring_setup", HARMLESS, NULL},
	{"io_uring_enter", HARMLESS, NULL},
	{"io_uring_register", HARMLESS, NULL},
	/* Debuggers, Lisp systems and emulators, about their own address space. */
	{"personality", HARMLESS, NULL},
	/* Questions, or calls that Linux no longer has; old libraries make them. */
	{"_sysctl", HARMLESS, NULL},
	{"sysfs", HARMLESS, NULL},
	{"ustat", HARMLESS, NULL},
	{"uselib", HARMLESS, NULL},
	/* What the others are for. */
	{"unshare", UNEXPECTED, "it makes namespaces"},
	{"clone", UNEXPECTED, "it makes namespaces"},
	{"setns", UNEXPECTED, "it enters another namespace"},
	{"mount", UNEXPECTED, "it mounts a file system"},
	{"umount2", UNEXPECTED, "it unmounts a file system"},
	{"pivot_root", UNEXPECTED, "it changes the root of all mounts"},
	{"bpf", UNEXPECTED, "it puts programs or maps into the kernel"},
	{"perf_event_open", UNEXPECTED, "it measures the kernel and other processes"},
	{"userfaultfd", UNEXPECTED, "it can hold the kernel in a page fault"},
	{"keyctl", UNEXPECTED, "it uses keys in the kernel, which no container keeps apart"},
	{"add_key", UNEXPECTED, "it uses keys in the kernel, which no container keeps apart"},
	{"request_key", UNEXPECTED, "it uses keys in the kernel, which no container keeps apart"},
	{"socket", UNEXPECTED,
		"it speaks to the hypervisor (AF_VSOCK, 40) or has the kernel encrypt (AF_ALG, 38), "
		"which containers have been left by"},
	{"clock_settime", UNEXPECTED, "it sets the machine's clock"},
	{"settimeofday", UNEXPECTED, "it sets the machine's clock"},
	{"syslog", UNEXPECTED, "it reads the kernel's log"},
	{"reboot", UNEXPECTED, "it stops the machine, or sets how its keys do"},
};

static const struct meaning *meaning_of(const char *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		if (str_eq(meanings[i].call, call)) {
			return &meanings[i];
		}
	}
	return NULL;
}

/* keyctl(2) on one's own session keyring: get its id, join, revoke, link. PAM does so in every su,
 * login and cron. */
static bool is_session_keyring(uint32_t operation)
{
	return operation == 0 || operation == 1 || operation == 3 || operation == 8;
}

static enum weight weigh(const struct obs_refused *r)
{
	const struct meaning *m = meaning_of(r->call);

	/* There is no such call: nothing can come of it. */
	if (str_starts(r->call, "number ")) {
		return HARMLESS;
	}
	/* unshare(CLONE_FS), CLONE_FILES: a thread of a file server takes its own directory. */
	if (str_eq(r->call, "unshare") && r->has_argument && !(r->argument & NAMESPACES)) {
		return HARMLESS;
	}
	if (str_eq(r->call, "keyctl") && r->has_argument && is_session_keyring(r->argument)) {
		return HARMLESS;
	}
	return m ? m->weight : UNEXPECTED;
}

static const char *name_of(const struct obs_refused *r)
{
	return *r->exe ? r->exe : *r->comm ? r->comm : "several processes";
}

/* "unshare(0x10000000)", "mount" */
static char *call_of(const struct obs_refused *r)
{
	return r->has_argument ? xasprintf("%s(%#x)", r->call, r->argument) : xstrdup(r->call);
}

static json_t *describe(const struct obs_refused *r)
{
	auto_free char *call = call_of(r);

	return json_pack("{s:o, s:o, s:I, s:o, s:o, s:o}", "call", json_text(call), "architecture",
		json_text(r->arch), "count", (json_int_t)r->count, "first_s", seen_seconds(r->t_s),
		"process", json_text(r->comm), "program", json_text(r->exe));
}

static bool same_finding(const struct obs_refused *a, const struct obs_refused *b)
{
	return str_eq(a->call, b->call) && str_eq(name_of(a), name_of(b)) && weigh(a) == weigh(b);
}

/* One finding for each call and program, however many its threads, arguments and architectures. */
static void find(const struct task_observation *t, size_t at, struct outcome *out)
{
	const struct obs_refused *r = &t->refused.v[at];
	const struct meaning *m = meaning_of(r->call);
	auto_free char *subject = xasprintf("%s by %s", r->call, name_of(r));
	json_t *rows = json_array();
	json_t *evidence = json_pack("{s:o}", "calls", rows);
	const char *why = m && m->why ? m->why : "no platform grants it";
	unsigned long long n = 0;

	for (size_t i = 0; i < at; i++) {
		if (same_finding(&t->refused.v[i], r)) {
			json_decref(evidence);
			return;
		}
	}
	for (size_t i = at; i < t->refused.n; i++) {
		if (same_finding(&t->refused.v[i], r)) {
			n += t->refused.v[i].count;
			json_array_append_new(rows, describe(&t->refused.v[i]));
		}
	}
	if (weigh(r) == ESCAPE) {
		outcome_fail(out, subject, evidence, "%s tried %s (%llu): %s", name_of(r), r->call,
			n, why);
	} else {
		outcome_warn(out, subject, evidence, "%s tried %s (%llu), which was refused: %s",
			name_of(r), r->call, n, why);
	}
}

/* Nothing was found, but was it looked at, and long enough? */
static void judge_none(const struct task_observation *t, struct outcome *out)
{
	auto_free char *cut = seen_cut_short(t);

	if (!t->world) {
		outcome_not_tested(out, "see bootstraps", "its command could not be executed");
	} else if (!t->refused_watched) {
		outcome_not_tested(out,
			t->own_listener
				? "have somebody look at what the program does that loads the filter"
				: "run assay on the machine itself, not in a container whose engine "
				  "watches system calls",
			"refused system calls were not watched: %s",
			t->refused_why ? t->refused_why : "no reason is known");
	} else if (!t->ready) {
		outcome_not_tested(out, "see bootstraps for what kept it from becoming ready",
			"it did not become ready, and tried nothing until then");
	} else if (cut && !t->cron) {
		outcome_not_tested(out, "see bootstraps", "%s, and tried nothing until then", cut);
	} else {
		outcome_summary(out, "nothing tried that needs more than a container gives");
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct task_observation *t = ctx->observation;
	json_t *harmless = json_array();
	bool found = false;

	(void)err;
	for (size_t i = 0; i < t->refused.n; i++) {
		if (weigh(&t->refused.v[i]) == HARMLESS) {
			json_array_append_new(harmless, describe(&t->refused.v[i]));
		} else {
			find(t, i, out);
			found = true;
		}
	}
	outcome_evidence(
		out, json_pack("{s:b, s:i, s:I, s:o}", "watched", t->refused_watched,
			     "kinds_of_refused_calls", (int)t->refused.n, "interrupted",
			     (json_int_t)t->refused_missed, "of_no_consequence", harmless));
	if (t->refused_missed) {
		/* Among them may be worse than what was seen. */
		outcome_not_tested(out,
			"once more; should it always be so, have somebody look at who sends the "
			"signals",
			"%llu refused system calls were interrupted by signals before it was seen "
			"which they are",
			(unsigned long long)t->refused_missed);
	} else if (!found) {
		judge_none(t, out);
	}
	return 0;
}

const struct check check_no_privileged_attempts = {
	.id = "no-privileged-attempts",
	.requirement = "R14",
	.title = "no attempt at what Docker's default rules refuse",
	.reason =
		"what needs more rights than a container gives does not work on a platform, or is "
		"an attempt to leave the container",
	.remedy = "leave the call out, or configure the program to do without: what it asks for is "
		  "the platform's",
	.stage = STAGE_DYNAMIC,
	.needs = NEEDS_BOOT | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
