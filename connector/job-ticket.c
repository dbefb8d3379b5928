// job-ticket - a cloud job's ticket against the local queue: which options it gets, whether its
// documents can be printed here, what is refused.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

// Names that could not be honoured, for the service and the log.
struct dropped
{
  pb_job_t *job;
  char      names[200];
};

static void
note_dropped(struct dropped *dropped, const char *name, const char *why)
{
  size_t used = strlen(dropped->names);

  pb_job_log(dropped->job, PB_LOG_WARN, "%s is not honoured: %s", name, why);
  pb_text_format(dropped->names + used, sizeof(dropped->names) - used, "%s%s", used > 0 ? ", " : "",
                 name);
}

// Fetch-Job tells the job's description in the same group; that is no option.
static bool
is_description(const char *name)
{
  static const char *const prefixes[] = {
    "job-",         "document-",      "time-at-",       "date-time-at-",        "number-of-",
    "attributes-",  "output-device-", "ipp-attribute-", "original-requesting-", "compression",
    "errors-count", "warnings-count", "printer-",       "copies-actual",        "notify-",
  };

  for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
  {
    if (pb_text_has_prefix(name, prefixes[i]))
      return true;
  }
  return false;
}

static void
on_refused(void *user, ipp_attribute_t *attribute, const char *why)
{
  const char *name = ippGetName(attribute);

  if (pb_attributes_has(PB_ATTRIBUTES_JOB_TEMPLATE, name) || !is_description(name))
    note_dropped(user, name, why);
}

// Whoever asked for it exactly must not get something else (RFC 8011 s5.2.1.1, PWG 5100.7
// job-mandatory-attributes).
static bool
is_mandatory(ipp_t *ticket, const char *name)
{
  static const ipp_tag_t groups[] = {IPP_TAG_OPERATION, IPP_TAG_JOB};

  for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
  {
    if (pb_ipp_bool(ticket, groups[i], "ipp-attribute-fidelity", false) ||
        pb_ipp_has_keyword(ticket, groups[i], "job-mandatory-attributes", name))
      return true;
  }
  return false;
}

static void
refuse(pb_job_t *job, int status, const char *message)
{
  job->record.refusal = status;
  pb_text_copy(job->record.message, sizeof(job->record.message), message);
}

// NULL: all are supported.
static ipp_attribute_t *
find_unsupported(ipp_t *options, ipp_t *local, char *why, size_t why_size)
{
  ipp_attribute_t *at = ippFirstAttribute(options);

  while (at != NULL &&
         (ippGetName(at) == NULL || pb_attributes_is_supported(local, at, why, why_size)))
    at = ippNextAttribute(options);
  return at;
}

// From the start again after each: libcups loses its place when an attribute is deleted.
static void
drop_unsupported(pb_job_t *job, ipp_t *local, ipp_t *ticket, struct dropped *dropped)
{
  char why[256] = "";

  for (ipp_attribute_t *at = find_unsupported(job->options, local, why, sizeof(why)); at != NULL;
       at                  = find_unsupported(job->options, local, why, sizeof(why)))
  {
    char message[256];

    if (is_mandatory(ticket, ippGetName(at)))
    {
      pb_text_format(message, sizeof(message), "%s must be honoured and cannot be: %s",
                     ippGetName(at), why);
      refuse(job, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES, message);
    }
    note_dropped(dropped, ippGetName(at), why);
    ippDeleteAttribute(job->options, at);
  }
}

// PWG 5100.11: the service leaves the PIN to queues that print with PINs themselves.  Where this
// one does not (any more), the job is not printed in the open.
static bool
take_password(pb_job_t *job, ipp_t *local, ipp_t *ticket)
{
  ipp_attribute_t *password = pb_ipp_find(ticket, IPP_TAG_OPERATION, "job-password", IPP_TAG_ZERO);
  ipp_attribute_t *encryption =
    pb_ipp_find(ticket, IPP_TAG_OPERATION, "job-password-encryption", IPP_TAG_KEYWORD);
  const char *way = encryption != NULL ? ippGetString(encryption, 0, /*language*/ NULL) : "none";

  if (password == NULL)
    return true;
  if (ippGetValueTag(password) != IPP_TAG_STRING ||
      pb_ipp_int(local, IPP_TAG_PRINTER, "job-password-supported", 0) <= 0 ||
      !pb_ipp_has_keyword(local, IPP_TAG_PRINTER, "job-password-encryption-supported", way))
  {
    refuse(job, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,
           "the job has a PIN, and the queue does not print with such");
    return true;
  }
  return pb_attributes_copy_one(password, job->options, IPP_TAG_JOB) &&
         ippAddString(job->options, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-password-encryption",
                      /*language*/ NULL, way) != NULL;
}

static bool
is_printable_format(ipp_t *local, const char *format)
{
  return pb_ticket_type_for(format) != NULL &&
         pb_ipp_has_keyword(local, IPP_TAG_PRINTER, "document-format-supported", format);
}

static void
check_formats(pb_job_t *job, ipp_t *local)
{
  for (int i = 0; i < job->record.documents_count && job->record.refusal == 0; i++)
  {
    const char *format = job->record.documents[i].format;
    char        message[256];

    if (is_printable_format(local, format))
      continue;
    pb_text_format(message, sizeof(message), "document %d is %s, which the queue does not print",
                   job->record.documents[i].number,
                   format[0] != '\0' ? format : "of an unknown format");
    refuse(job, IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED, message);
  }
  if (job->record.documents_count == 0)
    refuse(job, IPP_STATUS_ERROR_DOCUMENT_FORMAT_ERROR, "the job has no document");
}

static void
note_unsupported(pb_job_t *job, const struct dropped *dropped)
{
  if (dropped->names[0] == '\0' || job->record.refusal != 0)
    return;
  pb_text_copy(job->record.reasons, sizeof(job->record.reasons),
               "unsupported-attributes-or-values");
  pb_text_format(job->record.message, sizeof(job->record.message),
                 "printed without %s, which the queue does not have", dropped->names);
}

bool
pb_job_check_ticket(pb_job_t *job, ipp_t *ticket, pb_error_t *err)
{
  struct dropped dropped = {.job = job};
  ipp_t         *local   = NULL;
  bool           ok      = true;

  ippDelete(job->options);
  job->options        = ippNew();
  job->record.refusal = 0;
  if (job->options == NULL ||
      pb_attributes_copy(PB_ATTRIBUTES_JOB_TEMPLATE, ticket, IPP_TAG_JOB, job->options, IPP_TAG_JOB,
                         on_refused, &dropped) < 0)
    return pb_error_set(err, PB_RETRY, "out of memory");

  local = job->outside->lock_local(job->outside->user);
  if (local != NULL)
  {
    drop_unsupported(job, local, ticket, &dropped);
    check_formats(job, local);
    ok = take_password(job, local, ticket);
  }
  job->outside->unlock_local(job->outside->user);
  if (local == NULL)
    return pb_error_set(err, PB_RETRY, "what the queue %s can do is not known yet",
                        job->record.queue);
  if (!ok)
    return pb_error_set(err, PB_RETRY, "out of memory");
  note_unsupported(job, &dropped);
  return true;
}

bool
pb_job_pack_ticket(pb_job_t *job, pb_error_t *err)
{
  pb_buffer_t bytes = {0};

  ippSetRequestId(job->options, 1);
  if (!pb_ipp_format(job->options, &bytes, err))
    return false;
  free(job->record.ticket);
  job->record.ticket = pb_buffer_take(&bytes, &job->record.ticket_size);
  pb_buffer_clear(&bytes);
  return true;
}

static bool
add_document(pb_job_t *job, int number, const char *format, pb_error_t *err)
{
  size_t                      count = (size_t)job->record.documents_count;
  struct pb_journal_document *grown = NULL;

  if (count >= PB_JOB_DOCUMENTS_MAX)
    return pb_error_set(err, PB_REJECT, "the job has more than %d documents", PB_JOB_DOCUMENTS_MAX);
  grown = realloc(job->record.documents, (count + 1) * sizeof(*grown));
  if (grown == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  job->record.documents = grown;
  grown[count]          = (struct pb_journal_document){.number = number};
  pb_text_copy(grown[count].format, sizeof(grown[count].format), format);
  job->record.documents_count++;
  return true;
}

// The first format on offer that the queue prints, or simply the first.
static void
pick_format(pb_job_t *job, ipp_attribute_t *formats, char *format, size_t size)
{
  ipp_t *local = job->outside->lock_local(job->outside->user);

  pb_text_copy(format, size, ippGetString(formats, 0, /*language*/ NULL));
  for (int i = 0; local != NULL && i < ippGetCount(formats); i++)
  {
    const char *offered = ippGetString(formats, i, /*language*/ NULL);

    if (offered == NULL || !is_printable_format(local, offered))
      continue;
    pb_text_copy(format, size, offered);
    break;
  }
  job->outside->unlock_local(job->outside->user);
}

// document-format-ready is the standard's; others say document-format or what they found out.
static ipp_attribute_t *
find_formats(ipp_t *ticket)
{
  static const char *const names[] = {"document-format-ready", "document-format-detected",
                                      "document-format"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
  {
    ipp_attribute_t *at = ippFindAttribute(ticket, names[i], IPP_TAG_MIMETYPE);

    if (at != NULL)
      return at;
  }
  return NULL;
}

static bool
flush_document(pb_job_t *job, int *number, char *format, pb_error_t *err)
{
  bool ok = *number <= 0 || add_document(job, *number, format, err);

  *number   = 0;
  format[0] = '\0';
  return ok;
}

// One document group each in the answer to Get-Documents.
static bool
take_groups(pb_job_t *job, ipp_t *answer, pb_error_t *err)
{
  char format[128] = "";
  int  number      = 0;
  bool ok          = true;

  for (ipp_attribute_t *at = ippFirstAttribute(answer); ok && at != NULL;
       at                  = ippNextAttribute(answer))
  {
    const char *name = ippGetName(at);

    if (name == NULL || ippGetGroupTag(at) != IPP_TAG_DOCUMENT)
      ok = flush_document(job, &number, format, err);
    else if (strcmp(name, "document-number") == 0 && ippGetValueTag(at) == IPP_TAG_INTEGER)
      number = ippGetInteger(at, 0);
    else if (strcmp(name, "document-format") == 0 && ippGetValueTag(at) == IPP_TAG_MIMETYPE)
      pb_text_copy(format, sizeof(format), ippGetString(at, 0, /*language*/ NULL));
  }
  return ok && flush_document(job, &number, format, err);
}

static bool
ask_documents(pb_job_t *job, pb_error_t *err)
{
  static const char *const wanted[] = {"document-number", "document-format"};
  ipp_t                   *request  = pb_job_new_request(job, IPP_OP_GET_DOCUMENTS);
  ipp_t                   *answer   = NULL;
  bool                     ok       = false;

  if (request != NULL)
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", 2,
                  /*language*/ NULL, wanted);
  if (!pb_job_call(job, request, &answer, err))
    return false;
  ok = take_groups(job, answer, err);
  ippDelete(answer);
  return ok;
}

bool
pb_job_take_documents(pb_job_t *job, ipp_t *ticket, pb_error_t *err)
{
  ipp_attribute_t *formats = find_formats(ticket);
  int              count   = pb_ipp_int(ticket, IPP_TAG_JOB, "number-of-documents", 0);
  char             format[128];

  free(job->record.documents);
  job->record.documents       = NULL;
  job->record.documents_count = 0;
  // The usual case is spared a round trip.
  if (count != 1 || formats == NULL)
    return ask_documents(job, err);
  pick_format(job, formats, format, sizeof(format));
  return add_document(job, 1, format, err);
}
