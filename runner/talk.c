#include "runner/talk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static void hang_up(struct talk *t)
{
	if (t->state == TALK_CONNECTING || t->state == TALK_TALKING) {
		loop_timer_cancel(t->loop, &t->timer);
		loop_forget(t->loop, t->fd);
		cleanup_fd(&t->fd);
		t->fd = -1;
	}
	t->state = TALK_ENDED;
}

static void end(struct talk *t)
{
	hang_up(t);
	t->on_end(t->arg);
}

static void on_timeout(void *arg)
{
	struct talk *t = arg;

	if (t->state == TALK_CONNECTING) {
		t->error = ETIMEDOUT;
	}
	end(t);
}

/* Returns whether the conversation goes on. */
static bool speak(struct talk *t)
{
	const char *bytes = t->request.bytes;
	ssize_t put;

	put = send(t->fd, bytes + t->sent, t->request.len - t->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (put > 0) {
		t->sent += (size_t)put;
	}
	return put >= 0 || errno == EAGAIN || errno == EINTR;
}

static bool listen_to(struct talk *t)
{
	char bytes[4096];
	ssize_t got = recv(t->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0) {
		return errno == EAGAIN || errno == EINTR;
	}
	if (got > 0) {
		(void)buf_add_some(&t->answer, bytes, (size_t)got);
	}
	return got > 0 && t->answer.len < t->answer.cap &&
	       !(t->request.enough && t->request.enough(t->answer.data, t->answer.len));
}

static void on_talk(void *arg)
{
	struct talk *t = arg;
	bool saying = t->sent < t->request.len;

	/* A peer that answers before it has heard all still gets listened to. */
	if (saying) {
		(void)speak(t);
	}
	if (!listen_to(t)) {
		end(t);
		return;
	}
	if (saying && t->sent == t->request.len) {
		(void)loop_watch(t->loop, t->fd, EPOLLIN, on_talk, t, NULL);
	}
}

static void on_connect(void *arg)
{
	struct talk *t = arg;
	socklen_t len = sizeof(t->error);

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &t->error, &len)) {
		t->error = errno;
	}
	t->connected = t->error == 0;
	if (!t->connected || !t->request.bytes) {
		end(t);
		return;
	}
	t->state = TALK_TALKING;
	loop_timer_set(t->loop, &t->timer, t->request.answer_ms, on_timeout, t);
	if (loop_watch(t->loop, t->fd, EPOLLIN | EPOLLOUT, on_talk, t, NULL)) {
		end(t);
	}
}

static int begin(struct talk *t, const struct world *world, struct err *err)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(t->request.port)};

	if (inet_pton(AF_INET, t->request.address, &to.sin_addr) != 1) {
		return err_set(err, ERR_INTERNAL, "'%s' is no IPv4 address", t->request.address);
	}
	t->fd = world_socket(world, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, err);
	if (t->fd < 0) {
		return -1;
	}
	/* What connect() says at once, on_connect is told by SO_ERROR or the hang-up as well. */
	if (connect(t->fd, (const struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS) {
		t->error = errno;
		loop_timer_set(t->loop, &t->timer, 0, on_timeout, t);
		t->state = TALK_TALKING;
		return 0;
	}
	if (loop_watch(t->loop, t->fd, EPOLLOUT, on_connect, t, err)) {
		cleanup_fd(&t->fd);
		return -1;
	}
	t->state = TALK_CONNECTING;
	loop_timer_set(t->loop, &t->timer, t->request.connect_ms, on_timeout, t);
	return 0;
}

int talk_start(struct talk *t, struct loop *loop, const struct world *world,
	const struct talk_request *request, loop_fn on_end, void *arg, struct err *err)
{
	talk_release(t);
	*t = (struct talk){
		.request = *request, .fd = -1, .loop = loop, .on_end = on_end, .arg = arg};
	buf_init(&t->answer, TALK_ANSWER_MAX);
	return begin(t, world, err);
}

void talk_release(struct talk *t)
{
	if (t->loop) {
		hang_up(t);
		buf_release(&t->answer);
	}
	*t = (struct talk){.fd = -1};
}
