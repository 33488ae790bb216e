/*
 * machine.h - what a machine says of itself in its files and its environment: which system it is,
 * whether we are in a container, a chroot or a CI job, and which switches it has. From these follows
 * in words what to do about a thing that was refused; whether it is refused, others try (probe.h).
 *
 *	struct machine m;
 *	machine_read("/", environ, &m)
 *	machine_userns_remedy(&m, errno, text, sizeof(text))
 *
 * Reads below a directory, so that the files of other systems can be given. Thread-safe.
 */
#ifndef SANDBOX_MACHINE_H
#define SANDBOX_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

enum machine_place {
	PLACE_MACHINE, /* itself, or a virtual one */
	PLACE_DOCKER,
	PLACE_PODMAN,
	PLACE_KUBERNETES,
	PLACE_LXC,
	PLACE_CONTAINER, /* of another kind */
	PLACE_CHROOT,
};

enum machine_packages {
	PACKAGES_APT,
	PACKAGES_DNF,
	PACKAGES_ZYPPER,
	PACKAGES_APK,
	PACKAGES_PACMAN
};

struct machine {
	char system[64]; /* "Ubuntu 24.04.1 LTS", "" when it does not say */
	enum machine_packages packages;
	enum machine_place place;
	const char *ci; /* "GitHub Actions"; NULL: none that we know */
	bool ordinary; /* the caller is not root */
	bool no_proc; /* nothing is mounted at /proc */
	bool selinux; /* enforcing */
	bool userns_off; /* kernel.unprivileged_userns_clone=0: Debian */
	bool userns_restricted; /* kernel.apparmor_restrict_unprivileged_userns=1: Ubuntu */
	bool userns_none; /* user.max_user_namespaces=0: hardened RHEL */
};

void machine_read(const char *root, const char *const *environment, struct machine *ret);

/* "Ubuntu 24.04.1 LTS, in a Docker container, GitHub Actions, SELinux is enforcing" */
void machine_describe(const struct machine *m, char *text, size_t size);

/* One command (or the next best thing) that lets user namespaces be made, after error. */
void machine_userns_remedy(const struct machine *m, int error, char *text, size_t size);

/* The same for a mount inside a user namespace. */
void machine_mount_remedy(const struct machine *m, char *text, size_t size);

/* How to get a program: "newuidmap", "skopeo". */
void machine_install_remedy(const struct machine *m, const char *program, char *text, size_t size);

/* What can be done at such a place when the dynamic stage cannot run: a sentence. */
void machine_advice(const struct machine *m, char *text, size_t size);

#endif
