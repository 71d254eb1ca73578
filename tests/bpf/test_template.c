// SPDX-License-Identifier: GPL-2.0-only
/* NetFlow v9 and IPFIX in the datapath: what is counted to whom, by every kind of template. */
#include "templates.h"

/* The most that `size` bytes hold. */
static uint64_t most(uint32_t size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

/* A flow whose counters fill their fields, as far as packets of 1,000 bytes in 2^31 ms can be. */
static struct flow filled(uint32_t bytes_size, uint32_t packets_size)
{
	struct flow f = { .src = A1, .dst = REMOTE, .last = INT32_MAX };

	f.packets = NFM_MIN(most(packets_size), NFM_MAX(1, most(bytes_size) / 1000));
	f.packets = NFM_MIN(f.packets, (1ULL << 47) - 1);
	f.bytes = NFM_MIN(most(bytes_size), f.packets * 1000);
	return f;
}

static void counters_of_every_size(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		for (uint32_t i = 0; i < 64; i++) {
			const uint16_t bytes = (uint16_t)(i / 8 + 1);
			const uint16_t packets = (uint16_t)(i % 8 + 1);
			const struct nfm_sets_field field[] = {
				{ FILLER, 3, 0 }, { BYTES, bytes, 0 }, { FILLER, 1, 0 },
				{ PACKETS, packets, 0 }, { SRC, 4, 0 }, { DST, 4, 0 },
			};
			const struct flow f = filled(bytes, packets);

			assert_int_equal(fresh(NULL), 0);
			install(v, ID, field, COUNT(field), NFM_SLOT_DATA);
			begin(v, i + 1);
			put_data(ID, field, COUNT(field), &f, 3);
			expect_counted(EXPORTER, 3, 3 * f.bytes, 3 * f.packets);
			expect_up(ALICE, 3 * f.bytes, 3 * f.packets, 3);
			run_counted("size");
		}
	}
}

/* A random template of IPv4 with all that the datapath reads, in any order, elements repeated. */
static uint32_t random_fields(struct nfm_sets_field *field)
{
	const struct nfm_sets_field all[] = {
		{ SRC, 4, 0 },
		{ DST, 4, 0 },
		{ BYTES, (uint16_t)(1 + nfm_sets_random(&sets, 8)), 0 },
		{ PACKETS, (uint16_t)(1 + nfm_sets_random(&sets, 8)), 0 },
		{ FIRST_UPTIME, 4, 0 },
		{ LAST_UPTIME, 4, 0 },
		{ FILLER, (uint16_t)nfm_sets_random(&sets, 30), 0 },
		{ 56, 6, 0 },
		{ 31, (uint16_t)(3 + nfm_sets_random(&sets, 2)), 0 },
		{ 9, 1, 0 },
		{ POST_SRC, 4, 0 },
		{ POST_DST, 4, 0 },
		{ SRC, 4, 0 },
		{ BYTES, 4, 0 },
		{ FILLER, 0, 0 },
	};
	uint32_t count = 4 + nfm_sets_random(&sets, COUNT(all) - 3);

	memcpy(field, all, count * sizeof(*field));
	for (uint32_t i = count; i > 1; i--) { /* Fisher-Yates */
		uint32_t j = nfm_sets_random(&sets, i);
		struct nfm_sets_field other = field[i - 1];

		field[i - 1] = field[j];
		field[j] = other;
	}
	return count;
}

/* Of a repeated element the first field counts, whatever its size. */
static uint32_t size_of(const struct nfm_sets_field *field, uint32_t count, uint16_t id)
{
	for (uint32_t i = 0; i < count; i++)
		if (field[i].id == id)
			return field[i].length;
	return 0;
}

static void fields_in_every_order(void **state)
{
	struct nfm_sets_field field[16];

	(void)state;
	for (uint32_t seed = 1; seed <= 1500; seed++) {
		const uint16_t v = seed % 2 ? NFM_NETFLOW_V9 : NFM_IPFIX;
		uint32_t count, records;
		struct flow f;

		assert_int_equal(fresh(NULL), 0);
		begin(v, seed * 0x9e3779b97f4a7c15ULL);
		count = random_fields(field);
		records = 1 + nfm_sets_random(&sets, 9);
		f = filled(size_of(field, count, BYTES), size_of(field, count, PACKETS));
		if (seed % 3 == 0) {
			f.src = REMOTE;
			f.dst = B7;
		}
		install(v, ID, field, count, NFM_SLOT_DATA);
		put_data(ID, field, count, &f, records);
		expect_counted(EXPORTER, records, records * f.bytes, records * f.packets);
		if (seed % 3)
			expect_up(ALICE, records * f.bytes, records * f.packets, records);
		else
			expect_down(BOB, records * f.bytes, records * f.packets, records);
		run_counted("order");
	}
}

/* The same cases as for v5, here with a field before and behind each address. */
static void up_down_local_unmatched(void **state)
{
	static const struct nfm_sets_field field[] = {
		{ FILLER, 1, 0 }, { DST, 4, 0 }, { FILLER, 2, 0 },
		{ SRC, 4, 0 },	  { PACKETS, 8, 0 }, { BYTES, 8, 0 },
	};
	static const struct {
		const char *name;
		uint32_t src, dst;
		uint32_t up, down;
	} cases[] = {
		{ "up", A1, REMOTE, ALICE, 0 },
		{ "down", REMOTE, A1, 0, ALICE },
		{ "nobody", REMOTE, REMOTE + 1, 0, 0 },
		{ "two customers", A1, B7, ALICE, BOB },
		{ "one customer, both sides", B7, B7 + 1, BOB, BOB },
		{ "a neighbour of a /32", A1 + 1, REMOTE, 0, 0 },
		{ "/15", C9, REMOTE, CAROL, 0 },
		{ "a /32 within a /7", E1, D1, ERIN, DAVE },
		{ "0.0.0.0 to broadcast", 0, 0xffffffff, 0, 0 },
	};

	(void)state;
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			const struct flow f = { .src = cases[i].src, .dst = cases[i].dst,
						.bytes = 7000000000, .packets = 5000000 };

			assert_int_equal(fresh(NULL), 0);
			install(v, ID, field, COUNT(field), NFM_SLOT_DATA);
			begin(v, i + 1);
			put_data(ID, field, COUNT(field), &f, 1);
			expect_counted(EXPORTER, 1, f.bytes, f.packets);
			expect_flow(cases[i].up, cases[i].down, f.bytes, f.packets);
			run_counted(cases[i].name);
		}
	}
}

static void customers_of_ipv6(void **state)
{
	static const struct nfm_sets_field field[] = {
		{ 60, 1, 0 }, { SRC6, 16, 0 }, { 31, 3, 0 }, { DST6, 16, 0 },
		{ BYTES, 4, 0 }, { PACKETS, 4, 0 },
	};
	static const struct {
		const char *src, *dst;
		uint32_t up, down;
	} cases[] = {
		{ "2001:db8:1::1", "2a00::1", FRANK, 0 },
		{ "2a00::1", "2001:db8:1:0:ffff:ffff:ffff:ffff", 0, FRANK },
		{ "2001:db8:1:1::", "2a00::1", 0, 0 }, /* behind the /64 */
		{ "2001:db8:0:ffff:ffff:ffff:ffff:ffff", "2a00::1", 0, 0 },
		{ "2001:db8:2:100::", "2a00::1", GRACE, 0 },
		{ "2a00::1", "2001:db8:2:1ff:ffff::", 0, GRACE },
		{ "2001:db8:2:200::", "2a00::1", 0, 0 },
		{ "2001:db8:2:ff::", "2a00::1", 0, 0 },
		{ "2001:db8:2:1ff::7", "2a00::1", HEIDI, 0 },
		{ "2001:db8:2:1ff::6", "2001:db8:2:1ff::7", GRACE, HEIDI },
		{ "2001:db8:1::1", "2001:db8:1::2", FRANK, FRANK },
		{ "::", "::1", 0, 0 },
		{ "::ffff:10.0.0.1", "::1", 0, 0 }, /* Alice is one of IPv4 */
	};

	(void)state;
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			struct nfm_addr src, dst;
			struct flow f = { .bytes = 123456, .packets = 123, .src6 = src.byte,
					  .dst6 = dst.byte };

			assert_int_equal(inet_pton(AF_INET6, cases[i].src, src.byte), 1);
			assert_int_equal(inet_pton(AF_INET6, cases[i].dst, dst.byte), 1);
			assert_int_equal(fresh(NULL), 0);
			install(v, ID, field, COUNT(field), NFM_SLOT_DATA);
			begin(v, i + 1);
			put_data(ID, field, COUNT(field), &f, 1);
			expect_counted(EXPORTER, 1, f.bytes, f.packets);
			expect_flow(cases[i].up, cases[i].down, f.bytes, f.packets);
			run_counted(cases[i].src);
		}
	}
}

/* IPv4 with NAT, IPv6 and plain IPv4 in one datagram: each finds its own. */
static void families_in_one_datagram(void **state)
{
	static const struct nfm_sets_field nat[] = {
		{ SRC, 4, 0 }, { DST, 4, 0 }, { BYTES, 4, 0 }, { PACKETS, 4, 0 },
		{ POST_SRC, 4, 0 }, { POST_DST, 4, 0 },
	};
	const struct flow download = { .src = REMOTE, .dst = REMOTE + 9, .post_dst = B7,
				       .bytes = 3000, .packets = 2 };
	struct nfm_addr src, dst;
	const struct flow six = { .bytes = 500, .packets = 1, .src6 = src.byte, .dst6 = dst.byte };

	(void)state;
	inet_pton(AF_INET6, "2001:db8:1::1", src.byte);
	inet_pton(AF_INET6, "2a00::1", dst.byte);
	FOR_VERSIONS(v) {
		fresh_plain(v);
		install(v, ID + 1, PLAIN6, NFM_SLOT_DATA);
		install(v, ID + 2, nat, COUNT(nat), NFM_SLOT_DATA);
		begin(v, 1);
		put_data(ID + 2, nat, COUNT(nat), &download, 2);
		put_data(ID + 1, PLAIN6, &six, 4);
		put_data(ID, PLAIN4, &up, 3);
		put_data(ID + 1, PLAIN6, &six, 1);
		expect_counted(EXPORTER, 10, 6000 + 2500 + 4500, 4 + 5 + 9);
		expect_down(BOB, 6000, 4, 2);
		expect_up(FRANK, 2500, 5, 5);
		expect_up(ALICE, 4500, 9, 3);
		run_counted("families");
		/* and the batch's places, used again by the other family */
		begin(v, 2);
		put_data(ID, PLAIN4, &up, 9);
		expect_ups(9);
		run_counted("again");
	}
}

/* The customer's side of the NAT counts. */
static void addresses_after_nat(void **state)
{
	static const struct nfm_sets_field field[] = {
		{ SRC, 4, 0 },	    { DST, 4, 0 },	{ BYTES, 4, 0 },
		{ POST_SRC, 4, 0 }, { POST_DST, 4, 0 }, { PACKETS, 4, 0 },
	};
	static const uint32_t wan = REMOTE + 1;
	static const struct {
		const char *name;
		uint32_t src, dst, post_src, post_dst;
		uint32_t up, down, reason;
	} cases[] = {
		{ "download", REMOTE, wan, REMOTE, A1, 0, ALICE, 0 },
		{ "upload", A1, REMOTE, wan, REMOTE, ALICE, 0, 0 },
		{ "no NAT, all equal", A1, B7, A1, B7, ALICE, BOB, 0 },
		{ "no NAT, all zero", A1, B7, 0, 0, ALICE, BOB, 0 },
		{ "post-destination before the destination", REMOTE, B7, 0, A1, 0, ALICE, 0 },
		{ "post-destination is nobody's", REMOTE, B7, 0, wan, 0, BOB, 0 },
		{ "neither is anybody's", REMOTE, wan, 0, wan + 1, 0, 0, 0 },
		{ "source before the post-source", A1, REMOTE, B7, 0, ALICE, 0, 0 },
		{ "source is nobody's", wan, REMOTE, B7, 0, BOB, 0, 0 },
		{ "both sides fall back", wan, B7, A1, wan + 1, ALICE, BOB, 0 },
		{ "both sides translated, to customers", A1, wan, wan + 1, B7, ALICE, BOB, 0 },
		{ "post-destination is the source", A1, wan, 0, A1, ALICE, ALICE, 0 },
		{ "post-destination to discover", REMOTE, B7, 0, NEW1, 0, 0,
		  NFM_REASON_NEW_CUSTOMER },
		{ "destination to discover, but not asked", REMOTE, NEW1, 0, A1, 0, ALICE, 0 },
		{ "destination to discover, and asked", REMOTE, NEW1, 0, wan, 0, 0,
		  NFM_REASON_NEW_CUSTOMER },
		{ "post-source to discover, and asked", wan, REMOTE, NEW1, 0, 0, 0,
		  NFM_REASON_NEW_CUSTOMER },
		{ "post-source to discover, but not asked", A1, REMOTE, NEW1, 0, ALICE, 0, 0 },
		{ "same addresses before NAT", wan, wan, wan, A1, 0, 0, NFM_REASON_ODD },
	};

	(void)state;
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			const struct flow f = { .src = cases[i].src, .dst = cases[i].dst,
						.post_src = cases[i].post_src,
						.post_dst = cases[i].post_dst,
						.bytes = 1500, .packets = 3 };

			assert_int_equal(fresh(NULL), 0);
			install(v, ID, field, COUNT(field), NFM_SLOT_DATA);
			begin(v, i + 1);
			put_data(ID, field, COUNT(field), &f, 2);
			if (cases[i].reason) {
				run_punted(cases[i].name, cases[i].reason);
				continue;
			}
			expect_counted(EXPORTER, 2, 3000, 6);
			for (int n = 0; n < 2; n++)
				expect_flow(cases[i].up, cases[i].down, 1500, 3);
			run_counted(cases[i].name);
		}
	}
}

/* Only one of the post-NAT addresses is in the template; or both, but not to be looked at. */
static void templates_with_one_address_after_nat(void **state)
{
	static const struct nfm_sets_field only_dst[] = {
		{ POST_DST, 4, 0 }, { SRC, 4, 0 },     { DST, 4, 0 },
		{ BYTES, 4, 0 },    { PACKETS, 4, 0 },
	};
	static const struct nfm_sets_field only_src[] = {
		{ SRC, 4, 0 },	   { DST, 4, 0 },      { BYTES, 4, 0 },
		{ PACKETS, 4, 0 }, { POST_SRC, 4, 0 },
	};
	const struct flow f = { .src = REMOTE, .dst = REMOTE + 1, .post_src = A1, .post_dst = B7,
				.bytes = 1500, .packets = 3 };
	struct nfm_template_slot *slot;

	(void)state;
	FOR_VERSIONS(v) {
		assert_int_equal(fresh(NULL), 0);
		install(v, ID, only_dst, COUNT(only_dst), NFM_SLOT_DATA);
		slot = install(v, ID + 1, only_src, COUNT(only_src), NFM_SLOT_DATA);
		begin(v, 1);
		put_data(ID, only_dst, COUNT(only_dst), &f, 1);
		put_data(ID + 1, only_src, COUNT(only_src), &f, 1);
		expect_counted(EXPORTER, 2, 3000, 6);
		expect_flow(0, BOB, 1500, 3);
		expect_flow(ALICE, 0, 1500, 3);
		run_counted("one of them");

		slot->layout.post_src_at = NFM_AT_NONE; /* as for an exporter with nat = no */
		begin(v, 2);
		put_data(ID + 1, only_src, COUNT(only_src), &f, 1);
		expect_counted(EXPORTER, 1, 1500, 3);
		expect_flow(0, 0, 1500, 3);
		run_counted("nat = no");
	}
}

static void sampling(void **state)
{
	static const struct {
		const char *name;
		uint32_t num, den;	     /* announced: the layout's */
		uint32_t set_num, set_den;   /* the exporter's; 0: as announced */
		uint64_t bytes, packets;     /* of 1001 bytes, 3 packets */
	} cases[] = {
		{ "none", 1, 1, 0, 0, 1001, 3 },
		{ "announced", 1000, 1, 0, 0, 1001000, 3000 },
		{ "announced as a fraction", 3, 2, 0, 0, 1502, 5 },
		{ "the exporter's wins", 1000, 1, 10, 1, 10010, 30 },
		{ "1 of the exporter's wins", 1000, 1, 1, 1, 1001, 3 },
		{ "den 0 is 1", 1000, 1, 10, 0, 10010, 30 },
		{ "a fraction of the exporter's", 1000, 1, 1, 3, 334, 1 },
		{ "1/10, below half goes down", 1, 1, 1, 10, 100, 0 },
		{ "most that is believed", 16777216, 1, 0, 0, 1001ULL << 24, 3 << 24 },
		{ "greatest", 1, 1, 0xffffffff, 1, 1001 * 0xffffffffULL, 3 * 0xffffffffULL },
	};
	static const struct flow f = { .src = A1, .dst = REMOTE, .bytes = 1001, .packets = 3 };

	(void)state;
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			struct nfm_template_slot *slot = fresh_plain(v);

			slot->layout.sampling_num = cases[i].num;
			slot->layout.sampling_den = cases[i].den;
			assert_int_equal(nfm_prog_admit(&prog, NFM_SOURCE, EXPORTER,
							cases[i].set_num, cases[i].set_den), 0);
			begin(v, 1);
			put_data(ID, PLAIN4, &f, 2);
			expect_counted(EXPORTER, 2, 2 * cases[i].bytes, 2 * cases[i].packets);
			expect_up(ALICE, 2 * cases[i].bytes, 2 * cases[i].packets, 2);
			run_counted(cases[i].name);
		}
	}
}

/* Records that the agent has to look at, whatever their place. Rates: 64 MiB a ms, 100 ms slack. */
static const struct {
	const char *name;
	uint16_t size, first, last, time_size; /* of counters; the times' elements */
	struct flow f;
	int is_odd;
} odd_cases[] = {
	{ "20 bytes a packet", 4, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 2000, .packets = 100 }, 0 },
	{ "a byte less: wrapped", 4, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 1999, .packets = 100 }, 1 },
	{ "65,536 a packet", 8, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 65536, .packets = 1 }, 1 },
	{ "nothing", 4, FIRST_UPTIME, LAST_UPTIME, 4, { .src = A1, .dst = REMOTE }, 1 },
	{ "bytes without packets", 8, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 1500 }, 1 },
	{ "to itself", 4, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = A1, .bytes = 1500, .packets = 1 }, 1 },
	{ "64 bits full", 8, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = REMOTE, .bytes = UINT64_MAX, .packets = UINT64_MAX }, 1 },
	{ "at the slack", 8, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = REMOTE, .bytes = (101ULL << 26) - 1, .packets = 5000000,
	    .first = 9, .last = 9 }, 0 },
	{ "too fast by a byte", 8, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 101ULL << 26, .packets = 5000000,
	    .first = 9, .last = 9 }, 1 },
	{ "a ms more", 8, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 101ULL << 26, .packets = 5000000,
	    .first = 8, .last = 9 }, 0 },
	{ "last before first", 8, FIRST_UPTIME, LAST_UPTIME, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 101ULL << 26, .packets = 5000000,
	    .first = 9, .last = 8 }, 1 },
	{ "in seconds", 8, FIRST_S, LAST_S, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 1100ULL << 26, .packets = 50000000,
	    .first = UNIX_S, .last = UNIX_S + 1 }, 0 },
	{ "in seconds, too fast", 8, FIRST_S, LAST_S, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 1101ULL << 26, .packets = 50000000,
	    .first = UNIX_S, .last = UNIX_S + 1 }, 1 },
	{ "in ms", 8, FIRST_MS, LAST_MS, 8,
	  { .src = A1, .dst = REMOTE, .bytes = 1100ULL << 26, .packets = 50000000,
	    .first = UNIX_S * 1000ULL, .last = UNIX_S * 1000ULL + 1000 }, 0 },
	{ "in ms, too fast", 8, FIRST_MS, LAST_MS, 8,
	  { .src = A1, .dst = REMOTE, .bytes = 1101ULL << 26, .packets = 50000000,
	    .first = UNIX_S * 1000ULL, .last = UNIX_S * 1000ULL + 1000 }, 1 },
	{ "no times, no rate", 8, FILLER, FILLER, 4,
	  { .src = A1, .dst = REMOTE, .bytes = 1ULL << 50, .packets = 1ULL << 40 }, 0 },
};

static void odd_records_are_handed_over(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < COUNT(odd_cases); i++) {
			const struct nfm_sets_field field[] = {
				{ odd_cases[i].last, odd_cases[i].time_size, 0 },
				{ SRC, 4, 0 }, { DST, 4, 0 }, { BYTES, odd_cases[i].size, 0 },
				{ odd_cases[i].first, odd_cases[i].time_size, 0 },
				{ PACKETS, odd_cases[i].size, 0 },
			};
			const struct flow *f = &odd_cases[i].f;

			assert_int_equal(fresh(NULL), 0);
			install(v, ID, field, COUNT(field), NFM_SLOT_DATA);
			begin(v, i + 1);
			nfm_sets_open(&sets, ID);
			for (uint32_t n = 0; n < 3; n++)
				put_record(field, COUNT(field), n == i % 3 ? f : &up);
			nfm_sets_close(&sets, 0, 0);
			if (odd_cases[i].is_odd) {
				run_punted(odd_cases[i].name, NFM_REASON_ODD);
				continue;
			}
			expect_counted(EXPORTER, 3, f->bytes + 3000, f->packets + 6);
			expect_up(ALICE, f->bytes + 3000, f->packets + 6, 3);
			run_counted(odd_cases[i].name);
		}
	}
}

/* One address that has no row yet, or for which none was left. */
static void leaves_without_a_row(void **state)
{
	const struct flow new4 = { .src = REMOTE, .dst = NEW1, .bytes = 1500, .packets = 3 };
	const struct flow full = { .src = FULL1, .dst = REMOTE, .bytes = 1500, .packets = 3 };
	struct nfm_addr src, dst;
	const struct flow new6 = { .src6 = src.byte, .dst6 = dst.byte,
				   .bytes = 1500, .packets = 3 };

	(void)state;
	inet_pton(AF_INET6, "2a00::1", src.byte);
	inet_pton(AF_INET6, "2001:db8:9:77::1", dst.byte);
	FOR_VERSIONS(v) {
		fresh_plain(v);
		install(v, ID + 1, PLAIN6, NFM_SLOT_DATA);
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 2);
		put_data(ID, PLAIN4, &new4, 1);
		run_punted("new", NFM_REASON_NEW_CUSTOMER);
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 2);
		put_data(ID + 1, PLAIN6, &new6, 1);
		run_punted("new, IPv6", NFM_REASON_NEW_CUSTOMER);
		assert_int_equal(token(v), 0);

		begin(v, 1);
		put_data(ID, PLAIN4, &full, 2);
		put_data(ID, PLAIN4, &up, 1);
		expect_counted(EXPORTER, 3, 4500, 9);
		expect_up(NFM_ROW_UNMATCHED, 3000, 6, 2);
		expect_up(ALICE, 1500, 3, 1);
		expect_reason(NFM_REASON_CUSTOMERS_FULL, 2);
		run_counted("full");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_of_every_size),
		cmocka_unit_test(fields_in_every_order),
		cmocka_unit_test(up_down_local_unmatched),
		cmocka_unit_test(customers_of_ipv6),
		cmocka_unit_test(families_in_one_datagram),
		cmocka_unit_test(addresses_after_nat),
		cmocka_unit_test(templates_with_one_address_after_nat),
		cmocka_unit_test(sampling),
		cmocka_unit_test(odd_records_are_handed_over),
		cmocka_unit_test(leaves_without_a_row),
	};

	return cmocka_run_group_tests(tests, load_group, close_group);
}
