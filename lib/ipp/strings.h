// strings - what attributes and their values are called in one language: a message catalog as
// printers give it out (printer-strings-uri, PWG 5100.13: a NeXT/Apple .strings file,
// "sides.one-sided" = "Einseitig";).  Texts are bounded, printable and of one line; what is not is
// left out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_STRINGS_H
#define PB_IPP_STRINGS_H

#include "base/buffer.h"

#define PB_STRINGS_FILE_MAX (256 * 1024)  // the largest printers' have 100 KB
#define PB_STRINGS_COUNT_MAX 4000
#define PB_STRINGS_KEY_SIZE 256
#define PB_STRINGS_TEXT_SIZE 256

typedef struct pb_strings pb_strings_t;

pb_strings_t *pb_strings_new(void);  // empty; NULL: out of memory
void          pb_strings_free(pb_strings_t *strings);

// A file's bytes, UTF-8 or (by its mark) UTF-16.  PB_REJECT: not one; PB_RETRY: out of memory.
bool pb_strings_parse(const void *bytes, size_t size, pb_strings_t **strings_out,
                      pb_error_t *err) PB_MUST_USE;
// As UTF-8; initializes the buffer.
bool pb_strings_format(const pb_strings_t *strings, pb_buffer_t *text_out,
                       pb_error_t *err) PB_MUST_USE;

// value NULL: the attribute itself.  What is there already, is not printable or is beyond the cap
// is left out; a text that is too long is cut.  False: out of memory.
bool pb_strings_add(pb_strings_t *strings, const char *attribute, const char *value,
                    const char *text) PB_MUST_USE;
// NULL: not there.
const char *pb_strings_find(const pb_strings_t *strings, const char *attribute, const char *value);
size_t      pb_strings_count(const pb_strings_t *strings);
// By number, in the order of their keys; borrowed.
void pb_strings_get(const pb_strings_t *strings, size_t number, const char **key_out,
                    const char **text_out);

// Natural languages (RFC 5646), as far as messages have them: "de", "pt-br"; lower case.
#define PB_LANGUAGE_SIZE 16
bool pb_strings_is_language(const char *language);

#endif
