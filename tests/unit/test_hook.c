// SPDX-License-Identifier: GPL-2.0-only
/* The hook: its command, whatever the folder is called, and its runs: one at a time, in order. */
#include "agent/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "snapshot/nfdump.h"
#include "snapshot/rotate.h"
#include "folder.h"

#define NOON_NS 1795348800000000000ULL /* 2026-11-22 12:00:00 UTC */
#define PATIENCE_MS 20000	       /* against a hang; nothing waits for so long */

static struct nfm_config *config;
static struct nfm_ctl ctl;
static struct nfm_table table = { .ctl = &ctl };
static struct nfm_hook hook;
static int child_fd = -1; /* readable when a run has ended */

static int set_up(void **state)
{
	sigset_t mask;

	(void)state;
	nfm_log_set_level(LOG_EMERG);
	config = calloc(1, sizeof(*config));
	if (!config || folder_make())
		return -1;
	snprintf(config->directory, sizeof(config->directory), "%s", folder);
	memset(&ctl, 0, sizeof(ctl));
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	child_fd = signalfd(-1, &mask, SFD_CLOEXEC);
	return child_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(child_fd);
	free(config);
	return folder_remove();
}

/* ---- the command ---- */

static void expansion(void **state)
{
	static const struct {
		const char *command, *path, *want;
	} rows[] = {
		{ "echo %f", "/d/isp/nfmeter.202611221200", "echo /d/isp/nfmeter.202611221200" },
		{ "%d", "/d/isp/nfmeter.202611221200", "/d/isp" },
		{ "%i", "/d/isp/nfmeter.202611221200", "isp" },
		{ "%t", "/d/isp/nfmeter.202611221200", "202611221200" },
		{ "a %i b %i", "/d/isp/nfmeter.202611221200", "a isp b isp" },
		{ "x \"%f\" '%i'", "/d/isp/nfmeter.1", "x \"/d/isp/nfmeter.1\" 'isp'" },
		{ "%d", "/~b/n.1", "'/~b'" },
		{ "%d", "/é/n.1", "'/é'" },
		{ "100%%", "/d/isp/nfmeter.202611221200", "100%" },
		{ "%%f", "/d/isp/nfmeter.202611221200", "%f" },
		{ "date +%Y", "/d/isp/nfmeter.202611221200", "date +%Y" },
		{ "ends in %", "/d/isp/nfmeter.202611221200", "ends in %" },
		{ "", "/d/isp/nfmeter.202611221200", "" },
		{ "%f", "/it's/nfmeter.202611221200", "'/it'\\''s/nfmeter.202611221200'" },
		{ "%d", "/a b;$(reboot)`x`\"/n.1", "'/a b;$(reboot)`x`\"'" },
		{ "%d", "/''/n.1", "'/'\\'''\\'''" },
		{ "%u", "/d/other", "''" },
		{ "%t", "/d/other", "other" },
		{ "%d", "/nfmeter.202611221200", "''" },
		{ "nfdump -r %c", "/d/nfmeter.202611221200", "nfdump -r /d/nfcapd.202611221200" },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		char out[256] = "untouched";

		assert_int_equal(nfm_hook_expand(rows[i].command, rows[i].path,
						 "/d/nfcapd.202611221200", out, sizeof(out)),
				 0);
		assert_string_equal(out, rows[i].want);
	}
}

static void no_nfdump_file_is_an_empty_word(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(nfm_hook_expand("x %c y", "/d/nfmeter.202611221200", "", out, sizeof(out)),
			 0);
	assert_string_equal(out, "x '' y");
	assert_int_equal(nfm_hook_expand("x %c", "/d/nfmeter.202611221200", "/a b/nfcapd.1", out,
					 sizeof(out)), 0);
	assert_string_equal(out, "x '/a b/nfcapd.1'");
}

static void unix_time_of_the_slot(void **state)
{
	char out[64];

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	assert_int_equal(nfm_hook_expand("%u", "/d/nfmeter.202611221200", "", out, sizeof(out)),
			 0);
	assert_string_equal(out, "1795348800");
}

static void path_without_folder(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(nfm_hook_expand("%f", "nfmeter.202611221200", "", out, sizeof(out)),
			 -EINVAL);
}

/* Every size that is too small by one or more is refused, and nothing is written beyond it. */
static void command_that_does_not_fit(void **state)
{
	static const char command[] = "x %f y";
	static const char path[] = "/it's/n.1";
	char out[64];
	size_t whole;

	(void)state;
	assert_int_equal(nfm_hook_expand(command, path, "", out, sizeof(out)), 0);
	whole = strlen(out) + 1;
	for (size_t size = 1; size <= whole; size++) {
		memset(out, '#', sizeof(out));
		assert_int_equal(nfm_hook_expand(command, path, "", out, size),
				 size < whole ? -ENAMETOOLONG : 0);
		for (size_t i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], '#');
	}
	assert_int_equal(strlen(out), whole - 1);
}

/* What sh(1) makes of it is the path, byte for byte. */
static void shell_reads_it_back(void **state)
{
	static const char *const paths[] = {
		"/plain/n.1",	   "/a b/n.1",	   "/it's/n.1",	     "/''/n.1",
		"/$HOME/`id`/n.1", "/a\\b\"c/n.1", "/new\nline/n.1", "/*?[x]/n.1",
		"/-n/n.1",	   "/%f/n.1",	   "/\xff\x01/n.1",
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(paths); i++) {
		char command[256];
		char text[256] = "";
		FILE *shell;

		assert_int_equal(
			nfm_hook_expand("printf %%s %f", paths[i], "", command, sizeof(command)),
			0);
		shell = popen(command, "r");
		assert_non_null(shell);
		assert_int_equal(fread(text, 1, sizeof(text) - 1, shell), strlen(paths[i]));
		assert_string_equal(text, paths[i]);
		assert_int_equal(pclose(shell), 0);
	}
}

/* ---- the runs ---- */

static void open_hook(const char *command)
{
	struct nfm_error error;

	snprintf(config->hook, sizeof(config->hook), "%s", command);
	assert_int_equal(nfm_hook_open(&hook, config, &table, &error), 0);
}

static void add(uint32_t epoch)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/nfmeter.2026112212%02u", folder, epoch);
	nfm_hook_add(&hook, path, epoch);
}

/* A pipe with a name: runs wait for a line of it. */
static int make_gate(void)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/go", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* As the agent's loop: SIGCHLD, reap, until nothing waits or runs. */
static void wait_for_all(void)
{
	struct pollfd poll_fd = { .fd = child_fd, .events = POLLIN };

	while (nfm_hook_backlog(&hook)) {
		struct signalfd_siginfo info;

		assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
		assert_int_equal(read(child_fd, &info, sizeof(info)), sizeof(info));
		nfm_hook_reap(&hook);
	}
}

static void assert_log(const char *want)
{
	_cleanup_free_ char *text = NULL;
	char path[128];
	size_t length;

	snprintf(path, sizeof(path), "%s/log", folder);
	if (nfm_io_read_file(path, 65536, &text, &length) < 0)
		assert_string_equal(want, "");
	else
		assert_string_equal(text, want);
}

static void slow_runs_come_one_by_one(void **state)
{
	_cleanup_close_ int go = make_gate();

	(void)state;
	/* a run tells of its begin and waits for its line: two at once would show */
	open_hook("cd %d; echo b %t >>log; read line <go; echo e %t >>log");
	for (uint32_t epoch = 1; epoch <= 3; epoch++)
		add(epoch);
	assert_int_equal(nfm_hook_backlog(&hook), 3);
	nfm_hook_reap(&hook); /* none has ended: nothing happens, and nobody waits */
	assert_int_equal(nfm_hook_backlog(&hook), 3);
	assert_int_equal(ctl.hook_epoch, 1);
	assert_int_equal(write(go, "\n\n\n", 3), 3);
	wait_for_all();
	assert_log("b 202611221201\ne 202611221201\nb 202611221202\ne 202611221202\n"
		   "b 202611221203\ne 202611221203\n");
	assert_int_equal(ctl.hook_epoch, 3);
	assert_int_equal(ctl.hook_failures, 0);
	nfm_hook_close(&hook);
}

static void failing_runs_stop_nothing(void **state)
{
	(void)state;
	open_hook("cd %d; echo %t >>log; case %t in *1) exit 3;; *2) kill -9 $$;; esac");
	for (uint32_t epoch = 1; epoch <= 4; epoch++)
		add(epoch);
	wait_for_all();
	assert_log("202611221201\n202611221202\n202611221203\n202611221204\n");
	assert_int_equal(ctl.hook_failures, 2);
	assert_int_equal(ctl.hook_epoch, 4);
	nfm_hook_close(&hook);
}

static void no_hook_is_wanted(void **state)
{
	(void)state;
	open_hook("");
	add(5);
	assert_int_equal(nfm_hook_backlog(&hook), 0);
	assert_int_equal(ctl.hook_epoch,
			 5); /* one that is set later does not begin with old files */
	nfm_hook_close(&hook);
}

/* The configuration changes while we run. */
static void a_hook_comes_and_goes(void **state)
{
	_cleanup_close_ int go = make_gate();

	(void)state;
	open_hook("");
	add(1);
	strcpy(config->hook, "cd %d; read line <go; echo %t >>log");
	add(2);
	add(3);
	add(4);
	assert_int_equal(nfm_hook_backlog(&hook), 3);
	config->hook[0] = '\0';
	add(5);
	assert_int_equal(write(go, "\n", 1), 1);
	wait_for_all(); /* the one that runs ends, those that wait do not begin */
	assert_log("202611221202\n");
	assert_int_equal(ctl.hook_epoch, 5);
	strcpy(config->hook, "cd %d; echo again %t >>log");
	add(6);
	wait_for_all();
	assert_log("202611221202\nagain 202611221206\n");
	assert_int_equal(ctl.hook_failures, 0);
	nfm_hook_close(&hook);
}

static void queue_is_bounded(void **state)
{
	_cleanup_close_ int go = make_gate();

	(void)state;
	open_hook("read line <%d/go");
	for (uint32_t epoch = 1; epoch <= NFM_HOOK_QUEUE + 3; epoch++)
		add(epoch);
	assert_int_equal(nfm_hook_backlog(&hook), NFM_HOOK_QUEUE + 1);
	assert_int_equal(ctl.hook_failures, 2);
	kill(-hook.pid, SIGKILL);
	hook.count = 0;
	wait_for_all();
	nfm_hook_close(&hook);
}

/* ---- what an earlier agent left ---- */

/* Snapshots of the epochs 2 to 5, five minutes each; no hook has run for any. */
static void make_snapshots(struct nfm_table *t)
{
	struct nfm_geometry g;
	struct nfm_error error = {};
	char path[128];

	setenv("TZ", "UTC", 1);
	tzset();
	snprintf(path, sizeof(path), "%s/table", folder);
	nfm_table_geometry_init(&g, 1, 8, 2, 600);
	assert_int_equal(nfm_table_file_create(path, &g, t, &error), 0);
	memcpy(t->ctl->identity, "0123456789abcdef", 16);
	t->ctl->committed = 1;
	t->ctl->epoch = 2;
	t->ctl->from_unix_ns[0] = NOON_NS;
	for (uint64_t i = 1; i <= 4; i++) {
		struct nfm_rotate_result result;

		assert_int_equal(nfm_rotate_flip(t, NOON_NS + 300 * i * NFM_NS_PER_S, 0, 0), 0);
		if (nfm_rotate_finish(t, folder, 300, NULL, &result, &error) < 0)
			fail_msg("%s", error.text);
	}
}

/* Only where one is wanted, was written, and by us. */
static void the_nfdump_file_is_handed_over(void **state)
{
	struct nfm_table t;
	char from[128], to[128];

	(void)state;
	make_snapshots(&t);
	nfm_table_close(&t);
	snprintf(from, sizeof(from), "%s/nfmeter.202611221205", folder);
	snprintf(to, sizeof(to), "%s/nfcapd.202611221205", folder);
	assert_int_equal(nfm_nfdump_write(from, to, NFM_COMPRESSION_LZ4, NULL), 0);
	snprintf(to, sizeof(to), "%s/nfcapd.202611221210", folder);
	assert_int_equal(nfm_io_replace_file(to, "foreign", 7, 0600), 0);
	open_hook("cd %d; basename %c >>log");
	add(5); /* without nfdump = yes */
	wait_for_all();
	config->nfdump = true;
	for (uint32_t epoch = 5; epoch <= 15; epoch += 5)
		add(epoch);
	wait_for_all();
	assert_log("\nnfcapd.202611221205\n\n\n");
	nfm_hook_close(&hook);
}

static void restart_repeats_none_and_leaves_none_out(void **state)
{
	struct nfm_error error;
	struct nfm_table t;

	(void)state;
	make_snapshots(&t);
	t.ctl->hook_epoch = 3; /* the earlier agent came this far */
	snprintf(config->hook, sizeof(config->hook), "cd %%d; echo %%t >>log");
	assert_int_equal(nfm_hook_open(&hook, config, &t, &error), 0);
	wait_for_all();
	assert_log("202611221210\n202611221215\n");
	assert_int_equal(t.ctl->hook_epoch, 5);
	nfm_hook_close(&hook);
	assert_int_equal(nfm_hook_open(&hook, config, &t, &error), 0);
	assert_int_equal(nfm_hook_backlog(&hook), 0);
	nfm_hook_close(&hook);
	nfm_table_close(&t);
}

/* Its agent died between rename and commit: the rotation that goes on hands it over, not we. */
static void a_file_that_is_not_committed_waits_for_its_rotation(void **state)
{
	struct nfm_error error;
	struct nfm_table t;

	(void)state;
	make_snapshots(&t);
	t.ctl->hook_epoch = 3;
	t.ctl->committed = 4;
	snprintf(config->hook, sizeof(config->hook), "cd %%d; echo %%t >>log");
	assert_int_equal(nfm_hook_open(&hook, config, &t, &error), 0);
	wait_for_all();
	assert_log("202611221210\n");
	add(5);
	wait_for_all();
	assert_log("202611221210\n202611221205\n"); /* add() has names of its own */
	assert_int_equal(t.ctl->hook_epoch, 5);
	nfm_hook_close(&hook);
	nfm_table_close(&t);
}

/* The folder has another table's snapshots: their hook has run, or is none of ours. */
static void other_tables_files_are_left_alone(void **state)
{
	struct nfm_error error;
	struct nfm_table t;

	(void)state;
	make_snapshots(&t);
	t.ctl->identity[0] ^= 1;
	snprintf(config->hook, sizeof(config->hook), "cd %%d; echo %%t >>log");
	assert_int_equal(nfm_hook_open(&hook, config, &t, &error), 0);
	assert_int_equal(nfm_hook_backlog(&hook), 0);
	nfm_hook_close(&hook);
	nfm_table_close(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expansion),
		cmocka_unit_test(no_nfdump_file_is_an_empty_word),
		cmocka_unit_test(unix_time_of_the_slot),
		cmocka_unit_test(path_without_folder),
		cmocka_unit_test(command_that_does_not_fit),
		cmocka_unit_test(shell_reads_it_back),
		TEST(slow_runs_come_one_by_one),
		TEST(failing_runs_stop_nothing),
		TEST(no_hook_is_wanted),
		TEST(a_hook_comes_and_goes),
		TEST(queue_is_bounded),
		TEST(the_nfdump_file_is_handed_over),
		TEST(restart_repeats_none_and_leaves_none_out),
		TEST(a_file_that_is_not_committed_waits_for_its_rotation),
		TEST(other_tables_files_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
