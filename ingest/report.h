/* The quality report of a batch: what its load counted and rejected, and what checks of its rows find. Written as JSON
 * for programs (report_json.c) and as HTML for people (report_html.c); at the end of a load, also a dry run, or at any
 * time after from what the store keeps, the checks then made anew.
 *
 * It names keys and places. Values of other fields are not shown, but for division codes and areas; sentences about
 * fields that are not public name them only (reason.h). Nothing of a transformation is in it but its name. */
#ifndef DK_INGEST_REPORT_H
#define DK_INGEST_REPORT_H

#include "ingest/report_map.h"
#include "store/facts.h"
#include "store/provenance.h"

enum {
    DK_REPORT_ROWS = 1000,               /* of a check, are listed; JSON lists them all */
    DK_REPORT_HTML_ROWS = 100,           /* and HTML so many */
    DK_REPORT_TABLES = 8 + DK_MAX_KINDS, /* a kind has one link to each other at most */
    DK_REPORT_KINDS = 48,                /* more than reason.c knows */
    DK_REPORT_COUNTS = 24
};

/* Type: s text, k a key and its Chinese name with a blank between, i whole number, n number with two decimals, p the
 * same of a percentage, d degrees. */
typedef struct dk_report_column {
    const char *name, *title;
    char type;
} dk_report_column;

/* What one check found. */
typedef struct dk_report_table {
    const char *check, *title; /* area_differs, 面积不符 */
    const dk_kind *other;      /* of a check of links: the kind that lacks */
    const char *remark;        /* Chinese, beside the count; NULL: none */
    const char *lacking;       /* the same: what rows lack that the check passes over; NULL: it passes over none */
    int64_t passed_over;       /* of these so many */
    bool not_made;             /* the check could not be made; the remark says why */
    bool fault;                /* what is found is wrong, and no mere remark */
    const dk_report_column *columns;
    size_t n_columns;
    int64_t count;
    size_t n_rows;
    dk_buf cells; /* NUL-terminated texts, n_columns a row */
} dk_report_table;

typedef struct dk_report_source {
    char *name;
    dk_source_file *files;
    size_t n_files, capacity;
} dk_report_source;

typedef struct dk_report {
    const dk_catalogue *catalogue; /* borrowed */
    const dk_kind *kind;
    int64_t batch; /* 0: none was made */
    bool dry_run;
    char title[300], state[16], created_at[24], generation_at[24];
    dk_buf datum;
    int64_t generation; /* that the checks looked at */
    struct {
        char name[24];
        int64_t value;
    } counts[DK_REPORT_COUNTS];
    size_t n_counts;
    struct {
        const char *name, *title;
        int64_t count;
    } kinds[DK_REPORT_KINDS]; /* of rejected rows, by their reason */
    size_t n_kinds;
    dk_report_source *sources;
    size_t n_sources, sources_capacity;
    dk_buf notes;                             /* NUL-terminated texts */
    dk_report_table tables[DK_REPORT_TABLES]; /* the first holds the rejected rows */
    size_t n_tables;
    dk_report_map map;
    bool checked;    /* the checks were made, all of them */
    double seconds;  /* that they took */
    char *rejects;   /* name of the rejects file; NULL: none was written */
    dk_buf outlines; /* of rejected rows, for the store: size_t and positions */
    dk_buf folders;  /* of sources with absolute paths, which sentences do not repeat: NUL-terminated texts */
} dk_report;

void dk_report_begin(dk_report *report, const dk_catalogue *catalogue, const dk_kind *kind);
void dk_report_finish(dk_report *report);

/* Number, title, state, time and datum of a batch. catalogue, if not NULL, begins the report for the batch's kind.
 * DK_NOT_FOUND: there is no such batch, or the catalogue no longer has its kind. */
dk_status dk_report_describe(dk_report *report, dk_store *store, int64_t batch, const dk_catalogue *catalogue,
                             dk_error *err);

/* ---- what the load says ---- */

/* false from these: out of memory. */
bool dk_report_source_begin(dk_report *report, const char *name);
bool dk_report_source_file(dk_report *report, const char *name, int64_t bytes, const char *sha256);
bool dk_report_count(dk_report *report, const char *name, int64_t value);
int64_t dk_report_counted(const dk_report *report, const char *name); /* 0: not counted */
bool dk_report_note(dk_report *report, const char *text);
/* A rejected row; reason as dk_reason_public gives it. outline: positions in degrees, or none. */
bool dk_report_reject(dk_report *report, const dk_reject *reject);
/* Where the rejected rows are: those that are added behind a place are taken back. */
typedef struct dk_report_place {
    int64_t kinds[DK_REPORT_KINDS], count;
    size_t n_kinds, n_rows, cells, outlines;
    dk_report_map_place map;
} dk_report_place;
dk_report_place dk_report_mark(const dk_report *report);
void dk_report_undo(dk_report *report, const dk_report_place *place);
/* Keeps it with the batch; read gives it back, with the counts of kinds. */
dk_status dk_report_keep(const dk_report *report, dk_store *store, int64_t batch, dk_error *err);
dk_status dk_report_read(dk_report *report, dk_store *store, int64_t batch, dk_error *err);

/* ---- the checks (report_check.c) ---- */

/* Looks at the rows of a batch in the store, whatever its state. go_on is asked often. */
dk_status dk_report_check(dk_report *report, dk_store *store, int64_t batch, bool (*go_on)(void *user), void *user,
                          dk_error *err);

dk_report_table *dk_report_table_begin(dk_report *report, const char *check, const char *title,
                                       const dk_report_column *columns, size_t n_columns);
/* A row that was found: counted, and listed if there is room. One argument a column: const char * for s and k, int64_t
 * for i, double for the others. */
void dk_report_add(dk_report_table *table, ...);

/* ---- writing ---- */

void dk_report_json(const dk_report *report, dk_buf *out); /* report_json.c */
void dk_report_html(const dk_report *report, dk_buf *out); /* report_html.c */
/* Writes FILE.json or FILE.html, for its owner's eyes; replaces one that is there. */
dk_status dk_report_write(const dk_report *report, const char *path, dk_error *err);
/* Writes a text that is a report so. */
dk_status dk_report_put(const char *path, const dk_buf *text, dk_error *err);
/* Whether a path ends as one of these, or as that of JSON. */
bool dk_report_path(const char *path);
bool dk_report_is_json(const char *path);

#endif
