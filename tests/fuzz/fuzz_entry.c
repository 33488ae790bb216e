/* What the entry of an image starts. Fields: a tree program up to an empty field, User, WorkingDir,
 * PATH, then argv. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "checks/entry_commands.h"
#include "checks/reach.h"
#include "image/oci.h"
#include "image/program.h"
#include "image/user.h"

#include <stdlib.h>
#include <string.h>

static void check_program(const struct program *program)
{
	MUST(program->n >= 1);
	for (size_t i = 0; i < program->n; i++) {
		const struct program_step *step = &program->v[i];

		MUST(step->role && step->wanted);
		MUST(step->found || step->problem || step->unsure);
	}
}

static void check_commands(const struct entry_commands *commands)
{
	MUST(commands->n <= 1000);
	for (size_t i = 0; i < commands->n; i++) {
		MUST(commands->v[i].argv.n >= 1 && commands->v[i].origin);
	}
	for (size_t i = 0; i < commands->scripts.n; i++) {
		MUST(node_text(commands->scripts.v[i]));
	}
}

static void check_reach(const struct reach *reach)
{
	MUST(reach->n <= 2000);
	for (size_t i = 0; i < reach->n; i++) {
		MUST(node_text(reach->v[i].node) && reach->v[i].path && reach->v[i].why);
		MUST(reach_has(reach, reach->v[i].node));
	}
}

static void config_read(struct fuzz_input *in, struct image_config *config)
{
	config->user = fuzz_field(in);
	config->working_dir = fuzz_field(in);
	strv_take(&config->env, fuzz_field(in));
	while (in->left) {
		strv_take(&config->entrypoint, fuzz_field(in));
	}
	if (!config->entrypoint.n) {
		strv_add(&config->entrypoint, "app");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	AUTO_PTR(tree) struct tree *tree = fuzz_tree(&in);
	struct image_config config = {0};
	struct program program = {0};
	struct entry_commands commands = {0};
	struct reach reach = {0};
	struct user user = {0};

	config_read(&in, &config);
	if (user_resolve_in(config.user, tree, &user, NULL)) {
		user = (struct user){.uid = 1000, .gid = 1000};
	}
	program_resolve(tree, &config.entrypoint, &config.env, config.working_dir, &user, &program);
	check_program(&program);
	entry_commands_find(tree, &config, NULL, &commands);
	check_commands(&commands);
	reach_find(tree, &config, &commands, &reach);
	check_reach(&reach);
	program_release(&program);
	reach_release(&reach);
	entry_commands_release(&commands);
	image_config_release(&config);
	return 0;
}
