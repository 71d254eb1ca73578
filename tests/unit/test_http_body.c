// SPDX-License-Identifier: GPL-2.0-only
/* Bodies of answers: in memory, in a file, deflated; always what was written, under one etag. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "http/answer.h"
#include "http/body.h"

/* Text that does not shrink to nothing: numbers of a generator. */
static char *make_text(size_t size)
{
	char *text = malloc(size + 32);
	uint64_t number = size;

	assert_non_null(text);
	for (size_t i = 0; i < size; i += 16) {
		number = number * 6364136223846793005ULL + 1442695040888963407ULL;
		snprintf(text + i, 17, "%016llx", (unsigned long long)number);
	}
	return text;
}

static struct nfm_body make(const char *text, size_t size, bool gzip)
{
	struct nfm_body body = { .fd = -1 };
	struct nfm_body_writer *writer;
	FILE *to;

	assert_int_equal(nfm_body_open(gzip, &writer, &to), 0);
	for (size_t i = 0; i < size; i += 1000) /* as writers do: in pieces */
		fwrite(text + i, 1, NFM_MIN(size - i, 1000U), to);
	assert_int_equal(nfm_body_finish(writer, &body), 0);
	return body;
}

static char *read_all(const struct nfm_body *body, size_t step)
{
	char *text = malloc(body->size + 1);
	uint64_t at = 0;
	ssize_t n;

	assert_non_null(text);
	while ((n = nfm_body_read(body, at, text + at, step)) > 0)
		at += (uint64_t)n;
	assert_int_equal(n, 0);
	assert_int_equal(at, body->size);
	return text;
}

static void inflated_is(const char *bytes, size_t size, const char *text, size_t length)
{
	_cleanup_free_ unsigned char *out = malloc(length + 1);
	z_stream stream = { .next_in = (unsigned char *)bytes, .avail_in = (unsigned int)size };

	assert_non_null(out);
	stream.next_out = out;
	stream.avail_out = (unsigned int)length + 1;
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, length);
	assert_memory_equal(out, text, length);
	inflateEnd(&stream);
}

static void check_size(size_t size)
{
	_cleanup_free_ char *text = make_text(size);
	struct nfm_body plain = make(text, size, false), gzip = make(text, size, true);
	_cleanup_free_ char *read = read_all(&plain, 4093), *deflated = read_all(&gzip, 65536);

	assert_int_equal(plain.size, size);
	assert_memory_equal(read, text, size);
	assert_int_equal(plain.fd >= 0, size > NFM_BODY_MEMORY);
	assert_int_equal(gzip.fd >= 0, gzip.size > NFM_BODY_MEMORY);
	assert_true((plain.fd < 0) || !plain.memory);
	assert_true(gzip.gzip && !plain.gzip);
	inflated_is(deflated, gzip.size, text, size);
	assert_string_equal(plain.etag, gzip.etag);
	assert_int_equal(strlen(plain.etag), NFM_BODY_ETAG - 2);
	assert_true(plain.etag[0] == '"' && plain.etag[33] == '"');
	nfm_body_clear(&plain);
	nfm_body_clear(&gzip);
	nfm_body_clear(&gzip); /* nothing is left to do */
}

static void test_sizes(void **state)
{
	const size_t sizes[] = { 0, 1, 999, 1000, 65536, NFM_BODY_MEMORY - 1, NFM_BODY_MEMORY,
				 NFM_BODY_MEMORY + 1, 3 * NFM_BODY_MEMORY + 7 };

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(sizes); i++)
		check_size(sizes[i]);
}

static void test_etag_is_of_the_text(void **state)
{
	struct nfm_body a = make("some", 4, false), b = make("same", 4, false);
	struct nfm_body c = make("some", 4, true);

	(void)state;
	assert_string_not_equal(a.etag, b.etag);
	assert_string_equal(a.etag, c.etag);
	nfm_body_clear(&a);
	nfm_body_clear(&b);
	nfm_body_clear(&c);
}

static unsigned int open_files(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
	return count;
}

static void test_abort(void **state)
{
	_cleanup_free_ char *text = make_text(2 * NFM_BODY_MEMORY);
	unsigned int before = open_files();

	(void)state;
	for (int gzip = 0; gzip < 2; gzip++) {
		struct nfm_body_writer *writer;
		FILE *to;

		assert_int_equal(nfm_body_open(gzip, &writer, &to), 0);
		fwrite(text, 1, 2 * NFM_BODY_MEMORY, to);
		nfm_body_abort(writer);
	}
	assert_int_equal(open_files(), before);
}

static int fill(FILE *to, struct nfm_body_writer *writer, const char *piece, uint64_t size,
		struct nfm_body *body)
{
	for (uint64_t i = 0; i < size && !ferror(to); i += NFM_BODY_MEMORY)
		fwrite(piece, 1, NFM_BODY_MEMORY, to);
	return nfm_body_finish(writer, body);
}

#define ROOM (16ULL * NFM_BODY_MEMORY)

/* All bodies together have so much room; who gives some back, makes room for others. */
static void test_room(void **state)
{
	_cleanup_free_ char *piece = make_text(NFM_BODY_MEMORY);
	struct nfm_body body[3] = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 } };
	struct nfm_body_writer *writer;
	FILE *to;

	(void)state;
	nfm_body_limit(ROOM);
	assert_int_equal(nfm_body_open(false, &writer, &to), 0);
	assert_int_equal(fill(to, writer, piece, ROOM - NFM_BODY_MEMORY, &body[0]), 0);
	assert_int_equal(nfm_body_open(false, &writer, &to), 0);
	assert_int_equal(fill(to, writer, piece, 3 * NFM_BODY_MEMORY, &body[1]), -ENOSPC);
	assert_true(body[1].fd < 0 && !body[1].memory);
	body[1] = make(piece, 1000, false); /* in memory there is room */
	nfm_body_clear(&body[0]);
	assert_int_equal(nfm_body_open(false, &writer, &to), 0);
	assert_int_equal(fill(to, writer, piece, 3 * NFM_BODY_MEMORY, &body[2]), 0);
	assert_int_equal(body[2].size, 3 * NFM_BODY_MEMORY);
	nfm_body_clear(&body[1]);
	nfm_body_clear(&body[2]);
	assert_int_equal(nfm_body_open(false, &writer, &to), 0);
	assert_int_equal(fill(to, writer, piece, ROOM - NFM_BODY_MEMORY, &body[0]), 0);
	nfm_body_clear(&body[0]);
	nfm_body_limit(NFM_BODY_FILES);
}

static void test_no_folder(void **state)
{
	_cleanup_free_ char *text = make_text(2 * NFM_BODY_MEMORY);
	struct nfm_body body = { .fd = -1 };
	struct nfm_body_writer *writer;
	FILE *to;

	(void)state;
	setenv("TMPDIR", "/nothing/here", 1);
	assert_int_equal(nfm_body_open(false, &writer, &to), 0);
	fwrite(text, 1, 2 * NFM_BODY_MEMORY, to);
	assert_int_equal(nfm_body_finish(writer, &body), -ENOENT);
	unsetenv("TMPDIR");
}

static void test_error_answer(void **state)
{
	static const char wanted[] = "{\"error\":\"say \\\"why\\\"\"}\n";
	struct nfm_answer *answer = nfm_answer_error(404, "say \"why\"");
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_non_null(answer);
	assert_int_equal(answer->status, 404);
	assert_string_equal(answer->type, "application/json");
	text = read_all(&answer->body, 100);
	assert_int_equal(answer->body.size, strlen(wanted));
	assert_memory_equal(text, wanted, strlen(wanted));
	nfm_answer_ref(answer);
	nfm_answer_unref(answer);
	nfm_answer_unref(answer);
	nfm_answer_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_etag_is_of_the_text),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_error_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
