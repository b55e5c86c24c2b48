#include "ingest/repair_rule.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *reason, *rule, *title;
} rules[] = {
    {"Self-intersection", "self_intersection", "边界自相交"},
    {"Ring Self-intersection", "ring_self_intersection", "边界自相切或有尖刺"},
    {"Hole lies outside shell", "hole_outside", "内环在外环之外"},
    {"Holes are nested", "nested_holes", "内环互相嵌套"},
    {"Nested shells", "nested_parts", "部分互相嵌套"},
    {"Duplicate Rings", "duplicate_rings", "边界重复"},
    {"Interior is disconnected", "disconnected_interior", "内部被内环隔断"},
    {"Too few points in geometry component", "too_few_points", "界址点过少"},
    {"Ring is not closed", "open_ring", "边界不闭合"},
};

const char *dk_repair_rule(const char *reason)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strncmp(reason, rules[i].reason, strlen(rules[i].reason)) == 0)
            return rules[i].rule;
    return "invalid";
}

const char *dk_repair_title(const char *rule)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rule, rules[i].rule) == 0)
            return rules[i].title;
    return "图形无效";
}

bool dk_repair_allowed(double before_m2, double after_m2)
{
    return fabs(after_m2 - before_m2) <= DK_REPAIR_AREA * before_m2;
}
