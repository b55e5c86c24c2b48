#include "tiler/request_log.h"

#include "store/text.h"

#include <stdio.h>
#include <string.h>

/* Whether a segment is a key: what stands behind "items". */
static bool is_key(const dk_request *request, size_t i)
{
    return i == 3 && strcmp(request->path[0], "collections") == 0 && strcmp(request->path[2], "items") == 0;
}

/* A token that someone has put into the address by mistake. */
static const char *shown(const char *text)
{
    return strncmp(text, "dk_", 3) == 0 && strlen(text) > 30 ? "*" : text;
}

void dk_request_line(const char *method, const dk_request *request, dk_buf *out)
{
    dk_buf_format(out, "%s /", method);
    for (size_t i = 0; i < request->n_path; i++)
        dk_buf_format(out, "%s%s", i > 0 ? "/" : "", is_key(request, i) ? "*" : shown(request->path[i]));
    for (size_t i = 0; i < request->n_params; i++) {
        dk_buf_format(out, "%c%s", i > 0 ? '&' : '?', shown(request->params[i].name));
        if (strcmp(request->params[i].name, "filter") == 0)
            dk_buf_format(out, "[%zu]", strlen(request->params[i].value));
    }
    if (dk_buf_cstr(out) != NULL) /* whoever asks writes to the operator's terminal */
        dk_text_clean((char *)out->data);
    dk_buf_byte(out, '\n');
}

void dk_request_log(const char *method, const dk_request *request)
{
    dk_buf line;
    dk_buf_init(&line);
    dk_request_line(method, request, &line);
    if (!line.failed)
        fwrite(line.data, 1, line.size, stderr); /* stderr is locked for the call: lines stay whole */
    dk_buf_finish(&line);
}
