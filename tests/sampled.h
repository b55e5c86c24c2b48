/* How far a loop over very many cases goes. The plain build runs all of them: it is for the answers. With
 * AddressSanitizer, several times slower and there for the memory, one of a few will do: they all take the same ways
 * through the code. */
#ifndef DK_TESTS_SAMPLED_H
#define DK_TESTS_SAMPLED_H

#ifdef __SANITIZE_ADDRESS__
#define DK_SAMPLED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DK_SAMPLED true
#endif
#endif
#ifndef DK_SAMPLED
#define DK_SAMPLED false
#endif

/* The step of a loop that is sampled, and the number of cases of one that counts them. */
#define DK_STEP(step) (DK_SAMPLED ? (step) : 1)
#define DK_COUNT(count, step) (DK_SAMPLED ? (count) / (step) : (count))

#endif
