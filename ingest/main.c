/* dikuai-ingest: sources -> clean features and records -> store. */
#include "ingest/commands.h"
#include "ingest/options.h"
#include "ingest/say.h"
#include "store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t stop_asked; /* a signal handler can reach nothing else */

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

int main(int argc, char **argv)
{
    dk_options options = {.stop = &stop_asked};
    dk_command command = NULL;
    dk_error err = {0};
    int code;
    dk_store_process_begin();
    /* Once: a load is abandoned cleanly. A second signal ends the program at once, which the store survives too. */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* The terminal has gone; what runs under nohup goes on. */
    struct sigaction before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
    options.arguments = calloc((size_t)argc + 1, sizeof *options.arguments); /* parsing moves them */
    if (options.arguments == NULL) {
        fprintf(stderr, "dikuai-ingest: out of memory\n");
        return DK_EXIT_FAILED;
    }
    memcpy(options.arguments, argv, (size_t)argc * sizeof *argv);
    switch (dk_options_parse(argc, argv, &options, &command, &err)) {
    case DK_OK:
        if (command != dk_command_convert) /* whose limits the one that runs it is to see */
            signal(SIGXFSZ, SIG_IGN);      /* a file that may not grow is an error of its write, which is told */
        code = command(&options);
        break;
    case DK_END:
        code = DK_EXIT_DONE;
        break;
    default:
        dk_say(stderr, "dikuai-ingest: %s", err.text);
        code = DK_EXIT_USAGE;
    }
    dk_options_finish(&options);
    free(options.arguments);
    /* What was lost on the way is not seen when the rest arrives. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == DK_EXIT_DONE) {
        fprintf(stderr, "dikuai-ingest: the output cannot be written\n");
        code = DK_EXIT_FAILED;
    }
    return code;
}
