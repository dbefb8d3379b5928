// job-password - a job that waits for its PIN.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/job-password.h"

#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "print/composite.h"
#include "print/print-private.h"
#include "print/ticket.h"

enum
{
  FREE_TRIES      = 5,
  HASH_MAX        = 64,
  LENGTH_MAX      = 64,  // job-password-supported: characters of a plain one
  BLOCK_MS        = 5 * 60 * 1000,
  BLOCK_DOUBLINGS = 6  // to five hours and more
};

static const ipp_tag_t OP    = IPP_TAG_OPERATION;
static const ipp_tag_t GROUP = IPP_TAG_PRINTER;

// Ways to send it; libcups makes the hashes, by these names.
static const char *const encryptions[] = {"none", "sha2-256", "sha2-384", "sha2-512"};
#define ENCRYPTIONS_COUNT ((int)(sizeof(encryptions) / sizeof(encryptions[0])))

struct password
{
  uint8_t     bytes[PB_JOB_PASSWORD_MAX];
  size_t      size;
  const char *encryption;
};

// --- what is supported

static bool
is_of_device(ipp_t *reported)
{
  return reported && pb_ipp_int(reported, GROUP, "job-password-supported", 0) > 0;
}

void
pb_job_password_add_supported(ipp_t *bag, ipp_t *reported)
{
  static const char name[] = "job-password-encryption-supported";

  if (is_of_device(reported))
  {
    if (!ippFindAttribute(reported, name, IPP_TAG_KEYWORD))
      ippAddString(bag, GROUP, IPP_TAG_KEYWORD, name, /*language*/ NULL, "none");
    return;
  }
  ippAddInteger(bag, GROUP, IPP_TAG_INTEGER, "job-password-supported", LENGTH_MAX);
  ippAddStrings(bag, GROUP, IPP_TAG_KEYWORD, name, ENCRYPTIONS_COUNT, /*language*/ NULL,
                encryptions);
  ippAddString(bag, GROUP, IPP_TAG_KEYWORD, "job-password-repertoire-configured",
               /*language*/ NULL, "iana_utf-8_any");
  ippAddString(bag, GROUP, IPP_TAG_KEYWORD, "job-password-repertoire-supported",
               /*language*/ NULL, "iana_utf-8_any");
}

// --- as it comes

// False: there is none.
static bool
read_password(ipp_t *ipp, struct password *password)
{
  int              size  = 0;
  ipp_attribute_t *at    = pb_ipp_find(ipp, OP, "job-password", IPP_TAG_STRING);
  const void      *bytes = at ? ippGetOctetString(at, 0, &size) : NULL;
  const char      *said  = pb_ipp_text(ipp, OP, "job-password-encryption");

  *password = (struct password){.encryption = said ? said : "none"};
  if (!bytes || size <= 0 || size > PB_JOB_PASSWORD_MAX)
    return false;
  memcpy(password->bytes, bytes, (size_t)size);
  password->size = (size_t)size;
  return true;
}

static size_t
hash(const char *encryption, const void *bytes, size_t size, uint8_t hash_out[HASH_MAX])
{
  ssize_t got = cupsHashData(encryption, bytes, size, hash_out, HASH_MAX);

  return got > 0 ? (size_t)got : 0;
}

static bool
refuse(struct pb_request *request, const char *name, const char *why)
{
  ipp_attribute_t *at = ippFindAttribute(request->ipp, name, IPP_TAG_ZERO);

  pb_request_refuse(request, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES, "%s", why);
  // Its value is nobody's business.
  if (at)
    pb_job_ticket_add_unsupported(request, at, /*is_name*/ true);
  return false;
}

static bool
has_right_size(const struct password *password, ipp_t *capabilities)
{
  uint8_t scratch[HASH_MAX];
  size_t  hash_size;

  if (strcmp(password->encryption, "none") == 0)
    return password->size <= (size_t)pb_ipp_int(capabilities, GROUP, "job-password-supported", 0);
  hash_size = hash(password->encryption, "any", 3, scratch);
  return hash_size == 0 || hash_size == password->size;  // a hash that only the device knows
}

bool
pb_job_password_check(struct pb_request *request, ipp_t *capabilities)
{
  struct password  password;
  ipp_attribute_t *supported =
    pb_ipp_find(capabilities, GROUP, "job-password-encryption-supported", IPP_TAG_KEYWORD);
  bool is_asked = ippFindAttribute(request->ipp, "job-password", IPP_TAG_ZERO) != NULL;
  bool ok       = true;

  if (!is_asked)
    return true;
  if (!read_password(request->ipp, &password))
    ok = refuse(request, "job-password", "job-password must be 1 to 255 octets");
  else if (!supported || !ippContainsString(supported, password.encryption))
    ok = refuse(request, "job-password-encryption",
                "the printer does not take this job-password-encryption");
  else if (!has_right_size(&password, capabilities))
    ok = refuse(request, "job-password", "job-password has not the length that the printer takes");
  pb_wipe(&password, sizeof(password));
  return ok;
}

bool
pb_job_password_take(struct pb_request *request, struct pb_job *job)
{
  pb_error_t      err = {0};
  struct password password;
  ipp_t          *reported = NULL;
  bool            ok       = true;

  if (!read_password(request->ipp, &password))
    return true;
  ok = pb_spool_seal_small(request->print->spool, job->uuid, password.bytes, password.size,
                           job->password, &err) ||
       pb_request_fail(request, &err);
  job->password_size = password.size + PB_SPOOL_SMALL_OVERHEAD;
  pb_text_copy(job->password_encryption, sizeof(job->password_encryption), password.encryption);
  pb_wipe(&password, sizeof(password));
  if (!ok)
    return false;
  if (!pb_printer_get_reported(&request->printer, /*only*/ NULL, &reported))
    return pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  if (is_of_device(reported))
    return true;
  (void)pb_job_apply(&job->status, PB_JOB_HOLD, request->now_ms);
  (void)pb_reasons_add(job->status.reasons, PB_REASON_PASSWORD_WAIT);
  return true;
}

// --- as it is used

bool
pb_job_password_open(pb_print_t *print, const struct pb_job *job,
                     uint8_t plain_out[PB_JOB_PASSWORD_MAX], size_t *size_out, pb_error_t *err)
{
  *size_out = 0;
  if (job->password_size == 0)
    return true;
  if (!pb_spool_open_small(print->spool, job->uuid, job->password, job->password_size, plain_out,
                           err))
    return pb_error_prefix(err, "the job's password");
  *size_out = job->password_size - PB_SPOOL_SMALL_OVERHEAD;
  return true;
}

// One of them in plain: the other's hash is made of it.
static bool
is_same(const struct password *a, const struct password *b)
{
  uint8_t                made[HASH_MAX];
  size_t                 size;
  bool                   is_a_plain = strcmp(a->encryption, "none") == 0;
  const struct password *plain      = is_a_plain ? a : b;
  const struct password *other      = is_a_plain ? b : a;
  bool                   is         = false;

  if (strcmp(a->encryption, b->encryption) == 0)
    return pb_secret_is_equal(a->bytes, a->size, b->bytes, b->size);
  if (strcmp(plain->encryption, "none") != 0)
    return false;
  size = hash(other->encryption, plain->bytes, plain->size, made);
  is   = size > 0 && pb_secret_is_equal(made, size, other->bytes, other->size);
  pb_wipe(made, sizeof(made));
  return is;
}

static struct pb_pin_tries *
find_tries(const struct pb_request *request, struct pb_job *job)
{
  bool is_owner = pb_text_is_equal(job->owner, request->principal.name);

  return &job->pins[is_owner ? PB_PIN_OWNER : PB_PIN_OTHERS];
}

static void
note_wrong(struct pb_request *request, const struct pb_job *job, struct pb_pin_tries *tries)
{
  pb_log_ctx_t ctx    = {.printer = request->printer.name, .job_id = job->id};
  int          beyond = ++tries->wrong - FREE_TRIES;

  if (beyond >= 0)
    tries->block_ms = request->now_ms +
                      ((int64_t)BLOCK_MS << (beyond < BLOCK_DOUBLINGS ? beyond : BLOCK_DOUBLINGS));
  pb_log(&ctx, PB_LOG_WARN, "wrong PIN %d, from %s", tries->wrong, request->principal.name);
  pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED, "that is not the PIN of job %d",
                    job->id);
}

// A clock that was wrong when it was said makes it no longer.
static bool
is_blocked(const struct pb_pin_tries *tries, int64_t now_ms)
{
  int64_t longest_ms = (int64_t)BLOCK_MS << BLOCK_DOUBLINGS;

  return now_ms < tries->block_ms && tries->block_ms - now_ms <= longest_ms;
}

bool
pb_job_password_try(struct pb_request *request, struct pb_job *job, bool *is_right_out)
{
  pb_error_t           err = {0};
  struct password      given, ours = {.encryption = job->password_encryption};
  struct pb_pin_tries *tries = find_tries(request, job);
  bool                 ok    = false;

  *is_right_out = false;
  if (!read_password(request->ipp, &given))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED,
                             "job %d waits for its PIN (job-password)", job->id);
  if (is_blocked(tries, request->now_ms))
    pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED,
                      "too many wrong PINs: try again in %d minutes",
                      (int)((tries->block_ms - request->now_ms) / 60000) + 1);
  else if (!pb_job_password_open(request->print, job, ours.bytes, &ours.size, &err))
    pb_request_fail(request, &err);
  else
  {
    ok            = true;
    *is_right_out = is_same(&given, &ours);
    if (!*is_right_out)
      note_wrong(request, job, tries);
  }
  pb_wipe(&given, sizeof(given));
  pb_wipe(&ours, sizeof(ours));
  return ok;
}

void
pb_job_drop_password(struct pb_job *job)
{
  pb_wipe(job->password, sizeof(job->password));
  job->password_size = 0;
  memset(job->pins, 0, sizeof(job->pins));
}
