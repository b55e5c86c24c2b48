// A scorecard computed again by who has nothing but what the server gives the public: the catalogue, its calendars and
// the rows. Written from the rules in README, "The disclosure clock", day by day and row by row, with no thought for speed.
import assert from 'node:assert/strict';

const DAY = 86400000;
const dayOf = (text) => (text ? Date.parse(`${text}T00:00:00Z`) / DAY : null);
const weekday = (day) => (new Date(day * DAY).getUTCDay() + 6) % 7; // 0: Monday

class NoYear extends Error {}

function calendarOf({ years }) {
  const known = new Map(years.map((year) => [year.year, { off: new Set(year.off), work: new Set(year.work) }]));
  const working = (day) => {
    const text = new Date(day * DAY).toISOString().slice(0, 10), year = known.get(Number(text.slice(0, 4)));
    if (!year) throw new NoYear(text);
    return year.work.has(text) || (weekday(day) < 5 && !year.off.has(text));
  };
  return { working, from(day, n) {
    const step = Math.sign(n);
    let left = Math.abs(n), at = day;
    while (left > 0) if (working(at += step)) left -= 1;
    return at;
  } };
}

/** Everything that is public: {catalogue, calendars, rows: {kind: [{key, properties}]}}. */
export async function download(get) {
  const catalogue = await get('/catalogue'), rows = {}, calendars = {};
  for (const { id } of catalogue.calendars) calendars[id] = calendarOf(await get(`/calendars/${id}`));
  for (const kind of [...catalogue.layers, ...catalogue.records]) {
    rows[kind.name] = [];
    for (let path = `/collections/${kind.name}/items?limit=10000&skipGeometry=true`; path;) {
      const page = await get(path);
      rows[kind.name].push(...page.features.map((f) => ({ key: f.id, properties: f.properties })));
      path = page.links.find((link) => link.rel === 'next')?.href.replace(/^https?:\/\/[^/]+/, '');
    }
  }
  return { catalogue, calendars, rows };
}

/* ---- links ---- */

const valuesOf = (row, name) => {
  const value = name === 'key' ? row.key : row.properties[name];
  return value === null || value === undefined ? [] : String(value).split('、'); // several 文号 are joined so
};

function linker({ catalogue, rows }) {
  const indexes = new Map();
  const indexOf = (kind, name) => {
    const id = `${kind}.${name}`;
    if (!indexes.has(id)) {
      const index = new Map();
      for (const row of rows[kind]) for (const value of valuesOf(row, name)) index.get(value)?.push(row) ?? index.set(value, [row]);
      indexes.set(id, index);
    }
    return indexes.get(id);
  };
  return (kind, row, other) => {
    if (kind === other) return [row];
    const link = catalogue.links.find(({ from, to }) => (from === kind && to === other) || (from === other && to === kind));
    assert.ok(link, `${kind} and ${other} are linked`);
    const found = new Set();
    for (const { match, unless } of link.on) {
      const pairs = Object.entries(match).map(([from, to]) => (link.from === kind ? [from, to] : [to, from]));
      const [[mine, theirs], ...more] = pairs;
      for (const value of valuesOf(row, mine)) for (const candidate of indexOf(other, theirs).get(value) ?? []) {
        if (!more.every(([a, b]) => valuesOf(row, a).some((one) => valuesOf(candidate, b).includes(one)))) continue;
        if (unless) {
          const [[from, to]] = Object.entries(unless);
          if (valuesOf(row, link.from === kind ? from : to).length > 0 && valuesOf(candidate, link.from === kind ? to : from).length > 0) continue;
        }
        found.add(candidate);
      }
    }
    return [...found];
  };
}

/* ---- one obligation of one row ---- */

const holds = (row, name, values) => {
  const text = row.properties[name];
  return text !== null && text !== undefined && values.some((value) => String(text) === value || String(text).split(/[、；;，,]/).map((one) => one.trim()).includes(value));
};

function stateOf(data, linked, kind, row, obligation, regime, asOf) {
  const of = (where) => linked(kind, row, where.kind).filter((one) => Object.entries(where.where ?? {}).every(([name, values]) => holds(one, name, values)));
  if (obligation.applies) {
    const told = linked(kind, row, obligation.applies.kind).filter((one) => one.properties[obligation.applies.field] !== undefined && one.properties[obligation.applies.field] !== null);
    if (told.length > 0 && !told.some((one) => holds(one, obligation.applies.field, obligation.applies.values))) return { state: 'not_applicable' };
  }
  if (obligation.exempt.some((one) => linked(kind, row, one.kind).some((other) => holds(other, one.field, one.values)))) return { state: 'not_applicable' };
  const everyRegime = obligation.regimes.length === data.catalogue.regimes.length;
  if (regime && !obligation.regimes.includes(regime.id)) return { state: 'not_applicable' };

  const events = obligation.events.map((event) => of(event).map((one) => dayOf(one.properties[event.date])).filter((day) => day !== null)).find((days) => days.length > 0) ?? [];
  const counted = events.filter((day) => obligation.scheduled || day <= asOf);
  const event = counted.length === 0 ? null : obligation.take === 'last' ? Math.max(...counted) : Math.min(...counted);
  const proofs = obligation.proved_by.flatMap((proof) => of(proof).map((one) => ({ from: proof.date ? dayOf(one.properties[proof.date]) : null,
    until: proof.end ? dayOf(one.properties[proof.end]) : null })).filter(({ from }) => from !== null || proof.own_date));
  const shown = proofs.filter(({ from }) => from !== null && from <= asOf).map(({ from, until }) => ({ from, until: until === null || until >= asOf ? Infinity : until }));
  const undated = proofs.some(({ from }) => from === null);
  if (!regime && !everyRegime) return { state: event !== null || shown.length > 0 ? 'unknown' : 'waiting' };
  if (event !== null && ((obligation.from && event < dayOf(obligation.from)) || (obligation.until && event > dayOf(obligation.until)))) return { state: 'not_applicable' };

  const calendar = data.calendars[obligation.calendar];
  const count = (period, day, sign) => (period.working ? calendar.from(day, sign * period.n) : day + sign * period.n);
  try {
    let due = null;
    if (event !== null && obligation.before) {
      due = count(obligation.ahead ?? { n: 0 }, event, -1);
      if (obligation.lasts) {
        let first = due; // the last day from which what lasts is complete on that day
        while (count(obligation.lasts, first, 1) > due) first -= 1;
        due = first;
        while (count(obligation.lasts, due + 1, 1) <= count(obligation.ahead ?? { n: 0 }, event, -1)) due += 1;
      }
    } else if (event !== null) {
      due = count(obligation.within, event, 1);
      if (calendar && !obligation.within.working && obligation.within.n > 0) while (!calendar.working(due)) due += 1;
    }
    const judged = shown.map((one) => {
      const needed = obligation.lasts && obligation.lasts.n > 0 ? count(obligation.lasts, one.from, 1) : null;
      const rank = needed !== null && one.until < needed ? 2 : due !== null && one.from > due ? 1 : 0;
      return { ...one, needed, rank };
    }).sort((a, b) => a.rank - b.rank || a.from - b.from);
    const [best] = judged;
    if (!best) {
      if (event === null) return { state: 'waiting', due };
      if (undated) return { state: 'unknown', due };
      return { state: asOf <= due ? 'due' : 'missing', due };
    }
    if (event === null && best.needed === null) return { state: obligation.before ? 'waiting' : 'unknown', due };
    if (best.rank === 0 && best.needed !== null && asOf < best.needed) return { state: 'due', due };
    return { state: ['met', 'late', 'short'][best.rank], due };
  } catch (error) {
    if (!(error instanceof NoYear)) throw error;
    return { state: event !== null || shown.length > 0 ? 'unknown' : 'waiting' };
  }
}

function regimeOf(data, linked, kind, row) {
  for (const source of data.catalogue.regime_by[kind] ?? []) {
    const field = [...data.catalogue.layers, ...data.catalogue.records].find(({ name }) => name === source.kind).fields.find(({ name }) => name === source.field);
    const said = linked(kind, row, source.kind).map((one) => one.properties[source.field]).filter((value) => value !== null && value !== undefined).map((value) => data.catalogue.regimes
      .findIndex((regime) => (field.type === 'date' ? (!regime.from || value >= regime.from) && (!regime.until || value <= regime.until) : regime.title === value))).filter((i) => i >= 0);
    if (said.length > 0) return data.catalogue.regimes[Math.min(...said)];
  }
  return null;
}

/** Every obligation of every row: [{kind, key, division, obligation, regime, state, due}]. */
export const compute = (data, asOfText) => [...outcomes(data, asOfText)];
/** The same, one by one. */
export function* outcomes(data, asOfText) {
  const linked = linker(data), asOf = dayOf(asOfText);
  for (const kind of [...data.catalogue.layers, ...data.catalogue.records]) {
    const obligations = data.catalogue.obligations.filter((one) => one.enabled && one.about === kind.name);
    if (obligations.length === 0) continue;
    for (const row of data.rows[kind.name]) {
      const regime = regimeOf(data, linked, kind.name, row);
      for (const obligation of obligations) {
        const { state, due } = stateOf(data, linked, kind.name, row, obligation, regime, asOf);
        yield { kind: kind.name, key: row.key, division: row.properties[kind.fields.find(({ type }) => type === 'division')?.name], obligation: obligation.id, regime: regime?.id ?? null, state,
          due: due === null || due === undefined ? null : new Date(due * DAY).toISOString().slice(0, 10) };
      }
    }
  }
}
