// model - what a printer can do, as the options and choices of a PPD: made from IPP attributes,
// bounded, each name once.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PPD_MODEL_H
#define PB_PPD_MODEL_H

#include "ipp/choice.h"

#define PB_PPD_OPTIONS_MAX 64
#define PB_PPD_VENDORS_MAX 32
#define PB_PPD_CHOICES_MAX 400  // of one option; a printer with all of the registry's sizes has 250

enum pb_ppd_format
{
  PB_PPD_PDF,
  PB_PPD_PWG,
  PB_PPD_URF,
  PB_PPD_POSTSCRIPT,
  PB_PPD_JPEG,
  PB_PPD_NO_FORMAT  // none that we can make: what comes is sent as it is
};

struct pb_ppd_choice
{
  struct pb_choice_value value;
  char                   name[PB_CHOICE_NAME_SIZE];
};

struct pb_ppd_option
{
  const struct pb_choice_option *row;
  struct pb_ppd_choice          *choices;
  size_t                         count;
  size_t                         first;        // the PPD's default
  bool                           has_default;  // it is the printer's own, too
};

struct pb_ppd_custom
{
  bool                     is_there;
  int                      min_x, min_y, max_x, max_y;  // 1/100 mm
  struct pb_choice_margins margins;
};

// An option that stands for a vendor's attribute ("smi32473-stamp", "x-ppd-tonersave").
struct pb_ppd_vendor
{
  struct pb_choice_option row;  // of the texts below
  char                    option[PB_CHOICE_NAME_SIZE];
  char                    attribute[129];
  char                    text[PB_CHOICE_TEXT_SIZE];
};

typedef struct pb_ppd_model
{
  ipp_t               *attributes;  // the printer's, checked; owned
  enum pb_ppd_format   format;
  bool                 is_color;
  struct pb_ppd_option options[PB_PPD_OPTIONS_MAX];
  size_t               count;
  struct pb_ppd_custom custom;
  struct pb_ppd_vendor vendors[PB_PPD_VENDORS_MAX];
  size_t               vendors_count;
} pb_ppd_model_t;

// From a Get-Printer-Attributes response.  PB_REJECT: no media size at all; PB_RETRY: out of
// memory.
bool pb_ppd_model_new(ipp_t *attributes, pb_ppd_model_t **model_out, pb_error_t *err) PB_MUST_USE;
void pb_ppd_model_free(pb_ppd_model_t *model);

// NULL: the printer has no choice there.
const struct pb_ppd_option *pb_ppd_model_find_option(const pb_ppd_model_t *model,
                                                     const char           *option);
// The choice that stands for one value of a job attribute ("sides", or "media-source" of
// media-col); NULL: none.
const struct pb_ppd_choice *pb_ppd_model_find_choice(const pb_ppd_model_t *model,
                                                     ipp_attribute_t *attribute, int element,
                                                     const struct pb_ppd_option **option_out);

// --- between the files of the model

// A value that is there already, or beyond the cap, is left out.  False: out of memory.
bool pb_ppd_option_add(struct pb_ppd_option         *option,
                       const struct pb_choice_value *value) PB_MUST_USE;
// Is it among the attribute's values (NULL: none), a name being as good as a keyword?
bool pb_ppd_is_value_at(ipp_attribute_t *at, const struct pb_choice_value *value);
void pb_ppd_option_find_first(struct pb_ppd_option *option, ipp_t *attributes);
void pb_ppd_model_find_vendors(pb_ppd_model_t *model);
bool pb_ppd_option_add_sizes(struct pb_ppd_option *option, ipp_t *attributes,
                             struct pb_ppd_custom *custom) PB_MUST_USE;

#endif
