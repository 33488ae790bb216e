#include "checks/seen.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_SHOWN = 300, LINES_SHOWN = 3 };

char *seen_signal(int signal)
{
	const char *name = sigabbrev_np(signal);

	return name ? xasprintf("SIG%s", name) : xasprintf("signal %d", signal);
}

char *seen_exit(const struct obs_exit *e)
{
	return e->signal ? seen_signal(e->signal) : xasprintf("exit code %d", e->code);
}

json_t *seen_seconds(double s)
{
	return json_real((double)(int64_t)(s * 1000 + 0.5) / 1000);
}

/* The last max lines of a text. */
static void add_last(json_t *to, const char *text, size_t len, size_t max)
{
	size_t start = len && text[len - 1] == '\n' ? len - 1 : len;
	size_t lines = 0;
	const char *at;
	struct line l;

	while (start > 0 && (text[start - 1] != '\n' || ++lines < max)) {
		start--;
	}
	for (at = text + start; line_next(&at, text + len, &l);) {
		json_array_append_new(
			to, json_text_n(l.s, l.len < LINE_SHOWN ? l.len : LINE_SHOWN));
	}
}

static json_t *last_lines(const struct obs_stream *s, size_t max)
{
	json_t *lines = json_array();

	if (s->tail_len) {
		add_last(lines, s->tail, s->tail_len, max);
	} else if (s->head_len) {
		add_last(lines, s->head, s->head_len, max);
	}
	return lines;
}

static json_t *first_lines(const struct obs_stream *s, size_t max)
{
	json_t *lines = json_array();
	const char *at = s->head;
	struct line l;

	while (s->head_len && json_array_size(lines) < max &&
		line_next(&at, s->head + s->head_len, &l)) {
		json_array_append_new(
			lines, json_text_n(l.s, l.len < LINE_SHOWN ? l.len : LINE_SHOWN));
	}
	return lines;
}

char *seen_last_line(const struct task_observation *t)
{
	auto_json json_t *lines = last_lines(t->err.bytes ? &t->err : &t->out, 1);

	return xstrdup(json_array_size(lines) ? json_string_value(json_array_get(lines, 0)) : "");
}

char *seen_last_words(const struct task_observation *t, size_t max)
{
	auto_json json_t *lines = last_lines(t->err.bytes ? &t->err : &t->out, max);
	AUTO(strv) struct strv words = {0};
	json_t *line;
	size_t i;

	json_array_foreach (lines, i, line) {
		strv_addf(&words, "'%s'", json_string_value(line));
	}
	return strv_join(&words, ", ");
}

json_t *seen_last_lines(const struct task_observation *t, size_t max)
{
	return json_pack("{s:o, s:o}", "stdout", last_lines(&t->out, max), "stderr",
		last_lines(&t->err, max));
}

json_t *seen_stream(const struct obs_stream *s)
{
	return json_pack("{s:I, s:I, s:o, s:o}", "bytes", (json_int_t)s->bytes, "lines",
		(json_int_t)s->lines, "first", first_lines(s, LINES_SHOWN), "last",
		last_lines(s, LINES_SHOWN));
}

json_t *seen_timeline(const struct task_observation *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->timeline.n; i++) {
		const struct obs_event *e = &t->timeline.v[i];

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:o}", "t_s", seen_seconds(e->t_s), "event",
				      json_text(e->event), "detail", json_text(e->detail)));
	}
	return list;
}

const char *seen_event(const struct task_observation *t, const char *event)
{
	for (size_t i = 0; i < t->timeline.n; i++) {
		if (str_eq(t->timeline.v[i].event, event)) {
			return t->timeline.v[i].detail;
		}
	}
	return NULL;
}

static bool stream_says(const struct obs_stream *s, const char *text)
{
	return (s->head_len && str_ifind(s->head, s->head_len, text)) ||
	       (s->tail_len && str_ifind(s->tail, s->tail_len, text));
}

bool seen_says(const struct task_observation *t, const char *text)
{
	return stream_says(&t->out, text) || stream_says(&t->err, text);
}

char *seen_cut_short(const struct task_observation *t)
{
	auto_free char *how = NULL;

	if (t->killed_by_us) {
		return xasprintf("assay ended it at its limit of %s", t->killed_by_us);
	}
	if (!t->exit_early.ended) {
		return NULL;
	}
	how = seen_exit(&t->exit_early);
	return xasprintf("it ended by itself (%s) after %.2f s", how, t->exit_early.t_s);
}
