/* Processes outside: signals, tracing, memory, descriptors, shared memory. */
#include "escape.h"

#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/wait.h>

static pid_t target(void)
{
	return (pid_t)bait_number("PID");
}

static int kill_it(void)
{
	return kill(target(), SIGUSR1) < 0 ? refused() : GOT;
}

static int kill_group(void)
{
	return kill(-target(), SIGUSR1) < 0 ? refused() : GOT;
}

static int thread_signal(void)
{
	return syscall(SYS_tgkill, target(), target(), SIGUSR1) < 0 ? refused() : GOT;
}

static int queue_signal(void)
{
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};

	return syscall(SYS_rt_sigqueueinfo, target(), SIGUSR1, &info) < 0 ? refused() : GOT;
}

static int pidfd_signal(void)
{
	int fd = (int)syscall(SYS_pidfd_open, target(), 0);

	return fd < 0 || syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0) < 0 ? refused() : GOT;
}

/* The kernel sends it for us when the pipe becomes readable. */
static int signal_by_owner(void)
{
	int p[2];

	if (pipe(p) < 0 || fcntl(p[0], F_SETOWN, target()) < 0 ||
		fcntl(p[0], F_SETSIG, SIGUSR1) < 0) {
		return refused();
	}
	return fcntl(p[0], F_GETOWN) == target() ? GOT : -ESRCH;
}

static int trace(void)
{
	if (ptrace(PTRACE_SEIZE, target(), NULL, NULL) < 0) {
		return refused();
	}
	return GOT; /* our end lets it go */
}

static int read_memory(void)
{
	char text[8];
	struct iovec to = {text, sizeof(text)};
	struct iovec from = {(void *)bait_number("ADDRESS"), sizeof(text)};

	return process_vm_readv(target(), &to, 1, &from, 1, 0) < 0 ? refused() : GOT;
}

static int write_memory(void)
{
	char text[8] = "assay";
	struct iovec from = {text, sizeof(text)};
	struct iovec to = {(void *)bait_number("ADDRESS"), sizeof(text)};

	return process_vm_writev(target(), &from, 1, &to, 1, 0) < 0 ? refused() : GOT;
}

static int memory_file(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", target());
	return open(path, O_RDWR) < 0 ? refused() : GOT;
}

static int take_descriptor(void)
{
	int fd = (int)syscall(SYS_pidfd_open, target(), 0);

	return fd < 0 || syscall(SYS_pidfd_getfd, fd, 0, 0) < 0 ? refused() : GOT;
}

static int its_descriptors(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/0", target());
	return open(path, O_RDONLY) < 0 ? refused() : GOT;
}

static int its_limits(void)
{
	struct rlimit r;

	return prlimit(target(), RLIMIT_NOFILE, NULL, &r) < 0 ? refused() : GOT;
}

static int its_priority(void)
{
	return setpriority(PRIO_PROCESS, (id_t)target(), 1) < 0 ? refused() : GOT;
}

static int higher_priority(void)
{
	return setpriority(PRIO_PROCESS, 0, -19) < 0 ? refused() : GOT;
}

static int real_time(void)
{
	struct sched_param p = {.sched_priority = 1};

	return sched_setscheduler(0, SCHED_FIFO, &p) < 0 ? refused() : GOT;
}

static int shared_memory(void)
{
	int id = shmget((key_t)bait_number("SHM"), 0, 0);

	return id < 0 || shmat(id, NULL, 0) == (void *)-1 ? refused() : GOT;
}

static int shared_memory_by_number(void)
{
	return shmat((int)bait_number("SHM_ID"), NULL, 0) == (void *)-1 ? refused() : GOT;
}

/* A program of the image whose rights the kernel raises: it is root inside, with what is left. */
static int with_program(const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, path, "--one", "mount-tmpfs", NULL);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status)) {
		return refused();
	}
	return WEXITSTATUS(status) == 0 ? GOT : -WEXITSTATUS(status);
}

static int set_user_id(void)
{
	return with_program(bait("SUID"));
}

static int file_capabilities(void)
{
	return with_program(bait("CAPS"));
}

/* Controls of these two begin as nobody. */
static int as_nobody(void)
{
	return setresgid(65534, 65534, 65534) < 0 ? -1 : setresuid(65534, 65534, 65534);
}

const struct attempt escapes_processes[] = {
	{"signal", "kill(2) of a process outside", kill_it},
	{"signal-group", "kill(2) of a process group outside", kill_group},
	{"signal-thread", "tgkill(2)", thread_signal},
	{"signal-queue", "rt_sigqueueinfo(2)", queue_signal},
	{"signal-pidfd", "pidfd_send_signal(2)", pidfd_signal},
	{"signal-owner", "F_SETOWN: the kernel as messenger", signal_by_owner},
	{"ptrace", "trace a process outside", trace},
	{"memory-read", "process_vm_readv(2)", read_memory},
	{"memory-write", "process_vm_writev(2)", write_memory},
	{"memory-file", "/proc/PID/mem", memory_file},
	{"pidfd-getfd", "take a descriptor out of a process", take_descriptor},
	{"descriptors-of-others", "/proc/PID/fd", its_descriptors},
	{"limits-of-others", "prlimit(2) of a process outside", its_limits},
	{"priority-of-others", "setpriority(2) of a process outside", its_priority},
	{"priority", "a higher priority than the host's processes", higher_priority},
	{"real-time", "real-time scheduling", real_time},
	{"shared-memory-key", "System V shared memory by its key", shared_memory},
	{"shared-memory-id", "System V shared memory by its number", shared_memory_by_number},
	{"set-user-id", "a set-user-ID program of the image", set_user_id, .careless = as_nobody},
	{"file-capabilities", "a program of the image with CAP_SYS_ADMIN in its file",
		file_capabilities, .careless = as_nobody},
	{0},
};
