// SPDX-License-Identifier: GPL-2.0-only
/* How often and how long a program ran: the kernel counts where kernel.bpf_stats_enabled is set. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "xdp/xdp.h"

static bool kernel_counts(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");

	return file && fgetc(file) == '1';
}

int nfm_xdp_run(const struct nfm_xdp *xdp, uint32_t program_id, uint64_t *time_ns, uint64_t *runs)
{
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);
	_cleanup_close_ int other_fd = -1;
	int fd = xdp->program_fd;

	if (fd < 0 || program_id != xdp->program_id)
		fd = other_fd = bpf_prog_get_fd_by_id(program_id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return -errno;
	if (!info.run_cnt && !kernel_counts())
		return -ENODATA;
	*time_ns = info.run_time_ns;
	*runs = info.run_cnt;
	return 0;
}
