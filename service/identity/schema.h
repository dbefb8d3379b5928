// schema - the tables of identity, and how they came to be what they are.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_SCHEMA_H
#define PB_IDENTITY_SCHEMA_H

#include "base/db.h"

bool pb_identity_make_tables(pb_db_t *db, pb_error_t *err) PB_MUST_USE;

#endif
