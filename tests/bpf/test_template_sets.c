// SPDX-License-Identifier: GPL-2.0-only
/* Sets of NetFlow v9 and IPFIX in the datapath: the templates that are used, sets handed over. */
#include "templates.h"

/* ---- how a datagram is made up ---- */

static void several_sets_and_padding(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		for (uint32_t padding = 0; padding < 16; padding++) {
			fresh_plain(v);
			begin(v, 1);
			for (uint32_t set = 0; set < 5; set++) {
				nfm_sets_open(&sets, ID);
				for (uint32_t i = 0; i <= set; i++)
					put_record(PLAIN4, &up);
				/* not zero: nobody has to fill it so */
				nfm_sets_close(&sets, padding, 0xab);
			}
			expect_ups(15);
			run_counted("padding");
		}
	}
}

static void tails_and_skipped_sets(void **state)
{
	static const struct {
		const char *name;
		uint32_t zeros, rest; /* bytes behind the set; `rest` are no zeros */
		uint32_t id;	      /* of a set between; 0: none */
	} cases[] = {
		{ "nothing", 0, 0, 0 },
		{ "one byte", 0, 1, 0 },
		{ "three bytes", 0, 3, 0 },
		{ "zeros, too few for a head", 3, 0, 0 },
		{ "a head of zeros", 4, 0, 0 },
		{ "a zero-filled tail", 999, 0, 0 },
		{ "whatever is behind zeros", 4, 77, 0 },
		{ "a set of a number that nobody uses", 0, 0, 4 },
		{ "the last such number", 0, 0, 255 },
		{ "with a zero-filled tail", 40, 0, 17 },
	};

	(void)state;
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			fresh_plain(v);
			begin(v, i + 1);
			put_data(ID, PLAIN4, &up, 2);
			if (cases[i].id) {
				nfm_sets_open(&sets, (uint16_t)cases[i].id);
				nfm_sets_put_random(&sets, 33);
				nfm_sets_close(&sets, 0, 0);
				put_data(ID, PLAIN4, &up, 1);
			}
			nfm_sets_fill(&sets, 0, cases[i].zeros);
			nfm_sets_fill(&sets, 0xee, cases[i].rest);
			expect_ups(cases[i].id ? 3 : 2);
			run_counted(cases[i].name);
		}
	}
}

/* Set ids 4 to 255 are skipped, in v9 also 2 and 3, in IPFIX 0 and 1. */
static void every_set_id_below_256(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_plain(v);
		for (uint16_t id = 0; id < 256; id++) {
			if (id >> 1 == (v == NFM_IPFIX))
				continue;
			begin(v, id + 1U);
			nfm_sets_open(&sets, id);
			nfm_sets_put_random(&sets, 8);
			nfm_sets_close(&sets, 0, 0);
			put_data(ID, PLAIN4, &up, 1);
			expect_ups(1);
			run_counted("skipped");
		}
		assert_int_equal(token(v), 0);
	}
}

static void empty_datagrams_and_sets(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_plain(v);
		begin(v, 1);
		expect_ups(0);
		run_counted("a header alone");
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 0);
		put_data(ID + 1, PLAIN4, &up, 0); /* of a template that nobody knows */
		expect_ups(0);
		run_counted("sets without content");
		begin(v, 1);
		nfm_sets_open(&sets, nfm_sets_template_id(v, false));
		nfm_sets_close(&sets, 0, 0);
		put_data(ID, PLAIN4, &up, 1);
		expect_ups(1);
		run_counted("a template set without content");
	}
}

static void the_batch_has_a_limit(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		for (uint32_t sets_count = 1; sets_count <= 3; sets_count++) {
			for (uint32_t records = 30; records <= 36; records += 3) {
				uint32_t all = records + sets_count - 1;

				fresh_plain(v);
				begin(v, 1);
				for (uint32_t i = 1; i < sets_count; i++)
					put_data(ID, PLAIN4, &up, 1);
				put_data(ID, PLAIN4, &up, records);
				if (all <= NFM_KERNEL_BATCH) {
					expect_ups(all);
					run_counted("fits");
				} else {
					run_punted("too many", NFM_REASON_LARGE);
				}
			}
		}
	}
}

/* ---- what does not fit ---- */

static void broken_sets_are_handed_over(void **state)
{
	static const struct {
		const char *name;
		uint16_t id, length; /* as the set's head says */
		uint32_t content;    /* bytes that are there */
	} cases[] = {
		{ "length 0", ID, 0, 16 },
		{ "length 1", ID, 1, 16 },
		{ "length 2", ID, 2, 16 },
		{ "length 3", ID, 3, 16 },
		{ "length 3 of a set that is skipped", 17, 3, 16 },
		{ "length 1 of set 0", 0, 1, 16 },
		{ "a byte beyond the end", ID, 21, 16 },
		{ "far beyond the end", ID, 0xffff, 16 },
		{ "a skipped set beyond the end", 17, 9, 4 },
		{ "shorter than a record", ID, 19, 15 },
		{ "one byte", ID, 5, 1 },
		{ "a head alone, beyond the end", ID, 20, 0 },
	};

	(void)state;
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			for (int first = 0; first < 2; first++) {
				fresh_plain(v);
				begin(v, i + 1);
				if (!first) /* what is good before it does not count either */
					put_data(ID, PLAIN4, &up, 3);
				nfm_sets_put_number(&sets, cases[i].id, 2);
				nfm_sets_put_number(&sets, cases[i].length, 2);
				nfm_sets_put_random(&sets, cases[i].content);
				run_punted(cases[i].name, NFM_REASON_ODD_SET);
				assert_int_equal(token(v), 0);
			}
		}
	}
}

/* The header: what it says itself cannot be decoded by anybody, so it is rejected here. */
static void broken_headers_are_rejected(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		const uint32_t header = v == NFM_IPFIX ? 16 : 20;

		for (uint32_t length = 2; length < header; length++) {
			fresh_plain(v);
			begin(v, 1);
			expect_rejected(EXPORTER, NFM_REASON_SHORT, 0);
			assert_verdict("short", run_payload(payload, length), DROP);
			assert_rows("short");
			assert_no_punt("short");
		}
	}
	for (uint32_t length = 0; length < 200; length++) {
		const uint32_t whole = 16 + 4 + 16;

		fresh_plain(NFM_IPFIX);
		begin(NFM_IPFIX, 1);
		put_data(ID, PLAIN4, &up, 1);
		nfm_sets_fill(&sets, 0xee, 64); /* not looked at: behind the message's end */
		nfm_sets_end(&sets);
		payload[2] = 0;
		payload[3] = (uint8_t)length;
		assert_verdict("length", run_payload(payload, whole + 64), DROP);
		if (length < 16 || length > whole + 64)
			expect_rejected(EXPORTER, NFM_REASON_TRUNCATED, 0);
		else if (length >= whole && length < whole + 4)
			expect_ups(1);
		else if (length < 20)
			expect_ups(0);
		else
			expect_punt(NFM_REASON_ODD_SET); /* cut within the set, or 0xeeee behind */
		assert_rows("length");
	}
}

/* ---- templates in the datagram ---- */

static void an_installed_template_changes_nothing(void **state)
{
	static const struct nfm_sets_field other[] = {
		{ DST, 4, 0 }, { SRC, 4, 0 }, { PACKETS, 8, 0 }, { BYTES, 8, 0 },
	};
	uint8_t raw[NFM_SETS_RAW], raw2[NFM_SETS_RAW];

	(void)state;
	FOR_VERSIONS(v) {
		uint32_t bytes = nfm_sets_raw(raw, v, ID, false, PLAIN4, 0);
		uint32_t bytes2 = nfm_sets_raw(raw2, v, ID + 1, false, other, COUNT(other), 0);

		for (uint32_t padding = 0; padding < 8; padding++) {
			struct nfm_template_slot *slot = fresh_plain(v);
			struct nfm_template_slot *slot2;

			slot2 = install(v, ID + 1, other, COUNT(other), NFM_SLOT_DATA);
			begin(v, 1);
			put_data(ID, PLAIN4, &up, 2);
			nfm_sets_open(&sets, nfm_sets_template_id(v, false));
			nfm_sets_put(&sets, raw, bytes);
			nfm_sets_put(&sets, raw2, bytes2);
			nfm_sets_put(&sets, raw, bytes);
			nfm_sets_close(&sets, padding, 0);
			put_data(ID + 1, other, COUNT(other), &up, 1);
			expect_ups(3);
			run_counted("installed");
			assert_true(slot->seen_ns && slot2->seen_ns);
			assert_true(slot->used_ns && slot2->used_ns);
			assert_int_equal(token(v), 0);
		}
	}
}

/* What announces a template tells its age; data tell of its use. */
static void times_of_a_template(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		struct nfm_template_slot *slot = fresh_plain(v);
		uint64_t seen_ns;

		begin(v, 1);
		put_data(ID, PLAIN4, &up, 1);
		expect_ups(1);
		run_counted("data");
		assert_int_equal(slot->seen_ns, 0);
		assert_true(slot->used_ns > 0);
		slot->used_ns = 0;
		begin(v, 1);
		nfm_sets_template(&sets, ID, PLAIN4);
		expect_ups(0);
		run_counted("template");
		assert_int_equal(slot->used_ns, 0);
		seen_ns = slot->seen_ns;
		assert_true(seen_ns > 0);
		slot->seen_ns = 1; /* long ago */
		begin(v, 1);
		nfm_sets_template(&sets, ID, PLAIN4);
		expect_ups(0);
		run_counted("again");
		assert_true(slot->seen_ns >= seen_ns);
	}
}

/* Any byte of it differs: the agent gets the datagram, and from then on all data of the stream. */
static void a_template_that_differs_disarms(void **state)
{
	uint8_t raw[NFM_SETS_RAW];

	(void)state;
	FOR_VERSIONS(v) {
		const uint32_t bytes = nfm_sets_raw(raw, v, ID, false, PLAIN4, 0);

		for (uint32_t i = 0; i < bytes; i++) {
			uint64_t last;

			fresh_plain(v);
			raw[i] ^= 1;
			begin(v, 1);
			put_data(ID, PLAIN4, &up, 1);
			nfm_sets_template_raw(&sets, false, raw, bytes);
			run_punted("differs", NFM_REASON_TEMPLATE);
			last = token(v);
			assert_true(last != NFM_TOKEN_ARMED && !(last & NFM_TOKEN_AGENT));
			for (int n = 0; n < 5; n++) {
				begin(v, 1);
				put_data(ID, PLAIN4, &up, 2);
				run_punted("data after it", NFM_REASON_UNARMED);
				assert_int_equal(token(v), last);
			}
			begin(v, 1);
			nfm_sets_template_raw(&sets, false, raw, bytes);
			run_punted("once more", NFM_REASON_TEMPLATE);
			assert_true(token(v) != last && token(v) != NFM_TOKEN_ARMED);
			raw[i] ^= 1;

			/* the one that is installed comes again: the agent has to see that, too */
			begin(v, 1);
			nfm_sets_template_raw(&sets, false, raw, bytes);
			run_punted("back", NFM_REASON_TEMPLATE);

			/* the agent arms the stream: as before */
			nfm_prog_slot(&prog, EXPORTER, v, DOMAIN, 0)->token = NFM_TOKEN_ARMED;
			begin(v, 1);
			put_data(ID, PLAIN4, &up, 2);
			expect_ups(2);
			run_counted("armed");
		}
	}
}

struct template_case {
	const char *name;
	bool options; /* the set's kind */
	uint32_t cut; /* bytes of the template record that are not there */
	uint8_t raw[24];
	uint32_t raw_bytes; /* 0: the installed one's */
};

/* Other template sets, all of which differ from what is installed, which is ID as `plain4`. */
static const struct template_case differing[] = {
	{ "another id", false, 0, { 1, 45, 0, 1, 0, 8, 0, 4 }, 8 },
	{ "a field less", false, 0, { 1, 44, 0, 1, 0, 8, 0, 4 }, 8 },
	{ "cut by a byte", false, 1, {}, 0 },
	{ "cut to its head", false, 16, {}, 0 },
	{ "field count 0", false, 0, { 1, 44, 0, 0 }, 4 },
	{ "id below 256", false, 0, { 0, 200, 0, 1, 0, 8, 0, 4 }, 8 },
	{ "all templates withdrawn, in IPFIX", false, 0, { 0, 2, 0, 0 }, 4 },
	{ "all options templates withdrawn", true, 0, { 0, 3, 0, 0 }, 4 },
	{ "id 0 with fields", false, 0, { 0, 0, 0, 1, 0, 8, 0, 4 }, 8 },
	{ "an options template of its id", true, 0,
	  { 1, 44, 0, 4, 0, 4, 0, 1, 0, 4, 0, 34, 0, 4 }, 14 },
	{ "the same bytes in an options set", true, 0, {}, 0 },
};

static void other_templates_disarm(void **state)
{
	uint8_t raw[NFM_SETS_RAW];

	(void)state;
	FOR_VERSIONS(v) {
		const uint32_t installed = nfm_sets_raw(raw, v, ID, false, PLAIN4, 0);

		for (size_t i = 0; i < COUNT(differing); i++) {
			const struct template_case *c = &differing[i];

			for (int second = 0; second < 2; second++) {
				fresh_plain(v);
				begin(v, 1);
				nfm_sets_open(&sets, nfm_sets_template_id(v, c->options));
				if (second && !c->options)
					nfm_sets_put(&sets, raw, installed);
				nfm_sets_put(&sets, c->raw_bytes ? c->raw : raw,
					     (c->raw_bytes ? c->raw_bytes : installed) - c->cut);
				nfm_sets_close(&sets, 0, 0);
				put_data(ID, PLAIN4, &up, 1);
				run_punted(c->name, NFM_REASON_TEMPLATE);
				assert_true(token(v) != NFM_TOKEN_ARMED);
			}
		}
	}
}

/* A stream that nobody has installed: there is nothing to disarm. */
static void the_first_template_of_a_stream(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		assert_int_equal(fresh(NULL), 0);
		begin(v, 1);
		nfm_sets_template(&sets, ID, PLAIN4);
		put_data(ID, PLAIN4, &up, 1);
		run_punted("first", NFM_REASON_TEMPLATE);
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 1);
		run_punted("data", NFM_REASON_NO_TEMPLATE);
		assert_null(nfm_prog_slot(&prog, EXPORTER, v, DOMAIN, 0));
	}
}

/* As long as it is: with all that the pool can hold, and one field more. */
static void long_templates(void **state)
{
	struct nfm_sets_field field[112];
	const uint32_t fit = (NFM_TEMPLATE_RAW - 4) / 4;
	uint8_t raw[NFM_SETS_RAW];

	(void)state;
	for (uint32_t i = 0; i < COUNT(field); i++)
		field[i] = i < 4 ? plain4[i] : (struct nfm_sets_field){ FILLER, 2, 0 };
	FOR_VERSIONS(v) {
		assert_int_equal(fresh(NULL), 0);
		install(v, ID, field, fit, NFM_SLOT_DATA);
		begin(v, 1);
		nfm_sets_template(&sets, ID, field, fit);
		put_data(ID, field, fit, &up, 9);
		expect_ups(9);
		run_counted("the longest");
		field[fit - 1].length = 3;
		begin(v, 1);
		nfm_sets_template(&sets, ID, field, fit);
		run_punted("its last byte differs", NFM_REASON_TEMPLATE);
		field[fit - 1].length = 2;
		assert_true(token(v) != NFM_TOKEN_ARMED);
		assert_int_equal(nfm_prog_template(&prog, EXPORTER, v, DOMAIN, raw,
						   nfm_sets_raw(raw, v, ID, false, field, fit + 1,
								0),
						   NFM_SLOT_AGENT),
				 -EBADMSG);
	}
}

/* ---- options ---- */

static const struct nfm_sets_field options[] = { { 144, 4, 0 }, { 48, 2, 0 }, { 34, 4, 0 } };

static void options_are_handed_over(void **state)
{
	static const uint16_t kinds[] = { NFM_SLOT_OPTIONS, NFM_SLOT_SAMPLING };
	uint8_t raw[NFM_SETS_RAW];

	(void)state;
	FOR_VERSIONS(v) {
		uint32_t bytes = nfm_sets_raw(raw, v, ID + 1, true, options, COUNT(options), 1);

		for (size_t i = 0; i < COUNT(kinds); i++) {
			fresh_plain(v);
			install(v, ID + 1, options, COUNT(options), kinds[i]);
			begin(v, 1); /* the template, as it is installed */
			nfm_sets_template_raw(&sets, true, raw, bytes);
			put_data(ID, PLAIN4, &up, 1);
			expect_ups(1);
			run_counted("options template");

			begin(v, 1);
			put_data(ID, PLAIN4, &up, 1);
			put_data(ID + 1, options, COUNT(options), &up, 1);
			run_punted("options data", NFM_REASON_OPTIONS);
			assert_int_equal(token(v) != NFM_TOKEN_ARMED,
					 kinds[i] == NFM_SLOT_SAMPLING);
			begin(v, 1);
			put_data(ID, PLAIN4, &up, 1);
			if (kinds[i] == NFM_SLOT_SAMPLING) {
				run_punted("data after it", NFM_REASON_UNARMED);
			} else {
				expect_ups(1);
				run_counted("data after it");
			}
		}
	}
}

static void options_templates_that_differ_disarm(void **state)
{
	uint8_t raw[NFM_SETS_RAW];

	(void)state;
	FOR_VERSIONS(v) {
		uint32_t bytes = nfm_sets_raw(raw, v, ID + 1, true, options, COUNT(options), 1);

		for (uint32_t i = 0; i <= bytes; i++) {
			fresh_plain(v);
			if (i < bytes)
				install(v, ID + 1, options, COUNT(options), NFM_SLOT_OPTIONS);
			raw[i] ^= 1; /* of the last one nothing is installed, nothing changes */
			begin(v, 1);
			put_data(ID, PLAIN4, &up, 1);
			nfm_sets_template_raw(&sets, true, raw, bytes);
			run_punted("differs", NFM_REASON_TEMPLATE);
			assert_true(token(v) != NFM_TOKEN_ARMED);
			raw[i] ^= 1;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_sets_and_padding),
		cmocka_unit_test(tails_and_skipped_sets),
		cmocka_unit_test(every_set_id_below_256),
		cmocka_unit_test(empty_datagrams_and_sets),
		cmocka_unit_test(the_batch_has_a_limit),
		cmocka_unit_test(broken_sets_are_handed_over),
		cmocka_unit_test(broken_headers_are_rejected),
		cmocka_unit_test(an_installed_template_changes_nothing),
		cmocka_unit_test(times_of_a_template),
		cmocka_unit_test(a_template_that_differs_disarms),
		cmocka_unit_test(other_templates_disarm),
		cmocka_unit_test(the_first_template_of_a_stream),
		cmocka_unit_test(long_templates),
		cmocka_unit_test(options_are_handed_over),
		cmocka_unit_test(options_templates_that_differ_disarm),
	};

	return cmocka_run_group_tests(tests, load_group, close_group);
}
