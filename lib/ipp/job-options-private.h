// job-options-private - between the files of job-options: what is wanted of a job, gathered from
// the most to the least explicit; what is there already stays.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_JOB_OPTIONS_PRIVATE_H
#define PB_IPP_JOB_OPTIONS_PRIVATE_H

#include "choice.h"
#include "job-options.h"
#include "ppd-map.h"

#define PB_FINISHINGS_MAX 32
#define PB_FINISHING_NONE 3

struct pb_wanted
{
  const struct pb_job_options *in;
  cups_option_t               *options;
  int                          count;
  const pb_ppd_map_t          *ppd;    // NULL: none
  ipp_t                       *job;    // job attributes, group JOB
  ipp_t                       *media;  // members of media-col, no group
  int                          finishings[PB_FINISHINGS_MAX];
  int                          finishings_count;
  bool                         has_finishings;   // told, be it "none"
  char                         media_name[128];  // a medium that the printer knows by a name alone
  bool                         has_no_memory;
};

void pb_wanted_drop(struct pb_wanted *wanted, const char *name, const char *value, const char *why);
// As an attribute of the job, or of media, finishings, finishings-col, if nothing is there yet.
void pb_wanted_add(struct pb_wanted *wanted, const struct pb_choice_option *option,
                   const struct pb_choice_value *value);
void pb_wanted_add_value(struct pb_wanted *wanted, const char *attribute,
                         const struct pb_choice_value *value);
void pb_wanted_add_finishing(struct pb_wanted *wanted, int finishing);
bool pb_wanted_has(const struct pb_wanted *wanted, const char *attribute);
// One value for keyword or name, as the printer lists it.
void pb_wanted_make_word(const struct pb_wanted *wanted, const char *attribute, const char *word,
                         struct pb_choice_value *value_out);

// By the choices of a PPD: those named in the options, then its defaults.
void pb_wanted_add_choices(struct pb_wanted *wanted);
void pb_wanted_add_defaults(struct pb_wanted *wanted);
// What a choice stands for: by the PPD's map, else by the printer's values.  False: nothing.
bool pb_wanted_find_choice(const struct pb_wanted *wanted, const struct pb_choice_option *option,
                           const char *choice, struct pb_choice_value *value_out,
                           bool *is_printers_default_out);
bool pb_wanted_is_choice_option(const struct pb_wanted *wanted, const char *name);

// By IPP's and CUPS's own names: sides, page-ranges, fit-to-page ...
void pb_wanted_add_named(struct pb_wanted *wanted);
// What the queue's filters have done already.
bool pb_wanted_has_filtered_pages(const struct pb_wanted *wanted);
bool pb_wanted_has_filtered_layout(const struct pb_wanted *wanted);

// "A4", "iso_a4_210x297mm", "Custom.10x20cm" -> a size without margins.
bool pb_wanted_parse_size(const char *text, struct pb_choice_value *value_out);
void pb_wanted_add_media(struct pb_wanted *wanted, const char *list);  // media=A4,tray-1,labels

#endif
