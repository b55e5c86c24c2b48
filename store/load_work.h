/* A load under way, and the steps that each of its rows goes through. Private to load*.c. */
#ifndef DK_STORE_LOAD_WORK_H
#define DK_STORE_LOAD_WORK_H

#include "store/brought.h"
#include "store/division.h"
#include "store/handle.h"
#include "store/id_list.h"
#include "store/key_filter.h"
#include "store/linked.h"
#include "store/load.h"
#include "store/partners.h"
#include "store/posts.h"
#include "store/repair.h"
#include "store/row_writer.h"

#define DK_APPROVALS_KEPT 1024
#define DK_APPROVAL_KEPT_SIZE 120

struct dk_load {
    dk_store *store;
    const dk_kind *kind;
    bool replace, publish, dry_run, undrawn, draw;
    int64_t batch, next_row;
    int64_t in_transaction, kept;
    size_t bytes_in_transaction;
    char *source;           /* the batch's, as given */
    const char *key_source; /* of the row that comes next; NULL: its own */
    char *last_source;
    int64_t last_source_id;
    dk_shape shape;
    uint64_t inheritable; /* fields of the row under way that the source leaves empty and a link may fill */
    dk_buf texts;         /* normalised texts of the row under way */
    /* 文号 as they came and normalised, by hash: hundreds of rows have the same. */
    struct {
        uint8_t size, normal_size;
        char text[DK_APPROVAL_KEPT_SIZE], normal[DK_APPROVAL_KEPT_SIZE];
    } approvals[DK_APPROVALS_KEPT];
    dk_buf inherited;                   /* texts taken over links */
    dk_buf linked;                      /* texts of linked fields */
    dk_clock_finder *states;            /* how disclosure stands; NULL: no field says it */
    int32_t day;                        /* for which it is found */
    int64_t generation;                 /* by which linked fields are found */
    dk_areas said;                      /* of the row that comes next */
    dk_areas areas;                     /* of the row under way */
    dk_buf there;                       /* texts taken from the row that is drawn */
    dk_buf wkb, blob;                   /* geometry of the row under way, without and with the GeoPackage header */
    int64_t unpublished[DK_MAX_FIELDS]; /* the batches that the row under way took values from (dk_inherit) */
    dk_id_list taken;                   /* those that were noted, in that order */
    struct dk_came { /* keys that came and were unchanged, in their order, to take the last of them back */
        uint64_t hash;
        int64_t source, row; /* where; source 0: not known */
    } * in_order;
    size_t n_unchanged, in_order_capacity;
    uint32_t *unchanged; /* their numbers there from 1, by hash, in a table of unchanged_size places; 0: empty */
    size_t unchanged_size;
    const dk_repair *repair; /* of the row under way; NULL: none */
    sqlite3_stmt *insert_repair;
    dk_geos *geos; /* made when a replacement is checked */
    dk_term_writer *terms;
    dk_row_writer *rows;
    dk_key_filter *came; /* keys of the batch, where there were no rows before it; NULL: there were */
    dk_partners *partners;
    dk_finder *finder;
    dk_brought *brought;
    char *actor;
};

/* ---- what a row says (load_check.c) ---- */

/* Rejects a row for a reason; always false, so that a check can end with it. */
bool dk_row_reject(dk_row_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds a remark to those of the row while there is room. */
void dk_row_remark(dk_row_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The checks, each false with the row rejected. The first copies values under the rules of their fields; texts lie in
 * load->texts. */
bool dk_load_normalise(dk_load *load, const dk_value *values, dk_value *ret_values, dk_row_report *report);
/* report->key: <qualifier>:<key field> */
bool dk_load_build_key(const dk_load *load, const dk_value *values, const char *source, dk_row_report *report);
bool dk_load_check_required(const dk_load *load, const dk_value *values, dk_row_report *report);
/* Reads the geometry into load->shape and load->blob, fills computed fields and compares declared areas. */
bool dk_load_take_geometry(dk_load *load, const void *wkb, size_t size, dk_value *values, dk_row_report *report);

/* ---- what is there already under its key (load_existing.c) ---- */

/* Compares with the version that is there. Sets the outcome, the feature number and the version replaced. */
dk_status dk_load_compare(dk_load *load, const dk_value *values, const char *source, int64_t source_row,
                          dk_row_report *report, uint64_t *ret_feature, int64_t *ret_replaces, dk_error *err);
/* Completes a row by what is there under its key without an outline. */
dk_status dk_load_take_there(dk_load *load, dk_value *values, dk_row_report *report, dk_error *err);
/* Of the rows that came and were unchanged leaves the first n. */
void dk_load_forget_unchanged(dk_load *load, size_t n);

#endif
