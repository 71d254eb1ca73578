// SPDX-License-Identifier: GPL-2.0-only
/* Single customers set and removed in a customers file; all other bytes stay. */
#include <errno.h>

#include "customers_file.h"

#define SET(id, ...)                                                                              \
	({                                                                                        \
		const char *const given[] = { __VA_ARGS__ };                                      \
		nfm_registry_file_set(the_file(), id, given, NFM_ARRAY_SIZE(given), &error);      \
	})

static struct nfm_error error;

static void check_set(const char *before, const char *id, const char *prefix, const char *after)
{
	write_text(before);
	if (SET(id, prefix))
		fail_msg("%s", error.text);
	check_text(after);
}

static void check_remove(const char *before, const char *id, const char *after)
{
	write_text(before);
	if (nfm_registry_file_remove(the_file(), id, &error))
		fail_msg("%s", error.text);
	check_text(after);
}

/* The edit fails with the code and a text, and the file and its folder stay as they were. */
static void check_refused(const char *before, int code, const char *word)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	unsigned int files = 0;

	assert_true(code < 0);
	if (!strstr(error.text, word))
		fail_msg("no '%s' in: %s", word, error.text);
	check_text(before);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		files += entry->d_type == DT_REG;
	assert_int_equal(files, 1);
}

static void test_set_changes_one_field(void **state)
{
	(void)state;
	check_set("id,name,prefixes,note\n"
		  "a,\"A, x\",10.0.0.1 , n1\n\n b ,B,10.0.0.2,\"n\n2\"\n",
		  "b", "10.0.1.0/24",
		  "id,name,prefixes,note\n"
		  "a,\"A, x\",10.0.0.1 , n1\n\n b ,B,10.0.1.0/24,\"n\n2\"\n");
	check_set("id,prefixes\r\na,\"10.0.0.1;10.0.0.2\"\r\nb,::1\r\n", "a", "10.0.0.3",
		  "id,prefixes\r\na,\"10.0.0.3\"\r\nb,::1\r\n");
	check_set("\xef\xbb\xbfprefixes,id\n10.0.0.1,a", "a", "10.0.0.2",
		  "\xef\xbb\xbfprefixes,id\n10.0.0.2,a");
	check_set("id,prefixes\n\"a\"\"1,\",10.0.0.1\n", "a\"1,", "10.0.0.2",
		  "id,prefixes\n\"a\"\"1,\",10.0.0.2\n");
}

static void test_set_appends(void **state)
{
	(void)state;
	check_set("id,prefixes\na,10.0.0.1\n", "b", "10.0.0.2",
		  "id,prefixes\na,10.0.0.1\nb,10.0.0.2\n");
	check_set("note,prefixes,x,id\r\n,10.0.0.1,,a", "b", "10.0.0.2",
		  "note,prefixes,x,id\r\n,10.0.0.1,,a\r\n,10.0.0.2,,b\r\n");
	check_set("id,prefixes\n", "a \"b\", c", "10.0.0.2",
		  "id,prefixes\n\"a \"\"b\"\", c\",10.0.0.2\n");
	check_set("id,prefixes\n", " a", "::/0", "id,prefixes\n\" a\",::/0\n");
	check_set("id,prefixes", "a", "10.0.0.1", "id,prefixes\na,10.0.0.1\n");
}

static void test_set_many_prefixes(void **state)
{
	(void)state;
	write_text("id,prefixes\na,10.0.0.1\n");
	assert_int_equal(SET("a", "10.0.0.1", "2001:db8::/56", "192.0.2.0/24"), 0);
	check_text("id,prefixes\na,10.0.0.1 2001:db8::/56 192.0.2.0/24\n");
}

static void test_set_makes_file(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(SET("a", "10.0.0.1"), 0);
	check_text("id,name,prefixes\na,,10.0.0.1\n");
	assert_int_equal(stat(the_file(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	check_set("", "a", "10.0.0.1", "id,name,prefixes\na,,10.0.0.1\n");
}

static void test_set_refused(void **state)
{
	const char *text = "id,name,prefixes\na,A,10.0.0.1\nb,B,10.0.0.2\n";

	(void)state;
	write_text(text);
	check_refused(text, SET("a", "10.0.0.2"), ":3: prefix 10.0.0.2/32 is already on line 2");
	check_refused(text, SET("c", "10.0.0.2"), "already");
	check_refused(text, SET("c", "10.0.0.3", "10.0.0.3"), "already");
	check_refused(text, SET("a", "10.0.0.1/8"), "write 10.0.0.0/8");
	check_refused(text, SET("a", "10.0.0.3\nevil,E,0.0.0.0/0"), "is no prefix");
	check_refused(text, SET("a", "10.0.0.3,"), "is no prefix");
	check_refused(text, SET("", "10.0.0.3"), "empty");
	check_refused(text, SET("x\ny", "10.0.0.3"), "control");
	check_refused(text, nfm_registry_file_set(the_file(), "a", NULL, 0, &error),
		      "without a prefix");
}

static void test_wrong_file_stays(void **state)
{
	const char *twice = "id,prefixes\na,10.0.0.1\na,10.0.0.2\n";
	const char *broken = "id,prefixes\na,\"10.0.0.1\nb,10.0.0.2\n";
	const char *headless = "a,10.0.0.1\n";

	(void)state;
	write_text(twice);
	check_refused(twice, SET("b", "10.0.0.3"), ":3: id 'a' is already on line 2");
	write_text(broken);
	check_refused(broken, SET("b", "10.0.0.3"), ":2: a quote is opened");
	check_refused(broken, nfm_registry_file_remove(the_file(), "b", &error), ":2: ");
	write_text(headless);
	check_refused(headless, SET("b", "10.0.0.3"), "no column 'id'");
}

static void test_remove(void **state)
{
	(void)state;
	check_remove("id,prefixes\na,10.0.0.1\n\n\"b\",\"10.0.0.2\n10.0.0.3\"\r\nc,::1", "b",
		     "id,prefixes\na,10.0.0.1\n\nc,::1");
	check_remove("id,prefixes\na,10.0.0.1\nc,::1", "c", "id,prefixes\na,10.0.0.1\n");
	check_remove("id,prefixes\na,10.0.0.1\nb,::1\na,10.0.0.2\n", "a", "id,prefixes\nb,::1\n");
}

static void test_remove_refused(void **state)
{
	const char *text = "id,prefixes\na,10.0.0.1\n";

	(void)state;
	write_text(text);
	assert_int_equal(nfm_registry_file_remove(the_file(), "A", &error), -ENOENT);
	check_refused(text, -1, "no customer 'A'");
	assert_int_equal(nfm_registry_file_remove(in_folder("none"), "a", &error), -ENOENT);
	check_text(text);
}

static void test_mode_and_owner_stay(void **state)
{
	struct stat st;

	(void)state;
	write_text("id,prefixes\na,10.0.0.1\n");
	assert_int_equal(chmod(the_file(), 0640), 0);
	if (!geteuid())
		assert_int_equal(chown(the_file(), 12345, 23456), 0);
	assert_int_equal(SET("a", "10.0.0.2"), 0);
	assert_int_equal(stat(the_file(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	if (!geteuid())
		assert_true(st.st_uid == 12345 && st.st_gid == 23456);
}

static void test_link_stays(void **state)
{
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	write_text("id,prefixes\na,10.0.0.1\n");
	strcpy(path, in_folder("link"));
	assert_int_equal(symlink("c.csv", path), 0);
	assert_int_equal(nfm_registry_file_remove(path, "a", &error), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	check_text("id,prefixes\n");
}

static void test_relative_path(void **state)
{
	char before[PATH_MAX];
	const char *const prefix[] = { "10.0.0.1" };
	int code;

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(folder), 0);
	code = nfm_registry_file_set("c.csv", "a", prefix, 1, &error);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(code, 0);
	check_text("id,name,prefixes\na,,10.0.0.1\n");
	assert_int_equal(nfm_registry_file_set(in_folder("no/c.csv"), "a", prefix, 1, &error),
			 -ENOENT);
}

static void check_named(const char *before, const char *id, const char *name, const char *after)
{
	const char *const prefix[] = { "10.0.9.0/24" };

	write_text(before);
	if (nfm_registry_file_set_named(the_file(), id, name, prefix, 1, &error))
		fail_msg("%s", error.text);
	check_text(after);
}

static void test_set_with_a_name(void **state)
{
	const char *const prefix[] = { "10.0.9.0/24" };
	const char *unnamed = "id,prefixes\na,10.0.0.1\n";

	(void)state;
	check_named("id,name,prefixes\na,old,10.0.0.1\n", "a", "new",
		    "id,name,prefixes\na,new,10.0.9.0/24\n");
	check_named("prefixes,id,name,note\n\"10.0.0.1;::1\",a,\"o,\"\"ld\",x\n", "a", "A, \"B\"",
		    "prefixes,id,name,note\n\"10.0.9.0/24\",a,\"A, \"\"B\"\"\",x\n");
	check_named("id,name,prefixes\na,old,10.0.0.1\n", "a", "", /* none any more */
		    "id,name,prefixes\na,,10.0.9.0/24\n");
	check_named("id,name,prefixes\na,old,10.0.0.1\n", "a", NULL,
		    "id,name,prefixes\na,old,10.0.9.0/24\n");
	check_named("id,name,prefixes\na,old,10.0.0.1\n", "b", " B ",
		    "id,name,prefixes\na,old,10.0.0.1\nb,\" B \",10.0.9.0/24\n");
	check_named("id,prefixes,name,x\na,10.0.0.1\n", "a", "new",
		    "id,prefixes,name,x\na,10.0.9.0/24,new\n");
	write_text(unnamed);
	check_refused(unnamed,
		      nfm_registry_file_set_named(the_file(), "a", "n", prefix, 1, &error),
		      "no column for names");
	check_refused(unnamed,
		      nfm_registry_file_set_named(the_file(), "a", "n\n", prefix, 1, &error),
		      "control characters");
	check_refused(unnamed,
		      nfm_registry_file_set_named(the_file(), "a", "\xff", prefix, 1, &error),
		      "UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_set_changes_one_field, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(test_set_with_a_name, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_set_appends, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_set_many_prefixes, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_set_makes_file, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_set_refused, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_wrong_file_stays, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_remove, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_remove_refused, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_mode_and_owner_stay, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(test_link_stays, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_relative_path, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
