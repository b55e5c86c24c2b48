/* Values of what GDAL reads, as they stand in the file where GDAL takes less of them. */
#include "ingest/ogr_internal.h"

#include "ingest/geojson_text.h"
#include "ingest/units.h"
#include "ingest/values.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* dk_source_text does not copy what is valid: this does, of a text that will not last as long as the row. */
static void own_text(dk_source *source, dk_cell *cell, const char *text)
{
    if (cell->text != text)
        return;
    cell->text = NULL;
    cell->integer = (int64_t)source->arena.size;
    dk_buf_append(&source->arena, text, strlen(text) + 1);
}

void dk_source_tell_once(dk_source *source, size_t i, dk_told_once *io_told)
{
    if (io_told->count++ == 0) {
        io_told->row = source->row;
        io_told->raw_index = i;
    }
}

static void set_raw_text(dk_source *source, size_t i, const unsigned char *text, size_t size, bool no_number)
{
    dk_cell *cell = &source->raw[i];
    *cell = (dk_cell){.type = DK_CELL_TEXT, .integer = (int64_t)source->arena.size, .no_number = no_number};
    dk_decode(source->decoder, (const char *)text, size, false, &source->arena, NULL);
    cell->size = source->arena.size - (size_t)cell->integer;
    dk_buf_byte(&source->arena, 0);
}

/* "Value '7号' of field LAYER.FIELD parsed incompletely to integer 7." is what GDAL says of a number that its schema
 * promises and that is none, or has no room. Kept for the row at hand. */
static void CPL_STDCALL keep_unparsed(CPLErr level, CPLErrorNum code, const char *message)
{
    static const char begin[] = "Value '", middle[] = "' of field ", end[] = " parsed incompletely to ";
    dk_source *source = CPLGetErrorHandlerUserData();
    const char *stop = NULL, *field = NULL;
    (void)level, (void)code;
    if (strncmp(message, begin, sizeof begin - 1) != 0)
        return;
    for (const char *at = message; (at = strstr(at, end)) != NULL; at++)
        stop = at;
    for (const char *at = message; stop != NULL && (at = strstr(at, middle)) != NULL && at < stop; at++)
        field = at + sizeof middle - 1;
    if (field == NULL)
        return;
    const char *value = message + sizeof begin - 1, *layer = OGR_L_GetName(source->layer);
    const size_t size = (size_t)(field - value) - (sizeof middle - 1), n = strlen(layer) + 1;
    dk_buf name;
    dk_buf_init(&name);
    if ((size_t)(stop - field) > n)
        dk_buf_append(&name, field + n, (size_t)(stop - field) - n);
    const char *text = dk_buf_cstr(&name);
    const int i = text != NULL ? OGR_FD_GetFieldIndex(OGR_L_GetLayerDefn(source->layer), text) : -1;
    if (i >= 0) {
        dk_buf_append(&source->unparsed, &i, sizeof i);
        dk_buf_append(&source->unparsed, value, size);
        dk_buf_byte(&source->unparsed, 0);
    }
    dk_buf_finish(&name);
}

OGRFeatureH dk_ogr_next_of_schema(dk_source *source)
{
    dk_buf_clear(&source->unparsed);
    CPLPushErrorHandlerEx(keep_unparsed, source);
    OGRFeatureH feature = OGR_L_GetNextFeature(source->layer);
    CPLPopErrorHandler();
    return feature;
}

/* A number that has no room counts as it stands. */
static void set_unparsed(dk_source *source)
{
    for (size_t at = 0; at < source->unparsed.size;) {
        int i;
        memcpy(&i, source->unparsed.data + at, sizeof i);
        const unsigned char *text = source->unparsed.data + at + sizeof i;
        const size_t size = strlen((const char *)text);
        const unsigned char *number;
        size_t n;
        const dk_dbf_number kind = dk_dbf_number_read(text, size, &number, &n);
        set_raw_text(source, (size_t)i, text, size, kind != DK_DBF_WHOLE && kind != DK_DBF_DECIMAL);
        at += sizeof i + size + 1;
    }
}

/* A field of numbers of a DBF or a MIF, of which GDAL takes what it can: of 1.5x 1.5, of abc 0. true: the cell is set.
 */
static bool set_raw_number(dk_source *source, size_t i, OGRFieldType type, const unsigned char *field, size_t width)
{
    dk_cell *cell = &source->raw[i];
    const unsigned char *text;
    size_t size;
    char number[256];
    switch (dk_dbf_number_read(field, width, &text, &size)) {
    case DK_DBF_NONE:
        return true;
    case DK_DBF_ASTERISKS:
        dk_source_tell_once(source, i, &source->asterisks);
        return true;
    case DK_DBF_WHOLE:
        if (type != OFTInteger || size > 18)
            return false;
        memcpy(number, text, size); /* in a MIF it may be beyond what the column holds */
        number[size] = '\0';
        cell->type = DK_CELL_INTEGER;
        cell->integer = strtoll(number, NULL, 10);
        return true;
    case DK_DBF_DECIMAL:
        if (type == OFTReal || size >= sizeof number)
            return false;
        memcpy(number, text, size); /* in a column of whole numbers */
        number[size] = '\0';
        cell->type = DK_CELL_REAL;
        cell->real = CPLAtof(number);
        return true;
    case DK_DBF_NO_NUMBER:
        break;
    }
    set_raw_text(source, i, text, size, true);
    return true;
}

static bool is_number_type(OGRFieldType type)
{
    return type == OFTReal || type == OFTInteger || type == OFTInteger64;
}

/* Whether a number, as far as GDAL can read it, is the one that it has read. */
static bool number_fits(const dk_mid_field *field, double read, bool whole)
{
    const unsigned char *text;
    size_t size;
    char copy[64];
    const dk_dbf_number kind = dk_dbf_number_read(field->text, field->size, &text, &size);
    if ((kind != DK_DBF_WHOLE && kind != DK_DBF_DECIMAL) || size >= sizeof copy)
        return true;
    memcpy(copy, text, size);
    copy[size] = '\0';
    const double there = CPLAtof(copy), bound = whole ? 1 : 1e-9 * fmax(1, fabs(there));
    return (whole && fabs(there) >= INT32_MAX) || fabs(there - read) < bound;
}

/* The same of a text, which may be cut; one with marks that are quoted in ways of its own is not looked at. */
static bool text_fits(const dk_mid_field *field, const char *read)
{
    size_t size = field->size, n = strlen(read);
    const unsigned char *text = field->text;
    for (; size > 0 && *text <= ' '; size--)
        text++;
    for (; n > 0 && (unsigned char)*read <= ' '; n--)
        read++;
    if (memchr(text, '"', size) != NULL || memchr(text, '\\', size) != NULL || memchr(text, 0, size) != NULL)
        return true;
    return (size == 0) == (n == 0) && memcmp(text, read, size < n ? size : n) == 0;
}

/* Whether the row of a .mid is that of the feature: what GDAL can read is the same in both. */
static bool mid_fits(dk_source *source, OGRFeatureDefnH defn, const dk_mid_field *fields, size_t n)
{
    bool fits = true;
    for (size_t i = 0; i < n && fits; i++) {
        const OGRFieldType type = OGR_Fld_GetType(OGR_FD_GetFieldDefn(defn, (int)i));
        if (is_number_type(type))
            fits = number_fits(&fields[i], OGR_F_GetFieldAsDouble(source->feature, (int)i), type != OFTReal);
        else if (type == OFTString)
            fits = text_fits(&fields[i], OGR_F_GetFieldAsString(source->feature, (int)i));
    }
    return fits;
}

/* A field of a MIF as its .mid has it, where GDAL reads less of it. true: the cell is set. */
static bool set_mid_cell(dk_source *source, size_t i, OGRFieldType type)
{
    const dk_mid_field *field = &source->mid[i];
    if (is_number_type(type))
        return set_raw_number(source, i, type, field->text, field->size);
    if ((type != OFTDate && type != OFTDateTime && type != OFTTime) || field->size == 0 ||
        OGR_F_IsFieldSetAndNotNull(source->feature, (int)i))
        return false;
    set_raw_text(source, i, field->text, field->size, false); /* a date written otherwise than YYYYMMDD */
    return true;
}

/* What a copy of a GeoJSON says of its original. */
static void find_marks(dk_source *source, size_t i, const char *text)
{
    const char *name = dk_source_raw_name(source, i);
    if (strstr(text, DK_GEOJSON_NO_TEXT) != NULL)
        dk_source_bad_bytes(source, i);
    else if (strstr(text, DK_GEOJSON_NUL) != NULL && source->problem[0] == '\0')
        snprintf(source->problem, sizeof source->problem,
                 "column %s: a NUL character (\\u0000) stands in its text; take it out", name != NULL ? name : "?");
}

/* Of a whole number with more digits than it has room for GDAL makes the largest of a GeoJSON's. */
static void set_integer(dk_source *source, size_t i, int64_t number)
{
    dk_cell *cell = &source->raw[i];
    if (source->format == DK_FORMAT_GEOJSON && (number == INT64_MAX || number == INT64_MIN)) {
        cell->type = DK_CELL_TEXT;
        cell->unread =
            "a whole number of more than 18 digits, which is not read as a number; write it as a text, in quotes";
    } else {
        cell->type = DK_CELL_INTEGER;
        cell->integer = number;
    }
}

static bool is_list(OGRFieldType type)
{
    return type == OFTStringList || type == OFTIntegerList || type == OFTInteger64List || type == OFTRealList;
}

/* The values of an array of a GeoJSON, or of an element that a GML has several times, as a cell of a ledger has them.
 */
static void set_list(dk_source *source, size_t i, OGRFieldType type)
{
    static const char between[] = "、";
    const int field = (int)i;
    int n = 0;
    dk_buf text;
    dk_buf_init(&text);
    if (type == OFTStringList) {
        char **texts = OGR_F_GetFieldAsStringList(source->feature, field);
        for (; texts != NULL && texts[n] != NULL; n++)
            dk_buf_format(&text, "%s%s", n > 0 ? between : "", texts[n]);
    } else if (type == OFTRealList) {
        const double *numbers = OGR_F_GetFieldAsDoubleList(source->feature, field, &n);
        for (int k = 0; k < n; k++)
            dk_buf_format(&text, "%s%.15g", k > 0 ? between : "", numbers[k]);
    } else if (type == OFTInteger64List) {
        const GIntBig *numbers = OGR_F_GetFieldAsInteger64List(source->feature, field, &n);
        for (int k = 0; k < n; k++)
            dk_buf_format(&text, "%s%lld", k > 0 ? between : "", (long long)numbers[k]);
    } else {
        const int *numbers = OGR_F_GetFieldAsIntegerList(source->feature, field, &n);
        for (int k = 0; k < n; k++)
            dk_buf_format(&text, "%s%d", k > 0 ? between : "", numbers[k]);
    }
    const char *whole = dk_buf_cstr(&text);
    if (whole == NULL) {
        source->arena.failed = true;
    } else {
        dk_source_text(source, i, whole, text.size, 0);
        if (source->marked)
            find_marks(source, i, whole);
        own_text(source, &source->raw[i], whole);
    }
    dk_buf_finish(&text);
}

static void set_cell(dk_source *source, size_t i, OGRFieldType type)
{
    dk_cell *cell = &source->raw[i];
    const int field = (int)i;
    *cell = (dk_cell){.type = DK_CELL_EMPTY, .text = "", .size = 0};
    if (source->record != NULL) {
        const dk_dbf_field *raw = &source->dbf.fields[i];
        /* Of a TAB, whose whole numbers, dates and the like are binary and said to be texts, decimals alone are texts.
         */
        const bool tab = source->format == DK_FORMAT_MAPINFO;
        const char *unread = tab ? NULL : dk_dbf_unread(raw, source->record + raw->offset);
        if (unread != NULL) {
            *cell = (dk_cell){.type = DK_CELL_TEXT, .text = "", .unread = unread};
            return;
        }
        const bool number = (raw->type == 'N' || raw->type == 'F') && (!tab || is_number_type(type));
        if ((number || (raw->type == 'C' && (!tab || type == OFTString))) &&
            dk_dbf_text_goes_on(source->record + raw->offset, raw->width))
            dk_source_tell_once(source, i, &source->nuls);
        if (number && set_raw_number(source, i, type, source->record + raw->offset, raw->width))
            return;
    }
    if (source->mid != NULL && set_mid_cell(source, i, type))
        return;
    /* One call of GDAL instead of two, which ask for the field's definition again. */
    const OGRField *value = OGR_F_GetRawFieldRef(source->feature, field);
    if (OGR_RawField_IsUnset(value) || OGR_RawField_IsNull(value))
        return;
    switch (type) {
    case OFTInteger:
        set_integer(source, i, value->Integer);
        break;
    case OFTInteger64:
        set_integer(source, i, value->Integer64);
        break;
    case OFTReal:
        cell->type = DK_CELL_REAL;
        cell->real = value->Real;
        if (OGR_Fld_GetSubType(OGR_F_GetFieldDefnRef(source->feature, field)) == OFSTFloat32)
            cell->real = dk_cell_single(cell->real);
        break;
    case OFTDate:
    case OFTDateTime: {
        int year, month, day, hour, minute, second, zone;
        char date[64];
        if (!OGR_F_GetFieldAsDateTime(source->feature, field, &year, &month, &day, &hour, &minute, &second, &zone))
            break;
        const int size = snprintf(date, sizeof date, "%04d-%02d-%02d", year, month, day);
        /* 100 is UTC, and 1 more a quarter of an hour. A GeoPackage always says UTC, also of what is none (OGC
         * 12-128r17, table 1); a file geodatabase keeps the time of where it is, of which GDAL says UTC. */
        const bool zoned = zone > 1 && source->format != DK_FORMAT_GPKG && source->format != DK_FORMAT_FILEGDB;
        if (type == OFTDateTime && zoned && size == 10)
            dk_date_in_china(date, hour * 60 + minute, (zone - 100) * 15);
        dk_source_text(source, i, date, (size_t)size, 0);
        own_text(source, cell, date);
        cell->type = DK_CELL_DATE;
        break;
    }
    default: {
        if (type != OFTString && is_list(type)) {
            set_list(source, i, type);
            break;
        }
        const char *text =
            type == OFTString ? value->String : OGR_F_GetFieldAsString(source->feature, field); /* of times a text */
        const size_t width = i < source->dbf.n_fields && source->format != DK_FORMAT_MAPINFO
                                 ? source->dbf.fields[i].width
                             : source->format == DK_FORMAT_MAPINFO
                                 ? (size_t)OGR_Fld_GetWidth(OGR_F_GetFieldDefnRef(source->feature, field))
                                 : 0;
        dk_source_text(source, i, text, strlen(text), width);
        if (source->marked)
            find_marks(source, i, text);
        if (type != OFTString) /* of times GDAL makes a text, which the next such field takes the place of */
            own_text(source, cell, text);
        break;
    }
    }
}

/* Writes behind what stands in a cell of a GML the unit that its uom says, as a cell of a ledger may have it: m2, or
 * the end of an address or a name that ends so. */
static void add_unit(dk_source *source, size_t i)
{
    dk_cell *cell = &source->raw[i];
    dk_unit unit;
    dk_buf text, said;
    const char *name = OGR_F_GetFieldAsString(source->feature, source->units[i]);
    for (const char *mark; (mark = strpbrk(name, "/:#")) != NULL;)
        name = mark + 1;
    if (cell->type == DK_CELL_EMPTY || *name == '\0')
        return;
    dk_buf_init(&text);
    dk_buf_init(&said);
    dk_text_fold(name, strlen(name), &said);
    if (cell->type == DK_CELL_INTEGER)
        dk_buf_format(&text, "%lld", (long long)cell->integer);
    else if (cell->type == DK_CELL_REAL)
        dk_buf_format(&text, "%.15g", cell->real);
    else
        dk_buf_append(&text, cell->text != NULL ? cell->text : (const char *)source->arena.data + cell->integer,
                      cell->size);
    dk_buf_append(&text, said.data, said.size);
    if (text.failed || said.failed)
        source->arena.failed = true;
    else if (dk_unit_parse((const char *)said.data, said.size, &unit))
        set_raw_text(source, i, text.data, text.size, false);
    else
        *cell = (dk_cell){
            .type = DK_CELL_TEXT, .text = "", .unread = "its unit (uom) is none that is known; say m2, ha, km2 or 亩"};
    dk_buf_finish(&text);
    dk_buf_finish(&said);
}

void dk_ogr_set_cells(dk_source *source, size_t n)
{
    OGRFeatureDefnH defn = OGR_L_GetLayerDefn(source->layer);
    source->mid = source->mid_rows != NULL ? dk_mid_rows_next(source->mid_rows, n) : NULL;
    if (source->mid != NULL && !mid_fits(source, defn, source->mid, n)) {
        source->mid = NULL; /* read otherwise than GDAL does: that counts, as for all other fields */
        dk_mid_rows_close(source->mid_rows);
        source->mid_rows = NULL;
    }
    for (size_t i = 0; i < n; i++)
        set_cell(source, i, OGR_Fld_GetType(OGR_FD_GetFieldDefn(defn, (int)i)));
    set_unparsed(source);
    for (size_t i = 0; i < n && source->units != NULL; i++)
        if (source->units[i] >= 0)
            add_unit(source, i);
}
