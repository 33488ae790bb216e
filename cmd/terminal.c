#include "cmd/terminal.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_is_ours(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	/* -1: not our session's, and then anybody may set it; 0: of another PID namespace */
	return isatty(STDIN_FILENO) && (group <= 0 || group == getpgrp());
}

void terminal_init(struct terminal *t)
{
	t->master = t->slave = t->screen = -1;
	t->raw = false;
	t->typed.from = t->typed.to = t->shown.from = t->shown.to = -1;
	t->typed.at = t->typed.len = t->shown.at = t->shown.len = 0;
}

void terminal_release(struct terminal *t)
{
	terminal_restore(t);
	cleanup_fd(&t->master);
	cleanup_fd(&t->slave);
	cleanup_fd(&t->screen);
	terminal_init(t);
}

static uint32_t outside(const struct host *host, uint32_t id)
{
	return host->mode == HOST_SINGLE ? host->first_id : host->first_id + id;
}

/* devpts gives it the group "tty", which a user namespace may not know; and who does not know the
 * group of a file may not change its owner. Our own group comes first, which every owner may give. */
static int give(int slave, uid_t uid, gid_t gid)
{
	return fchown(slave, (uid_t)-1, getegid()) < 0 ? -1 : fchown(slave, uid, gid);
}

static int open_pair(struct terminal *t, struct err *err)
{
	char name[64];

	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->master < 0 || grantpt(t->master) < 0 || unlockpt(t->master) < 0) {
		return err_sys(err, "make a pseudoterminal");
	}
	if (ptsname_r(t->master, name, sizeof(name))) {
		return err_sys(err, "name a pseudoterminal");
	}
	t->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->slave < 0) {
		return err_sys(err, "open '%s'", name);
	}
	if (fcntl(t->master, F_SETFL, O_RDWR | O_NONBLOCK) < 0) {
		return err_sys(err, "make a pseudoterminal non-blocking");
	}
	return 0;
}

/* Where the user looks. Opened anew, so that it does not block us and yet blocks for whoever shares
 * it with us, our shell for one; the terminal of somebody else, as after su(1), is taken as it is. */
static int open_screen(struct terminal *t)
{
	int fd = isatty(STDOUT_FILENO)   ? STDOUT_FILENO
		 : isatty(STDERR_FILENO) ? STDERR_FILENO
					 : STDIN_FILENO;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	t->screen = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return t->screen >= 0 ? t->screen : fd;
}

int terminal_open(
	struct terminal *t, const struct host *host, uint32_t uid, uint32_t gid, struct err *err)
{
	if (tcgetattr(STDIN_FILENO, &t->before) < 0) {
		return err_sys(err, "read the terminal's settings");
	}
	if (open_pair(t, err)) {
		return -1;
	}
	if (give(t->slave, outside(host, uid), outside(host, gid)) < 0) {
		return err_sys(err, "give a pseudoterminal to the user inside");
	}
	if (tcsetattr(t->slave, TCSANOW, &t->before) < 0) {
		return err_sys(err, "set up a pseudoterminal");
	}
	terminal_resize(t);
	t->typed.from = STDIN_FILENO;
	t->typed.to = t->shown.from = t->master;
	t->shown.to = open_screen(t);
	return 0;
}

int terminal_raw(struct terminal *t, struct err *err)
{
	struct termios raw = t->before;

	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	t->raw = true;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0) {
		return err_sys(err, "make the terminal raw");
	}
	return 0;
}

void terminal_restore(struct terminal *t)
{
	sigset_t set, before;
	int saved = errno;

	if (!t->raw) {
		return;
	}
	/* From the background as well: blocked, SIGTTOU does not stop us. */
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	t->raw = false;
	errno = saved;
}

void terminal_resize(const struct terminal *t)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
		(void)ioctl(t->master, TIOCSWINSZ, &size);
	}
}

static void flow_poll(const struct terminal_flow *f, struct pollfd *fds)
{
	fds[0] = (struct pollfd){.fd = f->len ? -1 : f->from, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = f->len ? f->to : -1, .events = POLLOUT};
}

static bool is_over(ssize_t moved)
{
	return moved == 0 || (moved < 0 && errno != EAGAIN && errno != EINTR);
}

/* Returns whether something was read. */
static bool flow_copy(struct terminal_flow *f, const struct pollfd *fds)
{
	ssize_t n;

	if (fds[0].revents) {
		n = read(f->from, f->bytes, sizeof(f->bytes));
		f->from = is_over(n) ? -1 : f->from;
		f->at = 0;
		f->len = n > 0 ? (size_t)n : 0;
		return n > 0;
	}
	if (fds[1].revents) {
		n = write(f->to, f->bytes + f->at, f->len);
		if (is_over(n)) {
			f->from = f->to = -1;
			f->len = 0;
		} else if (n > 0) {
			f->at += (size_t)n;
			f->len -= (size_t)n;
		}
	}
	return false;
}

void terminal_poll(const struct terminal *t, struct pollfd fds[TERMINAL_POLLS])
{
	flow_poll(&t->typed, fds);
	flow_poll(&t->shown, fds + 2);
}

bool terminal_copy(struct terminal *t, const struct pollfd fds[TERMINAL_POLLS])
{
	(void)flow_copy(&t->shown, fds + 2);
	return flow_copy(&t->typed, fds);
}

int terminal_signal(const struct terminal *t)
{
	static const struct {
		int key, sig;
	} keys[] = {{VINTR, SIGINT}, {VQUIT, SIGQUIT}};
	struct termios now; /* the slave's, which a master answers with */

	if (tcgetattr(t->master, &now) < 0 || !(now.c_lflag & ISIG)) {
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		cc_t key = now.c_cc[keys[i].key];

		if (key != _POSIX_VDISABLE && memchr(t->typed.bytes, key, t->typed.len)) {
			return keys[i].sig;
		}
	}
	return 0;
}

bool terminal_is_hung_up(const struct terminal *t)
{
	return t->master >= 0 && ((t->typed.from < 0 && t->typed.to >= 0) || t->shown.to < 0);
}

bool terminal_is_drained(const struct terminal *t)
{
	return t->shown.from < 0 && !t->shown.len;
}

/* Only now: a slave that nobody has open is the end of file on the master, though the product could
 * open it again, by /dev/tty. */
void terminal_let_go(struct terminal *t)
{
	cleanup_fd(&t->slave);
	t->slave = -1;
	t->typed.from = t->typed.to = -1;
	t->typed.len = 0;
}
