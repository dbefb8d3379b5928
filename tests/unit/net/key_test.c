// key_test - keys, requests and certificates, read back with OpenSSL itself.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "net/key.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID "urn:uuid:01234567-89ab-4cde-8f01-23456789abcd"
#define DAY_MS (INT64_C(24) * 3600 * 1000)

// The key of RFC 7515 appendix A.3; its thumbprint was worked out with another program.
static const char example_key[] =
  "-----BEGIN PUBLIC KEY-----\n"
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
  "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
  "-----END PUBLIC KEY-----\n";
static const char example_id[] = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U";

static X509 *
read_cert(const char *pem)
{
  BIO  *bio  = BIO_new_mem_buf(pem, -1);
  X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

  BIO_free(bio);
  assert_non_null(cert);
  return cert;
}

static void
test_thumbprint(void **state)
{
  pb_key_t  *key = NULL;
  char       id[PB_KEY_ID_SIZE];
  pb_error_t err = {0};

  (void)state;
  check_ok(pb_key_parse_pem(example_key, &key, &err), err);
  pb_key_get_id(key, id);
  assert_string_equal(id, example_id);
  pb_key_free(key);
}

static void
test_pem_and_back(void **state)
{
  pb_key_t   *key = NULL, *copy = NULL, *public = NULL;
  pb_secret_t pem  = {0};
  char       *text = NULL;
  char        id[3][PB_KEY_ID_SIZE];
  pb_error_t  err = {0};

  (void)state;
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_key_format_private(key, &pem, &err), err);
  assert_non_null(strstr(pem.text, "BEGIN PRIVATE KEY"));
  check_ok(pb_key_parse_pem(pem.text, &copy, &err), err);
  check_ok(pb_key_format_public(copy, &text, &err), err);
  check_ok(pb_key_parse_pem(text, &public, &err), err);
  pb_key_get_id(key, id[0]);
  pb_key_get_id(copy, id[1]);
  pb_key_get_id(public, id[2]);
  assert_string_equal(id[0], id[1]);
  assert_string_equal(id[0], id[2]);
  pb_secret_clear(&pem);
  assert_false(pb_key_format_private(public, &pem, &err));
  assert_int_equal(err.kind, PB_BUG);
  free(text);
  pb_key_free(key);
  pb_key_free(copy);
  pb_key_free(public);
}

static char *
make_other_key(const char *type)
{
  EVP_PKEY *pkey = strcmp(type, "P-384") == 0     ? EVP_EC_gen("P-384")
                   : strcmp(type, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                  : EVP_RSA_gen(2048);
  BIO      *bio  = BIO_new(BIO_s_mem());
  char     *data = NULL, *pem = NULL;

  assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
  long size = BIO_get_mem_data(bio, &data);
  pem       = pb_text_dup_size(data, (size_t)size);
  BIO_free(bio);
  EVP_PKEY_free(pkey);
  return pem;
}

static void
test_keys_refused(void **state)
{
  static const char *const other[] = {"P-384", "ED25519", "RSA"};
  static const char *const texts[] = {
    "",
    "nonsense",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
  };
  pb_key_t *key = NULL;

  (void)state;
  for (size_t i = 0; i < sizeof(other) / sizeof *other; i++)
  {
    char      *pem = make_other_key(other[i]);
    pb_error_t err = {0};

    if (pb_key_parse_pem(pem, &key, &err))
      fail_msg("%s", other[i]);
    assert_int_equal(err.kind, PB_REJECT);
    free(pem);
  }
  for (size_t i = 0; i < sizeof(texts) / sizeof *texts; i++)
  {
    pb_error_t err = {0};

    if (pb_key_parse_pem(texts[i], &key, &err))
      fail_msg("text %zu", i);
    assert_int_equal(err.kind, PB_REJECT);
    assert_null(key);
  }
}

static void
test_file(void **state)
{
  char        folder[] = "/tmp/pb-key-XXXXXX";
  char        path[64];
  pb_key_t   *key = NULL, *copy = NULL;
  struct stat info;
  pb_error_t  err = {0};

  (void)state;
  assert_non_null(mkdtemp(folder));
  (void)snprintf(path, sizeof(path), "%s/key.pem", folder);
  assert_false(pb_key_load(path, &copy, &err));
  assert_int_equal(err.kind, PB_GONE);
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_key_save(key, path, &err), err);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  check_ok(pb_key_load(path, &copy, &err), err);
  check_ok(pb_file_replace(path, 0600, "junk", 4, &err), err);
  pb_key_free(copy);
  assert_false(pb_key_load(path, &copy, &err));
  assert_non_null(strstr(err.message, path));
  unlink(path);
  rmdir(folder);
  pb_key_free(key);
}

static void
test_csr(void **state)
{
  pb_key_t  *key = NULL, *public = NULL;
  char      *pem = NULL;
  char       common_name[64], id[2][PB_KEY_ID_SIZE];
  pb_error_t err = {0};

  (void)state;
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_csr_make(key, UUID, &pem, &err), err);
  check_ok(pb_csr_parse(pem, common_name, &public, &err), err);
  assert_string_equal(common_name, UUID + strlen("urn:uuid:"));
  pb_key_get_id(key, id[0]);
  pb_key_get_id(public, id[1]);
  assert_string_equal(id[0], id[1]);
  free(pem);
  assert_false(pb_csr_make(key, "printer-1", &pem, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_null(pem);
  pb_key_free(key);
  pb_key_free(public);
}

// A request as a hostile or odd device would make it.
static char *
make_csr(EVP_PKEY *named, EVP_PKEY *signer, const char *const *names, int name_size)
{
  X509_REQ *request = X509_REQ_new();
  BIO      *bio     = BIO_new(BIO_s_mem());
  char     *data = NULL, *pem = NULL;

  for (; *names != NULL; names++)
    X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request), NID_commonName, MBSTRING_UTF8,
                               (const unsigned char *)*names, name_size, -1, 0);
  X509_REQ_set_pubkey(request, named);
  assert_true(X509_REQ_sign(request, signer, EVP_sha256()) > 0);
  PEM_write_bio_X509_REQ(bio, request);
  long size = BIO_get_mem_data(bio, &data);
  pem       = pb_text_dup_size(data, (size_t)size);
  BIO_free(bio);
  X509_REQ_free(request);
  return pem;
}

static void
test_csr_refused(void **state)
{
  EVP_PKEY *good = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256"), *rsa = EVP_RSA_gen(2048);
  const struct
  {
    const char *name;
    EVP_PKEY   *named, *signer;
    const char *names[3];
    int         name_size;
  } rows[] = {
    {"signed by another key", good, other, {"x"},                          -1},
    {"RSA",                   rsa,  rsa,   {"x"},                          -1},
    {"no CN",                 good, good,  {NULL},                         -1},
    {"two CNs",               good, good,  {"x", "y"},                     -1},
    {"NUL in the CN",         good, good,  {"a\0b"},                       3 },
    {"newline in the CN",     good, good,  {"a\nb"},                       -1},
    {"long CN",
     good,                          good,
     {"0123456789012345678901234567890123456789012345678901234567890123"},
     -1                                                                      },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    char *pem = make_csr(rows[i].named, rows[i].signer, rows[i].names, rows[i].name_size);
    char  common_name[64];
    pb_key_t *public = NULL;
    pb_error_t err   = {0};

    if (pb_csr_parse(pem, common_name, &public, &err))
      fail_msg("%s", rows[i].name);
    assert_int_equal(err.kind, PB_REJECT);
    assert_null(public);
    free(pem);
  }
  EVP_PKEY_free(good);
  EVP_PKEY_free(other);
  EVP_PKEY_free(rsa);
}

static void
check_verifies(const char *ca_pem, const char *pem, const char *purpose, int want)
{
  X509           *ca = read_cert(ca_pem), *cert = read_cert(pem);
  X509_STORE     *store = X509_STORE_new();
  X509_STORE_CTX *ctx   = X509_STORE_CTX_new();

  X509_STORE_add_cert(store, ca);
  X509_STORE_CTX_init(ctx, store, cert, NULL);
  X509_STORE_CTX_set_default(ctx, purpose);
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
  if (X509_verify_cert(ctx) != want)
    fail_msg("%s: %s", purpose, X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
  X509_STORE_CTX_free(ctx);
  X509_STORE_free(store);
  X509_free(cert);
  X509_free(ca);
}

static void
test_certificates(void **state)
{
  static const char *const names[] = {"print.example", "10.0.0.1", "::1"};
  pb_key_t                *ca_key = NULL, *key = NULL;
  char                    *ca = NULL, *server = NULL, *device = NULL;
  X509                    *cert   = NULL;
  int64_t                  expiry = 0;
  char                     fingerprint[PB_FINGERPRINT_SIZE];
  pb_error_t               err = {0};

  (void)state;
  check_ok(pb_key_make(&ca_key, &err), err);
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_cert_make_ca(ca_key, "Printbridge CA of test", 3650, &ca, &err), err);
  check_ok(pb_cert_make_server(ca_key, ca, key, names, 3, 397, &server, &err), err);
  check_ok(pb_cert_make_device(ca_key, ca, key, UUID, 30 * DAY_MS, &device, &err), err);

  check_verifies(ca, server, "ssl_server", 1);
  check_verifies(ca, server, "ssl_client", 0);
  check_verifies(ca, device, "ssl_client", 1);
  check_verifies(ca, device, "ssl_server", 0);
  cert = read_cert(server);
  assert_int_equal(X509_check_host(cert, "print.example", 0, 0, NULL), 1);
  assert_int_equal(X509_check_host(cert, "other.example", 0, 0, NULL), 0);
  assert_int_equal(X509_check_ip_asc(cert, "10.0.0.1", 0), 1);
  assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
  assert_int_equal(X509_check_ip_asc(cert, "10.0.0.2", 0), 0);
  X509_free(cert);

  check_ok(pb_cert_get_expiry(device, &expiry, &err), err);
  assert_true(llabs(expiry - (pb_clock_now_ms() + 30 * DAY_MS)) < 60000);
  check_ok(pb_cert_get_fingerprint(ca, fingerprint, &err), err);
  assert_int_equal(strlen(fingerprint), 64);
  assert_false(pb_cert_get_fingerprint("x", fingerprint, &err));
  assert_false(pb_cert_get_expiry("x", &expiry, &err));
  free(ca);
  free(server);
  free(device);
  pb_key_free(ca_key);
  pb_key_free(key);
}

// A machine whose clock is a day and a half behind accepts what is made now.
static void
test_back_dated(void **state)
{
  pb_key_t  *key  = NULL;
  char      *pem  = NULL;
  X509      *cert = NULL;
  time_t     then = (time_t)((pb_clock_now_ms() - 3 * DAY_MS / 2) / 1000);
  pb_error_t err  = {0};

  (void)state;
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_cert_make_ca(key, "x", 1, &pem, &err), err);
  cert = read_cert(pem);
  assert_true(X509_cmp_time(X509_get0_notBefore(cert), &then) < 0);
  X509_free(cert);
  free(pem);
  pb_key_free(key);
}

static void
test_certificates_refused(void **state)
{
  static const char *const bad_names[] = {"", "a b", "x,DNS:y", "-x", ":", "1:2", "a\nb"};
  pb_key_t                *ca_key = NULL, *key = NULL;
  char                    *ca = NULL, *pem = NULL;
  const char              *good = "x";
  pb_error_t               err  = {0};

  (void)state;
  check_ok(pb_key_make(&ca_key, &err), err);
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_cert_make_ca(ca_key, "x", 10, &ca, &err), err);
  for (size_t i = 0; i < sizeof(bad_names) / sizeof *bad_names; i++)
    if (pb_cert_make_server(ca_key, ca, key, &bad_names[i], 1, 10, &pem, &err))
      fail_msg("name \"%s\"", bad_names[i]);
  assert_false(pb_cert_make_server(ca_key, ca, key, &good, 0, 10, &pem, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_false(pb_cert_make_server(key, ca, key, &good, 1, 10, &pem, &err));  // not the CA's key
  assert_int_equal(err.kind, PB_CONFIG);
  assert_false(pb_cert_make_device(ca_key, ca, key, "x", 10 * DAY_MS, &pem, &err));
  assert_false(pb_cert_make_device(ca_key, ca, key, UUID, 999, &pem, &err));
  assert_false(pb_cert_make_ca(ca_key, "", 10, &pem, &err));
  assert_false(pb_cert_make_ca(ca_key, "x", 0, &pem, &err));
  assert_null(pem);
  free(ca);
  pb_key_free(ca_key);
  pb_key_free(key);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_thumbprint),
    cmocka_unit_test(test_pem_and_back),
    cmocka_unit_test(test_keys_refused),
    cmocka_unit_test(test_file),
    cmocka_unit_test(test_csr),
    cmocka_unit_test(test_csr_refused),
    cmocka_unit_test(test_certificates),
    cmocka_unit_test(test_back_dated),
    cmocka_unit_test(test_certificates_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
