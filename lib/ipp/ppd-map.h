// ppd-map - what job-options wants to know of a queue's PPD: its defaults, and what our choices
// stand for.  Lines of no other kind are looked at; libcups's PPD functions are not used
// (deprecated, gone in CUPS 3).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_PPD_MAP_H
#define PB_IPP_PPD_MAP_H

#include "base/error.h"

typedef struct pb_ppd_map pb_ppd_map_t;

// PB_REJECT: it is no PPD, or too long.
bool pb_ppd_map_open(const char *path, pb_ppd_map_t **map_out, pb_error_t *err) PB_MUST_USE;
void pb_ppd_map_close(pb_ppd_map_t *map);

const char *pb_ppd_map_get_default(const pb_ppd_map_t *map, const char *option);  // NULL: none
const char *pb_ppd_map_get(const pb_ppd_map_t *map, const char *option,
                           const char *choice);  // "keyword tray-1"; NULL

// The choices that have a line of that option, one after the other from *at 0 on; NULL: no more.
const char *pb_ppd_map_next(const pb_ppd_map_t *map, const char *option, size_t *at);

#endif
