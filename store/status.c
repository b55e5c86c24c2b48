#include "store/status.h"

#include "store/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[DK_STATUS_COUNT] = {
    [DK_OK] = "done",
    [DK_END] = "no further row",
    [DK_NOMEM] = "out of memory",
    [DK_IO] = "a file cannot be read or written",
    [DK_FULL] = "the disk is full",
    [DK_CORRUPT] = "the data do not have the form that they must have",
    [DK_VERSION] = "a store of another version",
    [DK_BUSY] = "another process is writing",
    [DK_NOT_FOUND] = "not found",
    [DK_INVALID] = "the input is wrong",
    [DK_CONFLICT] = "the change contradicts what is there",
    [DK_LIMIT] = "a limit was reached",
    [DK_INTERNAL] = "a fault of dikuai",
};

const char *dk_status_text(dk_status status)
{
    const int number = (int)status;
    return number >= 0 && number < DK_STATUS_COUNT ? texts[number] : "unknown status";
}

/* Takes off what vsnprintf left of a character that did not fit. */
static void cut_at_character(char *text)
{
    const size_t size = strlen(text);
    size_t lead = size;
    while (lead > 0 && size - lead < 3 && ((unsigned char)text[lead - 1] & 0xC0u) == 0x80u)
        lead--;
    if (lead == 0)
        return;
    const unsigned char first = (unsigned char)text[lead - 1];
    const size_t needed = first >= 0xF0u ? 4 : first >= 0xE0u ? 3 : first >= 0xC0u ? 2 : 1;
    if (size - (lead - 1) < needed)
        text[lead - 1] = '\0';
}

dk_status dk_fail(dk_error *err, dk_status status, const char *format, ...)
{
    if (err != NULL) {
        /* into a text of its own: an argument may be err->text, when a caller adds to a message */
        char text[DK_ERROR_TEXT];
        va_list args;
        va_start(args, format);
        const int size = vsnprintf(text, sizeof text, format, args);
        va_end(args);
        if (size < 0)
            snprintf(text, sizeof text, "%s", dk_status_text(status));
        else if ((size_t)size >= sizeof text)
            cut_at_character(text);
        dk_text_clean(text);
        err->status = status;
        memcpy(err->text, text, sizeof text);
    }
    return status;
}
