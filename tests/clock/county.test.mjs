// The sample county's ledgers, judged in JavaScript (county.mjs): each way in which a disclosure can end is there.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { outcomes } from './county.mjs';

test('the sample county has disclosures in time, late, too short, missing, not yet due and not applicable; in June 2024 some are due', () => {
  const states = (on) => [...new Set(outcomes(on).map(({ state }) => state))].sort();
  assert.deepEqual(states('2026-06-30'), ['late', 'met', 'missing', 'not_applicable', 'short', 'waiting']);
  assert.ok(states('2024-06-10').includes('due'));
});

test('the three projects that did everything are in time throughout', () => {
  const theirs = outcomes('2026-06-30').filter(({ key }) => /^XM20(18|20|22)001(:|$)|^皖政地〔20(18|20|22)〕9001号$/.test(key));
  assert.ok(theirs.length > 900);
  assert.deepEqual([...new Set(theirs.map(({ state }) => state))].sort(), ['met', 'not_applicable']);
});
