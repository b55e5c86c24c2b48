#include "ingest/options.h"

#include "ingest/commands.h"
#include "ingest/encoding.h"
#include "ingest/moment.h"
#include "ingest/options_access.h"
#include "ingest/report.h"
#include "store/access_token.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef enum option_id {
    OPT_CATALOGUE = 0,
    OPT_CRS,
    OPT_ENCODING,
    OPT_FIELD,
    OPT_MERGED,
    OPT_TRANSFORMATION,
    OPT_ACCEPT_DATUM_ERROR,
    OPT_SET,
    OPT_AXES,
    OPT_IGNORE,
    OPT_REPLACE,
    OPT_BATCH,
    OPT_REJECTS,
    OPT_DRY_RUN,
    OPT_PUBLISH,
    OPT_ALLOW_REJECTS,
    OPT_LAYER,
    OPT_JSON,
    OPT_ACTOR,
    OPT_REASON,
    OPT_REPORT,
    OPT_HOLES,
    OPT_JOIN,
    OPT_ON,
    OPT_JOIN_LAYER,
    OPT_PROFILE,
    OPT_SAVE_PROFILE,
    OPT_ALL_FORMATS,
    OPT_UNDRAWN,
    OPT_DRAW,
    OPT_KEY,
    OPT_AUDIENCE,
    OPT_CSV,
    OPT_FROM,
    OPT_TO,
    OPT_OUTPUT,
    OPT_CONFINED,
    OPT_MOST_BYTES,
    OPT_MOST_SECONDS,
    OPT_NAME,
    OPT_SCOPE,
    OPT_ROLE,
    OPT_EXPIRES,
    OPT_PROXY_USER,
    OPT_FORGET_BEFORE,
    OPT_JUSTIFY,
    OPT_APPROVE,
    OPT_REJECT,
    OPT_AT,
    OPT_DUE,
    OPT_WAIT,
    OPT_LOG_KEY,
    OPT_CHECKPOINT,
    OPT_SM2,
    OPT_TOKEN,
    OPT_DIVISION,
    OPT_WITHIN,
    OPT_LATE,
    OPT_AS_OF
} option_id;

static const struct option_name {
    const char *name;
    bool takes_value;
} option_names[] = {
    [OPT_CATALOGUE] = {"--catalogue", true},
    [OPT_CRS] = {"--crs", true},
    [OPT_ENCODING] = {"--encoding", true},
    [OPT_FIELD] = {"--field", true},
    [OPT_MERGED] = {"--merged", true},
    [OPT_TRANSFORMATION] = {"--transformation", true},
    [OPT_ACCEPT_DATUM_ERROR] = {"--accept-datum-error", false},
    [OPT_SET] = {"--set", true},
    [OPT_AXES] = {"--axes", true},
    [OPT_IGNORE] = {"--ignore", true},
    [OPT_REPLACE] = {"--replace", false},
    [OPT_BATCH] = {"--batch", true},
    [OPT_REJECTS] = {"--rejects", true},
    [OPT_DRY_RUN] = {"--dry-run", false},
    [OPT_PUBLISH] = {"--publish", false},
    [OPT_ALLOW_REJECTS] = {"--allow-rejects", false},
    [OPT_LAYER] = {"--layer", true},
    [OPT_JSON] = {"--json", false},
    [OPT_ACTOR] = {"--actor", true},
    [OPT_REASON] = {"--reason", true},
    [OPT_REPORT] = {"--report", true},
    [OPT_HOLES] = {"--holes", false},
    [OPT_JOIN] = {"--join", true},
    [OPT_ON] = {"--on", true},
    [OPT_JOIN_LAYER] = {"--join-layer", true},
    [OPT_PROFILE] = {"--profile", true},
    [OPT_SAVE_PROFILE] = {"--save-profile", true},
    [OPT_ALL_FORMATS] = {"--all-formats", false},
    [OPT_UNDRAWN] = {"--undrawn", false},
    [OPT_DRAW] = {"--draw", false},
    [OPT_KEY] = {"--key", true},
    [OPT_AUDIENCE] = {"--audience", true},
    [OPT_CSV] = {"--csv", false},
    [OPT_FROM] = {"--from", true},
    [OPT_TO] = {"--to", true},
    [OPT_OUTPUT] = {"--output", true},
    [OPT_CONFINED] = {"--confined", false},
    [OPT_MOST_BYTES] = {"--most-bytes", true},
    [OPT_MOST_SECONDS] = {"--most-seconds", true},
    [OPT_NAME] = {"--name", true},
    [OPT_SCOPE] = {"--scope", true},
    [OPT_ROLE] = {"--role", true},
    [OPT_EXPIRES] = {"--expires", true},
    [OPT_PROXY_USER] = {"--proxy-user", false},
    [OPT_FORGET_BEFORE] = {"--forget-before", true},
    [OPT_JUSTIFY] = {"--justify", true},
    [OPT_APPROVE] = {"--approve", false},
    [OPT_REJECT] = {"--reject", false},
    [OPT_AT] = {"--at", true},
    [OPT_DUE] = {"--due", false},
    [OPT_WAIT] = {"--wait", false},
    [OPT_LOG_KEY] = {"--log-key", true},
    [OPT_CHECKPOINT] = {"--checkpoint", true},
    [OPT_SM2] = {"--sm2", false},
    [OPT_TOKEN] = {"--token", true},
    [OPT_DIVISION] = {"--division", true},
    [OPT_WITHIN] = {"--within", true},
    [OPT_LATE] = {"--late", false},
    [OPT_AS_OF] = {"--as-of", true},
};
#define N_OPTIONS (sizeof option_names / sizeof *option_names)
#define BIT(id) (UINT64_C(1) << (id))

static const struct command_name {
    const char *name;
    dk_command command;
    int min_words, max_words; /* after the name */
    uint64_t options;
    const char *help;
} command_names[] = {
    {"create", dk_command_create, 1, 1, BIT(OPT_CATALOGUE) | BIT(OPT_JSON),
     "dikuai-ingest create STORE --catalogue FILE [--json]\n\n"
     "Makes a new, empty store that follows the catalogue FILE (YAML).\n\n"
     "  dikuai-ingest create dangshan.gpkg --catalogue samples/dangshan/catalogue.yaml\n"},
    {"catalogue", dk_command_catalogue, 1, 2,
     BIT(OPT_DRY_RUN) | BIT(OPT_JUSTIFY) | BIT(OPT_REASON) | BIT(OPT_ACTOR) | BIT(OPT_TOKEN) | BIT(OPT_LOG_KEY) |
         BIT(OPT_JSON),
     "dikuai-ingest catalogue STORE [--json]\n"
     "dikuai-ingest catalogue STORE FILE [--dry-run] [--justify WHERE=WHY]... [--reason TEXT]\n"
     "                        [--actor NAME | --token FILE] [--log-key FILE] [--json]\n\n"
     "Prints the catalogue that is in force; with FILE, says what that one changes and publishes it as a new generation,\n"
     "which a running dikuai-tiler follows at its next request. What it shows less takes effect first, before all that\n"
     "follows from the rest is worked out. What rows in the store stand against is refused: fields and kinds with values\n"
     "keep name, type, unit and key. Who changed it when: dikuai-ingest generations STORE.\n\n"
     "  --dry-run            say what would change and what stands against it, keep all\n"
     "  --justify WHERE=WHY  why something that looks like personal data may be seen from now on. WHERE: KIND.FIELD or\n"
     "                       KIND.FIELD:ROW with the row's number in its source, or its key; may be repeated\n"
     "  --reason TEXT        why, for the record\n"
     "  --actor NAME         who, for the record; by default the user name\n"
     "  --token FILE         who, proved by their token (token add --role publish --scope '*'); - is standard input\n"
     "  --log-key FILE       private key of the publication log; by default STORE.log-key, if it is there\n"
     "  --json               print the outcome as one line of JSON\n\n"
     "  dikuai-ingest catalogue dangshan.gpkg >catalogue.yaml\n"
     "  dikuai-ingest catalogue dangshan.gpkg catalogue.yaml --dry-run\n"},
    {"load", dk_command_load, 3, -1,
     BIT(OPT_CRS) | BIT(OPT_TRANSFORMATION) | BIT(OPT_ACCEPT_DATUM_ERROR) | BIT(OPT_ENCODING) | BIT(OPT_FIELD) |
         BIT(OPT_MERGED) | BIT(OPT_SET) | BIT(OPT_AXES) | BIT(OPT_IGNORE) | BIT(OPT_REPLACE) | BIT(OPT_BATCH) |
         BIT(OPT_REJECTS) | BIT(OPT_DRY_RUN) | BIT(OPT_PUBLISH) | BIT(OPT_ALLOW_REJECTS) | BIT(OPT_LAYER) |
         BIT(OPT_HOLES) | BIT(OPT_JOIN) | BIT(OPT_ON) | BIT(OPT_JOIN_LAYER) | BIT(OPT_PROFILE) | BIT(OPT_SAVE_PROFILE) |
         BIT(OPT_ALL_FORMATS) | BIT(OPT_UNDRAWN) | BIT(OPT_DRAW) | BIT(OPT_REPORT) | BIT(OPT_JSON) | BIT(OPT_ACTOR) |
         BIT(OPT_JUSTIFY) | BIT(OPT_LOG_KEY),
     "dikuai-ingest load STORE NAME SOURCE... [options]\n\n"
     "Reads files into the store as one batch: all of them or none. NAME is a layer or a kind of record of the\n"
     "catalogue. SOURCE: shapefile, GeoPackage, GeoJSON, FlatGeobuf, file and personal geodatabase (.gdb, .mdb), KML, "
     "KMZ,\n"
     "GML, MapInfo TAB or MIF, DXF, DWG of AutoCAD 2000, VCT of 2007, CSV, XLSX, XLS, ODS, coordinate TXT of 勘测定界,\n"
     "报盘 TXT of mining rights, or a ZIP or folder with such data. The batch is staged, and seen by nobody, until\n"
     "it is published.\n\n"
     "  --crs EPSG:N           coordinate system, for files that do not say it (EPSG:4527: CGCS2000, 3-degree zone "
     "39),\n"
     "                         or gcj02 for degrees read off Amap, Tencent and the like, good to metres only\n"
     "  --transformation FILE  from Xian 1980 or Beijing 1954 by the parameters in FILE, which never leave it\n"
     "  --accept-datum-error   take old coordinates as CGCS2000, tens of metres off; the batch is marked\n"
     "  --axes yx              the file has (north, east) or (latitude, longitude)\n"
     "  --encoding E           UTF-8 or GB18030 (also GBK, GB2312); by default the bytes of each file decide\n"
     "  --layer NAME           which layer or sheet of a file with several\n"
     "  --holes                in a drawing (DXF, DWG), a closed polyline inside another is its hole\n"
     "  --join LEDGER --on KEY give each row the columns of the LEDGER's row that has the same KEY; KEY is a column of "
     "both,\n"
     "                         or COLUMN=KEY where the file calls it COLUMN. --join-layer NAME: which sheet of the "
     "LEDGER\n"
     "  --all-formats          of a folder or ZIP, the data of every format, not of one only\n"
     "  --profile FILE         how files are read, by their names (YAML); what is said here besides comes first\n"
     "  --save-profile FILE    write such a file from what this load found\n"
     "  --field FIELD=COLUMN   the column that gives a field; may be repeated\n"
     "  --set FIELD=VALUE      the value of a field where the file has none; may be repeated\n"
     "  --merged FIELD=HOW     an amount in a cell merged over rows: first (it is the first row's) or each (each has "
     "it)\n"
     "  --ignore COLUMN        leave a column out; may be repeated; '*' leaves out all that are not known\n"
     "  --replace              rows whose key is in the store already may replace those there\n"
     "  --undrawn              of a layer: rows without outline are kept too, marked 无图形 until they are drawn\n"
     "  --draw                 rows give outlines to those that are there without, by their key\n"
     "  --batch TITLE          title of the batch; by default the name of the first file\n"
     "  --rejects FILE         where rows go that cannot be loaded; by default TITLE.rejects.csv beside the store\n"
     "  --report FILE          quality report of the batch: FILE.html for people, FILE.json for programs; may be given "
     "twice\n"
     "  --dry-run              check everything, keep nothing\n"
     "  --publish              publish the batch if no row was rejected\n"
     "  --allow-rejects        rejected rows are no failure: publish without them\n"
     "  --justify WHERE=WHY    why something that looks like personal data may be published; see review --help\n"
     "  --actor NAME           who loads and publishes, for the log; by default the user name\n"
     "  --log-key FILE         private key of the publication log; by default STORE.log-key, if it is there\n"
     "  --json                 print the summary as one line of JSON\n\n"
     "A parcel shapefile whose .prj says its zone, published at once:\n"
     "  dikuai-ingest load dangshan.gpkg parcel 征收地块.shp --publish\n"
     "A ledger whose 文号 stands in a column of another name, with one project for all rows:\n"
     "  dikuai-ingest load dangshan.gpkg compensation 补偿.xlsx --field approval_no=批文 --set project_id=XM2020-01\n"
     "A GeoJSON in zone 39 that does not say so, tried first:\n"
     "  dikuai-ingest load dangshan.gpkg parcel parcels.geojson --crs EPSG:4527 --dry-run\n"},
    {"attach", dk_command_attach, 3, -1,
     BIT(OPT_KEY) | BIT(OPT_DRY_RUN) | BIT(OPT_JSON) | BIT(OPT_ACTOR) | BIT(OPT_AUDIENCE) | BIT(OPT_BATCH) |
         BIT(OPT_PUBLISH) | BIT(OPT_JUSTIFY) | BIT(OPT_LOG_KEY),
     "dikuai-ingest attach STORE NAME FILE|FOLDER... [--key KEY] [--audience AUDIENCE] [--batch TITLE] [--publish]\n"
     "                     [--justify WHERE=WHY]... [--dry-run] [--actor NAME] [--log-key FILE] [--json]\n\n"
     "Attaches files (PDF, OFD, JPEG, PNG, TIFF) to the rows of NAME, a kind of record of the catalogue, whose 文号 stands\n"
     "in the name of the file, or else of the folder it lies in: 皖政地〔2020〕123号.pdf, 皖政地2020-123号/001.jpg.\n"
     "The files are copied into STORE.documents, as a batch that is staged until it is published. Who then sees them is\n"
     "what the catalogue says under 'documents' of NAME; without that, staff. Files that do not fit exactly one row are\n"
     "listed and left where they are; what is attached already is left as it is, so the command can be repeated.\n\n"
     "  --key KEY     the row that all of the files belong to, whatever they are called\n"
     "  --audience A  fewer than the catalogue says see them: group, request, staff, never\n"
     "  --batch TITLE what the batch is called\n"
     "  --publish     publish it at once\n"
     "  --dry-run     say what would be done, keep nothing\n"
     "  --justify WHERE=WHY  why a name that looks like personal data may be published; see review --help\n"
     "  --actor NAME  who attaches, for the record; by default the user name\n"
     "  --log-key FILE  private key of the publication log; by default STORE.log-key, if it is there\n"
     "  --json        print the summary as one line of JSON\n\n"
     "  dikuai-ingest attach dangshan.gpkg approval 批复扫描件/\n"
     "  dikuai-ingest attach dangshan.gpkg notice 公告.pdf --key XM2020001:GG001\n"},
    {"progress", dk_command_progress, 1, 2, BIT(OPT_JSON) | BIT(OPT_CSV),
     "dikuai-ingest progress STORE [NAME] [--json | --csv]\n\n"
     "Says by county and year how many approvals are known, drawn (at least one parcel linked to it is published with\n"
     "its geometry) and documented (at least one scan is attached). NAME is another kind of record; by default the\n"
     "first whose key is a 文号 and that is linked to a layer.\n\n"
     "  dikuai-ingest progress dangshan.gpkg\n"},
    {"convert", dk_command_convert, 1, 1,
     BIT(OPT_FROM) | BIT(OPT_TO) | BIT(OPT_OUTPUT) | BIT(OPT_CONFINED) | BIT(OPT_MOST_BYTES) | BIT(OPT_MOST_SECONDS) |
         BIT(OPT_CRS) | BIT(OPT_TRANSFORMATION) | BIT(OPT_ACCEPT_DATUM_ERROR) | BIT(OPT_ENCODING) | BIT(OPT_AXES) |
         BIT(OPT_LAYER) | BIT(OPT_HOLES) | BIT(OPT_JSON),
     "dikuai-ingest convert FILE --to geojson [options]\n"
     "dikuai-ingest convert - --from rows --to gpkg|fgb|shp --output FILE\n\n"
     "Writes the outlines of FILE, whatever `load` reads as a layer, to standard output: GeoJSON in EPSG:4490 degrees.\n"
     "One that cannot be read is a failure of the whole. Notes go to standard error. The second form is for dikuai-tiler,\n"
     "which gives the rows of a download. Exit codes: 3 for what a limit forbids, else as usual.\n\n"
     "  --crs, --transformation, --accept-datum-error, --axes, --encoding, --layer, --holes: as for load\n"
     "  --confined            for files of strangers: bounds memory (1 GB), processor time, files and system calls\n"
     "  --most-bytes N        of a file that is written, with --confined (default 256 MB)\n"
     "  --most-seconds N      of processor time, with --confined (default 60)\n\n"
     "  dikuai-ingest convert 红线.zip --to geojson >红线.geojson\n"},
    {"batches", dk_command_batches, 1, 1, BIT(OPT_JSON),
     "dikuai-ingest batches STORE [--json]\n\n"
     "Lists the batches: number, kind, state, rows, the generations in which they were published and withdrawn.\n\n"
     "  dikuai-ingest batches dangshan.gpkg\n"},
    {"generations", dk_command_generations, 1, 1, BIT(OPT_JSON),
     "dikuai-ingest generations STORE [--json]\n\n"
     "Lists what was published and withdrawn: number, time, by whom (and under which account), batch, reason.\n\n"
     "  dikuai-ingest generations dangshan.gpkg\n"},
    {"review", dk_command_review, 2, 2,
     BIT(OPT_APPROVE) | BIT(OPT_REJECT) | BIT(OPT_REASON) | BIT(OPT_JUSTIFY) | BIT(OPT_REPORT) | BIT(OPT_ACTOR) |
         BIT(OPT_TOKEN) | BIT(OPT_JSON),
     "dikuai-ingest review STORE BATCH [--approve | --reject --reason TEXT] [--justify WHERE=WHY]... [options]\n\n"
     "Lists what of a staged batch looks like personal data where the public would see it: identity numbers, mobile\n"
     "numbers, bank cards, names in fields of people … Values are shown masked. Exits with 1 until each is out of the\n"
     "public's sight (another audience in the catalogue, corrected data) or justified.\n\n"
     "  --justify WHERE=WHY  why it may be seen; kept, with who says so. WHERE: all, FIELD, or FIELD:ROW with the row's\n"
     "                       number in its source, or its key; may be repeated\n"
     "  --approve            the batch is as it should be, and may be published\n"
     "  --reject             it may not, for the reason of --reason TEXT\n"
     "  --report FILE.json   all findings\n"
     "  --actor NAME         who reviews, for the record; by default the user name\n"
     "  --token FILE         who reviews, proved by their token (token add --role review); - is standard input\n"
     "  --json               print the outcome as one line of JSON\n\n"
     "  dikuai-ingest review dangshan.gpkg 3 --justify remark:12=村委会公开电话 --approve\n"},
    {"publish", dk_command_publish, 1, 2,
     BIT(OPT_ACTOR) | BIT(OPT_TOKEN) | BIT(OPT_JSON) | BIT(OPT_JUSTIFY) | BIT(OPT_AT) | BIT(OPT_DUE) | BIT(OPT_WAIT) |
         BIT(OPT_LOG_KEY),
     "dikuai-ingest publish STORE BATCH [--at TIME|never [--wait]] [--justify WHERE=WHY]...\n"
     "                      [--actor NAME | --token FILE] [--log-key FILE] [--json]\n"
     "dikuai-ingest publish STORE --due [--wait] [--log-key FILE] [--json]\n\n"
     "Makes a staged batch visible, as a new generation. BATCH is its number, see: dikuai-ingest batches STORE\n"
     "It is refused while something in it looks like personal data (see review --help), or if the catalogue asks for a\n"
     "review that has not been made.\n\n"
     "  --at TIME            not now but then: 2026-12-01T09:00+08:00; `never` takes it back. It happens by\n"
     "  --due                which publishes what is due; to be run by a timer, every minute\n"
     "  --wait               run until nothing is scheduled any more, for where there is no timer\n"
     "  --justify WHERE=WHY  why something that looks like personal data may be published\n"
     "  --actor NAME         who publishes, for the log; by default the user name\n"
     "  --token FILE         who publishes, proved by their token (token add --role publish); - is standard input\n"
     "  --log-key FILE       private key of the publication log; by default STORE.log-key, if it is there\n"
     "  --json               print the outcome as one line of JSON\n\n"
     "  dikuai-ingest publish dangshan.gpkg 3\n"},
    {"withdraw", dk_command_withdraw, 2, 2,
     BIT(OPT_ACTOR) | BIT(OPT_TOKEN) | BIT(OPT_REASON) | BIT(OPT_LOG_KEY) | BIT(OPT_JSON),
     "dikuai-ingest withdraw STORE BATCH --reason TEXT [--actor NAME | --token FILE] [--log-key FILE] [--json]\n\n"
     "Takes a batch back, for a reason that is kept and shown. What it had replaced is seen again.\n\n"
     "  dikuai-ingest withdraw dangshan.gpkg 3 --reason 坐标有误\n"},
    {"due", dk_command_due, 1, 1, BIT(OPT_DIVISION) | BIT(OPT_WITHIN) | BIT(OPT_LATE) | BIT(OPT_AS_OF) | BIT(OPT_JSON),
     "dikuai-ingest due STORE [--division CODE] [--within DAYS] [--late] [--as-of DAY] [--json]\n\n"
     "Lists what is to be disclosed today or in the next days (10) and is not there yet. Exits with 0 if there is nothing,\n"
     "with 4 if there is something, so that a timer can tell.\n\n"
     "  --division CODE  of this division only: the first digits of its code\n"
     "  --within DAYS    how far ahead; 0 is today\n"
     "  --late           also what should have been there before today\n"
     "  --as-of DAY      as if it were that day: 2026-12-01. By default today in China\n"
     "  --json           print it as one line of JSON\n\n"
     "  dikuai-ingest due dangshan.gpkg --division 3413 --within 10 || echo 有事项即将到期 | mail -s 公开时限 office@example.gov.cn\n"},
    {"clock", dk_command_clock, 1, 1, BIT(OPT_ACTOR) | BIT(OPT_LOG_KEY) | BIT(OPT_JSON),
     "dikuai-ingest clock STORE [--actor NAME] [--log-key FILE] [--json]\n\n"
     "Brings the fields that say how disclosure stands (computed: disclosure) up to today: what falls due soon, what is\n"
     "missing since midnight. The rows that change are published as a generation; without any there is none. Publishing\n"
     "does the same; this is for a timer, soon after midnight in China (00:05 at UTC+8).\n\n"
     "  --actor NAME  who does, for the log; by default the user name\n"
     "  --json        print the outcome as one line of JSON\n\n"
     "  dikuai-ingest clock dangshan.gpkg\n"},
    {"report", dk_command_report, 2, 4, BIT(OPT_JSON),
     "dikuai-ingest report STORE BATCH [FILE.html] [FILE.json]\n\n"
     "Writes the quality report of a batch: what its load counted and rejected, and what is found now: areas, "
     "overlaps\n"
     "within it and with what is published, divisions, rows without partners. Without a file: JSON, printed.\n\n"
     "  dikuai-ingest report dangshan.gpkg 3 质量报告.html\n"},
    {"check", dk_command_check, 1, 1, BIT(OPT_JSON),
     "dikuai-ingest check STORE [--json]\n\n"
     "Verifies the store. Prints each finding and exits with 1 if there is any.\n\n"
     "  dikuai-ingest check dangshan.gpkg\n"},
    {"log", dk_command_log, 2, 3, BIT(OPT_LOG_KEY) | BIT(OPT_SM2) | BIT(OPT_REPLACE) | BIT(OPT_OUTPUT) | BIT(OPT_JSON),
     "dikuai-ingest log STORE show [--json]\n"
     "dikuai-ingest log STORE create NAME [--sm2] [--replace] [--log-key FILE]\n"
     "dikuai-ingest log STORE rotate [--log-key FILE] [--output FILE]\n"
     "dikuai-ingest log STORE sign [--log-key FILE]\n\n"
     "The publication log keeps what was published and withdrawn, in order, so that nobody can change it unseen.\n\n"
     "  show    how long it is, its public keys, and the newest signed checkpoint\n"
     "  create  makes the key that signs it from now on. NAME is what the log is called: its address without https://\n"
     "  rotate  takes a new key; the old one signs with it, so that who trusts the old may trust the new\n"
     "  sign    signs it as it is: for owners who keep the key elsewhere while they publish\n\n"
     "  --log-key FILE  where the private key is, or is to be; by default STORE.log-key. It may be a pipe\n"
     "  --output FILE   rotate: where the new private key goes; by default in place of the old one\n"
     "  --sm2           create: a second signature by SM2 with SM3\n"
     "  --replace       create: although there is a key, which is lost\n"
     "  --json          print one line of JSON\n\n"
     "  dikuai-ingest log dangshan.gpkg create dk.example.gov.cn/log\n"},
    {"verify", dk_command_verify, 1, 1, BIT(OPT_KEY) | BIT(OPT_CHECKPOINT) | BIT(OPT_JSON),
     "dikuai-ingest verify STORE [--key PUBLICKEY] [--checkpoint FILE] [--json]\n"
     "dikuai-ingest verify FILE|FOLDER --key PUBLICKEY [--checkpoint FILE] [--json]\n\n"
     "Checks that nothing was changed since it was published: a whole store; a proof that was saved (*.tlog-proof or\n"
     "JSON), or a dossier in JSON saved with proofs=true; or a FOLDER with a mirror of /log. Needs no network. Prints\n"
     "each finding and exits with 1 if there is any.\n\n"
     "  --key PUBLICKEY    the public key of the log, or a file of such; may be repeated. Of a store, each of them must\n"
     "                     have signed the newest checkpoint\n"
     "  --checkpoint FILE  an earlier checkpoint that you kept: the log must begin with what it says. With the file\n"
     "                     that /log/consistency gives: whether its newer checkpoint follows on it\n"
     "  --json             print the findings as one line of JSON\n\n"
     "  dikuai-ingest verify dangshan.gpkg --key log.pub --checkpoint 2026-01.checkpoint\n"
     "  dikuai-ingest verify DK001.tlog-proof --key dk.example.gov.cn/log+1a2b3c4d+AZ…\n"},
    {"redact", dk_command_redact, 3, 3,
     BIT(OPT_REASON) | BIT(OPT_ACTOR) | BIT(OPT_DRY_RUN) | BIT(OPT_LOG_KEY) | BIT(OPT_JSON),
     "dikuai-ingest redact STORE NAME KEY --reason TEXT [--dry-run] [--actor NAME] [--log-key FILE] [--json]\n\n"
     "Erases the row KEY of the layer or record NAME, all its versions, from every table and from the publication log,\n"
     "which keeps its place and says that it was erased and why. The file is rewritten. Nothing brings it back. TEXT is\n"
     "public: write no name into it. Files beside the store that have the key, or the number in it, are named; backups\n"
     "are yours.\n\n"
     "  --dry-run  say what would be erased, keep all\n\n"
     "  dikuai-ingest redact dangshan.gpkg compensation BC2021-0007 --reason 个人信息误公开\n"},
    {"reindex", dk_command_reindex, 1, 1, BIT(OPT_JSON),
     "dikuai-ingest reindex STORE [--json]\n\n"
     "Builds what is derived from the rows anew: links, values that rows take from linked ones (inherit, linked, how\n"
     "disclosure stands), what search and filters look up, and the cell index of the tiles.\n\n"
     "  dikuai-ingest reindex dangshan.gpkg\n"},
    {"token", dk_command_token, 2, 3,
     BIT(OPT_NAME) | BIT(OPT_AUDIENCE) | BIT(OPT_SCOPE) | BIT(OPT_ROLE) | BIT(OPT_EXPIRES) | BIT(OPT_PROXY_USER) |
         BIT(OPT_ACTOR) | BIT(OPT_JSON),
     "dikuai-ingest token STORE add --name NAME --audience staff|group|request --scope DIVISION|* [options]\n"
     "dikuai-ingest token STORE list [--json]\n"
     "dikuai-ingest token STORE revoke NAME|NUMBER [--actor NAME] [--json]\n\n"
     "Gives and takes the right to see more than the public, at once also in a server that runs. `add` prints the token\n"
     "once, on standard output; STORE.access, which must stay private, keeps only its SHA-256.\n\n"
     "  --name NAME        who it is for, as the audit trail will call them; living tokens have different names\n"
     "  --audience A       staff, group (members of a village) or request (依申请)\n"
     "  --scope CODE       rows of which division: 2, 4, 6, 9 or 12 digits, * for the whole store\n"
     "  --role review, --role publish   what staff may do besides reading\n"
     "  --expires WHEN     in 90d (also h, m, s), on a day YYYY-MM-DD (its end), or never; by default in 365d\n"
     "  --proxy-user       no token: NAME is a user whom a trusted reverse proxy signs in\n"
     "                     (dikuai-tiler --trust-proxy --proxy-user-header)\n\n"
     "  dikuai-ingest token dangshan.gpkg add --name 张三 --audience staff --scope 341321 --expires 90d\n"
     "  dikuai-ingest token dangshan.gpkg revoke 张三\n"},
    {"audit", dk_command_audit, 1, 1,
     BIT(OPT_FROM) | BIT(OPT_TO) | BIT(OPT_NAME) | BIT(OPT_FORGET_BEFORE) | BIT(OPT_ACTOR) | BIT(OPT_JSON),
     "dikuai-ingest audit STORE [--from DAY] [--to DAY] [--name NAME] [--json]\n"
     "dikuai-ingest audit STORE --forget-before DAY [--actor NAME] [--json]\n\n"
     "Prints who read or took away what of that which is not public, who signed in or failed to, and who gave tokens:\n"
     "CSV, or JSON. Days are those of this machine's time zone, the last one included. --forget-before takes events\n"
     "away for good; how long they must be kept is for the owner to say.\n\n"
     "  dikuai-ingest audit dangshan.gpkg --from 2026-11-01 --name 张三\n"},
};
#define N_COMMANDS (sizeof command_names / sizeof *command_names)

static void print_help(const struct command_name *command)
{
    if (command != NULL) {
        printf("%s", command->help);
        return;
    }
    printf(
        "dikuai-ingest reads what a land bureau has into a store that dikuai-tiler serves.\n\n"
        "  dikuai-ingest create   STORE --catalogue FILE\n"
        "  dikuai-ingest catalogue STORE [FILE]\n"
        "  dikuai-ingest load     STORE NAME SOURCE... [options]\n"
        "  dikuai-ingest attach   STORE NAME FILE|FOLDER...\n"
        "  dikuai-ingest batches  STORE\n"
        "  dikuai-ingest progress STORE\n"
        "  dikuai-ingest review   STORE BATCH [--approve]\n"
        "  dikuai-ingest publish  STORE BATCH [--at TIME]\n"
        "  dikuai-ingest withdraw STORE BATCH --reason TEXT\n"
        "  dikuai-ingest generations STORE\n"
        "  dikuai-ingest report   STORE BATCH [FILE.html] [FILE.json]\n"
        "  dikuai-ingest check    STORE\n"
        "  dikuai-ingest reindex  STORE\n"
        "  dikuai-ingest clock    STORE\n"
        "  dikuai-ingest due      STORE\n"
        "  dikuai-ingest token    STORE add|list|revoke\n"
        "  dikuai-ingest audit    STORE\n"
        "  dikuai-ingest log      STORE show|create NAME|rotate|sign\n"
        "  dikuai-ingest verify   STORE|FILE|FOLDER [--key PUBLICKEY]\n"
        "  dikuai-ingest redact   STORE NAME KEY --reason TEXT\n"
        "  dikuai-ingest convert  FILE --to geojson\n\n"
        "A first store, from nothing to published:\n"
        "  dikuai-ingest create dangshan.gpkg --catalogue samples/dangshan/catalogue.yaml\n"
        "  dikuai-ingest load dangshan.gpkg approval 批复.xlsx --publish\n"
        "  dikuai-ingest load dangshan.gpkg parcel 征收地块.shp --publish\n"
        "  dikuai-tiler dangshan.gpkg\n\n"
        "dikuai-ingest COMMAND --help says more, --version which version this is. Exit codes: 0 done, 1 the work failed,\n"
        "2 wrong usage; due has 4, convert 3, as their --help says.\n");
}

static bool split_pair(const char *text, dk_pair *ret_pair, char **ret_copy)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        return false;
    char *copy = strdup(text);
    if (copy == NULL)
        return false;
    copy[equals - text] = '\0';
    ret_pair->name = copy;
    ret_pair->value = copy + (equals - text) + 1;
    *ret_copy = copy;
    return true;
}

bool dk_options_crs_good(const char *text)
{
    const char *code = strncasecmp(text, "EPSG:", 5) == 0 ? text + 5 : text;
    const size_t digits = strspn(code, "0123456789");
    return strcasecmp(text, "gcj02") == 0 || strcasecmp(text, "gcj-02") == 0 ||
           (digits >= 1 && digits <= 6 && code[digits] == '\0');
}

static bool whole_number(const char *text, uint64_t *ret_value)
{
    const size_t digits = strspn(text, "0123456789");
    *ret_value = digits > 0 && digits <= 18 && text[digits] == '\0' ? strtoull(text, NULL, 10) : 0;
    return *ret_value > 0;
}

/* What log is to do. */
static dk_status check_log(dk_options *options, dk_error *err)
{
    const char *action = options->sources[0];
    const bool create = strcmp(action, "create") == 0, rotate = strcmp(action, "rotate") == 0;
    if (!create && !rotate && strcmp(action, "sign") != 0 && strcmp(action, "show") != 0)
        return dk_fail(err, DK_INVALID, "log: %s: it is show, create, rotate or sign", action);
    if (create != (options->n_sources == 2))
        return dk_fail(err, DK_INVALID,
                       create ? "log create: what is the log called? Its address without https:// is best"
                              : "log: too many words; see dikuai-ingest log --help");
    if ((options->sm2 || options->replace) && !create)
        return dk_fail(err, DK_INVALID, "--sm2 and --replace are for log create");
    if (options->output != NULL && !rotate)
        return dk_fail(err, DK_INVALID,
                       "--output is for log rotate; with log create, --log-key says where the key goes");
    return DK_OK;
}

/* The two forms of convert. */
static dk_status check_convert(dk_options *options, dk_error *err)
{
    if (options->most_bytes == 0)
        options->most_bytes = 256 << 20;
    if (options->most_seconds == 0)
        options->most_seconds = 60;
    if (options->from != NULL && strcmp(options->from, "rows") != 0)
        return dk_fail(err, DK_INVALID, "--from %s: it is rows, as dikuai-tiler gives them", options->from);
    if (options->to == NULL)
        return dk_fail(err, DK_INVALID, "convert: --to is missing; see dikuai-ingest convert --help");
    if (options->from == NULL)
        return strcmp(options->to, "geojson") == 0 && options->output == NULL
                   ? DK_OK
                   : dk_fail(err, DK_INVALID, "convert: a file becomes --to geojson, on standard output");
    if (strcmp(options->to, "gpkg") != 0 && strcmp(options->to, "fgb") != 0 && strcmp(options->to, "shp") != 0)
        return dk_fail(err, DK_INVALID, "convert: rows become --to gpkg, fgb or shp, not %s", options->to);
    if (strcmp(options->store, "-") != 0 || options->output == NULL)
        return dk_fail(err, DK_INVALID, "convert: rows come from - and go to --output FILE");
    return DK_OK;
}

/* For the record, and compared where two persons are asked for. */
static bool names_someone(const char *name)
{
    const size_t size = strlen(name);
    if (size == 0 || size > DK_ACCESS_NAME || !dk_utf8_valid(name, size) || name[0] == ' ' || name[size - 1] == ' ')
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return true;
}

static dk_status set_option(dk_options *options, option_id id, const char *value, dk_error *err)
{
    char *copy = NULL;
    dk_column_options *columns = &options->settings.columns;
    switch (id) {
    case OPT_CATALOGUE:
        options->catalogue = value;
        break;
    case OPT_CRS:
        if (!dk_options_crs_good(value))
            return dk_fail(err, DK_INVALID, "--crs %s: write it as EPSG:N, for example --crs EPSG:4527, or as gcj02",
                           value);
        options->settings.crs = value;
        break;
    case OPT_ENCODING:
        if (!dk_encoding_parse(value, &options->settings.encoding))
            return dk_fail(err, DK_INVALID, "--encoding %s: it is UTF-8 or GB18030 (GBK, GB2312)", value);
        options->settings.has_encoding = true;
        break;
    case OPT_FIELD:
        if (!split_pair(value, (dk_pair *)(uintptr_t)&columns->fields[columns->n_fields], &copy))
            return dk_fail(err, DK_INVALID, "--field %s: write it as FIELD=COLUMN", value);
        columns->n_fields++;
        break;
    case OPT_SET:
        if (!split_pair(value, (dk_pair *)(uintptr_t)&columns->sets[columns->n_sets], &copy))
            return dk_fail(err, DK_INVALID, "--set %s: write it as FIELD=VALUE", value);
        columns->n_sets++;
        break;
    case OPT_TRANSFORMATION:
        options->settings.transformation = value;
        break;
    case OPT_ACCEPT_DATUM_ERROR:
        options->settings.accept_datum_error = true;
        break;
    case OPT_MERGED:
        if (!split_pair(value, (dk_pair *)(uintptr_t)&columns->merged[columns->n_merged], &copy))
            return dk_fail(err, DK_INVALID, "--merged %s: write it as FIELD=first or FIELD=each", value);
        columns->n_merged++;
        if (strcmp(columns->merged[columns->n_merged - 1].value, "first") != 0 &&
            strcmp(columns->merged[columns->n_merged - 1].value, "each") != 0)
            return dk_fail(
                err, DK_INVALID,
                "--merged %s: write FIELD=first (all of it is the first row's) or FIELD=each (each row has it)", value);
        break;
    case OPT_AXES:
        if (strcmp(value, "yx") != 0 && strcmp(value, "xy") != 0)
            return dk_fail(err, DK_INVALID, "--axes %s: it is xy (east first, as usual in files) or yx (north first)",
                           value);
        options->settings.has_axes = true;
        options->settings.axes_yx = value[0] == 'y';
        break;
    case OPT_IGNORE:
        ((const char **)(uintptr_t)columns->ignore)[columns->n_ignore++] = value;
        break;
    case OPT_REPLACE:
        options->replace = true;
        break;
    case OPT_AUDIENCE:
        for (int i = DK_PUBLIC; i <= DK_NEVER; i++)
            if (strcmp(value, dk_audience_name((dk_audience)i)) == 0) {
                options->audience = (dk_audience)i;
                options->access.audience = value;
                return DK_OK;
            }
        return dk_fail(err, DK_INVALID, "--audience %s: it is one of public, group, request, staff, never", value);
    case OPT_BATCH:
        options->title = value;
        break;
    case OPT_REJECTS:
        options->rejects = value;
        break;
    case OPT_DRY_RUN:
        options->dry_run = true;
        break;
    case OPT_PUBLISH:
        options->publish = true;
        break;
    case OPT_ALLOW_REJECTS:
        options->allow_rejects = true;
        break;
    case OPT_LAYER:
        options->settings.layer = value;
        break;
    case OPT_JSON:
        options->json = true;
        break;
    case OPT_ACTOR:
        if (!names_someone(value))
            return dk_fail(
                err, DK_INVALID,
                "--actor: a name is UTF-8 of 1 to %d bytes, without control characters and blanks at its ends",
                DK_ACCESS_NAME);
        options->actor = value;
        break;
    case OPT_REASON:
        options->reason = value;
        break;
    case OPT_REPORT:
        if (!dk_report_path(value))
            return dk_fail(err, DK_INVALID, "--report %s: it is a .html or a .json file", value);
        if (options->n_reports == sizeof options->reports / sizeof *options->reports)
            return dk_fail(err, DK_INVALID, "--report %s: two reports are enough, one .html and one .json", value);
        options->reports[options->n_reports++] = value;
        break;
    case OPT_HOLES:
        options->settings.holes = true;
        break;
    case OPT_JOIN:
        options->join = value;
        break;
    case OPT_ON:
        options->on = value;
        break;
    case OPT_JOIN_LAYER:
        options->join_layer = value;
        break;
    case OPT_PROFILE:
        options->profile = value;
        break;
    case OPT_SAVE_PROFILE:
        options->save_profile = value;
        break;
    case OPT_UNDRAWN:
        options->settings.undrawn = true;
        break;
    case OPT_DRAW:
        options->draw = true;
        columns->key_only = true;
        break;
    case OPT_ALL_FORMATS:
        options->all_formats = true;
        break;
    case OPT_KEY:
        options->key = value;
        if (options->n_keys == sizeof options->keys / sizeof *options->keys)
            return dk_fail(err, DK_INVALID, "--key: give at most %zu", options->n_keys);
        options->keys[options->n_keys++] = value;
        break;
    case OPT_TOKEN:
        options->token = value;
        break;
    case OPT_LOG_KEY:
        options->log_key = value;
        break;
    case OPT_CHECKPOINT:
        options->checkpoint = value;
        break;
    case OPT_DIVISION:
        if (strlen(value) > 12 || strspn(value, "0123456789") != strlen(value))
            return dk_fail(err, DK_INVALID, "--division %s: it is the first digits of a division's code", value);
        options->division = value;
        break;
    case OPT_WITHIN: {
        char *end;
        const long days = strtol(value, &end, 10);
        if (value[0] < '0' || value[0] > '9' || *end != '\0' || days > 3660)
            return dk_fail(err, DK_INVALID, "--within %s: it is a number of days, 3660 at most", value);
        options->within = (int32_t)days;
        break;
    }
    case OPT_LATE:
        options->late = true;
        break;
    case OPT_AS_OF:
        if (!dk_day_read(value, &options->as_of))
            return dk_fail(err, DK_INVALID, "--as-of %s: write a day as 2026-12-01", value);
        break;
    case OPT_SM2:
        options->sm2 = true;
        break;
    case OPT_CSV:
        options->csv = true;
        break;
    case OPT_FROM:
        options->from = value;
        break;
    case OPT_TO:
        options->to = value;
        break;
    case OPT_OUTPUT:
        options->output = value;
        break;
    case OPT_CONFINED:
        options->confined = true;
        break;
    case OPT_MOST_BYTES:
        if (!whole_number(value, &options->most_bytes))
            return dk_fail(err, DK_INVALID, "--most-bytes %s: it is a number of bytes", value);
        break;
    case OPT_MOST_SECONDS:
        if (!whole_number(value, &options->most_seconds))
            return dk_fail(err, DK_INVALID, "--most-seconds %s: it is a number of seconds", value);
        break;
    case OPT_NAME:
        options->access.name = value;
        break;
    case OPT_SCOPE:
        options->access.scope = value;
        break;
    case OPT_ROLE:
        if (strcmp(value, "review") != 0 && strcmp(value, "publish") != 0)
            return dk_fail(err, DK_INVALID, "--role %s: it is review or publish", value);
        options->access.roles |= value[0] == 'r' ? DK_ROLE_REVIEW : DK_ROLE_PUBLISH;
        break;
    case OPT_EXPIRES:
        options->access.expires = value;
        break;
    case OPT_PROXY_USER:
        options->access.proxy_user = true;
        break;
    case OPT_FORGET_BEFORE:
        options->access.forget_before = value;
        break;
    case OPT_JUSTIFY:
        if (!split_pair(value, &options->justify[options->n_justify], &copy))
            return dk_fail(err, DK_INVALID, "--justify %s: write it as FIELD:ROW=REASON, FIELD=REASON or all=REASON",
                           value);
        options->n_justify++;
        break;
    case OPT_APPROVE:
        options->approve = true;
        break;
    case OPT_REJECT:
        options->reject = true;
        break;
    case OPT_AT:
        if (strcmp(value, "never") != 0 && !dk_moment_read(value, options->at_utc))
            return dk_fail(err, DK_INVALID, "--at %s: write it with its zone, as 2026-12-01T09:00+08:00, or never",
                           value);
        options->at = strcmp(value, "never") == 0 ? value : options->at_utc;
        break;
    case OPT_DUE:
        options->due = true;
        break;
    case OPT_WAIT:
        options->wait = true;
        break;
    }
    return DK_OK;
}

/* What is kept, shown or compared with names in files is UTF-8, also from a terminal in GBK; paths stay what they are.
 */
static dk_status read_text(option_id id, const char **value, dk_options *options, dk_error *err)
{
    static const uint64_t texts = BIT(OPT_FIELD) | BIT(OPT_MERGED) | BIT(OPT_SET) | BIT(OPT_IGNORE) | BIT(OPT_BATCH) |
                                  BIT(OPT_LAYER) | BIT(OPT_ACTOR) | BIT(OPT_REASON) | BIT(OPT_ON) |
                                  BIT(OPT_JOIN_LAYER) | BIT(OPT_NAME) | BIT(OPT_JUSTIFY);
    if (*value == NULL || !(texts & BIT(id)) || dk_utf8_valid(*value, strlen(*value)))
        return DK_OK;
    char *text = dk_path_text(*value);
    if (text == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    options->texts[options->n_texts++] = text;
    *value = text;
    return DK_OK;
}

static dk_status parse_option(const struct command_name *command, int argc, char **argv, int *at, dk_options *options,
                              dk_error *err)
{
    const char *word = argv[*at];
    const size_t size = strcspn(word, "=");
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (strlen(option_names[i].name) != size || strncmp(option_names[i].name, word, size) != 0)
            continue;
        if (!(command->options & BIT(i)))
            break;
        const char *value = word[size] == '=' ? word + size + 1 : NULL;
        if (!option_names[i].takes_value && value != NULL)
            return dk_fail(err, DK_INVALID, "%s takes no value", option_names[i].name);
        if (option_names[i].takes_value && value == NULL) {
            if (*at + 1 >= argc)
                return dk_fail(err, DK_INVALID, "%s needs a value", option_names[i].name);
            value = argv[++*at];
        }
        const dk_status status = read_text((option_id)i, &value, options, err);
        return status == DK_OK ? set_option(options, (option_id)i, value, err) : status;
    }
    return dk_fail(err, DK_INVALID, "%s: no such option of %s; see dikuai-ingest %s --help", word, command->name,
                   command->name);
}

static dk_status take_words(const struct command_name *command, char **words, int n, dk_options *options, dk_error *err)
{
    if (n < command->min_words || (command->max_words >= 0 && n > command->max_words))
        return dk_fail(err, DK_INVALID, "%s: %s; see dikuai-ingest %s --help", command->name,
                       n < command->min_words ? "something is missing" : "too many words", command->name);
    options->store = words[0];
    if (command->command == dk_command_load || command->command == dk_command_attach) {
        options->name = words[1];
        options->sources = (const char *const *)(words + 2);
        options->n_sources = (size_t)(n - 2);
        if (command->command == dk_command_attach && options->access.audience != NULL && options->audience == DK_PUBLIC)
            return dk_fail(
                err, DK_INVALID,
                "--audience public: the catalogue says who sees documents, and here are only fewer: group, request, staff "
                "or never");
    } else if (command->command == dk_command_log) {
        options->sources = (const char *const *)(words + 1);
        options->n_sources = (size_t)(n - 1);
        return check_log(options, err);
    } else if (command->command == dk_command_redact) {
        options->name = words[1];
        options->key = words[2];
        if (options->reason == NULL || options->reason[0] == '\0')
            return dk_fail(err, DK_INVALID, "redact: why? Say --reason TEXT, which everybody will read");
        return DK_OK;
    } else if (command->command == dk_command_catalogue) {
        options->catalogue = n == 2 ? words[1] : NULL;
        if (n == 1 && (options->dry_run || options->n_justify > 0 || options->reason != NULL))
            return dk_fail(err, DK_INVALID, "catalogue: which FILE? Without one, that in force is printed");
    } else if (command->command == dk_command_progress) {
        options->name = n == 2 ? words[1] : NULL;
    } else if (command->command == dk_command_token) {
        options->access.verb = words[1];
        options->access.which = n == 3 ? words[2] : NULL;
        return dk_options_token(options, err);
    } else if (command->command == dk_command_audit) {
        return dk_options_audit(options, err);
    } else if (n >= 2) {
        options->sources = (const char *const *)(words + 2);
        options->n_sources = (size_t)(n - 2);
        char *end;
        const size_t digits = strspn(words[1], "0123456789");
        options->batch = digits <= 18 ? strtoll(words[1], &end, 10) : 0;
        if (digits == 0 || words[1][digits] != '\0' || options->batch < 1)
            return dk_fail(err, DK_INVALID, "%s: a batch is named by its number; see dikuai-ingest batches %s",
                           words[1], words[0]);
    }
    for (size_t i = 0; command->command == dk_command_report && i < options->n_sources; i++)
        if (!dk_report_path(options->sources[i]))
            return dk_fail(err, DK_INVALID, "%s: a report is a .json or a .html file", options->sources[i]);
    if (command->command == dk_command_convert)
        return check_convert(options, err);
    if (command->command == dk_command_create && options->catalogue == NULL)
        return dk_fail(err, DK_INVALID, "create: which catalogue? Say --catalogue FILE");
    if ((options->join == NULL) != (options->on == NULL) || (options->join_layer != NULL && options->join == NULL))
        return dk_fail(err, DK_INVALID,
                       "--join LEDGER and --on KEY go together: the ledger, and the column that finds its rows");
    if (options->on != NULL &&
        (options->on[0] == '\0' || options->on[0] == '=' || options->on[strlen(options->on) - 1] == '='))
        return dk_fail(err, DK_INVALID, "--on %s: write it as KEY or COLUMN=KEY", options->on);
    if (options->draw && options->settings.undrawn)
        return dk_fail(err, DK_INVALID, "--draw gives outlines, and --undrawn does without: give one of them");
    if (options->json && options->csv)
        return dk_fail(err, DK_INVALID, "--json and --csv: give one of them");
    if (command->command == dk_command_publish && options->due == (n == 2))
        return dk_fail(err, DK_INVALID, "publish: name a BATCH, or say --due for those whose time has come");
    if (options->due && (options->at != NULL || options->n_justify > 0))
        return dk_fail(err, DK_INVALID, "--due goes without --at and --justify: they belong to a batch");
    if (options->wait && !options->due && (options->at == NULL || strcmp(options->at, "never") == 0))
        return dk_fail(err, DK_INVALID, "--wait for what? It goes with --at TIME or --due");
    if (options->token != NULL && options->actor != NULL)
        return dk_fail(err, DK_INVALID, "--actor and --token: the token says who; give one of them");
    if (options->due && options->token != NULL)
        return dk_fail(err, DK_INVALID, "--due goes without --token: who has set the time publishes");
    if (options->approve && options->reject)
        return dk_fail(err, DK_INVALID, "--approve and --reject: give one of them");
    if ((options->reject || command->command == dk_command_withdraw) &&
        (options->reason == NULL || options->reason[0] == '\0'))
        return dk_fail(err, DK_INVALID, "%s: why? Say --reason TEXT; it is kept and shown", command->name);
    if (command->command == dk_command_review && options->reason != NULL && !options->reject)
        return dk_fail(err, DK_INVALID, "review: --reason goes with --reject; nothing else keeps it");
    if (command->command == dk_command_review && options->n_reports > 0 &&
        (options->n_reports > 1 || !dk_report_is_json(options->reports[0])))
        return dk_fail(err, DK_INVALID, "--report: of a review it is one .json file");
    if (options->dry_run && options->publish)
        return dk_fail(err, DK_INVALID, "--dry-run keeps nothing, so there is nothing to --publish: give one of them");
    return DK_OK;
}

dk_status dk_options_parse(int argc, char **argv, dk_options *ret_options, dk_command *ret_command, dk_error *err)
{
    const struct command_name *command = NULL;
    for (int i = 1; i < argc && (i == 1 || command != NULL); i++) {
        for (size_t k = 0; i == 1 && k < N_COMMANDS; k++)
            if (strcmp(argv[1], command_names[k].name) == 0)
                command = &command_names[k];
        if (strcmp(argv[i], "--") == 0)
            break;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 || (i == 1 && strcmp(argv[1], "help") == 0)) {
            print_help(command);
            return DK_END;
        }
        if (i == 1 && strcmp(argv[1], "--version") == 0) {
            printf("dikuai-ingest %s\n", DK_PROGRAM_VERSION);
            return DK_END;
        }
    }
    if (argc < 2)
        return dk_fail(err, DK_INVALID, "which command? See dikuai-ingest --help");
    if (command == NULL)
        return dk_fail(err, DK_INVALID, "%s: no such command; see dikuai-ingest --help", argv[1]);
    dk_options *options = ret_options;
    options->within = 10;
    options->as_of = DK_NO_DAY;
    const size_t room = (size_t)argc;
    options->settings.columns.fields = calloc(room, sizeof *options->settings.columns.fields);
    options->settings.columns.sets = calloc(room, sizeof *options->settings.columns.sets);
    options->settings.columns.merged = calloc(room, sizeof *options->settings.columns.merged);
    options->settings.columns.ignore = calloc(room, sizeof *options->settings.columns.ignore);
    options->justify = calloc(room, sizeof *options->justify);
    options->texts = calloc(room, sizeof *options->texts);
    if (options->settings.columns.fields == NULL || options->settings.columns.sets == NULL ||
        options->settings.columns.merged == NULL || options->settings.columns.ignore == NULL ||
        options->justify == NULL || options->texts == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    /* Words move to the front of argv, so that sources are one array wherever options stand. */
    int n = 0;
    bool only_words = false;
    for (int i = 2; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
            const dk_status status = parse_option(command, argc, argv, &i, options, err);
            if (status != DK_OK)
                return status;
        } else {
            argv[2 + n++] = argv[i];
        }
    }
    const dk_status status = take_words(command, argv + 2, n, options, err);
    if (status == DK_OK)
        *ret_command = command->command;
    return status;
}

void dk_options_finish(dk_options *options)
{
    for (size_t i = 0; i < options->settings.columns.n_fields; i++)
        free((void *)(uintptr_t)options->settings.columns.fields[i].name);
    for (size_t i = 0; i < options->n_justify; i++)
        free((void *)(uintptr_t)options->justify[i].name);
    free(options->justify);
    for (size_t i = 0; i < options->n_texts; i++)
        free(options->texts[i]);
    free(options->texts);
    for (size_t i = 0; i < options->settings.columns.n_merged; i++)
        free((void *)(uintptr_t)options->settings.columns.merged[i].name);
    for (size_t i = 0; i < options->settings.columns.n_sets; i++)
        free((void *)(uintptr_t)options->settings.columns.sets[i].name);
    free((void *)(uintptr_t)options->settings.columns.fields);
    free((void *)(uintptr_t)options->settings.columns.sets);
    free((void *)(uintptr_t)options->settings.columns.merged);
    free((void *)(uintptr_t)options->settings.columns.ignore);
}
