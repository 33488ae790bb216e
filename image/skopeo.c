#include "image/skopeo.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/sys_file.h"
#include "image/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE "--command-timeout=30m"

/* What it may say before it is of no interest. */
enum { SAID_MAX = 64 * 1024 };

/* Undo the quoting of logrus in place: \" and \\ are what they stand for, \n is a blank. */
static void unquote(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\\' && from[1]) {
			from++;
			*to++ = *from == 'n' || *from == 't' ? ' ' : *from;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* The message of skopeo's last line, which reads: time="..." level=fatal msg="...". */
static const char *last_message(char *text)
{
	static const char key[] = " msg=\"";
	size_t len = strlen(text);
	char *newline;
	char *msg;

	while (len && strchr("\n ", text[len - 1])) {
		text[--len] = '\0';
	}
	newline = strrchr(text, '\n');
	msg = strstr(newline ? newline : text, key);
	if (msg) {
		msg += strlen(key);
		len = strlen(msg);
		if (len && msg[len - 1] == '"') {
			msg[len - 1] = '\0';
		}
		unquote(msg);
		return msg;
	}
	return newline ? newline + 1 : text;
}

/* In the child, until exec; what fails is written to status as errno. */
static void become(char *const argv[], int out, int said, int status, pid_t parent)
{
	const struct rlimit largest = {image_limits.spool, image_limits.spool};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
		dup2(said, STDERR_FILENO) >= 0 && setrlimit(RLIMIT_FSIZE, &largest) == 0 &&
		prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent) {
		(void)signal(SIGPIPE, SIG_DFL);
		(void)signal(SIGXFSZ, SIG_DFL);
		(void)execvp(argv[0], argv);
	}
	(void)!write(status, &errno, sizeof(errno));
	_exit(127);
}

static int start(char *const argv[], int out, int said, pid_t *ret, struct err *err)
{
	auto_fd int from = -1;
	auto_fd int to = -1;
	pid_t parent = getpid();
	int why = 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC)) {
		return err_sys(err, "make a pipe");
	}
	from = ends[0];
	to = ends[1];
	*ret = fork();
	if (*ret < 0) {
		return err_sys(err, "start skopeo");
	}
	if (*ret == 0) {
		become(argv, out, said, to, parent);
	}
	close(steal_fd(&to));
	if (read(from, &why, sizeof(why)) != (ssize_t)sizeof(why)) {
		return 0;
	}
	(void)waitpid(*ret, NULL, 0);
	if (why == ENOENT) {
		return err_set(err, ERR_UNSUPPORTED,
			"skopeo is needed to fetch this image and is not installed (package 'skopeo')");
	}
	errno = why;
	return err_sys(err, "start skopeo");
}

static int explain(int said, int status, struct err *err)
{
	AUTO(buf) struct buf text = {0};

	if (WIFSIGNALED(status)) {
		return err_set(err, ERR_IO, "skopeo was ended by signal %d", WTERMSIG(status));
	}
	buf_init(&text, SAID_MAX);
	(void)lseek(said, 0, SEEK_SET);
	(void)file_read_fd(said, &text, NULL);
	return err_set(err, ERR_IO, "skopeo: %.400s",
		text.len ? last_message(text.data) : "failed without a word");
}

int skopeo_run(const struct strv *arguments, int out, struct err *err)
{
	auto_fd int said = file_temp(NULL, err);
	AUTO(strv) struct strv argv = {0};
	int status = 0;
	pid_t pid = -1;

	strv_add(&argv, "skopeo");
	strv_add(&argv, DEADLINE);
	strv_add_all(&argv, arguments);
	if (said < 0 || start(argv.v, out, said, &pid, err)) {
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return err_sys(err, "wait for skopeo");
		}
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : explain(said, status, err);
}
