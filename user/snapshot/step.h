/* SPDX-License-Identifier: GPL-2.0-only */
/* Where tests cut a rotation short: every moment between two things that a disk sees. */
#ifndef NFM_SNAPSHOT_STEP_H
#define NFM_SNAPSHOT_STEP_H

/* X(step, name): what was just done, in this order; numbers are those of snapshot/rotate.h. */
#define NFM_ROTATE_STEPS(X)                                                                       \
	X(QUIET, "quiet")		    /* 2: nothing moves in the bank any more */           \
	X(FILE_OPENED, "file-opened")	    /* 3: a temporary file, empty */                      \
	X(FILE_HALF, "file-half")	    /* 3: customers are in it, and no header */           \
	X(FILE_WHOLE, "file-whole")	    /* 3: not synced */                                   \
	X(FILE_SYNCED, "file-synced")	    /* 3 */                                               \
	X(FILE_RENAMED, "file-renamed")	    /* 3: it has its name */                              \
	X(FOLDER_SYNCED, "folder-synced")   /* 3 */                                               \
	X(WRITTEN, "written")		    /* 3: also where a rotation before had written it */  \
	X(SETTLING, "settling")		    /* 4, a part of it: comes many times */               \
	X(SETTLED, "settled")		    /* 4 */                                               \
	X(COMMITTED, "committed")	    /* 5 */

enum nfm_rotate_step {
#define X(step, name) NFM_ROTATE_##step,
	NFM_ROTATE_STEPS(X)
#undef X
	NFM_ROTATE_STEP_COUNT,
};

/** For tests: called after each step; what it returns other than 0 ends the rotation there. */
extern int (*nfm_rotate_step_hook)(enum nfm_rotate_step step);

/** Calls the hook, where there is one. */
int nfm_rotate_step_done(enum nfm_rotate_step step);

/** NULL where there is no such step. */
const char *nfm_rotate_step_name(enum nfm_rotate_step step);

#endif
