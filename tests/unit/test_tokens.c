// SPDX-License-Identifier: GPL-2.0-only
/* The tokens file: what it says, who is found, what is refused, and how it is edited. */
#include "config/tokens.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "config/tokens_file.h"
#include "folder.h"

/* SHA-256 of "abc" and of "", as FIPS 180-4 has them. */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct nfm_tokens tokens;
static struct nfm_error error;
static char path[PATH_MAX];

static int set_up(void **state)
{
	(void)state;
	if (folder_make())
		return -1;
	snprintf(path, sizeof(path), "%s", in_folder("tokens"));
	tokens = (struct nfm_tokens){};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	nfm_tokens_clear(&tokens);
	return folder_remove();
}

static void write_file(const char *text)
{
	assert_int_equal(nfm_io_replace_file(path, text, strlen(text), 0600), 0);
}

static int read_text(const char *text)
{
	write_file(text);
	nfm_tokens_clear(&tokens);
	error.text[0] = '\0';
	return nfm_tokens_read(path, &tokens, &error);
}

static void assert_content(const char *want)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	assert_int_equal(nfm_io_read_file(path, 1 << 20, &text, &len), 0);
	assert_string_equal(text, want);
}

static void a_missing_file_has_no_token(void **state)
{
	(void)state;
	assert_int_equal(nfm_tokens_read(path, &tokens, &error), 0);
	assert_int_equal(tokens.count, 0);
	assert_int_equal(nfm_tokens_read("", &tokens, &error), 0);
	assert_null(nfm_tokens_find(&tokens, "abc"));
	assert_int_equal(read_text(""), 0);
	assert_int_equal(tokens.count, 0);
}

static void lines(void **state)
{
	(void)state;
	assert_int_equal(read_text("# who may ask\n\n"
				   "admin " ABC " Max Mustermann\r\n"
				   "  customer:a b\t" EMPTY "   alice's  \n"), 0);
	assert_int_equal(tokens.count, 2);
	assert_int_equal(tokens.entries[0].role, NFM_TOKEN_ADMIN);
	assert_string_equal(tokens.entries[0].name, "Max Mustermann");
	assert_string_equal(tokens.entries[0].customer, "");
	assert_int_equal(tokens.entries[1].role, NFM_TOKEN_CUSTOMER);
	assert_string_equal(tokens.entries[1].customer, "a b");
	assert_string_equal(tokens.entries[1].name, "alice's");
	assert_ptr_equal(nfm_tokens_find(&tokens, "abc"), &tokens.entries[0]);
	assert_ptr_equal(nfm_tokens_find(&tokens, ""), &tokens.entries[1]);
	assert_null(nfm_tokens_find(&tokens, "abd"));
	assert_null(nfm_tokens_find(&tokens, "abc "));
	assert_null(nfm_tokens_find(&tokens, ABC));
}

/* Of a hash every bit counts, the first as the last. */
static void one_bit_off(void **state)
{
	(void)state;
	assert_int_equal(read_text("read " ABC " a\nread " EMPTY " b\n"), 0);
	for (size_t bit = 0; bit < 8 * NFM_TOKEN_HASH_BYTES; bit++) {
		tokens.entries[0].hash[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_null(nfm_tokens_find(&tokens, "abc"));
		assert_ptr_equal(nfm_tokens_find(&tokens, ""), &tokens.entries[1]);
		tokens.entries[0].hash[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_ptr_equal(nfm_tokens_find(&tokens, "abc"), &tokens.entries[0]);
}

static void wrong_lines(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* in the error */
	} rows[] = {
		{ "admin\n", ":1: no SHA-256" },
		{ "admin " ABC "\n", ":1: no SHA-256" },
		{ "admin " ABC " \n", ":1: a bad name" },
		{ "admin " ABC "0 a\n", ":1: no SHA-256" },
		{ "admin ba78 a\n", ":1: no SHA-256" },
		{ "\nroot " ABC " a\n", ":2: \"root\" is no role" },
		{ ABC " a\n", ":1: no SHA-256" },
		{ "customer " ABC " a\n", ":1: \"customer\" is no role" },
		{ "customer: " ABC " a\n", ":1: \"customer:\" is no role" },
		{ "admin:x " ABC " a\n", ":1: \"admin:x\" is no role" },
		{ "Admin " ABC " a\n", ":1: \"Admin\" is no role" },
		{ "admin " ABC " a\x1b[2J\n", ":1: a bad name" },
		{ "read " ABC " 012345678901234567890123456789012345678901234567\n",
		  ":1: a bad name" },
		{ "customer:012345678901234567890123456789012345678901234567 " ABC " a\n",
		  ":1: \"customer:0123" },
		{ "read " ABC " a\nadmin " EMPTY " a\n", ":2: a name that stands" },
		{ "read " ABC " a\nadmin " ABC " b\n", ":2: a token that stands" },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		struct nfm_tokens before = tokens;

		assert_int_equal(read_text(rows[i].text), -EINVAL);
		if (!strstr(error.text, rows[i].want))
			fail_msg("%s: %s", rows[i].text, error.text);
		assert_memory_equal(&tokens, &before, sizeof(tokens));
	}
}

static void all_wrong_lines_are_told_and_nothing_is_taken(void **state)
{
	(void)state;
	assert_int_equal(read_text("x\nadmin " ABC " a\ny\n"), -EINVAL);
	assert_non_null(strstr(error.text, ":1: "));
	assert_non_null(strstr(error.text, ":3: "));
	assert_null(strstr(error.text, ":2: "));
	assert_int_equal(tokens.count, 0);
}

static void bytes_that_are_no_text(void **state)
{
	static const char text[] = "admin " ABC " a\0b\n";

	(void)state;
	assert_int_equal(nfm_tokens_parse("f", text, sizeof(text) - 1, &tokens, &error), -EINVAL);
	assert_non_null(strstr(error.text, "f:1: holds a NUL"));
}

static void a_file_that_others_write_lets_nobody_in(void **state)
{
	static const mode_t modes[] = { 0620, 0602, 0666 };

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(modes); i++) {
		write_file("admin " ABC " a\n");
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(nfm_tokens_read(path, &tokens, &error), -EPERM);
		assert_int_equal(tokens.count, 0);
	}
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(nfm_tokens_read(path, &tokens, &error), 0);
	assert_int_equal(tokens.count, 1);
}

static void roles(void **state)
{
	struct nfm_token token = {};

	(void)state;
	assert_int_equal(nfm_token_role_parse("customer:alice", &token, &error), 0);
	assert_int_equal(token.role, NFM_TOKEN_CUSTOMER);
	assert_int_equal(nfm_token_role_parse("read", &token, &error), 0);
	assert_int_equal(token.role, NFM_TOKEN_READ);
	assert_string_equal(token.customer, "");
	assert_int_equal(nfm_token_role_parse("", &token, &error), -EINVAL);
	assert_int_equal(nfm_token_role_parse("customer", &token, &error), -EINVAL);
	assert_string_equal(nfm_token_role_name(NFM_TOKEN_ADMIN), "admin");
}

static void add_and_remove(void **state)
{
	const struct nfm_token alice = { .role = NFM_TOKEN_CUSTOMER, .customer = "al ice",
					 .name = "for alice" };
	const struct nfm_token admin = { .role = NFM_TOKEN_ADMIN, .name = "me" };
	char first[NFM_TOKEN_SIZE], second[NFM_TOKEN_SIZE];
	const char *before = "# ours\nread " ABC " old"; /* without a newline at its end */
	struct stat st;

	(void)state;
	write_file(before);
	assert_int_equal(nfm_tokens_add(path, &alice, first, &error), 0);
	assert_int_equal(nfm_tokens_add(path, &admin, second, &error), 0);
	assert_int_equal(strlen(first), NFM_TOKEN_SIZE - 1);
	assert_int_equal(strncmp(first, "nfm_", 4), 0);
	assert_int_equal(strspn(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_"), NFM_TOKEN_SIZE - 1);
	assert_string_not_equal(first, second);
	assert_int_equal(nfm_tokens_read(path, &tokens, &error), 0);
	assert_int_equal(tokens.count, 3);
	assert_string_equal(nfm_tokens_find(&tokens, first)->customer, "al ice");
	assert_string_equal(nfm_tokens_find(&tokens, second)->name, "me");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	assert_int_equal(nfm_tokens_remove(path, "for alice", &error), 0);
	nfm_tokens_clear(&tokens);
	assert_int_equal(nfm_tokens_read(path, &tokens, &error), 0);
	assert_null(nfm_tokens_find(&tokens, first));
	assert_non_null(nfm_tokens_find(&tokens, second));
	assert_int_equal(nfm_tokens_remove(path, "me", &error), 0);
	assert_content("# ours\nread " ABC " old\n");
}

static void a_new_file_is_the_owners_alone(void **state)
{
	const struct nfm_token admin = { .role = NFM_TOKEN_ADMIN, .name = "me" };
	char text[NFM_TOKEN_SIZE];
	struct stat st;

	(void)state;
	assert_int_equal(nfm_tokens_add(path, &admin, text, &error), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void edits_that_are_refused(void **state)
{
	static const char *const names[] = { "", " x", "x ", "a\nadmin " ABC " b", "\t" };
	const char *before = "read " ABC " old\n";
	struct nfm_token like = { .role = NFM_TOKEN_READ, .name = "old" };
	char text[NFM_TOKEN_SIZE] = "untouched";

	(void)state;
	write_file(before);
	assert_int_equal(nfm_tokens_add(path, &like, text, &error), -EEXIST);
	assert_int_equal(nfm_tokens_remove(path, "nobody", &error), -ENOENT);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(names); i++) {
		snprintf(like.name, sizeof(like.name), "%s", names[i]);
		assert_int_equal(nfm_tokens_add(path, &like, text, &error), -EINVAL);
	}
	assert_content(before);
	write_file("broken\n");
	strcpy(like.name, "new");
	assert_int_equal(nfm_tokens_add(path, &like, text, &error), -EINVAL);
	assert_int_equal(nfm_tokens_remove(path, "new", &error), -EINVAL);
	assert_content("broken\n");
	assert_string_equal(text, "untouched");
	assert_int_equal(nfm_tokens_add("/nowhere/at/all", &like, text, &error), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_missing_file_has_no_token, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_bit_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_wrong_lines_are_told_and_nothing_is_taken,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(bytes_that_are_no_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_others_write_lets_nobody_in, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(roles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(add_and_remove, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_file_is_the_owners_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(edits_that_are_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
