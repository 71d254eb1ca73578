/* SPDX-License-Identifier: GPL-2.0-only */
/* Datagrams of NetFlow v9 and IPFIX for the datapath on its small table, and its templates. */
#ifndef NFM_BPF_TEMPLATES_H
#define NFM_BPF_TEMPLATES_H

#include <errno.h>

#include "../lib/prog_template.h"
#include "../lib/sets.h"
#include "base/cleanup.h"
#include "batch.h"
#include "fixture.h"
#include "wire.h"

/* Information elements. */
#define BYTES 1
#define PACKETS 2
#define SRC 8
#define DST 12
#define LAST_UPTIME 21
#define FIRST_UPTIME 22
#define SRC6 27
#define DST6 28
#define FIRST_S 150
#define LAST_S 151
#define FIRST_MS 152
#define LAST_MS 153
#define POST_SRC 225
#define POST_DST 226
#define FILLER 210 /* paddingOctets: whatever length */

#define DOMAIN 7U
#define ID 300U
#define UPTIME_MS 70000U
#define UNIX_S 1700000000U
#define SEQUENCE 1000U

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* Every version with templates: 9 and 10. */
#define FOR_VERSIONS(v) for (uint16_t v = NFM_NETFLOW_V9; v <= NFM_IPFIX; v++)

/* A flow as a record is made of it; what its template lacks does not matter. */
struct flow {
	uint32_t src, dst;
	uint64_t bytes, packets;
	uint32_t post_src, post_dst;
	const uint8_t *src6, *dst6;
	uint64_t first, last; /* in whatever unit its template has */
};

static const struct nfm_sets_field plain4[] = {
	{ SRC, 4, 0 }, { DST, 4, 0 }, { BYTES, 4, 0 }, { PACKETS, 4, 0 },
};
static const struct nfm_sets_field plain6[] = {
	{ SRC6, 16, 0 }, { DST6, 16, 0 }, { BYTES, 4, 0 }, { PACKETS, 4, 0 },
};
static const struct flow up = { .src = A1, .dst = REMOTE, .bytes = 1500, .packets = 3 };
static struct nfm_sets sets;
static uint32_t payload_length;

#define PLAIN4 plain4, COUNT(plain4)
#define PLAIN6 plain6, COUNT(plain6)

/* The template's slot, in the stream of EXPORTER and DOMAIN. */
static inline struct nfm_template_slot *install(uint16_t version, uint16_t id,
						const struct nfm_sets_field *field, uint32_t count,
						uint16_t kind)
{
	bool options = kind == NFM_SLOT_OPTIONS || kind == NFM_SLOT_SAMPLING;
	uint8_t raw[NFM_SETS_RAW];
	uint32_t length = nfm_sets_raw(raw, version, id, options, field, count, options);
	int slot = nfm_prog_template(&prog, EXPORTER, version, DOMAIN, raw, length, kind);

	if (slot < 0)
		fail_msg("template %u of version %u: %s", id, version, strerror(-slot));
	return &prog.table.templates->slot[slot];
}

static inline uint64_t token(uint16_t version)
{
	return nfm_prog_token(&prog, EXPORTER, version, DOMAIN);
}

/* A fresh table in which the stream has template ID as `plain4`. */
static inline struct nfm_template_slot *fresh_plain(uint16_t version)
{
	assert_int_equal(fresh(NULL), 0);
	return install(version, ID, PLAIN4, NFM_SLOT_DATA);
}

static inline void begin(uint16_t version, uint64_t seed)
{
	const struct nfm_sets_header header = {
		.version = version, .count = 0xeeee, .uptime_ms = UPTIME_MS,
		.unix_s = UNIX_S, .sequence = SEQUENCE, .domain = DOMAIN,
	};

	nfm_sets_begin(&sets, payload, &header, seed);
}

static inline void put_record(const struct nfm_sets_field *field, uint32_t count,
			      const struct flow *f)
{
	const struct nfm_sets_value value[] = {
		{ SRC, f->src, NULL },		 { DST, f->dst, NULL },
		{ BYTES, f->bytes, NULL },	 { PACKETS, f->packets, NULL },
		{ POST_SRC, f->post_src, NULL }, { POST_DST, f->post_dst, NULL },
		{ SRC6, 0, f->src6 },		 { DST6, 0, f->dst6 },
		{ FIRST_UPTIME, f->first, NULL }, { LAST_UPTIME, f->last, NULL },
		{ FIRST_S, f->first, NULL },	 { LAST_S, f->last, NULL },
		{ FIRST_MS, f->first, NULL },	 { LAST_MS, f->last, NULL },
	};

	nfm_sets_record(&sets, field, count, value, COUNT(value));
}

/* A whole set of `records` equal records. */
static inline void put_data(uint16_t id, const struct nfm_sets_field *field, uint32_t count,
			    const struct flow *f, uint32_t records)
{
	nfm_sets_open(&sets, id);
	for (uint32_t i = 0; i < records; i++)
		put_record(field, count, f);
	nfm_sets_close(&sets, 0, 0);
}

/* Ends the payload and runs it; DROP or the test fails. */
static inline void run_sets(const char *name)
{
	payload_length = nfm_sets_end(&sets);
	assert_verdict(name, run_payload(payload, payload_length), DROP);
}

/* Runs the payload: handed over for this reason, and nothing of it is counted. */
static inline void run_punted(const char *name, uint32_t reason)
{
	expect_punt(reason);
	run_sets(name);
	assert_rows(name);
	assert_punt(name, reason, NFM_SOURCE, payload_length);
}

/* Runs the payload: counted as the image says. */
static inline void run_counted(const char *name)
{
	run_sets(name);
	assert_rows(name);
	assert_no_punt(name);
}

/* A datagram of `records` of the flow `up`. */
static inline void expect_ups(uint32_t records)
{
	expect_counted(EXPORTER, records, 1500ULL * records, 3ULL * records);
	if (records)
		expect_up(ALICE, 1500ULL * records, 3ULL * records, records);
}

#endif
