// ppd-lines - the lines of a local queue's PPD, taken apart; what is too long or no line of a
// keyword is passed over.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_PPD_LINES_H
#define PB_IPP_PPD_LINES_H

#include "base/error.h"
#include <stddef.h>

#define PB_PPD_LINE_NAME_SIZE 64
#define PB_PPD_LINE_TEXT_SIZE 256

// *LANGUAGE.KEYWORD NAME/TEXT: "VALUE"; what is not there is "".  OpenUI's name begins with '*'.
struct pb_ppd_line_parts
{
  char language[8];
  char keyword[PB_PPD_LINE_NAME_SIZE], name[PB_PPD_LINE_NAME_SIZE];
  char text[PB_PPD_LINE_TEXT_SIZE];   // as it is written
  char value[PB_PPD_LINE_TEXT_SIZE];  // its first line, without quotes; cut
};

// visit's false ends it: what it said.
bool pb_ppd_each_line(const char *text, size_t size,
                      bool (*visit)(void *user, const struct pb_ppd_line_parts *line),
                      void *user) PB_MUST_USE;

// A text with its <hex>; ISO Latin 1 where it is not UTF-8.  False: not printable then.
bool pb_ppd_line_decode(const char *text, bool is_utf8, char *dst, size_t dst_size) PB_MUST_USE;

#endif
