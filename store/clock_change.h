/* Keeping the facts of rows, and the counters, up as rows come and go.
 *
 *     open   life … life   follow   finish   close
 *
 * Lives of rows are told where they are written, in the same bounded transactions; follow then finds anew the facts of
 * the rows that are linked to those that came or went, in transactions of its own; finish belongs to the one
 * transaction that makes the generation the current one, and is all that its readers' counters change by. What was
 * written before is undone with the generation (dk_pending_undo). */
#ifndef DK_STORE_CLOCK_CHANGE_H
#define DK_STORE_CLOCK_CHANGE_H

#include "store/clock_sets.h"
#include "store/handle.h"

/* All of these are NULL-safe: *ret_change is NULL where the catalogue has no obligations, and never had. Where another
 * catalogue is in force than the one for which the facts were found, all of them are found anew. */
typedef struct dk_clock_change dk_clock_change;
dk_status dk_clock_change_open(dk_store *store, int64_t generation, dk_clock_change **ret_change, dk_error *err);
void dk_clock_change_close(dk_clock_change *change);
/* The day for which it finds things: today, or a later one that the store holds for already. DK_NO_DAY if change is
 * NULL. */
int32_t dk_clock_change_day(const dk_clock_change *change);
/* Of the kind's rows, in the generation; NULL: no enabled obligation is about it. The change keeps it. */
dk_clock_finder *dk_clock_change_finder(dk_clock_change *change, const dk_kind *kind);

/* A life of a row begins or ends with the generation; the row is there, and its life is written already. */
typedef enum dk_life_change {
    DK_LIFE_ENDS,
    DK_LIFE_BEGINS,
    DK_LIFE_IS_FIRST /* it begins, and no row of its key was ever published */
} dk_life_change;
dk_status dk_clock_change_life(dk_clock_change *change, const dk_kind *kind, int64_t row, dk_life_change what,
                               dk_error *err);
/* Whether that reads rows and lives. */
bool dk_clock_change_reads(const dk_clock_change *change, const dk_kind *kind);
/* (change: not NULL) DK_LIFE_IS_FIRST of a row whose number is its feature's, with the mark that
 * dk_clock_change_finder's finder made of it, and without reading. *ret_told: the mark was enough; false: nothing was
 * told, and dk_clock_change_life is asked for. */
dk_status dk_clock_change_first(dk_clock_change *change, const dk_kind *kind, int64_t row, const dk_clock_mark *mark,
                                bool *ret_told, dk_error *err);
/* Due before each commit: writes what was told. */
dk_status dk_clock_change_flush(dk_clock_change *change, dk_error *err);
dk_status dk_clock_change_follow(dk_clock_change *change, dk_error *err);
/* After it: the published rows of a kind whose facts follow found to be others, and those whose facts say that how
 * disclosure stands changes by the day; in ascending order, each once. Caller frees *ret_rows. */
dk_status dk_clock_change_turned(dk_clock_change *change, const dk_kind *kind, int64_t **ret_rows, size_t *ret_n,
                                 dk_error *err);
dk_status dk_clock_change_finish(dk_clock_change *change, dk_error *err);
/* For a redaction, after finish and in the same transaction: of kinds that are, or are computed from, those told of,
 * nothing stays but what holds now. Facts of the generations before are then gone. kind: also if none of its rows was
 * told of. */
dk_status dk_clock_change_forget(dk_clock_change *change, const dk_kind *kind, dk_error *err);

/* Compares facts and counters with what is found anew; tell is told each difference. */
dk_status dk_clock_verify(dk_store *store, int64_t generation, void (*tell)(const char *sentence, void *user),
                          void *user, dk_error *err);
/* Finds all facts of the change's generation anew, and counts: for reindex and catalogues, in their transaction. */
dk_status dk_clock_change_rebuild(dk_clock_change *change, dk_error *err);

#endif
