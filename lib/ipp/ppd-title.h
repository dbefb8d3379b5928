// ppd-title - the words by which people and desktops find a device and its PPD: the backend's line,
// the driver's list and the PPD itself say the same.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_PPD_TITLE_H
#define PB_IPP_PPD_TITLE_H

#define PB_PPD_DEVICE_ID_SIZE 236  // fills a line of a PPD
#define PB_PPD_NICK_SIZE 240       // likewise

struct pb_ppd_title
{
  char make[32];
  char make_and_model[128];     // begins with make
  char nick[PB_PPD_NICK_SIZE];  // make and model, and which of the cloud's printers: CUPS's web
                                // pages match by it alone
  char device_id[PB_PPD_DEVICE_ID_SIZE];
};

// id: the printer's at its service.  Each may be NULL.
void pb_ppd_make_title(const char *make_and_model, const char *device_id, const char *id,
                       struct pb_ppd_title *title_out);

#endif
