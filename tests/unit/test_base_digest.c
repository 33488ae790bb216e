#include "base/digest.h"

#include <criterion/criterion.h>
#include <string.h>

/* FIPS 180-4 examples: "abc" */
static const char abc_256[] =
	"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char abc_512[] =
	"sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

Test(base_digest, the_standards_own_examples)
{
	char text[DIGEST_TEXT_MAX];
	AUTO_PTR(digest) struct digest *d = digest_new(DIGEST_SHA256);

	digest_of(DIGEST_SHA512, "abc", 3, text);
	cr_assert_str_eq(text, abc_512);
	for (int round = 0; round < 2; round++) { /* starts afresh after digest_end */
		digest_add(d, "a", 1);
		digest_add(d, "bc", 2);
		digest_end(d, text);
		cr_assert_str_eq(text, abc_256);
	}
}

Test(base_digest, the_grammar_of_a_descriptor)
{
	enum digest_algorithm algorithm;
	char upper[sizeof(abc_256)];
	struct err err;

	cr_assert_eq(digest_parse(abc_256, &algorithm, NULL), 0);
	cr_assert_eq(algorithm, DIGEST_SHA256);
	cr_assert_eq(digest_parse(abc_512, &algorithm, NULL), 0);
	cr_assert_eq(algorithm, DIGEST_SHA512);
	memcpy(upper, abc_256, sizeof(upper));
	upper[7] = 'B';
	static const char *const malformed[] = {"", ":", "sha256", "sha256:", ":ab", "SHA256:ab",
		"sha256:ab", "sha256:../../etc/passwd", "sha+:ab", "+sha:ab", "sha--x:ab"};
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		cr_assert_eq(digest_parse(malformed[i], &algorithm, &err), -1);
		cr_assert_eq(err.code, ERR_MALFORMED, "'%s'", malformed[i]);
	}
	cr_assert_eq(digest_parse(upper, &algorithm, &err), -1);
	cr_assert_eq(err.code, ERR_MALFORMED);
	cr_assert_eq(digest_parse("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
			     &algorithm, &err),
		-1);
	cr_assert_eq(err.code, ERR_UNSUPPORTED);
}
