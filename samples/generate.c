/* dikuai-samples: invented land data of a county or a province, in the formats that bureaus have. */
#include "samples/generate.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <errno.h>
#include <gdal.h>
#include <getopt.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef DK_SAMPLE_CATALOGUE
#define DK_SAMPLE_CATALOGUE "samples/dangshan/catalogue.yaml"
#endif
#define MAX_SHAPEFILE_PARCELS 5000000u /* a .dbf of 2 GB */

static const char usage[] =
    "usage: dikuai-samples OUTDIR [--parcels N] [--seed S] [--format shp|gpkg|fgb|geojson] [--encoding gbk|utf8]\n"
    "                      [--county|--province] [--catalogue FILE]\n"
    "\n"
    "Writes invented data (示例数据) into OUTDIR: parcels, zones and mining rights, their ledgers and a catalogue, to "
    "be\n"
    "loaded with samples/load. The same arguments give the same bytes.\n"
    "\n"
    "  --parcels N      how many parcels (1200). Above 100,000, one in ten has a row in the compensation ledger\n"
    "                   and not each several; above 10,000 projects the sheets of approvals and notices are CSV\n"
    "  --seed S         another number gives another county (1)\n"
    "  --format F       of all three layers. Without it: parcels and mining as Shapefile, zones as GeoPackage\n"
    "  --encoding E     of Shapefiles and of the compensation ledger: gbk (without .cpg, as old tools leave it) or "
    "utf8\n"
    "  --county         inside 砀山县 (the default); --province inside Anhui, for many millions of parcels\n"
    "  --catalogue FILE the catalogue to copy (the sample county's)\n";

bool gen_path(char *path, size_t size, const gen_options *options, const char *name, const char *extension)
{
    const int n = snprintf(path, size, "%s/%s.%s", options->folder, name, extension);
    return (n > 0 && (size_t)n < size) || gen_fail("%s: the path is too long", options->folder);
}

/* Reads a number of one argument; false: it is none. */
static bool read_number(const char *text, uint64_t most, uint64_t *ret)
{
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || number > most)
        return false;
    *ret = number;
    return true;
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size;
    if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0 &&
        (text = malloc((size_t)size + 1)) != NULL) {
        if (fread(text, 1, (size_t)size, file) == (size_t)size) {
            text[size] = 0;
        } else {
            free(text);
            text = NULL;
        }
    }
    if (file)
        fclose(file);
    if (!text)
        gen_fail("%s: the catalogue could not be read: give --catalogue FILE", path);
    return text;
}

/* The line of the text that begins with start; length of it, without its end, in *ret_length. */
static const char *find_line(const char *text, const char *start, size_t *ret_length)
{
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, start, strlen(start)) == 0) {
            *ret_length = strcspn(line, "\n");
            return line;
        }
    return NULL;
}

/* A province needs another title and extent, and its own divisions, which come last in the file. */
static bool write_province(FILE *file, const char *text, const char *origin)
{
    size_t title_length, extent_length, divisions_length;
    const char *title = find_line(text, "title: ", &title_length),
               *extent = find_line(text, "extent: ", &extent_length),
               *divisions = find_line(text, "divisions:", &divisions_length);
    if (!title || !extent || !divisions || title > extent || extent > divisions)
        return gen_fail("%s: must have title, extent and, after all else, divisions, each at the start of a line",
                        origin);
    fwrite(text, 1, (size_t)(title - text), file);
    fputs("title: 安徽省征地信息公开平台（示例数据）", file);
    fwrite(title + title_length, 1, (size_t)(extent - title) - title_length, file);
    fputs("extent: [114.50, 29.00, 120.00, 35.00]", file);
    fwrite(extent + extent_length, 1, (size_t)(divisions - extent) - extent_length, file);
    fputs("divisions:\n", file);
    for (size_t i = 0; i < gen_n_counties; i++)
        fprintf(file, "  - {code: '%s', name: %s}\n", gen_counties[i].division.code, gen_counties[i].division.name);
    return true;
}

/* Appends the files of the calendars as further documents, so that the folder stands alone wherever it lies. */
static bool write_calendars(FILE *file, const char *text, const char *origin)
{
    size_t length;
    const char *line = find_line(text, "calendars:", &length), *slash = strrchr(origin, '/');
    if (strstr(text, "\n---") != NULL) /* they are there */
        return true;
    while (line && (line = strchr(line, '\n')) != NULL && line[1] == ' ') {
        line++;
        const char *name = strstr(line, "file: "), *end = line + strcspn(line, "\n");
        if (!name || name > end)
            continue;
        name += strlen("file: ");
        char path[4096];
        snprintf(path, sizeof path, "%.*s%.*s", slash ? (int)(slash - origin) + 1 : 0, origin,
                 (int)strcspn(name, "} \n"), name);
        char *calendar = read_text(path);
        if (!calendar)
            return false;
        fprintf(file, "---\n%s", calendar);
        free(calendar);
    }
    return true;
}

/* The sample county's own folder keeps its catalogue as it is. */
static bool is_same_file(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static bool write_catalogue(const gen_options *options)
{
    char path[4096];
    if (!gen_path(path, sizeof path, options, "catalogue", "yaml"))
        return false;
    if (is_same_file(path, options->catalogue))
        return true;
    char *text = read_text(options->catalogue);
    if (!text)
        return false;
    FILE *file = fopen(path, "wb");
    bool ok = file != NULL;
    if (ok && options->region.province)
        ok = write_province(file, text, options->catalogue);
    else if (ok)
        fputs(text, file);
    ok = ok && write_calendars(file, text, options->catalogue);
    if (file && (ferror(file) | fclose(file)))
        ok = false;
    free(text);
    return ok || gen_fail("%s: could not be written", path);
}

static bool read_format(const char *text, gen_format *ret)
{
    for (int f = GEN_SHAPEFILE; f <= GEN_GEOJSON; f++)
        if (strcmp(text, gen_format_extension((gen_format)f)) == 0) {
            *ret = (gen_format)f;
            return true;
        }
    return false;
}

/* 0: go on; else the exit code plus one. */
static int read_arguments(int argc, char **argv, gen_options *options)
{
    static const struct option long_options[] = {{"parcels", required_argument, NULL, 'n'},
                                                 {"seed", required_argument, NULL, 's'},
                                                 {"format", required_argument, NULL, 'f'},
                                                 {"encoding", required_argument, NULL, 'e'},
                                                 {"county", no_argument, NULL, 'c'},
                                                 {"province", no_argument, NULL, 'p'},
                                                 {"catalogue", required_argument, NULL, 'k'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    bool province = false, format_given = false;
    gen_format format = GEN_SHAPEFILE;
    *options = (gen_options){.catalogue = DK_SAMPLE_CATALOGUE, .parcels = 1200, .seed = 1, .gbk = true};
    int which = 0;
    for (int c; (c = getopt_long(argc, argv, "", long_options, &which)) != -1;) {
        bool ok = true;
        switch (c) {
        case 'n':
            ok = read_number(optarg, 200000000, &options->parcels) && options->parcels > 0;
            break;
        case 's':
            ok = read_number(optarg, UINT32_MAX, &options->seed);
            break;
        case 'f':
            ok = format_given = read_format(optarg, &format);
            break;
        case 'e':
            options->gbk = strcmp(optarg, "gbk") == 0;
            ok = options->gbk || strcmp(optarg, "utf8") == 0;
            break;
        case 'c':
            province = false;
            break;
        case 'p':
            province = true;
            break;
        case 'k':
            options->catalogue = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return 1;
        default:
            fputs(usage, stderr);
            return 3;
        }
        if (!ok) {
            gen_fail("--%s %s: this is none of its values; see samples/generate --help", long_options[which].name,
                     optarg);
            return 3;
        }
    }
    if (optind + 1 != argc) {
        gen_fail("give one folder to write to\n%s", usage);
        return 3;
    }
    options->folder = argv[optind];
    options->parcel_format = options->mining_format = format;
    options->zone_format = format_given ? format : GEN_GEOPACKAGE;
    options->lying_cpg = options->gbk && format == GEN_SHAPEFILE;
    gen_region_init(&options->region, province, options->seed);
    if (format == GEN_SHAPEFILE && options->parcels > MAX_SHAPEFILE_PARCELS) {
        gen_fail("a Shapefile holds at most 2 GB, about %u parcels: use --format fgb or gpkg", MAX_SHAPEFILE_PARCELS);
        return 3;
    }
    return 0;
}

int main(int argc, char **argv)
{
    gen_options options;
    const int stop = read_arguments(argc, argv, &options);
    if (stop)
        return stop - 1;
    if (mkdir(options.folder, 0777) != 0 && errno != EEXIST) {
        gen_fail("%s: could not be made: %s", options.folder, strerror(errno));
        return 1;
    }
    CPLSetErrorHandler(CPLQuietErrorHandler); /* every failure is reported with its file by gen_fail */
    CPLSetConfigOption("OGR_CURRENT_DATE", "2024-01-01T00:00:00.000Z"); /* a GeoPackage's last_change */
    CPLSetConfigOption("OGR_SQLITE_SYNCHRONOUS", "OFF");
    GDALAllRegister();
    gen_counts counts = {0};
    const bool ok = write_catalogue(&options) && gen_write_parcels(&options, &counts) &&
                    gen_write_zones(&options, &counts) && gen_write_mining(&options, &counts) &&
                    gen_write_policies(&options);
    OSRCleanup();
    GDALDestroyDriverManager();
    if (!ok)
        return 1;
    printf("%s: %llu parcels of %llu projects, %llu approvals, %llu notices, %llu compensation rows, %llu zones, %llu "
           "mining rights\n",
           options.folder, (unsigned long long)counts.parcels, (unsigned long long)counts.projects,
           (unsigned long long)counts.approvals, (unsigned long long)counts.notices,
           (unsigned long long)counts.compensations, (unsigned long long)counts.zones,
           (unsigned long long)counts.mining);
    return 0;
}
