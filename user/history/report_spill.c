// SPDX-License-Identifier: GPL-2.0-only
#include "history/report_spill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define BUFFER_SIZE (256U << 10)

/* Only this process reads it: as it stands in memory. */
struct head {
	char id[NFM_SNAPSHOT_ID_SIZE];
	char name[NFM_SNAPSHOT_ID_SIZE];
	uint32_t amounts;
	uint32_t earliers;
};

struct nfm_report_spill {
	FILE *file;
	uint64_t entries;
	uint64_t read; /* of them */
	struct head head; /* where the reading stands */
	struct nfm_report_amount *amount;
	struct nfm_snapshot_earlier *earlier;
	size_t amount_room, earlier_room;
};

static FILE *open_nameless(void)
{
	const char *folder = getenv("TMPDIR");
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	FILE *file;
	int n = snprintf(path, sizeof(path), "%s/nfmeter.XXXXXX",
			 folder && *folder ? folder : "/tmp");

	if (n < 0 || (size_t)n >= sizeof(path))
		return NULL;
	fd = mkstemp(path);
	if (fd < 0)
		return NULL;
	unlink(path);
	file = fdopen(fd, "w+");
	if (file) {
		NFM_STEAL_FD(fd);
		setvbuf(file, NULL, _IOFBF, BUFFER_SIZE);
	}
	return file;
}

static int cannot(struct nfm_error *error)
{
	int err = errno ? -errno : -EIO;

	return nfm_error_set(error, err,
			     "too many snapshots are not rolled up, and no temporary file can be "
			     "written: %s: set TMPDIR to a folder with room, or run `nfmeter "
			     "rollup`", strerror(-err));
}

int nfm_report_spill_new(struct nfm_report_spill **out, struct nfm_error *error)
{
	struct nfm_report_spill *spill = calloc(1, sizeof(*spill));

	if (!spill)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	spill->file = open_nameless();
	if (!spill->file) {
		free(spill);
		return cannot(error);
	}
	*out = spill;
	return 0;
}

void nfm_report_spill_free(struct nfm_report_spill *spill)
{
	if (!spill)
		return;
	fclose(spill->file);
	free(spill->amount);
	free(spill->earlier);
	free(spill);
}

/* ---- write ---- */

static bool put(struct nfm_report_spill *spill, const void *what, size_t size, size_t count)
{
	return fwrite(what, size, count, spill->file) == count;
}

/* A job's entries of `earlier` stand together, since they were added one after another. */
static bool write_job(struct nfm_report_spill *spill, const struct nfm_report_batch *batch,
		      const struct nfm_report_job *job)
{
	const struct nfm_report_amount *amount = batch->amount + job->first_amount;
	const struct nfm_snapshot_earlier *earlier = NULL;
	struct head head = { .amounts = job->amounts };

	memcpy(head.id, job->id, sizeof(head.id));
	memcpy(head.name, job->name, sizeof(head.name));
	for (uint32_t i = 0; i < job->amounts; i++)
		head.earliers += amount[i].earlier;
	if (head.earliers)
		earlier = batch->earlier + amount[0].first_earlier;
	return put(spill, &head, sizeof(head), 1) &&
	       put(spill, amount, sizeof(*amount), job->amounts) &&
	       (!head.earliers || put(spill, earlier, sizeof(*earlier), head.earliers));
}

int nfm_report_spill_write(struct nfm_report_spill *spill, const struct nfm_report_batch *batch,
			   struct nfm_error *error)
{
	errno = 0;
	for (uint32_t i = 0; i < batch->jobs; i++) {
		if (!write_job(spill, batch, &batch->job[i]))
			return cannot(error);
	}
	spill->entries += batch->jobs;
	return 0;
}

int nfm_report_spill_rewind(struct nfm_report_spill *spill, struct nfm_error *error)
{
	errno = 0;
	return fflush(spill->file) || fseek(spill->file, 0, SEEK_SET) ? cannot(error) : 0;
}

uint64_t nfm_report_spill_entries(const struct nfm_report_spill *spill)
{
	return spill->entries;
}

/* ---- read ---- */

static int room_for(void **list, size_t *room, size_t count, size_t size)
{
	void *bigger;

	if (count <= *room)
		return 0;
	bigger = reallocarray(*list, count, size);
	if (!bigger)
		return -ENOMEM;
	*list = bigger;
	*room = count;
	return 0;
}

static bool get(struct nfm_report_spill *spill, void *to, size_t size, size_t count)
{
	return !count || fread(to, size, count, spill->file) == count;
}

int nfm_report_spill_next(struct nfm_report_spill *spill, const char **id, const char **name)
{
	struct head *head = &spill->head;

	if (spill->read == spill->entries)
		return 0;
	if (!get(spill, head, sizeof(*head), 1))
		return -EIO;
	if (room_for((void **)&spill->amount, &spill->amount_room, head->amounts,
		     sizeof(*spill->amount)) ||
	    room_for((void **)&spill->earlier, &spill->earlier_room, head->earliers,
		     sizeof(*spill->earlier)))
		return -ENOMEM;
	if (!get(spill, spill->amount, sizeof(*spill->amount), head->amounts) ||
	    !get(spill, spill->earlier, sizeof(*spill->earlier), head->earliers))
		return -EIO;
	spill->read++;
	*id = head->id;
	*name = head->name;
	return 1;
}

int nfm_report_spill_take(struct nfm_report_spill *spill, struct nfm_report_batch *batch)
{
	const struct nfm_snapshot_earlier *earlier = spill->earlier;
	int err = 0;

	for (uint32_t i = 0; i < spill->head.amounts && !err; i++) {
		err = nfm_report_batch_add(batch, &spill->amount[i], earlier);
		earlier += spill->amount[i].earlier;
	}
	return err;
}
