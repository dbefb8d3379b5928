// response - the head of a response as bytes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

static const struct reason
{
  int         status;
  const char *text;
} reasons[] = {
  {100, "Continue"                       },
  {101, "Switching Protocols"            },
  {200, "OK"                             },
  {201, "Created"                        },
  {202, "Accepted"                       },
  {204, "No Content"                     },
  {206, "Partial Content"                },
  {301, "Moved Permanently"              },
  {302, "Found"                          },
  {303, "See Other"                      },
  {304, "Not Modified"                   },
  {307, "Temporary Redirect"             },
  {308, "Permanent Redirect"             },
  {400, "Bad Request"                    },
  {401, "Unauthorized"                   },
  {403, "Forbidden"                      },
  {404, "Not Found"                      },
  {405, "Method Not Allowed"             },
  {408, "Request Timeout"                },
  {409, "Conflict"                       },
  {410, "Gone"                           },
  {411, "Length Required"                },
  {412, "Precondition Failed"            },
  {413, "Content Too Large"              },
  {414, "URI Too Long"                   },
  {415, "Unsupported Media Type"         },
  {417, "Expectation Failed"             },
  {421, "Misdirected Request"            },
  {422, "Unprocessable Content"          },
  {426, "Upgrade Required"               },
  {429, "Too Many Requests"              },
  {431, "Request Header Fields Too Large"},
  {500, "Internal Server Error"          },
  {501, "Not Implemented"                },
  {503, "Service Unavailable"            },
  {505, "HTTP Version Not Supported"     },
};

const char *
pb_response_reason(int status)
{
  for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
  {
    if (reasons[i].status == status)
      return reasons[i].text;
  }
  return "Status";
}

bool
pb_response_may_have_body(int status)
{
  return status >= 200 && status != 204 && status != 304;
}

// The edge's own headers: two of them would be two opinions about the message.
static bool
is_ours(const char *name)
{
  static const char *const ours[] = {"Connection", "Content-Length", "Transfer-Encoding",
                                     "Date",       "Content-Type",   "Upgrade"};

  for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
  {
    if (pb_text_is_equal_nocase(name, ours[i]))
      return true;
  }
  return false;
}

static bool
is_value(const char *value)
{
  for (const char *at = value; *at != '\0'; at++)
  {
    if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
      return false;
  }
  return true;
}

bool
pb_response_is_header(const char *name, const char *value)
{
  static const char token[] =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

  return name != NULL && value != NULL && *name != '\0' && strspn(name, token) == strlen(name) &&
         is_value(value) && !is_ours(name);
}

// How the body is framed.
static bool
format_framing(pb_buffer_t *dst, const struct pb_response_head *head, pb_error_t *err)
{
  if (!head->has_body)
    return true;
  if (head->is_chunked)
    return pb_buffer_append_text(dst, "Transfer-Encoding: chunked\r\n", err);
  if (head->body_size >= 0)
    return pb_buffer_appendf(dst, err, "Content-Length: %lld\r\n", (long long)head->body_size);
  return true;  // until close
}

static bool
format_connection(pb_buffer_t *dst, const struct pb_response_head *head, pb_error_t *err)
{
  if (head->upgrade != NULL)
    return pb_buffer_appendf(dst, err, "Connection: Upgrade\r\nUpgrade: %s\r\n", head->upgrade);
  return pb_buffer_appendf(dst, err, "Connection: %s\r\n", head->is_close ? "close" : "keep-alive");
}

bool
pb_response_format(pb_buffer_t *dst, const struct pb_response_head *head, pb_error_t *err)
{
  char date[PB_HTTP_DATE_SIZE];

  pb_clock_format_http(date, head->date_ms);
  if (!pb_buffer_appendf(dst, err, "HTTP/1.1 %d %s\r\nDate: %s\r\n", head->status,
                         pb_response_reason(head->status), date))
    return false;
  if (head->content_type != NULL && head->has_body && is_value(head->content_type) &&
      !pb_buffer_appendf(dst, err, "Content-Type: %s\r\n", head->content_type))
    return false;
  if (head->extra != NULL && !pb_buffer_append_text(dst, head->extra, err))
    return false;
  return format_framing(dst, head, err) && format_connection(dst, head, err) &&
         pb_buffer_append_text(dst, "\r\n", err);
}
