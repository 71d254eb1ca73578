/* SPDX-License-Identifier: GPL-2.0-only */
/* Variables that clean up after themselves; NFM_STEAL_… hands the thing over. */
#ifndef NFM_CLEANUP_H
#define NFM_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void nfm_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void nfm_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void nfm_cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void nfm_cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(nfm_cleanup_free)
#define _cleanup_close_ _cleanup_(nfm_cleanup_close)
#define _cleanup_fclose_ _cleanup_(nfm_cleanup_fclose)
#define _cleanup_closedir_ _cleanup_(nfm_cleanup_closedir)

#define NFM_STEAL_PTR(p)                                                                          \
	({                                                                                        \
		__typeof__(p) nfm_stolen = (p);                                                   \
		(p) = NULL;                                                                       \
		nfm_stolen;                                                                       \
	})
#define NFM_STEAL_FD(fd)                                                                          \
	({                                                                                        \
		int nfm_stolen = (fd);                                                            \
		(fd) = -1;                                                                        \
		nfm_stolen;                                                                       \
	})

#define NFM_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NFM_MIN(a, b) ((a) < (b) ? (a) : (b))
#define NFM_MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
