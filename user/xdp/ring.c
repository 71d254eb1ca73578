// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consuming a BPF ring buffer by its documented memory layout (kernel's
 * Documentation/bpf/ringbuf.rst, include/uapi/linux/bpf.h: BPF_RINGBUF_*): libbpf's consumer moves
 * the position by itself, ours moves it with the journal, so that a crash repeats nothing.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xdp/xdp.h"

int nfm_ring_open(int punts_fd, struct nfm_ring *out, struct nfm_error *error)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint8_t *consumer;
	uint8_t *producer;

	if (bpf_obj_get_info_by_fd(punts_fd, &info, &length) < 0)
		return nfm_error_set(error, -errno, "punt ring: %m");
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return nfm_error_set(error, -EPROTO, "punt ring: map %u is none", info.id);
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, punts_fd, 0);
	if (consumer == MAP_FAILED)
		return nfm_error_set(error, -errno, "punt ring: mmap: %m");
	producer = mmap(NULL, page + 2ULL * info.max_entries, PROT_READ, MAP_SHARED, punts_fd,
			(off_t)page);
	if (producer == MAP_FAILED) {
		int code = -errno;

		munmap(consumer, page);
		return nfm_error_set(error, code, "punt ring: mmap: %s", strerror(-code));
	}
	out->consumer_pos = (uint64_t *)consumer;
	out->producer_pos = (const uint64_t *)producer;
	out->data = producer + page;
	out->mask = info.max_entries - 1;
	out->page = page;
	return 0;
}

void nfm_ring_close(struct nfm_ring *ring)
{
	if (!ring->consumer_pos)
		return;
	munmap((void *)ring->producer_pos, ring->page + 2 * (ring->mask + 1));
	munmap(ring->consumer_pos, ring->page);
	memset(ring, 0, sizeof(*ring));
}

static uint64_t entry_end(uint64_t at, uint32_t length)
{
	return at + (((uint64_t)length + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL);
}

int nfm_ring_peek(struct nfm_ring *ring, const struct nfm_punt **punt, uint64_t *next)
{
	uint64_t at = *ring->consumer_pos;

	while (at < __atomic_load_n(ring->producer_pos, __ATOMIC_ACQUIRE)) {
		const uint8_t *entry = ring->data + (at & ring->mask);
		uint32_t header = __atomic_load_n((const uint32_t *)entry, __ATOMIC_ACQUIRE);
		uint32_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		const struct nfm_punt *p = (const void *)(entry + BPF_RINGBUF_HDR_SZ);

		if (header & BPF_RINGBUF_BUSY_BIT)
			return 0; /* a CPU is still writing it; its end wakes us */
		at = entry_end(at, length);
		if (!(header & BPF_RINGBUF_DISCARD_BIT) && length >= sizeof(*p) &&
		    p->length <= length - sizeof(*p)) {
			*punt = p;
			*next = at;
			return 1;
		}
		__atomic_store_n(ring->consumer_pos, at, __ATOMIC_RELEASE);
	}
	return 0;
}

uint64_t nfm_ring_backlog(const struct nfm_ring *ring)
{
	return __atomic_load_n(ring->producer_pos, __ATOMIC_ACQUIRE) - *ring->consumer_pos;
}
