/* RFC 8785: the numbers of its appendix B, the example of 3.2.2, the sorting example of 3.2.3. */
#include "product/canonical.h"
#include "product/product.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
	uint64_t bits;
	const char *text;
} numbers[] = {
	{0x0000000000000000, "0"},
	{0x8000000000000000, "0"},
	{0x0000000000000001, "5e-324"},
	{0x8000000000000001, "-5e-324"},
	{0x7fefffffffffffff, "1.7976931348623157e+308"},
	{0xffefffffffffffff, "-1.7976931348623157e+308"},
	{0x4340000000000000, "9007199254740992"},
	{0xc340000000000000, "-9007199254740992"},
	{0x4430000000000000, "295147905179352830000"},
	{0x44b52d02c7e14af5, "9.999999999999997e+22"},
	{0x44b52d02c7e14af6, "1e+23"},
	{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
	{0x444b1ae4d6e2ef4e, "999999999999999700000"},
	{0x444b1ae4d6e2ef4f, "999999999999999900000"},
	{0x444b1ae4d6e2ef50, "1e+21"},
	{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
	{0x3eb0c6f7a0b5ed8d, "0.000001"},
	{0x41b3de4355555553, "333333333.3333332"},
	{0x41b3de4355555554, "333333333.33333325"},
	{0x41b3de4355555555, "333333333.3333333"},
	{0x41b3de4355555556, "333333333.3333334"},
	{0x41b3de4355555557, "333333333.33333343"},
	{0xbecbf647612f3696, "-0.0000033333333333333333"},
	{0x43143ff3c1cb0959, "1424953923781206.2"},
};

Test(canonical, numbers_of_the_rfc)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		char text[CANONICAL_NUMBER_MAX];
		double number;

		memcpy(&number, &numbers[i].bits, sizeof(number));
		canonical_number(number, text);
		cr_expect_str_eq(text, numbers[i].text, "%s, not %s", text, numbers[i].text);
	}
}

static const struct {
	const char *given;
	const char *canonical;
} documents[] = {
	{"{\"numbers\":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"
	 "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
	 "\"literals\":[null,true,false]}",
		"{\"literals\":[null,true,false],"
		"\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
		"\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
	{"{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Dalet\","
	 "\"1\":\"One\","
	 "\"\\ud83d\\ude00\":\"Smiley\",\"\\u0080\":\"Control\",\"\\u00f6\":\"O Diaeresis\"}",
		"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
		"\"\xc3\xb6\":\"O Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
		"\"\xf0\x9f\x98\x80\":\"Smiley\",\"\xef\xac\xb3\":\"Dalet\"}"},
	{" [ ] ", "[]"},
	{"{ }", "{}"},
	{"[1.0, 1, -0, 1e2]", "[1,1,0,100]"},
	{"[\"\\b\\f\\t\\u000b\"]", "[\"\\b\\f\\t\\u000b\"]"},
	{"{\"ab\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"ab\":1}"},
};

Test(canonical, documents_of_the_rfc)
{
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		auto_json json_t *value = json_loads(documents[i].given, 0, NULL);
		AUTO(buf) struct buf out;
		struct err err;

		buf_init(&out, 4096);
		cr_assert_not_null(value);
		cr_assert_eq(canonical_write(value, &out, &err), 0);
		cr_expect_str_eq(buf_str(&out), documents[i].canonical, "%s", buf_str(&out));
	}
}

Test(canonical, cap_is_an_error)
{
	auto_json json_t *value = json_loads("[\"long enough\"]", 0, NULL);
	AUTO(buf) struct buf out;
	struct err err = {0};

	buf_init(&out, 4);
	cr_expect_eq(canonical_write(value, &out, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
}

/* sha256sum of {"configuration":[],"product":{}} */
Test(canonical, digest_of_a_product_ignores_layout)
{
	static const char *const texts[] = {"{\"product\":{},\"configuration\":[]}",
		"{ \"configuration\" : [ ],\n\"product\": {}\n}\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_PTR(product)
		struct product *p = product_parse("x", texts[i], strlen(texts[i]));

		cr_expect_str_eq(p->digest,
			"sha256:"
			"8eb11cd2050ebe12f76b97ff73a44966886b25586894f59325a0661948709ea1");
	}
}
