// SPDX-License-Identifier: GPL-2.0-only
#include "prog.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "stride.h"

#define FIRST_EPOCH 2U
#define WAITING_PAGES 16U

const char *nfm_prog_path(void)
{
	const char *path = getenv("NFM_BPF_OBJECT");

	return path ? path : "build/nfmeter.bpf.o";
}

int nfm_prog_map_fd(void *prog, const char *name)
{
	const struct nfm_prog *p = prog;
	int fd;

	/* libbpf knows its own maps by the section's name alone */
	if (strstr(name, ".rodata"))
		name = ".rodata";
	fd = bpf_object__find_map_fd_by_name(p->object, name);
	if (fd < 0)
		return fd;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

/* X(map, bytes of a value (0: as compiled), entries): all whose size follows from the geometry. */
#define SIZED_MAPS(X)                                                                             \
	X("nfm_rows", sizeof(struct nfm_row) * g->stride, NFM_BANKS * g->columns + NFM_BANKS)     \
	X("nfm_earlier",                                                                          \
	  nfm_earlier_rows(g) ? sizeof(struct nfm_row) * g->capacity * nfm_earlier_rows(g) :      \
				sizeof(struct nfm_row),                                           \
	  NFM_BANKS * g->columns + NFM_BANKS)                                                     \
	X("nfm_pages", sizeof(struct nfm_page) * g->pages, 1)                                     \
	X("nfm_names", 0, g->capacity)                                                            \
	X("nfm_prefixes", 0, g->prefixes)                                                         \
	X("nfm_exporters", 0, g->exporters)                                                       \
	X("nfm_admission", 0, g->exporters)                                                       \
	X("nfm_streams", 0, g->streams)                                                           \
	X("nfm_seqlog", 0, g->columns *(g->seqlog_entries + NFM_SEQLOG_HEAD))                     \
	X("nfm_waiting", 0, g->waiting_pages)                                                     \
	X("nfm_punts", 0, sizes->ring_bytes)

/* The bench's yardstick (tests/bench/lpm.bpf.c) has two more. */
#define YARDSTICK_MAPS(X)                                                                         \
	X("lpm_trie", 0, g->capacity)                                                             \
	X("lpm_rows", 0, g->capacity)

static int set_size(struct bpf_object *object, const char *name, size_t value, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	int r;

	if (!map)
		return -ENOENT;
	r = value ? bpf_map__set_value_size(map, (uint32_t)value) : 0;
	return r ? r : bpf_map__set_max_entries(map, entries);
}

static int set_sizes(struct bpf_object *object, const struct nfm_prog_sizes *sizes)
{
	struct bpf_map *rodata = bpf_object__find_map_by_name(object, ".rodata");
	struct nfm_geometry *g;
	size_t size = 0;
	int r = 0;

	g = rodata ? (void *)bpf_map__initial_value(rodata, &size) : NULL;
	if (!g || size != sizeof(*g))
		return -EPROTO;
	g->columns = sizes->columns ? sizes->columns : (uint32_t)libbpf_num_possible_cpus() + 1;
	g->capacity = sizes->capacity;
	g->exporters = sizes->exporters;
	g->stride = g->capacity + 2 * g->exporters + NFM_REASON_ROWS;
	g->pages = sizes->pages;
	g->prefixes = 2 * g->capacity;
	g->seqlog_entries = sizes->seqlog_entries;
	g->waiting_pages = WAITING_PAGES;
	g->earlier_slots = sizes->earlier_slots;
#define SET_SIZE(name, value, entries)                                                            \
	r = r ? r : set_size(object, name, value, entries);
	SIZED_MAPS(SET_SIZE)
	if (bpf_object__find_map_by_name(object, "lpm_trie")) {
		YARDSTICK_MAPS(SET_SIZE)
	}
#undef SET_SIZE
	return r;
}

static void set_up(struct nfm_prog *p)
{
	struct nfm_ctl *ctl = p->table.ctl;

	memset(ctl, 0, sizeof(*ctl));
	ctl->magic = NFM_ABI_MAGIC;
	ctl->flags = NFM_CTL_REFUSE;
	ctl->epoch = FIRST_EPOCH;
	p->pages_used = NFM_STRIDE_FIRST_PAGE;
}

int nfm_prog_load(struct nfm_prog *p, const char *path, const struct nfm_prog_sizes *sizes)
{
	struct bpf_program *program;
	struct nfm_error error = {};
	int r;

	memset(p, 0, sizeof(*p));
	p->object = bpf_object__open_file(path, NULL);
	if (!p->object) {
		fprintf(stderr, "%s: cannot open it: %m\n", path);
		return -errno;
	}
	r = set_sizes(p->object, sizes);
	if (!r)
		r = bpf_object__load(p->object);
	if (r) {
		fprintf(stderr, "%s: cannot load it: %s\n", path, strerror(-r));
		goto fail;
	}
	program = bpf_object__find_program_by_name(p->object, "nfmeter");
	p->fd = program ? bpf_program__fd(program) : -ENOENT;
	r = nfm_table_maps_open(nfm_prog_map_fd, p, true, &p->table, &error);
	if (r) {
		fprintf(stderr, "%s: %s\n", path, error.text);
		goto fail;
	}
	set_up(p);
	return p->fd < 0 ? p->fd : 0;
fail:
	bpf_object__close(p->object);
	p->object = NULL;
	return r;
}

void nfm_prog_close(struct nfm_prog *p)
{
	if (!p->object)
		return;
	nfm_table_close(&p->table);
	bpf_object__close(p->object);
	p->object = NULL;
}

static int empty_hash(const struct nfm_prog *p, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(p->object, name);
	struct nfm_addr key;

	if (fd < 0)
		return fd;
	while (!bpf_map_get_next_key(fd, NULL, &key))
		if (bpf_map_delete_elem(fd, &key))
			return -errno;
	return 0;
}

static void ignore_punt(void *cookie, const struct nfm_punt *punt, const uint8_t *payload)
{
	(void)cookie;
	(void)punt;
	(void)payload;
}

int nfm_prog_reset(struct nfm_prog *p)
{
	const struct nfm_geometry *g = &p->table.geometry;
	int r;

	memset(p->table.rows, 0, sizeof(struct nfm_row) * nfm_table_row_count(g));
	memset(p->table.earlier, 0, sizeof(struct nfm_row) * nfm_table_earlier_count(g));
	memset(p->table.pages, 0, sizeof(struct nfm_page) * g->pages);
	memset(p->table.seqlog, 0,
	       sizeof(struct nfm_seqlog) * g->columns * (g->seqlog_entries + NFM_SEQLOG_HEAD));
	memset(p->table.templates, 0, sizeof(*p->table.templates));
	set_up(p);
	r = empty_hash(p, "nfm_admission");
	if (!r)
		r = empty_hash(p, "nfm_refusals");
	if (!r)
		r = nfm_prog_drain(p, ignore_punt, NULL);
	return r < 0 ? r : 0;
}

int nfm_prog_admit(struct nfm_prog *p, const char *address, uint32_t exporter, uint32_t num,
		   uint32_t den)
{
	struct nfm_admission admission = {
		.exporter = exporter,
		.sampling_num = num,
		.sampling_den = den,
	};
	struct nfm_addr key;
	int r = nfm_units_parse_addr(address, &key);

	if (r)
		return r;
	r = bpf_map_update_elem(bpf_object__find_map_fd_by_name(p->object, "nfm_admission"), &key,
				&admission, BPF_ANY);
	return r ? -errno : 0;
}

/* The page that an entry leads to; a new one takes over the leaf that stood there. */
static int page_below(struct nfm_prog *p, uint32_t *entry, struct nfm_page **out)
{
	struct nfm_page *page;

	if (!(*entry & NFM_ENTRY_PAGE)) {
		if (p->pages_used >= p->table.geometry.pages)
			return -ENOSPC;
		page = &p->table.pages[p->pages_used];
		for (uint32_t i = 0; i < NFM_ARRAY_SIZE(page->entry); i++)
			page->entry[i] = *entry;
		*entry = NFM_ENTRY_PAGE | p->pages_used++;
	}
	*out = &p->table.pages[*entry & NFM_ENTRY_NUMBER];
	return 0;
}

/* `bits` of 9 or more: the root is indexed by two bytes. Shorter ones fill several pages. */
static int enter(struct nfm_prog *p, const uint8_t *addr, uint32_t root, uint32_t bits,
		 uint32_t leaf)
{
	struct nfm_page *page = &p->table.pages[root + addr[0]];
	uint32_t byte = 1;

	while (bits > 8 * (byte + 1)) {
		int r = page_below(p, &page->entry[addr[byte]], &page);

		if (r)
			return r;
		byte++;
	}
	for (uint32_t i = 0; i < 1U << (8 * (byte + 1) - bits); i++)
		page->entry[addr[byte] + i] = leaf;
	return 0;
}

int nfm_prog_prefix(struct nfm_prog *p, const char *prefix, uint32_t leaf)
{
	uint8_t addr[16];
	uint8_t family;
	uint8_t bits;
	uint32_t root;
	int r = nfm_units_parse_prefix(prefix, addr, &family, &bits);

	if (r)
		return r;
	root = family == 6 ? NFM_STRIDE_ROOT_V6 : NFM_STRIDE_ROOT_V4;
	if (bits > 8)
		return enter(p, addr, root, bits, leaf);
	for (uint32_t i = 0; i < 1U << (8 - bits); i++)
		for (uint32_t j = 0; j < 256; j++)
			p->table.pages[root + addr[0] + i].entry[j] = leaf;
	return 0;
}

int nfm_prog_prefix_v4(struct nfm_prog *p, uint32_t addr, uint8_t bits, uint32_t leaf)
{
	const uint8_t byte[4] = { (uint8_t)(addr >> 24), (uint8_t)(addr >> 16),
				  (uint8_t)(addr >> 8), (uint8_t)addr };

	return enter(p, byte, NFM_STRIDE_ROOT_V4, bits, leaf);
}

int nfm_prog_run(const struct nfm_prog *p, const void *frame, size_t length)
{
	return nfm_prog_run_fd(p->fd, frame, length, 1, NULL);
}

int nfm_prog_run_fd(int fd, const void *frame, size_t length, uint32_t repeat, uint32_t *ns)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)length,
		    .repeat = (int)repeat, );

	if (bpf_prog_test_run_opts(fd, &opts))
		return -errno;
	if (ns)
		*ns = opts.duration;
	return (int)opts.retval;
}

struct drain {
	nfm_prog_punt_fn fn;
	void *cookie;
};

static int give_punt(void *cookie, void *data, size_t size)
{
	const struct drain *drain = cookie;
	const struct nfm_punt *punt = data;

	if (size < sizeof(*punt) || punt->length > size - sizeof(*punt))
		return -EPROTO;
	drain->fn(drain->cookie, punt, (const uint8_t *)(punt + 1));
	return 0;
}

int nfm_prog_drain(struct nfm_prog *p, nfm_prog_punt_fn fn, void *cookie)
{
	struct drain drain = { .fn = fn, .cookie = cookie };
	struct ring_buffer *ring;
	int r;

	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(p->object, "nfm_punts"), give_punt,
				&drain, NULL);
	if (!ring)
		return -errno;
	r = ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return r;
}

uint64_t nfm_prog_refusals(const struct nfm_prog *p, const char *address)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct nfm_refusal *refusal = calloc((size_t)cpus, sizeof(*refusal));
	struct nfm_addr key;
	uint64_t sum = 0;

	if (!refusal || nfm_units_parse_addr(address, &key) ||
	    bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(p->object, "nfm_refusals"), &key,
				refusal))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += refusal[i].datagrams;
	return sum;
}
