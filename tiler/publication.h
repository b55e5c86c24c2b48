/* The publication log as it is served (store/log_table.h), and what a dossier shows of it. All of it is what the public
 * sees, whoever asks. */
#ifndef DK_TILER_PUBLICATION_H
#define DK_TILER_PUBLICATION_H

#include "store/saved_proof.h"
#include "tiler/dossier.h"
#include "tiler/html.h"

/* The log of the answer's generation; *ret_size: its entries. Borrowed from the worker. */
dk_status dk_context_log(dk_context *ctx, dk_log **ret_log, int64_t *ret_size);
/* The newest entry of a published row; DK_NOT_FOUND: it has none, e.g. because the public does not see its kind. */
dk_status dk_publication_find(dk_context *ctx, const dk_kind *kind, const char *key, int64_t *ret_entry);

/* The member "proof" of a dossier: its entry and where its proof is; and with proofs=true "proofs", those of each row
 * that it lists. */
dk_status dk_publication_dossier(dk_dossier *d, bool all);
/* The same on its page, with what the script web/verify.js needs. */
dk_status dk_publication_page(dk_dossier *d, dk_html *html);

#endif
