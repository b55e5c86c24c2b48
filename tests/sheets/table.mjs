// Prints table.fods: a compensation ledger as a county keeps it. A title, a line that says the unit, a header of two rows,
// cells merged over rows, sums, the header again on the next page, and who made it.
const c = (text, more = '') => `<table:table-cell office:value-type="string"${more}><text:p>${text}</text:p></table:table-cell>`;
const n = (value, more = '') => `<table:table-cell office:value-type="float" office:value="${value}"${more}/>`;
const d = (day, more = '') => `<table:table-cell table:style-name="day" office:value-type="date" office:date-value="${day}"${more}/>`;
const none = '<table:table-cell/>', covered = '<table:covered-table-cell/>';
const down = ' table:number-rows-spanned="2"', across = (k) => ` table:number-columns-spanned="${k}"`;
const rows = [
  [c('砀山县周寨镇征地补偿台账', across(5)), covered, covered, covered, covered],
  [c('填报单位：砀山县自然资源局'), none, none, none, c('单位：万元')],
  [c('补偿编号', down), c('地块编号', down), c('补偿费用', across(2)), covered, c('支付日期', down)],
  [covered, covered, c('土地补偿费'), c('补偿总额'), covered],
  [c('B1'), c('DK1', down), n(1), n(2.5), d('2020-06-15', down)],
  [c('B2'), covered, n(3), n(4.5), covered],
  [c('小 计'), none, n(4), n(7), none],
  [c('补偿编号'), c('地块编号'), c('补偿费用', across(2)), covered, c('支付日期')],
  [c('B3'), c('DK2'), n(1), n(6, down), d('2020-07-01')],
  [c('B4'), c('DK3'), n(2), covered, d('2020-07-02')],
  [c('B5'), c('DK4', across(2)), covered, n(1), d('2020-07-03')],
  [c('合计', across(2)), covered, n(8), n(14), none],
  [c('制表人：张三'), none, c('审核人：李四'), none, none],
];
console.log(`<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles><number:date-style style:name="N1"><number:year number:style="long"/><number:text>-</number:text><number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/></number:date-style><style:style style:name="day" style:family="table-cell" style:data-style-name="N1"/></office:automatic-styles>
<office:body><office:spreadsheet><table:table table:name="台账">${rows.map((row) => `<table:table-row>${row.join('')}</table:table-row>`).join('\n')}</table:table></office:spreadsheet></office:body></office:document>`);
