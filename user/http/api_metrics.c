// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "http/api.h"

NFM_API(metrics)
{
	(void)http;
	(void)request;
	(void)reply;
	return nfm_error_set(error, -ENOENT, "not yet");
}

NFM_API(config)
{
	(void)http;
	(void)request;
	(void)reply;
	return nfm_error_set(error, -ENOENT, "not yet");
}
