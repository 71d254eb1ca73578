/* SPDX-License-Identifier: GPL-2.0-only */
/* A meter in socket mode over a table file in a folder of its own, and datagrams for it. */
#ifndef NFM_TEST_UNIT_METER_H
#define NFM_TEST_UNIT_METER_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "agent/meter.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "folder.h"

#define METER_NOW_NS (1000 * NFM_NS_PER_S)

static struct nfm_config *config;
static struct nfm_meter *meter;
static bool meter_is_open;

static inline int meter_try_open(struct nfm_error *error)
{
	int r = nfm_meter_open(meter, config, NULL, error);

	meter_is_open = r == 0;
	return r;
}

static inline void meter_close(void)
{
	if (meter_is_open)
		nfm_meter_close(meter);
	meter_is_open = false;
}

static inline void meter_open(void)
{
	struct nfm_error error = {};

	if (meter_try_open(&error) < 0)
		fail_msg("%s", error.text);
}

static inline void meter_reopen(void)
{
	meter_close();
	meter_open();
}

/* Nothing is configured but a table of 32 rows; any exporter may send. */
static int meter_set_up(void **state)
{
	(void)state;
	nfm_log_set_level(LOG_EMERG);
	config = calloc(1, sizeof(*config));
	meter = calloc(1, sizeof(*meter));
	if (!config || !meter || folder_make())
		return -1;
	snprintf(config->runtime, sizeof(config->runtime), "%s/run", folder);
	snprintf(config->directory, sizeof(config->directory), "%s", folder);
	snprintf(config->customers_file, sizeof(config->customers_file), "%s/customers.csv",
		 folder);
	config->capacity = 32;
	config->max_exporters = 8;
	config->pages = 1024;
	config->interval_s = 300;
	config->templates_per_exporter = 64;
	config->template_memory_bytes = 1 << 20;
	config->template_buffer_bytes = 64 << 10;
	config->template_wait_s = 2100;
	config->any_exporter = true;
	config->ports[0] = NFM_DEFAULT_PORT;
	config->port_count = 1;
	return 0;
}

static int meter_tear_down(void **state)
{
	(void)state;
	meter_close();
	free(config->exporters);
	free(config);
	free(meter);
	return folder_remove();
}

static inline void meter_write_customers(const char *text)
{
	FILE *file = fopen(config->customers_file, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static inline void meter_auto(const char *a, uint8_t bits)
{
	struct nfm_config_prefix *p = &config->autos[config->auto_count++];

	*p = (struct nfm_config_prefix){ .family = 4, .bits = bits };
	assert_int_equal(inet_pton(AF_INET, a, p->addr), 1);
}

static inline struct nfm_addr meter_addr(const char *text)
{
	struct nfm_addr addr = { .byte = { [10] = 0xff, [11] = 0xff } };

	assert_int_equal(inet_pton(AF_INET, text, addr.byte + 12), 1);
	return addr;
}

/* Adds an [exporter]; num 0 is `auto`. */
static inline void meter_list_exporter(const char *address, const char *name, uint32_t num,
				       uint32_t den)
{
	struct nfm_config_exporter *e;

	config->exporters = realloc(config->exporters, (config->exporter_count + 1) * sizeof(*e));
	assert_non_null(config->exporters);
	e = &config->exporters[config->exporter_count++];
	*e = (struct nfm_config_exporter){ .addr = meter_addr(address),
					   .sampling_num = num,
					   .sampling_den = den };
	snprintf(e->name, sizeof(e->name), "%s", name);
}

/* ---- datagrams ---- */

struct meter_record {
	const char *src;
	const char *dst;
	uint32_t bytes;
	uint32_t packets;
};

/* v5; returns its length in bytes. */
static inline uint32_t meter_build(uint8_t *at, uint32_t sequence, const struct meter_record *r,
				   uint16_t count)
{
	const uint16_t head[2] = { htons(5), htons(count) };
	const uint32_t sequence_be = htonl(sequence);

	memset(at, 0, 24 + 48U * count);
	memcpy(at, head, 4);
	memcpy(at + 16, &sequence_be, 4);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *record = at + 24 + 48 * i;
		const uint32_t counts_be[2] = { htonl(r[i].packets), htonl(r[i].bytes) };

		inet_pton(AF_INET, r[i].src, record);
		inet_pton(AF_INET, r[i].dst, record + 4);
		memcpy(record + 16, counts_be, 8);
	}
	return 24 + 48U * count;
}

static inline uint32_t meter_take(const char *source, const void *payload, uint32_t length)
{
	const struct nfm_arrival arrival = {
		.source = meter_addr(source),
		.payload = payload,
		.length = length,
		.time_ns = METER_NOW_NS,
		.uncounted = true,
		.ring_pos = NFM_JOURNAL_NO_RING,
	};

	return nfm_meter_take(meter, &arrival);
}

static inline uint32_t meter_take_records(const char *source, const struct meter_record *r,
					  uint16_t count)
{
	uint8_t payload[24 + 48 * 30];

	return meter_take(source, payload, meter_build(payload, 0, r, count));
}

/* ---- what is counted ---- */

static inline struct nfm_row meter_row(uint32_t row)
{
	struct nfm_row sum;

	nfm_table_sum(&meter->table, row, &sum);
	return sum;
}

static inline struct nfm_row meter_exporter_row(const char *source)
{
	const struct nfm_addr addr = meter_addr(source);
	int exporter = nfm_meter_exporter_find(meter, &addr);

	assert_true(exporter >= 0);
	return meter_row(nfm_table_exporter_row(&meter->table, (uint32_t)exporter));
}

static inline uint64_t meter_reason(uint32_t reason)
{
	return meter_row(nfm_table_reason_row(&meter->table, reason)).reason.datagrams;
}

static inline uint64_t meter_reason_records(uint32_t reason)
{
	return meter_row(nfm_table_reason_row(&meter->table, reason)).reason.records;
}

/* Row of a customer by id; fails if there is none. */
static inline uint32_t meter_customer(const char *id)
{
	for (uint32_t i = 0; i < meter->table.ctl->names; i++)
		if (meter->table.names[i].state && !strcmp(meter->table.names[i].id, id))
			return i;
	fail_msg("no customer %s", id);
	return 0;
}

/* sum of up + sum of down + unmatched - local = total, in each unit. */
static inline void assert_conserved(void)
{
	struct nfm_row unmatched = meter_row(NFM_ROW_UNMATCHED);
	struct nfm_row local = meter_row(NFM_ROW_LOCAL);
	struct nfm_row sum = {};
	struct nfm_row total = {};

	for (uint32_t i = NFM_ROW_FIRST; i < meter->table.geometry.capacity; i++) {
		struct nfm_row row = meter_row(i);

		nfm_row_add(&sum, &row);
	}
	for (uint32_t i = 0; i < meter->table.ctl->exporter_count; i++) {
		struct nfm_row row = meter_row(nfm_table_exporter_row(&meter->table, i));

		nfm_row_add(&total, &row);
	}
	for (int w = 0; w < 3; w++) /* bytes, packets, flows */
		assert_int_equal(sum.word[w] + sum.word[w + 3] + unmatched.word[w] - local.word[w],
				 total.word[w]);
	assert_int_equal(unmatched.down_bytes, 0);
	assert_int_equal(local.down_bytes, 0);
}

#endif
