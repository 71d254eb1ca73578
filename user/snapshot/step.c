// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/step.h"

#include <stddef.h>

int (*nfm_rotate_step_hook)(enum nfm_rotate_step step);

int nfm_rotate_step_done(enum nfm_rotate_step step)
{
	return nfm_rotate_step_hook ? nfm_rotate_step_hook(step) : 0;
}

const char *nfm_rotate_step_name(enum nfm_rotate_step step)
{
	static const char *const names[] = {
#define X(step, name) name,
		NFM_ROTATE_STEPS(X)
#undef X
	};

	return (unsigned int)step < NFM_ROTATE_STEP_COUNT ? names[step] : NULL;
}
