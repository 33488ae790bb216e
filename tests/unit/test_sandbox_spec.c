#include "base/cleanup.h"
#include "sandbox/caps.h"
#include "sandbox/spec.h"

#include <criterion/criterion.h>

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

Test(sandbox_seccomp, compiles_within_the_kernels_limit)
{
	struct sock_fprog p = {0};
	struct err err;

	cr_assert_eq(seccomp_filter(&p, &err), 0);
	cr_assert(p.len > 10 && p.len < 4096);
}
