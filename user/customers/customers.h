/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The customers: a registry read from a CSV file, its prefixes, and the stride table built of them.
 * Pure: no sockets, no libbpf; the live table is given as memory.
 */
#ifndef NFM_CUSTOMERS_H
#define NFM_CUSTOMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "base/error.h"

struct nfm_customer {
	char *id;
	char *name; /* "" if there is none */
	uint32_t first_prefix; /* into nfm_registry.prefixes */
	uint32_t prefix_count;
};

/** What a customers file says. nfm_prefix.row is the customer's index here. */
struct nfm_registry {
	struct nfm_customer *customers;
	uint32_t customer_count;
	struct nfm_prefix *prefixes;
	uint32_t prefix_count;
	char *text; /* private: holds ids and names */
};

/**
 * Reads a customers file (CSV with header: `id`, `prefixes` required, `name`; RFC 4180 quoting;
 * prefixes separated by spaces or semicolons). All wrong lines are reported as file:line (as many
 * as the error's text holds, and how many more), and then nothing is taken: -EINVAL. Errors: no
 * such column, empty or too long id (NFM_ID_SIZE - 1 bytes) or one that is no UTF-8 text, the
 * same id twice, no prefix, bad prefix, host bits set, the same prefix twice, more fields than the
 * header has, broken quotes.
 */
int nfm_registry_read(const char *path, struct nfm_registry *out, struct nfm_error *error);

/** Hears of every wrong line, in the file's order, however many there are. */
typedef void (*nfm_registry_tell)(void *cookie, uint32_t line, const char *problem);

/** As nfm_registry_read(); `tell` (may be NULL) hears of each wrong line behind the header. */
int nfm_registry_check(const char *path, nfm_registry_tell tell, void *cookie,
		       struct nfm_registry *out, struct nfm_error *error);
void nfm_registry_clear(struct nfm_registry *registry);

/**
 * Edits the file by a temporary file and rename (owner and mode kept): gives `id` exactly these
 * prefixes (adding a line if it is new) or removes its line(s); other lines and columns stay byte
 * for byte. The result is verified as nfm_registry_read() does before the rename. A missing file
 * is made by set. -ENOENT: remove of an unknown id.
 */
int nfm_registry_file_set(const char *path, const char *id, const char *const *prefixes,
			  size_t prefix_count, struct nfm_error *error);

/** The same, with a name (NULL: it keeps the one it has). -EINVAL: the file has no such column. */
int nfm_registry_file_set_named(const char *path, const char *id, const char *name,
				const char *const *prefixes, size_t prefix_count,
				struct nfm_error *error);
int nfm_registry_file_remove(const char *path, const char *id, struct nfm_error *error);

/** The live memory that the customers fill; parts of the table, and this process's notes on it. */
struct nfm_customers {
	struct nfm_ctl *ctl; /* names, prefix and page count, customers_full, registry_generation */
	struct nfm_page *pages;
	struct nfm_name *names;
	struct nfm_prefix *prefixes;
	uint32_t page_capacity;
	uint32_t capacity;
	uint32_t prefix_capacity;
	void (*grace)(void); /* returns when no reader of an unlinked page is left; may be NULL */
	struct nfm_customers_state *state; /* id → row index, free pages, auto ranges: private */
};

struct nfm_customers_auto {
	uint8_t addr[16];
	uint8_t family, bits;
};

/**
 * Takes over the live memory, empty or left by an earlier agent: rebuilds the private notes (ids,
 * free pages) from it. Names rows 0 and 1 "unmatched" and "local" (state NFM_NAME_FREE: they are
 * no customers). Members up to `grace` are set by the caller. After a stop in the middle of a
 * change listed customers are without prefixes in the list until the next nfm_customers_apply();
 * addresses lead to them all the same. -EBADMSG: the memory is damaged.
 */
int nfm_customers_open(struct nfm_customers *c, const struct nfm_customers_auto *autos,
		       size_t auto_count, struct nfm_error *error);
void nfm_customers_close(struct nfm_customers *c);

struct nfm_customers_change {
	uint32_t listed, added, removed, changed, without_row; /* customers */
};

/**
 * Makes the live table say what `registry` says, plus the discovered hosts that it already has and
 * the auto ranges. Every id keeps its row for the table's life; a customer that is gone keeps its
 * row as NFM_NAME_REMOVED. At every moment each address leads to its old or its new customer,
 * never nowhere. A discovered host whose longest match (of listed prefixes and auto ranges) is a
 * listed prefix is removed: the operator's word beats discovery; its counts stay. Customers for
 * whom no row is left get NFM_LEAF_FULL leaves. -ENOSPC (pages, prefixes): nothing was changed.
 */
int nfm_customers_apply(struct nfm_customers *c, const struct nfm_registry *registry,
			struct nfm_customers_change *change, struct nfm_error *error);

/**
 * Makes a customer for a host in an auto range (IPv4 /32, IPv6 /64), id and name are the address
 * ("10.1.2.3", "2001:db8:0:1::/64"). Returns its row; -ENOSPC: no row (or page) is left, and the
 * auto ranges' free leaves have been turned to NFM_LEAF_FULL so that nothing asks again; -EINVAL:
 * the address is in no auto range; 0 (unmatched): its id, in both spellings, is that of a listed
 * customer with other prefixes, and the host leads to NFM_LEAF_FULL.
 */
int nfm_customers_discover(struct nfm_customers *c, const uint8_t addr[16], uint8_t family);

/** The leaf that an address leads to now (stride.h), for the agent and tests. */
uint32_t nfm_customers_look_up(const struct nfm_page *pages, uint32_t page_count,
			       const uint8_t addr[16], uint8_t family);

#endif
