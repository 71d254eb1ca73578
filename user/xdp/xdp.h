/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading, pinning, attaching and adopting the datapath. */
#ifndef NFM_XDP_H
#define NFM_XDP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "table/table.h"

/** A loaded datapath: its program and the maps that are not part of the table. */
struct nfm_xdp {
	int program_fd;
	uint32_t program_id;
	uint32_t table_id; /* map id of its control block: who has the same one shares the table */
	uint64_t build;	   /* of its object, see xdp/build.h; 0: loaded by hand, not known */
	int admission_fd;  /* key struct nfm_addr, value struct nfm_admission */
	int punts_fd;	   /* ring buffer */
};

#define NFM_XDP_NONE                                                                              \
	{                                                                                         \
		.program_fd = -1, .admission_fd = -1, .punts_fd = -1                              \
	}

enum nfm_xdp_attachment {
	NFM_ATTACHED_NONE,
	NFM_ATTACHED_OURS,	/* the program that `xdp` is */
	NFM_ATTACHED_SIBLING,	/* another program on the same table: of another build */
	NFM_ATTACHED_NFMETER,	/* an nfmeter with a table of its own */
	NFM_ATTACHED_OTHER_ABI, /* an nfmeter whose table this build cannot read */
	NFM_ATTACHED_FOREIGN,
};

struct nfm_xdp_state {
	enum nfm_xdp_attachment attachment;
	uint32_t program_id;
	const char *mode;     /* "native", "generic" or "none" */
	char program_name[16];
};

/** Loads a new datapath of this geometry. -EPERM without CAP_BPF and CAP_NET_ADMIN. */
int nfm_xdp_load(const struct nfm_geometry *geometry, struct nfm_xdp *out,
		 struct nfm_error *error);

/**
 * Loads this build's datapath onto the maps of `old`, whose sizes it takes: both count into one
 * table from then on, each where it is attached. Nothing is attached or pinned yet.
 */
int nfm_xdp_renew(const struct nfm_xdp *old, struct nfm_xdp *out, struct nfm_error *error);

/**
 * Takes a loaded program by id, if it is an nfmeter of this ABI; why not: -EPROTO; or
 * -EPROTONOSUPPORT: it is one of another ABI, and what to do.
 */
int nfm_xdp_adopt(uint32_t program_id, struct nfm_xdp *out, struct nfm_error *error);

/** The same of the program pinned under `directory`. -ENOENT: nothing is pinned there. */
int nfm_xdp_open_pins(const char *directory, struct nfm_xdp *out, struct nfm_error *error);

/**
 * Pins program and maps under `directory`, in place of what other table's pins are there: 1. 0 if
 * this table is pinned there already; a program of another build gives way without a moment in
 * which nothing was pinned.
 */
int nfm_xdp_pin(const struct nfm_xdp *xdp, const char *directory, struct nfm_error *error);
int nfm_xdp_unpin(const char *directory, struct nfm_error *error);

struct nfm_ring;

/**
 * The punt ring of a program that is to give way, pinned beside ours, so that what waits in it
 * outlives program and agent; once it is empty it is unpinned. One at a time, -EEXIST: another
 * one's is there. Opening, -ENOENT: there is none.
 */
int nfm_xdp_pin_old_ring(const struct nfm_xdp *old, const char *directory,
			 struct nfm_error *error);
int nfm_xdp_open_old_ring(const char *directory, struct nfm_ring *out, struct nfm_error *error);
int nfm_xdp_unpin_old_ring(const char *directory, struct nfm_error *error);

/**
 * Notes in the table that this process is its agent. The lock on the pins (nfm_nics_lock) keeps
 * those off who come by the pins; this one those who adopt the program from its NIC, with pins of
 * their own. -EWOULDBLOCK: another agent lives; the text names its process.
 */
int nfm_xdp_claim(const struct nfm_xdp *xdp, struct nfm_error *error);

/** Maps the table out of the program's maps. */
int nfm_xdp_table(const struct nfm_xdp *xdp, struct nfm_table *out, struct nfm_error *error);

/**
 * What is attached to a NIC. `xdp` may be NULL: then OURS and SIBLING do not come. With OTHER_ABI
 * and FOREIGN `error` has the reason.
 */
int nfm_xdp_query(const char *interface, const struct nfm_xdp *xdp, struct nfm_xdp_state *out,
		  struct nfm_error *error);

/**
 * Attaches to a NIC without a program. NFM_XDP_AUTO tries native, then generic. -EBUSY: there is
 * one. `mode` gets "native" or "generic".
 */
int nfm_xdp_attach(const struct nfm_xdp *xdp, const char *interface, enum nfm_xdp_mode want,
		   const char **mode, struct nfm_error *error);

/** Puts `xdp` in the place of `old`, at once: no packet passes by. */
int nfm_xdp_replace(const struct nfm_xdp *xdp, const char *interface, const struct nfm_xdp *old,
		    struct nfm_error *error);

/** Detaches, if what is attached is an nfmeter; -EPERM and why if it is a foreign program. */
int nfm_xdp_detach(const char *interface, struct nfm_error *error);

/**
 * How often a program has run since it was loaded, and how long in all. -ENODATA: the kernel does
 * not count (sysctl kernel.bpf_stats_enabled) and never has.
 */
int nfm_xdp_run(const struct nfm_xdp *xdp, uint32_t program_id, uint64_t *time_ns,
		uint64_t *runs);

void nfm_xdp_close(struct nfm_xdp *xdp);

/* ---- the punt ring ---- */

struct nfm_ring {
	uint64_t *consumer_pos;
	const uint64_t *producer_pos;
	const uint8_t *data; /* mapped twice in a row, so that an entry never wraps */
	uint64_t mask;
	uint64_t page;
};

int nfm_ring_open(int punts_fd, struct nfm_ring *out, struct nfm_error *error);
void nfm_ring_close(struct nfm_ring *ring);

/**
 * Next datagram without consuming it: 1 and `punt` (its payload behind it) and the position
 * after it; 0: empty; entries that were given up are stepped over. The caller stores
 * `next` into ring->consumer_pos once the datagram is counted.
 */
int nfm_ring_peek(struct nfm_ring *ring, const struct nfm_punt **punt, uint64_t *next);

/** Bytes that wait. */
uint64_t nfm_ring_backlog(const struct nfm_ring *ring);

#endif
