/* Reads a YAML document, or a stream of them, by what is expected of it, and says in one sentence where it is
 * otherwise. For the catalogue and for ingest/transformation.c. */
#ifndef DK_STORE_CATALOGUE_READ_YAML_H
#define DK_STORE_CATALOGUE_READ_YAML_H

#include "store/arena.h"
#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#define DK_YAML_MAX_BYTES (16u << 20)

typedef struct dk_yaml {
    yaml_document_t document; /* the one that is read, unless it is one of more */
    yaml_document_t *more;    /* those behind it, in a stream */
    size_t n_more, current;   /* 0: document; i: more[i - 1] */
    const char *origin;       /* names the text in messages */
    const char *what;         /* it is: "catalogue" */
    bool secret;              /* messages show nothing of it but keys that are known; set behind dk_yaml_load */
    dk_error *err;
    dk_status status; /* of the first failure; every function below that returns false has set it */
    dk_arena *arena;  /* takes the texts; not owned */
    struct {
        const char *key; /* NULL: index counts */
        size_t index;
    } path[12];
    size_t depth;
    size_t visits;
    char shown[4][100];
    unsigned n_shown;
} dk_yaml;

/* A key that a mapping may have. */
typedef struct dk_yaml_key {
    const char *name;
    bool required;
    const yaml_node_t *value; /* set by dk_yaml_mapping; NULL: not there */
} dk_yaml_key;

/* Parses exactly one document. For messages, borrowed as origin is: what it is, "catalogue", and what an empty one
 * lacks at least, "title and layers". On success the caller ends with dk_yaml_finish. */
dk_status dk_yaml_load(dk_yaml *yaml, const char *text, size_t size, const char *origin, const char *what,
                       const char *least, dk_arena *arena, dk_error *err);
/* The same for a stream of one to most documents; the first is the one that is read. */
dk_status dk_yaml_load_stream(dk_yaml *yaml, const char *text, size_t size, const char *origin, const char *what,
                              const char *least, size_t most, dk_arena *arena, dk_error *err);
void dk_yaml_finish(dk_yaml *yaml);
/* The root of the document that is read. */
const yaml_node_t *dk_yaml_root(dk_yaml *yaml);
/* Reads document i from now on, 0 to n_more. Nodes belong to their document. */
void dk_yaml_turn_to(dk_yaml *yaml, size_t i);

/* The place that messages name. */
void dk_yaml_enter(dk_yaml *yaml, const char *key);
void dk_yaml_enter_index(dk_yaml *yaml, size_t index);
void dk_yaml_leave(dk_yaml *yaml);

/* Fails with "ORIGIN:LINE: PATH: sentence"; always false. */
bool dk_yaml_fail(dk_yaml *yaml, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A text as messages show it, cut and without control characters; "…" of a secret document. Valid for the next three
 * calls. */
const char *dk_yaml_shown(dk_yaml *yaml, const char *text);
/* "a, b or c"; n names, stride bytes apart, each the first member of its item. Cut when it does not fit. */
void dk_yaml_choice(char *out, size_t size, const void *names, size_t n, size_t stride);

void *dk_yaml_alloc(dk_yaml *yaml, size_t count, size_t size); /* in the arena; NULL has failed */

/* Checks that node is a mapping of these keys, each once and the required ones there, and finds their values. */
bool dk_yaml_mapping(dk_yaml *yaml, const yaml_node_t *node, dk_yaml_key *keys, size_t n_keys);
/* Checks that node is a mapping of min to max pairs of any keys; the pairs are then read by index. */
bool dk_yaml_pairs(dk_yaml *yaml, const yaml_node_t *node, size_t min, size_t max, size_t *ret_n);
/* The same where keys are numbers, such as years: they are read by dk_yaml_integer. */
bool dk_yaml_numbered_pairs(dk_yaml *yaml, const yaml_node_t *node, size_t min, size_t max, size_t *ret_n);
void dk_yaml_pair(dk_yaml *yaml, const yaml_node_t *node, size_t i, const yaml_node_t **ret_key,
                  const yaml_node_t **ret_value);
/* Checks that node is a list of min to max entries. */
bool dk_yaml_list(dk_yaml *yaml, const yaml_node_t *node, size_t min, size_t max, size_t *ret_n);
const yaml_node_t *dk_yaml_element(dk_yaml *yaml, const yaml_node_t *node, size_t i);

/* A text that is not empty, kept in the arena. A plain scalar that YAML 1.2 reads as a number, a truth value or
 * nothing is no text, as it is none for JSON Schema. */
bool dk_yaml_text(dk_yaml *yaml, const yaml_node_t *node, const char **ret_text);
/* The same for the value of a key; a missing one leaves *ret_text. */
bool dk_yaml_key_text(dk_yaml *yaml, const dk_yaml_key *key, const char **ret_text);
/* A list of min to max different texts. */
bool dk_yaml_key_texts(dk_yaml *yaml, const dk_yaml_key *key, size_t min, size_t max, const char ***ret_texts,
                       size_t *ret_n);
/* A name: [a-z][a-z0-9_]*, at most 60 bytes. */
bool dk_yaml_key_name(dk_yaml *yaml, const dk_yaml_key *key, const char **ret_name);
bool dk_yaml_key_flag(dk_yaml *yaml, const dk_yaml_key *key, bool *ret_flag);
bool dk_yaml_number(dk_yaml *yaml, const yaml_node_t *node, double min, double max, double *ret_number);
bool dk_yaml_integer(dk_yaml *yaml, const yaml_node_t *node, long min, long max, long *ret_integer);
/* One of n names; gives its position. what: "type", "audience" … for the message. */
bool dk_yaml_key_choice(dk_yaml *yaml, const dk_yaml_key *key, const char *what, const char *const *names, size_t n,
                        size_t *ret_position);

#endif
