// reasons - xxx-state-reasons as one comma-separated text: "job-incoming,job-fetchable"; empty
// stands for 'none'.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_REASONS_H
#define PB_PRINT_REASONS_H

#include "ipp/message.h"

#define PB_REASONS_SIZE 512

bool pb_reasons_has(const char *reasons, const char *keyword);
bool pb_reasons_add(char        reasons[PB_REASONS_SIZE],
                    const char *keyword);  // false: no room; twice is once
void pb_reasons_remove(char reasons[PB_REASONS_SIZE], const char *keyword);

// To and from 1setOf keyword.  Only well-formed keywords are read; 'none' is left out, what has no
// room too.
void pb_reasons_to_ipp(const char *reasons, ipp_t *message, ipp_tag_t group, const char *name);
void pb_reasons_from_ipp(ipp_attribute_t *attribute, char reasons_out[PB_REASONS_SIZE]);

#endif
