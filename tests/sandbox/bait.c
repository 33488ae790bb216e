#include "tests/sandbox/bait.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "tests/sandbox/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECRET "bait: outside only\n"
#define SHM_KEY 0x61737361
#define WORDS 64

static int tell_fd;

static void on_signal(int sig)
{
	(void)sig;
	(void)!write(tell_fd, "s", 1);
}

static int listen_unix(const char *name, bool abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(name);

	memcpy(a.sun_path + abstract, name, len);
	EXPECT(bind(fd, (struct sockaddr *)&a,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + len)) == 0 &&
		listen(fd, 5) == 0);
	return fd;
}

static int listen_tcp(int *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	EXPECT(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 5) == 0 &&
		getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

/* Send the secret to nobody on the loopback, for those who listen in. */
static void whisper(int fd)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	(void)sendto(fd, SECRET, sizeof(SECRET), MSG_DONTWAIT, (struct sockaddr *)&a, sizeof(a));
}

/* Answers nobody: whoever connects or signals has got out. */
static _Noreturn void bait_process(const struct bait *b, const int listeners[3], int tell)
{
	struct pollfd p[3];
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	tell_fd = tell;
	signal(SIGUSR1, on_signal);
	signal(SIGHUP, on_signal);
	setsid();
	(void)ioctl(b->terminal, TIOCSCTTY, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "assay-bait");
	prctl(PR_SET_DUMPABLE, 1);
	for (int i = 0; i < 3; i++) {
		p[i] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
	}
	(void)!write(tell, "+", 1);
	for (;;) {
		poll(p, 3, 20);
		whisper(udp);
		for (int i = 0; i < 3; i++) {
			if (p[i].revents & POLLIN) {
				close(accept(p[i].fd, NULL, NULL));
				(void)!write(tell, "c", 1);
			}
		}
	}
}

static long clock_difference(void)
{
	struct timespec real, monotonic;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return real.tv_sec - monotonic.tv_sec;
}

static bool file_can_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
	}
	return fd >= 0;
}

/* "254:0": a disk of /proc/partitions that we ourselves could read, or a loop device. */
static void find_disk(char *ret, size_t size)
{
	unsigned major_id, minor_id;
	char line[200];
	char name[64];
	FILE *f = fopen("/proc/partitions", "re");

	snprintf(ret, size, "7:0");
	while (f && fgets(line, sizeof(line), f)) {
		char path[80];

		if (sscanf(line, "%u %u %*u %63s", &major_id, &minor_id, name) != 3) {
			continue;
		}
		snprintf(path, sizeof(path), "/dev/%s", name);
		if (file_can_open(path)) {
			snprintf(ret, size, "%u:%u", major_id, minor_id);
			break;
		}
	}
	if (f) {
		fclose(f);
	}
}

static bool open_things(struct bait *b)
{
	bool good;

	find_disk(b->disk, sizeof(b->disk));
	snprintf(b->abstract, sizeof(b->abstract), "assay-bait-%d", (int)getpid());
	good = file_write(AT_FDCWD, b->file, SECRET, strlen(SECRET), NULL) == 0 &&
	       openpty(&b->terminal_master, &b->terminal, b->tty, NULL, NULL) == 0;
	b->shm = shmget(SHM_KEY, 4096, IPC_CREAT | 0600);
	b->key =
		(int)syscall(SYS_add_key, "user", "assay-bait", "secret", 6, KEY_SPEC_USER_KEYRING);
	b->address = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	gethostname(b->hostname, sizeof(b->hostname));
	b->clock_s = clock_difference();
	return EXPECT(good) && EXPECT(b->shm >= 0) && EXPECT(b->address != MAP_FAILED);
}

bool bait_open(struct bait *b, const char *dir)
{
	int listeners[3];
	int p[2];
	char byte;

	*b = (struct bait){.dir = xstrdup(dir),
		.file = xasprintf("%s/secret", dir),
		.socket = xasprintf("%s/socket", dir)};
	if (!open_things(b) || !EXPECT(pipe2(p, O_CLOEXEC | O_NONBLOCK) == 0)) {
		return false;
	}
	listeners[0] = listen_unix(b->abstract, true);
	listeners[1] = listen_unix(b->socket, false);
	listeners[2] = listen_tcp(&b->port);
	b->touched = p[0];
	b->pid = fork();
	if (b->pid == 0) {
		bait_process(b, listeners, p[1]);
	}
	close(p[1]);
	for (int i = 0; i < 3; i++) {
		close(listeners[i]);
	}
	return EXPECT(readable(p[0])) && EXPECT(read(p[0], &byte, 1) == 1);
}

void bait_close(struct bait *b)
{
	kill(b->pid, SIGKILL);
	waitpid(b->pid, NULL, 0);
	(void)shmctl(b->shm, IPC_RMID, NULL);
	if (b->key > 0) {
		(void)syscall(SYS_keyctl, KEYCTL_UNLINK, b->key, KEY_SPEC_USER_KEYRING);
	}
	munmap(b->address, 4096);
	close(b->touched);
	close(b->terminal);
	close(b->terminal_master);
	free(b->dir);
	free(b->file);
	free(b->socket);
}

void bait_environment(const struct bait *b, struct strv *env, int shift_s)
{
	strv_addf(env, "ESCAPE_PID=%d", (int)b->pid);
	strv_addf(env, "ESCAPE_DIR=%s", b->dir);
	strv_addf(env, "ESCAPE_FILE=%s", b->file);
	strv_addf(env, "ESCAPE_SOCKET=%s", b->socket);
	strv_addf(env, "ESCAPE_ABSTRACT=%s", b->abstract);
	strv_addf(env, "ESCAPE_PORT=%d", b->port);
	strv_addf(env, "ESCAPE_KEY=%d", b->key);
	strv_addf(env, "ESCAPE_SHM=%d", SHM_KEY);
	strv_addf(env, "ESCAPE_SHM_ID=%d", b->shm);
	strv_addf(env, "ESCAPE_ADDRESS=%ld", (long)(intptr_t)b->address);
	strv_addf(env, "ESCAPE_TTY=%s", b->tty);
	strv_addf(env, "ESCAPE_DISK=%s", b->disk);
	strv_addf(env, "ESCAPE_SHIFT=%d", shift_s);
	strv_add(env, "ESCAPE_GATEWAY=172.29.0.1");
}

static bool said_something(const struct bait *b, char *ret, size_t size)
{
	ssize_t n = read(b->touched, ret, size - 1);

	ret[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool bait_untouched(const struct bait *b)
{
	AUTO(buf) struct buf text;
	char said[WORDS];
	char name[65] = "";
	int pending = 0;
	int status;
	long moved = clock_difference() - b->clock_s;

	buf_init(&text, 4096);
	gethostname(name, sizeof(name));
	if (said_something(b, said, sizeof(said))) {
		printf("# bait: s signal, c connection: %s\n", said);
		return EXPECT(!"the process outside was left alone");
	}
	(void)ioctl(b->terminal_master, FIONREAD, &pending);
	return EXPECT(waitpid(b->pid, &status, WNOHANG) == 0) &&
	       EXPECT(file_read(AT_FDCWD, b->file, &text, NULL) == 0) &&
	       EXPECT(str_eq(buf_str(&text), SECRET)) && EXPECT(str_eq(name, b->hostname)) &&
	       EXPECT(moved >= -60 && moved <= 60) && EXPECT(pending == 0) &&
	       EXPECT(((const char *)b->address)[0] == '\0');
}
