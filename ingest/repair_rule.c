#include "ingest/repair_rule.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const char *dk_repair_rule(const char *reason)
{
    static const struct {
        const char *reason, *rule;
    } rules[] = {
        {"Self-intersection", "self_intersection"},
        {"Ring Self-intersection", "ring_self_intersection"},
        {"Hole lies outside shell", "hole_outside"},
        {"Holes are nested", "nested_holes"},
        {"Nested shells", "nested_parts"},
        {"Duplicate Rings", "duplicate_rings"},
        {"Interior is disconnected", "disconnected_interior"},
        {"Too few points in geometry component", "too_few_points"},
        {"Ring is not closed", "open_ring"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strncmp(reason, rules[i].reason, strlen(rules[i].reason)) == 0)
            return rules[i].rule;
    return "invalid";
}

bool dk_repair_allowed(double before_m2, double after_m2)
{
    return fabs(after_m2 - before_m2) <= DK_REPAIR_AREA * before_m2;
}
