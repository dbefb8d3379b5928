// line - the one way in which anything gets into a PPD: a line of known shape.  Keywords are ours
// and checked; what comes from the cloud may be a name (checked), a translation or a quoted text
// (escaped, cut), and nothing else. No line is longer than 255 bytes, as the specification has it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PPD_LINE_H
#define PB_PPD_LINE_H

#include "base/buffer.h"
#include "ipp/strings.h"

#define PB_PPD_LINE_MAX 255

// After the first failure the others do nothing.
typedef struct pb_ppd_out
{
  pb_buffer_t *buffer;
  pb_error_t  *err;
  bool         has_failed;
  // A PPD of several languages (cupsLanguages) has its own texts in ISO Latin 1, and those of its
  // options in ASCII; only lines with a language are UTF-8.
  bool                is_multilingual;
  const pb_strings_t *names;     // English names of the printer's own; NULL: ours alone
  bool                has_lost;  // a text of an option that is not in ASCII
} pb_ppd_out_t;

enum pb_ppd_value
{
  PB_PPD_NAME,  // bare: letters, digits and "._-"
  PB_PPD_LIST,  // bare: names, "*", numbers and blanks, as OrderDependency has them; ours, checked
  PB_PPD_TEXT,  // quoted text of anybody's, escaped and cut
  PB_PPD_CODE   // quoted: ours, printable ASCII without quotes, checked
};

struct pb_ppd_line
{
  const char       *keyword;  // without the "*"
  const char       *option;   // NULL: none; a name
  const char       *text;     // translation behind the option, anybody's; NULL: none
  enum pb_ppd_value kind;
  const char       *value;
  const char       *language;  // "*de.Duplex ..."; NULL: none; "de", "pt_BR"
};
// PB_BUG: a keyword, name or code that is not one.
void pb_ppd_put(pb_ppd_out_t *out, const struct pb_ppd_line *line);

// The shapes that are used most.
void pb_ppd_put_name(pb_ppd_out_t *out, const char *keyword, const char *name);
void pb_ppd_put_text(pb_ppd_out_t *out, const char *keyword, const char *text);
void pb_ppd_put_code(pb_ppd_out_t *out, const char *keyword, const char *code);
void pb_ppd_put_list(pb_ppd_out_t *out, const char *keyword, const char *option, const char *list);

bool pb_ppd_is_name(const char *text);      // 1 to 40 letters, digits and "._-"
bool pb_ppd_is_language(const char *text);  // "de", "fil", "pt_BR"

#endif
