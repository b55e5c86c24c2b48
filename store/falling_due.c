#include "store/falling_due.h"

#include "store/arena.h"
#include "store/handle.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TEXTS (256u << 20)

typedef struct gathering {
    dk_falling *list;
    const dk_falling_question *question;
    size_t capacity, n; /* of the state asked for */
    dk_status status;
} gathering;

static const char *copy_text(dk_arena *arena, const char *text)
{
    const size_t size = text != NULL ? strlen(text) + 1 : 1;
    char *copy = dk_arena_alloc(arena, size, 1);
    if (copy != NULL)
        memcpy(copy, text != NULL ? text : "", size);
    return copy;
}

static bool keep(const dk_clock_row *row, void *user)
{
    gathering *g = user;
    dk_falling *list = g->list;
    if (g->n == g->question->most) {
        list->complete = false;
        return false;
    }
    dk_falling_row kept = {.kind = row->kind, .obligation = row->obligation, .due = row->outcome.due};
    memcpy(kept.division, row->division, sizeof kept.division);
    dk_outcome_standing(row->obligation, &row->outcome, g->question->today, &kept.standing);
    if (kept.standing.being_shown) /* published, and only to be left where it is */
        return true;
    kept.key = copy_text(list->texts, row->key);
    kept.label = copy_text(list->texts, row->label);
    if (kept.key == NULL || kept.label == NULL ||
        !dk_grow(&list->rows, &g->capacity, list->n + 1, sizeof *list->rows)) {
        g->status = DK_NOMEM;
        return false;
    }
    list->rows[list->n++] = kept;
    g->n++;
    return true;
}

static int by_day(const void *left, const void *right)
{
    const dk_falling_row *a = left, *b = right;
    if (a->due != b->due)
        return a->due < b->due ? -1 : 1;
    int order = strcmp(a->division, b->division);
    if (order == 0)
        order = (a->obligation->index > b->obligation->index) - (a->obligation->index < b->obligation->index);
    return order != 0 ? order : strcmp(a->key, b->key);
}

static dk_status gather(dk_store *store, gathering *g, dk_disclosure state, dk_error *err)
{
    const dk_falling_question *q = g->question;
    const dk_score_query query = {.division = q->division,
                                  .any_division = true,
                                  .from = state == DK_DUE ? q->today : DK_NO_DAY,
                                  .until = state == DK_DUE ? q->today + q->within : q->today - 1,
                                  .as_of = q->today};
    g->n = 0;
    const dk_status status = dk_score_rows(store, &query, q->generation, state, NULL, SIZE_MAX, keep, g, err);
    return status == DK_OK && g->status != DK_OK ? dk_fail(err, DK_NOMEM, "out of memory") : status;
}

dk_status dk_falling_due(dk_store *store, const dk_falling_question *question, dk_falling *ret_list, dk_error *err)
{
    gathering g = {.list = ret_list, .question = question, .status = DK_OK};
    *ret_list = (dk_falling){.complete = true, .texts = dk_arena_create(MOST_TEXTS)};
    if (ret_list->texts == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_status status = gather(store, &g, DK_DUE, err);
    if (status == DK_OK && question->missing)
        status = gather(store, &g, DK_MISSING, err);
    if (status == DK_OK && ret_list->n > 0)
        qsort(ret_list->rows, ret_list->n, sizeof *ret_list->rows, by_day);
    return status;
}

void dk_falling_finish(dk_falling *list)
{
    free(list->rows);
    dk_arena_free(list->texts);
    *list = (dk_falling){.complete = true};
}
