// SPDX-License-Identifier: GPL-2.0-only
/* Template records: measuring, every way to be wrong, and what is made of their fields. */
#include "flow/template.h"

#include <errno.h>

#include "base/cleanup.h"
#include "template_build.h"

#define REVERSE NFM_ENTERPRISE_REVERSE
#define ALL_FIELDS 65535U

static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* Measures a copy that ends where the bytes do; on an error the head has to be as it was. */
static int measure(const uint8_t *bytes, uint32_t count, uint16_t version, bool options,
		   struct nfm_template_head *head)
{
	const struct nfm_template_head before = { 0xdead, 0xbeef, 0xcafe, 0xf00d, 0x12345678 };
	_cleanup_free_ uint8_t *copy = malloc(count + !count);
	int error;

	assert_non_null(copy);
	memcpy(copy, bytes, count);
	*head = before;
	error = nfm_template_measure(copy, count, version, options, head);
	if (error)
		assert_memory_equal(head, &before, sizeof(before));
	return error;
}

/* ---- measuring ---- */

/* Records by hand: what they measure, or that they are bad (bytes 0). */
static const struct hand {
	uint16_t version;
	bool options;
	uint8_t count;
	uint8_t wire[40];
	struct nfm_template_head want;
} hands[] = {
	/* NetFlow v9 templates */
	{ V9, false, 8, { 1, 0, 0, 1, 0, 8, 0, 4 }, { 256, 1, 0, 0, 8 } },
	{ V9, false, 12, { 1, 0, 0, 1, 0, 8, 0, 4, 1, 1, 0, 1 }, { 256, 1, 0, 0, 8 } },
	{ V9, false, 12, { 255, 255, 0, 2, 0, 8, 0, 4, 0, 1, 0, 4 }, { 65535, 2, 0, 0, 12 } },
	{ V9, false, 8, { 1, 0, 0, 1, 128, 8, 0, 4 }, { 256, 1, 0, 0, 8 } }, /* no enterprise bit */
	{ V9, false, 8, { 1, 0, 0, 1, 0, 8, 0, 0 }, { 256, 1, 0, 0, 8 } },
	{ V9, false, 8, { 1, 0, 0, 1, 0, 8, 255, 255 }, { 256, 1, 0, 0, 8 } },
	{ V9, false, 8, { 0, 255, 0, 1, 0, 8, 0, 4 }, {} },
	{ V9, false, 8, { 0, 0, 0, 1, 0, 8, 0, 4 }, {} },
	{ V9, false, 8, { 1, 0, 0, 0, 0, 8, 0, 4 }, {} }, /* no withdrawals in v9 */
	{ V9, false, 4, { 0, 2, 0, 0 }, {} },
	{ V9, false, 8, { 1, 0, 0, 2, 0, 8, 0, 4 }, {} },
	{ V9, false, 8, { 1, 0, 255, 255, 0, 8, 0, 4 }, {} },
	/* NetFlow v9 options templates: lengths in bytes */
	{ V9, true, 14, { 1, 0, 0, 4, 0, 4, 0, 1, 0, 4, 0, 34, 0, 4 }, { 256, 2, 1, 0, 14 } },
	{ V9, true, 10, { 1, 0, 0, 0, 0, 4, 0, 34, 0, 4 }, { 256, 1, 0, 0, 10 } },
	{ V9, true, 10, { 1, 0, 0, 4, 0, 0, 0, 1, 0, 4 }, { 256, 1, 1, 0, 10 } },
	{ V9, true, 6, { 1, 0, 0, 0, 0, 0 }, {} },
	{ V9, true, 14, { 1, 0, 0, 3, 0, 4, 0, 1, 0, 4, 0, 34, 0, 4 }, {} },
	{ V9, true, 14, { 1, 0, 0, 4, 0, 5, 0, 1, 0, 4, 0, 34, 0, 4 }, {} },
	{ V9, true, 14, { 1, 0, 0, 2, 0, 2, 0, 1, 0, 4, 0, 34, 0, 4 }, {} },
	{ V9, true, 14, { 0, 99, 0, 4, 0, 4, 0, 1, 0, 4, 0, 34, 0, 4 }, {} },
	{ V9, true, 14, { 1, 0, 0, 4, 0, 8, 0, 1, 0, 4, 0, 34, 0, 4 }, {} },
	{ V9, true, 14, { 1, 0, 255, 252, 255, 252, 0, 1, 0, 4, 0, 34, 0, 4 }, {} },
	/* IPFIX templates */
	{ IPFIX, false, 8, { 1, 0, 0, 1, 0, 8, 0, 4 }, { 256, 1, 0, 0, 8 } },
	{ IPFIX, false, 12, { 1, 0, 0, 1, 128, 8, 0, 4, 0, 0, 114, 121 }, { 256, 1, 0, 0, 12 } },
	{ IPFIX, false, 16, { 1, 0, 0, 2, 255, 255, 0, 4, 255, 255, 255, 255, 0, 1, 0, 4 },
	  { 256, 2, 0, 0, 16 } },
	{ IPFIX, false, 8, { 1, 0, 0, 1, 128, 8, 0, 4 }, {} },
	{ IPFIX, false, 11, { 1, 0, 0, 1, 128, 8, 0, 4, 0, 0, 114 }, {} },
	{ IPFIX, false, 8, { 0, 255, 0, 1, 0, 8, 0, 4 }, {} },
	{ IPFIX, false, 8, { 0, 2, 0, 1, 0, 8, 0, 4 }, {} },
	{ IPFIX, false, 8, { 1, 0, 0, 2, 0, 8, 0, 4 }, {} },
	{ IPFIX, false, 8, { 1, 0, 255, 255, 0, 8, 0, 4 }, {} },
	/* IPFIX options templates */
	{ IPFIX, true, 14, { 1, 0, 0, 2, 0, 1, 0, 149, 0, 4, 0, 34, 0, 4 }, { 256, 2, 1, 0, 14 } },
	{ IPFIX, true, 14, { 1, 0, 0, 2, 0, 2, 0, 149, 0, 4, 0, 34, 0, 4 }, { 256, 2, 2, 0, 14 } },
	{ IPFIX, true, 18, { 1, 0, 0, 2, 0, 1, 128, 9, 0, 4, 0, 0, 0, 9, 0, 34, 0, 4 },
	  { 256, 2, 1, 0, 18 } },
	{ IPFIX, true, 14, { 1, 0, 0, 2, 0, 3, 0, 149, 0, 4, 0, 34, 0, 4 }, {} },
	{ IPFIX, true, 14, { 1, 0, 0, 2, 0, 0, 0, 149, 0, 4, 0, 34, 0, 4 }, {} },
	{ IPFIX, true, 14, { 0, 3, 0, 2, 0, 1, 0, 149, 0, 4, 0, 34, 0, 4 }, {} },
	{ IPFIX, true, 14, { 1, 0, 0, 3, 0, 1, 0, 149, 0, 4, 0, 34, 0, 4 }, {} },
	/* withdrawals */
	{ IPFIX, false, 4, { 1, 0, 0, 0 }, { 256, 0, 0, 0, 4 } },
	{ IPFIX, true, 4, { 1, 0, 0, 0 }, { 256, 0, 0, 0, 4 } },
	{ IPFIX, false, 8, { 1, 44, 0, 0, 1, 45, 0, 0 }, { 300, 0, 0, 0, 4 } },
	{ IPFIX, false, 4, { 0, 2, 0, 0 }, { 2, 0, 0, 0, 4 } },
	{ IPFIX, true, 4, { 0, 3, 0, 0 }, { 3, 0, 0, 0, 4 } },
	{ IPFIX, false, 4, { 0, 3, 0, 0 }, {} },
	{ IPFIX, true, 4, { 0, 2, 0, 0 }, {} },
	{ IPFIX, false, 4, { 0, 0, 0, 0 }, {} },
	{ IPFIX, false, 4, { 0, 255, 0, 0 }, {} },
	{ IPFIX, true, 4, { 0, 4, 0, 0 }, {} },
	{ IPFIX, false, 3, { 1, 0, 0 }, {} },
	{ IPFIX, false, 0, {}, {} },
};

static void by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(hands); i++) {
		const struct hand *h = &hands[i];
		struct nfm_template_head head;
		int error = measure(h->wire, h->count, h->version, h->options, &head);

		if (error != (h->want.raw_bytes ? 0 : -EBADMSG))
			fail_msg("row %zu: %d", i, error);
		if (!error)
			assert_memory_equal(&head, &h->want, sizeof(head));
	}
}

/* One of each kind, with all that a field may have. */
static const struct record kinds[] = {
	{ V9, true, 300, 2, { F(1, 4), F(2, 4), F(48, 1), F(34, 4), F(82, VARIABLE) } },
	{ IPFIX, true, 301, 1, { F(302, 8), F(305, 4), F(306, 4), FE(1, 4, 9) } },
	{ IPFIX, false, 302, 0, { F(8, 4), FE(1, 8, REVERSE), F(82, VARIABLE), FE(7, 2, 5951) } },
};

static const struct record *record_of(size_t i)
{
	return i < ROUTEROS ? &routeros[i] : &kinds[i - ROUTEROS];
}

#define RECORDS (ROUTEROS + NFM_ARRAY_SIZE(kinds))

static void cut_off_at_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < RECORDS; i++) {
		const struct record *r = record_of(i);
		struct nfm_template_head head;
		uint32_t bytes;
		_cleanup_free_ uint8_t *raw = build(r, &bytes);

		for (uint32_t cut = 0; cut < bytes; cut++)
			assert_int_equal(measure(raw, cut, r->version, r->options, &head),
					 -EBADMSG);
		assert_int_equal(measure(raw, bytes, r->version, r->options, &head), 0);
		assert_int_equal(head.id, r->id);
		assert_int_equal(head.raw_bytes, bytes);
		assert_int_equal(head.field_count, field_count(r));
		assert_int_equal(head.scope_count, r->scope_count);
	}
}

/* ---- fields ---- */

static void keeps_what_was_sent(void **state)
{
	(void)state;
	for (size_t i = 0; i < RECORDS; i++) {
		const struct record *r = record_of(i);
		struct nfm_template *t = parse(r);
		uint32_t bytes;
		_cleanup_free_ uint8_t *raw = build(r, &bytes);
		uint32_t at = 0;

		assert_int_equal(t->name.id, r->id);
		assert_int_equal(t->name.version, r->version);
		assert_int_equal(t->name.domain, 77);
		assert_int_equal(t->options, r->options);
		assert_int_equal(t->scope_count, r->scope_count);
		assert_int_equal(t->field_count, field_count(r));
		assert_int_equal(t->raw_bytes, bytes);
		assert_memory_equal(t->raw, raw, bytes);
		assert_int_equal(t->learned_unix_ns + t->seen_unix_ns + t->used_ns, 0);
		for (uint32_t j = 0; j < t->field_count; j++) {
			assert_int_equal(t->field[j].id, r->field[j].id);
			assert_int_equal(t->field[j].length, r->field[j].length);
			assert_int_equal(t->field[j].enterprise, r->field[j].enterprise);
			assert_int_equal(t->field[j].at, at);
			at += r->field[j].length == VARIABLE ? 1 : r->field[j].length;
		}
		assert_int_equal(t->record_bytes, at);
		nfm_template_free(t);
	}
}

/* The fields and the raw bytes lie in the template's own memory, and fill it. */
static void one_allocation(void **state)
{
	(void)state;
	for (size_t i = 0; i < RECORDS; i++) {
		struct nfm_template *t = parse(record_of(i));
		const uint8_t *end = (const uint8_t *)t + nfm_template_size(t);

		assert_ptr_equal(t->field, t + 1);
		assert_ptr_equal(t->raw, t->field + t->field_count);
		assert_ptr_equal(t->raw + t->raw_bytes, end);
		nfm_template_free(t);
	}
	nfm_template_free(NULL);
}

/* Which role each field of a template gets; by field. */
static const struct {
	struct record record;
	uint8_t role[8];
} roles[] = {
	/* scope fields of v9 are no elements: 1 is the system there, 2 an interface */
	{ { V9, true, 256, 3, { F(1, 4), F(2, 4), F(48, 1), F(48, 2), F(34, 4), F(1, 8) } },
	  { 0, 0, 0, NFM_ROLE_SAMPLER, NFM_ROLE_SAMPLING, NFM_ROLE_BYTES } },
	/* those of IPFIX are */
	{ { IPFIX, true, 256, 2, { F(149, 4), F(302, 8), F(305, 4), F(306, 4) } },
	  { 0, NFM_ROLE_SAMPLER, NFM_ROLE_SAMPLING_TAKE, NFM_ROLE_SAMPLING_SKIP } },
	/* enterprises: another's number 1 is no counter, the reverse one is one of the other way */
	{ IPFIX_OF(FE(1, 8, 9), FE(1, 8, REVERSE), FE(1, 8, REVERSE), F(2, 8)),
	  { 0, NFM_ROLE_REVERSE, NFM_ROLE_REVERSE, NFM_ROLE_PACKETS } },
	{ IPFIX_OF(FE(8, 4, REVERSE), FE(8, 4, 1), F(8, 4)),
	  { 0, 0, NFM_ROLE_SRC4 } },
	/* v9 has no enterprise bit */
	{ V9_OF(F(32769, 8), F(57590, 2), F(1, 8)), { 0, 0, NFM_ROLE_BYTES } },
	/* the first of a repeated element counts; one that cannot be read is none */
	{ V9_OF(F(8, 4), F(8, 4), F(1, 4), F(1, 8), F(12, 4)),
	  { NFM_ROLE_SRC4, 0, NFM_ROLE_BYTES, 0, NFM_ROLE_DST4 } },
	{ V9_OF(F(8, 0), F(8, 16), F(8, 4), F(1, 0), F(1, 9), F(1, 3)),
	  { 0, 0, NFM_ROLE_SRC4, 0, 0, NFM_ROLE_BYTES } },
	/* two elements of one role are no repetition */
	{ V9_OF(F(50, 4), F(34, 4), F(48, 1), F(302, 8), F(34, 4)),
	  { NFM_ROLE_SAMPLING, NFM_ROLE_SAMPLING, NFM_ROLE_SAMPLER, NFM_ROLE_SAMPLER, 0 } },
	/* addresses have their own lengths */
	{ V9_OF(F(27, 4), F(28, 16), F(281, 15), F(282, 17), F(226, 16)),
	  { 0, NFM_ROLE_DST6, 0, 0, 0 } },
	/* of a variable length they may be of use */
	{ IPFIX_OF(F(8, VARIABLE), F(1, VARIABLE), F(1, 8)),
	  { NFM_ROLE_SRC4, NFM_ROLE_BYTES, 0 } },
};

static void roles_of_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(roles); i++) {
		struct nfm_template *t = parse(&roles[i].record);

		for (uint32_t j = 0; j < t->field_count; j++)
			if (t->field[j].role != roles[i].role[j])
				fail_msg("row %zu, field %u: %u", i, j, t->field[j].role);
		nfm_template_free(t);
	}
}

/* The bit with enterprise 0 behind it: an element of IANA's all the same. */
static void enterprise_zero(void **state)
{
	static const uint8_t raw[] = { 1, 0, 0, 1, 128, 8, 0, 4, 0, 0, 0, 0 };
	const struct nfm_template_name name = { .version = IPFIX, .id = 256 };
	struct nfm_template_head head;
	struct nfm_template *t;

	(void)state;
	assert_int_equal(measure(raw, sizeof(raw), IPFIX, false, &head), 0);
	assert_int_equal(nfm_template_new(&name, raw, &head, false, &t), 0);
	assert_int_equal(t->field[0].id, 8);
	assert_int_equal(t->field[0].enterprise, 0);
	assert_int_equal(t->field[0].role, NFM_ROLE_SRC4);
	nfm_template_free(t);
}

static void variable_fields(void **state)
{
	static const struct record record = {
		IPFIX, false, 256, 0, { F(8, 4), F(82, VARIABLE), F(96, VARIABLE), F(12, 4) },
	};
	struct nfm_template *t = parse(&record);

	(void)state;
	assert_true(t->variable);
	assert_int_equal(t->record_bytes, 10);
	assert_int_equal(t->field[1].length, NFM_LENGTH_VARIABLE);
	nfm_template_free(t);
	t = parse(&routeros[ROS7_V4]);
	assert_false(t->variable);
	nfm_template_free(t);
}

static void fields_of_no_length(void **state)
{
	static const struct record none = V9_OF(F(8, 0), F(12, 0), F(1, 0));
	static const struct record some = V9_OF(F(8, 4), F(5, 0), F(12, 4));
	struct nfm_template *t = parse(&none);

	(void)state;
	assert_int_equal(t->record_bytes, 0);
	assert_int_equal(t->field_count, 3);
	nfm_template_free(t);
	t = parse(&some);
	assert_int_equal(t->record_bytes, 8);
	assert_int_equal(t->field[1].at, 4);
	assert_int_equal(t->field[2].at, 4);
	nfm_template_free(t);
}

/* As many fields as can be counted, as long as can be told: record_bytes has room for it. */
static void most_fields(void **state)
{
	static const struct {
		uint16_t version;
		bool enterprise;
		uint32_t field_bytes;
	} rows[] = { { V9, false, 4 }, { IPFIX, false, 4 }, { IPFIX, true, 8 } };

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		const struct nfm_template_name name = { .version = rows[i].version, .id = 256 };
		const struct spec field = { 1, 65534, rows[i].enterprise ? 9 : 0 };
		uint32_t bytes = 4 + ALL_FIELDS * rows[i].field_bytes;
		_cleanup_free_ uint8_t *raw = malloc(bytes);
		struct nfm_template_head head;
		struct nfm_template *t;
		uint8_t *at = put16(put16(raw, 256), ALL_FIELDS);

		for (uint32_t j = 0; j < ALL_FIELDS; j++)
			at = put_field(at, &field);
		assert_ptr_equal(at, raw + bytes);
		assert_int_equal(measure(raw, bytes - 1, rows[i].version, false, &head), -EBADMSG);
		assert_int_equal(measure(raw, bytes, rows[i].version, false, &head), 0);
		assert_int_equal(head.raw_bytes, bytes);
		assert_int_equal(nfm_template_new(&name, raw, &head, false, &t), 0);
		assert_int_equal(t->field_count, ALL_FIELDS);
		assert_true(t->record_bytes == 4294770690U);
		assert_true(t->field[ALL_FIELDS - 1].at == 4294770690U - 65534U);
		assert_int_equal(t->layout.record_bytes, 0);
		nfm_template_free(t);
	}
}

/* ---- garbage ---- */

/* A layout stays within its records. */
static void assert_within(const struct nfm_template *t)
{
	const struct nfm_layout *l = &t->layout;
	uint32_t size = l->family == 6 ? 16 : 4;
	uint32_t time = l->times == NFM_TIMES_UNIX_MS ? 8 : 4;

	assert_int_equal(l->record_bytes, t->record_bytes);
	assert_true(l->src_at + size <= t->record_bytes && l->dst_at + size <= t->record_bytes);
	assert_true(l->bytes_end <= t->record_bytes && l->bytes_size <= l->bytes_end);
	assert_true(l->packets_end <= t->record_bytes && l->packets_size <= l->packets_end);
	assert_true(l->post_src_at == NFM_AT_NONE || l->post_src_at + 4U <= t->record_bytes);
	assert_true(l->post_dst_at == NFM_AT_NONE || l->post_dst_at + 4U <= t->record_bytes);
	if (l->times != NFM_TIMES_NONE)
		assert_true(l->first_at + time <= t->record_bytes &&
			    l->last_at + time <= t->record_bytes);
}

/* A field as templates have them often, so that some of the garbage gets compiled. */
static struct spec random_field(bool ipfix)
{
	static const struct spec likely[] = {
		F(8, 4), F(12, 4), F(27, 16), F(28, 16), F(1, 4), F(1, 8), F(2, 4), F(2, 8),
		F(21, 4), F(22, 4), F(152, 8), F(153, 8), F(225, 4), F(226, 4), F(281, 16),
		F(85, 8), F(34, 4), F(48, 1),
	};
	struct spec field = likely[rnd(NFM_ARRAY_SIZE(likely))];

	if (!rnd(8))
		field.id = (uint16_t)rnd(400) + 1;
	if (!rnd(16))
		field.length = (uint16_t)rnd(65536);
	if (ipfix && !rnd(16))
		field.enterprise = rnd(2) ? REVERSE : 9;
	return field;
}

static void random_templates(void **state)
{
	uint32_t compiled = 0, not_compiled = 0;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		struct record r = {
			rnd(2) ? V9 : IPFIX, !rnd(8), (uint16_t)(256 + rnd(65280)), 1, {},
		};
		struct nfm_template *t;
		uint32_t count = 1 + rnd(16);

		for (uint32_t i = 0; i < count; i++)
			r.field[i] = random_field(r.version == IPFIX);
		t = parse(&r);
		assert_int_equal(t->layout.record_bytes != 0, t->not_compiled == NULL);
		if (t->not_compiled) {
			not_compiled++;
		} else {
			compiled++;
			assert_within(t);
		}
		nfm_template_free(t);
	}
	assert_true(compiled > 100);
	assert_true(not_compiled > 100);
}

static void random_bytes(void **state)
{
	uint32_t good = 0;

	(void)state;
	for (int turn = 0; turn < 50000; turn++) {
		uint16_t version = rnd(2) ? V9 : IPFIX;
		bool options = rnd(2);
		const struct nfm_template_name name = { .version = version };
		struct nfm_template_head head;
		struct nfm_template *t;
		uint8_t wire[64];
		uint32_t count = rnd(sizeof(wire) + 1);

		for (uint32_t i = 0; i < count; i++)
			wire[i] = (uint8_t)(rnd(3) ? rnd(5) : rnd(256));
		if (measure(wire, count, version, options, &head) || !head.field_count)
			continue;
		good++;
		assert_in_range(head.raw_bytes, 4 + head.field_count * 4, count);
		assert_int_equal(nfm_template_new(&name, wire, &head, options, &t), 0);
		assert_memory_equal(t->raw, wire, head.raw_bytes);
		nfm_template_free(t);
	}
	assert_true(good > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(cut_off_at_every_byte),
		cmocka_unit_test(keeps_what_was_sent),
		cmocka_unit_test(one_allocation),
		cmocka_unit_test(roles_of_fields),
		cmocka_unit_test(enterprise_zero),
		cmocka_unit_test(variable_fields),
		cmocka_unit_test(fields_of_no_length),
		cmocka_unit_test(most_fields),
		cmocka_unit_test(random_templates),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
