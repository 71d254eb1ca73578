// SPDX-License-Identifier: GPL-2.0-only
/* `templates`: out of the folder alone, and with a table whose pool says where they are. */
#include "commands.h"

#include "view/templates.h"

static void add_three(struct fixture *f)
{
	add_template(f, "192.0.2.2", &odd_template, 7200);
	add_template(f, "192.0.2.1", &options_template, 61);
	add_template(f, "192.0.2.1", &plain_template, 600);
}

static char *run_templates(struct fixture *f, const char *line)
{
	return run(f, nfm_cmd_templates, line, 0);
}

/* Fields that the contract names, and those beside them. */
static void they_have_their_shape(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	add_three(f);
	text = run_templates(f, "templates");
	assert_int_equal(length(text, NULL), 3); /* by exporter, version, domain, id */
	expect(text, "0/exporter", "192.0.2.1");
	expect(text, "0/domain", "7");
	expect(text, "0/id", "256");
	expect(text, "0/version", "9");
	expect(text, "0/where", "agent");
	expect(text, "0/options", "false");
	expect(text, "0/record_bytes", "16");
	expect(text, "0/fields/0/id", "8");
	expect(text, "0/fields/0/enterprise", "0");
	expect(text, "0/fields/0/length", "4");
	expect(text, "0/fields/0/name", "sourceIPv4Address");
	expect(text, "0/fields/3/name", "packetDeltaCount");
	expect(text, "1/id", "257");
	expect(text, "1/options", "true");
	expect(text, "1/scope_fields", "1");
	expect(text, "1/fields/0/id", "1");
	expect(text, "1/fields/0/name", "system"); /* a scope type, not octetDeltaCount */
	expect(text, "1/fields/1/name", "samplingInterval");
	expect(text, "2/exporter", "192.0.2.2");
	expect(text, "2/domain", "70000");
	expect(text, "2/version", "10");
	expect(text, "2/fields/4/length", "65535");
	expect(text, "2/fields/5/id", "7");
	expect(text, "2/fields/5/enterprise", "123456");
	expect(text, "2/fields/5/name", "unknown");
	expect_seconds(text, "0/age_seconds", 600);
	expect_seconds(text, "2/age_seconds", 7200);
}

static void no_table_is_needed(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *none = run_templates(f, "templates");
	_cleanup_free_ char *text = NULL;
	char path[128];

	assert_string_equal(none, "[]\n");
	add_three(f);
	path_in(f, "table", path, sizeof(path));
	assert_int_equal(unlink(path), 0);
	text = run_templates(f, "templates");
	assert_int_equal(length(text, NULL), 3);
	expect(text, "0/where", "agent");
	assert_non_null(strstr(text, "no table"));
}

static void the_pool_says_where(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *kernel = NULL, *agent = NULL;
	struct nfm_template_slot *slot;

	add_three(f);
	add_exporter(f, 0, "192.0.2.2", "", NFM_EXPORTER_DISCOVERED);
	add_exporter(f, 1, "192.0.2.1", "", NFM_EXPORTER_DISCOVERED);
	slot = install(f, 1, &plain_template);
	slot->seen_ns = f->now_ns;
	kernel = run_templates(f, "templates");
	expect(kernel, "0/where", "kernel");
	expect(kernel, "0/why", "null");
	expect_seconds(kernel, "0/age_seconds", 0); /* the datapath saw it after the file did */
	expect(kernel, "1/where", "agent");
	expect(kernel, "2/where", "agent");
	slot->raw[9]++; /* another one in its place */
	agent = run_templates(f, "templates");
	expect(agent, "0/where", "agent");
	expect_seconds(agent, "0/age_seconds", 600);
}

/* Why the agent decodes what the datapath could. */
static void they_say_why(void **state)
{
	static const struct template_words *const words = &plain_template;
	struct fixture *f = *state;
	struct nfm_view_clock now = nfm_view_clock_now();
	struct nfm_template_slot *slot;
	struct nfm_error error;
	const struct {
		const char *why;
		uint16_t kind;
		uint64_t token;
		bool raw_differs, is_gone;
	} cases[] = {
		{ NULL, NFM_SLOT_DATA, 0, false, false },
		{ "the exporter's settings", NFM_SLOT_AGENT, 0, false, false },
		{ "the stream's templates have changed: not installed anew yet", NFM_SLOT_DATA, 5,
		  false, false },
		{ "not installed in this form", NFM_SLOT_DATA, 0, true, false },
		{ "not installed", NFM_SLOT_DATA, 0, false, true },
	};

	add_template(f, "192.0.2.1", words, 1);
	add_exporter(f, 0, "192.0.2.1", "", NFM_EXPORTER_DISCOVERED);
	slot = install(f, 0, words);
	f->table.in_maps = true; /* as far as these functions look */
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		struct nfm_templates_view view;

		slot->kind = cases[i].kind;
		slot->key.domain = cases[i].is_gone ? 99 : words->domain;
		slot->raw[8] = cases[i].raw_differs;
		f->table.templates->slot[0].token = cases[i].token;
		assert_int_equal(nfm_templates_read(f->directory, &f->table, &now, &view, &error),
				 0);
		assert_int_equal(view.count, 1);
		if (cases[i].why)
			assert_string_equal(view.list[0].why, cases[i].why);
		else
			assert_null(view.list[0].why);
		nfm_templates_clear(&view);
	}
	f->table.in_maps = false;
}

/* Rows are not in order of address, and not all have an exporter. */
static void rows_are_found(void **state)
{
	static const char *const addresses[] = { "203.0.113.9", "192.0.2.1", "2001:db8::1",
						 "198.51.100.1" };
	struct fixture *f = *state;
	struct nfm_view_clock now = nfm_view_clock_now();
	struct nfm_templates_view view;
	struct nfm_error error;
	struct nfm_addr addr;

	for (uint32_t i = 0; i < NFM_ARRAY_SIZE(addresses); i++) {
		add_template(f, addresses[i], &plain_template, 1);
		if (i < 3)
			add_exporter(f, i, addresses[i], "", NFM_EXPORTER_LISTED);
	}
	add_template(f, "192.0.2.1", &options_template, 1);
	f->table.exporters[0].state = NFM_EXPORTER_FREE;
	assert_int_equal(nfm_templates_read(f->directory, &f->table, &now, &view, &error), 0);
	assert_int_equal(view.count, 5);
	for (uint32_t i = 0; i < view.count; i++) {
		const struct nfm_addr *exporter = &view.list[i].template->name.exporter;
		uint32_t row = view.list[i].exporter;

		for (uint32_t k = 0; k < NFM_ARRAY_SIZE(addresses); k++) {
			assert_int_equal(nfm_units_parse_addr(addresses[k], &addr), 0);
			if (!memcmp(&addr, exporter, sizeof(addr)))
				assert_int_equal(row, k == 1 || k == 2 ? k : UINT32_MAX);
		}
	}
	assert_int_equal(nfm_units_parse_addr("192.0.2.1", &addr), 0);
	assert_int_equal(nfm_templates_of(&view, &addr), 2);
	assert_int_equal(nfm_units_parse_addr("203.0.113.9", &addr), 0);
	assert_int_equal(nfm_templates_of(&view, &addr), 1);
	assert_int_equal(nfm_units_parse_addr("192.0.2.2", &addr), 0);
	assert_int_equal(nfm_templates_of(&view, &addr), 0);
	nfm_templates_clear(&view);
}

static void one_exporter_by_address_or_name(void **state)
{
	static const struct {
		const char *line;
		size_t count;
	} cases[] = {
		{ "templates 192.0.2.1", 2 }, { "templates edge", 1 },
		{ "templates edge 192.0.2.1", 3 }, { "templates 192.0.2.9", 0 },
		{ "templates -v", 3 },
	};
	struct fixture *f = *state;
	struct nfm_config_exporter edge = { .name = "edge" };

	add_three(f);
	assert_int_equal(nfm_units_parse_addr("192.0.2.2", &edge.addr), 0);
	f->cli.config.exporters = &edge;
	f->cli.config.exporter_count = 1;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = run_templates(f, cases[i].line);

		assert_int_equal(length(text, NULL), cases[i].count);
	}
	free(run(f, nfm_cmd_templates, "templates nobody", 1));
	free(run(f, nfm_cmd_templates, "templates -x", 2));
	f->cli.config.exporters = NULL;
}

static void text_shows_fields_when_asked(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *plain = NULL, *verbose = NULL, *one = NULL, *none = NULL;

	f->cli.format = NFM_FORMAT_TEXT;
	none = run_templates(f, "templates");
	assert_non_null(strstr(none, "no template has come yet"));
	add_three(f);
	plain = run_templates(f, "templates");
	assert_non_null(strstr(plain, "EXPORTER"));
	assert_non_null(strstr(plain, "192.0.2.2"));
	assert_non_null(strstr(plain, "variable"));   /* why */
	assert_non_null(strstr(plain, " 2h "));	      /* age */
	assert_null(strstr(plain, "sourceIPv4Address"));
	verbose = run_templates(f, "templates -v");
	assert_non_null(strstr(verbose, "192.0.2.1 domain 7 options template 257, version 9:"));
	assert_non_null(strstr(verbose, "      1        4  system (scope)\n"));
	assert_non_null(strstr(verbose, "      7        2  unknown of enterprise 123456\n"));
	assert_non_null(strstr(verbose, "     82 variable  interfaceName\n"));
	one = run_templates(f, "templates 192.0.2.1");
	assert_non_null(strstr(one, "sourceIPv4Address"));
	assert_null(strstr(one, "interfaceName"));
}

static void a_line_of_csv_each(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;

	f->cli.format = NFM_FORMAT_CSV;
	add_template(f, "192.0.2.1", &plain_template, -1000); /* to come: its age is 0 */
	text = run_templates(f, "templates");
	assert_string_equal(text, "exporter,domain,id,version,where,fields,age_seconds,options,"
				  "scope_fields,record_bytes,why\n"
				  "192.0.2.1,7,256,9,agent,8:0:4:sourceIPv4Address "
				  "12:0:4:destinationIPv4Address 1:0:4:octetDeltaCount "
				  "2:0:4:packetDeltaCount,0,false,0,16,"
				  "not an exporter of this table\n");
}

static void a_file_that_is_none(void **state)
{
	struct fixture *f = *state;
	char path[128];

	path_in(f, "templates", path, sizeof(path));
	assert_int_equal(nfm_io_mkdir_p(path, 0700), 0);
	free(run(f, nfm_cmd_templates, "templates", 1));
	assert_int_equal(rmdir(path), 0);
	free(run(f, nfm_cmd_templates, "templates", 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_TABLE(they_have_their_shape),
		WITH_TABLE(no_table_is_needed),
		WITH_TABLE(the_pool_says_where),
		WITH_TABLE(they_say_why),
		WITH_TABLE(rows_are_found),
		WITH_TABLE(one_exporter_by_address_or_name),
		WITH_TABLE(text_shows_fields_when_asked),
		WITH_TABLE(a_line_of_csv_each),
		WITH_TABLE(a_file_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
