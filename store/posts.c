/* Posts: the places of the rows that have a term, packed. post_K has a row per block: the term, the feature of the
 * block's first place, and the places as varints (store/buf.h):
 *
 *     per place: difference of its feature and the one before (of the first: 0) * 2 + (1 if moved), then, if moved, the
 *                row less the feature
 *
 * A block of one first version, which most terms of unique values have, has no bytes. Blocks of a term do not overlap,
 * and the places of one feature are in one block. */
#include "store/posts.h"

#include "store/hash.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_PLACES DK_POST_BLOCK

dk_place dk_place_of(int64_t row, uint64_t feature)
{
    return (dk_place){(int64_t)feature, (uint64_t)row == feature ? 0 : row};
}

int64_t dk_place_row(dk_place place)
{
    return place.moved != 0 ? place.moved : place.feature;
}

int dk_place_compare(dk_place a, dk_place b)
{
    if (a.feature != b.feature)
        return a.feature < b.feature ? -1 : 1;
    return a.moved < b.moved ? -1 : a.moved > b.moved;
}

/* ---- blocks ---- */

typedef struct places {
    dk_place *places;
    size_t n, capacity;
} places;

static dk_status no_memory(dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "out of memory");
}

static dk_status damaged(const dk_store *store, const dk_kind *kind, dk_error *err)
{
    return dk_fail(err, DK_CORRUPT, "%s: a list of terms of %s is damaged; run dikuai-ingest reindex", store->path,
                   kind->name);
}

/* Reads the next place; `place` is the one before, or {first, -1} at the start. False: damaged. */
static bool read_place(const unsigned char **at, const unsigned char *end, dk_place *place)
{
    uint64_t step, moved = 0;
    if (!dk_read_varint(at, end, &step) || step >> 1 > (uint64_t)(INT64_MAX - place->feature))
        return false;
    const dk_place before = *place;
    place->feature += (int64_t)(step >> 1);
    if (step & 1 && (!dk_read_varint(at, end, &moved) || moved == 0 || moved > (uint64_t)(INT64_MAX - place->feature)))
        return false;
    place->moved = step & 1 ? place->feature + (int64_t)moved : 0;
    return dk_place_compare(before, *place) < 0;
}

/* Adds the places of the block that a statement stands at (first, data), from `from` on. */
static bool add_block(sqlite3_stmt *stmt, int column, dk_place from, places *list, bool *ret_sound)
{
    const int64_t first = sqlite3_column_int64(stmt, column);
    const unsigned char *at = sqlite3_column_blob(stmt, column + 1);
    const size_t size = (size_t)sqlite3_column_bytes(stmt, column + 1);
    const unsigned char *const end = at + size;
    *ret_sound = first >= 0;
    if (!*ret_sound)
        return true;
    if (!dk_grow(&list->places, &list->capacity, list->n + (size > 0 ? size : 1), sizeof *list->places))
        return false;
    dk_place place = {first, size > 0 ? -1 : 0};
    if (size == 0 && dk_place_compare(place, from) >= 0)
        list->places[list->n++] = place;
    while (at != end) {
        if (!read_place(&at, end, &place)) {
            *ret_sound = false;
            return true;
        }
        if (dk_place_compare(place, from) >= 0)
            list->places[list->n++] = place;
    }
    return true;
}

static void append_block(const dk_place *list, size_t n, dk_buf *out)
{
    int64_t feature = list[0].feature;
    dk_buf_clear(out);
    if (n == 1 && list[0].moved == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        dk_buf_varint(out, (uint64_t)(list[i].feature - feature) << 1 | (list[i].moved != 0));
        if (list[i].moved != 0)
            dk_buf_varint(out, (uint64_t)(list[i].moved - list[i].feature));
        feature = list[i].feature;
    }
}

/* ---- reading ---- */

/* A statement of blocks, whose parameters are bound: the blocks, while the list has fewer than `most`. *ret_whole:
 * there are no further ones. ret_term, if not NULL, is their term; unchanged if there is none. */
static dk_status take_blocks(dk_store *store, const dk_kind *kind, sqlite3_stmt *stmt, dk_place from, size_t most,
                             places *list, bool *ret_whole, int64_t *ret_term, dk_error *err)
{
    bool sound = true;
    dk_status status = DK_OK;
    while (sound && (status = dk_sql_step(store, stmt, err)) == DK_OK && list->n < most) {
        if (ret_term != NULL)
            *ret_term = sqlite3_column_int64(stmt, 2);
        if (!add_block(stmt, 0, from, list, &sound)) {
            status = no_memory(err);
            break;
        }
    }
    *ret_whole = status == DK_END;
    sqlite3_reset(stmt);
    if (status == DK_END)
        status = DK_OK;
    return status == DK_OK && !sound ? damaged(store, kind, err) : status;
}

/* The rest of the block where a feature is, or would be, and of following ones while the list has fewer than `most`.
 * *ret_whole: there are no further blocks. */
static dk_status read_blocks(dk_store *store, const dk_kind *kind, int64_t term, dk_place from, size_t most,
                             places *list, bool *ret_whole, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status =
        dk_sql_kept(store, kind, from.feature > 1 ? DK_STMT_POSTS_FROM : DK_STMT_POSTS, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, term);
    if (from.feature > 1)
        sqlite3_bind_int64(stmt, 2, from.feature);
    return take_blocks(store, kind, stmt, from, most, list, ret_whole, NULL, err);
}

/* The same of a term by its text; *ret_term 0: no row has it. */
static dk_status read_blocks_of_text(dk_store *store, const dk_kind *kind, const dk_post_text *text, dk_place from,
                                     places *list, bool *ret_whole, int64_t *ret_term, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status =
        dk_sql_kept(store, kind, from.feature > 1 ? DK_STMT_POSTS_TEXT_FROM : DK_STMT_POSTS_TEXT, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int(stmt, 1, text->field);
    sqlite3_bind_text64(stmt, 2, text->text, text->size, SQLITE_STATIC, SQLITE_UTF8);
    if (from.feature > 1)
        sqlite3_bind_int64(stmt, 3, from.feature);
    *ret_term = 0;
    return take_blocks(store, kind, stmt, from, 1, list, ret_whole, ret_term, err);
}

dk_status dk_post_seek(dk_store *store, const dk_kind *kind, int64_t term, dk_place from, dk_place *ret_places,
                       size_t most, size_t *ret_n, dk_error *err)
{
    places list = {0};
    bool whole;
    const dk_status status = read_blocks(store, kind, term, from, most, &list, &whole, err);
    *ret_n = status != DK_OK ? 0 : list.n < most ? list.n : most;
    if (*ret_n > 0)
        memcpy(ret_places, list.places, *ret_n * sizeof *ret_places);
    free(list.places);
    return status;
}

dk_status dk_post_last(dk_store *store, const dk_kind *kind, int64_t term, dk_place *ret_place, bool *ret_found,
                       dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    places list = {0};
    bool sound = true;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_POSTS_LAST, &stmt, err);
    *ret_found = false;
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, term);
    status = dk_sql_step(store, stmt, err);
    if (status == DK_OK && !add_block(stmt, 0, (dk_place){0}, &list, &sound))
        status = no_memory(err);
    sqlite3_reset(stmt);
    if (status == DK_OK && !sound)
        status = damaged(store, kind, err);
    if (status == DK_OK && list.n > 0) {
        *ret_place = list.places[list.n - 1];
        *ret_found = true;
    }
    free(list.places);
    return status == DK_END ? DK_OK : status;
}

/* ---- several terms ---- */

typedef struct post_list {
    int64_t term;
    dk_post_text text; /* the term's, until its number is known; NULL: it is */
    places block;
    size_t at;
    bool whole; /* the block ends with the list */
} post_list;

struct dk_post_join {
    dk_store *store;
    const dk_kind *kind;
    dk_place from; /* of what comes next */
    size_t n;
    post_list lists[];
};

static dk_post_join *create_join(dk_store *store, const dk_kind *kind, size_t n, int64_t after)
{
    dk_post_join *join = calloc(1, sizeof *join + n * sizeof *join->lists);
    if (join == NULL)
        return NULL;
    join->store = store;
    join->kind = kind;
    join->from = (dk_place){after + 1, 0};
    join->n = n;
    return join;
}

dk_post_join *dk_post_join_create(dk_store *store, const dk_kind *kind, const int64_t *terms, size_t n, int64_t after)
{
    dk_post_join *join = create_join(store, kind, n, after);
    for (size_t i = 0; join != NULL && i < n; i++)
        join->lists[i].term = terms[i];
    return join;
}

dk_post_join *dk_post_join_texts(dk_store *store, const dk_kind *kind, const dk_post_text *texts, size_t n)
{
    dk_post_join *join = create_join(store, kind, n, 0);
    for (size_t i = 0; join != NULL && i < n; i++)
        join->lists[i].text = texts[i];
    return join;
}

void dk_post_join_free(dk_post_join *join)
{
    if (join == NULL)
        return;
    for (size_t i = 0; i < join->n; i++)
        free(join->lists[i].block.places);
    free(join);
}

/* Brings a list to the first place not below one; *ret_found false: there is none. */
static dk_status advance(dk_post_join *join, post_list *list, dk_place to, bool *ret_found, dk_error *err)
{
    const places *block = &list->block;
    if (block->n == 0 || dk_place_compare(block->places[block->n - 1], to) < 0) {
        *ret_found = false;
        if (list->whole)
            return DK_OK;
        list->block.n = list->at = 0;
        const dk_status status =
            list->text.text != NULL
                ? read_blocks_of_text(join->store, join->kind, &list->text, to, &list->block, &list->whole, &list->term,
                                      err)
                : read_blocks(join->store, join->kind, list->term, to, 1, &list->block, &list->whole, err);
        if (status != DK_OK)
            return status;
        list->text.text = NULL;
        if (block->n == 0)
            return DK_OK;
    }
    while (dk_place_compare(block->places[list->at], to) < 0)
        list->at++;
    *ret_found = true;
    return DK_OK;
}

dk_status dk_post_join_next(dk_post_join *join, dk_place *ret_place, bool *ret_found, dk_error *err)
{
    size_t agreed = 0;
    *ret_found = join->n > 0;
    for (size_t i = 0; agreed < join->n; i = (i + 1) % join->n) {
        post_list *list = &join->lists[i];
        const dk_status status = advance(join, list, join->from, ret_found, err);
        if (status != DK_OK || !*ret_found)
            return status;
        const dk_place place = list->block.places[list->at];
        agreed = dk_place_compare(place, join->from) == 0 ? agreed + 1 : 1;
        join->from = place;
    }
    *ret_place = join->from;
    join->from.moved++;
    return DK_OK;
}

dk_status dk_post_join_seek(dk_post_join *join, dk_place to, dk_place *ret_place, bool *ret_found, dk_error *err)
{
    if (dk_place_compare(join->from, to) < 0)
        join->from = to;
    return dk_post_join_next(join, ret_place, ret_found, err);
}

/* ---- writing ---- */

static dk_status write_block(dk_store *store, const dk_kind *kind, int64_t term, const dk_place *list, size_t n,
                             dk_buf *data, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    append_block(list, n, data);
    if (data->failed)
        return no_memory(err);
    const dk_status status = dk_sql_kept(store, kind, DK_STMT_POSTS_WRITE, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, term);
    sqlite3_bind_int64(stmt, 2, list[0].feature);
    sqlite3_bind_blob64(stmt, 3, data->size > 0 ? (const void *)data->data : "", data->size, SQLITE_STATIC);
    return dk_sql_done(store, stmt, err);
}

static dk_status delete_block(dk_store *store, const dk_kind *kind, int64_t term, int64_t first, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_sql_kept(store, kind, DK_STMT_POSTS_DELETE, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, term);
    sqlite3_bind_int64(stmt, 2, first);
    return dk_sql_done(store, stmt, err);
}

/* Writes places as blocks of BLOCK_PLACES, but never parts a feature's. */
static dk_status write_blocks(dk_store *store, const dk_kind *kind, int64_t term, const dk_place *list, size_t n,
                              dk_buf *data, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t at = 0; status == DK_OK && at < n;) {
        size_t end = n - at > BLOCK_PLACES ? at + BLOCK_PLACES : n;
        while (end < n && list[end].feature == list[end - 1].feature)
            end++;
        status = write_block(store, kind, term, list + at, end - at, data, err);
        at = end;
    }
    return status;
}

/* The block in which a feature is or would be; the first one if it lies before all. *ret_first -1: the term has none.
 * *ret_limit: features from here on are in the next block. */
static dk_status read_block_of(dk_store *store, const dk_kind *kind, int64_t term, int64_t feature, places *block,
                               int64_t *ret_first, int64_t *ret_limit, dk_error *err)
{
    static const dk_stmt_id ids[] = {DK_STMT_POSTS_OF, DK_STMT_POSTS_FIRST};
    dk_status status = DK_END;
    block->n = 0;
    *ret_first = -1;
    *ret_limit = INT64_MAX;
    for (size_t i = 0; i < 2 && status == DK_END; i++) {
        sqlite3_stmt *stmt = NULL;
        bool sound = true;
        if ((status = dk_sql_kept(store, kind, ids[i], &stmt, err)) != DK_OK)
            return status;
        sqlite3_bind_int64(stmt, 1, term);
        if (ids[i] == DK_STMT_POSTS_OF)
            sqlite3_bind_int64(stmt, 2, feature);
        if ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
            *ret_first = sqlite3_column_int64(stmt, 0);
            if (sqlite3_column_type(stmt, 2) != SQLITE_NULL)
                *ret_limit = sqlite3_column_int64(stmt, 2);
            if (!add_block(stmt, 0, (dk_place){0}, block, &sound))
                status = no_memory(err);
            else if (!sound || block->n == 0)
                status = damaged(store, kind, err);
        }
        sqlite3_reset(stmt);
    }
    return status == DK_END ? DK_OK : status;
}

/* Adds places to a block's, which both are in order, each once. */
static bool merge(const places *block, const dk_place *list, size_t n, places *ret_merged)
{
    size_t a = 0, b = 0;
    ret_merged->n = 0;
    if (!dk_grow(&ret_merged->places, &ret_merged->capacity, block->n + n, sizeof *ret_merged->places))
        return false;
    while (a < block->n || b < n) {
        const int order = a == block->n ? 1 : b == n ? -1 : dk_place_compare(block->places[a], list[b]);
        const dk_place place = order <= 0 ? block->places[a] : list[b];
        a += order <= 0;
        b += order >= 0;
        if (ret_merged->n == 0 || dk_place_compare(ret_merged->places[ret_merged->n - 1], place) != 0)
            ret_merged->places[ret_merged->n++] = place;
    }
    return true;
}

/* Writing a run of one term. */
typedef struct run_writer {
    dk_store *store;
    const dk_kind *kind;
    places run, block, merged;
    dk_buf data;
} run_writer;

static dk_status add_run(run_writer *w, int64_t term, bool is_new, dk_error *err)
{
    const dk_place *list = w->run.places;
    dk_status status = DK_OK;
    for (size_t at = 0, n = 0; status == DK_OK && at < w->run.n; at += n) {
        int64_t first = -1, limit = INT64_MAX;
        w->block.n = 0;
        if (!is_new && (status = read_block_of(w->store, w->kind, term, list[at].feature, &w->block, &first, &limit,
                                               err)) != DK_OK)
            break;
        for (n = 1; at + n < w->run.n && list[at + n].feature < limit;)
            n++;
        if (!merge(&w->block, list + at, n, &w->merged))
            status = no_memory(err);
        else if (first >= 0 && first != w->merged.places[0].feature) /* it begins earlier now */
            status = delete_block(w->store, w->kind, term, first, err);
        if (status == DK_OK)
            status = write_blocks(w->store, w->kind, term, w->merged.places, w->merged.n, &w->data, err);
    }
    return status;
}

dk_status dk_posts_add(dk_store *store, const dk_kind *kind, const dk_post *posts, size_t n, int64_t new_from,
                       dk_error *err)
{
    run_writer w = {.store = store, .kind = kind};
    dk_status status = DK_OK;
    dk_buf_init(&w.data);
    for (size_t at = 0; status == DK_OK && at < n;) {
        const int64_t term = posts[at].term;
        for (w.run.n = 0; status == DK_OK && at < n && posts[at].term == term; at++)
            if (!dk_grow(&w.run.places, &w.run.capacity, w.run.n + 1, sizeof *w.run.places))
                status = no_memory(err);
            else
                w.run.places[w.run.n++] = posts[at].place;
        if (status == DK_OK)
            status = add_run(&w, term, term >= new_from, err);
    }
    free(w.run.places);
    free(w.block.places);
    free(w.merged.places);
    dk_buf_finish(&w.data);
    return status;
}

/* ---- all blocks ---- */

/* Calls each for every block, in order. Blocks are read some at a time, so that `each` may change those it is given. */
typedef dk_status (*block_fn)(int64_t term, int64_t first, const places *block, bool sound, void *user, dk_error *err);

static dk_status each_block(dk_store *store, const dk_kind *kind, block_fn each, void *user, dk_error *err)
{
    enum { AT_ONCE = 256 };
    struct {
        int64_t term, first;
        size_t start, n;
        bool sound;
    } blocks[AT_ONCE];
    places all = {0};
    int64_t term = -1, first = -1;
    size_t n = AT_ONCE;
    dk_status status = DK_OK;
    while (status == DK_OK && n == AT_ONCE) {
        sqlite3_stmt *stmt = NULL;
        if ((status = dk_sql_kept(store, kind, DK_STMT_POSTS_ALL, &stmt, err)) != DK_OK)
            break;
        sqlite3_bind_int64(stmt, 1, term);
        sqlite3_bind_int64(stmt, 2, first);
        sqlite3_bind_int64(stmt, 3, AT_ONCE);
        n = all.n = 0;
        while (n < AT_ONCE && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
            blocks[n].term = term = sqlite3_column_int64(stmt, 0);
            blocks[n].first = first = sqlite3_column_int64(stmt, 1);
            blocks[n].start = all.n;
            if (!add_block(stmt, 1, (dk_place){0}, &all, &blocks[n].sound)) {
                status = no_memory(err);
                break;
            }
            blocks[n].n = all.n - blocks[n].start;
            n++;
        }
        sqlite3_reset(stmt);
        if (status == DK_END)
            status = DK_OK;
        for (size_t i = 0; status == DK_OK && i < n; i++) {
            const places block = {.places = all.places + blocks[i].start, .n = blocks[i].n};
            status = each(blocks[i].term, blocks[i].first, &block, blocks[i].sound, user, err);
        }
    }
    free(all.places);
    return status;
}

typedef struct dropping {
    dk_store *store;
    const dk_kind *kind;
    int64_t first_row, last_row;
    const int64_t *rows; /* NULL: all between these two; else the dropped ones, ascending */
    size_t n_rows;
    places kept;
    dk_buf data;
} dropping;

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool is_dropped(const dropping *d, int64_t row)
{
    return row >= d->first_row && row <= d->last_row &&
           (d->rows == NULL || bsearch(&row, d->rows, d->n_rows, sizeof row, ascending) != NULL);
}

static dk_status drop_from_block(int64_t term, int64_t first, const places *block, bool sound, void *user,
                                 dk_error *err)
{
    dropping *d = user;
    if (!sound) /* what a load left goes all the same when the store is opened: else reindex, which mends the block,
                   could not begin */
        return d->rows == NULL ? DK_OK : damaged(d->store, d->kind, err);
    d->kept.n = 0;
    if (!dk_grow(&d->kept.places, &d->kept.capacity, block->n, sizeof *d->kept.places))
        return no_memory(err);
    for (size_t i = 0; i < block->n; i++) {
        const int64_t row = dk_place_row(block->places[i]);
        if (!is_dropped(d, row))
            d->kept.places[d->kept.n++] = block->places[i];
    }
    if (d->kept.n == block->n)
        return DK_OK;
    dk_status status = DK_OK;
    if (d->kept.n == 0 || d->kept.places[0].feature != first)
        status = delete_block(d->store, d->kind, term, first, err);
    if (status == DK_OK && d->kept.n > 0)
        status = write_block(d->store, d->kind, term, d->kept.places, d->kept.n, &d->data, err);
    return status;
}

static dk_status drop(dropping *d, dk_error *err)
{
    dk_buf_init(&d->data);
    const dk_status status =
        d->first_row > d->last_row ? DK_OK : each_block(d->store, d->kind, drop_from_block, d, err);
    free(d->kept.places);
    dk_buf_finish(&d->data);
    return status;
}

dk_status dk_posts_drop(dk_store *store, const dk_kind *kind, int64_t first_row, int64_t last_row, dk_error *err)
{
    dropping d = {.store = store, .kind = kind, .first_row = first_row, .last_row = last_row};
    return drop(&d, err);
}

dk_status dk_posts_drop_rows(dk_store *store, const dk_kind *kind, const int64_t *rows, size_t n, dk_error *err)
{
    if (n == 0)
        return DK_OK;
    int64_t *sorted = n > SIZE_MAX / sizeof *sorted ? NULL : malloc(n * sizeof *sorted);
    if (sorted == NULL)
        return no_memory(err);
    memcpy(sorted, rows, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    dropping d = {
        .store = store, .kind = kind, .first_row = sorted[0], .last_row = sorted[n - 1], .rows = sorted, .n_rows = n};
    const dk_status status = drop(&d, err);
    free(sorted);
    return status;
}

typedef struct verifying {
    dk_store *store;
    const dk_kind *kind;
    int64_t term;
    dk_place last; /* of the term's block before */
    int64_t before;
    uint64_t sum;
    dk_post_finding_fn finding;
    void *user;
    size_t told;
} verifying;

#define MOST_TOLD 20

uint64_t dk_post_number(const dk_post *post)
{
    const uint64_t place = (uint64_t)post->place.feature ^ (uint64_t)post->place.moved << 32;
    return dk_hash_mix(
        dk_hash_mix((uint64_t)post->term ^ UINT64_C(0x9e3779b97f4a7c15), place ^ UINT64_C(0xd6e8feb86659fd93)),
        UINT64_C(0xe7037ed1a0b428db));
}

static dk_status verify_block(int64_t term, int64_t first, const places *block, bool sound, void *user, dk_error *err)
{
    verifying *v = user;
    (void)first;
    if (v->told == MOST_TOLD)
        return DK_OK;
    if (term != v->term)
        v->last = (dk_place){-1, 0};
    v->term = term;
    if (!sound || block->n == 0 || block->places[0].feature <= v->last.feature) {
        v->told++;
        v->finding(0, v->user);
        return DK_OK;
    }
    v->last = block->places[block->n - 1];
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < block->n && v->told < MOST_TOLD; i++) {
        sqlite3_stmt *stmt = NULL;
        if (dk_place_row(block->places[i]) < v->before)
            v->sum += dk_post_number(&(dk_post){term, block->places[i]});
        if ((status = dk_sql_kept(v->store, v->kind, DK_STMT_ROW_EXISTS, &stmt, err)) != DK_OK)
            return status;
        sqlite3_bind_int64(stmt, 1, dk_place_row(block->places[i]));
        status = dk_sql_step(v->store, stmt, err);
        sqlite3_reset(stmt);
        if (status == DK_END) {
            v->told++;
            v->finding(dk_place_row(block->places[i]), v->user);
            status = DK_OK;
        }
    }
    return status;
}

dk_status dk_posts_verify(dk_store *store, const dk_kind *kind, int64_t before, dk_post_finding_fn finding, void *user,
                          uint64_t *ret_sum, dk_error *err)
{
    verifying v = {.store = store, .kind = kind, .term = -1, .before = before, .finding = finding, .user = user};
    const dk_status status = each_block(store, kind, verify_block, &v, err);
    *ret_sum = v.sum;
    return status;
}
