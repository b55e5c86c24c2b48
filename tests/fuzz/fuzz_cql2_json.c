/* Filters in CQL2 JSON: fuzz_cql2.h says what must hold. */
#include "fuzz_cql2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= 65536)
        fuzz_filter(data, size, DK_CQL2_JSON, "{\"op\":\"not\",\"args\":[", "]}");
    return 0;
}
