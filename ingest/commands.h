/* The sub-commands. Each prints its results and messages and gives the exit code. */
#ifndef DK_INGEST_COMMANDS_H
#define DK_INGEST_COMMANDS_H

#include "ingest/options.h"
#include "store/store.h"

int dk_command_create(const dk_options *options);
int dk_command_catalogue(const dk_options *options);
int dk_command_load(const dk_options *options);
int dk_command_batches(const dk_options *options);
int dk_command_publish(const dk_options *options);
int dk_command_withdraw(const dk_options *options);
int dk_command_review(const dk_options *options);
int dk_command_generations(const dk_options *options);
int dk_command_report(const dk_options *options);
int dk_command_due(const dk_options *options);
int dk_command_clock(const dk_options *options);
int dk_command_check(const dk_options *options);
int dk_command_reindex(const dk_options *options);
int dk_command_attach(const dk_options *options);
int dk_command_convert(const dk_options *options);
int dk_command_progress(const dk_options *options);
int dk_command_token(const dk_options *options);
int dk_command_audit(const dk_options *options);
int dk_command_log(const dk_options *options);
int dk_command_verify(const dk_options *options);
int dk_command_redact(const dk_options *options);

/* Prints the message to stderr, and with --json {"error": …} to stdout. Gives DK_EXIT_FAILED. */
int dk_command_failed(const dk_options *options, const dk_error *err);
/* Justifies what --justify names, before a batch is published. actor: who says so. */
dk_status dk_command_justify(const dk_options *options, dk_store *store, int64_t batch, const char *actor,
                             dk_error *err);
/* --actor, or the name of the user who runs the program. */
const char *dk_command_actor(const dk_options *options);

#endif
