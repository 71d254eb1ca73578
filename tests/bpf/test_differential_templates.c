// SPDX-License-Identifier: GPL-2.0-only
/*
 * The datapath with its agent against the agent alone, NetFlow v9 and IPFIX: random templates that
 * change, random data, some of it broken, and the agent installing templates meanwhile. Each
 * datagram is made of a seed of its own. NFM_DATAGRAMS and NFM_SEED make a longer or another run.
 */
#include "../lib/sets.h"
#include "agent/templates.h"
#include "differential.h"
#include "wire.h"

#define DATAGRAMS 12000U
#define TEMPLATES 5U	 /* that a stream uses */
#define DOMAINS 2U
#define FIELDS 40U
#define ROOM 2400U	 /* bytes after which no set is begun */
#define RECORD_MOST 300U
#define ROUND_NS 60000000000ULL /* install rounds are so far apart, for the agent */

/* A template as the router uses it. */
struct router_template {
	bool announced;
	bool options;
	uint32_t count, scope;
	struct nfm_sets_field field[FIELDS];
};

/* A stream: templates 256 and up, and whether they are of IPv6, … */
struct router {
	uint32_t sequence;
	struct router_template template[TEMPLATES];
};

static struct router routers[SOURCES][2][DOMAINS];
static struct nfm_sets sets;
static uint64_t round_ns;

/* ---- templates ---- */

static void add(struct router_template *t, uint16_t id, uint32_t length, uint32_t enterprise)
{
	if (t->count < FIELDS)
		t->field[t->count++] = (struct nfm_sets_field){ id, (uint16_t)length, enterprise };
}

static void shuffle(struct router_template *t, uint32_t first)
{
	for (uint32_t i = t->count; i > first + 1; i--) {
		uint32_t j = first + rnd(i - first);
		struct nfm_sets_field other = t->field[i - 1];

		t->field[i - 1] = t->field[j];
		t->field[j] = other;
	}
}

static void add_times(struct router_template *t)
{
	static const uint16_t pair[][3] = { { 21, 22, 4 },   { 150, 151, 4 }, { 152, 153, 8 },
					    { 154, 155, 8 }, { 156, 157, 8 } };
	uint32_t kind = rnd(NFM_ARRAY_SIZE(pair));

	add(t, pair[kind][0], pair[kind][2], 0);
	if (rnd(8))
		add(t, pair[kind][1], pair[kind][2], 0);
	if (rnd(4) == 0)
		add(t, 160, 8, 0);
}

/* Of the datagram under way: what the times of its records are measured by. */
static uint32_t header_uptime_ms, header_unix_s;

#define NTP(ms) ((((ms) / 1000 + NFM_NTP_UNIX_S) << 32) + (((ms) % 1000) << 32) / 1000)

struct times {
	uint64_t uptime, s, ms, ntp;
};

static struct times times_of_age(uint32_t age_ms)
{
	uint64_t ms = header_unix_s * 1000ULL - age_ms;

	return (struct times){ header_uptime_ms - age_ms, ms / 1000, ms, NTP(ms) };
}

/* Some are what they ought to be. */
static void random_times(uint64_t first, uint64_t last, struct times *from, struct times *to)
{
	uint32_t first_age_ms, last_age_ms;

	*from = (struct times){ first, first, first, first };
	*to = (struct times){ last, last, last, last };
	if (rnd(4) == 0)
		return;
	random_ages(&first_age_ms, &last_age_ms);
	*from = times_of_age(first_age_ms);
	*to = times_of_age(last_age_ms);
}

/* What no template needs, and some have. */
static void add_oddities(struct router_template *t)
{
	static const uint16_t roles[] = {
		1,  2,	8,   12,  23,  24,  27,	 28,  34,  48,	50,  85,
		86, 225, 226, 231, 232, 281, 282, 302, 305, 306, 352,
	};

	for (uint32_t n = 1 + rnd(3); n; n--) {
		switch (rnd(8)) {
		case 0:
			add(t, (uint16_t)(1 + rnd(400)), NFM_SETS_VARIABLE, 0);
			break;
		case 1:
			add(t, roles[rnd(NFM_ARRAY_SIZE(roles))], rnd(20), 0);
			break;
		case 2:
			add(t, (uint16_t)(1 + rnd(90)), 1 + rnd(8), 9);
			break;
		case 3:
			add(t, (uint16_t)(32768 + rnd(100)), 4, 0); /* v9; an enterprise bit else */
			break;
		default:
			add(t, roles[rnd(NFM_ARRAY_SIZE(roles))], 1 + rnd(8), 0);
		}
	}
}

static void random_data_template(struct router_template *t)
{
	static const uint16_t other_bytes[] = { 85, 352, 23, 231 };
	bool v6 = rnd(6) == 0;

	add(t, v6 ? 27 : 8, v6 ? 16 : 4, 0);
	add(t, v6 ? 28 : 12, v6 ? 16 : 4, 0);
	add(t, rnd(24) ? 1 : other_bytes[rnd(4)], rnd(3) ? 4 + 4 * rnd(2) : 1 + rnd(8), 0);
	add(t, rnd(24) ? 2 : 86, rnd(3) ? 4 + 4 * rnd(2) : 1 + rnd(8), 0);
	if (rnd(2))
		add_times(t);
	if (rnd(3) == 0) {
		add(t, v6 ? 281 : 225, v6 ? 16 : 4, 0);
		add(t, v6 ? 282 : 226, v6 ? 16 : 4, 0);
	}
	for (uint32_t n = rnd(6); n; n--)
		add(t, (uint16_t)(160 + rnd(20)), rnd(9), 0);
	if (rnd(6) == 0)
		add_oddities(t);
	if (rnd(24) == 0)
		add(t, (uint16_t)(1 + rnd(2)), 1 + rnd(8), NFM_ENTERPRISE_REVERSE);
	if (rnd(16) == 0)
		t->field[rnd(t->count)].length = (uint16_t)rnd(10);
	shuffle(t, 0);
}

static void random_options_template(struct router_template *t, uint16_t version)
{
	static const uint16_t element[] = { 34, 50, 48, 302, 305, 306, 41, 40, 160 };

	t->options = true;
	t->scope = 1 + rnd(2);
	for (uint32_t i = 0; i < t->scope; i++)
		add(t, version == NFM_IPFIX ? (rnd(3) ? 144 : 302) : (uint16_t)(1 + rnd(5)),
		    rnd(4) ? 4 : rnd(6), 0);
	for (uint32_t n = 1 + rnd(4); n; n--)
		add(t, element[rnd(NFM_ARRAY_SIZE(element))], rnd(5) ? 4 : 1 + rnd(8), 0);
	if (rnd(12) == 0)
		add(t, 82, NFM_SETS_VARIABLE, 0);
}

static void random_template(struct router_template *t, uint16_t version)
{
	*t = (struct router_template){ .announced = true };
	if (rnd(7))
		random_data_template(t);
	else
		random_options_template(t, version);
}

/* ---- records ---- */

static uint64_t random_rate(void)
{
	static const uint32_t rate[] = { 0, 1, 2, 100, 1000, 0x64000000, 16777216, 16777217 };

	return rnd(3) ? 1 : rate[rnd(NFM_ARRAY_SIZE(rate))];
}

static void random_v6(uint8_t addr[16])
{
	static const uint8_t documentation[4] = { 0x20, 0x01, 0x0d, 0xb8 };

	for (uint32_t i = 0; i < 16; i++)
		addr[i] = (uint8_t)rnd(256);
	if (rnd(3))
		memcpy(addr, documentation, 4);
	if (rnd(3)) {
		addr[4] = 0;
		addr[5] &= 0x7f;
	}
	if (rnd(16) == 0)
		memset(addr, 0, 16);
}

static void random_record(const struct router_template *t)
{
	uint32_t src = rnd(40) ? random_address() : 0, dst = rnd(40) ? random_address() : src;
	uint8_t src6[16], dst6[16], post_src6[16], post_dst6[16];
	uint32_t first = rnd(2) ? rnd(UINT32_MAX) : rnd(100000);
	uint64_t bytes, packets, last = first + rnd(100000) - (rnd(30) ? 0 : 90000);

	struct times from = { first, first, first, first }, to = { last, last, last, last };

	random_counters(&bytes, &packets);
	if (rnd(200) == 0) { /* for counters of 64 bits: rates at the edge of what can be */
		bytes = (uint64_t)(90 + rnd(40)) << 26;
		packets = bytes / 1000;
		last = first + rnd(30) - (rnd(3) ? 0 : 15);
		to = (struct times){ last, last, last, last };
	} else {
		random_times(first, last, &from, &to);
	}
	random_v6(src6);
	random_v6(dst6);
	random_v6(post_src6);
	random_v6(post_dst6);

	const struct nfm_sets_value value[] = {
		{ 1, bytes, NULL },    { 85, bytes, NULL },  { 352, bytes, NULL },
		{ 23, bytes, NULL },   { 231, bytes, NULL }, { 2, packets, NULL },
		{ 86, packets, NULL }, { 24, packets, NULL }, { 8, src, NULL },
		{ 12, dst, NULL },     { 27, 0, src6 },	     { 28, 0, dst6 },
		{ 225, rnd(2) ? src : rnd(2) ? random_address() : 0, NULL },
		{ 226, rnd(2) ? dst : rnd(2) ? random_address() : 0, NULL },
		{ 281, 0, rnd(2) ? src6 : post_src6 },
		{ 282, 0, rnd(2) ? dst6 : post_dst6 },
		{ 22, from.uptime, NULL }, { 21, to.uptime, NULL },
		{ 150, from.s, NULL },	{ 151, to.s, NULL },  { 152, from.ms, NULL },
		{ 153, to.ms, NULL },	{ 154, from.ntp, NULL }, { 155, to.ntp, NULL },
		{ 156, from.ntp, NULL }, { 157, to.ntp, NULL },
		{ 160, header_unix_s * 1000ULL - header_uptime_ms, NULL },
		{ 34, random_rate(), NULL }, { 50, random_rate(), NULL },
		{ 305, random_rate(), NULL }, { 306, random_rate(), NULL },
		{ 48, rnd(3), NULL },  { 302, rnd(3), NULL },
	};

	nfm_sets_record(&sets, t->field, t->count, value, NFM_ARRAY_SIZE(value));
}

/* ---- datagrams ---- */

static uint32_t room(void)
{
	uint32_t used = (uint32_t)(sets.at - sets.begin);

	return used < ROOM ? ROOM - used : 0;
}

static void put_template(uint16_t id, const struct router_template *t)
{
	uint8_t raw[NFM_SETS_RAW];
	uint32_t bytes = nfm_sets_raw(raw, sets.version, id, t->options, t->field, t->count,
				      t->scope);

	if (!t->count)
		return;
	nfm_sets_open(&sets, nfm_sets_template_id(sets.version, t->options));
	nfm_sets_put(&sets, raw, bytes);
	nfm_sets_close(&sets, rnd(4) ? 0 : rnd(8), 0);
}

static void put_withdrawal(struct router *router)
{
	bool options = rnd(2);
	uint32_t which = rnd(TEMPLATES + 1);

	if (sets.version != NFM_IPFIX)
		return;
	nfm_sets_open(&sets, nfm_sets_template_id(NFM_IPFIX, options));
	nfm_sets_put_number(&sets, which < TEMPLATES ? 256 + which : 2U + options, 2);
	nfm_sets_put_number(&sets, 0, 2);
	nfm_sets_close(&sets, 0, 0);
	if (which < TEMPLATES)
		router->template[which].announced = false;
}

static void put_data(const struct router *router)
{
	uint32_t which = rnd(TEMPLATES);
	const struct router_template *t = &router->template[which];
	uint32_t records = rnd(6) ? 1 + rnd(12) : 1 + rnd(60);

	if ((!t->announced && rnd(8)) || (t->options && rnd(2)))
		return;
	nfm_sets_open(&sets, (uint16_t)(256 + which));
	for (uint32_t i = 0; i < records && room() > RECORD_MOST; i++)
		random_record(t);
	nfm_sets_close(&sets, rnd(3) ? 0 : rnd(5), (uint8_t)rnd(256));
}

static void put_set(struct router *router)
{
	uint32_t which = rnd(TEMPLATES);
	struct router_template *t = &router->template[which];

	switch (rnd(200)) {
	case 0: /* another template of this number */
		random_template(t, sets.version);
		put_template((uint16_t)(256 + which), t);
		return;
	case 1:
		put_withdrawal(router);
		return;
	case 2: /* a set that nobody reads */
		nfm_sets_open(&sets, (uint16_t)(4 + rnd(252)));
		nfm_sets_put_random(&sets, rnd(20));
		nfm_sets_close(&sets, 0, 0);
		return;
	case 3 ... 12: /* it is announced again, or now */
		if (!t->count)
			random_template(t, sets.version);
		t->announced = true;
		put_template((uint16_t)(256 + which), t);
		return;
	default:
		put_data(router);
	}
}

static uint32_t build_good(uint8_t *at, uint32_t source)
{
	uint32_t ipfix = rnd(2), domain = rnd(rnd(4) ? 1 : DOMAINS);
	struct router *router = &routers[source][ipfix][domain];
	const struct nfm_sets_header header = {
		.version = ipfix ? NFM_IPFIX : NFM_NETFLOW_V9,
		.count = (uint16_t)rnd(40),
		.uptime_ms = header_uptime_ms = rnd(UINT32_MAX),
		.unix_s = header_unix_s = rnd(UINT32_MAX),
		.sequence = router->sequence++,
		.domain = domain,
	};

	nfm_sets_begin(&sets, at, &header, (uint64_t)rnd(UINT32_MAX) << 16 | 1);
	for (uint32_t n = rnd(4) ? 1 : rnd(6); n && room() > RECORD_MOST; n--)
		put_set(router);
	if (rnd(30) == 0)
		nfm_sets_fill(&sets, 0, rnd(100));
	return nfm_sets_end(&sets);
}

/* One in eight is not as the router sent it. Its templates are then lost, or what they are not. */
static uint32_t build(uint8_t *at, uint32_t source)
{
	uint32_t length = build_good(at, source);

	switch (rnd(64)) {
	case 0:
		return rnd(length);
	case 1:
		memset(at + length, (int)rnd(256), PAYLOAD_MOST - length);
		return length + rnd(PAYLOAD_MOST - length + 1);
	case 2 ... 5: /* some bytes changed, in what is mostly heads */
		for (uint32_t i = 1 + rnd(3); i; i--)
			at[2 + rnd(NFM_MIN(length - 2, rnd(2) ? 60U : length))] = (uint8_t)rnd(256);
		return length;
	case 6: /* a set's or a template's words */
		at[16 + 2 * rnd(10) + rnd(2)] = (uint8_t)rnd(4);
		return length;
	case 7:
		at[1] = (uint8_t)(9 + rnd(3));
		return length;
	default:
		return length;
	}
}

/* ---- tests ---- */

/* Waiting sets are looked at by both at the same place, since what waits is decoded as of then. */
static void drain_and_wait(void)
{
	uint64_t now_ns = nfm_clock_monotonic_ns();

	drain();
	nfm_meter_templates_tick(&with->meter, now_ns);
	nfm_meter_templates_tick(&without->meter, now_ns);
}

static void install(void)
{
	round_ns = NFM_MAX(round_ns, nfm_clock_monotonic_ns()) + ROUND_NS;
	nfm_install_round(&with->meter, round_ns);
	drain_and_wait();
}

static uint32_t number_of(const char *variable, uint32_t otherwise)
{
	const char *text = getenv(variable);

	return text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

static void run_datagrams(uint32_t first_seed)
{
	static uint8_t payload[PAYLOAD_MOST + RECORD_MOST];
	const uint32_t count = number_of("NFM_DATAGRAMS", DATAGRAMS);

	first_seed = number_of("NFM_SEED", first_seed);
	memset(routers, 0, sizeof(routers));
	round_ns = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t source, length;

		seed = ((uint64_t)first_seed << 32 | i) * 0x9e3779b97f4a7c15ULL | 1;
		rnd(2);
		source = rnd(rnd(8) ? 6 : SOURCES);
		length = build(payload, source);
		send_both(source, payload, length);
		disturb();
		if (rnd(12) == 0)
			drain_and_wait();
		if (rnd(40) == 0)
			install();
		if (i % 500 == 0) {
			drain_and_wait();
			assert_same();
		}
	}
	drain_and_wait();
	assert_same();
	print_message("%u datagrams, %llu by the kernel alone\n", count,
		      (unsigned long long)counted_in_kernel());
	assert_in_range(counted_in_kernel(), count * 3 / 10, count);
	assert_int_equal(datagrams_of(&with->meter.table, NFM_REASON_RECEIVED), count);
	assert_int_equal(datagrams_of(&with->meter.table, NFM_REASON_RING_FULL), 0);
	assert_true(earlier_bytes);
}

static const uint32_t reasons_of_sets[] = {
	NFM_REASON_NEW_EXPORTER,   NFM_REASON_NEW_CUSTOMER,  NFM_REASON_LARGE,
	NFM_REASON_TEMPLATE,	   NFM_REASON_NO_TEMPLATE,   NFM_REASON_OPTIONS,
	NFM_REASON_UNARMED,	   NFM_REASON_ODD,	     NFM_REASON_ODD_SET,
	NFM_REASON_SHORT,	   NFM_REASON_TRUNCATED,     NFM_REASON_VERSION,
	NFM_REASON_SET_LENGTH,	   NFM_REASON_BAD_TEMPLATE,  NFM_REASON_BAD_DATA,
	NFM_REASON_CUSTOMERS_FULL, NFM_REASON_WRAPPED,	     NFM_REASON_REPAIRED,
	NFM_REASON_EMPTY_RECORD,   NFM_REASON_SAME_ADDRESS,  NFM_REASON_IMPLAUSIBLE,
	NFM_REASON_TOTAL_COUNTER,  NFM_REASON_REVERSE,	     NFM_REASON_OPTIONS_RECORDS,
	NFM_REASON_TEMPLATES,
};

static uint64_t records_of(uint32_t reason)
{
	struct nfm_row row;

	nfm_table_sum(&with->meter.table, nfm_table_reason_row(&with->meter.table, reason), &row);
	return row.reason.records;
}

static void any_exporter(void **state)
{
	(void)state;
	seed = 4;
	open_both(true);
	run_datagrams(0x1234567);
	assert_reasons_came(reasons_of_sets, NFM_ARRAY_SIZE(reasons_of_sets), NFM_REASON_NONE);
	assert_true(records_of(NFM_REASON_WAITED) > 0);
}

static void listed_exporters(void **state)
{
	(void)state;
	seed = 5;
	open_both(false);
	run_datagrams(0x89abcdef);
	assert_reasons_came(reasons_of_sets, NFM_ARRAY_SIZE(reasons_of_sets),
			    NFM_REASON_NEW_EXPORTER);
	assert_true(datagrams_of(&with->meter.table, NFM_REASON_REFUSED) > 100);
}

/* The next datagram of a stream that announces its template now and then, and changes it seldom. */
static uint32_t build_next(uint8_t *at, uint16_t version, uint32_t i, uint32_t *sequence,
			   uint32_t *units, bool *changes)
{
	static struct router_template t;
	const struct nfm_sets_header header = {
		.version = version, .uptime_ms = i, .unix_s = 1700000000 + i / 1000,
		.sequence = *sequence,
	};
	uint32_t records = 1 + rnd(8);

	*changes = i == 0 || rnd(1000) == 0;
	if (*changes) {
		t = (struct router_template){};
		for (uint32_t f = 0; f < 4; f++)
			add(&t, (uint16_t[]){ 8, 12, 1, 2 }[f], 4, 0);
		add(&t, 210, rnd(9), 0);
		shuffle(&t, 0);
	}
	nfm_sets_begin(&sets, at, &header, (uint64_t)rnd(UINT32_MAX) << 16 | 1);
	if (*changes || rnd(50) == 0)
		put_template(256, &t);
	nfm_sets_open(&sets, 256);
	for (uint32_t n = 0; n < records; n++)
		random_record(&t);
	nfm_sets_close(&sets, 0, 0);
	*units = version == NFM_IPFIX ? records : 1;
	*sequence += *units;
	return nfm_sets_end(&sets);
}

static void assert_lost(const struct side *side, uint64_t dropped, uint64_t received)
{
	const struct nfm_stream *stream = side->meter.table.streams;

	assert_int_equal(side->meter.table.ctl->stream_count, 1);
	assert_int_equal(stream->lost, dropped);
	assert_int_equal(stream->received, received);
	assert_int_equal(stream->resets, 0);
	assert_int_equal(stream->duplicates, 0);
}

/* Loss is exact on both sides: v9 in datagrams, IPFIX in records, whichever way they went. */
static void loss_of_a_stream(uint16_t version)
{
	uint8_t at[PAYLOAD_MOST];
	uint32_t sequence = 0U - 5000, units;
	uint64_t dropped = 0, received = 0;
	bool changes;

	seed = version;
	round_ns = 0;
	open_both(false);
	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t length = build_next(at, version, i, &sequence, &units, &changes);

		/* whose template is lost does not fit the old one, and is rejected */
		if (i > 10 && i < 9990 && !changes && rnd(50) == 0) {
			dropped += units;
		} else {
			received += units;
			send_both(0, at, length);
		}
		if (i % 32 == 31) {
			nfm_meter_drain(&with->meter, rnd(2) ? UINT32_MAX : rnd(8));
			if (rnd(2))
				nfm_meter_fold(&with->meter);
			if (rnd(4) == 0)
				install();
			wait_for_tick();
		}
	}
	drain_and_wait();
	assert_same();
	assert_in_range(counted_in_kernel(), 3000, 9500);
	assert_true(dropped > 150);
	assert_lost(with, dropped, received);
	assert_lost(without, dropped, received);
}

static void loss_of_a_v9_stream(void **state)
{
	(void)state;
	loss_of_a_stream(NFM_NETFLOW_V9);
}

static void loss_of_an_ipfix_stream(void **state)
{
	(void)state;
	loss_of_a_stream(NFM_IPFIX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_exporter),
		TEST(listed_exporters),
		TEST(loss_of_a_v9_stream),
		TEST(loss_of_an_ipfix_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
