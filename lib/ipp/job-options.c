// job-options - puts together what is wanted, and lets through what the job template and the
// printer allow.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "job-options-private.h"

#include "attributes.h"
#include "base/text.h"
#include <string.h>

#define JOB IPP_TAG_JOB
#define OPTIONS_MAX 1024
#define PASSWORD_MAX 255

void
pb_wanted_drop(struct pb_wanted *wanted, const char *name, const char *value, const char *why)
{
  if (wanted->in->dropped != NULL)
    wanted->in->dropped(wanted->in->user, name, value, why);
}

bool
pb_wanted_has(const struct pb_wanted *wanted, const char *attribute)
{
  return ippFindAttribute(wanted->job, attribute, IPP_TAG_ZERO) != NULL ||
         ippFindAttribute(wanted->media, attribute, IPP_TAG_ZERO) != NULL;
}

void
pb_wanted_add_finishing(struct pb_wanted *wanted, int finishing)
{
  wanted->has_finishings = true;
  for (int i = 0; i < wanted->finishings_count; i++)
  {
    if (wanted->finishings[i] == finishing)
      return;
  }
  if (finishing != PB_FINISHING_NONE && wanted->finishings_count < PB_FINISHINGS_MAX)
    wanted->finishings[wanted->finishings_count++] = finishing;
}

static void
add_media_member(struct pb_wanted *wanted, const char *attribute,
                 const struct pb_choice_value *value)
{
  struct pb_choice_value known = *value;
  bool has_margins             = value->tag == IPP_TAG_BEGIN_COLLECTION && value->margins.top >= 0;

  if (value->tag == IPP_TAG_BEGIN_COLLECTION && !has_margins)
    known.margins = (struct pb_choice_margins){0};
  if (!pb_choice_value_add(&known, attribute, wanted->media, IPP_TAG_ZERO))
    wanted->has_no_memory = true;
  if (value->tag != IPP_TAG_BEGIN_COLLECTION)
    return;
  if (value->text[0] != '\0')
    pb_text_copy(wanted->media_name, sizeof(wanted->media_name), value->text);
  static const char *const margins[] = {"media-bottom-margin", "media-left-margin",
                                        "media-right-margin", "media-top-margin"};
  for (size_t i = 0; !has_margins && i < sizeof(margins) / sizeof(margins[0]); i++)
    ippDeleteAttribute(wanted->media, ippFindAttribute(wanted->media, margins[i], IPP_TAG_INTEGER));
}

static void
add_template(struct pb_wanted *wanted, const struct pb_choice_value *value)
{
  ipp_t *col = NULL;

  if (strcmp(value->text, "none") == 0)
    return;
  col = ippNew();
  if (col == NULL || !pb_choice_value_add(value, "finishing-template", col, IPP_TAG_ZERO) ||
      ippAddCollection(wanted->job, JOB, "finishings-col", col) == NULL)
    wanted->has_no_memory = true;
  ippDelete(col);
}

void
pb_wanted_add_value(struct pb_wanted *wanted, const char *attribute,
                    const struct pb_choice_value *value)
{
  bool is_media = strcmp(attribute, "media-source") == 0 || strcmp(attribute, "media-type") == 0 ||
                  strcmp(attribute, "media-size") == 0;

  if (pb_wanted_has(wanted, attribute))
    return;
  if (is_media)
    add_media_member(wanted, attribute, value);
  else if (!pb_choice_value_add(value, attribute, wanted->job, JOB))
    wanted->has_no_memory = true;
}

// Pages that the queue's filters have arranged are not arranged again.
static bool
is_done(const struct pb_wanted *wanted, const char *attribute)
{
  static const char *const pages[] = {"multiple-document-handling", "page-delivery",
                                      "presentation-direction-number-up"};

  if (strcmp(attribute, "print-scaling") == 0)
    return pb_wanted_has_filtered_layout(wanted);
  for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
  {
    if (strcmp(pages[i], attribute) == 0)
      return pb_wanted_has_filtered_pages(wanted);
  }
  return false;
}

void
pb_wanted_add(struct pb_wanted *wanted, const struct pb_choice_option *option,
              const struct pb_choice_value *value)
{
  if (is_done(wanted, option->attribute))
    return;
  if (strcmp(option->attribute, "finishings") == 0)
    pb_wanted_add_finishing(wanted, value->number);
  else if (strcmp(option->attribute, "finishing-template") != 0)
    pb_wanted_add_value(wanted, option->attribute, value);
  else if (!pb_wanted_has(wanted, "finishings-col"))
    add_template(wanted, value);
}

// --- what goes together

static bool
is_listed(const struct pb_wanted *wanted, const char *attribute)
{
  return wanted->in->printer == NULL ||
         pb_ipp_find(wanted->in->printer, IPP_TAG_PRINTER, attribute, IPP_TAG_ZERO) != NULL;
}

static ipp_attribute_t *
find_unsupported(struct pb_wanted *wanted, ipp_attribute_t *members, char *why, size_t size)
{
  ipp_attribute_t *at = ippFirstAttribute(wanted->media);

  for (; at != NULL; at = ippNextAttribute(wanted->media))
  {
    if (members != NULL && !ippContainsString(members, ippGetName(at)))
      pb_text_copy(why, size, "the printer does not take it");
    else if (pb_attributes_is_supported(wanted->in->printer, at, why, size))
      continue;
    return at;
  }
  return NULL;
}

// A member that the printer does not know would cost the whole of media-col.
static void
drop_media_members(struct pb_wanted *wanted)
{
  ipp_attribute_t *members = NULL, *at = NULL;
  char             why[256] = "";

  if (wanted->in->printer == NULL)
    return;
  members =
    pb_ipp_find(wanted->in->printer, IPP_TAG_PRINTER, "media-col-supported", IPP_TAG_KEYWORD);
  while ((at = find_unsupported(wanted, members, why, sizeof(why))) != NULL)
  {
    char value[256];

    ippAttributeString(at, value, sizeof(value));
    // That margins are not told is no loss to who did not ask for them.
    if (strstr(ippGetName(at), "-margin") == NULL)
      pb_wanted_drop(wanted, ippGetName(at), value, why);
    ippDeleteAttribute(wanted->media, at);
  }
}

static void
add_media(struct pb_wanted *wanted)
{
  bool has_size = ippFindAttribute(wanted->media, "media-size", IPP_TAG_ZERO) != NULL;

  drop_media_members(wanted);
  // Sent as a collection where that is known, else by name (PWG 5100.7: never both).
  if (ippFirstAttribute(wanted->media) != NULL && is_listed(wanted, "media-col-supported") &&
      (has_size || wanted->media_name[0] == '\0'))
  {
    if (ippAddCollection(wanted->job, JOB, "media-col", wanted->media) == NULL)
      wanted->has_no_memory = true;
    return;
  }
  if (wanted->media_name[0] != '\0' && ippAddString(wanted->job, JOB, IPP_TAG_KEYWORD, "media",
                                                    /*language*/ NULL, wanted->media_name) == NULL)
    wanted->has_no_memory = true;
}

// Nor these two together (PWG 5100.1 s5.2).
static void
add_finishings(struct pb_wanted *wanted)
{
  static const int none = PB_FINISHING_NONE;

  if (!wanted->has_finishings)
    return;
  if (ippFindAttribute(wanted->job, "finishings-col", IPP_TAG_ZERO) != NULL)
  {
    if (wanted->finishings_count > 0)
      pb_wanted_drop(wanted, "finishings", "", "a finishing template was chosen");
    return;
  }
  if (ippAddIntegers(wanted->job, JOB, IPP_TAG_ENUM, "finishings",
                     wanted->finishings_count > 0 ? wanted->finishings_count : 1,
                     wanted->finishings_count > 0 ? wanted->finishings : &none) == NULL)
    wanted->has_no_memory = true;
}

static void
add_copies(struct pb_wanted *wanted)
{
  ipp_t *printer = wanted->in->printer;
  int    copies  = wanted->in->copies < 1 ? 1 : wanted->in->copies;

  if (pb_wanted_has_filtered_pages(wanted))
    return;
  if (copies == 1 && pb_ipp_int(printer, IPP_TAG_PRINTER, "copies-default", 1) == 1)
    return;
  if (ippAddInteger(wanted->job, JOB, IPP_TAG_INTEGER, "copies", copies) == NULL)
    wanted->has_no_memory = true;
}

// --- job-password (PWG 5100.11 s6.1.1): an operation attribute.  A job that was meant to wait for
// its PIN is not sent without.

// The first of the printer's that we can make; plain where it takes that: it travels by TLS only.
static const char *
choose_encryption(const struct pb_wanted *wanted)
{
  const char      *asked = cupsGetOption("job-password-encryption", wanted->count, wanted->options);
  ipp_attribute_t *at    = NULL;

  if (asked != NULL)
    return asked;
  if (wanted->in->printer != NULL)
    at = pb_ipp_find(wanted->in->printer, IPP_TAG_PRINTER, "job-password-encryption-supported",
                     IPP_TAG_KEYWORD);
  if (at == NULL || ippContainsString(at, "none"))
    return "none";
  for (int i = 0; i < ippGetCount(at); i++)
  {
    unsigned char hash[64];

    if (cupsHashData(ippGetString(at, i, /*language*/ NULL), "any", 3, hash, sizeof(hash)) > 0)
      return ippGetString(at, i, /*language*/ NULL);
  }
  return "none";
}

static bool
refuse_password(const char *why, pb_error_t *err)
{
  return pb_error_set(err, PB_REJECT, "the job's PIN (job-password): %s", why);
}

static bool
add_password(struct pb_wanted *wanted, ipp_t *request, pb_error_t *err)
{
  const char   *password   = cupsGetOption("job-password", wanted->count, wanted->options);
  const char   *encryption = NULL;
  unsigned char hash[64];
  ssize_t       size = 0;
  int           max  = PASSWORD_MAX;

  if (password == NULL || password[0] == '\0')
    return true;
  if (wanted->in->printer != NULL)
    max = pb_ipp_int(wanted->in->printer, IPP_TAG_PRINTER, "job-password-supported", 0);
  encryption = choose_encryption(wanted);
  size       = (ssize_t)strlen(password);
  if (size > max)
    return refuse_password(
      max > 0 ? "it is longer than the printer takes" : "the printer takes none", err);
  if (strcmp(encryption, "none") != 0)
  {
    size = cupsHashData(encryption, password, (size_t)size, hash, sizeof(hash));
    if (size <= 0)
      return refuse_password("its encryption is not known", err);
    password = (const char *)hash;
  }
  return (ippAddOctetString(request, IPP_TAG_OPERATION, "job-password", password, (int)size) !=
            NULL &&
          ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "job-password-encryption",
                       /*language*/ NULL, encryption) != NULL) ||
         pb_error_set(err, PB_RETRY, "out of memory");
}

// --- out

static void
on_refused(void *user, ipp_attribute_t *attribute, const char *why)
{
  char value[256];

  ippAttributeString(attribute, value, sizeof(value));
  pb_wanted_drop(user, ippGetName(attribute), value, why);
}

static bool
copy_supported(struct pb_wanted *wanted, ipp_t *checked, ipp_t *request)
{
  for (ipp_attribute_t *at = ippFirstAttribute(checked); at != NULL; at = ippNextAttribute(checked))
  {
    char why[256] = "", value[256];

    if (ippGetName(at) == NULL)
      continue;
    if (wanted->in->printer == NULL ||
        pb_attributes_is_supported(wanted->in->printer, at, why, sizeof(why)))
    {
      if (!pb_attributes_copy_one(at, request, JOB))
        return false;
      continue;
    }
    ippAttributeString(at, value, sizeof(value));
    pb_wanted_drop(wanted, ippGetName(at), value, why);
  }
  return true;
}

static bool
copy_job(struct pb_wanted *wanted, ipp_t *request)
{
  ipp_t *checked = ippNew();
  bool   ok      = checked != NULL &&
            pb_attributes_copy(PB_ATTRIBUTES_JOB_TEMPLATE, wanted->job, JOB, checked, JOB,
                               on_refused, wanted) >= 0 &&
            copy_supported(wanted, checked, request);

  ippDelete(checked);
  return ok;
}

static void
gather(struct pb_wanted *wanted)
{
  pb_wanted_add_choices(wanted);
  pb_wanted_add_named(wanted);
  pb_wanted_add_defaults(wanted);
  add_media(wanted);
  add_finishings(wanted);
  add_copies(wanted);
}

static bool
add_all(struct pb_wanted *wanted, ipp_t *request, pb_error_t *err)
{
  return add_password(wanted, request, err) &&
         (copy_job(wanted, request) || pb_error_set(err, PB_RETRY, "out of memory"));
}

bool
pb_job_options_add(ipp_t *request, const struct pb_job_options *in, pb_error_t *err)
{
  struct pb_wanted wanted  = {.in = in, .job = ippNew(), .media = ippNew()};
  pb_ppd_map_t    *opened  = NULL;
  pb_error_t       ppd_err = {0};
  bool             is_made = wanted.job != NULL && wanted.media != NULL;
  bool             ok      = false;

  if (is_made)
  {
    wanted.count = cupsParseOptions(in->options != NULL ? in->options : "", 0, &wanted.options);
    if (in->ppd == NULL && in->ppd_path != NULL &&
        !pb_ppd_map_open(in->ppd_path, &opened, &ppd_err))
      pb_wanted_drop(&wanted, "ppd", in->ppd_path, ppd_err.message);
    wanted.ppd = in->ppd != NULL ? in->ppd : opened;
    gather(&wanted);
    is_made = !wanted.has_no_memory;
  }
  ok = is_made ? add_all(&wanted, request, err) : pb_error_set(err, PB_RETRY, "out of memory");
  pb_ppd_map_close(opened);
  cupsFreeOptions(wanted.count, wanted.options);
  ippDelete(wanted.job);
  ippDelete(wanted.media);
  return ok;
}
