/* One dossier, 一地一档: a row with everything linked to it, in time order, the totals that its audience may see, and
 * each disclosure item as published or missing. */
#include "tiler/dossier.h"
#include "tiler/dossier_clock.h"

#include "store/document.h"
#include "store/text.h"
#include "tiler/publication.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool keep_row(const dk_row *row, void *user)
{
    dk_dossier *d = user;
    if (d->room == 0) {
        d->filling->complete = false;
        return false;
    }
    d->room--;
    if (!dk_row_list_add(d->filling, &d->memory, row))
        d->status = dk_fail(&d->ctx->error, DK_NOMEM, "out of memory");
    return d->status == DK_OK;
}

/* Adds what is linked to one row. */
static dk_status add_linked(dk_dossier *d, const dk_row *row, dk_row_list *list)
{
    dk_context *ctx = d->ctx;
    d->filling = list;
    d->room = list->n < DK_DOSSIER_ROWS_READ ? DK_DOSSIER_ROWS_READ - list->n : 0;
    if (d->room == 0) {
        list->complete = false;
        return DK_OK;
    }
    const size_t before = list->n;
    dk_status status = dk_query_linked(ctx->worker->store, row->kind, row->key, list->kind, &ctx->viewer,
                                       ctx->worker->generation.number, NULL, d->room, false, keep_row, d, &ctx->error);
    if (status == DK_NOT_FOUND) /* a row that the links name but the generation does not have */
        status = DK_OK;
    if (list->n - before == DK_DOSSIER_ROWS_READ)
        list->complete = false;
    return status != DK_OK ? status : d->status;
}

/* The record kind through which subject and other are linked in one step; their rows are in d->linked already. */
static dk_status add_through_records(dk_dossier *d, dk_row_list *list)
{
    const dk_catalogue *catalogue = d->ctx->worker->catalogue;
    const dk_kind *subject = d->subject.kind;
    bool reversed;
    for (size_t i = catalogue->n_layers; i < catalogue->n_kinds; i++) {
        const dk_kind *between = &catalogue->kinds[i];
        const dk_row_list *rows = &d->linked[i];
        if (between == list->kind || between == subject || rows->kind == NULL ||
            dk_catalogue_link(catalogue, subject, between, &reversed) == NULL ||
            dk_catalogue_link(catalogue, between, list->kind, &reversed) == NULL)
            continue;
        if (!rows->complete)
            list->complete = false;
        for (size_t j = 0; j < rows->n && list->n < DK_DOSSIER_ROWS_READ; j++) {
            const dk_status status = add_linked(d, &rows->rows[j], list);
            if (status != DK_OK)
                return status;
        }
    }
    return DK_OK;
}

static bool linked_in_one_step(const dk_catalogue *catalogue, const dk_kind *subject, const dk_kind *other)
{
    bool reversed;
    for (size_t i = catalogue->n_layers; i < catalogue->n_kinds; i++) {
        const dk_kind *between = &catalogue->kinds[i];
        if (between != subject && between != other &&
            dk_catalogue_link(catalogue, subject, between, &reversed) != NULL &&
            dk_catalogue_link(catalogue, between, other, &reversed) != NULL)
            return true;
    }
    return false;
}

static dk_status read_linked(dk_dossier *d)
{
    const dk_catalogue *catalogue = d->ctx->worker->catalogue;
    const dk_kind *subject = d->subject.kind;
    bool reversed;
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const dk_kind *other = &catalogue->kinds[i];
        if (!dk_context_sees(d->ctx, other) || dk_catalogue_link(catalogue, subject, other, &reversed) == NULL)
            continue;
        d->linked[i].kind = other;
        d->linked[i].complete = true;
        const dk_status status = add_linked(d, &d->subject.rows[0], &d->linked[i]);
        if (status != DK_OK)
            return status;
    }
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const dk_kind *other = &catalogue->kinds[i];
        if (d->linked[i].kind != NULL || other == subject || !dk_context_sees(d->ctx, other) ||
            !linked_in_one_step(catalogue, subject, other))
            continue;
        dk_row_list list = {.kind = other, .complete = true};
        const dk_status status = add_through_records(d, &list);
        dk_row_list_sort(&list);
        d->linked[i] = list; /* only now: it must not serve as a step itself */
        if (status != DK_OK)
            return status;
    }
    return DK_OK;
}

/* ---- linked ---- */

static dk_status write_linked(dk_dossier *d)
{
    dk_json *json = &d->ctx->json;
    dk_json_key(json, "linked");
    dk_json_array_begin(json);
    for (size_t i = 0; i < d->ctx->worker->catalogue->n_kinds; i++) {
        const dk_row_list *list = &d->linked[i];
        if (list->kind == NULL)
            continue;
        const size_t n = list->n < DK_DOSSIER_ROWS_LISTED ? list->n : DK_DOSSIER_ROWS_LISTED;
        dk_json_object_begin(json);
        dk_json_member_text(json, "kind", list->kind->name);
        dk_json_member_text(json, "title", list->kind->title);
        dk_json_key(json, "rows");
        dk_json_array_begin(json);
        for (size_t j = 0; j < n; j++) {
            const dk_status status = dk_write_feature(d->ctx, &list->rows[j], false);
            if (status != DK_OK)
                return status;
        }
        dk_json_array_end(json);
        dk_json_member_integer(json, "numberReturned", (int64_t)n);
        dk_json_key(json, "complete");
        dk_json_bool(json, list->complete && n == list->n);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    return DK_OK;
}

/* ---- documents ---- */

typedef struct documents {
    dk_context *ctx;
    dk_json *json;
    const dk_row *row;
    bool *begun; /* the member, with the first of all rows */
} documents;

static bool write_document(const dk_document *document, void *user)
{
    documents *d = user;
    if (!*d->begun) {
        dk_json_key(d->json, "documents");
        dk_json_array_begin(d->json);
        *d->begun = true;
    }
    dk_json_object_begin(d->json);
    dk_json_member_text(d->json, "kind", d->row->kind->name);
    dk_json_member_text(d->json, "key", d->row->key);
    dk_json_member_text(d->json, "name", document->name);
    dk_json_member_text(d->json, "sha256", document->sha256);
    dk_json_member_integer(d->json, "size", document->size);
    dk_json_member_text(d->json, "media_type", document->media_type);
    if (document->pages > 0)
        dk_json_member_integer(d->json, "pages", document->pages);
    dk_json_member_text(d->json, "attached_at", document->attached_at);
    dk_buf_format(&d->ctx->worker->path, "%s/documents/%s", d->ctx->config->base_path, document->sha256);
    dk_json_member_text(d->json, "href", dk_buf_cstr(&d->ctx->worker->path));
    dk_buf_clear(&d->ctx->worker->path);
    dk_json_object_end(d->json);
    return true;
}

static dk_status write_documents_of(dk_dossier *d, const dk_row_list *list, bool *begun)
{
    dk_context *ctx = d->ctx;
    for (size_t j = 0; j < list->n && j < DK_DOSSIER_ROWS_LISTED; j++) {
        documents of = {ctx, &ctx->json, &list->rows[j], begun};
        const dk_status status = dk_query_documents(ctx->worker->store, list->kind, list->rows[j].key, &ctx->viewer,
                                                    ctx->worker->generation.number, write_document, &of, &ctx->error);
        if (status != DK_OK)
            return status;
    }
    return DK_OK;
}

/* What is attached to the row and to what is linked to it, if the viewer sees any: who sees none is not told that there
 * could be. */
static dk_status write_documents(dk_dossier *d)
{
    bool begun = false;
    dk_buf_clear(&d->ctx->worker->path);
    dk_status status = write_documents_of(d, &d->subject, &begun);
    for (size_t i = 0; status == DK_OK && i < DK_MAX_KINDS; i++)
        if (d->linked[i].kind != NULL)
            status = write_documents_of(d, &d->linked[i], &begun);
    if (begun)
        dk_json_array_end(&d->ctx->json);
    return status;
}

/* ---- timeline ---- */

static const char *visible_text(const dk_row *row, size_t field)
{
    return (row->visible >> field & 1) != 0 && row->values[field].type == DK_TEXT ? row->values[field].text.data : NULL;
}

static int by_date(const void *a, const void *b)
{
    const dk_dossier_event *p = a, *q = b;
    const int order = strcmp(p->row->values[p->field].text.data, q->row->values[q->field].text.data);
    return order != 0 ? order : p->order < q->order ? -1 : p->order > q->order;
}

static bool add_events(const dk_row_list *list, dk_dossier_event **events, size_t *n, size_t *capacity)
{
    for (size_t j = 0; j < list->n && j < DK_DOSSIER_ROWS_LISTED; j++)
        for (size_t field = 0; field < list->kind->n_fields; field++) {
            if (list->kind->fields[field].type != DK_FIELD_DATE || visible_text(&list->rows[j], field) == NULL ||
                list->kind->fields[field].linked_kind != NULL) /* it is an event of the row that it follows from */
                continue;
            if (*n == *capacity) {
                const size_t larger = *capacity > 0 ? *capacity * 2 : 64;
                dk_dossier_event *moved = realloc(*events, larger * sizeof *moved);
                if (moved == NULL)
                    return false;
                *events = moved;
                *capacity = larger;
            }
            (*events)[*n] = (dk_dossier_event){&list->rows[j], field, *n};
            (*n)++;
        }
    return true;
}

dk_status dk_dossier_events(dk_dossier *d, dk_dossier_event **ret_events, size_t *ret_n)
{
    dk_dossier_event *events = NULL;
    size_t n = 0, capacity = 0;
    bool ok = add_events(&d->subject, &events, &n, &capacity);
    for (size_t i = 0; ok && i < DK_MAX_KINDS; i++)
        if (d->linked[i].kind != NULL)
            ok = add_events(&d->linked[i], &events, &n, &capacity);
    if (!ok) {
        free(events);
        return dk_fail(&d->ctx->error, DK_NOMEM, "out of memory");
    }
    if (n > 1)
        qsort(events, n, sizeof *events, by_date);
    *ret_events = events;
    *ret_n = n;
    return DK_OK;
}

static dk_status write_timeline(dk_dossier *d)
{
    dk_json *json = &d->ctx->json;
    dk_dossier_event *events = NULL;
    size_t n = 0;
    const dk_status status = dk_dossier_events(d, &events, &n);
    if (status != DK_OK)
        return status;
    dk_json_key(json, "timeline");
    dk_json_array_begin(json);
    for (size_t i = 0; i < n; i++) {
        const dk_row *row = events[i].row;
        const dk_field *field = &row->kind->fields[events[i].field];
        dk_json_object_begin(json);
        dk_json_member_text(json, "date", row->values[events[i].field].text.data);
        dk_json_member_text(json, "kind", row->kind->name);
        dk_json_member_text(json, "kind_title", row->kind->title);
        dk_json_member_text(json, "key", row->key);
        dk_json_member_text(json, "label", row->label);
        dk_json_member_text(json, "field", field->name);
        dk_json_member_text(json, "field_title", field->title);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    free(events);
    return DK_OK;
}

/* ---- totals ---- */

typedef struct totals {
    dk_json *json;
    const dk_kind *kind;
} totals;

static bool write_total(const dk_total_row *row, void *user)
{
    totals *t = user;
    dk_json *json = t->json;
    dk_json_object_begin(json);
    dk_json_member_text(json, "kind", t->kind->name);
    dk_json_key(json, "by");
    dk_json_object_begin(json);
    for (size_t i = 0; i < row->total->n_by; i++) {
        dk_json_key(json, t->kind->fields[row->total->by[i]].name);
        dk_json_value(json, &row->by[i]);
    }
    dk_json_object_end(json);
    if (row->suppressed || row->sums == NULL) {
        dk_json_key(json, "suppressed");
        dk_json_bool(json, true);
        dk_json_member_integer(json, "min_rows", row->total->min_rows);
    } else {
        dk_json_member_integer(json, "rows", row->rows);
        dk_json_key(json, "sums");
        dk_json_object_begin(json);
        for (size_t i = 0; i < row->total->n_sum; i++) {
            if (isnan(row->sums[i]))
                continue;
            dk_json_key(json, t->kind->fields[row->total->sum[i]].name);
            dk_json_number(json, row->sums[i]);
        }
        dk_json_object_end(json);
    }
    dk_json_object_end(json);
    return true;
}

static dk_status write_totals(dk_dossier *d)
{
    dk_context *ctx = d->ctx;
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const dk_row *subject = &d->subject.rows[0];
    bool reversed;
    dk_json_key(&ctx->json, "totals");
    dk_json_array_begin(&ctx->json);
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const dk_kind *of = &catalogue->kinds[i];
        if (of->n_totals == 0 || !dk_context_sees(ctx, of) ||
            dk_catalogue_link(catalogue, subject->kind, of, &reversed) == NULL)
            continue;
        totals t = {&ctx->json, of};
        const dk_status status = dk_query_totals(ctx->worker->store, subject->kind, subject->key, of, &ctx->viewer,
                                                 ctx->worker->generation.number, write_total, &t, &ctx->error);
        if (status != DK_OK && status != DK_NOT_FOUND)
            return status;
    }
    dk_json_array_end(&ctx->json);
    return DK_OK;
}

/* ---- items ---- */

/* Whether a field that the viewer sees holds the text, or lists it; numbers are compared as the catalogue writes them.
 */
static bool holds(const dk_row *row, int field, const char *text)
{
    if (((row->visible & ~row->masked) >> field & 1) == 0)
        return false;
    const dk_value *value = &row->values[field];
    char number[40];
    switch (value->type) {
    case DK_TEXT:
        return dk_text_lists(value->text.data, text);
    case DK_INTEGER:
        snprintf(number, sizeof number, "%lld", (long long)value->integer);
        return strcmp(number, text) == 0;
    case DK_REAL:
        return strtod(text, NULL) == value->real;
    case DK_NULL:
    default:
        return false;
    }
}

static const dk_row_list *rows_of(const dk_dossier *d, const dk_kind *kind)
{
    if (kind == d->subject.kind)
        return &d->subject;
    return d->linked[kind->index].kind != NULL ? &d->linked[kind->index] : NULL;
}

bool dk_dossier_applies(const dk_dossier *d, const dk_item *item)
{
    if (item->applies_kind == NULL)
        return true;
    const dk_row_list *list = rows_of(d, item->applies_kind);
    bool told = false;
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        const dk_row *row = &list->rows[i];
        if (((row->visible & ~row->masked) >> item->applies_field & 1) == 0 ||
            row->values[item->applies_field].type == DK_NULL)
            continue;
        told = true;
        for (size_t j = 0; j < item->n_applies_values; j++)
            if (holds(row, item->applies_field, item->applies_values[j]))
                return true;
    }
    return !told;
}

static bool meets(const dk_row *row, const dk_where *where)
{
    for (size_t i = 0; i < where->n_fields; i++) {
        size_t j = 0;
        while (j < where->fields[i].n_values && !holds(row, where->fields[i].field, where->fields[i].values[j]))
            j++;
        if (j == where->fields[i].n_values)
            return false;
    }
    return true;
}

size_t dk_dossier_proofs(const dk_dossier *d, const dk_item *item, dk_proof_fn each, void *user,
                         const char **ret_earliest)
{
    const char *earliest = NULL;
    size_t n = 0;
    for (size_t i = 0; i < item->n_proofs; i++) {
        const dk_dated_rows *proof = &item->proofs[i];
        const dk_row_list *list = rows_of(d, proof->kind);
        const int date_field = proof->date_field;
        for (size_t j = 0; list != NULL && j < list->n; j++) {
            const dk_row *row = &list->rows[j];
            if (!meets(row, &proof->where))
                continue;
            const char *date = date_field >= 0 ? visible_text(row, (size_t)date_field) : NULL;
            if (date != NULL && (earliest == NULL || strcmp(date, earliest) < 0))
                earliest = date;
            if (n++ < DK_DOSSIER_ROWS_LISTED && each != NULL)
                each(row, date, user);
        }
    }
    *ret_earliest = earliest;
    return n;
}

static void write_proof(const dk_row *row, const char *date, void *user)
{
    dk_json *json = user;
    dk_json_object_begin(json);
    dk_json_member_text(json, "kind", row->kind->name);
    dk_json_member_text(json, "key", row->key);
    dk_json_member_text(json, "label", row->label);
    dk_json_member_text(json, "date", date);
    dk_json_object_end(json);
}

/* What is the same in all dossiers, without the brace that begins it. */
static bool write_item_texts(const dk_item *item, dk_buf *out)
{
    const struct {
        const char *name, *text;
    } members[] = {{"id", item->id},           {"category", item->category}, {"title", item->title},
                   {"content", item->content}, {"basis", item->basis},       {"time_limit", item->time_limit},
                   {"subject", item->subject}, {"channel", item->channel},   {"object", item->object},
                   {"mode", item->mode},       {"level", item->level},       {"guide", item->guide}};
    dk_json json;
    dk_buf_init(out);
    dk_json_init(&json, out);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (members[i].text != NULL)
            dk_json_member_text(&json, members[i].name, members[i].text);
    dk_json_key(&json, "records");
    dk_json_array_begin(&json);
    return !out->failed;
}

/* There are more bytes of these than of all else in a dossier, so they are made once for a catalogue. */
static dk_status make_item_texts(dk_worker *worker, dk_error *err)
{
    const dk_catalogue *catalogue = worker->catalogue;
    if (worker->items != NULL || catalogue->n_items == 0)
        return DK_OK;
    bool made = (worker->items = calloc(catalogue->n_items, sizeof *worker->items)) != NULL;
    for (size_t i = 0; made && i < catalogue->n_items; i++)
        made = write_item_texts(&catalogue->items[i], &worker->items[i]);
    if (made)
        return DK_OK;
    for (size_t i = 0; worker->items != NULL && i < catalogue->n_items; i++)
        dk_buf_finish(&worker->items[i]);
    free(worker->items);
    worker->items = NULL;
    return dk_fail(err, DK_NOMEM, "out of memory");
}

static void write_item(const dk_dossier *d, const dk_item *item, const dk_buf *texts)
{
    dk_json *json = &d->ctx->json;
    dk_json_object_begin(json);
    dk_buf_append(json->buf, texts->data, texts->size);
    json->separate = false; /* in the array of records */
    const char *earliest = NULL;
    const size_t n = dk_dossier_proofs(d, item, write_proof, json, &earliest);
    dk_json_array_end(json);
    dk_json_member_text(json, "status", n > 0 ? "published" : "missing");
    dk_json_member_text(json, "published_on", earliest);
    dk_dossier_item_clock_json(d, item);
    dk_json_object_end(json);
}

static dk_status write_items(const dk_dossier *d)
{
    dk_worker *worker = d->ctx->worker;
    const dk_catalogue *catalogue = worker->catalogue;
    const dk_status status = make_item_texts(worker, &d->ctx->error);
    if (status != DK_OK)
        return status;
    dk_dossier_clock_json(d);
    dk_json_key(&d->ctx->json, "items");
    dk_json_array_begin(&d->ctx->json);
    for (size_t i = 0; i < catalogue->n_items; i++)
        if (catalogue->items[i].subject_kind == d->subject.kind && dk_dossier_concerns(d, &catalogue->items[i]))
            write_item(d, &catalogue->items[i], &worker->items[i]);
    dk_json_array_end(&d->ctx->json);
    return DK_OK;
}

/* ---- all of it ---- */

static dk_status write_dossier(dk_dossier *d)
{
    dk_context *ctx = d->ctx;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "kind", d->subject.kind->name);
    dk_json_member_text(json, "kind_title", d->subject.kind->title);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    dk_json_key(json, "subject");
    dk_status status = dk_write_feature(ctx, &d->subject.rows[0], false);
    if (status == DK_OK)
        status = write_linked(d);
    if (status == DK_OK)
        status = write_documents(d);
    if (status == DK_OK)
        status = write_timeline(d);
    if (status == DK_OK)
        status = write_totals(d);
    if (status == DK_OK)
        status = write_items(d);
    if (status == DK_OK)
        status = dk_write_origin(ctx, &d->subject.rows[0]);
    if (status == DK_OK)
        status = dk_publication_dossier(d, d->proofs);
    dk_buf path;
    dk_buf_init(&path);
    dk_append_item_path(&path, d->subject.kind, d->subject.rows[0].key);
    const char *item = dk_buf_cstr(&path);
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    if (item != NULL)
        dk_write_link(ctx, "item", item, "application/geo+json", d->subject.rows[0].label);
    dk_buf_text(&path, "/dossier");
    item = dk_buf_cstr(&path);
    if (item != NULL)
        dk_write_own_links(ctx, item, "application/json");
    dk_json_array_end(json);
    dk_json_object_end(json);
    dk_buf_finish(&path);
    return status;
}

dk_status dk_get_dossier(dk_context *ctx)
{
    static const char *const params[] = {"f", "proofs", "as_of", NULL};
    const dk_kind *kind;
    const char *proofs = dk_request_param(ctx->request, "proofs"), *as_of = dk_request_param(ctx->request, "as_of");
    int32_t day = dk_clock_today(ctx->worker->store);
    dk_status status = dk_context_kind(ctx, ctx->request->path[1], &kind);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_format(ctx);
    if (status == DK_OK && proofs != NULL && strcmp(proofs, "true") != 0 && strcmp(proofs, "false") != 0)
        status = dk_fail(&ctx->error, DK_INVALID, "The parameter \"proofs\" can be true or false.");
    if (status == DK_OK && as_of != NULL && !dk_day_read(as_of, &day))
        status = dk_fail(&ctx->error, DK_INVALID, "The parameter \"as_of\" is a day, as 2026-09-30.");
    if (status != DK_OK)
        return status;

    dk_dossier *d = calloc(1, sizeof *d);
    if (d == NULL)
        return dk_fail(&ctx->error, DK_NOMEM, "out of memory");
    d->ctx = ctx;
    d->status = DK_OK;
    d->as_of = day;
    d->proofs = proofs != NULL && strcmp(proofs, "true") == 0;
    d->subject = (dk_row_list){.kind = kind, .complete = true};
    d->filling = &d->subject;
    d->room = 1;
    status = dk_query_row(ctx->worker->store, kind, ctx->request->path[3], &ctx->viewer, ctx->worker->generation.number,
                          true, keep_row, d, &ctx->error);
    if (status == DK_OK)
        status = d->status;
    if (status == DK_NOT_FOUND || (status == DK_OK && d->subject.n == 0))
        status = dk_fail(&ctx->error, DK_NOT_FOUND, "The collection \"%s\" has no such published item.", kind->name);
    if (status == DK_OK)
        status = read_linked(d);
    if (status == DK_OK)
        status = dk_dossier_read_clock(d);
    if (status == DK_OK)
        status = ctx->html ? dk_dossier_page(d) : write_dossier(d);
    dk_row_list_finish(&d->subject);
    for (size_t i = 0; i < DK_MAX_KINDS; i++)
        dk_row_list_finish(&d->linked[i]);
    dk_row_memory_finish(&d->memory);
    free(d->clock);
    free(d);
    return status;
}
