// SPDX-License-Identifier: GPL-2.0-only
#include "http/answer.h"

#include <stdlib.h>

#include "base/error.h"
#include "view/output.h"

#define JSON "application/json"

struct nfm_answer *nfm_answer_new(unsigned int status, const char *type, struct nfm_body *body)
{
	struct nfm_answer *answer = calloc(1, sizeof(*answer));

	if (!answer)
		return NULL;
	atomic_init(&answer->references, 1);
	answer->status = status;
	answer->type = type;
	answer->body = *body;
	*body = (struct nfm_body){ .fd = -1 };
	return answer;
}

struct nfm_answer *nfm_answer_error(unsigned int status, const char *text)
{
	struct nfm_body body = { .fd = -1 };
	struct nfm_body_writer *writer;
	struct nfm_answer *answer;
	struct nfm_output *out;
	struct nfm_error ignored;
	FILE *to;

	if (nfm_body_open(false, &writer, &to))
		return NULL;
	out = nfm_output_new(to, NFM_FORMAT_JSON, true);
	if (!out) {
		nfm_body_abort(writer);
		return NULL;
	}
	nfm_output_object(out, NULL);
	nfm_output_string(out, "error", text);
	nfm_output_end(out);
	nfm_output_finish(out, &ignored); /* what fails, the body knows, too */
	nfm_output_free(out);
	if (nfm_body_finish(writer, &body))
		return NULL;
	answer = nfm_answer_new(status, JSON, &body);
	if (!answer)
		nfm_body_clear(&body);
	return answer;
}

struct nfm_answer *nfm_answer_ref(struct nfm_answer *answer)
{
	atomic_fetch_add(&answer->references, 1);
	return answer;
}

void nfm_answer_unref(struct nfm_answer *answer)
{
	if (!answer || atomic_fetch_sub(&answer->references, 1) != 1)
		return;
	nfm_body_clear(&answer->body);
	free(answer);
}
