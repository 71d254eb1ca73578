// SPDX-License-Identifier: GPL-2.0-only
#include "history/rollup_survey.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"

/*
 * Files between one and its predecessor, at most. By name they stand apart where a clock was set
 * back, or two hours have one name; a table whose files went would have all others looked through.
 */
#define LOOK_AROUND 8192U

/* What one file holds beside its customers. */
struct account {
	struct nfm_cell cell[NFM_SNAPSHOT_GAPS + 2];
	uint32_t cells;
	struct nfm_loss loss;
	bool sorted;
};

/* Of the machine, not of the file: the file itself may be good. */
static bool is_shortage(int code)
{
	return code == -ENOMEM || code == -EMFILE || code == -ENFILE;
}

static int open_source(const struct nfm_rollup_plan *plan, const struct nfm_rollup_source *source,
		       struct nfm_snapshot_reader **reader, struct nfm_error *error)
{
	char path[PATH_MAX];

	if (nfm_io_join(path, sizeof(path), plan->directory, source->name))
		return nfm_error_set(error, -ENAMETOOLONG, "%s: the path is too long",
				     source->name);
	return nfm_snapshot_stream_open(path, reader, error);
}

static bool precedes(const struct nfm_rollup_source *a, const struct nfm_rollup_source *b)
{
	return a->meta.epoch + 1 == b->meta.epoch &&
	       !memcmp(a->meta.identity, b->meta.identity, sizeof(a->meta.identity));
}

/* The file of the same table and the epoch before: nearly always the neighbour. */
static struct nfm_rollup_source *predecessor(const struct nfm_rollup_plan *plan,
					     const struct nfm_rollup_source *source)
{
	uint32_t at = (uint32_t)(source - plan->source);
	uint32_t most = NFM_MAX(at, plan->source_count - at);

	for (uint32_t away = 1; away <= most && away <= LOOK_AROUND; away++) {
		if (away <= at && precedes(&plan->source[at - away], source))
			return &plan->source[at - away];
		if (away < plan->source_count - at && precedes(&plan->source[at + away], source))
			return &plan->source[at + away];
	}
	return NULL;
}

/* The sums of loss before this file, or NULL: not known. */
static const struct nfm_loss *loss_before(const struct nfm_rollup_plan *plan,
					  const struct nfm_rollup_source *source)
{
	struct nfm_rollup_source *other = predecessor(plan, source);
	struct nfm_snapshot_reader *reader;
	struct account account;

	if (!other || other->left_out)
		return NULL;
	if (!other->loss_known && !open_source(plan, other, &reader, NULL)) {
		other->loss_known = !nfm_files_quality(reader, NULL, &other->loss, account.cell,
						       &account.cells);
		nfm_snapshot_reader_free(reader);
	}
	return other->loss_known ? &other->loss : NULL;
}

/* Walks over all customers, so that each block is verified. */
static int read_customers(struct nfm_snapshot_reader *reader, bool *sorted)
{
	char id[NFM_SNAPSHOT_ID_SIZE] = "";
	struct nfm_snapshot_customer customer;
	bool first = true;
	int more;

	*sorted = true;
	while ((more = nfm_snapshot_reader_customer(reader, &customer)) == 1) {
		if (!first && strcmp(id, customer.id) >= 0)
			*sorted = false;
		memcpy(id, customer.id, strnlen(customer.id, sizeof(id) - 1) + 1);
		first = false;
	}
	return more;
}

static int add_row(struct nfm_rollup_points *points, const struct nfm_snapshot_reader *reader,
		   uint32_t row, const struct nfm_snapshot_count *count)
{
	const struct nfm_snapshot_count none = { 0, 0, 0 };
	uint32_t earlier_count;
	const struct nfm_snapshot_earlier *earlier =
		nfm_snapshot_reader_earlier(reader, row, &earlier_count);

	return nfm_rollup_points_add(points, nfm_snapshot_reader_meta(reader), count, &none,
				     earlier, earlier_count);
}

static int add_account(struct nfm_rollup_survey *survey, const struct nfm_snapshot_reader *reader,
		       const struct account *account)
{
	struct nfm_snapshot_count unmatched, local, total;
	int code;

	nfm_snapshot_reader_totals(reader, &unmatched, &local, &total);
	for (uint32_t i = 0; i < account->cells; i++)
		nfm_rollup_points_spread(&survey->quality, &account->cell[i]);
	code = add_row(&survey->unmatched, reader, NFM_ROW_UNMATCHED, &unmatched);
	return code ? code : add_row(&survey->local, reader, NFM_ROW_LOCAL, &local);
}

static int read_source(struct nfm_rollup_survey *survey, struct nfm_rollup_source *source,
		       struct account *account, struct nfm_error *error)
{
	struct nfm_snapshot_reader *reader = NULL;
	const struct nfm_loss *before = NULL;
	int code = open_source(survey->plan, source, &reader, error);

	if (code)
		return code;
	code = read_customers(reader, &account->sorted);
	if (!code) {
		before = loss_before(survey->plan, source);
		code = nfm_files_quality(reader, before, &account->loss, account->cell,
					 &account->cells);
	}
	if (!code)
		code = add_account(survey, reader, account);
	else
		nfm_error_set(error, code,
			      "%s/%s: the content is not what was written: the file is damaged; "
			      "take it from a copy, or leave it out",
			      survey->plan->directory, source->name);
	nfm_snapshot_reader_free(reader);
	return code;
}

int nfm_rollup_survey_source(struct nfm_rollup_survey *survey, struct nfm_rollup_source *source,
			     bool *sorted, struct nfm_error *error)
{
	struct nfm_error why = { .text = "" };
	struct account account;
	int code;

	if (source->left_out)
		return 0;
	code = read_source(survey, source, &account, &why);
	if (is_shortage(code))
		return nfm_error_set(error, code, "%s", why.text);
	if (code) {
		source->left_out = true;
		if (code != -ENOENT) /* it may have expired */
			nfm_log(LOG_WARNING, "rollup without one file: %s", why.text);
		return 0;
	}
	source->loss = account.loss;
	source->loss_known = true;
	*sorted = account.sorted;
	return 1;
}
