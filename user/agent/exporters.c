// SPDX-License-Identifier: GPL-2.0-only
/* Who may send: the exporters' list in the table, its index here, the datapath's admission map. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/meter.h"
#include "base/units.h"

static uint32_t hash_addr(const struct nfm_addr *addr)
{
	uint64_t hash = (addr->half_be[0] ^ (addr->half_be[1] * 0x9e3779b97f4a7c15ULL)) *
			0xff51afd7ed558ccdULL;

	return (uint32_t)(hash >> 32);
}

static bool same_addr(const struct nfm_addr *a, const struct nfm_addr *b)
{
	return a->half_be[0] == b->half_be[0] && a->half_be[1] == b->half_be[1];
}

int nfm_meter_exporter_find(const struct nfm_meter *meter, const struct nfm_addr *addr)
{
	uint32_t slot = hash_addr(addr) & (meter->exporter_slots - 1);

	while (meter->exporter_slot[slot]) {
		uint32_t exporter = meter->exporter_slot[slot] - 1;

		if (same_addr(&meter->table.exporters[exporter].addr, addr))
			return (int)exporter;
		slot = (slot + 1) & (meter->exporter_slots - 1);
	}
	return -ENOENT;
}

static void index_exporter(struct nfm_meter *meter, uint32_t exporter)
{
	const struct nfm_addr *addr = &meter->table.exporters[exporter].addr;
	uint32_t slot = hash_addr(addr) & (meter->exporter_slots - 1);

	while (meter->exporter_slot[slot])
		slot = (slot + 1) & (meter->exporter_slots - 1);
	meter->exporter_slot[slot] = exporter + 1;
}

/* The datapath admits who is in its map; in socket mode there is none. */
static int admit(const struct nfm_meter *meter, uint32_t exporter)
{
	const struct nfm_exporter *e = &meter->table.exporters[exporter];
	struct nfm_admission value = {
		.exporter = exporter,
		.sampling_num = e->sampling_num,
		.sampling_den = e->sampling_den,
	};

	if (meter->xdp.admission_fd < 0)
		return 0;
	return bpf_map_update_elem(meter->xdp.admission_fd, &e->addr, &value, BPF_ANY) < 0 ?
		       -errno :
		       0;
}

int nfm_meter_exporter_add(struct nfm_meter *meter, const struct nfm_addr *addr, uint32_t state)
{
	struct nfm_ctl *ctl = meter->table.ctl;
	struct nfm_exporter *e;
	uint32_t exporter = ctl->exporter_count;
	int r;

	if (exporter >= meter->table.geometry.exporters)
		return -ENOSPC;
	e = &meter->table.exporters[exporter];
	memset(e, 0, sizeof(*e));
	e->addr = *addr;
	e->sampling_den = 1;
	e->state = state;
	__atomic_store_n(&ctl->exporter_count, exporter + 1, __ATOMIC_RELEASE);
	index_exporter(meter, exporter);
	nfm_install_changed_all(meter); /* its templates may be known from an earlier table */
	r = admit(meter, exporter);
	return r < 0 ? r : (int)exporter;
}

/* Sets what the configuration says of one listed exporter. */
static int apply_listed(struct nfm_meter *meter, const struct nfm_config_exporter *listed,
			struct nfm_error *error)
{
	int exporter = nfm_meter_exporter_find(meter, &listed->addr);
	struct nfm_exporter *e;
	char text[64];
	int r;

	if (exporter < 0)
		exporter = nfm_meter_exporter_add(meter, &listed->addr, NFM_EXPORTER_LISTED);
	if (exporter == -ENOSPC) { /* rows are kept for what they counted: no cause not to run */
		nfm_log(LOG_ERR,
			"no row for exporter %s: others, discovered or removed, have all %u of "
			"this table; its datagrams are refused until a new table is made",
			nfm_units_format_addr(&listed->addr, text, sizeof(text)),
			meter->table.geometry.exporters);
		return 0;
	}
	if (exporter < 0)
		return nfm_error_set(error, exporter, "exporter %s: admission: %s", listed->name,
				     strerror(-exporter));
	e = &meter->table.exporters[exporter];
	memcpy(e->name, listed->name, sizeof(e->name));
	e->name[sizeof(e->name) - 1] = '\0';
	e->sampling_num = listed->sampling_num;
	e->sampling_den = listed->sampling_den ? listed->sampling_den : 1;
	e->flags = (listed->trust_data ? NFM_EXPORTER_TRUST_DATA : 0) |
		   (listed->no_nat ? NFM_EXPORTER_NO_NAT : 0) |
		   (listed->repair_wraps ? NFM_EXPORTER_REPAIR_WRAPS : 0);
	e->state = NFM_EXPORTER_LISTED;
	r = admit(meter, (uint32_t)exporter);
	return r < 0 ? nfm_error_set(error, r, "exporter %s: admission: %s", e->name,
				     strerror(-r)) :
		       0;
}

static bool is_listed(const struct nfm_config *config, const struct nfm_addr *addr)
{
	for (unsigned int i = 0; i < config->exporter_count; i++)
		if (same_addr(&config->exporters[i].addr, addr))
			return true;
	return false;
}

/* An exporter of an earlier configuration: discovered now, or no longer admitted. */
static int apply_unlisted(struct nfm_meter *meter, uint32_t exporter)
{
	struct nfm_exporter *e = &meter->table.exporters[exporter];

	memset(e->name, 0, sizeof(e->name));
	e->sampling_num = 0;
	e->sampling_den = 1;
	e->flags = 0;
	if (meter->config->any_exporter) {
		e->state = NFM_EXPORTER_DISCOVERED;
		return admit(meter, exporter);
	}
	e->state = NFM_EXPORTER_REMOVED;
	if (meter->xdp.admission_fd >= 0 &&
	    bpf_map_delete_elem(meter->xdp.admission_fd, &e->addr) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* A new, empty index; the old one stays where there is no memory. */
static int make_index(struct nfm_meter *meter)
{
	uint32_t slots = 64;
	uint32_t *index;

	while (slots < 2 * meter->table.geometry.exporters)
		slots *= 2;
	index = calloc(slots, sizeof(*index));
	if (!index)
		return -ENOMEM;
	free(meter->exporter_slot);
	meter->exporter_slot = index;
	meter->exporter_slots = slots;
	return 0;
}

int nfm_meter_exporters_apply(struct nfm_meter *meter, struct nfm_error *error)
{
	struct nfm_ctl *ctl = meter->table.ctl;
	uint32_t rows = meter->table.geometry.exporters;
	char text[64];
	int r;

	if (ctl->exporter_count > rows)
		return nfm_error_set(error, -EBADMSG,
				     "the table is damaged: %u exporters in %u rows; remove it, "
				     "and a new one will be made",
				     ctl->exporter_count, rows);
	if (meter->config->exporter_count > rows)
		return nfm_error_set(
			error, -ENOSPC,
			"no row for exporter %s: raise [collector] max-exporters above %u",
			nfm_units_format_addr(&meter->config->exporters[rows].addr, text,
					      sizeof(text)),
			rows);
	r = make_index(meter);
	if (r < 0)
		return nfm_error_set(error, r, "out of memory");
	for (uint32_t i = 0; i < ctl->exporter_count; i++) {
		index_exporter(meter, i);
		if (is_listed(meter->config, &meter->table.exporters[i].addr))
			continue;
		r = apply_unlisted(meter, i);
		if (r < 0)
			return nfm_error_set(error, r, "admission: %s", strerror(-r));
	}
	for (unsigned int i = 0; i < meter->config->exporter_count; i++) {
		r = apply_listed(meter, &meter->config->exporters[i], error);
		if (r < 0)
			return r;
	}
	nfm_meter_templates_forget_removed(meter);
	nfm_install_changed_all(meter); /* sampling or NAT may be set otherwise */
	/* last: from now on the datapath refuses by itself, if it shall */
	__atomic_store_n(&ctl->flags,
			 (meter->config->tee ? NFM_CTL_TEE : 0) |
				 (meter->config->any_exporter ? NFM_CTL_ANY_EXPORTER :
								NFM_CTL_REFUSE),
			 __ATOMIC_RELEASE);
	return 0;
}

void nfm_meter_refuse(struct nfm_meter *meter, const struct nfm_addr *addr, uint64_t now_ns)
{
	struct nfm_refused *list = meter->table.refused;
	struct nfm_refused *entry = NULL;

	for (uint32_t i = 0; i < NFM_REFUSED_ENTRIES && !entry; i++)
		if (list[i].refusal.datagrams && same_addr(&list[i].addr, addr))
			entry = &list[i];
	if (!entry) {
		entry = &list[meter->refused_next++ % NFM_REFUSED_ENTRIES];
		entry->refusal.datagrams = 0;
		entry->addr = *addr;
	}
	entry->refusal.last_seen_ns = now_ns;
	entry->refusal.datagrams++;
}
