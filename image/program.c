#include "image/program.h"

#include "base/alloc.h"
#include "base/effort.h"
#include "image/program_private.h"

#include <elf.h>

/* What Docker puts into the environment of an image that sets none. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Scripts run by scripts: fs/exec.c gives up after the fifth. */
#define MAX_INTERPRETERS 5

/* What the kernel reads of a file to find out what it is: BINPRM_BUF_SIZE. */
#define HEAD_LEN 256

/* ---- permissions ------------------------------------------------------------------------- */

/* The three bits (4 read, 2 write, 1 execute) that hold for this user. */
static unsigned bits_for(const struct node *node, const struct user *user)
{
	bool in_group = node->gid == user->gid;

	for (size_t i = 0; i < user->n_groups; i++) {
		in_group |= node->gid == user->groups[i];
	}
	return (node->uid == user->uid ? node->mode >> 6
		       : in_group      ? node->mode >> 3
				       : node->mode) &
	       7;
}

static bool may_reach(const struct node *node, const struct user *user)
{
	for (const struct node *dir = node->parent; dir && user->uid != 0; dir = dir->parent) {
		if (!(bits_for(dir, user) & 1)) {
			return false;
		}
	}
	return true;
}

bool node_executable_by(const struct node *node, const struct user *user)
{
	if (user->uid == 0) {
		return node->type == NODE_DIR || (node->mode & 0111);
	}
	return (bits_for(node, user) & 1) && may_reach(node, user);
}

bool node_readable_by(const struct node *node, const struct user *user)
{
	return user->uid == 0 || ((bits_for(node, user) & 4) && may_reach(node, user));
}

/* ---- steps ------------------------------------------------------------------------------- */

struct program_step *resolver_step(const struct resolver *r, char *role, const char *wanted)
{
	struct program_step *step = ARRAY_PUSH(r->out);

	step->role = role;
	step->wanted = xstrdup(wanted);
	return step;
}

const char *resolver_env(const struct resolver *r, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = r->env ? r->env->n : 0; i-- > 0;) {
		const char *item = r->env->v[i];

		if (str_starts(item, name) && item[len] == '=') {
			return item + len + 1;
		}
	}
	return NULL;
}

const struct node *resolver_lookup(const struct resolver *r, const char *path)
{
	auto_free char *absolute =
		*path == '/' ? xstrdup(path) : xasprintf("%s/%s", r->cwd ? r->cwd : "", path);

	return tree_lookup_within(r->tree, tree_root(r->tree), absolute, true, r->left);
}

/* Set found and problem for a file that has to be executed. True when it can be gone into. */
static bool judge(const struct resolver *r, struct program_step *step, const struct node *node)
{
	if (!node) {
		step->unsure = !*r->left;
		step->problem = step->unsure ? NULL : xstrdup("no such file");
		return false;
	}
	step->found = node_path(node);
	if (node->type != NODE_FILE) {
		step->problem = xstrdup(
			node->type == NODE_DIR ? "is a directory" : "is not a regular file");
	} else if (!node_executable_by(node, r->user)) {
		step->problem = xasprintf(
			"not executable by uid %u gid %u (mode %04o, owner %u:%u)", r->user->uid,
			r->user->gid, (unsigned)node->mode & 07777, node->uid, node->gid);
	}
	return !step->problem;
}

/* execvp(3): the first that may be executed; else the first that is there at all. */
static const struct node *search_path(const struct resolver *r, const char *name)
{
	const char *path = resolver_env(r, "PATH");
	const struct node *second_best = NULL;

	for (path = path ? path : DEFAULT_PATH;; path++) {
		size_t len = strcspn(path, ":");
		bool enough = effort_spend(r->left, 1 + len / 8);
		auto_free char *file =
			xasprintf("%.*s%s%s", (int)len, path, len > 0 ? "/" : "", name);
		const struct node *node = resolver_lookup(r, file);

		if (node && node->type == NODE_FILE && node_executable_by(node, r->user)) {
			return node;
		}
		if (node && node->type == NODE_FILE && !second_best) {
			second_best = node;
		}
		path += len;
		if (!*path || !enough) {
			return second_best;
		}
	}
}

static const struct node *find_command(const struct resolver *r, const char *name)
{
	return strchr(name, '/') ? resolver_lookup(r, name) : search_path(r, name);
}

/* ---- ELF --------------------------------------------------------------------------------- */

/* NULL when the machine can run it. */
static char *elf_problem(const struct elf *elf)
{
	if (elf->machine != EM_X86_64 && elf->machine != EM_386) {
		return xasprintf("is a program for %s", elf_machine_name(elf->machine));
	}
	if (elf->type != ET_EXEC && elf->type != ET_DYN) {
		return xstrdup("is an ELF file, but no program");
	}
	return elf->broken ? xstrdup("is a broken ELF file") : NULL;
}

static void follow_elf(const struct resolver *r, const struct node *node, size_t at)
{
	struct program_step *step = &r->out->v[at];
	const struct node *interpreter;

	step->problem = elf_problem(node_elf(node));
	step->unsure = !step->problem && node_elf(node)->truncated;
	if (step->problem || !node_elf(node)->interp) {
		return;
	}
	step = resolver_step(
		r, xasprintf("ELF interpreter of /%s", step->found), node_elf(node)->interp);
	interpreter = resolver_lookup(r, node_elf(node)->interp);
	if (judge(r, step, interpreter)) {
		step->problem = node_elf(interpreter) ? elf_problem(node_elf(interpreter))
						      : xstrdup("is no ELF file");
	}
	if (!step->problem) {
		resolver_libraries(r, node, interpreter);
	}
}

/* ---- scripts ----------------------------------------------------------------------------- */

/* The words of a "#!" line as execve(2) takes them: the interpreter and at most one argument. */
struct hashbang {
	char interpreter[HEAD_LEN];
	char argument[HEAD_LEN];
};

static bool hashbang_read(const struct node *node, struct hashbang *ret)
{
	size_t len = node_text_len(node) < HEAD_LEN ? node_text_len(node) : HEAD_LEN;
	const char *newline = memchr(node_text(node), '\n', len);
	const char *s = node_text(node) + 2;
	const char *end = newline ? newline : node_text(node) + len;
	size_t name;

	while (s < end && (*s == ' ' || *s == '\t')) {
		s++;
	}
	while (end > s && (end[-1] == ' ' || end[-1] == '\t')) {
		end--;
	}
	for (name = 0; s + name < end && s[name] && !strchr(" \t", s[name]); name++) {
	}
	/* Cut off in the middle of the name, the kernel refuses it. */
	if (name == 0 || (!newline && node_text_len(node) > HEAD_LEN && s + name == end)) {
		return false;
	}
	snprintf(ret->interpreter, sizeof(ret->interpreter), "%.*s", (int)name, s);
	s += name;
	while (s < end && (*s == ' ' || *s == '\t')) {
		s++;
	}
	snprintf(ret->argument, sizeof(ret->argument), "%.*s", (int)(end - s), s);
	return true;
}

/* What env(1) would run, or NULL when that cannot be told: "python3", "-S python3 -u",
 * "-S LANG=C node". The caller frees. */
static char *env_command(const char *argument)
{
	const char *s = argument;

	if (str_starts(s, "-S")) {
		s += 2;
	} else if (str_starts(s, "--split-string=")) {
		s += strlen("--split-string=");
	} else {
		return *s && *s != '-' && !strchr(s, '=') ? xstrdup(s) : NULL;
	}
	for (;;) {
		size_t len;

		s += strspn(s, " \t");
		len = strcspn(s, " \t");
		if (len == 0 || *s == '-' || strpbrk(s, "'\"\\$")) {
			return NULL;
		}
		if (!memchr(s, '=', len)) {
			return xstrndup(s, len);
		}
		s += len;
	}
}

static void follow(const struct resolver *r, const struct node *node, size_t at, unsigned depth);

static void find_and_follow(
	const struct resolver *r, char *role, const char *wanted, bool path, unsigned depth)
{
	size_t at = r->out->n;
	struct program_step *step = resolver_step(r, role, wanted);
	const struct node *node = path ? find_command(r, wanted) : resolver_lookup(r, wanted);

	if (judge(r, step, node)) {
		follow(r, node, at, depth);
	} else if (!node && !step->unsure && str_ends(wanted, "\r")) {
		free(step->problem);
		step->problem = xstrdup("no such file: its name ends with a carriage return, the "
					"script has DOS line ends");
	}
}

static void follow_script(
	const struct resolver *r, const struct node *node, size_t at, unsigned depth)
{
	auto_free char *script = xstrdup(r->out->v[at].found);
	auto_free char *command = NULL;
	struct hashbang line;
	const char *base;

	/* The kernel only runs the interpreter, which has to open the script itself. */
	if (!node_readable_by(node, r->user)) {
		r->out->v[at].problem = xasprintf(
			"a script that uid %u may execute, but its interpreter may not read "
			"(mode %04o, owner %u:%u)",
			r->user->uid, (unsigned)node->mode & 07777, node->uid, node->gid);
		return;
	}
	if (depth >= MAX_INTERPRETERS || !hashbang_read(node, &line)) {
		r->out->v[at].problem = xstrdup(
			depth >= MAX_INTERPRETERS ? "its interpreters are scripts, too many of them"
						  : "its '#!' line names no interpreter");
		return;
	}
	find_and_follow(
		r, xasprintf("interpreter of /%s", script), line.interpreter, false, depth + 1);
	base = strrchr(line.interpreter, '/');
	if (str_eq(base ? base + 1 : line.interpreter, "env")) {
		command = env_command(line.argument);
	}
	if (command) {
		find_and_follow(
			r, xasprintf("interpreter of /%s", script), command, true, depth + 1);
	}
}

/* Go on from the file of step number at, which may be executed. */
static void follow(const struct resolver *r, const struct node *node, size_t at, unsigned depth)
{
	if (node_elf(node)) {
		follow_elf(r, node, at);
	} else if (node_text_len(node) >= 2 && memcmp(node_text(node), "#!", 2) == 0) {
		follow_script(r, node, at, depth);
	} else if (node_text(node) || tree_texts_dropped(r->tree) == 0) {
		r->out->v[at].problem =
			xstrdup("is neither an ELF program nor a script with a '#!' line");
	} else {
		/* Every executable script is kept (keep.h) as long as there is room. */
		r->out->v[at].unsure = true;
	}
}

/* ---- programs that only start another one ------------------------------------------------ */

static const struct shim {
	const char *name;
	const char *valued; /* letters of the options that take a value */
	unsigned operands; /* of its own, before the command */
} shims[] = {
	{"tini", "pe", 0},
	{"tini-static", "pe", 0},
	{"docker-init", "pe", 0},
	{"dumb-init", "r", 0},
	{"catatonit", "P", 0},
	{"gosu", "", 1},
	{"su-exec", "", 1},
	{"env", "uC", 0},
};

static const struct shim *find_shim(const char *command)
{
	const char *slash = strrchr(command, '/');

	for (size_t i = 0; i < ARRAY_SIZE(shims); i++) {
		if (str_eq(shims[i].name, slash ? slash + 1 : command)) {
			return &shims[i];
		}
	}
	return NULL;
}

/* Where the command stands that the shim at argv[at] runs; 0 when there is none, or it cannot be
 * told. */
static size_t started_by(const struct strv *argv, size_t at)
{
	const struct shim *shim = find_shim(argv->v[at]);
	bool env = shim && str_eq(shim->name, "env");
	/* Of dumb-init; others may take a value. */
	static const char *const plain[] = {"--single-child", "--verbose", NULL};

	if (!shim) {
		return 0;
	}
	for (at++; at < argv->n && argv->v[at][0] == '-'; at++) {
		const char *option = argv->v[at];

		if (str_eq(option, "--")) {
			at++;
			break;
		}
		if (option[1] == '-' ? !str_in(option, plain) : env && option[1] == 'S') {
			return 0;
		}
		/* "-p SIGTERM", but not "-pSIGTERM" */
		at += option[1] && !option[2] && strchr(shim->valued, option[1]);
	}
	for (; env && at < argv->n && strchr(argv->v[at], '='); at++) {
		if (str_starts(argv->v[at], "PATH=")) {
			return 0;
		}
	}
	at += shim->operands;
	return at < argv->n ? at : 0;
}

void program_resolve(const struct tree *tree, const struct strv *argv, const struct strv *env,
	const char *working_dir, const struct user *user, struct program *ret)
{
	size_t left = EFFORT;
	const struct resolver r = {tree, env, working_dir, user, ret, &left};
	size_t at = 0;

	*ret = (struct program){0};
	if (argv->n == 0 || !*argv->v[0]) {
		resolver_step(&r, xstrdup("command"), "")->problem = xstrdup("there is no command");
		return;
	}
	find_and_follow(&r, xstrdup("command"), argv->v[0], true, 0);
	for (size_t next; (next = started_by(argv, at)) > 0; at = next) {
		find_and_follow(
			&r, xasprintf("command of %s", argv->v[at]), argv->v[next], true, 0);
	}
}

void program_release(struct program *program)
{
	for (size_t i = 0; i < program->n; i++) {
		free(program->v[i].role);
		free(program->v[i].wanted);
		free(program->v[i].found);
		free(program->v[i].problem);
	}
	free(program->v);
	*program = (struct program){0};
}
