/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pass 1 for NetFlow v9 (RFC 3954) and IPFIX (RFC 7011): walks the sets of a datagram, decodes data
 * by installed templates, and watches for templates that differ from those. Whatever it cannot
 * decide goes to the agent as a whole, broken datagrams among them. All template sets are looked at
 * even then: a stream whose template changed must not be decoded with the old one (promise 3).
 */
#ifndef NFM_BPF_TEMPLATE_H
#define NFM_BPF_TEMPLATE_H

#include "record.h"

#define NFM_WALK_SETS 512U
#define NFM_WALK_TEMPLATES 512U
#define NFM_SECOND_NS 1000000000ULL

/* The slot of walk->s->key, or NULL; *number gets its number. */
NFM_INLINE struct nfm_template_slot *find_slot(const struct nfm_walk *walk, __u32 *number)
{
	__u32 hash = nfm_template_hash(&walk->s->key);
	__u32 first = nfm_template_bucket(hash);
	__u32 i;

	for (i = 0; i < NFM_TEMPLATE_WAYS; i++) {
		__u32 way = walk->pool->way[first + i];
		struct nfm_template_slot *slot;

		if (!(way & 0xffff) || (way ^ hash) >> 16)
			continue;
		slot = pool_slot(walk->pool, (way & 0xffff) - 1);
		if (!nfm_template_same_key(&slot->key, &walk->s->key))
			continue;
		*number = (way & 0xffff) - 1;
		return slot;
	}
	return NULL;
}

NFM_INLINE void hand_over(struct nfm_walk *walk, __u32 reason)
{
	if (walk->s->answer == NFM_CONTINUE)
		walk->s->answer = (int)reason;
}

/* The stream's slot; NULL while the agent has installed nothing of it. */
NFM_INLINE struct nfm_template_slot *find_stream(struct nfm_walk *walk)
{
	__u32 number;

	walk->s->key.id = 0;
	return find_slot(walk, &number);
}

/*
 * From here on nobody decodes this stream's data but the agent. The token is one that never was:
 * the agent arms the stream only if it finds the one that it began with.
 */
NFM_INLINE void disarm(struct nfm_walk *walk, struct nfm_template_slot *stream)
{
	__u64 token, old;
	__u32 turn;

	if (!stream)
		return;
	token = bpf_ktime_get_ns() << 8 | (bpf_get_smp_processor_id() & 0xff);
	token &= ~NFM_TOKEN_AGENT;
	/*
	 * Another CPU may say meanwhile that a template is lost, which has to stay; or the agent
	 * may arm, which has not: it does so once, as its rounds are milliseconds apart.
	 */
	for (turn = 0; turn < 2; turn++) {
		old = *(volatile __u64 *)&stream->token;
		if (old == NFM_TOKEN_LOST ||
		    __sync_val_compare_and_swap(&stream->token, old, token) == old)
			break;
	}
	walk->s->disarmed = stream->stream + 1;
}

NFM_INLINE void stamp(__u64 *time_ns, __u64 now_ns)
{
	if (now_ns - *time_ns > NFM_SECOND_NS) /* not for each datagram: others read this line */
		*time_ns = now_ns;
}

/* ---- template sets ---- */

/* Two bytes at a time: a template record is made of 16-bit words. */
static long compare_word(__u32 i, struct nfm_walk *walk)
{
	const struct nfm_template_slot *slot = pool_slot(walk->pool, walk->s->slot);
	const __u16 *word = packet_at(walk, walk->s->record_at + 2 * i, 2);
	__u32 index = 2 * i;

	__asm__ volatile("" : "+r"(index));
	if (!word || index > NFM_TEMPLATE_RAW - 2 || *word != *(const __u16 *)(slot->raw + index)) {
		walk->s->differs = 1;
		return 1;
	}
	return 0;
}

NFM_INLINE int is_installed(struct nfm_walk *walk, __u32 number)
{
	__u32 bytes = pool_slot(walk->pool, number)->raw_bytes;

	if (!bytes || walk->s->record_at + bytes > walk->s->set_end)
		return 0;
	walk->s->slot = number;
	walk->s->differs = 0;
	bpf_loop(bytes / 2, compare_word, walk, 0);
	return !walk->s->differs;
}

/* One template record: 0 to go on, 1 at the set's end or if it is not what is installed. */
static long walk_template(__u32 iteration, struct nfm_walk *walk)
{
	struct nfm_template_slot *slot = NULL;
	const __u16 *head;
	__u32 number = 0;

	if (walk->s->record_at + 4 > walk->s->set_end)
		return 1;
	head = packet_at(walk, walk->s->record_at, 4);
	if (!head)
		return record_odd(walk); /* cannot be: for the verifier */
	if (!head[0] && !head[1]) {
		walk->s->record_at = walk->s->set_end; /* zero padding */
		return 1;
	}
	walk->s->key.id = bpf_ntohs(head[0]);
	if (walk->s->key.id)
		slot = find_slot(walk, &number);
	/* the bytes of an options template may be those of another data template */
	if (!slot || (slot->kind >= NFM_SLOT_OPTIONS) != walk->s->options ||
	    !is_installed(walk, number))
		return 1;
	stamp(&slot->seen_ns, walk->s->now_ns);
	walk->s->record_at += slot->raw_bytes;
	return 0;
}

NFM_INLINE void walk_template_set(struct nfm_walk *walk, __u32 options)
{
	struct nfm_template_slot *stream = find_stream(walk);

	walk->s->options = options;
	if (!stream || stream->token != NFM_TOKEN_ARMED) {
		hand_over(walk, NFM_REASON_TEMPLATE); /* the agent has to see it in its place */
		if (stream)
			walk->s->disarmed = stream->stream + 1; /* should it be lost */
	}
	bpf_loop(NFM_WALK_TEMPLATES, walk_template, walk, 0);
	if (walk->s->record_at + 4 <= walk->s->set_end) {
		disarm(walk, stream);
		hand_over(walk, NFM_REASON_TEMPLATE);
	}
}

/* ---- data sets ---- */

/* How the set's times become ages; those of its first record say when an IPFIX router began. */
NFM_INLINE void open_times(struct nfm_walk *walk, const struct nfm_layout *layout)
{
	struct nfm_walk_state *s = walk->s;
	__u32 size = nfm_times_bytes(layout->times);
	__u64 init_ms = 0;

	if (layout->init_at != NFM_AT_NONE)
		counter_at(walk, s->record_at + layout->init_at + 8, 8, &init_ms);
	nfm_times_open(&s->times, layout->times, s->ipfix, s->uptime_ms, s->unix_s, init_ms);
	s->times_cut = 64 - 8 * size;
	s->first_end = layout->first_at + size;
	s->last_end = layout->last_at + size;
	s->late_from = nfm_times_from_ms(&s->times, walk->batch->elapsed_ms);
}

NFM_INLINE void decode_set(struct nfm_walk *walk, struct nfm_template_slot *slot)
{
	__u32 bytes = walk->s->set_end - walk->s->record_at;
	const struct nfm_layout *layout = &slot->layout;
	__u32 record = layout->record_bytes;
	__u32 records, den;
	int answer;

	if (!record) {
		hand_over(walk, NFM_REASON_NO_TEMPLATE);
		return;
	}
	records = bytes / record;
	if (!records && bytes) {
		hand_over(walk, NFM_REASON_ODD_SET);
		return;
	}
	if (walk->s->count + records > NFM_KERNEL_BATCH) {
		hand_over(walk, NFM_REASON_LARGE);
		return;
	}
	den = walk->s->sampling_num ? walk->s->sampling_den : layout->sampling_den;
	if (walk->s->count && den != walk->s->den) {
		hand_over(walk, NFM_REASON_NO_TEMPLATE); /* the batch is divided by one number */
		return;
	}
	walk->s->num = walk->s->sampling_num ?: layout->sampling_num;
	walk->s->den = den;
	walk->s->records = records;
	stamp(&slot->used_ns, walk->s->now_ns);
	if (nfm_geometry.earlier_slots && layout->times != NFM_TIMES_NONE) {
		open_times(walk, layout);
		if (decode_lateness(walk->md)) /* before the records, which move s->count */
			decode_spans(walk->md);
	}
	if (layout->family == 6) {
		walk->s->has_v6 = 1;
		answer = decode_records6(walk->md);
	} else if (layout->post_dst_at == NFM_AT_NONE && layout->post_src_at == NFM_AT_NONE) {
		answer = decode_records4(walk->md);
	} else {
		walk->s->post_dst_at = layout->post_dst_at == NFM_AT_NONE ? layout->dst_at :
									    layout->post_dst_at;
		walk->s->post_src_at = layout->post_src_at == NFM_AT_NONE ? layout->src_at :
									    layout->post_src_at;
		answer = decode_records4_nat(walk->md);
	}
	if (answer == NFM_RECORDS_ODD)
		hand_over(walk, NFM_REASON_ODD);
	else if (answer == NFM_RECORDS_LARGE && layout->times != NFM_TIMES_NONE)
		bpf_loop(records, check_rate, walk, 0);
}

/* Four bytes of options data; the last ones, which may overlap, end the loop. */
static long hash_word(__u32 i, struct nfm_walk *walk)
{
	__u32 at = walk->s->record_at + 4 * i;
	const __u32 *word;

	if (at > walk->s->set_end - 4)
		at = walk->s->set_end - 4;
	word = packet_at(walk, at, 4);
	if (!word)
		return record_odd(walk); /* cannot be: for the verifier */
	walk->s->hash = (walk->s->hash ^ *word) * 0x9e3779b97f4a7c15ULL;
	walk->s->hash ^= walk->s->hash >> 29;
	return 0;
}

/*
 * What follows options data that announce sampling may count otherwise. Most exporters repeat the
 * same data every few seconds, which is no reason to disarm.
 */
NFM_INLINE void walk_sampling(struct nfm_walk *walk, struct nfm_template_slot *slot)
{
	walk->s->hash = walk->s->set_end - walk->s->record_at;
	bpf_loop((__u32)walk->s->hash / 4 + 1, hash_word, walk, 0);
	if (slot->said == walk->s->hash)
		return;
	slot->said = walk->s->hash;
	disarm(walk, pool_slot(walk->pool, slot->stream));
}

NFM_INLINE void walk_data_set(struct nfm_walk *walk, __u32 id)
{
	struct nfm_template_slot *slot;
	__u32 number = 0;

	if (walk->s->set_end == walk->s->record_at)
		return; /* nothing in it */
	walk->s->key.id = id;
	slot = find_slot(walk, &number);
	walk->s->slot = number;
	if (!slot || slot->kind == NFM_SLOT_AGENT) {
		hand_over(walk, NFM_REASON_NO_TEMPLATE);
		return;
	}
	if (slot->kind != NFM_SLOT_DATA) {
		if (slot->kind == NFM_SLOT_SAMPLING)
			walk_sampling(walk, slot);
		hand_over(walk, NFM_REASON_OPTIONS);
		return;
	}
	if (pool_slot(walk->pool, slot->stream)->token != NFM_TOKEN_ARMED)
		hand_over(walk, NFM_REASON_UNARMED);
	if (walk->s->answer == NFM_CONTINUE && !walk->s->watch)
		decode_set(walk, slot);
}

/* One set: 0 to go on, 1 at the datagram's end or where it is broken. */
static long walk_set(__u32 iteration, struct nfm_walk *walk)
{
	const __u16 *head;
	__u32 id, length;

	if (walk->s->at + 4 > walk->s->end)
		return 1;
	head = packet_at(walk, walk->s->at, 4);
	if (!head)
		return record_odd(walk); /* cannot be: for the verifier */
	id = bpf_ntohs(head[0]);
	length = bpf_ntohs(head[1]);
	if (!id && !length) {
		walk->s->at = walk->s->end; /* a zero-filled tail */
		return 1;
	}
	walk->s->record_at = walk->s->at + 4;
	walk->s->set_end = walk->s->at + length;
	if (length < 4 || walk->s->set_end > walk->s->end) {
		hand_over(walk, NFM_REASON_ODD_SET);
		walk->s->at = walk->s->end;
		return 1;
	}
	walk->s->at = walk->s->set_end;
	if (id >= 256)
		walk_data_set(walk, id);
	else if (id >> 1 == (walk->s->key.version == NFM_IPFIX))
		walk_template_set(walk, id & 1);
	return 0;
}

/* ---- the datagram ---- */

/* Header of either version; NFM_CONTINUE, or a reason. `header` gets its size. */
NFM_INLINE int template_header(struct nfm_rx *rx, __u32 *header)
{
	const struct nfm_wire_header_v9 *v9 = (const void *)rx->payload;
	const struct nfm_wire_header_ipfix *ipfix = (const void *)rx->payload;
	__u32 length;

	if (rx->version == NFM_NETFLOW_V9) {
		if (rx->length < sizeof(*v9) || (const void *)(v9 + 1) > rx->end)
			return NFM_REASON_SHORT;
		rx->uptime_ms = bpf_ntohl(v9->uptime_ms_be);
		rx->unix_s = bpf_ntohl(v9->unix_s_be);
		rx->sequence = bpf_ntohl(v9->sequence_be);
		rx->domain = bpf_ntohl(v9->domain_be);
		rx->walk_bytes = rx->length;
		*header = sizeof(*v9);
		return NFM_CONTINUE;
	}
	if (rx->length < sizeof(*ipfix) || (const void *)(ipfix + 1) > rx->end)
		return NFM_REASON_SHORT;
	length = bpf_ntohs(ipfix->length_be);
	if (length > rx->length || length < sizeof(*ipfix))
		return NFM_REASON_TRUNCATED;
	rx->unix_s = bpf_ntohl(ipfix->unix_s_be);
	rx->uptime_ms = rx->unix_s * 1000; /* it has no uptime: the export time stands for it */
	rx->sequence = bpf_ntohl(ipfix->sequence_be);
	rx->domain = bpf_ntohl(ipfix->domain_be);
	rx->walk_bytes = length;
	*header = sizeof(*ipfix);
	return NFM_CONTINUE;
}

NFM_INLINE void walk_begin(const struct nfm_rx *rx, struct nfm_walk_state *s, __u32 header,
			   __u32 watch)
{
	s->now_ns = rx->now_ns;
	s->sum.bytes = 0;
	s->sum.packets = 0;
	s->key.domain = rx->domain;
	s->key.exporter = (__u16)rx->exporter;
	s->key.version = (__u16)rx->version;
	s->at = rx->offset + header;
	s->end = rx->offset + rx->walk_bytes;
	s->answer = NFM_CONTINUE;
	s->count = 0;
	s->den = 1;
	s->has_v6 = 0;
	s->has_alt = 0;
	s->sampling_num = rx->sampling_num;
	s->sampling_den = rx->sampling_den;
	s->disarmed = 0;
	s->watch = watch;
	s->spans = 0;
	s->ipfix = rx->version == NFM_IPFIX;
	s->uptime_ms = rx->uptime_ms;
	s->unix_s = rx->unix_s;
}

/* Walks all sets. `watch`: only to see whether templates differ. */
NFM_INLINE int template_walk(struct nfm_rx *rx, __u32 watch)
{
	struct nfm_walk walk;
	__u32 header = 0;
	int answer;

	answer = template_header(rx, &header);
	if (answer != NFM_CONTINUE)
		return answer;
	if (!walk_open(rx->md, &walk))
		return NFM_REASON_NO_TEMPLATE; /* cannot be: for the verifier */
	walk_begin(rx, walk.s, header, watch);
	if (walk.s->end > NFM_WALK_MOST)
		hand_over(&walk, NFM_REASON_LARGE);
	else
		bpf_loop(NFM_WALK_SETS, walk_set, &walk, 0);
	if (walk.s->at + 4 <= walk.s->end) { /* there is more than we have looked at */
		disarm(&walk, find_stream(&walk));
		hand_over(&walk, NFM_REASON_LARGE);
	}
	rx->disarmed = walk.s->disarmed;
	return walk.s->answer;
}

NFM_INLINE int template_decode(struct nfm_rx *rx, struct nfm_scratch *batch)
{
	int answer = template_walk(rx, 0);

	if (answer != NFM_CONTINUE)
		return answer;
	rx->count = batch->walk.count;
	batch->sum = batch->walk.sum;
	batch->divide_by = batch->walk.den;
	batch->has_v6 = batch->walk.has_v6;
	batch->has_alt = batch->walk.has_alt;
	batch->spans = batch->walk.spans;
	return NFM_CONTINUE;
}

/* Of a datagram not decoded here: whether it may bring templates of an exporter of ours. */
NFM_INLINE int may_have_templates(struct nfm_rx *rx)
{
	const struct nfm_admission *admission = bpf_map_lookup_elem(&nfm_admission, &rx->source);
	const __u16 *version_be = (const void *)rx->payload;

	if (!admission || rx->length < sizeof(*version_be) ||
	    (const void *)(version_be + 1) > rx->end)
		return 0;
	admit_as(rx, admission);
	rx->version = bpf_ntohs(*version_be);
	return rx->version == NFM_NETFLOW_V9 || rx->version == NFM_IPFIX;
}

/* A datagram that goes to the agent unseen must not bring a template past us. */
NFM_INLINE void template_watch(struct nfm_rx *rx)
{
	if (may_have_templates(rx))
		template_walk(rx, 1);
}

/*
 * A first fragment: what follows is not seen here. The agent gets the datagram by its socket, and
 * decodes the stream until then; in tee mode it does not: a template that begins here is lost.
 */
NFM_INLINE void template_fragment(struct nfm_rx *rx)
{
	struct nfm_walk walk;
	struct nfm_template_slot *stream;
	const __u16 *set;
	__u32 header;

	if (!may_have_templates(rx) || template_header(rx, &header) != NFM_CONTINUE ||
	    !walk_open(rx->md, &walk))
		return;
	walk_begin(rx, walk.s, header, 1);
	stream = find_stream(&walk);
	disarm(&walk, stream);
	set = packet_at(&walk, walk.s->at, 2);
	if (stream && rx->ctl->flags & NFM_CTL_TEE && (!set || bpf_ntohs(*set) < 4))
		stream->token = NFM_TOKEN_LOST;
}

/* The agent never got a datagram that disarmed a stream: nobody knows its templates now. */
NFM_INLINE void template_lost(const struct nfm_rx *rx)
{
	struct nfm_template_pool *pool;
	__u32 zero = 0;

	if (!rx->disarmed)
		return;
	pool = bpf_map_lookup_elem(&nfm_templates, &zero);
	if (pool)
		pool_slot(pool, rx->disarmed - 1)->token = NFM_TOKEN_LOST;
}

#endif
