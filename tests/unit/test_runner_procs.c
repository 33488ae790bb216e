/* /proc/PID/status as proc(5) shows it. */
#include "runner/procs.h"

#include <criterion/criterion.h>
#include <signal.h>

Test(runner_procs, status)
{
	const char *text = "Name:\tpython3 -m\n"
			   "Umask:\t0022\n"
			   "State:\tS (sleeping)\n"
			   "Tgid:\t4711\n"
			   "PPid:\t4700\n"
			   "NSpid:\t4711\t12\t1\n"
			   "SigPnd:\t0000000000000000\n"
			   "ShdPnd:\t0000000000004000\n"
			   "SigBlk:\t0000000000000000\n"
			   "SigIgn:\t0000000001001000\n"
			   "SigCgt:\t0000000000000002\n";
	struct proc_status s;

	proc_status_parse(text, &s);
	cr_assert_str_eq(s.comm, "python3 -m");
	cr_assert_eq(s.state, 'S');
	cr_assert_eq(s.ppid, 4700);
	cr_assert_eq(s.pid_inside, 1);
	/* SIGTERM (15) pends, SIGPIPE (13) and SIGXFSZ (25) are ignored, SIGINT (2) is caught. */
	cr_assert_eq(s.sig_pending, UINT64_C(1) << (SIGTERM - 1));
	cr_assert_eq(s.sig_ignored, UINT64_C(1) << (SIGPIPE - 1) | UINT64_C(1) << (SIGXFSZ - 1));
	cr_assert_eq(s.sig_caught, UINT64_C(1) << (SIGINT - 1));
	cr_assert_eq(s.sig_blocked, 0);
}

Test(runner_procs, without_lines)
{
	struct proc_status s;

	proc_status_parse("", &s);
	cr_assert_eq(s.pid_inside, 0);
	proc_status_parse("Name:\nNSpid:", &s);
	cr_assert_eq(s.pid_inside, 0);
}
