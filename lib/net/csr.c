// csr - certificate requests (PKCS#10), made and read: how a device proves that it holds its key.
// PWG 5100.22: the CN is the output device's uuid without "urn:uuid:".
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "net/key-private.h"
#include "net/ssl-error.h"
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define COMMON_NAME_SIZE 64

bool
pb_uuid_strip(const char *uuid, const char **text_out, pb_error_t *err)
{
  if (!pb_text_is_uuid(uuid))
    return pb_error_set(err, PB_REJECT, "not a urn:uuid:");
  *text_out = uuid + strlen("urn:uuid:");
  return true;
}

static bool
fill_request(X509_REQ *request, const pb_key_t *key, const char *common_name)
{
  X509_NAME *name = X509_REQ_get_subject_name(request);

  return X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
         X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                    (const unsigned char *)common_name, -1, -1, 0) == 1 &&
         X509_REQ_set_pubkey(request, pb_key_pkey(key)) == 1 &&
         X509_REQ_sign(request, pb_key_pkey(key), EVP_sha256()) > 0;
}

bool
pb_csr_make(const pb_key_t *key, const char *uuid, char **pem_out, pb_error_t *err)
{
  const char *common_name = NULL;
  X509_REQ   *request     = NULL;
  BIO        *bio         = NULL;
  bool        ok          = false;

  *pem_out = NULL;
  if (!pb_uuid_strip(uuid, &common_name, err))
    goto done;
  request = X509_REQ_new();
  bio     = BIO_new(BIO_s_mem());
  if (request == NULL || bio == NULL || !fill_request(request, key, common_name) ||
      PEM_write_bio_X509_REQ(bio, request) != 1)
  {
    pb_ssl_error_set(err, PB_RETRY, "cannot make a certificate request");
    goto done;
  }
  ok = pb_pem_copy(bio, pem_out, err);

done:
  BIO_free(bio);
  X509_REQ_free(request);
  return ok;
}

// Exactly one CN: with two, two readers could see two devices.
static bool
copy_common_name(X509_REQ *request, char common_name_out[COMMON_NAME_SIZE], pb_error_t *err)
{
  const X509_NAME *name  = X509_REQ_get_subject_name(request);
  int              index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  unsigned char   *text  = NULL;
  bool             ok    = false;

  if (index < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, index) >= 0)
    return pb_error_set(err, PB_REJECT, "certificate request without exactly one CN");

  int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  ok       = size > 0 && size < COMMON_NAME_SIZE && strlen((const char *)text) == (size_t)size &&
       pb_text_is_printable((const char *)text);
  if (ok)
    memcpy(common_name_out, text, (size_t)size + 1);
  else
    pb_ssl_error_set(err, PB_REJECT, "bad CN in a certificate request");
  OPENSSL_free(text);
  return ok;
}

bool
pb_csr_parse(const char *pem, char common_name_out[COMMON_NAME_SIZE], pb_key_t **public_out,
             pb_error_t *err)
{
  BIO      *bio     = pb_pem_open(pem, err);
  X509_REQ *request = NULL;
  EVP_PKEY *pkey    = NULL;
  pb_key_t *key     = NULL;
  bool      ok      = false;

  *public_out        = NULL;
  common_name_out[0] = '\0';
  if (bio == NULL)
    goto done;
  request = PEM_read_bio_X509_REQ(bio, NULL, pb_pem_no_password, NULL);
  if (request == NULL)
  {
    pb_ssl_error_set(err, PB_REJECT, "not a certificate request in PEM");
    goto done;
  }
  pkey = X509_REQ_get_pubkey(request);
  if (pkey == NULL)
  {
    pb_ssl_error_set(err, PB_REJECT, "certificate request without a usable key");
    goto done;
  }
  // Before the signature: a key of 64 Kbit would cost us seconds to check.
  if (EVP_PKEY_up_ref(pkey) != 1 || !pb_key_wrap(pkey, /*is_private*/ false, &key, err))
    goto done;
  if (X509_REQ_verify(request, pkey) != 1)
  {
    pb_ssl_error_set(err, PB_REJECT, "the certificate request is not signed by its own key");
    goto done;
  }
  if (!copy_common_name(request, common_name_out, err))
    goto done;
  *public_out = key;
  key         = NULL;
  ok          = true;

done:
  pb_key_free(key);
  EVP_PKEY_free(pkey);
  X509_REQ_free(request);
  BIO_free(bio);
  return ok;
}
