// discovery - the cloud's printers for lpinfo.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/discovery.h"

#include "backend/privilege.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/printer-cache.h"
#include "cloud/sign-in.h"
#include "ipp/ppd-title.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REFRESH_MIN_AGE_MS 60000
#define REFRESH_MAX_S 120  // then the process ends whatever it does
#define USERS_MAX 100      // whose caches are looked at
#define FIRST_USER 1000    // uid of people

// --- lines

// lpinfo and the web pages divide a line at its quotes.
static void
copy_quotable(char *dst, size_t dst_size, const char *src)
{
  char   shown[1024];
  size_t size = 0;

  pb_text_escape(shown, sizeof(shown), src, strlen(src));
  for (const char *c = shown; *c != '\0' && size + 1 < dst_size; c++)
    if (*c != '\\')
      dst[size++] = *c == '"' ? '\'' : *c;
  dst[size] = '\0';
}

void
pb_discovery_print(FILE *out, const char *device_uri, const pb_printer_entry_t *entry)
{
  char                model[256], info[256], device_id[1024], location[256];
  struct pb_ppd_title title;

  // As the driver's list has it.
  pb_ppd_make_title(entry->make_and_model, entry->device_id, entry->id, &title);
  copy_quotable(model, sizeof(model), title.nick);
  copy_quotable(info, sizeof(info), entry->info[0] ? entry->info : entry->name);
  copy_quotable(device_id, sizeof(device_id), entry->device_id);
  copy_quotable(location, sizeof(location), entry->location);
  fprintf(out, "network %s \"%s\" \"%s\" \"%s\" \"%s\"\n", device_uri, model, info, device_id,
          location);
}

// --- what is known

struct listing
{
  FILE *out;
  char (*seen)[PB_DEVICE_URI_SIZE];
  size_t seen_count, seen_room;
};

static bool
is_new(struct listing *listing, const char *uri)
{
  for (size_t i = 0; i < listing->seen_count; i++)
    if (strcmp(listing->seen[i], uri) == 0)
      return false;
  if (listing->seen_count == listing->seen_room)
  {
    size_t room   = listing->seen_room * 2 + 64;
    void  *longer = realloc(listing->seen, room * sizeof(*listing->seen));

    if (longer == NULL)
      return false;
    listing->seen      = longer;
    listing->seen_room = room;
  }
  pb_text_copy(listing->seen[listing->seen_count++], PB_DEVICE_URI_SIZE, uri);
  return true;
}

static void
list_service(struct listing *listing, const struct pb_places *places,
             const struct pb_service *service)
{
  pb_printer_entry_t *list  = NULL;
  size_t              count = 0;
  pb_error_t          err   = {0};
  char                uri[PB_DEVICE_URI_SIZE];

  if (!pb_printer_cache_read(places, service, &list, &count, /*age_ms*/ NULL, &err))
  {
    pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "%s: %s", service->url, err.message);
    return;
  }
  for (size_t i = 0; i < count; i++)
  {
    pb_printer_entry_get_device_uri(service, &list[i], uri);
    if (uri[0] != '\0' && is_new(listing, uri))
      pb_discovery_print(listing->out, uri, &list[i]);
  }
  free(list);
}

static void
list_places(struct listing *listing, const struct pb_places *places)
{
  struct pb_service *services = NULL;
  size_t             count    = 0;
  pb_error_t         err      = {0};

  if (!pb_services_load(places, &services, &count, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  for (size_t i = 0; i < count; i++)
    list_service(listing, places, &services[i]);
  free(services);
}

// The accounts of people; in tests the folders below PRINTBRIDGE_USERS.
static void
for_each_user(void (*visit)(const char *name, void *user), void *user)
{
  const char    *tests   = getenv("PRINTBRIDGE_USERS");
  DIR           *dir     = tests != NULL ? opendir(tests) : NULL;
  struct dirent *entry   = NULL;
  struct passwd *account = NULL;
  int            seen    = 0;

  while (dir != NULL && (entry = readdir(dir)) != NULL && seen++ < USERS_MAX)
    if (entry->d_name[0] != '.')
      visit(entry->d_name, user);
  if (dir != NULL)
    closedir(dir);
  if (tests != NULL)
    return;
  setpwent();
  while ((account = getpwent()) != NULL && seen < USERS_MAX)
    if (account->pw_uid >= FIRST_USER && ++seen)
      visit(account->pw_name, user);
  endpwent();
}

// With root's rights put aside: it is the user's folder.
static void
list_user(const char *name, void *user)
{
  struct listing       *listing = user;
  struct pb_places      places;
  struct pb_account_ids ids;
  pb_error_t            err = {0};

  if (!pb_places_get(name, &places, &err) || !pb_privilege_find(name, &ids, &err) ||
      !pb_privilege_enter(&ids, &err))
    return;
  if (places.user_sign_ins[0] != '\0' &&
      faccessat(AT_FDCWD, places.user_sign_ins, F_OK, AT_EACCESS) == 0)
    list_places(listing, &places);
  if (!pb_privilege_leave(&err))
    _exit(1);
}

// What nobody in particular knows.  cupsd gives its programs a HOME that all of them may write to:
// root believes nothing that lies there.
static bool
get_machine_places(struct pb_places *places, pb_error_t *err)
{
  if (!pb_places_get(/*user*/ NULL, places, err))
    return false;
  if (pb_privilege_is_root())
    places->user_sign_ins[0] = places->user_cache[0] = '\0';
  return true;
}

void
pb_discovery_list(FILE *out)
{
  struct listing   listing = {.out = out};
  struct pb_places places;
  pb_error_t       err = {0};

  if (get_machine_places(&places, &err))
    list_places(&listing, &places);
  else
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  // cupsd does not say for whom lpinfo asks: everybody's printers.  Who may print to them is
  // decided when they do.
  if (pb_privilege_is_root())
    for_each_user(list_user, &listing);
  if (listing.seen_count == 0)
    fprintf(out, "network %s \"Unknown\" \"Cloud printer (Printbridge)\"\n", PB_DEVICE_URI_SCHEME);
  free(listing.seen);
  fflush(out);
}

// --- the process beside it

// The machine's sign-in where there is one, else that of who runs this.
static bool
open_account(const struct pb_places *places, const struct pb_service *service,
             pb_sign_in_t **sign_in_out, pb_cloud_account_t **account_out, pb_error_t *err)
{
  bool is_open =
    pb_sign_in_open(places->machine_sign_ins, PB_SIGN_IN_MACHINE, service, sign_in_out, err);

  if (!is_open && places->user_sign_ins[0] != '\0')
    is_open = pb_sign_in_open(places->user_sign_ins, PB_SIGN_IN_USER, service, sign_in_out, err);
  return is_open && pb_sign_in_make_account(*sign_in_out, account_out, err);
}

// A service that an administrator has written down is asked by nobody in particular where nobody
// has signed in yet: its printers can be added, and the first job asks for the sign-in.
static void
refresh_service(const struct pb_places *places, const struct pb_service *service, bool is_machine)
{
  pb_sign_in_t       *sign_in = NULL;
  pb_cloud_account_t *account = NULL;
  pb_error_t          err     = {0};
  bool                ok =
    open_account(places, service, &sign_in, &account, &err) || (is_machine && err.kind == PB_GONE);

  if (!ok || !pb_printer_cache_refresh(places, service, account, REFRESH_MIN_AGE_MS, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "%s: %s", service->url, err.message);
  pb_cloud_account_free(account);
  pb_sign_in_close(sign_in);
}

static void
refresh_places(const struct pb_places *places, bool is_machine)
{
  struct pb_service *services = NULL;
  size_t             count    = 0;
  pb_error_t         err      = {0};

  if (!pb_services_load(places, &services, &count, &err))
    return;
  for (size_t i = 0; i < count; i++)
    refresh_service(places, &services[i], is_machine);
  free(services);
}

// Each as himself, for good, in a process of his own.
static void
refresh_user(const char *name, void *user)
{
  struct pb_places      places;
  struct pb_account_ids ids;
  pb_error_t            err   = {0};
  pid_t                 child = -1;

  (void)user;
  if (!pb_places_get(name, &places, &err) || places.user_sign_ins[0] == '\0' ||
      access(places.user_sign_ins, F_OK) != 0 || !pb_privilege_find(name, &ids, &err))
    return;
  child = fork();
  if (child == 0)
  {
    alarm(REFRESH_MAX_S);
    places.machine_sign_ins[0] = '\0';
    if (pb_privilege_drop(&ids, &err))
      refresh_places(&places, /*is_machine*/ false);
    _exit(0);
  }
  if (child > 0)
    (void)waitpid(child, NULL, 0);
}

static void
refresh_all(void)
{
  struct pb_places places;
  pb_error_t       err = {0};

  if (get_machine_places(&places, &err))
    refresh_places(&places, /*is_machine*/ true);
  if (pb_privilege_is_root())
    for_each_user(refresh_user, NULL);
}

void
pb_discovery_refresh(void)
{
  pid_t child = fork();
  int   null  = -1;

  if (child > 0)
    (void)waitpid(child, NULL, 0);
  if (child != 0)
    return;
  // Twice, so that nobody has to wait for it.
  if (fork() != 0)
    _exit(0);
  setsid();
  null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 4; fd++)
    dup2(null, fd);
  alarm(10 * REFRESH_MAX_S);  // several services, several users
  refresh_all();
  _exit(0);
}
