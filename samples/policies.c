/* 政策文件 and 政策解读 with their texts as PDF, and the approvals of two projects: what is attached to rows. */
#include "samples/generate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *const policy_columns[] = {"文号",     "文件名称", "发文机关",      "成文日期",
                                             "发布时间", "有效性",   "修改或废止文号"};
static const char *const interpretation_columns[] = {"解读编号", "文号", "标题", "解读方式", "发布时间"};

/* Of the third the text was replaced by the first, of the second a part changed by it. */
static const struct {
    const char *number, *name, *authority, *written, *published, *validity, *changed_by;
} policies[] = {
    {"皖自然资规〔2023〕9001号", "征收集体土地补偿安置工作规程（示例数据）", "安徽省自然资源厅（示例）", "2023-03-01",
     "2023-03-06", "有效", ""},
    {"宿政办发〔2021〕9002号", "征地区片综合地价标准（示例数据）", "宿州市人民政府办公室（示例）", "2021-06-18",
     "2021-06-25", "已修改", "皖自然资规〔2023〕9001号"},
    {"砀政〔2018〕9003号", "被征收土地青苗和地上附着物补偿标准（示例数据）", "砀山县人民政府（示例）", "2018-09-10",
     "2018-09-14", "已废止", "皖自然资规〔2023〕9001号"},
};
static const struct {
    const char *id, *number, *title, *manner, *published;
} interpretations[] = {
    {"JD9001", "皖自然资规〔2023〕9001号", "《征收集体土地补偿安置工作规程》文字解读（示例数据）", "文字解读",
     "2023-03-06"},
    {"JD9002", "宿政办发〔2021〕9002号", "《征地区片综合地价标准》图解（示例数据）", "图片解读", "2021-06-25"},
};
static const struct {
    const char *number, *project;
} approvals[] = {{"皖政地〔2018〕9001号", "XM2018001"}, {"皖政地〔2022〕9001号", "XM2022001"}};

/* ---- PDF (ISO 32000-1) ---- */

/* Writes a text as the hexadecimal UTF-16 that the font's encoding takes; all of ours is in the BMP. */
static void write_hex(FILE *file, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != 0;) {
        unsigned code = *at;
        size_t n = 1;
        if (code >= 0xE0) {
            code = (code & 0xFu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
            n = 3;
        } else if (code >= 0xC0) {
            code = (code & 0x1Fu) << 6 | (at[1] & 0x3Fu);
            n = 2;
        }
        fprintf(file, "%04X", code);
        at += n;
    }
}

/* A page with a title and lines. The font is one of those that every reader has for Chinese (9.7.5.2), so none is
 * embedded. */
static bool write_pdf(const char *path, const char *title, const char *const *lines, size_t n_lines)
{
    static const char *const objects[] = {
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 4 0 R>>>>/Contents 7 0 R>>",
        "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[5 0 R]>>",
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 4>>"
        "/FontDescriptor 6 0 R>>",
        "<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880"
        "/Descent -120/CapHeight 880/StemV 93>>",
    };
    long offsets[N_OF(objects) + 2];
    char *content = NULL;
    size_t content_size = 0;
    FILE *stream = open_memstream(&content, &content_size);
    FILE *file = fopen(path, "wb");
    bool ok = stream != NULL && file != NULL;
    if (ok) {
        fputs("BT /F 16 Tf 60 760 Td <", stream);
        write_hex(stream, title);
        fputs("> Tj /F 12 Tf 0 -20 Td", stream);
        for (size_t i = 0; i < n_lines; i++) {
            fputs(" 0 -22 Td <", stream);
            write_hex(stream, lines[i]);
            fputs("> Tj", stream);
        }
        fputs(" ET\n", stream);
        ok = fflush(stream) == 0;
    }
    if (ok) {
        fputs("%PDF-1.4\n", file);
        for (size_t i = 0; i < N_OF(objects); i++) {
            offsets[i] = ftell(file);
            fprintf(file, "%zu 0 obj\n%s\nendobj\n", i + 1, objects[i]);
        }
        const size_t last = N_OF(objects);
        offsets[last] = ftell(file);
        fprintf(file, "%zu 0 obj\n<</Length %zu>>stream\n%sendstream\nendobj\n", last + 1, content_size, content);
        offsets[last + 1] = ftell(file);
        fprintf(file, "xref\n0 %zu\n0000000000 65535 f \n", last + 2);
        for (size_t i = 0; i <= last; i++)
            fprintf(file, "%010ld 00000 n \n", offsets[i]);
        fprintf(file, "trailer<</Size %zu/Root 1 0 R>>\nstartxref\n%ld\n%%%%EOF\n", last + 2, offsets[last + 1]);
    }
    if (stream != NULL)
        fclose(stream);
    free(content);
    if (file != NULL && (ferror(file) | fclose(file)))
        ok = false;
    return ok || gen_fail("%s: could not be written", path);
}

static bool make_folder(char *path, size_t size, const gen_options *options, const char *name)
{
    const int n = snprintf(path, size, "%s/documents%s%s", options->folder, name[0] != '\0' ? "/" : "", name);
    if (n <= 0 || (size_t)n >= size)
        return gen_fail("%s: the path is too long", options->folder);
    return mkdir(path, 0777) == 0 || errno == EEXIST || gen_fail("%s: could not be made: %s", path, strerror(errno));
}

static bool write_document(const gen_options *options, const char *folder, const char *name, const char *title,
                           const char *const *lines, size_t n_lines)
{
    char path[4096], full[4600];
    if (!make_folder(path, sizeof path, options, "") || !make_folder(path, sizeof path, options, folder))
        return false;
    snprintf(full, sizeof full, "%s/%s.pdf", path, name);
    return write_pdf(full, title, lines, n_lines);
}

/* ---- the tables ---- */

static bool write_policies(const gen_options *options)
{
    char path[4096];
    if (!gen_path(path, sizeof path, options, "policies", "csv"))
        return false;
    gen_table *table = gen_table_create(path, GEN_CSV_UTF8_BOM, NULL, policy_columns, N_OF(policy_columns));
    bool ok = table != NULL;
    for (size_t i = 0; ok && i < N_OF(policies); i++) {
        const char *const row[] = {policies[i].number,    policies[i].name,      policies[i].authority,
                                   policies[i].written,   policies[i].published, policies[i].validity,
                                   policies[i].changed_by};
        const char *const lines[] = {policies[i].number, policies[i].authority, policies[i].written,
                                     "本文件为示例数据，内容均为虚构。"};
        ok = gen_table_add(table, row) &&
             write_document(options, "policy", policies[i].number, policies[i].name, lines, N_OF(lines));
    }
    return gen_table_close(table) && ok;
}

static bool write_interpretations(const gen_options *options)
{
    char path[4096];
    if (!gen_path(path, sizeof path, options, "interpretations", "csv"))
        return false;
    gen_table *table =
        gen_table_create(path, GEN_CSV_UTF8_BOM, NULL, interpretation_columns, N_OF(interpretation_columns));
    bool ok = table != NULL;
    for (size_t i = 0; ok && i < N_OF(interpretations); i++) {
        const char *const row[] = {interpretations[i].id, interpretations[i].number, interpretations[i].title,
                                   interpretations[i].manner, interpretations[i].published};
        const char *const lines[] = {interpretations[i].number, interpretations[i].published,
                                     "本解读为示例数据，内容均为虚构。"};
        ok = gen_table_add(table, row) && write_document(options, "interpretation", interpretations[i].id,
                                                         interpretations[i].title, lines, N_OF(lines));
    }
    return gen_table_close(table) && ok;
}

bool gen_write_policies(const gen_options *options)
{
    bool ok = write_policies(options) && write_interpretations(options);
    /* In a province the same numbers are of other projects. */
    for (size_t i = 0; ok && i < N_OF(approvals) && !options->region.province; i++) {
        const char *const lines[] = {approvals[i].number, approvals[i].project,
                                     "同意征收示例地块。本件为示例数据，内容均为虚构。"};
        ok = write_document(options, "approval", approvals[i].number, "关于建设用地的批复（示例数据）", lines,
                            N_OF(lines));
    }
    return ok;
}
