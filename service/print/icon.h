// icon - the picture that printer-icons points to.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_ICON_H
#define PB_PRINT_ICON_H

#include <stddef.h>

const void *pb_icon_get(size_t *size_out);  // PNG

#endif
