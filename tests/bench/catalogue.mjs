// Makes a catalogue for a file of polygons whose key is the column dk_row: reads what `ogrinfo -so -al` says on stdin.
let text = '';
for await (const part of process.stdin) text += part;
const box = /^Extent: \(([^,]+), ([^)]+)\) - \(([^,]+), ([^)]+)\)/m.exec(text)?.slice(1).map(Number);
if (!box) { console.error('catalogue.mjs: the file has no extent'); process.exit(1); }
const types = { Integer: 'integer', Integer64: 'integer', Real: 'number', Date: 'date' };
const fields = [...text.matchAll(/^([^:\n]+): (Integer64|Integer|Real|String|Date|DateTime)\b[^\n]*$/gm)].filter(([, name]) => name !== 'dk_row').slice(0, 60);
const margin = 0.01, quote = (s) => JSON.stringify(s);
console.log(`title: 示例数据
publisher: 示例数据
extent: [${(box[0] - margin).toFixed(4)}, ${(box[1] - margin).toFixed(4)}, ${(box[2] + margin).toFixed(4)}, ${(box[3] + margin).toFixed(4)}]
layers:
  - name: parcel
    title: 地块
    geometry: polygon
    key: {field: id}
    zooms: [6, 16]
    fields:
      - {name: id, title: id, type: text, audience: public, required: true, tiles: true, search: true, aliases: [dk_row]}`);
fields.forEach(([, name, type], i) => console.log(
  `      - {name: f${i + 1}, title: ${quote(name)}, type: ${types[type] ?? 'text'}, audience: public, tiles: true, aliases: [${quote(name)}]}`));
