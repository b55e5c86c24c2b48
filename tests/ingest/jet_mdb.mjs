// Writes Access databases (Jet 4, as Access 2000 to 2003 keep it) and ESRI personal geodatabases in them, as test data: no
// program at hand writes one. By hand, from the published descriptions of the format (HACKING.md of mdbtools; the ESRI
// Shapefile Technical Description and its extension for shapes of geodatabases): no indexes, no relations, no queries.
// mdbtools, GDAL and npm's mdb-reader read it alike; Access was not at hand.
const PAGE = 4096;
export const types = { bool: 1, byte: 2, int: 3, long: 4, money: 5, single: 6, double: 7, date: 8, binary: 9, text: 10, ole: 11, memo: 12, guid: 15, numeric: 16 };
const fixedSizes = { bool: 0, byte: 1, int: 2, long: 4, money: 8, single: 4, double: 8, date: 8, guid: 16, numeric: 17 };

const u16 = (value) => { const b = Buffer.alloc(2); b.writeUInt16LE(value & 0xffff); return b; };
const u32 = (value) => { const b = Buffer.alloc(4); b.writeUInt32LE(value >>> 0); return b; };
const f64 = (value) => { const b = Buffer.alloc(8); b.writeDoubleLE(value); return b; };
const ucs2 = (text) => Buffer.from(text, 'utf16le');
/** Days since 1899-12-30, as Access counts them, from a date or a text such as 2020-06-15. */
export const serial = (date) => (new Date(date).getTime() - Date.UTC(1899, 11, 30)) / 86400000;

// Compressed, a byte each, where no character is beyond Latin-1, as Access does it.
function textBytes(text) {
  const latin = text.length > 2 && [...text].every((c) => c.charCodeAt(0) > 0 && c.charCodeAt(0) < 256);
  return latin ? Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'latin1')]) : ucs2(text);
}

function fixedBytes({ type, scale = 0 }, value) {
  const b = Buffer.alloc(fixedSizes[type]);
  switch (type) {
    case 'byte': b[0] = value; break;
    case 'int': b.writeInt16LE(value); break;
    case 'long': b.writeInt32LE(value); break;
    case 'money': b.writeBigInt64LE(BigInt(Math.round(value * 10000))); break;
    case 'single': b.writeFloatLE(value); break;
    case 'double': b.writeDoubleLE(value); break;
    case 'date': b.writeDoubleLE(typeof value === 'number' ? value : serial(value)); break;
    case 'guid': Buffer.from(value).copy(b); break;
    case 'numeric': { // sign, then four words of 32 bits, the highest first
      let n = BigInt(String(value).replace('.', '')) * 10n ** BigInt(scale - (String(value).split('.')[1] ?? '').length);
      if (n < 0) { b[0] = 0x80; n = -n; }
      for (let i = 3; i >= 0; i--, n >>= 32n) b.writeUInt32LE(Number(n & 0xffffffffn), 1 + 4 * i);
      break;
    }
  }
  return b;
}

// RC4, with the key that the header of every database is kept under.
function headerCipher(data) {
  const key = [0xc7, 0xda, 0x39, 0x6b], s = Array.from({ length: 256 }, (_, i) => i);
  for (let i = 0, j = 0; i < 256; i++) { j = (j + s[i] + key[i % 4]) & 255; [s[i], s[j]] = [s[j], s[i]]; }
  let i = 0, j = 0;
  for (let k = 0; k < data.length; k++) {
    i = (i + 1) & 255; j = (j + s[i]) & 255; [s[i], s[j]] = [s[j], s[i]];
    data[k] ^= s[(s[i] + s[j]) & 255];
  }
}

class Jet {
  constructor() { this.pages = [null, null]; }
  add(page) { this.pages.push(page); return this.pages.length - 1; }

  /** Rows of bytes into data pages that belong to a table (its definition's page) or to long values; returns the places. */
  place(rows, owner, flags = []) {
    const places = [];
    let page = null, number = 0, n = 0, end = PAGE;
    for (const [i, row] of rows.entries()) {
      if (page === null || 14 + 2 * (n + 1) + row.length > end || n === 255) {
        page = Buffer.alloc(PAGE); page.set([1, 1]); n = 0; end = PAGE;
        if (typeof owner === 'string') page.write(owner, 4, 'latin1'); else page.writeUInt32LE(owner, 4);
        number = this.add(page);
      }
      end -= row.length;
      row.copy(page, end);
      page.writeUInt16LE(end | (flags[i] ?? 0), 14 + 2 * n);
      places.push({ page: number, row: n });
      page.writeUInt16LE(++n, 12);
      page.writeUInt16LE(end - 14 - 2 * n, 2);
    }
    return places;
  }

  /** A long value into the page of the last one, if there is room. */
  beside(data) {
    const { page, number, n, end } = this.open ?? {};
    if (!page || 14 + 2 * (n + 1) + data.length > end) {
      const place = this.place([data], 'LVAL')[0];
      this.open = { page: this.pages[place.page], number: place.page, n: 1, end: PAGE - data.length };
      return place;
    }
    data.copy(page, end - data.length);
    page.writeUInt16LE(end - data.length, 14 + 2 * n);
    page.writeUInt16LE(n + 1, 12);
    page.writeUInt16LE(end - data.length - 14 - 2 * (n + 1), 2);
    Object.assign(this.open, { n: n + 1, end: end - data.length });
    return { page: number, row: n };
  }

  /** A memo or OLE value: in the row, in a row of its own, or in a chain of them. */
  long(data) {
    const head = (bits, place) => Buffer.concat([u32(data.length | bits), place ? u32(place.page << 8 | place.row) : u32(0), u32(0)]);
    if (data.length <= 64) return Buffer.concat([head(0x80000000), data]);
    if (data.length <= PAGE - 16) return head(0x40000000, this.beside(data));
    const most = PAGE - 20;
    let next = null;
    for (let at = Math.floor((data.length - 1) / most) * most; at >= 0; at -= most) {
      const pointer = next ? u32(next.page << 8 | next.row) : u32(0);
      next = this.place([Buffer.concat([pointer, data.subarray(at, at + most)])], 'LVAL')[0];
    }
    return head(0, next);
  }

  row(columns, values) {
    const fixed = [], variable = [], mask = Buffer.alloc(Math.ceil(columns.length / 8));
    columns.forEach((column, i) => {
      const value = values[i] ?? null, { type } = column;
      if (type === 'bool' ? value : value !== null) mask[i >> 3] |= 1 << (i & 7);
      if (type in fixedSizes) fixed.push(value === null ? Buffer.alloc(fixedSizes[type]) : fixedBytes(column, value));
      else if (column.char) fixed.push(ucs2((value ?? '').padEnd(column.size)));
      else if (value === null) variable.push(Buffer.alloc(0));
      else if (type === 'text') variable.push(Buffer.isBuffer(value) ? value : textBytes(value));
      else if (type === 'memo') variable.push(this.long(Buffer.isBuffer(value) ? value : textBytes(value)));
      else if (type === 'ole') variable.push(this.long(value));
      else variable.push(value);
    });
    const parts = [u16(columns.length), ...fixed];
    if (variable.length > 0) {
      let at = 2 + fixed.reduce((n, b) => n + b.length, 0);
      const offsets = variable.map((b) => { const here = at; at += b.length; return here; });
      parts.push(...variable, u16(at), ...offsets.reverse().map(u16), u16(variable.length));
    }
    return Buffer.concat([...parts, mask]);
  }

  /** The pages of a set as a row of a usage map: bits behind a first page, or where the set is wide, pages of bits. */
  usageMap(numbers) {
    const first = numbers.length ? numbers.reduce((a, b) => Math.min(a, b)) : 0, last = numbers.reduce((a, b) => Math.max(a, b), 0);
    if (last - first < 512) {
      const map = Buffer.alloc(69);
      map.writeUInt32LE(first, 1);
      for (const number of numbers) map[5 + ((number - first) >> 3)] |= 1 << ((number - first) & 7);
      return map;
    }
    const map = Buffer.alloc(69), each = (PAGE - 4) * 8;
    map[0] = 1;
    for (let k = 0; k * each <= last; k++) {
      const page = Buffer.alloc(PAGE); page.set([5, 1]);
      for (const number of numbers) if (Math.floor(number / each) === k) page[4 + ((number % each) >> 3)] |= 1 << (number & 7);
      map.writeUInt32LE(this.add(page), 1 + 4 * k);
    }
    return map;
  }

  /** Writes the rows of a table and its definition, whose first page is already reserved. */
  table(at, { columns, rows, system = false, deleted = [], moved = [], count = rows.length - deleted.length }) {
    const pointer = ({ page, row }) => u32(page << 8 | row);
    const bytes = rows.map((values) => this.row(columns, values)); // long values come first
    const flags = {};
    for (const i of deleted) flags[i] = 0xc000;
    const elsewhere = this.place(moved.map((i) => bytes[i]), at, moved.map(() => 0x8000));
    moved.forEach((i, k) => { bytes[i] = pointer(elsewhere[k]); flags[i] = 0x4000; });
    const own = [...new Set([...elsewhere, ...this.place(bytes, at, flags)].map(({ page }) => page))];
    const maps = this.place([this.usageMap(own), this.usageMap([])], 0);
    let offset = 0, slot = 0;
    const longs = [];
    const entries = columns.map((column, i) => {
      const { type, size, precision = 18, scale = 0 } = column, isFixed = type in fixedSizes || column.char === true;
      const entry = Buffer.alloc(25);
      entry[0] = types[type];
      entry.writeUInt32LE(0x659, 1);
      entry.writeUInt16LE(i, 5);
      entry.writeUInt16LE(slot, 7);
      entry.writeUInt16LE(i, 9);
      if (type === 'numeric') entry.set([precision, scale], 11);
      else if (type === 'text' || type === 'memo') entry.writeUInt16LE(0x0804, 11);
      entry[15] = (isFixed ? 1 : 0) | 2;
      entry[16] = type === 'text' || type === 'memo' ? 1 : 0;
      if (isFixed) { entry.writeUInt16LE(offset, 21); offset += fixedSizes[type] ?? 2 * size; } else slot++;
      entry.writeUInt16LE(type in fixedSizes ? Math.max(1, fixedSizes[type]) : type === 'text' ? 2 * (size ?? 255) : type === 'binary' ? size : 0, 23);
      if (type === 'ole' || type === 'memo') longs.push(i);
      return entry;
    });
    const names = columns.map((column) => Buffer.concat([u16(2 * column.name.length), ucs2(column.name)]));
    const head = Buffer.alloc(63 - 8);
    head.writeUInt32LE(0x659, 12 - 8);
    head.writeUInt32LE(count, 16 - 8);
    head[24 - 8] = 1;
    head[40 - 8] = system ? 0x53 : 0x4e;
    head.writeUInt16LE(columns.length, 41 - 8);
    head.writeUInt16LE(slot, 43 - 8);
    head.writeUInt16LE(columns.length, 45 - 8);
    pointer(maps[0]).copy(head, 55 - 8);
    pointer(maps[1]).copy(head, 59 - 8);
    const definition = Buffer.concat([head, ...entries, ...names, ...longs.map((i) => Buffer.concat([u16(i), pointer(maps[1]), pointer(maps[1])])), u16(0xffff)]);
    definition.writeUInt32LE(definition.length, 0);
    for (let done = 0, page = at; done < definition.length;) {
      const piece = definition.subarray(done, done + PAGE - 8), target = this.pages[page];
      target.set([2, 1]);
      target.writeUInt16LE(PAGE - 8 - piece.length, 2);
      piece.copy(target, 8);
      done += piece.length;
      if (done < definition.length) { const next = this.add(Buffer.alloc(PAGE)); target.writeUInt32LE(next, 4); page = next; }
    }
  }
}

/**
 * A database. tables: { name, columns: [{ name, type, size, precision, scale, char }], rows: arrays of values, null for NULL }; deleted, moved:
 * indexes of rows that were deleted, or moved to another page as they grew; count: of rows, as the definition has it.
 */
export function jet4(tables) {
  const jet = new Jet();
  jet.add(Buffer.alloc(PAGE)); // of MSysObjects, always page 2
  const at = tables.map(() => jet.add(Buffer.alloc(PAGE)));
  tables.forEach((table, i) => jet.table(at[i], table));
  const created = '2008-06-01', container = 0x0f000001;
  const columns = [['Id', 'long'], ['ParentId', 'long'], ['Name', 'text'], ['Type', 'int'], ['DateCreate', 'date'], ['DateUpdate', 'date'], ['Owner', 'binary', 255], ['Flags', 'long'],
    ['Database', 'memo'], ['Connect', 'memo'], ['ForeignName', 'text'], ['RmtInfoShort', 'binary', 255], ['RmtInfoLong', 'ole'], ['Lv', 'ole'], ['LvProp', 'ole'], ['LvModule', 'ole'], ['LvExtra', 'ole']]
    .map(([name, type, size]) => ({ name, type, size }));
  const objects = [[container, 0x0f000000, 'Tables', 3, created, created, null, -0x80000000], [2, container, 'MSysObjects', 1, created, created, null, -0x80000000],
    ...tables.map(({ name }, i) => [at[i], container, name, 1, created, created, null, 0])];
  jet.table(2, { name: 'MSysObjects', columns, rows: objects, system: true });
  const head = Buffer.alloc(PAGE);
  head.set([0, 1, 0, 0]);
  head.write('Standard Jet DB', 4, 'latin1');
  head[0x14] = 1;
  head.writeUInt16LE(936, 0x3c);
  head.writeUInt32LE(0x0804, 0x6e);
  headerCipher(head.subarray(0x18, 0x18 + 128));
  jet.pages[0] = head;
  jet.pages[1] = Buffer.alloc(PAGE);
  jet.pages[1].set([1, 1]);
  const all = jet.usageMap([]);
  all.copy(jet.pages[1], PAGE - all.length);
  jet.pages[1].writeUInt16LE(1, 12);
  jet.pages[1].writeUInt16LE(PAGE - all.length, 14);
  return Buffer.concat(jet.pages);
}

// ---- shapes ----

const box = (points) => [Math.min(...points.map((p) => p[0])), Math.min(...points.map((p) => p[1])), Math.max(...points.map((p) => p[0])), Math.max(...points.map((p) => p[1]))];
const area = (ring) => ring.reduce((sum, [x, y], i) => { const [u, v] = ring[(i + 1) % ring.length]; return sum + x * v - u * y; }, 0) / 2;

/**
 * A polygon (type 5; 19 with z). parts: [[exterior, hole…]…], rings of corners that are not closed; exteriors are turned
 * clockwise. arcs: { start, centre } make the segment behind that point an arc (type 51, general polygon).
 */
export function polygonShape(parts, { z = null, arcs = [] } = {}) {
  const rings = parts.flatMap((part) => part.map((ring, i) => { const closed = (area(ring) > 0) === (i === 0) ? [...ring].reverse() : [...ring]; return [...closed, closed[0]]; }));
  return ringsShape(rings, { z, arcs });
}
export function ringsShape(rings, { z = null, arcs = [], type = arcs.length ? 0x20000033 : z !== null ? 19 : 5 } = {}) {
  const points = rings.flat();
  let at = 0;
  const starts = rings.map((ring) => { const here = at; at += ring.length; return here; });
  const parts = [u32(type), ...box(points).map(f64), u32(rings.length), u32(points.length), ...starts.map(u32), ...points.flatMap(([x, y]) => [f64(x), f64(y)])];
  if (z !== null) parts.push(f64(z), f64(z), ...points.map(() => f64(z)));
  if (arcs.length) parts.push(u32(arcs.length), ...arcs.flatMap(({ start, centre, bits = 0 }) => [u32(start), u32(1), f64(centre[0]), f64(centre[1]), u32(bits)]));
  return Buffer.concat(parts);
}

// ---- personal geodatabases ----

/**
 * layers: { name, columns, rows, wkt, shapeType, z, field }: a row is { OBJECTID, Shape, …values by column }. tables: others,
 * without shapes.
 */
export function personalGeodatabase(layers, tables = []) {
  const text = (name, size = 255) => ({ name, type: 'text', size }), number = (name) => ({ name, type: 'double' }), long = (name) => ({ name, type: 'long' });
  const systems = [...new Set(layers.map(({ wkt }) => wkt))];
  const geomColumns = { name: 'GDB_GeomColumns', columns: [text('TableName'), text('FieldName'), long('ShapeType'), ...['ExtentLeft', 'ExtentBottom', 'ExtentRight', 'ExtentTop', 'IdxOriginX', 'IdxOriginY', 'IdxGridSize'].map(number),
    long('SRID'), { name: 'HasZ', type: 'bool' }, { name: 'HasM', type: 'bool' }],
  rows: layers.map(({ name, rows, wkt, shapeType = 4, z = null, field = 'Shape' }) => {
    const boxes = rows.map((row) => row[field]).filter((shape) => shape && shape.length >= 36).map((shape) => [4, 12, 20, 28].map((at) => shape.readDoubleLE(at)));
    const extent = boxes.length ? [0, 1, 2, 3].map((k) => boxes.reduce((most, b) => Math[k < 2 ? 'min' : 'max'](most, b[k]), boxes[0][k])) : [0, 0, 0, 0];
    return [name, field, shapeType, ...extent, extent[0], extent[1], 1000, systems.indexOf(wkt) + 1, z !== null, false];
  }) };
  const spatialRefs = { name: 'GDB_SpatialRefs', columns: [long('SRID'), { name: 'SRTEXT', type: 'memo' }, ...['FalseX', 'FalseY', 'XYUnits', 'FalseZ', 'ZUnits', 'FalseM', 'MUnits'].map(number)],
    rows: systems.map((wkt, i) => [i + 1, wkt, -400, -400, 1000, 0, 1, 0, 1]) };
  const objectClasses = { name: 'GDB_ObjectClasses', columns: [long('ID'), long('DatabaseID'), text('Name'), text('AliasName'), text('ModelName'), text('CLSID')],
    rows: layers.map(({ name }, i) => [i + 1, 1, name, name, null, '{52353152-891A-11D0-BEC6-00805F7C4268}']) };
  const features = layers.map(({ name, columns, rows, field = 'Shape', ...rest }) => {
    const all = [long('OBJECTID'), { name: field, type: 'ole' }, ...columns];
    return { ...rest, name, columns: all, rows: rows.map((row, i) => all.map((column) => (column.name === 'OBJECTID' ? row.OBJECTID ?? i + 1 : row[column.name] ?? null))) };
  });
  return jet4([geomColumns, spatialRefs, objectClasses, ...features, ...tables]);
}

export const zone39 = 'PROJCS["CGCS2000_3_Degree_GK_Zone_39",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",39500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]';

/** One of each kind of value, and long ones in a row, in a page and in a chain: to be broken. */
export function smallGeodatabase() {
  const corners = (x, size = 100) => [[x, 3521000], [x + size, 3521000], [x + size, 3521000 + size], [x, 3521000 + size]];
  const circle = Array.from({ length: 300 }, (_, i) => [39521000 + 60 * Math.cos(i * Math.PI / 150), 3521000 + 60 * Math.sin(i * Math.PI / 150)]);
  const columns = [{ name: 'DKBH', type: 'text', size: 20 }, { name: 'DKMC', type: 'text', size: 40 }, { name: 'DKMJ', type: 'double' }, { name: '日期', type: 'date' }, { name: '金额', type: 'money' },
    { name: '精确', type: 'numeric', precision: 18, scale: 2 }, { name: '说明', type: 'memo' }, { name: '有', type: 'bool' }, { name: '单', type: 'single' }, { name: '码', type: 'int' }];
  const rows = [{ Shape: polygonShape([[corners(39520000), corners(39520010, 20)]]), DKBH: 'DK1', DKMC: '镕城一号', DKMJ: 0.96, 日期: '2020-06-15', 金额: 12.34, 精确: '-1.50', 说明: '短', 有: true, 单: 0.1, 码: -3 },
    { Shape: polygonShape([[circle]]), DKBH: 'DK2', DKMC: '𬭚', DKMJ: 1.13, 说明: '说'.repeat(300) },
    { Shape: polygonShape([[corners(39521200)]], { arcs: [{ start: 1, centre: [39521300, 3521050] }] }), DKBH: 'DK3', DKMC: '弧' }];
  return personalGeodatabase([{ name: '征收地块', columns, rows, wkt: zone39, moved: [1] }],
    [{ name: '补偿', columns: [{ name: '补偿编号', type: 'text', size: 10 }, { name: '地块编号', type: 'text', size: 10 }], rows: [['B1', 'DK1'], ['B2', 'DK2'], ['X', 'X']], deleted: [2] }]);
}
