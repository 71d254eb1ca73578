// SPDX-License-Identifier: GPL-2.0-only
/* A table that is opened by its pins: who opens it for reading cannot write, whatever it tries. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "xdp/xdp.h"

#define BPFFS "/sys/fs/bpf"

static struct nfm_xdp xdp = NFM_XDP_NONE;
static char pins[64];
static struct nfm_table table = { .refusals_fd = -1 };

static int mount_bpffs(void)
{
	struct statfs fs;

	if (statfs(BPFFS, &fs))
		return -1;
	return fs.f_type == BPF_FS_MAGIC ? 0 : mount("bpf", BPFFS, "bpf", 0, NULL);
}

static int pin(void **state)
{
	struct nfm_error error = {};
	struct nfm_geometry g;

	(void)state;
	snprintf(pins, sizeof(pins), BPFFS "/nfm-test-%d", getpid());
	nfm_table_geometry_init(&g, (uint32_t)libbpf_num_possible_cpus() + 1, 64, 8, 0);
	if (mount_bpffs() || nfm_xdp_load(&g, &xdp, &error) < 0 ||
	    nfm_xdp_pin(&xdp, pins, &error) != 1) {
		fprintf(stderr, "%s\n", error.text);
		nfm_xdp_unpin(pins, NULL);
		return -1;
	}
	return 0;
}

static int unpin(void **state)
{
	(void)state;
	nfm_xdp_close(&xdp);
	return nfm_xdp_unpin(pins, NULL);
}

static int close_table(void **state)
{
	(void)state;
	nfm_table_close(&table);
	return 0;
}

static void open_table(bool writable)
{
	struct nfm_error error = {};

	if (nfm_table_pins_open(pins, writable, &table, &error))
		fail_msg("%s", error.text);
}

static int refuse(uint64_t datagrams)
{
	struct nfm_refusal value[libbpf_num_possible_cpus()];
	const struct nfm_addr source = { .byte = { 192, 0, 2, 9 } };

	memset(value, 0, sizeof(value));
	value[0].datagrams = datagrams;
	return bpf_map_update_elem(table.refusals_fd, &source, value, BPF_ANY) ? -errno : 0;
}

static void assert_refused(uint64_t datagrams)
{
	struct nfm_refused out[4];

	assert_int_equal(nfm_table_refused(&table, out, NFM_ARRAY_SIZE(out)), 1);
	assert_int_equal(out[0].refusal.datagrams, datagrams);
}

/* What the process has open of the table's maps; the datapath itself is closed meanwhile. */
static unsigned int open_maps(void)
{
	unsigned int count = 0;

	for (int fd = 3; fd < 256; fd++) {
		struct bpf_map_info info = {};
		uint32_t length = sizeof(info);

		if (fcntl(fd, F_GETFD) < 0 || bpf_obj_get_info_by_fd(fd, &info, &length))
			continue;
		assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
		count++;
	}
	return count;
}

static void a_writer_writes(void **state)
{
	(void)state;
	open_table(true);
	assert_true(table.writable);
	table.ctl->names = 7;
	assert_int_equal(table.ctl->names, 7);
	assert_int_equal(refuse(3), 0);
	assert_refused(3);
}

static void a_reader_sees_what_a_writer_writes(void **state)
{
	(void)state;
	open_table(true);
	table.ctl->names = 9;
	assert_int_equal(refuse(5), 0);
	nfm_table_close(&table);
	open_table(false);
	assert_false(table.writable);
	assert_int_equal(table.ctl->names, 9);
	assert_refused(5);
}

static void a_readers_mappings_stay_read_only(void **state)
{
	(void)state;
	open_table(false);
#define PROTECT(member, name, type, count)                                                        \
	errno = 0;                                                                                \
	assert_int_equal(mprotect(table.member, 1, PROT_READ | PROT_WRITE), -1);                  \
	assert_int_equal(errno, EACCES);
	NFM_TABLE_PARTS(PROTECT)
#undef PROTECT
}

static void a_readers_descriptors_are_read_only(void **state)
{
	(void)state;
	open_table(true);
	assert_int_equal(refuse(5), 0);
	nfm_table_close(&table);
	nfm_xdp_close(&xdp);
	xdp = (struct nfm_xdp)NFM_XDP_NONE;
	open_table(false);
	assert_int_equal(refuse(6), -EPERM);
	assert_refused(5);
	assert_int_equal(open_maps(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_writer_writes, close_table),
		cmocka_unit_test_teardown(a_reader_sees_what_a_writer_writes, close_table),
		cmocka_unit_test_teardown(a_readers_mappings_stay_read_only, close_table),
		cmocka_unit_test_teardown(a_readers_descriptors_are_read_only, close_table),
	};

	return cmocka_run_group_tests(tests, pin, unpin);
}
