/* What a product prints and writes: captured in pieces of the first byte's size, read as logs. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "checks/logfile.h"
#include "runner/capture.h"
#include "runner/logline.h"
#include "runner/procs.h"

#include <stdlib.h>
#include <string.h>

enum { CAP = 64 };

struct lines {
	size_t n;
	size_t bytes;
};

static void on_line(const char *line, size_t len, void *arg)
{
	struct lines *lines = arg;

	MUST(line[len] == '\0' && len <= CAPTURE_LINE_MAX);
	(void)logline_timestamped(line, len);
	lines->n++;
	lines->bytes += len;
}

static void stream_release(struct obs_stream *s)
{
	struct task_observation task = {.out = *s};
	struct observation observation = {0};

	*observation_add(&observation, NULL) = task;
	observation_release(&observation);
}

static void capture(const char *text, size_t len, size_t step)
{
	struct capture c;
	struct lines lines = {0};
	struct obs_stream stream = {0};
	size_t newlines = 0;

	capture_init(&c, CAP);
	c.on_line = on_line;
	c.arg = &lines;
	for (size_t at = 0; at < len; at += step) {
		capture_add(&c, text + at, step < len - at ? step : len - at);
	}
	for (size_t i = 0; i < len; i++) {
		newlines += text[i] == '\n';
	}
	MUST(capture_lines(&c) == newlines + (len && text[len - 1] != '\n'));
	MUST(lines.bytes <= len);
	capture_finish(&c, &stream);
	MUST(stream.bytes == len);
	stream_release(&stream);
	capture_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t step = 1 + (size_t)fuzz_byte(&in);
	struct fuzz_input once_more = in;
	auto_free char *string = fuzz_field(&once_more);
	struct proc_status status = {0};
	size_t len;
	auto_free char *text = fuzz_rest(&in, &len);
	auto_free char *first = NULL;
	uint64_t lines = 0;
	uint64_t timestamped = 0;

	capture(text, len, step);
	proc_status_parse(string, &status);
	MUST(memchr(status.comm, 0, sizeof(status.comm)));
	logline_count(text, len, &lines, &timestamped, &first);
	MUST(timestamped <= lines && !timestamped == !first);
	return 0;
}
