// http-reader_test - what is read, and above all what is refused.
// Every row is fed at once and byte by byte: both must tell the same.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/text.h"
#include "net/http-reader.h"

#define H "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" H
#define POST "POST / HTTP/1.1\r\n" H
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

// Writes down what a reader tells: "H" a head with its facts, "B" bytes of a body (joined), "E" an
// end, "X" a refusal.
struct story
{
  char   text[4096];
  size_t size;
  bool   in_body;
};

static void
tell(struct story *story, const char *text)
{
  size_t size = strlen(text);

  assert_true(story->size + size < sizeof(story->text));
  memcpy(story->text + story->size, text, size + 1);
  story->size += size;
}

static void
tell_head(struct story *story, const pb_http_reader_t *reader)
{
  char        line[512];
  const char *query = pb_http_reader_query(reader);

  pb_text_format(line, sizeof(line), "H(%s %s%s%s %d %lld%s%s)", pb_http_reader_method(reader),
                 pb_http_reader_path(reader), query != NULL ? "?" : "", query != NULL ? query : "",
                 pb_http_reader_status(reader), (long long)pb_http_reader_body_size(reader),
                 pb_http_reader_is_keep_alive(reader) ? " keep" : "",
                 pb_http_reader_wants_continue(reader) ? " continue" : "");
  tell(story, line);
}

static void
tell_body(struct story *story, const void *data, size_t size)
{
  char text[1024];

  if (!story->in_body)
    tell(story, "B:");
  story->in_body = true;
  pb_text_escape(text, sizeof(text), data, size);
  tell(story, text);
}

// False after a refusal.
static bool
tell_event(struct story *story, const pb_http_reader_t *reader, enum pb_http_event event,
           const void *body, size_t size)
{
  char line[256];

  switch (event)
  {
    case PB_HTTP_HEAD:
      tell_head(story, reader);
      return true;
    case PB_HTTP_BODY:
      tell_body(story, body, size);
      return true;
    case PB_HTTP_END:
      story->in_body = false;
      tell(story, "E");
      return true;
    case PB_HTTP_BAD:
      pb_text_format(line, sizeof(line), "X%d", pb_http_reader_status(reader));
      tell(story, line);
      return false;
    default:
      return true;
  }
}

// Feeds data in pieces of `step` bytes.
static void
read_all(struct story *story, enum pb_http_kind kind, const char *data, size_t size, size_t step)
{
  pb_http_reader_t  *reader = pb_http_reader_new(kind);
  enum pb_http_event event  = PB_HTTP_NEED_MORE;

  *story = (struct story){0};
  for (size_t at = 0; at < size && event != PB_HTTP_BAD; at += step)
  {
    size_t piece = size - at < step ? size - at : step;
    size_t done  = 0;

    do
    {
      const void *body;
      size_t      body_size, used;

      event = pb_http_reader_feed(reader, data + at + done, piece - done, &used, &body, &body_size);
      done += used;
      assert_true(done <= piece);
      if (!tell_event(story, reader, event, body, body_size))
        break;
    } while (event != PB_HTTP_NEED_MORE || done < piece);
  }
  pb_http_reader_free(reader);
}

struct row
{
  const char *name, *input, *want;
};

static void
check_rows(enum pb_http_kind kind, const struct row *rows, size_t count)
{
  static const size_t steps[] = {SIZE_MAX / 2, 1, 2, 3, 7};
  struct story        story;

  for (size_t i = 0; i < count; i++)
  {
    for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++)
    {
      read_all(&story, kind, rows[i].input, strlen(rows[i].input), steps[j]);
      if (strcmp(story.text, rows[i].want) != 0)
        fail_msg("%s (step %zu): %s, not %s", rows[i].name, steps[j], story.text, rows[i].want);
    }
  }
}

#define CHECK_ROWS(kind, rows) check_rows(kind, rows, sizeof(rows) / sizeof((rows)[0]))

static void
accepts_requests(void **state)
{
  static const struct row rows[] = {
    {"plain",             GET "\r\n",                                                  "H(GET / 0 0 keep)E"          },
    {"empty line before", "\r\n" GET "\r\n",                                           "H(GET / 0 0 keep)E"          },
    {"query",             "GET /a?b=%20c|d HTTP/1.1\r\n" H "\r\n",                     "H(GET /a?b=%20c|d 0 0 keep)E"},
    {"decoded once",      "GET /a%20b%252e HTTP/1.1\r\n" H "\r\n",                     "H(GET /a b%2e 0 0 keep)E"    },
    {"utf-8",             "GET /%c3%a4 HTTP/1.1\r\n" H "\r\n",                         "H(GET /\xc3\xa4 0 0 keep)E"  },
    {"dots in names",     "GET /..a/.b/c.. HTTP/1.1\r\n" H "\r\n",                     "H(GET /..a/.b/c.. 0 0 keep)E"},
    {"absolute",          "GET https://a/x?y HTTP/1.1\r\n" H "\r\n",                   "H(GET /x?y 0 0 keep)E"       },
    {"absolute, no path", "GET https://a HTTP/1.1\r\n" H "\r\n",                       "H(GET / 0 0 keep)E"          },
    {"1.0",               "GET / HTTP/1.0\r\n\r\n",                                    "H(GET / 0 0)E"               },
    {"1.0 keep-alive",    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",          "H(GET / 0 0)E"               },
    {"close",             GET "Connection: close\r\n\r\n",                             "H(GET / 0 0)E"               },
    {"close in a list",   GET "Connection: x, Close\r\n\r\n",                          "H(GET / 0 0)E"               },
    {"close, two fields", GET "Connection: x\r\nconnection: close\r\n\r\n",            "H(GET / 0 0)E"               },
    {"no value",          GET "X:\r\n\r\n",                                            "H(GET / 0 0 keep)E"          },
    {"blanks around",     GET "X: \t a b \t \r\n\r\n",                                 "H(GET / 0 0 keep)E"          },
    {"host with port",    "GET / HTTP/1.1\r\nHost: a.b-c:8631\r\n\r\n",                "H(GET / 0 0 keep)E"          },
    {"host v6",           "GET / HTTP/1.1\r\nHost: [::1]:8631\r\n\r\n",                "H(GET / 0 0 keep)E"          },
    {"length",            POST "Content-Length: 3\r\n\r\nabc",                         "H(POST / 0 3 keep)B:abcE"    },
    {"length 0",          POST "Content-Length: 0\r\n\r\n",                            "H(POST / 0 0 keep)E"         },
    {"leading zeros",     POST "Content-Length: 003\r\n\r\nabc",                       "H(POST / 0 3 keep)B:abcE"    },
    {"pipelined",         POST "Content-Length: 1\r\n\r\na" GET "\r\n",
     "H(POST / 0 1 keep)B:aEH(GET / 0 0 keep)E"                                                                      },
    {"chunked",           CHUNKED "3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n",
     "H(POST / 0 -1 keep)B:abc0123456789E"                                                                           },
    {"chunked, empty",    CHUNKED "0\r\n\r\n",                                         "H(POST / 0 -1 keep)E"        },
    {"Chunked",           POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",          "H(POST / 0 -1 keep)E"        },
    {"extension",         CHUNKED "1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n",                 "H(POST / 0 -1 keep)B:xE"     },
    {"trailers",          CHUNKED "0\r\nA: b\r\nContent-Length: 9\r\n\r\n" GET "\r\n",
     "H(POST / 0 -1 keep)EH(GET / 0 0 keep)E"                                                                        },
    {"expect",            POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\na",
     "H(POST / 0 1 keep continue)B:aE"                                                                               },
    {"expect, no body",   GET "Expect: 100-continue\r\n\r\n",                          "H(GET / 0 0 keep)E"          },
    {"any method",        "BREW / HTTP/1.1\r\n" H "\r\n",                              "H(BREW / 0 0 keep)E"         },
    {"obs-text",          GET "X: \xff\r\n\r\n",                                       "H(GET / 0 0 keep)E"          },
  };

  (void)state;
  CHECK_ROWS(PB_HTTP_REQUESTS, rows);
}

// What has been used to make two servers see two different messages, and what is no HTTP.
static void
refuses_requests(void **state)
{
  static const struct row rows[] = {
  // how long is the body?
    {"CL and TE",              POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",    "X400"                      },
    {"TE and CL",              POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",    "X400"                      },
    {"two CL",                 POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n",             "X400"                      },
    {"two equal CL",           POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n",             "X400"                      },
    {"CL list",                POST "Content-Length: 3, 3\r\n\r\n",                               "X400"                      },
    {"CL +",                   POST "Content-Length: +3\r\n\r\n",                                 "X400"                      },
    {"CL -",                   POST "Content-Length: -3\r\n\r\n",                                 "X400"                      },
    {"CL hex",                 POST "Content-Length: 0x3\r\n\r\n",                                "X400"                      },
    {"CL words",               POST "Content-Length: 3 3\r\n\r\n",                                "X400"                      },
    {"CL empty",               POST "Content-Length:\r\n\r\n",                                    "X400"                      },
    {"CL fraction",            POST "Content-Length: 3.0\r\n\r\n",                                "X400"                      },
    {"CL too large",           POST "Content-Length: 9223372036854775808\r\n\r\n",                "X413"                      },
    {"CL wraps",               POST "Content-Length: 18446744073709551619\r\n\r\n",               "X413"                      },
    {"TE in 1.0",              "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",           "X400"                      },
    {"two TE",                 POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", "X400"                      },
    {"two chunked",            POST "Transfer-Encoding: chunked, chunked\r\n\r\n",                "X501"                      },
    {"TE identity",            POST "Transfer-Encoding: identity\r\n\r\n",                        "X501"                      },
    {"TE gzip",                POST "Transfer-Encoding: gzip, chunked\r\n\r\n",                   "X501"                      },
    {"TE chunked not last",    POST "Transfer-Encoding: chunked, identity\r\n\r\n",               "X501"                      },
    {"TE xchunked",            POST "Transfer-Encoding: xchunked\r\n\r\n",                        "X501"                      },
    {"TE quoted",              POST "Transfer-Encoding: \"chunked\"\r\n\r\n",                     "X501"                      },
    {"TE empty",               POST "Transfer-Encoding:\r\n\r\n",                                 "X501"                      },
    {"TE comma",               POST "Transfer-Encoding: ,chunked\r\n\r\n",                        "X501"                      },
    {"TE parameter",           POST "Transfer-Encoding: chunked;a=b\r\n\r\n",                     "X501"                      },
    {"TE VT",                  POST "Transfer-Encoding: \vchunked\r\n\r\n",                       "X400"                      },
    {"TE space colon",         POST "Transfer-Encoding : chunked\r\n\r\n",                        "X400"                      },
    {"TE tab colon",           POST "Transfer-Encoding\t: chunked\r\n\r\n",                       "X400"                      },
    {"TE folded",              POST "Transfer-Encoding:\r\n chunked\r\n\r\n",                     "X400"                      },
    {"TE in a fold",           POST "X: y\r\n Transfer-Encoding: chunked\r\n\r\n",                "X400"                      },
    {"TE behind bare LF",      POST "X: y\nTransfer-Encoding: chunked\r\n\r\n",                   "X400"                      },
    {"TE behind bare CR",      POST "X: y\rTransfer-Encoding: chunked\r\n\r\n",                   "X400"                      },
    {"TE with control",        POST "Transfer-Encoding\x01: chunked\r\n\r\n",                     "X400"                      },
    {"TE leading blank",       POST " Transfer-Encoding: chunked\r\n\r\n",                        "X400"                      },
 // chunks
    {"chunk size 0x",          CHUNKED "0x1\r\na\r\n0\r\n\r\n",                                   "H(POST / 0 -1 keep)X400"   },
    {"chunk size +",           CHUNKED "+1\r\na\r\n0\r\n\r\n",                                    "H(POST / 0 -1 keep)X400"   },
    {"chunk size -",           CHUNKED "-1\r\n",                                                  "H(POST / 0 -1 keep)X400"   },
    {"chunk size blank",       CHUNKED "1 \r\na\r\n0\r\n\r\n",                                    "H(POST / 0 -1 keep)X400"   },
    {"chunk size blank first", CHUNKED " 1\r\na\r\n0\r\n\r\n",                                    "H(POST / 0 -1 keep)X400"   },
    {"chunk size blank ;",     CHUNKED "1 ;a\r\na\r\n0\r\n\r\n",                                  "H(POST / 0 -1 keep)X400"   },
    {"chunk size empty",       CHUNKED "\r\n",                                                    "H(POST / 0 -1 keep)X400"   },
    {"chunk size ; only",      CHUNKED ";a\r\n",                                                  "H(POST / 0 -1 keep)X400"   },
    {"chunk size too large",   CHUNKED "1000000000000000\r\n",                                    "H(POST / 0 -1 keep)X400"   },
    {"chunk size wraps",       CHUNKED "10000000000000001\r\na\r\n",                              "H(POST / 0 -1 keep)X400"   },
    {"chunk bare LF",          CHUNKED "1\na\r\n0\r\n\r\n",                                       "H(POST / 0 -1 keep)X400"   },
    {"chunk extension LF",     CHUNKED "1;\na\r\n0\r\n\r\n",                                      "H(POST / 0 -1 keep)X400"   },
    {"chunk extension CR",     CHUNKED "1;a\rb\r\na\r\n0\r\n\r\n",                                "H(POST / 0 -1 keep)X400"   },
    {"chunk longer",           CHUNKED "1\r\nab\r\n0\r\n\r\n",                                    "H(POST / 0 -1 keep)B:aX400"},
    {"chunk end LF",           CHUNKED "1\r\na\n0\r\n\r\n",                                       "H(POST / 0 -1 keep)B:aX400"},
    {"chunk end CR",           CHUNKED "1\r\na\r0\r\n\r\n",                                       "H(POST / 0 -1 keep)B:aX400"},
    {"chunk end XX",           CHUNKED "1\r\naXX0\r\n\r\n",                                       "H(POST / 0 -1 keep)B:aX400"},
    {"trailer no colon",       CHUNKED "0\r\nab\r\n\r\n",                                         "H(POST / 0 -1 keep)X400"   },
    {"trailer bare LF",        CHUNKED "0\r\n\n",                                                 "H(POST / 0 -1 keep)X400"   },
    {"trailer folded",         CHUNKED "0\r\nA: b\r\n c\r\n\r\n",                                 "H(POST / 0 -1 keep)X400"   },
 // lines and fields
    {"bare LF",                "GET / HTTP/1.1\n" H "\r\n",                                       "X400"                      },
    {"bare LF at the end",     GET "\n",                                                          "X400"                      },
    {"bare CR",                "GET / HTTP/1.1\r" H "\r\n",                                       "X400"                      },
    {"CR CR LF",               GET "X: y\r\r\n\r\n",                                              "X400"                      },
    {"DEL",                    GET "X: \x7f\r\n\r\n",                                             "X400"                      },
    {"ESC",                    GET "X: \x1b\r\n\r\n",                                             "X400"                      },
    {"no colon",               GET "X\r\n\r\n",                                                   "X400"                      },
    {"no name",                GET ": x\r\n\r\n",                                                 "X400"                      },
    {"space in name",          GET "X Y: z\r\n\r\n",                                              "X400"                      },
    {"obs-text in name",       GET "X\xe4: z\r\n\r\n",                                            "X400"                      },
    {"fold with tab",          GET "X: y\r\n\tz\r\n\r\n",                                         "X400"                      },
    {"fold first",             "GET / HTTP/1.1\r\n X: y\r\n" H "\r\n",                            "X400"                      },
    {"two Authorization",      GET "Authorization: a\r\nAuthorization: b\r\n\r\n",                "X400"                      },
    {"two Content-Type",       GET "Content-Type: a\r\nContent-Type: b\r\n\r\n",                  "X400"                      },
    {"two Cookie",             GET "Cookie: a\r\nCookie: b\r\n\r\n",                              "X400"                      },
    {"expectation",            POST "Expect: 200-ok\r\n\r\n",                                     "X417"                      },
    {"expectation list",       POST "Expect: 100-continue, x\r\n\r\n",                            "X417"                      },
 // host
    {"no Host",                "GET / HTTP/1.1\r\n\r\n",                                          "X400"                      },
    {"empty Host",             "GET / HTTP/1.1\r\nHost:\r\n\r\n",                                 "X400"                      },
    {"two Host",               GET "Host: b\r\n\r\n",                                             "X400"                      },
    {"two equal Host",         GET "Host: a\r\n\r\n",                                             "X400"                      },
    {"two Host in 1.0",        "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",                    "X400"                      },
    {"Host list",              "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",                            "X400"                      },
    {"Host user",              "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",                             "X400"                      },
    {"Host path",              "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",                             "X400"                      },
    {"Host port",              "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",                             "X400"                      },
    {"Host no port",           "GET / HTTP/1.1\r\nHost: a:\r\n\r\n",                              "X400"                      },
    {"Host v6 open",           "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",                            "X400"                      },
    {"Host v6 bare",           "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n",                             "X400"                      },
    {"other host in target",   "GET https://b/ HTTP/1.1\r\n" H "\r\n",                            "X400"                      },
    {"user in target",         "GET https://a@b/ HTTP/1.1\r\n" H "\r\n",                          "X400"                      },
    {"http target",            "GET http://a/ HTTP/1.1\r\n" H "\r\n",                             "X400"                      },
 // the request line
    {"no target",              "GET HTTP/1.1\r\n" H "\r\n",                                       "X400"                      },
    {"0.9",                    "GET /\r\n",                                                       "X400"                      },
    {"two blanks",             "GET  / HTTP/1.1\r\n" H "\r\n",                                    "X400"                      },
    {"blank at the end",       "GET / HTTP/1.1 \r\n" H "\r\n",                                    "X400"                      },
    {"blank before",           " GET / HTTP/1.1\r\n" H "\r\n",                                    "X400"                      },
    {"tab",                    "GET\t/ HTTP/1.1\r\n" H "\r\n",                                    "X400"                      },
    {"blank in target",        "GET /a b HTTP/1.1\r\n" H "\r\n",                                  "X400"                      },
    {"method no token",        "G@T / HTTP/1.1\r\n" H "\r\n",                                     "X400"                      },
    {"long method",            "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" H "\r\n",       "X501"                      },
    {"two empty lines before", "\r\n\r\n" GET "\r\n",                                             "X400"                      },
    {"http/1.1",               "GET / http/1.1\r\n" H "\r\n",                                     "X400"                      },
    {"HTTP/1.10",              "GET / HTTP/1.10\r\n" H "\r\n",                                    "X400"                      },
    {"HTTP/11",                "GET / HTTP/11\r\n" H "\r\n",                                      "X400"                      },
    {"HTTP/1.2",               "GET / HTTP/1.2\r\n" H "\r\n",                                     "X505"                      },
    {"HTTP/2",                 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",                                "X505"                      },
    {"HTTP/0.9",               "GET / HTTP/0.9\r\n\r\n",                                          "X505"                      },
    {"CONNECT",                "CONNECT a:1 HTTP/1.1\r\n" H "\r\n",                               "X405"                      },
    {"TRACE",                  "TRACE / HTTP/1.1\r\n" H "\r\n",                                   "X405"                      },
    {"asterisk",               "OPTIONS * HTTP/1.1\r\n" H "\r\n",                                 "X405"                      },
    {"TLS hello",              "\x16\x03\x01",                                                    "X400"                      },
 // the path
    {"dots",                   "GET /../etc HTTP/1.1\r\n" H "\r\n",                               "X400"                      },
    {"dots at the end",        "GET /a/.. HTTP/1.1\r\n" H "\r\n",                                 "X400"                      },
    {"one dot",                "GET /a/./b HTTP/1.1\r\n" H "\r\n",                                "X400"                      },
    {"encoded dots",           "GET /%2e%2e/etc HTTP/1.1\r\n" H "\r\n",                           "X400"                      },
    {"half encoded dots",      "GET /.%2E HTTP/1.1\r\n" H "\r\n",                                 "X400"                      },
    {"encoded slash",          "GET /a%2fb HTTP/1.1\r\n" H "\r\n",                                "X400"                      },
    {"encoded backslash",      "GET /a%5Cb HTTP/1.1\r\n" H "\r\n",                                "X400"                      },
    {"backslash",              "GET /a\\b HTTP/1.1\r\n" H "\r\n",                                 "X400"                      },
    {"encoded NUL",            "GET /a%00 HTTP/1.1\r\n" H "\r\n",                                 "X400"                      },
    {"encoded CR",             "GET /a%0d%0aX:y HTTP/1.1\r\n" H "\r\n",                           "X400"                      },
    {"half an escape",         "GET /a%2 HTTP/1.1\r\n" H "\r\n",                                  "X400"                      },
    {"no hex",                 "GET /a%zz HTTP/1.1\r\n" H "\r\n",                                 "X400"                      },
    {"no hex in query",        "GET /?%zz HTTP/1.1\r\n" H "\r\n",                                 "X400"                      },
    {"no utf-8",               "GET /%ff HTTP/1.1\r\n" H "\r\n",                                  "X400"                      },
    {"overlong slash",         "GET /%c0%af HTTP/1.1\r\n" H "\r\n",                               "X400"                      },
    {"fragment",               "GET /#a HTTP/1.1\r\n" H "\r\n",                                   "X400"                      },
    {"raw utf-8",              "GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n",                             "X400"                      },
    {"no slash",               "GET a HTTP/1.1\r\n" H "\r\n",                                     "X400"                      },
  };

  (void)state;
  CHECK_ROWS(PB_HTTP_REQUESTS, rows);
}

static void
refuses_nul(void **state)
{
  static const char nul_name[]  = GET "X\0Y: z\r\n\r\n";
  static const char nul_value[] = GET "X: y\0z\r\n\r\n";
  static const char nul_line[]  = "GET /\0 HTTP/1.1\r\n" H "\r\n";
  static const char nul_chunk[] = CHUNKED "1\0\r\na\r\n";
  struct story      story;

  (void)state;
  read_all(&story, PB_HTTP_REQUESTS, nul_name, sizeof(nul_name) - 1, 1);
  assert_string_equal(story.text, "X400");
  read_all(&story, PB_HTTP_REQUESTS, nul_value, sizeof(nul_value) - 1, 1);
  assert_string_equal(story.text, "X400");
  read_all(&story, PB_HTTP_REQUESTS, nul_line, sizeof(nul_line) - 1, 100);
  assert_string_equal(story.text, "X400");
  read_all(&story, PB_HTTP_REQUESTS, nul_chunk, sizeof(nul_chunk) - 1, 100);
  assert_string_equal(story.text, "H(POST / 0 -1 keep)X400");
}

static void
reads_responses(void **state)
{
  static const struct row rows[] = {
    {"length",         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",                             "H( / 200 2 keep)B:abE"},
    {"chunked",        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
     "H( / 200 -1 keep)B:aE"                                                                                                },
    {"until close",    "HTTP/1.0 200 OK\r\n\r\nabc",                                                 "H( / 200 -1)B:abc"    },
    {"no reason",      "HTTP/1.1 204\r\n\r\n",                                                       "H( / 204 0 keep)E"    },
    {"empty reason",   "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",                                 "H( / 404 0 keep)E"    },
    {"continue first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 No\r\n\r\n",
     "H( / 100 0 keep)EH( / 304 0 keep)E"                                                                                   },
    {"upgrade",        "HTTP/1.1 101 Go\r\nUpgrade: ptth\r\n\r\n",                                   "H( / 101 0 keep)E"    },
    {"CL and TE",      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
     "X400"                                                                                                                 },
    {"two CL",         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",          "X400"                 },
    {"bare LF",        "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\n",                                 "X400"                 },
    {"HTTP/2",         "HTTP/2 200\r\n\r\n",                                                         "X400"                 },
    {"status 20",      "HTTP/1.1 20 OK\r\n\r\n",                                                     "X400"                 },
    {"status 2000",    "HTTP/1.1 2000 OK\r\n\r\n",                                                   "X400"                 },
    {"status 600",     "HTTP/1.1 600 OK\r\n\r\n",                                                    "X400"                 },
    {"empty line",     "\r\nHTTP/1.1 200 OK\r\n\r\n",                                                "X400"                 },
  };

  (void)state;
  CHECK_ROWS(PB_HTTP_RESPONSES, rows);
}

// prefix + count times `piece` + suffix
static void
check_cap(const char *prefix, const char *piece, size_t count, const char *suffix, const char *want)
{
  static const size_t steps[] = {SIZE_MAX / 2, 1, 1000};
  size_t              size    = strlen(prefix) + count * strlen(piece) + strlen(suffix);
  char               *text    = malloc(size + 1);
  char               *at      = text;
  struct story        story;

  assert_non_null(text);
  at = stpcpy(at, prefix);
  for (size_t i = 0; i < count; i++)
    at = stpcpy(at, piece);
  stpcpy(at, suffix);
  for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
  {
    read_all(&story, PB_HTTP_REQUESTS, text, size, steps[i]);
    assert_string_equal(story.text, want);
  }
  free(text);
}

static void
keeps_caps(void **state)
{
  (void)state;
  check_cap("GET /", "a", 9000, " HTTP/1.1\r\n" H "\r\n", "X414");
  check_cap("GET /", "a", 9000, "", "X414");
  check_cap(GET "X: ", "a", PB_HTTP_HEAD_MAX, "\r\n\r\n", "X431");
  check_cap(GET "X: ", "a", PB_HTTP_HEAD_MAX - 200, "\r\n\r\n", "H(GET / 0 0 keep)E");
  check_cap(GET, "X: y\r\n", PB_HTTP_HEADERS_MAX - 1, "\r\n", "H(GET / 0 0 keep)E");
  check_cap(GET, "X: y\r\n", PB_HTTP_HEADERS_MAX, "\r\n", "X431");
  check_cap(CHUNKED "1;", "a", 300, "\r\n", "H(POST / 0 -1 keep)X400");
  check_cap(CHUNKED "0\r\nX: ", "a", 9000, "\r\n\r\n", "H(POST / 0 -1 keep)X431");
  check_cap(CHUNKED "0\r\n", "X: y\r\n", PB_HTTP_HEADERS_MAX + 1, "\r\n",
            "H(POST / 0 -1 keep)X431");
  // A full head leaves the chunks' lines their room.
  check_cap(POST "Transfer-Encoding: chunked\r\nX: ", "a", PB_HTTP_HEAD_MAX - 200,
            "\r\n\r\n3;ext\r\nabc\r\n0\r\nT: t\r\n\r\n", "H(POST / 0 -1 keep)B:abcE");
}

// Many small chunks with extensions: work for us, nothing for them.
static void
caps_extensions(void **state)
{
  pb_http_reader_t  *reader = pb_http_reader_new(PB_HTTP_REQUESTS);
  const char        *text   = CHUNKED;
  enum pb_http_event event;
  size_t             used, size;
  const void        *body;
  int                chunks = 0;

  (void)state;
  event = pb_http_reader_feed(reader, text, strlen(text), &used, &body, &size);
  assert_int_equal(event, PB_HTTP_HEAD);
  while (event != PB_HTTP_BAD && chunks++ < 100000)
  {
    static const char chunk[] = "1;abcdefghijklmnop\r\nx\r\n";

    for (size_t at = 0; at < sizeof(chunk) - 1 && event != PB_HTTP_BAD; at += used)
      event = pb_http_reader_feed(reader, chunk + at, sizeof(chunk) - 1 - at, &used, &body, &size);
  }
  assert_in_range(chunks, 500, 2000);
  pb_http_reader_free(reader);
}

static void
finds_headers(void **state)
{
  static const char text[] =
    GET "Accept: a\r\nX-B: 1\r\nACCEPT:  b \r\naccept: c\r\nUpgrade: ptth\r\n"
        "Connection: keep-alive,  Upgrade\r\n\r\n";
  pb_http_reader_t *reader = pb_http_reader_new(PB_HTTP_REQUESTS);
  size_t            used, size;
  const void       *body;

  (void)state;
  assert_int_equal(pb_http_reader_feed(reader, text, sizeof(text) - 1, &used, &body, &size),
                   PB_HTTP_HEAD);
  assert_int_equal(used, sizeof(text) - 1);
  assert_string_equal(pb_http_reader_header(reader, "Accept"), "a, b, c");
  assert_string_equal(pb_http_reader_header(reader, "x-b"), "1");
  assert_null(pb_http_reader_header(reader, "X"));
  assert_true(pb_http_reader_has_token(reader, "connection", "upgrade"));
  assert_false(pb_http_reader_has_token(reader, "connection", "up"));
  assert_false(pb_http_reader_has_token(reader, "none", "up"));
  assert_int_equal(pb_http_reader_feed(reader, "", 0, &used, &body, &size), PB_HTTP_END);
  assert_string_equal(pb_http_reader_header(reader, "x-b"), "1");
  assert_true(pb_http_reader_is_between(reader));
  pb_http_reader_reset(reader);
  assert_null(pb_http_reader_header(reader, "x-b"));
  pb_http_reader_free(reader);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(accepts_requests), cmocka_unit_test(refuses_requests),
    cmocka_unit_test(refuses_nul),      cmocka_unit_test(reads_responses),
    cmocka_unit_test(keeps_caps),       cmocka_unit_test(caps_extensions),
    cmocka_unit_test(finds_headers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
