// SPDX-License-Identifier: GPL-2.0-only
/* The template store: names, replacement, withdrawal, what is heard, samplers. */
#include "flow/store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "made_store.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

/* ---- names ---- */

static void finds_what_was_put_and_no_other_name(void **state)
{
	struct nfm_template_name name = made_name(1, 10, 7, 300);
	struct nfm_template *template = put_as(&name, false, 3);
	struct nfm_template_name others[] = {
		made_name(2, 10, 7, 300),
		made_name(1, 9, 7, 300),
		made_name(1, 10, 8, 300),
		made_name(1, 10, 7, 301),
		made_name(1, 10, 7, 0),
	};

	(void)state;
	assert_ptr_equal(nfm_store_find(store, &name), template);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(others); i++)
		assert_null(nfm_store_find(store, &others[i]));
	assert_int_equal(count().templates, 1);
	assert_true(count().bytes > nfm_template_size(template));
	assert_heard("S300 ");
}

static void finds_each_of_many(void **state)
{
	(void)state;
	nfm_store_listen(store, NULL, NULL);
	for (uint32_t i = 0; i < 3000; i++) {
		struct nfm_template_name name =
			made_name((uint8_t)(i % 3), 9, i / 30, (uint16_t)(256 + i));

		put_as(&name, i % 2, 1 + i % 5 + i % 2);
	}
	for (uint32_t i = 0; i < 3000; i++) {
		struct nfm_template_name name =
			made_name((uint8_t)(i % 3), 9, i / 30, (uint16_t)(256 + i));
		struct nfm_template *template = nfm_store_find(store, &name);

		assert_non_null(template);
		assert_memory_equal(&template->name, &name, sizeof(name));
		name.domain++;
		assert_null(nfm_store_find(store, &name));
	}
	assert_int_equal(count().templates, 3000);
}

static void a_new_one_takes_the_place_of_the_old(void **state)
{
	struct nfm_template_name name = made_name(1, 9, 0, 300);
	uint64_t bytes;

	(void)state;
	put_as(&name, false, 2);
	bytes = count().bytes;
	put_as(&name, false, 7);
	assert_int_equal(count().templates, 1);
	assert_true(count().bytes > bytes);
	assert_int_equal(nfm_store_find(store, &name)->field_count, 7);
	put_as(&name, false, 2);
	assert_int_equal(count().bytes, bytes);
	assert_int_equal(count().forgotten, 0);
	assert_heard("S300 S300 S300 ");
}

static void options_and_data_share_the_ids(void **state)
{
	struct nfm_template_name name = made_name(1, 9, 0, 300);

	(void)state;
	put_as(&name, true, 2);
	put_as(&name, false, 2);
	nfm_store_withdraw_all(store, &name, true);
	assert_false(nfm_store_find(store, &name)->options);
	put_as(&name, true, 2);
	nfm_store_withdraw_all(store, &name, false);
	assert_true(nfm_store_find(store, &name)->options);
	assert_heard("S300 S300 S300 ");
	assert_int_equal(count().templates, 1);
}

/* ---- withdrawal ---- */

static void withdraws_one(void **state)
{
	struct nfm_template_name name = made_name(1, 9, 0, 300);
	struct nfm_template_name other = made_name(1, 9, 1, 300);

	(void)state;
	put(1, 300);
	put(1, 301);
	nfm_store_withdraw(store, &other);
	assert_non_null(find(1, 300));
	nfm_store_withdraw(store, &name);
	nfm_store_withdraw(store, &name);
	assert_null(find(1, 300));
	assert_non_null(find(1, 301));
	assert_heard("S300 S301 W300 ");
	assert_int_equal(count().templates, 1);
	assert_int_equal(count().forgotten, 0);
}

static void withdraws_all_of_a_kind_in_a_stream(void **state)
{
	static const struct nfm_template_name none;
	struct nfm_template_name stream = made_name(1, 9, 0, 3);
	struct nfm_template_name options = made_name(1, 9, 0, 400);
	struct nfm_template_name others[] = {
		made_name(2, 9, 0, 300),
		made_name(1, 10, 0, 300),
		made_name(1, 9, 1, 300),
	};

	(void)state;
	for (uint16_t id = 300; id < 303; id++)
		put(1, id);
	put_as(&options, true, 2);
	assert_int_equal(put_sampler(1, 5, 10, 1), 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(others); i++)
		put_as(&others[i], false, 2);
	heard[0] = '\0';

	nfm_store_withdraw_all(store, &none, false);
	assert_heard("");
	nfm_store_withdraw_all(store, &stream, false);
	assert_heard("W300 W301 W302 ");
	nfm_store_withdraw_all(store, &stream, false);
	assert_heard("");
	assert_non_null(nfm_store_find(store, &options));
	nfm_store_withdraw_all(store, &stream, true);
	assert_heard("W400 ");
	assert_int_equal(nfm_store_sampling(store, &stream, 5).num, 10);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(others); i++)
		assert_non_null(nfm_store_find(store, &others[i]));
	assert_int_equal(count().templates, NFM_ARRAY_SIZE(others));
	assert_int_equal(count().samplers, 1);
}

static void clearing_leaves_nothing_and_tells_nobody(void **state)
{
	struct nfm_template_name stream = made_name(1, 9, 0, 0);

	(void)state;
	put(1, 300);
	put(2, 300);
	assert_int_equal(put_sampler(1, 1, 10, 1), 0);
	heard[0] = '\0';
	nfm_store_clear(store);
	assert_heard("");
	assert_null(find(1, 300));
	assert_null(find(2, 300));
	assert_false(nfm_store_is_sampled(store, &stream));
	assert_int_equal(count().templates + count().samplers + count().bytes, 0);
	put(1, 300);
	assert_non_null(find(1, 300));
}

/* ---- hearing ---- */

static void seen_is_told_once_a_minute(void **state)
{
	const uint64_t s = NFM_NS_PER_S;
	static const struct {
		uint64_t at_s;
		const char *heard;
	} steps[] = {
		{ 1030, "" },	     { 1059, "" }, { 1060, "E300 " }, { 1090, "" },
		{ 1119, "" },	     { 1120, "E300 " },		      { 500, "E300 " },
		{ 559, "" },	     { 560, "E300 " },
	};
	struct nfm_template_name name = made_name(1, 9, 0, 300);
	struct nfm_template *template = made_template(&name, false, 2, 1);

	(void)state;
	template->seen_unix_ns = 1000 * s;
	assert_int_equal(nfm_store_put(store, template), 0);
	assert_heard("S300 ");
	for (size_t i = 0; i < NFM_ARRAY_SIZE(steps); i++) {
		nfm_store_see(store, template, steps[i].at_s * s);
		assert_heard(steps[i].heard);
		assert_int_equal(template->seen_unix_ns, steps[i].at_s * s);
	}
	nfm_store_listen(store, NULL, NULL);
	nfm_store_see(store, template, 9000 * s);
	put(1, 301);
	assert_heard("");
}

static void each_gives_templates_then_samplers_oldest_first(void **state)
{
	(void)state;
	assert_int_equal(put_sampler(1, 1, 10, 1), 0);
	put(1, 300);
	put(2, 301);
	assert_int_equal(put_sampler(2, 2, 10, 1), 0);
	put(1, 302);
	nfm_store_use(store, find(2, 301), 1);
	assert_int_equal(put_sampler(1, 1, 10, 1), 0);
	heard[0] = '\0';
	nfm_store_each(store, hear, heard);
	assert_heard("S300 S302 S301 Ap2 Ap1 ");
}

/* ---- samplers ---- */

#define ANY NFM_SAMPLER_ANY

static const struct {
	struct {
		uint64_t id;
		uint32_t num;
	} put[4]; /* num 0: none */
	uint64_t id;
	uint32_t num;
	bool sampled;
} samplers[] = {
	{ { { 0, 0 } }, ANY, 1, false },
	{ { { 0, 0 } }, 5, 1, false },
	{ { { ANY, 10 } }, ANY, 10, true },
	{ { { ANY, 10 } }, 5, 10, true },
	{ { { 5, 20 } }, 5, 20, true },
	{ { { 5, 20 } }, ANY, 20, true },
	{ { { 5, 20 } }, 6, 20, true },
	{ { { 0, 20 } }, 0, 20, true }, /* 0 is an id as others */
	{ { { 5, 20 }, { 6, 30 } }, 5, 20, true },
	{ { { 5, 20 }, { 6, 30 } }, 6, 30, true },
	{ { { 5, 20 }, { 6, 30 } }, ANY, 1, true },
	{ { { 5, 20 }, { 6, 30 } }, 7, 1, true },
	{ { { 5, 20 }, { ANY, 30 } }, ANY, 30, true },
	{ { { 5, 20 }, { ANY, 30 } }, 5, 20, true },
	{ { { 5, 20 }, { ANY, 30 } }, 6, 30, true },
	{ { { 5, 20 }, { 5, 40 } }, 5, 40, true },
	{ { { 5, 20 }, { 5, 1 } }, 5, 1, false },
	{ { { 5, 1 }, { 6, 1 } }, 5, 1, false },
	{ { { 5, 1 }, { 6, 20 }, { 6, 1 } }, 6, 1, false },
	{ { { 5, 1 }, { 6, 20 }, { 7, 20 }, { 6, 1 } }, 6, 1, true },
};

static void samplers_are_found_by_id_then_for_all_then_alone(void **state)
{
	struct nfm_template_name stream = made_name(1, 9, 0, 999); /* its id is not looked at */
	struct nfm_template_name other = made_name(1, 9, 1, 0);

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(samplers); i++) {
		struct nfm_sampling got;

		make_store(0, 0);
		put(1, 300); /* no sampler, for all that it is in the stream */
		for (size_t j = 0; j < 4 && samplers[i].put[j].num; j++)
			assert_int_equal(put_sampler(1, samplers[i].put[j].id,
						     samplers[i].put[j].num, 1),
					 0);
		got = nfm_store_sampling(store, &stream, samplers[i].id);
		assert_int_equal(got.num, samplers[i].num);
		assert_int_equal(got.den, 1);
		assert_int_equal(nfm_store_is_sampled(store, &stream), samplers[i].sampled);
		got = nfm_store_sampling(store, &other, samplers[i].id);
		assert_int_equal(got.num, 1);
		assert_false(nfm_store_is_sampled(store, &other));
	}
}

static void a_sampler_is_told_when_it_changes(void **state)
{
	struct nfm_template_name stream = made_name(1, 9, 0, 0);

	(void)state;
	assert_int_equal(put_sampler(1, 5, 20, 1), 0);
	assert_heard("Ap5 ");
	assert_int_equal(put_sampler(1, 5, 20, 1), 0);
	assert_heard("");
	assert_int_equal(put_sampler(1, 5, 20, 3), 0);
	assert_heard("Ap5 ");
	assert_int_equal(nfm_store_sampling(store, &stream, 5).den, 3);
	assert_int_equal(put_sampler(1, 5, 3, 3), 0); /* one of one */
	assert_false(nfm_store_is_sampled(store, &stream));
	assert_int_equal(count().samplers, 1);
	nfm_store_withdraw_sampler(store, &stream, 6);
	assert_heard("Ap5 ");
	nfm_store_withdraw_sampler(store, &stream, 5);
	assert_heard("Wp5 ");
	assert_int_equal(count().samplers + count().bytes, 0);
}

static void a_forgotten_sampler_is_no_longer_sampled(void **state)
{
	struct nfm_template_name stream = made_name(1, 9, 0, 0);
	const struct nfm_sampler *any;
	uint32_t n = 77;

	(void)state;
	make_store(2, 0);
	assert_int_equal(put_sampler(1, 5, 20, 1), 0);
	assert_int_equal(put_sampler(1, 6, 1, 1), 0);
	any = nfm_store_any_sampler(store, &stream, &n);
	assert_int_equal(any->id, 5);
	assert_memory_equal(&any->stream, &stream, sizeof(stream));
	assert_int_equal(n, 2);
	assert_true(nfm_store_is_sampled(store, &stream));
	put(1, 300);
	assert_heard("Ap5 Ap6 Fp5 S300 ");
	assert_false(nfm_store_is_sampled(store, &stream));
	assert_int_equal(nfm_store_sampling(store, &stream, 5).num, 1);
	assert_int_equal(nfm_store_any_sampler(store, &stream, &n)->id, 6);
	assert_int_equal(n, 1);
	put(1, 301);
	assert_null(nfm_store_any_sampler(store, &stream, &n));
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_what_was_put_and_no_other_name),
		TEST(finds_each_of_many),
		TEST(a_new_one_takes_the_place_of_the_old),
		TEST(options_and_data_share_the_ids),
		TEST(withdraws_one),
		TEST(withdraws_all_of_a_kind_in_a_stream),
		TEST(clearing_leaves_nothing_and_tells_nobody),
		TEST(seen_is_told_once_a_minute),
		TEST(each_gives_templates_then_samplers_oldest_first),
		TEST(samplers_are_found_by_id_then_for_all_then_alone),
		TEST(a_sampler_is_told_when_it_changes),
		TEST(a_forgotten_sampler_is_no_longer_sampled),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
