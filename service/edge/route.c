// route - which handler a path belongs to, and which host names are ours.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_ROUTES 256
#define MAX_HOSTS 256

bool
pb_routes_add(struct pb_routes *routes, const struct pb_route *route, pb_error_t *err)
{
  struct pb_route *list;

  if (route->prefix == NULL || *route->prefix != '/' || route->methods == NULL ||
      route->handler == NULL || routes->count == MAX_ROUTES)
    return pb_error_set(err, PB_BUG, "edge: a route that cannot be");
  list = realloc(routes->list, (routes->count + 1) * sizeof(*list));
  if (list == NULL)
    return pb_error_set(err, PB_RETRY, "edge: out of memory");
  routes->list                = list;
  routes->list[routes->count] = *route;
  routes->count++;
  return true;
}

static void
clear_hosts(struct pb_routes *routes)
{
  for (size_t i = 0; i < routes->hosts_count; i++)
    free(routes->hosts[i]);
  free(routes->hosts);
  routes->hosts       = NULL;
  routes->hosts_count = 0;
}

bool
pb_routes_set_hosts(struct pb_routes *routes, const char *const *hosts, pb_error_t *err)
{
  clear_hosts(routes);
  routes->hosts = calloc(MAX_HOSTS, sizeof(char *));
  if (routes->hosts == NULL)
    return pb_error_set(err, PB_RETRY, "edge: out of memory");
  for (size_t i = 0; hosts != NULL && hosts[i] != NULL; i++)
  {
    if (i == MAX_HOSTS)
      return pb_error_set(err, PB_CONFIG, "more than %d host names", MAX_HOSTS);
    routes->hosts[i] = pb_text_dup(hosts[i]);
    if (routes->hosts[i] == NULL)
      return pb_error_set(err, PB_RETRY, "edge: out of memory");
    routes->hosts_count++;
  }
  return true;
}

// The name of "name:port", "name." or "[v6]:port": *size_out characters from what is returned.
static const char *
get_host_name(const char *host, size_t *size_out)
{
  if (*host == '[')
  {
    *size_out = strcspn(host + 1, "]");
    return host + 1;
  }
  // More than one colon: a bare IPv6 address, as in our own list.
  *size_out = strchr(host, ':') == strrchr(host, ':') ? strcspn(host, ":") : strlen(host);
  if (*size_out > 1 && host[*size_out - 1] == '.')
    *size_out -= 1;
  return host;
}

bool
pb_routes_has_host(const struct pb_routes *routes, const char *host)
{
  size_t      size;
  const char *name;

  if (routes->hosts_count == 0 || host == NULL)
    return true;
  name = get_host_name(host, &size);
  for (size_t i = 0; i < routes->hosts_count; i++)
  {
    size_t      own_size;
    const char *own = get_host_name(routes->hosts[i], &own_size);

    if (size == own_size && strncasecmp(name, own, size) == 0)
      return true;
  }
  return false;
}

static bool
is_match(const char *prefix, const char *path)
{
  size_t size = strlen(prefix);

  if (prefix[size - 1] == '/')
    return strncmp(prefix, path, size) == 0;
  return strcmp(prefix, path) == 0;
}

static bool
has_method(const char *methods, const char *method)
{
  size_t size = strlen(method);

  for (const char *at = methods; *at != '\0'; at += strspn(at, " "))
  {
    size_t length = strcspn(at, " ");

    if (length == size && strncmp(at, method, size) == 0)
      return true;
    at += length;
  }
  return false;
}

static bool
answers(const struct pb_route *route, const char *method)
{
  return has_method(route->methods, method) ||
         (strcmp(method, "HEAD") == 0 && has_method(route->methods, "GET"));
}

static size_t
get_longest(const struct pb_routes *routes, const char *path)
{
  size_t longest = 0;

  for (size_t i = 0; i < routes->count; i++)
  {
    size_t size = strlen(routes->list[i].prefix);

    if (size > longest && is_match(routes->list[i].prefix, path))
      longest = size;
  }
  return longest;
}

// "GET POST" -> "GET, HEAD, POST".  A list that does not fit is cut: it is a courtesy.
static void
add_methods(pb_buffer_t *allow, const char *methods)
{
  for (const char *at = methods; *at != '\0'; at += strspn(at, " "))
  {
    int length = (int)strcspn(at, " ");

    if (!pb_buffer_appendf(allow, /*err*/ NULL, "%s%.*s", allow->size > 0 ? ", " : "", length, at))
      return;
    at += length;
  }
  if (has_method(methods, "GET") && !has_method(methods, "HEAD") &&
      !pb_buffer_append_text(allow, ", HEAD", /*err*/ NULL))
    return;
}

const struct pb_route *
pb_routes_find(const struct pb_routes *routes, const char *method, const char *path,
               int *status_out, pb_buffer_t *allow_out)
{
  size_t longest = get_longest(routes, path);

  *status_out = longest > 0 ? 405 : 404;
  for (size_t i = 0; longest > 0 && i < routes->count; i++)
  {
    const struct pb_route *route = &routes->list[i];

    if (strlen(route->prefix) != longest || !is_match(route->prefix, path))
      continue;
    if (answers(route, method))
      return route;
    add_methods(allow_out, route->methods);
  }
  return NULL;
}

void
pb_routes_clear(struct pb_routes *routes)
{
  clear_hosts(routes);
  free(routes->list);
  routes->list  = NULL;
  routes->count = 0;
}
