#include "tiler/item_query.h"

#include "store/conditions.h"
#include "store/text.h"
#include "tiler/crs.h"
#include "tiler/datetime.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- bbox ---- */

/* Four numbers, or six, of which the third and the last are heights and do not count. */
static bool parse_numbers(const char *text, double ret_box[4])
{
    double numbers[6];
    size_t n = 0;
    for (const char *at = text;; at++) {
        char *end = NULL;
        if (n == 6 || *at == '\0' || strchr("+-.0123456789", *at) == NULL)
            return false;
        numbers[n] = strtod(at, &end);
        if (end == at || !isfinite(numbers[n]) || memchr(at, 'x', (size_t)(end - at)) != NULL)
            return false;
        n++;
        at = end;
        if (*at == '\0')
            break;
        if (*at != ',')
            return false;
    }
    if (n != 4 && n != 6)
        return false;
    ret_box[0] = numbers[0];
    ret_box[1] = numbers[1];
    ret_box[2] = numbers[n == 4 ? 2 : 3];
    ret_box[3] = numbers[n == 4 ? 3 : 4];
    return true;
}

/* ret_crs: of the box among the conditions; it is left as it is where what it covers is no box in degrees. */
static dk_status read_bbox(dk_context *ctx, const dk_kind *kind, const char *text, dk_conditions *conditions,
                           const dk_crs **ret_crs)
{
    double box[4], around[4];
    const char *uri = dk_request_param(ctx->request, "bbox-crs");
    const dk_crs *crs = dk_crs_default();
    if (kind->geometry == DK_NO_GEOMETRY)
        return dk_fail(&ctx->error, DK_INVALID,
                       "The parameter \"bbox\" is for layers; the collection \"%s\" has no geometry.", kind->name);
    dk_status status = uri != NULL ? dk_crs_read("bbox-crs", uri, &crs, &ctx->error) : DK_OK;
    if (status != DK_OK)
        return status;
    if (!parse_numbers(text, box))
        return dk_fail(
            &ctx->error, DK_INVALID,
            "The parameter \"bbox\" is four finite numbers: the two of the lower corner, the two of the upper "
            "one; in degrees west,south,east,north unless bbox-crs says otherwise.");
    const int lon = dk_crs_is_north_first(crs) ? 1 : 0, lat = 1 - lon;
    const bool outside = dk_crs_is_degrees(crs) && (fabs(box[lon]) > 180 || fabs(box[lon + 2]) > 180 ||
                                                    fabs(box[lat]) > 90 || fabs(box[lat + 2]) > 90);
    if (outside && lon == 1)
        return dk_fail(
            &ctx->error, DK_INVALID,
            "The parameter \"bbox\" lies outside the world: in this bbox-crs it is south,west,north,east in degrees.");
    if ((box[0] > box[2] && !dk_crs_is_lonlat(crs)) || box[1] > box[3] || outside)
        return dk_fail(&ctx->error, DK_INVALID,
                       "The parameter \"bbox\" is west,south,east,north in degrees with south <= north, or in another "
                       "bbox-crs the lower corner and then the upper one.");
    if (!dk_crs_is_lonlat(crs))
        status = dk_crs_box_to_lonlat(crs, box, around, &ctx->error);
    if (status != DK_OK)
        return status;
    if (!dk_crs_has_upright_boxes(crs))
        *ret_crs = crs;
    dk_condition_box(dk_crs_is_lonlat(crs) || *ret_crs != NULL ? box : around, conditions);
    return DK_OK;
}

/* ---- datetime ---- */

static dk_status read_datetime(dk_context *ctx, const dk_kind *kind, const char *text, dk_conditions *conditions)
{
    dk_datetime range;
    const dk_status status = dk_datetime_read(text, &range, &ctx->error);
    /* When what happened to a row is not for this viewer, to them it has no date. */
    const uint64_t visible = dk_context_fields(ctx, kind);
    const bool with_end = kind->date_end_field >= 0 && (visible >> kind->date_end_field & 1) != 0;
    if (status == DK_OK && kind->date_field >= 0 && visible >> kind->date_field & 1)
        dk_condition_days(kind, with_end, range.first[0] != '\0' ? range.first : NULL,
                          range.last[0] != '\0' ? range.last : NULL, conditions);
    return status;
}

/* ---- lists of names ---- */

/* One answer for a field that does not exist and for one that the viewer may not see. */
static dk_status unknown_field(dk_context *ctx, const dk_kind *kind, const char *parameter, const char *name,
                               size_t size)
{
    return dk_fail(&ctx->error, DK_INVALID,
                   "The parameter \"%s\" names \"%.*s\", and the collection \"%s\" has no such field; "
                   "/collections/%s/queryables lists them.",
                   parameter, (int)(size < 100 ? size : 100), name, kind->name, kind->name);
}

/* The field of a name that ends at size, if it is one of these; -1. */
static int find_among(uint64_t visible, const dk_kind *kind, const char *name, size_t size)
{
    for (size_t i = 0; i < kind->n_fields; i++)
        if (strlen(kind->fields[i].name) == size && memcmp(kind->fields[i].name, name, size) == 0)
            return visible >> i & 1 ? (int)i : -1;
    return -1;
}

/* The same if the viewer may ask about it; or if they are shown something of it. */
static int find_field(const dk_context *ctx, const dk_kind *kind, const char *name, size_t size)
{
    return find_among(dk_context_fields(ctx, kind), kind, name, size);
}

static int find_shown(const dk_context *ctx, const dk_kind *kind, const char *name, size_t size)
{
    return find_among(dk_context_shown(ctx, kind), kind, name, size);
}

static dk_status read_properties(dk_context *ctx, const dk_kind *kind, const char *text, dk_item_query *query)
{
    query->fields = 0;
    for (const char *at = text;; at++) {
        const size_t size = strcspn(at, ",");
        const int field = find_shown(ctx, kind, at, size);
        if (field < 0 && !(size == 8 && memcmp(at, "geometry", 8) == 0))
            return unknown_field(ctx, kind, "properties", at, size);
        if (field >= 0)
            query->fields |= UINT64_C(1) << field;
        at += size;
        if (*at == '\0')
            return DK_OK;
    }
}

/* +name or name: ascending, -name: descending. A plus in an address is a blank. */
static dk_status read_sortby(dk_context *ctx, const dk_kind *kind, const char *text, dk_query *query)
{
    for (const char *at = text;; at++) {
        const bool descending = *at == '-';
        at += descending || *at == '+' || *at == ' ';
        const size_t size = strcspn(at, ",");
        const int field = find_field(ctx, kind, at, size);
        if (field < 0)
            return unknown_field(ctx, kind, "sortby", at, size);
        if (query->n_orders == DK_QUERY_ORDERS)
            return dk_fail(&ctx->error, DK_INVALID, "The parameter \"sortby\" takes %d fields at most.",
                           DK_QUERY_ORDERS);
        query->orders[query->n_orders++] = (dk_order){field, descending};
        at += size;
        if (*at == '\0')
            return DK_OK;
    }
}

/* ---- filter ---- */

static dk_status to_lonlat(void *user, double *xy, size_t n, dk_error *err)
{
    return dk_crs_to_lonlat(user, xy, n, err);
}

/* Reads a text into a filter of the query. What is wrong with it is said of the parameter. */
static dk_status add_filter(dk_context *ctx, const dk_kind *kind, const char *text, dk_cql2_language language,
                            const dk_cql2_crs *crs, dk_item_query *query)
{
    dk_cql2 **filter = &query->owned[query->query.n_filters];
    const dk_status status = dk_cql2_read(text, strlen(text), language, kind, &ctx->viewer, crs, filter, &ctx->error);
    if (status == DK_OK)
        query->query.filters[query->query.n_filters++] = *filter;
    return status;
}

/* GDAL 3.6 knows only a draft of CQL2, "cql-text", in which it writes a date as '2020-01-01T': the T is taken off. */
static void append_draft(const char *text, dk_buf *out)
{
    static const char date[] = "'dddd-dd-ddT'";
    for (; *text != '\0'; text++) {
        size_t n = 0;
        while (date[n] != '\0' && (date[n] == 'd' ? text[n] >= '0' && text[n] <= '9' : text[n] == date[n]))
            n++;
        if (date[n] != '\0') {
            dk_buf_byte(out, (unsigned char)*text);
            continue;
        }
        dk_buf_append(out, text, n - 2);
        dk_buf_byte(out, '\'');
        text += n - 1;
    }
}

/* What says how another parameter is meant is wrong or right also without that. */
static dk_status check_meaning(dk_context *ctx, const char *name, const char *value)
{
    const dk_crs *crs;
    if (strcmp(name, "filter-lang") != 0)
        return dk_crs_read(name, value, &crs, &ctx->error);
    return strcmp(value, "cql2-text") == 0 || strcmp(value, "cql2-json") == 0 || strcmp(value, "cql-text") == 0
               ? DK_OK
               : dk_fail(&ctx->error, DK_INVALID, "The parameter \"filter-lang\" is cql2-text or cql2-json.");
}

static dk_status read_filter(dk_context *ctx, const dk_kind *kind, const char *text, dk_item_query *query)
{
    const char *language = dk_request_param(ctx->request, "filter-lang");
    const char *uri = dk_request_param(ctx->request, "filter-crs");
    const dk_crs *crs = dk_crs_default();
    const bool json = language != NULL && strcmp(language, "cql2-json") == 0;
    const bool draft = language != NULL && strcmp(language, "cql-text") == 0;
    dk_status status = language != NULL ? check_meaning(ctx, "filter-lang", language) : DK_OK;
    if (status == DK_OK && uri != NULL)
        status = dk_crs_read("filter-crs", uri, &crs, &ctx->error);
    if (status != DK_OK)
        return status;
    const dk_cql2_crs turned = {to_lonlat, (void *)crs};
    dk_buf mended;
    dk_buf_init(&mended);
    if (draft) {
        append_draft(text, &mended);
        text = dk_buf_cstr(&mended);
    }
    status = text == NULL ? dk_fail(&ctx->error, DK_NOMEM, "out of memory")
                          : add_filter(ctx, kind, text, json ? DK_CQL2_JSON : DK_CQL2_TEXT,
                                       dk_crs_is_lonlat(crs) ? NULL : &turned, query);
    dk_buf_finish(&mended);
    return status;
}

/* Each word stands in a field that is searched and that the viewer sees. Between words are blanks and commas, of any
 * width. */
static dk_status read_words(dk_context *ctx, const dk_kind *kind, const char *typed, dk_conditions *conditions,
                            dk_item_query *query)
{
    dk_text_tidy(typed, strlen(typed), &query->words);
    const char *text = dk_buf_cstr(&query->words);
    if (text == NULL)
        return dk_fail(&ctx->error, DK_NOMEM, "out of memory");
    const uint64_t visible = dk_context_fields(ctx, kind);
    uint64_t searched = 0;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].in_search && visible >> i & 1)
            searched |= UINT64_C(1) << i;
    if (text[strspn(text, " ,")] == '\0')
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"q\" needs a word.");
    if (searched == 0)
        return dk_fail(&ctx->error, DK_INVALID, "The collection \"%s\" has no fields that \"q\" searches.", kind->name);
    size_t n = 0;
    for (const char *at = text + strspn(text, " ,"); *at != '\0'; at += strspn(at, " ,")) {
        const size_t size = strcspn(at, " ,");
        if (n++ == 8)
            return dk_fail(&ctx->error, DK_INVALID, "The parameter \"q\" takes 8 words at most.");
        dk_condition_word(kind, searched, at, size, conditions);
        if (size > query->query.word.size) {
            query->query.word.text = at;
            query->query.word.size = size;
            query->query.word.fields = searched;
        }
        at += size;
    }
    return DK_OK;
}

/* ---- all of it ---- */

static bool is_one_of(const char *name, const char *const *names)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static dk_status read_param(dk_context *ctx, const dk_kind *kind, const dk_param *param, unsigned params,
                            const char *const *also, dk_conditions *conditions, const dk_crs **box_crs,
                            dk_item_query *query)
{
    static const char *const read_elsewhere[] = {"f", NULL};
    static const char *const with_others[] = {"filter-lang", "filter-crs", "bbox-crs", NULL};
    const char *name = param->name, *value = param->value;
    if (is_one_of(name, also) || is_one_of(name, read_elsewhere))
        return DK_OK;
    if (params & DK_PAGES) {
        if (strcmp(name, "limit") == 0)
            return dk_context_page_limit(ctx, DK_LIMIT_DEFAULT, DK_LIMIT_MAX, &query->query.limit);
        if (strcmp(name, "sortby") == 0)
            return read_sortby(ctx, kind, value, &query->query);
        if (strcmp(name, "properties") == 0)
            return read_properties(ctx, kind, value, query);
        if (strcmp(name, "skipGeometry") == 0) {
            query->outline = strcmp(value, "true") != 0;
            return query->outline && strcmp(value, "false") != 0
                       ? dk_fail(&ctx->error, DK_INVALID, "The parameter \"skipGeometry\" is true or false.")
                       : DK_OK;
        }
        if (strcmp(name, "after") == 0) {
            query->query.after = value;
            return DK_OK;
        }
    }
    if (is_one_of(name, with_others))
        return check_meaning(ctx, name, value);
    if (strcmp(name, "bbox") == 0)
        return read_bbox(ctx, kind, value, conditions, box_crs);
    if (strcmp(name, "datetime") == 0)
        return read_datetime(ctx, kind, value, conditions);
    if (strcmp(name, "filter") == 0)
        return read_filter(ctx, kind, value, query);
    if (strcmp(name, "q") == 0)
        return read_words(ctx, kind, value, conditions, query);
    const int field = find_field(ctx, kind, name, strlen(name));
    if (field < 0)
        return dk_fail(&ctx->error, DK_INVALID,
                       "The parameter \"%.100s\" is not known here: the collection \"%s\" has no such field to filter "
                       "by.",
                       name, kind->name);
    return dk_condition_equal(kind, field, value, conditions, &ctx->error);
}

dk_status dk_item_query_read(dk_context *ctx, const dk_kind *kind, unsigned params, const char *const *also,
                             dk_item_query *ret_query)
{
    *ret_query = (dk_item_query){.query = {.kind = kind,
                                           .viewer = &ctx->viewer,
                                           .generation = ctx->worker->generation.number,
                                           .limit = DK_LIMIT_DEFAULT,
                                           .with_geometry = true},
                                 .fields = UINT64_MAX,
                                 .outline = true};
    dk_conditions conditions = {0};
    const dk_crs *box_crs = NULL;
    dk_buf filter;
    dk_buf_init(&filter);
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < ctx->request->n_params; i++)
        status = read_param(ctx, kind, &ctx->request->params[i], params, also, &conditions, &box_crs, ret_query);
    if (status == DK_OK && conditions.n > 0) {
        dk_conditions_filter(&conditions, &filter);
        const char *text = dk_buf_cstr(&filter);
        const dk_cql2_crs turned = {to_lonlat, (void *)box_crs};
        status = text == NULL ? dk_fail(&ctx->error, DK_NOMEM, "out of memory")
                              : add_filter(ctx, kind, text, DK_CQL2_OWN, box_crs != NULL ? &turned : NULL, ret_query);
    }
    ret_query->query.with_geometry = ret_query->outline;
    dk_conditions_finish(&conditions);
    dk_buf_finish(&filter);
    return status;
}

void dk_item_query_finish(dk_item_query *query)
{
    for (size_t i = 0; i < sizeof query->owned / sizeof *query->owned; i++)
        dk_cql2_free(query->owned[i]);
    dk_buf_finish(&query->words);
}
