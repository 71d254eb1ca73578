// SPDX-License-Identifier: GPL-2.0-only
/* What runs and what was counted: answers out of the table. */
#include "http/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "view/ask.h"
#include "view/document.h"
#include "view/version.h"

yajl_val nfm_api_agent(struct nfm_http *http)
{
	struct nfm_error ignored; /* no agent is an answer, too */
	yajl_val agent = NULL;

	nfm_channel_status(&http->channel, &agent, &ignored);
	return agent;
}

struct nfm_output *nfm_api_begin(const struct nfm_request *request, struct nfm_reply *reply,
				 const char *csv_name, struct nfm_error *error)
{
	struct nfm_output *out = nfm_output_new(
		reply->to, request->csv ? NFM_FORMAT_CSV : NFM_FORMAT_JSON, true);

	if (!out)
		nfm_error_set(error, -ENOMEM, "out of memory");
	if (request->csv) {
		reply->type = "text/csv; charset=utf-8";
		reply->name = csv_name;
	}
	return out;
}

int nfm_api_end(struct nfm_output *out, int err, struct nfm_error *error)
{
	if (!err)
		err = nfm_output_finish(out, error);
	nfm_output_free(out);
	return err;
}

NFM_API(status)
{
	_cleanup_(nfm_ask_free) yajl_val agent = nfm_api_agent(http);
	struct nfm_output *out = nfm_api_begin(request, reply, "status.csv", error);

	if (!out)
		return -ENOMEM;
	nfm_document_status(out, NULL, &http->table, agent); /* we must not ask NICs */
	return nfm_api_end(out, 0, error);
}

/* Arguments of one name, in their order. */
static char **list_of(const struct nfm_request *request, const char *name, int *count)
{
	char **list = calloc(request->argument_count + 1U, sizeof(*list));

	*count = 0;
	for (uint32_t i = 0; list && i < request->argument_count; i++)
		if (!strcmp(request->argument[i].name, name))
			list[(*count)++] = request->argument[i].value;
	return list;
}

static int read_show(const struct nfm_request *request, struct nfm_document_show *show,
		     struct nfm_error *error)
{
	int err = 0;

	*show = (struct nfm_document_show){
		.only = request->who.role == NFM_TOKEN_CUSTOMER ? request->who.customer : NULL,
	};
	for (uint32_t i = 0; !err && i < request->argument_count; i++)
		if (strcmp(request->argument[i].name, "id") != 0)
			err = nfm_document_show_take(show, request->argument[i].name,
						     request->argument[i].value, error);
	if (err)
		return err;
	show->argument = list_of(request, "id", &show->count);
	return show->argument ? 0 : nfm_error_set(error, -ENOMEM, "out of memory");
}

NFM_API(show)
{
	_cleanup_(nfm_view_sums_clear) struct nfm_view_sums sums = { 0 };
	struct nfm_document_show show;
	struct nfm_output *out;
	int err = nfm_view_sums_read(&http->table, &sums, error);

	if (!err)
		err = read_show(request, &show, error);
	if (err)
		return err;
	show.rates = nfm_live_get(&http->live, error);
	out = show.rates ? nfm_api_begin(request, reply, "customers.csv", error) : NULL;
	err = out ? nfm_document_show(out, &show, &http->table, &sums, error) : -ENOMEM;
	if (show.rates)
		nfm_live_release(&http->live);
	free(show.argument);
	return out ? nfm_api_end(out, err, error) : err;
}

NFM_API(exporters)
{
	_cleanup_(nfm_exporters_clear) struct nfm_exporters_view view = { 0 };
	_cleanup_(nfm_templates_clear) struct nfm_templates_view templates = { 0 };
	struct nfm_view_clock now = nfm_view_clock_now();
	struct nfm_error ignored; /* "templates": null says that they cannot be read */
	uint32_t interval_s = nfm_view_interval_s(&http->table, http->config.interval_s);
	struct nfm_output *out;
	int err = nfm_exporters_read(&http->table, interval_s, &now, &view, error), unread;

	if (err)
		return err;
	unread = nfm_templates_read(http->config.directory, &http->table, &now, &templates,
				    &ignored);
	out = nfm_api_begin(request, reply, "exporters.csv", error);
	if (!out)
		return -ENOMEM;
	nfm_document_exporters(out, &http->table, &view, unread ? NULL : &templates, &now);
	return nfm_api_end(out, 0, error);
}

NFM_API(templates)
{
	_cleanup_(nfm_templates_clear) struct nfm_templates_view view = { 0 };
	struct nfm_document_templates selection = { .config = &http->config };
	struct nfm_view_clock now = nfm_view_clock_now();
	_cleanup_free_ char **list = list_of(request, "exporter", &selection.count);
	struct nfm_output *out;
	int err;

	if (!list)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	selection.argument = list;
	err = nfm_document_templates_check(&selection, error);
	if (!err)
		err = nfm_templates_read(http->config.directory, &http->table, &now, &view, error);
	if (err)
		return err;
	out = nfm_api_begin(request, reply, "templates.csv", error);
	if (!out)
		return -ENOMEM;
	nfm_document_templates(out, &selection, &view);
	return nfm_api_end(out, 0, error);
}

NFM_API(whoami)
{
	const struct nfm_who *who = &request->who;
	struct nfm_output *out = nfm_api_begin(request, reply, NULL, error);

	if (!out)
		return -ENOMEM;
	nfm_output_object(out, NULL);
	nfm_output_string(out, "role", nfm_token_role_name(who->role));
	nfm_output_string(out, "customer", *who->customer ? who->customer : NULL);
	nfm_output_string(out, "name", *who->name ? who->name : NULL);
	nfm_output_bool(out, "tokens", http->tokens.count);
	nfm_output_string(out, "version", NFM_VERSION);
	nfm_output_end(out);
	return nfm_api_end(out, 0, error);
}
