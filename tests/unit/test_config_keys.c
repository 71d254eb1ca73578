// SPDX-License-Identifier: GPL-2.0-only
/* The table of keys: whole, in order, and printed as a file that means the defaults. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "config/config_values.h"

static void every_key_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		const struct nfm_config_key *key = &nfm_config_keys[i];

		assert_non_null(key->section);
		assert_non_null(key->name);
		assert_non_null(key->parse);
		assert_non_null(key->fallback);
		assert_non_null(key->form);
		assert_non_null(key->help);
		assert_true(key->min <= key->max);
		/* The general parsers write at the offset: 0 is the list of interfaces. */
		if (key->parse == nfm_config_parse_flag || key->parse == nfm_config_parse_u32 ||
		    key->parse == nfm_config_parse_text || key->parse == nfm_config_parse_bytes ||
		    key->parse == nfm_config_parse_span)
			assert_true(key->offset && key->offset < sizeof(struct nfm_config));
		if (key->parse == nfm_config_parse_u32 || key->parse == nfm_config_parse_text ||
		    key->parse == nfm_config_parse_bytes || key->parse == nfm_config_parse_span)
			assert_true(key->max);
	}
}

static void no_key_is_there_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(nfm_config_keys[i].section, nfm_config_keys[j].section))
				assert_string_not_equal(nfm_config_keys[i].name,
							nfm_config_keys[j].name);
}

static void the_reference_is_a_file_of_defaults(void **state)
{
	char file[] = "/tmp/nfm-test-reference.XXXXXX";
	_cleanup_close_ int fd = mkstemp(file);
	struct nfm_config config, defaults;
	_cleanup_free_ char *text = NULL;
	struct nfm_error error;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	int code;

	(void)state;
	assert_true(fd >= 0);
	assert_non_null(to);
	assert_int_equal(nfm_config_print_reference(to), 0);
	assert_int_equal(fclose(to), 0);
	code = nfm_io_write_all(fd, text, len);
	if (!code)
		code = nfm_config_read(file, &config, &error);
	unlink(file);
	assert_int_equal(code, 0);
	assert_int_equal(nfm_config_read(NULL, &defaults, &error), 0);
	assert_memory_equal(&config, &defaults, sizeof(config));
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		assert_non_null(strstr(text, nfm_config_keys[i].help));
}

static void a_reference_that_cannot_be_written(void **state)
{
	_cleanup_fclose_ FILE *to = fopen("/dev/full", "w");

	(void)state;
	if (!to)
		skip();
	assert_int_equal(nfm_config_print_reference(to), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_whole),
		cmocka_unit_test(no_key_is_there_twice),
		cmocka_unit_test(the_reference_is_a_file_of_defaults),
		cmocka_unit_test(a_reference_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
