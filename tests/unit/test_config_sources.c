// SPDX-License-Identifier: GPL-2.0-only
/* Drop-ins: their order, what replaces what, whose line is at fault, and where a value is from. */
#include "config/sources.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "folder.h"

static struct nfm_config config;
static struct nfm_config_sources sources;
static struct nfm_error error;
static char main_file[PATH_MAX];

static int set_up(void **state)
{
	(void)state;
	if (folder_make() || mkdir(in_folder("c.conf.d"), 0755))
		return -1;
	snprintf(main_file, sizeof(main_file), "%s", in_folder("c.conf"));
	memset(&config, 0, sizeof(config));
	sources = (struct nfm_config_sources){};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	nfm_config_clear(&config);
	nfm_config_sources_clear(&sources);
	return folder_remove();
}

static void put(const char *name, const char *text)
{
	assert_int_equal(nfm_io_replace_file(in_folder(name), text, strlen(text), 0644), 0);
}

static int read_place(const char *settings)
{
	const struct nfm_config_place place = { .path = main_file, .settings = settings };

	nfm_config_clear(&config);
	nfm_config_sources_clear(&sources);
	error.text[0] = '\0';
	return nfm_config_read_place(&place, &config, &sources, &error);
}

static void assert_reads(const char *settings)
{
	if (read_place(settings))
		fail_msg("%s", error.text);
}

static void assert_refused(const char *settings, const char *want)
{
	assert_int_equal(read_place(settings), -EINVAL);
	if (!strstr(error.text, want))
		fail_msg("not \"%s\" in: %s", want, error.text);
}

static void assert_from(const char *section, const char *name, const char *value,
			const char *origin)
{
	int key = nfm_config_find_key(section, name);

	assert_true(key >= 0);
	assert_string_equal(nfm_config_value(&sources, (size_t)key), value);
	assert_string_equal(nfm_config_origin(sources.from[key]), origin);
}

static void later_names_win(void **state)
{
	(void)state;
	put("c.conf", "[collector]\ninterval = 60\nport = 1 2 3\nhook = a long command\n");
	put("c.conf.d/b.conf", "[collector]\ninterval = 20\n");
	put("c.conf.d/a.conf", "[collector]\ninterval = 10\nport = 9\nhook = x\n");
	put("c.conf.d/.hidden.conf", "wrong\n");
	put("c.conf.d/~settings.conf.new", "wrong\n");
	put("c.conf.d/.conf", "wrong\n");
	put("c.conf.d/readme", "wrong\n");
	assert_reads(NULL);
	assert_int_equal(config.interval_s, 20);
	assert_int_equal(config.port_count, 1);
	assert_int_equal(config.ports[0], 9);
	assert_int_equal(config.ports[1], 0); /* nothing is left of the longer list */
	assert_string_equal(config.hook, "x");
	assert_int_equal(config.hook[2], 0);
	assert_int_equal(config.hook[5], 0);
	assert_from("collector", "interval", "20", "drop-in");
	assert_from("collector", "port", "9", "drop-in");
	assert_from("collector", "capacity", "65536", "default");
	assert_int_equal(sources.settings, NFM_CONFIG_DEFAULT);
	assert_int_equal(sources.file_count, 3);
}

static void where_a_value_is_from(void **state)
{
	(void)state;
	put("c.conf", "[expire]\nsize = 1G\nlifetime =\n");
	put("c.conf.d/settings.conf", "[expire]\nsize = 2G\n");
	assert_reads(NULL);
	assert_from("expire", "size", "2G", "drop-in");
	assert_from("expire", "lifetime", "", "file");
	assert_from("expire", "watermark", "95", "default");
	assert_int_equal(sources.settings, 1);
	assert_int_equal(nfm_config_find_key("expire", "port"), -ENOENT);
	assert_int_equal(nfm_config_find_key("exporter", "address"), -ENOENT);
}

static void no_folder_is_no_drop_in(void **state)
{
	(void)state;
	put("c.conf", "");
	assert_int_equal(rmdir(in_folder("c.conf.d")), 0);
	assert_reads(NULL);
	assert_int_equal(sources.file_count, 1);
	put("c.conf.d", "a file");
	assert_reads(NULL);
}

static void a_missing_file(void **state)
{
	struct nfm_config_place place = { .path = main_file };

	(void)state;
	put("c.conf.d/a.conf", "[collector]\ninterval = 7\n");
	assert_int_equal(nfm_config_read_place(&place, &config, &sources, &error), -ENOENT);
	place.may_be_missing = true;
	assert_int_equal(nfm_config_read_place(&place, &config, &sources, &error), 0);
	assert_int_equal(config.interval_s, 7);
	assert_from("collector", "interval", "7", "drop-in");
}

static void errors_name_their_file(void **state)
{
	(void)state;
	put("c.conf", "[collector]\ninterval = 0\n");
	put("c.conf.d/a.conf", "\n[collector]\nport = x\n");
	put("c.conf.d/b.conf", "[collector]\ninterval = 5\n");
	assert_refused(NULL, "c.conf:2: [collector] interval: \"0\" is out of range");
	assert_non_null(strstr(error.text, "c.conf.d/a.conf:3: [collector] port: \"x\" is wrong"));
	assert_null(strstr(error.text, "b.conf"));
	put("c.conf", "");
	put("c.conf.d/a.conf", "[collector]\ninterval = 5\ninterval = 6\n");
	assert_refused(NULL, "a.conf:3: [collector] interval: given twice, first in line 2");
}

static void exporters_add_up_and_replace(void **state)
{
	(void)state;
	put("c.conf", "[exporter a]\naddress = 192.0.2.1 192.0.2.2\nnat = no\n"
		      "[exporter b]\naddress = 192.0.2.3\n");
	put("c.conf.d/m.conf", "[exporter a]\naddress = 192.0.2.2 192.0.2.4\n"
			       "[exporter c]\naddress = 192.0.2.1\n");
	assert_reads(NULL);
	assert_int_equal(config.exporter_count, 4);
	assert_string_equal(config.exporters[0].name, "b");
	assert_int_equal(config.exporters[0].file, 0);
	assert_string_equal(config.exporters[2].name, "a");
	assert_false(config.exporters[2].no_nat); /* as a whole */
	assert_int_equal(config.exporters[2].file, 1);
	assert_string_equal(config.exporters[3].name, "c");
	put("c.conf.d/n.conf", "\n[exporter d]\naddress = 192.0.2.3\n");
	assert_refused(NULL, "n.conf:3: [exporter] address: \"192.0.2.3\" is given twice, first");
	assert_non_null(strstr(error.text, "c.conf:4; take one out"));
	put("c.conf.d/n.conf", "[exporter d]\naddress = ::1\n[exporter d]\naddress = ::2\n");
	assert_refused(NULL, "n.conf:3: [exporter d]: given twice, first in line 1");
}

/* Tried without a file, in the place that its name has. */
static void settings_to_be_tried(void **state)
{
	(void)state;
	put("c.conf", "[collector]\ninterval = 60\n");
	assert_reads("[collector]\ninterval = 1\n");
	assert_int_equal(config.interval_s, 1);
	assert_int_equal(sources.settings, 1);
	put("c.conf.d/settings.conf", "[collector]\ninterval = 2\n");
	put("c.conf.d/a.conf", "[collector]\ninterval = 3\ncapacity = 99\n");
	assert_reads("[collector]\ninterval = 1\n");
	assert_int_equal(config.interval_s, 1);
	assert_int_equal(config.capacity, 99);
	assert_int_equal(sources.settings, 2);
	assert_refused("[collector]\ninterval = x\n", "c.conf.d/settings.conf:2: [collector]");
	put("c.conf.d/z.conf", "[collector]\ninterval = 4\n");
	assert_reads("[collector]\ninterval = 1\n");
	assert_int_equal(config.interval_s, 4);
	assert_int_equal(remove(in_folder("c.conf.d/settings.conf")), 0);
	assert_reads("[collector]\ninterval = 1\ncapacity = 100\n");
	assert_int_equal(config.interval_s, 4); /* a later name's */
	assert_int_equal(config.capacity, 100);
	assert_int_equal(sources.settings, 2);
	assert_int_equal(sources.from[nfm_config_find_key("collector", "interval")], 3);
}

static void certificate_and_key_go_together(void **state)
{
	(void)state;
	put("c.conf", "[http]\ncertificate = /c\n");
	assert_refused(NULL, "certificate and key go together");
	put("c.conf.d/a.conf", "[http]\nkey = /k\n");
	assert_reads(NULL);
	assert_string_equal(config.http_key, "/k");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(later_names_win, set_up, tear_down),
		cmocka_unit_test_setup_teardown(where_a_value_is_from, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_folder_is_no_drop_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_missing_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(errors_name_their_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(exporters_add_up_and_replace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(settings_to_be_tried, set_up, tear_down),
		cmocka_unit_test_setup_teardown(certificate_and_key_go_together, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
