/* audit: prints what was read and by whom, and forgets it when its time is over. */
#include "ingest/commands.h"

#include "ingest/json.h"
#include "ingest/say.h"
#include "ingest/when.h"
#include "store/access_audit.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct printing {
    bool json;
    int64_t n;
    dk_buf out; /* of one event */
} printing;

/* A text that a spreadsheet would take for a formula begins with an apostrophe: keys are what someone loaded. */
static void csv_cell(const char *text, dk_buf *out)
{
    dk_buf_byte(out, '"');
    if (text != NULL && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
        dk_buf_byte(out, '\'');
    for (const char *at = text != NULL ? text : ""; *at != '\0'; at++) {
        if (*at == '"')
            dk_buf_byte(out, '"');
        dk_buf_byte(out, (unsigned char)*at);
    }
    dk_buf_byte(out, '"');
}

static bool print_event(const dk_audit *event, void *user)
{
    printing *p = user;
    char at[DK_WHEN_SIZE];
    dk_when_text(event->at, false, at);
    const char *const texts[] = {event->name, event->way,    event->what,   event->kind,
                                 event->key,  event->detail, event->address};
    dk_buf_clear(&p->out);
    if (p->json) {
        static const char *const names[] = {"name", "way", "what", "kind", "key", "detail", "address"};
        dk_buf_format(&p->out, "%s{\"id\":%" PRId64 ",\"at\":\"%s\",\"token\":", p->n > 0 ? ",\n" : "", event->id, at);
        if (event->token != 0)
            dk_buf_format(&p->out, "%" PRId64, event->token);
        else
            dk_buf_text(&p->out, "null");
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            dk_buf_format(&p->out, ",\"%s\":", names[i]);
            dk_json_string(texts[i], &p->out);
        }
        if (event->rows >= 0)
            dk_buf_format(&p->out, ",\"rows\":%" PRId64 "}", event->rows);
        else
            dk_buf_text(&p->out, ",\"rows\":null}");
    } else {
        dk_buf_format(&p->out, "%" PRId64 ",%s,", event->id, at);
        if (event->token != 0)
            dk_buf_format(&p->out, "%" PRId64, event->token);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            dk_buf_byte(&p->out, ',');
            csv_cell(texts[i], &p->out);
        }
        dk_buf_byte(&p->out, ',');
        if (event->rows >= 0)
            dk_buf_format(&p->out, "%" PRId64, event->rows);
        dk_buf_text(&p->out, "\r\n");
    }
    p->n++;
    return !p->out.failed && fwrite(p->out.data, 1, p->out.size, stdout) == p->out.size; /* main sees a failure */
}

static dk_status forget(const dk_options *options, dk_access *access, dk_error *err)
{
    int64_t n = 0;
    dk_status status = DK_OK;
    if (access != NULL)
        status = dk_audit_forget(access, options->access.before, dk_command_actor(options), &n, err);
    if (status == DK_OK)
        printf(options->json ? "{\"forgotten\":%" PRId64 ",\"error\":null}\n" : "%" PRId64 " events are forgotten\n",
               n);
    return status;
}

static dk_status print(const dk_options *options, dk_access *access, dk_error *err)
{
    const dk_access_options *asked = &options->access;
    printing p = {.json = options->json};
    dk_status status = DK_OK;
    dk_buf_init(&p.out);
    /* The mark of UTF-8 is for Excel, which takes a CSV for the system's own encoding without it. */
    fputs(p.json ? "{\"events\":[" : "\xEF\xBB\xBFnumber,time,token,name,way,what,kind,key,detail,address,rows\r\n",
          stdout);
    if (access != NULL)
        status = dk_audit_list(access, asked->from, asked->before, asked->name, print_event, &p, err);
    if (p.out.failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK && p.json)
        fputs("],\"error\":null}\n", stdout);
    dk_buf_finish(&p.out);
    return status;
}

int dk_command_audit(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    dk_access *access = NULL;
    dk_status status = dk_access_open(options->store, false, &access, &err);
    if (status == DK_NOT_FOUND) /* nobody has had a token yet, or the store's name was mistyped */
        status = dk_store_open(options->store, DK_READ, &store, &err);
    dk_store_close(store);
    if (status == DK_OK)
        status = options->access.forget_before != NULL ? forget(options, access, &err) : print(options, access, &err);
    dk_access_close(access);
    return status == DK_OK ? DK_EXIT_DONE : dk_command_failed(options, &err);
}
