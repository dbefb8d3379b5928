// net-http-reader_fuzz - any bytes to the HTTP reader: no overrun, and cutting the input
// differently tells the same. The first byte chooses requests or responses, and the size of the
// pieces of the second reading.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/http-reader.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What was told, as a running hash in which pieces of a body count byte by byte.
struct story
{
  uint64_t hash;
  size_t   events;
};

static void
add(struct story *story, const void *data, size_t size)
{
  for (size_t i = 0; i < size; i++)
    story->hash = (story->hash ^ ((const uint8_t *)data)[i]) * 1099511628211u;
}

static void
add_text(struct story *story, const char *text)
{
  if (text != NULL)
    add(story, text, strlen(text) + 1);
}

static void
add_event(struct story *story, const pb_http_reader_t *reader, enum pb_http_event event,
          const void *body, size_t size)
{
  int64_t number;

  if (event == PB_HTTP_NEED_MORE)
    return;
  if (event == PB_HTTP_BODY)
  {
    add(story, body, size);
    return;
  }
  story->events++;
  add(story, &event, sizeof(event));
  number = pb_http_reader_status(reader);
  add(story, &number, sizeof(number));
  add_text(story, pb_http_reader_reason(reader));
  if (event != PB_HTTP_HEAD)
    return;
  add_text(story, pb_http_reader_method(reader));
  add_text(story, pb_http_reader_path(reader));
  add_text(story, pb_http_reader_query(reader));
  add_text(story, pb_http_reader_header(reader, "Host"));
  add_text(story, pb_http_reader_header(reader, "Accept"));
  number = pb_http_reader_body_size(reader);
  add(story, &number, sizeof(number));
  if (pb_http_reader_path(reader)[0] != '/' || strstr(pb_http_reader_path(reader), "/../") != NULL)
    abort();
}

static struct story
read_all(enum pb_http_kind kind, const uint8_t *data, size_t size, size_t step)
{
  pb_http_reader_t  *reader = pb_http_reader_new(kind);
  struct story       story  = {.hash = 14695981039346656037u};
  enum pb_http_event event  = PB_HTTP_NEED_MORE;

  if (reader == NULL)
    abort();
  for (size_t at = 0; at < size && event != PB_HTTP_BAD;)
  {
    size_t piece = size - at < step ? size - at : step;
    size_t done  = 0;

    do
    {
      const void *body;
      size_t      body_size, used;

      event = pb_http_reader_feed(reader, data + at + done, piece - done, &used, &body, &body_size);
      if (used > piece - done)
        abort();
      done += used;
      add_event(&story, reader, event, body, body_size);
    } while (event != PB_HTTP_BAD && (event != PB_HTTP_NEED_MORE || done < piece));
    at += piece;
  }
  pb_http_reader_free(reader);
  return story;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  enum pb_http_kind kind;
  struct story      whole, pieces;

  if (size < 1)
    return 0;
  kind   = data[0] & 1 ? PB_HTTP_RESPONSES : PB_HTTP_REQUESTS;
  whole  = read_all(kind, data + 1, size - 1, SIZE_MAX);
  pieces = read_all(kind, data + 1, size - 1, 1 + (size_t)(data[0] >> 1));
  if (whole.hash != pieces.hash || whole.events != pieces.events)
    abort();
  return 0;
}
