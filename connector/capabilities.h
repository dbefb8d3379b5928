// capabilities - what a device report (Update-Output-Device-Attributes) says of a local queue.
// Pure: messages in, messages out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_CAPABILITIES_H
#define PB_CONNECTOR_CAPABILITIES_H

#include "ipp/message.h"

// From what CUPS says of the queue (all of it, or the state only): allowed attributes in the
// printer group, only formats that we carry, supplies in the standard's words.  ippDelete it; NULL:
// out of memory.
ipp_t *pb_capabilities_new(ipp_t *local);
// Of a queue that is not there any more: stopped, and why.
ipp_t *pb_capabilities_new_missing(const char *queue);

// Into the request's printer group: what differs from `sent` (NULL: everything).  is_whole: what
// `now` lacks is deleted. Names in `refused` (a separator-free list of unsupported attributes that
// the service sent back; may be NULL) are left out.  Returns how many were added.
int pb_capabilities_add_changes(ipp_t *request, ipp_t *now, ipp_t *sent, bool is_whole,
                                ipp_t *refused);
// Bring `sent` up to date after the service has taken `now`; -1: out of memory.
int pb_capabilities_merge(ipp_t *sent, ipp_t *now);

#endif
