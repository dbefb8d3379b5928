// html - writes HTML; the only way to put text on a page, and it is always escaped.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PORTAL_HTML_H
#define PB_PORTAL_HTML_H

#include "base/buffer.h"

typedef struct pb_html
{
  pb_buffer_t *out;        // borrowed
  bool         is_failed;  // something did not fit: the page is not to be sent
} pb_html_t;

// `format` is markup and a literal.  %s is a text, escaped for content and for quoted attributes
// (NULL: nothing), %d an int, %% a percent sign; there is nothing else.
void pb_html_add(pb_html_t *html, const char *format, ...) PB_PRINTF(2, 3);

#endif
