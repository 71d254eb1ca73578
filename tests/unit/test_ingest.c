// SPDX-License-Identifier: GPL-2.0-only
/* A datagram's way through the agent: every record is counted once, or rejected under a reason. */
#include "meter.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUTER "192.0.2.1"

static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

static void assert_customer(const char *id, uint64_t up, uint64_t down)
{
	struct nfm_row row = meter_row(meter_customer(id));

	assert_int_equal(row.up_bytes, up);
	assert_int_equal(row.down_bytes, down);
}

/* ---- whose bytes ---- */

static void up_down_local_unmatched(void **state)
{
	static const struct meter_record records[] = {
		{ "10.0.0.1", "8.8.8.8", 100, 1 },  { "8.8.8.8", "10.0.0.1", 2000, 2 },
		{ "10.0.0.1", "10.0.1.1", 30, 3 },  { "10.0.0.1", "10.0.0.2", 7, 4 },
		{ "8.8.8.8", "9.9.9.9", 50000, 5 },
	};
	struct nfm_row row;

	(void)state;
	meter_write_customers("id,prefixes\nalice,10.0.0.0/24\nbob,10.0.1.0/24\n");
	meter_open();
	assert_int_equal(meter_take_records(ROUTER, records, 5), NFM_REASON_NONE);
	assert_customer("alice", 137, 2007);
	assert_customer("bob", 0, 30);
	row = meter_row(NFM_ROW_LOCAL);
	assert_int_equal(row.up_bytes, 37);
	assert_int_equal(row.up_packets, 7);
	assert_int_equal(row.up_flows, 2);
	row = meter_row(NFM_ROW_UNMATCHED);
	assert_int_equal(row.up_bytes, 50000);
	assert_int_equal(row.up_flows, 1);
	row = meter_exporter_row(ROUTER);
	assert_int_equal(row.exporter.bytes, 52137);
	assert_int_equal(row.exporter.packets, 15);
	assert_int_equal(row.exporter.records, 5);
	assert_int_equal(row.exporter.datagrams, 1);
	assert_int_equal(row.exporter.seen_ns, METER_NOW_NS);
	row = meter_row(meter_customer("alice"));
	assert_int_equal(row.up_packets, 8);
	assert_int_equal(row.up_flows, 3);
	assert_int_equal(row.down_packets, 6);
	assert_int_equal(row.down_flows, 2);
	assert_int_equal(row.last_seen_ns, METER_NOW_NS);
	assert_conserved();
}

static void exporters_sampling(void **state)
{
	static const struct meter_record record = { "10.0.0.1", "8.8.8.8", 11, 3 };
	uint8_t payload[72];

	(void)state;
	meter_list_exporter("192.0.2.2", "x100", 100, 1);
	meter_list_exporter("192.0.2.3", "half", 1, 2);
	meter_write_customers("id,prefixes\nalice,10.0.0.0/24\n");
	meter_open();
	meter_build(payload, 0, &record, 1);
	payload[23] = 10; /* announced in the header */
	meter_take(ROUTER, payload, sizeof(payload));
	assert_customer("alice", 110, 0);
	meter_take("192.0.2.2", payload, sizeof(payload));
	assert_customer("alice", 1210, 0);
	meter_take("192.0.2.3", payload, sizeof(payload));
	assert_customer("alice", 1216, 0);
	assert_int_equal(meter_row(meter_customer("alice")).up_packets, 30 + 300 + 2);
	assert_conserved();
}

static void agent_counts_into_the_open_bank(void **state)
{
	static const struct meter_record record = { "10.0.0.1", "8.8.8.8", 11, 3 };

	(void)state;
	meter_write_customers("id,prefixes\nalice,10.0.0.0/24\n");
	meter_open();
	meter_take_records(ROUTER, &record, 1);
	meter->table.ctl->epoch = 3;
	meter_take_records(ROUTER, &record, 1);
	meter_take_records(ROUTER, &record, 1);
	assert_int_equal(nfm_table_row(&meter->table, 0, 0, NFM_ROW_FIRST)->up_bytes, 11);
	assert_int_equal(nfm_table_row(&meter->table, 1, 0, NFM_ROW_FIRST)->up_bytes, 22);
	assert_customer("alice", 33, 0);
}

/* ---- discovery ---- */

static void hosts_are_discovered(void **state)
{
	static const struct meter_record records[] = {
		{ "10.0.0.1", "8.8.8.8", 100, 1 },
		{ "8.8.8.8", "10.0.0.2", 200, 1 },
		{ "10.0.0.1", "10.0.0.3", 400, 1 },
		{ "8.8.8.8", "172.16.0.1", 800, 1 },
	};

	(void)state;
	meter_auto("10.0.0.0", 8);
	meter_open();
	assert_int_equal(meter_take_records(ROUTER, records, 4), NFM_REASON_NONE);
	assert_customer("10.0.0.1", 500, 0);
	assert_customer("10.0.0.2", 0, 200);
	assert_customer("10.0.0.3", 0, 400);
	assert_int_equal(meter->table.ctl->names, NFM_ROW_FIRST + 3);
	assert_int_equal(meter_row(NFM_ROW_UNMATCHED).up_bytes, 800);
	assert_conserved();
	meter_reopen();
	meter_take_records(ROUTER, records, 4);
	assert_int_equal(meter->table.ctl->names, NFM_ROW_FIRST + 3);
	assert_customer("10.0.0.1", 1000, 0);
	assert_conserved();
}

static void no_row_is_left_for_a_customer(void **state)
{
	(void)state;
	config->capacity = 4;
	meter_auto("10.0.0.0", 8);
	meter_open();
	for (uint32_t turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < 10; i++) {
			char host[32];
			const struct meter_record record = { host, "8.8.8.8", 100, 1 };

			snprintf(host, sizeof(host), "10.0.0.%u", i);
			assert_int_equal(meter_take_records(ROUTER, &record, 1), NFM_REASON_NONE);
		}
	assert_customer("10.0.0.0", 200, 0);
	assert_customer("10.0.0.3", 200, 0);
	assert_int_equal(meter_row(NFM_ROW_UNMATCHED).up_bytes, 1200);
	assert_int_equal(meter_reason_records(NFM_REASON_CUSTOMERS_FULL), 12);
	assert_int_equal(meter_exporter_row(ROUTER).exporter.rejected_records, 0);
	assert_conserved();
}

/* ---- rejected ---- */

static void rejected_are_accounted(void **state)
{
	static const struct {
		uint8_t version, count;
		uint32_t length;
		uint32_t reason, records;
	} rows[] = {
		{ 5, 0, 24, NFM_REASON_EMPTY, 0 },
		{ 5, 3, 24 + 2 * 48, NFM_REASON_TRUNCATED, 2 },
		{ 5, 40, 24 + 3 * 48 + 7, NFM_REASON_COUNT, 3 },
		{ 5, 1, 23, NFM_REASON_SHORT, 0 },
		{ 4, 1, 72, NFM_REASON_VERSION, 0 },
		{ 9, 1, 19, NFM_REASON_SHORT, 0 },
		{ 10, 73, 72, NFM_REASON_TRUNCATED, 0 },
	};
	uint8_t payload[1500] = { 0 };
	uint64_t datagrams_of[NFM_REASON_ROWS] = {};
	uint64_t records_of[NFM_REASON_ROWS] = {};
	uint64_t records = 0;
	struct nfm_row row;

	(void)state;
	meter_open();
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		uint32_t reason = rows[i].reason;

		payload[1] = rows[i].version;
		payload[3] = rows[i].count;
		assert_int_equal(meter_take(ROUTER, payload, rows[i].length), reason);
		records_of[reason] += rows[i].records;
		assert_int_equal(meter_reason(reason), ++datagrams_of[reason]);
		assert_int_equal(meter_reason_records(reason), records_of[reason]);
		records += rows[i].records;
	}
	row = meter_exporter_row(ROUTER);
	assert_int_equal(row.exporter.rejected_datagrams, NFM_ARRAY_SIZE(rows));
	assert_int_equal(row.exporter.rejected_records, records);
	assert_int_equal(row.exporter.datagrams, 0);
	assert_int_equal(row.exporter.records, 0);
	assert_int_equal(meter_reason(NFM_REASON_RECEIVED), NFM_ARRAY_SIZE(rows));
	assert_int_equal(meter->table.ctl->stream_count, 0);
}

static void received_is_counted_by_one(void **state)
{
	struct nfm_arrival arrival = {
		.source = meter_addr(ROUTER),
		.payload = (const uint8_t *)"",
		.ring_pos = NFM_JOURNAL_NO_RING,
	};

	(void)state;
	meter_open();
	nfm_meter_take(meter, &arrival); /* the datapath has counted it already */
	assert_int_equal(meter_reason(NFM_REASON_RECEIVED), 0);
	assert_int_equal(meter_reason(NFM_REASON_SHORT), 1);
	arrival.uncounted = true;
	nfm_meter_take(meter, &arrival);
	assert_int_equal(meter_reason(NFM_REASON_RECEIVED), 1);
}

static void socket_drops_are_accounted(void **state)
{
	(void)state;
	meter_open();
	nfm_meter_socket_drops(meter, 7, METER_NOW_NS);
	nfm_meter_socket_drops(meter, 1, METER_NOW_NS);
	assert_int_equal(meter_reason(NFM_REASON_RECEIVED), 8);
	assert_int_equal(meter_reason(NFM_REASON_SOCKET_FULL), 8);
}

static void drain_without_a_ring(void **state)
{
	(void)state;
	meter_open();
	assert_int_equal(nfm_meter_drain(meter, 10), 0);
}

static void stream_of_the_agents_datagrams(void **state)
{
	static const struct meter_record records[2] = { { "10.0.0.1", "8.8.8.8", 11, 3 },
							{ "10.0.0.1", "8.8.8.8", 11, 3 } };
	uint8_t payload[24 + 96];

	(void)state;
	meter_open();
	meter_take(ROUTER, payload, meter_build(payload, 100, records, 2));
	meter_take(ROUTER, payload, meter_build(payload, 105, records, 2));
	assert_int_equal(meter->table.ctl->stream_count, 1);
	assert_int_equal(meter->table.streams[0].version, 5);
	assert_int_equal(meter->table.streams[0].received, 4);
	assert_int_equal(meter->table.streams[0].lost, 3);
}

/* ---- random ---- */

static uint32_t build_random(uint8_t *at)
{
	uint32_t records = rnd(31);
	uint32_t length = 24 + 48 * records + rnd(8);

	for (uint32_t i = 0; i < length; i++)
		at[i] = (uint8_t)rnd(256);
	at[0] = 0;
	at[1] = rnd(20) ? 5 : (uint8_t)rnd(12);
	at[2] = 0;
	at[3] = (uint8_t)(records + (rnd(10) ? 0 : rnd(4)));
	for (uint32_t i = 0; i < 2 * records; i++) { /* half of the addresses are near */
		uint8_t *addr = at + 24 + 48 * (i / 2) + 4 * (i % 2);

		if (rnd(2)) {
			addr[0] = 10;
			addr[1] = 0;
			addr[2] = (uint8_t)rnd(4);
		}
	}
	return rnd(20) ? length : rnd(length);
}

static void nothing_gets_lost_nor_made_up(void **state)
{
	uint8_t payload[24 + 48 * 31 + 8];
	uint64_t rejected = 0;
	uint64_t counted = 0;
	const uint32_t datagrams = 5000;

	(void)state;
	config->capacity = 600;
	meter_auto("10.0.0.0", 22);
	meter_list_exporter("192.0.2.2", "x3/7", 3, 7);
	meter_write_customers("id,prefixes\na,10.0.1.0/25 128.0.0.0/2\nb,10.0.1.64/26\n");
	meter_open();
	for (uint32_t i = 0; i < datagrams; i++) {
		char source[32];

		if (rnd(50) == 0)
			meter->table.ctl->epoch++; /* a rotation */
		if (rnd(500) == 0)
			meter_reopen();
		snprintf(source, sizeof(source), "192.0.2.%u", rnd(10)); /* two too many */
		meter_take(source, payload, build_random(payload));
	}
	assert_conserved();
	for (uint32_t i = 0; i < meter->table.ctl->exporter_count; i++)
		counted += meter_row(nfm_table_exporter_row(&meter->table, i)).exporter.datagrams;
	for (uint32_t i = 0; i < NFM_REASON_ROWS; i++)
		if (nfm_reason_kind(i) == NFM_KIND_REJECT)
			rejected += meter_reason(i);
	assert_int_equal(meter_reason(NFM_REASON_RECEIVED), datagrams);
	assert_int_equal(counted + rejected, datagrams);
	assert_in_range(rejected, 500, datagrams / 2);
	assert_true(meter_reason(NFM_REASON_EXPORTERS_FULL) > 0);
	assert_true(meter_reason_records(NFM_REASON_CUSTOMERS_FULL) > 0);
	assert_true(meter_row(NFM_ROW_LOCAL).up_bytes > 0);
}

/* ---- killed ---- */

#define HOSTS 16U

static uint64_t *consumer_pos; /* shared with the child that is killed */

/* From and to hosts of which some are seen for the first time. */
static uint32_t build_among_hosts(uint8_t *at, uint32_t turn, uint64_t *up, uint64_t *down)
{
	struct meter_record records[4];
	char text[8][32];

	for (uint32_t i = 0; i < 4; i++) {
		uint32_t from = rnd(HOSTS);
		uint32_t to = rnd(HOSTS);

		snprintf(text[2 * i], sizeof(text[0]), "10.0.%u.1", from);
		snprintf(text[2 * i + 1], sizeof(text[0]), "10.0.%u.1", to);
		records[i] =
			(struct meter_record){ text[2 * i], text[2 * i + 1], 1 + rnd(1000), 1 };
		up[from] += records[i].bytes;
		down[to] += records[i].bytes;
	}
	return meter_build(at, turn * 4, records, 4);
}

static struct nfm_arrival arrival_from_ring(const uint8_t *payload, uint32_t length, uint64_t pos)
{
	return (struct nfm_arrival){
		.source = meter_addr(ROUTER),
		.payload = payload,
		.length = length,
		.time_ns = METER_NOW_NS,
		.ring_pos = pos,
	};
}

/* Takes the datagram in a child that is killed after `steps` instructions. False: no ptrace. */
static bool take_and_die(const struct nfm_arrival *arrival, uint32_t steps)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		raise(SIGSTOP);
		nfm_meter_take(meter, arrival);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		return false;
	while (steps-- && WIFSTOPPED(status)) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
	if (WIFSTOPPED(status)) {
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
	return true;
}

/* The next agent: what it finds under way it finishes, as nfm_meter_open() does with a ring. */
static void open_after_death(void)
{
	struct nfm_table table;
	struct nfm_error error = {};
	char path[PATH_MAX + 16];

	meter->ring.consumer_pos = NULL;
	meter_close();
	snprintf(path, sizeof(path), "%s/table", config->runtime);
	assert_int_equal(nfm_table_file_open(path, true, &table, &error), 0);
	nfm_journal_recover(&table, consumer_pos, NULL);
	nfm_table_close(&table);
	meter_open();
	meter->ring.consumer_pos = consumer_pos;
}

static void assert_hosts(const uint64_t *up, const uint64_t *down)
{
	for (uint32_t i = 0; i < HOSTS; i++) {
		char id[32];

		snprintf(id, sizeof(id), "10.0.%u.1", i);
		if (up[i] || down[i])
			assert_customer(id, up[i], down[i]);
	}
	assert_conserved();
}

static void killed_anywhere_counts_once(void **state)
{
	uint64_t up[HOSTS] = {};
	uint64_t down[HOSTS] = {};
	uint32_t again = 0;
	uint32_t turn;

	(void)state;
	consumer_pos = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(consumer_pos, MAP_FAILED);
	meter_auto("10.0.0.0", 8);
	meter_open();
	meter->ring.consumer_pos = consumer_pos;
	for (turn = 1; turn <= 60; turn++) {
		uint8_t payload[24 + 4 * 48];
		uint32_t length = build_among_hosts(payload, turn, up, down);
		struct nfm_arrival arrival = arrival_from_ring(payload, length, turn * 64);

		if (!take_and_die(&arrival, turn < 20 ? rnd(20000) : rnd(4000)))
			break; /* no ptrace here */
		open_after_death();
		if (*consumer_pos != turn * 64) { /* it still waits in the ring */
			again++;
			nfm_meter_take(meter, &arrival);
		}
		assert_int_equal(*consumer_pos, turn * 64);
		assert_hosts(up, down);
		assert_int_equal(meter_exporter_row(ROUTER).exporter.datagrams, turn);
	}
	meter->ring.consumer_pos = NULL;
	munmap(consumer_pos, 4096);
	if (turn == 1)
		skip();
	assert_in_range(again, 10, 59);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, meter_set_up, meter_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(up_down_local_unmatched),
		TEST(exporters_sampling),
		TEST(agent_counts_into_the_open_bank),
		TEST(hosts_are_discovered),
		TEST(no_row_is_left_for_a_customer),
		TEST(rejected_are_accounted),
		TEST(received_is_counted_by_one),
		TEST(socket_drops_are_accounted),
		TEST(drain_without_a_ring),
		TEST(stream_of_the_agents_datagrams),
		TEST(nothing_gets_lost_nor_made_up),
		TEST(killed_anywhere_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
