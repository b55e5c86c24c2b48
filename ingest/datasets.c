#include "ingest/datasets.h"

#include "ingest/archive.h"
#include "ingest/scratch.h"
#include "ingest/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMED 10 /* so many files are named in a sentence */

/* A file in the folder or archive, later a data set. */
typedef struct item {
    char *name;    /* from the folder or archive on */
    char *problem; /* of one that may hold data and cannot be read; NULL: none */
    size_t inner;  /* of a file in an archive: where its name there begins in name */
    uint64_t size; /* bytes */
    dk_format format;
    unsigned rank; /* of a data set: the lowest there is is read; 0: it is none */
    bool archived; /* it is in an archive */
    bool part;     /* of a data set, or of no concern */
    bool missed;   /* it would be read, but for its problem */
} item;

/* A folder, as the system knows it. */
typedef struct folder_id {
    dev_t device;
    ino_t number;
} folder_id;

/* A link to a folder, which is not followed: it may lead in a circle. */
typedef struct folder_link {
    char *name;
    folder_id to;
} folder_link;

struct dk_datasets {
    char *path;
    char *store; /* the store's file, wherever a link to it leads from; NULL: there is none */
    bool is_archive, many;
    item *items;
    size_t n_items, items_capacity;
    folder_id *walked;
    size_t n_walked, walked_capacity;
    folder_link *links;
    size_t n_links, links_capacity;
    dk_dataset *list;
    size_t n_list;
    dk_buf note;
};

static item *add_item(dk_datasets *self, const char *name, size_t size)
{
    if (!dk_grow(&self->items, &self->items_capacity, self->n_items + 1, sizeof *self->items))
        return NULL;
    char *copy = strndup(name, size);
    if (copy == NULL)
        return NULL;
    self->items[self->n_items] = (item){.name = copy};
    return &self->items[self->n_items++];
}

/* ---- names ---- */

static const char *base_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* The part of a name from its last dot on, "" if there is none. */
static const char *ending_of(const char *name)
{
    const char *dot = strrchr(base_of(name), '.');
    return dot ? dot : "";
}

static bool ends_with(const char *name, const char *ending)
{
    const size_t n = strlen(name), m = strlen(ending);
    return n >= m && strcasecmp(name + n - m, ending) == 0;
}

static bool in_list(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcasecmp(text, *list) == 0)
            return true;
    return false;
}

/* Where a folder of that ending stands in a name, the last of several: behind it, or 0. */
static size_t geodatabase_end(const char *name)
{
    size_t end = 0;
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
        if (slash - name > 4 && strncasecmp(slash - 4, ".gdb", 4) == 0)
            end = (size_t)(slash - name);
    return end;
}

/* Whether a folder called X.gdb, from the one at fd on, only holds a geodatabase: programs that unpack 红线.gdb.zip
 * make a folder 红线.gdb with 红线.gdb in it. */
static bool wraps_geodatabase(int at, const char *name)
{
    bool wraps = false, table = false;
    const int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL && fd >= 0)
        close(fd);
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct stat info;
        table |= ends_with(entry->d_name, ".gdbtable");
        wraps |= ends_with(entry->d_name, ".gdb") && fstatat(fd, entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
    }
    if (dir != NULL)
        closedir(dir);
    return wraps && !table;
}

/* Whether a folder is walked, and no data set as a whole. */
static bool is_walked(int at, const char *name)
{
    return !(ends_with(name, ".gdb") || ends_with(name, ".gdb/")) || wraps_geodatabase(at, name);
}

/* Whether two names are the same but for their endings. */
static bool same_stem(const char *a, const char *b)
{
    const size_t n = (size_t)(ending_of(a) - a), m = (size_t)(ending_of(b) - b);
    return *ending_of(a) != '\0' && *ending_of(b) != '\0' && n == m && strncasecmp(a, b, n) == 0;
}

static bool has_sibling(const dk_datasets *self, const item *of, const char *ending)
{
    for (size_t i = 0; i < self->n_items; i++)
        if (same_stem(self->items[i].name, of->name) && strcasecmp(ending_of(self->items[i].name), ending) == 0)
            return true;
    return false;
}

/* What is part of something else, or kept by a program for itself. */
static bool is_part(const dk_datasets *self, const item *of)
{
    static const char *const parts[] = {".shx", ".prj", ".cpg",  ".sbn", ".sbx", ".qix", ".qpj", ".qmd",
                                        ".ain", ".aih", ".atx",  ".ixs", ".mxs", ".lyr", ".qml", ".sld",
                                        ".xsd", ".gfs", ".lock", ".fix", ".ovr", ".ldb", NULL};
    static const char *const own[] = {"Thumbs.db", "desktop.ini", NULL};
    static const struct {
        const char *ending, *whole; /* alone it is something else, as a .dat of coordinates */
    } beside[] = {{".dbf", ".shp"}, {".dbf", ".tab"}, {".dat", ".tab"}, {".map", ".tab"},
                  {".id", ".tab"},  {".ind", ".tab"}, {".mid", ".mif"}};
    const char *base = base_of(of->name), *ending = ending_of(of->name);
    if (base[0] == '.' || strncmp(base, "~$", 2) == 0 || strncmp(of->name, "__MACOSX/", 9) == 0 || in_list(base, own))
        return true;
    if (in_list(ending, parts) || ends_with(base, ".shp.xml") || ends_with(base, ".rejects.csv") ||
        ends_with(base, "-wal") || ends_with(base, "-shm") || ends_with(base, "-journal"))
        return true;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        if (strcasecmp(ending, beside[i].ending) == 0 && has_sibling(self, of, beside[i].whole))
            return true;
    return false;
}

/* Why a file that holds data, or may hold some, is not read; NULL: it is a document or a picture, or nothing is known
 * of it. */
static const char *why_unread(const item *of, bool layer)
{
    static const struct {
        const char *ending, *why;
        bool layers, records; /* of which it is missed */
    } known[] = {
        {".rar", "a RAR archive, which is not looked into; unpack it", true, true},
        {".7z", "a 7z archive, which is not looked into; unpack it", true, true},
        {".gz", "a gzip file, which is not looked into; unpack it", true, true},
        {".tgz", "a gzip file, which is not looked into; unpack it", true, true},
        {".tar", "a tar archive, which is not looked into; unpack it", true, true},
        {".wp", "polygons of MapGIS, which are not read; save them as a shapefile", true, false},
        {".e00", "an Arc/Info export, which is not read; save it as a shapefile", true, false},
        {".et", "a WPS sheet, which is not read; save it as XLSX", false, true},
        {".accdb", "a database of Access 2007 or later, which is not read; export its tables as XLSX", false, true}};
    const char *ending = ending_of(of->name);
    if (strcasecmp(ending, ".zip") == 0)
        return of->archived ? "a ZIP in a ZIP, which is not looked into; unpack it"
                            : "the file is empty; copy it again";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(ending, known[i].ending) == 0 && (layer ? known[i].layers : known[i].records))
            return known[i].why;
    return NULL;
}

static unsigned rank_of(dk_format format, bool layer, bool all)
{
    switch (format) {
    case DK_FORMAT_SHEET:
        return layer ? all ? 4 : 0
                     : 1; /* its rows may have outlines as texts; else, beside a layer, it is other data */
    case DK_FORMAT_DBF:
        return layer ? 0 : 1; /* no geometry: alone a mistake to be named */
    case DK_FORMAT_CSV:
        return layer ? 3 : 1;
    case DK_FORMAT_SURVEY_TXT:
        return layer ? 2 : 3; /* below, as a text may be a note on the data beside it */
    case DK_FORMAT_DWG:
        return 4; /* below, as it may be of a version that is not read */
    default:
        return layer ? 1 : 2;
    }
}

/* ---- what there is ---- */

static char *join(const char *folder, const char *name)
{
    char *path = NULL;
    const size_t size = strlen(folder);
    return asprintf(&path, "%s%s%s", folder, size > 0 && folder[size - 1] == '/' ? "" : "/", name) < 0 ? NULL : path;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Which of two files of one name is meant, nothing tells. */
static dk_status check_names(const char *path, const dk_archive *archive, dk_error *err)
{
    const dk_archive_entry *entries;
    const size_t n = dk_archive_entries(archive, &entries);
    dk_status status = DK_OK;
    const char **names = calloc(n + 1, sizeof *names);
    if (names == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    for (size_t i = 0; i < n; i++)
        names[i] = entries[i].name;
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n && status == DK_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status =
                dk_fail(err, DK_INVALID, "%s: %s: there are two of this name in it; unpack it and give what is needed",
                        path, names[i]);
    free(names);
    return status;
}

/* The files of an archive, prefix before their names ("" or "资料.zip"). A geodatabase is one item. */
static dk_status list_archive(dk_datasets *self, const dk_archive *archive, const char *prefix, dk_error *err)
{
    const dk_archive_entry *entries;
    const size_t n = dk_archive_entries(archive, &entries);
    dk_status status = DK_OK;
    for (size_t i = 0; i < n && status == DK_OK; i++) {
        char *name = *prefix != '\0' ? join(prefix, entries[i].name) : strdup(entries[i].name);
        size_t end = name != NULL ? geodatabase_end(name) : 0;
        bool known = false;
        for (size_t k = self->n_items; end > 0 && k-- > 0 && !known;) {
            known = strlen(self->items[k].name) == end && memcmp(self->items[k].name, name, end) == 0;
            self->items[k].size += known ? entries[i].size : 0;
        }
        item *added = NULL;
        if (self->n_items == DK_FOLDER_MAX_FILES)
            status = dk_fail(err, DK_LIMIT, "%s: more than %d files are in it; give one part of it after the other",
                             self->path, DK_FOLDER_MAX_FILES);
        else if (name == NULL || (!known && (added = add_item(self, name, end > 0 ? end : strlen(name))) == NULL))
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
        if (added != NULL) {
            added->archived = true;
            added->inner = *prefix != '\0' ? strlen(prefix) + 1 : 0;
            added->size = entries[i].size;
        }
        free(name);
    }
    return status;
}

/* Something that cannot be read; it does not keep others from it. problem names its path. */
static dk_status add_unread(dk_datasets *self, const char *name, const char *problem, dk_error *err)
{
    item *added = add_item(self, name, strlen(name));
    if (added != NULL)
        added->problem = strdup(problem);
    return added != NULL && added->problem != NULL ? DK_OK : dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
}

/* An archive in a folder. One that cannot be read is a data set that cannot be read. */
static dk_status add_archive(dk_datasets *self, const char *name, dk_error *err)
{
    dk_archive *archive = NULL;
    dk_error reason = {0};
    char *path = join(self->path, name);
    if (path == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
    dk_status status = dk_archive_open(path, &archive, &reason);
    if (status == DK_OK)
        status = check_names(path, archive, &reason);
    if (status == DK_OK) {
        status = list_archive(self, archive, name, err);
    } else if (status != DK_NOMEM) {
        status = add_unread(self, name, reason.text, err);
    } else {
        dk_fail(err, status, "%s", reason.text);
    }
    dk_archive_close(archive);
    free(path);
    return status;
}

/* What is kept beside a store. It may be more files than a folder may have, and hide others from the note on what was
 * not read. */
static bool is_of_store(const dk_datasets *self, const char *base)
{
    static const char *const endings[] = {"-wal",        "-shm",        "-journal", "-lock",      ".access",
                                          ".access-wal", ".access-shm", ".log-key", ".documents", NULL};
    const char *name = self->store != NULL ? base_of(self->store) : NULL;
    const size_t size = name != NULL ? strlen(name) : 0;
    return size > 0 && strncmp(base, name, size) == 0 && in_list(base + size, endings);
}

/* A folder that cannot be read, name from self->path on: that itself is the end, one in it is named and left out. */
static dk_status unread_folder(dk_datasets *self, const char *name, int error, dk_error *err)
{
    dk_error reason;
    if (*name == '\0')
        return dk_fail(err, DK_IO, "%s: the folder cannot be read: %s", self->path, strerror(error));
    dk_fail(&reason, DK_IO, "%s/%s: the folder cannot be read: %s; see that this user may read it and go into it",
            self->path, name, strerror(error));
    return add_unread(self, name, reason.text, err);
}

/* What a link leads to that is no file. */
static dk_status add_link(dk_datasets *self, const char *name, const struct stat *to, dk_error *err)
{
    if (ends_with(name, ".gdb")) /* a data set as others are */
        return add_item(self, name, strlen(name)) != NULL ? DK_OK
                                                          : dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
    if (!dk_grow(&self->links, &self->links_capacity, self->n_links + 1, sizeof *self->links) ||
        (self->links[self->n_links].name = strdup(name)) == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
    self->links[self->n_links++].to = (folder_id){to->st_dev, to->st_ino};
    return DK_OK;
}

/* A link that leads nowhere, as to a disk that is not there. */
static dk_status add_dead_link(dk_datasets *self, const char *name, int error, dk_error *err)
{
    dk_error reason;
    dk_format format;
    if (!dk_source_format_of(name, &format) && !ends_with(name, ".zip"))
        return add_item(self, name, strlen(name)) != NULL ? DK_OK
                                                          : dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
    dk_fail(&reason, DK_IO,
            "%s/%s: is a link, and what it leads to cannot be read: %s; bring that back, or remove the link",
            self->path, name, strerror(error));
    return add_unread(self, name, reason.text, err);
}

/* Links to folders that were not walked: what they hold is not read, and is named. */
static dk_status name_links(dk_datasets *self, dk_error *err)
{
    dk_status status = DK_OK;
    dk_buf text;
    dk_buf_init(&text);
    for (size_t i = 0; i < self->n_links && status == DK_OK; i++) {
        const folder_link *link = &self->links[i];
        bool walked = false;
        for (size_t k = 0; k < self->n_walked && !walked; k++)
            walked = self->walked[k].device == link->to.device && self->walked[k].number == link->to.number;
        dk_buf_clear(&text);
        dk_buf_format(&text, "%s (a link to a folder)", link->name);
        if (!walked && (text.failed || add_item(self, (const char *)text.data, text.size) == NULL))
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
    }
    dk_buf_finish(&text);
    return status;
}

static dk_status walk(dk_datasets *self, int fd, dk_buf *prefix, int depth, const char *store, dk_error *err)
{
    dk_status status = DK_OK;
    const size_t before = prefix->size;
    struct stat info, own;
    const bool has_store = store != NULL && stat(store, &own) == 0;
    int error = 0; /* that ends this folder */
    DIR *dir = fdopendir(fd);
    if (dir == NULL || fstat(fd, &info) != 0 ||
        !dk_grow(&self->walked, &self->walked_capacity, self->n_walked + 1, sizeof *self->walked)) {
        error = errno;
        if (dir == NULL)
            close(fd);
        else
            closedir(dir);
        return dk_fail(err, DK_IO, "%s: the folder cannot be read: %s", self->path, strerror(error));
    }
    self->walked[self->n_walked++] = (folder_id){info.st_dev, info.st_ino};
    while (status == DK_OK && error == 0) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            error = errno;
            break;
        }
        const char *base = entry->d_name;
        if (base[0] == '.' || is_of_store(self, base))
            continue;
        if (fstatat(dirfd(dir), base, &info, AT_SYMLINK_NOFOLLOW) != 0) {
            error = errno == ENOENT ? 0 : errno; /* removed meanwhile; else the folder may be listed and not entered */
            continue;
        }
        prefix->size = before;
        dk_buf_format(prefix, "%s%s", before > 0 ? "/" : "", base);
        const char *name = dk_buf_cstr(prefix);
        const bool link = S_ISLNK(info.st_mode), dead = link && fstatat(dirfd(dir), base, &info, 0) != 0;
        if (name == NULL) {
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
        } else if (dead) {
            status = add_dead_link(self, name, errno, err);
        } else if (link && S_ISDIR(info.st_mode)) {
            status = add_link(self, name, &info, err);
        } else if (S_ISDIR(info.st_mode) && is_walked(dirfd(dir), base)) {
            const int below = openat(dirfd(dir), base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (below < 0) {
                status = unread_folder(self, name, errno, err);
            } else if (depth == DK_FOLDER_MAX_DEPTH) {
                status = dk_fail(err, DK_LIMIT, "%s/%s: folders lie too deep in each other; give one further down",
                                 self->path, name);
                close(below);
            } else {
                status = walk(self, below, prefix, depth + 1, store, err);
            }
        } else if (link && !S_ISREG(info.st_mode)) {
            continue; /* to a pipe or device */
        } else if (has_store && info.st_dev == own.st_dev && info.st_ino == own.st_ino) {
            continue;
        } else if (self->n_items == DK_FOLDER_MAX_FILES) {
            status = dk_fail(err, DK_LIMIT, "%s: the folder holds more than %d files; give one further down",
                             self->path, DK_FOLDER_MAX_FILES);
        } else if (ends_with(base, ".zip") && info.st_size > 0) {
            status = add_archive(self, name, err);
        } else {
            item *added = add_item(self, name, prefix->size);
            if (added == NULL)
                status = dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
            else
                added->size = (uint64_t)info.st_size;
        }
    }
    closedir(dir);
    prefix->size = before;
    if (status == DK_OK && error != 0) {
        const char *name = before > 0 ? dk_buf_cstr(prefix) : "";
        status = name != NULL ? unread_folder(self, name, error, err)
                              : dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
    }
    return status;
}

static dk_status list_folder(dk_datasets *self, const char *store, dk_error *err)
{
    dk_buf prefix;
    const int fd = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return dk_fail(err, DK_IO, "%s: the folder cannot be read: %s", self->path, strerror(errno));
    dk_buf_init(&prefix);
    dk_status status = walk(self, fd, &prefix, 0, store, err);
    if (status == DK_OK)
        status = name_links(self, err);
    dk_buf_finish(&prefix);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const item *)a)->name, ((const item *)b)->name);
}

/* ---- which of it ---- */

static void append_name(dk_buf *list, size_t n, const char *name)
{
    if (n < NAMED)
        dk_buf_format(list, "%s%s", n > 0 ? ", " : "", name);
    else if (n == NAMED)
        dk_buf_text(list, " and more");
}

static void name_left(dk_datasets *self, unsigned rank)
{
    size_t n = 0;
    for (size_t i = 0; i < self->n_items; i++)
        if (!self->items[i].part && self->items[i].rank != rank) {
            if (n == 0)
                dk_buf_text(&self->note, "not read of it: ");
            append_name(&self->note, n++, self->items[i].name);
        }
}

/* Sets ranks and leaves in *ret_rank the one to read. inner: the only one, or NULL. */
static dk_status choose(dk_datasets *self, const char *what, const char *inner, const dk_datasets_options *options,
                        unsigned *ret_rank, dk_error *err)
{
    unsigned best = 0;
    const bool layer = options->layer, every = options->all_formats;
    bool mixed = false;
    dk_format format = 0;
    size_t n = 0;
    dk_buf all;
    dk_buf_init(&all);
    dk_status status = DK_OK;
    if (self->n_items > 0)
        qsort(self->items, self->n_items, sizeof *self->items, by_name);
    for (size_t i = 0; i < self->n_items && status == DK_OK; i++) {
        item *at = &self->items[i];
        if (inner != NULL)
            at->rank = strcmp(at->name, inner) == 0 ? 1 : 0;
        else if (dk_source_format_of(at->name, &at->format))
            at->rank = rank_of(at->format, layer, every);
        else if (at->problem != NULL)
            at->rank = 1;
        at->part = inner != NULL || is_part(self, at);
        if (at->part && inner == NULL)
            at->rank = 0;
        const char *why = at->part || at->rank > 0 || at->problem != NULL ? NULL : why_unread(at, layer);
        if (why != NULL && asprintf(&at->problem, "%s/%s: %s", self->path, at->name, why) < 0) {
            at->problem = NULL;
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
        }
        at->missed = why != NULL || (at->problem != NULL && at->rank > 0);
        if (at->rank > 0 && at->format == DK_FORMAT_DWG && at->problem == NULL && inner == NULL &&
            has_sibling(self, at, ".dxf"))
            at->rank = 0; /* the same drawing, which is read from that */
        if (at->rank > 0 && layer && every)
            at->rank = 1;
        if (at->rank > 0 && at->problem == NULL && (best == 0 || at->rank < best))
            best = at->rank;
        if (!at->part)
            append_name(&all, n++, at->name);
    }
    if (status != DK_OK) {
        goto out;
    } else if (best == 0 && inner != NULL) {
        status = dk_fail(err, DK_NOT_FOUND, "%s: there is no %s in this %s", self->path, inner, what);
    } else if (best == 0) {
        const char *names = dk_buf_cstr(&all), *problem = NULL;
        for (size_t i = 0; i < self->n_items && problem == NULL; i++)
            problem = self->items[i].missed ? self->items[i].problem : NULL;
        status = dk_fail(err, DK_INVALID, "%s: the %s holds no %s that can be read%s%s%s%s", self->path, what,
                         layer ? "data with geometry" : "data", n > 0 ? ", only: " : "", names ? names : "",
                         problem != NULL ? "; " : "", problem != NULL ? problem : "");
    }
    dk_buf_clear(&all);
    n = 0;
    for (size_t i = 0; i < self->n_items && best > 0; i++) {
        item *at = &self->items[i];
        at->missed = at->missed && at->rank <= best; /* what would be left aside is not missed */
        if (at->missed)
            at->rank = best;
        if (at->rank != best || at->missed)
            continue;
        mixed = mixed || (n > 0 && at->format != format && !every);
        format = at->format;
        append_name(&all, n++, at->name);
        if (n == 1)
            inner = at->name;
    }
    if (status == DK_OK && mixed) {
        const char *names = dk_buf_cstr(&all);
        status = dk_fail(err, DK_INVALID,
                         "%s: the %s holds data of several formats; choose, for example by %s/%s, or take all with "
                         "--all-formats: %s",
                         self->path, what, self->path, inner, names ? names : "");
    }
out:
    *ret_rank = best;
    dk_buf_finish(&all);
    return status;
}

/* ---- making it ready ---- */

/* Unpacks the files of the data set that is called name in the archive at path. */
static dk_status unpack(const char *path, const char *name, dk_scratch *scratch, dk_error *err)
{
    dk_archive *archive = NULL;
    const dk_archive_entry *entries;
    dk_status status = dk_archive_open(path, &archive, err);
    const size_t n = status == DK_OK ? dk_archive_entries(archive, &entries) : 0;
    for (size_t i = 0; i < n && status == DK_OK; i++) {
        const size_t end = geodatabase_end(entries[i].name);
        const bool wanted = end > 0 ? strlen(name) == end && memcmp(name, entries[i].name, end) == 0
                                    : strcmp(name, entries[i].name) == 0 || same_stem(name, entries[i].name);
        FILE *to = NULL;
        if (wanted)
            status = dk_scratch_file(scratch, entries[i].name, &to, err);
        if (!wanted || status != DK_OK)
            continue;
        status = dk_archive_unpack(archive, &entries[i], to, err);
        if (fclose(to) != 0 && status == DK_OK)
            status = dk_fail(err, DK_FULL,
                             "%s: %s in it cannot be unpacked into the temporary folder (%s); set TMPDIR to "
                             "a folder with room",
                             path, entries[i].name, strerror(errno));
    }
    dk_archive_close(archive);
    return status;
}

dk_status dk_dataset_ready(const dk_dataset *set, dk_scratch **ret_scratch, char **ret_path, dk_error *err)
{
    dk_scratch *scratch = NULL;
    dk_status status = DK_OK;
    if (set->problem != NULL)
        return dk_fail(err, DK_INVALID, "%s", set->problem);
    if (set->archive != NULL && (status = dk_scratch_create(&scratch, err)) == DK_OK)
        status = unpack(set->archive, set->inner, scratch, err);
    char *path = NULL;
    if (status == DK_OK) {
        path = scratch != NULL ? dk_scratch_join(scratch, set->inner) : strdup(set->path);
        if (path == NULL)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", set->shown);
    }
    if (status != DK_OK) {
        dk_scratch_remove(scratch);
        return status;
    }
    *ret_scratch = scratch;
    *ret_path = path;
    return DK_OK;
}

static dk_status make_list(dk_datasets *self, unsigned rank, dk_error *err)
{
    self->list = calloc(self->n_items + 1, sizeof *self->list);
    if (self->list == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
    for (size_t i = 0; i < self->n_items; i++) {
        item *at = &self->items[i];
        if (at->rank != rank)
            continue;
        char *problem = at->problem != NULL ? dk_path_text(at->problem) : NULL; /* it names the path */
        if (at->problem != NULL && problem == NULL)
            return dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
        free(at->problem);
        at->problem = problem;
        dk_dataset *set = &self->list[self->n_list++];
        *set = (dk_dataset){.path = join(self->path, at->name), .size = at->size, .problem = at->problem};
        set->shown = set->path != NULL ? dk_path_text(set->path) : NULL;
        if (at->archived) {
            set->archive = strdup(self->path);
            if (!self->is_archive) {
                free((void *)(uintptr_t)set->archive);
                char *name = strndup(at->name, at->inner - 1);
                set->archive = name != NULL ? join(self->path, name) : NULL;
                free(name);
            }
            set->inner = at->name + at->inner;
        }
        if (set->shown == NULL || (at->archived && set->archive == NULL))
            return dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
    }
    self->many = self->n_list > 1;
    return DK_OK;
}

static dk_status find_in_archive(dk_datasets *self, const char *inner, const dk_datasets_options *options,
                                 dk_error *err)
{
    dk_archive *archive = NULL;
    unsigned rank = 0;
    dk_status status = dk_archive_open(self->path, &archive, err);
    if (status != DK_OK)
        return status;
    status = check_names(self->path, archive, err);
    if (status == DK_OK)
        status = list_archive(self, archive, "", err);
    dk_archive_close(archive);
    self->is_archive = true;
    if (status == DK_OK)
        status = choose(self, "archive", inner, options, &rank, err);
    if (status == DK_OK)
        name_left(self, rank);
    return status == DK_OK ? make_list(self, rank, err) : status;
}

static dk_status find_in_folder(dk_datasets *self, const dk_datasets_options *options, dk_error *err)
{
    unsigned rank = 0;
    self->store = options->store != NULL ? realpath(options->store, NULL) : NULL;
    dk_status status = list_folder(self, options->store, err);
    if (status == DK_OK)
        status = choose(self, "folder", NULL, options, &rank, err);
    if (status == DK_OK)
        name_left(self, rank);
    return status == DK_OK ? make_list(self, rank, err) : status;
}

static bool is_archive(const char *path)
{
    struct stat info;
    return ends_with(path, ".zip") && stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
}

/* Where a path goes on inside an archive: the length of the archive's part, or 0. */
static size_t archive_part(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 || errno != ENOTDIR)
        return 0;
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        char *part = strndup(path, (size_t)(slash - path));
        const bool found = part != NULL && is_archive(part);
        free(part);
        if (found)
            return (size_t)(slash - path);
    }
    return 0;
}

bool dk_datasets_holds(const char *path)
{
    struct stat info;
    return is_archive(path) || archive_part(path) > 0 ||
           (stat(path, &info) == 0 && S_ISDIR(info.st_mode) && is_walked(AT_FDCWD, path));
}

dk_status dk_datasets_find(const char *path, const dk_datasets_options *options, dk_datasets **ret_datasets,
                           dk_error *err)
{
    struct stat info;
    size_t size = strlen(path);
    const size_t outer = size > 0 ? archive_part(path) : 0;
    while (outer == 0 && size > 1 && path[size - 1] == '/')
        size--;
    dk_datasets *self = calloc(1, sizeof *self);
    if (self == NULL || (self->path = strndup(path, outer > 0 ? outer : size)) == NULL) {
        free(self);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    dk_buf_init(&self->note);
    dk_status status = DK_OK;
    if (outer > 0 || is_archive(self->path)) {
        status = find_in_archive(self, outer > 0 ? path + outer + 1 : NULL, options, err);
    } else if (stat(self->path, &info) == 0 && S_ISDIR(info.st_mode) && is_walked(AT_FDCWD, self->path)) {
        status = find_in_folder(self, options, err);
    } else {
        self->list = calloc(1, sizeof *self->list);
        if (self->list == NULL)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        else
            self->list[self->n_list++] =
                (dk_dataset){.path = strdup(self->path),
                             .shown = dk_path_text(self->path),
                             .size = stat(self->path, &info) == 0 ? (uint64_t)info.st_size : 0};
        if (status == DK_OK && (self->list[0].path == NULL || self->list[0].shown == NULL))
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    if (status == DK_OK && dk_buf_cstr(&self->note) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status != DK_OK)
        dk_datasets_free(self);
    else
        *ret_datasets = self;
    return status;
}

size_t dk_datasets_list(const dk_datasets *datasets, const dk_dataset **ret_list)
{
    *ret_list = datasets->list;
    return datasets->n_list;
}

bool dk_datasets_many(const dk_datasets *datasets)
{
    return datasets->many;
}

const char *dk_datasets_note(const dk_datasets *datasets)
{
    return (const char *)datasets->note.data;
}

void dk_datasets_free(dk_datasets *datasets)
{
    if (datasets == NULL)
        return;
    for (size_t i = 0; i < datasets->n_list; i++) {
        free((void *)(uintptr_t)datasets->list[i].path);
        free((void *)(uintptr_t)datasets->list[i].shown);
        free((void *)(uintptr_t)datasets->list[i].archive);
    }
    for (size_t i = 0; i < datasets->n_items; i++) {
        free(datasets->items[i].name);
        free(datasets->items[i].problem);
    }
    for (size_t i = 0; i < datasets->n_links; i++)
        free(datasets->links[i].name);
    free(datasets->links);
    free(datasets->walked);
    free(datasets->store);
    free(datasets->list);
    free(datasets->items);
    dk_buf_finish(&datasets->note);
    free(datasets->path);
    free(datasets);
}
