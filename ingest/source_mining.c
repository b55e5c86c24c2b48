/* Mining rights: a table whose rows have their boundary as a text (ingest/mining_boundary.h), or a 报盘 TXT
 * (ingest/mining_txt.h). */
#include "ingest/source_internal.h"

#include "ingest/crs.h"
#include "ingest/mining_geometry.h"
#include "ingest/mining_txt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_NOTES = 20, ZONES = 100 };

struct dk_source_mining {
    dk_mining_boundary boundary;
    dk_mining_txt *txt; /* of a 报盘 TXT, with the right under way */
    dk_mining_right right;
    dk_buf json, notes;
    int64_t n_notes;
    size_t rings;                     /* the column that takes the rings as JSON */
    int64_t n_zone[ZONES], n_degrees; /* rows that say their own system, by the zone before their eastings */

    /* the same row, if its numbers are DDD.MMSS */
    dk_other_reading other;
    OGRGeometryH other_geometry;
    dk_buf other_json;
};

dk_status dk_source_mining_open(dk_source *source, size_t rings, dk_error *err)
{
    struct dk_source_mining *mining = source->mining = calloc(1, sizeof *mining);
    if (mining == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    dk_mining_boundary_init(&mining->boundary);
    dk_buf_init(&mining->json);
    dk_buf_init(&mining->other_json);
    dk_buf_init(&mining->notes);
    mining->rings = rings;
    return DK_OK;
}

static void forget_geometry(OGRGeometryH *geometry)
{
    if (*geometry != NULL)
        OGR_G_DestroyGeometry(*geometry);
    *geometry = NULL;
}

void dk_source_mining_close(struct dk_source_mining *mining)
{
    if (mining == NULL)
        return;
    forget_geometry(&mining->other_geometry);
    dk_mining_boundary_finish(&mining->boundary);
    dk_buf_finish(&mining->json);
    dk_buf_finish(&mining->other_json);
    dk_buf_finish(&mining->notes);
    free(mining);
}

/* ---- a row ---- */

static void add_note(dk_source *source, const char *text, size_t size)
{
    struct dk_source_mining *mining = source->mining;
    if (mining->n_notes++ < NAMED_NOTES)
        dk_buf_format(&mining->notes, "row %lld: %.*s\n", (long long)source->row, (int)size, text);
}

/* The boundary's notes under the row's number. */
static void keep_notes(dk_source *source)
{
    const char *at = dk_buf_cstr(&source->mining->boundary.notes);
    while (at != NULL && *at != '\0') {
        const size_t size = strcspn(at, "\n");
        add_note(source, at, size);
        at += size + (at[size] == '\n');
    }
}

static void problem(dk_source *source, const char *where, const char *text)
{
    if (source->problem[0] == '\0')
        snprintf(source->problem, sizeof source->problem, "%s%s%.600s", where, where[0] != '\0' ? ": " : "", text);
}

/* The system of the row, as the source says it (own, 0: it does not), or by the zone before its eastings where --crs
 * names a datum and no zone. false: the row has a problem. */
static bool find_system(dk_source *source, const char *where, int own)
{
    struct dk_source_mining *mining = source->mining;
    const dk_mining_boundary *boundary = &mining->boundary;
    char text[300];
    if (boundary->datum != NULL && source->crs_name != NULL && strcmp(source->crs_name, boundary->datum->name) != 0) {
        snprintf(text, sizeof text,
                 "its text says %s, and --crs %s; load such rows apart, with the --crs of their datum",
                 boundary->datum->name, source->crs_name);
        problem(source, where, text);
        return false;
    }
    source->epsg = source->crs_given ? 0 : own;
    if (source->crs_given && source->crs_datum != NULL && !boundary->degrees) {
        const dk_zone_family *datum = source->crs_datum;
        const int epsg = dk_zone_band(boundary->zone) != 0 ? dk_zone_epsg(datum, boundary->zone, true) : 0;
        if (epsg == 0) {
            snprintf(text, sizeof text,
                     "--crs says %s without a zone, and the eastings begin with %s; say the zone with --crs, for "
                     "example --crs EPSG:4548 (CGCS2000, 3 degrees, central meridian 117°E)",
                     datum->name, boundary->zone > 0 ? "none that is known" : "none");
            problem(source, where, text);
            return false;
        }
        source->epsg = epsg;
    }
    if (source->epsg != 0 && !boundary->degrees)
        mining->n_zone[boundary->zone]++;
    else if (source->epsg != 0 || source->crs_datum != NULL)
        mining->n_degrees++;
    return true;
}

#define CROSS "the other way its rings cross"

/* As which degrees a row was read that may be read as two. */
static void note_reading(dk_source *source, bool minutes, const char *why)
{
    char text[400];
    const int size = snprintf(text, sizeof text, "the coordinates were read as %s, since %s",
                              minutes ? "degrees, minutes and seconds (DDD.MMSS)" : "decimal degrees", why);
    add_note(source, text, size > 0 && (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

static bool make_json(const dk_mining_boundary *boundary, dk_buf *json, dk_cell *ret_cell)
{
    dk_buf_clear(json);
    if (!dk_mining_json(boundary, json) || dk_buf_cstr(json) == NULL)
        return false;
    *ret_cell = (dk_cell){.type = DK_CELL_TEXT, .text = (const char *)json->data, .size = json->size};
    return true;
}

/* Makes the geometry of the row and its cell of rings out of the boundary, or a problem. */
static void use_boundary(dk_source *source, const char *where, int own)
{
    struct dk_source_mining *mining = source->mining;
    dk_error err;
    if (!find_system(source, where, own))
        return;
    const bool doubtful = mining->boundary.doubtful;
    bool minutes = false;
    dk_status status = dk_mining_geometry(&mining->boundary, &source->geometry, &err);
    if (status != DK_OK && doubtful) { /* its rings cross as decimal degrees: are they good the other way? */
        dk_error other;
        dk_mining_take_minutes(&mining->boundary);
        minutes = dk_mining_geometry(&mining->boundary, &source->geometry, &other) == DK_OK;
    }
    if (status != DK_OK && !minutes) {
        problem(source, where, err.text);
        return;
    }
    keep_notes(source);
    make_json(&mining->boundary, &mining->json, &source->cells[mining->rings]);
    if (minutes)
        note_reading(source, true, CROSS);
    if (!doubtful || minutes)
        return;
    dk_mining_take_minutes(&mining->boundary);
    if (dk_mining_geometry(&mining->boundary, &mining->other_geometry, &err) != DK_OK) {
        note_reading(source, false, CROSS);
        return;
    }
    mining->other = (dk_other_reading){.geometry = mining->other_geometry, .column = mining->rings};
    if (make_json(&mining->boundary, &mining->other_json, &mining->other.cell))
        source->other = &mining->other;
}

static void forget_row(dk_source *source)
{
    source->cells[source->mining->rings] = (dk_cell){.text = ""};
    source->other = NULL;
    source->epsg = 0;
    forget_geometry(&source->geometry);
    forget_geometry(&source->mining->other_geometry);
}

void dk_source_mining_read(dk_source *source)
{
    struct dk_source_mining *mining = source->mining;
    forget_row(source);
    if (mining->txt != NULL) {
        const bool unsaid = mining->right.system_problem[0] != '\0'; /* its system, or the zone of it */
        if (mining->right.problem != NULL)
            problem(source, "", mining->right.problem);
        else if (source->want_geometry && unsaid && !source->crs_given && !source->zone_given)
            problem(source, "", mining->right.system_problem);
        else if (source->want_geometry)
            use_boundary(source, "", unsaid ? 0 : mining->right.epsg);
        return;
    }
    if ((size_t)source->boundary_index >= source->n_raw)
        return;
    const dk_cell *cell = &source->raw[source->boundary_index];
    if (dk_cell_blank(cell) || cell->type != DK_CELL_TEXT)
        return;
    dk_error err;
    if (dk_mining_parse(cell->text, cell->size, &mining->boundary, &err) == DK_OK)
        use_boundary(source, source->geometry_column, 0);
    else
        problem(source, source->geometry_column, err.text);
}

void dk_source_settle(dk_source *source, bool second, const char *why, dk_source_row *io_row)
{
    struct dk_source_mining *mining = source->mining;
    if (why[0] != '\0')
        note_reading(source, second, why);
    io_row->other = NULL;
    if (!second)
        return;
    source->cells[mining->other.column] = mining->other.cell;
    io_row->geometry = mining->other_geometry;
}

void dk_source_unsettled(dk_source *source, const char *why, dk_source_row *io_row)
{
    char text[600];
    snprintf(text, sizeof text,
             "whether the coordinates are decimal degrees or degrees, minutes and seconds (DDD.MMSS) cannot be told: "
             "both are possible at every point, and %s; write them as 110°00′28.20″",
             why);
    problem(source, source->geometry_column != NULL ? source->geometry_column : "", text);
    io_row->other = NULL;
    io_row->geometry = NULL;
    io_row->problem = source->problem;
}

/* ---- what it says ---- */

const char *dk_source_mining_crs_problem(const dk_source *source)
{
    const char *unsaid = NULL;
    if (source->mining->txt != NULL) {
        dk_mining_txt_epsg(source->mining->txt, &unsaid);
        return unsaid;
    }
    return "boundaries in a text do not say their coordinate system; say it with --crs: EPSG:4490 for CGCS2000 in "
           "degrees "
           "or with the zone before the eastings, such as 39520000.00, else that of the zone, such as EPSG:4548";
}

static void note_zones(const struct dk_source_mining *mining, dk_buf *out)
{
    const char *between = ": ";
    for (int zone = 0; zone < ZONES; zone++)
        if (mining->n_zone[zone] > 0) {
            if (*between == ':')
                dk_buf_text(out, "each row is in the zone before its eastings");
            dk_buf_format(out, "%s%d (%lld row%s)", between, zone, (long long)mining->n_zone[zone],
                          mining->n_zone[zone] == 1 ? "" : "s");
            between = ", ";
        }
    if (*between == ',' && mining->n_degrees > 0)
        dk_buf_format(out, "; %lld are in degrees", (long long)mining->n_degrees);
    if (*between == ',')
        dk_buf_byte(out, '\n');
}

const char *dk_source_mining_notes(dk_source *source)
{
    struct dk_source_mining *mining = source->mining;
    if (mining->n_notes > NAMED_NOTES) {
        dk_buf_format(&mining->notes, "and %lld more notes on boundaries\n",
                      (long long)(mining->n_notes - NAMED_NOTES));
        mining->n_notes = NAMED_NOTES;
    }
    note_zones(mining, &mining->notes);
    memset(mining->n_zone, 0, sizeof mining->n_zone); /* said once */
    if (mining->txt != NULL)
        dk_buf_text(&mining->notes, dk_mining_txt_notes(mining->txt));
    const char *text = dk_buf_cstr(&mining->notes);
    return text != NULL ? text : "";
}

/* ---- 报盘 TXT ---- */

static dk_status txt_next(dk_source *source, dk_error *err)
{
    struct dk_source_mining *mining = source->mining;
    const dk_status status = dk_mining_txt_next(mining->txt, &mining->boundary, &mining->right, err);
    if (status != DK_OK)
        return status;
    source->row = mining->right.line;
    source->problem[0] = '\0';
    source->n_read++;
    if (!dk_source_raw_room(source, mining->rings)) /* the columns before it are the keys */
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i < mining->rings; i++) {
        const char *text = mining->right.values[i];
        source->raw[i] =
            (dk_cell){.type = text[0] != '\0' ? DK_CELL_TEXT : DK_CELL_EMPTY, .text = text, .size = strlen(text)};
    }
    return DK_OK;
}

static void txt_close(dk_source *source)
{
    dk_mining_txt_close(source->mining->txt);
    source->mining->txt = NULL;
}

/* The boundary of the row is made behind it, as that of a table's (dk_source_mining_read). */
static const dk_own_reader txt_reader = {.next = txt_next,
                                         .close = txt_close,
                                         .notes = dk_source_mining_notes,
                                         .crs_problem = dk_source_mining_crs_problem,
                                         .has_geometry = true};

dk_status dk_source_mining_txt_open(dk_source *source, const dk_source_options *options, dk_error *err)
{
    const char *const *keys;
    const char *unsaid;
    dk_mining_txt *txt = NULL;
    dk_status status = dk_mining_txt_open(source->file, options->encoding, &txt, err);
    if (status != DK_OK)
        return status;
    const size_t n = dk_mining_txt_keys(txt, &keys);
    source->encoding = dk_mining_txt_encoding(txt);
    if (dk_mining_txt_either(txt))
        source->either_note = dk_encoding_either_note(NULL);
    source->columns = calloc(n + 1, sizeof *source->columns);
    source->raw_index = calloc(n + 1, sizeof *source->raw_index);
    source->cells = calloc(n + 1, sizeof *source->cells);
    status = dk_source_mining_open(source, n, err);
    if (status != DK_OK) {
        dk_mining_txt_close(txt);
        return status;
    }
    source->mining->txt = txt;
    source->reader = &txt_reader;
    source->n_total = dk_mining_txt_rights(txt);
    if (source->columns == NULL || source->raw_index == NULL || source->cells == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i <= n; i++) {
        char *name = strdup(i < n ? keys[i] : "rings");
        if (name == NULL)
            return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
        source->columns[i] = (dk_column){.name = name, .optional = true, .made = i == n};
        source->raw_index[i] = i < n ? i : SIZE_MAX;
        source->n_columns++;
    }
    const int epsg = dk_mining_txt_epsg(txt, &unsaid);
    if (epsg == 0)
        return DK_OK;
    source->crs = OSRNewSpatialReference(NULL);
    if (source->crs == NULL || OSRImportFromEPSG(source->crs, epsg) != OGRERR_NONE)
        return dk_fail(err, DK_INTERNAL, "%s: EPSG:%d is not known to PROJ", source->path, epsg);
    source->zone_given = unsaid != NULL && dk_source_names_zone(source, options->crs, false);
    source->crs_given = source->crs_given && !dk_crs_other_datum(source->crs);
    return DK_OK;
}
