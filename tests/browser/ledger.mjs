// Reads the sample county's own files, to know without dikuai what the page must show.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

/** Files of a ZIP archive (APPNOTE.TXT 4.3): name -> text. Stored and deflated members, as spreadsheets have them. */
function unzip(bytes) {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const files = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n -= 1) {
    const method = bytes.readUInt16LE(at + 10);
    const size = bytes.readUInt32LE(at + 20);
    const nameSize = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameSize);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + size);
    files.set(name, (method === 8 ? inflateRawSync(data) : data).toString('utf8'));
    at += 46 + nameSize + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

const unescape = (text) => text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, name) =>
  hex ? String.fromCodePoint(parseInt(hex, 16)) : decimal ? String.fromCodePoint(Number(decimal))
    : { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }[name]);
const texts = (xml) => [...xml.matchAll(/<t(?:\s[^>]*)?>([\s\S]*?)<\/t>/g)].map((match) => unescape(match[1])).join('');

/** The first sheet of a workbook (ECMA-376 part 1, 18.3) as rows of texts. */
function sheet(bytes) {
  const files = unzip(bytes);
  const shared = [...(files.get('xl/sharedStrings.xml') ?? '').matchAll(/<si>([\s\S]*?)<\/si>/g)].map((match) => texts(match[1]));
  const rows = [];
  for (const [, row] of files.get('xl/worksheets/sheet1.xml').matchAll(/<row[^>]*>([\s\S]*?)<\/row>/g)) {
    const cells = [];
    for (const [, letters, attributes, content] of row.matchAll(/<c r="([A-Z]+)\d+"([^>]*)>([\s\S]*?)<\/c>/g)) {
      const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
      const value = /<v>\s*([\s\S]*?)\s*<\/v>/.exec(content)?.[1];
      cells[column] = /t="s"/.test(attributes) ? shared[Number(value)] : value === undefined ? texts(content) : unescape(value);
    }
    rows.push(cells);
  }
  return rows;
}

/** RFC 4180. */
function csv(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows[rows.length - 1].push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') break;
    if (end !== ',') rows.push([]);
  }
  return rows.filter((row) => row.some((cell) => cell));
}

/** A table's rows by the titles of its first line. CSV in UTF-8 or else GBK, or XLSX. */
export function table(path) {
  const bytes = readFileSync(path);
  let rows;
  if (path.endsWith('.xlsx')) rows = sheet(bytes);
  else {
    let text;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      text = new TextDecoder('gbk').decode(bytes);
    }
    rows = csv(text.replace(/^\ufeff/, ''));
  }
  const [titles, ...lines] = rows;
  return lines.map((line) => Object.fromEntries(titles.map((title, i) => [title, line[i] ?? ''])));
}

/** A layer's features in degrees, by GDAL. encoding: of a Shapefile's table that does not say it. */
export function layer(path, encoding) {
  const options = encoding ? ['--config', 'SHAPE_ENCODING', encoding] : [];
  const json = execFileSync('ogr2ogr', [...options, '-f', 'GeoJSON', '-t_srs', 'EPSG:4326', '-lco', 'COORDINATE_PRECISION=9',
    '/vsistdout/', path], { maxBuffer: 1 << 28, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(json).features;
}

/** Approval numbers (文号) as they should be written: ASCII digits and 〔〕. */
export const approvalNumbers = (text) => text.split(/[、,，;；]/).filter(Boolean)
  .map((number) => number.normalize('NFKC').replace(/[[(〔]/, '〔').replace(/[\])〕]/, '〕').replace(/\s/g, ''));

/** Whether a point lies in a polygon or one of several, by the even-odd rule. */
export function contains(geometry, [x, y]) {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  return polygons.some((rings) => rings.reduce((odd, ring) => ring.slice(1).reduce((within, [x2, y2], i) => {
    const [x1, y1] = ring[i];
    return (y1 > y) !== (y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1) ? !within : within;
  }, odd), false));
}

/** A date as bureaus write it (2019.1.1, 2019年1月2日, 2019/1/2, 20190102) as YYYY-MM-DD. */
export function dateOf(text) {
  const [, year, month, day] = /^(\d{4})\D?(\d{1,2})\D?(\d{1,2})日?$/.exec(text.normalize('NFKC').trim());
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/** A point well inside a polygon: the middle of the widest part of a line across its outer ring. */
export function inside(geometry) {
  const rings = geometry.type === 'Polygon' ? geometry.coordinates : geometry.coordinates[0];
  const latitudes = rings[0].map((point) => point[1]);
  const y = (Math.min(...latitudes) + Math.max(...latitudes)) / 2;
  const crossings = [];
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [[x1, y1], [x2, y2]] = [ring[i - 1], ring[i]];
      if ((y1 > y) !== (y2 > y)) crossings.push(x1 + (y - y1) / (y2 - y1) * (x2 - x1));
    }
  }
  crossings.sort((a, b) => a - b);
  let best = 0;
  for (let i = 0; i + 1 < crossings.length; i += 2) {
    if (crossings[i + 1] - crossings[i] > crossings[best + 1] - crossings[best]) best = i;
  }
  return [(crossings[best] + crossings[best + 1]) / 2, y];
}

/** A number as bureaus write it, without its thousands separators and unit. */
export const plain = (text) => text.normalize('NFKC').replace(/[,\s元]/g, '');

/** A sum of money texts in yuan, exact: counted in cents. */
export const sumOfYuan = (amounts) => amounts.reduce((sum, text) => {
  const [, yuan, cents = ''] = /^(\d+)(?:\.(\d{1,2}))?$/.exec(plain(text));
  return sum + Number(yuan) * 100 + Number(cents.padEnd(2, '0'));
}, 0) / 100;

/** Which of these texts occur in a long one. Thousands of them: looked for at once, by their first characters. */
export function occurring(texts, where) {
  const size = Math.min(...texts.map((text) => text.length));
  const beginnings = new Map();
  for (const text of texts) beginnings.set(text.slice(0, size), [...beginnings.get(text.slice(0, size)) ?? [], text]);
  const firsts = new Set(texts.map((text) => text.charCodeAt(0)));
  const found = [];
  for (let i = 0; i + size <= where.length; i += 1) {
    if (!firsts.has(where.charCodeAt(i))) continue;
    for (const text of beginnings.get(where.slice(i, i + size)) ?? []) if (where.startsWith(text, i)) found.push(text);
  }
  return found;
}
