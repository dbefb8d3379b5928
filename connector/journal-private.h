// journal-private - shared by journal.c and journal-read.c only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_JOURNAL_PRIVATE_H
#define PB_CONNECTOR_JOURNAL_PRIVATE_H

#include "base/db.h"
#include "connector/journal.h"
#include <stdatomic.h>

struct pb_journal
{
  pb_db_t    *db;
  char       *path;
  atomic_bool is_damaged;
};

#endif
