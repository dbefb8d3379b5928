// form - application/x-www-form-urlencoded, both ways, and percent encoding for paths and queries.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_FORM_H
#define PB_NET_FORM_H

#include "base/buffer.h"

#define PB_FORM_FIELDS_MAX                                                                         \
  640  // an approval names up to 200 queues, and what each takes over in two fields

typedef struct pb_form pb_form_t;

// PB_REJECT: too many fields, bad escapes, NUL, not UTF-8.  A field given twice keeps both: get
// gives the first, is_repeated says so (OAuth forbids it, RFC 6749 s3.2).
bool        pb_form_parse(const char *text, size_t size, pb_form_t **form_out,
                          pb_error_t *err) PB_MUST_USE;
void        pb_form_free(pb_form_t *form);                         // wipes: forms carry passwords
const char *pb_form_get(const pb_form_t *form, const char *name);  // NULL when absent
bool        pb_form_is_repeated(const pb_form_t *form, const char *name);
size_t      pb_form_count(const pb_form_t *form);
const char *pb_form_name(const pb_form_t *form, size_t index);
const char *pb_form_value(const pb_form_t *form, size_t index);

// Append "name=value" escaped, with '&' before it when the buffer is not empty.
bool pb_form_append(pb_buffer_t *buffer, const char *name, const char *value,
                    pb_error_t *err) PB_MUST_USE;
bool pb_form_escape(pb_buffer_t *buffer, const char *text,
                    pb_error_t *err) PB_MUST_USE;  // percent encoding only

#endif
