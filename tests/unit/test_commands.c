// SPDX-License-Identifier: GPL-2.0-only
/* show, status, exporters, customers on a table with known counters. */
#include "commands.h"

#include "table/waiting.h"
#include "view/advice.h"

/* ---- counters ---- */

static void count(struct fixture *f, uint32_t bank, uint32_t column, uint32_t row, uint64_t up,
		  uint64_t down)
{
	struct nfm_row *r = nfm_table_row(&f->table, bank, column, row);

	r->up_bytes += up;
	r->up_packets += up / 100;
	r->up_flows += up != 0;
	r->down_bytes += down;
	r->down_packets += down / 100;
	r->down_flows += down != 0;
	r->last_seen_ns = f->now_ns;
}

/*
 * alice sends 1000 to bob (local), receives 500; 300 match nobody: 3 records, 1800 bytes, spread
 * over banks and columns. The agent counted one datagram of them.
 */
static void count_some(struct fixture *f)
{
	struct nfm_row *row;

	count(f, 0, 0, 2, 1000, 0);
	count(f, 0, 0, 3, 0, 1000);
	count(f, 0, 0, NFM_ROW_LOCAL, 1000, 0);
	count(f, 1, 2, 2, 0, 500);
	count(f, 1, 2, NFM_ROW_UNMATCHED, 300, 0);
	add_exporter(f, 0, "192.0.2.1", "core-1", NFM_EXPORTER_LISTED);
	row = nfm_table_row(&f->table, 0, 0, nfm_table_exporter_row(&f->table, 0));
	row->exporter.bytes = 1000;
	row->exporter.packets = 10;
	row->exporter.records = 1;
	row->exporter.datagrams = 1;
	row->exporter.seen_ns = f->now_ns;
	row = nfm_table_row(&f->table, 1, 2, nfm_table_exporter_row(&f->table, 0));
	row->exporter.bytes = 800;
	row->exporter.packets = 8;
	row->exporter.records = 2;
	row->exporter.datagrams = 1;
	row->exporter.seen_ns = f->now_ns;
	row->exporter.rejected_datagrams = 1;
	row->exporter.rejected_records = 7;
}

/* ---- show ---- */

static void show_sums_banks_and_columns(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	count_some(f);
	text = run(f, nfm_cmd_show, "show", 0);
	assert_int_equal(length(text, "customers"), 3);
	expect(text, "since", "2023-11-14T22:13:20Z");
	expect(text, "customers/0/id", "alice");
	expect(text, "customers/0/prefixes/1", "2001:db8::/48");
	expect(text, "customers/0/up/bytes", "1000");
	expect(text, "customers/0/up/packets", "10");
	expect(text, "customers/0/down/bytes", "500");
	expect(text, "customers/0/down/flows", "1");
	expect(text, "customers/1/down/bytes", "1000");
	expect(text, "customers/2/last_seen", "null");
	expect(text, "unmatched/bytes", "300");
	expect(text, "local/bytes", "1000");
	expect(text, "total/bytes", "1800");
	expect(text, "total/packets", "18");
	expect(text, "total/flows", "3");
}

static void show_takes_ids_names_and_addresses(void **state)
{
	static const struct {
		const char *line, *id;
	} cases[] = {
		{ "show alice", "alice" },	{ "show Nobody", "idle" },
		{ "show 10.0.0.5", "alice" },	{ "show 10.0.0.200", "bob" },
		{ "show 192.0.2.7", "idle" },	{ "show 2001:db8::77", "alice" },
		{ "show bob bob", "bob" },
	};
	struct fixture *f = *state;
	size_t i;

	count_some(f);
	for (i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = run(f, nfm_cmd_show, cases[i].line, 0);

		assert_int_equal(length(text, "customers"), 1);
		expect(text, "customers/0/id", cases[i].id);
		expect(text, "total/bytes", "1800");
	}
}

static void show_refuses_the_unknown(void **state)
{
	static const char *const lines[] = { "show nobody", "show 192.0.2.8", "show alice 10.0.1.0",
					     "show 10.0.0.0/24", "show unmatched" };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NFM_ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *text = run(f, nfm_cmd_show, lines[i], 1);

		assert_string_equal(text, "");
	}
}

static void show_keeps_the_removed_while_they_count(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *asked = NULL;

	count_some(f);
	set_customers(f, "id,name,prefixes\nalice,Alice,10.0.0.0/24\n");
	text = run(f, nfm_cmd_show, "show", 0);
	assert_int_equal(length(text, "customers"), 2); /* bob has counts, idle has none */
	expect(text, "customers/1/id", "bob");
	expect(text, "customers/1/down/bytes", "1000");
	assert_non_null(strstr(text, "\"id\":\"bob\",\"name\":\"\",\"prefixes\":[],"));
	asked = run(f, nfm_cmd_show, "show idle", 0);
	assert_int_equal(length(asked, "customers"), 1);
}

static void show_survives_an_agent_that_died_writing(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	f->table.ctl->registry_generation |= 1;
	f->table.ctl->names = UINT32_MAX;
	f->table.names[2].first_prefix = UINT32_MAX - 1;
	f->table.names[2].prefix_count = 77;
	memset(f->table.names[3].id, 'x', sizeof(f->table.names[3].id));
	text = run(f, nfm_cmd_show, "show", 0);
	assert_int_equal(length(text, "customers"), 3);
}

static void show_as_csv(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	f->cli.format = NFM_FORMAT_CSV;
	text = run(f, nfm_cmd_show, "show idle", 0);
	assert_string_equal(text, "id,name,up_bytes,up_packets,up_flows,down_bytes,down_packets,"
				  "down_flows,last_seen,prefixes\n"
				  "idle,Nobody,0,0,0,0,0,0,,192.0.2.7/32\n");
}

/* ---- status ---- */

static struct nfm_row *reason_row(struct fixture *f, uint32_t column, uint32_t reason)
{
	return nfm_table_row(&f->table, 1, column, nfm_table_reason_row(&f->table, reason));
}

static void status_accounts_for_everything(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	count_some(f);
	reason_row(f, 0, NFM_REASON_RECEIVED)->reason.datagrams = 3;
	reason_row(f, 2, NFM_REASON_RECEIVED)->reason.datagrams = 2;
	reason_row(f, 0, NFM_REASON_NEW_CUSTOMER)->reason.datagrams = 1;
	reason_row(f, 2, NFM_REASON_COUNT)->reason.datagrams = 1;
	reason_row(f, 2, NFM_REASON_COUNT)->reason.records = 7;
	reason_row(f, 2, NFM_REASON_CUSTOMERS_FULL)->reason.datagrams = 1;
	reason_row(f, 2, NFM_REASON_CUSTOMERS_FULL)->reason.records = 2;
	text = run(f, nfm_cmd_status, "status", 0);
	expect(text, "agent/running", "false");
	expect(text, "agent/pid", "0");
	expect(text, "datagrams/received", "5");
	expect(text, "datagrams/kernel", "1");
	expect(text, "datagrams/agent", "1");
	expect(text, "datagrams/rejected", "1");
	expect(text, "undecided", "2");
	expect(text, "records/received", "10");
	expect(text, "records/kernel", "1");
	expect(text, "records/agent", "2");
	expect(text, "records/rejected", "7");
	expect(text, "customers", "3");
	expect(text, "capacity", "16");
	expect(text, "snapshot/last", "null");
	expect(text, "snapshot/epoch", "0");
	assert_non_null(strstr(text, "\"reasons\":{\"new-customer\":1,\"count\":1,"
				     "\"customers-full\":2}"));
}

static void status_explains_reasons_in_text(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	f->cli.format = NFM_FORMAT_TEXT;
	reason_row(f, 0, NFM_REASON_SHORT)->reason.datagrams = 4;
	strcpy(f->table.ctl->last_snapshot, "/somewhere/nfmeter.202611220000");
	text = run(f, nfm_cmd_status, "status", 0);
	assert_non_null(strstr(text, nfm_reason_help(NFM_REASON_SHORT)));
	assert_non_null(strstr(text, "/somewhere/nfmeter.202611220000"));
	assert_null(strstr(text, nfm_reason_help(NFM_REASON_VERSION)));
}

/* A set of 12 bytes, its head, and padding to eight: as table/waiting.h puts it. */
static void let_wait(struct fixture *f, uint32_t sets, uint64_t time_ns)
{
	for (uint32_t i = 0; i < sets; i++) {
		struct nfm_waiting *head = nfm_waiting_at(&f->table, f->table.ctl->waiting_head);

		*head = (struct nfm_waiting){ .state = NFM_WAITING_SET, .length = 12,
					      .version = 9, .id = 256, .time_ns = time_ns + i };
		f->table.ctl->waiting_head += sizeof(*head) + 16;
	}
}

static void status_tells_what_waits(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *none = run(f, nfm_cmd_status, "status", 0);
	_cleanup_free_ char *some = NULL, *text = NULL, *later = NULL;

	expect(none, "waiting/sets", "0");
	expect(none, "waiting/bytes", "0");
	expect(none, "waiting/oldest_seconds", "null");
	let_wait(f, 2, f->now_ns);
	some = run(f, nfm_cmd_status, "status", 0);
	expect(some, "waiting/sets", "2");
	expect(some, "waiting/bytes", "24");
	expect_seconds(some, "waiting/oldest_seconds", 0);
	nfm_waiting_at(&f->table, 0)->time_ns += 1000 * NFM_NS_PER_S; /* never below zero */
	nfm_waiting_at(&f->table, 64)->state = NFM_WAITING_DONE;
	later = run(f, nfm_cmd_status, "status", 0);
	expect(later, "waiting/sets", "1");
	expect(later, "waiting/oldest_seconds", "0");
	f->cli.format = NFM_FORMAT_TEXT;
	text = run(f, nfm_cmd_status, "status", 0);
	assert_non_null(strstr(text, "waiting    1 data sets (12 B) for their template, the oldest "
				     "for 0 s\n"));
	nfm_waiting_at(&f->table, 0)->state = NFM_WAITING_DONE;
	free(text);
	text = run(f, nfm_cmd_status, "status", 0);
	assert_null(strstr(text, "for their template"));
}

/* ---- exporters ---- */

static void refuse(struct fixture *f, uint32_t entry, const char *address, uint64_t datagrams)
{
	struct nfm_refused *refused = &f->table.refused[entry];

	assert_int_equal(nfm_units_parse_addr(address, &refused->addr), 0);
	refused->refusal.datagrams = datagrams;
	refused->refusal.last_seen_ns = f->now_ns - entry;
}

static void exporters_have_their_states(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;
	struct nfm_row *row;

	count_some(f);
	add_exporter(f, 1, "192.0.2.2", "", NFM_EXPORTER_DISCOVERED);
	add_exporter(f, 2, "2001:db8::3", "edge", NFM_EXPORTER_LISTED);
	row = nfm_table_row(&f->table, 0, 1, nfm_table_exporter_row(&f->table, 1));
	row->exporter.datagrams = 1;
	row->exporter.seen_ns = 1; /* long ago, if the machine is up for twice the interval */
	refuse(f, 0, "198.51.100.1", 9);
	refuse(f, 1, "192.0.2.1", 3); /* before it was listed */
	text = run(f, nfm_cmd_exporters, "exporters", 0);
	assert_int_equal(length(text, NULL), 4);
	expect(text, "0/address", "192.0.2.1");
	expect(text, "0/name", "core-1");
	expect(text, "0/state", "ok");
	expect(text, "0/datagrams", "3");
	expect(text, "0/records", "3");
	expect(text, "1/name", "null");
	expect(text, "1/state", f->now_ns > 2 * INTERVAL_S * NFM_NS_PER_S ? "stale" : "ok");
	expect(text, "2/state", "never");
	expect(text, "2/last_seen", "null");
	expect(text, "3/address", "198.51.100.1");
	expect(text, "3/state", "refused");
	expect(text, "3/datagrams", "9");
	expect(text, "3/name", "null");
}

static void a_removed_exporter_is_shown_once(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	count_some(f);
	f->table.exporters[0].state = NFM_EXPORTER_REMOVED;
	add_exporter(f, 1, "192.0.2.9", "", NFM_EXPORTER_REMOVED); /* never sent */
	refuse(f, 0, "192.0.2.1", 4);
	text = run(f, nfm_cmd_exporters, "exporters", 0);
	assert_int_equal(length(text, NULL), 1);
	expect(text, "0/state", "refused");
	expect(text, "0/datagrams", "7");
}

static void exporters_have_their_streams(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	count_some(f);
	f->table.streams[0] = (struct nfm_stream){ .used = 1, .version = 5, .domain = 258,
						   .unit = NFM_UNIT_RECORDS, .received = 90,
						   .lost = 10, .resets = 2 };
	f->table.streams[1] = (struct nfm_stream){ .used = 1, .exporter = 3, .lost = 99 };
	f->table.streams[2] = (struct nfm_stream){ .used = 1, .version = 1 };
	f->table.ctl->stream_count = 3;
	text = run(f, nfm_cmd_exporters, "exporters", 0);
	expect(text, "0/lost", "10");
	expect(text, "0/streams/0/version", "5");
	expect(text, "0/streams/0/domain", "258");
	expect(text, "0/streams/0/unit", "records");
	expect(text, "0/streams/0/received", "90");
	expect(text, "0/streams/0/resets", "2");
	expect(text, "0/streams/1/unit", "null");
}

static void exporters_have_notes_and_templates(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL, *csv = NULL;
	struct nfm_row *row;

	count_some(f);
	add_exporter(f, 1, "192.0.2.2", "", NFM_EXPORTER_DISCOVERED);
	refuse(f, 0, "198.51.100.1", 9);
	add_template(f, "192.0.2.1", &plain_template, 1);
	add_template(f, "192.0.2.1", &options_template, 1);
	row = nfm_table_row(&f->table, 0, 0, nfm_table_notes_row(&f->table, 0));
	for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
		row->word[w] = 10 + w;
	nfm_table_row(&f->table, 1, 2, nfm_table_notes_row(&f->table, 0))->notes.wrapped = 90;
	text = run(f, nfm_cmd_exporters, "exporters", 0);
	expect(text, "0/notes/wrapped", "100");
	expect(text, "0/notes/repaired", "11");
	expect(text, "0/notes/empty", "12");
	expect(text, "0/notes/same_address", "13");
	expect(text, "0/notes/implausible", "14");
	expect(text, "0/notes/options", "15");
	expect(text, "0/notes/given_up", "17");
	expect(text, "0/templates", "2");
	expect(text, "1/notes/wrapped", "0");
	expect(text, "1/templates", "0");
	expect(text, "2/state", "refused");
	expect(text, "2/notes/given_up", "0");
	f->cli.format = NFM_FORMAT_CSV;
	csv = run(f, nfm_cmd_exporters, "exporters", 0);
	assert_non_null(strstr(csv, ",notes_wrapped,notes_repaired,notes_empty,notes_same_address,"
				    "notes_implausible,notes_options,notes_given_up,templates\n"));
	assert_non_null(strstr(csv, ",100,11,12,13,14,15,17,2\n"));
}

static void exporters_without_the_file_of_templates(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;
	char path[128];

	count_some(f);
	path_in(f, "templates", path, sizeof(path));
	assert_int_equal(nfm_io_mkdir_p(path, 0700), 0);
	text = run(f, nfm_cmd_exporters, "exporters", 0);
	expect(text, "0/templates", "null");
	assert_int_equal(rmdir(path), 0);
}

/* Each advice once, whoever it is for; none for what is all right. */
static void exporters_are_given_advice(void **state)
{
	static const char *const advice[] = { NFM_ADVICE_WRAPPED, NFM_ADVICE_GIVEN_UP,
					      NFM_ADVICE_IMPLAUSIBLE, NFM_ADVICE_UNSPECIFIED };
	struct fixture *f = *state;
	_cleanup_free_ char *fine = NULL, *text = NULL;

	f->cli.format = NFM_FORMAT_TEXT;
	count_some(f);
	fine = run(f, nfm_cmd_exporters, "exporters", 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(advice); i++)
		assert_null(strstr(fine, advice[i]));
	add_exporter(f, 1, "192.0.2.2", "", NFM_EXPORTER_DISCOVERED);
	for (uint32_t e = 0; e < 2; e++) {
		struct nfm_row *row = nfm_table_row(&f->table, 0, 1,
						    nfm_table_notes_row(&f->table, e));

		row->notes.wrapped = 2;
		row->notes.implausible = e;
		row->notes.given_up = !e;
		row->notes.empty = 5; /* no reason to do anything */
	}
	refuse(f, 0, "0.0.0.0", 9);
	refuse(f, 1, "::", 9);
	text = run(f, nfm_cmd_exporters, "exporters", 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(advice); i++) {
		const char *first = strstr(text, advice[i]);

		assert_non_null(first);
		assert_null(strstr(first + 1, advice[i]));
	}
	assert_non_null(strstr(text, "core-1 (192.0.2.1) and 1 more: 4 records whose 32-bit"));
	assert_non_null(strstr(text, "192.0.2.2: 1 records with a rate"));
	assert_non_null(strstr(text, "core-1 (192.0.2.1): 1 data sets given up"));
}

/* ---- customers ---- */

static void customers_are_listed(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	set_customers(f, "id,name,prefixes\nalice,Alice,10.0.0.0/24\n");
	text = run(f, nfm_cmd_customers, "customers list", 0);
	assert_string_equal(text, "[{\"id\":\"alice\",\"name\":\"Alice\","
				  "\"prefixes\":[\"10.0.0.0/24\"],\"state\":\"listed\"}]\n");
}

static void the_file_is_edited_where_no_agent_runs(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *set = run(f, nfm_cmd_customers, "customers set eve 10.5.0.0/16", 0);
	_cleanup_free_ char *gone = run(f, nfm_cmd_customers, "customers remove idle", 0);
	_cleanup_free_ char *csv = NULL;
	size_t len;

	expect(set, "applied", "false");
	expect(gone, "applied", "false");
	assert_int_equal(nfm_io_read_file(f->cli.config.customers_file, 4096, &csv, &len), 0);
	assert_string_equal(csv, "id,name,prefixes\nalice,Alice,10.0.0.0/24 2001:db8::/48\n"
				 "bob,,10.0.0.128/25\neve,,10.5.0.0/16\n");
}

static void customers_fails_with_its_reason(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *a = run(f, nfm_cmd_customers, "customers reload", 1); /* no agent */
	_cleanup_free_ char *b = run(f, nfm_cmd_customers, "customers remove nobody", 1);
	_cleanup_free_ char *c = run(f, nfm_cmd_customers, "customers set eve 10.0.0.1/8", 1);
	_cleanup_free_ char *d = run(f, nfm_cmd_customers, "customers check /nonexistent", 1);
	_cleanup_free_ char *e = run(f, nfm_cmd_customers, "customers set eve", 2);
	_cleanup_free_ char *g = run(f, nfm_cmd_customers, "customers", 2);

	assert_string_equal(a, "");
	assert_string_equal(b, "");
	assert_string_equal(c, "");
	assert_string_equal(d, "");
	assert_string_equal(e, "");
	assert_string_equal(g, "");
}

static void expire_refuses_what_it_cannot_read(void **state)
{
	static const char *const lines[] = {
		"expire -s 99999999999T", "expire -s 5X",  "expire -t 1x",
		"expire -w 0",		  "expire -w 101", "expire a b",
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NFM_ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *text = run(f, nfm_cmd_expire, lines[i], 2);

		assert_string_equal(text, "");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_TABLE(show_sums_banks_and_columns),
		WITH_TABLE(show_takes_ids_names_and_addresses),
		WITH_TABLE(show_refuses_the_unknown),
		WITH_TABLE(show_keeps_the_removed_while_they_count),
		WITH_TABLE(show_survives_an_agent_that_died_writing),
		WITH_TABLE(show_as_csv),
		WITH_TABLE(status_accounts_for_everything),
		WITH_TABLE(status_explains_reasons_in_text),
		WITH_TABLE(status_tells_what_waits),
		WITH_TABLE(exporters_have_their_states),
		WITH_TABLE(a_removed_exporter_is_shown_once),
		WITH_TABLE(exporters_have_their_streams),
		WITH_TABLE(exporters_have_notes_and_templates),
		WITH_TABLE(exporters_without_the_file_of_templates),
		WITH_TABLE(exporters_are_given_advice),
		WITH_TABLE(customers_are_listed),
		WITH_TABLE(the_file_is_edited_where_no_agent_runs),
		WITH_TABLE(customers_fails_with_its_reason),
		WITH_TABLE(expire_refuses_what_it_cannot_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
