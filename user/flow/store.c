// SPDX-License-Identifier: GPL-2.0-only
#include "flow/store.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/store_hash.h"

#define SEEN_NS (60 * NFM_NS_PER_S) /* SEEN is told once in so long */

/* A ring whose head stands between the newest and the oldest. */
struct list {
	struct list *older, *newer;
};

/* Both live as long as something is in them. */
struct exporter {
	struct nfm_store_node node;
	struct list items;
	uint32_t count;
};

enum row {
	ROW_DATA,
	ROW_OPTIONS,
	ROW_SAMPLERS,
	ROWS,
};

struct stream {
	struct nfm_store_node node;
	struct exporter *exporter;
	struct list row[ROWS];
	uint32_t count;
	uint32_t samplers;
	uint32_t sampled; /* samplers with another rate than 1 */
};

struct nfm_store_item {
	struct nfm_store_node node;
	struct list of_all, of_exporter, of_stream;
	struct stream *stream;
	uint64_t bytes;
	uint64_t told_unix_ns;	       /* when listeners last heard that it was seen */
	struct nfm_template *template; /* NULL: a sampler */
	struct nfm_sampler sampler;
};

struct nfm_store {
	struct nfm_store_limits limits;
	struct nfm_store_count count;
	nfm_store_fn fn;
	void *cookie;
	struct list all;
	struct nfm_store_hash hash;
};

#define ITEM_OF(list, member)                                                                     \
	((struct nfm_store_item *)((char *)(list)-offsetof(struct nfm_store_item, member)))

/* ---- lists ---- */

static void list_init(struct list *head)
{
	head->older = head;
	head->newer = head;
}

static bool list_empty(const struct list *head)
{
	return head->newer == head;
}

static void list_add_newest(struct list *head, struct list *entry)
{
	entry->newer = head;
	entry->older = head->older;
	head->older->newer = entry;
	head->older = entry;
}

static void list_remove(struct list *entry)
{
	entry->older->newer = entry->newer;
	entry->newer->older = entry->older;
}

static struct list *list_oldest(const struct list *head)
{
	return head->newer;
}

/* ---- keys ---- */

static struct nfm_store_key exporter_key(const struct nfm_template_name *name)
{
	return (struct nfm_store_key){
		.name.exporter = name->exporter,
		.kind = NFM_STORE_KIND_EXPORTER,
	};
}

static struct nfm_store_key stream_key(const struct nfm_template_name *name)
{
	struct nfm_store_key key = { .name = *name, .kind = NFM_STORE_KIND_STREAM };

	key.name.id = 0;
	return key;
}

static struct nfm_store_key template_key(const struct nfm_template_name *name)
{
	return (struct nfm_store_key){ .name = *name, .kind = NFM_STORE_KIND_TEMPLATE };
}

static struct nfm_store_key sampler_key(const struct nfm_template_name *stream, uint64_t id)
{
	struct nfm_store_key key = {
		.name = *stream,
		.sampler = id,
		.kind = NFM_STORE_KIND_SAMPLER,
	};

	key.name.id = 0;
	return key;
}

/* ---- exporters and streams ---- */

static struct exporter *make_exporter(struct nfm_store *store, const struct nfm_store_key *key)
{
	struct exporter *exporter = calloc(1, sizeof(*exporter));

	if (!exporter)
		return NULL;
	list_init(&exporter->items);
	nfm_store_hash_add(&store->hash, &exporter->node, key);
	return exporter;
}

static struct stream *make_stream(struct nfm_store *store, const struct nfm_store_key *key)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct nfm_store_key above = exporter_key(&key->name);

	if (!stream)
		return NULL;
	stream->exporter = (struct exporter *)nfm_store_hash_find(&store->hash, &above);
	if (!stream->exporter)
		stream->exporter = make_exporter(store, &above);
	if (!stream->exporter) {
		free(stream);
		return NULL;
	}
	for (uint32_t i = 0; i < ROWS; i++)
		list_init(&stream->row[i]);
	nfm_store_hash_add(&store->hash, &stream->node, key);
	return stream;
}

static struct stream *find_stream(const struct nfm_store *store,
				  const struct nfm_template_name *name)
{
	struct nfm_store_key key = stream_key(name);

	return (struct stream *)nfm_store_hash_find(&store->hash, &key);
}

/* The stream, with one more thing in it and in its exporter. */
static struct stream *hold_stream(struct nfm_store *store, const struct nfm_template_name *name)
{
	struct nfm_store_key key = stream_key(name);
	struct stream *stream = (struct stream *)nfm_store_hash_find(&store->hash, &key);

	if (!stream)
		stream = make_stream(store, &key);
	if (!stream)
		return NULL;
	stream->count++;
	stream->exporter->count++;
	return stream;
}

static void release_stream(struct nfm_store *store, struct stream *stream)
{
	struct exporter *exporter = stream->exporter;

	if (!--stream->count) {
		nfm_store_hash_remove(&store->hash, &stream->node);
		free(stream);
	}
	if (!--exporter->count) {
		nfm_store_hash_remove(&store->hash, &exporter->node);
		free(exporter);
	}
}

/* ---- items ---- */

static struct nfm_store_item *find_item(const struct nfm_store *store,
					const struct nfm_store_key *key)
{
	return (struct nfm_store_item *)nfm_store_hash_find(&store->hash, key);
}

static void tell(const struct nfm_store *store, enum nfm_store_event event,
		 const struct nfm_store_item *item)
{
	struct nfm_store_change change = {
		.event = event,
		.template = item->template,
		.sampler = item->template ? NULL : &item->sampler,
	};

	if (store->fn)
		store->fn(store->cookie, &change);
}

static bool is_sampling(const struct nfm_sampling *sampling)
{
	return sampling->num != sampling->den;
}

static enum row row_of(const struct nfm_store_item *item)
{
	if (!item->template)
		return ROW_SAMPLERS;
	return item->template->options ? ROW_OPTIONS : ROW_DATA;
}

static void make_newest(struct nfm_store *store, struct nfm_store_item *item)
{
	list_remove(&item->of_all);
	list_add_newest(&store->all, &item->of_all);
	list_remove(&item->of_exporter);
	list_add_newest(&item->stream->exporter->items, &item->of_exporter);
}

/* Out of everything, but not freed yet. */
static void take_out(struct nfm_store *store, struct nfm_store_item *item)
{
	nfm_store_hash_remove(&store->hash, &item->node);
	list_remove(&item->of_all);
	list_remove(&item->of_exporter);
	list_remove(&item->of_stream);
	store->count.bytes -= item->bytes;
	if (item->template) {
		store->count.templates--;
	} else {
		store->count.samplers--;
		item->stream->samplers--;
		item->stream->sampled -= is_sampling(&item->sampler.sampling);
	}
	release_stream(store, item->stream);
}

static void free_item(struct nfm_store_item *item)
{
	if (!item)
		return;
	if (item->template)
		nfm_template_free(item->template);
	free(item);
}

static void drop(struct nfm_store *store, struct nfm_store_item *item, enum nfm_store_event event)
{
	take_out(store, item);
	store->count.forgotten += event == NFM_STORE_FORGOTTEN;
	tell(store, event, item);
	free_item(item);
}

/* Who wants more loses its own oldest; only who has nothing takes from others. */
static void make_room(struct nfm_store *store, const struct exporter *exporter, uint64_t bytes)
{
	while (exporter->count > store->limits.per_exporter ||
	       store->count.bytes + bytes > store->limits.bytes) {
		struct nfm_store_item *item;

		if (list_empty(&exporter->items))
			item = ITEM_OF(list_oldest(&store->all), of_all);
		else
			item = ITEM_OF(list_oldest(&exporter->items), of_exporter);
		drop(store, item, NFM_STORE_FORGOTTEN);
	}
}

/* 0, -ENOSPC, -ENOMEM: the item is not in then, but others may have gone. */
static int take_in(struct nfm_store *store, struct nfm_store_item *item,
		   const struct nfm_store_key *key)
{
	struct stream *stream;

	if (item->bytes > store->limits.bytes)
		return -ENOSPC;
	stream = hold_stream(store, &key->name);
	if (!stream)
		return -ENOMEM;
	make_room(store, stream->exporter, item->bytes);
	item->stream = stream;
	nfm_store_hash_add(&store->hash, &item->node, key);
	list_add_newest(&store->all, &item->of_all);
	list_add_newest(&stream->exporter->items, &item->of_exporter);
	list_add_newest(&stream->row[row_of(item)], &item->of_stream);
	store->count.bytes += item->bytes;
	if (item->template) {
		store->count.templates++;
	} else {
		store->count.samplers++;
		stream->samplers++;
		stream->sampled += is_sampling(&item->sampler.sampling);
	}
	return 0;
}

/* ---- the store ---- */

int nfm_store_new(const struct nfm_store_limits *limits, struct nfm_store **out)
{
	struct nfm_store *store = calloc(1, sizeof(*store));

	if (!store)
		return -ENOMEM;
	if (limits)
		store->limits = *limits;
	if (!store->limits.per_exporter)
		store->limits.per_exporter = NFM_STORE_PER_EXPORTER;
	if (!store->limits.bytes)
		store->limits.bytes = NFM_STORE_BYTES;
	list_init(&store->all);
	if (nfm_store_hash_open(&store->hash)) {
		free(store);
		return -ENOMEM;
	}
	*out = store;
	return 0;
}

void nfm_store_clear(struct nfm_store *store)
{
	while (!list_empty(&store->all)) {
		struct nfm_store_item *item = ITEM_OF(list_oldest(&store->all), of_all);

		take_out(store, item);
		free_item(item);
	}
}

void nfm_store_free(struct nfm_store *store)
{
	if (!store)
		return;
	nfm_store_clear(store);
	nfm_store_hash_close(&store->hash);
	free(store);
}

void nfm_store_free_p(struct nfm_store **store)
{
	nfm_store_free(*store);
}

void nfm_store_listen(struct nfm_store *store, nfm_store_fn fn, void *cookie)
{
	store->fn = fn;
	store->cookie = cookie;
}

struct nfm_template *nfm_store_find(const struct nfm_store *store,
				    const struct nfm_template_name *name)
{
	struct nfm_store_key key = template_key(name);
	const struct nfm_store_item *item = find_item(store, &key);

	return item ? item->template : NULL;
}

void nfm_store_use(struct nfm_store *store, struct nfm_template *template, uint64_t now_ns)
{
	template->used_ns = now_ns;
	make_newest(store, template->item);
}

void nfm_store_see(struct nfm_store *store, struct nfm_template *template, uint64_t now_unix_ns)
{
	struct nfm_store_item *item = template->item;

	template->seen_unix_ns = now_unix_ns;
	/* A clock that was set back makes this large. */
	if (now_unix_ns - item->told_unix_ns < SEEN_NS)
		return;
	item->told_unix_ns = now_unix_ns;
	tell(store, NFM_STORE_SEEN, item);
}

static struct nfm_store_item *make_item(struct nfm_template *template)
{
	struct nfm_store_item *item = calloc(1, sizeof(*item));

	if (!item)
		return NULL;
	item->template = template;
	item->bytes = sizeof(*item) + nfm_template_size(template);
	item->told_unix_ns = template->seen_unix_ns;
	return item;
}

int nfm_store_put(struct nfm_store *store, struct nfm_template *template)
{
	struct nfm_store_key key = template_key(&template->name);
	struct nfm_store_item *old = find_item(store, &key);
	struct nfm_store_item *item = make_item(template);
	int code = -ENOMEM;

	/* First of all, so that it is not told as forgotten when room is made. */
	if (old)
		take_out(store, old);
	if (item)
		code = take_in(store, item, &key);
	if (!code) {
		template->item = item;
		tell(store, NFM_STORE_SET, item);
	} else if (old) {
		store->count.forgotten++;
		tell(store, NFM_STORE_FORGOTTEN, old);
	}
	if (code)
		free(item);
	free_item(old);
	return code;
}

void nfm_store_withdraw(struct nfm_store *store, const struct nfm_template_name *name)
{
	struct nfm_store_key key = template_key(name);
	struct nfm_store_item *item = find_item(store, &key);

	if (item)
		drop(store, item, NFM_STORE_WITHDRAWN);
}

void nfm_store_withdraw_all(struct nfm_store *store, const struct nfm_template_name *name,
			    bool options)
{
	struct stream *stream = find_stream(store, name);
	bool last = !stream || list_empty(&stream->row[options ? ROW_OPTIONS : ROW_DATA]);

	/* The stream goes with the last thing in it. */
	while (!last) {
		struct list *row = &stream->row[options ? ROW_OPTIONS : ROW_DATA];
		struct list *oldest = list_oldest(row);

		last = oldest->newer == row;
		drop(store, ITEM_OF(oldest, of_stream), NFM_STORE_WITHDRAWN);
	}
}

/* ---- samplers ---- */

static void change_sampling(struct nfm_store *store, struct nfm_store_item *item,
			    struct nfm_sampling sampling)
{
	struct nfm_sampling *now = &item->sampler.sampling;

	make_newest(store, item);
	if (now->num == sampling.num && now->den == sampling.den)
		return;
	item->stream->sampled += is_sampling(&sampling);
	item->stream->sampled -= is_sampling(now);
	*now = sampling;
	tell(store, NFM_STORE_SAMPLER, item);
}

int nfm_store_put_sampler(struct nfm_store *store, const struct nfm_sampler *sampler)
{
	struct nfm_store_key key = sampler_key(&sampler->stream, sampler->id);
	struct nfm_store_item *item = find_item(store, &key);
	int code;

	if (item) {
		change_sampling(store, item, sampler->sampling);
		return 0;
	}
	item = calloc(1, sizeof(*item));
	if (!item)
		return -ENOMEM;
	item->sampler = *sampler;
	item->sampler.stream.id = 0;
	item->bytes = sizeof(*item);
	code = take_in(store, item, &key);
	if (code)
		free(item);
	else
		tell(store, NFM_STORE_SAMPLER, item);
	return code;
}

void nfm_store_withdraw_sampler(struct nfm_store *store, const struct nfm_template_name *stream,
				uint64_t id)
{
	struct nfm_store_key key = sampler_key(stream, id);
	struct nfm_store_item *item = find_item(store, &key);

	if (item)
		drop(store, item, NFM_STORE_WITHDRAWN);
}

const struct nfm_sampler *nfm_store_find_sampler(const struct nfm_store *store,
						 const struct nfm_template_name *stream,
						 uint64_t id)
{
	struct nfm_store_key key = sampler_key(stream, id);
	const struct nfm_store_item *item = find_item(store, &key);

	return item ? &item->sampler : NULL;
}

const struct nfm_sampler *nfm_store_any_sampler(const struct nfm_store *store,
						const struct nfm_template_name *name,
						uint32_t *count)
{
	const struct stream *stream = find_stream(store, name);

	*count = stream ? stream->samplers : 0;
	if (!*count)
		return NULL;
	return &ITEM_OF(list_oldest(&stream->row[ROW_SAMPLERS]), of_stream)->sampler;
}

struct nfm_sampling nfm_store_sampling(const struct nfm_store *store,
				       const struct nfm_template_name *name, uint64_t id)
{
	uint32_t count;
	const struct nfm_sampler *any = nfm_store_any_sampler(store, name, &count);
	const struct nfm_sampler *sampler = NULL;

	if (any)
		sampler = nfm_store_find_sampler(store, name, id);
	if (any && !sampler)
		sampler = nfm_store_find_sampler(store, name, NFM_SAMPLER_ANY);
	if (!sampler && count == 1)
		sampler = any;
	return sampler ? sampler->sampling : (struct nfm_sampling){ 1, 1 };
}

bool nfm_store_is_sampled(const struct nfm_store *store, const struct nfm_template_name *name)
{
	const struct stream *stream = find_stream(store, name);

	return stream && stream->sampled;
}

/* ---- all of it ---- */

static void each(const struct nfm_store *store, bool samplers, nfm_store_fn fn, void *cookie)
{
	for (struct list *at = list_oldest(&store->all); at != &store->all; at = at->newer) {
		const struct nfm_store_item *item = ITEM_OF(at, of_all);
		struct nfm_store_change change = {
			.event = samplers ? NFM_STORE_SAMPLER : NFM_STORE_SET,
			.template = item->template,
			.sampler = item->template ? NULL : &item->sampler,
		};

		if (samplers == !item->template)
			fn(cookie, &change);
	}
}

void nfm_store_each(const struct nfm_store *store, nfm_store_fn fn, void *cookie)
{
	each(store, false, fn, cookie);
	each(store, true, fn, cookie);
}

void nfm_store_count(const struct nfm_store *store, struct nfm_store_count *out)
{
	*out = store->count;
}
