/* Foreign XML in an ODS or XLSX that is otherwise in order: the first byte says which part it is. */
#include "fuzz_sheet.h"

#include <cpl_error.h>
#include <cpl_vsi.h>
#include <stdio.h>
#include <unistd.h>

static void put(const char *archive, const char *member, const void *data, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "/vsizip/%s/%s", archive, member);
    VSILFILE *file = VSIFOpenL(path, "wb");
    CHECK(file != NULL);
    if (size > 0)
        CHECK(VSIFWriteL(data, 1, size, file) == size);
    CHECK(VSIFCloseL(file) == 0);
}

static void put_text(const char *archive, const char *member, const char *text)
{
    put(archive, member, text, strlen(text));
}

#define TYPE "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    enum { ODS, SHEET, STRINGS, STYLES, WORKBOOK, PARTS } part = data[0] % PARTS;
    char archive[64];
    snprintf(archive, sizeof archive, "/tmp/dikuai-fuzz-%ld.%s", (long)getpid(), part == ODS ? "ods" : "xlsx");
    unlink(archive);
    CPLSetErrorHandler(CPLQuietErrorHandler);
    char whole[80];
    snprintf(whole, sizeof whole, "/vsizip/%s", archive);
    VSILFILE *handle = VSIFOpenL(whole, "wb"); /* held open: members are added to it */
    CHECK(handle != NULL);
    if (part == ODS) {
        put(archive, "content.xml", data + 1, size - 1);
    } else {
        static const char *const members[PARTS] = {
            [SHEET] = "xl/s.xml", [STRINGS] = "xl/t.xml", [STYLES] = "xl/y.xml", [WORKBOOK] = "xl/w.xml"};
        static const char *const texts[PARTS] = {
            [SHEET] = "<w><row r='1'><c t='s'><v>0</v></c><c s='1'><v>43997</v></c><c><v>2.5</v></c></row></w>",
            [STRINGS] = "<s><si><t>a</t></si></s>",
            [STYLES] = "<s><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/></cellXfs></s>",
            [WORKBOOK] = "<w xmlns:r='r'><sheet name='a' r:id='i'/></w>"};
        put_text(archive, "_rels/.rels",
                 "<R><Relationship Id='w' Type='" TYPE "officeDocument' Target='xl/w.xml'/></R>");
        put_text(archive, "xl/_rels/w.xml.rels",
                 "<R><Relationship Id='i' Type='" TYPE "worksheet' Target='s.xml'/><Relationship Id='t' Type='" TYPE
                 "sharedStrings' Target='t.xml'/><Relationship Id='y' Type='" TYPE "styles' Target='y.xml'/></R>");
        for (int i = SHEET; i < PARTS; i++)
            if (i == (int)part)
                put(archive, members[i], data + 1, size - 1);
            else
                put_text(archive, members[i], texts[i]);
    }
    VSIFCloseL(handle);
    dk_sheet *sheet = NULL;
    dk_error err;
    if (dk_sheet_open(archive, NULL, &sheet, &err) == DK_OK) {
        read_sheet(sheet);
        dk_sheet_close(sheet);
    } else {
        CHECK(strncmp(err.text, archive, strlen(archive)) == 0);
    }
    unlink(archive);
    return 0;
}
