// attributes - the tables of what may cross: each attribute with its group, syntax and bounds.
// Attributes are typed, bounded and checked here where they enter; a bad value is dropped and
// named, the rest stays.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_ATTRIBUTES_H
#define PB_IPP_ATTRIBUTES_H

#include "ipp/message.h"

enum pb_attribute_set
{
  PB_ATTRIBUTES_JOB_TEMPLATE,  // what a client may ask of a job: copies, sides, media-col ...
  PB_ATTRIBUTES_DEVICE  // what a proxy may report of a device: xxx-supported/-default/-ready,
                        // state, supplies
};

// Copy what the table allows from one message group to another, checked value by value.  Each that
// is refused is handed to `refused` (may be NULL) with the reason, and the copy goes on.  Sparse
// names ("media-col-database.3-5") and delete-attribute values pass in the DEVICE set.  Returns the
// number copied, -1 when out of memory.
typedef void (*pb_attribute_refused_t)(void *user, ipp_attribute_t *attribute, const char *why);
int pb_attributes_copy(enum pb_attribute_set set, ipp_t *from, ipp_tag_t from_group, ipp_t *to,
                       ipp_tag_t to_group, pb_attribute_refused_t refused, void *user);

bool pb_attributes_has(enum pb_attribute_set set, const char *name);

// An option of a local queue's PPD that no IPP attribute stands for crosses as
// PB_ATTRIBUTES_PPD_PREFIX and its keyword in lower case (CUPS does not tell the cases apart).
#define PB_ATTRIBUTES_PPD_PREFIX "x-ppd-"
bool pb_attributes_is_vendor(const char *name);  // that, "smi32473-..." or "com.example-..."

// What a queue's PPD calls its options and choices crosses as PB_ATTRIBUTES_STRINGS_PREFIX and a
// natural language, "KEY=TEXT" each.  The language of such an attribute; NULL: it is none.
#define PB_ATTRIBUTES_STRINGS_PREFIX "printbridge-strings-"
const char *pb_attributes_get_strings_language(const char *name);

// Is the job template attribute's value among what the printer says it supports (xxx-supported,
// ranges, members of media-col, resolutions)?  True when the printer does not say.  `why` may be
// NULL.
bool pb_attributes_is_supported(ipp_t *printer, ipp_attribute_t *attribute, char *why,
                                size_t why_size);

// Values in a 1setOf of a message group are the same?  For "what changed" in sparse updates.
bool pb_attributes_is_equal(ipp_attribute_t *a, ipp_attribute_t *b);
// Deep copy of one attribute into another message's group; one of a syntax that does not exist, and
// members of such, are left out.  False: out of memory.
bool pb_attributes_copy_one(ipp_attribute_t *attribute, ipp_t *to, ipp_tag_t to_group);

#endif
