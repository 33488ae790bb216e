/* Device nodes made or found, and terminals. */
#include "escape.h"

#include <linux/tiocl.h>
#include <linux/vt.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int use_node(const char *path, mode_t type, dev_t dev)
{
	int fd;

	(void)unlink(path);
	if (mknod(path, type | 0600, dev) < 0) {
		return refused();
	}
	fd = open(path, O_RDONLY | O_NONBLOCK);
	(void)unlink(path);
	if (fd < 0) {
		return refused();
	}
	close(fd);
	return GOT;
}

static int disk(void)
{
	unsigned major_id = 0;
	unsigned minor_id = 0;

	if (sscanf(bait("DISK"), "%u:%u", &major_id, &minor_id) != 2) {
		return -ENODEV;
	}
	return use_node("/escape-disk", S_IFBLK, makedev(major_id, minor_id));
}

static int disk_in_memory(void)
{
	unsigned major_id = 0;
	unsigned minor_id = 0;

	if (sscanf(bait("DISK"), "%u:%u", &major_id, &minor_id) != 2) {
		return -ENODEV;
	}
	return use_node("/dev/escape-disk", S_IFBLK, makedev(major_id, minor_id));
}

static int memory(void)
{
	return use_node("/escape-mem", S_IFCHR, makedev(1, 1));
}

static int port(void)
{
	return use_node("/escape-port", S_IFCHR, makedev(1, 4));
}

static int kernel_log(void)
{
	return use_node("/escape-kmsg", S_IFCHR, makedev(1, 11));
}

static int fuse(void)
{
	return use_node("/escape-fuse", S_IFCHR, makedev(10, 229));
}

static int tun(void)
{
	return use_node("/escape-tun", S_IFCHR, makedev(10, 200));
}

static int loop(void)
{
	return use_node("/escape-loop", S_IFCHR, makedev(10, 237));
}

static int kvm(void)
{
	return use_node("/escape-kvm", S_IFCHR, makedev(10, 232));
}

static int msr(void)
{
	return use_node("/escape-msr", S_IFCHR, makedev(202, 0));
}

static int tty_of_host(void)
{
	return use_node("/escape-tty", S_IFCHR, makedev(4, 1));
}

static int from_image(void)
{
	int fd = open(bait("NODE"), O_RDONLY | O_NONBLOCK);

	return fd < 0 ? refused() : GOT;
}

/* ESCAPE_TTY: a terminal of somebody else's session, by its path or, when it was handed to us, as
 * stdin. */
static int host_terminal(void)
{
	int fd = isatty(0) ? 0 : open(bait("TTY"), O_RDWR | O_NOCTTY);

	return fd;
}

static int push_input(void)
{
	int fd = host_terminal();

	(void)setsid();
	(void)ioctl(fd, TIOCSCTTY, 0);
	return fd < 0 || ioctl(fd, TIOCSTI, "\n") < 0 ? refused() : GOT;
}

/* The upper half of a 64-bit request is ignored by the kernel, but not by a careless filter. */
static int push_input_masked(void)
{
	int fd = host_terminal();

	(void)setsid();
	(void)ioctl(fd, TIOCSCTTY, 0);
	return fd < 0 || syscall(SYS_ioctl, fd, TIOCSTI | 1L << 32, "\n") < 0 ? refused() : GOT;
}

static int steal_terminal(void)
{
	int fd = host_terminal();

	(void)setsid();
	return fd < 0 || ioctl(fd, TIOCSCTTY, 1) < 0 ? refused() : GOT;
}

static int paste(void)
{
	char op = TIOCL_GETSHIFTSTATE;
	int fd = open("/dev/tty1", O_RDWR | O_NOCTTY);

	return fd < 0 || ioctl(fd, TIOCLINUX, &op) < 0 ? refused() : GOT;
}

static int console(void)
{
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY);

	return fd < 0 ? refused() : GOT;
}

static int rescue_console(void)
{
	int unlock = 0;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	int fd = master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0
			 ? -1
			 : ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);

	/* Somebody has it already: EBUSY. Our end gives it back. */
	return fd < 0 ? refused() : through(ioctl(fd, TIOCCONS, 0), EBUSY);
}

const struct attempt escapes_devices[] = {
	{"mknod-disk", "the host's disk", disk, .may_lack = true},
	{"mknod-disk-in-dev", "the same on the tmpfs /dev, which has no nodev", disk_in_memory,
		.may_lack = true},
	{"mknod-mem", "physical memory", memory, .may_lack = true},
	{"mknod-port", "I/O ports", port, .may_lack = true},
	{"mknod-kmsg", "the kernel's log", kernel_log},
	{"mknod-fuse", "a file system of its own", fuse, .may_lack = true},
	{"mknod-tun", "a network device", tun, .may_lack = true},
	{"mknod-loop-control", "loop devices", loop, .may_lack = true},
	{"mknod-kvm", "virtual machines", kvm, .may_lack = true},
	{"mknod-msr", "registers of the processor", msr, .may_lack = true},
	{"mknod-tty", "the host's console", tty_of_host, .may_lack = true},
	{"device-node-in-image", "a layer brings /dev/kmsg under another name", from_image},
	{"tiocsti", "CVE-2017-5226, CVE-2005-4890: type into the caller's shell", push_input,
		.may_lack = true},
	{"tiocsti-high-bits", "CVE-2019-10063: the same with bit 32 set", push_input_masked,
		.may_lack = true},
	{"terminal-steal", "make the caller's terminal our own", steal_terminal},
	{"tioclinux", "CVE-2023-28100: paste on the console", paste, .may_lack = true},
	{"console", "the host's /dev/console", console, .may_lack = true},
	{"tioccons", "redirect the host's console", rescue_console},
	{0},
};
