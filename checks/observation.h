/*
 * observation.h - what was seen while a product ran: plain data, filled by runner/, judged by the
 * dynamic checks. Nothing in here is a judgement.
 *
 * Times are seconds since the instance was started, unless named otherwise. The owner is whoever
 * called observation_init; strings are heap strings.
 */
#ifndef CHECKS_OBSERVATION_H
#define CHECKS_OBSERVATION_H

#include "base/json.h"
#include "base/str.h"
#include "product/product.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a process ended. */
struct obs_exit {
	bool ended;
	int code; /* exit status, or -1 */
	int signal; /* that killed it, or 0 */
	double t_s;
};

struct obs_event {
	double t_s;
	char *event; /* "started", "ready", "smoke", "stop-signal", "gone", "killed", ... */
	char *detail; /* NULL: none */
};

/* stdout or stderr. */
struct obs_stream {
	uint64_t bytes;
	uint64_t lines;
	char *head; /* the first bytes, up to the policy's log_kib, NUL-terminated */
	size_t head_len;
	char *tail; /* the last ones that are not in head */
	size_t tail_len;
	bool truncated; /* something between head and tail was dropped */
};

/* Memory of the instance at one moment. */
struct obs_memory_sample {
	double t_s;
	uint64_t used; /* anonymous + shared, bytes: what cannot be dropped */
	uint64_t total; /* with page cache */
};
struct obs_memory {
	char *mechanism; /* "cgroup v1 memory", "cgroup v2", NULL: nothing enforced a limit */
	char *why_not; /* when mechanism is NULL: what is missing */
	char *remedy;
	uint64_t limit; /* bytes, as read back */
	bool swap_limited; /* swap is off for it, or the host has none */
	uint64_t peak_used; /* largest sample */
	uint64_t peak_kernel; /* the kernel's own high-water mark, page cache included; 0 unknown */
	uint64_t oom_kills;
	struct {
		struct obs_memory_sample *v;
		size_t n, cap;
	} samples;
};

/* A file in the writable layer (or a volume) when the instance was over. */
struct obs_file {
	char *path; /* as the product sees it: "/var/log/app.log" */
	uint64_t size;
	bool existed; /* in the image, and was changed */
	bool grew; /* between two looks while running, or beyond its size in the image */
	bool regular;
	uint64_t timestamped_lines; /* lines of its head or tail that begin like a log line */
	uint64_t looked_at_lines;
	char *excerpt; /* a first such line, NULL when none */
};

/* A TCP port that was probed from outside the instance. */
enum obs_port_state { OBS_PORT_CLOSED, OBS_PORT_OPEN };
struct obs_port {
	uint16_t port;
	bool declared; /* by the task's ports, else ExposedPorts */
	enum obs_port_state state;
	bool loopback_only; /* it listens, but only on 127.0.0.1 or ::1 */
	bool listening; /* the kernel says somebody listens, on whatever address */
	bool spoke_http; /* the answer to a plain GET began with HTTP/ */
	int status; /* of that answer */
	char *status_line;
	char *location; /* Location of a redirect, else NULL */
	bool redirect_to_https; /* TLS is enforced: to https on the same host, or with
				     * the path kept */
	bool redirect_with_proto; /* still so with X-Forwarded-Proto: https */
	bool tls; /* a TLS ClientHello was answered by a TLS record */
	bool tls_required; /* plain HTTP got an alert, a TLS record, or a "plain HTTP to HTTPS port" */
	char *first_bytes; /* what it said, escaped, first 120 bytes; NULL: nothing */
};

/* The bounded load on one HTTP port, before and while it is told to stop. */
struct obs_load {
	bool tried; /* false: there is no HTTP port to load */
	char *target; /* "GET /health on port 8080, 8 at a time" */
	uint64_t answered; /* with any status */
	uint64_t failed; /* no answer */
	double took_s;
};

/* Whom an instance tried to reach, or asked the name of; the same again is counted. */
struct obs_contact {
	double t_s; /* first */
	uint64_t count; /* questions; connections; datagrams, but conversations between instances */
	int instance; /* 0, ...; -1: not known */
	bool between; /* it is for another instance of its own world: the number is in peer */
	int peer; /* -1: none of ours has the address */
	char *service; /* the peer's name, when it is a service; else NULL */
	char protocol[8]; /* "dns": a question; "tcp", "udp", "icmp", "ip 47": a packet */
	char *name; /* asked for; NULL for a packet */
	bool answered; /* the name was known; packets never are */
	char *address; /* NULL for a question */
	uint16_t port; /* 0: none */
};
struct obs_contacts {
	struct obs_contact *v;
	size_t n, cap;
	uint64_t dropped; /* that were new when there were CONTACTS_MAX */
};
#define CONTACTS_MAX 200

/* A system call that the sandbox's rules (Docker's defaults) refused to a process. */
struct obs_refused {
	double t_s; /* first */
	uint64_t count;
	char *call; /* "mount", "number 180" */
	char *arch; /* "x86-64", "i386", "x32" */
	bool has_argument; /* the first one is known: flags, a command, a family */
	uint32_t argument;
	char *comm; /* "", and exe too: several processes, when there were too many to tell apart */
	char *exe; /* as the product sees it; "": not known */
};

/* One step of a smoke suite. */
struct obs_smoke_step {
	const struct smoke_suite *suite;
	const struct smoke_step *step;
	bool passed;
	bool skipped; /* after a failed step of the same suite that made it pointless */
	double t_s;
	double took_s;
	int status; /* 0: no answer */
	char *request; /* "GET http://127.0.0.1:8080/health" */
	char *problem; /* what did not hold, NULL when passed */
	char *excerpt; /* of the body, capped and escaped */
};

/* A process seen alive at some moment. */
struct obs_process {
	int pid; /* inside the instance */
	int ppid;
	char *comm;
	char *cmdline;
	char *exe; /* as the product sees it */
	char state; /* R S D Z T */
	uint64_t sig_caught; /* bit n-1: signal n, as /proc/PID/status SigCgt */
	uint64_t sig_ignored;
	uint64_t sig_blocked;
	uint64_t sig_pending;
};
struct obs_processes {
	struct obs_process *v;
	size_t n, cap;
};

/* The stop. */
struct obs_stop {
	bool tried;
	int signal; /* that was sent to PID 1 */
	double sent_s;
	bool gone; /* every process was gone by itself */
	double took_s; /* from the signal to the last process's end; with gone only */
	bool forced; /* SIGKILL was needed after the observation's limit */
	double limit_s; /* how long it was watched */
	struct obs_exit exit; /* of PID 1 */
	struct obs_processes survivors; /* when the limit was reached */
};

enum obs_state {
	OBS_NOT_STARTED, /* see why and remedy */
	OBS_STARTED,
	OBS_UNSERVED, /* started, but a service that it was given did not last: see why and remedy */
	OBS_BROKEN, /* the tool failed in the middle: see why */
};

/* What stood beside the product, and was seen of it: an instance of its own, of which the ports,
 * the files and the processes are not looked at. */
struct service_observation {
	char *name; /* under which the product finds it */
	char *image; /* the reference; NULL: nobody gave one */
	struct task_observation *seen; /* its times are its own */
};
struct service_observations {
	struct service_observation *v;
	size_t n, cap;
};
struct task_observation *service_observation_add(
	struct service_observations *services, const char *name, const char *image);

/* One task (or service), booted once: ready, smoke-tested, at rest, stopped. */
struct task_observation {
	const struct task *task; /* borrowed; NULL without a product file */
	enum obs_state state;
	char *why;
	char *remedy;
	struct strv missing_env; /* required, and nobody gave a value: it was not started */
	struct strv command; /* argv */
	char *world; /* "user namespace (100000+65536), cgroup v1 memory+pids, seccomp": how;
				  * NULL: its command could not even be executed */
	bool ready;
	char *ready_by; /* "port 8080 accepts connections": what was waited for */
	double ready_s;
	double boot_limit_s;
	bool waited_alive_only; /* nothing better to wait for than staying alive */
	bool cron; /* a cron task: ready means exit 0 */
	struct obs_exit exit_early; /* of PID 1, before it was told to stop */
	const char
		*killed_by_us; /* "disk", "files", "run time": a limit of the policy, else NULL */
	struct obs_stream out;
	struct obs_stream err;
	uint64_t log_bytes_at_ready; /* of both streams */
	uint64_t syslog_datagrams; /* to /dev/log and UDP 514 */
	char *syslog_first;
	struct obs_memory memory;
	struct {
		struct obs_file *v;
		size_t n, cap;
	} files;
	bool files_capped; /* more were written than are listed */
	uint64_t written_bytes;
	struct {
		struct obs_port *v;
		size_t n, cap;
	} ports;
	struct {
		struct obs_smoke_step *v;
		size_t n, cap;
	} smoke;
	bool smoke_ran;
	bool outside_watched; /* else nothing is known of contacts */
	uint64_t outside_missed; /* packets and questions that came too fast to be seen, from any
				  * instance of the world while this one ran */
	bool outside_drops; /* nothing there answers, instead of refusing */
	bool ipv6; /* its world has addresses of that kind, too */
	struct obs_contacts contacts; /* outside its world */
	struct obs_contacts between; /* with other instances */
	bool refused_watched; /* else nothing is known of what was refused */
	char *refused_why; /* why it was not watched */
	uint64_t refused_missed; /* more that a signal interrupted before it was seen which */
	bool own_listener; /* since the product watches its own system calls, which only one can */
	struct {
		struct obs_refused *v;
		size_t n, cap;
	} refused;
	struct obs_load load;
	struct obs_processes at_rest;
	struct obs_stop stop;
	struct {
		struct obs_event *v;
		size_t n, cap;
	} timeline;
	struct service_observations services; /* in the order in which they were started */
	bool left_nothing; /* afterwards no process, mount or cgroup of it was there */
};

/* The dynamic stage. */
struct observation {
	struct task_observation *v;
	size_t n;
	size_t cap;
};

/* Add one for a task; the pointer is valid until the next one is added. */
struct task_observation *observation_add(struct observation *obs, const struct task *task);
const struct task_observation *observation_of(
	const struct observation *obs, const struct task *task);
void observation_release(struct observation *obs);

/* Forget all but the task, for a second boot. */
void observation_clear(struct task_observation *t);

/* Note a contact, outside or between, at that time; texts are copied. */
void observation_contact(struct task_observation *t, double t_s, const struct obs_contact *contact);

/* "asked for 'db' (not known)", "tcp to 192.0.2.7 port 5432, 3 times"; the caller frees. */
char *contact_text(const struct obs_contact *contact);

/* Add an event to the timeline; detail may be NULL. */
void observation_event(struct task_observation *t, double t_s, const char *event, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

#endif
