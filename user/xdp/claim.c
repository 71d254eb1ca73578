// SPDX-License-Identifier: GPL-2.0-only
/* A table has one writer, also where two agents found it by different ways. */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "xdp/program.h"

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

/* The control block alone: the other parts take long to map. */
static int map_ctl(const struct nfm_xdp *xdp, struct nfm_ctl **ctl)
{
	struct nfm_program_maps maps;
	_cleanup_close_ int fd = -1;
	int r = nfm_program_maps_list(xdp->program_fd, &maps);

	if (r < 0)
		return r;
	fd = nfm_program_map_fd(&maps, "nfm_ctl");
	if (fd < 0)
		return fd;
	*ctl = mmap(NULL, sizeof(**ctl), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *ctl == MAP_FAILED ? -errno : 0;
}

int nfm_xdp_claim(const struct nfm_xdp *xdp, struct nfm_error *error)
{
	struct nfm_ctl *ctl;
	uint32_t pid;
	int r = map_ctl(xdp, &ctl);

	if (r < 0)
		return nfm_error_set(error, r, "XDP program %u: nfm_ctl: %s", xdp->program_id,
				     strerror(-r));
	pid = __atomic_load_n(&ctl->writer_pid, __ATOMIC_RELAXED);
	/* of two who start at once and find the same dead one, one comes second */
	while (!is_agent(pid))
		if (__atomic_compare_exchange_n(&ctl->writer_pid, &pid, (uint32_t)getpid(), false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			goto out;
	r = nfm_error_set(error, -EWOULDBLOCK,
			  "XDP program %u: another agent, process %u, counts into its table: stop "
			  "that one, or give this one interfaces of its own",
			  xdp->program_id, pid);
out:
	munmap(ctl, sizeof(*ctl));
	return r;
}
