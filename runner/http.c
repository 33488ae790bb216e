#include "runner/http.h"

#include "base/alloc.h"
#include "base/sys_time.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct transfer {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	char error[CURL_ERROR_SIZE];
	uint64_t started_ns;
	struct http_response response;
	void (*on_answer)(const struct http_response *response, void *arg);
	void *arg;
	struct transfer *next;
};

struct http {
	struct loop *loop;
	const struct world *world;
	CURLM *multi;
	struct loop_timer timer;
	struct loop_timer reap; /* answers are handed out from the loop, never from http_start() */
	struct socket *sockets;
	struct transfer *transfers;
	size_t n_transfers;
};

/* What the loop calls for one of curl's sockets. */
struct socket {
	struct http *http;
	curl_socket_t fd;
	struct socket *next;
};

void http_response_release(struct http_response *response)
{
	strv_release(&response->headers);
	buf_release(&response->body);
	free(response->error);
	*response = (struct http_response){0};
}

const char *http_header(const struct http_response *response, const char *name, size_t n)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < response->headers.n; i++) {
		const char *h = response->headers.v[i];

		if (strncasecmp(h, name, len) == 0 && h[len] == ':' && n-- == 0) {
			h += len + 1;
			return h + strspn(h, " \t");
		}
	}
	return NULL;
}

/* ---- transfers ---------------------------------------------------------------------------- */

static void transfer_free(struct transfer *t)
{
	struct http *http = t->http;

	for (struct transfer **at = &http->transfers; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			http->n_transfers--;
			break;
		}
	}
	(void)curl_multi_remove_handle(http->multi, t->easy);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	http_response_release(&t->response);
	free(t->body);
	free(t);
}

static void transfer_end(struct transfer *t, CURLcode code)
{
	struct http_response *r = &t->response;
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	r->took_s = (double)(time_now_ns() - t->started_ns) / 1e9;
	if (code == CURLE_OK) {
		r->status = (int)status;
	} else {
		r->error = xstrdup(*t->error ? t->error : curl_easy_strerror(code));
	}
	t->on_answer(r, t->arg);
	transfer_free(t);
}

static void reap(void *arg)
{
	struct http *http = arg;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(http->multi, &left))) {
		struct transfer *t = NULL;

		if (msg->msg != CURLMSG_DONE) {
			continue;
		}
		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		transfer_end(t, msg->data.result);
	}
}

/* ---- curl's callbacks --------------------------------------------------------------------- */

static void act(struct http *http, curl_socket_t fd)
{
	int running;

	/* Mask 0: curl looks for itself what the socket has. */
	(void)curl_multi_socket_action(http->multi, fd, 0, &running);
	loop_timer_set(http->loop, &http->reap, 0, reap, http);
}

static void on_socket_event(void *arg)
{
	const struct socket *s = arg;

	act(s->http, s->fd);
}

static void on_curl_timer(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct http *http = arg;

	(void)multi;
	if (ms < 0) {
		loop_timer_cancel(http->loop, &http->timer);
	} else {
		loop_timer_set(http->loop, &http->timer, (uint64_t)ms, on_curl_timer, http);
	}
	return 0;
}

static void socket_drop(struct http *http, struct socket *s)
{
	for (struct socket **at = &http->sockets; *at; at = &(*at)->next) {
		if (*at == s) {
			*at = s->next;
			loop_forget(http->loop, s->fd);
			free(s);
			return;
		}
	}
}

static struct socket *socket_add(struct http *http, curl_socket_t fd)
{
	struct socket *s = xcalloc(1, sizeof(*s));

	*s = (struct socket){.http = http, .fd = fd, .next = http->sockets};
	http->sockets = s;
	(void)curl_multi_assign(http->multi, fd, s);
	return s;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct http *http = arg;
	struct socket *s = known;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			(void)curl_multi_assign(http->multi, fd, NULL);
			socket_drop(http, s);
		}
		return 0;
	}
	events |= what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0;
	events |= what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0;
	s = s ? s : socket_add(http, fd);
	return loop_watch(http->loop, fd, events, on_socket_event, s, NULL);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct http *http = arg;
	int fd;

	(void)purpose;
	fd = world_socket(http->world, address->family, address->socktype | SOCK_CLOEXEC, NULL);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;
	size_t text = len;

	while (text && (bytes[text - 1] == '\r' || bytes[text - 1] == '\n')) {
		text--;
	}
	if (text >= 5 && strncmp(bytes, "HTTP/", 5) == 0) {
		strv_release(&t->response.headers); /* what came before was a 1xx */
	} else if (text && t->response.headers.n < HTTP_HEADERS_MAX) {
		strv_take(&t->response.headers, xstrndup(bytes, text));
	}
	return len;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (buf_add_some(&t->response.body, bytes, size * n) < size * n) {
		t->response.body_cut = true;
	}
	return size * n;
}

/* ---- asking ------------------------------------------------------------------------------- */

static void add_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (!longer) {
		abort();
	}
	t->headers = longer;
}

static void set_headers(struct transfer *t, const struct http_request *request)
{
	for (size_t i = 0; request->headers && i < request->headers->n; i++) {
		const char *pair = request->headers->v[i];
		const char *equals = strchr(pair, '=');
		auto_free char *line = NULL;

		if (!equals || strpbrk(pair, "\r\n")) {
			continue;
		}
		/* curl sends a header without a value only when it ends with ';'. */
		line = xasprintf(
			"%.*s%s%s", (int)(equals - pair), pair, equals[1] ? ": " : ";", equals + 1);
		add_header(t, line);
	}
	if (request->content_type) {
		auto_free char *line = xasprintf("Content-Type: %s", request->content_type);

		add_header(t, line);
	}
	add_header(t, "Expect:");
	(void)curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void set_method(struct transfer *t, const struct http_request *request)
{
	const char *method = request->method ? request->method : "GET";

	if (request->body) {
		t->body = xcalloc(request->body_len + 1, 1);
		memcpy(t->body, request->body, request->body_len);
		(void)curl_easy_setopt(
			t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		(void)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body);
	}
	(void)curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(t->easy, CURLOPT_NOBODY, strcmp(method, "HEAD") == 0 ? 1L : 0L);
}

static void set_manners(struct transfer *t, const struct http_request *request)
{
	CURL *easy = t->easy;

	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "assay/" ASSAY_VERSION);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->timeout_ms);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t->http);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
}

int http_start(struct http *http, const struct http_request *request,
	void (*on_answer)(const struct http_response *response, void *arg), void *arg,
	struct err *err)
{
	auto_free char *url = xasprintf(
		"http://%s:%u%s", request->address, (unsigned)request->port, request->path);
	CURL *easy = curl_easy_init();
	struct transfer *t;

	if (!easy) {
		return err_set(err, ERR_INTERNAL, "curl_easy_init failed");
	}
	t = xcalloc(1, sizeof(*t));
	*t = (struct transfer){.http = http,
		.easy = easy,
		.on_answer = on_answer,
		.arg = arg,
		.started_ns = time_now_ns(),
		.next = http->transfers};
	http->transfers = t;
	http->n_transfers++;
	buf_init(&t->response.body, HTTP_BODY_MAX);
	set_manners(t, request);
	set_headers(t, request);
	set_method(t, request);
	if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
		curl_multi_add_handle(http->multi, easy) != CURLM_OK) {
		transfer_free(t);
		return err_set(err, ERR_INTERNAL, "curl refuses '%.200s'", url);
	}
	return 0;
}

size_t http_running(const struct http *http)
{
	return http->n_transfers;
}

void http_cancel_all(struct http *http)
{
	while (http->transfers) {
		transfer_free(http->transfers);
	}
}

int http_new(struct loop *loop, const struct world *world, struct http **ret, struct err *err)
{
	static bool global;
	struct http *http;
	CURLM *multi;

	if (!global && curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) {
		return err_set(err, ERR_INTERNAL, "curl_global_init failed");
	}
	global = true;
	multi = curl_multi_init();
	if (!multi) {
		return err_set(err, ERR_INTERNAL, "curl_multi_init failed");
	}
	http = xcalloc(1, sizeof(*http));
	*http = (struct http){.loop = loop, .world = world, .multi = multi};
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
	*ret = http;
	return 0;
}

void http_free(struct http *http)
{
	if (!http) {
		return;
	}
	http_cancel_all(http);
	(void)curl_multi_cleanup(http->multi);
	while (http->sockets) {
		socket_drop(http, http->sockets);
	}
	loop_timer_cancel(http->loop, &http->timer);
	loop_timer_cancel(http->loop, &http->reap);
	free(http);
}
