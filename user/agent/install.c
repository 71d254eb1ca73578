// SPDX-License-Identifier: GPL-2.0-only
/*
 * Templates into the datapath's pool (bpf/abi/layout.h), so that it never decodes with one that the
 * stream has redefined since. A round: disarm what differs, link the new slots, read the streams'
 * tokens, wait for a grace period, take everything out of the punt ring that stood in it then, and
 * arm a stream only if its token and its templates in the store are still the same. A template set
 * that the datapath saw before that is in what we took; one that it sees later changes the token.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "agent/meter.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "table/pool.h"

#define ROUND_NS (50 * NFM_NS_PER_MS)
#define DRAIN_AT_ONCE 256U
#define DRAIN_TURNS 100000U
#define NO_SLOT UINT32_MAX

static struct nfm_template_slot *slot_at(const struct nfm_meter *meter, uint32_t number)
{
	return &meter->table.templates->slot[number];
}

static struct nfm_install *install_of(struct nfm_meter *meter)
{
	return &meter->templates.install;
}

/* ---- the index ---- */

static __u32 *find_way(const struct nfm_meter *meter, const struct nfm_template_key *key,
		       uint32_t number)
{
	uint32_t hash = nfm_template_hash(key);
	__u32 *way = &meter->table.templates->way[nfm_template_bucket(hash)];
	uint32_t entry = number == NO_SLOT ? 0 : (hash & 0xffff0000) | (number + 1);

	for (uint32_t i = 0; i < NFM_TEMPLATE_WAYS; i++)
		if (way[i] == entry)
			return &way[i];
	return NULL;
}

static uint32_t find_slot(const struct nfm_meter *meter, const struct nfm_template_key *key)
{
	int number = nfm_pool_find(meter->table.templates, key);

	return number < 0 ? NO_SLOT : (uint32_t)number;
}

/* Links a filled slot in the place of `old`, which may be NO_SLOT. False: its bucket is full. */
static bool link_slot(struct nfm_meter *meter, uint32_t number, uint32_t old)
{
	const struct nfm_template_key *key = &slot_at(meter, number)->key;
	__u32 *way = find_way(meter, key, old);

	if (!way)
		return false;
	__atomic_store_n(way, (nfm_template_hash(key) & 0xffff0000) | (number + 1),
			 __ATOMIC_RELEASE);
	install_of(meter)->stream[number] = (uint16_t)(slot_at(meter, number)->stream + 1);
	if (old != NO_SLOT)
		install_of(meter)->stream[old] = 0; /* used until the grace period is over */
	return true;
}

static void unlink_slot(struct nfm_meter *meter, uint32_t number)
{
	__u32 *way = find_way(meter, &slot_at(meter, number)->key, number);

	if (way)
		__atomic_store_n(way, 0, __ATOMIC_RELEASE);
	install_of(meter)->stream[number] = 0;
}

static uint32_t take_slot(struct nfm_install *install)
{
	if (install->full) /* not for each of 100,000 templates a look at all slots */
		return NO_SLOT;
	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++) {
		uint32_t number = (install->next + i) % NFM_TEMPLATE_SLOTS;

		if (install->used[number])
			continue;
		install->used[number] = 1;
		install->next = number + 1;
		return number;
	}
	install->full = true;
	return NO_SLOT;
}

/* A slot that nobody has ever seen. */
static void give_back(struct nfm_install *install, uint32_t number)
{
	install->used[number] = 0;
	install->full = false;
}

/* Unlinked slots, once nobody can be reading them any more. */
static void free_unlinked(struct nfm_install *install)
{
	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++)
		install->used[i] = install->stream[i] != 0;
	install->full = false;
}

/* ---- streams ---- */

static bool key_of(const struct nfm_meter *meter, const struct nfm_template_name *name,
		   struct nfm_template_key *out)
{
	int exporter = nfm_meter_exporter_find(meter, &name->exporter);

	if (exporter < 0)
		return false;
	*out = (struct nfm_template_key){
		.domain = name->domain,
		.exporter = (uint16_t)exporter,
		.version = name->version,
		.id = name->id,
	};
	return true;
}

struct nfm_template_name nfm_install_name(const struct nfm_meter *meter,
					  const struct nfm_template_key *key)
{
	return (struct nfm_template_name){
		.exporter = meter->table.exporters[key->exporter].addr,
		.domain = key->domain,
		.version = key->version,
		.id = key->id,
	};
}

static uint64_t next_token(struct nfm_install *install)
{
	install->token = (install->token + 1) & ~NFM_TOKEN_AGENT;
	return install->token | NFM_TOKEN_AGENT;
}

static void disarm(struct nfm_meter *meter, uint32_t stream)
{
	struct nfm_install *install = install_of(meter);
	__u64 armed = NFM_TOKEN_ARMED;

	__atomic_compare_exchange_n(&slot_at(meter, stream)->token, &armed, next_token(install),
				    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	install->dirty[stream] = 1;
	install->any_dirty = true;
}

/* The stream's slot, made if there is none: not armed. NO_SLOT: no room. */
static uint32_t stream_slot(struct nfm_meter *meter, const struct nfm_template_key *template_key)
{
	struct nfm_install *install = install_of(meter);
	struct nfm_template_key key = *template_key;
	struct nfm_template_slot *slot;
	uint32_t number;

	key.id = 0;
	number = find_slot(meter, &key);
	if (number != NO_SLOT)
		return number;
	number = take_slot(install);
	if (number == NO_SLOT)
		return NO_SLOT;
	slot = slot_at(meter, number);
	memset(slot, 0, sizeof(*slot));
	slot->key = key;
	slot->stream = number;
	slot->kind = NFM_SLOT_STREAM;
	slot->token = next_token(install);
	if (!link_slot(meter, number, NO_SLOT)) {
		give_back(install, number);
		return NO_SLOT;
	}
	install->dirty[number] = 1;
	install->any_dirty = true;
	return number;
}

void nfm_install_changed(struct nfm_meter *meter, const struct nfm_template_name *name)
{
	struct nfm_template_key key;
	uint32_t stream;

	if (!meter->table.in_maps || !key_of(meter, name, &key))
		return; /* an exporter that comes later sets `rescan` */
	stream = stream_slot(meter, &key);
	if (stream == NO_SLOT)
		return;
	install_of(meter)->turn[stream]++;
	disarm(meter, stream);
}

void nfm_install_changed_all(struct nfm_meter *meter)
{
	install_of(meter)->rescan = meter->table.in_maps;
}

bool nfm_install_wanted(const struct nfm_meter *meter)
{
	return meter->templates.install.any_dirty || meter->templates.install.rescan;
}

void nfm_install_use_room(struct nfm_meter *meter)
{
	struct nfm_install *install = install_of(meter);

	if (install->freed && install->lacks_room) {
		install->lacks_room = false; /* the round says if it still does */
		nfm_install_changed_all(meter);
	}
	install->freed = false;
}

/* ---- what a slot shall be ---- */

static bool announces_sampling(const struct nfm_template *t)
{
	for (uint32_t i = 0; i < t->field_count; i++)
		if (t->field[i].role == NFM_ROLE_SAMPLING ||
		    t->field[i].role == NFM_ROLE_SAMPLING_TAKE ||
		    t->field[i].role == NFM_ROLE_SAMPLING_SKIP)
			return true;
	return false;
}

/* Whose sampling changes from record to record, the datapath does not decode. */
static bool is_for_agent(const struct nfm_meter *meter, const struct nfm_template *t,
			 const struct nfm_exporter *exporter)
{
	if (!t->layout.record_bytes)
		return true;
	if (exporter->sampling_num)
		return false;
	if (t->flags & NFM_HAS_SAMPLING && exporter->flags & NFM_EXPORTER_TRUST_DATA)
		return true;
	return t->flags & NFM_HAS_SAMPLER &&
	       nfm_store_is_sampled(meter->templates.store, &t->name);
}

static void fill_slot(const struct nfm_meter *meter, const struct nfm_template *t,
		      const struct nfm_template_key *key, uint32_t stream,
		      struct nfm_template_slot *out)
{
	const struct nfm_exporter *exporter = &meter->table.exporters[key->exporter];
	struct nfm_sampling sampling;

	memset(out, 0, sizeof(*out));
	out->key = *key;
	out->stream = stream;
	out->layout = t->layout;
	out->raw_bytes = (uint16_t)t->raw_bytes;
	memcpy(out->raw, t->raw, t->raw_bytes);
	if (t->options)
		out->kind = announces_sampling(t) ? NFM_SLOT_SAMPLING : NFM_SLOT_OPTIONS;
	else
		out->kind = is_for_agent(meter, t, exporter) ? NFM_SLOT_AGENT : NFM_SLOT_DATA;
	if (exporter->flags & NFM_EXPORTER_NO_NAT)
		out->layout.post_src_at = out->layout.post_dst_at = NFM_AT_NONE;
	if (t->options) /* or what it announces would replace its own slot, which then forgets it */
		return;
	sampling = nfm_store_sampling(meter->templates.store, &t->name, NFM_SAMPLER_ANY);
	out->layout.sampling_num = sampling.num;
	out->layout.sampling_den = sampling.den;
}

static bool is_same(const struct nfm_template_slot *a, const struct nfm_template_slot *b)
{
	return a->stream == b->stream && a->kind == b->kind && a->raw_bytes == b->raw_bytes &&
	       !memcmp(&a->layout, &b->layout, sizeof(a->layout)) &&
	       !memcmp(a->raw, b->raw, a->raw_bytes);
}

/* ---- a round ---- */

struct round {
	struct nfm_meter *meter;
	bool look_only; /* marks streams dirty, installs nothing */
};

/* One template of the store: kept as it is installed, or installed. */
static void sync_template(void *cookie, const struct nfm_store_change *change)
{
	const struct round *round = cookie;
	struct nfm_meter *meter = round->meter;
	struct nfm_install *install = install_of(meter);
	const struct nfm_template *t = change->template;
	struct nfm_template_slot want;
	struct nfm_template_key key;
	uint32_t stream, old, number;

	if (!t || !key_of(meter, &t->name, &key))
		return;
	stream = stream_slot(meter, &key);
	if (stream == NO_SLOT || (!round->look_only && !install->dirty[stream])) {
		install->no_room += stream == NO_SLOT;
		return;
	}
	install->keep[stream] = 1;
	if (t->raw_bytes > NFM_TEMPLATE_RAW) /* the stream's slot says if one is lost */
		return;
	fill_slot(meter, t, &key, stream, &want);
	old = find_slot(meter, &key);
	if (old != NO_SLOT && is_same(slot_at(meter, old), &want)) {
		install->keep[old] = 1;
		return;
	}
	if (round->look_only) {
		disarm(meter, stream);
		return;
	}
	number = take_slot(install);
	if (number == NO_SLOT) {
		install->no_room++; /* an old one is not kept: the agent decodes */
		return;
	}
	*slot_at(meter, number) = want;
	if (!link_slot(meter, number, old)) {
		give_back(install, number);
		install->no_room++;
		return;
	}
	install->keep[number] = 1;
}

/* What is linked of dirty streams and not in the store; with `look_only` it makes them dirty. */
static void sync_linked(struct nfm_meter *meter, bool look_only)
{
	struct nfm_install *install = install_of(meter);

	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++) {
		uint32_t stream = (uint32_t)install->stream[i] - 1;

		if (!install->stream[i] || install->keep[i])
			continue;
		if (look_only) {
			disarm(meter, stream);
		} else if (install->dirty[stream]) {
			unlink_slot(meter, i); /* a stream's own slot if it has no template */
			install->freed = true;
		}
	}
}

static void sync_store(struct nfm_meter *meter, bool look_only)
{
	struct round round = { .meter = meter, .look_only = look_only };

	memset(install_of(meter)->keep, 0, sizeof(install_of(meter)->keep));
	nfm_store_each(meter->templates.store, sync_template, &round);
	sync_linked(meter, look_only);
}

/* Streams that the datapath has disarmed, and after a restart those that are as they were left. */
static void find_dirty(struct nfm_meter *meter)
{
	struct nfm_install *install = install_of(meter);

	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++) {
		if (install->stream[i] != i + 1 ||
		    __atomic_load_n(&slot_at(meter, i)->token, __ATOMIC_ACQUIRE) == NFM_TOKEN_ARMED)
			continue;
		install->dirty[i] = 1;
		install->any_dirty = true;
	}
	if (install->rescan)
		sync_store(meter, true);
	install->rescan = false;
}

/* Everything that stands in the punt ring now. False: it could not be reached. */
static bool drain_ring(struct nfm_meter *meter)
{
	uint64_t end;

	if (!meter->ring.consumer_pos)
		return true;
	end = __atomic_load_n(meter->ring.producer_pos, __ATOMIC_ACQUIRE);
	for (uint32_t turn = 0; turn < DRAIN_TURNS; turn++) {
		if (*meter->ring.consumer_pos >= end)
			return true;
		if (!nfm_meter_drain(meter, DRAIN_AT_ONCE))
			sched_yield(); /* a CPU is still writing an entry */
	}
	return false;
}

/*
 * The datapath disarmed the stream by a datagram that the full ring did not take: what we know of
 * its templates is not to be trusted. Its data wait until they are announced again.
 */
static void forget_stream(struct nfm_meter *meter, uint32_t stream)
{
	const struct nfm_template_name name =
		nfm_install_name(meter, &slot_at(meter, stream)->key);
	__u64 lost = NFM_TOKEN_LOST;
	char text[64];

	/* first: what is lost from here on says so again */
	__atomic_compare_exchange_n(&slot_at(meter, stream)->token, &lost,
				    next_token(install_of(meter)), false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	nfm_store_withdraw_all(meter->templates.store, &name, false);
	nfm_store_withdraw_all(meter->templates.store, &name, true);
	nfm_log_limited(&meter->templates.limit, nfm_clock_monotonic_ns(), LOG_WARNING,
			"exporter %s: a template was lost because the punt ring was full: data "
			"wait until it is announced again",
			nfm_units_format_addr(&name.exporter, text, sizeof(text)));
}

static void arm(struct nfm_meter *meter, uint32_t stream, __u64 token, uint32_t turn)
{
	struct nfm_install *install = install_of(meter);

	if (token == NFM_TOKEN_LOST) {
		forget_stream(meter, stream);
	} else if (install->turn[stream] == turn &&
		   __atomic_compare_exchange_n(&slot_at(meter, stream)->token, &token,
					       NFM_TOKEN_ARMED, false, __ATOMIC_SEQ_CST,
					       __ATOMIC_SEQ_CST)) {
		install->dirty[stream] = 0;
		return;
	}
	install->any_dirty = true;
}

/*
 * Returns how long rounds are left alone then: who changes templates all the time shall not keep
 * the thread that counts waiting for more than a fifth of its time.
 */
static uint64_t wait_grace(void)
{
	uint64_t begin_ns = nfm_clock_monotonic_ns();
	uint64_t pause_ns;

	nfm_meter_grace();
	pause_ns = 4 * (nfm_clock_monotonic_ns() - begin_ns);
	return NFM_MAX(pause_ns, (uint64_t)ROUND_NS);
}

void nfm_install_round(struct nfm_meter *meter, uint64_t now_ns)
{
	static __u64 token[NFM_TEMPLATE_SLOTS];
	static uint32_t turn[NFM_TEMPLATE_SLOTS];
	struct nfm_install *install = install_of(meter);
	bool drained;

	if (!meter->table.in_maps || now_ns - install->round_ns < install->pause_ns)
		return;
	install->round_ns = now_ns;
	find_dirty(meter);
	if (!install->any_dirty)
		return;
	install->any_dirty = false;
	install->no_room = 0;
	memcpy(turn, install->turn, sizeof(turn));
	sync_store(meter, false);
	install->lacks_room |= install->no_room > 0;
	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++)
		token[i] = install->dirty[i] && install->stream[i] == i + 1 ?
				   __atomic_load_n(&slot_at(meter, i)->token, __ATOMIC_ACQUIRE) :
				   NFM_TOKEN_ARMED;
	install->pause_ns = wait_grace();
	free_unlinked(install);
	drained = drain_ring(meter);
	if (meter->read_sockets) /* datagrams that came as fragments: they disarmed, too */
		meter->read_sockets(meter->read_sockets_cookie);
	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++) {
		if (token[i] != NFM_TOKEN_ARMED && drained)
			arm(meter, i, token[i], turn[i]);
		else if (install->dirty[i] && install->stream[i] == i + 1)
			install->any_dirty = true;
		else
			install->dirty[i] = 0; /* not linked any more */
	}
	install->round_ns = nfm_clock_monotonic_ns();
}

/* ---- an earlier agent's pool ---- */

static bool check_way(const struct nfm_meter *meter, uint32_t way)
{
	uint32_t entry = meter->table.templates->way[way];
	uint32_t number = (entry & 0xffff) - 1;
	const struct nfm_template_slot *slot;

	if (!entry)
		return true;
	if (number >= NFM_TEMPLATE_SLOTS)
		return false;
	slot = slot_at(meter, number);
	return find_slot(meter, &slot->key) == number && slot->stream < NFM_TEMPLATE_SLOTS &&
	       slot->key.exporter < meter->table.geometry.exporters &&
	       nfm_template_bucket(nfm_template_hash(&slot->key)) / NFM_TEMPLATE_WAYS ==
		       way / NFM_TEMPLATE_WAYS &&
	       slot->raw_bytes <= NFM_TEMPLATE_RAW &&
	       (slot->kind != NFM_SLOT_STREAM || slot->stream == number);
}

static void take_way(struct nfm_meter *meter, uint32_t way)
{
	uint32_t entry = meter->table.templates->way[way];
	uint32_t number = (entry & 0xffff) - 1;

	if (!entry)
		return;
	install_of(meter)->used[number] = 1;
	install_of(meter)->stream[number] = (uint16_t)(slot_at(meter, number)->stream + 1);
}

void nfm_install_open(struct nfm_meter *meter)
{
	struct nfm_install *install = install_of(meter);
	uint32_t ways = NFM_TEMPLATE_BUCKETS * NFM_TEMPLATE_WAYS;
	bool sound = true;

	memset(install, 0, sizeof(*install));
	if (!meter->table.in_maps)
		return;
	install->token = nfm_clock_unix_ns();
	install->rescan = true;
	for (uint32_t i = 0; i < ways && sound; i++)
		sound = check_way(meter, i);
	if (!sound) {
		nfm_log(LOG_ERR, "the datapath's templates are damaged: installed anew");
		for (uint32_t i = 0; i < ways; i++)
			__atomic_store_n(&meter->table.templates->way[i], 0, __ATOMIC_RELEASE);
		nfm_meter_grace(); /* nobody reads the slots that will be filled */
		return;
	}
	for (uint32_t i = 0; i < ways; i++)
		take_way(meter, i);
	/* a slot whose stream is not linked: between two steps of an agent that died */
	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++) {
		uint32_t stream = (uint32_t)install->stream[i] - 1;

		if (install->stream[i] && install->stream[stream] != stream + 1)
			unlink_slot(meter, i);
	}
}
