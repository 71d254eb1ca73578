// SPDX-License-Identifier: GPL-2.0-only
/* Metrics of a table with known counters, with and without an agent's answer. */
#include "commands.h"

#include "view/ask.h"
#include "view/metrics.h"
#include "view/view.h"

static struct nfm_metrics_source source_of(struct fixture *f)
{
	return (struct nfm_metrics_source){
		.config = &f->cli.config,
		.table = &f->table,
		.now = nfm_view_clock_now(),
		.format = NFM_METRICS_OPENMETRICS,
	};
}

/* The caller frees it. */
static char *write_text(const struct nfm_metrics_source *source)
{
	struct nfm_error error = { .text = "" };
	size_t length;
	char *text = NULL;
	FILE *to = open_memstream(&text, &length);

	assert_non_null(to);
	assert_int_equal(nfm_metrics_write(to, source, &error), 0);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text + length - 6, "# EOF\n");
	return text;
}

static bool has_line(const char *text, const char *line)
{
	_cleanup_free_ char *whole = NULL;

	assert_true(asprintf(&whole, "\n%s\n", line) > 0);
	return strstr(text, whole) != NULL;
}

static void expect_line(const char *text, const char *line)
{
	if (!has_line(text, line))
		fail_msg("no line \"%s\" in\n%s", line, text);
}

static void expect_none(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in\n%s", part, text);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

/* ---- the table ---- */

static struct nfm_row *reason_row(struct fixture *f, uint32_t reason)
{
	return nfm_table_row(&f->table, 0, 0, nfm_table_reason_row(&f->table, reason));
}

/* One exporter: the kernel and the agent have counted, in both banks. */
static void count_some(struct fixture *f)
{
	struct nfm_row *row;

	add_exporter(f, 0, "192.0.2.1", "core-1", NFM_EXPORTER_LISTED);
	row = nfm_table_row(&f->table, 0, 0, nfm_table_exporter_row(&f->table, 0));
	row->exporter.bytes = 1000;
	row->exporter.packets = 10;
	row->exporter.records = 3;
	row->exporter.datagrams = 2;
	row->exporter.seen_ns = f->now_ns;
	row = nfm_table_row(&f->table, 1, COLUMNS - 1, nfm_table_exporter_row(&f->table, 0));
	row->exporter.bytes = 500;
	row->exporter.packets = 5;
	row->exporter.records = 2;
	row->exporter.datagrams = 1;
	row->exporter.rejected_datagrams = 4;
	row->exporter.rejected_records = 9;
	row = nfm_table_row(&f->table, 1, 1, nfm_table_notes_row(&f->table, 0));
	row->notes.wrapped = 6;
	row->notes.given_up = 7;
	reason_row(f, NFM_REASON_RECEIVED)->reason.datagrams = 8;
	reason_row(f, NFM_REASON_SHORT)->reason.datagrams = 4;
	reason_row(f, NFM_REASON_SHORT)->reason.records = 9;
	reason_row(f, NFM_REASON_WRAPPED)->reason.datagrams = 1;
	reason_row(f, NFM_REASON_WRAPPED)->reason.records = 6;
	reason_row(f, NFM_REASON_WAIT_EXPIRED)->reason.datagrams = 7;
	reason_row(f, NFM_REASON_WAIT_EXPIRED)->reason.bytes = 777;
	reason_row(f, NFM_REASON_TEMPLATES)->reason.records = 11;
	nfm_table_row(&f->table, 0, 0, NFM_ROW_UNMATCHED)->up_bytes = 300;
	nfm_table_row(&f->table, 0, 1, NFM_ROW_LOCAL)->up_flows = 12;
}

static void the_table_is_told(void **state)
{
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	_cleanup_free_ char *text = NULL;
	static const char *const lines[] = {
		"nfmeter_agent_up 0",
		"nfmeter_table_created_timestamp_seconds 1700000000",
		"nfmeter_table_used{part=\"customers\"} 3",
		"nfmeter_table_capacity{part=\"customers\"} 16",
		"nfmeter_customers{state=\"listed\"} 3",
		"nfmeter_received_datagrams_total 8",
		"nfmeter_received_datagrams_created 1700000000",
		"nfmeter_undecided_datagrams 1",
		"nfmeter_datagrams_total{verdict=\"kernel\"} 2",
		"nfmeter_datagrams_total{verdict=\"agent\"} 1",
		"nfmeter_datagrams_total{verdict=\"rejected\"} 4",
		"nfmeter_records_total{verdict=\"rejected\"} 9",
		"nfmeter_flow_bytes_total{verdict=\"kernel\"} 1000",
		"nfmeter_flow_bytes_total{verdict=\"agent\"} 500",
		"nfmeter_flow_packets_total{verdict=\"agent\"} 5",
		"nfmeter_unmatched_bytes_total 300",
		"nfmeter_local_records_total 12",
		"nfmeter_rejected_datagrams_total{reason=\"short\"} 4",
		"nfmeter_rejected_datagrams_total{reason=\"refused\"} 0",
		"nfmeter_rejected_records_total{reason=\"short\"} 9",
		"nfmeter_noted_records_total{reason=\"wrapped\"} 6",
		"nfmeter_lost_sets_total{reason=\"wait-expired\"} 7",
		"nfmeter_lost_set_bytes_total{reason=\"wait-expired\"} 777",
		"nfmeter_templates_learned_total 11",
		"nfmeter_waiting_oldest_seconds 0",
		"nfmeter_snapshot_interval_seconds 300",
		"nfmeter_snapshot_epoch 0",
		"nfmeter_exporter_datagrams_total{exporter=\"core-1\",address=\"192.0.2.1\","
		"verdict=\"counted\"} 3",
		"nfmeter_exporter_datagrams_total{exporter=\"core-1\",address=\"192.0.2.1\","
		"verdict=\"rejected\"} 4",
		"nfmeter_exporter_flow_bytes_total{exporter=\"core-1\",address=\"192.0.2.1\"} 1500",
		"nfmeter_exporter_noted_records_total{exporter=\"core-1\",address=\"192.0.2.1\","
		"reason=\"wrapped\"} 6",
		"nfmeter_exporter_lost_sets_total{exporter=\"core-1\",address=\"192.0.2.1\"} 7",
		"nfmeter_exporter_state{exporter=\"core-1\",address=\"192.0.2.1\",state=\"ok\"} 1",
		"nfmeter_exporter_state{exporter=\"core-1\",address=\"192.0.2.1\",state=\"stale\"} "
		"0",
		"nfmeter_refused_sources 0",
	};

	count_some(f);
	text = write_text(&source);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(lines); i++)
		expect_line(text, lines[i]);
	expect_none(text, "version-9"); /* a reason that is retired */
	expect_none(text, "_customer_");
	expect_none(text, "nfmeter_http");
	expect_none(text, "refused_source_datagrams");
}

static void exporters_have_names_or_addresses(void **state)
{
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	_cleanup_free_ char *text = NULL;

	add_exporter(f, 0, "192.0.2.1", "", NFM_EXPORTER_DISCOVERED);
	add_exporter(f, 1, "2001:db8::1", "a \"b\"\\", NFM_EXPORTER_LISTED);
	add_exporter(f, 2, "192.0.2.3", "gone", NFM_EXPORTER_REMOVED); /* never sent */
	text = write_text(&source);
	expect_line(text, "nfmeter_exporter_state{exporter=\"192.0.2.1\",address=\"192.0.2.1\","
			  "state=\"never\"} 1");
	expect_line(text, "nfmeter_exporter_state{exporter=\"a \\\"b\\\"\\\\\","
			  "address=\"2001:db8::1\",state=\"never\"} 1");
	expect_none(text, "gone");
	expect_none(text, "exporter_last_seen"); /* none has been */
	assert_int_equal(count_of(text, "# TYPE nfmeter_exporter_state "), 1);
}

static void add_stream(struct fixture *f, uint32_t exporter, uint16_t version, uint32_t unit,
		       uint64_t received, uint64_t lost)
{
	f->table.streams[f->table.ctl->stream_count++] = (struct nfm_stream){
		.exporter = exporter, .version = version, .used = 1, .unit = unit,
		.domain = f->table.ctl->stream_count, .datagrams = received / 10,
		.received = received, .lost = lost, .resets = 1,
	};
}

#define STREAM(name, version, rest)                                                                \
	"nfmeter_exporter_" name "{exporter=\"core-1\",address=\"192.0.2.1\",version=\"" version  \
	"\"" rest

static void streams_are_summed_by_version_and_unit(void **state)
{
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	_cleanup_free_ char *text = NULL;

	add_exporter(f, 0, "192.0.2.1", "core-1", NFM_EXPORTER_LISTED);
	add_stream(f, 0, 9, NFM_UNIT_DATAGRAMS, 100, 1);
	add_stream(f, 0, 9, NFM_UNIT_RECORDS, 2000, 20);
	add_stream(f, 0, 1, NFM_UNIT_NONE, 50, 0);
	add_stream(f, 0, 9, NFM_UNIT_DATAGRAMS, 300, 3);
	add_stream(f, 77, 9, NFM_UNIT_DATAGRAMS, 1000, 3); /* of no exporter: damaged */
	text = write_text(&source);
	expect_line(text, STREAM("sequence_received", "9", ",unit=\"datagrams\"} 400"));
	expect_line(text, STREAM("sequence_received", "9", ",unit=\"records\"} 2000"));
	expect_line(text, STREAM("sequence_received", "1", ",unit=\"records\"} 50"));
	expect_line(text, STREAM("sequence_lost", "9", ",unit=\"datagrams\"} 4"));
	expect_line(text, STREAM("sequence_lost", "9", ",unit=\"records\"} 20"));
	expect_line(text, STREAM("sequence_resets", "9", ",unit=\"datagrams\"} 2"));
	expect_none(text, STREAM("sequence_lost", "1", ""));
	expect_line(text, STREAM("stream_datagrams_total", "9", "} 240"));
	expect_line(text, "nfmeter_version_datagrams_total{version=\"9\"} 240");
	expect_line(text, "nfmeter_version_datagrams_total{version=\"1\"} 5");
	expect_none(text, "1000");
}

/* ---- limits ---- */

static void refuse(struct fixture *f, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct nfm_refused *r = &f->table.refused[i];
		char address[32];

		snprintf(address, sizeof(address), "198.51.100.%u", i);
		assert_int_equal(nfm_units_parse_addr(address, &r->addr), 0);
		r->refusal.datagrams = 1000 + i;
		r->refusal.last_seen_ns = f->now_ns - i; /* the first one is the newest */
	}
}

static void refused_sources_are_capped(void **state)
{
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	_cleanup_free_ char *text = NULL, *more = NULL;

	refuse(f, NFM_METRICS_REFUSED);
	text = write_text(&source);
	expect_line(text, "nfmeter_refused_sources 32");
	expect_line(text, "nfmeter_refused_source_datagrams{address=\"198.51.100.31\"} 1031");
	expect_none(text, "address=\"others\"");
	refuse(f, NFM_METRICS_REFUSED + 2);
	more = write_text(&source);
	expect_line(more, "nfmeter_refused_sources 34");
	expect_line(more, "nfmeter_refused_source_datagrams{address=\"198.51.100.31\"} 1031");
	expect_line(more, "nfmeter_refused_source_datagrams{address=\"others\"} 2065");
	expect_none(more, "198.51.100.32");
	assert_int_equal(count_of(more, "nfmeter_refused_source_datagrams{"), 33);
}

static void customers_are_those_asked_for(void **state)
{
	static const char *const ids[] = { "bob", "alice", "nobody", "bob" };
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	struct nfm_row *row = nfm_table_row(&f->table, 0, 0, NFM_ROW_FIRST); /* alice's */
	_cleanup_free_ char *text = NULL, *removed = NULL;

	row->up_bytes = 17;
	row->down_flows = 2;
	row->last_seen_ns = f->now_ns;
	source.customers = ids;
	source.customer_count = NFM_ARRAY_SIZE(ids);
	text = write_text(&source);
	expect_line(text, "nfmeter_customer_bytes_total{customer=\"alice\",direction=\"up\"} 17");
	expect_line(text, "nfmeter_customer_bytes_total{customer=\"alice\",direction=\"down\"} 0");
	expect_line(text,
		    "nfmeter_customer_records_total{customer=\"alice\",direction=\"down\"} 2");
	expect_line(text, "nfmeter_customer_bytes_total{customer=\"bob\",direction=\"up\"} 0");
	assert_int_equal(count_of(text, "customer=\"bob\",direction=\"up\""), 3);
	assert_int_equal(count_of(text, "nfmeter_customer_last_seen_timestamp_seconds{"), 1);
	expect_none(text, "nobody");
	expect_none(text, "idle");
	set_customers(f, "id,name,prefixes\nbob,,10.0.0.128/25\n");
	removed = write_text(&source);
	expect_line(removed,
		    "nfmeter_customer_bytes_total{customer=\"alice\",direction=\"up\"} 17");
	expect_line(removed, "nfmeter_customers{state=\"removed\"} 2");
}

static void customers_are_capped(void **state)
{
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	const char *ids[NFM_METRICS_CUSTOMERS + 1];
	_cleanup_free_ char *text = NULL;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(ids); i++)
		ids[i] = "nobody";
	ids[NFM_METRICS_CUSTOMERS - 1] = "alice";
	ids[NFM_METRICS_CUSTOMERS] = "bob";
	source.customers = ids;
	source.customer_count = NFM_ARRAY_SIZE(ids);
	text = write_text(&source);
	assert_non_null(strstr(text, "customer=\"alice\""));
	expect_none(text, "customer=\"bob\"");
}

/* ---- the agent ---- */

#define ANSWER                                                                                     \
	"{\"ok\":true,\"pid\":7,\"interfaces\":[{\"name\":\"eth0\",\"mode\":\"native\"},"          \
	"{\"name\":\"eth1\",\"mode\":\"none\"}],\"hook\":{\"backlog\":2,\"failures\":0},"          \
	"\"process\":{\"started_unix_ns\":1800000000500000000,\"user_ns\":1500000000,"             \
	"\"system_ns\":2,\"resident_bytes\":4096,\"open_files\":9},"                               \
	"\"ring\":{\"bytes\":64,\"size_bytes\":128},\"sockets\":[{\"address\":\"::\","             \
	"\"port\":9995,\"drops\":3,\"queue_bytes\":4,\"buffer_bytes\":5}],"                        \
	"\"programs\":[{\"id\":1,\"run_time_ns\":250000000,\"runs\":6},{\"id\":2}],"               \
	"\"rotation\":{\"snapshots\":1,\"failures\":0,\"duration_ns\":12000000,"                   \
	"\"lag_ns\":14000000,\"bytes\":999},\"snapshot_error\":\"full\","                          \
	"\"expiry\":{\"runs\":0,\"failures\":0,\"files_gone\":0,\"bytes_gone\":0},"                \
	"\"disk\":{\"free_bytes\":10,\"size_bytes\":20},\"rollup\":{\"runs\":1,\"failures\":1}}"

static const char *const agent_families[] = {
	"nfmeter_agent_s",    "nfmeter_agent_c",   "nfmeter_interface", "nfmeter_ring_bytes",
	"nfmeter_socket_",    "nfmeter_xdp_",	   "nfmeter_snapshots", "nfmeter_snapshot_lag",
	"nfmeter_snapshot_f", "nfmeter_expired_",  "nfmeter_disk_",	"nfmeter_rollup_",
	"nfmeter_hook_back",  "nfmeter_kept_",	   "nfmeter_nfdump_",
};

static void the_agent_is_told(void **state)
{
	static const char *const lines[] = {
		"nfmeter_agent_up 1",
		"nfmeter_agent_start_timestamp_seconds 1800000000.5",
		"nfmeter_agent_cpu_seconds_total{mode=\"user\"} 1.5",
		"nfmeter_agent_cpu_seconds_created{mode=\"user\"} 1800000000.5",
		"nfmeter_interface_attached{interface=\"eth0\",mode=\"native\"} 1",
		"nfmeter_interface_attached{interface=\"eth1\",mode=\"none\"} 0",
		"nfmeter_ring_capacity_bytes 128",
		"nfmeter_socket_dropped_datagrams_total{address=\"::\",port=\"9995\"} 3",
		"nfmeter_xdp_run_time_seconds_total{program=\"1\"} 0.25",
		"nfmeter_xdp_runs_total{program=\"1\"} 6",
		"nfmeter_snapshot_failing 1",
		"nfmeter_snapshot_duration_seconds 0.012",
		"nfmeter_snapshot_size_bytes 999",
		"nfmeter_hook_backlog 2",
		"nfmeter_disk_free_bytes 10",
		"nfmeter_rollup_failures_total 1",
	};
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	_cleanup_(nfm_ask_free) yajl_val agent = yajl_tree_parse(ANSWER, NULL, 0);
	_cleanup_free_ char *text = NULL;

	assert_non_null(agent);
	source.agent = agent;
	text = write_text(&source);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(lines); i++)
		expect_line(text, lines[i]);
	expect_none(text, "program=\"2\"");
	expect_none(text, "nfmeter_kept_");	       /* no expiry has run */
	expect_none(text, "nfmeter_nfdump_");	       /* not configured */
	expect_none(text, "nfmeter_rollup_success"); /* none yet */
	f->cli.config.nfdump = true;
	f->cli.config.expire_size_bytes = 1000;
	free(NFM_STEAL_PTR(text));
	text = write_text(&source);
	expect_line(text, "nfmeter_nfdump_failing 0");
	expect_line(text, "nfmeter_expire_limit_bytes 1000");
	expect_none(text, "nfmeter_expire_limit_seconds");
}

static void without_an_agent_its_metrics_are_absent(void **state)
{
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	_cleanup_free_ char *text = write_text(&source);

	expect_line(text, "nfmeter_agent_up 0");
	for (size_t i = 0; i < NFM_ARRAY_SIZE(agent_families); i++)
		expect_none(text, agent_families[i]);
}

/* An agent of another version, or one that was taken over, cannot spoil the text. */
static void an_odd_answer_is_left_out(void **state)
{
	static const char *const answers[] = {
		"{\"ok\":true}",
		"{\"ring\":[],\"sockets\":{},\"process\":7,\"rotation\":null,\"disk\":\"x\"}",
		"{\"ring\":{\"bytes\":\"7\\nx 1\"},"
		"\"disk\":{\"free_bytes\":-1,\"size_bytes\":1.5}}",
		"{\"sockets\":[1,null,[],{\"drops\":true}],\"programs\":[[]],\"interfaces\":[]}",
	};
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);

	for (size_t i = 0; i < NFM_ARRAY_SIZE(answers); i++) {
		_cleanup_(nfm_ask_free) yajl_val agent = yajl_tree_parse(answers[i], NULL, 0);
		_cleanup_free_ char *text = NULL;

		assert_non_null(agent);
		source.agent = agent;
		text = write_text(&source);
		expect_line(text, "nfmeter_agent_up 1");
		expect_none(text, "\nx 1");
		expect_none(text, " -1");
		expect_none(text, " 1.5");
		expect_none(text, "nfmeter_socket_");
	}
}

/* ---- the rest ---- */

static void the_http_server_is_told(void **state)
{
	const struct nfm_metrics_http http = {
		.started_unix_ns = 1900000000 * NFM_NS_PER_S,
		.requests = { [2] = 20, [4] = 4 },
		.in_flight = 1,
		.refused = 5,
		.sent_bytes = 66,
	};
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	_cleanup_free_ char *text = NULL;

	source.http = &http;
	text = write_text(&source);
	expect_line(text, "nfmeter_http_requests_total{status=\"2xx\"} 20");
	expect_line(text, "nfmeter_http_requests_created{status=\"2xx\"} 1900000000");
	expect_line(text, "nfmeter_http_requests_total{status=\"5xx\"} 0");
	expect_line(text, "nfmeter_http_requests_in_flight 1");
	expect_line(text, "nfmeter_http_refused_connections_total 5");
	expect_line(text, "nfmeter_http_sent_bytes_total 66");
}

static void templates_are_counted_if_they_can_be_read(void **state)
{
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	_cleanup_free_ char *text = NULL;

	add_exporter(f, 0, "192.0.2.1", "core-1", NFM_EXPORTER_LISTED);
	add_template(f, "192.0.2.1", &plain_template, 5);
	add_template(f, "192.0.2.1", &options_template, 5);
	add_template(f, "192.0.2.9", &odd_template, 5); /* whose exporter is no more */
	text = write_text(&source);
	expect_line(text, "nfmeter_exporter_templates{exporter=\"core-1\",address=\"192.0.2.1\","
			  "decoder=\"agent\"} 2");
	strcpy(f->cli.config.directory, "/dev/null");
	free(NFM_STEAL_PTR(text));
	text = write_text(&source);
	expect_none(text, "nfmeter_exporter_templates");
}

static void a_failed_write_is_said(void **state)
{
	struct fixture *f = *state;
	struct nfm_metrics_source source = source_of(f);
	struct nfm_error error = { .text = "" };
	_cleanup_fclose_ FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	assert_int_equal(nfm_metrics_write(full, &source, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "cannot write the metrics"));
}

static void clients_get_what_they_take(void **state)
{
	static const struct {
		const char *accept;
		enum nfm_metrics_format format;
	} cases[] = {
		{ NULL, NFM_METRICS_OPENMETRICS },
		{ "*/*", NFM_METRICS_OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
		  NFM_METRICS_OPENMETRICS },
		{ "text/plain;version=0.0.4;q=1,*/*;q=0.1", NFM_METRICS_PROMETHEUS },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++)
		assert_int_equal(nfm_metrics_accepted(cases[i].accept), cases[i].format);
	assert_string_equal(nfm_metrics_content_type(NFM_METRICS_OPENMETRICS),
			    "application/openmetrics-text; version=1.0.0; charset=utf-8");
	assert_string_equal(nfm_metrics_content_type(NFM_METRICS_PROMETHEUS),
			    "text/plain; version=0.0.4; charset=utf-8");
}

static void the_command_takes_its_options(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *plain = run(f, nfm_cmd_metrics, "metrics", 0);
	_cleanup_free_ char *older = run(f, nfm_cmd_metrics, "metrics --prometheus", 0);
	_cleanup_free_ char *named = run(f, nfm_cmd_metrics, "metrics --customer alice", 0);
	_cleanup_free_ char *wrong = run(f, nfm_cmd_metrics, "metrics --nonsense", 2);
	_cleanup_free_ char *extra = run(f, nfm_cmd_metrics, "metrics alice", 2);

	assert_non_null(strstr(plain, "\n# EOF\n"));
	expect_none(older, "# EOF");
	expect_none(older, "# UNIT");
	expect_none(older, "_created ");
	assert_non_null(strstr(named, "customer=\"alice\""));
	assert_string_equal(wrong, "");
	assert_string_equal(extra, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TABLE(the_table_is_told),
		WITH_TABLE(exporters_have_names_or_addresses),
		WITH_TABLE(streams_are_summed_by_version_and_unit),
		WITH_TABLE(refused_sources_are_capped),
		WITH_TABLE(customers_are_those_asked_for),
		WITH_TABLE(customers_are_capped),
		WITH_TABLE(the_agent_is_told),
		WITH_TABLE(without_an_agent_its_metrics_are_absent),
		WITH_TABLE(an_odd_answer_is_left_out),
		WITH_TABLE(the_http_server_is_told),
		WITH_TABLE(templates_are_counted_if_they_can_be_read),
		WITH_TABLE(a_failed_write_is_said),
		cmocka_unit_test(clients_get_what_they_take),
		WITH_TABLE(the_command_takes_its_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
