// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random trees under random limits. After a run the size is kept or nothing is left, nothing
 * younger has gone while something older stayed, and a dry run has named exactly what went.
 */
#include <ftw.h>
#include <inttypes.h>

#include "expire_tree.h"

#define TREES 60U
#define FILES_MOST 40U
#define SPAN_S (40U * 86400)
#define KIB_MOST 64U

struct model {
	char path[64];
	uint64_t unix_s;
	uint64_t bytes;
};

static struct model model[FILES_MOST];
static size_t model_count;
static uint64_t seed;

static uint64_t any(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* A name of any kind that expires, in any folder. */
static void put_any(void)
{
	static const char *const folders[] = { "", "a/", "b/", "b/2026/", "b/2026/11/", "z/0/" };
	struct model *m = &model[model_count];
	uint64_t age_s = any(SPAN_S);
	time_t then = (time_t)(NOON_S - age_s);
	char stamp[32];
	struct tm tm;

	if (any(8) == 0) { /* its day ends at the midnight to come */
		then -= then % 86400;
		strftime(stamp, sizeof(stamp), "%Y%m%d", gmtime_r(&then, &tm));
		snprintf(m->path, sizeof(m->path), "rollup/samples.%s", stamp);
		then += 86400;
	} else {
		strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", gmtime_r(&then, &tm));
		snprintf(m->path, sizeof(m->path), "%s%s.%s",
			 folders[any(NFM_ARRAY_SIZE(folders))], any(2) ? "nfmeter" : "nfcapd",
			 stamp);
	}
	m->unix_s = (uint64_t)then;
	if (there(m->path))
		return;
	m->bytes = put(m->path, (unsigned int)any(KIB_MOST));
	model_count++;
}

static uint64_t bytes_of_all(void)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < model_count; i++)
		bytes += model[i].bytes;
	return bytes;
}

static struct nfm_expire_limits any_limits(void)
{
	struct nfm_expire_limits limits = { .watermark = 1 + (unsigned int)any(100) };

	if (any(4))
		limits.size_bytes = 1 + any(bytes_of_all() + 4096);
	if (any(2))
		limits.lifetime_s = 1 + any(SPAN_S);
	return limits;
}

/* Whether the name was told of, as a word of its own. */
static bool told(const char *list, const char *path)
{
	size_t length = strlen(path);

	for (const char *at = list; (at = strstr(at, path)); at += length)
		if ((at == list || at[-1] == ' ') && at[length] == ' ')
			return true;
	return false;
}

static int by_order(const void *a, const void *b)
{
	const struct model *x = a;
	const struct model *y = b;

	if (x->unix_s != y->unix_s)
		return x->unix_s < y->unix_s ? -1 : 1;
	return strverscmp(x->path, y->path);
}

/* How many go, told by the rule alone: those too old, then, above the size, down to the mark. */
static size_t expected_gone(const struct nfm_expire_limits *limits, uint64_t now_s)
{
	uint64_t left = bytes_of_all();
	size_t gone = 0;

	while (limits->lifetime_s && gone < model_count &&
	       model[gone].unix_s + limits->lifetime_s < now_s)
		left -= model[gone++].bytes;
	if (!limits->size_bytes || left <= limits->size_bytes)
		return gone;
	while (gone < model_count && left > limits->size_bytes * limits->watermark / 100)
		left -= model[gone++].bytes;
	return gone;
}

static int no_empty_folder(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (kind != FTW_DP || !strcmp(path, folder) || strstr(path, "/rollup"))
		return 0;
	return !rmdir(path); /* only an empty one can be removed */
}

static void check_tree(const struct nfm_expire_limits *limits)
{
	struct nfm_expire_result result;
	size_t gone;
	char dry[sizeof(heard)];

	qsort(model, model_count, sizeof(*model), by_order);
	gone = expected_gone(limits, NOON_S);
	expire(*limits, true);
	strcpy(dry, heard);
	for (size_t i = 0; i < model_count; i++)
		assert_true(there(model[i].path));
	result = expire(*limits, false);
	assert_string_equal(heard, dry);
	assert_int_equal(result.files_before, model_count);
	assert_int_equal(result.files_gone, gone);
	for (size_t i = 0; i < model_count; i++)
		if (there(model[i].path) != (i >= gone) || told(dry, model[i].path) != (i < gone))
			fail_msg("%s: %s", model[i].path, i < gone ? "stayed" : "went");
	if (limits->size_bytes && gone < model_count)
		assert_true(result.bytes_before - result.bytes_gone <= limits->size_bytes);
	assert_int_equal(nftw(folder, no_empty_folder, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_int_equal(expire(*limits, false).files_gone, 0); /* and a second one has nothing */
}

static void random_trees_under_random_limits(void **state)
{
	size_t gone = 0, stayed = 0;

	(void)state;
	for (uint64_t tree = 1; tree <= TREES; tree++) {
		struct nfm_expire_limits limits;
		size_t files;

		seed = tree * 0x9e3779b97f4a7c15ULL;
		model_count = 0;
		assert_int_equal(setup(NULL), 0);
		for (files = 1 + any(FILES_MOST); files > 0; files--)
			put_any();
		limits = any_limits();
		check_tree(&limits);
		files = 0;
		for (size_t i = 0; i < model_count; i++)
			files += there(model[i].path);
		stayed += files;
		gone += model_count - files;
		assert_int_equal(teardown(NULL), 0);
	}
	/* the limits were such that they said something */
	assert_true(gone > TREES && stayed > TREES);
}

/* Of a tree that failed; the others have gone. */
static int remove_rest(void **state)
{
	(void)state;
	folder_remove();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(random_trees_under_random_limits, remove_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
