// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store of templates in the running agent: its log on disk, what an earlier agent left in the
 * datapath's pool, and the sets that wait for a template.
 */
#include "agent/templates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/meter.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "table/waiting.h"

#define TIDY_NS (5 * NFM_NS_PER_S)
#define SEEN_NS (60 * NFM_NS_PER_S)
#define DEFAULT_TEMPLATES 4096U
#define DEFAULT_BYTES (64ULL << 20)
#define FILE_PATH (PATH_MAX + 16)
#define WAITING_AT_ONCE 2048U /* sets looked at in one turn of the event loop */

/* ---- changes ---- */

static void on_change(void *cookie, const struct nfm_store_change *change)
{
	struct nfm_meter *meter = cookie;

	nfm_store_file_append(&meter->templates.file, change);
	if (change->event == NFM_STORE_SEEN)
		return;
	nfm_install_changed(meter, change->template ? &change->template->name :
						      &change->sampler->stream);
	if (change->event == NFM_STORE_SET) {
		/* a look goes to its end, or who always has a new template keeps it at the begin */
		meter->templates.waiting_again = meter->templates.waiting_position != 0;
		meter->templates.waiting_wanted = true;
	}
}

/* ---- opening ---- */

/* A template that the datapath decodes with, and that the log has lost. */
static void import_slot(struct nfm_meter *meter, const struct nfm_template_slot *slot)
{
	const struct nfm_template_name name = nfm_install_name(meter, &slot->key);
	bool options = slot->kind == NFM_SLOT_OPTIONS || slot->kind == NFM_SLOT_SAMPLING;
	struct nfm_template_head head;
	struct nfm_template *t;

	if (nfm_store_find(meter->templates.store, &name) ||
	    nfm_template_measure(slot->raw, slot->raw_bytes, name.version, options, &head) < 0 ||
	    head.id != name.id || !head.field_count ||
	    nfm_template_new(&name, slot->raw, &head, options, &t) < 0)
		return;
	t->learned_unix_ns = t->seen_unix_ns = nfm_clock_unix_ns();
	if (nfm_store_put(meter->templates.store, t) < 0)
		nfm_template_free(t);
}

/* Only of armed streams: of others, what is linked may be what the stream has redefined. */
static void import_pool(struct nfm_meter *meter)
{
	const struct nfm_template_pool *pool = meter->table.templates;

	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++) {
		uint32_t stream = (uint32_t)meter->templates.install.stream[i] - 1;

		if (meter->templates.install.stream[i] && stream != i &&
		    pool->slot[stream].token == NFM_TOKEN_ARMED)
			import_slot(meter, &pool->slot[i]);
	}
}

static void file_path(const struct nfm_meter *meter, char path[FILE_PATH])
{
	snprintf(path, FILE_PATH, "%s/" NFM_STORE_FILE, meter->config->directory);
}

/* Without a log templates are learned anew after a restart: no cause not to run. */
static void open_file(struct nfm_meter *meter)
{
	struct nfm_templates *templates = &meter->templates;
	char path[FILE_PATH];
	struct nfm_error error = {};
	int r = nfm_io_mkdir_p(meter->config->directory, 0755);

	file_path(meter, path);
	if (r < 0)
		nfm_error_set(&error, r, "%s: %s", meter->config->directory, strerror(-r));
	else
		r = nfm_store_file_open(&templates->file, path, templates->store, &error);
	if (r < 0)
		nfm_log_limited(&templates->limit, nfm_clock_monotonic_ns(), LOG_WARNING,
				"templates are not kept on disk: %s; it is tried again",
				error.text);
}

static void load_file(struct nfm_meter *meter)
{
	char path[FILE_PATH];
	struct nfm_error error = {};
	uint32_t damaged = 0;

	file_path(meter, path);
	if (nfm_store_file_load(path, meter->templates.store, &damaged, &error) < 0)
		nfm_log(LOG_WARNING, "templates are learned anew: %s", error.text);
	else if (damaged)
		nfm_log(LOG_WARNING, "%s: %u damaged entries left out", path, damaged);
}

struct removed_name {
	struct nfm_template_name name; /* id 0: a sampler's stream */
	uint64_t sampler;
};

struct removed {
	const struct nfm_meter *meter;
	struct removed_name *name; /* malloc'd */
	size_t count, size;
};

/* Nobody hears what it says: it is listed no more, or (a new table's) not yet. */
static bool is_unheard(const struct nfm_meter *meter, const struct nfm_addr *addr)
{
	int exporter = nfm_meter_exporter_find(meter, addr);

	if (exporter < 0)
		return !meter->config->any_exporter;
	return meter->table.exporters[exporter].state == NFM_EXPORTER_REMOVED;
}

static void collect_removed(void *cookie, const struct nfm_store_change *change)
{
	struct removed *removed = cookie;
	struct removed_name name = {};

	if (removed->count == removed->size)
		return;
	name.name = change->template ? change->template->name : change->sampler->stream;
	if (change->sampler)
		name.sampler = change->sampler->id;
	if (is_unheard(removed->meter, &name.name.exporter))
		removed->name[removed->count++] = name;
}

void nfm_meter_templates_forget_removed(struct nfm_meter *meter)
{
	struct nfm_store *store = meter->templates.store;
	_cleanup_free_ struct removed_name *name = NULL;
	struct removed removed = { .meter = meter };
	struct nfm_store_count count;

	if (!store)
		return;
	nfm_store_count(store, &count);
	removed.size = count.templates + count.samplers;
	name = calloc(removed.size + 1, sizeof(*name));
	if (!name)
		return;
	removed.name = name;
	nfm_store_each(store, collect_removed, &removed);
	for (size_t i = 0; i < removed.count; i++) {
		if (name[i].name.id)
			nfm_store_withdraw(store, &name[i].name);
		else
			nfm_store_withdraw_sampler(store, &name[i].name, name[i].sampler);
	}
}

int nfm_meter_templates_open(struct nfm_meter *meter, struct nfm_error *error)
{
	struct nfm_templates *templates = &meter->templates;
	const struct nfm_store_limits limits = {
		.per_exporter = meter->config->templates_per_exporter ?: DEFAULT_TEMPLATES,
		.bytes = meter->config->template_memory_bytes ?: DEFAULT_BYTES,
	};
	struct nfm_store_count count;
	int r = nfm_store_new(&limits, &templates->store);

	templates->limit = (struct nfm_log_limit)NFM_LOG_LIMIT(60, 5);
	if (r == 0)
		r = nfm_decoder_open(&templates->decoder, templates->store);
	if (r < 0)
		return nfm_error_set(error, r, "templates: %s", strerror(-r));
	load_file(meter);
	nfm_install_open(meter);
	import_pool(meter);
	open_file(meter);
	nfm_store_listen(templates->store, on_change, meter);
	nfm_meter_templates_forget_removed(meter);
	if (nfm_waiting_check(&meter->table))
		nfm_log(LOG_ERR, "sets that waited for a template were damaged: they are lost");
	templates->waiting_wanted = true;
	nfm_store_count(templates->store, &count);
	templates->forgotten = count.forgotten;
	if (count.templates)
		nfm_log(LOG_INFO, "%u templates known", count.templates);
	return 0;
}

void nfm_meter_templates_close(struct nfm_meter *meter)
{
	struct nfm_templates *templates = &meter->templates;

	if (templates->store) {
		nfm_store_listen(templates->store, NULL, NULL);
		nfm_store_file_tidy(&templates->file, templates->store);
		nfm_store_file_close(&templates->file);
		nfm_decoder_close(&templates->decoder);
	}
	nfm_store_free(templates->store);
	templates->store = NULL;
}

/* ---- now and then ---- */

/* What the datapath has seen and used, the store shall know: what it forgets, and ages. */
static void look_at_slot(struct nfm_meter *meter, const struct nfm_template_slot *slot,
			 uint64_t now_ns)
{
	const struct nfm_template_name name = nfm_install_name(meter, &slot->key);
	struct nfm_template *t = nfm_store_find(meter->templates.store, &name);
	uint64_t used_ns = slot->used_ns;
	uint64_t seen_ns = slot->seen_ns;
	uint64_t seen_unix_ns;

	if (!t)
		return;
	if (used_ns > t->used_ns)
		nfm_store_use(meter->templates.store, t, used_ns);
	if (!seen_ns || seen_ns > now_ns)
		return;
	seen_unix_ns = nfm_clock_unix_ns() - (now_ns - seen_ns);
	if (seen_unix_ns > t->seen_unix_ns + SEEN_NS)
		nfm_store_see(meter->templates.store, t, seen_unix_ns);
}

static void tidy(struct nfm_meter *meter, uint64_t now_ns)
{
	struct nfm_templates *templates = &meter->templates;
	int r;

	if (now_ns - templates->tidy_ns < TIDY_NS)
		return;
	templates->tidy_ns = now_ns;
	nfm_install_use_room(meter);
	for (uint32_t i = 0; i < NFM_TEMPLATE_SLOTS; i++)
		if (templates->install.stream[i] && templates->install.stream[i] != i + 1)
			look_at_slot(meter, &meter->table.templates->slot[i], now_ns);
	if (templates->file.fd < 0) {
		open_file(meter);
		return;
	}
	r = nfm_store_file_tidy(&templates->file, templates->store);
	if (r < 0)
		nfm_log_limited(&templates->limit, now_ns, LOG_WARNING,
				"%s: %s: templates learned since are not kept; it is tried again",
				templates->file.path, strerror(-r));
}

/* Sets of an exporter whose template has come. */
static void take_waiting(struct nfm_meter *meter)
{
	struct nfm_templates *templates = &meter->templates;
	const struct nfm_waiting *waiting;

	for (uint32_t i = 0; i < WAITING_AT_ONCE; i++) {
		waiting = nfm_waiting_next(&meter->table, &templates->waiting_position);
		if (!waiting) {
			templates->waiting_wanted = templates->waiting_again;
			templates->waiting_again = false;
			templates->waiting_position = 0;
			return;
		}
		nfm_meter_take_waiting(meter, waiting);
	}
}

static void expire_waiting(struct nfm_meter *meter, uint64_t now_ns)
{
	uint64_t limit_ns = meter->config->template_wait_s * NFM_NS_PER_S;

	for (uint32_t i = 0; i < WAITING_AT_ONCE; i++) {
		uint64_t position = 0;
		const struct nfm_waiting *w = nfm_waiting_next(&meter->table, &position);

		/* far ahead of us: from before a restart of this machine */
		if (!w || (now_ns - w->time_ns < limit_ns || w->time_ns - now_ns < limit_ns))
			return;
		nfm_meter_give_up(meter, w, NFM_REASON_WAIT_EXPIRED, now_ns);
	}
}

void nfm_meter_templates_tick(struct nfm_meter *meter, uint64_t now_ns)
{
	if (meter->templates.waiting_wanted)
		take_waiting(meter);
	expire_waiting(meter, now_ns);
	tidy(meter, now_ns);
}
