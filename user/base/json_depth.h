/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NFM_JSON_DEPTH_H
#define NFM_JSON_DEPTH_H

#include <stdbool.h>

/**
 * Whether arrays and objects in a text of JSON stand in each other more than `most` deep. yajl
 * frees trees by functions that call themselves: nobody may send one that our stack does not hold.
 */
bool nfm_json_is_deeper(const char *text, unsigned int most);

#endif
