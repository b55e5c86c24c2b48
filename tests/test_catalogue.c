#include "store/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A small catalogue that uses every part; the wrong ones below are made from it by one change. Not formatted, so that
 * its line numbers and the messages can be read against each other. */
/* clang-format off */
static const char base[] =
    /*  1 */ "title: 示例\n"
    /*  2 */ "publisher: 示例局\n"
    /*  3 */ "extent: [116, 34, 117, 35]\n"
    /*  4 */ "layers:\n"
    /*  5 */ "  - name: parcel\n"
    /*  6 */ "    title: 地块\n"
    /*  7 */ "    geometry: polygon\n"
    /*  8 */ "    key: {field: id, qualify: [project_id, source]}\n"
    /*  9 */ "    division: division\n"
    /* 10 */ "    date: made_on\n"
    /* 11 */ "    label: name\n"
    /* 12 */ "    zooms: [6, 16]\n"
    /* 13 */ "    ignore: [OBJECTID]\n"
    /* 14 */ "    fields:\n"
    /* 15 */ "      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true}\n"
    /* 16 */ "      - {name: name, title: 名称, type: text, audience: public, search: true, aliases: [DKMC, 地块名称]}\n"
    /* 17 */ "      - {name: project_id, title: 项目, type: text, audience: public}\n"
    /* 18 */ "      - {name: division, title: 区划, type: division, audience: public}\n"
    /* 19 */ "      - {name: made_on, title: 日期, type: date, audience: public}\n"
    /* 20 */ "      - {name: area_ha, title: 面积, type: number, unit: ha, audience: public, declares_area: true}\n"
    /* 21 */ "      - {name: area_m2, title: 椭球面积, type: number, unit: m2, audience: public, computed: area}\n"
    /* 22 */ "      - {name: phone, title: 电话, type: text}\n"
    /* 23 */ "records:\n"
    /* 24 */ "  - name: payment\n"
    /* 25 */ "    title: 补偿\n"
    /* 26 */ "    key: {field: id}\n"
    /* 27 */ "    fields:\n"
    /* 28 */ "      - {name: id, title: 编号, type: text, audience: public}\n"
    /* 29 */ "      - {name: parcel_id, title: 地块编号, type: text, audience: public}\n"
    /* 30 */ "      - {name: project_id, title: 项目, type: text, audience: public, inherit: parcel.project_id}\n"
    /* 31 */ "      - {name: amount, title: 金额, type: number, audience: staff}\n"
    /* 32 */ "      - {name: kind, title: 类型, type: text, audience: public, values: [预付, 全额]}\n"
    /* 33 */ "      - {name: paid_on, title: 日期, type: date, audience: public}\n"
    /* 34 */ "      - {name: payee, title: 受款人, type: text, audience: staff}\n"
    /* 35 */ "    totals:\n"
    /* 36 */ "      - {by: [project_id], sum: [amount], min_rows: 3, audience: public}\n"
    /* 37 */ "  - name: notice\n"
    /* 38 */ "    title: 公告\n"
    /* 39 */ "    key: {field: id}\n"
    /* 40 */ "    fields:\n"
    /* 41 */ "      - {name: id, title: 公告编号, type: text, audience: public}\n"
    /* 42 */ "links:\n"
    /* 43 */ "  - from: payment\n"
    /* 44 */ "    to: parcel\n"
    /* 45 */ "    on:\n"
    /* 46 */ "      - {match: {parcel_id: key}, unless: {project_id: project_id}}\n"
    /* 47 */ "items:\n"
    /* 48 */ "  - id: paid\n"
    /* 49 */ "    title: 补偿到账\n"
    /* 50 */ "    about: parcel\n"
    /* 51 */ "    applies: {payment.kind: [预付]}\n"
    /* 52 */ "    proved_by:\n"
    /* 53 */ "      - {record: payment, where: {kind: 全额}, date: paid_on}\n"
    /* 54 */ "divisions:\n"
    /* 55 */ "  - {code: '341321', name: 砀山县, successor: '340001', valid_to: '2020-12-31'}\n"
    /* 56 */ "  - {code: '340001', name: 新县, valid_from: '2021-01-01'}\n";

typedef struct wrong_case {
    const char *from, *to; /* the change to base; from NULL: to is the whole text */
    const char *message;   /* as it must be, after "c.yaml:" */
} wrong_case;

static const wrong_case wrong_cases[] = {
    /* YAML itself */
    {NULL, "", "1: the catalogue is empty; write at least title, publisher, extent and layers"},
    {NULL, "# nothing\n", "1: the catalogue is empty; write at least title, publisher, extent and layers"},
    {NULL, "- a\n", "1: is a list; write a mapping of keys and values (key: value)"},
    {NULL, "title: a\n---\ntitle: b\n", "1: 'publisher' is missing; add it"},
    {"extent: [116, 34, 117, 35]\n", "extent: [116, 34, 117, 35\n",
     "4: this is not YAML: did not find expected ',' or ']' while parsing a flow sequence that begins in line 3; correct "
     "the indentation, quotes or brackets there"},
    {"title: 示例\n", "title: \xca\xbe\xc0\xfd\n",
     "1: this is not UTF-8 text (invalid trailing UTF-8 octet); save the catalogue as UTF-8"},
    {"title: 示例\n", "title: *nowhere\n",
     "1: this is not YAML: found undefined alias; correct the indentation, quotes or brackets there"},
    {"title: 示例\n", "title: *.shp\n", "1: a value that begins with * needs quotes (\"*.shp\")"},
    {"title: 示例\n", "title：示例\n",
     "1: a full-width colon (：) stands behind the key; write a plain one and a blank (: )"},
    {"publisher: 示例局\n", "publisher： 示例局\n",
     "2: a full-width colon (：) stands behind the key; write a plain one and a blank (: )"},
    {"title: 示例\n", "title: !!binary aGk=\n", "1: title: has the YAML tag tag:yaml.org,2002:binary, and a catalogue has "
     "none; remove it"},
    {"title: 示例\n", "title: \"a\\0b\"\n", "1: title: holds a NUL character; remove it"},
    /* the whole */
    {"publisher: 示例局\n", "", "1: 'publisher' is missing; add it"},
    {"publisher: 示例局\n", "publisher:\n", "2: publisher: is empty; write a text or leave it out"},
    {"publisher: 示例局\n", "publisher: ''\n", "2: publisher: is empty; write a text or leave it out"},
    {"publisher: 示例局\n", "publisher: 2024\n",
     "2: publisher: 2024 is a number here, not a text; write it in quotes: '2024'"},
    {"publisher: 示例局\n", "publisher: true\n",
     "2: publisher: true is a truth value here, not a text; write it in quotes: 'true'"},
    {"publisher: 示例局\n", "publisher: [示例局]\n", "2: publisher: is a list; write a text"},
    {"publisher: 示例局\n", "publishers: 示例局\n",
     "2: publishers: 'publishers' is not a key here; use title, publisher, map_approval_no, extent, layers, records, links, "
     "items, lists, divisions, publication, calendars, regimes, regime_by or obligations"},
    {"publisher: 示例局\n", "publisher: 示例局\ntitle: 再\n", "3: title: 'title' is written twice; keep one of them"},
    {"publisher: 示例局\n", "publisher: 示例局\npublication: {review: optional, two_persons: names}\n",
     "3: publication.two_persons: without a review there is one person only; write review: required"},
    {"publisher: 示例局\n", "publisher: 示例局\npublication: {two_persons: names}\n", "3: publication: 'review' is missing; add it"},
    {"[116, 34, 117, 35]", "[116, 34, 117]", "3: extent: has 3 entries; write at least 4"},
    {"[116, 34, 117, 35]", "[116, 34, 117, 95]", "3: extent[3]: 95 is out of range; use -90 to 90"},
    {"[116, 34, 117, 35]", "[116, 34, 181, 35]", "3: extent[2]: 181 is out of range; use -180 to 180"},
    {"[116, 34, 117, 35]", "[117, 34, 116, 35]", "3: extent: is empty; write [west, south, east, north] in degrees, west "
     "below east and south below north"},
    {"[116, 34, 117, 35]", "[116, 34, 117, '35']", "3: extent[3]: '35' is not a number; write digits, without quotes"},
    {"[116, 34, 117, 35]", "[116, 34, 117, .inf]", "3: extent[3]: '.inf' is not a number; write digits, without quotes"},
    {NULL, "title: a\npublisher: b\nextent: [1, 2, 3, 4]\nlayers: []\n",
     "1: the catalogue has neither layers nor records; write at least one under 'layers' or 'records'"},
    {NULL, "title: a\npublisher: b\nextent: [1, 2, 3, 4]\nlayers: &a [*a]\n",
     "4: layers[0]: is a list; write a mapping of keys and values (key: value)"},
    /* kinds */
    {"  - name: parcel\n", "  - name: Parcel\n",
     "5: layers[0].name: 'Parcel' is not a name; use a letter a-z and then at most 59 of a-z, 0-9 and _"},
    {"  - name: parcel\n", "  - name: gpkg_parcel\n",
     "5: layers[0].name: 'gpkg_parcel' begins with gpkg_, as tables of the store do; choose another name"},
    {"  - name: notice\n", "  - name: parcel\n",
     "37: records[1].name: 'parcel' is the name of another layer already; choose another"},
    {"  - name: notice\n", "  - name: payment\n",
     "37: records[1].name: 'payment' is the name of another kind of record already; choose another"},
    {"    geometry: polygon\n", "", "5: layers[0]: 'geometry' is missing; add it"},
    {"    geometry: polygon\n", "    geometry: area\n",
     "7: layers[0].geometry: 'area' is not a geometry; use polygon, line or point"},
    {"    geometry: polygon\n", "    geometry: line\n",
     "20: layers[0].fields[5].declares_area: only polygons have an area; remove 'declares_area' or use geometry: polygon"},
    {"    title: 公告\n", "    title: 公告\n    geometry: point\n",
     "39: records[1].geometry: 'geometry' is not a key here; use name, title, key, fields, division, date, label, ignore, "
     "totals, documents or audience"},
    {"zooms: [6, 16]", "zooms: [16, 6]",
     "12: layers[0].zooms: the first zoom, 16, is above the last, 6; write [min, max]"},
    {"zooms: [6, 16]", "zooms: [6, 23]", "12: layers[0].zooms[1]: 23 is out of range; use 0 to 22"},
    {"zooms: [6, 16]", "zooms: [6.5, 16]", "12: layers[0].zooms[0]: 6.5 is not a whole number; use 0 to 22"},
    {"zooms: [6, 16]", "zooms: [6]", "12: layers[0].zooms: has 1 entry; write at least 2"},
    {"division: division\n", "division: name\n",
     "9: layers[0].division: 'name' is of type text; use a field of type division"},
    {"date: made_on\n", "date: name\n", "10: layers[0].date: 'name' is of type text; use a field of type date"},
    {"ignore: [OBJECTID]\n", "classify: nam\n", "13: layers[0].classify: 'nam' is not a field of parcel; use id, name, project_id, "
     "division, made_on, area_ha, area_m2 or phone"},
    {"label: name\n", "label: nam\n", "11: layers[0].label: 'nam' is not a field of parcel; use id, name, project_id, "
     "division, made_on, area_ha, area_m2 or phone"},
    {"{field: id, qualify", "{field: no, qualify", "8: layers[0].key.field: 'no' is not a field of parcel; use id, name, "
     "project_id, division, made_on, area_ha, area_m2 or phone"},
    {"{field: id, qualify", "{field: phone, qualify", "8: layers[0].key.field: 'phone' has audience: never, but the key of "
     "a row is in addresses that everyone sees; use a field with audience: public"},
    {"[project_id, source]", "[source, project_id]",
     "8: layers[0].key.qualify[0]: 'source' is the last resort; put it at the end of the list"},
    {"[project_id, source]", "[id, source]",
     "8: layers[0].key.qualify[0]: 'id' is the key's field and cannot qualify itself; remove it"},
    {"[project_id, source]", "[project_id, project_id]",
     "8: layers[0].key.qualify[1]: 'project_id' is in the list twice; keep one of them"},
    {"[project_id, source]", "[project_id, name, division, made_on, area_m2]", "8: layers[0].key.qualify[4]: a key has at "
     "most 4 qualifying fields and then 'source'; remove some"},
    {"[OBJECTID]", "[OBJECTID, dkmc]", "16: layers[0].fields[1].aliases[0]: the column 'DKMC' is also among those to "
     "ignore; keep one of them"},
    {"[OBJECTID]", "[OBJECTID, PHONE]", "22: layers[0].fields[7]: the column 'phone' is this field and among those to "
     "ignore; remove it from 'ignore'"},
    /* fields */
    {"project_id, title: 项目, type: text", "project_id, title: 项目, type: strng", "17: layers[0].fields[2].type: 'strng' "
     "is not a type; use text, integer, number, date, approval_no, division or url"},
    {"project_id, title: 项目, type: text", "project_id, title: 项目, tpye: text",
     "17: layers[0].fields[2].tpye: 'tpye' is not a key here; use name, title, type, unit, audience, required, search, "
     "pinyin, index, tiles, computed, declares_area, aliases, values, inherit, linked, mask or public_amount"},
    {"project_id, title: 项目, type: text", "project_id, type: text",
     "17: layers[0].fields[2]: 'title' is missing; add it"},
    {"project_id, title: 项目, type: text, audience: public",
     "project_id, title: 项目, type: text, audience: everyone", "17: layers[0].fields[2].audience: 'everyone' is not an "
     "audience; use public, group, request, staff or never"},
    {"name: made_on, title", "name: id, title",
     "19: layers[0].fields[4]: 'id' is the name of fields[0] already; choose another"},
    {"name: phone", "name: bbox", "22: layers[0].fields[7].name: 'bbox' is a reserved word; choose another name"},
    {"name: phone", "name: source", "22: layers[0].fields[7].name: 'source' is a reserved word; choose another name"},
    {"name: phone", "name: 电话", "22: layers[0].fields[7].name: '电话' is not a name; use a letter a-z and then at most 59 of "
     "a-z, 0-9 and _"},
    {"电话, type: text}", "电话, type: text, tiles: true}", "22: layers[0].fields[7].tiles: a field with audience: never "
     "cannot be in tiles; remove 'tiles' or name an audience"},
    {"电话, type: text}", "电话, type: text, audience: never, search: true}", "22: layers[0].fields[7].search: a field with "
     "audience: never cannot be searched; remove 'search' or name an audience"},
    {"tiles: true", "tiles: yes", "15: layers[0].fields[0].tiles: 'yes' is neither true nor false; write one of them, "
     "without quotes"},
    {"公告编号, type: text, audience: public", "公告编号, type: text, audience: public, tiles: true",
     "41: records[1].fields[0].tiles: a record has no place in tiles; remove 'tiles'"},
    {"unit: ha, ", "", "20: layers[0].fields[5].declares_area: a declared area needs its unit; use unit: ha, m2, km2 or mu"},
    {"unit: ha, ", "unit: 亩, ",
     "20: layers[0].fields[5].declares_area: a declared area needs its unit; use unit: ha, m2, km2 or mu"},
    {"type: number, unit: ha", "type: text, unit: ha",
     "20: layers[0].fields[5].declares_area: an area needs type: number; correct the type or remove 'declares_area'"},
    {"unit: m2, audience", "unit: ha, audience",
     "21: layers[0].fields[6].computed: the area is computed in square metres; use unit: m2"},
    {"computed: area", "computed: length",
     "21: layers[0].fields[6].computed: 'length' is not something that is computed; use area, planar_area or disclosure"},
    {"computed: area", "computed: area, declares_area: true", "21: layers[0].fields[6].declares_area: a declared area comes "
     "from the source alone; remove 'declares_area' or 'computed'"},
    {"金额, type: number", "金额, type: number, computed: area",
     "31: records[0].fields[3].computed: only polygons have an area; remove 'computed' or use geometry: polygon"},
    {"金额, type: number", "金额, type: number, values: ['1']", "31: records[0].fields[3].values: only a field of type: text "
     "has a list of values; remove 'values' or correct the type"},
    {"values: [预付, 全额]", "values: [预付, 2020]",
     "32: records[0].fields[4].values[1]: 2020 is a number here, not a text; write it in quotes: '2020'"},
    {"values: [预付, 全额]", "values: []", "32: records[0].fields[4].values: has 0 entries; write at least 1"},
    {"电话, type: text}", "电话, type: text, aliases: [dkmc]}", "22: layers[0].fields[7].aliases[0]: the column 'dkmc' "
     "belongs to the field name already; keep one of them"},
    {"电话, type: text}", "电话, type: text, aliases: [DH, DH]}",
     "22: layers[0].fields[7].aliases[1]: 'DH' is in the list twice; keep one of them"},
    {"inherit: parcel.project_id", "inherit: parcel.project",
     "30: records[0].fields[2].inherit: 'project' is not a field of parcel; use id, name, project_id, division, made_on, "
     "area_ha, area_m2 or phone"},
    {"inherit: parcel.project_id", "inherit: parcels.project_id", "30: records[0].fields[2].inherit: 'parcels.project_id' "
     "begins with no layer or record of this catalogue; use parcel, payment or notice"},
    {"inherit: parcel.project_id", "inherit: project_id",
     "30: records[0].fields[2].inherit: 'project_id' names no field of another kind; write kind.field"},
    {"inherit: parcel.project_id", "inherit: notice.id", "30: records[0].fields[2].inherit: payment and notice are not "
     "linked; add a link between them under 'links'"},
    {"inherit: parcel.project_id", "inherit: parcel.made_on", "30: records[0].fields[2].inherit: 'made_on' is of type date "
     "and this field of type text; give both the same type"},
    {"类型, type: text, audience: public, values: [预付, 全额]}", "面积, type: number, unit: m2, audience: public, inherit: parcel.area_ha}",
     "32: records[0].fields[4].inherit: 'area_ha' is in ha and this field in m2; give both the same unit"},
    {"inherit: parcel.project_id", "inherit: parcel.phone", "30: records[0].fields[2].inherit: 'phone' has audience: never "
     "and would be shown to public here; narrow this field's audience"},
    /* what follows from linked rows */
    {"电话, type: text}", "电话, type: text, linked: payment.paid_on}", "22: layers[0].fields[7].linked: is a single value; "
     "write a mapping of keys and values (key: value)"},
    {"电话, type: text}", "电话, type: text, linked: {field: payment.paid_on}}", "22: layers[0].fields[7].linked: 'as' is missing; add it"},
    {"电话, type: text}", "电话, type: date, linked: {field: payment.paid, as: min}}", "22: layers[0].fields[7].linked.field: 'paid' is "
     "not a field of payment; use id, parcel_id, project_id, amount, kind, paid_on or payee"},
    {"电话, type: text}", "电话, type: date, linked: {field: payment.paid_on, as: first}}", "22: layers[0].fields[7].linked.as: 'first' "
     "is not a way to sum up linked rows; use state, min, max or only"},
    {"电话, type: text}", "电话, type: text, linked: {field: notice.id, as: only}}", "22: layers[0].fields[7].linked.field: parcel and "
     "notice are not linked; add a link between them under 'links'"},
    {"电话, type: text}", "电话, type: text, linked: {field: payment.paid_on, as: state}}", "22: layers[0].fields[7].linked.as: a state "
     "needs type: text and three values; write values: [all, some, none] in your words, for rows all, some or none of whose "
     "payment have paid_on"},
    {"电话, type: text}", "电话, type: text, linked: {field: payment.paid_on, as: max}}", "22: layers[0].fields[7].linked.as: 'paid_on' "
     "is of type date and this field of type text; give both the same type and unit"},
    {"电话, type: text}", "电话, type: text, linked: {field: payment.kind, as: max}}", "22: layers[0].fields[7].linked.as: 'kind' is of "
     "type text; only dates, integers and numbers have a least and a greatest value, use only or state"},
    {"电话, type: text}", "电话, type: number, unit: yuan, linked: {field: payment.amount, as: max}}", "22: layers[0].fields[7].linked.as: "
     "'amount' is of type number and this field of type number, unit yuan; give both the same type and unit"},
    {"电话, type: text}", "电话, type: text, audience: public, linked: {field: payment.payee, as: only}}", "22: layers[0].fields[7].linked.field: "
     "'payee' has audience: staff and would be shown to public here; narrow this field's audience"},
    /* Nor does it get out that there is one. */
    {"电话, type: text}", "电话, type: text, audience: public, values: [a, b, c], linked: {field: payment.payee, as: state}}",
     "22: layers[0].fields[7].linked.field: 'payee' has audience: staff and would be shown to public here; narrow this field's audience"},
    {"电话, type: text}", "电话, type: text, audience: staff, linked: {field: payment.payee, as: only}}", "22: layers[0].fields[7].linked.field: "
     "'payee' has audience: staff, and a payment is in no division, so that staff of a division would see here what they do not "
     "see there; name the division of payment, or write audience: never"},
    {"电话, type: text}", "电话, type: text, required: true, linked: {field: payment.kind, as: only}}", "22: layers[0].fields[7].linked: what "
     "follows from linked rows comes from them alone; remove 'required' or 'linked'"},
    {"title: 区划, type: division, audience: public", "title: 区划, type: division, audience: public, linked: {field: payment.kind, as: only}",
     "18: layers[0].fields[3].linked.field: 'division' is in the division of parcel, which does not follow from linked rows; use "
     "another field for that"},
    {"地块编号, type: text, audience: public", "地块编号, type: text, audience: public, linked: {field: parcel.id, as: only}",
     "29: records[0].fields[1].linked.field: 'parcel_id' is in a link of payment, which does not follow from linked rows; use another "
     "field for that"},
    {"title: 公告编号, type: text, audience: public}", "title: 公告编号, type: text, audience: public, linked: {field: notice.id, as: only}}",
     "41: records[1].fields[0].linked.field: notice and notice are not linked; add a link between them under 'links'"},
    {"name: made_on, title: 日期, type: date, audience: public", "name: made_on, title: 日期, type: date, audience: public, linked: {field: "
     "payment.paid_on, as: min}, inherit: payment.paid_on", "19: layers[0].fields[4].linked: what follows from linked rows comes from "
     "them alone; remove 'inherit' or 'linked'"},
    /* what a layer's grid says: the sum of a field, or a count for each of its values */
#define GRID(fields) "    fields:\n      - {name: id, title: 编号", "    grid: [" fields "]\n    fields:\n      - {name: id, title: 编号"
#define TWENTY_FOUR "v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, v16, v17, v18, v19, v20, v21, v22, v23, v24"
#define GRID_FIELD(field, grid) "[OBJECTID]\n    fields:\n", "[OBJECTID]\n    grid: [" grid "]\n    fields:\n      - {" field "}\n"
    {GRID(""), "14: layers[0].grid: has 0 entries; write at least 1"},
    {GRID("made_on"), "14: layers[0].grid[0]: 'made_on' is of type date; a grid sums up integers and numbers, and counts rows by a text "
     "that has a list of values"},
    {GRID("area_ha, division"), "14: layers[0].grid[1]: 'division' is of type division; a grid sums up integers and numbers, and counts "
     "rows by a text that has a list of values"},
    {GRID("project_id"), "14: layers[0].grid[0]: 'project_id' is a text without a list of values, so there is nothing to count rows by; "
     "give the field its 'values', or leave it out"},
    {GRID("area_ha, area_ha"), "14: layers[0].grid[1]: 'area_ha' is in the list twice; keep one of them"},
    {GRID("area_m2"), "14: layers[0].grid[0]: 'area_m2' is in the grid already; leave it out"},
    {GRID_FIELD("name: paid, title: 付清, type: text, audience: public, values: [是, 否]", "paid, paid"),
     "14: layers[0].grid[1]: 'paid' is in the list twice; keep one of them"},
    {GRID_FIELD("name: paid, title: 付清, type: text, audience: staff, values: [是, 否]", "paid"),
     "14: layers[0].grid[0]: 'paid' is not public; a grid is, so it counts rows by public fields only"},
    {GRID_FIELD("name: households, title: 户数, type: integer, audience: staff", "households"),
     "14: layers[0].grid[0]: 'households' is not public; a grid is, so it sums up public fields only"},
    {GRID_FIELD("name: area, title: 面积, type: text, audience: public, values: [ha, mu]", "area_ha, area"),
     "14: layers[0].grid[1]: the count of 'ha' would be called 'area_ha', as another figure of the grid is; give the field or the value "
     "another name"},
    {GRID_FIELD("name: area, title: 面积, type: text, audience: public, values: [ha, m2]", "area"),
     "14: layers[0].grid[0]: the count of 'm2' would be called 'area_m2', as another figure of the grid is; give the field or the value "
     "another name"},
    {GRID_FIELD("name: area, title: 面积, type: text, audience: public, values: [ha, mu]", "area, area_ha"),
     "14: layers[0].grid[1]: 'area_ha' is in the grid already; leave it out"},
    {GRID_FIELD("name: v, title: 值, type: text, audience: public, values: [" TWENTY_FOUR ", v25]", "v"),
     "14: layers[0].grid[0]: with 'v' these are 25 figures, one for each number and one for each value of a text; a grid holds at most "
     "24, so leave some fields out"},
    {GRID_FIELD("name: v, title: 值, type: text, audience: public, values: [" TWENTY_FOUR "]", "area_ha, v"),
     "14: layers[0].grid[1]: with 'v' these are 25 figures, one for each number and one for each value of a text; a grid holds at most "
     "24, so leave some fields out"},
    /* totals */
    {"sum: [amount]", "sum: [payee]",
     "36: records[0].totals[0].sum[0]: 'payee' is of type text; sum fields of type number or integer"},
    {"sum: [amount]", "sum: [amont]", "36: records[0].totals[0].sum[0]: 'amont' is not a field of payment; use id, "
     "parcel_id, project_id, amount, kind, paid_on or payee"},
    {"by: [project_id]", "by: [payee]", "36: records[0].totals[0].by[0]: 'payee' has audience: staff and would be shown to "
     "public; group by other fields or narrow the total's audience"},
    {"by: [project_id]", "by: []", "36: records[0].totals[0].by: has 0 entries; write at least 1"},
    {"金额, type: number, audience", "金额, type: number, unit: yuan, audience", "36: records[0].totals[0].min_rows: 'amount' is an amount of money that "
     "this total's audience does not see in single rows: groups of fewer than 5 rows are not shown to them; use 5 or more"},
    {"金额, type: number, audience", "金额, type: number, unit: 千元, audience", "36: records[0].totals[0].min_rows: 'amount' is an amount of money that "
     "this total's audience does not see in single rows: groups of fewer than 5 rows are not shown to them; use 5 or more"},
    {"金额, type: number, audience: staff", "金额, type: number, unit: yuan, audience: public", "36: records[0].totals[0]: 'amount' is an amount of money, "
     "of which the public sees sums alone; give it a narrower audience, such as staff, or public_amount: true where each single amount is public by law"},
    {"受款人, type: text, audience: staff", "受款人, type: text, audience: staff, mask: {staff: name}", "34: records[0].fields[6].mask.staff: the field has audience: "
     "staff, so it is shown as it is here; a mask is for audiences below"},
    {"受款人, type: text, audience: staff", "受款人, type: text, audience: staff, mask: {public: nome}", "34: records[0].fields[6].mask.public: 'nome' is not a mask; use hidden, name, id_number, phone or account"},
    {"受款人, type: text, audience: staff", "受款人, type: text, audience: staff, mask: {}", "34: records[0].fields[6].mask: is empty; write the audience and its mask, such as {public: name}"},
    {"日期, type: date, audience: public}\n      - {name: payee", "日期, type: date, audience: staff, mask: {public: name}}\n      - {name: payee", "33: records[0].fields[5].mask: only a field of type text has a mask; remove 'mask' or correct the type"},
    {"    zooms: [6, 16]\n", "    zooms: [6, 16]\n    public: {max_zoom: 17}\n", "13: layers[0].public.max_zoom: 17 is out of range; use 6 to 16"},
    {"    zooms: [6, 16]\n", "    zooms: [6, 16]\n    public: {}\n", "13: layers[0].public: is empty; write precision: in metres, max_zoom:, or both"},
    {"    title: 补偿\n", "    title: 补偿\n    audience: staff\n", "37: records[0].totals[0].by[0]: 'project_id' has audience: staff and would be shown to public; group by other fields or narrow the total's audience"},
    {"    title: 补偿\n", "    title: 补偿\n    audience: never\n", "26: records[0].audience: 'never' is not an audience; use public, group, request or staff"},
    /* The one less the other is what a group of fewer rows, or a single row, was paid. */
#define MORE_TOTALS(more) "min_rows: 3, audience: public}\n", "min_rows: 3, audience: public}\n" more
#define DIFFERENCE(place, other) place ": 'amount' is summed up by other groups in totals[" other "] too, and the one less the other " \
     "may be what a single row says; keep one of them, or two of the same audience, of which one is 'by' the fields of the other " \
     "and one more at the end"
    {MORE_TOTALS("      - {by: [id], sum: [amount], audience: public}\n"), DIFFERENCE("37: records[0].totals[1]", "0")},
    {MORE_TOTALS("      - {by: [project_id], sum: [amount], audience: public}\n"), DIFFERENCE("37: records[0].totals[1]", "0")},
    {MORE_TOTALS("      - {by: [project_id, id], sum: [amount], audience: group}\n"), DIFFERENCE("37: records[0].totals[1]", "0")},
    {MORE_TOTALS("      - {by: [project_id, id], sum: [amount], audience: public}\n      - {by: [project_id, parcel_id], sum: [amount], audience: public}\n"),
     DIFFERENCE("38: records[0].totals[2]", "1")},
    {"min_rows: 3", "min_rows: 0", "36: records[0].totals[0].min_rows: 0 is out of range; use 1 to 1000000000"},
    {"min_rows: 3, audience: public", "min_rows: 3", "36: records[0].totals[0]: 'audience' is missing; add it"},
    /* links */
    {"    to: parcel\n", "    to: parcels\n",
     "44: links[0].to: 'parcels' is not a layer or record of this catalogue; use parcel, payment or notice"},
    {"    to: parcel\n", "    to: payment\n", "43: links[0]: links payment to itself; a link joins two kinds"},
    {"links:\n", "links:\n  - {from: parcel, to: payment, on: [{match: {id: parcel_id}}]}\n",
     "44: links[1]: payment and parcel are linked by links[0] already; add its rules to that one's 'on'"},
    {"{parcel_id: key}", "{parcel_id: nokey}", "46: links[0].on[0].match: 'nokey' is not a field of parcel; use id, name, "
     "project_id, division, made_on, area_ha, area_m2 or phone"},
    {"{parcel_id: key}", "{}", "46: links[0].on[0].match: has 0 pairs; write 1 to 4"},
    {"{parcel_id: key}", "{parcel_id: key, parcel_id: id}",
     "46: links[0].on[0].match: 'parcel_id' is written twice; keep one of them"},
    {"{parcel_id: key}", "parcel_id", "46: links[0].on[0].match: is a single value; write a mapping (name: value)"},
    {"{project_id: project_id}", "{project_id: key}", "46: links[0].on[0].unless: 'key' is not a field of parcel; use id, "
     "name, project_id, division, made_on, area_ha, area_m2 or phone"},
    {"{project_id: project_id}", "{id: id, project_id: project_id}",
     "46: links[0].on[0].unless: has 2 pairs; write exactly 1"},
    /* items */
    {"  - id: paid\n", "  - id: paid-1\n",
     "48: items[0].id: 'paid-1' is not a name; use a letter a-z and then at most 59 of a-z, 0-9 and _"},
    {"items:\n", "items:\n  - {id: paid, title: a, about: parcel}\n",
     "49: items[1].id: 'paid' is the id of items[0] already; choose another"},
    {"    about: parcel\n", "    about: payments\n",
     "50: items[0].about: 'payments' is not a layer or record of this catalogue; use parcel, payment or notice"},
    {"payment.kind: [预付]", "notice.id: [预付]",
     "51: items[0].applies: parcel and notice are not linked; add a link between them under 'links'"},
    {"payment.kind: [预付]", "payment.kind: [予付]",
     "51: items[0].applies.kind[0]: '予付' is not a value of kind; use 预付 or 全额"},
    {"payment.kind: [预付]", "payment.kind: 预付", "51: items[0].applies.kind: is a single value; write a list"},
    {"record: payment", "record: notice",
     "53: items[0].proved_by[0].record: parcel and notice are not linked; add a link between them under 'links'"},
    {"where: {kind: 全额}", "where: {kind: 全}",
     "53: items[0].proved_by[0].where.kind: '全' is not a value of kind; use 预付 or 全额"},
    {"where: {kind: 全额}", "where: {sort: 全额}", "53: items[0].proved_by[0].where: 'sort' is not a field of payment; use id, "
     "parcel_id, project_id, amount, kind, paid_on or payee"},
    {"date: paid_on}", "date: payee}",
     "53: items[0].proved_by[0].date: 'payee' is of type text; use a field of type date"},
    /* a validity of two dates */
    {"    date: made_on\n", "    date: [made_on]\n", "10: layers[0].date: has 1 entry; write at least 2"},
    {"    date: made_on\n", "    date: [made_on, made_on]\n",
     "10: layers[0].date: begins and ends with the same field; write that field alone"},
    {"    date: made_on\n", "    date: [made_on, name]\n",
     "10: layers[0].date[1]: 'name' is of type text; use a field of type date"},
    {"    date: made_on\n", "    date: [made_on, ended]\n", "10: layers[0].date[1]: 'ended' is not a field of parcel; use id, "
     "name, project_id, division, made_on, area_ha, area_m2 or phone"},
    /* divisions */
    {"code: '341321'", "code: 341321",
     "55: divisions[0].code: 341321 is a number here, not a text; write it in quotes: '341321'"},
    {"code: '341321'", "code: '34132'",
     "55: divisions[0].code: '34132' is not a division code; write 6, 9 or 12 digits"},
    {"divisions:\n", "divisions:\n  - {code: '340001', name: 旧县}\n",
     "57: divisions[2].code: '340001' is the code of divisions[0] already; keep one of them"},
    {"successor: '340001'", "successor: '340002'", "55: divisions[0].successor: '340002' is not the code of another "
     "division in this list; add that division or correct the code"},
    {"valid_to: '2020-12-31'", "valid_to: '2021-02-29'",
     "55: divisions[0].valid_to: '2021-02-29' is not a date of the calendar; write YYYY-MM-DD"},
    {"valid_to: '2020-12-31'", "valid_to: '2020-12-31', valid_from: '2021-01-01'",
     "55: divisions[0].valid_to: 2020-12-31 is before valid_from, 2021-01-01; correct one of them"},
    /* lists: line 54 is their key, 55 the list */
#define LIST(rest) "lists:\n  - {id: l, title: t, " rest "}\n"
    {"divisions:\n", LIST("audience: never, of: parcel, by: name, columns: [parcel.id]") "divisions:\n",
     "55: lists[0].audience: 'never' is not an audience; use public or staff"},
    {"divisions:\n", LIST("audience: public, of: parcel, by: area_ha, columns: [parcel.id]") "divisions:\n",
     "55: lists[0].by: a list is grouped by a field of type text that those who see it may see"},
    {"divisions:\n", LIST("audience: staff, of: parcel, by: phone, columns: [parcel.id]") "divisions:\n",
     "55: lists[0].by: a list is grouped by a field of type text that those who see it may see"},
    {"divisions:\n", LIST("audience: staff, of: parcel, by: name, lines: notice, columns: [parcel.id]") "divisions:\n",
     "55: lists[0].lines: parcel and notice are not linked; add a link between them under 'links'"},
    {"divisions:\n", LIST("audience: staff, of: parcel, by: name, columns: [payment.id]") "divisions:\n",
     "55: lists[0].columns[0]: 'payment' is neither what the list is of nor its lines; use a field of parcel"},
    {"divisions:\n", LIST("audience: staff, of: parcel, by: name, columns: [parcel.phone]") "divisions:\n",
     "55: lists[0].columns[0]: 'phone' has audience: never, which is less than those who see the list; leave it out"},
    {"divisions:\n", LIST("audience: public, of: parcel, by: name, lines: payment, columns: [payment.payee]") "divisions:\n",
     "55: lists[0].columns[0]: 'payee' has audience: staff, which is less than those who see the list; leave it out"},
    {"divisions:\n", LIST("audience: staff, of: parcel, by: name, columns: [parcel.id], sum: [parcel.id]") "divisions:\n",
     "55: lists[0].sum[0]: 'id' is of type text; only integers and numbers can be summed"},
    {"divisions:\n", LIST("audience: staff, of: parcel, by: name, columns: [parcel.id], sum: [parcel.area_ha]") "divisions:\n",
     "55: lists[0].sum[0]: what is summed must be a column; add it to 'columns' or leave it out"},
    {"divisions:\n",
     LIST("audience: staff, of: parcel, by: name, columns: [parcel.id], open: {field: parcel.made_on, title: x}") "divisions:\n",
     "55: lists[0].open.field: the title stands where the value is missing; add the field to 'columns'"},
    /* names by their sound */
    {"search: true, aliases", "search: true, pinyin: 1, aliases", "16: layers[0].fields[1].pinyin: '1' is neither true nor false; write one of them, without quotes"},
    {"title: 日期, type: date, audience: public}\n      - {name: area_ha", "title: 日期, type: date, audience: public, search: true, pinyin: true}\n      - {name: area_ha",
     "19: layers[0].fields[4].pinyin: only a field of type: text with search: true is found by its sound; remove 'pinyin' or "
     "correct the others"},
};

/* clang-format on */

/* The text of a case; the caller frees it. */
static char *case_text(const wrong_case *wrong)
{
    if (wrong->from == NULL)
        return strdup(wrong->to);
    const char *at = strstr(base, wrong->from);
    assert_non_null(at);
    char *text = NULL;
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - base), base, wrong->to, at + strlen(wrong->from)) > 0);
    return text;
}

static dk_catalogue *parse_good(const char *text)
{
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    const dk_status status = dk_catalogue_parse(text, strlen(text), "c.yaml", &catalogue, &err);
    if (status != DK_OK)
        fail_msg("%s", err.text);
    return catalogue;
}

static void every_mistake_is_named_with_line_and_key(void **state)
{
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < sizeof wrong_cases / sizeof *wrong_cases; i++) {
        char *text = case_text(&wrong_cases[i]);
        char expected[DK_ERROR_TEXT];
        snprintf(expected, sizeof expected, "c.yaml:%s", wrong_cases[i].message);
        dk_catalogue *catalogue = NULL;
        dk_error err = {0};
        const dk_status status = dk_catalogue_parse(text, strlen(text), "c.yaml", &catalogue, &err);
        if (status != DK_INVALID || strcmp(err.text, expected) != 0 || catalogue != NULL) {
            print_error("case %zu (%s)\n  expected: %s\n  got %d:    %s\n", i, wrong_cases[i].to, expected, status,
                        err.text);
            failures++;
        }
        dk_catalogue_free(catalogue);
        /* The message is optional. */
        assert_int_equal(dk_catalogue_parse(text, strlen(text), "c.yaml", &catalogue, NULL), DK_INVALID);
        free(text);
    }
    assert_int_equal(failures, 0);
}

/* An earlier version took it, and filled no row by it. */
static void a_store_with_an_inherit_between_units_is_still_opened(void **state)
{
    (void)state;
    const wrong_case wrong = {"类型, type: text, audience: public, values: [预付, 全额]}",
                              "面积, type: number, unit: m2, audience: public, inherit: parcel.area_ha}", NULL};
    char *text = case_text(&wrong);
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    assert_int_equal(dk_catalogue_parse(text, strlen(text), "c.yaml", &catalogue, &err), DK_INVALID);
    assert_int_equal(dk_catalogue_parse_kept(text, strlen(text), "c.yaml", &catalogue, &err), DK_OK);
    const dk_kind *payment = dk_catalogue_kind(catalogue, "payment");
    assert_string_equal(payment->fields[4].unit, "m2");
    assert_null(payment->fields[4].inherit_kind);
    assert_non_null(payment->fields[2].inherit_kind);
    dk_catalogue_free(catalogue);
    free(text);
}

/* An earlier version did not count 千元 as money. */
static void a_store_that_sums_up_thousands_for_few_is_still_opened(void **state)
{
    (void)state;
    const wrong_case wrong = {"金额, type: number, audience", "金额, type: number, unit: 千元, audience", NULL};
    char *text = case_text(&wrong);
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    assert_int_equal(dk_catalogue_parse(text, strlen(text), "c.yaml", &catalogue, &err), DK_INVALID);
    assert_int_equal(dk_catalogue_parse_kept(text, strlen(text), "c.yaml", &catalogue, &err), DK_OK);
    dk_catalogue_free(catalogue);
    free(text);
}

/* A value that follows from one that follows would have to follow twice; one taken at a load would not follow at all.
 */
static void what_follows_is_not_followed(void **state)
{
    (void)state;
    static const struct {
        const char *payment, *message;
    } table[] = {
        {"- {name: kind, title: 类型, type: date, audience: public, linked: {field: parcel.made_on, as: min}}",
         "c.yaml:19: layers[0].fields[4].linked.field: 'kind' follows from linked rows itself; name the field that it follows from"},
        {"- {name: kind, title: 类型, type: date, audience: public, inherit: parcel.made_on}",
         "c.yaml:32: records[0].fields[4].inherit: 'made_on' follows from linked rows itself; name the field that it follows from"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const wrong_case first = {
            "日期, type: date, audience: public}\n      - {name: area_ha",
            i == 0
                ? "日期, type: date, audience: public, linked: {field: payment.kind, as: min}}\n      - {name: area_ha"
                : "日期, type: date, audience: public, linked: {field: payment.paid_on, as: min}}\n      - {name: area_ha",
            ""};
        char *text = case_text(&first), *whole = NULL;
        char *at = strstr(text, "- {name: kind, title");
        assert_non_null(at);
        *at = 0;
        assert_true(asprintf(&whole, "%s%s%s", text, table[i].payment, strchr(at + 1, '\n')) > 0);
        dk_catalogue *catalogue = NULL;
        dk_error err = {0};
        assert_int_equal(dk_catalogue_parse(whole, strlen(whole), "c.yaml", &catalogue, &err), DK_INVALID);
        assert_string_equal(err.text, table[i].message);
        free(text);
        free(whole);
    }
}

/* A parcel that everyone sees would get a new entry in the log, which everyone reads, with each complaint about it. */
static void what_few_see_is_not_followed_where_all_see_that_it_changed(void **state)
{
    (void)state;
    static const char format[] =
        "title: a\npublisher: b\nextent: [1, 2, 3, 4]\n"
        "layers:\n  - name: parcel\n    title: c\n    audience: %s\n    geometry: polygon\n    key: {field: id}\n    division: division\n"
        "    fields:\n      - {name: id, title: d, type: text, audience: public}\n"
        "      - {name: division, title: e, type: division, audience: public}\n"
        "      - {name: topic, title: f, type: text, audience: %s, linked: {field: complaint.topic, as: only}}\n"
        "records:\n  - name: complaint\n    title: g\n    audience: staff\n    key: {field: id}\n    division: division\n"
        "    fields:\n      - {name: id, title: h, type: text, audience: staff}\n"
        "      - {name: parcel, title: i, type: text, audience: staff}\n"
        "      - {name: topic, title: j, type: text, audience: staff}\n"
        "      - {name: division, title: k, type: division, audience: staff}\n"
        "links:\n  - {from: complaint, to: parcel, on: [{match: {parcel: key}}]}\n";
    static const char *const fields[] = {"staff", "never"};
    char text[sizeof format + 20];
    for (size_t i = 0; i < 2; i++) {
        dk_catalogue *catalogue = NULL;
        dk_error err = {0};
        snprintf(text, sizeof text, format, "public", fields[i]);
        assert_int_equal(dk_catalogue_parse(text, strlen(text), "c.yaml", &catalogue, &err), DK_INVALID);
        assert_string_equal(
            err.text, "c.yaml:14: layers[0].fields[2].linked.field: complaint has audience: staff, and each of them "
                      "that comes or goes would make a new entry about parcel in the publication log, which everyone "
                      "reads; leave it out: who sees both finds them linked");
    }
    snprintf(text, sizeof text, format, "staff", "staff");
    dk_catalogue_free(parse_good(text));
}

static void a_catalogue_gives_what_it_says(void **state)
{
    (void)state;
    dk_catalogue *c = parse_good(base);
    assert_string_equal(c->title, "示例");
    assert_null(c->map_approval_no);
    assert_true(c->extent[0] == 116 && c->extent[1] == 34 && c->extent[2] == 117 && c->extent[3] == 35);
    assert_int_equal(c->n_kinds, 3);
    assert_int_equal(c->n_layers, 1);
    const dk_kind *parcel = dk_catalogue_kind(c, "parcel"), *payment = dk_catalogue_kind(c, "payment");
    const dk_kind *notice = dk_catalogue_kind(c, "notice");
    assert_ptr_equal(parcel, &c->kinds[0]);
    assert_int_equal(notice->index, 2);
    assert_null(dk_catalogue_kind(c, "parcels"));
    assert_int_equal(parcel->geometry, DK_POLYGONS);
    assert_int_equal(payment->geometry, DK_NO_GEOMETRY);
    assert_int_equal(parcel->key_field, 0);
    assert_int_equal(parcel->n_qualifiers, 1);
    assert_int_equal(parcel->qualifiers[0], 2);
    assert_true(parcel->qualify_by_source);
    assert_false(payment->qualify_by_source);
    assert_int_equal(parcel->division_field, 3);
    assert_int_equal(parcel->date_field, 4);
    assert_int_equal(parcel->date_end_field, -1);
    assert_int_equal(notice->date_field, -1);
    assert_int_equal(notice->date_end_field, -1);
    assert_int_equal(parcel->label_field, 1);
    assert_int_equal(payment->label_field, -1);
    assert_int_equal(parcel->min_zoom, 6);
    assert_int_equal(parcel->max_zoom, 16);
    assert_string_equal(parcel->ignored_columns[0], "OBJECTID");

    const dk_field *fields = parcel->fields;
    assert_true(fields[0].required && fields[0].in_tiles && !fields[0].in_search);
    assert_true(fields[1].in_search);
    assert_int_equal(fields[1].n_aliases, 2);
    assert_string_equal(fields[1].aliases[1], "地块名称");
    assert_int_equal(fields[7].audience, DK_NEVER); /* nothing said: hidden */
    assert_true(fields[5].declares_area_m2 == 10000 && !fields[5].computed);
    assert_true(fields[6].declares_area_m2 == 0 && fields[6].computed == DK_COMPUTED_AREA);
    assert_int_equal(dk_kind_field(parcel, "area_m2"), 6);
    assert_int_equal(dk_kind_field(parcel, "area"), -1);
    assert_ptr_equal(payment->fields[2].inherit_kind, parcel);
    assert_int_equal(payment->fields[2].inherit_field, 2);
    assert_int_equal(payment->fields[1].inherit_field, -1);
    assert_int_equal(payment->fields[4].n_values, 2);

    const dk_total *total = &payment->totals[0];
    assert_int_equal(payment->n_totals, 1);
    assert_true(total->n_by == 1 && total->by[0] == 2 && total->n_sum == 1 && total->sum[0] == 3);
    assert_true(total->min_rows == 3 && total->audience == DK_PUBLIC);

    bool reversed = true;
    const dk_link *link = dk_catalogue_link(c, payment, parcel, &reversed);
    assert_ptr_equal(link, &c->links[0]);
    assert_false(reversed);
    assert_ptr_equal(dk_catalogue_link(c, parcel, payment, &reversed), link);
    assert_true(reversed);
    assert_null(dk_catalogue_link(c, parcel, notice, &reversed));
    assert_int_equal(link->n_rules, 1);
    assert_true(link->rules[0].match[0].from == 1 && link->rules[0].match[0].to == DK_LINK_KEY);
    assert_true(link->rules[0].unless.from == 2 && link->rules[0].unless.to == 2);

    const dk_item *item = &c->items[0];
    assert_ptr_equal(item->subject_kind, parcel);
    assert_true(item->applies_kind == payment && item->applies_field == 4);
    assert_string_equal(item->applies_values[0], "预付");
    const dk_dated_rows *proof = &item->proofs[0];
    assert_true(proof->kind == payment && proof->date_field == 5 && proof->end_field == -1);
    assert_true(proof->where.n_fields == 1 && proof->where.fields[0].field == 4 &&
                proof->where.fields[0].n_values == 1);
    assert_string_equal(proof->where.fields[0].values[0], "全额");
    assert_null(item->basis);

    assert_string_equal(c->divisions[0].code, "340001"); /* sorted */
    assert_string_equal(dk_catalogue_division(c, "341321")->successor, "340001");
    assert_null(dk_catalogue_division(c, "341322"));
    dk_catalogue_free(c);
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;
    dk_catalogue *c = parse_good("title: a\npublisher: b\nextent: [1, 2, 3, 4]\n"
                                 "layers:\n  - name: line\n    title: c\n    geometry: line\n    key: {field: id}\n"
                                 "    fields: [{name: id, title: d, type: text, audience: public},\n"
                                 "             {name: n, title: e, type: integer, audience: public}]\n"
                                 "    totals: [{by: [id], sum: [n], audience: staff}]\n");
    assert_true(c->kinds[0].min_zoom == 0 && c->kinds[0].max_zoom == 16);
    assert_int_equal(c->kinds[0].geometry, DK_LINES);
    assert_int_equal(c->kinds[0].division_field, -1);
    assert_int_equal(c->kinds[0].date_field, -1);
    assert_int_equal(c->kinds[0].totals[0].min_rows, 5);
    assert_null(dk_catalogue_division(c, "341321"));
    assert_true(c->n_links == 0 && c->n_items == 0 && c->n_divisions == 0);
    dk_catalogue_free(c);
}

static void aliases_and_anchors_are_read_as_what_they_stand_for(void **state)
{
    (void)state;
    dk_catalogue *c = parse_good("title: &name 甲\npublisher: *name\nextent: [1, 2, 3, 4]\nrecords:\n"
                                 "  - {name: a, title: *name, key: &key {field: id}, fields: &fields "
                                 "[{name: id, title: d, type: text, audience: public}]}\n"
                                 "  - {name: b, title: e, key: *key, fields: *fields}\n");
    assert_string_equal(c->publisher, "甲");
    assert_string_equal(c->kinds[1].fields[0].name, "id");
    assert_ptr_not_equal(c->kinds[1].fields, c->kinds[0].fields);
    dk_catalogue_free(c);
}

/* 60 fields refer to one list of 1000 long texts, and 30 kinds to those fields. */
static void aliases_that_write_out_to_gigabytes_are_refused(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs("title: a\npublisher: b\nextent: [1, 2, 3, 4]\nrecords:\n", out);
    for (int kind = 0; kind < 30; kind++) {
        fprintf(out, "  - name: k%d\n    title: c\n    key: {field: f0}\n    fields:%s\n", kind,
                kind == 0 ? " &fields" : " *fields");
        for (int field = 0; kind == 0 && field < 60; field++) {
            fprintf(out, "      - {name: f%d, title: d, type: text, audience: public, values: %s", field,
                    field == 0 ? "&values [" : "*values");
            for (int value = 0; field == 0 && value < 1000; value++)
                fprintf(out, "v%d%0500d,", value, 0);
            fprintf(out, "%s}\n", field == 0 ? "]" : "");
        }
    }
    fclose(out);
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    assert_int_equal(dk_catalogue_parse(text, size, "c.yaml", &catalogue, &err), DK_LIMIT);
    assert_int_equal(err.status, DK_LIMIT);
    assert_non_null(strstr(err.text, "aliases (*name)"));
    free(text);
}

static void brackets_without_end_are_refused(void **state)
{
    (void)state;
    char text[4000];
    memset(text, '[', sizeof text);
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    assert_int_equal(dk_catalogue_parse(text, sizeof text, "c.yaml", &catalogue, &err), DK_INVALID);
    assert_string_equal(err.text,
                        "c.yaml:1: lists and mappings are nested more than 32 deep; a catalogue needs fewer, look "
                        "for a bracket that is not closed");
}

static void more_fields_or_kinds_than_a_mask_holds_are_refused(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        fputs("title: a\npublisher: b\nextent: [1, 2, 3, 4]\nlayers:\n", out);
        for (int kind = 0; kind < 32; kind++) {
            if (kind == 16)
                fputs("records:\n", out);
            fprintf(out, "  - {name: k%d, title: c, key: {field: f0}, %sfields: [", kind,
                    kind < 16 ? "geometry: point, " : "");
            for (int field = 0; field < 63 + over; field++)
                fprintf(out, "{name: f%d, title: d, type: text, audience: public}, ", field);
            fputs("]}\n", out);
        }
        fclose(out);
        dk_catalogue *catalogue = NULL;
        dk_error err = {0};
        const dk_status status = dk_catalogue_parse(text, size, "c.yaml", &catalogue, &err);
        if (over) {
            assert_int_equal(status, DK_INVALID);
            assert_string_equal(err.text, "c.yaml:5: layers[0].fields: has 64 entries; write at most 63");
        } else {
            assert_int_equal(status, DK_OK);
            assert_int_equal(catalogue->n_kinds, 32);
            dk_catalogue_free(catalogue);
        }
        free(text);
    }
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs("title: a\npublisher: b\nextent: [1, 2, 3, 4]\n", out);
    for (int kind = 0; kind < 33; kind++)
        fprintf(out,
                "%s  - {name: k%d, title: c, key: {field: a}, %s"
                "fields: [{name: a, title: d, type: text, audience: public}]}\n",
                kind == 0    ? "layers:\n"
                : kind == 16 ? "records:\n"
                             : "",
                kind, kind < 16 ? "geometry: point, " : "");
    fclose(out);
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    assert_int_equal(dk_catalogue_parse(text, size, "c.yaml", &catalogue, &err), DK_INVALID);
    assert_string_equal(err.text, "c.yaml:22: records: with 16 layers these are 33 kinds; keep at most 32 together");
    free(text);
}

static void a_catalogue_of_more_than_16_mib_is_refused(void **state)
{
    (void)state;
    const size_t size = ((size_t)16 << 20) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '#', size);
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    assert_int_equal(dk_catalogue_parse(text, size, "c.yaml", &catalogue, &err), DK_LIMIT);
    assert_string_equal(err.text, "c.yaml: the catalogue has more than 16 MiB; leave out what is not needed");
    for (size_t i = 0; i < size; i++) /* within 16 MiB, but of eight million values */
        text[i] = "[,"[i > 0];
    for (size_t i = 1; i < size; i += 2)
        text[i] = 'a';
    assert_int_equal(dk_catalogue_parse(text, size - 1, "c.yaml", &catalogue, &err), DK_LIMIT);
    assert_string_equal(err.text,
                        "c.yaml:1: the catalogue has more than 2000000 values up to here; leave out what is not "
                        "needed");
    free(text);
}

static void a_grid_has_a_figure_for_each_number_and_each_value(void **state)
{
    (void)state;
    static const char grid[] =
        "title: t\npublisher: p\nextent: [116, 34, 117, 35]\nlayers:\n"
        "  - name: parcel\n    title: 地块\n    geometry: polygon\n    key: {field: id}\n"
        "    grid: [paid, households, v]\n    fields:\n"
        "      - {name: id, title: 编号, type: text, audience: public}\n"
        "      - {name: households, title: 户数, type: integer, audience: public}\n"
        "      - {name: v, title: 值, type: text, audience: public, values: [%s]}\n"
        "      - {name: paid, title: 付清, type: text, audience: public, values: [已付清, 未付清]}\n";
    char text[2000];
    snprintf(text, sizeof text, grid, TWENTY_FOUR);
    char *const third = strstr(text, ", v22, v23, v24");
    memmove(third, third + strlen(", v22, v23, v24"), strlen(third + strlen(", v22, v23, v24")) + 1);
    dk_catalogue *c = parse_good(text);
    const dk_kind *parcel = &c->kinds[0];
    static const struct {
        const char *name;
        int field, value;
    } expected[] = {{"paid_已付清", 3, 0}, {"paid_未付清", 3, 1}, {"households", 1, -1}, {"v_v1", 2, 0}};
    assert_int_equal(parcel->n_grid_measures, 24);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_string_equal(parcel->grid_measures[i].name, expected[i].name);
        assert_int_equal(parcel->grid_measures[i].field, expected[i].field);
        assert_int_equal(parcel->grid_measures[i].value, expected[i].value);
    }
    assert_string_equal(parcel->grid_measures[23].name, "v_v21");
    dk_catalogue_free(c);
}

static void the_sample_county_s_catalogue_is_read(void **state)
{
    (void)state;
    char path[4096];
    const char *root = getenv("DK_ROOT");
    snprintf(path, sizeof path, "%s/samples/dangshan/catalogue.yaml", root != NULL ? root : ".");
    dk_catalogue *c = NULL;
    char *text = NULL;
    dk_error err = {0};
    const dk_status status = dk_catalogue_read(path, &c, &text, &err);
    if (status != DK_OK)
        fail_msg("%s", err.text);
    assert_non_null(strstr(text, "title: 征收地块"));
    assert_int_equal(c->n_layers, 3);
    const dk_kind *compensation = dk_catalogue_kind(c, "compensation");
    assert_non_null(compensation);
    /* Single amounts and persons for staff, who look for them; accounts for nobody. */
    const char *const staff[] = {"payee", "total", "land_compensation", "id_number", "group_name", "contract_no"};
    assert_int_equal(compensation->fields[dk_kind_field(compensation, "bank_account")].audience, DK_NEVER);
    for (size_t i = 0; i < sizeof staff / sizeof *staff; i++)
        assert_int_equal(compensation->fields[dk_kind_field(compensation, staff[i])].audience, DK_STAFF);
    assert_int_equal(c->n_lists, 1);
    assert_ptr_equal(c->lists[0].lines, compensation);
    assert_string_equal(compensation->fields[c->lists[0].columns[c->lists[0].open_column].field].name, "paid_on");
    bool reversed;
    assert_non_null(dk_catalogue_link(c, dk_catalogue_kind(c, "parcel"), compensation, &reversed));
    assert_true(c->n_items >= 1);
    assert_non_null(dk_catalogue_division(c, "341321"));
    free(text);
    dk_catalogue_free(c);
}

static void a_file_that_is_not_there_or_no_file_is_said_so(void **state)
{
    (void)state;
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    assert_int_equal(dk_catalogue_read("/nonexistent/c.yaml", &catalogue, NULL, &err), DK_NOT_FOUND);
    assert_string_equal(err.text, "/nonexistent/c.yaml: the catalogue cannot be opened: No such file or directory");
    assert_int_equal(dk_catalogue_read("/", &catalogue, NULL, &err), DK_IO);
    assert_string_equal(err.text, "/: the catalogue cannot be read: Is a directory");
    assert_null(catalogue);
    dk_catalogue_free(NULL);
}

static void a_byte_order_mark_and_windows_line_ends_do_no_harm(void **state)
{
    (void)state;
    dk_catalogue *c = parse_good("\xef\xbb\xbftitle: a\r\npublisher: b\r\nextent: [1, 2, 3, 4]\r\nrecords:\r\n"
                                 "  - {name: a, title: c, key: {field: id}, fields: "
                                 "[{name: id, title: d, type: text, audience: public}]}\r\n");
    assert_string_equal(c->title, "a");
    dk_catalogue_free(c);
}

static void audiences_and_types_have_the_names_of_the_catalogue(void **state)
{
    (void)state;
    const char *const audiences[] = {"public", "group", "request", "staff", "never"};
    for (int i = DK_PUBLIC; i <= DK_NEVER; i++)
        assert_string_equal(dk_audience_name((dk_audience)i), audiences[i]);
    const char *const types[] = {"text", "integer", "number", "date", "approval_no", "division", "url"};
    for (int i = DK_FIELD_TEXT; i <= DK_FIELD_URL; i++)
        assert_string_equal(dk_field_type_name((dk_field_type)i), types[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_named_with_line_and_key),
        cmocka_unit_test(a_store_with_an_inherit_between_units_is_still_opened),
        cmocka_unit_test(a_store_that_sums_up_thousands_for_few_is_still_opened),
        cmocka_unit_test(what_follows_is_not_followed),
        cmocka_unit_test(what_few_see_is_not_followed_where_all_see_that_it_changed),
        cmocka_unit_test(a_catalogue_gives_what_it_says),
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(aliases_and_anchors_are_read_as_what_they_stand_for),
        cmocka_unit_test(aliases_that_write_out_to_gigabytes_are_refused),
        cmocka_unit_test(brackets_without_end_are_refused),
        cmocka_unit_test(more_fields_or_kinds_than_a_mask_holds_are_refused),
        cmocka_unit_test(a_catalogue_of_more_than_16_mib_is_refused),
        cmocka_unit_test(a_grid_has_a_figure_for_each_number_and_each_value),
        cmocka_unit_test(the_sample_county_s_catalogue_is_read),
        cmocka_unit_test(a_file_that_is_not_there_or_no_file_is_said_so),
        cmocka_unit_test(a_byte_order_mark_and_windows_line_ends_do_no_harm),
        cmocka_unit_test(audiences_and_types_have_the_names_of_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
