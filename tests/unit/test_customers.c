// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live table taken over from an earlier agent, whole, damaged or killed in the middle of a
 * change, and read by others while it changes.
 */
#include "customers/customers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live_customers.h"

#define HEADER "id,prefixes\n"
#define AUTOS "10.0.0.0/8 2001:db8::/32"

static struct nfm_customers c;

static int make_live(void **state)
{
	(void)state;
	live_open(&c, 200, 2000, 400);
	return 0;
}

static int free_live(void **state)
{
	(void)state;
	live_close(&c);
	return 0;
}

static void take_over_again(void)
{
	nfm_customers_close(&c);
	take_over(&c, AUTOS);
}

/* ---- opening ---- */

static void test_first_time(void **state)
{
	(void)state;
	take_over(&c, AUTOS);
	assert_int_equal(c.ctl->names, NFM_ROW_FIRST);
	assert_int_equal(c.ctl->page_count, NFM_STRIDE_FIRST_PAGE);
	assert_string_equal(c.names[NFM_ROW_UNMATCHED].id, "unmatched");
	assert_string_equal(c.names[NFM_ROW_LOCAL].id, "local");
	assert_int_equal(leaf_of(&c, "10.0.0.1"), 0); /* until the first apply */
	apply(&c, HEADER);
	assert_int_equal(leaf_of(&c, "10.0.0.1"), NFM_LEAF_DISCOVER);
	assert_int_equal(leaf_of(&c, "9.255.255.255"), 0);
	assert_int_equal(leaf_of(&c, "2001:db8:ffff::"), NFM_LEAF_DISCOVER);
}

static int open_with(const char *autos, struct nfm_error *error)
{
	struct nfm_customers_auto range[4];
	size_t count = autos_of(autos, range);

	return nfm_customers_open(&c, range, count, error);
}

static void test_wrong_sizes_and_autos(void **state)
{
	struct nfm_customers_auto range = { .family = 4, .bits = 8, .addr = { 10, 1 } };
	struct nfm_error error;

	(void)state;
	c.page_capacity = NFM_STRIDE_FIRST_PAGE - 1;
	assert_int_equal(open_with(AUTOS, &error), -EINVAL);
	assert_non_null(strstr(error.text, "pages"));
	c.page_capacity = 2000;
	c.capacity = 1;
	assert_int_equal(open_with(AUTOS, &error), -EINVAL);
	c.capacity = 200;
	assert_int_equal(open_with("2001:db8::/65", &error), -EINVAL);
	assert_non_null(strstr(error.text, "/64"));
	assert_int_equal(nfm_customers_open(&c, &range, 1, &error), -EINVAL);
	range.family = 5;
	assert_int_equal(nfm_customers_open(&c, &range, 1, &error), -EINVAL);
	assert_null(c.state);
	assert_int_equal(open_with("10.0.0.0/8 10.0.0.0/8 10.1.2.3 ::/0", &error), 0);
	apply(&c, HEADER);
	assert_true(discover(&c, "10.1.2.3") > 0);
}

static void test_taken_over_whole(void **state)
{
	uint32_t pages, host;
	int row;

	(void)state;
	take_over(&c, AUTOS);
	apply(&c, HEADER "a,10.0.0.0/24\nb,10.0.1.0/24 192.0.2.1\ngone,192.0.2.2\n");
	apply(&c, HEADER "a,10.0.0.0/24\nb,10.0.1.0/24 192.0.2.1\n");
	host = (uint32_t)discover(&c, "10.9.9.9");
	pages = c.ctl->page_count;
	take_over_again();
	assert_string_equal(id_of(&c, "192.0.2.1"), "b"); /* nothing is unlinked for it */
	assert_int_equal(c.ctl->page_count, pages);
	check_consistent(&c);
	assert_int_equal(apply(&c, HEADER "a,10.0.0.0/24\nb,10.0.1.0/24 192.0.2.1\n").changed, 0);
	assert_int_equal(discover(&c, "10.9.9.9"), host);
	row = (int)row_of(&c, "gone");
	assert_int_equal(apply(&c, HEADER "gone,192.0.2.2\n").added, 1);
	assert_int_equal(row_of(&c, "gone"), row);
}

static void check_damaged(void)
{
	struct nfm_error error = { "" };

	assert_int_equal(open_with(AUTOS, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "damaged"));
	assert_null(c.state);
}

static void test_damaged(void **state)
{
	(void)state;
	take_over(&c, AUTOS);
	apply(&c, HEADER "a,10.0.0.1\nb,10.0.1.1\n");
	nfm_customers_close(&c);

	memset(c.names[2].id, 'x', NFM_ID_SIZE);
	check_damaged();
	c.names[2].id[0] = '\0';
	check_damaged();
	strcpy(c.names[2].id, "a");
	memset(c.names[3].name, 'x', NFM_NAME_SIZE);
	check_damaged();
	c.names[3].name[0] = '\0';
	c.names[3].state = 4;
	check_damaged();
	c.names[3].state = NFM_NAME_LISTED;
	c.ctl->names = c.capacity + 1;
	check_damaged();
	c.ctl->names = 4;
	c.pages[20].entry[0] = NFM_ENTRY_PAGE | 1999;
	check_damaged();
	c.pages[20].entry[0] = 0;
	c.ctl->page_count = c.page_capacity + 1;
	check_damaged();
	c.ctl->page_count = 1999;
	take_over(&c, AUTOS);
}

/* Prefixes that cannot be believed are made anew; counts and addresses never lose their row. */
static void check_repaired(void)
{
	take_over_again();
	assert_false(c.ctl->registry_generation & 1);
	assert_int_equal(c.ctl->prefix_count, 2);
	assert_int_equal(c.names[row_of(&c, "a")].prefix_count, 0);
	assert_string_equal(id_of(&c, "192.0.2.1"), "a");
	assert_string_equal(id_of(&c, "10.9.9.9"), "10.9.9.9");
	assert_int_equal(c.prefixes[c.names[row_of(&c, "10.9.9.9")].first_prefix].bits, 32);
	assert_int_equal(c.prefixes[c.names[row_of(&c, "2001:db8::/64")].first_prefix].bits, 64);
	assert_int_equal(apply(&c, HEADER "a,192.0.2.1 192.0.2.3\n").changed, 1);
	check_consistent(&c);
}

static void test_repair(void **state)
{
	uint32_t a;

	(void)state;
	take_over(&c, AUTOS);
	apply(&c, HEADER "a,192.0.2.1 192.0.2.3\n");
	discover(&c, "10.9.9.9");
	discover(&c, "2001:db8::1");
	a = row_of(&c, "a");

	c.ctl->registry_generation++;
	check_repaired(); /* it looks right, but who knows */
	c.ctl->registry_generation++;
	memset(c.prefixes, 0xee, 400 * sizeof(*c.prefixes));
	check_repaired();
	c.ctl->prefix_count = 400000;
	check_repaired();
	c.names[a].prefix_count = UINT32_MAX;
	check_repaired();
	c.prefixes[c.names[a].first_prefix].bits = 33;
	check_repaired();
	c.names[row_of(&c, "10.9.9.9")].prefix_count = 0;
	check_repaired();
}

/* Stops between the stores of a discovery. */
static void test_half_discovered(void **state)
{
	uint32_t prefixes;
	int row;

	(void)state;
	take_over(&c, AUTOS);
	apply(&c, HEADER "a,192.0.2.1\n");
	prefixes = c.ctl->prefix_count++; /* the prefix, but no name */
	c.prefixes[prefixes] = (struct nfm_prefix){ .row = c.ctl->names, .family = 4, .bits = 32 };
	take_over_again();
	assert_int_equal(c.ctl->prefix_count, prefixes);
	check_consistent(&c);

	row = discover(&c, "10.9.9.9"); /* the name, but no leaf */
	apply(&c, HEADER "a,192.0.2.1\n");
	c.pages[10].entry[9] = NFM_LEAF_DISCOVER;
	take_over_again();
	assert_int_equal(discover(&c, "10.9.9.9"), row);
	assert_int_equal(leaf_of(&c, "10.9.9.9"), row);
	check_consistent(&c);
}

/* ---- killed at any moment ---- */

#define KILLS 40U

static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static void make_shared(struct nfm_customers *live)
{
	*live = (struct nfm_customers){
		.ctl = shared(sizeof(*live->ctl)),
		.pages = shared(1000 * sizeof(*live->pages)),
		.names = shared(1000 * sizeof(*live->names)),
		.prefixes = shared(2000 * sizeof(*live->prefixes)),
		.page_capacity = 1000,
		.capacity = 1000,
		.prefix_capacity = 2000,
	};
}

static void free_shared(struct nfm_customers *live)
{
	nfm_customers_close(live);
	munmap(live->ctl, sizeof(*live->ctl));
	munmap(live->pages, 1000 * sizeof(*live->pages));
	munmap(live->names, 1000 * sizeof(*live->names));
	munmap(live->prefixes, 2000 * sizeof(*live->prefixes));
}

/* Two registries that have "stay" in common and much that is not. */
static char *registry_text(bool second)
{
	char *text = malloc(64 * 1024);
	char *at = text;

	assert_non_null(text);
	at += sprintf(at, HEADER "stay,192.0.2.0/24 2001:db8:1::/48\n");
	for (uint32_t i = 0; i < 100; i++) {
		at += sprintf(at, "both%u,172.16.%u.%u/%u\n", i, i, second ? 0 : 8,
			      second ? 24 : 30);
		at += sprintf(at, "%s%u,172.17.0.%u\n", second ? "second" : "first", i, i);
	}
	if (second)
		sprintf(at, "cover,192.0.0.0/16 10.0.0.0/25\n");
	return text;
}

/* What the child does until it is killed. Never returns; no cmocka here. */
static void __attribute__((noreturn))
change_for_ever(const struct nfm_registry registry[2], uint32_t host)
{
	struct nfm_customers_change change;
	struct nfm_customers_auto range = { .family = 4, .bits = 8, .addr = { 10 } };

	if (nfm_customers_open(&c, &range, 1, NULL))
		_exit(2);
	for (uint32_t i = 0;; i++) {
		uint8_t addr[16] = { 10, 0, (uint8_t)(host >> 4 & 15), (uint8_t)(host * 7) };

		if (nfm_customers_apply(&c, &registry[i & 1], &change, NULL))
			_exit(3);
		nfm_customers_discover(&c, addr, 4);
		host++;
	}
}

/* Spins for a while that is another each time, then kills. */
static void kill_in_the_middle(const struct nfm_registry registry[2], uint64_t *seed,
			       uint32_t host)
{
	uint64_t target = c.ctl->registry_generation + 2 + random_next(seed) % 8;
	uint32_t spins = random_next(seed) % 2 ? random_next(seed) % 20000 : 0;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child)
		change_for_ever(registry, host);
	while (__atomic_load_n(&c.ctl->registry_generation, __ATOMIC_RELAXED) < target)
		if (waitpid(child, &status, WNOHANG))
			fail_msg("the child ended by itself: %d", status);
	for (uint32_t i = 0; i < spins; i++)
		__asm__ volatile("" : : : "memory");
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void check_after_kill(uint32_t *stay, uint32_t *odd)
{
	const char *id = id_of(&c, "172.16.7.9");

	assert_string_equal(id_of(&c, "192.0.2.1"), "stay");
	assert_string_equal(id_of(&c, "2001:db8:1::"), "stay");
	assert_string_equal(id, "both7"); /* in either registry */
	*odd += c.ctl->registry_generation & 1;
	take_over(&c, "10.0.0.0/8");
	assert_false(c.ctl->registry_generation & 1);
	assert_true(!*stay || *stay == row_of(&c, "stay"));
	*stay = row_of(&c, "stay");
	for (uint32_t row = NFM_ROW_FIRST; row < c.ctl->names; row++)
		assert_int_equal(row_of(&c, c.names[row].id), row); /* no id twice */
}

static void test_killed(void **state)
{
	struct nfm_registry registry[2];
	uint64_t seed = 2026;
	uint32_t stay = 0;
	uint32_t odd = 0;
	char *text[2];

	(void)state;
	make_shared(&c);
	for (int i = 0; i < 2; i++) {
		text[i] = registry_text(i);
		registry_of(text[i], &registry[i]);
	}
	for (uint32_t i = 0; i < KILLS; i++) {
		take_over(&c, "10.0.0.0/8");
		apply(&c, text[i & 1]);
		check_consistent(&c);
		assert_string_equal(id_of(&c, "172.17.0.99"), i & 1 ? "second99" : "first99");
		assert_string_equal(id_of(&c, "192.0.3.1"), i & 1 ? "cover" : "");
		nfm_customers_close(&c);
		kill_in_the_middle(registry, &seed, 8 * i);
		check_after_kill(&stay, &odd);
		nfm_customers_close(&c);
	}
	print_message("killed %u times, %u of them between odd and even\n", KILLS, odd);
	for (int i = 0; i < 2; i++) {
		nfm_registry_clear(&registry[i]);
		free(text[i]);
	}
	free_shared(&c);
}

/* ---- readers while it changes ---- */

#define RELOADS 300U

struct reader {
	pthread_t thread;
	bool stop;
	uint64_t rounds;  /* of look-ups, each of which holds no page over its end */
	uint64_t nobody;  /* look-ups that led nowhere */
	uint64_t foreign; /* … or to whom the address never belonged */
	uint64_t torn;	  /* names whose prefixes were another's */
	uint64_t names;	  /* names that were read between two changes */
	uint32_t stay, one, other;
};

static struct reader reader;

static void read_addresses(void)
{
	static const uint8_t stay4[16] = { 192, 0, 2, 77 };
	static const uint8_t moves4[16] = { 192, 0, 3, 77 };
	static const uint8_t stay6[16] = { 0x20, 1, 0xd, 0xb8, 0, 1, 0, 9 };
	uint32_t four = nfm_customers_look_up(c.pages, c.page_capacity, stay4, 4);
	uint32_t six = nfm_customers_look_up(c.pages, c.page_capacity, stay6, 6);
	uint32_t moves = nfm_customers_look_up(c.pages, c.page_capacity, moves4, 4);

	reader.nobody += !four + !six + !moves;
	reader.foreign += four != reader.stay || six != reader.stay ||
			  (moves != reader.one && moves != reader.other);
}

static void read_names(uint32_t row)
{
	const __u64 *generation = &c.ctl->registry_generation;
	uint64_t before = __atomic_load_n(generation, __ATOMIC_ACQUIRE);
	struct nfm_prefix prefix = { .row = row };
	struct nfm_name name = c.names[row];

	if (before & 1 || !name.prefix_count)
		return;
	if (name.first_prefix < c.prefix_capacity)
		prefix = c.prefixes[name.first_prefix];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(generation, __ATOMIC_RELAXED) != before)
		return;
	reader.names++;
	reader.torn += prefix.row != row;
}

static void *read_for_ever(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&reader.stop, __ATOMIC_RELAXED)) {
		read_addresses();
		read_names(NFM_ROW_FIRST + (uint32_t)(reader.rounds % 100));
		__atomic_store_n(&reader.rounds, reader.rounds + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Until the reader has ended every look-up that began before. */
static void wait_for_reader(void)
{
	uint64_t now = __atomic_load_n(&reader.rounds, __ATOMIC_SEQ_CST);

	while (__atomic_load_n(&reader.rounds, __ATOMIC_SEQ_CST) < now + 2)
		sched_yield();
}

/* Registries in which two prefixes stay and one changes hands, in ever other surroundings. */
static void surroundings(uint64_t *seed, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, HEADER "stay,192.0.2.0/24 2001:db8:1::/48\n"
				       "%s,192.0.3.%s\naround,192.0.%s\n%s%s",
				       random_next(seed) % 2 ? "one" : "other",
				       random_next(seed) % 2 ? "64/26" : "0/24",
				       random_next(seed) % 2 ? "0.0/22" : "2.0/23",
				       random_next(seed) % 2 ? "in4,192.0.2.128/25\n" : "",
				       random_next(seed) % 2 ? "in6,2001:db8:1:8::/64\n" : "");

	for (uint32_t i = 0; i < 60; i++) {
		uint32_t kind = random_next(seed) % 4;

		if (kind)
			used += (size_t)snprintf(text + used, size - used,
						 kind == 1 ? "n%u,192.0.%u.%u\n" :
						 kind == 2 ? "n%u,192.%u.%u.0/24\n" :
							     "n%u,2001:db8:%x::%x/128\n",
						 i, 4 + i % 50, i);
	}
}

static void test_readers(void **state)
{
	char text[8192];
	uint64_t seed = 77;

	(void)state;
	take_over(&c, "");
	apply(&c, HEADER "other,192.0.3.0/24\n");
	apply(&c, HEADER "stay,192.0.2.0/24 2001:db8:1::/48\none,192.0.3.64/26\n");
	reader = (struct reader){ .stay = row_of(&c, "stay"),
				  .one = row_of(&c, "one"),
				  .other = row_of(&c, "other") };
	c.grace = wait_for_reader;
	assert_int_equal(pthread_create(&reader.thread, NULL, read_for_ever, NULL), 0);
	for (uint32_t i = 0; i < RELOADS; i++) {
		surroundings(&seed, text, sizeof(text));
		apply(&c, text);
		check_consistent(&c);
		wait_for_reader();
	}
	__atomic_store_n(&reader.stop, true, __ATOMIC_RELAXED);
	pthread_join(reader.thread, NULL);
	assert_int_equal(reader.nobody, 0);
	assert_int_equal(reader.foreign, 0);
	assert_int_equal(reader.torn, 0);
	assert_true(reader.rounds >= RELOADS && reader.names > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_time, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_wrong_sizes_and_autos, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_taken_over_whole, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_damaged, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_repair, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_half_discovered, make_live, free_live),
		cmocka_unit_test(test_killed),
		cmocka_unit_test_setup_teardown(test_readers, make_live, free_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
