/* clock: brings what the store says by the day up to today. */
#include "ingest/commands.h"
#include "ingest/json.h"
#include "ingest/say.h"
#include "store/clock_turn.h"
#include "store/day.h"
#include "store/log_keys.h"

#include <inttypes.h>
#include <stdio.h>

static bool says_how_disclosure_stands(const dk_catalogue *catalogue)
{
    bool any = false;
    for (size_t k = 0; k < catalogue->n_kinds; k++)
        any = any || catalogue->kinds[k].disclosure_field >= 0;
    return any;
}

static void print(const dk_options *options, const dk_clock_turned *turned)
{
    char day[DK_DAY_TEXT];
    const char *until = turned->until != DK_FAR_DAY ? dk_day_write(turned->until, day) : NULL;
    if (options->json) {
        printf("{\"generation\":%" PRId64 ",\"rows\":%" PRId64 ",\"until\":%s%s%s,\"error\":null}\n",
               turned->generation, turned->rows, until != NULL ? "\"" : "", until != NULL ? until : "null",
               until != NULL ? "\"" : "");
        return;
    }
    if (turned->generation > 0)
        printf("%" PRId64 " rows say something else now: generation %" PRId64 "\n", turned->rows, turned->generation);
    else
        printf("nothing changes today\n");
    if (until != NULL)
        printf("all is right until %s, if nothing is published\n", until);
}

int dk_command_clock(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    dk_clock_turned turned = {.until = DK_FAR_DAY};
    dk_status status = dk_store_open(options->store, DK_WRITE, &store, &err);
    if (status == DK_OK && options->log_key != NULL)
        status = dk_store_log_key(store, options->log_key, &err);
    if (status == DK_OK && !says_how_disclosure_stands(dk_store_catalogue(store)))
        status =
            dk_fail(&err, DK_INVALID,
                    "%s: no field of its catalogue says how disclosure stands; declare one with computed: disclosure",
                    options->store);
    if (status == DK_OK)
        status = dk_store_turn_clock(store, dk_command_actor(options), &turned, &err);
    dk_store_close(store);
    if (status != DK_OK)
        return dk_command_failed(options, &err);
    print(options, &turned);
    return DK_EXIT_DONE;
}
