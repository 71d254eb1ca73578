// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever an exporter sends: nothing crashes, takes long, grows without bound, logs without limit,
 * or costs another exporter its records.
 */
#include "meter_sets.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/templates.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1 /* memory is not given back at once, and time is not what it is */
#else
#define SANITIZED 0
#endif

#define TEMPLATES (SANITIZED ? 100000U : 1000000U)
#define RANDOM 100000U
#define T300 "t 300 8/4 12/4 1/4 2/4;"
#define MIB (1ULL << 20)
#define S 1000000U /* in us */

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

/* ---- what it costs ---- */

struct cost {
	uint64_t memory_bytes; /* our own, not the table's file */
	uint64_t cpu_us;
};

static struct cost cost_now(void)
{
	struct rusage usage;
	uint64_t pages[3] = {};
	FILE *file = fopen("/proc/self/statm", "r");
	struct cost cost;

	assert_non_null(file);
	for (int i = 0; i < 3; i++)
		assert_int_equal(fscanf(file, "%lu", &pages[i]), 1);
	fclose(file);
	getrusage(RUSAGE_SELF, &usage);
	cost.memory_bytes = (pages[1] - pages[2]) * (uint64_t)sysconf(_SC_PAGESIZE);
	cost.cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		      (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	return cost;
}

static void assert_cost(const struct cost *before, uint64_t most_bytes, uint64_t most_us)
{
	struct cost now = cost_now();

	if (SANITIZED)
		return;
	if (now.memory_bytes > before->memory_bytes + most_bytes)
		fail_msg("%lu bytes more, %lu allowed", now.memory_bytes - before->memory_bytes,
			 most_bytes);
	if (now.cpu_us - before->cpu_us > most_us)
		fail_msg("%lu us, %lu allowed", now.cpu_us - before->cpu_us, most_us);
}

static uint64_t file_bytes(const char *name)
{
	char path[PATH_MAX + 32];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", config->directory, name);
	return stat(path, &st) ? 0 : (uint64_t)st.st_size;
}

/* ---- the log on stderr ---- */

static int old_stderr = -1;

static void log_into_file(void)
{
	char path[PATH_MAX + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/stderr", config->directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	assert_true(fd >= 0);
	old_stderr = dup(STDERR_FILENO);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
	nfm_log_set_level(LOG_INFO);
}

static int tear_down(void **state)
{
	if (old_stderr >= 0) {
		dup2(old_stderr, STDERR_FILENO);
		close(old_stderr);
		old_stderr = -1;
	}
	return meter_tear_down(state);
}

static int set_up(void **state)
{
	seed = 88172645463325252ULL;
	return meter_sets_set_up(state);
}

/* ---- templates without end ---- */

static void write_template(uint16_t id, uint32_t fields, uint16_t length)
{
	sets_put(id, 2);
	sets_put(fields, 2);
	for (uint32_t f = 0; f < fields; f++) {
		sets_put(1 + f % 400, 2);
		sets_put(length, 2);
	}
}

static uint32_t send_templates(uint32_t first, uint32_t count)
{
	uint32_t set;

	build_numbered(NFM_IPFIX, "");
	sets_write(12, 1000 + first / 65000, 4);
	set = sets_open(2);
	for (uint32_t i = 0; i < count; i++)
		write_template((uint16_t)(256 + (first + i) % 65000), 4 + rnd(8), 4);
	sets_close(set);
	sets_end();
	return arrive_built(ROUTER);
}

static void a_million_templates(void **state)
{
	const uint64_t limit_bytes = 4 * MIB;
	struct nfm_store_count count;
	struct cost before;
	uint64_t most_log = 0;

	(void)state;
	config->templates_per_exporter = 100000;
	config->template_memory_bytes = limit_bytes;
	meter_open();
	log_into_file();
	arrives(OTHER_ROUTER, NFM_IPFIX, T300);
	before = cost_now();
	for (uint32_t first = 0; first < TEMPLATES; first += 500) {
		assert_int_equal(send_templates(first, 500), NFM_REASON_NONE);
		nfm_store_count(meter->templates.store, &count);
		assert_true(count.bytes <= limit_bytes);
		clock_ns += 100 * NFM_NS_PER_MS;
		nfm_meter_templates_tick(meter, clock_ns);
		most_log = NFM_MAX(most_log, file_bytes("templates"));
	}
	/* the hash of what is known, and what malloc cannot use: as much again */
	assert_cost(&before, 2 * limit_bytes + MIB, 30 * S);
	assert_all_accounted();
	assert_int_equal(meter_reason_records(NFM_REASON_TEMPLATES), TEMPLATES + 1);
	assert_int_equal(meter_reason_records(NFM_REASON_TEMPLATES_FULL),
			 TEMPLATES + 1 - count.templates);
	assert_true(most_log < 64 * MIB);
	assert_true(file_bytes("stderr") < 16384);
	/* the other one has lost nothing by it */
	arrives(OTHER_ROUTER, NFM_IPFIX, "d 300 10.0.0.1 8.8.8.8 100 1");
	assert_customer("alice", 100, 0);
}

/* By the default, which is a number for each exporter. */
static void a_million_templates_by_number(void **state)
{
	struct cost before;

	(void)state;
	config->templates_per_exporter = 4096;
	config->template_memory_bytes = 64 * MIB;
	meter_open();
	arrives(OTHER_ROUTER, NFM_IPFIX, T300);
	before = cost_now();
	for (uint32_t first = 0; first < TEMPLATES / 2; first += 500)
		assert_int_equal(send_templates(first, 500), NFM_REASON_NONE);
	assert_cost(&before, 8 * MIB, 20 * S);
	assert_int_equal(templates_known(), 4096 + 1);
	assert_int_equal(meter_reason_records(NFM_REASON_TEMPLATES_FULL), TEMPLATES / 2 - 4096);
	assert_all_accounted();
}

/* Redefined all the time, and used: each one decodes what follows it. */
static void a_template_that_never_stays(void **state)
{
	struct cost before;
	const uint32_t turns = 20000;

	(void)state;
	meter_open();
	before = cost_now();
	for (uint32_t i = 0; i < turns; i++) {
		build_numbered(NFM_NETFLOW_V9,
			       i % 2 ? "t 300 8/4 12/4 1/4 2/4; d 300 10.0.0.1 8.8.8.8 100 1" :
				       "t 300 2/4 1/4 12/4 8/4; d 300 1 100 8.8.8.8 10.0.0.1");
		assert_int_equal(arrive_built(ROUTER), NFM_REASON_NONE);
		clock_ns += 10 * NFM_NS_PER_MS;
		nfm_meter_templates_tick(meter, clock_ns);
	}
	assert_cost(&before, MIB, 10 * S);
	assert_customer("alice", 100ULL * turns, 0);
	assert_true(file_bytes("templates") < MIB);
	assert_all_accounted();
}

/* ---- odd templates and sets ---- */

static void odd_datagrams(void **state)
{
	static const struct {
		uint16_t version;
		uint32_t reason;
		const char *text;
	} rows[] = {
		{ 9, NFM_REASON_BAD_TEMPLATE, "x 00 00 00 08 01 2c 00 00" },
		{ 10, NFM_REASON_NONE, "x 00 02 00 08 01 2c 00 00" },
		{ 9, NFM_REASON_BAD_TEMPLATE, "x 00 00 00 0c 01 2c ff ff 00 08 00 04" },
		{ 10, NFM_REASON_BAD_TEMPLATE, "x 00 02 00 0c 01 2c ff ff 00 08 00 04" },
		{ 9, NFM_REASON_BAD_TEMPLATE, "x 00 01 00 0e 01 2c ff fc ff fc 00 01 00 04" },
		{ 10, NFM_REASON_BAD_TEMPLATE, "x 00 03 00 0e 01 2c 00 01 00 02 00 08 00 04" },
		{ 10, NFM_REASON_BAD_TEMPLATE, "x 00 02 00 0c 01 2c 00 01 80 08 00 04" },
		{ 9, NFM_REASON_BAD_TEMPLATE, "x 00 00 00 0c 00 ff 00 01 00 08 00 04" },
		{ 9, NFM_REASON_SET_LENGTH, "x 01 00 00 00" },
		{ 9, NFM_REASON_SET_LENGTH, "x 00 00 00 01" },
		{ 10, NFM_REASON_SET_LENGTH, "x 01 00 00 02" },
		{ 10, NFM_REASON_SET_LENGTH, "x 00 02 00 03" },
		{ 9, NFM_REASON_NONE, "x 00 00 00 00 00 00 00 00" },
		{ 9, NFM_REASON_SET_LENGTH, "x 01 00 ff ff 00" },
		{ 10, NFM_REASON_SET_LENGTH, "x 01 00 00 08 00 00 00" },
		{ 9, NFM_REASON_SET_LENGTH, "x 00 00 ff ff 01 2c 00 01 00 08 00 04" },
		{ 10, NFM_REASON_SET_LENGTH, "x 00 02 00 10 01 2c 00 01 00 08 00 04" },
		{ 9, NFM_REASON_BAD_TEMPLATE, "x 00 00 00 0c 01 2c 00 02 00 08 00 04" },
		/* records of no length: none, and no loop */
		{ 9, NFM_REASON_NONE, "t 301 8/0 12/0; x 01 2d 00 07 00 00 00" },
		{ 10, NFM_REASON_NONE, "t 301 8/0 12/0 1/0; x 01 2d 00 08 00 00 00 00" },
		/* a record larger than any datagram */
		{ 9, NFM_REASON_BAD_DATA,
		  "t 302 8/65534 12/65534 1/65534 2/65534; x 01 2e 00 08 00 00 00 00" },
		/* variable fields that run over */
		{ 10, NFM_REASON_BAD_DATA, "t 303 82/v; x 01 2f 00 05 01" },
		{ 10, NFM_REASON_BAD_DATA, "t 303 82/v; x 01 2f 00 05 ff" },
		{ 10, NFM_REASON_BAD_DATA, "t 303 82/v; x 01 2f 00 07 ff ff ff" },
		{ 10, NFM_REASON_NONE, "t 303 82/v; x 01 2f 00 07 ff 00 00" },
	};

	(void)state;
	meter_open();
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		uint32_t reason;

		memset(sets_known, 0, sizeof(sets_known));
		next_domain = (uint32_t)i;
		reason = arrive(ROUTER, rows[i].version, rows[i].text);
		if (reason != rows[i].reason)
			fail_msg("%zu: %s: %s", i, rows[i].text, nfm_reason_name(reason));
	}
	assert_int_equal(waiting_sets(), 0);
	assert_int_equal(meter_row(NFM_ROW_UNMATCHED).up_bytes, 0);
}

/* As large as a datagram can have it, and what its data cost. */
static void the_largest_template(void **state)
{
	const uint32_t fields = 16370;
	struct cost before;

	(void)state;
	meter_open();
	FOR_VERSIONS(v) {
		build_numbered(v, "");
		for (uint32_t length = 0; length <= 1; length++) {
			uint32_t set;

			build_numbered(v, "");
			set = sets_open(v == NFM_IPFIX ? 2 : 0);
			write_template((uint16_t)(300 + length), fields, (uint16_t)length);
			sets_close(set);
			sets_end();
			assert_int_equal(arrive_built(ROUTER), NFM_REASON_NONE);
		}
		before = cost_now();
		for (uint32_t i = 0; i < 1000; i++) {
			build_numbered(v, "");
			sets_put(300 + i % 2, 2);
			sets_put(4 + 3 * fields, 2);
			sets_bytes += 3 * fields;
			sets_end();
			assert_int_equal(arrive_built(ROUTER), NFM_REASON_NONE);
		}
		assert_cost(&before, MIB, 5 * S);
	}
	assert_all_accounted();
	assert_int_equal(meter_exporter_row(ROUTER).exporter.records, 2 * 500 * 3);
}

/* Fields of one byte, or of none: the most records that 65,535 bytes can ask for. */
static void the_most_records(void **state)
{
	struct cost before;
	uint32_t reason;

	(void)state;
	meter_open();
	arrives(ROUTER, NFM_IPFIX, "t 300 82/v; t 301 4/1; t 302 8/4 12/4 1/4 2/4;");
	before = cost_now();
	for (uint32_t i = 0; i < 300; i++) {
		build_numbered(NFM_IPFIX, "");
		sets_put(300 + i % 2, 2);
		sets_put(65500, 2);
		memset(sets_byte + sets_bytes, 0, 65496);
		sets_bytes += 65496;
		sets_end();
		reason = arrive_built(ROUTER);
		assert_int_equal(reason, NFM_REASON_TOO_MANY);
	}
	assert_cost(&before, MIB, 5 * S);
	assert_exporter(ROUTER, 1, 0, 0);
	assert_int_equal(meter_exporter_row(ROUTER).exporter.rejected_datagrams, 300);
	assert_true(meter_exporter_row(ROUTER).exporter.rejected_records <= 300 * 65496ULL);
	assert_all_accounted();
}

/* ---- random ---- */

static void put_random_set(void)
{
	static const uint16_t ids[] = { 0, 1, 2, 3, 256, 257, 258, 259, 260, 65535 };
	uint32_t set = sets_open(rnd(20) ? ids[rnd(NFM_ARRAY_SIZE(ids))] : (uint16_t)rnd(65536));
	uint32_t words = rnd(40);

	for (uint32_t w = 0; w < words; w++)
		switch (rnd(6)) {
		case 0:
			sets_put(256 + rnd(5), 2);
			break;
		case 1:
			sets_put(1 + rnd(60), 2);
			break;
		case 2:
			sets_put(rnd(50) ? rnd(9) : 65535, 2);
			break;
		case 3:
			sets_put(rnd(4), 2);
			break;
		case 4:
			sets_put(0x0a00, 2); /* half of a customer's address */
			break;
		default:
			sets_put(rnd(65536), 2);
		}
	sets_close(set);
	if (rnd(20) == 0)
		sets_write(set + 2, rnd(rnd(2) ? 300 : 65536), 2);
}

/* A good template of one of a few numbers, or data for whatever has that number. */
static void put_plausible_set(void)
{
	static const uint16_t elements[] = { 1,	 2,  8,	 12, 21, 22,  23, 27,
					     28, 34, 48, 82, 85, 225, 226 };
	static const uint16_t lengths[] = { 0, 1, 2, 4, 4, 4, 4, 8, 8, 16, 16, 65535 };
	bool is_template = rnd(4) == 0;
	uint32_t set, n;

	if (is_template) {
		set = sets_open(sets_version == NFM_IPFIX ? 2 : 0);
		n = 1 + rnd(12);
		sets_put(256 + rnd(5), 2);
		sets_put(n, 2);
		for (; n; n--) {
			sets_put(elements[rnd(NFM_ARRAY_SIZE(elements))], 2);
			sets_put(lengths[rnd(NFM_ARRAY_SIZE(lengths))], 2);
		}
	} else {
		set = sets_open((uint16_t)(256 + rnd(5)));
		for (n = rnd(300); n; n--)
			sets_put(rnd(4) ? rnd(256) : rnd(2) * 10, 1);
	}
	sets_close(set);
}

static uint32_t build_random(void)
{
	uint16_t version = rnd(2) ? NFM_NETFLOW_V9 : NFM_IPFIX;

	next_domain = rnd(3);
	next_sequence = rnd(UINT32_MAX);
	build_numbered(version, "");
	for (uint32_t n = rnd(6); n; n--)
		if (rnd(3))
			put_plausible_set();
		else
			put_random_set();
	if (rnd(8) == 0)
		for (uint32_t n = rnd(100); n; n--)
			sets_put(rnd(256), 1);
	sets_end();
	if (rnd(20) == 0)
		sets_bytes = rnd(sets_bytes);
	if (rnd(20) == 0)
		sets_byte[rnd(24)] = (uint8_t)rnd(256);
	return sets_bytes;
}

static void random_datagrams(void **state)
{
	uint64_t came[NFM_REASON_ROWS] = {};
	struct cost before;

	(void)state;
	meter_auto("10.0.0.0", 28);
	meter_open();
	log_into_file();
	before = cost_now();
	for (uint32_t i = 0; i < RANDOM; i++) {
		char router[32];

		build_random();
		snprintf(router, sizeof(router), "192.0.2.%u", 1 + rnd(3));
		came[arrive_built(router)]++;
		clock_ns += NFM_NS_PER_MS;
		if (i % 200 == 0)
			nfm_meter_templates_tick(meter, clock_ns);
		if (i % 20000 == 0)
			meter_reopen();
	}
	assert_cost(&before, 8 * MIB, 30 * S);
	assert_int_equal(meter_reason(NFM_REASON_RECEIVED), RANDOM);
	for (uint32_t i = 0; i < NFM_REASON_ROWS; i++)
		if (nfm_reason_kind(i) == NFM_KIND_REJECT)
			assert_int_equal(meter_reason(i), came[i]);
	assert_true(came[NFM_REASON_NONE] > RANDOM / 20);
	assert_true(came[NFM_REASON_BAD_TEMPLATE] && came[NFM_REASON_BAD_DATA] &&
		    came[NFM_REASON_SET_LENGTH] && came[NFM_REASON_TRUNCATED]);
	assert_true(meter_reason_records(NFM_REASON_WAITED) > 100);
	assert_true(meter_reason(NFM_REASON_WAIT_BAD) > 100);
	assert_true(meter_row(NFM_ROW_UNMATCHED).up_flows > 1000);
	assert_true(file_bytes("stderr") < 256 * 1024);
	assert_all_accounted();
}

/* ---- streams, exporters, waiting sets without end ---- */

static void domains_without_end(void **state)
{
	const uint32_t domains = 6000; /* a table has room for 4,096 streams */
	struct cost before;

	(void)state;
	config->templates_per_exporter = 4096;
	config->template_memory_bytes = 64 * MIB;
	meter_open();
	log_into_file();
	before = cost_now();
	for (uint32_t turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < domains; i++) {
			next_domain = i;
			build_numbered(NFM_IPFIX, T300 "d 300 10.0.0.1 8.8.8.8 100 1");
			assert_int_equal(arrive_built(ROUTER), NFM_REASON_NONE);
		}
	assert_cost(&before, 8 * MIB, 10 * S);
	assert_true(meter->table.ctl->stream_count <= meter->table.geometry.streams);
	assert_customer("alice", 200ULL * domains, 0); /* without an account, but counted */
	assert_int_equal(templates_known(), 4096);
	assert_all_accounted();
	assert_true(file_bytes("stderr") < 16384);
}

static void a_flood_of_sets_without_a_template(void **state)
{
	const uint32_t sent = SANITIZED ? 20000 : 200000;
	struct cost before;
	uint64_t sets;

	(void)state;
	config->template_buffer_bytes = MIB;
	meter_open();
	log_into_file();
	before = cost_now();
	for (uint32_t i = 0; i < sent; i++) {
		uint32_t set;

		next_domain = rnd(5);
		build_numbered(NFM_NETFLOW_V9, "");
		set = sets_open((uint16_t)(300 + rnd(1000)));
		sets_bytes += 1 + (rnd(100) ? rnd(200) : rnd(60000));
		sets_close(set);
		assert_int_equal(arrive_built(i % 2 ? ROUTER : OTHER_ROUTER), NFM_REASON_NONE);
		clock_ns += NFM_NS_PER_MS;
		if (i % 200 == 0)
			nfm_meter_templates_tick(meter, clock_ns);
	}
	assert_cost(&before, 2 * MIB, 20 * S);
	sets = waiting_sets();
	assert_in_range(sets, 100, MIB / sizeof(struct nfm_waiting));
	assert_int_equal(meter_reason(NFM_REASON_WAIT_FULL) + sets, sent);
	assert_int_equal(meter_notes(ROUTER).notes.given_up +
				 meter_notes(OTHER_ROUTER).notes.given_up + sets,
			 sent);
	assert_true(file_bytes("stderr") < 64 * 1024);
	assert_exporter(ROUTER, sent / 2, 0, 0);
	/* and all ends */
	clock_ns += config->template_wait_s * NFM_NS_PER_S;
	for (uint32_t i = 0; i < 100 && waiting_sets(); i++)
		tick();
	assert_int_equal(meter_reason(NFM_REASON_WAIT_EXPIRED), sets);
}

/* The most sets that a datagram may have, and one more. */
static void sets_of_one_datagram(void **state)
{
	(void)state;
	config->template_buffer_bytes = MIB;
	meter_open();
	for (uint32_t more = 0; more < 2; more++) {
		build_numbered(NFM_IPFIX, "");
		for (uint32_t i = 0; i < NFM_DECODE_WAITING + more; i++) {
			sets_put(300 + i, 2);
			sets_put(5, 2);
			sets_put(0, 1);
		}
		sets_end();
		assert_int_equal(arrive_built(ROUTER),
				 more ? NFM_REASON_TOO_MANY : NFM_REASON_NONE);
		assert_int_equal(waiting_sets(), NFM_DECODE_WAITING);
	}
	assert_all_accounted();
}

/*
 * One whose sets fill the room's begin, and who has a new template for every tick: what another
 * one has in there is counted all the same.
 */
static void nobody_keeps_another_waiting(void **state)
{
	char text[64];

	(void)state;
	config->template_buffer_bytes = 4 * MIB;
	meter_open();
	sets_build(NFM_IPFIX, T300);
	for (uint32_t i = 0; i < 10000; i++) {
		build_numbered(NFM_IPFIX, "x 01 90 00 05 00");
		arrive_built(OTHER_ROUTER);
	}
	arrives(ROUTER, NFM_IPFIX, "d 300 10.0.0.1 8.8.8.8 100 1");
	arrives(ROUTER, NFM_IPFIX, T300);
	for (uint32_t i = 0; i < 10; i++) {
		memset(sets_known, 0, sizeof(sets_known));
		snprintf(text, sizeof(text), "t %u 8/4 12/4 1/4 2/4", 500 + i);
		build_numbered(NFM_IPFIX, text);
		arrive_built(OTHER_ROUTER);
		nfm_meter_templates_tick(meter, clock_ns);
	}
	assert_customer("alice", 100, 0);
	assert_int_equal(waiting_sets(), 10000);
	assert_all_accounted();
	/* a template that came in the middle of a look is not forgotten over it */
	memset(sets_known, 0, sizeof(sets_known));
	arrives(OTHER_ROUTER, NFM_IPFIX, "t 400 8/1");
	for (uint32_t i = 0; i < 20; i++)
		tick();
	assert_int_equal(waiting_sets(), 0);
	assert_int_equal(meter_reason_records(NFM_REASON_WAITED), 10001);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_million_templates),
		TEST(a_million_templates_by_number),
		TEST(a_template_that_never_stays),
		TEST(odd_datagrams),
		TEST(the_largest_template),
		TEST(the_most_records),
		TEST(random_datagrams),
		TEST(domains_without_end),
		TEST(a_flood_of_sets_without_a_template),
		TEST(sets_of_one_datagram),
		TEST(nobody_keeps_another_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
