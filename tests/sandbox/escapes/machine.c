/* The machine itself: clock, name, modules, swap, accounting, power. */
#include "escape.h"

#include <sys/io.h>
#include <sys/klog.h>
#include <sys/quota.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

/* Inside by an hour, so that the outside would see it; a control sets what the clock says. */
static struct timespec wrong_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += bait_number("SHIFT");
	return t;
}

static int set_clock(void)
{
	struct timespec t = wrong_time();

	return clock_settime(CLOCK_REALTIME, &t) < 0 ? refused() : GOT;
}

static int set_time_of_day(void)
{
	struct timespec t = wrong_time();
	struct timeval v = {t.tv_sec, t.tv_nsec / 1000};

	return settimeofday(&v, NULL) < 0 ? refused() : GOT;
}

static int adjust(void)
{
	struct timex t = {.modes = 0};

	if (adjtimex(&t) < 0) {
		return refused();
	}
	t.modes = ADJ_FREQUENCY;
	return adjtimex(&t) < 0 ? refused() : GOT;
}

static int adjust_clock(void)
{
	struct timex t = {.modes = 0};

	if (clock_adjtime(CLOCK_REALTIME, &t) < 0) {
		return refused();
	}
	t.modes = ADJ_FREQUENCY;
	return clock_adjtime(CLOCK_REALTIME, &t) < 0 ? refused() : GOT;
}

static int host_name(void)
{
	return sethostname("escape", 6) < 0 ? refused() : GOT;
}

static int domain_name(void)
{
	return setdomainname("escape", 6) < 0 ? refused() : GOT;
}

static int module(void)
{
	return through(syscall(SYS_init_module, "", 0UL, ""), ENOEXEC);
}

static int module_file(void)
{
	return through(syscall(SYS_finit_module, -1, "", 0), EBADF);
}

static int module_remove(void)
{
	return through(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK), ENOENT);
}

static int kexec(void)
{
	return through(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0xdeadUL), EINVAL);
}

static int kexec_file(void)
{
	return through(syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, 0UL), EBADF);
}

static int power_off(void)
{
	/* No such magic: EINVAL, but only for those who could. */
	return through(syscall(SYS_reboot, 1, 2, 3, NULL), EINVAL);
}

static int swap(void)
{
	return through(swapon("/no/such/file", 0), ENOENT);
}

static int swap_off(void)
{
	return through(swapoff("/no/such/file"), ENOENT);
}

static int accounting(void)
{
	return through(syscall(SYS_acct, "/no/such/file"), ENOENT);
}

static int quota(void)
{
	return through(
		syscall(SYS_quotactl, QCMD(Q_QUOTAON, USRQUOTA), "/no/such/device", 0, ""), ENOENT);
}

static int kernel_log(void)
{
	char text[256];

	return klogctl(3, text, sizeof(text)) < 0 ? refused() : GOT;
}

static int io_ports(void)
{
	return ioperm(0x80, 1, 1) < 0 ? refused() : GOT;
}

static int io_level(void)
{
	return iopl(3) < 0 ? refused() : GOT;
}

static int hang_up(void)
{
	return syscall(SYS_vhangup) < 0 ? refused() : GOT;
}

const struct attempt escapes_machine[] = {
	{"clock-settime", "clock_settime(2)", set_clock},
	{"settimeofday", "settimeofday(2)", set_time_of_day},
	{"adjtimex", "adjtimex(2)", adjust},
	{"clock-adjtime", "clock_adjtime(2)", adjust_clock},
	{"host-name", "sethostname(2)", host_name},
	{"domain-name", "setdomainname(2)", domain_name},
	{"module-load", "init_module(2)", module, .may_lack = true},
	{"module-load-file", "finit_module(2)", module_file, .may_lack = true},
	{"module-remove", "delete_module(2)", module_remove, .may_lack = true},
	{"kexec", "kexec_load(2)", kexec, .may_lack = true},
	{"kexec-file", "kexec_file_load(2)", kexec_file, .may_lack = true},
	{"reboot", "reboot(2)", power_off},
	{"swap-on", "swapon(2)", swap, .may_lack = true},
	{"swap-off", "swapoff(2)", swap_off, .may_lack = true},
	{"accounting", "acct(2)", accounting, .may_lack = true},
	{"quota", "quotactl(2)", quota, .may_lack = true},
	{"kernel-log", "syslog(2)", kernel_log},
	{"io-ports", "ioperm(2)", io_ports, .may_lack = true},
	{"io-level", "iopl(2)", io_level, .may_lack = true},
	{"hang-up", "vhangup(2)", hang_up},
	{0},
};
