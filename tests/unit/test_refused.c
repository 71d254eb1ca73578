// SPDX-License-Identifier: GPL-2.0-only
/* Refused sources: the datapath's map and the agent's list become one, newest first. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "table/table.h"

static struct nfm_refused list[NFM_REFUSED_ENTRIES];
static struct nfm_refused out[NFM_REFUSED_ENTRIES * 2];
static struct nfm_table table = { .refused = list, .refusals_fd = -1 };

static struct nfm_addr addr_of(uint32_t number)
{
	return (struct nfm_addr){ .word_be = { 0, 0, 0xffff0000, number } };
}

static void remember(uint32_t place, uint32_t source, uint64_t datagrams, uint64_t seen_ns)
{
	list[place] = (struct nfm_refused){ addr_of(source), { datagrams, seen_ns } };
}

static void assert_entry(uint32_t place, uint32_t source, uint64_t datagrams, uint64_t seen_ns)
{
	const struct nfm_addr addr = addr_of(source);

	assert_memory_equal(&out[place].addr, &addr, sizeof(addr));
	assert_int_equal(out[place].refusal.datagrams, datagrams);
	assert_int_equal(out[place].refusal.last_seen_ns, seen_ns);
}

static int set_up(void **state)
{
	(void)state;
	memset(list, 0, sizeof(list));
	table.refusals_fd = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (table.refusals_fd >= 0)
		close(table.refusals_fd);
	table.refusals_fd = -1;
	return 0;
}

static void empty_list(void **state)
{
	(void)state;
	assert_int_equal(nfm_table_refused(&table, out, 8), 0);
}

static void newest_comes_first(void **state)
{
	(void)state;
	remember(3, 30, 5, 100);
	remember(0, 10, 1, 300);
	remember(NFM_REFUSED_ENTRIES - 1, 20, 2, 200);
	assert_int_equal(nfm_table_refused(&table, out, 8), 3);
	assert_entry(0, 10, 1, 300);
	assert_entry(1, 20, 2, 200);
	assert_entry(2, 30, 5, 100);
}

static void at_most_as_many_as_asked(void **state)
{
	struct nfm_refused guard;

	(void)state;
	memset(out, 0xaa, sizeof(out));
	guard = out[4];
	for (uint32_t i = 0; i < NFM_REFUSED_ENTRIES; i++)
		remember(i, i, 1, i);
	assert_int_equal(nfm_table_refused(&table, out, 4), 4);
	assert_memory_equal(&out[4], &guard, sizeof(guard));
	assert_int_equal(nfm_table_refused(&table, out, 2 * NFM_REFUSED_ENTRIES),
			 NFM_REFUSED_ENTRIES);
	assert_entry(0, NFM_REFUSED_ENTRIES - 1, 1, NFM_REFUSED_ENTRIES - 1);
}

static void same_source_in_the_list_twice(void **state)
{
	(void)state;
	remember(0, 10, 1, 300);
	remember(1, 10, 2, 200);
	assert_int_equal(nfm_table_refused(&table, out, 8), 1);
	assert_entry(0, 10, 3, 300);
}

/* The datapath's kind of map; needs privilege. */
static void map_and_list_are_one(void **state)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct nfm_refusal *value = NULL;
	struct nfm_addr key;

	(void)state;
	assert_true(cpus > 0);
	table.refusals_fd = bpf_map_create(BPF_MAP_TYPE_LRU_PERCPU_HASH, "test", sizeof(key),
					   sizeof(*value), NFM_REFUSED_ENTRIES, NULL);
	if (table.refusals_fd == -EPERM)
		skip();
	assert_true(table.refusals_fd >= 0);
	value = calloc((size_t)cpus, sizeof(*value));
	for (int i = 0; i < cpus; i++)
		value[i] = (struct nfm_refusal){ 10, 400 + (uint64_t)i };
	key = addr_of(10);
	assert_int_equal(bpf_map_update_elem(table.refusals_fd, &key, value, 0), 0);
	key = addr_of(40);
	assert_int_equal(bpf_map_update_elem(table.refusals_fd, &key, value, 0), 0);
	remember(0, 10, 1, 300);
	remember(1, 20, 2, 900);
	assert_int_equal(nfm_table_refused(&table, out, 8), 3);
	assert_entry(0, 20, 2, 900);
	if (out[1].addr.word_be[3] == 10) {
		assert_entry(1, 10, 1 + 10 * (uint64_t)cpus, 399 + (uint64_t)cpus);
		assert_entry(2, 40, 10 * (uint64_t)cpus, 399 + (uint64_t)cpus);
	} else {
		assert_entry(2, 10, 1 + 10 * (uint64_t)cpus, 399 + (uint64_t)cpus);
		assert_entry(1, 40, 10 * (uint64_t)cpus, 399 + (uint64_t)cpus);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(empty_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(newest_comes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(at_most_as_many_as_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(same_source_in_the_list_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(map_and_list_are_one, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
