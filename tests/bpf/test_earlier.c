// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes in the slots in which they were sent, in the datapath. The open slot begins in the future,
 * so that no time has passed in it, whatever the clock does: every age is before it.
 */
#include "base/clock.h"
#include "templates.h"

#define SLOT_MS 300000U
#define MINUTE_MS 60000U
#define HOUR_MS 3600000U
#define UP_SINCE_MS 90000000U /* the router's uptime: a day and an hour */
#define EXPORT_S 1800000000ULL
#define NTP(ms) ((((ms) / 1000 + NFM_NTP_UNIX_S) << 32) + (((ms) % 1000) << 32) / 1000)

#define FIRST_US 154
#define LAST_US 155
#define FIRST_NS 156
#define LAST_NS 157
#define INIT_MS 160

static const struct nfm_packet packet = {};
static uint64_t want[CAPACITY][SLOTS + 1][2];

/* `elapsed_s` of the open slot have passed; 0: none, exactly. */
static void open_slot(uint32_t slot_ms, uint32_t elapsed_s)
{
	struct nfm_ctl *ctl = prog.table.ctl;
	uint64_t now_ns = nfm_clock_monotonic_ns();

	assert_int_equal(fresh(NULL), 0);
	memset(want, 0, sizeof(want));
	ctl->slot_ms[ctl->epoch & 1] = slot_ms;
	ctl->slot_start_ns[ctl->epoch & 1] = now_ns + HOUR_MS * NFM_NS_PER_MS;
	if (elapsed_s)
		ctl->slot_start_ns[ctl->epoch & 1] = now_ns - elapsed_s * NFM_NS_PER_S;
}

static uint64_t got(uint32_t bank, uint32_t row, uint32_t back, uint32_t down)
{
	const struct nfm_table *t = &prog.table;
	uint64_t sum = 0;

	for (uint32_t column = 0; column < t->geometry.columns; column++) {
		const struct nfm_row *rows = nfm_table_earlier(t, bank, column, row);

		sum += rows[(back - 1) / 4].word[NFM_EARLIER_WORD(back) + down];
	}
	return sum;
}

/* Every slot of every row, in both banks. */
static void assert_slots(const char *name)
{
	uint32_t open = prog.table.ctl->epoch & 1;

	for (uint32_t row = 0; row < CAPACITY; row++)
		for (uint32_t back = 1; back <= SLOTS; back++)
			for (uint32_t down = 0; down < 2; down++) {
				uint64_t bytes = got(open, row, back, down);

				if (bytes == want[row][back][down] &&
				    !got(open ^ 1, row, back, down))
					continue;
				print_error("%s: row %u, %u slots back, %s: %llu, not %llu\n", name,
					    row, back, down ? "down" : "up",
					    (unsigned long long)bytes,
					    (unsigned long long)want[row][back][down]);
				fail();
			}
}

/* Runs one record of a fixed version: its ages, of a router that has long been up. */
static void run_aged(uint16_t version, const struct nfm_record *record, uint32_t first_age_ms,
		     uint32_t last_age_ms)
{
	const struct nfm_export header = {
		.version = version,
		.count = 1,
		.uptime_ms = UP_SINCE_MS,
		.first_ms = UP_SINCE_MS - first_age_ms,
		.last_ms = UP_SINCE_MS - last_age_ms,
	};

	assert_verdict("aged", run_export(&packet, &header, record, 1), DROP);
	assert_no_punt("aged");
}

static void thirty_minutes_are_six_slots(void **state)
{
	const struct nfm_record record = { A1, REMOTE, 1800000, 1800000000 };
	static const uint16_t versions[] = { 1, 5, 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		open_slot(SLOT_MS, 0);
		run_aged(versions[i], &record, 30 * MINUTE_MS, 0);
		for (uint32_t back = 1; back <= 6; back++)
			want[ALICE][back][0] = 300000000;
		assert_slots("six slots");
		expect_counted(EXPORTER, 1, 1800000000, 1800000);
		expect_up(ALICE, 1800000000, 1800000, 1);
		expect_reason(NFM_REASON_EARLIER, 1);
		assert_rows("six slots");
	}
}

static void both_sides_and_nobodys(void **state)
{
	static const struct {
		uint32_t src, dst;
		uint32_t up, down, also; /* rows; 0xff: none */
	} cases[] = {
		{ A1, REMOTE, ALICE, 0xff, 0xff },
		{ REMOTE, B7, 0xff, BOB, 0xff },
		{ A1, B7, ALICE, BOB, NFM_ROW_LOCAL },
		{ REMOTE, REMOTE + 1, NFM_ROW_UNMATCHED, 0xff, 0xff },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct nfm_record record = { cases[i].src, cases[i].dst, 10, 1001 };

		open_slot(SLOT_MS, 0);
		run_aged(5, &record, 10 * MINUTE_MS, 0);
		for (uint32_t back = 1; back <= 2; back++) {
			uint64_t bytes = back == 1 ? 500 : 501; /* floors, from the newest on */

			if (cases[i].up != 0xff)
				want[cases[i].up][back][0] = bytes;
			if (cases[i].down != 0xff)
				want[cases[i].down][back][1] = bytes;
			if (cases[i].also != 0xff)
				want[cases[i].also][back][0] = bytes;
		}
		assert_slots("sides");
	}
}

static void what_is_older_goes_to_the_oldest(void **state)
{
	const struct nfm_record record = { A1, REMOTE, 600, 600000 };

	(void)state;
	open_slot(SLOT_MS, 0);
	run_aged(5, &record, 60 * MINUTE_MS, 0);
	for (uint32_t back = 1; back < SLOTS; back++)
		want[ALICE][back][0] = 50000;
	want[ALICE][SLOTS][0] = 600000 - (SLOTS - 1) * 50000;
	assert_slots("older");
	expect_counted(EXPORTER, 1, 600000, 600);
	expect_up(ALICE, 600000, 600, 1);
	expect_reason(NFM_REASON_EARLIER, 1);
	expect_reason(NFM_REASON_EARLIER_OLDEST, 1);
	assert_rows("older");
}

/* At the edge of the ring nothing is older. */
static void the_whole_ring(void **state)
{
	const struct nfm_record record = { A1, REMOTE, 800, 800000 };

	(void)state;
	open_slot(SLOT_MS, 0);
	run_aged(5, &record, SLOTS * SLOT_MS, 0);
	for (uint32_t back = 1; back <= SLOTS; back++)
		want[ALICE][back][0] = 100000;
	assert_slots("ring");
	expect_counted(EXPORTER, 1, 800000, 800);
	expect_up(ALICE, 800000, 800, 1);
	expect_reason(NFM_REASON_EARLIER, 1);
	assert_rows("ring");
}

static void a_moment_lies_in_one_slot(void **state)
{
	const struct nfm_record record = { A1, REMOTE, 1, 100 };

	(void)state;
	open_slot(SLOT_MS, 0);
	run_aged(5, &record, 7 * MINUTE_MS, 7 * MINUTE_MS);
	want[ALICE][2][0] = 100;
	run_aged(5, &record, SLOT_MS, SLOT_MS); /* the slot's first moment */
	want[ALICE][1][0] = 100;
	run_aged(5, &record, 1, 1);
	want[ALICE][1][0] += 100;
	run_aged(5, &record, 0, 0);
	assert_slots("moments");
}

static void nothing_is_earlier(void **state)
{
	static const struct {
		uint32_t slot_ms, elapsed_s, first_ms, last_ms;
	} cases[] = {
		{ SLOT_MS, 240, 230000, 1000 },		  /* within the open slot */
		{ SLOT_MS, 0, 0, 0 },
		{ SLOT_MS, 0, (uint32_t)-5000, (uint32_t)-9000 }, /* after its datagram */
		{ SLOT_MS, 0, 2 * 86400000U, 86400001U }, /* older than a day: no time */
		{ 0, 240, HOUR_MS, 0 },			  /* no slot was opened */
	};
	const struct nfm_record record = { A1, REMOTE, 10, 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_slot(cases[i].slot_ms, cases[i].elapsed_s);
		run_aged(5, &record, cases[i].first_ms, cases[i].last_ms);
		assert_slots("nothing");
		expect_counted(EXPORTER, 1, 1000, 10);
		expect_up(ALICE, 1000, 10, 1);
		assert_rows("nothing");
	}
}

/* Of the ten minutes some three are in the open slot: more or less, as the clock goes. */
static void a_part_is_in_the_open_slot(void **state)
{
	const struct nfm_record record = { A1, REMOTE, 600, 600000 };
	uint64_t sum;

	(void)state;
	open_slot(SLOT_MS, 180);
	run_aged(5, &record, 10 * MINUTE_MS, 0);
	assert_in_range(got(0, ALICE, 1, 0), 299999, 300001);
	sum = got(0, ALICE, 1, 0) + got(0, ALICE, 2, 0);
	assert_in_range(sum, 360000, 420000);
	assert_int_equal(got(0, ALICE, 3, 0), 0);
}

static const struct nfm_sets_field uptimes[] = {
	{ FIRST_UPTIME, 4, 0 }, { SRC, 4, 0 },	 { DST, 4, 0 },
	{ BYTES, 8, 0 },	{ PACKETS, 4, 0 }, { LAST_UPTIME, 4, 0 },
};
static const struct nfm_sets_field seconds[] = {
	{ SRC, 4, 0 }, { DST, 4, 0 }, { FIRST_S, 4, 0 }, { LAST_S, 4, 0 },
	{ BYTES, 4, 0 }, { PACKETS, 4, 0 },
};
static const struct nfm_sets_field milliseconds[] = {
	{ LAST_MS, 8, 0 }, { FIRST_MS, 8, 0 }, { SRC6, 16, 0 }, { DST6, 16, 0 },
	{ BYTES, 4, 0 }, { PACKETS, 4, 0 },
};
static const struct nfm_sets_field microseconds[] = {
	{ SRC, 4, 0 }, { DST, 4, 0 }, { BYTES, 4, 0 }, { PACKETS, 4, 0 },
	{ FIRST_US, 8, 0 }, { LAST_US, 8, 0 },
};
static const struct nfm_sets_field nanoseconds[] = {
	{ SRC, 4, 0 }, { DST, 4, 0 }, { BYTES, 4, 0 }, { PACKETS, 4, 0 },
	{ FIRST_NS, 8, 0 }, { LAST_NS, 8, 0 },
};
static const struct nfm_sets_field with_init[] = {
	{ FIRST_UPTIME, 4, 0 }, { LAST_UPTIME, 4, 0 }, { SRC, 4, 0 }, { DST, 4, 0 },
	{ BYTES, 4, 0 }, { PACKETS, 4, 0 }, { INIT_MS, 8, 0 },
};

/* What one record says of ages in ms; `uptime_ms` is the header's, or since the time of INIT_MS. */
static void put_aged(const struct nfm_sets_field *field, uint32_t count, uint64_t first_age_ms,
		     uint64_t last_age_ms, uint64_t bytes)
{
	static const uint8_t frank[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, [15] = 5 };
	static const uint8_t remote[16] = { 0x20, 0x01, 0x0d, 0xb8, 0xff };
	const uint64_t now_ms = EXPORT_S * 1000, first = now_ms - first_age_ms,
		       last = now_ms - last_age_ms;
	const struct nfm_sets_value value[] = {
		{ SRC, A1, NULL }, { DST, REMOTE, NULL }, { SRC6, 0, frank }, { DST6, 0, remote },
		{ BYTES, bytes, NULL }, { PACKETS, bytes / 1000, NULL },
		{ FIRST_UPTIME, UP_SINCE_MS - first_age_ms, NULL },
		{ LAST_UPTIME, UP_SINCE_MS - last_age_ms, NULL },
		{ FIRST_S, first / 1000, NULL }, { LAST_S, last / 1000, NULL },
		{ FIRST_MS, first, NULL }, { LAST_MS, last, NULL },
		{ FIRST_US, NTP(first), NULL }, { LAST_US, NTP(last), NULL },
		{ FIRST_NS, NTP(first), NULL }, { LAST_NS, NTP(last), NULL },
		{ INIT_MS, now_ms - UP_SINCE_MS, NULL },
	};

	nfm_sets_record(&sets, field, count, value, COUNT(value));
}

static void begin_aged(uint16_t version)
{
	const struct nfm_sets_header header = {
		.version = version, .count = 1, .uptime_ms = UP_SINCE_MS,
		.unix_s = (uint32_t)EXPORT_S, .sequence = SEQUENCE, .domain = DOMAIN,
	};

	nfm_sets_begin(&sets, payload, &header, 1);
}

static void every_kind_of_times(void **state)
{
	static const struct {
		const char *name;
		const struct nfm_sets_field *field;
		uint32_t count;
		uint16_t version;
		uint32_t last_ms; /* that is seen of an age of two minutes */
	} kinds[] = {
		{ "v9, uptimes", uptimes, COUNT(uptimes), 9, 2 * MINUTE_MS },
		{ "v9, seconds", seconds, COUNT(seconds), 9, 2 * MINUTE_MS },
		{ "IPFIX, seconds", seconds, COUNT(seconds), 10, 2 * MINUTE_MS },
		{ "IPFIX, ms", milliseconds, COUNT(milliseconds), 10, 2 * MINUTE_MS },
		{ "v9, ms", milliseconds, COUNT(milliseconds), 9, 2 * MINUTE_MS },
		{ "IPFIX, us", microseconds, COUNT(microseconds), 10, 2 * MINUTE_MS },
		{ "IPFIX, ns", nanoseconds, COUNT(nanoseconds), 10, 2 * MINUTE_MS },
		{ "IPFIX, uptimes and when they began", with_init, COUNT(with_init), 10,
		  2 * MINUTE_MS },
		{ "v9, which has its own", with_init, COUNT(with_init), 9, 2 * MINUTE_MS },
		{ "IPFIX, uptimes alone", uptimes, COUNT(uptimes), 10, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		uint32_t row = kinds[i].field == milliseconds ? FRANK : ALICE;
		/* twelve minutes from the last packet on */
		uint64_t newest = 720000 * (uint64_t)(SLOT_MS - kinds[i].last_ms) / 720000;

		open_slot(SLOT_MS, 0);
		install(kinds[i].version, ID, kinds[i].field, kinds[i].count, NFM_SLOT_DATA);
		begin_aged(kinds[i].version);
		nfm_sets_open(&sets, ID);
		put_aged(kinds[i].field, kinds[i].count, 14 * MINUTE_MS, 2 * MINUTE_MS, 720000);
		nfm_sets_close(&sets, 0, 0);
		run_sets(kinds[i].name);
		assert_no_punt(kinds[i].name);
		want[row][1][0] = newest;
		want[row][2][0] = SLOT_MS;
		want[row][3][0] = 720000 - newest - SLOT_MS;
		assert_slots(kinds[i].name);
	}
}

/* Sets with late flows, without, and without times, in all orders; each flow finds its own. */
static void sets_side_by_side(void **state)
{
	static const uint8_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		open_slot(SLOT_MS, 0);
		install(9, ID, uptimes, COUNT(uptimes), NFM_SLOT_DATA);
		install(9, ID + 1, plain4, COUNT(plain4), NFM_SLOT_DATA);
		begin_aged(9);
		for (uint32_t s = 0; s < 3; s++) {
			uint32_t age_ms = orders[i][s] == 0 ? 6 * MINUTE_MS : 0;

			if (orders[i][s] == 2) {
				put_data(ID + 1, PLAIN4, &up, 2);
				continue;
			}
			nfm_sets_open(&sets, ID);
			put_aged(uptimes, COUNT(uptimes), age_ms, age_ms, 4000);
			put_aged(uptimes, COUNT(uptimes), 0, 0, 9000);
			nfm_sets_close(&sets, 0, 0);
		}
		run_sets("sets");
		assert_no_punt("sets");
		want[ALICE][2][0] = 4000;
		assert_slots("sets");
	}
}

static void each_bank_has_its_slot(void **state)
{
	const struct nfm_record record = { A1, REMOTE, 10, 1000 };
	struct nfm_ctl *ctl = prog.table.ctl;

	(void)state;
	open_slot(SLOT_MS, 0);
	ctl->slot_ms[1] = 2 * SLOT_MS;
	ctl->slot_start_ns[1] = ctl->slot_start_ns[0];
	ctl->epoch++;
	run_aged(5, &record, 7 * MINUTE_MS, 7 * MINUTE_MS);
	want[ALICE][1][0] = 1000;
	assert_slots("the other bank");
}

/* A time of 0 is no time, in every unit: the flow counts as sent when its last packet was. */
static void a_time_of_zero_is_none(void **state)
{
	static const struct {
		const struct nfm_sets_field *field;
		uint32_t count;
		uint16_t first, last;
	} kinds[] = {
		{ seconds, COUNT(seconds), FIRST_S, LAST_S },
		{ milliseconds, COUNT(milliseconds), FIRST_MS, LAST_MS },
		{ microseconds, COUNT(microseconds), FIRST_US, LAST_US },
		{ nanoseconds, COUNT(nanoseconds), FIRST_NS, LAST_NS },
	};
	static const uint8_t frank[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, [15] = 5 };
	static const uint8_t remote[16] = { 0x20, 0x01, 0x0d, 0xb8, 0xff };
	const uint64_t last_ms = EXPORT_S * 1000 - 2 * MINUTE_MS;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const uint64_t last[] = { last_ms / 1000, last_ms, NTP(last_ms), NTP(last_ms) };
		const struct nfm_sets_value value[] = {
			{ SRC, A1, NULL }, { DST, REMOTE, NULL }, { SRC6, 0, frank },
			{ DST6, 0, remote }, { BYTES, 7000, NULL }, { PACKETS, 7, NULL },
			{ kinds[i].first, 0, NULL }, { kinds[i].last, last[i], NULL },
		};

		open_slot(SLOT_MS, 0);
		install(10, ID, kinds[i].field, kinds[i].count, NFM_SLOT_DATA);
		begin_aged(10);
		nfm_sets_open(&sets, ID);
		nfm_sets_record(&sets, kinds[i].field, kinds[i].count, value, COUNT(value));
		nfm_sets_close(&sets, 0, 0);
		run_sets("zero");
		assert_no_punt("zero");
		want[kinds[i].field == milliseconds ? FRANK : ALICE][1][0] = 7000;
		assert_slots("zero");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thirty_minutes_are_six_slots),
		cmocka_unit_test(both_sides_and_nobodys),
		cmocka_unit_test(what_is_older_goes_to_the_oldest),
		cmocka_unit_test(the_whole_ring),
		cmocka_unit_test(a_moment_lies_in_one_slot),
		cmocka_unit_test(nothing_is_earlier),
		cmocka_unit_test(a_part_is_in_the_open_slot),
		cmocka_unit_test(every_kind_of_times),
		cmocka_unit_test(a_time_of_zero_is_none),
		cmocka_unit_test(sets_side_by_side),
		cmocka_unit_test(each_bank_has_its_slot),
	};

	return cmocka_run_group_tests(tests, load_group, close_group);
}
