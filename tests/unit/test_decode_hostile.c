// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's decoder, NetFlow v9 and IPFIX: limits of one datagram, truncation at every byte,
 * garbage, what waits for a template, and a store without room.
 */
#include "sets.h"

#include "base/clock.h"

#define T "t 256 8/4 12/4 1/4 2/4;"
#define D "d 256 10.0.0.1 10.0.0.2 100 1;"

static const uint16_t versions[] = { 9, 10 };

#define FOR_VERSIONS(v) for (size_t v##_i = 0; v##_i < 2 && ((v) = versions[v##_i]); v##_i++)

static uint16_t template_set(uint16_t version)
{
	return version == 9 ? 0 : 2;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NFM_NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* ---- limits ---- */

static uint32_t decode_templates(uint16_t v, uint32_t count)
{
	uint32_t set;

	sets_begin(v);
	set = sets_open(template_set(v));
	for (uint32_t i = 0; i < count; i++) {
		sets_put(256 + i * 7, 2);
		sets_put(1, 2);
		sets_put(1, 2);
		sets_put(4, 2);
	}
	sets_close(set);
	sets_end();
	return sets_decode_built(sets_bytes);
}

static void most_templates(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		fresh();
		assert_int_equal(decode_templates(v, NFM_DECODE_CHANGES + 1), NFM_REASON_TOO_MANY);
		assert_int_equal(nfm_flow_accept(&decoder, &source), 0);
		assert_int_equal(known_count(), 0);
		assert_int_equal(decode_templates(v, NFM_DECODE_CHANGES), NFM_REASON_NONE);
		assert_int_equal(nfm_flow_accept(&decoder, &source), NFM_DECODE_CHANGES);
		assert_int_equal(known_count(), NFM_DECODE_CHANGES);
		/* announced again: as many */
		assert_int_equal(decode_templates(v, NFM_DECODE_CHANGES), NFM_REASON_NONE);
		assert_int_equal(nfm_flow_accept(&decoder, &source), 0);
	}
}

static uint32_t decode_waiting_sets(uint16_t v, uint32_t count)
{
	sets_begin(v);
	for (uint32_t i = 0; i < count; i++) {
		sets_put(256 + i, 2);
		sets_put(4 + 9, 2);
		sets_put(i, 9);
	}
	sets_end();
	return sets_decode_built(sets_bytes);
}

static void most_waiting_sets(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		fresh();
		assert_int_equal(decode_waiting_sets(v, NFM_DECODE_WAITING), NFM_REASON_NONE);
		assert_int_equal(got.waiting_count, NFM_DECODE_WAITING);
		assert_int_equal(got.open, NFM_DECODE_WAITING * 3);
		for (uint32_t i = 0; i < NFM_DECODE_WAITING; i++) {
			assert_int_equal(got.waiting[i].id, 256 + i);
			assert_int_equal(got.waiting[i].length, 13);
			assert_ptr_equal(got.waiting[i].at, payload + (v == 9 ? 20 : 16) + 13 * i);
		}
		assert_int_equal(decode_waiting_sets(v, NFM_DECODE_WAITING + 1),
				 NFM_REASON_TOO_MANY);
		assert_int_equal(got.waiting_count | got.open, 0);
	}
}

/* What is not there takes no room among the changes. */
static void endless_withdrawals(void **state)
{
	uint32_t set;

	(void)state;
	for (uint32_t there = 0; there < 2; there++) {
		fresh();
		if (there)
			take(10, "t 256 1/4;");
		sets_begin(10);
		set = sets_open(2);
		for (uint32_t i = 0; i < 15000; i++) {
			sets_put(256 + i % 1000, 2);
			sets_put(0, 2);
		}
		sets_close(set);
		sets_end();
		assert_int_equal(sets_decode_built(sets_bytes), NFM_REASON_NONE);
		assert_int_equal(decoder.change_count, there);
		nfm_flow_accept(&decoder, &source);
		assert_int_equal(known_count(), 0);
	}
}

/* As many flows as there is room for, and one more; compiled, by fields, of variable length. */
static void most_flows(void **state)
{
	static const char *const templates[] = {
		"t 256 8/4 12/4 1/1 2/1;",
		"t 256 8/4 1/1;",
		"t 256 1/1 82/v;",
	};
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(templates); i++)
		FOR_VERSIONS(v)
			for (uint32_t more = 0; more < 2; more++) {
				uint32_t size = i == 0 ? 10 : i == 1 ? 5 : 2;
				uint32_t set;

				fresh();
				take(v, templates[i]);
				sets_begin(v);
				set = sets_open(256);
				for (uint32_t n = 0; n < NFM_DECODE_FLOWS + more; n++)
					sets_put(i == 2 ? n << 8 : n, size);
				sets_close(set);
				sets_end();
				assert_int_equal(sets_decode_built(sets_bytes),
						 more ? NFM_REASON_TOO_MANY : NFM_REASON_NONE);
				assert_int_equal(got.count, more ? 0 : NFM_DECODE_FLOWS);
				assert_in_range(got.rejected, 0, more ? NFM_DECODE_FLOWS : 0);
			}
}

/* Fields without a length take no bytes of the datagram, but time. */
static void endless_fields(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v)
		for (uint32_t kind = 0; kind < 2; kind++) {
			uint64_t begin;
			uint32_t set;

			fresh();
			sets_begin(v);
			set = sets_open(template_set(v));
			sets_put(256, 2);
			sets_put(16000, 2);
			for (uint32_t i = 0; i < 16000; i++) {
				sets_put(1, 2);
				sets_put(i ? 0 : kind ? 65535 : 1, 2);
			}
			sets_close(set);
			sets_end();
			assert_int_equal(sets_decode_built(sets_bytes), NFM_REASON_NONE);
			assert_int_equal(nfm_flow_accept(&decoder, &source), 1);
			sets_begin(v);
			for (uint32_t i = 0; i < 4000; i++) {
				set = sets_open(256);
				sets_put(0, 1);
				sets_close(set);
			}
			sets_end();
			begin = now_ns();
			assert_int_equal(sets_decode_built(sets_bytes), NFM_REASON_TOO_MANY);
			assert_in_range(now_ns() - begin, 0, NFM_NS_PER_S / 2);
		}
}

/* 512 changes, and sets that look for their template among them. */
static void many_changes_many_sets(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		uint64_t begin;
		uint32_t sets = 0;

		fresh();
		decode_templates(v, NFM_DECODE_CHANGES);
		while (sets_bytes < SETS_MOST - 32 && sets < NFM_DECODE_FLOWS) {
			uint32_t set = sets_open(256 + sets++ % NFM_DECODE_CHANGES * 7);

			sets_put(1, 4);
			sets_close(set);
		}
		sets_end();
		begin = now_ns();
		assert_int_equal(sets_decode_built(sets_bytes), NFM_REASON_NONE);
		assert_in_range(now_ns() - begin, 0, NFM_NS_PER_S / 2);
		assert_int_equal(got.count, NFM_DECODE_FLOWS);
		assert_int_equal(got.waiting_count, 0);
	}
}

static void records_of_no_bytes(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		fresh();
		take(v, "t 256 1/0 8/0; o 300 1/0 | 34/0; d 256 +100; d 300 +100;");
		assert_int_equal(got.count | got.options | got.waiting_count, 0);
		take(v, "d 256 +1; d 300 +1; " T D);
		assert_int_equal(got.count, 1);
	}
}

/* ---- truncation and garbage ---- */

#define MIXED                                                                           \
	"t 256 8/4 12/4 1/4 2/4, 257 27/16 28/16 1/8 2/8 82/v; o 300 1/4 | 34/4 302/2;" \
	"d 300 1 100 1; d 256 10.0.0.1 10.0.0.2 100 1, 10.0.0.3 10.0.0.4 200 2 +3;"     \
	"d 257 2001:db8::1 2001:db8::2 100 1 *3, 2001:db8::3 2001:db8::4 100 1 **5; d 999 +9;"

static void every_truncation(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		uint32_t whole, good = 0;

		fresh();
		assert_int_equal(take(v, MIXED), 3);
		assert_int_equal(got.count, 4);
		assert_int_equal(got.options, 1);
		assert_int_equal(got.waiting_count, 1);
		whole = sets_bytes;
		for (uint32_t length = 0; length < whole; length++) {
			uint32_t reason;

			fresh();
			sets_build(v, MIXED);
			if (v == 10) {
				assert_int_equal(sets_decode_built(length),
						 length < 16 ? NFM_REASON_SHORT
							     : NFM_REASON_TRUNCATED);
				sets_write(2, length, 2);
			}
			reason = sets_decode_built(length);
			if (reason == NFM_REASON_NONE) {
				good++; /* cut between sets, or in the next one's head */
				continue;
			}
			assert_true(reason == NFM_REASON_SET_LENGTH || reason == NFM_REASON_SHORT);
			assert_in_range(got.rejected, 0, 4);
			assert_int_equal(nfm_flow_accept(&decoder, &source), 0);
			assert_int_equal(known_count(), 0);
		}
		assert_int_equal(good, 6 * 4);
	}
}

/* Every byte of a good datagram, changed in some way; then with the templates already there. */
static void every_byte_changed(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v)
		for (uint32_t step = 0; step < 2; step++) {
			uint32_t seed = 1, kinds = 0;

			fresh();
			take(v, MIXED);
			for (uint32_t i = 0; i < sets_bytes * 64; i++) {
				uint32_t at = i % sets_bytes, reason;

				if (step == 0)
					fresh();
				sets_build(v, MIXED);
				seed = seed * 1664525 + 1013904223;
				sets_byte[at] ^= (uint8_t)(1U << i / sets_bytes % 8 | seed >> 24);
				reason = sets_decode_built(sets_bytes);
				kinds |= 1U << (reason & 31);
				if (reason == NFM_REASON_NONE)
					nfm_flow_accept(&decoder, &source);
				assert_in_range(got.count + got.rejected, 0, 64);
			}
			assert_true(kinds & 1U);
			assert_true(kinds & 1U << (NFM_REASON_SET_LENGTH & 31));
			assert_true(kinds & 1U << (NFM_REASON_BAD_TEMPLATE & 31));
			assert_true(kinds & 1U << (NFM_REASON_BAD_DATA & 31));
		}
}

/* ---- waiting ---- */

/* Decodes the first waiting set of the last datagram, as it comes out of the waiting room. */
static uint32_t decode_waited(void)
{
	const struct nfm_waiting_set *set = &got.waiting[0];
	_cleanup_free_ struct nfm_waiting *w = malloc(sizeof(*w) + set->length);
	struct nfm_datagram first = got;

	assert_non_null(w);
	assert_int_equal(got.waiting_count, 1);
	*w = (struct nfm_waiting){
		.length = set->length,
		.domain = got.domain,
		.version = (uint16_t)got.version,
		.id = set->id,
		.uptime_ms = got.uptime_ms,
		.unix_s = got.unix_s,
	};
	memcpy(w + 1, set->at, set->length);
	take((uint16_t)first.version, T "t 257 8/4; t 258 1/0; o 300 1/4 | 34/4;");
	memset(&got, 0xa5, sizeof(got));
	return nfm_flow_decode_waiting(&decoder, &source, w, &got);
}

static void waited(void **state)
{
	static const struct {
		const char *sent;
		uint32_t reason;
		uint32_t open; /* while it waits */
		const char *flows;
		uint32_t options;
	} rows[] = {
		{ "x 01000014 0a000001 0a000002 00000064 00000001;", NFM_REASON_NONE, 5,
		  "10.0.0.1>10.0.0.2 100/1", 0 },
		{ "x 01000007 0a0000;", NFM_REASON_BAD_DATA, 1, "", 0 },
		{ "x 01020008 0a000001;", NFM_REASON_NONE, 2, "", 0 },
		{ "x 03e70008 0a000001;", NFM_REASON_NO_TEMPLATE, 2, "", 0 },
		{ "x 012c000c 00000001 00000064;", NFM_REASON_NONE, 3, "", 1 },
	};
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		FOR_VERSIONS(v) {
			struct nfm_template_name stream = name_of(v, 0);

			fresh();
			take(v, rows[i].sent);
			assert_int_equal(got.open, rows[i].open);
			assert_int_equal(decode_waited(), rows[i].reason);
			assert_string_equal(shown(), rows[i].flows);
			assert_int_equal(got.options, rows[i].options);
			assert_int_equal(got.waiting_count, 0);
			assert_int_equal(got.version, v);
			assert_int_equal(got.unix_s, 1700000000);
			assert_int_equal(nfm_flow_accept(&decoder, &source), 0);
			assert_int_equal(nfm_store_sampling(store, &stream, NFM_SAMPLER_ANY).num,
					 rows[i].options ? 100 : 1);
		}
}

/* The waiting room is memory that outlives us: a length in it may be damaged. */
static void waited_without_a_head(void **state)
{
	(void)state;
	fresh();
	take(9, T);
	for (uint32_t length = 0; length <= 4; length++) {
		struct nfm_waiting w = {
			.length = length,
			.domain = 0x0a0b0c0d,
			.version = 9,
			.id = 256,
		};

		assert_int_equal(nfm_flow_decode_waiting(&decoder, &source, &w, &got),
				 length < 4 ? NFM_REASON_SET_LENGTH : NFM_REASON_NONE);
		assert_int_equal(got.count, 0);
	}
}

/* ---- a store without room ---- */

static void room_for_one(void **state)
{
	static const struct nfm_store_limits limits = { .per_exporter = 1 };
	struct nfm_store *large = store;
	uint16_t v;

	(void)state;
	assert_int_equal(nfm_store_new(&limits, &store), 0);
	decoder.store = store;
	FOR_VERSIONS(v) {
		fresh();
		take(v, T);
		/* the first makes room for the second while the datagram is accepted */
		source.now_unix_ns++;
		assert_int_equal(take(v, "t 257 1/4;" T "t 258 1/4;" D), 2);
		assert_int_equal(got.count, 1);
		assert_int_equal(known_count(), 1);
		assert_non_null(known(v, 258));
		take(v, D);
		assert_int_equal(got.waiting_count, 1);
	}
	nfm_store_free(store);
	store = large;
	decoder.store = store;
}

static void room_for_nothing(void **state)
{
	static const struct nfm_store_limits limits = { .bytes = 1 };
	struct nfm_store *large = store;
	uint16_t v;

	(void)state;
	assert_int_equal(nfm_store_new(&limits, &store), 0);
	decoder.store = store;
	FOR_VERSIONS(v) {
		fresh();
		assert_int_equal(take(v, T D "o 300 1/4 | 34/4; d 300 1 5;"), 0);
		assert_int_equal(got.templates, 2);
		assert_int_equal(got.count, 1);
		assert_int_equal(known_count(), 0);
	}
	nfm_store_free(store);
	store = large;
	decoder.store = store;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(most_templates),	 cmocka_unit_test(most_waiting_sets),
		cmocka_unit_test(endless_withdrawals),	 cmocka_unit_test(most_flows),
		cmocka_unit_test(endless_fields),	 cmocka_unit_test(many_changes_many_sets),
		cmocka_unit_test(records_of_no_bytes),	 cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_byte_changed),	 cmocka_unit_test(waited),
		cmocka_unit_test(waited_without_a_head), cmocka_unit_test(room_for_one),
		cmocka_unit_test(room_for_nothing),
	};

	return cmocka_run_group_tests(tests, sets_set_up, sets_tear_down);
}
