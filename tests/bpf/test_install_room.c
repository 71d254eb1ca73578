// SPDX-License-Identifier: GPL-2.0-only
/*
 * The datapath's pool of templates: when it is full, when an agent finds one that another has
 * left, sound or damaged, and while all happens at once.
 */
#include "install.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define DATA300 "d 300 10.0.0.1 8.8.8.8 100 1"

static uint64_t seed = 88172645463325252ULL;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

/* Any template of four fields: data of `id` as `text` says of 300. */
static void build_as_300(uint16_t version, uint16_t id, const char *text)
{
	memset(sets_known, 0, sizeof(sets_known));
	build_numbered(version, T300);
	build_numbered(version, text);
	sets_write(version == NFM_IPFIX ? 16 : 20, id, 2);
}

/* Templates by hand: those of the text's language are few. */
static void put_templates(uint16_t version, const uint16_t *id, uint32_t count)
{
	static const uint16_t field[] = { 8, 4, 12, 4, 1, 4, 2, 4 };
	uint32_t set;

	build_numbered(version, "");
	set = sets_open(version == NFM_IPFIX ? 2 : 0);
	for (uint32_t i = 0; i < count; i++) {
		sets_put(id[i], 2);
		sets_put(4, 2);
		for (uint32_t f = 0; f < NFM_ARRAY_SIZE(field); f++)
			sets_put(field[f], 2);
	}
	sets_close(set);
	sets_end();
}

/* A record of each template: how many of them the datapath counted by itself. */
static uint64_t send_one_of_each(uint16_t version, const uint16_t *id, uint32_t count)
{
	uint64_t by_kernel = records_of(ROUTER, true);
	uint64_t all = by_kernel + records_of(ROUTER, false);

	for (uint32_t i = 0; i < count; i++) {
		build_as_300(version, id[i], DATA300);
		frame_built(ROUTER);
		if (i % 1000 == 0)
			drain();
	}
	drain();
	assert_int_equal(records_of(ROUTER, true) + records_of(ROUTER, false) - all, count);
	assert_int_equal(waiting_sets(), 0);
	return records_of(ROUTER, true) - by_kernel;
}

static void learn_all(uint16_t version, const uint16_t *id, uint32_t count)
{
	for (uint32_t i = 0; i < count; i += 40) {
		put_templates(version, id + i, NFM_MIN(count - i, 40U));
		frame_built(ROUTER);
	}
	drain();
	do_round();
}

/* ---- full ---- */

static void a_full_pool_loses_nothing(void **state)
{
	static uint16_t id[NFM_TEMPLATE_SLOTS + 100];
	const uint32_t count = NFM_ARRAY_SIZE(id);
	uint64_t by_kernel;

	(void)state;
	config->templates_per_exporter = 10000;
	config->template_memory_bytes = 64 << 20;
	open_datapath();
	for (uint32_t i = 0; i < count; i++)
		id[i] = (uint16_t)(300 + i);
	learn_all(NFM_IPFIX, id, count);
	assert_int_equal(templates_known(), count);
	assert_int_equal(meter->templates.install.no_room >= 101, 1); /* a slot is the stream's */
	assert_true(is_armed(NFM_IPFIX));
	by_kernel = send_one_of_each(NFM_IPFIX, id, count);
	assert_in_range(by_kernel, NFM_TEMPLATE_SLOTS / 2, NFM_TEMPLATE_SLOTS - 1);
	assert_customer("alice", 100ULL * count, 0);
	/* what is redefined then is not decoded with what it was */
	arm_with(NFM_IPFIX, T300);
	assert_true(records_of(ROUTER, true) == by_kernel);
	frame(NFM_IPFIX, T300_TURNED);
	drain();
	do_round();
	assert_true(is_armed(NFM_IPFIX));
	frame(NFM_IPFIX, "d 300 8.8.8.8 10.0.0.1 1 100");
	drain();
	assert_customer("alice", 100ULL * count + 100, 0);
	/* another stream finds no slot at all: the agent decodes it */
	next_domain++;
	frame(NFM_IPFIX, T300);
	assert_agent_counts(NFM_IPFIX, DATA300, 1);
	/* when there is room again, it is used */
	next_domain--;
	frame(NFM_IPFIX, "w 2");
	drain();
	do_round();
	next_domain++;
	assert_false(nfm_install_wanted(meter));
	clock_ns += 6 * NFM_NS_PER_S;
	tick();
	assert_true(nfm_install_wanted(meter));
	do_round();
	do_round();
	assert_true(is_armed(NFM_IPFIX));
	assert_kernel_counts(NFM_IPFIX, DATA300, 1);
	assert_customer("alice", 100ULL * count + 300, 0);
}

static uint32_t bucket_of(uint16_t id)
{
	const struct nfm_template_key key = { .domain = next_domain, .version = NFM_NETFLOW_V9,
					      .id = id };

	return nfm_template_bucket(nfm_template_hash(&key));
}

static void a_full_bucket_loses_nothing(void **state)
{
	uint16_t id[NFM_TEMPLATE_WAYS + 4];
	uint32_t count = 0;
	uint64_t by_kernel;

	(void)state;
	open_datapath();
	for (uint32_t i = 256; i < 65536 && count < NFM_ARRAY_SIZE(id); i++)
		if (bucket_of((uint16_t)i) == bucket_of(256) && bucket_of(256) != bucket_of(0))
			id[count++] = (uint16_t)i;
	assert_int_equal(count, NFM_ARRAY_SIZE(id));
	learn_all(NFM_NETFLOW_V9, id, count); /* of the first exporter, row 0 */
	assert_true(is_armed(NFM_NETFLOW_V9));
	assert_int_equal(meter->templates.install.no_room, 4);
	by_kernel = send_one_of_each(NFM_NETFLOW_V9, id, count);
	assert_int_equal(by_kernel, NFM_TEMPLATE_WAYS);
	assert_customer("alice", 100ULL * count, 0);
}

/* More than a slot holds: the agent decodes it, the datapath the rest of its stream. */
static void a_template_too_large_for_a_slot(void **state)
{
	char large[1024] = "t 301 8/4 12/4 1/4 2/4";

	(void)state;
	open_datapath();
	for (uint32_t i = 0; i < 56; i++)
		strcat(large, " 9:5/1");
	arm_with(NFM_IPFIX, T300);
	arm_with(NFM_IPFIX, large);
	assert_null(slot_of(NFM_IPFIX, 301));
	assert_agent_counts(NFM_IPFIX, "d 301 10.0.0.1 8.8.8.8 100 1", 1);
	assert_kernel_counts(NFM_IPFIX, DATA300, 1);
	frame(NFM_IPFIX, large); /* a refresh, which the datapath cannot know */
	assert_agent_counts(NFM_IPFIX, DATA300, 1);
	do_round();
	assert_kernel_counts(NFM_IPFIX, DATA300, 1);
	assert_customer("alice", 400, 0);
}

/* ---- exporters ---- */

static void exporters_do_not_disturb_each_other(void **state)
{
	(void)state;
	open_datapath();
	frame_from(OTHER_ROUTER, NFM_IPFIX, T300);
	arm_with(NFM_IPFIX, T300);
	frame_from(OTHER_ROUTER, NFM_IPFIX, T300_TURNED);
	assert_true(is_armed(NFM_IPFIX));
	drain();
	do_round();
	do_round();
	sets_build(NFM_IPFIX, T300);
	assert_kernel_counts(NFM_IPFIX, DATA300, 1);
	counted_by(true, OTHER_ROUTER, NFM_IPFIX, "d 300 8.8.8.8 10.0.0.1 1 100", 1, __FILE__,
		   __LINE__);
	assert_customer("alice", 200, 0);
}

static void a_removed_exporters_templates_go(void **state)
{
	struct nfm_error error = {};

	(void)state;
	config->any_exporter = false;
	meter_list_exporter(ROUTER, "one", 0, 1);
	meter_list_exporter(OTHER_ROUTER, "two", 0, 1);
	open_datapath();
	frame_from(OTHER_ROUTER, NFM_IPFIX, T300);
	arm_with(NFM_IPFIX, T300);
	config->exporters[0] = config->exporters[1];
	config->exporter_count = 1;
	assert_int_equal(nfm_meter_exporters_apply(meter, &error), 0);
	frame(NFM_IPFIX, DATA300);
	assert_int_equal(meter_reason(NFM_REASON_REFUSED), 1);
	do_round();
	assert_null(slot_of(NFM_IPFIX, 300));
	assert_null(slot_of(NFM_IPFIX, 0));
	counted_by(true, OTHER_ROUTER, NFM_IPFIX, DATA300, 1, __FILE__, __LINE__);
	/* it comes back: what it has redefined meanwhile nobody has heard */
	config->exporter_count = 2;
	config->exporters[0] = (struct nfm_config_exporter){ .addr = meter_addr(ROUTER),
							     .sampling_den = 1, .name = "one" };
	assert_int_equal(nfm_meter_exporters_apply(meter, &error), 0);
	do_round();
	assert_agent_counts(NFM_IPFIX, DATA300, 0);
	assert_int_equal(waiting_sets(), 1);
}

/* ---- another agent ---- */

static void data_without_an_agent(void)
{
	frame(NFM_IPFIX, DATA300);
}

static void redefinition_without_an_agent(void)
{
	frame(NFM_IPFIX, T300_TURNED);
	frame(NFM_IPFIX, "d 300 8.8.8.8 10.0.0.1 1 100");
}

static void lose_the_log(void)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/templates", config->directory);
	assert_int_equal(unlink(path), 0);
}

static void another_agent_goes_on_with_what_is_armed(void **state)
{
	(void)state;
	open_datapath();
	arm_with(NFM_IPFIX, T300 "t 301 8/4 12/4 1/4 2/4 82/v;");
	restart_agent(data_without_an_agent);
	assert_true(is_armed(NFM_IPFIX));
	assert_customer("alice", 100, 0);
	assert_int_equal(records_of(ROUTER, true), 1);
	do_round();
	assert_true(is_armed(NFM_IPFIX));
	assert_kernel_counts(NFM_IPFIX, DATA300, 1);
	assert_agent_counts(NFM_IPFIX, "d 301 10.0.0.1 8.8.8.8 100 1", 1);
	restart_agent(redefinition_without_an_agent);
	assert_false(is_armed(NFM_IPFIX));
	do_round();
	do_round();
	assert_true(is_armed(NFM_IPFIX));
	assert_kernel_counts(NFM_IPFIX, "d 300 8.8.8.8 10.0.0.1 1 100", 1);
	assert_customer("alice", 500, 0);
	/* no log, but a pool: what is armed in it is right */
	restart_agent(lose_the_log);
	assert_int_equal(templates_known(), 2);
	assert_agent_counts(NFM_IPFIX, "d 301 10.0.0.1 8.8.8.8 100 1", 1);
	do_round();
	assert_kernel_counts(NFM_IPFIX, "d 300 8.8.8.8 10.0.0.1 1 100", 1);
	assert_int_equal(waiting_sets(), 0);
	assert_customer("alice", 700, 0);
}

static void lose_the_log_after_a_redefinition(void)
{
	frame(NFM_IPFIX, T300_TURNED);
	lose_the_log();
}

/* No log, and what is linked may be what the stream has redefined. */
static void what_is_not_armed_is_not_believed(void **state)
{
	(void)state;
	open_datapath();
	arm_with(NFM_IPFIX, T300);
	restart_agent(lose_the_log_after_a_redefinition);
	assert_int_equal(templates_known(), 0);
	do_round();
	do_round();
	assert_int_equal(templates_known(), 1);
	assert_kernel_counts(NFM_IPFIX, "d 300 8.8.8.8 10.0.0.1 1 100", 1);
	assert_customer("alice", 100, 0);
}

static void another_agent_installs_as_it_is_configured(void **state)
{
	static const char data[] = "d 300 8.8.8.8 198.51.100.1 100 1 8.8.8.8 10.0.0.1";

	(void)state;
	open_datapath();
	arm_with(NFM_IPFIX, "t 300 8/4 12/4 1/4 2/4 225/4 226/4;");
	assert_kernel_counts(NFM_IPFIX, data, 1);
	meter_list_exporter(ROUTER, "one", 0, 1);
	config->exporters[0].no_nat = true;
	restart_agent(NULL);
	do_round();
	assert_true(is_armed(NFM_IPFIX));
	assert_kernel_counts(NFM_IPFIX, data, 1);
	assert_customer("alice", 0, 100);
	assert_int_equal(meter_row(NFM_ROW_UNMATCHED).up_bytes, 100);
}

/* ---- an agent that dies in a round ---- */

static void die(void)
{
	_exit(0);
}

/* A child with our maps is the agent; it dies in the grace period, or after so many steps. */
static void round_and_die(uint32_t steps)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		in_grace = steps ? NULL : die;
		if (steps && ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
			raise(SIGSTOP);
		do_round();
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	while (steps-- > 1 && WIFSTOPPED(status)) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
	if (WIFSTOPPED(status)) {
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
}

static void an_agent_dies_in_a_round(void **state)
{
	uint64_t bytes = 0;

	(void)state;
	open_datapath();
	arm_with(NFM_IPFIX, T300);
	for (uint32_t turn = 0; turn < 12; turn++) {
		bool turned = turn % 2 == 0;
		const char *data = turned ? "d 300 8.8.8.8 10.0.0.1 1 100" : DATA300;

		/* twice the same: one is in the ring when it dies, or none */
		frame(NFM_IPFIX, turned ? T300_TURNED : T300);
		if (turn & 2)
			drain();
		frame(NFM_IPFIX, data);
		round_and_die(turn < 4 ? 0 : 1 + rnd(turn < 8 ? 20000 : 100000));
		frame(NFM_IPFIX, data);
		restart_agent(NULL);
		frame(NFM_IPFIX, data);
		do_round();
		do_round();
		bytes += 400;
		assert_true(is_armed(NFM_IPFIX));
		assert_kernel_counts(NFM_IPFIX, data, 1);
		assert_customer("alice", bytes, 0);
		assert_int_equal(templates_known(), 1);
	}
}

/* ---- damage ---- */

enum damage {
	SLOT_NUMBER,
	TWICE,
	OTHER_BUCKET,
	EXPORTER,
	STREAM,
	RAW_BYTES,
	STREAMS_STREAM,
	ORPHAN, /* no contradiction: an agent died between two steps */
	NOT_ARMED,
	DAMAGES,
};

static uint32_t way_of(const struct nfm_template_slot *slot)
{
	for (uint32_t i = 0; i < NFM_TEMPLATE_BUCKETS * NFM_TEMPLATE_WAYS; i++)
		if ((pool->way[i] & 0xffff) == (uint32_t)(slot - pool->slot) + 1)
			return i;
	fail_msg("not linked");
	return 0;
}

static void do_damage(enum damage damage)
{
	struct nfm_template_slot *slot = slot_of(NFM_IPFIX, 300);
	struct nfm_template_slot *stream = slot_of(NFM_IPFIX, 0);
	uint32_t way = way_of(slot);

	switch (damage) {
	case SLOT_NUMBER:
		pool->way[way] |= 0xffff;
		break;
	case TWICE:
		pool->way[way ^ 1] = (pool->way[way] & 0xffff0000) | NFM_TEMPLATE_SLOTS;
		pool->slot[NFM_TEMPLATE_SLOTS - 1] = *slot;
		break;
	case OTHER_BUCKET:
		pool->way[way ^ NFM_TEMPLATE_WAYS] = pool->way[way];
		pool->way[way] = 0;
		break;
	case EXPORTER:
		slot->key.exporter = 0xffff;
		break;
	case STREAM:
		slot->stream = NFM_TEMPLATE_SLOTS;
		break;
	case RAW_BYTES:
		slot->raw_bytes = NFM_TEMPLATE_RAW + 1;
		break;
	case STREAMS_STREAM:
		stream->stream++;
		break;
	case ORPHAN:
		pool->way[way_of(stream)] = 0;
		break;
	default:
		stream->token = 12345;
	}
}

static void a_damaged_pool_is_made_anew(void **state)
{
	(void)state;
	open_datapath();
	arm_with(NFM_IPFIX, T300);
	for (enum damage d = 0; d < DAMAGES; d++) {
		do_damage(d);
		restart_agent(NULL);
		if (d < ORPHAN)
			for (uint32_t i = 0; i < NFM_TEMPLATE_BUCKETS * NFM_TEMPLATE_WAYS; i++)
				if (pool->way[i])
					fail_msg("damage %u: way %u is linked", d, i);
		assert_false(is_armed(NFM_IPFIX));
		assert_int_equal(templates_known(), 1);
		assert_agent_counts(NFM_IPFIX, DATA300, 1);
		do_round();
		assert_true(is_armed(NFM_IPFIX));
		assert_kernel_counts(NFM_IPFIX, DATA300, 1);
		assert_customer("alice", 200ULL * (d + 1), 0);
	}
}

/* ---- all at once ---- */

#define ROUNDS 150U
#define LAYOUTS 4U
#define STREAMS 3U

static const struct {
	const char *template, *data;
} layouts[LAYOUTS] = {
	{ "t 300 8/4 12/4 1/4 2/4", "d 300 10.0.0.1 10.0.1.1 %u %u" },
	{ "t 300 12/4 8/4 1/4 2/4", "d 300 10.0.1.1 10.0.0.1 %u %u" },
	{ "t 300 1/4 2/4 8/4 12/4", "d 300 %u %u 10.0.0.1 10.0.1.1" },
	{ "t 300 210/2 8/4 12/4 1/8 2/2", "d 300 0 10.0.0.1 10.0.1.1 %u %u" },
};

static atomic_bool stop;
static atomic_ullong sent_datagrams, sent_records, sent_bytes;
/* A router with streams, which redefines a template now and then and sends data at once. */
static void *send_router(void *cookie)
{
	uint32_t layout[STREAMS] = {};
	char text[128];

	(void)cookie;
	for (uint64_t n = 0; !atomic_load(&stop); n++) {
		uint32_t stream = rnd(STREAMS), packets = 1 + rnd(9);
		uint32_t bytes = packets * (20 + rnd(1400));
		bool redefine = n < STREAMS || rnd(1500) == 0;

		while (nfm_ring_backlog(&meter->ring) > 4 << 20)
			sched_yield();
		if (n < STREAMS)
			stream = (uint32_t)n;
		if (redefine)
			layout[stream] = rnd(LAYOUTS);
		next_domain = stream;
		memset(sets_known, 0, sizeof(sets_known));
		build_numbered(NFM_NETFLOW_V9, layouts[layout[stream]].template);
		if (redefine || rnd(100) == 0) {
			frame_built(ROUTER);
			atomic_fetch_add(&sent_datagrams, 1);
		}
		snprintf(text, sizeof(text), layouts[layout[stream]].data, bytes, packets);
		frame(NFM_NETFLOW_V9, text);
		atomic_fetch_add(&sent_datagrams, 1);
		atomic_fetch_add(&sent_records, 1);
		atomic_fetch_add(&sent_bytes, bytes);
	}
	return NULL;
}

static void no_stale_template_while_all_happens_at_once(void **state)
{
	pthread_t thread;

	(void)state;
	open_datapath();
	assert_int_equal(pthread_create(&thread, NULL, send_router, NULL), 0);
	for (uint32_t i = 0; i < ROUNDS;) {
		bool wanted = nfm_install_wanted(meter);

		nfm_meter_drain(meter, 256);
		do_round();
		i += wanted;
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	drain();
	wait_over();
	print_message("%llu records, %llu by the datapath\n", (unsigned long long)sent_records,
		      (unsigned long long)records_of(ROUTER, true));
	assert_exporter(ROUTER, sent_datagrams, sent_records, sent_bytes);
	assert_customer("alice", sent_bytes, 0);
	assert_customer("bob", 0, sent_bytes);
	assert_int_equal(meter_reason(NFM_REASON_RING_FULL), 0);
	assert_true(records_of(ROUTER, true) > sent_records / 20);
	assert_true(records_of(ROUTER, false) > sent_records / 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, install_set_up, meter_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_pool_loses_nothing),
		TEST(a_full_bucket_loses_nothing),
		TEST(a_template_too_large_for_a_slot),
		TEST(exporters_do_not_disturb_each_other),
		TEST(a_removed_exporters_templates_go),
		TEST(another_agent_goes_on_with_what_is_armed),
		TEST(what_is_not_armed_is_not_believed),
		TEST(another_agent_installs_as_it_is_configured),
		TEST(an_agent_dies_in_a_round),
		TEST(a_damaged_pool_is_made_anew),
		TEST(no_stale_template_while_all_happens_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
