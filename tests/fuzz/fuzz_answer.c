/* What a product says to us over the network. Fields: a body pattern, a header pattern, a JSON
 * text; the rest is the answer. */
#include "tests/fuzz/kit.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "runner/expect.h"
#include "runner/ports.h"
#include "runner/sniff.h"

#include <stdlib.h>
#include <string.h>

static void sniff(const char *bytes, size_t len)
{
	struct sniff_http http = {0};
	auto_free char *excerpt = sniff_excerpt(bytes, len, 40);

	MUST(excerpt);
	if (sniff_http(bytes, len, &http)) {
		MUST(http.status >= 100 && http.status <= 599);
		MUST(http.status_line && strlen(http.status_line) <= 200);
		(void)sniff_https_redirect(&http, "10.0.0.2", "/");
		sniff_http_release(&http);
	}
	MUST(!sniff_tls_alert(bytes, len) || sniff_tls(bytes, len));
}

static void judge(char *body, char *header, const char *json, const char *bytes, size_t len)
{
	struct smoke_expect expect = {.body = *body ? body : NULL};
	struct http_response response = {.status = 200};
	auto_free char *why = NULL;

	buf_init(&response.body, HTTP_BODY_MAX);
	MUST(buf_add(&response.body, bytes, len, NULL) == 0);
	strv_add(&response.headers, "Content-Type: application/json");
	if (*header) {
		strv_addf(&expect.headers, "Content-Type=%s", header);
	}
	(void)json_parse(json, strlen(json), NULL, &expect.json, NULL);
	if (expect.json && !json_is_object(expect.json)) {
		json_decref(expect.json);
		expect.json = NULL;
	}
	why = expect_judge(&expect, &response);
	MUST(!why || *why);
	json_decref(expect.json);
	strv_release(&expect.headers);
	strv_release(&response.headers);
	buf_release(&response.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *body = fuzz_field(&in);
	auto_free char *header = fuzz_field(&in);
	auto_free char *json = fuzz_field(&in);
	struct fuzz_input once_more = in;
	auto_free char *sockets = fuzz_field(&once_more);
	size_t len;
	auto_free char *bytes = fuzz_rest(&in, &len);
	struct listener listeners[4];
	size_t n = 0;

	sniff(bytes, len);
	judge(body, header, json, bytes, len);
	listeners_parse(sockets, listeners, ARRAY_SIZE(listeners), &n);
	MUST(n <= ARRAY_SIZE(listeners));
	return 0;
}
