/* The checks of a report: what the rows of a batch are found to be, each made anew from the store. */
#include "ingest/placement.h"
#include "ingest/repair_rule.h"
#include "ingest/report.h"
#include "store/batch_rows.h"
#include "store/clock.h"
#include "store/day.h"
#include "store/geometry.h"
#include "store/overlap.h"
#include "store/partners.h"
#include "store/planar.h"
#include "store/succession.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_LINKS = DK_MAX_KINDS };

typedef struct link_check {
    const dk_link *link;
    dk_report_table *table;
} link_check;

typedef struct checker {
    dk_report *report;
    dk_report_table *repaired, *area, *dead, *outside, *within, *published;
    link_check links[MOST_LINKS];
    size_t n_links;
    dk_partners *partners;
    dk_placement *placement;
    dk_shape shape;
    char today[DK_DAY_TEXT];
    int64_t n_rows, n_placed; /* placed: compared with the outline of their division */
    bool (*go_on)(void *user);
    void *user;
    dk_error *err;
} checker;

static dk_status asked_to_stop(const checker *c)
{
    return c->go_on(c->user) ? DK_OK : dk_fail(c->err, DK_LIMIT, "interrupted while the report was made");
}

/* ---- row by row ---- */

static void check_area(checker *c, const dk_batch_row *row)
{
    const dk_kind *kind = c->report->kind;
    double area = -1, planar = 0;
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        if (field->declares_area_m2 <= 0 || row->values[i].type != DK_REAL)
            continue;
        if (area < 0) {
            if (dk_shape_from_wkb(row->wkb, row->wkb_size, &c->shape, NULL) != DK_OK)
                return;
            area = dk_shape_area_m2(&c->shape);
            planar = dk_shape_planar_area_m2(&c->shape);
        }
        const double declared = row->values[i].real * field->declares_area_m2, difference = declared - area;
        if (fabs(difference) > 1 && fabs(difference) > 0.01 * area)
            dk_report_add(c->area, row->key, row->source_row, field->name, declared, area, planar,
                          area > 0 ? 100 * difference / area : 0.0);
    }
}

/* 000 behind a code stands for nothing. */
static const char *division_name(const dk_catalogue *catalogue, const char *code)
{
    char cut[13];
    snprintf(cut, sizeof cut, "%s", code);
    for (size_t size = strlen(cut);; cut[size -= 3] = '\0') {
        const dk_division *division = dk_catalogue_division(catalogue, cut);
        if (division != NULL)
            return division->name;
        if (size <= 6 || strcmp(cut + size - 3, "000") != 0)
            return "";
    }
}

static dk_status check_division(checker *c, const dk_batch_row *row)
{
    const dk_report *report = c->report;
    const int field = report->kind->division_field;
    if (field < 0)
        return DK_OK;
    char now[13];
    const char *code = row->values[field].type == DK_TEXT ? row->values[field].text.data : "";
    if (dk_division_ended(report->catalogue, code, c->today)) {
        const bool any = dk_division_on(report->catalogue, code, c->today, now);
        dk_report_add(c->dead, row->key, row->source_row, code, any ? now : "",
                      any ? division_name(report->catalogue, now) : "");
    }
    double metres = -1;
    bool apart = false;
    if (c->placement == NULL || row->wkb == NULL)
        return DK_OK;
    const dk_status status = dk_placement_reach(c->placement, code, row->wkb, row->wkb_size, &metres, &apart, c->err);
    c->n_placed += metres >= 0;
    c->outside->passed_over += metres < 0;
    if (status == DK_OK && metres >= DK_PLACEMENT_OFF_M)
        dk_report_add(c->outside, row->key, row->source_row, code, division_name(report->catalogue, code),
                      apart ? "whole 全部" : "part 部分", metres);
    return status;
}

static dk_status check_row(const dk_batch_row *row, void *user)
{
    checker *c = user;
    dk_report *report = c->report;
    dk_status status = DK_OK;
    if (++c->n_rows % 256 == 0 && (status = asked_to_stop(c)) != DK_OK)
        return status;
    if (row->wkb != NULL) {
        double lonlat[2 * DK_MAP_POINTS];
        const size_t n = dk_map_outline(row->wkb, row->wkb_size, lonlat);
        dk_report_map_add(&report->map, DK_MAP_ROW, lonlat, n, NULL);
        check_area(c, row);
    }
    if (row->repair.rule != NULL) {
        char named[120];
        snprintf(named, sizeof named, "%s %s", row->repair.rule, dk_repair_title(row->repair.rule));
        dk_report_add(c->repaired, row->key, row->source_row, named, row->repair.detail, row->repair.before_m2,
                      row->repair.after_m2);
    }
    status = check_division(c, row);
    for (size_t i = 0; status == DK_OK && i < c->n_links; i++) {
        bool asked = false, linked = false;
        if (c->links[i].table->not_made)
            continue;
        status = dk_partners_find(c->partners, c->links[i].link, row->key, row->values, &asked, &linked, c->err);
        c->links[i].table->passed_over += !asked;
        if (status == DK_OK && asked && !linked)
            dk_report_add(c->links[i].table, row->key, row->source_row);
    }
    return status;
}

/* ---- overlaps ---- */

static dk_status add_overlap(const dk_overlap *overlap, void *user)
{
    checker *c = user;
    const double place[2] = {overlap->lon, overlap->lat};
    dk_report_map_add(&c->report->map, DK_MAP_OVERLAP, place, 1, NULL);
    if (overlap->batch == 0)
        dk_report_add(c->within, overlap->key, overlap->other, overlap->area_m2, 100 * overlap->share, overlap->lon,
                      overlap->lat);
    else
        dk_report_add(c->published, overlap->key, overlap->other, overlap->batch, overlap->area_m2,
                      100 * overlap->share, overlap->lon, overlap->lat);
    return DK_OK;
}

static dk_status step(int64_t done, int64_t total, void *user)
{
    (void)done;
    (void)total;
    return asked_to_stop(user);
}

/* ---- all of them ---- */

static void begin_tables(checker *c)
{
    static const dk_report_column repaired[] = {{"key", "编号", 's'},
                                                {"row", "行", 'i'},
                                                {"rule", "问题", 'k'},
                                                {"found", "位置", 's'},
                                                {"area_before_m2", "修复前（平方米）", 'n'},
                                                {"area_after_m2", "修复后（平方米）", 'n'}};
    static const dk_report_column area[] = {{"key", "编号", 's'},
                                            {"row", "行", 'i'},
                                            {"field", "字段", 's'},
                                            {"declared_m2", "填报（平方米）", 'n'},
                                            {"ellipsoidal_m2", "椭球面积", 'n'},
                                            {"planar_m2", "平面面积", 'n'},
                                            {"difference_percent", "相差（%）", 'p'}};
    static const dk_report_column dead[] = {{"key", "编号", 's'},
                                            {"row", "行", 'i'},
                                            {"division", "原代码", 's'},
                                            {"successor", "现代码", 's'},
                                            {"name", "现名称", 's'}};
    static const dk_report_column outside[] = {
        {"key", "编号", 's'},  {"row", "行", 'i'},          {"division", "行政区代码", 's'},
        {"name", "名称", 's'}, {"part", "在外的部分", 'k'}, {"beyond_m", "最远超出（米）", 'n'}};
    static const dk_report_column within[] = {{"key", "编号", 's'},
                                              {"other", "与之重叠", 's'},
                                              {"area_m2", "重叠（平方米）", 'n'},
                                              {"percent", "占较小者（%）", 'p'},
                                              {"longitude", "经度", 'd'},
                                              {"latitude", "纬度", 'd'}};
    static const dk_report_column published[] = {{"key", "编号", 's'},
                                                 {"other", "与之重叠", 's'},
                                                 {"batch", "其批次", 'i'},
                                                 {"area_m2", "重叠（平方米）", 'n'},
                                                 {"percent", "占较小者（%）", 'p'},
                                                 {"longitude", "经度", 'd'},
                                                 {"latitude", "纬度", 'd'}};
    dk_report *report = c->report;
    const dk_kind *kind = report->kind;
    if (kind->geometry == DK_POLYGONS) {
        c->repaired = dk_report_table_begin(report, "repaired", "图形已修复", repaired, 6);
        c->area = dk_report_table_begin(report, "area_differs", "填报面积与图形面积不符", area, 7);
        c->area->fault = true;
        c->within = dk_report_table_begin(report, "overlap_within", "本批内部重叠", within, 6);
        c->within->fault = true;
        c->published = dk_report_table_begin(report, "overlap_published", "与已发布的重叠", published, 7);
        c->published->fault = true;
    }
    if (kind->division_field >= 0)
        c->dead = dk_report_table_begin(report, "former_division", "行政区划代码已停用", dead, 5);
    if (kind->division_field >= 0 && kind->geometry != DK_NO_GEOMETRY) {
        c->outside = dk_report_table_begin(report, "outside_division", "不在所属行政区内", outside, 6);
        c->outside->fault = true;
        c->outside->not_made = c->placement == NULL;
        c->outside->remark = c->placement == NULL ? "目录中没有行政区图层，未核对" : "超出界线不足 50 米的不计";
        c->outside->lacking = "没有行政区代码或其界线";
    }
}

static dk_status begin_links(checker *c, dk_store *store)
{
    static const dk_report_column columns[] = {{"key", "编号", 's'}, {"row", "行", 'i'}};
    dk_status status = DK_OK;
    const dk_kind *kind = c->report->kind;
    for (size_t l = 0; status == DK_OK && l < c->report->catalogue->n_links && c->n_links < MOST_LINKS; l++) {
        const dk_link *link = &c->report->catalogue->links[l];
        const dk_kind *other = link->from == kind ? link->to : link->from;
        bool has = false;
        if (link->from != kind && link->to != kind)
            continue;
        status = dk_kind_has_rows(store, other, &has, c->err);
        dk_report_table *table = dk_report_table_begin(c->report, "no_partner", "没有对应的", columns, 2);
        table->other = other;
        table->not_made = !has;
        table->remark = has ? NULL : "尚未导入，未核对";
        table->lacking = "没有填写用来关联的编号";
        c->links[c->n_links++] = (link_check){link, table};
    }
    return status;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

dk_status dk_report_check(dk_report *report, dk_store *store, int64_t batch, bool (*go_on)(void *user), void *user,
                          dk_error *err)
{
    checker c = {.report = report, .go_on = go_on, .user = user, .err = err};
    dk_overlap_counts overlaps = {0};
    dk_generation generation;
    const double began = seconds_now();
    dk_shape_init(&c.shape);
    dk_day_write(dk_clock_today(store), c.today);
    dk_status status = dk_store_generation_info(store, &generation, err);
    if (status == DK_OK) {
        report->generation = generation.number;
        snprintf(report->generation_at, sizeof report->generation_at, "%s", generation.at);
        c.partners = dk_partners_create(store, report->kind);
        status = c.partners == NULL ? dk_fail(err, DK_NOMEM, "out of memory")
                                    : dk_placement_create(store, report->kind, &c.placement, err);
    }
    if (status == DK_OK) {
        begin_tables(&c);
        status = begin_links(&c, store);
    }
    if (status == DK_OK)
        status = dk_batch_rows(store, report->kind, batch, check_row, &c, err);
    if (status == DK_OK && c.outside != NULL && !c.outside->not_made && c.n_placed == 0 && c.outside->passed_over > 0) {
        c.outside->not_made = true;
        c.outside->remark = "没有这些行政区的已发布界线，未核对";
    }
    if (status == DK_OK && report->kind->geometry == DK_POLYGONS)
        status = dk_batch_overlaps(store, report->kind, batch, add_overlap, step, &c, &overlaps, err);
    if (status == DK_OK && overlaps.unknown > 0)
        status = dk_report_count(report, "overlap_unknown", overlaps.unknown) ? DK_OK : DK_NOMEM;
    for (size_t i = 0; status == DK_OK && i < report->n_tables; i++)
        if (report->tables[i].cells.failed)
            status = dk_fail(err, DK_NOMEM, "out of memory");
    report->seconds = seconds_now() - began;
    report->checked = status == DK_OK;
    for (size_t i = 1; status != DK_OK && i < report->n_tables; i++) { /* what was found so far is not all */
        report->tables[i].not_made = true;
        report->tables[i].remark = "检查中断，未核对";
    }
    dk_placement_free(c.placement);
    dk_partners_free(c.partners);
    dk_shape_finish(&c.shape);
    return status;
}
