// SPDX-License-Identifier: GPL-2.0-only
/* Compiling templates: offsets for the datapath, or why there are none; and the flags. */
#include "flow/template.h"

#include "base/cleanup.h"
#include "template_build.h"

#define NONE NFM_AT_NONE
#define REVERSE NFM_ENTERPRISE_REVERSE

#define UPTIME NFM_TIMES_UPTIME
#define UNIX_S NFM_TIMES_UNIX_S
#define UNIX_MS NFM_TIMES_UNIX_MS
#define NTP NFM_TIMES_NTP
#define NO_TIMES NFM_TIMES_NONE

static void assert_layout(size_t row, const struct nfm_layout *got, const struct nfm_layout *want)
{
	static const char *const words[] = {
		"record_bytes", "src_at", "dst_at", "post_src_at", "post_dst_at", "bytes_end",
		"packets_end", "first_at", "last_at",
	};
	const uint16_t *a = &got->record_bytes;
	const uint16_t *b = &want->record_bytes;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(words); i++)
		if (a[i] != b[i])
			fail_msg("row %zu: %s is %u, not %u", row, words[i], a[i], b[i]);
	assert_int_equal(got->bytes_size, want->bytes_size);
	assert_int_equal(got->packets_size, want->packets_size);
	assert_int_equal(got->family, want->family);
	assert_int_equal(got->times, want->times);
	/* the tables below leave it 0 where there is none */
	if (got->record_bytes)
		assert_int_equal(got->init_at, want->init_at ? want->init_at : NONE);
	assert_int_equal(got->sampling_num, 1);
	assert_int_equal(got->sampling_den, 1);
}

/* A template that is compiled has this layout; counted by hand. */
struct row {
	struct record record;
	struct nfm_layout want;
};

static void assert_compiles(size_t row, const struct record *record, const struct nfm_layout *want)
{
	struct nfm_template *t = parse(record);

	if (t->not_compiled)
		fail_msg("row %zu: %s", row, t->not_compiled);
	assert_layout(row, &t->layout, want);
	nfm_template_free(t);
}

static void assert_refused(size_t row, const struct record *record, const char *why)
{
	struct nfm_template *t = parse(record);

	if (!t->not_compiled)
		fail_msg("row %zu was compiled", row);
	assert_string_equal(t->not_compiled, why);
	assert_int_equal(t->layout.record_bytes, 0);
	assert_int_equal(t->layout.sampling_num, 1);
	assert_int_equal(t->layout.sampling_den, 1);
	nfm_template_free(t);
}

/* ---- what is compiled ---- */

static void routeros_templates(void **state)
{
	/* record, src, dst, post src, post dst, bytes' end, packets' end, first, last; sizes; … */
	static const struct nfm_layout want[ROUTEROS] = {
		[ROS7_V4] = { 81, 24, 28, 69, 73, 16, 12, 4, 0, 4, 4, 4, UPTIME, 0, 1, 1 },
		[ROS7_V6] = { 114, 1, 22, NONE, NONE, 86, 90, 78, 74, 4, 4, 6, UPTIME, 0, 1, 1 },
		[ROS6_V4] = { 51, 31, 35, 43, 47, 17, 13, 1, 5, 4, 4, 4, UPTIME, 0, 1, 1 },
		[ROS6_V6] = { 79, 31, 47, NONE, NONE, 17, 13, 1, 5, 4, 4, 6, UPTIME, 0, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ROUTEROS; i++) {
		struct nfm_template *t = parse(&routeros[i]);

		assert_null(t->not_compiled);
		assert_layout(i, &t->layout, &want[i]);
		assert_int_equal(t->record_bytes, want[i].record_bytes);
		assert_int_equal(t->flags, 0);
		nfm_template_free(t);
	}
}

/* The least that is compiled: addresses and counters; each row puts something beside or between. */
static const struct row rows[] = {
	{ V9_OF(F(8, 4), F(12, 4), F(1, 4), F(2, 4)),
	  { 16, 0, 4, NONE, NONE, 12, 16, NONE, NONE, 4, 4, 4, NO_TIMES, 0, 1, 1 } },
	{ IPFIX_OF(F(2, 8), F(1, 8), F(28, 16), F(27, 16)),
	  { 48, 32, 16, NONE, NONE, 16, 8, NONE, NONE, 8, 8, 6, NO_TIMES, 0, 1, 1 } },
	/* fields that are not taken, one of them of no length, one of an enterprise */
	{ IPFIX_OF(F(7, 2), F(8, 4), FE(8, 4, 9), F(5, 0), F(12, 4), FE(1, 8, 9), F(1, 4), F(2, 4)),
	  { 30, 2, 10, NONE, NONE, 26, 30, NONE, NONE, 4, 4, 4, NO_TIMES, 0, 1, 1 } },
	/* repetitions: the first counts, or the first that can be read */
	{ V9_OF(F(8, 4), F(8, 4), F(12, 4), F(12, 4), F(1, 4), F(1, 8), F(2, 8), F(2, 4)),
	  { 40, 0, 8, NONE, NONE, 20, 36, NONE, NONE, 4, 8, 4, NO_TIMES, 0, 1, 1 } },
	{ V9_OF(F(8, 0), F(8, 4), F(12, 6), F(12, 4), F(1, 9), F(1, 4), F(2, 4)),
	  { 31, 0, 10, NONE, NONE, 27, 31, NONE, NONE, 4, 4, 4, NO_TIMES, 0, 1, 1 } },
	/* more counters: deltas are preferred wherever they stand */
	{ V9_OF(F(8, 4), F(12, 4), F(85, 8), F(86, 8), F(23, 4), F(24, 4), F(1, 4), F(2, 4)),
	  { 40, 0, 4, NONE, NONE, 36, 40, NONE, NONE, 4, 4, 4, NO_TIMES, 0, 1, 1 } },
	/* NAT: of one side, in IPv4; addresses of the other family after NAT are none */
	{ V9_OF(F(226, 4), F(8, 4), F(12, 4), F(1, 4), F(2, 4)),
	  { 20, 4, 8, NONE, 0, 16, 20, NONE, NONE, 4, 4, 4, NO_TIMES, 0, 1, 1 } },
	{ V9_OF(F(8, 4), F(12, 4), F(1, 4), F(2, 4), F(225, 4), F(226, 0)),
	  { 20, 0, 4, 16, NONE, 12, 16, NONE, NONE, 4, 4, 4, NO_TIMES, 0, 1, 1 } },
	{ V9_OF(F(8, 4), F(12, 4), F(281, 16), F(282, 16), F(1, 4), F(2, 4)),
	  { 48, 0, 4, NONE, NONE, 44, 48, NONE, NONE, 4, 4, 4, NO_TIMES, 0, 1, 1 } },
	{ V9_OF(F(27, 16), F(28, 16), F(225, 4), F(226, 4), F(1, 4), F(2, 4)),
	  { 48, 0, 16, NONE, NONE, 44, 48, NONE, NONE, 4, 4, 6, NO_TIMES, 0, 1, 1 } },
	/* an address of the other family that cannot be read is none */
	{ V9_OF(F(27, 4), F(8, 4), F(12, 4), F(1, 4), F(2, 4)),
	  { 20, 4, 8, NONE, NONE, 16, 20, NONE, NONE, 4, 4, 4, NO_TIMES, 0, 1, 1 } },
	/* the longest record: offsets go up to its end */
	{ IPFIX_OF(F(82, 65518), F(8, 4), F(12, 4), F(1, 4), F(2, 4)),
	  { 65534, 65518, 65522, NONE, NONE, 65530, 65534, NONE, NONE, 4, 4, 4, NO_TIMES, 0, 1,
	    1 } },
};

static void layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		assert_compiles(i, &rows[i].record, &rows[i].want);
}

static void counters_of_every_size(void **state)
{
	(void)state;
	for (uint16_t bytes = 1; bytes <= 8; bytes++)
		for (uint16_t packets = 1; packets <= 8; packets++) {
			const struct record record =
				V9_OF(F(1, bytes), F(8, 4), F(12, 4), F(2, packets));
			const struct nfm_layout want = {
				.record_bytes = (uint16_t)(8 + bytes + packets),
				.src_at = bytes,
				.dst_at = (uint16_t)(bytes + 4),
				.post_src_at = NONE,
				.post_dst_at = NONE,
				.bytes_end = bytes,
				.packets_end = (uint16_t)(8 + bytes + packets),
				.first_at = NONE,
				.last_at = NONE,
				.bytes_size = (uint8_t)bytes,
				.packets_size = (uint8_t)packets,
				.family = 4,
			};

			assert_compiles(bytes * 10U + packets, &record, &want);
		}
}

/* Fields behind src, dst, 8 bytes of bytes and 4 of packets: 20 bytes. */
static const struct {
	struct spec field[6];
	uint16_t first_at, last_at;
	uint8_t times;
} times[] = {
	{ { F(22, 4), F(21, 4) }, 20, 24, UPTIME },
	{ { F(21, 4), F(22, 4) }, 24, 20, UPTIME },
	{ { F(150, 4), F(151, 4) }, 20, 24, UNIX_S },
	{ { F(152, 8), F(153, 8) }, 20, 28, UNIX_MS },
	{ { F(153, 8), F(4, 1), F(152, 8) }, 29, 20, UNIX_MS },
	/* half a pair, or halves of two */
	{ { F(22, 4) }, NONE, NONE, NO_TIMES },
	{ { F(153, 8) }, NONE, NONE, NO_TIMES },
	{ { F(22, 4), F(151, 4) }, NONE, NONE, NO_TIMES },
	{ { F(150, 4), F(153, 8) }, NONE, NONE, NO_TIMES },
	{ { F(22, 4), F(153, 8), F(150, 4), F(151, 4) }, 32, 36, UNIX_S },
	/* more than one pair: in the order of the decoder */
	{ { F(152, 8), F(153, 8), F(22, 4), F(21, 4) }, 36, 40, UPTIME },
	{ { F(152, 8), F(153, 8), F(150, 4), F(151, 4) }, 20, 28, UNIX_MS },
	{ { F(150, 4), F(151, 4), F(154, 8), F(155, 8) }, 28, 36, NTP },
	{ { F(157, 8), F(156, 8) }, 28, 20, NTP },
	{ { F(154, 8), F(157, 8) }, NONE, NONE, NO_TIMES },
	/* a time without a length is none */
	{ { F(22, 0), F(21, 4) }, NONE, NONE, NO_TIMES },
	{ { F(22, 9), F(21, 4), F(152, 8), F(153, 8) }, 33, 41, UNIX_MS },
};

static void times_of_each_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(times); i++) {
		struct record record = V9_OF(F(8, 4), F(12, 4), F(1, 8), F(2, 4));
		struct nfm_layout want = {
			20, 0, 4, NONE, NONE, 16, 20, times[i].first_at, times[i].last_at, 8, 4, 4,
			times[i].times, 0, 1, 1,
		};

		memcpy(&record.field[4], times[i].field, sizeof(times[i].field));
		for (size_t j = 0; j < NFM_ARRAY_SIZE(times[i].field); j++)
			want.record_bytes += times[i].field[j].length;
		assert_compiles(i, &record, &want);
	}
}

/* Uptimes of IPFIX say when only beside 160; without it, whatever else does is preferred. */
static void times_of_ipfix(void **state)
{
	static const struct {
		struct spec field[6];
		uint16_t first_at, last_at, init_at;
		uint8_t times;
	} rows[] = {
		{ { F(22, 4), F(21, 4), F(160, 8) }, 20, 24, 28, UPTIME },
		{ { F(160, 8), F(22, 4), F(21, 4), F(150, 4), F(151, 4) }, 28, 32, 20, UPTIME },
		{ { F(22, 4), F(21, 4), F(150, 4), F(151, 4) }, 28, 32, 0, UNIX_S },
		{ { F(22, 4), F(21, 4), F(152, 8), F(153, 8) }, 28, 36, 0, UNIX_MS },
		{ { F(22, 4), F(21, 4) }, 20, 24, 0, UPTIME },
		{ { F(22, 4), F(21, 4), F(160, 4) }, 20, 24, 0, UPTIME }, /* no such size */
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		struct record record = IPFIX_OF(F(8, 4), F(12, 4), F(1, 8), F(2, 4));
		struct nfm_layout want = {
			20, 0, 4, NONE, NONE, 16, 20, rows[i].first_at, rows[i].last_at, 8, 4, 4,
			rows[i].times, rows[i].init_at, 1, 1,
		};

		memcpy(&record.field[4], rows[i].field, sizeof(rows[i].field));
		for (size_t j = 0; j < NFM_ARRAY_SIZE(rows[i].field); j++)
			want.record_bytes += rows[i].field[j].length;
		assert_compiles(i, &record, &want);
	}
}

/* Read in one size only; they matter beside byte counters of more than 32 bits. */
static void times_of_other_sizes(void **state)
{
	static const struct spec pairs[][2] = {
		{ F(22, 8), F(21, 8) },	  { F(22, 4), F(21, 8) },   { F(22, 2), F(21, 4) },
		{ F(150, 8), F(151, 8) }, { F(150, 4), F(151, 3) }, { F(152, 4), F(153, 4) },
		{ F(152, 8), F(153, 6) },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(pairs); i++)
		for (uint16_t bytes = 1; bytes <= 8; bytes++) {
			const struct spec *a = &pairs[i][0];
			const struct spec *b = &pairs[i][1];
			const struct record record =
				V9_OF(F(1, bytes), F(2, 4), F(8, 4), F(12, 4), *a, *b);
			const struct nfm_layout want = {
				.record_bytes = (uint16_t)(bytes + 12 + a->length + b->length),
				.src_at = (uint16_t)(bytes + 4),
				.dst_at = (uint16_t)(bytes + 8),
				.post_src_at = NONE,
				.post_dst_at = NONE,
				.bytes_end = bytes,
				.packets_end = (uint16_t)(bytes + 4),
				.first_at = NONE,
				.last_at = NONE,
				.bytes_size = (uint8_t)bytes,
				.packets_size = 4,
				.family = 4,
			};

			if (bytes > 4)
				assert_refused(i, &record, "times of an unusual size");
			else
				assert_compiles(i, &record, &want);
		}
}

/* ---- what is not ---- */

static const struct {
	struct record record;
	const char *why;
} refused[] = {
	{ { V9, true, 256, 1, { F(1, 4), F(8, 4), F(12, 4), F(1, 4), F(2, 4) } }, "options data" },
	{ { IPFIX, true, 256, 1, { F(149, 4), F(34, 4) } }, "options data" },
	{ IPFIX_OF(F(8, 4), F(12, 4), F(1, 4), F(2, 4), F(82, VARIABLE)),
	  "variable-length field" },
	{ V9_OF(F(8, VARIABLE), F(12, 4), F(1, 4), F(2, 4)),
	  "variable-length field" },
	{ V9_OF(F(8, 0), F(12, 0), F(1, 0), F(2, 0)), "records of 0 bytes" },
	{ V9_OF(F(82, 65519), F(8, 4), F(12, 4), F(1, 4), F(2, 4)),
	  "records of more than 65,534 bytes" },
	{ V9_OF(F(82, 65534), F(83, 65534), F(8, 4), F(12, 4), F(1, 4), F(2, 4)),
	  "records of more than 65,534 bytes" },
	{ V9_OF(F(56, 6), F(80, 6), F(1, 4), F(2, 4)), "no addresses" },
	{ V9_OF(F(8, 16), F(12, 16), F(1, 4), F(2, 4)), "no addresses" },
	{ V9_OF(F(225, 4), F(226, 4), F(1, 4), F(2, 4)), "no addresses" },
	{ V9_OF(F(8, 4), F(12, 4), F(27, 16), F(28, 16), F(1, 4), F(2, 4)),
	  "addresses of both families" },
	{ V9_OF(F(8, 4), F(12, 4), F(28, 16), F(1, 4), F(2, 4)),
	  "addresses of both families" },
	{ V9_OF(F(8, 4), F(28, 16), F(1, 4), F(2, 4)),
	  "addresses of both families" },
	{ V9_OF(F(12, 4), F(1, 4), F(2, 4)), "no source address" },
	{ V9_OF(F(27, 15), F(28, 16), F(1, 4), F(2, 4)), "no source address" },
	{ V9_OF(F(8, 4), F(12, 3), F(1, 4), F(2, 4)), "no destination address" },
	{ V9_OF(F(27, 16), F(1, 4), F(2, 4)), "no destination address" },
	{ V9_OF(F(27, 16), F(28, 16), F(281, 16), F(1, 4), F(2, 4)),
	  "IPv6 addresses after NAT" },
	{ V9_OF(F(27, 16), F(28, 16), F(282, 16), F(1, 4), F(2, 4)),
	  "IPv6 addresses after NAT" },
	{ IPFIX_OF(F(8, 4), F(12, 4), F(1, 4), F(2, 4), FE(1, 4, REVERSE)),
	  "counters of the other direction" },
	{ V9_OF(F(8, 4), F(12, 4), F(1, 4), F(2, 4), F(231, 4), F(232, 4)),
	  "counters of the other direction" },
	{ V9_OF(F(8, 4), F(12, 4), F(2, 4)), "no byte counter" },
	{ V9_OF(F(8, 4), F(12, 4), F(1, 0), F(2, 4)), "no byte counter" },
	{ V9_OF(F(8, 4), F(12, 4), F(1, 9), F(2, 4)), "no byte counter" },
	{ IPFIX_OF(F(8, 4), F(12, 4), FE(1, 8, 9), F(2, 4)), "no byte counter" },
	{ V9_OF(F(8, 4), F(12, 4), F(85, 4), F(2, 4)),
	  "byte counter other than octetDeltaCount" },
	{ V9_OF(F(8, 4), F(12, 4), F(352, 4), F(2, 4)),
	  "byte counter other than octetDeltaCount" },
	{ V9_OF(F(8, 4), F(12, 4), F(23, 4), F(24, 4)),
	  "byte counter other than octetDeltaCount" },
	{ V9_OF(F(8, 4), F(12, 4), F(231, 4), F(2, 4)),
	  "byte counter other than octetDeltaCount" },
	{ V9_OF(F(8, 4), F(12, 4), F(1, 4)), "no packet counter" },
	{ V9_OF(F(8, 4), F(12, 4), F(1, 4), F(2, 16)), "no packet counter" },
	{ V9_OF(F(8, 4), F(12, 4), F(1, 4), F(86, 4)),
	  "packet counter other than packetDeltaCount" },
	{ V9_OF(F(8, 4), F(12, 4), F(1, 4), F(24, 4)),
	  "packet counter other than packetDeltaCount" },
};

static void reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(refused); i++)
		assert_refused(i, &refused[i].record, refused[i].why);
}

/* ---- what records have beside ---- */

static const struct {
	struct spec field[5];
	uint32_t flags;
	bool compiled;
} flags[] = {
	{ { F(1, 4) }, 0, true },
	{ { F(1, 4), F(48, 1) }, NFM_HAS_SAMPLER, true },
	{ { F(1, 4), F(302, 8) }, NFM_HAS_SAMPLER, true },
	{ { F(1, 4), F(48, 0) }, 0, true },
	{ { F(1, 4), F(34, 4) }, NFM_HAS_SAMPLING, true },
	{ { F(1, 4), F(50, 4) }, NFM_HAS_SAMPLING, true },
	{ { F(1, 4), F(305, 4), F(306, 4) }, NFM_HAS_SAMPLING, true },
	{ { F(1, 4), F(305, 4) }, NFM_HAS_SAMPLING, true },
	{ { F(1, 4), F(306, 4) }, NFM_HAS_SAMPLING, true },
	{ { F(1, 4), F(35, 1), F(49, 1), F(304, 2) }, 0, true },
	{ { F(1, 4), F(34, 9) }, 0, true },
	{ { F(1, 4), F(34, 4), F(48, 2) }, NFM_HAS_SAMPLING | NFM_HAS_SAMPLER, true },
	{ { F(85, 8) }, NFM_HAS_TOTAL, false },
	{ { F(85, 8), F(1, 8) }, 0, true },
	{ { F(85, 8), F(1, 0) }, NFM_HAS_TOTAL, false },
	{ { F(1, 4), F(232, 4), F(231, 4) }, NFM_HAS_REVERSE, false },
	{ { F(1, 4), F(232, 2) }, 0, true }, /* Huawei */
	{ { F(1, 4), FE(2, 4, REVERSE) }, NFM_HAS_REVERSE, false },
	{ { F(1, 4), FE(24, 4, REVERSE) }, NFM_HAS_REVERSE, false },
	{ { F(1, 4), FE(8, 4, REVERSE) }, 0, true },
	{ { F(1, 4), FE(2, 0, REVERSE) }, 0, true },
	{ { F(1, 4), F(27, 16) }, NFM_HAS_BOTH, false },
	{ { F(1, 4), F(28, 16), F(27, 16) }, NFM_HAS_BOTH, false },
	{ { F(1, 4), F(28, 4) }, 0, true },
	{ { F(85, 4), F(28, 16), FE(1, 1, REVERSE), F(34, 2), F(48, 1) },
	  NFM_HAS_TOTAL | NFM_HAS_BOTH | NFM_HAS_REVERSE | NFM_HAS_SAMPLING | NFM_HAS_SAMPLER,
	  false },
};

static void flags_of_templates(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(flags); i++) {
		struct record record = IPFIX_OF(F(8, 4), F(12, 4), F(2, 4));
		struct nfm_template *t;

		memcpy(&record.field[3], flags[i].field, sizeof(flags[i].field));
		t = parse(&record);
		if (t->flags != flags[i].flags || !t->not_compiled != flags[i].compiled)
			fail_msg("row %zu: flags %#x, %s", i, t->flags, t->not_compiled);
		nfm_template_free(t);
	}
}

static void flags_of_options(void **state)
{
	static const struct {
		struct record record;
		uint32_t flags;
	} options[] = {
		{ { V9, true, 256, 1, { F(1, 4), F(48, 1), F(50, 4) } },
		  NFM_HAS_SAMPLER | NFM_HAS_SAMPLING },
		{ { V9, true, 256, 2, { F(48, 1), F(34, 4), F(82, 8) } }, 0 }, /* scopes of v9 */
		{ { IPFIX, true, 256, 1, { F(302, 8), F(305, 4), F(306, 4) } },
		  NFM_HAS_SAMPLER | NFM_HAS_SAMPLING },
		{ { IPFIX, true, 256, 1, { F(10, 4), F(82, VARIABLE) } }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(options); i++) {
		struct nfm_template *t = parse(&options[i].record);

		assert_int_equal(t->flags, options[i].flags);
		assert_string_equal(t->not_compiled, "options data");
		nfm_template_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routeros_templates),
		cmocka_unit_test(layouts),
		cmocka_unit_test(counters_of_every_size),
		cmocka_unit_test(times_of_each_kind),
		cmocka_unit_test(times_of_ipfix),
		cmocka_unit_test(times_of_other_sizes),
		cmocka_unit_test(reasons),
		cmocka_unit_test(flags_of_templates),
		cmocka_unit_test(flags_of_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
