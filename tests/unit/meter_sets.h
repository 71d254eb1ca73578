/* SPDX-License-Identifier: GPL-2.0-only */
/* Datagrams of NetFlow v9 and IPFIX into a meter in socket mode; its accounts hold after each. */
#ifndef NFM_TEST_UNIT_METER_SETS_H
#define NFM_TEST_UNIT_METER_SETS_H

#include "meter.h"
#include "sets.h"
#include "table/waiting.h"

#define ROUTER "192.0.2.1"
#define OTHER_ROUTER "192.0.2.2"

#define CUSTOMERS "id,prefixes\nalice,10.0.0.0/24\nbob,10.0.1.0/24\nsix,2001:db8:1::/48\n"

/* Both versions, as a test's loop. */
#define FOR_VERSIONS(v) for (uint16_t v = NFM_NETFLOW_V9; v <= NFM_IPFIX; v++)

static uint64_t clock_ns = METER_NOW_NS; /* when what comes next comes */
static uint32_t next_sequence; /* of the datagram that comes next */
static uint32_t next_domain;

/* Every datagram that was received was counted, refused or rejected, and once. */
static inline void assert_all_accounted(void)
{
	uint64_t datagrams = 0;

	for (uint32_t i = 0; i < meter->table.ctl->exporter_count; i++)
		datagrams += meter_row(nfm_table_exporter_row(&meter->table, i)).exporter.datagrams;
	for (uint32_t i = 0; i < NFM_REASON_ROWS; i++)
		if (nfm_reason_kind(i) == NFM_KIND_REJECT)
			datagrams += meter_reason(i);
	assert_int_equal(datagrams, meter_reason(NFM_REASON_RECEIVED));
	assert_conserved();
}

/* What stands in sets_byte arrives. */
static inline uint32_t arrive_built(const char *router)
{
	const struct nfm_arrival arrival = {
		.source = meter_addr(router),
		.payload = sets_byte,
		.length = sets_bytes,
		.time_ns = clock_ns,
		.uncounted = true,
		.ring_pos = NFM_JOURNAL_NO_RING,
	};

	return nfm_meter_take(meter, &arrival);
}

static inline void build_numbered(uint16_t version, const char *text)
{
	sets_build(version, text);
	sets_write(version == NFM_IPFIX ? 8 : 12, next_sequence, 4);
	sets_write(version == NFM_IPFIX ? 12 : 16, next_domain, 4);
}

/* The datagram of this text arrives; see sets.h. Returns the reason. */
static inline uint32_t arrive(const char *router, uint16_t version, const char *text)
{
	uint32_t reason;

	build_numbered(version, text);
	reason = arrive_built(router);
	assert_all_accounted();
	return reason;
}

static inline void arrives(const char *router, uint16_t version, const char *text)
{
	uint32_t reason = arrive(router, version, text);

	if (reason != NFM_REASON_NONE)
		fail_msg("v%u \"%s\": %s", version, text, nfm_reason_name(reason));
}

static inline void tick(void)
{
	nfm_meter_templates_tick(meter, clock_ns);
	assert_all_accounted();
}

static inline uint64_t waiting_sets(void)
{
	uint64_t sets, bytes, oldest_ns;

	nfm_waiting_count(&meter->table, &sets, &bytes, &oldest_ns);
	return sets;
}

static inline uint32_t templates_known(void)
{
	struct nfm_store_count count;

	nfm_store_count(meter->templates.store, &count);
	return count.templates;
}

static inline struct nfm_row meter_notes(const char *router)
{
	const struct nfm_addr addr = meter_addr(router);
	int exporter = nfm_meter_exporter_find(meter, &addr);

	assert_true(exporter >= 0);
	return meter_row(nfm_table_notes_row(&meter->table, (uint32_t)exporter));
}

static inline uint64_t meter_reason_bytes(uint32_t reason)
{
	return meter_row(nfm_table_reason_row(&meter->table, reason)).reason.bytes;
}

static inline void assert_customer(const char *id, uint64_t up, uint64_t down)
{
	struct nfm_row row = meter_row(meter_customer(id));

	assert_int_equal(row.up_bytes, up);
	assert_int_equal(row.down_bytes, down);
}

static inline void assert_exporter(const char *router, uint64_t datagrams, uint64_t records,
				   uint64_t bytes)
{
	struct nfm_row row = meter_exporter_row(router);

	assert_int_equal(row.exporter.datagrams, datagrams);
	assert_int_equal(row.exporter.records, records);
	assert_int_equal(row.exporter.bytes, bytes);
}

/* A meter with CUSTOMERS; the tests' own state is new, too. */
static inline int meter_sets_set_up(void **state)
{
	clock_ns = METER_NOW_NS;
	next_sequence = 0;
	next_domain = 7;
	memset(sets_known, 0, sizeof(sets_known));
	if (meter_set_up(state))
		return -1;
	meter_write_customers(CUSTOMERS);
	return 0;
}

/* Nothing is left of what came before: for a test's next version. */
static inline void meter_sets_restart(void)
{
	void *state = NULL;

	assert_int_equal(meter_tear_down(&state), 0);
	assert_int_equal(meter_sets_set_up(&state), 0);
}

#endif
