// SPDX-License-Identifier: GPL-2.0-only
/* Where the table is looked for, in which order, and what is said where there is none. */
#include "view/source.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

struct fixture {
	char directory[64];
	struct nfm_config config;
};

static void path_in(const struct fixture *f, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", f->directory, name);
}

/* A table whose creation time tells it from others. */
static void make_table(const struct fixture *f, const char *name, uint64_t created)
{
	struct nfm_geometry geometry;
	struct nfm_error error = { .text = "" };
	struct nfm_table t;
	char path[128];

	path_in(f, name, path, sizeof(path));
	nfm_table_geometry_init(&geometry, 1, 16, 4, 600);
	assert_int_equal(nfm_table_file_create(path, &geometry, &t, &error), 0);
	t.ctl->created_unix_ns = created;
	nfm_table_close(&t);
}

static void make_note(const struct fixture *f, const char *kind, const char *name)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[128], target[128];

	path_in(f, "agent.table", path, sizeof(path));
	path_in(f, name, target, sizeof(target));
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%s %s\n", kind, target);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->directory, "/tmp/nfmeter-test-source-XXXXXX");
	if (!mkdtemp(f->directory)) {
		free(f);
		return -1;
	}
	strcpy(f->config.runtime, f->directory);
	path_in(f, "pins", f->config.pin, sizeof(f->config.pin));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "agent.table", "table", "other" };
	struct fixture *f = *state;
	char path[128];
	size_t i;

	for (i = 0; i < NFM_ARRAY_SIZE(names); i++) {
		path_in(f, names[i], path, sizeof(path));
		unlink(path);
	}
	rmdir(f->directory);
	free(f);
	return 0;
}

static void nothing_says_where_was_looked(void **state)
{
	const struct fixture *f = *state;
	struct nfm_error error = { .text = "" };
	struct nfm_table t;

	assert_int_equal(nfm_source_open(&f->config, &t, &error), -ENOENT);
	assert_non_null(strstr(error.text, f->config.pin));
	assert_non_null(strstr(error.text, "agent.table"));
	assert_non_null(strstr(error.text, "/table"));
	assert_non_null(strstr(error.text, "nfmeter run"));
	assert_null(strchr(error.text, '\n'));
}

static void the_runtime_table_is_found(void **state)
{
	const struct fixture *f = *state;
	struct nfm_error error;
	struct nfm_table t;

	make_table(f, "table", 5);
	assert_int_equal(nfm_source_open(&f->config, &t, &error), 0);
	assert_int_equal(t.ctl->created_unix_ns, 5);
	assert_false(t.writable);
	nfm_table_close(&t);
}

static void the_agents_note_goes_first(void **state)
{
	const struct fixture *f = *state;
	struct nfm_error error;
	struct nfm_table t;

	make_table(f, "table", 5);
	make_table(f, "other", 6);
	make_note(f, "file", "other");
	assert_int_equal(nfm_source_open(&f->config, &t, &error), 0);
	assert_int_equal(t.ctl->created_unix_ns, 6);
	nfm_table_close(&t);
}

static void a_note_of_what_is_gone_is_passed_over(void **state)
{
	static const char *const kinds[] = { "file", "pins" };
	const struct fixture *f = *state;
	struct nfm_error error;
	struct nfm_table t;
	size_t i;

	make_table(f, "table", 5);
	for (i = 0; i < NFM_ARRAY_SIZE(kinds); i++) {
		make_note(f, kinds[i], "gone");
		assert_int_equal(nfm_source_open(&f->config, &t, &error), 0);
		assert_int_equal(t.ctl->created_unix_ns, 5);
		nfm_table_close(&t);
	}
}

static void a_note_that_says_nothing_is_an_error(void **state)
{
	const struct fixture *f = *state;
	struct nfm_error error = { .text = "" };
	struct nfm_table t;

	make_table(f, "table", 5);
	make_note(f, "nonsense", "table");
	assert_int_equal(nfm_source_open(&f->config, &t, &error), -EPROTO);
	assert_non_null(strstr(error.text, "agent.table"));
}

static void a_file_that_is_no_table_is_an_error(void **state)
{
	const struct fixture *f = *state;
	struct nfm_error error = { .text = "" };
	struct nfm_table t;
	char path[128];

	make_table(f, "table", 5);
	path_in(f, "table", path, sizeof(path));
	assert_int_equal(truncate(path, 5000), 0);
	assert_int_equal(nfm_source_open(&f->config, &t, &error), -EPROTO);
	assert_non_null(strstr(error.text, path));
	make_note(f, "file", "table"); /* also where the agent named it: it is not passed over */
	assert_int_equal(nfm_source_open(&f->config, &t, &error), -EPROTO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_says_where_was_looked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_runtime_table_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_agents_note_goes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_note_of_what_is_gone_is_passed_over, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_note_that_says_nothing_is_an_error, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_table_is_an_error, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
