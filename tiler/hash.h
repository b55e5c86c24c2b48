#ifndef DK_TILER_HASH_H
#define DK_TILER_HASH_H

#include "store/hash.h"

#endif
