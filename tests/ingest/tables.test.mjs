// Ledgers: CSV and XLSX, their encodings, headers, dates, numbers and units.
import test from 'node:test';
import assert from 'node:assert/strict';
import { catalogue, gbk, scene, xlsx, zip } from './helpers.mjs';

test('a CSV in GBK is read as what it says', (t) => {
  const s = scene(t);
  s.write('批复.csv', gbk('批准文号,批准时间,总面积\r\n皖政地[2020]12号,2020年6月15日,12.5\r\n'));
  const done = s.load('approval', '批复.csv', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('approval').map((f) => [f.properties.approval_no, f.properties.approved_on, f.properties.area_total_ha]),
    [['皖政地〔2020〕12号', '2020-06-15', 12.5]]);
});

test('a CSV in UTF-8 with a BOM and semicolons is read', (t) => {
  const s = scene(t);
  s.write('a.csv', '\uFEFF批准文号;批准时间\n皖政地〔2020〕1号;2020.6.5\n');
  const done = s.load('approval', 'a.csv', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(s.rows('approval')[0].properties.approved_on, '2020-06-05');
});

test('--encoding overrides the bytes; what it cannot decode is rejected with row and column', (t) => {
  const s = scene(t);
  s.write('a.csv', Buffer.concat([Buffer.from('补偿编号,地块编号\n1,DK1\n2,'), gbk('地块'), Buffer.from('\n')]));
  // The header is UTF-8, one cell is GBK: read as UTF-8 only row 3 is wrong.
  const done = s.load('compensation', 'a.csv', '--encoding', 'UTF-8');
  assert.equal(done.code, 1);
  assert.equal(done.json.loaded, 1);
  assert.equal(done.json.rejected, 1);
  assert.match(s.read('a.csv.rejects.csv'), /a\.csv,3,.*地块编号.*UTF-8/);
});

test('the rows of messages are those that a spreadsheet shows', (t) => {
  const s = scene(t);
  s.write('a.csv', '补偿编号,地块编号,支付日期\n"1\n",DK1,2020-01-01\n\n3,DK3,2020-13-01\n');
  const done = s.load('compensation', 'a.csv');
  assert.equal(done.code, 1);
  assert.match(s.read('a.csv.rejects.csv'), /\r\na\.csv,4,3,/);
});

test('an XLSX whose columns are all text keeps its header', (t) => {
  const s = scene(t);
  s.write('批复.xlsx', xlsx([['批准文号', '批准时间'], ['皖政地〔2020〕7号', '2020/6/1'], ['皖政地〔2020〕8号', '2020-06-02']]));
  const done = s.load('approval', '批复.xlsx', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('approval').map((f) => f.properties.approved_on).sort(), ['2020-06-01', '2020-06-02']);
});

test('an XLSX with a title above its header, gaps, dates by style and serial, and units', (t) => {
  const s = scene(t);
  s.write('补偿.xlsx', xlsx([
    ['砀山县征地补偿台账（单位：元）'],
    [],
    ['补偿编号', '地块编号', '补偿总额（万元）', '支付日期'],
    ['B1', 'DK1', { n: '12.34' }, { d: 43997 }],
    [],
    ['B2', 'DK2', '1,234.5', { n: '43998' }],
    ['B3', 'DK3', '5000元', '2020年6月17日'],
    [{ n: '4' }, { n: '1001' }, null, null],
  ]));
  const done = s.load('compensation', '补偿.xlsx', '--publish');
  assert.equal(done.code, 0, done.stderr);
  const rows = Object.fromEntries(s.rows('compensation').map((f) => [f.properties.id, f.properties]));
  // 43997 is 2020-06-15 in the 1900 date system (ECMA-376 part 1, 18.17.4.1).
  assert.equal(rows.B1.paid_on, '2020-06-15');
  assert.equal(rows.B2.paid_on, '2020-06-16');
  assert.equal(rows.B3.paid_on, '2020-06-17');
  assert.equal(rows.B1.total, 123400);
  assert.equal(rows.B2.total, 12345000);
  assert.equal(rows.B3.total, 5000);
  assert.equal(rows['4'].parcel_id, '1001');
});

test('a 身份证号 that Excel kept as a number is rejected, one kept as text is not', (t) => {
  const s = scene(t);
  s.write('补偿.xlsx', xlsx([
    ['补偿编号', '地块编号', '身份证号'],
    ['1', 'DK1', '341321198001011234'],
    ['2', 'DK2', { n: '3.4132119800101101E+17' }],
    ['3', 'DK3', { n: '341321198001011000' }],
  ]));
  const done = s.load('compensation', '补偿.xlsx');
  assert.equal(done.code, 1);
  assert.equal(done.json.loaded, 1);
  assert.equal(done.json.rejected, 2);
  const rejects = s.read('补偿.xlsx.rejects.csv');
  assert.match(rejects, /补偿\.xlsx,3,2,.*身份证号.*lost digits.*as text/);
  assert.match(rejects, /补偿\.xlsx,4,3,/);
  // In a CSV all is text: digits that are zeros from the 16th on are kept as they stand, and told.
  s.write('a.csv', '补偿编号,地块编号,身份证号,补偿总额\nA1,DK1,341321198001011234,1.23e+06\nA2,DK2,341321198001011000,1230000\nA3,DK3,6228480402564890000,1.23E+06\nA4,DK4,1234567890123450,4E+12\n');
  const told = s.load('compensation', 'a.csv');
  assert.deepEqual([told.code, told.json.notes.filter((note) => note.includes('column 身份证号: all digits from the 16th on are zeros in 2 cells of it, the first in row 3,')).length], [0, 1], told.json.notes.join('\n'));
  // So are numbers of which Excel shows, and writes, a few digits; 1.23e+06 is of programs, which write all of them.
  assert.ok(told.json.notes.some((note) => note.includes('column 补偿总额: 2 cells of it have a number with an exponent, the first in row 4,')), told.json.notes.join('\n'));
  s.write('b.csv', `补偿编号,地块编号,身份证号\n${Array.from({ length: 20 }, (_, i) => `C${i},DK1,3413211980010110${10 + i}\n`).join('')}C20,DK1,341321198001011000\n`);
  assert.equal(s.load('compensation', 'b.csv').json.notes.filter((note) => note.includes('zeros')).length, 0); // by chance
});

test('names that --field gives make a header also where the sheet has them on two lines', (t) => {
  const s = scene(t);
  s.write('a.xlsx', xlsx([['项目编号', 'XM1'], ['流水\n号', '宗地\n编号', '补偿\n金额'], ['1', 'DK1', { n: '5' }]]));
  const done = s.load('compensation', 'a.xlsx', '--publish', '--field', 'id=流水号', '--field', 'parcel_id=宗地编号', '--field', 'total=补偿 金额');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('compensation').map((f) => [f.properties.parcel_id, f.properties.total]), [['DK1', 5]]);
});

test('a value that no column names is not dropped in silence', (t) => {
  const s = scene(t);
  s.write('a.csv', '补偿编号,地块编号\n1,DK1\n2,DK2,多出来\n');
  const done = s.load('compensation', 'a.csv');
  assert.equal(done.code, 1);
  assert.equal(done.json.rejected, 1);
  assert.match(s.read('a.csv.rejects.csv'), /column 3, which has no name/);
});

test('numbers that cannot be and units that do not fit are rejected with their column', (t) => {
  const s = scene(t);
  s.write('a.csv', '补偿编号,地块编号,补偿总额\n1,DK1,"1,5"\n2,DK2,3亩\n3,DK3,abc\n4,DK4,7\n');
  const done = s.load('compensation', 'a.csv');
  assert.equal(done.json.loaded, 1);
  assert.equal(done.json.rejected, 3);
  const rejects = s.read('a.csv.rejects.csv');
  assert.match(rejects, /a\.csv,2,1,"补偿总额: ""1,5"" is no number"/);
  assert.match(rejects, /a\.csv,3,2,.*unit does not fit/);
});

test('a CSV with a quote that is never closed fails as a whole', (t) => {
  const s = scene(t);
  s.write('a.csv', '补偿编号,地块编号\n1,DK1\n2,"DK2\n3,DK3\n');
  const done = s.load('compensation', 'a.csv');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /a\.csv, row 3: a quotation mark is opened and never closed/);
  assert.deepEqual(s.batches(), []);
});

test('UTF-16 and empty tables are refused with what to do', (t) => {
  const s = scene(t);
  s.write('u.csv', Buffer.from('\uFEFF补偿编号,地块编号\n1,2\n', 'utf16le'));
  assert.match(s.load('compensation', 'u.csv').stderr, /UTF-16; save it as CSV UTF-8/);
  s.write('e.csv', '');
  assert.match(s.load('compensation', 'e.csv').stderr, /e\.csv: the file is empty/);
  s.write('h.csv', '补偿编号,地块编号\n');
  assert.match(s.load('compensation', 'h.csv').stderr, /h\.csv: the file has no rows/);
  s.write('x.xlsx', xlsx([['补偿编号', '地块编号']]));
  assert.match(s.load('compensation', 'x.xlsx').stderr, /x\.xlsx: the file has no rows/);
  assert.deepEqual(s.batches(), []);
});

test('a moment that a GeoJSON gives in UTC is the day that it is in China', (t) => {
  const s = scene(t);
  const feature = (i, moment) => ({ type: 'Feature', geometry: null, properties: { 批准文号: `皖政地〔2020〕${i + 1}号`, 批准时间: moment } });
  // The first two are the same moment: midnight in China, as JSON.stringify writes a Date.
  const moments = [new Date('2020-06-15T00:00:00+08:00').toISOString(), '2020-06-15T00:00:00+08:00', '2020-06-15T00:00:00Z', '2020-06-15T23:00:00'];
  s.write('a.geojson', JSON.stringify({ type: 'FeatureCollection', features: moments.map((moment, i) => feature(i, moment)) }));
  const done = s.load('approval', 'a.geojson', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('approval').map((f) => f.properties.approved_on), Array(4).fill('2020-06-15'));
});

test('a unit in the head of a column counts, also when --field names the column', (t) => {
  const s = scene(t);
  s.write('a.csv', '批准文号,面积(亩)\n皖政地[2020]12号,15\n');
  const done = s.load('approval', 'a.csv', '--publish', '--field', 'area_total_ha=面积(亩)');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(s.rows('approval')[0].properties.area_total_ha, 1); // 15 亩 are one hectare
});

test('units above the header are understood however the line is written, or it is said that they are not', (t) => {
  const line = { '金额单位：万元  面积单位：亩': 120000, '（单位：人民币万元）': 120000, 万元: 120000, '（万元）': 120000, '计量单位：亩、万元': 120000, '填报单位：砀山县自然资源局': 12, '单位：百万元': 12 };
  for (const [said, total] of Object.entries(line)) {
    const s = scene(t);
    s.write('补偿.xlsx', xlsx([['补偿台账', null, said], ['补偿编号', '地块编号', '补偿总额'], ['B1', 'DK1', { n: '12' }]]));
    const done = s.load('compensation', '补偿.xlsx', '--publish');
    assert.equal(done.code, 0, `${said}: ${done.stderr}`);
    assert.equal(s.rows('compensation')[0].properties.total, total, said);
    assert.equal(done.json.notes.some((note) => /row 1 above the header says 单位, but not which in words that are known/.test(note)), said.includes('百万'), said);
  }
});

test('a line of units in merged cells is above the header, not of it', (t) => {
  const s = scene(t);
  s.write('补偿.xlsx', xlsx([['补偿台账', null, null], ['填报单位：万载县自然资源局', null, '单位：万元'], ['补偿编号', '地块编号', '补偿总额'], ['B1', 'DK1', { n: '2.5' }]],
    '补偿', ['A1:C1', 'A2:B2']));
  const done = s.load('compensation', '补偿.xlsx', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('compensation').map((f) => f.properties.total), [25000]);
});

// 2.5 万元 are 25000 元 in each, as a person reads the sheet.
test('a unit counts wherever a head or the line above it says it', (t) => {
  const s = scene(t), head = ['补偿编号', '地块编号', '身份证号', '补偿总额'], row = (id) => [id, 'DK1', 'a', { n: '2.5' }];
  const below = (over) => [['补偿编号', '地块编号', over, null], [null, null, '身份证号', '补偿总额']], merged = ['A1:A2', 'B1:B2', 'C1:D1'];
  const tables = {
    'beside a date in merged cells': [[['填表日期：2020年6月30日', null, null, '金额：万元'], head], ['A1:C1']],
    'in brackets beside an office': [[['填报单位：砀山县', null, null, '（万元）'], head], ['A1:C1']],
    'over several columns': [below('万元'), merged],
    'in brackets before others over several columns': [below('费用（万元）（含税）'), merged],
    'behind a stroke over several columns': [below('费用/万元'), merged],
    'behind a colon over several columns': [below('费用：万元'), merged],
    'over several columns, centred and not merged': [below('费用（万元）'), []],
    'in a row below, with words for columns that have none': [[head, ['单位', '—', '户', '万元']], []],
  };
  const names = Object.entries(tables).map(([name, [rows, merges]], i) => [name, `${i}.xlsx`, s.write(`${i}.xlsx`, xlsx([...rows, row(`B${i}`)], '补偿', merges))]);
  s.write('8.csv', '补偿编号,地块编号,费用（万元）,\n,,身份证号,补偿总额\nB8,DK1,a,2.5\n'); // what is left of merged heads when a sheet is saved as CSV
  s.write('10.csv', '征地补偿台账（万元）,,,附件1\n补偿编号,地块编号,身份证号,补偿总额\nB10,DK1,a,2.5\n');
  s.write('11.csv', '补偿台账,,,\n基本信息,,费用（万元）,\n补偿编号,地块编号,身份证号,补偿总额\nB11,DK1,a,2.5\n');
  s.write('12.csv', '补偿编号,,费用（万元）,\n,地块编号,身份证号,补偿总额\nB12,DK1,a,2.5\n');
  s.write('9.csv', '补偿编号,地块编号,费用：元/亩,\n,,身份证号,补偿总额\nB9,DK1,a,25000\n'); // a price is no unit of an amount
  const done = s.load('compensation', ...names.map(([, file]) => file), '8.csv', '9.csv', '10.csv', '11.csv', '12.csv', '--publish');
  assert.equal(done.code, 0, done.stderr);
  const totals = Object.fromEntries(s.rows('compensation').map((f) => [f.properties.id, f.properties.total]));
  for (const [i, name] of [...names.map(([name]) => name), 'over several columns in a CSV', 'of a price', 'of a title with something beside it', 'above names in a CSV', 'beside a name in a CSV'].entries())
    assert.equal(totals[`B${i}`], 25000, name);
});

test('the unit of a head over several columns is none of what has no unit', (t) => {
  const s = scene(t, catalogue.replace('- {name: paid_on,', '- {name: people, title: 人数, type: integer, audience: public}\n      $&'));
  s.write('a.csv', '补偿编号,地块编号,费用（万元）,,\n,,补偿总额,人数,支付日期\nB1,DK1,2.5,12,2020-06-15\nB2,DK1,2.5,13,2020-06-31\n');
  assert.equal(s.load('compensation', 'a.csv', '--publish', '--allow-rejects').json.rejected, 1);
  const rejects = s.read('a.csv.rejects.csv');
  assert.match(rejects, /reason,补偿编号,地块编号,补偿总额\(万元\),人数,支付日期\r\n/);
  s.write('改.csv', rejects.replaceAll('06-31', '06-30'));
  assert.equal(s.load('compensation', '改.csv', '--publish').code, 0);
  assert.deepEqual(s.rows('compensation').map((f) => [f.properties.total, f.properties.people, f.properties.paid_on]), [[25000, 12, '2020-06-15'], [25000, 13, '2020-06-30']]);
});

test('a second table further down a sheet is not read as the first one goes on', (t) => {
  const head = ['补偿编号', '地块编号', '补偿总额（元）'], first = ['B1', 'DK1', { n: '5' }];
  const second = {
    'other units': [['单位：元'], ['补偿编号', '地块编号', '补偿总额'], first, [], ['单位：万元'], ['补偿编号', '地块编号', '补偿总额'], ['B2', 'DK2', { n: '12' }]],
    'other units beside a title': [['补偿编号', '地块编号', '补偿总额'], first, [], [], ['青苗补偿', null, '金额：万元'], ['补偿编号', '地块编号', '补偿总额'], ['B2', 'DK2', { n: '12' }]],
    'other units in the name of a group': [['单位：元'], ['补偿编号', '地块编号', '补偿总额'], first, [], ['二、青苗补偿（万元）'], ['B2', 'DK2', { n: '12' }]],
    'another unit in a name': [head, first, ['补偿编号', '地块编号', '补偿总额（万元）'], ['B2', 'DK2', { n: '12' }]],
    'another order': [head, first, ['地块编号', '补偿编号', '补偿总额（元）'], ['DK2', 'B2', { n: '12' }]],
  };
  for (const [name, rows] of Object.entries(second)) {
    const s = scene(t), row = name.startsWith('other units') ? 5 : 3;
    s.write('补偿.xlsx', xlsx(rows));
    const done = s.load('compensation', '补偿.xlsx', '--publish');
    assert.equal(done.code, 1, name);
    assert.match(done.stderr, new RegExp(`补偿\\.xlsx, row ${row}: a second table begins here, with other .* than the first; put each table into a sheet or a file of its own`), name);
    assert.deepEqual(s.rows('compensation'), [], name);
  }
  // A unit may be a value, and the unit of the group is that of the table. One that is said below all is told.
  const s = scene(t), page = (n) => [['单位：万元'], ['补偿编号', '地块编号', '补偿总额'], [`B${n}`, `DK${n}`, { n: '12' }]];
  s.write('a.xlsx', xlsx([['补偿编号', '地块编号', '补偿总额'], ['一、青苗（元）'], ['A1', '亩'], ['A2', 'DK1', { n: '1' }], ['注：金额单位：万元']]));
  assert.ok(s.load('compensation', 'a.xlsx').json.notes.some((note) => /row 5, below the table, says units, and nothing was converted by that/.test(note)));
  // The same table over several pages: the head of each says the same.
  s.write('补偿.xlsx', xlsx([...page(1), ...page(2), ...page(3)]));
  const done = s.load('compensation', '补偿.xlsx', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('compensation').map((f) => f.properties.total), [120000, 120000, 120000]);
  assert.ok(done.json.notes.some((note) => /rows 4, 5, 7, 8 were left out/.test(note)), done.json.notes.join('\n'));
});

test('a unit that a cell\'s number format shows is the cell\'s', (t) => {
  const shown = [['0.00"亩"', 1], ['General"亩"', 1], ['#,##0.0\\亩', 1], ['#,##0.00_ "平方米"', 0.0015], ['0.00', 15], ['0.00;"亩"', 15], ['[红色]0.0"公顷"', 15],
    ['0.0,"亩"', 15], // thousands are shown: the text is not the unit of what is kept
    ['0!.0000"亩"', 15], ['0"."0"亩"', 15], ['0!亩', 1], // 0.0015亩 is shown, and 1.5亩; a sign is escaped that is none of the number's
    ['G/通用格式"亩"', 1], ['[=0]"-";0"亩"', 1], ['0.00"（亩）"', 1], ['0.00"市亩"', 1], ['0.00[$亩-804]', 1], ['[$亩]0.00', 15]];
  const s = scene(t);
  s.write('批复.xlsx', xlsx([['批准文号', '总面积'], ...shown.map(([f], i) => [`皖政地〔2020〕${i + 1}号`, { n: '15', f }]), ['皖政地〔2021〕1号', { n: '15', f: '0.00"元"' }]]));
  const done = s.load('approval', '批复.xlsx', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  const found = Object.fromEntries(s.rows('approval').map((f) => [f.properties.approval_no, f.properties.area_total_ha]));
  shown.forEach(([f, area], i) => assert.ok(Math.abs(found[`皖政地〔2020〕${i + 1}号`] - area) < 1e-12, `${f}: ${found[`皖政地〔2020〕${i + 1}号`]}`));
  assert.equal(done.json.rejected, 1);
  assert.match(s.read('批复.xlsx.rejects.csv'), /总面积: ""15"": its unit does not fit the field's, which is ha/);
});

// An ODS by OpenDocument 1.2 part 1: data styles (16.27), the cell styles that name them, rows of cells.
function ods({ common = '', automatic = '', columns = '', settings = '', rows }) {
  const spaces = ['office', 'table', 'text', 'style'].map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`).join(' ') + ' xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"';
  const head = '<?xml version="1.0" encoding="UTF-8"?>';
  return zip({
    mimetype: 'application/vnd.oasis.opendocument.spreadsheet',
    'styles.xml': `${head}<office:document-styles ${spaces} office:version="1.2"><office:styles>${common}</office:styles></office:document-styles>`,
    'content.xml': `${head}<office:document-content ${spaces} office:version="1.2"><office:automatic-styles>${automatic}</office:automatic-styles><office:body><office:spreadsheet>${settings}<table:table table:name="台账">${columns}${rows.join('')}</table:table></office:spreadsheet></office:body></office:document-content>`,
  });
}
const textCell = (text) => `<table:table-cell office:value-type="string"><text:p>${text}</text:p></table:table-cell>`;
const row = (cells, style = '') => `<table:table-row${style && ` table:default-cell-style-name="${style}"`}>${cells.join('')}</table:table-row>`;
const digits = '<number:number number:decimal-places="2" number:min-integer-digits="1"/>', behind = (text) => `<number:text>${text}</number:text>`;
const nullDate = (day) => `<table:calculation-settings><table:null-date table:date-value="${day}"/></table:calculation-settings>`;
const cellStyle = (name, data, more = '') => `<style:style style:name="${name}" style:family="table-cell"${data && ` style:data-style-name="${data}"`}${more}/>`;

test('in an ODS, too, a unit that a cell\'s number format shows is the cell\'s', (t) => {
  const formats = [ // the format's elements, and what 15 is in yuan
    [`<number:number-style style:name="F0">${digits}${behind('万元')}</number:number-style>`, 150000],
    [`<number:number-style style:name="F1">${digits}${behind(' 千')}${behind('元')}</number:number-style>`, 15000],
    [`<number:currency-style style:name="F2">${digits}<number:currency-symbol number:language="zh" number:country="CN">万元</number:currency-symbol></number:currency-style>`, 150000],
    [`<number:currency-style style:name="F3"><number:currency-symbol>￥</number:currency-symbol>${digits}</number:currency-style>`, 15],
    [`<number:number-style style:name="F4">${behind('万元')}${digits}</number:number-style>`, 15], // before the number
    [`<number:number-style style:name="F5"><number:number number:decimal-places="2" number:display-factor="1000"/>${behind('千元')}</number:number-style>`, 15], // 0.02千元 is shown
    [`<number:number-style style:name="F6"><number:number number:min-integer-digits="5"><number:embedded-text number:position="4">.</number:embedded-text></number:number>${behind('万元')}</number:number-style>`, 15], // 0.0015万元 is shown
    [`<number:percentage-style style:name="F7">${digits}${behind('%')}</number:percentage-style>`, 15],
    // two sections, as spreadsheet programs write them: the condition says for which numbers another format holds
    [`<number:number-style style:name="F8P0">${digits}${behind('万元')}</number:number-style><number:number-style style:name="F8">${behind('-')}${digits}${behind('元')}<style:map style:condition="value()&gt;=0" style:apply-style-name="F8P0"/></number:number-style>`, 150000],
    [`<number:number-style style:name="F9P0">${digits}${behind('万元')}</number:number-style><number:number-style style:name="F9">${digits}${behind('元')}<style:map style:condition="value()&gt;100" style:apply-style-name="F9P0"/></number:number-style>`, 15],
  ];
  const s = scene(t), number = (style) => `<table:table-cell${style && ` table:style-name="${style}"`} office:value-type="float" office:value="15"><text:p>15.00</text:p></table:table-cell>`;
  s.write('补偿.ods', ods({
    automatic: formats.map(([format]) => format).join('') + formats.map((_, i) => cellStyle(`ce${i}`, `F${i}`)).join('') + cellStyle('heir', '', ' style:parent-style-name="万元"'),
    // of the same name as one of content.xml, and another: that of the cell's own file counts
    common: `<number:number-style style:name="F3">${digits}${behind('亿元')}</number:number-style><number:number-style style:name="N1">${digits}${behind('万元')}</number:number-style>${cellStyle('万元', 'N1')}${cellStyle('亿元', 'F3')}`,
    columns: '<table:table-column table:number-columns-repeated="2"/><table:table-column table:default-cell-style-name="亿元"/>',
    rows: [row(['补偿编号', '地块编号', '补偿总额'].map(textCell)),
      ...formats.map((_, i) => row([textCell(`B${i}`), textCell('DK1'), number(`ce${i}`)])),
      row([textCell('heir'), textCell('DK1'), number('heir')]), row([textCell('common'), textCell('DK1'), number('万元')]),
      row([textCell('row'), textCell('DK1'), number('')], '万元'), row([textCell('column'), textCell('DK1'), number('')])],
  }));
  const done = s.load('compensation', '补偿.ods', '--publish');
  assert.equal(done.code, 0, done.stderr);
  const found = Object.fromEntries(s.rows('compensation').map((f) => [f.properties.id, f.properties.total]));
  assert.deepEqual(found, { ...Object.fromEntries(formats.map(([, yuan], i) => [`B${i}`, yuan])), heir: 150000, common: 150000, row: 150000, column: 1500000000 });
});

test('a number of an ODS that its format shows as a day is that day', (t) => {
  const dates = '<number:date-style style:name="D"><number:year number:style="long"/><number:text>年</number:text><number:month/><number:text>月</number:text></number:date-style>' + cellStyle('day', 'D')
    + '<number:time-style style:name="T"><number:hours/></number:time-style>';
  const cell = (style) => `<table:table-cell table:style-name="${style}" office:value-type="float" office:value="43997"/>`;
  // 43997 days from 1899-12-30 are 2020-06-15 (date -d "1899-12-30 + 43997 days"); from 1904-01-01 they are 2024-06-16. A number that
  // shows no day counts as the workbook does.
  for (const [settings, day] of [['', '2020-06-15'], [nullDate('1904-01-01'), '2024-06-16'], [nullDate('1900-01-01T00:00:00'), '2020-06-17']]) {
    const s = scene(t);
    s.write('补偿.ods', ods({ automatic: dates, settings, rows: [row(['补偿编号', '地块编号', '支付日期'].map(textCell)), row([textCell('B1'), textCell('DK1'), cell('day')]), row([textCell('B2'), textCell('DK1'), cell('none')])] }));
    const done = s.load('compensation', '补偿.ods', '--publish');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(s.rows('compensation').map((f) => f.properties.paid_on), [day, day]);
  }
});

test('days that a workbook counts from 1904 are the same in a ledger that is joined and among the rejects', (t) => {
  const s = scene(t), count = '<table:table-cell office:value-type="float" office:value="42535"/>'; // date -d "1904-01-01 + 42535 days": 2020-06-15
  s.write('日期.ods', ods({ settings: nullDate('1904-01-01'), rows: [row(['补偿编号', '支付日期'].map(textCell)), row([textCell('B1'), count]), row([textCell('B2'), count])] }));
  s.write('补偿.csv', '补偿编号,地块编号\nB1,DK1\nB2,\n');
  const done = s.load('compensation', '补偿.csv', '--join', '日期.ods', '--on', '补偿编号', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.rejected, s.rows('compensation').map((f) => f.properties.paid_on)], [1, ['2020-06-15']], done.stderr);
  assert.match(s.read('补偿.csv.rejects.csv'), /,B2,,2020-06-15\r\n/);
});

test('what an ODS says of a text: a formula that failed, its value, fields and rubies in it', (t) => {
  const s = scene(t), string = (more, content = '') => `<table:table-cell office:value-type="string"${more}>${content}</table:table-cell>`;
  // As LibreOffice writes errors, in Chinese too; what is shown is then no text of the cell.
  const failed = (shown) => string(' table:formula="of:=x" office:string-value="" calcext:value-type="error"', `<text:p>${shown}</text:p>`);
  s.write('补偿.ods', ods({ rows: [row(['补偿编号', '地块编号'].map(textCell)), row([textCell('B1'), failed('错误:508')]), row([textCell('B2'), failed('Err:502')]),
    row([textCell('B3'), string(' office:string-value="DK3"')]), row([textCell('B4'), string(' office:string-value="DK4"', '<text:p>地块四</text:p>')]),
    row([textCell('B5'), string('', '<office:annotation><text:p>查</text:p></office:annotation><text:p>D<text:ruby><text:ruby-base>K</text:ruby-base><text:ruby-text>kei</text:ruby-text></text:ruby><text:span>5</text:span></text:p>')])] }));
  const done = s.load('compensation', '补偿.ods', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('compensation').map((f) => f.properties.parcel_id), ['DK3', 'DK4', 'DK5']);
  assert.match(s.read('补偿.ods.rejects.csv'), /,2,B1,"地块编号: ""错误:508"" is the error of a formula[^]*,3,B2,"地块编号: ""Err:502"" is the error/);
});

test('a number that is shown with zeros or words before it is that as a name, and the number as an amount', (t) => {
  const s = scene(t);
  const shown = [['000', '007'], ['"DK"000', 'DK007'], ['\\D\\K-0', 'DK-7'], ['[红色]00000;-0', '00007'], ['"第"0"号"', '第7号'], ['"皖自然资用地预审函〔2020〕"0"号"', '皖自然资用地预审函〔2020〕7号'], // as the sheet shows them
    ['0', '7'], ['0"号"', '7'], ['0.00', '7'], ['[>5]000;0', '7'], ['000%', '7'], ['General', '7']]; // of these the number is kept
  s.write('补偿.xlsx', xlsx([['补偿编号', '地块编号', '补偿总额'], ...shown.map(([f], i) => [`B${i + 10}`, { n: '7', f }, { n: '7', f }])]));
  assert.equal(s.load('compensation', '补偿.xlsx', '--publish').code, 0);
  assert.deepEqual(s.rows('compensation').map(({ properties: p }) => [p.parcel_id, p.total]), shown.map(([, name]) => [name, 7]));
  // Words of decimals are none of the number's: 7.5 is not DK008.
  s.write('b.xlsx', xlsx([['补偿编号', '地块编号', '支付日期'], ['C1', { n: '7.5', f: '"DK"000' }, '2020-06-31']]));
  s.load('compensation', 'b.xlsx');
  assert.match(s.read('b.xlsx.rejects.csv'), /,C1,7\.5,/);
  const o = scene(t), number = (style) => `<table:table-cell table:style-name="${style}" office:value-type="float" office:value="7"/>`, whole = '<number:number number:decimal-places="0" number:min-integer-digits="3"/>';
  o.write('补偿.ods', ods({ automatic: `<number:number-style style:name="F0">${whole}</number:number-style><number:number-style style:name="F1">${behind('DK')}${whole}${behind('号')}</number:number-style>`
    + '<number:number-style style:name="F2"><number:number number:decimal-places="2" number:min-integer-digits="3"/></number:number-style>' + [0, 1, 2].map((i) => cellStyle(`ce${i}`, `F${i}`)).join(''),
    rows: [row(['补偿编号', '地块编号'].map(textCell)), ...[0, 1, 2].map((i) => row([textCell(`B${i}`), number(`ce${i}`)]))] }));
  assert.equal(o.load('compensation', '补偿.ods', '--publish').code, 0);
  assert.deepEqual(o.rows('compensation').map((f) => f.properties.parcel_id), ['007', 'DK007号', '7']);
});

test('a number that a sheet shows with an exponent may have been entered as 3E12, and is no name', (t) => {
  const s = scene(t), o = scene(t);
  const formats = ['0.00E+00', '##0.0E+0', '0.0"E+"0', '[Red]0E-0'], number = '<number:scientific-number number:decimal-places="2" number:min-integer-digits="1" number:min-exponent-digits="2"/>';
  s.write('补偿.xlsx', xlsx([['补偿编号', '地块编号', '补偿总额'], ...formats.map((f, i) => [`B${i}`, { n: '20200', f }, { n: '20200', f }])]));
  o.write('补偿.ods', ods({ automatic: `<number:number-style style:name="F1">${number}</number:number-style>${cellStyle('ce1', 'F1')}`,
    rows: [row(['补偿编号', '地块编号'].map(textCell)), row([textCell('B0'), '<table:table-cell table:style-name="ce1" office:value-type="float" office:value="20200"/>']), row([textCell('B1'), textCell('DK1')])] }));
  assert.deepEqual([s, o].map((scene, i) => scene.load('compensation', i ? '补偿.ods' : '补偿.xlsx', '--publish', '--allow-rejects').json.rejected), [3, 1]);
  assert.deepEqual(s.rows('compensation').map((f) => [f.properties.parcel_id, f.properties.total]), [['20200', 20200]]);
  for (const file of [s.read('补偿.xlsx.rejects.csv'), o.read('补偿.ods.rejects.csv')])
    assert.match(file, /,B0,"?地块编号: ""2\.02E\+04"" is shown with an exponent, as a spreadsheet makes it of a text such as 3E12; format the column as text and enter it again/);
});

test('a day that a sheet does not show, and that may be made up of a month, is no day', (t) => {
  const s = scene(t), o = scene(t), first = '43983', later = '43997'; // 2020-06-01 and 2020-06-15; who types 2020年6月 gets the first
  const shown = [[first, 'yyyy"年"m"月"', null], [first, 'mmm-yy', null], [first, 'yyyy', null], [later, 'yyyy"年"m"月"', '2020-06-15'], [first, 'yyyy/m/d', '2020-06-01'], [first, '[DBNum1]m"月"d"日"', '2020-06-01']];
  s.write('补偿.xlsx', xlsx([['补偿编号', '地块编号', '支付日期'], ...shown.map(([n, f], i) => [`B${i}`, 'DK1', { n, f }])]));
  const done = s.load('compensation', '补偿.xlsx', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.rejected, s.rows('compensation').map((f) => f.properties.paid_on)], [3, shown.map(([, , day]) => day).filter(Boolean)], done.stderr);
  assert.match(s.read('补偿.xlsx.rejects.csv'), /,2,B0,"支付日期: ""2020-06"" is no date: the sheet shows no day of it, and keeps the first of the month; write it as 2020-06-15",B0,DK1,2020-06\r\n/);
  assert.equal(s.load('compensation', '补偿.xlsx.rejects.csv').json.rejected, 3);
  // Nor is a year shown of the last: who types 6月1日 gets that in which it is typed.
  const yearless = (notes, row) => notes.filter((note) => note.includes(`column 支付日期: the sheet shows no year of the dates in 1 cells of it, the first in row ${row}, which has 2020;`)).length;
  assert.equal(yearless(done.json.notes, 7), 1, done.json.notes.join('\n'));
  const style = (name, more) => `<number:date-style style:name="${name}"><number:year number:style="long"/><number:text>年</number:text><number:month/><number:text>月</number:text>${more}</number:date-style>${cellStyle('c' + name, name)}`;
  const cell = (name, value) => `<table:table-cell table:style-name="c${name}" ${value}/>`, day = (text) => `office:value-type="date" office:date-value="${text}"`;
  o.write('补偿.ods', ods({ automatic: style('M', '') + style('D', '<number:day/><number:text>日</number:text>') + style('Y', '<number:day/>').replace(/<number:year.*?年<\/number:text>/, ''), rows: [row(['补偿编号', '地块编号', '支付日期'].map(textCell)),
    ...[cell('M', day('2020-06-01')), cell('M', `office:value-type="float" office:value="${first}"`), cell('M', day('2020-06-15')), cell('D', day('2020-06-01')), cell('Y', day('2020-06-02'))].map((c, i) => row([textCell(`B${i}`), textCell('DK1'), c]))] }));
  const other = o.load('compensation', '补偿.ods', '--publish', '--allow-rejects').json;
  assert.deepEqual([other.rejected, yearless(other.notes, 6)], [2, 1], other.notes.join('\n'));
  assert.deepEqual(o.rows('compensation').map((f) => f.properties.paid_on), ['2020-06-15', '2020-06-01', '2020-06-02']);
});

test('a number that is shown in thousands or ten thousands is not taken for one in the unit of its head', (t) => {
  // 125000 is shown as 12.5000, 125.00, 12.5, 125 and 0.13, and under 万元 it is 125000 元 or 1250000000; and 12.5 as 12.5000
  const shown = ['0!.0000', '0,.00', '0"."0,', '#,##0,', '0.00,,'], sheet = (unit) => xlsx([['补偿编号', '地块编号', `补偿总额（${unit}）`],
    ...shown.map((f, i) => [`B${i}`, 'DK1', { n: '125000', f }]), ['C1', 'DK1', { n: '12.5', f: '#,##0.0000' }], ['C2', 'DK1', { n: '12.5', f: '_ * #,##0.00_ ;_ * -#,##0.00_ ' }]]);
  const s = scene(t), o = scene(t);
  s.write('万.xlsx', sheet('万元'));
  const done = s.load('compensation', '万.xlsx', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.rejected, s.rows('compensation').map((f) => [f.properties.id, f.properties.total])], [5, [['C1', 125000], ['C2', 125000]]], done.stderr);
  assert.match(s.read('万.xlsx.rejects.csv'), /""125000"" is shown in thousands or more, so whether it or what is shown is in its column's unit cannot be told; give .*,125000 \(shown divided\)\r\n/);
  s.write('元.xlsx', sheet('元'));
  assert.equal(s.load('compensation', '元.xlsx', '--publish', '--replace').code, 0);
  assert.deepEqual(s.rows('compensation').map((f) => f.properties.total), [125000, 125000, 125000, 125000, 125000, 12.5, 12.5]);
  const style = (name, number) => `<number:number-style style:name="${name}">${number}</number:number-style>${cellStyle('c' + name, name)}`, cell = (name) => `<table:table-cell table:style-name="c${name}" office:value-type="float" office:value="125000"/>`;
  o.write('万.ods', ods({ automatic: style('F0', '<number:number number:decimal-places="2" number:display-factor="1000"/>') + style('F1', '<number:number number:min-integer-digits="5"><number:embedded-text number:position="4">.</number:embedded-text></number:number>') + style('F2', digits),
    rows: [row(['补偿编号', '地块编号', '补偿总额（万元）'].map(textCell)), ...['F0', 'F1', 'F2'].map((name) => row([textCell(name), textCell('DK1'), cell(name)]))] }));
  assert.equal(o.load('compensation', '万.ods', '--publish', '--allow-rejects').json.rejected, 2);
  assert.deepEqual(o.rows('compensation').map((f) => [f.properties.id, f.properties.total]), [['F2', 1250000000]]);
});

test('a number that a spreadsheet has made a date of is none that rows are linked by', (t) => {
  const s = scene(t), day = { d: '45293' }; // 1-2 typed in 2024
  s.write('补偿.xlsx', xlsx([['补偿编号', '地块编号', '支付日期'], ['B1', day, day], [day, 'DK2', day], ['B3', '1-2', day]]));
  const done = s.load('compensation', '补偿.xlsx', '--publish', '--allow-rejects');
  assert.deepEqual([done.json.rejected, s.rows('compensation').map((f) => [f.properties.id, f.properties.parcel_id, f.properties.paid_on])], [2, [['B3', '1-2', '2024-01-02']]], done.stderr);
  // Of the same cells a CSV has 1月2日 or 2-Jan, and of a number with an E in it 2.02E+04.
  s.write('a.csv', '补偿编号,地块编号\nC1,1月2日\nC2,2-Jan\nC3,2.02E+04\n1月3日,DK1\nC4,1-3\n');
  assert.deepEqual([s.load('compensation', 'a.csv', '--publish', '--allow-rejects').json.rejected, s.rows('compensation').map((f) => f.properties.parcel_id)], [4, ['1-2', '1-3']]);
  assert.match(s.read('a.csv.rejects.csv'), /,2,C1,"地块编号: a date, which[^]*,3,C2,[^]*,4,C3,"地块编号: a number with an exponent, which a spreadsheet makes of a name such as 2020E1; format/);
  // Where nothing is linked by it, a text may be a date.
  s.write('地块.xlsx', xlsx([['地块编号', '地块名称'], ['DK1', '1-2'], ['DK2', day], ['DK3', day]]));
  const texts = s.load('parcel', '地块.xlsx', '--undrawn', '--publish');
  assert.equal(s.rows('parcel')[1].properties.name, '2024-01-02');
  assert.ok(texts.json.notes.some((note) => /^地块\.xlsx: column 地块名称, of texts: the sheet has dates in 2 cells of it, the first in row 3, which/.test(note)), texts.json.notes.join('\n'));
  assert.match(s.read('补偿.xlsx.rejects.csv'), /,2,B1,"地块编号: a date, which a spreadsheet makes of a number such as 1-2; format[^]*,3,[^]*补偿编号: a date, which/);
});

test('rows and columns that a sheet hides, by a filter or by hand, are read, and a note names them', (t) => {
  const rows = [['补偿编号', '地块编号'], ['B1', 'DK1'], ['B2', 'DK2'], ['B3', 'DK3'], ['合计', '3'], ['B4', 'DK4']], hidden = [2, 4, 5];
  const marked = (how) => (cells, i) => hidden.includes(i) ? row(cells.map(textCell)).replace('<table:table-row', `$& table:visibility="${how}"`) : row(cells.map(textCell));
  const columns = (how) => `<table:table-column/><table:table-column table:visibility="${how}" table:number-columns-repeated="3"/>`;
  const files = { 'a.xlsx': xlsx(rows.map((cells, i) => Object.assign(cells, { hidden: hidden.includes(i) })), '补偿', [], '<cols><col min="1" max="1" width="9"/><col min="2" max="4" width="9" hidden="1"/></cols>'),
    ...Object.fromEntries([['b.ods', 'filter'], ['c.ods', 'collapse'], ['d.ods', 'visible']].map(([name, how]) => [name, ods({ columns: columns(how), rows: rows.map(marked(how)) })])) };
  for (const [name, bytes] of Object.entries(files)) {
    const s = scene(t);
    s.write(name, bytes);
    const done = s.load('compensation', name, '--publish');
    assert.deepEqual([done.code, done.json.loaded], [0, 4], done.stderr);
    const unseen = done.json.notes.filter((note) => note.endsWith(': the sheet hides columns that count like the others, 地块编号: leave out with --ignore what is no part of the table'));
    assert.equal(unseen.length, name === 'd.ods' ? 0 : 1, done.json.notes.join('\n'));
    const told = done.json.notes.filter((note) => /rows 3, 6 were read like the others, though the sheet hides them, by a filter or by hand; if they are no part of the table, delete them there$/.test(note));
    assert.equal(told.length, name === 'd.ods' ? 0 : 1, done.json.notes.join('\n'));
  }
});

test('a sheet that is hidden is read if it is named, and else not', (t) => {
  const s = scene(t), rel = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const relations = (...all) => `<Relationships>${all.map(([type, target], i) => `<Relationship Id="rId${i + 1}" Type="${rel}/${type}" Target="${target}"/>`).join('')}</Relationships>`;
  const sheet = (parcel) => `<worksheet><sheetData><row><c t="str"><v>补偿编号</v></c><c t="str"><v>地块编号</v></c></row><row><c t="str"><v>B1</v></c><c t="str"><v>${parcel}</v></c></row></sheetData></worksheet>`;
  s.write('a.xlsx', zip({ '_rels/.rels': relations(['officeDocument', 'xl/workbook.xml']), 'xl/_rels/workbook.xml.rels': relations(['worksheet', 'one.xml'], ['worksheet', 'two.xml']),
    'xl/workbook.xml': '<workbook xmlns:r="r"><sheets><sheet name="旧" state="veryHidden" r:id="rId1"/><sheet name="新" r:id="rId2"/></sheets></workbook>', 'xl/one.xml': sheet('旧'), 'xl/two.xml': sheet('新') }));
  const table = (name, style) => `<table:table table:name="${name}"${style}>${row(['补偿编号', '地块编号'].map(textCell))}${row(['B1', name].map(textCell))}</table:table>`;
  s.write('a.ods', zip({ mimetype: 'application/vnd.oasis.opendocument.spreadsheet', 'content.xml': `<office:document-content xmlns:office="o" xmlns:table="t" xmlns:style="s" xmlns:text="x"><office:automatic-styles><style:style style:name="ta1" style:family="table"><style:table-properties table:display="true"/></style:style><style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style></office:automatic-styles><office:body><office:spreadsheet>${table('旧', ' table:style-name="ta2"')}${table('新', ' table:style-name="ta1"')}</office:spreadsheet></office:body></office:document-content>` }));
  for (const file of ['a.xlsx', 'a.ods'])
    for (const [options, parcel] of [[[], '新'], [['--layer', '旧'], '旧']]) {
      const done = s.load('compensation', file, '--replace', '--publish', ...options);
      assert.equal(done.code, 0, done.stderr);
      assert.equal(s.rows('compensation')[0].properties.parcel_id, parcel, file);
    }
});
