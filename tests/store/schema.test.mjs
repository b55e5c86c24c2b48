// The JSON Schema of the catalogue, which editors use, and what the program takes and refuses.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';

const root = new URL('../..', import.meta.url).pathname;
const ingest = process.env.DK_INGEST ?? join(root, 'build/ingest/dikuai-ingest');
const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(readFileSync(join(root, 'store/catalogue.schema.json'), 'utf8')));
const field = (name, type, more) => ({ name, title: name, type, audience: 'public', ...more });
const base = {
  title: '县', publisher: '局', extent: [116, 34, 117, 35],
  layers: [{ name: 'parcel', title: '地块', geometry: 'polygon', key: { field: 'id' }, zooms: [6, 16],
    fields: [field('id', 'text'), field('n', 'integer'), field('area', 'number', { unit: 'ha', declares_area: true })] }],
  records: [{ name: 'notice', title: '公告', key: { field: 'id' }, date: 'day',
    fields: [field('id', 'text'), field('parcel', 'text'), field('day', 'date'), field('ended', 'date'), field('name', 'text', { search: true })] }],
  links: [{ from: 'notice', to: 'parcel', on: [{ match: { parcel: 'key' } }] }],
  items: [{ id: 'item', title: '公告', about: 'parcel', proved_by: [{ record: 'notice' }] }],
  calendars: [{ id: 'cn', title: '日历', file: 'cn.yaml' }],
  obligations: [{ id: 'after', item: 'item', after: 'notice.day', within: '15 days' }, { id: 'before', item: 'item', before: 'notice.day', lasts: '30 days', ends: 'ended' }],
};
let dir;
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'dk-schema-'));
  writeFileSync(join(dir, 'cn.yaml'), 'calendar: cn\nyears: {2026: {off: [01-01]}}\n');
});
after(() => rmSync(dir, { recursive: true }));

/** What the program says of a catalogue that is the base, changed: JSON is YAML. */
const taken = (catalogue) => {
  writeFileSync(join(dir, 'catalogue.yaml'), JSON.stringify(catalogue));
  const { status, stderr } = spawnSync(ingest, ['create', join(dir, 'x.gpkg'), '--catalogue', join(dir, 'catalogue.yaml')], { encoding: 'utf8' });
  for (const end of ['', '-lock', '-wal', '-shm']) rmSync(join(dir, `x.gpkg${end}`), { force: true });
  return { good: status === 0, stderr };
};

test('the schema refuses what the program refuses for its form, and takes what it takes', () => {
  const [after, before] = [0, 1].map((i) => (c) => c.obligations[i]);
  const changes = {
    nothing: () => {},
    'a name like that of a grid': (c) => { c.layers[0].name = 'parcel_grid'; delete c.links; delete c.items; delete c.obligations; },
    'a name like that of a table': (c) => { c.records[0].name = 'dk_notice'; delete c.links; delete c.items; delete c.obligations; },
    'first zoom 20': (c) => { c.layers[0].zooms = [20, 22]; },
    'first zoom 21': (c) => { c.layers[0].zooms = [21, 22]; },
    'last zoom 23': (c) => { c.layers[0].zooms = [6, 23]; },
    'after and before': (c) => { after(c).before = 'notice.day'; },
    'after, within and ahead': (c) => { after(c).ahead = '1 days'; },
    'before, lasts and within': (c) => { before(c).within = '1 days'; },
    'before, lasts and ahead': (c) => { before(c).ahead = '1 days'; },
    'after without within': (c) => { delete after(c).within; },
    'before without either': (c) => { delete before(c).lasts; },
    'ends without lasts': (c) => { after(c).ends = 'ended'; },
    'ends with ahead alone': (c) => { before(c).ahead = '1 days'; delete before(c).lasts; },
    'working days without calendar': (c) => { after(c).within = '15 working days'; },
    'working days with a calendar': (c) => { Object.assign(after(c), { within: '15 working days', calendar: 'cn' }); },
    'soon in working days without calendar': (c) => { before(c).soon = '2 working days'; },
    'unconfirmed and not switched off': (c) => { after(c).unconfirmed = '待核实'; },
    'unconfirmed and switched off': (c) => { Object.assign(after(c), { unconfirmed: '待核实', enabled: false }); },
    'an unknown key': (c) => { c.layers[0].colour = 'red'; },
    'a number for a text': (c) => { c.title = 5; },
    'pinyin without search': (c) => { c.records[0].fields[1].pinyin = true; },
    'pinyin with search': (c) => { c.records[0].fields[4].pinyin = true; },
    'an index on a number': (c) => { c.layers[0].fields[2].index = true; },
    'a record in tiles': (c) => { c.records[0].fields[0].tiles = true; },
    'an area without unit': (c) => { delete c.layers[0].fields[2].unit; },
    'the area of a line': (c) => { c.layers[0].geometry = 'line'; },
    'a reserved name': (c) => { c.layers[0].fields[1].name = 'limit'; },
    'a division of four digits': (c) => { c.divisions = [{ code: '3413', name: '宿州市' }]; },
    'two persons without a review': (c) => { c.publication = { review: 'optional', two_persons: 'names' }; },
  };
  for (const [what, change] of Object.entries(changes)) {
    const catalogue = structuredClone(base);
    change(catalogue);
    const { good, stderr } = taken(catalogue);
    assert.equal(validate(catalogue), good, `${what}: ${stderr} ${JSON.stringify(validate.errors)}`);
    if (what === 'nothing') assert.ok(good, stderr);
  }
});
