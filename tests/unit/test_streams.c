// SPDX-License-Identifier: GPL-2.0-only
/* The sequence log becomes streams: columns merged by time, overruns, and the agent's own words. */
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/meter.h"
#include "base/clock.h"

#define CPUS 3U
#define CAPACITY 4U
#define EXPORTERS 3U
#define STREAMS 4U
#define LOG 256U /* entries of a column */
#define STRIDE (CAPACITY + 2 * EXPORTERS + NFM_REASON_ROWS)
#define RING 65536U

static struct nfm_ctl ctl;
static struct nfm_row rows[(NFM_BANKS * (CPUS + 1) + NFM_BANKS) * STRIDE];
static struct nfm_exporter exporters[EXPORTERS];
static struct nfm_stream streams[STREAMS];
static struct nfm_seqlog seqlog[(CPUS + 1) * (LOG + NFM_SEQLOG_HEAD)];
static struct nfm_meter *meter;
static uint64_t consumer_pos;
static uint64_t producer_pos;
static uint8_t *ring;

/* The router and the wire: what is sent, and when. */
static struct router {
	uint16_t version; /* 9: its sequence counts datagrams */
	uint64_t time_ms;
	uint32_t sequence;
	uint64_t sent; /* units */
	uint64_t dropped;
} router;

static uint32_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* An agent begins: all that it knows is in the table. */
static void begin_agent(void)
{
	memset(meter, 0, sizeof(*meter));
	meter->xdp = (struct nfm_xdp)NFM_XDP_NONE;
	meter->table = (struct nfm_table){
		.ctl = &ctl,
		.rows = rows,
		.exporters = exporters,
		.streams = streams,
		.seqlog = seqlog,
		.refusals_fd = -1,
		.geometry = {
			.columns = CPUS + 1,
			.capacity = CAPACITY,
			.exporters = EXPORTERS,
			.stride = STRIDE,
			.streams = STREAMS,
			.seqlog_entries = LOG,
		},
	};
	meter->ring = (struct nfm_ring){ &consumer_pos, &producer_pos, ring, RING - 1, 4096 };
}

static int set_up(void **state)
{
	(void)state;
	meter = calloc(1, sizeof(*meter));
	ring = aligned_alloc(8, RING);
	if (!meter || !ring)
		return -1;
	memset(&ctl, 0, sizeof(ctl));
	memset(rows, 0, sizeof(rows));
	memset(exporters, 0, sizeof(exporters));
	memset(streams, 0, sizeof(streams));
	memset(seqlog, 0, sizeof(seqlog));
	ctl.exporter_count = EXPORTERS;
	ctl.epoch = 2;
	consumer_pos = producer_pos = 0;
	router = (struct router){ .version = 5, .time_ms = 1000000 };
	seed = 1;
	begin_agent();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(meter);
	free(ring);
	return 0;
}

/* The router's next datagram. */
static struct nfm_seqlog send_one(uint16_t exporter)
{
	struct nfm_seqlog e = {
		.exporter = exporter,
		.version = router.version,
		.domain = 7,
		.sequence = router.sequence,
		.units = (uint16_t)(1 + rnd(30)),
	};
	uint32_t worth = router.version == 9 ? 1 : e.units;

	router.time_ms += rnd(4); /* a coarse clock: several at the same time */
	e.time_ns = router.time_ms * NFM_NS_PER_MS;
	e.uptime_ms = (uint32_t)router.time_ms;
	router.sequence += worth;
	router.sent += worth;
	return e;
}

static void drop(void)
{
	uint64_t sent = router.sent;

	send_one(0);
	router.dropped += router.sent - sent;
}

/* As the datapath does (bpf/sequence.h, bpf/count.h). */
static void count_in_kernel(uint32_t cpu, const struct nfm_seqlog *e)
{
	struct nfm_seqlog *head = &seqlog[cpu * (LOG + NFM_SEQLOG_HEAD)];

	if (e->exporter < EXPORTERS) {
		struct nfm_row *row =
			nfm_table_row(&meter->table, ctl.epoch & 1, cpu, CAPACITY + e->exporter);

		row->exporter.records += e->units;
		row->exporter.datagrams++;
	}
	head[NFM_SEQLOG_HEAD + head->head % LOG] = *e;
	head->head++;
}

/* The stream is known: from now on an overrun is a gap in it. */
static void begin_stream(void)
{
	struct nfm_seqlog e = send_one(0);

	count_in_kernel(0, &e);
	nfm_meter_fold(meter);
}

static void assert_exact(const struct nfm_stream *s)
{
	if (s->lost != router.dropped || s->received != router.sent - router.dropped || s->resets ||
	    s->duplicates)
		fail_msg("lost %llu of %llu, received %llu, resets %llu, duplicates %llu", s->lost,
			 (unsigned long long)router.dropped, s->received, s->resets, s->duplicates);
}

/* ---- merging ---- */

static void wandering_stream_is_one(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		struct nfm_seqlog e = send_one(0);

		count_in_kernel(rnd(CPUS), &e);
		if (rnd(30) == 0)
			nfm_meter_fold(meter);
	}
	nfm_meter_fold(meter);
	assert_int_equal(ctl.stream_count, 1);
	assert_exact(&streams[0]);
	assert_int_equal(ctl.seqlog_overruns, 0);
}

static void loss_of_a_wandering_stream(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		struct nfm_seqlog e = send_one(0);

		count_in_kernel(rnd(CPUS), &e);
		if (rnd(50) == 0)
			drop();
		if (rnd(30) == 0)
			nfm_meter_fold(meter);
	}
	count_in_kernel(0, &(struct nfm_seqlog){ 0 }); /* of exporter 0, but of no version */
	nfm_meter_fold(meter);
	assert_true(router.dropped > 1000);
	assert_exact(&streams[0]);
}

static void next_agent_goes_on(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		struct nfm_seqlog e = send_one(0);

		count_in_kernel(rnd(CPUS), &e);
		if (rnd(30) == 0)
			nfm_meter_fold(meter);
		if (rnd(100) == 0)
			begin_agent();
	}
	nfm_meter_fold(meter);
	assert_int_equal(ctl.stream_count, 1);
	assert_exact(&streams[0]);
}

/* ---- overruns ---- */

static void overrun(uint16_t version)
{
	router.version = version;
	begin_stream();
	for (uint32_t turn = 0; turn < 20; turn++) {
		for (uint32_t i = rnd(10 * LOG); i; i--) {
			struct nfm_seqlog e = send_one(0);

			count_in_kernel(rnd(CPUS), &e);
		}
		nfm_meter_fold(meter);
		assert_exact(&streams[0]);
	}
	assert_true(ctl.seqlog_overruns > 100);
	assert_int_equal(exporters[0].units_unseen, 0);
	assert_int_equal(exporters[0].datagrams_unseen, 0);
}

static void overrun_is_no_loss(void **state)
{
	(void)state;
	overrun(5);
}

static void overrun_of_datagrams_is_no_loss(void **state)
{
	(void)state;
	overrun(9);
}

/* What the kernel counted is known from the rows, so that even a loss in the dark is seen. */
static void overrun_and_loss(uint16_t version)
{
	router.version = version;
	begin_stream();
	for (uint32_t turn = 0; turn < 20; turn++) {
		for (uint32_t i = rnd(10 * LOG); i; i--) {
			struct nfm_seqlog e = send_one(0);

			count_in_kernel(turn % CPUS, &e);
			if (rnd(20) == 0)
				drop();
		}
		begin_stream(); /* closes the last gap */
		assert_exact(&streams[0]);
	}
	assert_true(ctl.seqlog_overruns > 100);
	assert_true(router.dropped > 100);
}

static void loss_beside_an_overrun(void **state)
{
	(void)state;
	overrun_and_loss(5);
}

static void loss_of_datagrams_beside_an_overrun(void **state)
{
	(void)state;
	overrun_and_loss(9);
}

/* Options records are told by the agent's words alone: they are no part of the kernel's credit. */
static void options_records_beside_an_overrun(void **state)
{
	(void)state;
	router.version = 10;
	begin_stream();
	for (uint32_t i = 0; i < 10 * LOG; i++) {
		struct nfm_seqlog e = send_one(0);

		if (i % 100 == 0)
			nfm_meter_sequence(meter, &e);
		else
			count_in_kernel(rnd(CPUS), &e);
		if (i % 300 == 0)
			drop();
	}
	begin_stream();
	assert_true(ctl.seqlog_overruns == 0);
	assert_exact(&streams[0]);
	for (uint32_t i = 0; i < 4 * LOG; i++) {
		struct nfm_seqlog e = send_one(0);

		count_in_kernel(0, &e);
	}
	drop();
	begin_stream();
	assert_true(ctl.seqlog_overruns > 100);
	assert_exact(&streams[0]);
	assert_int_equal(exporters[0].units_unseen, 0);
}

static void overruns_are_counted_once(void **state)
{
	uint64_t overruns;

	(void)state;
	begin_stream();
	for (uint32_t i = 0; i < 3 * LOG; i++) {
		struct nfm_seqlog e = send_one(0);

		count_in_kernel(0, &e);
	}
	/* a word of long ago: none of the lines has its turn yet */
	nfm_meter_sequence(meter, &(struct nfm_seqlog){ .exporter = 1, .version = 5, .units = 1 });
	overruns = ctl.seqlog_overruns;
	/* the oldest eighth may be overwritten while it is read: left alone */
	assert_int_equal(overruns, 3 * LOG - (LOG - LOG / 8));
	nfm_meter_fold(meter);
	assert_int_equal(ctl.seqlog_overruns, overruns);
	assert_exact(&streams[0]);
}

/* One exporter's overrun is no credit to another. */
static void credit_stays_with_its_exporter(void **state)
{
	struct nfm_seqlog quiet = { .exporter = 1, .version = 5, .time_ns = 1, .units = 10 };

	(void)state;
	count_in_kernel(1, &quiet);
	for (uint32_t i = 0; i < 4 * LOG; i++) {
		struct nfm_seqlog e = send_one(0);

		count_in_kernel(0, &e);
	}
	quiet.sequence = 25;
	quiet.time_ns = router.time_ms * NFM_NS_PER_MS;
	count_in_kernel(1, &quiet);
	nfm_meter_fold(meter);
	assert_int_equal(streams[0].exporter, 1);
	assert_int_equal(streams[0].lost, 15);
	assert_int_equal(streams[0].received, 20);
}

/* ---- the agent's own datagrams ---- */

/* Punted ones are judged when they leave the ring: long after, or long before the log's lines. */
static void punted_datagrams_among_the_log(void **state)
{
	struct nfm_seqlog waiting[50];
	uint32_t count = 0;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		struct nfm_seqlog e;

		router.time_ms += 5;
		e = send_one(0);
		if (rnd(50) == 0 && count < 50)
			waiting[count++] = e;
		else
			count_in_kernel(rnd(CPUS), &e);
		if (rnd(100) == 0)
			drop();
		if (rnd(110))
			continue;
		for (uint32_t k = 0; k < count; k++)
			nfm_meter_sequence(meter, &waiting[k]);
		count = 0;
		nfm_meter_fold(meter);
	}
	for (uint32_t k = 0; k < count; k++)
		nfm_meter_sequence(meter, &waiting[k]);
	begin_stream();
	assert_exact(&streams[0]);
}

/* What arrived behind a datagram that still waits in the ring is not judged before it. */
static void log_waits_for_the_ring(void **state)
{
	struct nfm_seqlog e[3];
	struct nfm_punt *punt = (void *)(ring + BPF_RINGBUF_HDR_SZ);

	(void)state;
	for (int i = 0; i < 3; i++) {
		router.time_ms += 10;
		e[i] = send_one(0);
	}
	count_in_kernel(0, &e[0]);
	count_in_kernel(1, &e[2]);
	*(uint32_t *)ring = sizeof(*punt);
	*punt = (struct nfm_punt){ .time_ns = e[1].time_ns };
	producer_pos = BPF_RINGBUF_HDR_SZ + sizeof(*punt);
	nfm_meter_fold(meter);
	assert_int_equal(streams[0].datagrams, 1);
	consumer_pos = producer_pos;
	nfm_meter_sequence(meter, &e[1]);
	nfm_meter_fold(meter);
	assert_int_equal(streams[0].datagrams, 3);
	assert_int_equal(streams[0].reordered, 0);
	assert_exact(&streams[0]);
}

/* ---- which stream ---- */

static void streams_are_told_apart(void **state)
{
	static const struct nfm_seqlog words[] = {
		{ .exporter = 0, .version = 5, .domain = 1, .sequence = 100, .units = 1 },
		{ .exporter = 0, .version = 5, .domain = 2, .sequence = 200, .units = 2 },
		{ .exporter = 1, .version = 5, .domain = 1, .sequence = 300, .units = 3 },
		{ .exporter = 0, .version = 7, .domain = 1, .sequence = 400, .units = 4 },
	};

	(void)state;
	for (uint32_t turn = 0; turn < 3; turn++)
		for (uint32_t i = 0; i < 4; i++) {
			struct nfm_seqlog e = words[i];

			e.sequence += turn * e.units;
			count_in_kernel(i % CPUS, &e);
			nfm_meter_fold(meter);
		}
	assert_int_equal(ctl.stream_count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(streams[i].received, 3 * words[i].units);
		assert_int_equal(streams[i].lost, 0);
		assert_int_equal(streams[i].unit, NFM_UNIT_RECORDS);
		assert_int_equal(streams[i].used, 1);
	}
}

/* A source that makes up domains fills the list, and no more. */
static void list_of_streams_is_bounded(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct nfm_seqlog e = { .version = 5, .domain = i, .units = 1 };

		count_in_kernel(0, &e);
		nfm_meter_fold(meter);
	}
	assert_int_equal(ctl.stream_count, STREAMS);
	assert_int_equal(streams[STREAMS - 1].domain, STREAMS - 1);
	assert_int_equal(exporters[0].units_seen, 1000);
	assert_int_equal(exporters[0].datagrams_seen, 1000);
}

static void exporter_that_is_none(void **state)
{
	const struct nfm_seqlog e = { .exporter = EXPORTERS, .version = 5, .units = 1 };

	(void)state;
	count_in_kernel(0, &e);
	nfm_meter_fold(meter);
	nfm_meter_sequence(meter, &e);
	assert_int_equal(ctl.stream_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wandering_stream_is_one),
		TEST(loss_of_a_wandering_stream),
		TEST(next_agent_goes_on),
		TEST(overrun_is_no_loss),
		TEST(overrun_of_datagrams_is_no_loss),
		TEST(loss_beside_an_overrun),
		TEST(loss_of_datagrams_beside_an_overrun),
		TEST(options_records_beside_an_overrun),
		TEST(overruns_are_counted_once),
		TEST(credit_stays_with_its_exporter),
		TEST(punted_datagrams_among_the_log),
		TEST(log_waits_for_the_ring),
		TEST(streams_are_told_apart),
		TEST(list_of_streams_is_bounded),
		TEST(exporter_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
