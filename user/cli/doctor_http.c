// SPDX-License-Identifier: GPL-2.0-only
/* Checks of the page: who can reach it, and whether it can read what it shows. */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/doctor.h"
#include "config/tokens.h"

#define OK NFM_HEALTH_OK
#define WARN NFM_HEALTH_WARN
#define FAIL NFM_HEALTH_FAIL

static bool is_local(const char *listen)
{
	return !strncmp(listen, "127.", 4) || !strncmp(listen, "[::1]:", 6);
}

static void check_reach(const struct nfm_config *config, size_t tokens, struct nfm_finding *f)
{
	if (is_local(config->http_listen))
		return;
	if (!tokens)
		nfm_finding_say(f, WARN, "without tokens it answers this machine alone: `nfmeter "
				"token add read NAME` makes one");
	else if (!config->http_certificate[0])
		nfm_finding_say(f, WARN,
				"tokens and numbers cross the network for all to read: set "
				"[http] certificate and key, or listen = 127.0.0.1:PORT behind a "
				"proxy that ends TLS");
}

static bool may_read(const struct stat *st, const struct passwd *user)
{
	mode_t wanted = S_IRUSR | S_IXUSR;

	if (st->st_uid == user->pw_uid)
		return (st->st_mode & wanted) == wanted;
	wanted >>= 3;
	if (st->st_gid == user->pw_gid)
		return (st->st_mode & wanted) == wanted;
	wanted >>= 3;
	return (st->st_mode & wanted) == wanted;
}

static void check_user(const struct nfm_config *config, struct nfm_finding *f)
{
	const struct passwd *user = getpwnam(config->http_user);
	struct stat st;

	if (!user || !user->pw_uid)
		nfm_finding_say(f, FAIL,
				"[http] user = %s: there is no such user, or it is root: "
				"name one without rights, such as nobody",
				config->http_user);
	else if (stat(config->directory, &st) == 0 && !may_read(&st, user))
		nfm_finding_say(f, WARN,
				"%s cannot read %s, so there is no history: chmod o+rx, or "
				"name another [http] user",
				config->http_user, config->directory);
}

void nfm_doctor_http(const struct nfm_doctor *d, struct nfm_finding *f)
{
	_cleanup_(nfm_tokens_clear) struct nfm_tokens tokens = { 0 };
	const struct nfm_config *config = &d->config;
	struct nfm_error error;
	int err;

	if (!config->http_listen[0]) {
		nfm_finding_say(f, OK, "off: [http] listen = 127.0.0.1:9996 serves page, API and "
				"metrics");
		return;
	}
	err = nfm_tokens_read(config->http_tokens, &tokens, &error);
	if (err == -EACCES)
		nfm_finding_say(f, WARN, "cannot read %s: run this as root", config->http_tokens);
	else if (err)
		nfm_finding_say(f, FAIL, "%s", error.text);
	else
		check_reach(config, tokens.count, f);
	check_user(config, f);
	if (!f->text[0])
		nfm_finding_say(f, OK, "%s, %zu tokens%s", config->http_listen, tokens.count,
				config->http_certificate[0] ? ", TLS" : "");
}
