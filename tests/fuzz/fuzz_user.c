/* Fields: config.User, passwd, group. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "image/user.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *spec = fuzz_field(&in);
	auto_free char *passwd = in.left ? fuzz_field(&in) : NULL;
	auto_free char *group = in.left ? fuzz_field(&in) : NULL;
	struct user user;
	struct err err = {0};

	memset(&user, 0xff, sizeof(user));
	if (user_resolve(spec, passwd, group, &user, &err)) {
		MUST(err.code == ERR_MALFORMED);
		return 0;
	}
	MUST(memchr(user.name, 0, sizeof(user.name)) && memchr(user.home, 0, sizeof(user.home)));
	MUST(*user.home);
	MUST(user.n_groups <= 64);
	MUST(user.uid != UINT32_MAX && user.gid != UINT32_MAX);
	for (size_t i = 0; i < user.n_groups; i++) {
		MUST(user.groups[i] != UINT32_MAX);
	}
	return 0;
}
