/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the live stride table say what a list of rules says. The rules, sorted, are the tree: it is
 * walked page by page beside the live one, and only entries that differ are stored.
 */
#ifndef NFM_STRIDE_BUILD_H
#define NFM_STRIDE_BUILD_H

#include <stdint.h>

#include "abi.h"
#include "customers/pages.h"

/* Where a rule comes from; at equal prefix the higher one wins. */
#define NFM_RULE_AUTO 0U
#define NFM_RULE_HOST 1U /* discovered */
#define NFM_RULE_LISTED 2U

/** A prefix and the leaf that it leads to. */
struct nfm_rule {
	uint8_t addr[16]; /* IPv4 in the first four bytes */
	uint32_t leaf;
	uint8_t bits;
	uint8_t source; /* NFM_RULE_… */
	uint16_t reserved;
};

/** The rules of one family. */
struct nfm_rules {
	struct nfm_rule *rule;
	uint32_t count;
	uint32_t root;	/* NFM_STRIDE_ROOT_… */
	uint32_t bytes; /* of an address: 4 or 16 */
};

/**
 * Sorts by address, then shorter prefixes first, then by source. `scratch` has room for as many
 * rules. Prefixes have no bits beyond their length.
 */
void nfm_rules_sort(struct nfm_rules *rules, struct nfm_rule *scratch);

/**
 * Takes the discovered hosts out of sorted rules whose longest match among the other rules is
 * a listed prefix: the operator's word beats discovery. `gone` hears of each one's leaf.
 */
void nfm_rules_drop_hosts(struct nfm_rules *rules, void (*gone)(void *cookie, uint32_t leaf),
			  void *cookie);

/** How many pages nfm_stride_reconcile() will allocate. */
uint32_t nfm_stride_pages_needed(const struct nfm_pages *pages, const struct nfm_rules *rules);

/**
 * Makes the live table say what the sorted rules say; every address leads to its old or its new
 * leaf at every moment. Pages out of use are retired, not yet released. Needs its pages.
 */
void nfm_stride_reconcile(struct nfm_pages *pages, const struct nfm_rules *rules);

/*
 * One discovered host in the live table. A host is the bytes 0..last of an address: last is 3
 * for an IPv4 /32, 7 for an IPv6 /64. The host's address leads to NFM_LEAF_DISCOVER.
 */

/** How many pages nfm_stride_put_host() will allocate. */
uint32_t nfm_stride_host_pages(const struct nfm_pages *pages, uint32_t root,
			       const uint8_t addr[16], unsigned int last);

/** All of the host that leads to NFM_LEAF_DISCOVER leads to `leaf` then. Needs its pages. */
void nfm_stride_put_host(struct nfm_pages *pages, uint32_t root, const uint8_t addr[16],
			 unsigned int last, uint32_t leaf);

/** Turns every NFM_LEAF_DISCOVER to NFM_LEAF_FULL, so that nothing asks for a row again. */
void nfm_stride_end_discovery(struct nfm_pages *pages);

#endif
