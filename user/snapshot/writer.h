/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rotation needs of the writer beside snapshot/snapshot.h. */
#ifndef NFM_SNAPSHOT_WRITER_H
#define NFM_SNAPSHOT_WRITER_H

#include "snapshot/snapshot.h"

/** As nfm_snapshot_writer_customer() with the bytes that nfm_encode_customer() makes of it. */
int nfm_snapshot_writer_encoded(struct nfm_snapshot_writer *w, const uint8_t *entry, size_t size);

#endif
