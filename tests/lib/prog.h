/* SPDX-License-Identifier: GPL-2.0-only */
/* The datapath under test: loaded with chosen sizes, run on frames, its maps in memory. */
#ifndef NFM_TEST_PROG_H
#define NFM_TEST_PROG_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "table/table.h"

struct bpf_object;

struct nfm_prog_sizes {
	uint32_t columns; /* 0: one for each possible CPU, and the agent's */
	uint32_t capacity;
	uint32_t exporters;
	uint32_t pages;
	uint32_t seqlog_entries; /* a power of two */
	uint32_t ring_bytes;	 /* a power of two, whole pages */
	uint32_t earlier_slots;	 /* a multiple of 4 */
};

/** One entry of the punt ring; `payload` is valid until the next drain. */
typedef void (*nfm_prog_punt_fn)(void *cookie, const struct nfm_punt *punt,
				 const uint8_t *payload);

struct nfm_prog {
	struct bpf_object *object;
	int fd; /* of the program */
	struct nfm_table table;
	uint32_t pages_used;
};

/** Path of the object: $NFM_BPF_OBJECT or build/nfmeter.bpf.o. */
const char *nfm_prog_path(void);

/**
 * Loads the object `path`, maps its table and sets it up as an agent would: magic, `refuse`,
 * epoch 2. 0 or -errno; what went wrong is on stderr.
 */
int nfm_prog_load(struct nfm_prog *p, const char *path, const struct nfm_prog_sizes *sizes);
void nfm_prog_close(struct nfm_prog *p);

/** Empties every map and sets ctl up again, so that a load serves many tests. */
int nfm_prog_reset(struct nfm_prog *p);

/** New fd of one of the program's maps, or -errno. */
int nfm_prog_map_fd(void *prog, const char *name);

/** Lets `exporter` (row) send from the address; num 0 believes the datagram. 0 or -errno. */
int nfm_prog_admit(struct nfm_prog *p, const char *address, uint32_t exporter, uint32_t num,
		   uint32_t den);

/**
 * Enters one prefix into the stride pages; a longer one has to come after the shorter ones that
 * hold it. The leaf is a row with its kind (stride.h). 0 or -errno (-ENOSPC: pages).
 */
int nfm_prog_prefix(struct nfm_prog *p, const char *prefix, uint32_t leaf);
int nfm_prog_prefix_v4(struct nfm_prog *p, uint32_t addr, uint8_t bits, uint32_t leaf);

/** Runs the program on a frame. Returns the verdict (XDP_…) or -errno. */
int nfm_prog_run(const struct nfm_prog *p, const void *frame, size_t length);

/** The same of any program, `repeat` times; *ns, if not NULL, gets the mean of a run in ns. */
int nfm_prog_run_fd(int fd, const void *frame, size_t length, uint32_t repeat, uint32_t *ns);

/** Gives every waiting punt to `fn`; returns how many there were, or -errno. */
int nfm_prog_drain(struct nfm_prog *p, nfm_prog_punt_fn fn, void *cookie);

/** Refusals of a source, all CPUs; 0 if the map does not know it. */
uint64_t nfm_prog_refusals(const struct nfm_prog *p, const char *address);

#endif
