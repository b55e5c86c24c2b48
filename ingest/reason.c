#include "ingest/reason.h"

#include "store/text.h"

#include <string.h>

static const struct {
    const char *words;
    dk_reason_kind kind;
} known[] = {
    {"polygon is not valid", {"invalid_geometry", "图形无效且不能修复"}},
    {"encloses nothing", {"invalid_geometry", "图形无效且不能修复"}},
    {"has a hole and no outline", {"invalid_geometry", "图形无效且不能修复"}},
    {"a coordinate is not a number", {"invalid_geometry", "图形无效且不能修复"}},
    {"crosses the edge", {"invalid_geometry", "图形无效且不能修复"}},
    {"crosses or touches itself", {"invalid_geometry", "图形无效且不能修复"}},
    {"x and y are swapped", {"axes_swapped", "坐标轴颠倒"}},
    {"begins with zone", {"zone", "带号与坐标系不符"}},
    {" is in degrees, but", {"unit", "坐标单位与坐标系不符"}},
    {" is in metres, but", {"unit", "坐标单位与坐标系不符"}},
    {"lies outside the catalogue's extent", {"outside", "超出本目录范围"}},
    {"in which the transformation holds", {"outside", "超出转换参数适用范围"}},
    {"lies nowhere in", {"outside", "坐标不在坐标系范围内"}},
    {"does not touch this geometry", {"key_moved", "编号相同而位置不同"}},
    {"no geometry", {"no_geometry", "没有图形"}},
    {"the geometry is a", {"wrong_geometry", "图形类型不符"}},
    {"geometry", {"geometry", "图形不能读取"}},
    {"points follow", {"geometry", "图形不能读取"}},
    {"its ring (圈号", {"geometry", "图形不能读取"}},
    {"the ring that starts", {"geometry", "图形不能读取"}},
    {"northing and easting", {"geometry", "图形不能读取"}},
    {"neither a parcel's line", {"geometry", "图形不能读取"}},
    {"no two coordinates", {"geometry", "图形不能读取"}},
    {"several points stand side by side", {"geometry", "图形不能读取"}},
    {"there are no coordinates in it", {"geometry", "图形不能读取"}},
    {"fewer than 3 points that differ", {"geometry", "图形不能读取"}},
    {"is no flag; it is", {"geometry", "图形不能读取"}},
    {"is no 标高 in metres", {"geometry", "图形不能读取"}},
    {"标高 without points", {"geometry", "图形不能读取"}},
    {"comes behind a ring of", {"geometry", "图形不能读取"}},
    {"goes on from the line above", {"geometry", "图形不能读取"}},
    {"rings and ends behind", {"geometry", "图形不能读取"}},
    {"rings and goes on behind", {"geometry", "图形不能读取"}},
    {"points and ends behind", {"geometry", "图形不能读取"}},
    {"all rings are taken out", {"geometry", "图形不能读取"}},
    {"nothing is left of the rings", {"geometry", "图形不能读取"}},
    {"its rings cannot be joined", {"geometry", "图形不能读取"}},
    {"cannot be taken from the others", {"geometry", "图形不能读取"}},
    {"is neither 点号,X,Y", {"geometry", "图形不能读取"}},
    {"lines of corner points", {"geometry", "图形不能读取"}},
    {"there are no corner points", {"geometry", "图形不能读取"}},
    {"follows on XY", {"geometry", "图形不能读取"}},
    {"its shape has", {"geometry", "图形不能读取"}},
    {"of its shape is no number", {"geometry", "图形不能读取"}},
    {"its shape is a", {"geometry", "图形不能读取"}},
    {"the polyline ", {"geometry", "图形不能读取"}},
    {"of which one alone would be read", {"geometry", "图形不能读取"}},
    {"of which a hole would be read", {"geometry", "图形不能读取"}},
    {"that are no places", {"geometry", "图形不能读取"}},
    {"is there already", {"key_exists", "编号已存在且内容不同"}},
    {"is there with", {"key_exists", "编号已存在且内容不同"}},
    {"has another outline already", {"drawn", "已有另一图形"}},
    {"to be drawn", {"not_there", "库中没有该编号，不能上图"}},
    {"is the error of a formula", {"cell", "单元格有误"}},
    {"stands for the cell above", {"cell", "单元格有误"}},
    {"the column was too narrow", {"cell", "单元格有误"}},
    {"its unit does not fit", {"amount_unit", "数值的单位有误"}},
    {"is shown in thousands or more", {"amount_unit", "数值的单位有误"}},
    {"a field holds at most", {"too_long", "内容过长"}},
    {"the key is longer than", {"too_long", "内容过长"}},
    {"contains a control character", {"encoding", "文字编码有误"}},
    {"of the same load already", {"key_twice", "编号重复"}},
    {"came before in the same load", {"key_twice", "编号重复"}},
    {"and it is the key", {"no_key", "缺少编号"}},
    {"qualifiers", {"no_key", "编号缺少项目或批文限定"}},
    {"row of sums", {"sum_row", "合计行"}},
    {"and it is required", {"required", "必填项为空"}},
    {"do not begin with a zone", {"crs", "坐标系未说明或不能用"}},
    {"坐标系统", {"crs", "坐标系未说明或不能用"}},
    {"coordinate system", {"crs", "坐标系未说明或不能用"}},
    {"its columns do not fit", {"columns", "列名与字段不对应"}},
    {"has no rows", {"no_rows", "没有数据行"}},
    {"no row of ", {"no_partner", "台账中没有对应的行"}},
    {"both have \"", {"no_partner", "台账中有多行相同"}},
    {"which is not looked into", {"archive", "压缩包未解开"}},
    {"a NUL character", {"encoding", "文字编码有误"}},
    {"damaged", {"damaged", "文件损坏或不完整"}},
    {"cut off", {"damaged", "文件损坏或不完整"}},
    {"copy it again", {"damaged", "文件损坏或不完整"}},
    {"copy or pack", {"damaged", "文件损坏或不完整"}},
    {"was changed while it was read", {"changed", "读取时文件被改动"}},
    {"cannot be read: ", {"unreadable", "文件或文件夹不能读取"}},
    {"cannot be opened: ", {"unreadable", "文件或文件夹不能读取"}},
    {"the file has no such column", {"columns", "列名与字段不对应"}},
    {"is opened and never closed", {"damaged", "文件损坏或不完整"}},
    {"export it again", {"damaged", "文件损坏或不完整"}},
    {"save it again", {"damaged", "文件损坏或不完整"}},
    {"division", {"division", "行政区划代码有误"}},
    {"is not one of the values", {"value_list", "不在允许值之列"}},
    {"is not a date", {"date", "日期有误"}},
    {"date", {"date", "日期有误"}},
    {"number", {"number", "数值或编号有误"}},
    {"merged", {"merged", "合并单元格不能分解"}},
    {"bytes are not text", {"encoding", "文字编码有误"}},
    {"UTF-8", {"encoding", "文字编码有误"}},
    {"area", {"area", "面积有误"}},
};
static const dk_reason_kind other = {"other", "其他"};

const dk_reason_kind *dk_reason_kind_of(const char *reason)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(reason, known[i].words) != NULL)
            return &known[i].kind;
    return &other;
}

const dk_reason_kind *dk_reason_kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].kind.name) == 0)
            return &known[i].kind;
    return strcmp(name, other.name) == 0 ? &other : NULL;
}

void dk_reason_of_file(const char *reason, const char *path, dk_buf *out)
{
    static const char *const about_columns[] = {"knows no field for the column", "no column gives",
                                                "both give the field",           "could be several fields",
                                                "there is no such column",       "ends in a unit that is not known",
                                                "are called so; rename one"};
    const size_t size = strlen(path);
    dk_buf_clear(out);
    for (size_t i = 0; i < sizeof about_columns / sizeof *about_columns; i++)
        if (strstr(reason, about_columns[i]) != NULL) {
            dk_buf_format(out, "%s: its columns do not fit; how they are called stands in the rejects file only", path);
            return;
        }
    if (strncmp(reason, path, size) == 0) { /* which may have quotes in it */
        dk_buf_append(out, path, size);
        reason += size;
    }
    for (bool quoted = false; *reason != '\0'; reason++) {
        if (*reason == '"' && (quoted = !quoted))
            dk_buf_text(out, "\"...\"");
        else if (!quoted && *reason != '"')
            dk_buf_byte(out, (unsigned char)*reason);
    }
}

/* Whether a sentence of the reason, one behind another with "; ", begins with a name and then ':' or ' '. */
static bool says(const char *reason, const char *name)
{
    const size_t size = strlen(name);
    if (size == 0)
        return false;
    for (const char *at = reason; at != NULL;) {
        if (strncmp(at, name, size) == 0 && (at[size] == ':' || at[size] == ' '))
            return true;
        at = strstr(at, "; ");
        at = at != NULL ? at + 2 : NULL;
    }
    return false;
}

void dk_reason_public(const char *reason, const dk_kind *kind, const dk_mapping *mapping, const dk_column *columns,
                      size_t n_columns, dk_buf *out)
{
    bool hidden = false;
    dk_buf name;
    dk_buf_init(&name);
    dk_buf_clear(out);
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        if (field->audience == DK_PUBLIC || (int)i == kind->key_field)
            continue;
        const int column = mapping != NULL ? mapping->column[i] : -1;
        dk_buf_clear(&name);
        dk_buf_text(&name, column >= 0 && (size_t)column < n_columns ? columns[column].name : "");
        dk_buf_byte(&name, '\0');
        if (name.failed)
            break;
        dk_text_clean((char *)name.data); /* as it stands in the reason: heads of sheets have line ends in them */
        if (!says(reason, (const char *)name.data) && !says(reason, field->name))
            continue;
        dk_buf_format(out, "%s%s (%s)", hidden ? ", " : "", field->name, field->title);
        hidden = true;
    }
    if (hidden)
        dk_buf_text(out, ": not accepted; what it says is not public and stands in the rejects file only");
    else
        dk_buf_text(out, reason);
    out->failed = out->failed || name.failed;
    dk_buf_finish(&name);
}
