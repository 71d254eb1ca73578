/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests to the running agent, and what it answers (agent/control.h). */
#ifndef NFM_VIEW_ASK_H
#define NFM_VIEW_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yajl/yajl_tree.h>

#include "base/error.h"

/** One setting; NULL for `value`: what the files have, or the default. */
struct nfm_ask_setting {
	const char *section, *key, *value;
};

/** A request without arguments has no id, no prefixes and no setting. */
struct nfm_ask {
	const char *command;
	const char *id;
	const char *const *prefixes;
	size_t prefix_count;
	const struct nfm_ask_setting *setting;
};

/**
 * Asks the agent at `runtime`; *answer is freed by yajl_tree_free(). -ECONNREFUSED: no agent is
 * running; -EREMOTEIO: it answered with an error, whose text is in `error`.
 */
int nfm_ask(const char *runtime, const struct nfm_ask *ask, yajl_val *answer,
	    struct nfm_error *error);

/** Member `key` of an answer; the fallback where it is missing or of another type. */
uint64_t nfm_ask_u64(yajl_val object, const char *key, uint64_t fallback);
bool nfm_ask_bool(yajl_val object, const char *key);
const char *nfm_ask_string(yajl_val object, const char *key, const char *fallback);
yajl_val nfm_ask_member(yajl_val object, const char *key, yajl_type type);

void nfm_ask_free(yajl_val *answer); /* for _cleanup_ */

#endif
