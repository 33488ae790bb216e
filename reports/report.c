#include "reports/report.h"

#include "base/alloc.h"
#include "base/str.h"
#include "reports/parts.h"

const struct report_format report_formats[] = {
	{"text", "for people: the verdict, every requirement, what is wrong and what to do",
		report_text},
	{"json", "everything, for programs: docs/report.schema.json", report_json},
	{"junit", "JUnit XML for CI servers: a test case for every check", report_junit},
};
const size_t n_report_formats = ARRAY_SIZE(report_formats);

const struct report_format *report_format_find(const char *name)
{
	for (size_t i = 0; i < n_report_formats; i++) {
		if (str_eq(report_formats[i].name, name)) {
			return &report_formats[i];
		}
	}
	return NULL;
}

char *image_platform_text(const struct image *image)
{
	const struct platform *p;

	if (!image || !image->config || !image->config->platform.os ||
		!image->config->platform.architecture) {
		return NULL;
	}
	p = &image->config->platform;
	return xasprintf("%s/%s%s%s", p->os, p->architecture, p->variant && *p->variant ? "/" : "",
		p->variant ? p->variant : "");
}

const char *remedy_of(const struct check_result *r)
{
	return r->remedy ? r->remedy : r->check->remedy;
}

bool has_several_tasks(const struct result *result)
{
	return result->product && result->product->n_tasks > 1;
}

const struct requirement_result *requirement_part(
	const struct result *result, const struct requirement *requirement)
{
	for (size_t i = 0; i < result->n_requirements; i++) {
		if (result->requirements[i].requirement == requirement) {
			return &result->requirements[i];
		}
	}
	return NULL;
}

json_t *waiver_that_would_cover(const struct check_result *r, const struct finding *finding)
{
	return json_pack("{s:s, s:o, s:s, s:s}", "check", r->check->id, "subject",
		json_text(finding->subject), "why", "...", "who", "...");
}
