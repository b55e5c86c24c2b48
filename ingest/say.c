#include "ingest/say.h"

#include "store/text.h"

#include <stdarg.h>
#include <stdlib.h>

void dk_say(FILE *to, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    const int size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0) {
        fputs("out of memory\n", to);
        return;
    }
    dk_text_clean(text);
    fprintf(to, "%s\n", text);
    free(text);
}
