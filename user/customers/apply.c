// SPDX-License-Identifier: GPL-2.0-only
/*
 * Brings a registry into the live table: a plan is made in private memory, which may fail, and then
 * carried out, which may not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "customers/state.h"
#include "customers/stride_build.h"
#include "customers/text.h"

#define MARK_LISTED 1U /* the registry has it */
#define MARK_GONE 2U   /* was discovered, and lies in a listed prefix now */

struct plan {
	struct nfm_customers *c;
	const struct nfm_registry *registry;
	uint32_t *row;	    /* of each customer of the registry; NFM_INDEX_NONE: none is left */
	uint8_t *mark;	    /* of each live row */
	uint32_t new_rows;
	uint32_t prefixes;  /* entries of the list, afterwards */
	struct nfm_rules v4, v6;
	bool discover;	    /* there is room for what the auto ranges will bring */
	struct nfm_customers_change change;
};

static void plan_close(struct plan *plan)
{
	free(plan->row);
	free(plan->mark);
	free(plan->v4.rule);
	free(plan->v6.rule);
}

/* ---- the plan: rows ---- */

static bool is_changed(const struct nfm_customers *c, const struct nfm_registry *registry,
		       const struct nfm_customer *customer, uint32_t row)
{
	const struct nfm_name *live = &c->names[row];
	char name[NFM_NAME_SIZE];

	nfm_text_copy(name, sizeof(name), customer->name);
	if (strcmp(name, live->name) || live->prefix_count != customer->prefix_count)
		return true;
	for (uint32_t i = 0; i < customer->prefix_count; i++) {
		const struct nfm_prefix *new = &registry->prefixes[customer->first_prefix + i];
		const struct nfm_prefix *old = &c->prefixes[live->first_prefix + i];

		if (memcmp(new->addr, old->addr, sizeof(new->addr)) || new->bits != old->bits ||
		    new->family != old->family)
			return true;
	}
	return false;
}

static void plan_row(struct plan *plan, uint32_t i)
{
	const struct nfm_customer *customer = &plan->registry->customers[i];
	struct nfm_customers *c = plan->c;
	uint32_t row = nfm_customers_find(c, customer->id);

	if (row != NFM_INDEX_NONE) {
		plan->mark[row] = MARK_LISTED;
		if (c->names[row].state != NFM_NAME_LISTED)
			plan->change.added++;
		else
			plan->change.changed += is_changed(c, plan->registry, customer, row);
	} else if (c->ctl->names + plan->new_rows < c->capacity) {
		row = c->ctl->names + plan->new_rows++;
		plan->change.added++;
	} else {
		plan->change.without_row++;
	}
	plan->row[i] = row;
	if (row != NFM_INDEX_NONE)
		plan->prefixes += customer->prefix_count;
}

static int plan_rows(struct plan *plan)
{
	uint32_t count = plan->registry->customer_count;
	const struct nfm_customers *c = plan->c;

	plan->row = malloc((count + 1UL) * sizeof(*plan->row));
	plan->mark = calloc(c->ctl->names, sizeof(*plan->mark));
	if (!plan->row || !plan->mark)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		plan_row(plan, i);
	plan->change.listed = count;
	for (uint32_t row = NFM_ROW_FIRST; row < c->ctl->names; row++)
		plan->change.removed += c->names[row].state == NFM_NAME_LISTED &&
					plan->mark[row] != MARK_LISTED;
	return nfm_index_reserve(&c->state->ids, plan->new_rows);
}

/* ---- the plan: rules ---- */

static const struct nfm_prefix *host_to_keep(const struct plan *plan, uint32_t row)
{
	const struct nfm_name *name = &plan->c->names[row];

	if (name->state != NFM_NAME_DISCOVERED || plan->mark[row] == MARK_LISTED)
		return NULL;
	return &plan->c->prefixes[name->first_prefix];
}

static void add_rule(struct plan *plan, const uint8_t addr[16], uint8_t family, uint8_t bits,
		     uint8_t source, uint32_t leaf)
{
	struct nfm_rules *rules = family == 4 ? &plan->v4 : &plan->v6;
	struct nfm_rule *rule = &rules->rule[rules->count++];

	memcpy(rule->addr, addr, sizeof(rule->addr));
	rule->leaf = leaf;
	rule->bits = bits;
	rule->source = source;
	rule->reserved = 0;
}

static int allocate_rules(struct plan *plan)
{
	const struct nfm_registry *registry = plan->registry;
	const struct nfm_customers_state *state = plan->c->state;
	size_t four = 1, six = 1;

	for (size_t i = 0; i < state->auto_count; i++)
		*(state->autos[i].family == 4 ? &four : &six) += 1;
	for (uint32_t row = NFM_ROW_FIRST; row < plan->c->ctl->names; row++) {
		const struct nfm_prefix *host = host_to_keep(plan, row);

		if (host)
			*(host->family == 4 ? &four : &six) += 1;
	}
	for (uint32_t i = 0; i < registry->prefix_count; i++)
		*(registry->prefixes[i].family == 4 ? &four : &six) += 1;
	plan->v4 = (struct nfm_rules){ .root = NFM_STRIDE_ROOT_V4, .bytes = 4 };
	plan->v6 = (struct nfm_rules){ .root = NFM_STRIDE_ROOT_V6, .bytes = 16 };
	plan->v4.rule = malloc(four * sizeof(*plan->v4.rule));
	plan->v6.rule = malloc(six * sizeof(*plan->v6.rule));
	return plan->v4.rule && plan->v6.rule ? 0 : -ENOMEM;
}

static void collect_rules(struct plan *plan)
{
	const struct nfm_registry *registry = plan->registry;
	const struct nfm_customers_state *state = plan->c->state;

	for (size_t i = 0; i < state->auto_count; i++)
		add_rule(plan, state->autos[i].addr, state->autos[i].family, state->autos[i].bits,
			 NFM_RULE_AUTO, NFM_LEAF_DISCOVER);
	for (uint32_t row = NFM_ROW_FIRST; row < plan->c->ctl->names; row++) {
		const struct nfm_prefix *host = host_to_keep(plan, row);

		if (!host)
			continue;
		add_rule(plan, host->addr, host->family, host->bits, NFM_RULE_HOST, row);
		plan->prefixes++;
	}
	for (uint32_t i = 0; i < registry->prefix_count; i++) {
		const struct nfm_prefix *p = &registry->prefixes[i];
		uint32_t row = plan->row[p->row];

		add_rule(plan, p->addr, p->family, p->bits, NFM_RULE_LISTED,
			 row == NFM_INDEX_NONE ? NFM_LEAF_FULL : row);
	}
}

static void note_gone(void *cookie, uint32_t leaf)
{
	struct plan *plan = cookie;

	plan->mark[leaf] = MARK_GONE;
	plan->prefixes--;
}

static int plan_rules(struct plan *plan)
{
	_cleanup_free_ struct nfm_rule *scratch = NULL;
	int code = allocate_rules(plan);

	if (code)
		return code;
	collect_rules(plan);
	scratch = malloc((NFM_MAX(plan->v4.count, plan->v6.count) + 1UL) * sizeof(*scratch));
	if (!scratch)
		return -ENOMEM;
	nfm_rules_sort(&plan->v4, scratch);
	nfm_rules_sort(&plan->v6, scratch);
	nfm_rules_drop_hosts(&plan->v4, note_gone, plan);
	nfm_rules_drop_hosts(&plan->v6, note_gone, plan);
	return 0;
}

/* ---- the plan: room ---- */

static void close_autos(struct nfm_rules *rules)
{
	for (uint32_t i = 0; i < rules->count; i++)
		if (rules->rule[i].source == NFM_RULE_AUTO)
			rules->rule[i].leaf = NFM_LEAF_FULL;
}

static int plan_room(struct plan *plan, struct nfm_error *error)
{
	const struct nfm_customers *c = plan->c;
	const struct nfm_pages *pages = &c->state->pages;
	uint32_t needed = nfm_stride_pages_needed(pages, &plan->v4) +
			  nfm_stride_pages_needed(pages, &plan->v6);

	if (plan->prefixes > c->prefix_capacity)
		return nfm_error_set(error, -ENOSPC,
				     "%u prefixes, but the table has room for %u: raise "
				     "[collector] capacity; nothing was changed",
				     plan->prefixes, c->prefix_capacity);
	if (needed > nfm_pages_available(pages))
		return nfm_error_set(error, -ENOSPC,
				     "the prefixes need %u more pages, but the table has %u left: "
				     "raise [collector] pages; nothing was changed",
				     needed, nfm_pages_available(pages));
	plan->discover = c->ctl->names + plan->new_rows < c->capacity &&
			 plan->prefixes < c->prefix_capacity;
	if (!plan->discover) {
		close_autos(&plan->v4);
		close_autos(&plan->v6);
	}
	return 0;
}

static int plan_make(struct plan *plan, struct nfm_error *error)
{
	int code = plan_rows(plan);

	if (!code)
		code = plan_rules(plan);
	if (code)
		return nfm_error_set(error, code, "not enough memory for %u customers",
				     plan->registry->customer_count);
	return plan_room(plan, error);
}

/* ---- carrying it out ---- */

/* A row has its name before an address leads to it: after a stop no counts are nobody's. */
static void append_names(struct plan *plan)
{
	struct nfm_customers *c = plan->c;
	uint32_t first = c->ctl->names;

	for (uint32_t i = 0; plan->new_rows && i < plan->registry->customer_count; i++) {
		const struct nfm_customer *customer = &plan->registry->customers[i];
		struct nfm_name name;

		if (plan->row[i] == NFM_INDEX_NONE || plan->row[i] < first)
			continue;
		nfm_customers_fill_name(&name, NFM_NAME_LISTED, customer->id, customer->name);
		nfm_customers_append(c, &name);
	}
}

static void write_removed(const struct plan *plan, uint32_t old_names)
{
	for (uint32_t row = NFM_ROW_FIRST; row < old_names; row++) {
		struct nfm_name *name = &plan->c->names[row];

		if (plan->mark[row] == MARK_LISTED ||
		    (name->state == NFM_NAME_DISCOVERED && plan->mark[row] != MARK_GONE))
			continue;
		name->state = NFM_NAME_REMOVED;
		name->first_prefix = 0;
		name->prefix_count = 0;
	}
}

static uint32_t write_listed(const struct plan *plan)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->registry->customer_count; i++) {
		const struct nfm_customer *customer = &plan->registry->customers[i];
		uint32_t row = plan->row[i];
		struct nfm_name *name;

		if (row == NFM_INDEX_NONE)
			continue;
		name = &plan->c->names[row];
		name->state = NFM_NAME_LISTED;
		name->first_prefix = count;
		name->prefix_count = customer->prefix_count;
		nfm_text_copy(name->name, sizeof(name->name), customer->name);
		for (uint32_t j = 0; j < customer->prefix_count; j++) {
			struct nfm_prefix *to = &plan->c->prefixes[count++];

			*to = plan->registry->prefixes[customer->first_prefix + j];
			to->row = row;
		}
	}
	return count;
}

static uint32_t write_hosts(const struct plan *plan, const struct nfm_rules *rules, uint8_t family,
			    uint32_t count)
{
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct nfm_rule *rule = &rules->rule[i];
		struct nfm_prefix prefix = { .row = rule->leaf, .family = family,
					     .bits = rule->bits };

		if (rule->source != NFM_RULE_HOST)
			continue;
		memcpy(prefix.addr, rule->addr, sizeof(prefix.addr));
		plan->c->names[rule->leaf].first_prefix = count;
		plan->c->prefixes[count++] = prefix;
	}
	return count;
}

static void carry_out(struct plan *plan)
{
	struct nfm_customers *c = plan->c;
	struct nfm_pages *pages = &c->state->pages;
	uint32_t old_names = c->ctl->names;
	uint32_t count;

	append_names(plan);
	nfm_stride_reconcile(pages, &plan->v4);
	nfm_stride_reconcile(pages, &plan->v6);

	nfm_customers_change_begin(c->ctl);
	write_removed(plan, old_names);
	count = write_listed(plan);
	count = write_hosts(plan, &plan->v4, 4, count);
	count = write_hosts(plan, &plan->v6, 6, count);
	c->ctl->prefix_count = count;
	if (plan->discover)
		c->state->hosts_without_row = 0;
	c->ctl->customers_full = plan->change.without_row + c->state->hosts_without_row;
	nfm_customers_change_end(c->ctl);

	if (pages->retired_count && c->grace)
		c->grace();
	nfm_pages_release(pages);
}

int nfm_customers_apply(struct nfm_customers *c, const struct nfm_registry *registry,
			struct nfm_customers_change *change, struct nfm_error *error)
{
	_cleanup_(plan_close) struct plan plan = { .c = c, .registry = registry };
	int code = plan_make(&plan, error);

	if (code)
		return code;
	carry_out(&plan);
	if (change)
		*change = plan.change;
	return 0;
}
