/* Runs a fuzz target over files and folders given as arguments, so that a corpus is a test without libFuzzer. Each
 * input is also tried cut short and with single bytes changed, by a fixed sequence: cheap, and the same every time. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t n_inputs;

static void try_input(uint8_t *data, size_t size)
{
    LLVMFuzzerTestOneInput(data, size);
    n_inputs++;
    uint64_t state = 88172645463325252u ^ size;
    for (int i = 0; i < 300 && size > 0; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        const size_t at = (size_t)(state % size);
        const uint8_t was = data[at];
        data[at] = (uint8_t)(state >> 32);
        LLVMFuzzerTestOneInput(data, i % 3 ? size : at); /* a third of them also cut at the change */
        data[at] = was;
    }
}

static int try_path(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return 1;
    }
    if (S_ISDIR(info.st_mode)) {
        int status = 0;
        DIR *dir = opendir(path);
        if (dir == NULL)
            return 1;
        for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
            char child[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
            status |= try_path(child);
        }
        closedir(dir);
        return status;
    }
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc((size_t)info.st_size + 1);
    int status = 1;
    if (file != NULL && data != NULL && fread(data, 1, (size_t)info.st_size, file) == (size_t)info.st_size) {
        try_input(data, (size_t)info.st_size);
        status = 0;
    }
    if (file != NULL)
        fclose(file);
    free(data);
    return status;
}

int main(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++)
        status |= try_path(argv[i]);
    if (n_inputs == 0) {
        fprintf(stderr, "no inputs: a fuzz test without a corpus tests nothing\n");
        status = 1;
    }
    printf("%zu inputs\n", n_inputs);
    return status;
}
