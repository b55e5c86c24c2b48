/* The scorecard, 计分卡: how complete and how timely disclosure is, division by division, as figures that anyone can
 * compute again from what is public (store/score.h). What its answers in JSON, CSV, XLSX and HTML have in common.
 * Private to scorecard*.c. */
#ifndef DK_TILER_SCORECARD_H
#define DK_TILER_SCORECARD_H

#include "store/score.h"
#include "tiler/http.h"

/* A group, with its figures. */
typedef struct dk_scorecard_group {
    dk_score_row score;
    int64_t required;  /* 应公开: met, late, short and missing */
    int64_t disclosed; /* 已公开: met, late and short */
    int rank;          /* among groups of divisions, from 1; 0: none */
} dk_scorecard_group;

typedef struct dk_scorecard {
    dk_scorecard_group *groups;
    size_t n, capacity;
    dk_scorecard_group total; /* of all groups */
    dk_status status;
} dk_scorecard;

/* What is asked. */
typedef struct dk_scorecard_question {
    dk_score_query query;
    char division[13]; /* the query's */
    char period[12];   /* 2026, 2026-Q3, 2026-09, none; "": from and until as they are given */
    int format;        /* DK_SCORECARD_JSON … */
} dk_scorecard_question;
#define DK_SCORECARD_FILE_ROWS 100000 /* that a file of rows may have */
enum { DK_SCORECARD_JSON = 0, DK_SCORECARD_HTML, DK_SCORECARD_CSV, DK_SCORECARD_XLSX };

/* Asks the store. Groups of divisions come by rank, others by division, time, obligation and regime. Caller frees with
 * dk_scorecard_finish. */
dk_status dk_scorecard_read(dk_context *ctx, const dk_score_query *query, dk_scorecard *ret_card);
void dk_scorecard_finish(dk_scorecard *card);

/* Shares of what is required, 0 to 1; NAN where nothing is. */
double dk_scorecard_completeness(const dk_scorecard_group *group);
double dk_scorecard_timeliness(const dk_scorecard_group *group);

/* The figures with their definitions, the same words in each answer. */
typedef struct dk_scorecard_figure {
    const char *name, *title, *definition;
} dk_scorecard_figure;
#define DK_SCORECARD_FIGURES 12
extern const dk_scorecard_figure dk_scorecard_figures[DK_SCORECARD_FIGURES];

/* 2026年第3季度 … of the question; 全部时间 if it names none. Appended. */
void dk_scorecard_period_title(const dk_scorecard_question *asked, dk_buf *out);
/* The same of a group: 2026, 2026-Q3, 2026-09; nothing if groups have no period. */
void dk_scorecard_group_period(const dk_score_query *query, const dk_score_row *row, dk_buf *out);
/* The name of a division or prefix of one; NULL: the catalogue does not say. */
const char *dk_scorecard_division_name(const dk_catalogue *catalogue, const char *code);
/* What to call the division of a group; nothing if it has none, or the catalogue does not know it. One of fewer digits
 * than the level is said to be what is in no division of the level: beside its towns a county would be taken for all of
 * them. Appended. */
void dk_scorecard_division_title(const dk_catalogue *catalogue, const dk_score_query *query, const char *code,
                                 dk_buf *out);
/* 收到批文时间之日起15个工作日内公开 … Appended. */
void dk_scorecard_limit(const dk_obligation *obligation, dk_buf *out);
/* /scorecard/rows with what leads to the rows behind a figure of a group, NULL: of all groups, with the base path.
 * Appended. */
void dk_scorecard_rows_path(const dk_context *ctx, const dk_scorecard_question *asked, const dk_score_row *group,
                            dk_disclosure state, dk_buf *out);

/* ---- the answers ---- */

dk_status dk_scorecard_json(dk_context *ctx, const dk_scorecard_question *asked);  /* scorecard_json.c */
dk_status dk_scorecard_table(dk_context *ctx, const dk_scorecard_question *asked); /* scorecard_table.c: CSV, XLSX */
dk_status dk_scorecard_page(dk_context *ctx, const dk_scorecard_question *asked);  /* scorecard_page.c */
/* scorecard_rows.c: the rows behind a figure, in each format. DK_LIMIT: a file for which no limit was asked has more
 * rows. */
dk_status dk_scorecard_rows(dk_context *ctx, const dk_scorecard_question *asked, dk_disclosure state, size_t limit);
/* scorecard_table.c: rows of texts and numbers as CSV or XLSX. */
typedef struct dk_scorecard_column {
    const char *name, *title;
    dk_field_type type;
} dk_scorecard_column;
typedef struct dk_scorecard_sheet dk_scorecard_sheet;
/* columns is borrowed. DK_NOMEM. */
dk_status dk_scorecard_sheet_begin(dk_context *ctx, bool xlsx, const char *title, const dk_scorecard_column *columns,
                                   size_t n_columns, dk_scorecard_sheet **ret_sheet);
void dk_scorecard_sheet_row(dk_scorecard_sheet *sheet, const dk_value *values); /* one for each column */
/* Ends the answer and frees the sheet, which may be NULL. status: of what was read meanwhile; it is given back if it
 * failed. */
dk_status dk_scorecard_sheet_end(dk_scorecard_sheet *sheet, dk_status status);

#endif
