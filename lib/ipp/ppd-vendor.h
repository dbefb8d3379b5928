// ppd-vendor - the options of a local queue's PPD that no IPP attribute stands for, as attributes
// of their own (x-ppd-OPTION-supported and -default), so that they can be asked for from the other
// end.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_PPD_VENDOR_H
#define PB_IPP_PPD_VENDOR_H

#include "ipp/message.h"

// The PPD's text; options with fewer than two choices, with names that cannot cross, and those
// beyond the cap are left out.  False: out of memory.
bool pb_ppd_vendor_add(const char *text, size_t size, ipp_t *attributes) PB_MUST_USE;

// The job's x-ppd-OPTION attributes as cupsd's filters want them: OPTION.  False: out of memory.
bool pb_ppd_vendor_rename(ipp_t *request) PB_MUST_USE;

#endif
