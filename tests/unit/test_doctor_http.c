// SPDX-License-Identifier: GPL-2.0-only
/* `doctor` on the HTTP server: who reaches it, and what its user can read. */
#include "patient.h"

#include "config/tokens.h"

static void give_token(const struct patient *p)
{
	const struct nfm_token like = { .role = NFM_TOKEN_READ, .name = "desk" };
	struct nfm_error error = { .text = "" };
	char text[NFM_TOKEN_SIZE];

	assert_int_equal(nfm_tokens_add(p->doctor.config.http_tokens, &like, text, &error), 0);
}

static void off_or_at_home(void **state)
{
	struct patient *p = *state;

	SAYS("http", "127.0.0.1:9996, 0 tokens");
	strcpy(p->doctor.config.http_listen, "[::1]:80");
	SAYS("http", "[::1]:80");
	p->doctor.config.http_listen[0] = '\0';
	strcpy(p->doctor.config.http_user, "root"); /* nobody asks for him then */
	SAYS("http", "off");
}

static void abroad(void **state)
{
	struct patient *p = *state;

	strcpy(p->doctor.config.http_listen, "*:9996");
	WARNS("http", "nfmeter token add");
	give_token(p);
	WARNS("http", "certificate");
	strcpy(p->doctor.config.http_certificate, "/some.pem");
	SAYS("http", "1 tokens, TLS");
	strcpy(p->doctor.config.http_listen, "127.0.0.1:9996");
	p->doctor.config.http_certificate[0] = '\0';
	OK("http");
}

static void wrong_tokens(void **state)
{
	struct patient *p = *state;

	assert_int_equal(nfm_io_replace_file(p->doctor.config.http_tokens, "nonsense\n", 9, 0600),
			 0);
	FAILS("http", "tokens:1");
}

static void users(void **state)
{
	struct patient *p = *state;

	strcpy(p->doctor.config.http_user, "no-such-user");
	FAILS("http", "no such user");
	strcpy(p->doctor.config.http_user, "root");
	FAILS("http", "it is root");
	strcpy(p->doctor.config.http_user, "nobody");
	OK("http");
	assert_int_equal(chmod(p->f->directory, 0750), 0);
	if (!geteuid())
		WARNS("http", "nobody cannot read");
	strcpy(p->doctor.config.directory, "/nonexistent"); /* another check says so */
	OK("http");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_PATIENT(off_or_at_home),
		WITH_PATIENT(abroad),
		WITH_PATIENT(wrong_tokens),
		WITH_PATIENT(users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
