// write-private - between the files that write a PPD's parts.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PPD_WRITE_PRIVATE_H
#define PB_PPD_WRITE_PRIVATE_H

#include "line.h"
#include "model.h"
#include "write.h"

void pb_ppd_put_sizes(pb_ppd_out_t *out, const pb_ppd_model_t *model);
void pb_ppd_put_option(pb_ppd_out_t *out, const pb_ppd_model_t *model,
                       const struct pb_ppd_option *option);
void pb_ppd_put_map(pb_ppd_out_t *out, const struct pb_ppd_option *option);
void pb_ppd_put_constraints(pb_ppd_out_t *out, const pb_ppd_model_t *model);

// What the catalog (NULL: none) calls it, else what we do.
const char *pb_ppd_get_option_text(const pb_strings_t *strings, const struct pb_ppd_option *option);
void        pb_ppd_format_choice(const pb_strings_t *strings, const struct pb_ppd_option *option,
                                 const struct pb_ppd_choice *choice, char text_out[PB_CHOICE_TEXT_SIZE]);
// cupsLanguages, and every option and choice in each language.  What has no room is left out.
void pb_ppd_put_languages(pb_ppd_out_t *out, const pb_ppd_model_t *model,
                          const struct pb_ppd_names *names);

// "*OpenUI *InputSlot/Media Source: PickOne" and "*CloseUI: *InputSlot".
void pb_ppd_open(pb_ppd_out_t *out, const char *option, const char *text, int order);
void pb_ppd_close(pb_ppd_out_t *out, const char *option);

#define PB_PPD_CODE_SIZE 128
#define PB_PPD_POINTS_SIZE 24
// 1/100 mm as points with two digits, the same in every locale.
void pb_ppd_format_points(int value, char text[PB_PPD_POINTS_SIZE]);

#endif
