// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's decoder: remarks on records of NetFlow v9 and IPFIX, and the repair of wrapped
 * counters; by the template's layout and by its fields.
 */
#include "sets.h"

static const uint16_t versions[] = { 9, 10 };

/* Every way that a record is decoded: bit 0 the version, bit 1 by fields, bit 2 repairing. */
#define WAYS 8U

/* Takes a template and one data set of it; `way` as above. */
static void decode_way(uint32_t way, const char *fields, const char *record)
{
	uint16_t v = versions[way & 1];
	char text[256];

	fresh();
	source.flags = way & 4 ? NFM_EXPORTER_REPAIR_WRAPS : 0;
	snprintf(text, sizeof(text), "t 256 %s;", fields);
	take(v, text);
	if (way & 2)
		known(v, 256)->layout.record_bytes = 0;
	snprintf(text, sizeof(text), "d 256 %s;", record);
	take(v, text);
	assert_int_equal(got.count, 1);
}

/* ---- counters ---- */

static const struct {
	uint32_t bytes_size, packets_size;
	uint64_t bytes, packets;
	const char *notes; /* while wraps are repaired */
	uint64_t repaired;
} counters[] = {
	/* no packet, too small and too large packets; a wrap only of 32 bits */
	{ 4, 4, 0, 0, "empty 1", 0 },
	{ 4, 4, 1, 0, "implausible 1", 1 },
	{ 4, 4, 4294967295, 0, "implausible 1", 4294967295 },
	{ 4, 4, 0, 1, "wrapped 1", 0 },
	{ 4, 4, 19, 1, "wrapped 1", 19 },
	{ 4, 4, 20, 1, "", 20 },
	{ 4, 4, 65535, 1, "", 65535 },
	{ 4, 4, 65536, 1, "implausible 1", 65536 },
	{ 4, 4, 1999, 100, "wrapped 1", 1999 },
	{ 4, 4, 2000, 100, "", 2000 },
	{ 8, 4, 0, 0, "empty 1", 0 },
	{ 8, 4, 1, 0, "implausible 1", 1 },
	{ 8, 4, 4294967295, 0, "implausible 1", 4294967295 },
	{ 8, 4, 0, 1, "implausible 1", 0 },
	{ 8, 4, 19, 1, "implausible 1", 19 },
	{ 8, 4, 20, 1, "", 20 },
	{ 8, 4, 65535, 1, "", 65535 },
	{ 8, 4, 65536, 1, "implausible 1", 65536 },
	{ 8, 4, 1999, 100, "implausible 1", 1999 },
	{ 8, 4, 2000, 100, "", 2000 },
	/* one wrap: to 1,500 bytes a packet and no more */
	{ 4, 4, 0, 2863311, "wrapped 1", 0 },
	{ 4, 4, 0, 2863312, "wrapped 1, repaired 1", 4294967296ULL },
	{ 4, 4, 704, 2863312, "wrapped 1, repaired 1", 4294968000ULL },
	{ 4, 4, 705, 2863312, "wrapped 1", 705 },
	{ 4, 4, 1000, 3000000, "wrapped 1, repaired 1", 4294968296ULL },
	/* two, three, very many */
	{ 4, 4, 0, 5726623, "wrapped 1, repaired 1", 4294967296ULL },
	{ 4, 4, 0, 5726624, "wrapped 1, repaired 1", 8589934592ULL },
	{ 4, 4, 1408, 5726624, "wrapped 1, repaired 1", 8589936000ULL },
	{ 4, 4, 1409, 5726624, "wrapped 1, repaired 1", 4294968705ULL },
	{ 4, 4, 7, 8589935, "wrapped 1, repaired 1", 12884901895ULL },
	{ 4, 4, 4294967295, 4294967295, "wrapped 1, repaired 1", 6438155976703ULL },
	{ 4, 4, 0, 4294967295, "wrapped 1, repaired 1", 6438155976704ULL },
	{ 4, 8, 0, 8589934592ULL, "wrapped 1, repaired 1", 12884901888000ULL },
	/* 20 bytes a packet can be; so can 723, though it was a wrap (RouterOS) */
	{ 4, 4, 60000000, 3000000, "", 60000000 },
	{ 4, 4, 59999999, 3000000, "wrapped 1, repaired 1", 4354967295ULL },
	{ 4, 4, 4003344704, 5532208, "", 4003344704 },
	/* other sizes */
	{ 3, 4, 100, 1000, "implausible 1", 100 },
	{ 5, 4, 100, 1000, "implausible 1", 100 },
	{ 8, 4, 100, 3000000, "implausible 1", 100 },
	{ 1, 4, 19, 1, "implausible 1", 19 },
	{ 2, 1, 20, 1, "", 20 },
	{ 7, 3, 65536, 1, "implausible 1", 65536 },
	{ 4, 2, 1, 65535, "wrapped 1", 1 },
	{ 8, 8, 1099511627776ULL, 1073741824, "", 1099511627776ULL },
	{ 8, 8, 281470681743360ULL, 4294967296ULL, "", 281470681743360ULL },
	{ 8, 8, 281470681743361ULL, 4294967296ULL, "implausible 1", 281470681743361ULL },
};

static void odd_counters(void **state)
{
	(void)state;
	assert_int_equal(NFM_ARRAY_SIZE(counters), 46);
	for (uint32_t i = 0; i < NFM_ARRAY_SIZE(counters) * WAYS; i++) {
		const uint32_t row = i / WAYS, way = i % WAYS;
		uint64_t bytes = way & 4 ? counters[row].repaired : counters[row].bytes;
		const char *notes = counters[row].notes;
		char fields[64], record[64];

		if (!(way & 4) && strstr(notes, "repaired"))
			notes = "wrapped 1";
		snprintf(fields, sizeof(fields), "8/4 12/4 2/%u 1/%u", counters[row].packets_size,
			 counters[row].bytes_size);
		snprintf(record, sizeof(record), "1.1.1.1 2.2.2.2 %llu %llu",
			 (unsigned long long)counters[row].packets,
			 (unsigned long long)counters[row].bytes);
		decode_way(way, fields, record);
		if (decoder.flow[0].bytes != bytes || strcmp(shown_notes(), notes))
			fail_msg("row %u way %u: %s (%s)", row, way, shown(), shown_notes());
		assert_int_equal(decoder.flow[0].packets, counters[row].packets);
	}
}

/* A repaired counter is what is multiplied. */
static void repair_before_sampling(void **state)
{
	(void)state;
	for (uint32_t way = 0; way < WAYS; way++) {
		uint16_t v = versions[way & 1];

		decode_way(way, "8/4 12/4 1/4 2/4", "1.1.1.1 2.2.2.2 1000 3000000");
		source.sampling = (struct nfm_sampling){ 10, 1 };
		take(v, "d 256 1.1.1.1 2.2.2.2 1000 3000000;");
		assert_int_equal(decoder.flow[0].bytes, 10 * (1000 + (way & 4 ? 1ULL << 32 : 0)));
		assert_int_equal(decoder.flow[0].packets, 30000000);
	}
}

/* Without one of the counters nothing can be compared: only that there is nothing. */
static void one_counter(void **state)
{
	static const struct {
		const char *fields, *record, *flows, *notes;
	} rows[] = {
		{ "8/4 12/4 1/4", "1.1.1.1 2.2.2.2 1", "1.1.1.1>2.2.2.2 1/0", "" },
		{ "8/4 12/4 1/4", "1.1.1.1 2.2.2.2 0", "1.1.1.1>2.2.2.2 0/0", "empty 1" },
		{ "8/4 12/4 2/4", "1.1.1.1 2.2.2.2 9", "1.1.1.1>2.2.2.2 0/9", "" },
		{ "8/4 12/4 2/4", "1.1.1.1 2.2.2.2 0", "1.1.1.1>2.2.2.2 0/0", "empty 1" },
		{ "8/4 12/4", "1.1.1.1 2.2.2.2", "1.1.1.1>2.2.2.2 0/0", "empty 1" },
		{ "8/4 12/4 1/0 2/4", "1.1.1.1 2.2.2.2 0 9", "1.1.1.1>2.2.2.2 0/9", "" },
		{ "8/4 12/4 1/8 150/4 151/4", "1.1.1.1 2.2.2.2 0xffffffffffff 0 0",
		  "1.1.1.1>2.2.2.2 281474976710655/0", "" },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		for (uint32_t way = 0; way < WAYS; way++) {
			decode_way(way, rows[i].fields, rows[i].record);
			assert_string_equal(shown(), rows[i].flows);
			assert_string_equal(shown_notes(), rows[i].notes);
		}
}

/* ---- rates ---- */

#define FAST 0x1a0000000ULL /* bytes: 104 × 64 MiB, one more than 4 ms are time for */

static void too_fast(void **state)
{
	static const struct {
		const char *times;
		uint64_t first, last;
		uint64_t less; /* bytes less than FAST */
		bool noted;
	} rows[] = {
		/* up to (ms + 100) × 64 MiB and something */
		{ "22/4 21/4", 0, 3, 0, true },
		{ "22/4 21/4", 0, 4, 0, false },
		{ "22/4 21/4", 0, 3, 1, false },
		{ "22/4 21/4", 0xfffffff0, 0xfffffff4, 0, false },
		{ "22/4 21/4", 9, 0, 0, true },		 /* the wrong way round */
		{ "22/4 21/4", 0xffffffff, 2, 0, true }, /* the uptime wraps in between */
		{ "22/4 21/4", 0xffffffff, 3, 0, false },
		{ "22/4 21/4", 0, 1000, 0, false },
		{ "21/4 22/4", 1000, 0, 0, false },
		{ "21/4 22/4", 0, 1000, 0, true },
		{ "150/4 151/4", 1700000000, 1700000000, 0, true },
		{ "150/4 151/4", 1700000000, 1700000001, 0, false },
		{ "150/4 151/4", 1700000001, 1700000000, 0, true },
		{ "150/4 151/4", 0xffffffff, 1, 0, true }, /* only an uptime wraps */
		{ "152/8 153/8", 1700000000000, 1700000000003, 0, true },
		{ "152/8 153/8", 1700000000000, 1700000000004, 0, false },
		{ "152/8 153/8", 1700000000004, 1700000000000, 0, true },
		/* not both of one kind: nothing can be said */
		{ "22/4 151/4", 0, 0, 0, false },
		{ "22/4 153/8", 0, 0, 0, false },
		{ "21/4 6/4", 0, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		for (uint32_t way = 0; way < WAYS; way++) {
			char fields[64], record[128];

			snprintf(fields, sizeof(fields), "8/4 12/4 1/8 2/8 %s", rows[i].times);
			snprintf(record, sizeof(record), "1.1.1.1 2.2.2.2 %llu 10000000 %llu %llu",
				 (unsigned long long)(FAST - rows[i].less),
				 (unsigned long long)rows[i].first,
				 (unsigned long long)rows[i].last);
			decode_way(way, fields, record);
			if (strcmp(shown_notes(), rows[i].noted ? "implausible 1" : ""))
				fail_msg("row %zu way %u: %s", i, way, shown_notes());
			assert_int_equal(decoder.flow[0].bytes, FAST - rows[i].less);
		}
}

/* A counter of 32 bits cannot say so much; a time of another size can be read all the same. */
static void too_fast_sizes(void **state)
{
	static const struct {
		const char *fields;
		uint64_t bytes;
		const char *notes;
	} rows[] = {
		{ "8/4 12/4 1/4 2/8 22/4 21/4", 0xffffffff, "" },
		{ "8/4 12/4 1/5 2/8 22/4 21/4", FAST, "implausible 1" },
		{ "8/4 12/4 1/8 2/8", FAST, "" },
		{ "8/4 12/4 1/8 2/8 152/6 153/6", FAST, "implausible 1" },
		{ "8/4 12/4 85/8 2/8 150/4 151/4", FAST, "implausible 1, total 1" },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		for (uint32_t way = 0; way < WAYS; way++) {
			char record[128];

			snprintf(record, sizeof(record), "1.1.1.1 2.2.2.2 %llu 10000000 7 7",
				 (unsigned long long)rows[i].bytes);
			decode_way(way, rows[i].fields, record);
			assert_string_equal(shown_notes(), rows[i].notes);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_counters),	  cmocka_unit_test(repair_before_sampling),
		cmocka_unit_test(one_counter),	  cmocka_unit_test(too_fast),
		cmocka_unit_test(too_fast_sizes),
	};

	return cmocka_run_group_tests(tests, sets_set_up, sets_tear_down);
}
