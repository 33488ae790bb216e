#include "base/cleanup.h"
#include "sandbox/caps.h"
#include "sandbox/spec.h"

#include <criterion/criterion.h>
#include <linux/seccomp.h>

/* CapBnd of `docker run alpine`, as Docker's own documentation and issues show it. */
Test(sandbox_caps, default_set)
{
	cr_assert_eq(caps_default(), 0xa80425fbu);
	cr_assert_str_eq(caps_names(caps_default()),
		"cap_chown,cap_dac_override,cap_fowner,cap_fsetid,cap_kill,cap_setgid,cap_setuid,"
		"cap_setpcap,cap_net_bind_service,cap_net_raw,cap_sys_chroot,cap_mknod,"
		"cap_audit_write,cap_setfcap");
}

Test(sandbox_spec, search_path)
{
	AUTO(strv) struct strv env = {0};
	AUTO(strv) struct strv found = {0};

	strv_add(&env, "PATH=/a:/b/c::/d");
	spec_search_path(&env, "prog", &found);
	cr_assert_eq(found.n, 3);
	cr_assert_str_eq(found.v[0], "/a/prog");
	cr_assert_str_eq(found.v[1], "/b/c/prog");
	cr_assert_str_eq(found.v[2], "/d/prog");
}

Test(sandbox_spec, search_path_names_with_slash)
{
	AUTO(strv) struct strv env = {0};
	AUTO(strv) struct strv found = {0};

	strv_add(&env, "PATH=/a");
	spec_search_path(&env, "./prog", &found);
	cr_assert_eq(found.n, 1);
	cr_assert_str_eq(found.v[0], "./prog");
}

/* Docker's default when the image sets none. */
Test(sandbox_spec, search_path_without_path)
{
	AUTO(strv) struct strv env = {0};
	AUTO(strv) struct strv found = {0};

	spec_search_path(&env, "sh", &found);
	cr_assert_eq(found.n, 6);
	cr_assert_str_eq(found.v[0], "/usr/local/sbin/sh");
	cr_assert_str_eq(found.v[5], "/bin/sh");
}

/* How often the program returns this action, its data included. */
static unsigned returns(const struct sock_fprog *p, uint32_t action)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->len; i++) {
		n += BPF_CLASS(p->filter[i].code) == BPF_RET && p->filter[i].k == action;
	}
	return n;
}

/* Told or not, what is refused is EPERM (1) or ENOSYS (38), and no other errno is left in. */
Test(sandbox_seccomp, both_programs)
{
	struct sock_fprog silent = {0}, watched = {0};
	const struct sock_fprog *both[] = {&silent, &watched};
	unsigned told;
	struct err err;

	cr_assert_eq(seccomp_filter(false, &silent, &err), 0);
	cr_assert_eq(seccomp_filter(true, &watched, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		const struct sock_fprog *p = both[i];
		unsigned all = 0;

		cr_assert(p->len > 10 && p->len < 4096);
		for (unsigned k = 0; k < p->len; k++) {
			all += BPF_CLASS(p->filter[k].code) == BPF_RET;
		}
		/* the last: an architecture that is none of the three */
		cr_expect_eq(all, returns(p, SECCOMP_RET_USER_NOTIF) +
					  returns(p, SECCOMP_RET_ALLOW) +
					  returns(p, SECCOMP_RET_ERRNO | 1) +
					  returns(p, SECCOMP_RET_ERRNO | 38) +
					  returns(p, SECCOMP_RET_KILL_THREAD));
	}
	cr_expect_eq(returns(&silent, SECCOMP_RET_USER_NOTIF), 0);
	/* Each that is told would be EPERM, but for a listener of the product's own. */
	told = returns(&silent, SECCOMP_RET_ERRNO | 1) - returns(&watched, SECCOMP_RET_ERRNO | 1);
	cr_expect_gt(told, 1);
	cr_expect_eq(returns(&watched, SECCOMP_RET_USER_NOTIF), told + 1);
}
