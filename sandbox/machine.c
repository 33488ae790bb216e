#include "sandbox/machine.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX (1024 * 1024)

/* A file's text, "" when there is none. */
static void read_text(int root, const char *path, struct buf *ret)
{
	buf_init(ret, FILE_MAX);
	if (root < 0 || file_read(root, path, ret, NULL)) {
		buf_clear(ret);
	}
}

static bool says(int root, const char *path, const char *value)
{
	AUTO(buf) struct buf text;

	read_text(root, path, &text);
	return str_starts(buf_str(&text), value);
}

static const char *lookup(const char *const *environment, const char *name)
{
	size_t len = strlen(name);

	for (; environment && *environment; environment++) {
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=') {
			return *environment + len + 1;
		}
	}
	return NULL;
}

/* A value of os-release(5), without its quotes. */
static void release_value(const char *text, const char *name, char *to, size_t size)
{
	size_t len = strlen(name);

	to[0] = '\0';
	while (text && !(strncmp(text, name, len) == 0 && text[len] == '=')) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	if (text) {
		text += len + 1;
		text += *text == '"';
		snprintf(to, size, "%.*s", (int)strcspn(text, "\"\n"), text);
	}
}

static void read_release(int root, struct machine *ret)
{
	static const struct {
		const char *family;
		enum machine_packages packages;
	} families[] = {
		{"debian", PACKAGES_APT},
		{"ubuntu", PACKAGES_APT},
		{"rhel", PACKAGES_DNF},
		{"fedora", PACKAGES_DNF},
		{"suse", PACKAGES_ZYPPER},
		{"alpine", PACKAGES_APK},
		{"arch", PACKAGES_PACMAN},
	};
	AUTO(buf) struct buf text;
	char id[64], like[64];

	read_text(root, "etc/os-release", &text);
	release_value(buf_str(&text), "PRETTY_NAME", ret->system, sizeof(ret->system));
	release_value(buf_str(&text), "ID", id, sizeof(id));
	release_value(buf_str(&text), "ID_LIKE", like, sizeof(like));
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (strstr(id, families[i].family) || strstr(like, families[i].family)) {
			ret->packages = families[i].packages;
			return;
		}
	}
}

/* In a chroot no mount point is "/": the file system that it lies on begins outside. */
static bool is_chroot(int root)
{
	AUTO(buf) struct buf text;
	bool found = false;

	read_text(root, "proc/self/mountinfo", &text);
	for (const char *at = buf_str(&text); *at; at += *at == '\n') {
		const char *field = at;

		for (int i = 0; i < 4; i++) {
			field += strcspn(field, " \n");
			field += *field == ' ';
		}
		found = found || strncmp(field, "/ ", 2) == 0;
		at += strcspn(at, "\n");
	}
	return text.len && !found;
}

/* The number of the first namespace of all is fixed (PROC_PID_INIT_INO). Who is in it is in no
 * container, whatever was left behind in a root file system that was made from one. */
static bool is_first_namespace(int root)
{
	static const char first[] = "pid:[4026531836]";
	char link[sizeof(first)];
	ssize_t n = readlinkat(root, "proc/self/ns/pid", link, sizeof(link));

	return n == (ssize_t)sizeof(first) - 1 && memcmp(link, first, sizeof(first) - 1) == 0;
}

static enum machine_place find_place(int root, const char *const *environment)
{
	static const struct {
		const char *file; /* that is there */
		const char *name; /* a variable that is set, to value unless that is NULL */
		const char *value;
		enum machine_place place;
	} signs[] = {
		{NULL, "KUBERNETES_SERVICE_HOST", NULL, PLACE_KUBERNETES},
		{".dockerenv", NULL, NULL, PLACE_DOCKER},
		{"run/.containerenv", NULL, NULL, PLACE_PODMAN},
		{NULL, "container", "podman", PLACE_PODMAN},
		{NULL, "container", "docker", PLACE_DOCKER},
		{NULL, "container", "lxc", PLACE_LXC},
		{NULL, "container", NULL, PLACE_CONTAINER},
		{"run/systemd/container", NULL, NULL, PLACE_CONTAINER},
	};

	for (size_t i = 0; i < ARRAY_SIZE(signs) && !is_first_namespace(root); i++) {
		const char *set = signs[i].name ? lookup(environment, signs[i].name) : NULL;

		if (signs[i].file ? root >= 0 && faccessat(root, signs[i].file, F_OK, 0) == 0
				  : set && (!signs[i].value || str_eq(set, signs[i].value))) {
			return signs[i].place;
		}
	}
	return is_chroot(root) ? PLACE_CHROOT : PLACE_MACHINE;
}

static const char *find_ci(const char *const *environment)
{
	static const char *const systems[][2] = {
		{"GITHUB_ACTIONS", "GitHub Actions"},
		{"GITLAB_CI", "GitLab CI"},
		{"CIRCLECI", "CircleCI"},
		{"BUILDKITE", "Buildkite"},
		{"TF_BUILD", "Azure Pipelines"},
		{"JENKINS_URL", "Jenkins"},
		{"CI", "a CI job"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		if (lookup(environment, systems[i][0])) {
			return systems[i][1];
		}
	}
	return NULL;
}

void machine_read(const char *root, const char *const *environment, struct machine *ret)
{
	auto_fd int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*ret = (struct machine){.ordinary = geteuid() != 0};
	read_release(at, ret);
	ret->place = find_place(at, environment);
	ret->ci = find_ci(environment);
	ret->no_proc = at >= 0 && faccessat(at, "proc/self", F_OK, AT_SYMLINK_NOFOLLOW) != 0;
	ret->selinux = says(at, "sys/fs/selinux/enforce", "1");
	ret->userns_off = says(at, "proc/sys/kernel/unprivileged_userns_clone", "0");
	ret->userns_restricted =
		says(at, "proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1");
	ret->userns_none = says(at, "proc/sys/user/max_user_namespaces", "0");
}

static const char *const places[] = {
	[PLACE_MACHINE] = "",
	[PLACE_DOCKER] = "in a Docker container",
	[PLACE_PODMAN] = "in a podman container",
	[PLACE_KUBERNETES] = "in a Kubernetes pod",
	[PLACE_LXC] = "in an LXC container",
	[PLACE_CONTAINER] = "in a container",
	[PLACE_CHROOT] = "in a chroot",
};

void machine_describe(const struct machine *m, char *text, size_t size)
{
	const char *place = places[m->place];

	snprintf(text, size, "%s%s%s%s%s%s", m->system[0] ? m->system : "Linux",
		place[0] ? ", " : "", place, m->ci ? ", " : "", m->ci ? m->ci : "",
		m->selinux ? ", SELinux is enforcing" : "");
}

static const char *sudo(const struct machine *m)
{
	return m->ordinary ? "sudo " : "";
}

/* What lifts the walls of a container. Overlays do not stack, hence the volume. */
static const char *const privileged[] = {
	[PLACE_MACHINE] = "run assay as root, or in a virtual machine",
	[PLACE_DOCKER] = "docker run --privileged -v /var/lib/assay ...",
	[PLACE_PODMAN] = "podman run --privileged -v /var/lib/assay ...",
	[PLACE_KUBERNETES] =
		"securityContext: {privileged: true} and an emptyDir at /var/lib/assay",
	[PLACE_LXC] = "lxc config set CONTAINER security.nesting true",
	[PLACE_CONTAINER] = "run assay outside of the container, or in a privileged one",
	[PLACE_CHROOT] = "run assay outside of the chroot",
};

void machine_userns_remedy(const struct machine *m, int error, char *text, size_t size)
{
	if (error == EINVAL) {
		snprintf(text, size, "use a kernel with CONFIG_USER_NS");
	} else if (m->no_proc) {
		snprintf(text, size, "%smount -t proc proc /proc", sudo(m));
	} else if (m->place == PLACE_CHROOT) {
		snprintf(text, size, "%s", privileged[m->place]);
	} else if (m->userns_none || error == ENOSPC) {
		snprintf(text, size, "%ssysctl -w user.max_user_namespaces=65536", sudo(m));
	} else if (m->place != PLACE_MACHINE || !m->ordinary) {
		snprintf(text, size, "%s",
			m->place == PLACE_MACHINE
				? "run assay outside of what confines it here, or in a virtual machine"
				: privileged[m->place]);
	} else if (m->userns_off) {
		snprintf(text, size, "sudo sysctl -w kernel.unprivileged_userns_clone=1");
	} else if (m->userns_restricted) {
		snprintf(text, size,
			"sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
	} else {
		snprintf(text, size, "%s", privileged[PLACE_MACHINE]);
	}
}

void machine_mount_remedy(const struct machine *m, char *text, size_t size)
{
	if (m->selinux && m->place == PLACE_PODMAN) {
		snprintf(text, size, "%s (or, for SELinux alone: --security-opt label=disable)",
			privileged[m->place]);
	} else if (m->selinux && m->place == PLACE_MACHINE) {
		snprintf(text, size, "%sausearch -m avc -ts recent: what SELinux has denied",
			sudo(m));
	} else if (m->userns_restricted && m->ordinary && m->place == PLACE_MACHINE) {
		machine_userns_remedy(m, EPERM, text, size);
	} else {
		snprintf(text, size, "%s", privileged[m->place]);
	}
}

void machine_install_remedy(const struct machine *m, const char *program, char *text, size_t size)
{
	static const char *const installers[] = {
		[PACKAGES_APT] = "apt-get install",
		[PACKAGES_DNF] = "dnf install",
		[PACKAGES_ZYPPER] = "zypper install",
		[PACKAGES_APK] = "apk add",
		[PACKAGES_PACMAN] = "pacman -S",
	};
	/* newuidmap has a package of its own where passwd(5) is not of shadow-utils as a whole */
	static const char *const mappers[] = {
		[PACKAGES_APT] = "uidmap",
		[PACKAGES_DNF] = "shadow-utils",
		[PACKAGES_ZYPPER] = "shadow",
		[PACKAGES_APK] = "shadow-uidmap",
		[PACKAGES_PACMAN] = "shadow",
	};

	snprintf(text, size, "%s%s %s", sudo(m), installers[m->packages],
		str_eq(program, "newuidmap") ? mappers[m->packages] : program);
}

void machine_advice(const struct machine *m, char *text, size_t size)
{
	bool github = str_eq(m->ci, "GitHub Actions");

	if (github && m->place == PLACE_MACHINE) {
		snprintf(text, size,
			"this runner is a virtual machine: the dynamic stage runs in it as root (sudo "
			"assay ...), or after what is said above");
	} else if (github) {
		snprintf(text, size,
			"a job with `container:` is confined: leave that line away, or give it "
			"options: --privileged -v /var/lib/assay");
	} else if (str_eq(m->ci, "GitLab CI") && m->place != PLACE_MACHINE) {
		snprintf(text, size,
			"the runner's config.toml needs privileged = true and volumes = "
			"[\"/var/lib/assay\"] in [runners.docker], or a runner with the shell executor");
	} else if (m->place == PLACE_MACHINE) {
		snprintf(text, size, "what is said above lets it run");
	} else {
		snprintf(text, size, "here: %s", privileged[m->place]);
	}
}
