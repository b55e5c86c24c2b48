/* due: what falls due, for people and for cron. */
#include "ingest/commands.h"

#include "ingest/json.h"
#include "ingest/say.h"
#include "ingest/text_table.h"
#include "store/falling_due.h"

#include <inttypes.h>
#include <stdio.h>

#define MOST_ROWS 100000 /* of each state */

static void write_json(const dk_falling_row *row, const char *words, dk_buf *out)
{
    char day[DK_DAY_TEXT];
    const char *const names[] = {"collection", "key",   "label", "division", "obligation",
                                 "title",      "state", "due",   "words"};
    const char *const texts[] = {row->kind->name,
                                 row->key,
                                 row->label,
                                 row->division[0] != '\0' ? row->division : NULL,
                                 row->obligation->id,
                                 row->obligation->item->title,
                                 dk_disclosure_name(row->standing.state),
                                 dk_day_write(row->due, day),
                                 words};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        dk_buf_format(out, "%s\"%s\":", i == 0 ? "{" : ",", names[i]);
        dk_json_string(texts[i], out);
    }
    if (row->standing.n >= 0)
        dk_buf_format(out, ",\"days\":%" PRId32 ",\"working\":%s}", row->standing.n,
                      row->standing.working ? "true" : "false");
    else
        dk_buf_format(out, ",\"days\":null,\"working\":%s}", row->standing.working ? "true" : "false");
}

static bool print_json(const dk_falling *list, int32_t today)
{
    char day[DK_DAY_TEXT], words[DK_STANDING_TEXT];
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_format(&out, "{\"as_of\":\"%s\",\"due\":[", dk_day_write(today, day));
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            dk_buf_byte(&out, ',');
        write_json(&list->rows[i], dk_standing_text(&list->rows[i].standing, words), &out);
    }
    dk_buf_format(&out, "],\"complete\":%s,\"error\":null}", list->complete ? "true" : "false");
    const bool good = !out.failed;
    dk_json_print(&out);
    return good;
}

static bool print_table(const dk_falling *list)
{
    static const char *const heads[] = {"due", "division", "collection", "key", "name", "item", "how it stands"};
    dk_text_table table = {.n_columns = 7};
    char day[DK_DAY_TEXT], words[DK_STANDING_TEXT];
    dk_buf out;
    dk_buf_init(&out);
    for (size_t i = 0; i < 7; i++)
        dk_text_table_add(&table, heads[i]);
    for (size_t i = 0; i < list->n; i++) {
        const dk_falling_row *row = &list->rows[i];
        dk_text_table_add(&table, dk_day_write(row->due, day));
        dk_text_table_add(&table, row->division[0] != '\0' ? row->division : "-");
        dk_text_table_add(&table, row->kind->title);
        dk_text_table_add(&table, row->key);
        dk_text_table_add(&table, row->label);
        dk_text_table_add(&table, row->obligation->item->title);
        dk_text_table_add(&table, dk_standing_text(&row->standing, words));
    }
    const bool good = dk_text_table_write(&table, &out);
    if (good && list->n > 0)
        fwrite(out.data, 1, out.size, stdout);
    dk_buf_finish(&out);
    return good;
}

int dk_command_due(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    dk_generation generation;
    dk_falling list = {.complete = true};
    dk_falling_question question = {.division = options->division != NULL ? options->division : "",
                                    .within = options->within,
                                    .missing = options->late,
                                    .most = MOST_ROWS};
    dk_status status = dk_store_open(options->store, DK_READ, &store, &err);
    if (status == DK_OK && dk_store_catalogue(store)->n_obligations == 0)
        status = dk_fail(&err, DK_INVALID, "%s: its catalogue declares no obligations, so nothing is ever due",
                         options->store);
    if (status == DK_OK)
        status = dk_store_generation_info(store, &generation, &err);
    if (status == DK_OK) {
        question.today = options->as_of != DK_NO_DAY ? options->as_of : dk_clock_today(store);
        question.generation = generation.number;
        status = dk_falling_due(store, &question, &list, &err);
    }
    if (status == DK_OK && !(options->json ? print_json(&list, question.today) : print_table(&list)))
        status = dk_fail(&err, DK_NOMEM, "out of memory");
    const size_t n = list.n;
    if (status == DK_OK && !list.complete)
        dk_say(stderr, "dikuai-ingest: more than %d rows; narrow it by --division or --within", MOST_ROWS);
    if (status == DK_OK && n == 0 && !options->json)
        printf("nothing falls due\n");
    dk_falling_finish(&list);
    dk_store_close(store);
    if (status != DK_OK)
        return dk_command_failed(options, &err);
    return n > 0 ? DK_EXIT_DUE : DK_EXIT_DONE;
}
