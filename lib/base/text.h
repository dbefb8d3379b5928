// text - bounded strings, and the encodings of bytes as text.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_TEXT_H
#define PB_BASE_TEXT_H

#include "base/error.h"
#include <stdint.h>

// Copy with a terminating NUL; false when it was cut (always at a UTF-8 boundary).  src NULL counts
// as "".
bool  pb_text_copy(char *dst, size_t dst_size, const char *src);
bool  pb_text_format(char *dst, size_t dst_size, const char *format, ...) PB_PRINTF(3, 4);
char *pb_text_dup(const char *src);                           // NULL for NULL, or out of memory
char *pb_text_dup_size(const char *src, size_t size);         // size bytes and a NUL
bool  pb_text_is_equal(const char *a, const char *b);         // NULL equals NULL only
bool  pb_text_is_equal_nocase(const char *a, const char *b);  // ASCII
bool  pb_text_has_prefix(const char *text, const char *prefix);
bool  pb_text_is_utf8(const char *text, size_t size);  // valid UTF-8 without NUL
bool  pb_text_is_printable(const char *text);  // valid UTF-8, no control characters (C0, DEL, C1)
char *pb_text_trim(char *text);                // in place; returns the first non-blank

// Copy so that it can be shown on one line: control characters and bad UTF-8 become \xNN; cut at
// dst_size.
void pb_text_escape(char *dst, size_t dst_size, const char *src, size_t src_size);

// Whole-string numbers; false when empty, signed wrongly, out of range or followed by anything.
bool pb_text_parse_int(const char *text, int64_t min, int64_t max, int64_t *value_out);

// "10s" "5m" "2h" "7d" or bare seconds -> ms; "64K" "8M" "1G" or bare bytes -> bytes.
bool pb_text_parse_duration_ms(const char *text, int64_t *ms_out);
bool pb_text_parse_size_bytes(const char *text, int64_t *bytes_out);

// dst gets 2*size+1 bytes.
void pb_text_format_hex(char *dst, const uint8_t *bytes, size_t size);
bool pb_text_parse_hex(const char *text, uint8_t *bytes, size_t size);  // exactly size bytes

// Base64; url: the alphabet of RFC 4648 s5 without padding.  Both give malloc'd memory; NULL: out
// of it (errno ENOMEM), or bad (EINVAL).
char    *pb_text_format_base64(const void *bytes, size_t size, bool url);
uint8_t *pb_text_parse_base64(const char *text, size_t text_size, bool url, size_t *size_out);

// A random version 4 UUID as "urn:uuid:..." (45 characters); is_uuid wants exactly that form, lower
// or upper case.
#define PB_UUID_SIZE 46
void pb_text_make_uuid(char dst[PB_UUID_SIZE]);
bool pb_text_is_uuid(const char *text);

#endif
