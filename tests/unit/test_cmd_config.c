// SPDX-License-Identifier: GPL-2.0-only
/* `config` and `token`, without an agent: what they print, and what they leave in the files. */
#include "commands.h"
#include "folder.h"

static char config_file[PATH_MAX], tokens_file[PATH_MAX];

static int set_up_files(void **state)
{
	struct fixture *f;

	if (set_up(state) || folder_make())
		return -1;
	f = *state;
	snprintf(config_file, sizeof(config_file), "%s", in_folder("c.conf"));
	snprintf(tokens_file, sizeof(tokens_file), "%s", in_folder("tokens"));
	f->cli.config_path = config_file;
	strcpy(f->cli.config.http_tokens, tokens_file);
	return 0;
}

static int tear_down_files(void **state)
{
	return tear_down(state) | folder_remove();
}

static void put(const char *name, const char *text)
{
	assert_int_equal(nfm_io_replace_file(in_folder(name), text, strlen(text), 0600), 0);
}

static void every_setting_and_its_origin(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *csv = NULL;

	put("c.conf", "[collector]\ninterfaces = eth7\n[clickhouse]\nurl = http://u:pass@x/\n"
		      "[exporter b c]\nsampling = 12/10\naddress = 192.0.2.1 ::1\nnat = no\n");
	text = run(f, nfm_cmd_config, "config", 0);
	expect(text, "file", config_file);
	expect(text, "settings/0/key", "interfaces");
	expect(text, "settings/0/value", "eth7");
	expect(text, "settings/0/default", "");
	expect(text, "settings/0/origin", "file");
	expect(text, "settings/0/live", "false");
	expect(text, "settings/1/origin", "default");
	expect(text, "exporters/0/name", "b c");
	expect(text, "exporters/0/addresses/1", "::1");
	expect(text, "exporters/0/sampling", "12/10");
	expect(text, "exporters/0/nat", "false");
	expect(text, "exporters/0/repair_wraps", "false");
	expect(text, "exporters/0/origin", "file");
	assert_null(strstr(text, "pass@"));
	assert_non_null(strstr(text, "\"***\""));
	assert_non_null(strstr(text, "\"pending\":[]}"));
	assert_null(strstr(text, "\"section\":\"exporter\""));
	f->cli.format = NFM_FORMAT_CSV;
	csv = run(f, nfm_cmd_config, "config", 0);
	assert_non_null(strstr(csv, "section,key,value,default,form,help,origin,live,page\n"
				    "collector,interfaces,eth7,,"));
	assert_null(strstr(csv, "pass@"));
}

static void set_and_reset(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *kept = NULL;
	size_t len;

	put("c.conf", "");
	text = run(f, nfm_cmd_config, "config set collector.interval 60", 0);
	expect(text, "pending/0", "collector.interval");
	assert_non_null(strstr(text, "\"applied\":[]"));
	assert_int_equal(nfm_io_read_file(in_folder("c.conf.d/settings.conf"), 1 << 16, &kept,
					  &len), 0);
	assert_non_null(strstr(kept, "\n[collector]\ninterval = 60\n"));
	free(run(f, nfm_cmd_config, "config set collector.interval 0", 1));
	free(run(f, nfm_cmd_config, "config set interval 60", 1));
	free(run(f, nfm_cmd_config, "config set collector.none 60", 1));
	free(run(f, nfm_cmd_config, "config set collector.interval", 2));
	free(run(f, nfm_cmd_config, "config put collector.interval 1", 2));
	free(run(f, nfm_cmd_config, "config reset collector.interval", 0));
	free(NFM_STEAL_PTR(text));
	text = run(f, nfm_cmd_config, "config", 0);
	assert_null(strstr(text, "drop-in\""));
}

static void tokens(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *list = NULL;

	text = run(f, nfm_cmd_token, "token add admin office", 0);
	assert_non_null(strstr(text, "{\"token\":\"nfm_"));
	expect(text, "role", "admin");
	expect(text, "customer", "null");
	expect(text, "applied", "false");
	free(run(f, nfm_cmd_token, "token add customer:alice of-alice", 0));
	free(run(f, nfm_cmd_token, "token add read office", 1));
	free(run(f, nfm_cmd_token, "token add root x", 1));
	free(run(f, nfm_cmd_token, "token add admin", 2));
	free(run(f, nfm_cmd_token, "token", 2));
	free(run(f, nfm_cmd_token,
		 "token add read 012345678901234567890123456789012345678901234567", 1));
	list = run(f, nfm_cmd_token, "token list", 0);
	expect(list, "1/name", "of-alice");
	expect(list, "1/customer", "alice");
	assert_null(strstr(list, "nfm_"));
	free(run(f, nfm_cmd_token, "token remove office", 0));
	free(run(f, nfm_cmd_token, "token remove office", 1));
	f->cli.config.http_tokens[0] = '\0';
	free(run(f, nfm_cmd_token, "token add admin office", 1));
	free(run(f, nfm_cmd_token, "token remove office", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_setting_and_its_origin, set_up_files,
						tear_down_files),
		cmocka_unit_test_setup_teardown(set_and_reset, set_up_files, tear_down_files),
		cmocka_unit_test_setup_teardown(tokens, set_up_files, tear_down_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
