/* The parts of a data set. Each prints why it failed and returns false. */
#ifndef DK_SAMPLES_GENERATE_H
#define DK_SAMPLES_GENERATE_H

#include "samples/output.h"

typedef struct gen_options {
    const char *folder;
    const char *catalogue; /* file that is copied, for a province with another extent and other divisions */
    uint64_t parcels, seed;
    gen_format parcel_format, zone_format, mining_format;
    bool gbk, lying_cpg;
    gen_region region;
} gen_options;

typedef struct gen_counts {
    uint64_t parcels, projects, approvals, compensations, notices, zones, mining;
} gen_counts;

/* folder/name.extension; false when that is too long. */
bool gen_path(char *path, size_t size, const gen_options *options, const char *name, const char *extension);

/* parcels, projects, approvals, notices, compensation, preexaminations */
bool gen_write_parcels(const gen_options *options, gen_counts *counts);
/* zones and plans; mining and mining_decisions */
bool gen_write_zones(const gen_options *options, gen_counts *counts);
bool gen_write_mining(const gen_options *options, gen_counts *counts);
bool gen_write_policies(const gen_options *options);

#endif
