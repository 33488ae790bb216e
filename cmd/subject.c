#include "cmd/subject.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/sys_file.h"
#include "cmd/interrupt.h"
#include "cmd/verbs.h"
#include "image/limits.h"
#include "runner/loop.h"
#include "sandbox/self.h"

#include <fcntl.h>
#include <string.h>

/* Larger environment files are not written by people. */
enum { ENV_FILE_MAX = 1 << 20 };

char *message_split(char *message)
{
	char *newline = strchr(message, '\n');

	if (!newline) {
		return NULL;
	}
	*newline = '\0';
	return newline + 1;
}

/* No signal comes between making the directory and knowing what to remove. */
static int open_workspace(struct subject *s, struct err *err)
{
	int rc;

	loop_hold_signals(true);
	rc = workspace_open(NULL, &s->host, &s->workspace, err);
	if (rc == 0) {
		interrupt_workspace(s->workspace);
	}
	loop_hold_signals(false);
	return rc;
}

int subject_store(struct subject *s, struct err *err)
{
	auto_free char *dir = NULL;
	struct store_ids ids;

	if (host_enter(&s->host, err)) {
		return -1;
	}
	if (s->host.mode == HOST_SINGLE && !self_sealed()) {
		return err_set(err, ERR_UNSUPPORTED,
			"no sealed copy of this program can be made, and a product with our only "
			"id could write to it\nsysctl -w vm.memfd_noexec=1");
	}
	if (open_workspace(s, err)) {
		return -1;
	}
	ids = (struct store_ids){
		.shift = s->host.idmapped_mounts ? 0 : s->host.first_id,
		.single = s->host.mode == HOST_SINGLE,
		.userxattr = s->host.userxattr,
	};
	dir = xasprintf("%s/store", workspace_base(s->workspace));
	return store_open(dir, &ids, &s->store, err);
}

/* Everything that only running needs, up to the writer that unpacks. */
static int prepare_run(struct subject *s, struct store_writer **ret, struct err *err)
{
	return subject_store(s, err) ? -1 : store_writer_new(s->store, s->image, ret, err);
}

void subject_facts(struct subject *s)
{
	auto_free char *base = workspace_default_base();
	auto_free char *dir = xasprintf("%s/facts", base);

	if (dir_make(base, 0755, NULL) == 0) {
		(void)facts_open(dir, &s->facts, NULL);
	}
}

/* One pass, with the checks' sink and the store's. */
static int scan(struct subject *s, const struct entry_sink *sink, struct store_writer *writer,
	struct err *err)
{
	struct entry_sink sinks[2];
	size_t n = 0;

	if (sink) {
		sinks[n++] = *sink;
	}
	if (writer) {
		sinks[n++] = store_writer_sink(writer);
	}
	return image_scan(s->image, sinks, n, &s->tree, err);
}

struct image_options options_image(const struct options *options, const char *reference)
{
	return (struct image_options){
		.reference = reference,
		.platform = options->platform,
		.authfile = options->authfile,
		.tls_verify = options->tls_verify,
	};
}

int policy_read(const struct options *options, struct policy *ret, struct err *err)
{
	const struct limits *l = &ret->limits;

	policy_init(ret);
	if (options->policy && policy_load(options->policy, ret, err)) {
		return -1;
	}
	image_limits = (struct image_limits){
		.document = l->document_mib * MIB,
		.manifests = l->manifests,
		.members = l->members,
		.layer_tar = l->layer_mib * MIB,
		.entries = l->entries,
		.keep_all = l->text_mib * MIB,
		.zstd_window = l->zstd_window_mib * MIB,
		.spool = l->spool_mib * MIB,
		.store = l->store_mib * MIB,
		.facts = l->facts_mib * MIB,
	};
	return 0;
}

int subject_open(const struct options *options, const char *reference, bool run,
	const struct entry_sink *sink, struct subject *ret, struct err *err)
{
	AUTO(subject) struct subject s = {0};
	AUTO_PTR(store_writer) struct store_writer *writer = NULL;
	struct image_options image_options = options_image(options, reference);

	if (image_open(&image_options, &s.image, err)) {
		return -1;
	}
	if (!s.image->config) {
		*ret = s;
		s = (struct subject){0};
		return 0;
	}
	if (run) {
		progress_line("unpacking the layers", (void *)(uintptr_t)options);
		s.runnable = prepare_run(&s, &writer, &s.cannot) == 0;
	}
	if (image_limits.facts) {
		subject_facts(&s);
		s.image->facts = s.facts;
	}
	if (scan(&s, sink, s.runnable ? writer : NULL, err)) {
		return -1;
	}
	if (s.runnable && (store_writer_finish(writer, &s.cannot) ||
				  store_layers(s.store, s.image, &s.layers, &s.cannot))) {
		s.runnable = false;
	}
	s.packages = packages_read(s.tree);
	*ret = s;
	s = (struct subject){0};
	return 0;
}

void subject_release(struct subject *s)
{
	bool unpacked = s->layers.n > 0;

	packages_free(s->packages);
	tree_free(s->tree);
	image_free(s->image);
	if (s->facts) {
		(void)facts_trim(s->facts, image_limits.facts, NULL, NULL);
	}
	facts_free(s->facts);
	if (unpacked) {
		(void)store_trim(s->store, image_limits.store, NULL, NULL);
	}
	strv_release(&s->layers);
	if (s->workspace) {
		loop_hold_signals(true); /* until all of it is gone: interrupt_end() */
		interrupt_workspace(NULL);
	}
	workspace_free(s->workspace);
	if (unpacked) { /* now that what the product wrote is gone, and need not be written out */
		(void)store_settle(s->store, NULL);
	}
	store_free(s->store);
	*s = (struct subject){0};
}

static int add_env(const char *item, size_t len, struct strv *ret, struct err *err)
{
	const char *equals = memchr(item, '=', len);

	if (!equals || equals == item) {
		return err_set(err, ERR_USAGE, "'%.*s' is not KEY=VALUE",
			(int)(len < 80 ? len : 80), item);
	}
	strv_take(ret, xstrndup(item, len));
	return 0;
}

static int read_env_file(const char *file, struct strv *ret, struct err *err)
{
	AUTO(buf) struct buf text;
	struct line line;
	const char *at;
	unsigned number = 0;

	buf_init(&text, ENV_FILE_MAX);
	if (file_read(AT_FDCWD, file, &text, err)) {
		return -1;
	}
	at = buf_str(&text);
	while (line_next(&at, buf_str(&text) + text.len, &line)) {
		number++;
		if (line.len && line.s[line.len - 1] == '\r') {
			line.len--;
		}
		if (line.len && line.s[0] != '#' && add_env(line.s, line.len, ret, err)) {
			return err_wrap(err, "'%s' line %u", file, number);
		}
	}
	return 0;
}

int environment_read(const struct options *options, struct strv *ret, struct err *err)
{
	for (size_t i = 0; i < options->env_files.n; i++) {
		if (read_env_file(options->env_files.v[i], ret, err)) {
			return -1;
		}
	}
	for (size_t i = 0; i < options->env.n; i++) {
		if (add_env(options->env.v[i], strlen(options->env.v[i]), ret, err)) {
			return err_wrap(err, "--env");
		}
	}
	return 0;
}

enum world_outside outside_read(const struct options *options)
{
	return str_eq(options->outside, "drop") ? WORLD_DROP : WORLD_REFUSE;
}

int product_read(const struct options *options, struct product **ret, const struct task **ret_task,
	struct err *err)
{
	AUTO_PTR(product) struct product *product = NULL;

	*ret = NULL;
	*ret_task = NULL;
	if (!options->product) {
		return options->task ? err_set(err, ERR_USAGE, "--task needs --product") : 0;
	}
	if (product_load(options->product, &product, err)) {
		return -1;
	}
	if (options->task) {
		*ret_task = product_task(product, options->task);
		if (!*ret_task) {
			return err_set(err, ERR_USAGE, "no task '%.80s' in '%s'", options->task,
				options->product);
		}
	}
	*ret = steal_ptr(product);
	return 0;
}
