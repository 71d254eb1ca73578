/* SPDX-License-Identifier: GPL-2.0-only */
/* The entries of a snapshot file as bytes: see snapshot/format.h. */
#ifndef NFM_SNAPSHOT_ENCODE_H
#define NFM_SNAPSHOT_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "snapshot/snapshot.h"

/** Bytes that grow. It fails once and for good (-ENOMEM, -EINVAL): then nothing more is put. */
struct nfm_encoder {
	uint8_t *bytes;
	size_t used, size;
	int code;
};

void nfm_encode_varint(struct nfm_encoder *e, uint64_t value);

/** -EINVAL: longer than NFM_SNAPSHOT_MAX_STRING. */
void nfm_encode_string(struct nfm_encoder *e, const char *text);

void nfm_encode_count(struct nfm_encoder *e, const struct nfm_snapshot_count *count);

/** Lists are cut to what a file holds. */
void nfm_encode_earlier(struct nfm_encoder *e, const struct nfm_snapshot_earlier *earlier,
			uint32_t count);

void nfm_encode_customer(struct nfm_encoder *e, const struct nfm_snapshot_customer *customer);
void nfm_encode_exporter(struct nfm_encoder *e, const struct nfm_snapshot_exporter *exporter);
void nfm_encode_reason(struct nfm_encoder *e, const struct nfm_snapshot_reason *reason);

/** Bytes that are encoded already. */
void nfm_encode_bytes(struct nfm_encoder *e, const void *bytes, size_t len);

void nfm_encoder_free(struct nfm_encoder *e);

#endif
