/* Words of the command line and of documents: references, platforms, digests, stop signals. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/nearest.h"
#include "base/str.h"
#include "image/opening.h"
#include "image/stop_signal.h"

#include <stdlib.h>
#include <string.h>

static void reference(const char *text)
{
	struct reference ref;
	struct err err = {0};

	if (reference_parse(text, &ref, &err)) {
		MUST(err.code == ERR_USAGE);
		return;
	}
	MUST(str_eq(ref.text, text));
	MUST(!ref.path || *ref.path);
	MUST(!ref.tag || *ref.tag);
	MUST((ref.kind == REFERENCE_STDIN || ref.kind == REFERENCE_SKOPEO) == !ref.path);
	MUST(!ref.tag || str_ends(text, ref.tag));
	reference_release(&ref);
}

static void digest(const char *text)
{
	enum digest_algorithm algorithm;
	struct opening o = {0};
	auto_free char *name = blob_name(&o, text);

	/* a digest becomes a file name: nothing but blobs/<algorithm>/<hex> may come of it */
	MUST(!name || (fuzz_path_is_plain(name) && str_starts(name, "blobs/")));
	if (digest_parse(text, &algorithm, NULL) == 0) {
		MUST(strlen(text) == (algorithm == DIGEST_SHA256 ? 71 : 135));
		MUST(name);
	}
}

/* Its text means the same platform: other names and base variants are gone after the first time. */
static void platform(const char *text)
{
	struct platform p = {0};
	struct platform q = {0};
	auto_free char *once = NULL;
	auto_free char *twice = NULL;

	if (platform_parse(text, &p, NULL)) {
		return;
	}
	once = platform_text(&p);
	MUST(platform_parse(once, &q, NULL) == 0);
	twice = platform_text(&q);
	MUST(str_eq(once, twice));
	platform_release(&p);
	platform_release(&q);
}

static void stop_signal(const char *text)
{
	char name[32];
	int signal;
	int again;

	if (stop_signal_parse(text, &signal, NULL)) {
		return;
	}
	MUST(signal >= 1 && signal <= 64);
	stop_signal_name(signal, name);
	if (!strchr(name, ' ')) {
		MUST(stop_signal_parse(name, &again, NULL) == 0 && again == signal);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *text = fuzz_field(&in);
	uint64_t number;

	reference(text);
	digest(text);
	platform(text);
	stop_signal(text);
	if (parse_u64(text, 1000, &number, NULL) == 0) {
		MUST(number <= 1000 && strspn(text, "0123456789") == strlen(text));
	}
	MUST(edit_distance("stop-signal", text) == edit_distance("stop-signal", text));
	return 0;
}
