// Prints strings.fods: 800 different texts, in one byte a character and in two, so that an XLS has to continue its table of
// strings in several records; days counted from 1904; two sheets that both hold something.
const text = (i) => (i % 3 === 0 ? `plain text number ${i} ` + 'abcdefghij'.repeat(i % 7) : `第${i}号文字，` + '征地补偿安置'.repeat(i % 9) + (i % 5 ? '' : '𠮷'));
const cell = (t) => `<table:table-cell office:value-type="string"><text:p>${t}</text:p></table:table-cell>`;
const rows = Array.from({ length: 800 }, (_, i) => `<table:table-row>${cell(text(i))}<table:table-cell office:value-type="float" office:value="${i / 4}"/><table:table-cell table:style-name="day" office:value-type="date" office:date-value="2021-03-${String(i % 28 + 1).padStart(2, '0')}"/></table:table-row>`);
console.log(`<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles><number:date-style style:name="N1"><number:year number:style="long"/><number:text>-</number:text><number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/></number:date-style><style:style style:name="day" style:family="table-cell" style:data-style-name="N1"/></office:automatic-styles>
<office:body><office:spreadsheet><table:calculation-settings><table:null-date table:date-value="1904-01-01"/></table:calculation-settings>
<table:table table:name="文字">${rows.join('\n')}</table:table>
<table:table table:name="第二张"><table:table-row>${cell('另一张表')}</table:table-row></table:table>
</office:spreadsheet></office:body></office:document>`);
