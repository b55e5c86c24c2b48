/* A load's part in its report (report.h). */
#ifndef DK_INGEST_LOAD_REPORT_H
#define DK_INGEST_LOAD_REPORT_H

#include "ingest/columns.h"
#include "ingest/options.h"
#include "ingest/reading.h"
#include "ingest/report.h"
#include "ingest/summary.h"
#include "store/load.h"

/* Refuses report files that would be written over the store, a source or the rejects. */
dk_status dk_load_report_paths(const dk_options *options, const char *rejects, dk_error *err);

/* Before the first row: notes which folders a report is not to show, those of sources that were given by absolute
 * paths. */
dk_status dk_load_report_begin(dk_report *report, const dk_options *options, dk_error *err);

dk_status dk_load_report_source(dk_report *report, const char *path, const dk_source_file *files, size_t n_files,
                                dk_error *err);
dk_status dk_load_report_reject(dk_report *report, const dk_source *source, const dk_mapping *mapping,
                                const dk_ready_row *row, const char *key, const char *reason, dk_error *err);

/* A file of a folder that was left out. */
dk_status dk_load_report_left_out(dk_report *report, const char *path, const char *reason, dk_error *err);

/* At the end of the rows: takes over what the summary has counted, and those of its notes that are for a report, and
 * keeps it with the load's batch. */
dk_status dk_load_report_keep(dk_report *report, const dk_summary *summary, const dk_options *options, dk_store *store,
                              const dk_load *load, dk_error *err);
/* Makes the checks, if a report is wanted. */
dk_status dk_load_report_check(dk_report *report, const dk_options *options, dk_store *store, int64_t batch,
                               dk_error *err);
/* Writes what --report asks for. */
dk_status dk_load_report_write(dk_report *report, const dk_summary *summary, const dk_options *options, dk_error *err);

#endif
