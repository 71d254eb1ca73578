/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NFM_VIEW_VERSION_H
#define NFM_VIEW_VERSION_H

#ifndef NFM_VERSION
#define NFM_VERSION "unversioned" /* the Makefile says */
#endif

#endif
