/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent's meter with a datapath of its own, frames for it, and who counted them. Frames are
 * told by text, as in tests/unit/sets.h; what the datapath hands over waits in the ring until
 * drain() or a round.
 */
#ifndef NFM_BPF_INSTALL_H
#define NFM_BPF_INSTALL_H

#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/frame.h"
#include "../lib/prog.h"
#include "../unit/meter_sets.h"
#include "agent/templates.h"
#include "table/pool.h"

#define T300 "t 300 8/4 12/4 1/4 2/4;"
#define T300_TURNED "t 300 12/4 8/4 2/4 1/4;" /* data of the one are data of the other */
#define DOMAIN 7U

static struct nfm_template_pool *pool;
static uint64_t round_ns;
static int program_fd = -1; /* also while no agent runs */
static void (*in_grace)(void); /* what happens while a grace period is waited for */

/*
 * The agent's grace period is one call of the kernel: in the middle of a round, when the tokens
 * are read and the ring is not.
 */
long syscall(long number, ...)
{
	static long (*libc)(long, ...);
	void (*hook)(void) = in_grace;
	va_list args;
	long a[6];

	if (!libc)
		*(void **)&libc = dlsym(RTLD_NEXT, "syscall");
	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == __NR_membarrier && a[0] == MEMBARRIER_CMD_GLOBAL && hook) {
		in_grace = NULL;
		hook();
	}
	return libc(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- the meter ---- */

static inline void open_with(struct nfm_xdp *xdp)
{
	struct nfm_error error = {};

	if (nfm_meter_open(meter, config, xdp, &error) < 0) {
		nfm_xdp_close(xdp);
		fail_msg("%s", error.text);
	}
	meter_is_open = true;
	pool = meter->table.templates;
	program_fd = meter->xdp.program_fd;
	clock_ns = nfm_clock_monotonic_ns();
}

static inline void open_datapath(void)
{
	struct nfm_xdp xdp = NFM_XDP_NONE;
	struct nfm_error error = {};
	struct nfm_geometry g;

	nfm_table_geometry_init(&g, (uint32_t)libbpf_num_possible_cpus() + 1, config->capacity,
				config->max_exporters, config->pages);
	nfm_meter_geometry(config, &g);
	if (nfm_xdp_load(&g, &xdp, &error) < 0)
		fail_msg("%s", error.text);
	open_with(&xdp);
}

/* The agent goes, its datapath stays, and another agent takes it over. `meanwhile` may be NULL. */
static inline void restart_agent(void (*meanwhile)(void))
{
	struct nfm_xdp xdp = NFM_XDP_NONE;
	struct nfm_error error = {};
	uint32_t id = meter->xdp.program_id;
	int held = dup(meter->xdp.program_fd);

	assert_true(held >= 0);
	meter_close();
	program_fd = held;
	if (meanwhile)
		meanwhile();
	if (nfm_xdp_adopt(id, &xdp, &error) < 0)
		fail_msg("%s", error.text);
	open_with(&xdp);
	close(held);
}

static inline int install_set_up(void **state)
{
	int r = meter_sets_set_up(state);

	if (r == 0)
		config->template_buffer_bytes = 4 << 20;
	in_grace = NULL;
	return r;
}

/* A fresh folder, configuration and datapath, for a test's next version. */
static inline void fresh_datapath(void)
{
	void *state = NULL;

	assert_int_equal(meter_tear_down(&state), 0);
	assert_int_equal(install_set_up(&state), 0);
	open_datapath();
}

/* ---- frames ---- */

/* The frame of what stands in sets_byte comes in by the NIC. */
static inline void frame_built(const char *router)
{
	static struct nfm_frame frame;
	const struct nfm_packet packet = { .source = router };

	nfm_frame_build(&frame, &packet, sets_byte, sets_bytes);
	assert_int_equal(nfm_prog_run_fd(program_fd, frame.byte, frame.length, 1, NULL),
			 1 /* XDP_DROP */);
}

static inline void frame_from(const char *router, uint16_t version, const char *text)
{
	build_numbered(version, text);
	frame_built(router);
}

static inline void frame(uint16_t version, const char *text)
{
	frame_from(ROUTER, version, text);
}

static inline void drain(void)
{
	nfm_meter_drain(meter, UINT32_MAX);
	assert_int_equal(nfm_ring_backlog(&meter->ring), 0);
	assert_all_accounted();
}

/* A round, whenever the last one was. */
static inline void do_round(void)
{
	round_ns = NFM_MAX(round_ns, nfm_clock_monotonic_ns()) + 60 * NFM_NS_PER_S;
	nfm_install_round(meter, round_ns);
	clock_ns = nfm_clock_monotonic_ns();
}

static inline void wait_over(void)
{
	clock_ns = nfm_clock_monotonic_ns();
	tick();
}

/* ---- who counted ---- */

static inline uint64_t records_of(const char *router, bool kernel)
{
	const struct nfm_addr addr = meter_addr(router);
	int exporter = nfm_meter_exporter_find(meter, &addr);
	uint32_t number = nfm_table_exporter_row(&meter->table, (uint32_t)exporter);
	struct nfm_row row;

	if (exporter < 0)
		return 0;
	if (kernel)
		nfm_table_sum_kernel(&meter->table, number, &row);
	else
		nfm_table_sum_agent(&meter->table, number, &row);
	return row.exporter.records;
}

/*
 * The datagram's `records` were counted by the datapath alone, or handed over and counted by the
 * agent.
 */
static inline void counted_by(bool kernel, const char *router, uint16_t version, const char *text,
			      uint32_t records, const char *file, int line)
{
	uint64_t by_kernel = records_of(router, true);
	uint64_t by_agent = records_of(router, false);

	drain();
	frame_from(router, version, text);
	by_kernel = records_of(router, true) - by_kernel;
	if (!kernel)
		_assert_true(nfm_ring_backlog(&meter->ring) > 0, "handed over", file, line);
	drain();
	by_agent = records_of(router, false) - by_agent;
	_assert_int_equal(by_kernel, kernel ? records : 0, file, line);
	_assert_int_equal(by_agent, kernel ? 0 : records, file, line);
}

#define assert_kernel_counts(version, text, records)                                              \
	counted_by(true, ROUTER, version, text, records, __FILE__, __LINE__)
#define assert_agent_counts(version, text, records)                                               \
	counted_by(false, ROUTER, version, text, records, __FILE__, __LINE__)

/* ---- the pool ---- */

/* Slot of a template (id 0: of the stream) of ROUTER; NULL if it is not linked. */
static inline struct nfm_template_slot *slot_of(uint16_t version, uint16_t id)
{
	const struct nfm_addr addr = meter_addr(ROUTER);
	const struct nfm_template_key key = {
		.domain = next_domain,
		.exporter = (uint16_t)nfm_meter_exporter_find(meter, &addr),
		.version = version,
		.id = id,
	};
	int slot = nfm_pool_find(pool, &key);

	return slot < 0 ? NULL : &pool->slot[slot];
}

static inline uint64_t token(uint16_t version)
{
	const struct nfm_template_slot *slot = slot_of(version, 0);

	assert_non_null(slot);
	return slot->token;
}

static inline bool is_armed(uint16_t version)
{
	const struct nfm_template_slot *slot = slot_of(version, 0);

	return slot && slot->token == NFM_TOKEN_ARMED;
}

/* Its templates (`text`) are learned and installed; from now on the datapath decodes. */
static inline void arm_with(uint16_t version, const char *text)
{
	frame(version, text);
	drain();
	do_round();
	assert_true(is_armed(version));
	assert_false(nfm_install_wanted(meter));
}

#endif
