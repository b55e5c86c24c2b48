/* By which rule a polygon may be repaired: its fault by GEOS' validity (OGC 06-103r4, 6.1.11.1), and how much of its
 * area the repair may change. */
#ifndef DK_INGEST_REPAIR_RULE_H
#define DK_INGEST_REPAIR_RULE_H

#include <stdbool.h>

/* A repair may change the area by this part of it at most. */
#define DK_REPAIR_AREA 0.001

/* The rule's key for a reason that dk_geos_valid gives: "self_intersection", "hole_outside" …; "invalid" for one that
 * is not known. */
const char *dk_repair_rule(const char *reason);
/* Its Chinese name. */
const char *dk_repair_title(const char *rule);
/* Areas in square metres: before is the sum of the rings as they stand, holes taken off. */
bool dk_repair_allowed(double before_m2, double after_m2);

#endif
