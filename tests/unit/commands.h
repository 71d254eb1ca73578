/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands run on a table file in a folder of their own: what they print, and their exit status. */
#ifndef NFM_TEST_UNIT_COMMANDS_H
#define NFM_TEST_UNIT_COMMANDS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <yajl/yajl_tree.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/units.h"
#include "cli/cli.h"
#include "customers/customers.h"
#include "flow/store_file.h"
#include "table/table.h"

#define COLUMNS 3U
#define CAPACITY 16U
#define INTERVAL_S 300U
#define EXPORTERS 4U

struct fixture {
	char directory[64];
	char output[128];
	struct nfm_cli cli;
	struct nfm_table table;
	struct nfm_customers customers;
	struct nfm_store *store; /* what add_template() has written to DIRECTORY/templates */
	uint64_t now_ns;
};

static inline void path_in(const struct fixture *f, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", f->directory, name);
}

static inline void set_customers(struct fixture *f, const char *csv)
{
	struct nfm_registry registry;
	struct nfm_customers_change change;
	struct nfm_error error = { .text = "" };
	const char *path = f->cli.config.customers_file;

	assert_int_equal(nfm_io_replace_file(path, csv, strlen(csv), 0600), 0);
	assert_int_equal(nfm_registry_read(path, &registry, &error), 0);
	assert_int_equal(nfm_customers_apply(&f->customers, &registry, &change, &error), 0);
	nfm_registry_clear(&registry);
}

static inline void open_table(struct fixture *f)
{
	struct nfm_geometry geometry;
	struct nfm_error error = { .text = "" };
	char path[128];

	path_in(f, "table", path, sizeof(path));
	nfm_table_geometry_init(&geometry, COLUMNS, CAPACITY, EXPORTERS, 1024);
	assert_int_equal(nfm_table_file_create(path, &geometry, &f->table, &error), 0);
	f->table.ctl->created_unix_ns = 1700000000ULL * NFM_NS_PER_S;
	f->table.ctl->interval_s = INTERVAL_S;
	f->customers = (struct nfm_customers){
		.ctl = f->table.ctl,
		.pages = f->table.pages,
		.names = f->table.names,
		.prefixes = f->table.prefixes,
		.page_capacity = geometry.pages,
		.capacity = geometry.capacity,
		.prefix_capacity = geometry.prefixes,
	};
	assert_int_equal(nfm_customers_open(&f->customers, NULL, 0, &error), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->directory, "/tmp/nfmeter-test-commands-XXXXXX");
	if (!mkdtemp(f->directory)) {
		free(f);
		return -1;
	}
	path_in(f, "output", f->output, sizeof(f->output));
	strcpy(f->cli.config.runtime, f->directory);
	strcpy(f->cli.config.directory, f->directory);
	path_in(f, "pins", f->cli.config.pin, sizeof(f->cli.config.pin));
	path_in(f, "customers.csv", f->cli.config.customers_file,
		sizeof(f->cli.config.customers_file));
	f->cli.format = NFM_FORMAT_JSON;
	f->now_ns = nfm_clock_monotonic_ns();
	open_table(f);
	set_customers(f, "id,name,prefixes\n"
			 "alice,Alice,10.0.0.0/24 2001:db8::/48\n"
			 "bob,,10.0.0.128/25\n"
			 "idle,Nobody,192.0.2.7\n");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "output", "customers.csv", "table", "agent.table",
					     "templates", "nfmeter.conf" };
	struct fixture *f = *state;
	char path[128];
	size_t i;

	nfm_store_free_p(&f->store);
	nfm_customers_close(&f->customers);
	nfm_table_close(&f->table);
	for (i = 0; i < NFM_ARRAY_SIZE(names); i++) {
		path_in(f, names[i], path, sizeof(path));
		unlink(path);
	}
	rmdir(f->directory);
	free(f);
	return 0;
}

static inline void add_exporter(struct fixture *f, uint32_t exporter, const char *address,
			 const char *name, uint32_t state)
{
	struct nfm_exporter *e = &f->table.exporters[exporter];

	assert_int_equal(nfm_units_parse_addr(address, &e->addr), 0);
	strcpy(e->name, name);
	e->state = state;
	f->table.ctl->exporter_count = NFM_MAX(f->table.ctl->exporter_count, exporter + 1);
}

/* ---- templates ---- */

/* A template record out of 16-bit words; in an options template, `scope` is its third word. */
struct template_words {
	uint16_t version;
	uint32_t domain;
	bool options;
	uint32_t count;
	uint16_t word[16];
};

static inline uint32_t template_raw(const struct template_words *words, uint8_t *raw)
{
	for (uint32_t i = 0; i < words->count; i++) {
		raw[2 * i] = (uint8_t)(words->word[i] >> 8);
		raw[2 * i + 1] = (uint8_t)words->word[i];
	}
	return 2 * words->count;
}

/* Writes the file anew from what is known: template by template and sampler by sampler. */
static inline void write_templates(struct fixture *f)
{
	struct nfm_store_file file = { .fd = -1 };
	struct nfm_error error = { .text = "" };
	char path[128];

	path_in(f, NFM_STORE_FILE, path, sizeof(path));
	assert_int_equal(nfm_store_file_open(&file, path, f->store, &error), 0);
	nfm_store_file_close(&file);
}

static inline void add_template(struct fixture *f, const char *exporter,
				const struct template_words *words, int64_t age_s)
{
	struct nfm_template_name name = { .domain = words->domain, .version = words->version,
					  .id = words->word[0] };
	struct nfm_template_head head;
	struct nfm_template *template;
	uint8_t raw[32];
	uint32_t bytes = template_raw(words, raw);

	if (!f->store)
		assert_int_equal(nfm_store_new(NULL, &f->store), 0);
	assert_int_equal(nfm_units_parse_addr(exporter, &name.exporter), 0);
	assert_int_equal(nfm_template_measure(raw, bytes, words->version, words->options, &head),
			 0);
	assert_int_equal(head.raw_bytes, bytes);
	assert_int_equal(nfm_template_new(&name, raw, &head, words->options, &template), 0);
	template->learned_unix_ns = nfm_clock_unix_ns() - (uint64_t)age_s * NFM_NS_PER_S;
	template->seen_unix_ns = template->learned_unix_ns;
	assert_int_equal(nfm_store_put(f->store, template), 0);
	write_templates(f);
}

/* Links a slot in the table's pool; returns it. */
static inline struct nfm_template_slot *link_slot(struct fixture *f, uint32_t slot,
						  const struct nfm_template_key *key,
						  uint16_t kind)
{
	struct nfm_template_pool *pool = f->table.templates;
	uint32_t hash = nfm_template_hash(key);
	uint32_t *way = &pool->way[nfm_template_bucket(hash)];

	while (*way & 0xffff)
		way++;
	*way = (hash & 0xffff0000U) | (slot + 1);
	pool->slot[slot].key = *key;
	pool->slot[slot].kind = kind;
	pool->slot[slot].stream = slot;
	return &pool->slot[slot];
}

/* Installs a template in slot 1, its stream in slot 0, armed. */
static inline struct nfm_template_slot *install(struct fixture *f, uint16_t exporter,
						const struct template_words *words)
{
	struct nfm_template_key key = { .domain = words->domain, .exporter = exporter,
					.version = words->version };
	struct nfm_template_slot *slot;

	link_slot(f, 0, &key, NFM_SLOT_STREAM);
	key.id = words->word[0];
	slot = link_slot(f, 1, &key, NFM_SLOT_DATA);
	slot->stream = 0;
	slot->raw_bytes = (uint16_t)template_raw(words, slot->raw);
	return slot;
}

/* Source, destination, bytes and packets, as v9 256: what the datapath can decode. */
static const struct template_words plain_template = {
	.version = 9, .domain = 7, .count = 10,
	.word = { 256, 4, 8, 4, 12, 4, 1, 4, 2, 4 },
};

/* IPFIX with a field of variable length and one of an enterprise that nobody knows. */
static const struct template_words odd_template = {
	.version = 10, .domain = 70000, .count = 16,
	.word = { 300, 6, 8, 4, 12, 4, 1, 8, 2, 8, 82, 65535, 0x8000 | 7, 2, 1, 0xe240 },
};

/* v9 options: scope "system", then a sampling rate and a sampler's number. */
static const struct template_words options_template = {
	.version = 9, .domain = 7, .options = true, .count = 9,
	.word = { 257, 4, 8, 1, 4, 34, 4, 48, 1 },
};

/* ---- running ---- */

/* Runs a command line; the caller frees what it wrote to stdout. */
static inline char *run(struct fixture *f, int (*command)(struct nfm_cli *, int, char **),
		 const char *line, int expected)
{
	_cleanup_free_ char *copy = strdup(line);
	_cleanup_fclose_ FILE *errors = fopen("/dev/null", "w");
	_cleanup_fclose_ FILE *output = fopen(f->output, "w");
	int saved[2] = { dup(1), dup(2) };
	char *argv[8] = { NULL };
	char *rest = copy;
	char *text = NULL;
	size_t len;
	int argc = 0;
	int status;

	while ((argv[argc] = strsep(&rest, " ")))
		argc++;
	fflush(NULL);
	dup2(fileno(output), 1);
	dup2(fileno(errors), 2);
	status = command(&f->cli, argc, argv);
	fflush(NULL);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	close(saved[0]);
	close(saved[1]);
	assert_int_equal(status, expected);
	assert_int_equal(nfm_io_read_file(f->output, 1 << 20, &text, &len), 0);
	return text;
}

/* A member by path: "customers/0/id". */
static inline yajl_val find_member(yajl_val tree, const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	yajl_val at = tree;
	char *rest = copy;
	char *key;

	assert_non_null(tree);
	while ((key = strsep(&rest, "/"))) {
		const char *member[] = { key, NULL };

		if (YAJL_IS_ARRAY(at)) {
			size_t i = strtoul(key, NULL, 10);

			assert_true(i < YAJL_GET_ARRAY(at)->len);
			at = YAJL_GET_ARRAY(at)->values[i];
		} else {
			at = yajl_tree_get(at, member, yajl_t_any);
		}
		assert_non_null(at);
	}
	return at;
}

/* A number that has gone on since it was set: at least `least`, and less than a minute more. */
static inline void expect_seconds(const char *json, const char *path, long long least)
{
	yajl_val tree = yajl_tree_parse(json, NULL, 0);
	yajl_val at = find_member(tree, path);

	assert_true(YAJL_IS_INTEGER(at));
	assert_in_range(YAJL_GET_INTEGER(at), least, least + 59);
	yajl_tree_free(tree);
}

/* Compares a member with its JSON text. */
static inline void expect(const char *json, const char *path, const char *expected)
{
	yajl_val tree = yajl_tree_parse(json, NULL, 0);
	yajl_val at = find_member(tree, path);

	if (YAJL_IS_STRING(at))
		assert_string_equal(YAJL_GET_STRING(at), expected);
	else if (YAJL_IS_NUMBER(at))
		assert_string_equal(YAJL_GET_NUMBER(at), expected);
	else if (YAJL_IS_NULL(at))
		assert_string_equal(expected, "null");
	else
		assert_string_equal(YAJL_IS_TRUE(at) ? "true" : "false", expected);
	yajl_tree_free(tree);
}

static inline size_t length(const char *json, const char *key)
{
	const char *path[] = { key, NULL };
	yajl_val tree = yajl_tree_parse(json, NULL, 0);
	yajl_val list = key ? yajl_tree_get(tree, path, yajl_t_array) : tree;
	size_t len;

	assert_true(YAJL_IS_ARRAY(list));
	len = YAJL_GET_ARRAY(list)->len;
	yajl_tree_free(tree);
	return len;
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
