#include "product/product.h"
#include "product/template.h"

#include <criterion/criterion.h>
#include <string.h>

static struct product *parse_template(const struct template_facts *facts)
{
	auto_free char *text = product_template_text(facts);

	return product_parse("template", text, strlen(text));
}

static size_t count_errors(const struct product *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->problems.n; i++) {
		n += !p->problems.v[i].warning;
	}
	return n;
}

Test(template, is_read_without_errors)
{
	AUTO(strv) struct strv ports = {0};
	AUTO(strv) struct strv env = {0};
	struct template_facts facts = {.name = "acme/server",
		.exposed_ports = &ports,
		.env = &env,
		.image = "acme/server:1"};
	AUTO_PTR(product) struct product *p = NULL;

	strv_add(&ports, "8443/tcp");
	strv_add(&ports, "80");
	strv_add(&ports, "53/udp");
	strv_add(&ports, "80/tcp");
	strv_add(&ports, "99999/tcp");
	strv_add(&env, "PATH=/usr/bin");
	strv_add(&env, "LC_ALL=C");
	strv_add(&env, "DB_URL=a=b");
	strv_add(&env, "DB_URL=again");
	strv_add(&env, "NOTHING");
	p = parse_template(&facts);
	cr_assert_eq(
		count_errors(p), 0, "%s: %s", p->problems.v[0].pointer, p->problems.v[0].message);
	cr_expect_str_eq(p->name, "acme/server");
	cr_expect_str_eq(p->image, "acme/server:1");
	cr_assert_eq(p->n_tasks, 1);
	cr_expect_eq(p->tasks[0].memory_maximum, TEMPLATE_MEMORY_MIB);
	cr_expect_eq(p->tasks[0].options.n, 0);
	cr_assert_eq(p->tasks[0].n_ports, 2, "UDP and what is no port have no place there");
	cr_expect_eq(p->tasks[0].ports[0], 80);
	cr_expect_eq(p->tasks[0].ports[1], 8443);
	cr_assert_eq(p->tasks[0].environment.n, 2);
	cr_expect_str_eq(p->tasks[0].environment.v[0].key, "DB_URL");
	cr_expect_str_eq(p->tasks[0].environment.v[0].default_value, "a=b");
	cr_expect_str_eq(p->tasks[0].environment.v[1].default_value, "");
}

Test(template, uuids_are_uuids_and_stable)
{
	struct template_facts facts = {.name = "thing"};
	auto_json json_t *one = product_template(&facts);
	auto_json json_t *two = product_template(&facts);
	AUTO_PTR(product) struct product *p = parse_template(&facts);

	cr_expect(json_equal(one, two));
	for (size_t i = 0; i < p->problems.n; i++) {
		cr_expect_null(
			strstr(p->problems.v[i].message, "UUID"), "%s", p->problems.v[i].pointer);
	}
	/* RFC 9562: version 8, variant 10 */
	cr_expect_eq(p->uuid[14], '8');
	cr_expect_not_null(strchr("89ab", p->uuid[19]));
}

Test(template, content_has_no_task)
{
	struct template_facts facts = {.name = "data", .content = true};
	AUTO_PTR(product) struct product *p = parse_template(&facts);

	cr_expect(p->content_only);
	cr_expect_eq(count_errors(p), 0);
}

Test(template, memory_as_given)
{
	struct template_facts facts = {.name = "small", .memory_mib = 16};
	AUTO_PTR(product) struct product *p = parse_template(&facts);

	cr_expect_eq(count_errors(p), 0);
	cr_expect_eq(p->tasks[0].memory_maximum, 16);
}
