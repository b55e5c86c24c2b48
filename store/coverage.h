/* How far the record of approvals is: by county and year how many are known, drawn on the map and documented by scans
 * (历史征地信息补录). */
#ifndef DK_STORE_COVERAGE_H
#define DK_STORE_COVERAGE_H

#include "store/store.h"

/* Instead of six digits, for what no county can be said of. */
#define DK_COUNTY_SEVERAL "several" /* its parcels lie in several */
#define DK_COUNTY_UNKNOWN ""

typedef struct dk_coverage_line {
    char county[8]; /* six digits of the division, of the successor where the catalogue has one; or one of the above */
    int year;       /* 0: not known */
    int64_t known;  /* published rows of the kind */
    int64_t drawn;  /* of them, linked to at least one published row of a layer that has a geometry */
    int64_t documented; /* of them, with at least one published document */
} dk_coverage_line;

typedef struct dk_coverage {
    int64_t generation;
    dk_coverage_line *lines; /* by county and year, what is not known last; each row of the kind is in exactly one */
    size_t n, capacity;
} dk_coverage;

/* The kind that progress is about unless another is named: the first record of the catalogue whose key is a 文号 and
 * that is linked to a layer. NULL: there is none. */
const dk_kind *dk_coverage_kind(const dk_catalogue *catalogue);

/* Reads it as of the newest generation. A row's county is that of its own division or, where it has none, of the
 * divisions of the layers' rows that are linked to it; where it has neither, the one county of the catalogue's
 * divisions, if there is one only. Its year is that of its date, else that of its 文号 if these agree. DK_INVALID: the
 * kind is a layer or is linked to none. Caller frees with dk_coverage_finish. */
dk_status dk_coverage_read(dk_store *store, const dk_kind *kind, dk_coverage *ret_coverage, dk_error *err);
void dk_coverage_finish(dk_coverage *coverage);

/* The six digits of a division code's county on a day (YYYY-MM-DD), after following the successors that have taken a
 * place by then. */
void dk_county_on(const dk_catalogue *catalogue, const char *code, const char *day, char ret_county[7]);

#endif
