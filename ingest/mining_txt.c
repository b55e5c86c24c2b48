#include "ingest/mining_txt.h"

#include "ingest/zones.h"
#include "store/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MOST_VALUE_BYTES = 1 << 20,  /* of a right */
    MOST_CORNER_BYTES = 4 << 20, /* of its lines XY */
    NAMED_REPEATS = 5
};

/* A line XY: places of its texts in `texts`. */
typedef struct corner {
    int64_t line;
    bool ends_ring;
    size_t fields[4];
} corner;

struct dk_mining_txt {
    dk_text_lines *lines;
    char *path;
    bool scanning;
    char *keys[DK_MINING_TXT_MAX_KEYS];
    size_t n_keys;

    /* the right under way */
    bool in_right;
    int64_t begin; /* a section mark of 登记项目 was read: the line of the next right; 0: none */
    int64_t line;
    size_t values_at[DK_MINING_TXT_MAX_KEYS]; /* places in `values` */
    const char *values_out[DK_MINING_TXT_MAX_KEYS];
    dk_buf values, texts, folded;
    corner *corners;
    size_t n_corners, corners_capacity;
    dk_mining_line *given;
    size_t given_capacity;
    int64_t said_lines, next_number;
    bool says_lines;
    char system[96];
    char problem[700];

    /* what all of it shows */
    int64_t n_rights, n_uncounted;
    int epsg;
    bool epsg_old;
    char epsg_problem[300];
    int64_t not_understood_line;
    int64_t n_repeats;
    dk_buf repeats, notes;
};

/* ---- texts ---- */

/* A right's first problem is the one that is told. */
static void problem(dk_mining_txt *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void problem(dk_mining_txt *t, const char *format, ...)
{
    va_list args;
    if (t->problem[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(t->problem, sizeof t->problem, format, args);
    va_end(args);
}

static int shown(const char *text)
{
    size_t size = strnlen(text, 41);
    if (size > 40)
        for (size = 40; size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80;)
            size--;
    return (int)size;
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
        text[--size] = '\0';
    return text;
}

/* XY001: its number; -1: the key is another. */
static int64_t corner_number(const char *key)
{
    if (strncasecmp(key, "XY", 2) != 0)
        return -1;
    const size_t digits = strspn(key + 2, "0123456789");
    if (digits == 0 || digits > 9 || key[2 + digits] != '\0')
        return -1;
    return strtoll(key + 2, NULL, 10);
}

static bool is_system_key(const char *key)
{
    return strcmp(key, "坐标系统") == 0 || strcmp(key, "坐标系") == 0;
}

static bool is_count_key(const char *key)
{
    return strstr(key, "拐点坐标") != NULL && strstr(key, "总行数") != NULL;
}

/* Keeps a text in a buffer with its NUL; its place. */
static size_t keep(dk_buf *in, const char *text)
{
    const size_t at = in->size;
    dk_buf_append(in, text, strlen(text) + 1);
    return at;
}

static dk_status no_memory(const dk_mining_txt *t, dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "%s: out of memory", t->path);
}

/* ---- telling the forms apart ---- */

typedef enum form { FORM_UNKNOWN, FORM_MINING, FORM_SURVEY } form;

/* text: tidied. */
static form form_of(char *text)
{
    const size_t size = strlen(text);
    if (size == 0)
        return FORM_UNKNOWN;
    if (text[0] == '[' || strncmp(text, "【", strlen("【")) == 0) {
        if (strstr(text, "登记项目") != NULL)
            return FORM_MINING;
        return strstr(text, "属性描述") != NULL || strstr(text, "地块坐标") != NULL ? FORM_SURVEY : FORM_UNKNOWN;
    }
    if (text[size - 1] == '@')
        return FORM_SURVEY;
    char *equals = strchr(text, '=');
    if (equals == NULL)
        return FORM_UNKNOWN;
    *equals = '\0';
    const char *key = trim(text);
    return corner_number(key) >= 0 || is_count_key(key) ? FORM_MINING : FORM_UNKNOWN;
}

bool dk_mining_txt_is(const char *path, const dk_encoding *encoding)
{
    dk_text_lines *lines = NULL;
    dk_text_line line;
    dk_buf folded;
    form found = FORM_UNKNOWN;
    if (dk_text_lines_open(path, encoding, &lines, NULL) != DK_OK)
        return false;
    dk_buf_init(&folded);
    while (found == FORM_UNKNOWN && dk_text_lines_next(lines, &line, NULL) == DK_OK) {
        dk_buf_clear(&folded);
        dk_text_line_unquote(&line);
        dk_text_tidy(line.text, line.size, &folded);
        if (dk_buf_cstr(&folded) == NULL)
            break;
        found = form_of((char *)folded.data);
    }
    dk_buf_finish(&folded);
    dk_text_lines_close(lines);
    return found == FORM_MINING;
}

/* ---- lines ---- */

static void begin_right(dk_mining_txt *t, int64_t line)
{
    t->in_right = true;
    t->line = line;
    t->begin = 0;
    t->n_corners = 0;
    t->next_number = 0;
    t->says_lines = false;
    t->system[0] = t->problem[0] = '\0';
    memset(t->values_at, 0, sizeof t->values_at);
    dk_buf_clear(&t->values);
    dk_buf_byte(&t->values, 0); /* "" */
    dk_buf_clear(&t->texts);
    dk_buf_byte(&t->texts, 0);
}

/* *ret_key: its index. A new one is added in the first reading; the second knows them all. */
static dk_status find_key(dk_mining_txt *t, const char *key, int64_t line, size_t *ret_key, dk_error *err)
{
    for (*ret_key = 0; *ret_key < t->n_keys; ++*ret_key)
        if (strcmp(t->keys[*ret_key], key) == 0)
            return DK_OK;
    if (t->n_keys == DK_MINING_TXT_MAX_KEYS)
        return dk_fail(err, DK_LIMIT, "%s, line %lld: the file has more than %d keys", t->path, (long long)line,
                       DK_MINING_TXT_MAX_KEYS);
    t->keys[t->n_keys] = strdup(key);
    if (t->keys[t->n_keys] == NULL)
        return no_memory(t, err);
    t->n_keys++;
    return DK_OK;
}

static dk_status take_value(dk_mining_txt *t, const char *key, const char *value, const dk_text_line *line,
                            dk_error *err)
{
    size_t k;
    if (value[0] == '\0')
        return DK_OK;
    const dk_status status = find_key(t, key, line->number, &k, err);
    if (status != DK_OK)
        return status;
    if (line->undecodable)
        problem(t, "line %lld: its bytes are not text in %s; correct them, or say which encoding it is with --encoding",
                (long long)line->number, dk_encoding_name(dk_mining_txt_encoding(t)));
    if (t->values_at[k] != 0) {
        if (strcmp((const char *)t->values.data + t->values_at[k], value) != 0 && !t->scanning &&
            t->n_repeats++ < NAMED_REPEATS)
            dk_buf_format(&t->repeats, "line %lld: %.*s stands a second time with another value; the first was kept\n",
                          (long long)line->number, shown(key), key);
        return DK_OK;
    }
    if (t->values.size + strlen(value) > MOST_VALUE_BYTES)
        return dk_fail(err, DK_LIMIT, "%s, line %lld: the values of one right are more than 1 MiB", t->path,
                       (long long)line->number);
    t->values_at[k] = keep(&t->values, value);
    return DK_OK;
}

/* A line of 标高: 标高,上,下,描述,flag, where the description may have commas in it. */
static void take_heights(dk_mining_txt *t, char *value, corner *ret)
{
    char empty[] = "";
    char *fields[4] = {empty, empty, empty, empty};
    char *at = strchr(value, ',');
    for (int i = 0; i < 2 && at != NULL; i++) {
        fields[i] = at + 1;
        *at = '\0';
        at = strchr(fields[i], ',');
    }
    if (at != NULL) {
        *at = '\0';
        fields[2] = at + 1;
        char *last = strrchr(fields[2], ',');
        if (last != NULL && *trim(last + 1) == '\0') { /* a comma at the end */
            *last = '\0';
            last = strrchr(fields[2], ',');
        }
        if (last != NULL) {
            *last = '\0';
            fields[3] = last + 1;
        }
    }
    ret->ends_ring = true;
    for (size_t i = 0; i < 4; i++)
        ret->fields[i] = keep(&t->texts, trim(fields[i]));
}

/* value: tidied. */
static dk_status take_corner(dk_mining_txt *t, int64_t number, char *value, const dk_text_line *line, dk_error *err)
{
    corner made = {.line = line->number};
    if (line->undecodable)
        problem(t, "line %lld: its bytes are not text in %s; correct them, or say which encoding it is with --encoding",
                (long long)line->number, dk_encoding_name(dk_mining_txt_encoding(t)));
    if (t->n_corners == DK_MINING_TXT_MAX_LINES || t->texts.size + strlen(value) > MOST_CORNER_BYTES) {
        problem(t, "line %lld: it has more than %d lines of corner points, or more than 4 MiB of them",
                (long long)line->number, DK_MINING_TXT_MAX_LINES);
        return DK_OK;
    }
    if (t->next_number > 0 && number != t->next_number)
        problem(t, "line %lld: XY%03lld follows on XY%03lld; is a line missing, or there twice?",
                (long long)line->number, (long long)number, (long long)t->next_number - 1);
    t->next_number = number + 1;
    if (strncmp(value, "标高", strlen("标高")) == 0) {
        take_heights(t, value, &made);
    } else {
        char *second = strchr(value, ',');
        char *third = second != NULL ? strchr(second + 1, ',') : NULL;
        char *more = third != NULL ? strchr(third + 1, ',') : NULL;
        if (third == NULL || (more != NULL && *trim(more + 1) != '\0')) {
            problem(t, "line %lld: \"%.*s\" is neither 点号,X,Y nor 标高,上标高,下标高,描述,flag",
                    (long long)line->number, shown(value), value);
            return DK_OK;
        }
        *second = *third = '\0';
        if (more != NULL)
            *more = '\0';
        made.fields[0] = keep(&t->texts, trim(value));
        made.fields[1] = keep(&t->texts, trim(second + 1));
        made.fields[2] = keep(&t->texts, trim(third + 1));
    }
    if (!dk_grow(&t->corners, &t->corners_capacity, t->n_corners + 1, sizeof *t->corners))
        return no_memory(t, err);
    t->corners[t->n_corners++] = made;
    return DK_OK;
}

static void take_count(dk_mining_txt *t, const char *value, int64_t line)
{
    const size_t digits = strspn(value, "0123456789");
    t->says_lines = digits > 0 && digits < 10 && value[digits] == '\0';
    t->said_lines = t->says_lines ? strtoll(value, NULL, 10) : 0;
    if (!t->says_lines && value[0] != '\0')
        problem(t, "line %lld: the number of lines is \"%.*s\"", (long long)line, shown(value), value);
}

/* One line. *ret_ended: it ends the right under way. */
static dk_status take_line(dk_mining_txt *t, const dk_text_line *line, bool *ret_ended, dk_error *err)
{
    dk_buf_clear(&t->folded);
    dk_text_tidy(line->text, line->size, &t->folded);
    if (dk_buf_cstr(&t->folded) == NULL)
        return no_memory(t, err);
    char *text = (char *)t->folded.data;
    if (text[0] == '\0' || text[0] == '*')
        return DK_OK;
    if (text[0] == '[' || strncmp(text, "【", strlen("【")) == 0) {
        if (strstr(text, "登记项目") != NULL) {
            t->begin = line->number;
            *ret_ended = t->in_right;
        }
        return DK_OK;
    }
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        if (strstr(text, "拐点坐标") == NULL && t->not_understood_line == 0)
            t->not_understood_line = line->number;
        return DK_OK;
    }
    if (!t->in_right)
        begin_right(t, t->begin > 0 ? t->begin : line->number);
    *equals = '\0';
    const char *key = trim(text);
    char *value = trim(equals + 1);
    const int64_t number = corner_number(key);
    if (number >= 0)
        return take_corner(t, number, value, line, err);
    if (is_count_key(key))
        take_count(t, value, line->number);
    else if (is_system_key(key))
        snprintf(t->system, sizeof t->system, "%.*s", shown(value), value);
    else if (key[0] != '\0')
        return take_value(t, key, value, line, err);
    return DK_OK;
}

/* ---- a whole right ---- */

/* What 坐标系统 says. 2 is what the software writes for Xian 1980; what it writes for others is not known. */
static const dk_zone_family *family_of(const char *system)
{
    const dk_zone_family *named = dk_zone_family_named(strcmp(system, "2") == 0 ? "80" : system);
    return named;
}

static int system_of(const dk_mining_txt *t, const dk_mining_boundary *boundary, char *ret_problem, size_t size)
{
    const dk_zone_family *family = family_of(t->system);
    if (family == NULL) {
        if (t->system[0] == '\0')
            snprintf(ret_problem, size,
                     "the right of line %lld does not say 坐标系统; say it with --crs, EPSG:4490 for CGCS2000 in "
                     "degrees or with the zone before the eastings",
                     (long long)t->line);
        else
            snprintf(ret_problem, size,
                     "坐标系统=%s of the right of line %lld is not known; say what it is with --crs, EPSG:4490 for "
                     "CGCS2000 in degrees or with the zone before the eastings",
                     t->system, (long long)t->line);
        return 0;
    }
    if (boundary->degrees)
        return family->geographic;
    if (dk_zone_band(boundary->zone) != 0)
        return dk_zone_epsg(family, boundary->zone, true);
    snprintf(ret_problem, size,
             "the eastings of the right of line %lld do not begin with a zone of China; say it with --crs, for example "
             "--crs EPSG:%d (%s, 3 degrees, central meridian 117°E)",
             (long long)t->line, dk_zone_epsg(family, 39, false), family->name);
    return family == &dk_cgcs2000 ? 0 : family->geographic; /* an old datum is refused by its name */
}

static dk_status read_boundary(dk_mining_txt *t, dk_mining_boundary *boundary, dk_error *err)
{
    dk_error why = {0};
    if (t->texts.failed || !dk_grow(&t->given, &t->given_capacity, t->n_corners + 1, sizeof *t->given))
        return no_memory(t, err);
    for (size_t i = 0; i < t->n_corners; i++) {
        t->given[i] = (dk_mining_line){.number = t->corners[i].line, .ends_ring = t->corners[i].ends_ring};
        for (size_t k = 0; k < 4; k++)
            t->given[i].fields[k] = (const char *)t->texts.data + t->corners[i].fields[k];
    }
    const dk_status status = dk_mining_from_lines(t->given, t->n_corners, boundary, &why);
    if (status == DK_NOMEM)
        return no_memory(t, err);
    if (status != DK_OK)
        problem(t, "%.600s", why.text);
    return DK_OK;
}

static dk_status end_right(dk_mining_txt *t, dk_mining_boundary *boundary, dk_mining_right *right, dk_error *err)
{
    *right = (dk_mining_right){.line = t->line, .values = t->values_out};
    t->in_right = false;
    if (t->says_lines && t->said_lines != (int64_t)t->n_corners)
        problem(t, "it says %lld lines of corner points, and has %zu; is one missing or too many?",
                (long long)t->said_lines, t->n_corners);
    t->n_uncounted += !t->says_lines && !t->scanning;
    const dk_status status = t->problem[0] == '\0' ? read_boundary(t, boundary, err) : DK_OK;
    if (status != DK_OK)
        return status;
    if (t->problem[0] == '\0')
        right->epsg = system_of(t, boundary, right->system_problem, sizeof right->system_problem);
    if (dk_buf_cstr(&t->values) == NULL)
        return no_memory(t, err);
    for (size_t i = 0; i < t->n_keys; i++)
        t->values_out[i] = (const char *)t->values.data + t->values_at[i];
    right->problem = t->problem[0] != '\0' ? t->problem : NULL;
    return DK_OK;
}

dk_status dk_mining_txt_next(dk_mining_txt *t, dk_mining_boundary *boundary, dk_mining_right *ret_right, dk_error *err)
{
    bool ended = false;
    dk_text_line line;
    while (!ended) {
        dk_status status = dk_text_lines_next(t->lines, &line, err);
        if (status == DK_END && t->in_right)
            break;
        if (status == DK_OK)
            dk_text_line_unquote(&line);
        if (status == DK_OK)
            status = take_line(t, &line, &ended, err);
        if (status != DK_OK)
            return status;
    }
    return end_right(t, boundary, ret_right, err);
}

/* ---- the two readings ---- */

static void count_right(dk_mining_txt *t, const dk_mining_right *right)
{
    t->n_rights++;
    if (right->problem != NULL)
        return;
    const bool old = right->epsg != 0 && family_of(t->system) != &dk_cgcs2000;
    if (right->epsg != 0 && (t->epsg == 0 || (old && !t->epsg_old))) {
        t->epsg = right->epsg;
        t->epsg_old = old;
    }
    if (right->system_problem[0] != '\0' && t->epsg_problem[0] == '\0')
        memcpy(t->epsg_problem, right->system_problem, sizeof t->epsg_problem);
}

static dk_status scan(dk_mining_txt *t, dk_error *err)
{
    dk_mining_boundary boundary;
    dk_mining_right right;
    dk_status status;
    dk_mining_boundary_init(&boundary);
    t->scanning = true;
    while ((status = dk_mining_txt_next(t, &boundary, &right, err)) == DK_OK)
        count_right(t, &right);
    dk_mining_boundary_finish(&boundary);
    if (status != DK_END)
        return status;
    if (t->n_rights == 0)
        return dk_fail(err, DK_INVALID, "%s: the 报盘 TXT has no mining right in it", t->path);
    if (t->epsg_problem[0] != '\0' && !t->epsg_old)
        t->epsg = 0;
    else if (t->epsg == 0)
        t->epsg = dk_cgcs2000.geographic; /* every right has its own problem: this one is not needed */
    t->scanning = false;
    t->begin = 0;
    return dk_text_lines_rewind(t->lines, err);
}

static dk_status start(dk_text_lines *lines, const char *path, dk_mining_txt **ret_txt, dk_error *err)
{
    dk_mining_txt *t = calloc(1, sizeof *t);
    if (t == NULL) {
        dk_text_lines_close(lines);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    t->lines = lines;
    dk_buf_init(&t->values);
    dk_buf_init(&t->texts);
    dk_buf_init(&t->folded);
    dk_buf_init(&t->repeats);
    dk_buf_init(&t->notes);
    t->path = strdup(path);
    const dk_status status = t->path == NULL ? dk_fail(err, DK_NOMEM, "%s: out of memory", path) : scan(t, err);
    if (status != DK_OK)
        dk_mining_txt_close(t);
    else
        *ret_txt = t;
    return status;
}

dk_status dk_mining_txt_open(const char *path, const dk_encoding *encoding, dk_mining_txt **ret_txt, dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open(path, encoding, &lines, err);
    return status == DK_OK ? start(lines, path, ret_txt, err) : status;
}

dk_status dk_mining_txt_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_mining_txt **ret_txt,
                                    dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open_memory(data, size, encoding, &lines, err);
    return status == DK_OK ? start(lines, "(memory)", ret_txt, err) : status;
}

void dk_mining_txt_close(dk_mining_txt *t)
{
    if (t == NULL)
        return;
    dk_text_lines_close(t->lines);
    for (size_t i = 0; i < t->n_keys; i++)
        free(t->keys[i]);
    dk_buf_finish(&t->values);
    dk_buf_finish(&t->texts);
    dk_buf_finish(&t->folded);
    dk_buf_finish(&t->repeats);
    dk_buf_finish(&t->notes);
    free(t->corners);
    free(t->given);
    free(t->path);
    free(t);
}

size_t dk_mining_txt_keys(const dk_mining_txt *t, const char *const **ret_keys)
{
    *ret_keys = (const char *const *)t->keys;
    return t->n_keys;
}

dk_encoding dk_mining_txt_encoding(const dk_mining_txt *t)
{
    return dk_text_lines_encoding(t->lines);
}

bool dk_mining_txt_either(const dk_mining_txt *t)
{
    return dk_text_lines_either(t->lines);
}

int64_t dk_mining_txt_rights(const dk_mining_txt *t)
{
    return t->n_rights;
}

int dk_mining_txt_epsg(const dk_mining_txt *t, const char **ret_problem)
{
    *ret_problem = t->epsg_problem[0] != '\0' && (t->epsg == 0 || t->epsg_old) ? t->epsg_problem : NULL;
    return t->epsg;
}

const char *dk_mining_txt_notes(dk_mining_txt *t)
{
    dk_buf_clear(&t->notes);
    dk_buf_append(&t->notes, t->repeats.data, t->repeats.size);
    if (t->n_repeats > NAMED_REPEATS)
        dk_buf_format(&t->notes, "and %lld more values that stand a second time\n",
                      (long long)(t->n_repeats - NAMED_REPEATS));
    if (t->n_uncounted > 0)
        dk_buf_format(&t->notes,
                      "%lld rights do not say how many lines of corner points they have, so that a missing one would "
                      "not be seen\n",
                      (long long)t->n_uncounted);
    if (t->not_understood_line > 0)
        dk_buf_format(&t->notes, "line %lld, and perhaps others, was not understood and left out\n",
                      (long long)t->not_understood_line);
    const char *text = dk_buf_cstr(&t->notes);
    return text != NULL ? text : "";
}
