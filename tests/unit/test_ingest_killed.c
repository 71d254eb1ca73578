// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent is killed anywhere while it takes datagrams with templates, data that wait for them,
 * and while it counts these later: all counts once, and no template is lost.
 */
#include "meter_sets.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/templates.h"

#define T300 "t 300 8/4 12/4 1/4 2/4;"
#define ROUNDS 20U
#define STEPS 6000U /* instructions of a step, about; data take some 3,500 */
#define TICK_POS 0U /* no datagram: what waits is counted */

static uint64_t *consumer_pos; /* of a punt ring; outlives the agent */
static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* As nfm_meter_open() with a ring: what was under way is finished, its position included. */
static void open_with_ring(void)
{
	struct nfm_table table;
	struct nfm_error error = {};
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/table", config->runtime);
	if (nfm_table_file_open(path, true, &table, &error) == 0) {
		nfm_journal_recover(&table, consumer_pos, NULL);
		nfm_table_close(&table);
	}
	meter_open();
	meter->ring.consumer_pos = consumer_pos;
	meter->templates.tidy_ns = clock_ns; /* that would be most of a tick's instructions */
}

static void close_with_ring(void)
{
	meter->ring.consumer_pos = NULL;
	meter_close();
}

/* One step of the agent: the datagram in sets_byte, up to `pos` in the ring; or a tick. */
static void step(uint64_t pos)
{
	const struct nfm_arrival arrival = {
		.source = meter_addr(ROUTER),
		.payload = sets_byte,
		.length = sets_bytes,
		.time_ns = clock_ns,
		.ring_pos = pos,
	};

	if (pos == TICK_POS)
		nfm_meter_templates_tick(meter, clock_ns);
	else
		nfm_meter_take(meter, &arrival);
}

static void single_step(pid_t child, uint32_t steps)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	while (steps-- && WIFSTOPPED(status)) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
	if (WIFSTOPPED(status)) {
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
}

static bool may_trace(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* An agent of its own opens the meter, and dies after so many instructions of the step. */
static void step_and_die(uint64_t pos, uint32_t steps)
{
	pid_t child = fork();

	if (child == 0) {
		open_with_ring();
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		step(pos);
		_exit(0);
	}
	single_step(child, steps);
}

/* What the next agent finds it goes on with; true: the step had to be done once more. */
static bool step_with_death(uint64_t pos, uint32_t steps)
{
	bool again;

	step_and_die(pos, steps);
	open_with_ring();
	again = pos != TICK_POS && *consumer_pos != pos;
	if (pos == TICK_POS || again)
		step(pos);
	assert_true(pos == TICK_POS || *consumer_pos == pos);
	assert_conserved();
	return again;
}

/* Where in a step the death is: mostly at its begin; at a longer one's end (sanitizers), too. */
static uint32_t some_steps(void)
{
	return rnd(STEPS << (rnd(4) ? 0 : 3) >> (rnd(4) ? 0 : 3));
}

struct sent {
	uint64_t datagrams, records, bytes;
	uint32_t waits, templates;
};

/* Data of a template that is known (300), or that comes later (301 and up), or both. */
static void build_data(struct sent *sent, uint32_t round)
{
	char text[256];
	uint32_t bytes = 100 + rnd(900);

	next_sequence = (uint32_t)sent->records;
	snprintf(text, sizeof(text),
		 "d 300 10.0.0.1 8.8.8.8 %u 2; d %u 10.0.0.1 10.0.1.1 %u 1, 8.8.8.8 10.0.0.9 %u 1",
		 bytes, 301 + round, bytes, bytes);
	build_numbered(NFM_IPFIX, text);
	sent->records += 3;
	sent->bytes += 3 * bytes;
	sent->datagrams++;
	sent->waits++;
}

static void build_template(struct sent *sent, uint32_t round)
{
	char text[64];

	next_sequence = (uint32_t)sent->records;
	snprintf(text, sizeof(text), "t %u 8/4 12/4 1/4 2/4", 301 + round);
	build_numbered(NFM_IPFIX, text);
	sent->datagrams++;
	sent->templates++;
}

/* For data before their template the writer has to know it already. */
static void know(uint32_t round)
{
	sets_known[1] = sets_known[0];
	sets_known[1].id = 301 + round;
}

static void assert_counted(const struct sent *sent)
{
	assert_exporter(ROUTER, sent->datagrams, sent->records, sent->bytes);
	assert_int_equal(waiting_sets(), 0);
	assert_int_equal(meter_reason(NFM_REASON_WAITED), sent->waits);
	assert_int_equal(meter_reason_records(NFM_REASON_WAITED), 2 * sent->waits);
	assert_int_equal(templates_known(), sent->templates);
	assert_int_equal(meter->table.streams[0].lost, 0);
	assert_int_equal(meter_notes(ROUTER).notes.given_up, 0);
	assert_conserved();
}

static void killed_anywhere_with_templates(void **state)
{
	struct sent sent = {};
	uint32_t again = 0;
	uint64_t pos = 0;

	(void)state;
	if (!may_trace())
		skip();
	consumer_pos = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(consumer_pos, MAP_FAILED);
	open_with_ring();
	sets_build(NFM_IPFIX, T300);
	build_numbered(NFM_IPFIX, T300);
	step(pos += 64);
	sent = (struct sent){ .datagrams = 1, .templates = 1 };
	for (uint32_t round = 0; round < ROUNDS; round++) {
		know(round);
		close_with_ring();
		build_data(&sent, round);
		again += step_with_death(pos += 64, some_steps());
		assert_int_equal(waiting_sets(), 1);
		close_with_ring();
		build_template(&sent, round);
		again += step_with_death(pos += 64, some_steps());
		close_with_ring();
		step_with_death(TICK_POS, some_steps());
		assert_counted(&sent);
	}
	close_with_ring();
	munmap(consumer_pos, 4096);
	assert_in_range(again, ROUNDS / 4, 2 * ROUNDS - 1); /* before the commit, and behind it */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, meter_sets_set_up, meter_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_anywhere_with_templates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
