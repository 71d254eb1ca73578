// SPDX-License-Identifier: GPL-2.0-only
/* What to do about an exporter: each advice where it is needed, and only there. */
#include "patient.h"

#include "view/advice.h"

/* All advice of the first exporter, a line each. */
static const char *advice(struct patient *p)
{
	static char all[NFM_ADVICE_MOST * (NFM_ADVICE_TEXT + 1)];
	char text[NFM_ADVICE_MOST][NFM_ADVICE_TEXT];
	struct nfm_advice_of of;
	uint32_t count;

	look_again(p);
	of = (struct nfm_advice_of){
		.table = &p->doctor.table,
		.templates = &p->doctor.templates,
		.interval_s = INTERVAL_S,
	};
	assert_true(p->doctor.exporters.count);
	count = nfm_advice_read(&of, &p->doctor.exporters.list[0], text);
	assert_true(count <= NFM_ADVICE_MOST);
	all[0] = '\0';
	for (uint32_t i = 0; i < count; i++) {
		assert_true(strlen(text[i]) < NFM_ADVICE_TEXT - 1); /* none was cut */
		strcat(strcat(all, text[i]), "\n");
	}
	return all;
}

static void none_without_a_cause(void **state)
{
	struct patient *p = *state;

	let_send(p, 0, "192.0.2.1", "core-1");
	add_stream(p, 0, 0, 9, nfm_clock_monotonic_ns());
	add_template(p->f, "192.0.2.1", &plain_template, 1);
	assert_string_equal(advice(p), "");
}

static void of_what_records_say(void **state)
{
	struct patient *p = *state;

	let_send(p, 0, "192.0.2.1", "core-1");
	notes_row(p, 0)->notes.wrapped = 3;
	assert_string_equal(advice(p), "3 " NFM_ADVICE_WRAPPED "\n");
	notes_row(p, 0)->notes.given_up = 4;
	notes_row(p, 0)->notes.implausible = 5;
	assert_string_equal(advice(p), "3 " NFM_ADVICE_WRAPPED "\n4 " NFM_ADVICE_GIVEN_UP "\n5 "
				       NFM_ADVICE_IMPLAUSIBLE "\n");
	notes_row(p, 0)->notes.repaired = 3; /* these want no advice */
	notes_row(p, 0)->notes.empty = 1;
	notes_row(p, 0)->notes.wrapped = 0;
	notes_row(p, 0)->notes.given_up = 0;
	notes_row(p, 0)->notes.implausible = 0;
	assert_string_equal(advice(p), "");
}

static void of_loss_and_versions(void **state)
{
	struct patient *p = *state;
	uint64_t now_ns = nfm_clock_monotonic_ns();

	let_send(p, 0, "192.0.2.1", "core-1");
	add_stream(p, 0, 0, 5, now_ns);
	assert_string_equal(advice(p), NFM_ADVICE_FIXED_VERSION "\n");
	p->f->table.streams[0].lost = 7;
	assert_string_equal(advice(p), "7 " NFM_ADVICE_LOST "\n" NFM_ADVICE_FIXED_VERSION "\n");
}

static void of_addresses(void **state)
{
	struct patient *p = *state;

	let_send(p, 0, "0.0.0.0", "core-1");
	assert_string_equal(advice(p), NFM_ADVICE_UNSPECIFIED "\n");
}

static void of_sampling(void **state)
{
	static const struct template_words with_rate = {
		.version = 9, .domain = 7, .count = 12,
		.word = { 258, 5, 8, 4, 12, 4, 1, 4, 2, 4, 34, 4 },
	};
	struct patient *p = *state;

	let_send(p, 0, "192.0.2.1", "core-1");
	add_template(p->f, "192.0.2.2", &with_rate, 1); /* another's */
	assert_string_equal(advice(p), "");
	add_template(p->f, "192.0.2.1", &with_rate, 1);
	assert_string_equal(advice(p), NFM_ADVICE_SAMPLING "\n");
	p->f->table.exporters[0].sampling_num = 10;
	assert_string_equal(advice(p), "");
}

static void of_sources_that_are_refused(void **state)
{
	struct patient *p = *state;

	p->f->table.refused[0].refusal.datagrams = 1;
	assert_int_equal(nfm_units_parse_addr("198.51.100.1", &p->f->table.refused[0].addr), 0);
	assert_string_equal(advice(p), NFM_ADVICE_REFUSED "\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_PATIENT(none_without_a_cause), WITH_PATIENT(of_what_records_say),
		WITH_PATIENT(of_loss_and_versions), WITH_PATIENT(of_addresses),
		WITH_PATIENT(of_sampling), WITH_PATIENT(of_sources_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
