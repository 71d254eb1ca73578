// SPDX-License-Identifier: GPL-2.0-only
#include "prog_template.h"

#include <errno.h>
#include <string.h>

#include "flow/template.h"

/* The way that leads to a key, or NULL. */
static uint32_t *find_way(const struct nfm_prog *p, const struct nfm_template_key *key)
{
	struct nfm_template_pool *pool = p->table.templates;
	uint32_t hash = nfm_template_hash(key);
	uint32_t *way = &pool->way[nfm_template_bucket(hash)];

	for (uint32_t i = 0; i < NFM_TEMPLATE_WAYS; i++)
		if (way[i] && way[i] >> 16 == hash >> 16 &&
		    nfm_template_same_key(&pool->slot[(way[i] & 0xffff) - 1].key, key))
			return &way[i];
	return NULL;
}

static int find_free(const struct nfm_prog *p)
{
	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++)
		if (p->table.templates->slot[i].kind == NFM_SLOT_FREE)
			return (int)i;
	return -ENOSPC;
}

static int link_slot(struct nfm_prog *p, int slot)
{
	struct nfm_template_pool *pool = p->table.templates;
	uint32_t hash = nfm_template_hash(&pool->slot[slot].key);
	uint32_t *way = &pool->way[nfm_template_bucket(hash)];

	for (uint32_t i = 0; i < NFM_TEMPLATE_WAYS; i++) {
		if (way[i])
			continue;
		way[i] = (hash & 0xffff0000) | ((uint32_t)slot + 1);
		return slot;
	}
	memset(&pool->slot[slot], 0, sizeof(pool->slot[slot]));
	return -ENOSPC;
}

/* A linked slot with this key is replaced. */
static int enter(struct nfm_prog *p, const struct nfm_template_slot *wanted)
{
	struct nfm_template_slot *slot;
	int number;

	nfm_prog_unlink(p, wanted->key.exporter, wanted->key.version, wanted->key.domain,
			wanted->key.id);
	number = find_free(p);
	if (number < 0)
		return number;
	slot = &p->table.templates->slot[number];
	*slot = *wanted;
	if (slot->kind == NFM_SLOT_STREAM)
		slot->stream = (uint32_t)number;
	return link_slot(p, number);
}

int nfm_prog_stream(struct nfm_prog *p, uint16_t exporter, uint16_t version, uint32_t domain)
{
	const struct nfm_template_slot slot = {
		.key = { .domain = domain, .exporter = exporter, .version = version },
		.kind = NFM_SLOT_STREAM,
	};

	return enter(p, &slot);
}

/* Its stream's slot; makes it where there is none. */
static int stream_of(struct nfm_prog *p, uint16_t exporter, uint16_t version, uint32_t domain)
{
	const struct nfm_template_slot *stream = nfm_prog_slot(p, exporter, version, domain, 0);

	if (stream)
		return (int)(stream - p->table.templates->slot);
	return nfm_prog_stream(p, exporter, version, domain);
}

int nfm_prog_template(struct nfm_prog *p, uint16_t exporter, uint16_t version, uint32_t domain,
		      const uint8_t *raw, uint32_t raw_bytes, uint16_t kind)
{
	const bool options = kind == NFM_SLOT_OPTIONS || kind == NFM_SLOT_SAMPLING;
	int stream = stream_of(p, exporter, version, domain);
	struct nfm_template_slot slot = {
		.key = { .domain = domain, .exporter = exporter, .version = version },
		.stream = (uint32_t)stream,
		.kind = kind,
		.raw_bytes = (uint16_t)raw_bytes,
	};
	struct nfm_template_name name = { .domain = domain, .version = version };
	struct nfm_template *template = NULL;
	struct nfm_template_head head;
	int r;

	if (stream < 0)
		return stream;
	r = nfm_template_measure(raw, raw_bytes, version, options, &head);
	if (r || head.raw_bytes != raw_bytes || raw_bytes > NFM_TEMPLATE_RAW)
		return r ? r : -EBADMSG;
	name.id = head.id;
	slot.key.id = head.id;
	r = nfm_template_new(&name, raw, &head, options, &template);
	if (r)
		return r;
	slot.layout = template->layout;
	memcpy(slot.raw, raw, raw_bytes);
	nfm_template_free(template);
	if (kind == NFM_SLOT_DATA && !slot.layout.record_bytes)
		return -EINVAL;
	return enter(p, &slot);
}

struct nfm_template_slot *nfm_prog_slot(const struct nfm_prog *p, uint16_t exporter,
					uint16_t version, uint32_t domain, uint16_t id)
{
	const struct nfm_template_key key = {
		.domain = domain, .exporter = exporter, .version = version, .id = id
	};
	const uint32_t *way = find_way(p, &key);

	return way ? &p->table.templates->slot[(*way & 0xffff) - 1] : NULL;
}

int nfm_prog_unlink(struct nfm_prog *p, uint16_t exporter, uint16_t version, uint32_t domain,
		    uint16_t id)
{
	const struct nfm_template_key key = {
		.domain = domain, .exporter = exporter, .version = version, .id = id
	};
	uint32_t *way = find_way(p, &key);
	struct nfm_template_slot *slot;

	if (!way)
		return -ENOENT;
	slot = &p->table.templates->slot[(*way & 0xffff) - 1];
	*way = 0;
	memset(slot, 0, sizeof(*slot));
	return 0;
}

uint64_t nfm_prog_token(const struct nfm_prog *p, uint16_t exporter, uint16_t version,
			uint32_t domain)
{
	const struct nfm_template_slot *slot = nfm_prog_slot(p, exporter, version, domain, 0);

	return slot ? slot->token : 0;
}
