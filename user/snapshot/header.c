// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/header.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "snapshot/format.h"

static int damaged(struct nfm_error *error, const char *path, const char *what)
{
	return nfm_error_set(error, -EBADMSG,
			     "%s: %s: no whole snapshot file; take it from a copy, or leave it out",
			     path, what);
}

static int read_at_start(int fd, void *buf, size_t size, size_t *len)
{
	char *p = buf;

	*len = 0;
	while (*len < size) {
		ssize_t n = pread(fd, p + *len, size - *len, (off_t)*len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		*len += (size_t)n;
	}
	return 0;
}

/* What holds for the header of every version. */
static int verify_frame(const uint8_t *bytes, size_t len, const char *path,
			struct nfm_error *error)
{
	struct nfm_snapshot_header_v1 h; /* the smallest */
	uint32_t size, version;
	uint64_t sum_le;

	if (len < sizeof(h))
		return damaged(error, path, "it is shorter than a header");
	memcpy(&h, bytes, sizeof(h));
	if (memcmp(h.magic, NFM_SNAPSHOT_MAGIC, sizeof(h.magic)))
		return damaged(error, path, "it does not begin as a snapshot does");
	size = le32toh(h.header_size_le);
	version = le32toh(h.version_le);
	if (size < sizeof(h) || size > len)
		return damaged(error, path, "the header's size is wrong");
	memcpy(&sum_le, bytes + size - sizeof(sum_le), sizeof(sum_le));
	if (le64toh(sum_le) != XXH3_64bits(bytes, size - sizeof(sum_le)))
		return damaged(error, path, "the header's checksum is wrong");
	if (version > NFM_SNAPSHOT_VERSION)
		return nfm_error_set(error, -EPROTONOSUPPORT,
				     "%s: written in format %u, and this nfmeter reads up to %u: "
				     "upgrade nfmeter to read it",
				     path, version, NFM_SNAPSHOT_VERSION);
	if (!version || size != (version == 1 ? sizeof(h) : sizeof(struct nfm_snapshot_header)))
		return damaged(error, path, "the header's version is wrong");
	return 0;
}

/* What stands in the headers of both versions, in the same place: their first 64 bytes. */
static void take_common(const uint8_t *bytes, struct nfm_header *out)
{
	struct nfm_snapshot_header_v1 h;

	memcpy(&h, bytes, sizeof(h));
	*out = (struct nfm_header){
		.meta.epoch = le64toh(h.epoch_le),
		.meta.from_unix_ns = le64toh(h.from_unix_ns_le),
		.meta.to_unix_ns = le64toh(h.to_unix_ns_le),
		.meta.interval_s = le32toh(h.interval_s_le),
		.meta.flags = le32toh(h.flags_le),
		.version = le32toh(h.version_le),
		.size = le32toh(h.header_size_le),
	};
	memcpy(out->meta.identity, h.identity, sizeof(out->meta.identity));
}

static void take_header_v1(const uint8_t *bytes, struct nfm_header *out)
{
	struct nfm_snapshot_header_v1 h;

	memcpy(&h, bytes, sizeof(h));
	take_common(bytes, out);
	out->meta.slot_unix_ns = out->meta.from_unix_ns;
	out->payload_size = le64toh(h.payload_size_le);
	out->raw_size = le64toh(h.raw_size_le);
	out->customers = le64toh(h.customers_le);
	out->exporters = le64toh(h.exporters_le);
	out->reasons = le64toh(h.reasons_le);
	out->payload_xxh3 = le64toh(h.payload_xxh3_le);
}

static void take_header(const uint8_t *bytes, struct nfm_header *out)
{
	struct nfm_snapshot_header h;

	memcpy(&h, bytes, sizeof(h));
	take_common(bytes, out);
	out->meta.slot_unix_ns = le64toh(h.slot_unix_ns_le);
	out->meta.earlier_slots = le32toh(h.earlier_slots_le);
	out->meta.gap_count = le32toh(h.gap_count_le);
	out->customers = le64toh(h.customers_le);
	out->exporters = le64toh(h.exporters_le);
	out->reasons = le64toh(h.reasons_le);
	out->others_at = le64toh(h.others_at_le);
	out->foot_at = le64toh(h.foot_at_le);
	out->foot_size = le64toh(h.foot_size_le);
	out->foot_xxh3 = le64toh(h.foot_xxh3_le);
	for (unsigned int i = 0; i < NFM_SNAPSHOT_GAPS; i++) {
		out->meta.gap[i].from_unix_ns = le64toh(h.gap[i].from_unix_ns_le);
		out->meta.gap[i].to_unix_ns = le64toh(h.gap[i].to_unix_ns_le);
	}
}

/* Whether the parts of the file stand where the header says, and are all of it. */
static bool lengths_valid(const struct nfm_header *h, uint64_t file_size)
{
	if (h->version == 1)
		return h->payload_size == file_size - h->size;
	return h->others_at >= h->size && h->foot_at >= h->others_at && h->foot_at <= file_size &&
	       h->foot_size == file_size - h->foot_at;
}

/* A good checksum says that the file is as it was written, not that we wrote it. */
static int verify_values(const struct nfm_header *h, uint64_t file_size, const char *path,
			 struct nfm_error *error)
{
	if (!lengths_valid(h, file_size))
		return damaged(error, path, "its length is not the one in its header");
	if ((h->raw_size > NFM_SNAPSHOT_RATIO_FREE &&
	     h->raw_size / NFM_SNAPSHOT_MAX_RATIO > h->payload_size) ||
	    h->foot_size > NFM_SNAPSHOT_FOOT_MAX)
		return damaged(error, path, "it would unpack to more than any snapshot does");
	if (h->meta.from_unix_ns > h->meta.to_unix_ns)
		return damaged(error, path, "its interval ends before it starts");
	if (h->customers > NFM_SNAPSHOT_MAX_ENTRIES || h->exporters > NFM_SNAPSHOT_MAX_ENTRIES ||
	    h->reasons > NFM_SNAPSHOT_MAX_ENTRIES || h->meta.gap_count > NFM_SNAPSHOT_GAPS)
		return damaged(error, path, "it tells of more entries than a snapshot holds");
	return 0;
}

static int read_header(int fd, const char *path, struct nfm_header *out, struct nfm_error *error)
{
	uint8_t bytes[NFM_SNAPSHOT_HEADER_MAX];
	struct stat st;
	size_t len;
	int code;

	if (fstat(fd, &st))
		return nfm_error_set(error, -errno, "cannot read %s: %m", path);
	if (!S_ISREG(st.st_mode))
		return damaged(error, path, "it is no regular file");
	code = read_at_start(fd, bytes, sizeof(bytes), &len);
	if (code)
		return nfm_error_set(error, code, "cannot read %s: %s; look at the disk", path,
				     strerror(-code));
	code = verify_frame(bytes, len, path, error);
	if (code)
		return code;
	if (bytes[offsetof(struct nfm_snapshot_header, version_le)] == 1)
		take_header_v1(bytes, out);
	else
		take_header(bytes, out);
	return verify_values(out, (uint64_t)st.st_size, path, error);
}

int nfm_header_open(const char *path, struct nfm_header *out, int *fd, struct nfm_error *error)
{
	_cleanup_close_ int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct nfm_header header;
	int code;

	if (file < 0)
		return nfm_error_set(error, -errno, "cannot open %s: %m; check name and rights",
				     path);
	code = read_header(file, path, &header, error);
	if (code)
		return code;
	*out = header;
	*fd = NFM_STEAL_FD(file);
	return 0;
}

int nfm_snapshot_header_read(const char *path, struct nfm_snapshot_meta *out,
			     struct nfm_error *error)
{
	_cleanup_close_ int fd = -1;
	struct nfm_header header;
	int code = nfm_header_open(path, &header, &fd, error);

	if (!code)
		*out = header.meta;
	return code;
}
