/* The functions that the SQL of filters calls. All give NULL for NULL. Values of the filter come as pointers of a type
 * of their own, which SQL text cannot make. */
#include "store/approval_no.h"
#include "store/coarse.h"
#include "store/cql2_geometry.h"
#include "store/cql2_sql.h"
#include "store/cql2_tree.h"
#include "store/succession.h"
#include "store/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_null(sqlite3_value *value)
{
    return sqlite3_value_type(value) == SQLITE_NULL;
}

/* The text of a value; it is followed by a NUL. NULL: it is null, or out of memory. */
static const char *text_of(sqlite3_value *value, size_t *ret_size)
{
    const char *text = is_null(value) ? NULL : (const char *)sqlite3_value_text(value);
    *ret_size = text != NULL ? (size_t)sqlite3_value_bytes(value) : 0;
    return text;
}

/* ---- divisions and 文号 ---- */

/* dk_in_scope(division, scope): whether a row of the division is one of the viewer's. */
static void in_scope(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    size_t size;
    const char *division = text_of(values[0], &size), *scope = text_of(values[1], &size);
    sqlite3_result_int(ctx, division != NULL && scope != NULL &&
                                dk_division_within(sqlite3_user_data(ctx), division, scope));
}

/* dk_answers(division, texts) */
static void answers(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    size_t size;
    const char *division = text_of(values[0], &size);
    const dk_cql2_texts *texts = sqlite3_value_pointer(values[1], "dk_cql2_texts");
    bool answer = false;
    if (division == NULL || texts == NULL)
        return;
    for (size_t i = 0; i < texts->n && !answer; i++)
        answer = dk_division_answers(sqlite3_user_data(ctx), division, texts->texts[i]);
    sqlite3_result_int(ctx, answer);
}

typedef struct wanted {
    const dk_cql2_texts *texts;
    bool found;
} wanted;

static bool look(const char *number, size_t size, void *user)
{
    wanted *w = user;
    for (size_t i = 0; i < w->texts->n && !w->found; i++)
        w->found = strncmp(w->texts->texts[i], number, size) == 0 && w->texts->texts[i][size] == '\0';
    return !w->found;
}

/* dk_has_number(field, texts): whether one of the texts is the field's, or one of its numbers. */
static void has_number(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    size_t size;
    const char *text = text_of(values[0], &size);
    wanted w = {sqlite3_value_pointer(values[1], "dk_cql2_texts"), false};
    if (text == NULL || w.texts == NULL)
        return;
    if (look(text, size, &w))
        dk_approval_no_each(text, look, &w);
    sqlite3_result_int(ctx, w.found);
}

/* ---- arrays ---- */

typedef struct set {
    dk_cql2_texts texts;
    const char **places;
    size_t capacity;
    dk_arena *arena;
    bool failed;
} set;

static bool add_number(const char *number, size_t size, void *user)
{
    set *s = user;
    const char *copy = dk_arena_text(s->arena, number, size);
    s->failed |= copy == NULL || !dk_grow(&s->places, &s->capacity, s->texts.n + 1, sizeof *s->places);
    if (!s->failed)
        s->places[s->texts.n++] = copy;
    return !s->failed;
}

/* dk_array(arrays, a, b) */
static void array(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    const dk_cql2_arrays *arrays = sqlite3_value_pointer(values[0], "dk_cql2_arrays");
    set sets[2] = {0};
    const dk_cql2_texts *operands[2];
    if (arrays == NULL || (arrays->a == NULL && is_null(values[1])) || (arrays->b == NULL && is_null(values[2])))
        return;
    operands[0] = arrays->a;
    operands[1] = arrays->b;
    bool failed = false;
    for (int i = 0; i < 2 && !failed; i++) {
        size_t size;
        if (operands[i] != NULL)
            continue;
        const char *text = text_of(values[i + 1], &size);
        sets[i].arena = text != NULL ? dk_arena_create(2 * size * 64 + 4096) : NULL;
        failed = sets[i].arena == NULL;
        if (!failed)
            dk_approval_no_each(text, add_number, &sets[i]);
        failed |= sets[i].failed;
        sets[i].texts.texts = sets[i].places;
        operands[i] = &sets[i].texts;
    }
    if (failed)
        sqlite3_result_error_nomem(ctx);
    else
        sqlite3_result_int(ctx, dk_cql2_sets(arrays->op, operands[0], operands[1]));
    for (int i = 0; i < 2; i++) {
        dk_arena_free(sets[i].arena);
        free(sets[i].places);
    }
}

/* ---- texts ---- */

static void give(sqlite3_context *ctx, dk_buf *text)
{
    if (text->failed)
        sqlite3_result_error_nomem(ctx);
    else
        sqlite3_result_text64(ctx, text->size > 0 ? (const char *)text->data : "", text->size, SQLITE_TRANSIENT,
                              SQLITE_UTF8);
    dk_buf_finish(text);
}

/* How a text is folded before it is compared. */
typedef void (*folding)(const char *text, size_t size, dk_buf *out);

static void give_folded(sqlite3_context *ctx, sqlite3_value *value, folding by)
{
    size_t size;
    const char *text = text_of(value, &size);
    dk_buf folded;
    if (text == NULL)
        return;
    dk_buf_init(&folded);
    by(text, size, &folded);
    give(ctx, &folded);
}

static void casei(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    give_folded(ctx, values[0], dk_cql2_casei);
}

static void fold(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    give_folded(ctx, values[0], dk_text_fold);
}

static void accenti(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    give_folded(ctx, values[0], dk_cql2_accenti);
}

/* dk_like(text, pattern) */
static void like(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    size_t size, pattern_size;
    const char *text = text_of(values[0], &size), *pattern = text_of(values[1], &pattern_size);
    if (text != NULL && pattern != NULL)
        sqlite3_result_int(ctx, dk_cql2_like(text, size, pattern, pattern_size));
}

/* ---- numbers ---- */

static void give_number(sqlite3_context *ctx, double number)
{
    if (isfinite(number))
        sqlite3_result_double(ctx, number); /* else NULL: by nothing nothing is divided */
}

static bool both(sqlite3_value **values, double ret_numbers[2])
{
    for (int i = 0; i < 2; i++) {
        const int type = sqlite3_value_type(values[i]);
        if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
            return false;
        ret_numbers[i] = sqlite3_value_double(values[i]);
    }
    return true;
}

/* Two integers, of which the second may divide the first. */
static bool both_integers(sqlite3_value **values, int64_t ret_numbers[2])
{
    if (sqlite3_value_type(values[0]) != SQLITE_INTEGER || sqlite3_value_type(values[1]) != SQLITE_INTEGER)
        return false;
    ret_numbers[0] = sqlite3_value_int64(values[0]);
    ret_numbers[1] = sqlite3_value_int64(values[1]);
    return ret_numbers[1] != 0 && ret_numbers[1] != -1;
}

static void divide(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    double numbers[2];
    if (both(values, numbers) && numbers[1] != 0)
        give_number(ctx, numbers[0] / numbers[1]);
}

/* Integer division cuts off towards zero, and % is what it leaves. */
static void integer_divide(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    double numbers[2];
    int64_t integers[2];
    if (both_integers(values, integers))
        sqlite3_result_int64(ctx, integers[0] / integers[1]);
    else if (both(values, numbers) && numbers[1] != 0)
        give_number(ctx, trunc(numbers[0] / numbers[1]));
}

static void modulo(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    double numbers[2];
    int64_t integers[2];
    if (both_integers(values, integers))
        sqlite3_result_int64(ctx, integers[0] % integers[1]);
    else if (both(values, numbers) && numbers[1] != 0)
        give_number(ctx, fmod(numbers[0], numbers[1]));
}

static void power(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    double numbers[2];
    if (both(values, numbers))
        give_number(ctx, pow(numbers[0], numbers[1]));
}

/* ---- outlines ---- */

/* dk_spatial(blob, spatial) */
static void spatial(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    const dk_cql2_spatial *question = sqlite3_value_pointer(values[1], "dk_cql2_spatial");
    if (question == NULL || is_null(values[0]))
        return;
    const void *blob = sqlite3_value_blob(values[0]);
    const dk_cql2_answer answer = dk_cql2_spatial_answer(question, blob, (size_t)sqlite3_value_bytes(values[0]));
    if (answer == DK_ANSWER_FAILED)
        sqlite3_result_error(ctx, "the outline of a row cannot be related to a geometry; run dikuai-ingest check", -1);
    else if (answer != DK_ANSWER_NULL)
        sqlite3_result_int(ctx, answer == DK_ANSWER_YES);
}

/* dk_coarse(blob, level) */
static void coarse(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)n;
    dk_error error;
    dk_buf out;
    if (is_null(values[0]))
        return;
    dk_buf_init(&out);
    const void *blob = sqlite3_value_blob(values[0]);
    const dk_status status =
        dk_coarse_gpkg(blob, (size_t)sqlite3_value_bytes(values[0]), sqlite3_value_int(values[1]), &out, &error);
    if (status == DK_NOMEM || out.size > INT32_MAX)
        sqlite3_result_error_nomem(ctx);
    else if (status != DK_OK)
        sqlite3_result_error(ctx, "the outline of a row cannot be made coarse; run dikuai-ingest check", -1);
    else
        sqlite3_result_blob64(ctx, out.data, out.size, SQLITE_TRANSIENT);
    dk_buf_finish(&out);
}

dk_status dk_cql2_functions(sqlite3 *db, const dk_catalogue *catalogue, dk_error *err)
{
    static const struct {
        const char *name;
        int n;
        void (*function)(sqlite3_context *ctx, int n, sqlite3_value **values);
    } functions[] = {{"dk_in_scope", 2, in_scope}, {"dk_answers", 2, answers}, {"dk_has_number", 2, has_number},
                     {"dk_array", 3, array},       {"dk_casei", 1, casei},     {"dk_accenti", 1, accenti},
                     {"dk_like", 2, like},         {"dk_divide", 2, divide},   {"dk_div", 2, integer_divide},
                     {"dk_mod", 2, modulo},        {"dk_pow", 2, power},       {"dk_spatial", 2, spatial},
                     {"dk_coarse", 2, coarse},     {"dk_fold", 1, fold}};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (sqlite3_create_function_v2(db, functions[i].name, functions[i].n,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, (void *)catalogue,
                                       functions[i].function, NULL, NULL, NULL) != SQLITE_OK)
            return dk_fail(err, DK_NOMEM, "out of memory");
    return DK_OK;
}
