// SPDX-License-Identifier: GPL-2.0-only
/* `doctor` on exporters and what they send: what each check says of good and bad. */
#include "patient.h"

#include "table/waiting.h"

static void exporters_by_state(void **state)
{
	struct patient *p = *state;

	look_again(p);
	WARNS("exporters", "none has sent yet");
	add_exporter(p->f, 0, "192.0.2.1", "core-1", NFM_EXPORTER_LISTED);
	look_again(p);
	FAILS("exporters", "never sent: core-1 (192.0.2.1)"); /* nothing is metered */
	let_send(p, 1, "192.0.2.2", "");
	look_again(p);
	WARNS("exporters", "1 send; never sent: core-1 (192.0.2.1)");
	let_send(p, 0, "192.0.2.1", "core-1");
	p->f->table.refused[0].refusal.datagrams = 1;
	assert_int_equal(nfm_units_parse_addr("198.51.100.1", &p->f->table.refused[0].addr), 0);
	look_again(p);
	WARNS("exporters", "refused: 198.51.100.1: add [exporter NAME]");
	memset(&p->f->table.refused[0], 0, sizeof(p->f->table.refused[0]));
	look_again(p);
	for (uint32_t i = 0; i < p->doctor.exporters.count; i++)
		p->doctor.exporters.list[i].state = i ? "ok" : "stale";
	WARNS("exporters", "silent for two intervals: core-1");
	p->doctor.exporters.list[1].state = "stale";
	FAILS("exporters", "silent for two intervals: core-1 (192.0.2.1), 192.0.2.2:");
}

static void sources_without_an_address(void **state)
{
	struct patient *p = *state;

	add_exporter(p->f, 0, "0.0.0.0", "zero", NFM_EXPORTER_LISTED);
	look_again(p);
	OK("source-address"); /* listed, but none has sent */
	let_send(p, 0, "0.0.0.0", "zero");
	look_again(p);
	WARNS("source-address", "src-address=ROUTER");
	p->doctor.table.in_maps = false;
	FAILS("source-address", "the network stack drops");
}

static void notes(void **state)
{
	struct patient *p = *state;

	let_send(p, 0, "192.0.2.1", "core-1");
	let_send(p, 1, "192.0.2.2", "core-2");
	notes_row(p, 1)->notes.wrapped = 3;
	look_again(p);
	WARNS("wraps", "core-2 (192.0.2.2): 3 records whose 32-bit byte counter wrapped");
	WARNS("wraps", "active-flow-timeout=1m");
	OK("implausible");
	OK("waiting");
	notes_row(p, 1)->notes.wrapped = 0;
	notes_row(p, 0)->notes.implausible = 2;
	notes_row(p, 1)->notes.given_up = 4;
	look_again(p);
	OK("wraps");
	WARNS("implausible", "core-1 (192.0.2.1): 2 records");
	WARNS("waiting", "core-2 (192.0.2.2): 4 data sets given up");
}

static void versions_that_carry_too_little(void **state)
{
	static const struct {
		uint16_t version;
		enum nfm_health health;
	} cases[] = { { 1, NFM_HEALTH_WARN }, { 5, NFM_HEALTH_WARN }, { 7, NFM_HEALTH_WARN },
		      { 9, NFM_HEALTH_OK },   { 10, NFM_HEALTH_OK } };
	const uint64_t late_ns = 1000000 * NFM_NS_PER_S;
	struct patient *p = *state;

	let_send(p, 0, "192.0.2.1", "core-1");
	exporter_row(p, 0)->exporter.seen_ns = late_ns;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		add_stream(p, 0, 0, cases[i].version, late_ns);
		look_again(p);
		expect_finding(p, "netflow-v5", cases[i].health,
			       cases[i].health ? "core-1 (192.0.2.1): v5" : "nobody");
	}
	/* it sent v5 until three intervals ago, now v9 */
	add_stream(p, 0, 0, 5, late_ns - 3 * INTERVAL_S * NFM_NS_PER_S);
	add_stream(p, 1, 0, 9, late_ns);
	look_again(p);
	OK("netflow-v5");
	add_stream(p, 0, 0, 5, late_ns - 2 * INTERVAL_S * NFM_NS_PER_S);
	look_again(p);
	WARNS("netflow-v5", "version=9");
	add_stream(p, 0, 3, 5, late_ns); /* of no exporter that is known */
	look_again(p);
	OK("netflow-v5");
}

static void sampling(void **state)
{
	static const struct template_words with_rate = {
		.version = 9, .domain = 7, .count = 12,
		.word = { 258, 5, 8, 4, 12, 4, 1, 4, 2, 4, 34, 4 },
	};
	struct nfm_sampler sampler = { .id = 1, .sampling = { 100, 1 },
				       .stream = { .version = 9, .domain = 7 } };
	struct patient *p = *state;

	let_send(p, 0, "192.0.2.1", "core-1");
	add_template(p->f, "192.0.2.1", &plain_template, 1);
	add_template(p->f, "192.0.2.1", &options_template, 1); /* a rate where it belongs */
	look_again(p);
	SAYS("sampling", "nobody announces any");
	assert_int_equal(nfm_units_parse_addr("192.0.2.1", &sampler.stream.exporter), 0);
	assert_int_equal(nfm_store_put_sampler(p->f->store, &sampler), 0);
	write_templates(p->f);
	look_again(p);
	SAYS("sampling", "192.0.2.1 100/1");
	sampler.sampling.num = 1; /* every packet: no sampling */
	assert_int_equal(nfm_store_put_sampler(p->f->store, &sampler), 0);
	add_template(p->f, "192.0.2.1", &with_rate, 1);
	look_again(p);
	WARNS("sampling", "192.0.2.1: data records have a sampling rate");
	p->f->table.exporters[0].flags = NFM_EXPORTER_TRUST_DATA;
	SAYS("sampling", "nobody");
	p->f->table.exporters[0].flags = 0;
	p->f->table.exporters[0].sampling_num = 10;
	SAYS("sampling", "nobody");
	p->f->table.exporters[0].state = NFM_EXPORTER_FREE;
	p->f->table.exporters[0].sampling_num = 0;
	look_again(p);
	SAYS("sampling", "nobody");
}

static void templates_of_the_agent(void **state)
{
	struct patient *p = *state;

	let_send(p, 0, "192.0.2.1", "core-1");
	add_template(p->f, "192.0.2.1", &plain_template, 1);
	add_template(p->f, "192.0.2.1", &options_template, 1); /* never in the kernel */
	install(p->f, 0, &plain_template);
	look_again(p);
	SAYS("templates", "2 known");
	add_template(p->f, "192.0.2.1", &odd_template, 1);
	look_again(p);
	WARNS("templates", "3 known; decoded by the agent, right but slower: 1: ");
	p->doctor.table.in_maps = false;
	OK("templates");
	p->doctor.templates.damaged = 1;
	WARNS("templates", "damaged");
	p->doctor.templates_error = -EACCES;
	strcpy(p->doctor.templates_reason.text, "not readable");
	FAILS("templates", "not readable");
}

static void sets_that_wait(void **state)
{
	struct patient *p = *state;
	struct nfm_waiting *head = nfm_waiting_at(&p->f->table, 0);

	*head = (struct nfm_waiting){ .state = NFM_WAITING_SET, .length = 8,
				      .time_ns = p->doctor.now.monotonic_ns - NFM_NS_PER_S };
	p->f->table.ctl->waiting_head = sizeof(*head) + 8;
	WARNS("waiting", "1 wait for their template, the oldest for 1 s");
	head->state = NFM_WAITING_DONE;
	OK("waiting");
}

static void losses(void **state)
{
	struct patient *p = *state;

	let_send(p, 0, "192.0.2.1", "core-1");
	add_stream(p, 0, 0, 9, 1);
	p->f->table.streams[0].received = 990;
	look_again(p);
	OK("loss");
	p->f->table.streams[0].lost = 10;
	look_again(p);
	WARNS("loss", "1.00% of core-1 (192.0.2.1) lost");
}

static void limits(void **state)
{
	static const uint32_t full[] = { NFM_REASON_RING_FULL, NFM_REASON_SOCKET_FULL,
					 NFM_REASON_CUSTOMERS_FULL, NFM_REASON_EXPORTERS_FULL,
					 NFM_REASON_WAIT_FULL, NFM_REASON_TEMPLATES_FULL };
	struct patient *p = *state;
	struct nfm_row *row;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(full); i++) {
		row = nfm_table_row(&p->f->table, 1, 2,
				    nfm_table_reason_row(&p->f->table, full[i]));
		row->reason.records = 12;
		WARNS("limits", nfm_reason_help(full[i]));
		row->reason.records = 0;
		row->reason.datagrams = 7;
		WARNS("limits", nfm_reason_name(full[i]));
		row->reason.datagrams = 0;
		OK("limits");
	}
	row = nfm_table_row(&p->f->table, 1, 2,
			    nfm_table_reason_row(&p->f->table, NFM_REASON_SHORT));
	row->reason.datagrams = 7;
	OK("limits");
}

static void earlier_slots(void **state)
{
	struct patient *p = *state;
	struct nfm_table *t = &p->doctor.table;
	struct nfm_row *row;

	t->ctl->slot_ms[0] = t->ctl->slot_ms[1] = 300000;
	WARNS("earlier-slots", "long flows in one bar");
	t->geometry.earlier_slots = 4;
	WARNS("earlier-slots", "for 20 min back, flows may last 30");
	t->geometry.earlier_slots = 8;
	OK("earlier-slots");
	row = nfm_table_row(&p->f->table, 1, 2,
			    nfm_table_reason_row(&p->f->table, NFM_REASON_EARLIER_OLDEST));
	row->reason.records = 5;
	WARNS("earlier-slots", "5 records of flows that are longer than earlier slots reach");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_PATIENT(earlier_slots),
		WITH_PATIENT(exporters_by_state),
		WITH_PATIENT(sources_without_an_address),
		WITH_PATIENT(notes),
		WITH_PATIENT(versions_that_carry_too_little),
		WITH_PATIENT(sampling),
		WITH_PATIENT(templates_of_the_agent),
		WITH_PATIENT(sets_that_wait),
		WITH_PATIENT(losses),
		WITH_PATIENT(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
