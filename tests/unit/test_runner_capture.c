/* What is kept of an output stream. */
#include "runner/capture.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void stream_release(struct obs_stream *s)
{
	free(s->head);
	free(s->tail);
}

Test(runner_capture, everything_fits)
{
	struct capture c;
	AUTO(stream) struct obs_stream s = {0};

	capture_init(&c, 64);
	capture_add(&c, "one\ntwo", 7);
	capture_add(&c, "\nthree", 6);
	capture_finish(&c, &s);
	cr_assert_eq(s.bytes, 13);
	cr_assert_eq(s.lines, 3);
	cr_assert_str_eq(s.head, "one\ntwo\nthree");
	cr_assert_eq(s.tail_len, 0);
	cr_assert_not(s.truncated);
}

Test(runner_capture, silence_is_an_empty_head)
{
	struct capture c;
	AUTO(stream) struct obs_stream s = {0};

	capture_init(&c, 64);
	capture_finish(&c, &s);
	cr_assert_eq(s.bytes, 0);
	cr_assert_eq(s.lines, 0);
	cr_assert_str_eq(s.head, "");
}

/* 26 letters into a head of 8 and a tail of 8: i to r are lost. */
Test(runner_capture, the_middle_is_dropped)
{
	static const size_t steps[] = {1, 3, 5, 7, 8, 9, 13, 26};

	for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
		const char *letters = "abcdefghijklmnopqrstuvwxyz";
		struct capture c;
		AUTO(stream) struct obs_stream s = {0};

		capture_init(&c, 8);
		for (size_t i = 0; i < 26; i += steps[k]) {
			capture_add(&c, letters + i, steps[k] < 26 - i ? steps[k] : 26 - i);
		}
		capture_finish(&c, &s);
		cr_assert_str_eq(s.head, "abcdefgh", "step %zu", steps[k]);
		cr_assert_str_eq(s.tail, "stuvwxyz", "step %zu", steps[k]);
		cr_assert_eq(s.tail_len, 8);
		cr_assert(s.truncated);
		cr_assert_eq(s.bytes, 26);
		cr_assert_eq(s.lines, 1);
	}
}

Test(runner_capture, a_tail_that_is_not_full)
{
	struct capture c;
	AUTO(stream) struct obs_stream s = {0};

	capture_init(&c, 8);
	capture_add(&c, "abcdefghij\n", 11);
	capture_finish(&c, &s);
	cr_assert_str_eq(s.tail, "ij\n");
	cr_assert_not(s.truncated);
	cr_assert_eq(s.lines, 1);
}

struct heard {
	char text[64];
	size_t n;
};

static void hear(const char *line, size_t len, void *arg)
{
	struct heard *h = arg;

	cr_assert_eq(strlen(line), len);
	(void)snprintf(h->text + strlen(h->text), sizeof(h->text) - strlen(h->text), "<%s>", line);
	h->n++;
}

Test(runner_capture, lines_are_told_whole)
{
	struct heard h = {0};
	struct capture c;

	capture_init(&c, 64);
	c.on_line = hear;
	c.arg = &h;
	capture_add(&c, "re", 2);
	capture_add(&c, "ady\n\nse", 7);
	cr_assert_str_eq(h.text, "<ready><>");
	capture_add(&c, "cond\n", 5);
	cr_assert_str_eq(h.text, "<ready><><second>");
	capture_release(&c);
}

static void count(const char *line, size_t len, void *arg)
{
	size_t *sum = arg;

	(void)line;
	cr_assert_leq(len, CAPTURE_LINE_MAX);
	*sum += len;
}

Test(runner_capture, a_line_without_end_comes_in_pieces)
{
	auto_free char *text = xcalloc(3 * CAPTURE_LINE_MAX, 1);
	struct capture c;
	size_t sum = 0;

	memset(text, 'x', 3 * CAPTURE_LINE_MAX);
	capture_init(&c, 64);
	c.on_line = count;
	c.arg = &sum;
	capture_add(&c, text, 3 * CAPTURE_LINE_MAX);
	capture_add(&c, "\n", 1);
	cr_assert_eq(sum, 3 * CAPTURE_LINE_MAX);
	capture_release(&c);
}

Test(runner_capture, a_pipe_is_read_until_its_end)
{
	struct capture c;
	AUTO(stream) struct obs_stream s = {0};
	int ends[2];

	cr_assert_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	capture_init(&c, 64);
	cr_assert_not(capture_read(&c, ends[0]), "nothing yet is not the end");
	cr_assert_eq(write(ends[1], "hi\n", 3), 3);
	cr_assert_not(capture_read(&c, ends[0]));
	close(ends[1]);
	cr_assert(capture_read(&c, ends[0]));
	capture_finish(&c, &s);
	cr_assert_str_eq(s.head, "hi\n");
	close(ends[0]);
}
