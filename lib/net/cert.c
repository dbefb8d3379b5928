// cert - X.509 certificates of our own making: a CA, servers and devices.
// Names reach OpenSSL as values, never through its configuration syntax, where a comma would begin
// the next entry.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/text.h"
#include "net/digest.h"
#include "net/key-private.h"
#include "net/ssl-error.h"
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S (24 * 60 * 60)
#define BACKDATE_DAYS 2
#define LIFE_MAX_S (50LL * 366 * DAY_S)
#define SERIAL_SIZE 16
#define NAMES_MAX 64        // of one server
#define NAME_MAX_SIZE 253   // of one DNS name
#define COMMON_NAME_MAX 64  // X.520 ub-common-name

// One extension, in OpenSSL's configuration words.
struct extension
{
  int         nid;
  const char *value;
};

static const struct extension ca_extensions[] = {
  {NID_basic_constraints,      "critical,CA:TRUE,pathlen:0"  },
  {NID_key_usage,              "critical,keyCertSign,cRLSign"},
  {NID_subject_key_identifier, "hash"                        },
};
static const struct extension server_extensions[] = {
  {NID_basic_constraints,        "critical,CA:FALSE"        },
  {NID_key_usage,                "critical,digitalSignature"},
  {NID_ext_key_usage,            "serverAuth"               },
  {NID_subject_key_identifier,   "hash"                     },
  {NID_authority_key_identifier, "keyid:always"             },
};
static const struct extension device_extensions[] = {
  {NID_basic_constraints,        "critical,CA:FALSE"        },
  {NID_key_usage,                "critical,digitalSignature"},
  {NID_ext_key_usage,            "clientAuth"               },
  {NID_subject_key_identifier,   "hash"                     },
  {NID_authority_key_identifier, "keyid:always"             },
};

struct plan
{
  const pb_key_t         *issuer_key;
  X509                   *issuer;  // NULL: self-signed
  const pb_key_t         *key;     // the subject's
  const char             *common_name;
  int64_t                 life_s;
  const struct extension *extensions;
  size_t                  extensions_count;
  GENERAL_NAMES          *names;  // NULL: none
};

#define EXTENSIONS(table) .extensions = (table), .extensions_count = sizeof(table) / sizeof *(table)

static bool
add_extensions(X509 *cert, const struct plan *plan)
{
  X509V3_CTX ctx;

  X509V3_set_ctx(&ctx, plan->issuer != NULL ? plan->issuer : cert, cert, NULL, NULL, 0);
  for (size_t i = 0; i < plan->extensions_count; i++)
  {
    const struct extension *row = &plan->extensions[i];
    X509_EXTENSION         *ext = X509V3_EXT_nconf_nid(NULL, &ctx, row->nid, row->value);
    bool                    ok  = ext != NULL && X509_add_ext(cert, ext, -1) == 1;

    X509_EXTENSION_free(ext);
    if (!ok)
      return false;
  }
  return plan->names == NULL ||
         X509_add1_ext_i2d(cert, NID_subject_alt_name, plan->names, 0, X509V3_ADD_DEFAULT) == 1;
}

static bool
set_serial(X509 *cert)
{
  uint8_t bytes[SERIAL_SIZE];
  BIGNUM *number = NULL;
  bool    ok     = false;

  pb_random_bytes(bytes, sizeof(bytes));
  bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);  // positive, and never short
  number   = BN_bin2bn(bytes, sizeof(bytes), NULL);
  ok       = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
  BN_free(number);
  return ok;
}

static bool
fill_cert(X509 *cert, const struct plan *plan)
{
  time_t     now     = (time_t)(pb_clock_now_ms() / 1000);
  X509_NAME *subject = X509_get_subject_name(cert);

  return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
         ASN1_TIME_set(X509_getm_notBefore(cert), now - BACKDATE_DAYS * DAY_S) != NULL &&
         ASN1_TIME_set(X509_getm_notAfter(cert), now + (time_t)plan->life_s) != NULL &&
         X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                    (const unsigned char *)plan->common_name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(cert, plan->issuer != NULL ? X509_get_subject_name(plan->issuer)
                                                         : subject) == 1 &&
         X509_set_pubkey(cert, pb_key_pkey(plan->key)) == 1 && add_extensions(cert, plan) &&
         X509_sign(cert, pb_key_pkey(plan->issuer_key), EVP_sha256()) > 0;
}

static bool
make_cert(const struct plan *plan, char **pem_out, pb_error_t *err)
{
  X509 *cert = NULL;
  BIO  *bio  = NULL;
  bool  ok   = false;

  if (plan->life_s < 1 || plan->life_s > LIFE_MAX_S)
    return pb_error_set(err, PB_BUG, "a certificate for %lld seconds", (long long)plan->life_s);
  if (plan->issuer != NULL &&
      X509_check_private_key(plan->issuer, pb_key_pkey(plan->issuer_key)) != 1)
    return pb_ssl_error_set(err, PB_CONFIG, "the CA's key does not fit the CA's certificate");
  cert = X509_new();
  bio  = BIO_new(BIO_s_mem());
  if (cert == NULL || bio == NULL || !fill_cert(cert, plan) || PEM_write_bio_X509(bio, cert) != 1)
    pb_ssl_error_set(err, PB_RETRY, "cannot make a certificate for %s", plan->common_name);
  else
    ok = pb_pem_copy(bio, pem_out, err);
  BIO_free(bio);
  X509_free(cert);
  return ok;
}

// The first certificate in the text.
static bool
parse_cert(const char *pem, X509 **cert_out, pb_error_t *err)
{
  BIO *bio = pb_pem_open(pem, err);

  *cert_out = NULL;
  if (bio == NULL)
    return false;
  *cert_out = PEM_read_bio_X509(bio, NULL, pb_pem_no_password, NULL);
  BIO_free(bio);
  if (*cert_out == NULL)
    return pb_ssl_error_set(err, PB_REJECT, "not a certificate in PEM");
  return true;
}

bool
pb_cert_make_ca(const pb_key_t *key, const char *name, int days, char **pem_out, pb_error_t *err)
{
  struct plan plan = {.issuer_key  = key,
                      .key         = key,
                      .common_name = name,
                      .life_s      = (int64_t)days * DAY_S,
                      EXTENSIONS(ca_extensions)};

  *pem_out = NULL;
  if (name[0] == '\0' || strlen(name) > COMMON_NAME_MAX || !pb_text_is_printable(name))
    return pb_error_set(err, PB_CONFIG, "a CA's name must have 1 to %d characters",
                        COMMON_NAME_MAX);
  return make_cert(&plan, pem_out, err);
}

static bool
is_dns_name(const char *name)
{
  size_t size = strlen(name);

  return size > 0 && size <= NAME_MAX_SIZE && name[0] != '.' && name[0] != '-' &&
         strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*") == size;
}

// "10.0.0.1", "fe80::1"; NULL when it is no address (or memory is out).
static ASN1_OCTET_STRING *
make_address(const char *text)
{
  ASN1_OCTET_STRING *address = NULL;
  uint8_t            bytes[sizeof(struct in6_addr)];
  int                size = inet_pton(AF_INET, text, bytes) == 1    ? 4
                            : inet_pton(AF_INET6, text, bytes) == 1 ? 16
                                                                    : 0;

  if (size == 0)
    return NULL;
  address = ASN1_OCTET_STRING_new();
  if (address != NULL && ASN1_OCTET_STRING_set(address, bytes, size) != 1)
  {
    ASN1_OCTET_STRING_free(address);
    address = NULL;
  }
  return address;
}

static ASN1_IA5STRING *
make_dns_name(const char *text)
{
  ASN1_IA5STRING *dns = NULL;

  if (!is_dns_name(text))
    return NULL;
  dns = ASN1_IA5STRING_new();
  if (dns != NULL && ASN1_STRING_set(dns, text, -1) != 1)
  {
    ASN1_IA5STRING_free(dns);
    dns = NULL;
  }
  return dns;
}

static bool
add_name(GENERAL_NAMES *list, const char *text)
{
  ASN1_OCTET_STRING *address = make_address(text);
  ASN1_IA5STRING    *dns     = address == NULL ? make_dns_name(text) : NULL;
  GENERAL_NAME      *name    = GENERAL_NAME_new();

  if (name == NULL || (address == NULL && dns == NULL))
    goto failed;
  if (address != NULL)
    GENERAL_NAME_set0_value(name, GEN_IPADD, address);
  else
    GENERAL_NAME_set0_value(name, GEN_DNS, dns);
  address = NULL;  // the name has them
  dns     = NULL;
  if (sk_GENERAL_NAME_push(list, name) > 0)
    return true;

failed:
  ASN1_OCTET_STRING_free(address);
  ASN1_IA5STRING_free(dns);
  GENERAL_NAME_free(name);
  return false;
}

static bool
make_names(const char *const *names, size_t count, GENERAL_NAMES **names_out, pb_error_t *err)
{
  *names_out = sk_GENERAL_NAME_new_null();
  if (*names_out == NULL)
    return pb_ssl_error_set(err, PB_RETRY, "out of memory for a certificate");
  for (size_t i = 0; i < count; i++)
    if (!add_name(*names_out, names[i]))
      return pb_error_set(err, PB_CONFIG, "\"%.100s\" is neither a host name nor an address",
                          names[i]);
  return true;
}

bool
pb_cert_make_server(const pb_key_t *ca_key, const char *ca_pem, const pb_key_t *server_key,
                    const char *const *names, size_t names_count, int days, char **pem_out,
                    pb_error_t *err)
{
  struct plan plan = {.issuer_key = ca_key,
                      .key        = server_key,
                      .life_s     = (int64_t)days * DAY_S,
                      EXTENSIONS(server_extensions)};
  bool        ok   = false;

  *pem_out = NULL;
  if (names_count == 0 || names_count > NAMES_MAX)
    return pb_error_set(err, PB_CONFIG, "a server's certificate needs 1 to %d names", NAMES_MAX);
  plan.common_name = strlen(names[0]) <= COMMON_NAME_MAX ? names[0] : "server";
  if (!parse_cert(ca_pem, &plan.issuer, err) || !make_names(names, names_count, &plan.names, err))
    goto done;
  ok = make_cert(&plan, pem_out, err);

done:
  GENERAL_NAMES_free(plan.names);
  X509_free(plan.issuer);
  return ok;
}

bool
pb_cert_make_device(const pb_key_t *ca_key, const char *ca_pem, const pb_key_t *device_key,
                    const char *uuid, int64_t life_ms, char **pem_out, pb_error_t *err)
{
  struct plan plan = {.issuer_key = ca_key,
                      .key        = device_key,
                      .life_s     = life_ms / 1000,
                      EXTENSIONS(device_extensions)};
  bool        ok   = false;

  *pem_out = NULL;
  if (!pb_uuid_strip(uuid, &plan.common_name, err) || !parse_cert(ca_pem, &plan.issuer, err))
    goto done;
  ok = make_cert(&plan, pem_out, err);

done:
  X509_free(plan.issuer);
  return ok;
}

bool
pb_cert_get_fingerprint(const char *pem, char fingerprint[PB_FINGERPRINT_SIZE], pb_error_t *err)
{
  X509   *cert = NULL;
  uint8_t digest[PB_SHA256_SIZE];
  bool    ok = false;

  fingerprint[0] = '\0';
  if (!parse_cert(pem, &cert, err))
    return false;
  ok = X509_digest(cert, EVP_sha256(), digest, NULL) == 1;
  if (ok)
    pb_text_format_hex(fingerprint, digest, sizeof(digest));
  else
    pb_ssl_error_set(err, PB_RETRY, "cannot hash a certificate");
  X509_free(cert);
  return ok;
}

bool
pb_cert_get_name(const char *pem, char name_out[PB_CERT_NAME_SIZE], pb_error_t *err)
{
  X509 *cert = NULL;
  bool  ok   = false;

  name_out[0] = '\0';
  if (!parse_cert(pem, &cert, err))
    return false;
  ok = X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name_out,
                                 PB_CERT_NAME_SIZE) > 0;
  if (!ok)
    pb_ssl_error_set(err, PB_REJECT, "a certificate without a name");
  X509_free(cert);
  return ok;
}

bool
pb_cert_get_expiry(const char *pem, int64_t *time_ms_out, pb_error_t *err)
{
  X509     *cert = NULL;
  struct tm tm   = {0};
  bool      ok   = false;

  *time_ms_out = 0;
  if (!parse_cert(pem, &cert, err))
    return false;
  ok = ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1;
  if (ok)
    *time_ms_out = (int64_t)timegm(&tm) * 1000;
  else
    pb_ssl_error_set(err, PB_REJECT, "a certificate with a bad date");
  X509_free(cert);
  return ok;
}
