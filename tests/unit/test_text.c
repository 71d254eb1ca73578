// SPDX-License-Identifier: GPL-2.0-only
/* Ids, names and prefixes as the customers file writes them. */
#include "customers/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/units.h"

static const char *checked(const char *id)
{
	const char *wrong = nfm_text_check_id(id, strlen(id));

	return wrong ? wrong : "";
}

static void test_ids(void **state)
{
	static const char longest[] = "12345678901234567890123456789012345678901234567";

	(void)state;
	assert_string_equal(checked("alice"), "");
	assert_string_equal(checked("Жанна 7, \"x\""), "");
	assert_string_equal(checked("\xf0\x9f\x90\x9f"), "");
	assert_int_equal(sizeof(longest), NFM_ID_SIZE);
	assert_string_equal(checked(longest), "");
	assert_non_null(strstr(checked("123456789012345678901234567890123456789012345678"), "47"));
	assert_non_null(strstr(checked(""), "empty"));
	assert_non_null(strstr(checked("a\nb"), "control"));
	assert_non_null(strstr(checked("a\x7f"), "control"));
	assert_non_null(strstr(checked("caf\xe9"), "UTF-8"));	      /* Latin-1 */
	assert_non_null(strstr(checked("\xc0\xaf"), "UTF-8"));	      /* overlong */
	assert_non_null(strstr(checked("\xed\xa0\x80"), "UTF-8"));     /* surrogate */
	assert_non_null(strstr(checked("\xf4\x90\x80\x80"), "UTF-8")); /* beyond U+10FFFF */
	assert_non_null(strstr(checked("a\xe2\x82"), "UTF-8"));	      /* cut */
}

static void test_names(void **state)
{
	char name[] = "A\tB\nC \xe9 \xd0\x96 \xe2\x82";

	(void)state;
	nfm_text_clean_name(name);
	assert_string_equal(name, "A B C ? \xd0\x96 ??");
}

static void test_copy(void **state)
{
	char to[6];

	(void)state;
	memset(to, 'x', sizeof(to));
	nfm_text_copy(to, sizeof(to), "ab");
	assert_memory_equal(to, "ab\0\0\0\0", 6);
	nfm_text_copy(to, sizeof(to), "abcde");
	assert_string_equal(to, "abcde");
	nfm_text_copy(to, sizeof(to), "abcdef");
	assert_string_equal(to, "abcde");
	nfm_text_copy(to, sizeof(to), "abcd\xd0\x96"); /* not half a character */
	assert_string_equal(to, "abcd");
	nfm_text_copy(to, sizeof(to), "abc\xd0\x96");
	assert_string_equal(to, "abc\xd0\x96");
}

static void test_quote(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(nfm_text_quote("a\nb\xff", 4, buf, sizeof(buf)), "a b?");
	assert_string_equal(nfm_text_quote("abc", 2, buf, sizeof(buf)), "ab");
	nfm_text_quote("123456789012345678901234567890123456789012345678x", 49, buf, sizeof(buf));
	assert_non_null(strstr(buf, "…"));
}

/* Whatever the short way takes or leaves, the answer is that of nfm_units_parse_prefix(). */
static void test_prefixes_as_units(void **state)
{
	static const char *const texts[] = {
		"10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "255.255.255.255/32", "10.0.0.0/08",
		"010.0.0.1", "10.0.0.256", "10.0.0", "10.0.0.0.0", "10.0.0.0/33", "10.0.0.1/24",
		"10.0.0.0/", "/8", "", ".", "10..0.1", "10.0.0.1 ", " 10.0.0.1", "10.0.0.1/32x",
		"2001:db8::/32", "2001:db8::1", "2001:db8::1/64", "::/0", "::ffff:10.0.0.0/104",
		"2001:db8::/129", "1000.0.0.1", "1.2.3.4/-1", "1.2.3.4/+1", "fe80::1%lo",
		"128.0.0.0/1", "192.0.2.128/25", "192.0.2.128/24", "nonsense",
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(texts); i++) {
		struct nfm_prefix ours = { .row = 7, .bits = 99 };
		uint8_t addr[16], family, bits;
		int code = nfm_units_parse_prefix(texts[i], addr, &family, &bits);

		if (nfm_text_parse_prefix(texts[i], strlen(texts[i]), &ours) != code)
			fail_msg("'%s' is %d elsewhere", texts[i], code);
		assert_int_equal(ours.row, 7);
		if (code) {
			assert_int_equal(ours.bits, 99); /* untouched */
			continue;
		}
		assert_memory_equal(ours.addr, addr, sizeof(addr));
		assert_int_equal(ours.family, family);
		assert_int_equal(ours.bits, bits);
	}
}

static void test_prefix_within_text(void **state)
{
	struct nfm_prefix prefix;
	char text[200];

	(void)state;
	assert_int_equal(nfm_text_parse_prefix("10.0.0.0/241", 11, &prefix), 0);
	assert_int_equal(prefix.bits, 24);
	assert_int_equal(nfm_text_parse_prefix("10.0.0.0\0x", 10, &prefix), -EINVAL);
	memset(text, '1', sizeof(text));
	assert_int_equal(nfm_text_parse_prefix(text, sizeof(text), &prefix), -EINVAL);
}

static void test_explain(void **state)
{
	char why[256];

	(void)state;
	nfm_text_explain_prefix("10.0.0.77/24", 12, why, sizeof(why));
	assert_non_null(strstr(why, "write 10.0.0.0/24"));
	nfm_text_explain_prefix("2001:db8::1/56", 14, why, sizeof(why));
	assert_non_null(strstr(why, "write 2001:db8::/56"));
	nfm_text_explain_prefix("10.0.0.0/33", 11, why, sizeof(why));
	assert_non_null(strstr(why, "is no prefix"));
	nfm_text_explain_prefix("\x01\xff", 2, why, sizeof(why));
	assert_non_null(strstr(why, "' ?'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_prefixes_as_units),
		cmocka_unit_test(test_prefix_within_text),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
