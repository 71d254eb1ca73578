// SPDX-License-Identifier: GPL-2.0-only
/* settings.conf: what is written, what is refused before it is, and what nobody may slip in. */
#include "config/settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "folder.h"

static struct nfm_settings settings;
static struct nfm_config config;
static struct nfm_config_sources sources;
static struct nfm_error error;
static char main_file[PATH_MAX];
static char *text;

static void forget(void)
{
	nfm_settings_clear(&settings);
	nfm_config_clear(&config);
	nfm_config_sources_clear(&sources);
	free(text);
	text = NULL;
	error.text[0] = '\0';
}

static void put(const char *name, const char *content)
{
	assert_int_equal(nfm_io_replace_file(in_folder(name), content, strlen(content), 0644), 0);
}

static int set_up(void **state)
{
	(void)state;
	if (folder_make())
		return -1;
	snprintf(main_file, sizeof(main_file), "%s", in_folder("c.conf"));
	put("c.conf", "[collector]\ninterval = 60\n[exporter core]\naddress = 192.0.2.1\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	forget();
	return folder_remove();
}

static int try(void)
{
	const struct nfm_config_place place = { .path = main_file };

	nfm_config_clear(&config);
	nfm_config_sources_clear(&sources);
	free(text);
	text = NULL;
	return nfm_settings_try(&settings, &place, &text, &config, &sources, &error);
}

static void load(void)
{
	forget();
	if (nfm_settings_load(main_file, &settings, &error))
		fail_msg("%s", error.text);
}

static void save(void)
{
	if (try() || nfm_settings_save(main_file, text, &error))
		fail_msg("%s", error.text);
}

static int set(const char *section, const char *name, const char *value)
{
	return nfm_settings_set(&settings, section, name, value, &error);
}

static void assert_no_file(void)
{
	assert_int_equal(access(in_folder("c.conf.d"), F_OK), -1);
}

static void set_save_and_load(void **state)
{
	struct stat st;

	(void)state;
	load();
	assert_int_equal(set("collector", "interval", " 30 "), 0);
	assert_int_equal(set("expire", "size", ""), 0);
	assert_int_equal(set("http", "listen", "*:80"), 0);
	save();
	assert_int_equal(config.interval_s, 30);
	assert_int_equal(config.expire_size_bytes, 0);
	assert_int_equal(stat(in_folder("c.conf.d/settings.conf"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	load();
	assert_string_equal(settings.value[nfm_config_find_key("collector", "interval")], "30");
	assert_string_equal(settings.value[nfm_config_find_key("expire", "size")], "");
	assert_int_equal(set("collector", "interval", NULL), 0);
	save();
	assert_int_equal(config.interval_s, 60); /* the file's again */
	assert_string_equal(config.http_listen, "*:80");
}

static void wrong_values_change_nothing(void **state)
{
	(void)state;
	load();
	assert_int_equal(set("collector", "interval", "0"), 0);
	assert_int_equal(try(), -EINVAL);
	assert_non_null(strstr(error.text, "[collector] interval: \"0\" is out of range; write"));
	assert_null(text);
	assert_no_file();
	load();
	assert_int_equal(set("http", "certificate", "/x"), 0);
	assert_int_equal(try(), -EINVAL);
	assert_int_equal(set("collector", "nothing", "1"), -EINVAL);
	assert_int_equal(set("exporter", "address", "::1"), -EINVAL);
	assert_int_equal(set("", "", "1"), -EINVAL);
	assert_no_file();
}

/* Nothing of a value may become a line or a section of its own. */
static void nothing_is_slipped_in(void **state)
{
	static const char *const values[] = {
		"60\n[collector]\nhook = reboot", "60\rhook = x", "a\tb", "a # b", "#", "\x7f",
	};

	(void)state;
	load();
	for (size_t i = 0; i < NFM_ARRAY_SIZE(values); i++) {
		assert_int_equal(set("collector", "directory", values[i]), -EINVAL);
		assert_int_equal(nfm_settings_set_exporter(
					 &settings,
					 &(struct nfm_settings_exporter){ .name = values[i],
									  .addresses = "::1" },
					 &error), -EINVAL);
		assert_int_equal(nfm_settings_set_exporter(
					 &settings,
					 &(struct nfm_settings_exporter){ .name = "a",
									  .addresses = values[i] },
					 &error), -EINVAL);
		assert_int_equal(nfm_settings_set_exporter(
					 &settings,
					 &(struct nfm_settings_exporter){ .name = "a",
									  .addresses = "::1",
									  .sampling = values[i] },
					 &error), -EINVAL);
	}
	assert_int_equal(set("collector", "hook", "a#b ; c=[d]"), 0);
	save();
	assert_string_equal(config.hook, "a#b ; c=[d]");
	load();
	assert_string_equal(settings.value[nfm_config_find_key("collector", "hook")],
			    "a#b ; c=[d]");
}

static void a_later_drop_in_is_told(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_folder("c.conf.d"), 0755), 0);
	put("c.conf.d/z.conf", "[collector]\ninterval = 5\n[exporter x]\naddress = ::9\n");
	load();
	assert_int_equal(set("collector", "interval", "30"), 0);
	assert_int_equal(try(), -EINVAL);
	assert_non_null(strstr(error.text, "z.conf, which is read after settings.conf"));
	load();
	assert_int_equal(nfm_settings_set_exporter(
				 &settings,
				 &(struct nfm_settings_exporter){ "x", "::7", NULL, false, false },
				 &error), 0);
	assert_int_equal(try(), -EINVAL);
	assert_non_null(strstr(error.text, "[exporter x]: "));
	assert_non_null(strstr(error.text, "z.conf"));
}

static void exporters(void **state)
{
	const struct nfm_settings_exporter edge = { "edge 1", "192.0.2.7 2001:db8::7", "1000", true,
						    true };
	struct nfm_settings_exporter core = { "core", "192.0.2.9", "12/10", false, false };

	(void)state;
	load();
	assert_int_equal(nfm_settings_set_exporter(&settings, &edge, &error), 0);
	save();
	assert_int_equal(config.exporter_count, 3);
	assert_true(config.exporters[1].no_nat);
	assert_true(config.exporters[1].repair_wraps);
	assert_int_equal(config.exporters[2].sampling_num, 1000);
	load();
	assert_int_equal(settings.exporter_count, 1);
	assert_string_equal(settings.exporters[0].addresses, edge.addresses);
	assert_int_equal(nfm_settings_set_exporter(&settings, &core, &error), 0);
	save();
	assert_int_equal(config.exporter_count, 3); /* core's is replaced */
	load();
	assert_string_equal(settings.exporters[1].sampling, "12/10");
	core.sampling = "trust-data";
	assert_int_equal(nfm_settings_set_exporter(&settings, &core, &error), 0);
	assert_int_equal(settings.exporter_count, 2);
	save();
	assert_true(config.exporters[2].trust_data);
	load();
	assert_int_equal(nfm_settings_remove_exporter(&settings, "edge 1", &error), 0);
	assert_int_equal(nfm_settings_remove_exporter(&settings, "core", &error), 0);
	assert_int_equal(nfm_settings_remove_exporter(&settings, "core", &error), -ENOENT);
	save();
	assert_int_equal(config.exporter_count, 1); /* the file's again */
}

static void wrong_exporters(void **state)
{
	static const struct {
		struct nfm_settings_exporter e;
		const char *want;
	} rows[] = {
		{ { "", "::1", NULL, false, false }, "an exporter's name" },
		{ { "a]b", "::1", NULL, false, false }, "an exporter's name" },
		{ { " a", "::1", NULL, false, false }, "an exporter's name" },
		{ { "012345678901234567890123456789012345678901234567", "::1", NULL, false, false },
		  "a bad name" },
		{ { "a", "", NULL, false, false }, "address" },
		{ { "a", "192.0.2.300", NULL, false, false }, "\"192.0.2.300\" is wrong" },
		{ { "a", "192.0.2.1", NULL, false, false }, "is given twice, first in " },
		{ { "a", "::1", "0.5", false, false }, "sampling" },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		load();
		if (!nfm_settings_set_exporter(&settings, &rows[i].e, &error))
			assert_int_equal(try(), -EINVAL);
		if (!strstr(error.text, rows[i].want))
			fail_msg("not \"%s\" in: %s", rows[i].want, error.text);
	}
	assert_no_file();
}

static void a_broken_file_stays(void **state)
{
	(void)state;
	forget();
	assert_int_equal(mkdir(in_folder("c.conf.d"), 0755), 0);
	put("c.conf.d/settings.conf", "[collector]\ninterval = x\n");
	assert_int_equal(nfm_settings_load(main_file, &settings, &error), -EINVAL);
	assert_non_null(strstr(error.text, "settings.conf:2: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(set_save_and_load, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_values_change_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_slipped_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_later_drop_in_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(exporters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_exporters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_broken_file_stays, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
