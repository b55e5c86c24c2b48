#include "ingest/xml_part.h"

#include <cpl_vsi.h>
#include <expat.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 1 << 16,
    MAX_TOKEN = 16 << 20, /* bytes that expat may hold before it says what they are; a cell's text comes in pieces */
    MAX_DEPTH = 256       /* elements within each other; these formats have a dozen */
};
#define MAX_BYTES                                                                                                      \
    (INT64_C(8) << 30) /* of a part, unpacked; a sheet of a million rows and a hundred columns has 4 GB                \
                        */

struct dk_xml_part {
    char *path, *member;
    VSILFILE *file;
    vsi_l_offset size;
    XML_Parser parser;
    dk_xml_calls calls;
    bool suspended, last_given; /* last_given: expat has the last piece already */
    int depth;
    int64_t given;
    dk_status failed;
    char sentence[300];
};

static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL ? colon + 1 : name;
}

const char *dk_xml_attribute(const char **attributes, const char *name)
{
    for (size_t i = 0; attributes[i] != NULL; i += 2)
        if (strcmp(local(attributes[i]), name) == 0)
            return attributes[i + 1];
    return NULL;
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    dk_xml_part *part = user;
    if (++part->depth > MAX_DEPTH)
        dk_xml_part_fail(part, DK_INVALID,
                         "its elements lie within each other without end; it is damaged: save it again");
    if (part->failed == DK_OK)
        part->calls.start(part->calls.user, local(name), attributes);
}

static void on_end(void *user, const XML_Char *name)
{
    dk_xml_part *part = user;
    part->depth--;
    if (part->failed == DK_OK)
        part->calls.end(part->calls.user, local(name));
}

static void on_text(void *user, const XML_Char *text, int size)
{
    dk_xml_part *part = user;
    if (part->failed == DK_OK && part->calls.text != NULL)
        part->calls.text(part->calls.user, text, (size_t)size);
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public_id,
                       int internal)
{
    (void)name, (void)system, (void)public_id, (void)internal;
    dk_xml_part_fail(user, DK_INVALID, "it declares a document type, which no such file has; save it again");
}

dk_status dk_xml_part_open(const char *path, const char *member, const dk_xml_calls *calls, dk_xml_part **ret_part,
                           dk_error *err)
{
    dk_xml_part *part = calloc(1, sizeof *part);
    char *inside = NULL;
    dk_status status = DK_OK;
    if (part == NULL || (part->path = strdup(path)) == NULL || (part->member = strdup(member)) == NULL ||
        asprintf(&inside, "/vsizip/{%s}/%s", path, member) < 0 || (part->parser = XML_ParserCreate(NULL)) == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        goto out;
    }
    part->calls = *calls;
    part->file = VSIFOpenL(inside, "rb");
    if (part->file == NULL) {
        status =
            dk_fail(err, DK_NOT_FOUND, "%s: there is no %s in it; the file is damaged: save it again", path, member);
        goto out;
    }
    VSIStatBufL info;
    if (VSIStatL(inside, &info) != 0) {
        status = dk_fail(err, DK_INVALID, "%s: %s in it cannot be unpacked; the file is damaged: save it again", path,
                         member);
        goto out;
    }
    part->size = (vsi_l_offset)info.st_size;
    XML_SetUserData(part->parser, part);
    XML_SetElementHandler(part->parser, on_start, on_end);
    XML_SetCharacterDataHandler(part->parser, on_text);
    XML_SetStartDoctypeDeclHandler(part->parser, on_doctype);
    *ret_part = part;
    part = NULL;
out:
    free(inside);
    dk_xml_part_close(part);
    return status;
}

void dk_xml_part_close(dk_xml_part *part)
{
    if (part == NULL)
        return;
    if (part->parser != NULL)
        XML_ParserFree(part->parser);
    if (part->file != NULL)
        VSIFCloseL(part->file);
    free(part->path);
    free(part->member);
    free(part);
}

void dk_xml_part_pause(dk_xml_part *part)
{
    if (XML_StopParser(part->parser, XML_TRUE) == XML_STATUS_OK)
        part->suspended = true;
}

void dk_xml_part_fail(dk_xml_part *part, dk_status status, const char *sentence)
{
    if (part->failed != DK_OK)
        return;
    part->failed = status;
    snprintf(part->sentence, sizeof part->sentence, "%s", sentence);
    XML_StopParser(part->parser, XML_FALSE);
}

double dk_xml_part_progress(const dk_xml_part *part)
{
    const XML_Index at = XML_GetCurrentByteIndex(part->parser);
    return part->size > 0 && at > 0 ? (double)at / (double)part->size : 0;
}

dk_status dk_xml_part_run(dk_xml_part *part, dk_error *err)
{
    for (;;) {
        enum XML_Status parsed;
        if (part->suspended) {
            part->suspended = false;
            parsed = XML_ResumeParser(part->parser);
        } else if (part->last_given) {
            return DK_END;
        } else {
            void *room = XML_GetBuffer(part->parser, CHUNK);
            if (room == NULL)
                return dk_fail(err, DK_NOMEM, "%s: out of memory", part->path);
            const size_t got = VSIFReadL(room, 1, CHUNK, part->file);
            part->last_given = got < CHUNK;
            part->given += (int64_t)got;
            if (part->last_given && (vsi_l_offset)part->given != part->size)
                return dk_fail(err, DK_INVALID, "%s: %s in it cannot be unpacked; the file is damaged: save it again",
                               part->path, part->member);
            parsed = XML_ParseBuffer(part->parser, (int)got, part->last_given);
            if (parsed != XML_STATUS_ERROR && part->failed == DK_OK &&
                (part->given > MAX_BYTES || part->given - (int64_t)XML_GetCurrentByteIndex(part->parser) > MAX_TOKEN))
                return dk_fail(err, DK_LIMIT, "%s: %s in it is far larger than any such file; split the workbook",
                               part->path, part->member);
        }
        if (part->failed != DK_OK)
            return dk_fail(err, part->failed, "%s: %s", part->path, part->sentence);
        if (parsed == XML_STATUS_ERROR)
            return dk_fail(err, DK_INVALID,
                           "%s: %s in it is damaged or protected with a password (line %lu: %s); save "
                           "it again without a password",
                           part->path, part->member, (unsigned long)XML_GetCurrentLineNumber(part->parser),
                           XML_ErrorString(XML_GetErrorCode(part->parser)));
        if (parsed == XML_STATUS_SUSPENDED)
            return DK_OK;
    }
}

dk_status dk_xml_part_read(const char *path, const char *member, const dk_xml_calls *calls, dk_xml_part **part_of,
                           dk_error *err)
{
    dk_xml_part *part = NULL;
    dk_status status = dk_xml_part_open(path, member, calls, &part, err);
    if (status != DK_OK)
        return status;
    if (part_of != NULL)
        *part_of = part;
    while ((status = dk_xml_part_run(part, err)) == DK_OK)
        ;
    dk_xml_part_close(part);
    if (part_of != NULL)
        *part_of = NULL;
    return status == DK_END ? DK_OK : status;
}
