/* load and convert in dikuai-ingest. Loading and binding GDAL with its hundred libraries takes 50 ms, which publish,
 * withdraw and the rest need not wait for: so the program that does without runs the one that loads, dikuai-ingest-load
 * beside it. */
#include "ingest/commands.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int run_apart(const dk_options *options)
{
    static const char ending[] = "-load";
    char path[4096];
    dk_error err;
    const ssize_t size = readlink("/proc/self/exe", path, sizeof path - sizeof ending);
    if (size > 0) {
        memcpy(path + size, ending, sizeof ending);
        execv(path, options->arguments);
        dk_fail(&err, DK_IO, "%s: %s; this program loads and converts for dikuai-ingest and belongs beside it", path,
                strerror(errno));
    } else {
        dk_fail(&err, DK_IO, "/proc/self/exe cannot be read: %s", strerror(errno));
    }
    return dk_command_failed(options, &err);
}

int dk_command_load(const dk_options *options)
{
    return run_apart(options);
}

int dk_command_convert(const dk_options *options)
{
    return run_apart(options);
}
