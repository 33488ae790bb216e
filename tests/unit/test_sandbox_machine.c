/* What doctor advises on other systems: their files, as a machine of each kind has them. */
#include "sandbox/machine.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLONE_SWITCH "proc/sys/kernel/unprivileged_userns_clone"
#define APPARMOR_SWITCH "proc/sys/kernel/apparmor_restrict_unprivileged_userns"
#define MOST "proc/sys/user/max_user_namespaces"
#define SELINUX "sys/fs/selinux/enforce"

static const char debian[] = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\n"
			     "VERSION_CODENAME=bookworm\nID=debian\n";
static const char jammy[] = "PRETTY_NAME=\"Ubuntu 22.04.5 LTS\"\nID=ubuntu\nID_LIKE=debian\n";
static const char noble[] = "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\nID=ubuntu\nID_LIKE=debian\n";
static const char rhel[] = "NAME=\"Red Hat Enterprise Linux\"\nID=\"rhel\"\nID_LIKE=\"fedora\"\n"
			   "PRETTY_NAME=\"Red Hat Enterprise Linux 9.4 (Plow)\"\n";
static const char fedora[] = "ID=fedora\nPRETTY_NAME=\"Fedora Linux 41 (Server Edition)\"\n";
static const char alpine[] = "ID=alpine\nPRETTY_NAME=\"Alpine Linux v3.20\"\n";

struct file {
	const char *path;
	const char *text;
};

struct row {
	struct file files[6]; /* beside those that every machine has */
	const char *environment[4];
	bool container; /* a PID namespace that is not the first */
	bool chroot; /* "/" is no mount point */
	bool ordinary;
	const char *described;
	const char *userns; /* the remedy after EPERM */
	const char *mount;
	const char *newuidmap; /* how it is installed */
	const char *advice; /* the beginning */
};

#define AS_ROOT "run assay as root, or in a virtual machine"
#define DOCKER "docker run --privileged -v /var/lib/assay ..."
#define PODMAN "podman run --privileged -v /var/lib/assay ..."
#define POD "securityContext: {privileged: true} and an emptyDir at /var/lib/assay"
#define ABOVE "what is said above lets it run"

static const struct row rows[] = {
	{{{"etc/os-release", debian}, {CLONE_SWITCH, "1\n"}, {MOST, "127253\n"}}, .ordinary = true,
		.described = "Debian GNU/Linux 12 (bookworm)", .userns = AS_ROOT, .mount = AS_ROOT,
		.newuidmap = "sudo apt-get install uidmap", .advice = ABOVE},
	{{{"etc/os-release", debian}, {CLONE_SWITCH, "0\n"}, {MOST, "127253\n"}}, .ordinary = true,
		.described = "Debian GNU/Linux 12 (bookworm)",
		.userns = "sudo sysctl -w kernel.unprivileged_userns_clone=1", .mount = AS_ROOT,
		.newuidmap = "sudo apt-get install uidmap", .advice = ABOVE},
	/* the switch does not stop root */
	{{{"etc/os-release", debian}, {CLONE_SWITCH, "0\n"}},
		.described = "Debian GNU/Linux 12 (bookworm)",
		.userns = "run assay outside of what confines it here, or in a virtual machine",
		.mount = AS_ROOT, .newuidmap = "apt-get install uidmap", .advice = ABOVE},
	{{{"etc/os-release", jammy}, {CLONE_SWITCH, "1\n"}, {APPARMOR_SWITCH, "0\n"}},
		.ordinary = true, .described = "Ubuntu 22.04.5 LTS", .userns = AS_ROOT,
		.mount = AS_ROOT, .newuidmap = "sudo apt-get install uidmap", .advice = ABOVE},
	{{{"etc/os-release", noble}, {CLONE_SWITCH, "1\n"}, {APPARMOR_SWITCH, "1\n"}},
		.ordinary = true, .described = "Ubuntu 24.04.1 LTS",
		.userns = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
		.mount = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
		.newuidmap = "sudo apt-get install uidmap", .advice = ABOVE},
	{{{"etc/os-release", rhel}, {MOST, "63124\n"}, {SELINUX, "1"}}, .ordinary = true,
		.described = "Red Hat Enterprise Linux 9.4 (Plow), SELinux is enforcing",
		.userns = AS_ROOT,
		.mount = "sudo ausearch -m avc -ts recent: what SELinux has denied",
		.newuidmap = "sudo dnf install shadow-utils", .advice = ABOVE},
	/* hardened as its guides say, which stops root, too */
	{{{"etc/os-release", rhel}, {MOST, "0\n"}, {SELINUX, "0"}},
		.described = "Red Hat Enterprise Linux 9.4 (Plow)",
		.userns = "sysctl -w user.max_user_namespaces=65536", .mount = AS_ROOT,
		.newuidmap = "dnf install shadow-utils", .advice = ABOVE},
	{{{"etc/os-release", fedora}, {MOST, "61000\n"}, {SELINUX, "0"}}, .ordinary = true,
		.described = "Fedora Linux 41 (Server Edition)", .userns = AS_ROOT,
		.mount = AS_ROOT, .newuidmap = "sudo dnf install shadow-utils", .advice = ABOVE},
	/* in a container the machine's switches are seen, and are not the obstacle */
	{{{"etc/os-release", debian}, {".dockerenv", ""}, {APPARMOR_SWITCH, "1\n"}},
		.container = true,
		.described = "Debian GNU/Linux 12 (bookworm), in a Docker container",
		.userns = DOCKER, .mount = DOCKER, .newuidmap = "apt-get install uidmap",
		.advice = "here: " DOCKER},
	/* the same files on a machine whose root file system was made from an image */
	{{{"etc/os-release", debian}, {".dockerenv", ""}, {CLONE_SWITCH, "0\n"}}, .ordinary = true,
		.described = "Debian GNU/Linux 12 (bookworm)",
		.userns = "sudo sysctl -w kernel.unprivileged_userns_clone=1", .mount = AS_ROOT,
		.newuidmap = "sudo apt-get install uidmap", .advice = ABOVE},
	{{{"etc/os-release", alpine}, {"run/.containerenv", ""}}, {"container=podman"},
		.container = true, .described = "Alpine Linux v3.20, in a podman container",
		.userns = PODMAN, .mount = PODMAN, .newuidmap = "apk add shadow-uidmap",
		.advice = "here: " PODMAN},
	{{{"etc/os-release", fedora}, {"run/.containerenv", ""}, {SELINUX, "1"}},
		{"container=podman"}, .container = true,
		.described = "Fedora Linux 41 (Server Edition), in a podman container, SELinux is "
			     "enforcing",
		.userns = PODMAN,
		.mount = PODMAN " (or, for SELinux alone: --security-opt label=disable)",
		.newuidmap = "dnf install shadow-utils", .advice = "here: " PODMAN},
	{{{"etc/os-release", debian}, {".dockerenv", ""}}, {"KUBERNETES_SERVICE_HOST=10.0.0.1"},
		.container = true,
		.described = "Debian GNU/Linux 12 (bookworm), in a Kubernetes pod", .userns = POD,
		.mount = POD, .newuidmap = "apt-get install uidmap", .advice = "here: " POD},
	{{{"etc/os-release", jammy}}, {"container=lxc"}, .container = true,
		.described = "Ubuntu 22.04.5 LTS, in an LXC container",
		.userns = "lxc config set CONTAINER security.nesting true",
		.mount = "lxc config set CONTAINER security.nesting true",
		.newuidmap = "apt-get install uidmap", .advice = "here: lxc config"},
	/* GitHub: the hosted runner, and a job with `container:` */
	{{{"etc/os-release", noble}, {CLONE_SWITCH, "1\n"}, {APPARMOR_SWITCH, "1\n"}},
		{"CI=true", "GITHUB_ACTIONS=true"}, .ordinary = true,
		.described = "Ubuntu 24.04.1 LTS, GitHub Actions",
		.userns = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
		.mount = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
		.newuidmap = "sudo apt-get install uidmap",
		.advice = "this runner is a virtual machine: the dynamic stage runs in it as root"},
	{{{"etc/os-release", debian}, {".dockerenv", ""}}, {"CI=true", "GITHUB_ACTIONS=true"},
		.container = true,
		.described =
			"Debian GNU/Linux 12 (bookworm), in a Docker container, GitHub Actions",
		.userns = DOCKER, .mount = DOCKER, .newuidmap = "apt-get install uidmap",
		.advice = "a job with `container:` is confined"},
	{{{"etc/os-release", debian}, {".dockerenv", ""}}, {"CI=true", "GITLAB_CI=true"},
		.container = true,
		.described = "Debian GNU/Linux 12 (bookworm), in a Docker container, GitLab CI",
		.userns = DOCKER, .mount = DOCKER, .newuidmap = "apt-get install uidmap",
		.advice = "the runner's config.toml needs privileged = true"},
	{{{"etc/os-release", debian}, {CLONE_SWITCH, "0\n"}}, .chroot = true, .ordinary = true,
		.described = "Debian GNU/Linux 12 (bookworm), in a chroot",
		.userns = "run assay outside of the chroot",
		.mount = "run assay outside of the chroot",
		.newuidmap = "sudo apt-get install uidmap",
		.advice = "here: run assay outside of the chroot"},
	/* a chroot without /proc: nothing is known */
	{{{NULL, NULL}}, .ordinary = true, .described = "Linux",
		.userns = "sudo mount -t proc proc /proc", .mount = AS_ROOT,
		.newuidmap = "sudo apt-get install uidmap", .advice = ABOVE},
};

static void write_file(const char *root, const char *path, const char *text)
{
	auto_free char *full = xasprintf("%s/%s", root, path);
	auto_free char *dir = xstrdup(full);
	struct err err;

	*strrchr(dir, '/') = '\0';
	cr_assert_eq(dir_make(dir, 0755, &err), 0, "%s", err.msg);
	cr_assert_eq(file_write(AT_FDCWD, full, text, strlen(text), &err), 0, "%s", err.msg);
}

/* What stands in every /proc. */
static void write_proc(const char *root, const struct row *row)
{
	auto_free char *ns = xasprintf("%s/proc/self/ns/pid", root);

	write_file(root, "proc/self/ns/x", "");
	cr_assert_eq(symlink(row->container ? "pid:[4026532187]" : "pid:[4026531836]", ns), 0);
	write_file(root, "proc/self/mountinfo",
		row->chroot ? "40 22 0:36 / /proc rw - proc proc rw\n"
			    : "22 1 252:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
			      "40 22 0:36 / /proc rw - proc proc rw\n");
}

static void check_row(const struct row *row, const struct machine *m)
{
	char text[256];

	machine_describe(m, text, sizeof(text));
	cr_expect_str_eq(text, row->described);
	machine_userns_remedy(m, EPERM, text, sizeof(text));
	cr_expect_str_eq(text, row->userns, "%s: %s", row->described, text);
	machine_mount_remedy(m, text, sizeof(text));
	cr_expect_str_eq(text, row->mount, "%s: %s", row->described, text);
	machine_install_remedy(m, "newuidmap", text, sizeof(text));
	cr_expect_str_eq(text, row->newuidmap, "%s: %s", row->described, text);
	machine_advice(m, text, sizeof(text));
	cr_expect(str_starts(text, row->advice), "%s: %s", row->described, text);
	cr_expect_lt(strlen(text), sizeof(text) - 1, "%s: cut", row->described);
}

Test(sandbox_machine, remedies_by_the_files_of_a_system)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		char root[] = "/tmp/assay-machine-XXXXXX";
		struct machine m;

		cr_assert(mkdtemp(root));
		if (row->files[0].path) {
			write_proc(root, row);
		}
		for (const struct file *f = row->files; f->path; f++) {
			write_file(root, f->path, f->text);
		}
		machine_read(root, row->environment, &m);
		m.ordinary = row->ordinary;
		check_row(row, &m);
		cr_assert_eq(dir_remove(AT_FDCWD, root, NULL), 0);
	}
}

/* Whatever the switches say. */
Test(sandbox_machine, remedies_by_the_error)
{
	struct machine m = {.ordinary = true, .userns_restricted = true};
	char text[256];

	machine_userns_remedy(&m, ENOSPC, text, sizeof(text));
	cr_expect_str_eq(text, "sudo sysctl -w user.max_user_namespaces=65536");
	machine_userns_remedy(&m, EINVAL, text, sizeof(text));
	cr_expect_str_eq(text, "use a kernel with CONFIG_USER_NS");
	machine_install_remedy(&m, "skopeo", text, sizeof(text));
	cr_expect_str_eq(text, "sudo apt-get install skopeo");
}
