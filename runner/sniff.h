/*
 * sniff.h - which protocol do these first bytes of an answer belong to? Pure and total.
 */
#ifndef RUNNER_SNIFF_H
#define RUNNER_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The head of an HTTP/1.x response (RFC 9112, 4). */
struct sniff_http {
	int status; /* 100..599 */
	char *status_line; /* heap, without CR LF, at most 200 bytes */
	char *location; /* heap; NULL: no such header */
	bool complete; /* the empty line after the headers was there */
	bool wants_https; /* an error page that says that HTTP was spoken to an HTTPS port */
};
/* False when it is not HTTP; ret is then untouched. */
bool sniff_http(const char *bytes, size_t len, struct sniff_http *ret);
void sniff_http_release(struct sniff_http *http);

/* Whether it is a redirect that enforces TLS: to https on the host that was asked, or to https
 * anywhere with the path kept ("https://$server_name$request_uri"). One to another host and another
 * path (a sign-on page) is not. path is what was asked for; NULL: only the host tells. */
bool sniff_https_redirect(const struct sniff_http *http, const char *host, const char *path);

/* The answer begins with a TLS record: a handshake or an alert (RFC 8446, 5.1). */
bool sniff_tls(const char *bytes, size_t len);
bool sniff_tls_alert(const char *bytes, size_t len);

/* A TLS 1.2 ClientHello without a server name (RFC 5246, 7.4.1.2); a static buffer. Any TLS server
 * answers it with a handshake record or an alert. */
const void *sniff_client_hello(size_t *ret_len);

/* The first bytes as text for evidence, at most max of them; heap. */
char *sniff_excerpt(const char *bytes, size_t len, size_t max);

#endif
