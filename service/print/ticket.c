// ticket - a client's job template attributes against what the printer can do (RFC 8011 s4.1.7,
// s4.2.1.1).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/ticket.h"

#include <string.h>

#include "ipp/attributes.h"

struct check
{
  struct pb_request *request;
  bool               is_any;        // something is unsupported
  bool               is_mandatory;  // something that the client insists on
};

// Of the job group, but no template attributes: descriptions that are read elsewhere.
static const char *const elsewhere[] = {"job-name", "job-impressions", "job-k-octets",
                                        "job-media-sheets", "job-pages"};

static bool
is_elsewhere(const char *name)
{
  for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
  {
    if (strcmp(elsewhere[i], name) == 0)
      return true;
  }
  return false;
}

void
pb_job_ticket_add_unsupported(struct pb_request *request, ipp_attribute_t *attribute, bool is_name)
{
  if (is_name)
    ippAddOutOfBand(request->response, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_UNSUPPORTED_VALUE,
                    ippGetName(attribute));
  else
    (void)pb_attributes_copy_one(attribute, request->response, IPP_TAG_UNSUPPORTED_GROUP);
}

static void
note_unsupported(struct check *check, ipp_attribute_t *attribute, bool is_name)
{
  ipp_t           *ipp = check->request->ipp;
  ipp_attribute_t *mandatory =
    pb_ipp_find(ipp, IPP_TAG_OPERATION, "job-mandatory-attributes", IPP_TAG_KEYWORD);

  if (mandatory && ippContainsString(mandatory, ippGetName(attribute)))
    check->is_mandatory = true;
  check->is_any = true;
  pb_job_ticket_add_unsupported(check->request, attribute, is_name);
}

static void
note_refused(void *user, ipp_attribute_t *attribute, const char *why)
{
  const char *name = ippGetName(attribute);

  (void)why;
  if (name && !is_elsewhere(name))
    note_unsupported(user, attribute, !pb_attributes_has(PB_ATTRIBUTES_JOB_TEMPLATE, name));
}

static bool
keep_supported(struct check *check, ipp_t *capabilities, ipp_t *asked, ipp_t *ticket)
{
  for (ipp_attribute_t *at = ippFirstAttribute(asked); at; at = ippNextAttribute(asked))
  {
    if (!pb_attributes_is_supported(capabilities, at, /*why*/ NULL, 0))
      note_unsupported(check, at, /*is_name*/ false);
    else if (!pb_attributes_copy_one(at, ticket, IPP_TAG_JOB))
      return false;
  }
  return true;
}

bool
pb_job_ticket_accept(struct pb_request *request, ipp_t *capabilities, ipp_t **ticket_out)
{
  bool         ok     = false;
  struct check check  = {.request = request};
  ipp_t       *asked  = pb_bag_new();
  ipp_t       *ticket = pb_bag_new();
  // Copied from a copy: the callback looks around in the request, which would move its cursor.
  ipp_t *source = pb_bag_new();

  if (!asked || !ticket || !source)
    goto out_of_memory;
  for (ipp_attribute_t *at = ippFirstAttribute(request->ipp); at;
       at                  = ippNextAttribute(request->ipp))
  {
    if (ippGetGroupTag(at) == IPP_TAG_JOB && ippGetName(at) &&
        !pb_attributes_copy_one(at, source, IPP_TAG_JOB))
      goto out_of_memory;
  }
  if (pb_attributes_copy(PB_ATTRIBUTES_JOB_TEMPLATE, source, IPP_TAG_JOB, asked, IPP_TAG_JOB,
                         note_refused, &check) < 0 ||
      !keep_supported(&check, capabilities, asked, ticket))
    goto out_of_memory;

  ok = !check.is_mandatory && !(check.is_any && pb_ipp_bool(request->ipp, IPP_TAG_OPERATION,
                                                            "ipp-attribute-fidelity", false));
  if (!ok)
    pb_request_refuse(request, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,
                      "the printer cannot do what the job insists on");
  else if (check.is_any)
    ippSetStatusCode(request->response, IPP_STATUS_OK_IGNORED_OR_SUBSTITUTED);
  goto done;

out_of_memory:
  pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");

done:
  if (ok)
    *ticket_out = ticket;
  else
    ippDelete(ticket);
  ippDelete(asked);
  ippDelete(source);
  return ok;
}
