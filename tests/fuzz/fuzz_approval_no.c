/* Normalising is idempotent, also where it tells what is left; a normalised text holds as many numbers as were
 * recognised, each its own normal form and none twice. The numbers of a name are normalised, too. */
#include "fuzz_check.h"

#include <string.h>

#include "store/approval_no.h"
#include "store/text.h"

typedef struct numbers {
    const char *text;
    size_t n, recognised;
} numbers;

static bool check_number(const char *number, size_t size, void *user)
{
    numbers *const all = user;
    dk_buf out;
    dk_buf_init(&out);
    CHECK(dk_approval_no_normalise(number, size, &out) == 1);
    CHECK(out.size == size && memcmp(out.data, number, size) == 0);
    dk_buf_finish(&out);
    /* a repeat would stand earlier in the text, behind its start or a 、 */
    for (const char *at = all->text; at < number; at++) {
        at = memmem(at, (size_t)(number - at), number, size);
        if (at == NULL)
            break;
        CHECK(at != all->text && memcmp(at - strlen("、"), "、", strlen("、")) != 0);
    }
    all->n++;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) /* longer texts are cut, and what grows in normalising may be cut again */
        return 0;
    dk_buf once, twice;
    dk_buf_init(&once);
    dk_buf_init(&twice);
    const size_t n = dk_approval_no_normalise((const char *)data, size, &once);
    CHECK(!once.failed && dk_utf8_valid((const char *)once.data, once.size));
    dk_approval_rest rest; /* says nothing else about the numbers */
    CHECK(dk_approval_no_read((const char *)data, size, &twice, &rest) == n && twice.size == once.size &&
          (once.size == 0 || memcmp(once.data, twice.data, once.size) == 0));
    CHECK(dk_utf8_valid(rest.left, strlen(rest.left)) && dk_utf8_valid(rest.range, strlen(rest.range)));
    CHECK(n > 0 || (rest.left[0] == '\0' && rest.range[0] == '\0'));
    CHECK(!rest.matters || rest.left[0] != '\0');
    dk_buf_clear(&twice);
    const size_t n_again = dk_approval_no_normalise((const char *)once.data, once.size, &twice);
    CHECK(once.size == twice.size && (once.size == 0 || memcmp(once.data, twice.data, once.size) == 0));
    CHECK(n_again <= n && (n == 0) == (n_again == 0)); /* repeats are counted when written, and gone after */
    if (n > 0) {
        numbers all = {.text = dk_buf_cstr(&once), .recognised = n_again};
        dk_approval_no_each(all.text, check_number, &all);
        CHECK(all.n == all.recognised);
    }
    /* as a name: the same, or more for what has no brackets */
    dk_buf_clear(&once);
    dk_buf_clear(&twice);
    const size_t n_name = dk_approval_no_in_name((const char *)data, size, &once);
    CHECK(!once.failed && (n_name == 0) == (once.size == 0) && (n_name > 0 || n == 0));
    if (n_name > 0) {
        numbers all = {.text = dk_buf_cstr(&once), .recognised = n_name};
        CHECK(dk_approval_no_normalise(all.text, once.size, &twice) <= n_name);
        CHECK(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
        dk_approval_no_each(all.text, check_number, &all);
        CHECK(all.n <= n_name);
    }
    dk_buf_finish(&once);
    dk_buf_finish(&twice);
    return 0;
}
