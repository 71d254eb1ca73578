// SPDX-License-Identifier: GPL-2.0-only
/* The template store's room: who goes for want of it, floods, and a simpler store beside it. */
#include "flow/store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "made_store.h"

#define FLOOD 1000000U
#define COST_STEPS 100000U

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

/* ---- want of room ---- */

/*
 * Of exporter 1: a digit puts that template, u uses, s sees, w withdraws it; p puts that sampler.
 * What is left over then; another exporter's is always.
 */
static const struct {
	uint32_t per_exporter;
	const char *steps;
	const char *left;
	uint32_t forgotten;
} rooms[] = {
	{ 4, "1 2 3 4", "1 2 3 4", 0 },
	{ 3, "1 2 3 4", "2 3 4", 1 },
	{ 3, "1 2 3 4 5", "3 4 5", 2 },
	{ 3, "1 2 3 u1 4", "1 3 4", 1 },
	{ 3, "1 2 3 u3 u2 4", "2 3 4", 1 },
	{ 3, "1 2 3 u1 u2 4", "1 2 4", 1 },
	{ 3, "1 2 3 s1 4", "2 3 4", 1 }, /* being announced again is no use */
	{ 3, "1 2 3 1 4", "1 3 4", 1 },	 /* a new one is */
	{ 3, "1 2 3 1", "1 2 3", 0 },	 /* and needs no more room than the old */
	{ 3, "1 2 3 w2 4", "1 3 4", 0 },
	{ 3, "1 p2 3 4", "3 4 p2", 1 }, /* samplers count, too */
	{ 3, "p1 2 3 4", "2 3 4", 1 },
	{ 3, "p1 2 3 p1 4", "3 4 p1", 1 },
	{ 2, "1 2 p3 p4", "p3 p4", 2 },
	{ 1, "1 2 3", "3", 2 },
	{ 1, "1 p2", "p2", 1 },
};

static void step(const char *at)
{
	uint16_t id = (uint16_t)(256 + at[1] - '0');
	struct nfm_template_name name = made_name(1, 9, 0, id);

	switch (*at) {
	case 'u':
		nfm_store_use(store, find(1, id), 77);
		assert_int_equal(find(1, id)->used_ns, 77);
		break;
	case 's':
		nfm_store_see(store, find(1, id), 99);
		assert_int_equal(find(1, id)->seen_unix_ns, 99);
		break;
	case 'w':
		nfm_store_withdraw(store, &name);
		break;
	case 'p':
		assert_int_equal(put_sampler(1, (uint64_t)(at[1] - '0'), 10, 1), 0);
		break;
	default:
		put(1, (uint16_t)(256 + at[0] - '0'));
		break;
	}
}

/* Exporter 1's, in order of number. */
static void list_left(char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (uint16_t i = 0; i < 10; i++)
		if (find(1, (uint16_t)(256 + i)))
			n += (size_t)snprintf(out + n, size - n, "%s%u", n ? " " : "", i);
	for (uint16_t i = 0; i < 10; i++) {
		struct nfm_template_name stream = made_name(1, 9, 0, 0);

		if (nfm_store_find_sampler(store, &stream, i))
			n += (size_t)snprintf(out + n, size - n, "%sp%u", n ? " " : "", i);
	}
}

static void the_longest_unused_of_an_exporter_goes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rooms); i++) {
		char left[64];

		make_store(rooms[i].per_exporter, 0);
		put(2, 300);
		for (const char *at = rooms[i].steps; *at; at += strcspn(at, " ")) {
			at += *at == ' ';
			step(at);
		}
		list_left(left, sizeof(left));
		assert_string_equal(left, rooms[i].left);
		assert_int_equal(count().forgotten, rooms[i].forgotten);
		assert_non_null(find(2, 300));
	}
}

static uint64_t bytes_of_one(void)
{
	make_store(0, 0);
	put(1, 300);
	return count().bytes;
}

static void bytes_are_bounded_and_who_wants_more_gives(void **state)
{
	uint64_t one = bytes_of_one();

	(void)state;
	make_store(0, 3 * one);
	put(1, 300);
	put(2, 300);
	put(2, 301);
	assert_heard("S300 S300 S301 ");
	put(2, 302); /* its own oldest, although another's is older */
	assert_heard("F300 S302 ");
	assert_non_null(find(1, 300));
	nfm_store_use(store, find(1, 300), 1);
	put(3, 303); /* has none: the oldest of all, which is not the used one */
	assert_heard("F301 S303 ");
	assert_non_null(find(1, 300));
	put(4, 304);
	assert_heard("F302 S304 ");
	assert_int_equal(count().forgotten, 3);
	assert_int_equal(count().bytes, 3 * one);

	make_store(0, 3 * one - 1);
	put(1, 300);
	put(2, 300);
	assert_heard("S300 S300 ");
	put(3, 301);
	assert_heard("F300 S301 ");
	assert_null(find(1, 300));
}

static void a_large_one_takes_the_room_of_several(void **state)
{
	struct nfm_template_name name = made_name(1, 9, 0, 400);
	uint64_t one = bytes_of_one();
	uint64_t large;

	(void)state;
	put_as(&name, false, 200);
	large = count().bytes - one;
	assert_true(large > 3 * one);
	make_store(0, large + one);
	put(2, 300);
	for (uint16_t id = 300; id < 304; id++)
		put(1, id);
	assert_int_equal(count().forgotten, 0);
	heard[0] = '\0';
	nfm_store_use(store, find(1, 300), 1);
	put_as(&name, false, 200);
	assert_non_null(nfm_store_find(store, &name));
	assert_non_null(find(2, 300)); /* the last of its own made enough room */
	assert_heard("F301 F302 F303 F300 S400 ");
	assert_int_equal(count().bytes, large + one);
}

static void larger_than_all_room_is_refused_and_so_is_what_it_replaces(void **state)
{
	struct nfm_template_name name = made_name(1, 9, 0, 300);
	struct nfm_template *large = made_template(&name, false, 200, 1);
	uint64_t one = bytes_of_one();

	(void)state;
	make_store(0, 2 * one);
	put(1, 300);
	put(1, 301);
	assert_int_equal(nfm_store_put(store, large), -ENOSPC);
	assert_heard("S300 S301 F300 ");
	assert_null(find(1, 300));
	assert_non_null(find(1, 301));
	assert_int_equal(count().forgotten, 1);
	assert_int_equal(nfm_store_put(store, large), -ENOSPC);
	assert_heard("");
	nfm_template_free(large); /* still ours */

	make_store(0, 1);
	assert_int_equal(put_sampler(1, 1, 10, 1), -ENOSPC);
	assert_int_equal(count().samplers + count().bytes, 0);
}

static void no_limits_are_the_defaults(void **state)
{
	_cleanup_(nfm_store_free_p) struct nfm_store *plain = NULL;
	struct nfm_store *made = store;

	(void)state;
	assert_int_equal(nfm_store_new(NULL, &plain), 0);
	store = plain;
	for (uint32_t i = 0; i <= NFM_STORE_PER_EXPORTER; i++)
		put(1, (uint16_t)(256 + i));
	assert_int_equal(count().templates, NFM_STORE_PER_EXPORTER);
	assert_int_equal(count().forgotten, 1);
	assert_null(find(1, 256));
	assert_non_null(find(1, 257));
	store = made;
}

/* ---- floods ---- */

/* Of exporter 9: each in a domain of its own, as that takes most. */
static void flood_with_templates(uint32_t many)
{
	nfm_store_listen(store, NULL, NULL);
	for (uint32_t i = 0; i < many; i++) {
		struct nfm_template_name name = made_name(9, 9, i, 256);

		put_as(&name, false, 1);
	}
}

static void a_million_templates_of_one_exporter_are_bounded(void **state)
{
	struct nfm_template_name last = made_name(9, 9, FLOOD - 1, 256);
	struct nfm_template_name gone = made_name(9, 9, FLOOD - 1 - NFM_STORE_PER_EXPORTER, 256);

	(void)state;
	put(1, 300);
	flood_with_templates(FLOOD);
	assert_int_equal(count().templates, NFM_STORE_PER_EXPORTER + 1);
	assert_int_equal(count().forgotten, FLOOD - NFM_STORE_PER_EXPORTER);
	assert_true(count().bytes < (NFM_STORE_PER_EXPORTER + 1) * 1024);
	assert_non_null(find(1, 300));
	assert_non_null(nfm_store_find(store, &last));
	assert_null(nfm_store_find(store, &gone));
}

static void a_million_templates_are_bounded_in_bytes(void **state)
{
	uint64_t bytes = 1 << 20;

	(void)state;
	make_store(UINT32_MAX, bytes);
	flood_with_templates(FLOOD);
	assert_true(count().bytes <= bytes);
	assert_true(count().bytes > bytes - 1024);
	assert_int_equal(count().templates + count().forgotten, FLOOD);
}

/* What costs the sender least: withdrawals of what is not there, samplers that nobody knows. */
static void ask(uint32_t many)
{
	struct nfm_template_name stream = made_name(1, 9, 0, 2);
	uint64_t num = 0;

	for (uint32_t i = 0; i < many; i++) {
		nfm_store_withdraw_all(store, &stream, i % 2);
		num += nfm_store_sampling(store, &stream, UINT32_MAX + (uint64_t)i).num;
		num += nfm_store_is_sampled(store, &stream);
	}
	assert_int_equal(num, 2ULL * many);
}

/* Seconds of processor time with so many things in the store. */
static double cost_of_templates(uint32_t things)
{
	clock_t start = clock();

	make_store(things, 0);
	flood_with_templates(COST_STEPS);
	assert_int_equal(count().templates, things);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static double cost_of_questions(uint32_t things)
{
	clock_t start;

	make_store(things, 0);
	nfm_store_listen(store, NULL, NULL);
	for (uint32_t i = 0; i < things; i++)
		assert_int_equal(put_sampler(1, i, 2, 1), 0);
	start = clock();
	ask(COST_STEPS);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Walking through what it has would take it a thousand times as long, caches a few times. */
static void a_full_store_is_not_slower(void **state)
{
	(void)state;
	assert_true(cost_of_templates(32000) < 10 * cost_of_templates(16) + 0.25);
	assert_true(cost_of_questions(32000) < 10 * cost_of_questions(16) + 0.25);
}

/* ---- against a store that is simple and slow ---- */

#define SIMPLE_MAX 64U
#define SIMPLE_PER_EXPORTER 6U

struct simple {
	struct nfm_template_name name;
	bool options;
	bool sampler; /* its id is name.id */
	uint64_t bytes;
	uint64_t age; /* of the last use */
};

static struct simple simple[SIMPLE_MAX];
static uint32_t simples;
static uint64_t simple_bytes, simple_most, simple_age;

static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

static void simple_remove(uint32_t i)
{
	simple_bytes -= simple[i].bytes;
	simple[i] = simple[--simples];
}

static struct simple *simple_find(const struct nfm_template_name *name, bool sampler)
{
	for (uint32_t i = 0; i < simples; i++)
		if (simple[i].sampler == sampler && !memcmp(&simple[i].name, name, sizeof(*name)))
			return &simple[i];
	return NULL;
}

/* The oldest, of one exporter or of all; how many it has in *n. */
static uint32_t simple_oldest(const struct nfm_addr *exporter, uint32_t *n)
{
	uint32_t oldest = SIMPLE_MAX;

	*n = 0;
	for (uint32_t i = 0; i < simples; i++) {
		if (exporter && memcmp(&simple[i].name.exporter, exporter, sizeof(*exporter)) != 0)
			continue;
		(*n)++;
		if (oldest == SIMPLE_MAX || simple[i].age < simple[oldest].age)
			oldest = i;
	}
	return oldest;
}

static void simple_put(struct simple made)
{
	struct simple *old = simple_find(&made.name, made.sampler);
	uint32_t n;

	if (old)
		simple_remove((uint32_t)(old - simple));
	for (;;) {
		uint32_t oldest = simple_oldest(&made.name.exporter, &n);

		if (n < SIMPLE_PER_EXPORTER && simple_bytes + made.bytes <= simple_most)
			break;
		simple_remove(n ? oldest : simple_oldest(NULL, &n));
	}
	made.age = ++simple_age;
	simple_bytes += made.bytes;
	simple[simples++] = made;
}

static void both_put(const struct nfm_template_name *name, bool sampler, uint64_t item_bytes)
{
	struct simple made = { .name = *name, .sampler = sampler, .bytes = item_bytes };
	struct nfm_sampler s = { .stream = *name, .id = name->id, .sampling = { 2, 1 } };

	if (sampler) {
		assert_int_equal(nfm_store_put_sampler(store, &s), 0);
	} else {
		made.options = rnd(3) == 0;
		made.bytes += nfm_template_size(put_as(name, made.options, 2 + rnd(30)));
	}
	simple_put(made);
}

static void both_use(const struct nfm_template_name *name)
{
	struct simple *known = simple_find(name, false);

	assert_int_equal(!known, !nfm_store_find(store, name));
	if (!known)
		return;
	known->age = ++simple_age;
	nfm_store_use(store, nfm_store_find(store, name), simple_age);
}

static void both_withdraw(const struct nfm_template_name *name, bool sampler)
{
	struct simple *known = simple_find(name, sampler);

	if (known)
		simple_remove((uint32_t)(known - simple));
	if (sampler)
		nfm_store_withdraw_sampler(store, name, name->id);
	else
		nfm_store_withdraw(store, name);
}

static void both_withdraw_all(const struct nfm_template_name *name, bool options)
{
	nfm_store_withdraw_all(store, name, options);
	for (uint32_t i = simples; i-- > 0;)
		if (!simple[i].sampler && simple[i].options == options &&
		    !memcmp(&simple[i].name, name, offsetof(struct nfm_template_name, id)))
			simple_remove(i);
}

static void assert_same(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < simples; i++) {
		const struct nfm_template *template = nfm_store_find(store, &simple[i].name);

		n += simple[i].sampler;
		if (simple[i].sampler)
			assert_non_null(nfm_store_find_sampler(store, &simple[i].name,
							       simple[i].name.id));
		else
			assert_int_equal(template->options, simple[i].options);
	}
	assert_int_equal(count().samplers, n);
	assert_int_equal(count().templates, simples - n);
	assert_int_equal(count().bytes, simple_bytes);
}

static void is_as_a_simple_store_in_all_it_does(void **state)
{
	uint64_t item_bytes;

	(void)state;
	assert_int_equal(put_sampler(1, 1, 2, 1), 0);
	item_bytes = count().bytes;
	simple_most = 14 * item_bytes;
	make_store(SIMPLE_PER_EXPORTER, simple_most);
	nfm_store_listen(store, NULL, NULL);
	for (uint32_t i = 0; i < 40000; i++) {
		struct nfm_template_name name = made_name((uint8_t)rnd(3), 9, rnd(2),
							  (uint16_t)(256 + rnd(6)));
		uint32_t what = rnd(100);

		if (what < 50)
			both_put(&name, what < 12, item_bytes);
		else if (what < 85)
			both_use(&name);
		else if (what < 98)
			both_withdraw(&name, what < 89);
		else
			both_withdraw_all(&name, what < 99);
		assert_same();
	}
	assert_true(count().forgotten > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_longest_unused_of_an_exporter_goes),
		TEST(bytes_are_bounded_and_who_wants_more_gives),
		TEST(a_large_one_takes_the_room_of_several),
		TEST(larger_than_all_room_is_refused_and_so_is_what_it_replaces),
		TEST(no_limits_are_the_defaults),
		TEST(a_million_templates_of_one_exporter_are_bounded),
		TEST(a_million_templates_are_bounded_in_bytes),
		TEST(a_full_store_is_not_slower),
		TEST(is_as_a_simple_store_in_all_it_does),
	};

	return cmocka_run_group_tests_name("store room", tests, NULL, NULL);
}
