#include "image/packages.h"

#include "fake_tree.h"

/* Sums worked out with md5sum(1), and openssl sha1 and sha256 -binary | base64. */
#define HELLO "hello\n"
#define HELLO_MD5 "b1946ac92492d2347c6235b4d2611184"
#define HELLO_SHA1 "9XLTlvrpIGYocU+yzgD3LpTyJY8="

static const char *owner_in(const struct fake *rows, const char *path)
{
	static char name[64];
	AUTO_PTR(tree) struct tree *tree = fake_tree(rows);
	AUTO_PTR(packages) struct packages *p = packages_read(tree);
	const char *owner = packages_owner(p, path);

	snprintf(name, sizeof(name), "%s", owner ? owner : "nobody");
	return name;
}

static const struct fake debian[] = {
	{.path = "bin", .link = "usr/bin"},
	{.path = "lib64", .link = "/usr/lib64"},
	{.path = "usr/lib64"},
	{.path = "usr/bin/bash", .file = true},
	{.path = "etc/nginx/nginx.conf", .file = true},
	{.path = "etc/nginx/with space", .file = true},
	{.path = "etc/nginx/new", .file = true},
	{.path = "usr/lib64/ld-linux-x86-64.so.2", .file = true},
	{.path = "etc/skel/.bashrc", .file = true},
	{.path = "etc/not/a/conffile", .file = true},
	{.path = "etc/tool.conf", .file = true},
	{.path = "etc/tool.old", .file = true},
	{.path = "etc/ssh/sshd_config", .file = true},
	{.path = "etc/ssh/moduli", .file = true},
	{.path = "etc/ssh/made.conf", .file = true},
	{.path = "etc/ssh/sentence", .file = true},
	{.path = "etc/ssh/glob", .file = true},
	{.path = "etc/ssh/prefixed", .file = true},
	{.path = "etc/ssh/braced", .file = true},
	{.path = "etc/php/php.ini", .file = true},
	{.path = "etc/ucf-only", .file = true},
	{.path = "etc/app.conf", .file = true},
	{.path = "usr/share/doc/libc6/x", .file = true},
	{.path = "usr/sbin/bash", .file = true},
	{.path = "var/lib/dpkg/status",
		.text = "Package: nginx-common\n"
			"Status: install ok installed\n"
			"Conffiles:\n"
			" /etc/nginx/nginx.conf " HELLO_MD5 "\n"
			" /etc/nginx/with space 00000000000000000000000000000000 obsolete\n"
			" /etc/nginx/new newconffile\n"
			"Description: small, powerful\n"
			" /etc/not/a/conffile " HELLO_MD5 "\n"
			"\n"
			"Package: gone\n"
			"Status: deinstall ok config-files\n"
			"\n"
			"Package: bash\n"
			"Status: install ok installed\n"},
	{.path = "var/lib/dpkg/info/bash.list",
		.text = "/.\n/bin\n/bin/bash\n/etc\n/etc/skel/.bashrc\n"},
	{.path = "var/lib/dpkg/info/libc6:amd64.list",
		.text = "/.\n/lib64/ld-linux-x86-64.so.2\n/usr/share/doc/libc6/x\n"},
	{.path = "var/lib/dpkg/info/libc6:amd64.md5sums",
		.text = HELLO_MD5 "  usr/share/doc/libc6/x\nnonsense\n" HELLO_MD5 " short\n"},
	/* Sums of conffiles are the status file's; what the list does not have is nobody's. */
	{.path = "var/lib/dpkg/info/nginx-common.list", .text = "/etc/nginx/nginx.conf\n"},
	{.path = "var/lib/dpkg/info/nginx-common.md5sums",
		.text = "00000000000000000000000000000000  etc/nginx/nginx.conf\n" HELLO_MD5
			"  etc/app.conf\n" HELLO_MD5 "  etc/skel/.bashrc\n"},
	{.path = "var/lib/dpkg/info/tool.conffiles",
		.text = "/etc/tool.conf\nremove-on-upgrade /etc/tool.old\n"},
	{.path = "var/lib/dpkg/info/ssh.postinst",
		.text = "#!/bin/sh\n"
			"cfg=/etc/ssh/sshd_config\n"
			"[ -e /etc/ssh/moduli ] || cp \"/usr/share/x\" '/etc/ssh/made.conf'.\n"
			"# it makes /etc/ssh/sentence.\n"
			"cp a $root/etc/ssh/prefixed /etc/ssh/glob* "
			"/etc/ssh/$name ${D}/etc/ssh/braced\n"
			"cat > /etc/skel/.bashrc\n"},
	{.path = "var/lib/ucf/registry", .text = "php-fpm    /etc/php/php.ini\n"},
	{.path = "var/lib/ucf/hashfile",
		.text = HELLO_MD5 "  /etc/php/php.ini\n" HELLO_MD5 "  /etc/ucf-only\n"},
	{0},
};

Test(image_packages, knows_what_dpkg_ships_and_makes)
{
	static const struct {
		const char *path;
		const char *owner;
	} rows[] = {
		{"bin/bash", "bash"},
		{"usr/bin/bash", "bash"},
		{"/bin/bash", "bash"},
		{"usr/lib64/ld-linux-x86-64.so.2", "libc6"},
		{"lib64/ld-linux-x86-64.so.2", "libc6"},
		/* not merged here */
		{"usr/sbin/bash", "nobody"},
		{"etc/skel/.bashrc", "bash"}, /* shipped wins over made */
		{"etc/nginx/nginx.conf", "nginx-common"},
		{"etc/nginx/with space", "nginx-common"},
		{"etc/not/a/conffile", "nobody"},
		{"etc/tool.conf", "tool"},
		{"etc/tool.old", "nobody"},
		{"etc/ssh/sshd_config", "ssh"},
		{"etc/ssh/moduli", "ssh"},
		{"etc/ssh/made.conf", "ssh"},
		{"etc/ssh/sentence", "ssh"},
		{"etc/ssh/glob", "nobody"},
		{"etc/ssh/", "nobody"},
		{"etc/ssh", "nobody"},
		{"etc/ssh/prefixed", "nobody"},
		{"etc/ssh/braced", "nobody"},
		{"etc/php/php.ini", "php-fpm"},
		{"etc/ucf-only", "ucf"},
		{"etc/app.conf", "nobody"},
		{"", "nobody"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_assert_str_eq(owner_in(debian, rows[i].path), rows[i].owner, "%s", rows[i].path);
	}
}

Test(image_packages, compares_content_with_what_was_shipped)
{
	static const struct {
		const char *path;
		const char *content;
		int pristine;
	} rows[] = {
		{"etc/nginx/nginx.conf", HELLO, 1},
		{"etc/nginx/nginx.conf", "hello", 0},
		{"etc/nginx/with space", "", 0},
		{"etc/nginx/new", HELLO, -1},
		{"usr/share/doc/libc6/x", HELLO, 1},
		{"usr/share/doc/libc6/x", "changed", 0},
		{"bin/bash", HELLO, -1},
		{"etc/php/php.ini", HELLO, 1},
		{"etc/app.conf", HELLO, -1},
		{"etc/skel/.bashrc", HELLO, -1},
	};
	AUTO_PTR(tree) struct tree *tree = fake_tree(debian);
	AUTO_PTR(packages) struct packages *p = packages_read(tree);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_assert_eq(packages_pristine(
				     p, rows[i].path, rows[i].content, strlen(rows[i].content)),
			rows[i].pristine, "%s", rows[i].path);
	}
	cr_assert_null(packages_owner(p, "etc/app.conf"), "only its sum is there");
	cr_assert_str_eq(packages_kind(p), "dpkg");
	cr_assert_eq(packages_count(p), 2, "the removed one does not count");
}

/* dpkg-divert(1): dash's /bin/sh goes to sh.distrib; "busy" diverts and has its own there. */
Test(image_packages, follows_diversions)
{
	static const struct fake rows[] = {
		{.path = "bin/sh", .file = true},
		{.path = "bin/sh.distrib", .file = true},
		{.path = "etc/x", .file = true},
		{.path = "etc/x.orig", .file = true},
		{.path = "var/lib/dpkg/diversions",
			.text = "/bin/sh\n/bin/sh.distrib\nbusy\n"
				"/etc/x\n/etc/x.orig\n:\n"},
		{.path = "var/lib/dpkg/info/dash.list", .text = "/bin/sh\n/etc/x\n"},
		{.path = "var/lib/dpkg/info/dash.md5sums", .text = HELLO_MD5 "  bin/sh\n"},
		{.path = "var/lib/dpkg/info/busy.list", .text = "/bin/sh\n"},
		{0},
	};
	AUTO_PTR(tree) struct tree *tree = fake_tree(rows);
	AUTO_PTR(packages) struct packages *p = packages_read(tree);

	cr_assert_str_eq(packages_owner(p, "bin/sh"), "busy");
	cr_assert_str_eq(packages_owner(p, "bin/sh.distrib"), "dash");
	cr_assert_eq(packages_pristine(p, "bin/sh.distrib", HELLO, 6), 1);
	cr_assert_eq(packages_pristine(p, "bin/sh", HELLO, 6), -1);
	cr_assert_str_eq(packages_owner(p, "etc/x.orig"), "dash");
	cr_assert_null(packages_owner(p, "etc/x"), "the administrator's own");
}

Test(image_packages, reads_distroless)
{
	static const struct fake rows[] = {
		{.path = "usr/lib/os-release", .file = true},
		{.path = "var/lib/dpkg/status.d/base",
			.text = "Package: base-files\nVersion: 12\nDescription: x\n"},
		{.path = "var/lib/dpkg/status.d/base.md5sums",
			.text = HELLO_MD5 "  usr/lib/os-release\n"},
		{.path = "var/lib/dpkg/status.d/tzdata", .text = "Package: tzdata\n"},
		{0},
	};
	AUTO_PTR(tree) struct tree *tree = fake_tree(rows);
	AUTO_PTR(packages) struct packages *p = packages_read(tree);

	cr_assert_eq(packages_count(p), 2);
	cr_assert_str_eq(packages_owner(p, "usr/lib/os-release"), "base");
	cr_assert_eq(packages_pristine(p, "usr/lib/os-release", HELLO, 6), 1);
}

static const struct fake alpine[] = {
	{.path = "rootfile", .file = true},
	{.path = "hosts", .file = true},
	{.path = "etc/hosts", .file = true},
	{.path = "etc/nosum", .file = true},
	{.path = "etc/apk/arch", .file = true},
	{.path = "stray/stray", .file = true},
	{.path = "lib/ld-musl-x86_64.so.1", .file = true},
	{.path = "lib/apk/db/installed",
		.text = "C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=\n"
			"P:alpine-baselayout\n"
			"V:3.4\n"
			"F:\n"
			"R:rootfile\n"
			"F:etc\n"
			"M:0:0:755\n"
			"R:hosts\n"
			"a:0:0:644\n"
			"Z:Q1" HELLO_SHA1 "\n"
			"R:nosum\n"
			"F:etc/apk\n"
			"R:arch\n"
			"Z:Q1short\n"
			"\n"
			"F:stray\n"
			"R:stray\n"
			"\n"
			"P:musl\n"
			"F:lib\n"
			"R:ld-musl-x86_64.so.1\n"
			"Z:Q2WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=\n"},
	{0},
};

Test(image_packages, reads_apk)
{
	AUTO_PTR(tree) struct tree *tree = fake_tree(alpine);
	AUTO_PTR(packages) struct packages *p = packages_read(tree);

	cr_assert_str_eq(packages_kind(p), "apk");
	cr_assert_eq(packages_count(p), 2);
	cr_assert_str_eq(packages_owner(p, "rootfile"), "alpine-baselayout");
	cr_assert_str_eq(packages_owner(p, "etc/hosts"), "alpine-baselayout");
	cr_assert_str_eq(packages_owner(p, "etc/apk/arch"), "alpine-baselayout");
	cr_assert_str_eq(packages_owner(p, "lib/ld-musl-x86_64.so.1"), "musl");
	cr_assert_null(packages_owner(p, "stray/stray"));
	cr_assert_null(packages_owner(p, "hosts"));
	cr_assert_eq(packages_pristine(p, "etc/hosts", HELLO, 6), 1);
	cr_assert_eq(packages_pristine(p, "etc/hosts", "x", 1), 0);
	cr_assert_eq(packages_pristine(p, "etc/nosum", HELLO, 6), -1);
	cr_assert_eq(packages_pristine(p, "etc/apk/arch", HELLO, 6), -1);
	cr_assert_eq(packages_pristine(p, "lib/ld-musl-x86_64.so.1", HELLO, 6), 1);
}

Test(image_packages, does_without_any)
{
	static const struct fake rows[] = {{.path = "etc/x", .text = ""}, {0}};
	AUTO_PTR(tree) struct tree *tree = fake_tree(rows);
	AUTO_PTR(packages) struct packages *p = packages_read(tree);

	cr_assert_str_eq(packages_kind(p), "");
	cr_assert_eq(packages_count(p), 0);
	cr_assert_null(packages_owner(p, "etc/x"));
	cr_assert_null(packages_owner(NULL, "etc/x"));
	cr_assert_eq(packages_pristine(p, "etc/x", "", 0), -1);
}

/* The shape of every file may be anything; nothing is to be read outside of it. */
Test(image_packages, survives_every_cut)
{
	const struct fake *apk = &alpine[ARRAY_SIZE(alpine) - 2];

	for (const struct fake *row = debian; row->path; row++) {
		for (size_t len = 0; row->text && len < strlen(row->text); len++) {
			auto_free char *text = xstrndup(row->text, len);
			struct fake rows[] = {*row, {0}};

			rows[0].text = text;
			cr_assert_str_eq(owner_in(rows, "no/such/file"), "nobody");
		}
	}
	for (size_t len = 0; len < strlen(apk->text); len++) {
		auto_free char *text = xstrndup(apk->text, len);
		struct fake rows[] = {*apk, {0}};

		rows[0].text = text;
		cr_assert_str_eq(owner_in(rows, "no/such/file"), "nobody");
	}
}

/* Lines of a list, and the files they name but for every third. */
Test(image_packages, holds_many_paths)
{
	static char paths[30000][32];
	static struct fake rows[20002];
	AUTO(buf) struct buf list;
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO_PTR(packages) struct packages *p = NULL;
	size_t n = 0;

	buf_init(&list, 64 << 20);
	for (int i = 0; i < 30000; i++) {
		snprintf(paths[i], sizeof(paths[i]), "usr/share/d%d/f%d", i % 97, i);
		cr_assert_eq(buf_addf(&list, NULL, "/%s\n", paths[i]), 0);
		if (i % 3) {
			rows[n++] = (struct fake){.path = paths[i], .file = true};
		}
	}
	rows[n] = (struct fake){.path = "var/lib/dpkg/info/big.list", .text = list.data};
	tree = fake_tree(rows);
	p = packages_read(tree);
	for (int i = 0; i < 30000; i++) {
		const char *owner = packages_owner(p, paths[i]);

		cr_assert_eq(owner && str_eq(owner, "big"), i % 3 > 0, "%s", paths[i]);
	}
	cr_assert_null(packages_owner(p, "usr/share/d1/f0"));
}

/* A link is followed where merged systems have one, and nowhere else. */
Test(image_packages, follows_the_links_of_merged_systems)
{
	static const struct fake rows[] = {
		{.path = "sbin", .link = "usr/sbin"},
		{.path = "usr/sbin/a", .file = true},
		{.path = "opt/app", .link = "/usr/sbin"},
		{.path = "lib", .link = "lib"},
		{.path = "var/lib/dpkg/info/x.list",
			.text = "/sbin\n/sbin/a\n/lib/b\n/./opt//app/a/\n/usr/sbin/../sbin/a\n"},
		{.path = "var/lib/dpkg/info/y.list", .text = "/opt/app/a\n/usr/sbin/a\n"},
		{0},
	};
	AUTO_PTR(tree) struct tree *tree = fake_tree(rows);
	AUTO_PTR(packages) struct packages *p = packages_read(tree);

	cr_assert_str_eq(packages_owner(p, "usr/sbin/a"), "x");
	cr_assert_str_eq(packages_owner(p, "sbin"), "x", "the link itself");
	cr_assert_null(packages_owner(p, "usr/sbin"));
}

/* Each path is found from where the one before ends: up, down, beside, by a link of a merged system,
 * and with names that only begin alike. Two packages list the same in other orders. */
Test(image_packages, paths_in_any_order)
{
	static const char *const paths[] = {"usr/lib/a/b/c/1", "usr/lib/a/b/2", "usr/lib/a/bc/3",
		"usr/lib/a/b/c/d/4", "usr/lib/5", "usr/6", "7", "usr/lib/a/b/c/8", "etc/a/b/9"};
	static const struct fake rows[] = {
		{.path = "usr/lib/a/b/c/1", .file = true},
		{.path = "usr/lib/a/b/2", .file = true},
		{.path = "usr/lib/a/bc/3", .file = true},
		{.path = "usr/lib/a/b/c/d/4", .file = true},
		{.path = "usr/lib/5", .file = true},
		{.path = "usr/6", .file = true},
		{.path = "7", .file = true},
		{.path = "usr/lib/a/b/c/8", .file = true},
		{.path = "etc/a/b/9", .file = true},
		{.path = "a/b/c/1", .file = true},
		{.path = "lib", .link = "usr/lib"},
		{.path = "bin", .link = "/"},
		{.path = "var/lib/dpkg/info/x.list",
			.text = "/usr/lib/a/b/c/1\n/lib/a/b/2\n/usr/lib/a/bc/3\n"
				"/lib/a/b/c/d/4\n/lib/5\n/usr/6\n/7\n/lib//a/./b/c/8\n/etc/a/b/9\n"},
		{.path = "var/lib/dpkg/info/y.list",
			.text = "/bin/a/b/c/1\n/bin/lib/a/b/2\n/lib/a/b/c/d/4\n/lib/a/b/c/1\n"},
		{0},
	};
	AUTO_PTR(tree) struct tree *tree = fake_tree(rows);
	AUTO_PTR(packages) struct packages *p = packages_read(tree);

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const char *owner = packages_owner(p, paths[i]);

		cr_expect(owner && strcmp(owner, "x") == 0, "%s", paths[i]);
	}
	cr_expect_null(packages_owner(p, "a/b/c/1"), "a link to the root is none of these");
	cr_expect_null(packages_owner(p, "usr/lib/a"));
}
