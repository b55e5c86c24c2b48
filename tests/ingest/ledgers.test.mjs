// Ledgers as counties keep them, written by LibreOffice in three formats (tests/sheets): header, merged cells, sums.
import test from 'node:test';
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { gbk, scene, xlsx } from './helpers.mjs';

const sheets = join(process.env.DK_ROOT, 'tests', 'sheets');
const values = (s) => s.rows('compensation').map(({ properties: p }) => [p.id, p.parcel_id, p.total ?? null, p.paid_on]).sort();

for (const format of ['xlsx', 'xls', 'ods']) {
  test(`a ledger with merged cells, a unit above it and sums, as ${format}`, (t) => {
    const s = scene(t);
    copyFileSync(join(sheets, `table.${format}`), s.path(`台账.${format}`));
    const done = s.load('compensation', `台账.${format}`, '--ignore', '土地补偿费', '--publish', '--allow-rejects');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual([done.json.read, done.json.loaded, done.json.rejected, done.json.left_out], [5, 2, 3, 4]);
    // A plot and a date hold for both rows of their cells; the unit of the line above the header holds for the amounts.
    assert.deepEqual(values(s), [['B1', 'DK1', 25000, '2020-06-15'], ['B2', 'DK1', 45000, '2020-06-15']]);
    assert.ok(done.json.notes.some((note) => /rows 7, 8, 12, 13 were left out: totals/.test(note)), done.json.notes.join('\n'));
    const rejects = s.read(`台账.${format}.rejects.csv`);
    assert.match(rejects, /,9,B3,"?补偿总额: one merged cell over 2 rows.*--merged total=first/);
    assert.match(rejects, /,10,B4,"?补偿总额: one merged cell over 2 rows/);
    assert.match(rejects, /,11,B5,"?the cells B11 to C11 are merged over the columns 地块编号 and 土地补偿费/);
    // A CSV has no merged cells: loaded as they are, the rows would have the amount of all of them each, and in yuan.
    if (format !== 'ods') return;
    const again = s.load('compensation', '台账.ods.rejects.csv', '--ignore', '土地补偿费', '--merged', 'total=first', '--rejects', 'r.csv');
    assert.deepEqual([again.json.rejected, s.read('r.csv').match(/B[34],.*,6 \(one cell of 2 rows\)/g)?.length], [2, 2], again.stderr);
  });
}

test('--merged says whose an amount in a merged cell is', (t) => {
  for (const [how, expected] of [['first', [60000, null]], ['each', [60000, 60000]]]) {
    const s = scene(t);
    copyFileSync(join(sheets, 'table.ods'), s.path('台账.ods'));
    const done = s.load('compensation', '台账.ods', '--ignore', '土地补偿费', '--merged', `total=${how}`, '--publish', '--allow-rejects');
    assert.deepEqual([done.code, done.json.loaded, done.json.rejected], [0, 4, 1], done.stderr);
    assert.deepEqual(values(s).slice(2).map((row) => row[2]), expected);
  }
  const s = scene(t);
  const wrong = s.run('load', s.store, 'compensation', 'a.csv', '--merged', 'total=all');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--merged total=all: write FIELD=first/);
  s.write('a.csv', 'id,parcel_id\n1,DK1\n');
  for (const [option, words] of [[['--merged', 'totale=first'], /totale: compensation has no such field; it has: id,/], [['--merged', 'id=each'], /id: this field is no amount/],
    [['--merged', 'total=first', '--merged', 'total=each'], /--merged total is given twice/], [['--undrawn'], /--undrawn is for layers/], [['--draw'], /--draw is for layers/]]) {
    const refused = s.load('compensation', 'a.csv', ...option);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, words);
  }
});

test('rejected rows that were corrected are worth what the ledger says', (t) => {
  const s = scene(t);
  s.write('台账.xlsx', xlsx([['补偿台账', null, '单位：万元'], ['补偿编号', '地块编号', '补偿总额', '支付日期'], ['B1', 'DK1', { n: '2.5' }, '2020-06-31'],
    ['B2', 'DK2', { n: '3', f: '0"元"' }, '2020-06-31'], ['B3', 'DK3', { n: '4' }, '2020-06-31'], ['B4', 'DK4', null, '2020-06-31']], '补偿', ['C5:C6']));
  const load = (name, ...more) => s.load('compensation', name, '--publish', '--allow-rejects', ...more);
  const corrected = () => s.write('改.csv', s.read('台账.xlsx.rejects.csv').replaceAll('06-31', '06-30'));
  const totals = () => s.rows('compensation').map(({ properties: p }) => [p.id, p.total]).sort();
  load('台账.xlsx');
  corrected();
  // What a merged cell is to whom nobody has said yet: it is no number.
  assert.deepEqual([load('改.csv').json.rejected, totals()], [2, [['B1', 25000], ['B2', 3]]]);
  load('台账.xlsx', '--merged', 'total=first');
  corrected();
  assert.deepEqual([load('改.csv').json.rejected, totals()], [0, [['B1', 25000], ['B2', 3], ['B3', 40000], ['B4', null]]]);
});

test('numbers and zeros of rejected rows come through a spreadsheet program', (t) => {
  const s = scene(t);
  s.write('台账.xlsx', xlsx([['补偿编号', '地块编号', '补偿总额', '支付日期', '身份证号'], ['0012', '001', { n: '5', f: '"人民币"0"元"' }, '2020-06-31', '341321198001011234'], [{ n: '13' }, '1-2', '6', '2020-06-31', null]]));
  s.load('compensation', '台账.xlsx');
  const rejects = s.read('台账.xlsx.rejects.csv');
  // As tests/test_download.c has it: a formula whose value is a text.
  assert.match(rejects, /,"=""0012""","=""001""",5元,2020-06-31,"=""341321198001011234"""\r\n[^\r]*,13,"=""1-2""",6,2020-06-31,\r\n$/);
  s.write('改.csv', rejects.replaceAll('06-31', '06-30'));
  assert.equal(s.load('compensation', '改.csv', '--publish').code, 0);
  assert.deepEqual(values(s), [['0012', '001', 5, '2020-06-30'], ['13', '1-2', 6, '2020-06-30']]);
});

test('a cell merged over rows and columns is nobody\'s in each of its rows, and what it covers is not read', (t) => {
  const s = scene(t);
  s.write('台账.xlsx', xlsx([['补偿编号', '地块编号', '身份证号', '补偿总额', '支付日期'], ['B1', 'DK1', null, { n: '1' }], ['B2', null, null, { n: '2' }],
    ['B3', 'DK3', null, { n: '3' }], ['B4', 'DK4', null, { n: '4' }, '2020-01-02'], [], ['B5', 'DK5', null, { n: '5' }, '2020-01-02']], '补偿', ['B2:C3', 'E4:E5', 'E6:E7']));
  const done = s.load('compensation', '台账.xlsx', '--publish', '--allow-rejects');
  // Row 4 has no cell in E, and there is no row 6: the sheet shows nothing in either merged cell.
  assert.deepEqual([done.json.rejected, values(s).map(([id, , , day]) => [id, day ?? null])], [2, [['B3', null], ['B4', null], ['B5', null]]], done.stderr);
  assert.match(s.read('台账.xlsx.rejects.csv'), /,2,B1,"?the cells B2 to C3 are merged over the columns 地块编号 and 身份证号[^]*,3,B2,"?the cells B2 to C3 are merged/);
});

test('a label beside a table, merged over header and rows, makes no header of the rows', (t) => {
  const s = scene(t);
  s.write('a.xlsx', xlsx([['征收情况', '补偿编号', '地块编号', '补偿总额'], [null, 'B1', 'DK1', { n: '1' }], [null, 'B2', 'DK2', { n: '2' }]], '补偿', ['A1:A3']));
  assert.match(s.load('compensation', 'a.xlsx').stderr, /no field for the column 征收情况;/);
  assert.equal(s.load('compensation', 'a.xlsx', '--ignore', '征收情况', '--publish').code, 0);
  assert.deepEqual(values(s).map((row) => row.slice(0, 3)), [['B1', 'DK1', 1], ['B2', 'DK2', 2]]);
});

test('a column that is laid out over two is one, as a person sees it', (t) => {
  const s = scene(t), rows = [['补偿编号', '地块编号', null, '补偿总额'], ['B1', 'DK1', null, { n: '1' }], ['B2', 'DK2', null, { n: '2' }]];
  s.write('a.xlsx', xlsx(rows, '补偿', ['B1:C1', 'B2:C2', 'B3:C3']));
  assert.equal(s.load('compensation', 'a.xlsx', '--publish').code, 0);
  assert.deepEqual(values(s).map((row) => row.slice(0, 3)), [['B1', 'DK1', 1], ['B2', 'DK2', 2]]);
  // Where something stands in the right one there are two, and which is meant is not guessed.
  rows[2][2] = 'DK3';
  s.write('b.xlsx', xlsx(rows, '补偿', ['B1:C1', 'B2:C2']));
  assert.match(s.load('compensation', 'b.xlsx').stderr, /two columns are called 地块编号/);
});

test('a cell merged over the columns is the label of the rows below it, and no row', (t) => {
  const s = scene(t);
  s.write('台账.xlsx', xlsx([['补偿编号', '地块编号', '补偿总额'], ['周寨镇', null, null], ['B1', 'DK1', { n: '1' }], ['官庄镇', null, null], ['B2', 'DK2', { n: '2' }], ['B3', null, { n: '3' }]], '补偿', ['A2:C2', 'A4:C4', 'A6:B6']));
  const done = s.load('compensation', '台账.xlsx', '--publish', '--allow-rejects');
  assert.deepEqual([values(s).map((row) => row[0]), done.json.left_out, done.json.rejected], [['B1', 'B2'], 2, 1]);
  assert.ok(done.json.notes.some((note) => /rows 2, 4 were left out: .*labels of groups/.test(note)), done.json.notes.join('\n'));
});

test('what a merged cell covers is not read: nobody sees it', (t) => {
  const s = scene(t);
  s.write('台账.xlsx', xlsx([['补偿编号', '地块编号', '补偿总额'], ['B1', 'DK1', { n: '600' }], ['B2', 'DK9', { n: '600' }], ['B3', 'DK3', { n: '5' }]], '补偿', ['B2:B3', 'C2:C3']));
  const done = s.load('compensation', '台账.xlsx', '--merged', 'total=first', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(values(s).map((row) => row.slice(0, 3)), [['B1', 'DK1', 600], ['B2', 'DK1', null], ['B3', 'DK3', 5]]);
  assert.equal(s.load('compensation', '台账.xlsx', '--allow-rejects').json.rejected, 2);
});

test('a CSV with a title, a unit, a header in two rows and sums', (t) => {
  const s = scene(t);
  s.write('a.csv', gbk('补偿台账,,,\r\n金额单位：千元，面积单位：亩,,,\r\n补偿编号,地块编号,费用,支付日期\r\n,,补偿总额,\r\nB1,DK1,2.5,2020-1-2\r\n小计,,2.5,\r\n'
    + '补偿编号,地块编号,费用,支付日期\r\n="002",DK2,3,2020年1月3日\r\n注：以上为示例,,,\r\n总 计,,5.5,\r\n'));
  const done = s.load('compensation', 'a.csv', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.json.left_out, 4);
  assert.deepEqual(values(s), [['002', 'DK2', 3000, '2020-01-03'], ['B1', 'DK1', 2500, '2020-01-02']]);
});

test('sums of townships, sums that say of how many, and numbers of pages are left out', (t) => {
  const s = scene(t);
  s.write('a.csv', '补偿编号,地块编号,补偿总额\nB1,DK1,1\n周寨镇小计,,1\n全 县 合 计：,,1\n合计（1户）,1,1\n共计2户,DK1,1\n合计：1,,1\n合计大写：壹元整,,¥1\n合计金额,,1\n其中：耕地,,1\n人民币（大写）：壹元整,,\n第1页,共2页,\n第 2 页 共 2 页,,\n共2户,DK1,1\n总 共 4 件,DK1,1\n共青村2组,DK1,2\nB2,合计户,2\nB3,小计算村,2\n');
  s.write('b.xlsx', xlsx([['补偿编号', '地块编号', '补偿总额'], [{ n: '1' }, 'DK1', { n: '1' }], [{ n: '2' }, '合计', { n: '1' }], [{ n: '3' }, '周寨镇小计', { n: '1' }], [{ n: '4' }, 'DK2', '合计']])); // numbered like all rows
  // What the rows have in common stands in their sum, too; it is told from 合计 in a column of words by the amounts behind it.
  s.write('c.csv', '补偿编号,地块编号,身份证号,补偿总额,支付日期\n5,DK1,甲,1,2020-01-02\n6,DK1,小计,1,\n7,101,小计：,1,\n8,DK1,一组合计,1,\n9,DK2,合计,,2020-01-02\n10,DK2,共3户,3,2020-01-02\n');
  const done = s.load('compensation', 'a.csv', 'b.xlsx', 'c.csv', '--publish', '--allow-rejects');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([values(s).map((row) => row[0]), done.json.left_out, done.json.rejected], [['1', '10', '5', '9', 'B1', 'B2', 'B3', '共青村2组'], 18, 1]);
});

test('the sums that a spreadsheet program makes are left out: 汇总 of a table, 周寨镇 汇总 of a group', (t) => {
  const s = scene(t);
  s.write('a.xlsx', xlsx([['补偿编号', '地块编号', '补偿总额'], ['B1', 'DK1', { n: '1' }], ['周寨镇 汇总', 'DK1', { n: '1' }], ['补偿情况汇总', 'DK2', { n: '2' }], ['汇总', '2', { n: '3' }], ['总计', 'x', { n: '3' }]]));
  const done = s.load('compensation', 'a.xlsx', '--publish');
  assert.deepEqual([done.code, done.json.left_out, values(s).map((row) => row[0])], [0, 3, ['B1', '补偿情况汇总']], done.stderr);
});

test('cells that hold nothing but blanks of any width are empty', (t) => {
  const s = scene(t), wide = '\u3000', hard = '\u00a0';
  s.write('a.xlsx', xlsx([['补偿编号', '地块编号', '补偿总额', wide], ['B1', 'DK1', { n: '1' }, hard], [wide, hard, `${hard}\u200b`], [`合${hard}计`, 'x', { n: '1' }], ['B2', 'DK2', { n: '2' }, null, ` ${wide}`]]));
  const done = s.load('compensation', 'a.xlsx', '--publish');
  assert.deepEqual([done.code, done.json.rejected, done.json.left_out, values(s).map((row) => row[0])], [0, 0, 1, ['B1', 'B2']], done.stderr);
});

test('a row below the header that numbers the columns is no data', (t) => {
  const head = '补偿编号,地块编号,补偿总额,身份证号\n', data = 'B1,DK1,1,a\n';
  for (const [numbers, more] of [['1,2,3,4\n', 0], ['甲,乙,1,2\n', 1], ['栏次,（1）,（2）,3=2-1\n', 0], ['①,②,③,④\n', 0], ['1,2,3,5\n', 1], ['1,DK1,2,3\n', 1]]) {
    const s = scene(t);
    s.write('a.csv', head + numbers + data + head + numbers + 'B2,DK2,2,b\n');
    const done = s.load('compensation', 'a.csv', '--publish', '--allow-rejects');
    assert.deepEqual([done.json.loaded + done.json.rejected, done.json.left_out], more ? [4, 1] : [2, 3], numbers);
  }
});

test('names of groups, whom to ask and when it was shown, below a table, are no data', (t) => {
  const s = scene(t);
  s.write('a.csv', '批准文号,批准时间,总面积\n皖政地〔2020〕1号,2020-06-15,1\n（二）单独选址,,\n二十一、城镇批次,,\n以下空白,,\n编制单位：砀山县,,\n公示时间：2020年6月15日至30日,,\n联系人：张三,,\n联系电话：0557-8012345,,\n日期：2020年6月15日,,\n');
  const done = s.load('approval', 'a.csv', '--publish');
  assert.deepEqual([done.code, done.json.left_out, s.rows('approval').map((f) => f.properties.approval_no)], [0, 8, ['皖政地〔2020〕1号']], done.stderr);
});

test('what looks like a sum or a note and is data is kept', (t) => {
  const s = scene(t);
  s.write('a.csv', '补偿编号,地块编号,补偿总额,支付日期\n合计户,DK1,1,2020-01-02\nB2,合计村,2,2020-01-02\n注：B3,DK3,3,2020-01-02\nB4,DK4,4,2020-01-02\n');
  const done = s.load('compensation', 'a.csv', '--publish');
  assert.deepEqual([done.code, done.json.loaded, done.json.left_out], [0, 4, 0], done.stderr);
});

test('errors of formulas, cells too narrow and dates that were numbers are rejected with what to do', (t) => {
  const s = scene(t);
  s.write('a.csv', '补偿编号,地块编号,补偿总额,支付日期\nB1,DK1,#REF!,2020-01-02\nB2,DK2,1,########\nB3,#N/A,1,2020-01-02\n');
  const done = s.load('compensation', 'a.csv');
  assert.equal(done.json.rejected, 3);
  assert.match(s.read('a.csv.rejects.csv'), /"#REF!"" is the error of a formula[^]*"########"": the column was too narrow[^]*"#N\/A"" is the error/);
});

test('a number of 16 digits is rejected, the same digits as text are not', (t) => {
  for (const format of ['xlsx', 'xls', 'ods']) {
    const s = scene(t);
    copyFileSync(join(sheets, `ledger.${format}`), s.path(`a.${format}`));
    const done = s.load('compensation', `a.${format}`, '--layer', '补偿台账', '--field', 'id_number=账号', '--field', 'id=地块编号', '--set', 'parcel_id=DK1', '--field', 'paid_on=日期', '--ignore', '*');
    assert.ok(done.json, done.stderr);
    const rejects = s.read(`a.${format}.rejects.csv`);
    assert.match(rejects, /,7,DK002,"?账号: ""6\.21700123456789e\+15"" has lost digits/);
    assert.doesNotMatch(rejects, /,[68],DK00/); // texts of 16 and 18 digits that end in zeros
  }
});

test('what stands beside a 文号 is told, and rejected where it is the key', (t) => {
  const s = scene(t);
  const cells = ['皖政地〔2020〕4号', '皖政地〔2020〕4号-1', '皖政地〔2020〕1号（作废）', '砀政征告〔2020〕1号（第二次）', '皖政地〔2020〕6号之一', '皖政地〔2020〕7号A', '皖政地〔2020〕3号第2批次',
    '关于XX的批复皖政地〔2020〕8号', '皖 政 地〔2020〕15号', '皖政地〔2020〕16号文', '（皖政地〔2020〕17号）', '皖政地〔2020〕18号批复', '皖政地〔2020〕134-136号', '县发改委批准'];
  s.write('批.csv', '批准文号,批准时间\n' + cells.map((cell) => `${cell},2020-01-02\n`).join(''));
  const done = s.load('approval', '批.csv', '--publish', '--allow-rejects');
  assert.deepEqual([done.code, done.json.loaded, done.json.rejected], [0, 7, 7], done.stderr);
  assert.deepEqual(s.rows('approval').map((f) => f.properties.approval_no).sort(), ['县发改委批准', '皖政地〔2020〕134-136号', '皖政地〔2020〕15号', '皖政地〔2020〕16号', '皖政地〔2020〕17号', '皖政地〔2020〕18号', '皖政地〔2020〕4号'].sort());
  const rejects = s.read('批.csv.rejects.csv');
  for (const left of ['-1', '(作废)', '(第二次)', '之一', 'A', '第2批次']) assert.ok(rejects.includes(`it says '${left}', and the key would lose that; write the number alone`), left);
  assert.match(rejects, /,3,[^\n]*approval_no '皖政地〔2020〕4号-1' is more than a number: besides '皖政地〔2020〕4号' it says '-1'/);
  assert.equal(done.json.notes.length, 3, done.json.notes.join('\n'));
  assert.match(done.json.notes[0], /批\.csv, row 13: approval_no '皖政地〔2020〕18号批复' is kept as '皖政地〔2020〕18号', without '批复'/);
  assert.match(done.json.notes[1], /批\.csv, row 14: approval_no 皖政地〔2020〕134-136号 is kept as one number; if it is a range, write each number out/);
  assert.match(done.json.notes[2], /批\.csv, row 15: approval_no '县发改委批准' is kept as it is written/);
});

test('a key that is no 文号 is kept, and a note says so: it may be a line below the table', (t) => {
  const s = scene(t);
  s.write('a.csv', '批准文号,总面积\n皖政地〔2020〕1号,1\nGT-2020-003,1\n抄送：张三,\n');
  s.write('p.csv', '地块编号,批准文号\nDK1,无\n');
  const done = s.load('approval', 'a.csv', '--publish');
  assert.equal(done.json.loaded, 3, done.stderr);
  const told = (from) => from.json.notes.filter((note) => /is kept as it is written, for no 文号 such as 皖政地〔2020〕123号 is found in it; correct it, or take the row out/.test(note)).map((note) => note.match(/row \d+: approval_no '[^']*'/)[0]);
  assert.deepEqual(told(done), ["row 3: approval_no 'GT-2020-003'", "row 4: approval_no '抄送：张三'"]);
  assert.deepEqual(told(s.load('parcel', 'p.csv', '--undrawn')), []); // that it belongs to no approval is said already
});

test('a parcel keeps the 文号 of a cell that says more, and a note says what was left', (t) => {
  const s = scene(t);
  s.write('地块.csv', '地块编号,项目编号,批准文号,地块名称\nD1,P1,皖政地〔2020〕1号（第二次）,甲\nD2,P1,"国土资函[2013]620号、皖政地[2013]550号",乙\n');
  const done = s.load('parcel', '地块.csv', '--undrawn', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(s.rows('parcel').map((f) => f.properties.approval_no).sort(), ['国土资函〔2013〕620号、皖政地〔2013〕550号', '皖政地〔2020〕1号']);
  const told = done.json.notes.filter((note) => /without/.test(note));
  assert.equal(told.length, 1, done.json.notes.join('\n'));
  assert.match(told[0], /地块\.csv, row 2: approval_no '皖政地〔2020〕1号（第二次）' is kept as '皖政地〔2020〕1号', without '\(第二次\)'; correct it/);
});

test('lines in GBK among lines in UTF-8: these are read, and those are named', (t) => {
  const s = scene(t);
  const line = (i) => `皖政地〔2020〕${i}号,2020-1-${i}\n`;
  s.write('批.csv', Buffer.concat([Buffer.from('批准文号,批准时间\n' + line(1)), gbk(line(2)), Buffer.from(line(3) + line(4)), gbk(line(5))]));
  const done = s.load('approval', '批.csv', '--publish', '--allow-rejects');
  assert.deepEqual([done.code, done.json.loaded, done.json.rejected], [0, 3, 2], done.stderr);
  assert.deepEqual(s.rows('approval').map((f) => f.properties.approval_no).sort(), [1, 3, 4].map((i) => `皖政地〔2020〕${i}号`));
  const rejects = s.read('批.csv.rejects.csv');
  for (const row of [3, 6]) assert.match(rejects, new RegExp(`\\n批\\.csv,${row},[^\\n]*column 批准文号: its bytes are not text in UTF-8`));
  // One line in UTF-8 among those in GBK is as wrong.
  s.write('又.csv', Buffer.concat([gbk('批准文号,批准时间\n' + line(6) + line(7)), Buffer.from(line(8)), gbk(line(9))]));
  const other = s.load('approval', '又.csv', '--publish', '--allow-rejects');
  assert.ok(s.rows('approval').some((f) => f.properties.approval_no === '皖政地〔2020〕7号'), other.stderr);
});

test('amounts and areas below nothing are kept, and a note names them', (t) => {
  const s = scene(t);
  s.write('补.csv', '补偿编号,地块编号,补偿总额,支付日期\nB1,DK1,-5,2020-01-02\nB2,DK2,0,2020-01-02\nB3,DK3,-0.5万元,2020-01-02\nB4,DK4,,2020-01-02\n');
  const done = s.load('compensation', '补.csv', '--publish');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(values(s).map((row) => row[2]), [-5, 0, -5000, null]);
  const told = done.json.notes.filter((note) => /less than nothing/.test(note));
  assert.deepEqual(told.map((note) => note.match(/row (\d+): total \(补偿总额\) is (-\d+) yuan/).slice(1)), [['2', '-5'], ['4', '-5000']]);
  s.write('批.csv', '批准文号,总面积(公顷)\n皖政地〔2020〕1号,-1.5\n皖政地〔2020〕2号,1.5\n');
  assert.match(s.load('approval', '批.csv').json.notes.join('\n'), /^批\.csv, row 2: area_total_ha \(总面积\) is -1\.5 ha, less than nothing; it is kept, so correct it if it is wrong$/);
});
