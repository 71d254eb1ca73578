// SPDX-License-Identifier: GPL-2.0-only
/* Whose an nfdump file is: ours say so in their appendix. */
#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "snapshot/nfdump.h"
#include "snapshot/nfdump_format.h"

struct appendix {
	struct nfm_nfdump_ident ident;
	struct nfm_nfdump_stat stat;
} __attribute__((packed));

static bool read_at(int fd, void *to, size_t size, int64_t at)
{
	return pread(fd, to, size, at) == (ssize_t)size;
}

/* Whether `packed` is an appendix as long as ours, and no byte more. */
static bool unpack(int compression, const void *packed, size_t size, struct appendix *out)
{
	switch (compression) {
	case NFM_COMPRESSION_NONE:
		memcpy(out, packed, NFM_MIN(size, sizeof(*out)));
		return size == sizeof(*out);
	case NFM_COMPRESSION_LZ4:
		return LZ4_decompress_safe(packed, (char *)out, (int)size, sizeof(*out)) ==
		       (int)sizeof(*out);
	case NFM_COMPRESSION_ZSTD:
		return ZSTD_decompress(out, sizeof(*out), packed, size) == sizeof(*out);
	}
	return false;
}

bool nfm_nfdump_is_ours(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct nfm_nfdump_header header;
	struct nfm_nfdump_block block;
	struct appendix appendix;
	uint8_t packed[2 * sizeof(appendix)];
	int64_t at;

	if (fd < 0 || !read_at(fd, &header, sizeof(header), 0) ||
	    header.magic != NFM_NFDUMP_MAGIC || header.layout != NFM_NFDUMP_LAYOUT)
		return false;
	at = header.appendix_at;
	if (at < (int64_t)sizeof(header) || at > INT64_MAX - (int64_t)sizeof(block) ||
	    !read_at(fd, &block, sizeof(block), at) || block.size > sizeof(packed) ||
	    !read_at(fd, packed, block.size, at + (int64_t)sizeof(block)))
		return false;
	return unpack(header.compression, packed, block.size, &appendix) &&
	       appendix.ident.element.type == NFM_NFDUMP_IDENT &&
	       !memcmp(appendix.ident.text, NFM_NFDUMP_NAME, sizeof(NFM_NFDUMP_NAME));
}
