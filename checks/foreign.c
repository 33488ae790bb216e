#include "checks/foreign.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <ctype.h>
#include <elf.h>

#define EM_INTELGT_ 205 /* newer than the elf.h of some distributions */

bool elf_is_x86(const struct elf *elf)
{
	return elf->machine == EM_X86_64 || elf->machine == EM_386;
}

/* Names of processors as package managers and compilers write them. */
static const char *const processors[] = {"aarch64", "arm64", "arm", "armel", "armhf", "armv5",
	"armv6", "armv6l", "armv7", "armv7a", "armv7l", "armv8", "ppc", "ppc64", "ppc64el",
	"ppc64le", "powerpc", "powerpc64", "powerpc64le", "s390", "s390x", "riscv32", "riscv64",
	"riscv64gc", "mips", "mipsel", "mips64", "mips64el", "loong64", "loongarch64", "ia64",
	"sparc", "sparc64", "alpha", "hppa", "m68k", "sh4"};

static bool word_is_processor(const char *s, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(processors); i++) {
		if (strlen(processors[i]) == len && strncasecmp(processors[i], s, len) == 0) {
			return true;
		}
	}
	return false;
}

/* "linux-arm64", "cp311-manylinux_aarch64", "x.cpython-311-aarch64-linux-gnu.so" */
static bool names_processor(const char *path)
{
	while (*path) {
		size_t len = 0;

		while (isalnum((unsigned char)path[len])) {
			len++;
		}
		if (word_is_processor(path, len)) {
			return true;
		}
		path += len > 0 ? len : 1;
	}
	return false;
}

/* The component behind prefix is a GNU triplet of another processor: "aarch64-linux-gnu". */
static bool is_cross_dir(const char *path, const char *prefix)
{
	const char *name = path + strlen(prefix);

	return str_starts(path, prefix) && strchr(name, '/') && name[strcspn(name, "-/")] == '-' &&
	       (word_is_processor(name, strcspn(name, "-/")) ||
		       (str_starts(name, "arm") && strcspn(name, "-/") < 8));
}

static bool has_component(const char *path, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strstr(path, name); at; at = strstr(at + 1, name)) {
		if ((at == path || at[-1] == '/') && at[len] == '/') {
			return true;
		}
	}
	return false;
}

static bool in_language_package(const char *path)
{
	static const char *const dirs[] = {"node_modules", "site-packages", "dist-packages", "gems",
		"vendor", "bundle", ".cargo", ".m2", ".gradle", ".nuget", "pnpm-store"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (has_component(path, dirs[i])) {
			return true;
		}
	}
	return false;
}

static bool is_library(const char *name)
{
	const char *so = strstr(name, ".so");

	return (so && (so[3] == 0 || so[3] == '.')) || str_ends(name, ".node");
}

static const char *excuse_of_kind(const struct elf *elf)
{
	static const struct {
		uint16_t machine;
		const char *why;
	} devices[] = {
		{EM_BPF, "eBPF object"},
		{EM_CUDA, "code for a graphics processor"},
		{EM_AMDGPU, "code for a graphics processor"},
		{EM_INTELGT_, "code for a graphics processor"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		if (elf->machine == devices[i].machine) {
			return devices[i].why;
		}
	}
	return elf->type == ET_REL ? "object file" : elf->type == ET_CORE ? "core dump" : NULL;
}

static const char *excuse_of_place(const char *path)
{
	static const struct {
		const char *prefix;
		const char *why;
	} places[] = {
		{"usr/lib/debug/", "debug symbols"},
		{"lib/firmware/", "firmware"},
		{"usr/lib/firmware/", "firmware"},
		{"usr/share/qemu/", "firmware for an emulator"},
		{"usr/lib/gcc-cross/", "part of a cross compiler"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (str_starts(path, places[i].prefix)) {
			return places[i].why;
		}
	}
	if (is_cross_dir(path, "usr/") || is_cross_dir(path, "usr/local/")) {
		return "target file of a cross compiler";
	}
	if (is_cross_dir(path, "usr/lib/") || is_cross_dir(path, "lib/")) {
		return is_library(path) ? "library in another architecture's directory" : NULL;
	}
	return NULL;
}

static const char *excuse_of_package(const char *path)
{
	const char *runtimes = strstr(path, "runtimes/");

	if (has_component(path, "testdata")) {
		return "test data";
	}
	if (strstr(path, "go/pkg/")) {
		return "file of the Go module cache or tool chain";
	}
	if (in_language_package(path) &&
		(has_component(path, "prebuilds") || names_processor(path))) {
		return "file of a language package for another platform";
	}
	/* NuGet's layout: runtimes/linux-arm64/native/libx.so */
	if (runtimes && names_processor(runtimes) && has_component(runtimes, "native")) {
		return "file of a language package for another platform";
	}
	return NULL;
}

const char *foreign_excuse(const char *path, const struct node *node)
{
	const char *why = excuse_of_kind(node_elf(node));

	why = why ? why : excuse_of_place(path);
	why = why ? why : excuse_of_package(path);
	if (!why && !(node->mode & 0111) && !is_library(node->name)) {
		why = "neither executable nor a library";
	}
	return why;
}
