// SPDX-License-Identifier: GPL-2.0-only
/* Customers files, right and wrong: every wrong line is told with file and line. */
#include "customers/registry.h"

#include <errno.h>

#include "customers_file.h"

#define FUZZ_ROUNDS 20000U

static struct nfm_registry read_text(const char *text)
{
	struct nfm_registry registry;
	struct nfm_error error = { "" };

	write_text(text);
	if (nfm_registry_read(the_file(), &registry, &error))
		fail_msg("%s", error.text);
	return registry;
}

/* The file is refused, `out` untouched; the error says line and word. */
static void check_wrong_bytes(const char *text, size_t len, unsigned int line, const char *word)
{
	struct nfm_registry registry = { .customer_count = 77 };
	struct nfm_error error = { "" };
	char where[PATH_MAX + 16];

	write_bytes(text, len);
	assert_int_equal(nfm_registry_read(the_file(), &registry, &error), -EINVAL);
	snprintf(where, sizeof(where), "%s:%u: ", the_file(), line);
	if (!strstr(error.text, where) || !strstr(error.text, word))
		fail_msg("no '%s', '%s' in: %s", where, word, error.text);
	assert_int_equal(registry.customer_count, 77);
	assert_int_equal(nfm_registry_read(the_file(), &registry, NULL), -EINVAL);
}

static void check_wrong(const char *text, unsigned int line, const char *word)
{
	check_wrong_bytes(text, strlen(text), line, word);
}

static void check_customer(const struct nfm_registry *registry, uint32_t i, const char *id,
			   const char *name, const char *prefixes)
{
	const struct nfm_customer *customer = &registry->customers[i];
	char text[512] = "";
	char one[64];

	assert_true(i < registry->customer_count);
	assert_string_equal(customer->id, id);
	assert_string_equal(customer->name, name);
	for (uint32_t j = 0; j < customer->prefix_count; j++) {
		const struct nfm_prefix *p = &registry->prefixes[customer->first_prefix + j];

		assert_int_equal(p->row, i);
		nfm_units_format_prefix(p->addr, p->family, p->bits, one, sizeof(one));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", j ? " " : "",
			 one);
	}
	assert_string_equal(text, prefixes);
}

static void test_common(void **state)
{
	struct nfm_registry r = read_text("id,name,prefixes\n"
					  "alice,Alice A.,10.0.0.0/24\n"
					  "bob,,10.0.1.1;2001:db8::/56  192.0.2.0/29 ;\n"
					  "carol,Carol,10.0.0.7\n"); /* within alice's */

	(void)state;
	assert_int_equal(r.customer_count, 3);
	assert_int_equal(r.prefix_count, 5);
	check_customer(&r, 0, "alice", "Alice A.", "10.0.0.0/24");
	check_customer(&r, 1, "bob", "", "10.0.1.1/32 2001:db8::/56 192.0.2.0/29");
	check_customer(&r, 2, "carol", "Carol", "10.0.0.7/32");
	nfm_registry_clear(&r);
	assert_null(r.customers);
	nfm_registry_clear(&r); /* twice is fine */
}

static void test_columns_by_name(void **state)
{
	struct nfm_registry r = read_text("Town,PREFIXES, name ,plan,\"id\"\n"
					  "Riga,10.0.0.1,A,gold,a\n");

	(void)state;
	check_customer(&r, 0, "a", "A", "10.0.0.1/32");
	nfm_registry_clear(&r);

	r = read_text("prefixes,id,name\n10.0.0.1,a\n"); /* short lines where nothing is missing */
	check_customer(&r, 0, "a", "", "10.0.0.1/32");
	nfm_registry_clear(&r);

	r = read_text("id,prefixes\n");
	assert_int_equal(r.customer_count, 0);
	nfm_registry_clear(&r);
}

static void test_spellings(void **state)
{
	struct nfm_registry r = read_text("\xef\xbb\xbfid,name,prefixes\r\n"
					  "\"a,1\",\"the \"\"A\"\"\",\"10.0.0.1\r\n10.0.0.2\"\r\n"
					  "\r\n"
					  "  b  ,\tB\xff ,::1");

	(void)state;
	assert_int_equal(r.customer_count, 2);
	check_customer(&r, 0, "a,1", "the \"A\"", "10.0.0.1/32 10.0.0.2/32");
	check_customer(&r, 1, "b", "B?", "::1/128");
	nfm_registry_clear(&r);
}

static void test_wrong_header(void **state)
{
	(void)state;
	check_wrong("", 1, "no header");
	check_wrong("\n\n", 1, "no header");
	check_wrong("name,prefixes\na,10.0.0.1\n", 1, "no column 'id'");
	check_wrong("id,name\na,A\n", 1, "no column 'prefixes'");
	check_wrong("id;prefixes\na;10.0.0.1\n", 1, "no column 'id'");
	check_wrong("\nid,id,prefixes\n", 2, "column 'id' twice");
	check_wrong("id,\"prefixes\n", 1, "never closed");
}

static void test_wrong_ids(void **state)
{
	(void)state;
	check_wrong("id,prefixes\n,10.0.0.1\n", 2, "empty");
	check_wrong("id,prefixes\n\"\",10.0.0.1\n", 2, "empty");
	check_wrong("id,prefixes\n"
		    "123456789012345678901234567890123456789012345678,10.0.0.1\n", 2, "47 bytes");
	check_wrong("id,prefixes\na\xe9,10.0.0.1\n", 2, "UTF-8");
	check_wrong("id,prefixes\n\"a\nb\",10.0.0.1\n", 2, "control character");
	check_wrong("id,prefixes\na,10.0.0.1\n\nb,10.0.0.2\na,10.0.0.3\n", 5,
		    "id 'a' is already on line 2");
}

static void test_wrong_prefixes(void **state)
{
	(void)state;
	check_wrong("id,prefixes\na,10.0.0.300\n", 2, "'10.0.0.300' is no prefix");
	check_wrong("id,prefixes\na,10.0.0.0/33\n", 2, "is no prefix");
	check_wrong("id,prefixes\na,10.0.0.1/24\n", 2, "write 10.0.0.0/24");
	check_wrong("id,prefixes\na,2001:db8::1/32\n", 2, "write 2001:db8::/32");
	check_wrong("id,prefixes\na,\n", 2, "no prefix");
	check_wrong("id,prefixes\na,\" ; \"\n", 2, "no prefix");
	check_wrong("id,prefixes\na,10.0.0.0/24\nb,10.0.1.0/24 10.0.0.0/24\n", 3,
		    "prefix 10.0.0.0/24 is already on line 2 (customer 'a')");
	check_wrong("id,prefixes\na,10.0.0.1 10.0.0.1/32\n", 2, "already on line 2");
	check_wrong("id,prefixes\na,10.0.0.1\nb,::ffff:10.0.0.1\n", 3, "already on line 2");
	check_wrong("id,prefixes\na,2001:db8::/56\nb,2001:DB8:0::/56\n", 3, "already");
}

/* Same address, other length or family: not the same prefix. */
static void test_near_prefixes(void **state)
{
	struct nfm_registry r = read_text("id,prefixes\na,10.0.0.0/24\nb,10.0.0.0/25\n"
					  "c,0.0.0.0/0\nd,::/0\ne,a00::/24\n");

	(void)state;
	assert_int_equal(r.prefix_count, 5);
	nfm_registry_clear(&r);
}

static void test_wrong_structure(void **state)
{
	static const char with_nul[] = "id,prefixes\na,10.0.\0000.1\n";

	(void)state;
	check_wrong("id,name,prefixes\na,A, B,10.0.0.1\n", 2, "4 fields, but the header has 3");
	check_wrong("id,name,prefixes\na,A\n", 2, "the line has no prefixes");
	check_wrong("prefixes,name,id\n10.0.0.1\n", 2, "the line has no id");
	check_wrong("id,prefixes\na,\"10.0.0.1\n", 2, "never closed");
	check_wrong("id,prefixes\n\"a\"b,10.0.0.1\n", 2, "after a closing quote");
	check_wrong_bytes(with_nul, sizeof(with_nul) - 1, 2, "NUL");
}

static void test_all_wrong_lines(void **state)
{
	struct nfm_registry registry;
	struct nfm_error error;
	char where[PATH_MAX + 16];

	(void)state;
	write_text("id,prefixes\na,x\nb,10.0.0.1\nb,10.0.0.2/1\n,10.0.0.3\n");
	assert_int_equal(nfm_registry_read(the_file(), &registry, &error), -EINVAL);
	for (unsigned int line = 2; line <= 5; line++) {
		snprintf(where, sizeof(where), "%s:%u: ", the_file(), line);
		assert_int_equal(!strstr(error.text, where), line == 3);
	}
	assert_null(strstr(error.text, "more problems"));
}

static void test_more_problems_than_fit(void **state)
{
	static char text[64 * 1024] = "id,prefixes\n";
	struct nfm_registry registry;
	struct nfm_error error;
	unsigned int told = 0;
	unsigned int more;
	const char *last;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "c%u,wrong\n", i);
	write_text(text);
	assert_int_equal(nfm_registry_read(the_file(), &registry, &error), -EINVAL);
	for (const char *p = error.text; (p = strstr(p, "is no prefix")); p++)
		told++;
	last = strrchr(error.text, '\n');
	assert_non_null(last);
	assert_int_equal(sscanf(last, "\nand %u more problems", &more), 1);
	assert_true(told > 3);
	assert_int_equal(told + more, 1000);
}

static void count_told(void *cookie, uint32_t line, const char *problem)
{
	uint32_t *told = cookie;

	assert_int_equal(line, ++*told + 1); /* in order, behind the header */
	assert_non_null(strstr(problem, "is no prefix"));
}

static void test_check_tells_all(void **state)
{
	static char text[64 * 1024] = "id,prefixes\n";
	struct nfm_registry registry = { .customer_count = 77 };
	uint32_t told = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "c%u,wrong\n", i);
	write_text(text);
	assert_int_equal(nfm_registry_check(the_file(), count_told, &told, &registry, NULL),
			 -EINVAL);
	assert_int_equal(told, 1000);
	assert_int_equal(registry.customer_count, 77);
	told = 0;
	write_text("id,prefixes\na,10.0.0.1\n");
	assert_int_equal(nfm_registry_check(the_file(), count_told, &told, &registry, NULL), 0);
	assert_int_equal(told, 0);
	nfm_registry_clear(&registry);
}

static void test_missing_file(void **state)
{
	struct nfm_registry registry;
	struct nfm_error error;

	(void)state;
	assert_int_equal(nfm_registry_read(in_folder("none"), &registry, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/none"));
	assert_int_equal(nfm_registry_read(folder, &registry, &error), -EISDIR);
}

/* Every customer of a file that is taken is whole. */
static void check_sound(const struct nfm_registry *r)
{
	uint32_t prefixes = 0;

	for (uint32_t i = 0; i < r->customer_count; i++) {
		const struct nfm_customer *customer = &r->customers[i];

		assert_true(*customer->id && strlen(customer->id) < NFM_ID_SIZE);
		assert_non_null(customer->name);
		assert_int_equal(customer->first_prefix, prefixes);
		assert_true(customer->prefix_count > 0);
		prefixes += customer->prefix_count;
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(customer->id, r->customers[j].id);
	}
	assert_int_equal(prefixes, r->prefix_count);
}

/* Random bytes, and random cuts and changes of a right file. */
static void test_random_bytes(void **state)
{
	static const char right[] = "id,name,prefixes\na,\"A, \"\"x\"\"\",10.0.0.0/24;::1\r\n"
				    "b,B,10.0.1.0/25 2001:db8::/56\n";
	static const char alphabet[] = "\"\",,\n\n\r ;ab10./:\0\xff";
	uint64_t seed = 20261122;
	uint32_t taken = 0;

	(void)state;
	for (uint32_t round = 0; round < FUZZ_ROUNDS; round++) {
		size_t len = 1 + random_next(&seed) % (sizeof(right) - 1);
		char *text = malloc(len + 1);
		struct nfm_registry registry;
		struct nfm_error error;

		assert_non_null(text);
		memcpy(text, right, len);
		text[len] = '\0';
		for (uint32_t i = random_next(&seed) % 4; i; i--)
			text[random_next(&seed) % len] =
				round % 2 ? alphabet[random_next(&seed) % (sizeof(alphabet) - 1)] :
					    (char)random_next(&seed);
		if (nfm_registry_parse(text, len, "random", &registry, &error)) {
			assert_true(strlen(error.text) > 0);
			continue;
		}
		taken++;
		check_sound(&registry);
		nfm_registry_clear(&registry);
	}
	assert_true(taken > 0 && taken < FUZZ_ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_common, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_columns_by_name, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_spellings, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_wrong_header, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_wrong_ids, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_wrong_prefixes, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_near_prefixes, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_wrong_structure, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_all_wrong_lines, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_more_problems_than_fit, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(test_check_tells_all, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_missing_file, make_folder, remove_folder),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
