#include "tiler/attempts.h"

#include "store/hash.h"

#include <math.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 1024, WAYS = 4 };

typedef struct client {
    uint64_t key; /* 0: free */
    double level; /* failures that count, at `since` */
    double since;
    bool limited;
} client;

struct dk_attempts {
    pthread_mutex_t mutex;
    double most, seconds;
    uint64_t seed; /* so that nobody can choose whom they push out */
    client clients[SETS][WAYS];
};

dk_attempts *dk_attempts_create(unsigned most, unsigned seconds)
{
    dk_attempts *attempts = calloc(1, sizeof *attempts);
    if (attempts == NULL || RAND_bytes((unsigned char *)&attempts->seed, sizeof attempts->seed) != 1) {
        free(attempts);
        return NULL;
    }
    attempts->most = most;
    attempts->seconds = seconds;
    pthread_mutex_init(&attempts->mutex, NULL);
    return attempts;
}

void dk_attempts_free(dk_attempts *attempts)
{
    if (attempts == NULL)
        return;
    pthread_mutex_destroy(&attempts->mutex);
    free(attempts);
}

static uint64_t key_of(const dk_attempts *attempts, const dk_address *address)
{
    const uint64_t key = dk_hash64(address->bytes, dk_address_is_v4(address) ? 16 : 8, attempts->seed);
    return key != 0 ? key : 1;
}

/* The client's place, or that of the one who failed longest ago. */
static client *find(dk_attempts *attempts, uint64_t key, double now)
{
    client *set = attempts->clients[key % SETS], *oldest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].key == 0 || (oldest->key != 0 && set[i].since < oldest->since))
            oldest = &set[i];
    }
    *oldest = (client){.key = key, .since = now};
    return oldest;
}

unsigned dk_attempts_failed(dk_attempts *attempts, const dk_address *address, double now, bool *ret_first)
{
    unsigned wait = 0;
    *ret_first = false;
    pthread_mutex_lock(&attempts->mutex);
    client *c = find(attempts, key_of(attempts, address), now);
    const double level = c->level - (now - c->since) / attempts->seconds;
    c->level = level > 0 ? level : 0;
    c->since = now;
    if (c->level + 1 <= attempts->most) {
        c->level++;
        c->limited = false;
    } else {
        const double seconds = ceil((c->level + 1 - attempts->most) * attempts->seconds - 1e-6);
        wait = seconds < 1 ? 1 : (unsigned)seconds;
        *ret_first = !c->limited;
        c->limited = true;
    }
    pthread_mutex_unlock(&attempts->mutex);
    return wait;
}
