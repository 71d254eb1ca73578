// SPDX-License-Identifier: GPL-2.0-only
#include "agent/meter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "snapshot/rotate.h"

/*
 * MEMBARRIER_CMD_GLOBAL waits for an RCU grace period (kernel/sched/membarrier.c): XDP programs run
 * in RCU readers, so that after it no CPU is still in a run that began before. A kernel with
 * nohz_full CPUs refuses it; then two seconds stand in, against runs of microseconds.
 */
void nfm_meter_grace(void)
{
	const struct timespec long_enough = { .tv_sec = 2 };

	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		nanosleep(&long_enough, NULL);
}

static bool is_wanted(const struct nfm_config *config, uint16_t port_be)
{
	for (unsigned int i = 0; i < config->port_count; i++)
		if (htons(config->ports[i]) == port_be)
			return true;
	return false;
}

static bool is_there(const struct nfm_ctl *ctl, uint16_t port_be, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (ctl->ports_be[i] == port_be)
			return true;
	return false;
}

/*
 * The datapath reads the list while it changes: a port that stays keeps its place, so that it is
 * never missing. The first place is never empty: that would stand for the default port.
 */
void nfm_meter_ports_apply(struct nfm_meter *meter)
{
	const struct nfm_config *config = meter->config;
	struct nfm_ctl *ctl = meter->table.ctl;
	unsigned int next = 0;

	for (unsigned int i = 0; i < NFM_MAX_PORTS; i++) {
		uint16_t port_be = ctl->ports_be[i];

		if (port_be && is_wanted(config, port_be) && !is_there(ctl, port_be, i))
			continue;
		while (next < config->port_count &&
		       is_there(ctl, htons(config->ports[next]), NFM_MAX_PORTS))
			next++;
		if (next < config->port_count)
			port_be = htons(config->ports[next]);
		else
			port_be = i ? 0 : htons(config->ports[0]);
		__atomic_store_n(&ctl->ports_be[i], port_be, __ATOMIC_RELEASE);
	}
}

void nfm_meter_interval_apply(struct nfm_meter *meter)
{
	uint32_t interval_s = meter->config->interval_s;
	uint32_t slots = meter->table.geometry.earlier_slots;

	meter->table.ctl->interval_s = interval_s;
	if (slots)
		nfm_log(LOG_INFO,
			"earlier slots: from the next interval on %u of %u s, which reach %u min "
			"back: what is older goes to the oldest; their number is a new table's",
			slots, interval_s, slots * interval_s / 60);
}

/* What the datapath reads beside the exporters' flags; `magic` says that it is all there. */
static void set_ctl(struct nfm_meter *meter)
{
	const struct nfm_config *config = meter->config;
	struct nfm_ctl *ctl = meter->table.ctl;

	nfm_meter_ports_apply(meter);
	memcpy(ctl->listen, config->listen, sizeof(ctl->listen));
	ctl->listen_count = config->listen_count;
	ctl->interval_s = config->interval_s;
	__atomic_store_n(&ctl->magic, NFM_ABI_MAGIC, __ATOMIC_RELEASE);
}

/* A table that no agent has had before: its identity and its first interval. */
static int begin_table(struct nfm_table *table, uint32_t interval_s)
{
	struct nfm_ctl *ctl = table->ctl;
	uint64_t now_unix_ns = nfm_clock_unix_ns();

	if (ctl->created_unix_ns)
		return 0;
	if (getrandom(ctl->identity, sizeof(ctl->identity), 0) != sizeof(ctl->identity))
		return -errno;
	/* an even epoch: bank 0 has the datapath's counts from before the first agent */
	ctl->committed = 1;
	ctl->epoch = 2;
	ctl->from_unix_ns[0] = now_unix_ns;
	nfm_rotate_set_slot(table, ctl->epoch, now_unix_ns, nfm_clock_monotonic_ns(), interval_s);
	__atomic_store_n(&ctl->created_unix_ns, now_unix_ns, __ATOMIC_RELEASE);
	return 0;
}

/*
 * Without the datapath nobody counts while no agent runs: the open interval says since when. What
 * is lost shows in sequences, too, but not in those of an exporter that sent nothing before.
 */
static void note_gap(struct nfm_table *table)
{
	struct nfm_ctl *ctl = table->ctl;
	uint64_t now_unix_ns = nfm_clock_unix_ns();
	uint32_t bank = ctl->epoch & 1;
	uint32_t count = NFM_MIN(ctl->gap_count[bank], NFM_GAPS);

	if (table->in_maps || !ctl->alive_unix_ns || now_unix_ns <= ctl->alive_unix_ns)
		return;
	if (count == NFM_GAPS) {
		ctl->gap[bank][count - 1].to_unix_ns = now_unix_ns;
		return;
	}
	ctl->gap[bank][count] = (struct nfm_gap){ ctl->alive_unix_ns, now_unix_ns };
	/* who reads the count finds the gap */
	__atomic_store_n(&ctl->gap_count[bank], count + 1, __ATOMIC_RELEASE);
}

/*
 * A table file may outlive a reboot, the monotonic clock does not: the open slot is found again by
 * the wall clock. Maps go with the machine, and the datapath counts by what stands in them.
 */
static void find_slot(struct nfm_table *table)
{
	struct nfm_ctl *ctl = table->ctl;
	uint32_t bank = ctl->epoch & 1;
	uint64_t elapsed_ns = nfm_clock_unix_ns();

	if (table->in_maps || !ctl->slot_start_ns[bank])
		return;
	elapsed_ns -= NFM_MIN(ctl->slot_unix_ns[bank], elapsed_ns);
	ctl->slot_start_ns[bank] = nfm_clock_monotonic_ns() - elapsed_ns ?: 1;
}

void nfm_meter_alive(struct nfm_meter *meter, uint64_t now_unix_ns)
{
	__atomic_store_n(&meter->table.ctl->alive_unix_ns, now_unix_ns, __ATOMIC_RELAXED);
}

static int open_customers(struct nfm_meter *meter, struct nfm_error *error)
{
	const struct nfm_config *config = meter->config;
	struct nfm_table *table = &meter->table;
	struct nfm_customers_auto autos[NFM_CONFIG_MAX_AUTO];

	for (unsigned int i = 0; i < config->auto_count; i++) {
		memcpy(autos[i].addr, config->autos[i].addr, sizeof(autos[i].addr));
		autos[i].family = config->autos[i].family;
		autos[i].bits = config->autos[i].bits;
	}
	meter->customers = (struct nfm_customers){
		.ctl = table->ctl,
		.pages = table->pages,
		.names = table->names,
		.prefixes = table->prefixes,
		.page_capacity = table->geometry.pages,
		.capacity = table->geometry.capacity,
		.prefix_capacity = table->geometry.prefixes,
		.grace = table->in_maps ? nfm_meter_grace : NULL,
	};
	return nfm_customers_open(&meter->customers, autos, config->auto_count, error);
}

int nfm_meter_reload(struct nfm_meter *meter, struct nfm_customers_change *change,
		     struct nfm_error *error)
{
	_cleanup_(nfm_registry_clear) struct nfm_registry registry = {};
	const char *path = meter->config->customers_file;

	if (meter->config->customers_file_set || access(path, F_OK) == 0) {
		int r = nfm_registry_read(path, &registry, error);

		if (r < 0)
			return r;
	}
	return nfm_customers_apply(&meter->customers, &registry, change, error);
}

void nfm_meter_geometry(const struct nfm_config *config, struct nfm_geometry *g)
{
	uint32_t wanted = nfm_table_geometry_earlier(g, config->interval_s,
						     config->earlier_memory_bytes);

	if (g->earlier_slots < wanted && config->earlier_memory_bytes)
		nfm_log(LOG_WARNING,
			"room for %u earlier slots of %u s, %u are needed for flows of 30 minutes: "
			"what is older goes to the oldest one%s; raise [collector] earlier-memory",
			g->earlier_slots, config->interval_s, wanted,
			g->earlier_slots ? "" : ", here the open one");
	if (config->template_buffer_bytes) /* else the default's */
		g->waiting_pages = (uint32_t)((config->template_buffer_bytes +
					       NFM_WAITING_PAGE - 1) /
					      NFM_WAITING_PAGE);
}

/* Of an agent that ended while it took over: 1; 0: there is none. */
static int open_old_ring(struct nfm_meter *meter, struct nfm_error *error)
{
	int r = nfm_xdp_open_old_ring(meter->config->pin, &meter->old_ring, error);

	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* The order is: pinned, replaced, and then, here: grace, taken, unpinned. */
void nfm_meter_take_over(struct nfm_meter *meter)
{
	struct nfm_error error = {};
	unsigned int taken;
	int r = meter->old_ring.consumer_pos ? 1 : open_old_ring(meter, &error);

	if (r == 0)
		return;
	if (r > 0) {
		nfm_meter_grace(); /* runs of the old program are over */
		taken = nfm_meter_drain_old(meter);
		nfm_ring_close(&meter->old_ring);
		if (taken)
			nfm_log(LOG_NOTICE, "took %u datagrams that had waited for an agent",
				taken);
		r = nfm_xdp_unpin_old_ring(meter->config->pin, &error);
	}
	if (r < 0)
		nfm_log_limited(&meter->full_limit, nfm_clock_monotonic_ns(), LOG_ERR,
				"datagrams that wait for an agent: %s", error.text);
}

static int open_table(struct nfm_meter *meter, const struct nfm_xdp *xdp, struct nfm_error *error)
{
	const struct nfm_config *config = meter->config;
	struct nfm_geometry geometry;
	char path[PATH_MAX + 16];
	int r;

	if (xdp) {
		r = nfm_xdp_table(xdp, &meter->table, error);
		if (r == 0)
			r = nfm_ring_open(xdp->punts_fd, &meter->ring, error);
		if (r == 0)
			r = open_old_ring(meter, error);
		return r < 0 ? r : 0;
	}
	r = nfm_io_mkdir_p(config->runtime, 0755);
	if (r < 0)
		return nfm_error_set(error, r, "%s: %s (set [collector] runtime)",
				     config->runtime, strerror(-r));
	snprintf(path, sizeof(path), "%s/table", config->runtime);
	nfm_table_geometry_init(&geometry, 1, config->capacity, config->max_exporters,
				config->pages);
	nfm_meter_geometry(config, &geometry);
	return nfm_table_file_create(path, &geometry, &meter->table, error);
}

static int allocate(struct nfm_meter *meter)
{
	meter->log = aligned_alloc(64, (sizeof(*meter->log) + 63) / 64 * 64);
	if (!meter->log)
		return -ENOMEM;
	memset(meter->log, 0, sizeof(*meter->log));
	return 0;
}

static int open_parts(struct nfm_meter *meter, const struct nfm_xdp *xdp, struct nfm_error *error)
{
	int r = allocate(meter);

	if (r < 0)
		return nfm_error_set(error, r, "out of memory");
	r = open_table(meter, xdp, error);
	if (r < 0)
		return r;
	if (nfm_journal_recover(&meter->table, meter->ring.consumer_pos,
				meter->old_ring.consumer_pos))
		nfm_log(LOG_NOTICE, "finished a batch that an earlier agent had begun");
	r = begin_table(&meter->table, meter->config->interval_s);
	if (r < 0)
		return nfm_error_set(error, r, "no random identity: %s", strerror(-r));
	note_gap(&meter->table);
	find_slot(&meter->table);
	nfm_meter_alive(meter, nfm_clock_unix_ns());
	r = open_customers(meter, error);
	if (r < 0)
		return r;
	r = nfm_meter_exporters_apply(meter, error);
	return r < 0 ? r : nfm_meter_templates_open(meter, error);
}

/*
 * The customers at the start. A wrong file must not keep the agent from a table that has customers:
 * it goes on with those, as after a wrong reload. A new table has none to go on with.
 */
static int first_load(struct nfm_meter *meter, struct nfm_error *error)
{
	struct nfm_customers_change change;
	int r = nfm_meter_reload(meter, &change, error);

	if (r == 0)
		nfm_log(LOG_INFO, "customers: %u listed, %u new, %u removed, %u without a row",
			change.listed, change.added, change.removed, change.without_row);
	if (r == 0 || meter->table.ctl->names <= NFM_ROW_FIRST)
		return r;
	nfm_log(LOG_ERR, "customers not loaded, those that the table has stay: %s", error->text);
	return 0;
}

int nfm_meter_open(struct nfm_meter *meter, const struct nfm_config *config, struct nfm_xdp *xdp,
		   struct nfm_error *error)
{
	int r;

	*meter = (struct nfm_meter){
		.config = config,
		.xdp = NFM_XDP_NONE,
		.table.refusals_fd = -1,
		.wire_limit = NFM_LOG_LIMIT(60, 10),
		.full_limit = NFM_LOG_LIMIT(60, 2),
	};
	if (xdp)
		meter->xdp = *xdp; /* borrowed until we are through */
	r = open_parts(meter, xdp, error);
	if (r == 0)
		r = first_load(meter, error);
	if (r < 0) {
		meter->xdp = (struct nfm_xdp)NFM_XDP_NONE;
		nfm_meter_close(meter);
		return r;
	}
	set_ctl(meter);
	if (xdp)
		*xdp = (struct nfm_xdp)NFM_XDP_NONE;
	return 0;
}

void nfm_meter_close(struct nfm_meter *meter)
{
	nfm_meter_templates_close(meter);
	nfm_customers_close(&meter->customers);
	nfm_ring_close(&meter->ring);
	nfm_ring_close(&meter->old_ring);
	nfm_table_close(&meter->table);
	nfm_xdp_close(&meter->xdp);
	free(meter->log);
	free(meter->exporter_slot);
	meter->log = NULL;
	meter->exporter_slot = NULL;
}
