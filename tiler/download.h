/* Downloads: the whole of what a query of items finds, as a file. Made by threads of their own, few and of low
 * priority, so that tiles do not wait for them; a request is suspended until the beginning of its file is there. An
 * answer is of one generation from its first row to its last. */
#ifndef DK_TILER_DOWNLOAD_H
#define DK_TILER_DOWNLOAD_H

#include "tiler/http.h"

#include <microhttpd.h>

typedef struct dk_downloads dk_downloads;
typedef struct dk_download dk_download;

/* config is borrowed until dk_downloads_free. */
dk_status dk_downloads_create(const dk_config *config, dk_downloads **ret_downloads, dk_error *err);
/* Takes no more, and gives up what has not begun to be answered (503). */
void dk_downloads_close(dk_downloads *downloads);
/* Gives up what is under way, so that no connection stays suspended: before MHD_stop_daemon. NULL-safe. */
void dk_downloads_stop(dk_downloads *downloads);
void dk_downloads_free(dk_downloads *downloads); /* after MHD_stop_daemon; NULL-safe */

/* Whether the parameter f of a request for items names a format of downloads. */
bool dk_download_asked(const dk_request *request);

/* Begins one and suspends the connection. The request is taken over and forgotten where it was. The daemon needs
 * MHD_ALLOW_SUSPEND_RESUME. caller: who the viewer is; NULL: the public. DK_BUSY: too many are under way; the request
 * stays where it was. */
dk_status dk_download_start(dk_downloads *downloads, struct MHD_Connection *connection, dk_request *request,
                            const dk_viewer *viewer, const dk_caller *caller, const char *accept_encoding,
                            dk_download **ret_download, dk_error *err);
/* When the connection is resumed: queues the file, or the problem. The download is no longer the caller's. page: as in
 * dk_refusal. */
enum MHD_Result dk_download_respond(dk_download *download, struct MHD_Connection *connection, const char *page,
                                    bool closing);
/* Instead of that, when the client has left. NULL-safe. */
void dk_download_drop(dk_download *download);

#endif
