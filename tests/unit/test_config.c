// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file as a whole: defaults, lines, sections, and what is said of wrong ones. */
#include "config/config.h"

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

#define EXAMPLE "docs/nfmeter.conf.example" /* tests run in the top folder */

static char file[] = "/tmp/nfm-test-config.XXXXXX";
static struct nfm_config config, defaults;
static struct nfm_error error;

static int setup(void **state)
{
	int fd;

	(void)state;
	memcpy(file + strlen(file) - 6, "XXXXXX", 6);
	fd = mkstemp(file);
	if (fd < 0)
		return -1;
	close(fd);
	memset(&config, 0, sizeof(config));
	return nfm_config_read(NULL, &defaults, &error);
}

static int teardown(void **state)
{
	(void)state;
	nfm_config_clear(&config);
	nfm_config_clear(&defaults);
	return unlink(file);
}

static int read_bytes(const char *text, size_t len)
{
	assert_int_equal(nfm_io_replace_file(file, text, len, 0600), 0);
	nfm_config_clear(&config);
	return nfm_config_read(file, &config, &error);
}

static int read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void assert_reads(const char *text)
{
	if (read_text(text))
		fail_msg("%s", error.text);
}

/* The error must name the file, this line, and hold this text. */
static void assert_refused(const char *text, unsigned int line, const char *said)
{
	char where[64];
	int code = read_text(text);

	if (code != -EINVAL)
		fail_msg("code %d of \"%s\"", code, text);
	snprintf(where, sizeof(where), "%s:%u: ", file, line);
	if (!strstr(error.text, where) || !strstr(error.text, said))
		fail_msg("not \"%s\" and \"%s\" in: %s", where, said, error.text);
}

static void assert_defaults(void)
{
	assert_null(config.exporters);
	assert_memory_equal(&config, &defaults, sizeof(config));
}

static void defaults_are_the_documented_ones(void **state)
{
	(void)state;
	assert_int_equal(defaults.interface_count, 0);
	assert_int_equal(defaults.xdp, NFM_XDP_AUTO);
	assert_false(defaults.tee);
	assert_int_equal(defaults.listen_count, 0);
	assert_int_equal(defaults.port_count, 1);
	assert_int_equal(defaults.ports[0], 9995);
	assert_int_equal(defaults.interval_s, 300);
	assert_string_equal(defaults.directory, "/var/lib/nfmeter");
	assert_string_equal(defaults.runtime, "/run/nfmeter");
	assert_string_equal(defaults.pin, "/sys/fs/bpf/nfmeter");
	assert_int_equal(defaults.capacity, 65536);
	assert_int_equal(defaults.max_exporters, 1024);
	assert_int_equal(defaults.pages, 0);
	assert_int_equal(defaults.templates_per_exporter, 4096);
	assert_int_equal(defaults.template_memory_bytes, 64 << 20);
	assert_int_equal(defaults.template_buffer_bytes, 16 << 20);
	assert_int_equal(defaults.template_wait_s, 35 * 60);
	assert_false(defaults.any_exporter);
	assert_string_equal(defaults.hook, "");
	assert_false(defaults.nfdump);
	assert_int_equal(defaults.expire_size_bytes, 10ULL << 30);
	assert_int_equal(defaults.expire_lifetime_s, 31 * 86400);
	assert_int_equal(defaults.expire_watermark, 95);
	assert_string_equal(defaults.customers_file, "/etc/nfmeter/customers.csv");
	assert_false(defaults.customers_file_set);
	assert_int_equal(defaults.auto_count, 0);
	assert_int_equal(defaults.exporter_count, 0);
	assert_string_equal(defaults.http_listen, "127.0.0.1:9996");
	assert_string_equal(defaults.http_tokens, "/etc/nfmeter/tokens");
	assert_string_equal(defaults.http_certificate, "");
	assert_string_equal(defaults.http_key, "");
	assert_string_equal(defaults.http_user, "nobody");
	assert_int_equal(defaults.http_connections, 1024);
	assert_int_equal(defaults.metrics_customer_count, 0);
	assert_string_equal(defaults.clickhouse_url, "");
}

/* The lines of the interface's description, remarks included. */
static const char full_file[] =
	"[collector]\n"
	"interfaces = eth0 eth1      # NICs to attach to; empty: UDP socket only\n"
	"xdp = generic               # auto | native | generic | off\n"
	"tee = yes\n"
	"listen = 192.0.2.9 2001:db8::9\n"
	"port = 9995 2055            # one or more\n"
	"interval = 60\n"
	"hook =                      # run after each snapshot; %f file\n"
	"exporters = any\n"
	"nfdump = yes\n"
	"templates = 100\n"
	"template-memory = 1.5M\n"
	"template-buffer = 64K\n"
	"template-wait = 1H30M       # minutes\n"
	"[expire]\n"
	"size = 1.5G                 # fractions\n"
	"lifetime = 1d12H\n"
	"watermark = 90\n"
	"[customers]\n"
	"file = /tmp/c.csv\n"
	"auto = 10.0.0.0/8 2001:db8::/32\n"
	"[exporter core-1]\n"
	"address = 192.0.2.1 2001:db8::1\n"
	"sampling = 12/10\n"
	"nat = no\n"
	"[exporter core 2]\n"
	"sampling = trust-data\n"
	"repair-wraps = yes\n"
	"address = 192.0.2.2\n"
	"[http]\nlisten =\n"
	"[clickhouse]\nurl = http://localhost:8123/?database=nfmeter\n";

static void a_full_file_with_remarks(void **state)
{
	(void)state;
	assert_reads(full_file);
	assert_int_equal(config.interface_count, 2);
	assert_string_equal(config.interfaces[1], "eth1");
	assert_int_equal(config.xdp, NFM_XDP_GENERIC);
	assert_true(config.tee);
	assert_int_equal(config.listen_count, 2);
	assert_int_equal(config.port_count, 2);
	assert_int_equal(config.ports[1], 2055);
	assert_int_equal(config.interval_s, 60);
	assert_string_equal(config.hook, "");
	assert_true(config.any_exporter);
	assert_true(config.nfdump);
	assert_int_equal(config.templates_per_exporter, 100);
	assert_int_equal(config.template_memory_bytes, 3 << 19);
	assert_int_equal(config.template_buffer_bytes, 64 << 10);
	assert_int_equal(config.template_wait_s, 5400);
	assert_int_equal(config.expire_size_bytes, 1610612736);
	assert_int_equal(config.expire_lifetime_s, 129600);
	assert_int_equal(config.expire_watermark, 90);
	assert_string_equal(config.customers_file, "/tmp/c.csv");
	assert_true(config.customers_file_set);
	assert_int_equal(config.auto_count, 2);
	assert_int_equal(config.autos[1].family, 6);
	assert_int_equal(config.exporter_count, 3);
	assert_string_equal(config.exporters[1].name, "core-1");
	assert_int_equal(config.exporters[1].sampling_num, 12);
	assert_int_equal(config.exporters[1].sampling_den, 10);
	assert_string_equal(config.exporters[2].name, "core 2");
	assert_true(config.exporters[2].trust_data);
	assert_false(config.exporters[1].trust_data);
	assert_true(config.exporters[1].no_nat);
	assert_false(config.exporters[2].no_nat);
	assert_true(config.exporters[2].repair_wraps);
	assert_false(config.exporters[1].repair_wraps);
	assert_string_equal(config.http_listen, "");
	assert_string_equal(config.clickhouse_url, "http://localhost:8123/?database=nfmeter");
}

static void an_empty_file_gives_the_defaults(void **state)
{
	(void)state;
	assert_reads("");
	assert_defaults();
	assert_reads("\n\n; remark\n# remark = 1\n  \t\n[collector]\r\n[http] # remark\n");
	assert_defaults();
}

static void spellings_of_a_line(void **state)
{
	(void)state;
	assert_reads("\xef\xbb\xbf[ collector ]\n"
		     "  interval=1\r\n"
		     "\thook = a ; b%n#c\n"
		     "port: 7 # remark\n"
		     "tee = yes");
	assert_int_equal(config.interval_s, 1);
	assert_string_equal(config.hook, "a ; b%n#c");
	assert_int_equal(config.ports[0], 7);
	assert_true(config.tee);
}

static void a_section_may_go_on_later(void **state)
{
	(void)state;
	assert_reads("[collector]\ninterval = 5\n[http]\nlisten=\n[collector]\ntee = yes\n");
	assert_int_equal(config.interval_s, 5);
	assert_true(config.tee);
	assert_refused("[collector]\ninterval = 5\n[http]\n[collector]\ninterval = 5\n", 5,
		       "given twice, first in line 2");
}

static void unknown_names_are_errors(void **state)
{
	(void)state;
	assert_refused("[collector]\n\nprot = 1\n", 3, "[collector] prot: no such key; known are "
							"interfaces, xdp");
	assert_refused("[colector]\nport = 1\n", 1, "[colector]: no such section; known are "
						    "collector, expire, customers, exporter, ");
	assert_null(strstr(error.text, "\n")); /* its keys are not told of, too */
	assert_refused("[Collector]\n", 1, "no such section");
	assert_refused("[collector]\nPort = 1\n", 2, "no such key");
	assert_refused("[]\n", 1, "no such section");
	assert_refused("[expire]\nport = 1\n", 2, "known are size, lifetime, lifetime-hours, "
						  "lifetime-days, watermark");
	assert_refused("port = 1\n", 1, "before the first section");
}

static void lines_that_are_nothing(void **state)
{
	(void)state;
	assert_refused("[collector]\nport\n", 2, "neither [section] nor key = value");
	assert_refused("[collector]\nport 1\n\n\n", 2, "neither");
	assert_refused("[collector]\nport", 2, "neither");
	assert_refused("[collector\nport = 1\n", 1, "not a section");
	assert_refused("[collector] port = 1\n", 1, "not a section");
	assert_refused("\n[\n", 2, "not a section");
}

static void all_wrong_lines_are_told(void **state)
{
	(void)state;
	assert_refused("[collector]\nport = 0\ninterval = 300s\nnonsense\n[what]\n[expire]\n"
		       "size = x\n",
		       2, "[collector] port: \"0\" is out of range");
	assert_non_null(strstr(error.text, ":3: [collector] interval: \"300s\" is wrong; write "
					   "seconds from 1 to 86400"));
	assert_non_null(strstr(error.text, ":4: neither"));
	assert_non_null(strstr(error.text, ":5: [what]"));
	assert_non_null(strstr(error.text, ":7: [expire] size: \"x\" is wrong; write a number "
					   "with"));
}

static void errors_leave_the_output_alone(void **state)
{
	(void)state;
	config.interval_s = 4711;
	assert_int_equal(read_text("[collector]\ninterval = 5\nport = x\n"), -EINVAL);
	assert_int_equal(config.interval_s, 4711);
	assert_int_equal(nfm_config_read("/nonexistent/c", &config, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nonexistent/c: there is no such file"));
	assert_int_equal(nfm_config_read("/", &config, &error), -EISDIR);
	assert_int_equal(nfm_config_read("/nonexistent/c", &config, NULL), -ENOENT);
	assert_int_equal(config.interval_s, 4711);
}

static void exporters_sections(void **state)
{
	(void)state;
	assert_refused("[exporter]\naddress = 192.0.2.1\n", 1, "a bad name");
	assert_refused("[exporter a]\n[http]\n", 1, "[exporter a]: no address");
	assert_refused("[http]\n[exporter a]\nsampling = 5\n", 2, "no address");
	assert_refused("[exporter a]\naddress = 192.0.2.1\n[exporter a]\naddress = 192.0.2.2\n", 3,
		       "given twice, first in line 1");
	assert_refused("[exporter a]\naddress = 192.0.2.1\n[exporter b]\naddress = 192.0.2.1\n", 4,
		       "\"192.0.2.1\" is given twice, first in the section of line 1");
	assert_refused("[exporter a]\naddress = ::ffff:192.0.2.1 192.0.2.1\n", 2, "given twice");
	assert_refused("[exporter a]\naddress = 192.0.2.300\n", 2, "\"192.0.2.300\" is wrong");
	assert_null(strstr(error.text, "no address"));
	assert_refused("[collector]\nmax-exporters = 1\n[exporter a]\naddress = ::1 ::2\n", 4,
		       "max-exporters is 1");
	assert_reads("[exporter aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\naddress = ::1\n");
	assert_int_equal(strlen(config.exporters[0].name), 47);
	assert_refused("[exporter aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", 1,
		       "a bad name");
}

static void long_and_binary_lines(void **state)
{
	static char text[3 << 19];
	static const char nul[] = "[collector]\nho\0ok = x\n";

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "[collector]\nhook = ", 19);
	assert_int_equal(read_bytes(text, 19 + 4000), 0);
	assert_int_equal(strlen(config.hook), 4000);
	assert_int_equal(read_bytes(text, 19 + 4096), -EINVAL);
	assert_non_null(strstr(error.text, ":2: [collector] hook: "));
	assert_non_null(strstr(error.text, "is too long"));
	assert_int_equal(read_bytes(text, 20000), -EINVAL);
	assert_non_null(strstr(error.text, ":2: longer than 8189 bytes"));
	assert_int_equal(read_bytes(text, sizeof(text)), -EFBIG);
	assert_int_equal(read_bytes(nul, sizeof(nul) - 1), -EINVAL);
	assert_non_null(strstr(error.text, ":2: holds a NUL byte"));
}

/* A thousand wrong lines: the text is cut, and nothing else happens. */
static void many_wrong_lines(void **state)
{
	char text[4096];

	(void)state;
	memset(text, '\n', sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += 2)
		text[i] = i % 4 ? '[' : 'x';
	assert_int_equal(read_bytes(text, sizeof(text)), -EINVAL);
	assert_non_null(strstr(error.text, "…"));
}

static void the_example_equals_the_defaults(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(nfm_io_read_file(EXAMPLE, 1U << 20, &text, &len), 0);
	assert_reads(text);
	assert_defaults();
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		const struct nfm_config_key *key = &nfm_config_keys[i];
		char line[256];

		snprintf(line, sizeof(line), "\n%s%s =%s%s\n", key->shown_off ? "#" : "",
			 key->name, *key->fallback ? " " : "", key->fallback);
		if (!strstr(text, line))
			fail_msg("not in %s: %s", EXAMPLE, line);
	}
}

/* What stands behind a "#" without a blank is meant to be switched on: it must be right, too. */
static void the_examples_commented_keys_are_right(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(nfm_io_read_file(EXAMPLE, 1U << 20, &text, &len), 0);
	for (char *p = strstr(text, "\n#"); p; p = strstr(p + 1, "\n#"))
		if (p[2] != ' ' && p[2] != '\n')
			p[1] = ' ';
	assert_reads(text);
	assert_true(config.customers_file_set);
	assert_int_equal(config.exporter_count, 2);
	assert_string_equal(config.exporters[0].name, "core-1");
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(defaults_are_the_documented_ones),
		WITH_FILE(a_full_file_with_remarks),
		WITH_FILE(an_empty_file_gives_the_defaults),
		WITH_FILE(spellings_of_a_line),
		WITH_FILE(a_section_may_go_on_later),
		WITH_FILE(unknown_names_are_errors),
		WITH_FILE(lines_that_are_nothing),
		WITH_FILE(all_wrong_lines_are_told),
		WITH_FILE(errors_leave_the_output_alone),
		WITH_FILE(exporters_sections),
		WITH_FILE(long_and_binary_lines),
		WITH_FILE(many_wrong_lines),
		WITH_FILE(the_example_equals_the_defaults),
		WITH_FILE(the_examples_commented_keys_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
