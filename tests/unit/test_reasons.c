// SPDX-License-Identifier: GPL-2.0-only
/* The reasons: numbers are for ever, names are one of a kind, and each says what to do. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table/table.h"

/* As released: a line may be added here, none may change, but that its kind becomes RETIRED. */
static const struct {
	uint32_t number;
	int kind;
	const char *name;
} released[] = {
	{ 0, NFM_KIND_STAT, "none" },
	{ 1, NFM_KIND_STAT, "received" },
	{ 2, NFM_KIND_STAT, "options-records" },
	{ 3, NFM_KIND_STAT, "templates" },
	{ 4, NFM_KIND_STAT, "waited" },
	{ 5, NFM_KIND_STAT, "earlier" },
	{ 8, NFM_KIND_PUNT, "new-exporter" },
	{ 9, NFM_KIND_PUNT, "new-customer" },
	{ 10, NFM_KIND_RETIRED, "version-9" },
	{ 11, NFM_KIND_RETIRED, "version-ipfix" },
	{ 12, NFM_KIND_PUNT, "no-column" },
	{ 13, NFM_KIND_PUNT, "large" },
	{ 14, NFM_KIND_PUNT, "template" },
	{ 15, NFM_KIND_PUNT, "no-template" },
	{ 16, NFM_KIND_REJECT, "short" },
	{ 17, NFM_KIND_REJECT, "empty" },
	{ 18, NFM_KIND_REJECT, "version" },
	{ 19, NFM_KIND_REJECT, "truncated" },
	{ 20, NFM_KIND_REJECT, "count" },
	{ 21, NFM_KIND_REJECT, "refused" },
	{ 22, NFM_KIND_REJECT, "ring-full" },
	{ 23, NFM_KIND_RETIRED, "undecoded-v9" },
	{ 24, NFM_KIND_RETIRED, "undecoded-ipfix" },
	{ 25, NFM_KIND_REJECT, "exporters-full" },
	{ 26, NFM_KIND_REJECT, "udp-length" },
	{ 28, NFM_KIND_REJECT, "fragment-tee" },
	{ 29, NFM_KIND_REJECT, "socket-full" },
	{ 30, NFM_KIND_PUNT, "options" },
	{ 31, NFM_KIND_PUNT, "unarmed" },
	{ 32, NFM_KIND_PUNT, "odd-record" },
	{ 33, NFM_KIND_PUNT, "odd-set" },
	{ 34, NFM_KIND_REJECT, "set-length" },
	{ 35, NFM_KIND_REJECT, "bad-template" },
	{ 36, NFM_KIND_REJECT, "bad-data" },
	{ 37, NFM_KIND_REJECT, "too-many" },
	{ 40, NFM_KIND_NOTE, "customers-full" },
	{ 41, NFM_KIND_NOTE, "wrapped" },
	{ 42, NFM_KIND_NOTE, "wrap-repaired" },
	{ 43, NFM_KIND_NOTE, "empty-record" },
	{ 44, NFM_KIND_NOTE, "same-address" },
	{ 45, NFM_KIND_NOTE, "implausible" },
	{ 46, NFM_KIND_NOTE, "total-counter" },
	{ 47, NFM_KIND_NOTE, "reverse-left-out" },
	{ 48, NFM_KIND_PASS, "fragment" },
	{ 49, NFM_KIND_LOST, "wait-expired" },
	{ 50, NFM_KIND_LOST, "wait-full" },
	{ 51, NFM_KIND_NOTE, "templates-full" },
	{ 52, NFM_KIND_LOST, "wait-bad" },
	{ 53, NFM_KIND_NOTE, "earlier-oldest" },
	{ 54, NFM_KIND_NOTE, "earlier-room" },
};

static void released_numbers_stay(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(released) / sizeof(released[0]); i++) {
		assert_string_equal(nfm_reason_name(released[i].number), released[i].name);
		assert_int_equal(nfm_reason_kind(released[i].number), released[i].kind);
	}
}

static void unused_numbers_have_no_name(void **state)
{
	static const uint32_t unused[] = { 6,  7,  27,		    38,	  39,
					   55, 63, NFM_REASON_ROWS, 1000, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++) {
		assert_null(nfm_reason_name(unused[i]));
		assert_null(nfm_reason_help(unused[i]));
		assert_int_equal(nfm_reason_kind(unused[i]), -1);
	}
}

static void names_are_unique_and_plain(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < NFM_REASON_ROWS; i++) {
		const char *name = nfm_reason_name(i);

		if (!name)
			continue;
		for (const char *p = name; *p; p++)
			assert_true(islower(*p) || isdigit(*p) || *p == '-');
		for (uint32_t j = 0; j < i; j++)
			if (nfm_reason_name(j))
				assert_string_not_equal(nfm_reason_name(j), name);
		assert_true(strlen(nfm_reason_help(i)) > 10);
	}
}

/* A column has this many rows for them: a number beyond would reach into the next column. */
static void numbers_fit_their_rows(void **state)
{
	uint32_t count = 0;

	(void)state;
#define FITS(name, number, kind, text, help)   \
	assert_true(number < NFM_REASON_ROWS); \
	count++;
	NFM_REASONS(FITS)
#undef FITS
	assert_int_equal(count, sizeof(released) / sizeof(released[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(released_numbers_stay),
		cmocka_unit_test(unused_numbers_have_no_name),
		cmocka_unit_test(names_are_unique_and_plain),
		cmocka_unit_test(numbers_fit_their_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
