// choice - what a choice of a PPD stands for: its IPP value, the name and the text that are made of
// the value, and the one line that maps the choice back.  The writer of PPDs and job-options share
// these, so that a choice travels home as the value that it was made of.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_CHOICE_H
#define PB_IPP_CHOICE_H

#include "ipp/message.h"

#define PB_CHOICE_NAME_SIZE 41  // PPD_MAX_NAME: an option's or choice's keyword
#define PB_CHOICE_TEXT_SIZE 81  // PPD_MAX_TEXT: what a person reads
#define PB_CHOICE_MAP_SIZE 169  // such that a line with two keywords stays below 256
#define PB_CHOICE_SAME_SIZE 18  // 1/100 mm, half a point: print servers tell sizes in whole points
#define PB_CHOICE_VENDOR "pbv"  // begins options of our PPDs that stand for a vendor's attribute
#define PB_CHOICE_MAP_ATTRIBUTE "Attribute"  // *pbMapAttribute OPTION: "name ATTRIBUTE" says which
#define PB_CHOICE_MAP "pbMap"                // *pbMapOPTION CHOICE: "value"

// Which job attribute an option of our PPDs stands for.
struct pb_choice_option
{
  const char *option;     // "InputSlot"
  const char *attribute;  // "media-source": a job template attribute, or a member of media-col or
                          // finishings-col
  const char *text;       // "Media Source"
  bool        is_media;   // a member of media-col
  bool        is_shy;     // the queue's default is sent only when it is not the printer's own
};
// All of them: options[0..count).
const struct pb_choice_option *pb_choice_options(size_t *count_out);
const struct pb_choice_option *pb_choice_find_option(const char *option);  // NULL: none of ours

struct pb_choice_margins
{
  int bottom, left, right, top;  // 1/100 mm
};

struct pb_choice_value
{
  ipp_tag_t
    tag;  // KEYWORD, NAME, ENUM, INTEGER, RESOLUTION; BEGIN_COLLECTION: a media-size with margins
  char                     text[129];  // keyword, name; of a size its PWG name or ""
  int                      number;     // enum, integer
  int                      x, y;       // resolution, size in 1/100 mm
  ipp_res_t                units;
  struct pb_choice_margins margins;
};

// False: a syntax that no choice can stand for, or a text that is too long or not printable.
bool pb_choice_value_get(ipp_attribute_t *attribute, int element,
                         struct pb_choice_value *value_out) PB_MUST_USE;
bool pb_choice_value_is_equal(const struct pb_choice_value *a, const struct pb_choice_value *b);
// Adds it to a message as a value of that attribute; a size gives its media-size member and
// margins.  False: no memory.
bool pb_choice_value_add(const struct pb_choice_value *value, const char *attribute, ipp_t *to,
                         ipp_tag_t group) PB_MUST_USE;

// The reverse map: printable ASCII without quotes, < and >.  parse takes nothing that format does
// not make.
bool pb_choice_map_format(const struct pb_choice_value *value, bool is_printers_default,
                          char map_out[PB_CHOICE_MAP_SIZE]) PB_MUST_USE;
bool pb_choice_map_parse(const char *map, struct pb_choice_value *value_out,
                         bool *is_printers_default_out) PB_MUST_USE;

// The choice's keyword: letters, digits, '.', '-' and '_'; never empty.  What libcups makes of it
// is the IPP keyword again ("by-pass-tray" is "ByPassTray") where the keyword allows it; two values
// may have the same name.
void pb_choice_format_name(const char *attribute, const struct pb_choice_value *value,
                           char name_out[PB_CHOICE_NAME_SIZE]);
// English for people ("Tray 1", "Staple Top Left"); a name is its own text.
void pb_choice_format_text(const char *attribute, const struct pb_choice_value *value,
                           char text_out[PB_CHOICE_TEXT_SIZE]);

// The option that a finishings value belongs to ("StapleLocation"); never NULL.
const char *pb_choice_option_for_finishing(int finishing);

#endif
