// device-strings - message catalogs of devices in the database.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/device-strings.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ipp/attributes.h"
#include "print/print-private.h"

#define GROUP IPP_TAG_PRINTER
#define ENDING ".strings"

// --- kept

// "KEY=TEXT" each.
static pb_strings_t *
make_catalog(ipp_attribute_t *attribute)
{
  pb_strings_t *strings = pb_strings_new();

  for (int i = 0; strings != NULL && i < ippGetCount(attribute); i++)
  {
    const char *pair = ippGetString(attribute, i, /*language*/ NULL);
    size_t      size = pair != NULL ? strcspn(pair, "=") : 0;
    char        key[PB_STRINGS_KEY_SIZE];

    if (size == 0 || pair[size] != '=' ||
        !pb_text_format(key, sizeof(key), "%.*s", (int)size, pair))
      continue;
    if (pb_strings_add(strings, key, /*value*/ NULL, pair + size + 1))
      continue;
    pb_strings_free(strings);
    strings = NULL;
  }
  return strings;
}

static bool
save(pb_db_t *db, const char *device_uuid, const char *language, const pb_buffer_t *text,
     bool *is_changed_out, pb_error_t *err)
{
  // Unchanged, it is not written: each connection reports all again.
  if (!pb_db_run(db, err,
                 "INSERT INTO device_strings (device_uuid, language, catalog)"
                 " SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM device_strings WHERE"
                 " device_uuid = ?1 AND language = ?2) OR (SELECT count(*) FROM device_strings"
                 " WHERE device_uuid = ?1) < ?4"
                 " ON CONFLICT DO UPDATE SET catalog = excluded.catalog"
                 " WHERE catalog <> excluded.catalog",
                 "ttbi", device_uuid, language, text->data, text->size,
                 (int64_t)PB_DEVICE_STRINGS_LANGUAGES_MAX))
    return false;
  *is_changed_out = pb_db_changes(db) > 0;
  return true;
}

bool
pb_device_strings_take(pb_db_t *db, const char *device_uuid, ipp_attribute_t *attribute,
                       bool *is_changed_out, pb_error_t *err)
{
  const char   *language = pb_attributes_get_strings_language(ippGetName(attribute));
  pb_strings_t *strings  = NULL;
  pb_buffer_t   text     = {0};
  bool          ok       = false;

  *is_changed_out = false;
  if (language == NULL)
    return pb_error_set(err, PB_BUG, "%s is no catalog", ippGetName(attribute));
  if (ippGetValueTag(attribute) == IPP_TAG_DELETEATTR)
  {
    ok = pb_db_run(db, err, "DELETE FROM device_strings WHERE device_uuid = ? AND language = ?",
                   "tt", device_uuid, language);
    *is_changed_out = ok && pb_db_changes(db) > 0;
    return ok;
  }
  strings = make_catalog(attribute);
  ok      = strings != NULL ? pb_strings_format(strings, &text, err)
                            : pb_error_set(err, PB_RETRY, "out of memory");
  ok      = ok && save(db, device_uuid, language, &text, is_changed_out, err);
  pb_buffer_clear(&text);
  pb_strings_free(strings);
  return ok;
}

bool
pb_device_strings_read(pb_db_t *db, int printer_id, const char *language, pb_buffer_t *text_out,
                       pb_error_t *err)
{
  pb_db_stmt_t *query    = pb_db_query(db, err,
                                       "SELECT catalog FROM device_strings s JOIN devices d"
                                          " ON d.uuid = s.device_uuid"
                                          " WHERE d.printer_id = ? AND s.language = ?"
                                          " ORDER BY s.device_uuid LIMIT 1",
                                       "it", (int64_t)printer_id, language);
  bool          is_found = pb_db_step(query);
  bool          ok       = true;

  pb_buffer_init(text_out, (size_t)PB_STRINGS_FILE_MAX * 4);
  if (is_found)
  {
    size_t      size = 0;
    const void *blob = pb_db_blob(query, 0, &size);

    ok = pb_buffer_append(text_out, blob, size, err);
  }
  ok = pb_db_finish(query, err) && ok;
  return ok && (is_found || pb_error_set(err, PB_GONE, "no names in %s", language));
}

// --- told

// The language that is best for who wants `wanted`: itself, its own without or with a country,
// English, any.
static const char *
choose_language(ipp_attribute_t *languages, const char *wanted)
{
  const char *best      = NULL;
  int         best_rank = 0;
  size_t      size      = strcspn(wanted, "-");

  for (int i = 0; i < ippGetCount(languages); i++)
  {
    const char *one  = ippGetString(languages, i, /*language*/ NULL);
    int         rank = 1;

    if (pb_text_is_equal_nocase(one, wanted))
      rank = 4;
    else if (strcspn(one, "-") == size && strncasecmp(one, wanted, size) == 0)
      rank = 3;
    else if (pb_text_is_equal(one, "en"))
      rank = 2;
    if (pb_strings_is_language(one) && rank > best_rank)
    {
      best      = one;
      best_rank = rank;
    }
  }
  return best;
}

void
pb_device_strings_add_uri(struct pb_request *request, ipp_t *bag)
{
  ipp_attribute_t *languages =
    pb_ipp_find(bag, GROUP, "printer-strings-languages-supported", IPP_TAG_LANGUAGE);
  const char *wanted = pb_ipp_text(request->ipp, IPP_TAG_OPERATION, "attributes-natural-language");
  const char *language =
    languages != NULL ? choose_language(languages, wanted != NULL ? wanted : "en") : NULL;
  char uri[1024];

  if (language == NULL || pb_ipp_find(bag, GROUP, "printer-strings-uri", IPP_TAG_ZERO) != NULL ||
      !pb_text_format(uri, sizeof(uri), "https://%s" PB_PATH_STRINGS "%d/%s" ENDING,
                      request->print->authority, request->printer.id, language))
    return;
  ippAddString(bag, GROUP, IPP_TAG_URI, "printer-strings-uri", /*language*/ NULL, uri);
}

// --- served

bool
pb_device_strings_parse_path(const char *path, int *printer_id_out,
                             char language_out[PB_LANGUAGE_SIZE])
{
  char        number[8];
  int64_t     id     = 0;
  const char *rest   = path + strlen(PB_PATH_STRINGS);
  size_t      size   = pb_text_has_prefix(path, PB_PATH_STRINGS) ? strcspn(rest, "/") : 0;
  size_t      ending = 0;

  if (size == 0 || rest[size] != '/' ||
      !pb_text_format(number, sizeof(number), "%.*s", (int)size, rest) ||
      !pb_text_parse_int(number, 1, PB_PRINTERS_MAX, &id))
    return false;
  rest += size + 1;
  ending = strlen(rest) > strlen(ENDING) ? strlen(rest) - strlen(ENDING) : 0;
  if (ending == 0 || strcmp(rest + ending, ENDING) != 0 ||
      !pb_text_format(language_out, PB_LANGUAGE_SIZE, "%.*s", (int)ending, rest))
    return false;
  *printer_id_out = (int)id;
  return pb_strings_is_language(language_out);
}

struct answer
{
  pb_print_t *print;
  int         printer_id;
  char        language[PB_LANGUAGE_SIZE];
  pb_buffer_t text;
  pb_error_t  err;
  bool        ok;
};

static void
reply_status(pb_exchange_t *exchange, int status, const char *text)
{
  pb_exchange_reply(exchange, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void
work_read(void *arg)
{
  struct answer *answer = arg;

  answer->ok = pb_device_strings_read(answer->print->db, answer->printer_id, answer->language,
                                      &answer->text, &answer->err);
}

static void
done_read(pb_exchange_t *exchange, void *arg)
{
  struct answer *answer = arg;

  if (exchange != NULL && answer->ok)
  {
    pb_exchange_add_header(exchange, "Cache-Control", "max-age=300");
    pb_exchange_reply(exchange, 200, "text/strings; charset=utf-8",
                      answer->text.data != NULL ? answer->text.data : "", answer->text.size);
  }
  else if (exchange != NULL)
    reply_status(exchange, answer->err.kind == PB_GONE ? 404 : 503, "There is no such file.\n");
  pb_buffer_clear(&answer->text);
  free(answer);
}

static void
on_head(pb_exchange_t *exchange, void *context)
{
  pb_print_t    *print  = context;
  struct answer *answer = calloc(1, sizeof(*answer));

  if (answer == NULL || !pb_device_strings_parse_path(pb_exchange_path(exchange),
                                                      &answer->printer_id, answer->language))
  {
    reply_status(exchange, answer == NULL ? 503 : 404, "There is no such file.\n");
    free(answer);
    return;
  }
  answer->print = print;
  pb_edge_work(print->edge, pb_exchange_get_id(exchange), work_read, done_read, answer);
}

static void
ignore_end(pb_exchange_t *exchange)
{
  (void)exchange;
}

bool
pb_device_strings_add_route(pb_print_t *print, pb_error_t *err)
{
  static const struct pb_handler handler = {.on_head = on_head, .on_end = ignore_end};
  const struct pb_route          route   = {PB_PATH_STRINGS, "GET", &handler, print};

  return pb_edge_add_route(print->edge, &route, err);
}
