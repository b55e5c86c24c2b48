/* Bounds that a process sets itself before it reads foreign bytes, and cannot take off again: memory, processor time,
 * files, and system calls. What is started for a stranger (dikuai-tiler runs `dikuai-ingest convert --confined`) can
 * then use up no more than that, open no connection and start no program, whatever a library does with the bytes. */
#ifndef DK_INGEST_CONFINE_H
#define DK_INGEST_CONFINE_H

#include "store/status.h"

#include <stdint.h>

#define DK_CONFINED_MEMORY (UINT64_C(1) << 30) /* bytes of address space */
#define DK_CONFINED_FILES 64                   /* open at a time */

/* most_bytes: of each file that is written. Under AddressSanitizer, which needs them, memory and new processes are not
 * bounded. */
dk_status dk_confine(uint64_t most_bytes, uint64_t most_seconds, dk_error *err);

#endif
