// SPDX-License-Identifier: GPL-2.0-only
/* Changes by request, on a child's channel and by root: who may, what, and what comes of it. */
#include "agent/settings.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "base/units.h"
#include "config/settings.h"
#include "config/tokens.h"
#include "meter.h"

static struct nfm_agent *agent;
static char config_file[PATH_MAX], customers_file[PATH_MAX], settings_file[PATH_MAX];
static char admin[NFM_TOKEN_SIZE], reader[NFM_TOKEN_SIZE];
static int child = -1;
static unsigned int port; /* the first of three of our own: tests run side by side */

static void put(const char *path, const char *text)
{
	assert_int_equal(nfm_io_replace_file(path, text, strlen(text), 0600), 0);
}

static void make_tokens(void)
{
	const struct nfm_token boss = { .role = NFM_TOKEN_ADMIN, .name = "boss" };
	const struct nfm_token other = { .role = NFM_TOKEN_READ, .name = "reader" };
	struct nfm_error error;

	assert_int_equal(nfm_tokens_add(config->http_tokens, &boss, admin, &error), 0);
	assert_int_equal(nfm_tokens_add(config->http_tokens, &other, reader, &error), 0);
}

/* An agent without a loop, on the configuration in the folder, in socket mode. */
static void open_agent(void)
{
	const struct nfm_config_place place = { .path = config_file };
	struct nfm_error error = {};
	int pair[2];

	if (nfm_config_read_place(&place, config, &agent->sources, &error) < 0)
		fail_msg("%s", error.text);
	make_tokens();
	agent->config = config;
	agent->config_path = config_file;
	agent->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	agent->next_rotation_ns = UINT64_MAX;
	if (nfm_meter_open(&agent->meter, config, NULL, &error) < 0 ||
	    nfm_sockets_open(&agent->sockets, config, &error) < 0)
		fail_msg("%s", error.text);
	nfm_agent_http_open(&agent->http, "/nowhere", config, config_file);
	agent->control.listen_fd = -1;
	agent->control.serve = nfm_agent_serve;
	agent->control.cookie = agent;
	assert_int_equal(nfm_control_open(&agent->control, folder, &error), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	child = pair[1];
	assert_int_equal(nfm_control_channel(&agent->control, pair[0]), 0);
}

static int set_up(void **state)
{
	char text[3 * PATH_MAX];

	if (meter_set_up(state))
		return -1;
	agent = calloc(1, sizeof(*agent));
	port = 20000 + (unsigned int)getpid() % 3000 * 4;
	snprintf(config_file, sizeof(config_file), "%s", in_folder("c.conf"));
	snprintf(customers_file, sizeof(customers_file), "%s", in_folder("customers.csv"));
	snprintf(settings_file, sizeof(settings_file), "%s", in_folder("c.conf.d/settings.conf"));
	snprintf(text, sizeof(text),
		 "[collector]\nruntime = %s/run\ndirectory = %s\ncapacity = 32\npages = 1024\n"
		 "max-exporters = 8\nport = %u\nlisten = 127.0.0.1\nearlier-memory = 0\n"
		 "[customers]\nfile = %s\n[http]\ntokens = %s/tokens\nlisten =\n"
		 "[exporter core]\naddress = 192.0.2.1\n",
		 folder, folder, port, customers_file, folder);
	put(config_file, text);
	put(customers_file, "id,name,prefixes\nalice,A,10.0.0.0/24\n");
	open_agent();
	return agent ? 0 : -1;
}

static int tear_down(void **state)
{
	close(child);
	nfm_control_close(&agent->control);
	nfm_sockets_close(&agent->sockets);
	nfm_meter_close(&agent->meter);
	nfm_config_sources_clear(&agent->sources);
	close(agent->epoll_fd);
	free(agent);
	return meter_tear_down(state);
}

/* ---- asking ---- */

static char answer[8192];

static void ask(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As the child: sends a line, whose "$" stand for quotes, and has it served. */
static void ask(const char *format, ...)
{
	char line[8192];
	va_list args;
	ssize_t n;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *p = line; *p; p++)
		if (*p == '$')
			*p = '"';
	strcat(line, "\n");
	assert_int_equal(send(child, line, strlen(line), 0), strlen(line));
	nfm_control_retry(&agent->control, 0); /* a pause after what was denied is over */
	nfm_control_read(&agent->control,
			 agent->control.connection[NFM_CONTROL_CONNECTIONS].fd);
	n = recv(child, answer, sizeof(answer) - 1, 0);
	answer[n > 0 ? n : 0] = '\0';
}

static void assert_answer(const char *want)
{
	if (!strstr(answer, want))
		fail_msg("not \"%s\" in: %s", want, answer);
}

static void assert_denied(void)
{
	assert_answer("{\"ok\":false,");
	assert_answer("\"denied\":true}");
}

static bool is_kept(void)
{
	return access(settings_file, F_OK) == 0;
}

/* One setting of [collector], by a token. */
#define SET(token, key, value)                                                                    \
	ask("{$command$:$settings-set$,$token$:$%s$,$peer$:$::1$,$changes$:"                      \
	    "[{$section$:$collector$,$key$:$" key "$,$value$:$" value "$}]}", token)

/* ---- who may ---- */

static void without_an_administrators_token_nothing_changes(void **state)
{
	static const char *const commands[] = {
		"$settings-set$,$changes$:[{$section$:$collector$,$key$:$interval$,$value$:$9$}]",
		"$exporter-set$,$name$:$x$,$addresses$:[$::1$]",
		"$exporter-remove$,$name$:$x$",
		"$customers-set$,$id$:$bob$,$prefixes$:[$10.0.1.0/24$]",
		"$customers-remove$,$id$:$alice$",
		"$customers-reload$", "$tokens-reload$",
	};
	char almost[NFM_TOKEN_SIZE];
	const char *const tokens[] = { reader, "", "nfm_", almost };

	(void)state;
	strcpy(almost, admin);
	almost[NFM_TOKEN_SIZE - 2] ^= 1;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(commands); i++) {
		ask("{$command$:%s}", commands[i]);
		assert_denied();
		ask("{$command$:%s,$token$:5}", commands[i]);
		assert_denied();
		for (size_t k = 0; k < NFM_ARRAY_SIZE(tokens); k++) {
			ask("{$command$:%s,$token$:$%s$}", commands[i], tokens[k]);
			assert_denied();
		}
	}
	assert_false(is_kept());
	assert_int_equal(agent->config->interval_s, 300);
	ask("{$command$:$customers-reload$,$token$:$%s$}", admin); /* root's alone */
	assert_denied();
}

static void an_unreadable_tokens_file_denies(void **state)
{
	(void)state;
	SET(admin, "interval", "60");
	assert_answer("\"ok\":true");
	put(config->http_tokens, "broken\n");
	SET(admin, "interval", "61");
	assert_denied();
	assert_int_equal(remove(config->http_tokens), 0);
	SET(admin, "interval", "61");
	assert_denied();
	assert_int_equal(agent->config->interval_s, 60);
}

/* ---- what ---- */

static void settings_of_the_page(void **state)
{
	(void)state;
	SET(admin, "interval", "60");
	assert_answer("{\"ok\":true,\"applied\":[\"collector.interval\"],\"pending\":[]}");
	assert_int_equal(agent->config->interval_s, 60);
	assert_int_equal(agent->meter.table.ctl->interval_s, 60);
	assert_true(agent->next_rotation_ns < UINT64_MAX);
	assert_true(is_kept());
	ask("{$command$:$settings-set$,$token$:$%s$,$changes$:["
	    "{$section$:$expire$,$key$:$size$,$value$:$1G$},"
	    "{$section$:$collector$,$key$:$interval$,$value$:null}]}", admin);
	assert_answer("\"applied\":[\"expire.size\",\"collector.interval\"]");
	assert_int_equal(agent->config->expire_size_bytes, 1 << 30);
	assert_int_equal(agent->config->interval_s, 300);
}

static void what_the_page_may_not_set(void **state)
{
	static const char *const keys[] = {
		"hook", "directory", "runtime", "pin", "interfaces", "listen", "nfdump",
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(keys); i++) {
		ask("{$command$:$settings-set$,$token$:$%s$,$changes$:"
		    "[{$section$:$collector$,$key$:$%s$,$value$:$x$}]}", admin, keys[i]);
		assert_answer("not to be set from here");
	}
	ask("{$command$:$settings-set$,$token$:$%s$,$changes$:"
	    "[{$section$:$http$,$key$:$user$,$value$:$root$}]}", admin);
	assert_answer("not to be set from here");
	assert_false(is_kept());
}

/* All changes of a request, or none. */
static void wrong_requests(void **state)
{
	static const struct {
		const char *changes, *want;
	} rows[] = {
		{ "[]", "a list of 1 to 64" },
		{ "{}", "a list of 1 to 64" },
		{ "[5]", "needs \\\"section\\\"" },
		{ "[{$section$:$collector$,$key$:$interval$,$value$:60}]", "needs" },
		{ "[{$section$:$collector$,$key$:$interval$}]", "needs" },
		{ "[{$section$:$collector$,$key$:$interval$,$value$:$60$},"
		  "{$section$:$collector$,$key$:$port$,$value$:$0$}]", "out of range" },
		{ "[{$section$:$collector$,$key$:$interval$,$value$:$60$},"
		  "{$section$:$collector$,$key$:$none$,$value$:$0$}]", "no such setting" },
		{ "[{$section$:$collector$,$key$:$interval$,$value$:$60\\n[x]$}]", "control" },
		{ "[{$section$:$collector$,$key$:$port$,$value$:$9 1 2 3 4 5 6 7 8$}]",
		  "too much" },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		ask("{$command$:$settings-set$,$token$:$%s$,$changes$:%s}", admin,
		    rows[i].changes);
		assert_answer("\"ok\":false");
		assert_answer(rows[i].want);
	}
	assert_false(is_kept());
	assert_int_equal(agent->config->interval_s, 300);
}

static int occupy(unsigned int number)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)number),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void set_ports(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void set_ports(const char *format, ...)
{
	char list[128];
	va_list args;

	va_start(args, format);
	vsnprintf(list, sizeof(list), format, args);
	va_end(args);
	ask("{$command$:$settings-set$,$token$:$%s$,$changes$:"
	    "[{$section$:$collector$,$key$:$port$,$value$:$%s$}]}", admin, list);
}

/* One that cannot be bound leaves all as it was, also those that could be. */
static void ports(void **state)
{
	const struct nfm_ctl *ctl = agent->meter.table.ctl;
	int kept = agent->sockets.fd[0], taken = occupy(port + 2);

	(void)state;
	set_ports("%u %u %u", port + 1, port, port + 2);
	assert_answer("Address already in use");
	assert_false(is_kept());
	assert_int_equal(agent->sockets.count, 1);
	assert_int_equal(agent->sockets.fd[0], kept);
	close(occupy(port + 1)); /* is free */
	close(taken);
	set_ports("%u %u %u", port + 1, port, port + 2);
	assert_answer("\"ok\":true");
	assert_int_equal(agent->sockets.count, 3);
	assert_int_equal(agent->sockets.fd[1], kept);
	assert_int_equal(ctl->ports_be[0], htons((uint16_t)port)); /* it kept its place */
	assert_int_equal(ctl->ports_be[3], 0);
	set_ports("%u", port + 2);
	assert_answer("\"ok\":true");
	assert_int_equal(agent->sockets.count, 1);
	close(occupy(port));
	close(occupy(port + 1));
	assert_int_equal(agent->config->port_count, 1);
	for (unsigned int i = 0; i < NFM_MAX_PORTS; i++)
		assert_true(ctl->ports_be[i] == htons((uint16_t)(port + 2)) ||
			    (i && !ctl->ports_be[i]));
}

static void a_file_that_cannot_be_written(void **state)
{
	(void)state;
	put(in_folder("c.conf.d"), "in the way");
	set_ports("%u %u", port, port + 1);
	assert_answer("cannot be written");
	assert_int_equal(agent->sockets.count, 1);
	close(occupy(port + 1));
	ask("{$command$:$exporter-set$,$token$:$%s$,$name$:$e$,$addresses$:[$::7$]}", admin);
	assert_answer("cannot be written");
	assert_int_equal(agent->config->exporter_count, 1);
}

static void exporters_and_customers(void **state)
{
	struct nfm_addr addr;
	int row;

	(void)state;
	assert_int_equal(nfm_units_parse_addr("192.0.2.9", &addr), 0);
	ask("{$command$:$exporter-set$,$token$:$%s$,$name$:$e$,$addresses$:[$192.0.2.9$],"
	    "$nat$:false}", admin);
	assert_answer("{\"ok\":true}");
	row = nfm_meter_exporter_find(&agent->meter, &addr);
	assert_true(row >= 0);
	assert_int_equal(agent->meter.table.exporters[row].state, NFM_EXPORTER_LISTED);
	assert_int_equal(agent->meter.table.exporters[row].flags, NFM_EXPORTER_NO_NAT);
	ask("{$command$:$exporter-remove$,$token$:$%s$,$name$:$e$}", admin);
	assert_answer("{\"ok\":true}");
	assert_int_equal(agent->meter.table.exporters[row].state, NFM_EXPORTER_REMOVED);
	ask("{$command$:$exporter-remove$,$token$:$%s$,$name$:$core$}", admin);
	assert_answer("is not in settings.conf");
	ask("{$command$:$customers-set$,$token$:$%s$,$id$:$bob$,$name$:$B$,"
	    "$prefixes$:[$10.0.1.0/24$]}", admin);
	assert_answer("\"listed\":2,\"added\":1");
	ask("{$command$:$customers-remove$,$token$:$%s$,$id$:$bob$}", admin);
	assert_answer("\"listed\":1,\"added\":0,\"removed\":1");
}

/* What cannot change live waits; root may set it, and is told. */
static void pending(void **state)
{
	struct nfm_error error = {};
	const char *text = "{\"changes\":[{\"section\":\"collector\",\"key\":\"capacity\","
			   "\"value\":\"64\"}]}";
	yajl_val body = yajl_tree_parse(text, NULL, 0);
	const struct nfm_control_request request = { .command = "settings-set", .body = body,
						     .local = true };
	yajl_gen out = yajl_gen_alloc(NULL);
	const unsigned char *got;
	size_t len;

	(void)state;
	yajl_gen_map_open(out);
	assert_int_equal(nfm_agent_serve(agent, &request, out, &error), 0);
	yajl_gen_map_close(out);
	yajl_gen_get_buf(out, &got, &len);
	assert_non_null(strstr((const char *)got, "\"applied\":[],\"pending\":[\"collector.cap"));
	assert_int_equal(agent->config->capacity, 32);
	yajl_gen_free(out);
	yajl_tree_free(body);
	ask("{$command$:$status$}");
	assert_answer("\"pending\":[\"collector.capacity\"]");
	assert_answer("\"http\":{\"listen\":null,\"pid\":null,\"restarts\":0}");
	SET(admin, "interval", "60"); /* it waits on */
	ask("{$command$:$status$}");
	assert_answer("\"pending\":[\"collector.capacity\"]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_an_administrators_token_nothing_changes),
		TEST(an_unreadable_tokens_file_denies),
		TEST(settings_of_the_page),
		TEST(what_the_page_may_not_set),
		TEST(wrong_requests),
		TEST(ports),
		TEST(a_file_that_cannot_be_written),
		TEST(exporters_and_customers),
		TEST(pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
