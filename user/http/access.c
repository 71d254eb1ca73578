// SPDX-License-Identifier: GPL-2.0-only
#include "http/access.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

#define SCHEME "Bearer "

void nfm_access_init(struct nfm_access *access, const struct nfm_tokens *tokens)
{
	memset(access, 0, sizeof(*access));
	access->tokens = tokens;
	pthread_mutex_init(&access->mutex, NULL);
}

/* ---- where from ---- */

static struct in6_addr address_of(const struct sockaddr *peer)
{
	struct in6_addr address = IN6ADDR_ANY_INIT;

	if (peer && peer->sa_family == AF_INET6) {
		address = ((const struct sockaddr_in6 *)peer)->sin6_addr;
	} else if (peer && peer->sa_family == AF_INET) {
		address.s6_addr[10] = address.s6_addr[11] = 0xff;
		memcpy(&address.s6_addr[12], &((const struct sockaddr_in *)peer)->sin_addr, 4);
	}
	return address;
}

static void format_peer(const struct in6_addr *address, char *text, socklen_t size)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		inet_ntop(AF_INET, &address->s6_addr[12], text, size);
	else
		inet_ntop(AF_INET6, address, text, size);
}

static bool is_loopback(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LOOPBACK(address) ||
	       (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

/*
 * Names that a page of another site cannot have: it may be led to 127.0.0.1 by its own name
 * (DNS rebinding), and then its own name stands here.
 */
static bool is_loopback_name(const char *host)
{
	static const char *const names[] = { "localhost", "[::1]" };
	struct in_addr address;
	char name[64];
	const char *end;

	if (!host)
		return false;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);

		if (!strncasecmp(host, names[i], length) && (!host[length] || host[length] == ':'))
			return true;
	}
	end = strchrnul(host, ':');
	if ((size_t)(end - host) >= sizeof(name))
		return false;
	memcpy(name, host, (size_t)(end - host));
	name[end - host] = '\0';
	return inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* ---- wrong tokens ---- */

static struct nfm_access_source *source_of(struct nfm_access *access,
					   const struct in6_addr *address, uint64_t now_s)
{
	struct nfm_access_source key = { .since_s = now_s };
	struct nfm_access_source *source;
	uint32_t hash = 0;

	/* who has one address of IPv6 has 2^64 of them */
	memcpy(key.address, address->s6_addr, IN6_IS_ADDR_V4MAPPED(address) ? 16 : 8);
	for (size_t i = 0; i < sizeof(key.address); i++)
		hash = hash * 31 + key.address[i];
	source = &access->source[hash % NFM_ARRAY_SIZE(access->source)];
	if (memcmp(source->address, key.address, sizeof(key.address)) != 0 ||
	    now_s - source->since_s >= NFM_ACCESS_WINDOW_S)
		*source = key;
	return source;
}

static bool is_blocked(struct nfm_access *access, const struct in6_addr *address, uint64_t now_s)
{
	bool blocked;

	pthread_mutex_lock(&access->mutex);
	blocked = source_of(access, address, now_s)->failures >= NFM_ACCESS_FAILURES;
	pthread_mutex_unlock(&access->mutex);
	return blocked;
}

static void note_failure(struct nfm_access *access, const struct in6_addr *address, uint64_t now_s)
{
	pthread_mutex_lock(&access->mutex);
	source_of(access, address, now_s)->failures++;
	pthread_mutex_unlock(&access->mutex);
}

/* ---- who ---- */

static int check_token(struct nfm_access *access, const struct nfm_access_claim *claim,
		       const struct in6_addr *address, struct nfm_who *who, char **token,
		       struct nfm_error *error)
{
	const char *text = claim->authorization;
	const struct nfm_token *found;

	if (is_blocked(access, address, claim->now_s))
		return nfm_error_set(error, -EDQUOT, "too many wrong tokens from %s: wait a minute",
				     who->peer);
	if (!text || strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
		return nfm_error_set(error, -EACCES,
				     "a token is needed: send Authorization: Bearer "
				     "TOKEN; `nfmeter token add` makes one");
	text += strlen(SCHEME);
	found = nfm_tokens_find(access->tokens, text);
	if (!found) {
		note_failure(access, address, claim->now_s);
		return nfm_error_set(error, -EACCES, "this token is not, or no longer, in use: "
				     "`nfmeter token list` shows whose are");
	}
	who->role = found->role;
	snprintf(who->customer, sizeof(who->customer), "%s", found->customer);
	snprintf(who->name, sizeof(who->name), "%s", found->name);
	*token = strdup(text);
	return *token ? 0 : nfm_error_set(error, -ENOMEM, "out of memory");
}

static int check_place(const struct nfm_access_claim *claim, const struct in6_addr *address,
		       struct nfm_who *who, struct nfm_error *error)
{
	if (!is_loopback(address))
		return nfm_error_set(error, -EPERM, "without tokens only this machine itself may "
				     "ask: `nfmeter token add read NAME` makes a token");
	if (claim->forwarded)
		return nfm_error_set(error, -EPERM, "a proxy passed this on: without tokens it "
				     "would open the numbers to everybody: `nfmeter token add` "
				     "makes one");
	if (!is_loopback_name(claim->host))
		return nfm_error_set(error, -EPERM, "without tokens the address must be localhost, "
				     "127.0.0.1 or [::1]");
	who->role = NFM_TOKEN_READ;
	return 0;
}

int nfm_access_check(struct nfm_access *access, const struct nfm_access_claim *claim,
		     struct nfm_who *who, char **token, struct nfm_error *error)
{
	struct in6_addr address = address_of(claim->peer);

	*who = (struct nfm_who){ .role = NFM_TOKEN_CUSTOMER };
	*token = NULL;
	format_peer(&address, who->peer, sizeof(who->peer));
	if (access->tokens->count)
		return check_token(access, claim, &address, who, token, error);
	return check_place(claim, &address, who, error);
}
