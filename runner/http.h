/*
 * http.h - HTTP requests to an instance from outside, by libcurl, within the loop.
 *
 * Sockets come from the world's namespace; redirects are not followed, proxies and .netrc of the
 * environment are not looked at, cookies are not kept, at most HTTP_BODY_MAX of a body is kept and
 * what follows is read and dropped. Connections are kept alive between requests, as a load balancer
 * would.
 *
 *	http_new(&loop, world, &http, err)
 *	http_start(http, &request, on_answer, arg, err)
 */
#ifndef RUNNER_HTTP_H
#define RUNNER_HTTP_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "runner/loop.h"
#include "sandbox/world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_BODY_MAX (1024 * 1024)
#define HTTP_HEADERS_MAX 200

struct http_request {
	const char *method; /* NULL: GET */
	const char *address; /* IPv4 */
	uint16_t port;
	const char *path; /* starts with a slash */
	const struct strv *headers; /* "Name=value"; NULL: none */
	const char *content_type; /* NULL: none of ours */
	const char *body; /* NULL: none */
	size_t body_len;
	uint64_t timeout_ms; /* of everything */
};

struct http_response {
	int status; /* 0: no answer, see error */
	struct strv headers; /* "Name: value" of the last response, as received */
	struct buf body;
	bool body_cut; /* it was longer than HTTP_BODY_MAX */
	char *error; /* NULL when there was an answer */
	double took_s;
};
void http_response_release(struct http_response *response);

/* The value of a header, names without case, borrowed; the n-th of several. NULL: no such. */
const char *http_header(const struct http_response *response, const char *name, size_t n);

struct http;
int http_new(struct loop *loop, const struct world *world, struct http **ret, struct err *err);
void http_free(struct http *http); /* gives up what runs, without calling anybody */
DEFINE_AUTO_PTR(http)

/* Ask; on_answer is called once from the loop, the response is borrowed until it returns. The
 * request is copied. -1 when it could not even be begun: then on_answer is not called. */
int http_start(struct http *http, const struct http_request *request,
	void (*on_answer)(const struct http_response *response, void *arg), void *arg,
	struct err *err);
size_t http_running(const struct http *http);

/* Give up all that runs; nobody is called. */
void http_cancel_all(struct http *http);

#endif
