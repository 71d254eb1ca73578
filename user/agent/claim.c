// SPDX-License-Identifier: GPL-2.0-only
#include "agent/claim.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

/* Whether it lives, and is one of us: the number of one that was killed may be another's now. */
static bool is_agent(uint32_t pid)
{
	_cleanup_free_ char *stat = NULL; /* "1234 (nfmeter) S 1 …": proc(5) */
	const char *name, *state;
	char path[64];
	size_t length;

	if (!pid || pid == (uint32_t)getpid())
		return false;
	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (nfm_io_read_file(path, 4096, &stat, &length) < 0)
		return false;
	name = strchr(stat, '(');
	state = strrchr(stat, ')');
	if (!name || !state || strncmp(name, "(nfmeter", strlen("(nfmeter")) != 0)
		return false;
	return strncmp(state, ") Z", 3) != 0 && strncmp(state, ") X", 3) != 0; /* ended */
}

int nfm_claim_table(const struct nfm_xdp *xdp, struct nfm_error *error)
{
	struct nfm_table table = { .refusals_fd = -1 };
	uint32_t pid;
	int r = nfm_xdp_table(xdp, &table, error);

	if (r < 0)
		return r;
	pid = __atomic_load_n(&table.ctl->writer_pid, __ATOMIC_RELAXED);
	/* of two who start at once and find the same dead one, one comes second */
	while (!is_agent(pid))
		if (__atomic_compare_exchange_n(&table.ctl->writer_pid, &pid, (uint32_t)getpid(),
						false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			goto out;
	r = nfm_error_set(error, -EWOULDBLOCK,
			  "XDP program %u: another agent, process %u, counts into its table: stop "
			  "that one, or give this one interfaces of its own",
			  xdp->program_id, pid);
out:
	nfm_table_close(&table);
	return r;
}
