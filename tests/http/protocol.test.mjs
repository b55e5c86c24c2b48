// HTTP itself: methods, addresses, parameters, coding, conditions, headers (RFC 9110, 9111, 9457, 3986).
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { get, makeStore, raw, serve, STAFF, tileOf } from './county.mjs';

const server = await serve(makeStore(), '--trust-proxy', '127.0.0.1');
after(() => server.stop());
const at = (path, options) => get(server.url + path, options);
const { z, x, y } = tileOf(117.201, 31.801, 14);
const tile = `/xyz/parcel/${z}/${x}/${y}.mvt`;

function assertProblem(answer, status, pattern) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const problem = answer.json;
  assert.equal(problem.type, 'about:blank');
  assert.equal(problem.status, status);
  assert.ok(problem.title.length > 0);
  assert.match(problem.detail, pattern);
}

test('every resource answers with its type', async () => {
  for (const [path, type] of [['/healthz', 'application/json'], ['/catalogue', 'application/json'], ['/collections', 'application/json'],
    ['/collections/parcel', 'application/json'], ['/collections/parcel/items', 'application/geo+json'],
    ['/collections/parcel/items/X1:DK001', 'application/geo+json'], ['/collections/parcel/items/X1:DK001/approval', 'application/geo+json'],
    ['/collections/parcel/items/X1:DK001/dossier', 'application/json'], ['/search?q=DK001', 'application/json'],
    ['/xyz/parcel.json', 'application/json'], [tile, 'application/vnd.mapbox-vector-tile'], ['/?f=json', 'application/json'],
    ['/?f=html', 'text/html; charset=utf-8'], ['/web/app.js', 'text/javascript; charset=utf-8'],
    ['/web/maplibre-gl.css', 'text/css; charset=utf-8'], ['/styles/default.json', 'application/json']]) {
    const answer = await at(path);
    assert.equal(answer.status, 200, `${path}: ${answer.text.slice(0, 300)}`);
    assert.equal(answer.headers['content-type'], type, path);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.ok(answer.headers['referrer-policy']);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    if (type.includes('json')) assert.doesNotThrow(() => answer.json, path);
  }
});

test('the root is the page or the landing page, by Accept or by f', async () => {
  const type = async (accept, path = '/') => (await at(path, { headers: accept ? { Accept: accept } : {} })).headers['content-type'].split(';')[0];
  assert.equal(await type(), 'text/html');
  assert.equal(await type('*/*'), 'text/html');
  assert.equal(await type('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'), 'text/html');
  assert.equal(await type('application/json'), 'application/json');
  assert.equal(await type('text/html;q=0.5, application/json'), 'application/json');
  assert.equal(await type('application/json;q=0'), 'text/html');
  assert.equal(await type('application/json', '/?f=html'), 'text/html');
  assert.equal(await type('text/html', '/?f=json'), 'application/json');
  assert.match((await at('/')).headers.vary, /Accept\b/);
  assertProblem(await at('/?f=xml'), 400, /"f"/);
});

test('the page gets a strict policy; a basemap host only with its key', async () => {
  const policy = (await at('/')).headers['content-security-policy'];
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.match(policy, /worker-src 'self' blob:/);
  assert.doesNotMatch(policy, /unsafe|tianditu/);
});

test('gzip where it is accepted and not otherwise, the same bytes inside', async () => {
  const plain = await at('/catalogue');
  assert.equal(plain.headers['content-encoding'], undefined);
  for (const accept of ['gzip', 'deflate, gzip;q=1.0, *;q=0.5', '*', 'x-gzip', 'br;q=1, gzip;q=0.001', 'GZIP']) {
    const packed = await at('/catalogue', { headers: { 'Accept-Encoding': accept } });
    assert.equal(packed.headers['content-encoding'], 'gzip', accept);
    assert.ok(packed.raw.length < plain.raw.length);
    assert.deepEqual(gunzipSync(packed.raw), plain.raw);
  }
  for (const accept of ['identity', 'gzip;q=0', 'gzip;q=0.000, *', '*;q=0', 'br', '', 'gzip;q=x']) {
    const answer = await at('/catalogue', { headers: { 'Accept-Encoding': accept } });
    assert.equal(answer.headers['content-encoding'], undefined, accept);
  }
  assert.match(plain.headers.vary, /Accept-Encoding/);
  assert.match(plain.headers.vary, /Authorization/);
  assert.equal((await at('/healthz', { headers: { 'Accept-Encoding': 'gzip' } })).headers['content-encoding'], undefined, 'it would not be smaller');
  const asset = await at('/web/maplibre-gl.js', { headers: { 'Accept-Encoding': 'gzip' } });
  assert.deepEqual(gunzipSync(asset.raw), (await at('/web/maplibre-gl.js')).raw);
});

test('strong tags from content and coding, and 304 for what the client has', async () => {
  for (const path of ['/catalogue', tile, '/collections/parcel/items', '/web/app.js', '/']) {
    const plain = await at(path), packed = await at(path, { headers: { 'Accept-Encoding': 'gzip' } });
    assert.match(plain.headers.etag, /^"[^"]+"$/, 'strong');
    assert.notEqual(plain.headers.etag, packed.headers.etag, path);
    assert.equal((await at(path)).headers.etag, plain.headers.etag, 'the same for the same content');
    for (const [tag, encoding, status] of [[plain.headers.etag, 'identity', 304], [packed.headers.etag, 'gzip', 304], ['*', 'identity', 304],
      [`"other", W/${plain.headers.etag}`, 'identity', 304], [packed.headers.etag, 'identity', 200], ['"other"', 'gzip', 200], ['garbage', 'gzip', 200]]) {
      const answer = await at(path, { headers: { 'If-None-Match': tag, 'Accept-Encoding': encoding } });
      assert.equal(answer.status, status, `${path} ${tag} ${encoding}`);
      if (status !== 304) continue;
      assert.equal(answer.raw.length, 0);
      assert.equal(answer.headers.etag, encoding === 'gzip' ? packed.headers.etag : plain.headers.etag);
      assert.equal(answer.headers['cache-control'], 'public, max-age=60');
      assert.match(answer.headers.vary, /Accept-Encoding/);
    }
  }
});

/** The status of GET with these header lines, sent as they are. */
async function statusOf(path, lines, start = `GET ${path} HTTP/1.1\r\nHost: a\r\n`) {
  const answer = await raw(server.url, `${start}${lines.map((line) => `${line}\r\n`).join('')}Connection: close\r\n\r\n`);
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}

// RFC 9110, 5.3: lines of one name mean what one line with their values between commas means.
test('If-None-Match on several lines is one list', async () => {
  for (const path of ['/catalogue', tile, '/web/app.js']) {
    const { etag } = (await at(path)).headers;
    for (const [lines, status] of [[['"x"', etag], 304], [[etag, '"x"'], 304], [['"x"', '"y", "z"', `W/${etag}`], 304], [['"x"', '*'], 304], [['"x"', '"y"'], 200]]) {
      assert.equal(await statusOf(path, lines.map((tag, i) => `${i % 2 ? 'if-none-match' : 'If-None-Match'}: ${tag}`)), status, `${path} ${lines.join(' | ')}`);
    }
    for (const other of ['X-If-None-Match', 'X-Other-Match']) assert.equal(await statusOf(path, ['If-None-Match: "x"', `${other}: ${etag}`]), 200, other);
    assert.equal(await statusOf(path, ['If-Match: "x"', `If-Range: ${etag}`]), 412);
  }
});

// RFC 9110, 12.5.3: of what is acceptable the most preferred; identity is not where it has the weight 0, by its name or by *.
// 12.4.1: where nothing is acceptable, the field may be disregarded.
test('the weight of identity counts', async () => {
  const small = '/healthz', empty = '/xyz/parcel/14/0/0';
  for (const path of ['/catalogue', tile, '/web/app.js', '/collections/parcel/items', '/collections/parcel/items?f=csv', small]) {
    const plain = await at(path), coding = async (accept) => {
      const answer = await at(path, { headers: { 'Accept-Encoding': accept } });
      assert.equal(answer.status, 200, `${path} ${accept}`);
      assert.equal(answer.body.length, plain.raw.length, `${path} ${accept}: the same inside`);
      return answer.headers['content-encoding'];
    };
    for (const accept of ['gzip;q=0.1, identity;q=0.9', 'identity;q=0.5, gzip;q=0.4, *;q=0.1', 'gzip;q=0.1, *;q=0.5', '*;q=0', 'identity;q=0, br']) {
      assert.equal(await coding(accept), undefined, `${path} ${accept}`);
    }
    for (const accept of ['identity;q=0, gzip', 'gzip;q=0.5, *;q=0', 'identity;q=0, *;q=0.1']) assert.equal(await coding(accept), 'gzip', `${path} ${accept}`);
    if (path !== small) assert.equal(await coding('identity;q=0.5, gzip;q=0.5'), 'gzip', path);
  }
  const must = { 'Accept-Encoding': 'identity;q=0, gzip' };
  const coded = await at(small, { headers: must });
  assert.notEqual(coded.headers.etag, (await at(small)).headers.etag, 'the tag is that of the coded form');
  assert.equal((await at(empty, { headers: must })).status, 204);
  const head = await at(small, { method: 'HEAD', headers: must });
  assert.deepEqual([head.headers['content-encoding'], head.headers['content-length']], ['gzip', String(coded.raw.length)]);
});

test('a tile too small to gain by a coding is coded for who refuses it plain', async () => {
  const { z: zoom, x: column, y: row } = tileOf(117.201, 31.801, 4);
  const small = `/xyz/parcel_grid/${zoom}/${column}/${row}.mvt`;
  const [answer, plain] = [await at(small, { headers: { 'Accept-Encoding': 'identity;q=0, gzip' } }), await at(small, { headers: { 'Accept-Encoding': 'gzip' } })];
  assert.deepEqual([answer.status, answer.headers['content-encoding'], plain.headers['content-encoding']], [200, 'gzip', undefined]);
  assert.deepEqual(gunzipSync(answer.raw), plain.raw);
});

test('Accept-Encoding and Accept on several lines are one list', async () => {
  for (const path of ['/catalogue', tile, '/web/app.js', '/collections/parcel/items?f=csv']) {
    for (const [lines, coding] of [[['br', 'gzip'], 'gzip'], [['gzip', 'br'], 'gzip'], [['br;q=1', 'deflate', 'gzip;q=0.5'], 'gzip'], [['*', 'gzip;q=0'], undefined],
      [['', 'gzip'], 'gzip'], [['br', 'deflate'], undefined]]) {
      const answer = await at(path, { headers: { 'Accept-Encoding': lines } });
      assert.deepEqual([answer.status, answer.headers['content-encoding']], [200, coding], `${path} ${lines.join(' | ')}`);
    }
  }
  assert.equal((await at('/', { headers: { Accept: ['text/html;q=0.5', 'application/json'] } })).headers['content-type'], 'application/json');
  assert.match((await at('/collections', { headers: { Accept: ['application/json;q=0.5', 'text/html'] } })).headers['content-type'], /^text\/html/);
});

// RFC 9110, 13.1.1: a server must not answer as if nothing were asked where no tag of If-Match is the present one; a weak tag is
// none (8.8.3.2). It comes before If-None-Match (13.2.2), and where the answer is no success anyway it does not count (13.2.1).
test('If-Match is answered by what it names, or 412', async () => {
  for (const path of ['/catalogue', tile, '/collections/parcel/items', '/web/app.js', '/']) {
    const { etag } = (await at(path)).headers;
    for (const [lines, status] of [[['If-Match: "nope"'], 412], [['If-Match: *'], 200], [[`If-Match: ${etag}`], 200], [[`If-Match: W/${etag}`], 412],
      [[`If-Match: "nope", ${etag}`], 200], [['If-Match: "nope"', `If-Match: ${etag}`], 200], [['If-Match: "nope"', 'If-Match: "x"'], 412],
      [[`If-Match: ${etag}`, `If-None-Match: ${etag}`], 304], [['If-Match: "nope"', `If-None-Match: ${etag}`], 412]]) {
      assert.equal(await statusOf(path, lines), status, `${path} ${lines.join(' | ')}`);
    }
    const stale = await at(path, { headers: { 'If-Match': '"nope"' } });
    assertProblem(stale, 412, /If-Match/);
    assert.equal(stale.headers['cache-control'], 'no-store');
    assert.equal((await at(path, { headers: { 'If-Match': etag } })).headers.etag, etag);
  }
  assert.equal((await at('/xyz/parcel/14/0/0', { headers: { 'If-Match': '"nope"' } })).status, 412, 'a tile that has become empty');
  assert.equal((await at('/xyz/parcel/14/0/0', { headers: { 'If-Match': '*' } })).status, 204);
  assert.equal((await at('/nowhere', { headers: { 'If-Match': '"nope"' } })).status, 404);
  assert.equal((await at('/catalogue?x=1', { headers: { 'If-Match': '"nope"' } })).status, 400);
});

// RFC 9110, 8.6: a server must not send Content-Length in a 304 unless it is the number of bytes that a 200 would have had.
test('a 304 has the length of the 200 or none', async () => {
  for (const path of ['/catalogue', tile, '/collections/parcel/items', '/web/app.js', '/']) {
    for (const coding of ['identity', 'gzip']) {
      const headers = { 'Accept-Encoding': coding };
      const whole = await at(path, { headers });
      for (const method of ['GET', 'HEAD']) {
        const same = await at(path, { method, headers: { ...headers, 'If-None-Match': whole.headers.etag } });
        assert.deepEqual([same.status, same.raw.length], [304, 0], `${method} ${path}`);
        assert.ok([undefined, String(whole.raw.length)].includes(same.headers['content-length']), `${method} ${path} ${coding}: ${same.headers['content-length']}`);
      }
    }
  }
});

test('HEAD says what GET would, without a body', async () => {
  for (const path of ['/catalogue', tile, '/nowhere']) {
    const whole = await at(path), head = await at(path, { method: 'HEAD' });
    assert.equal(head.status, whole.status);
    assert.equal(head.raw.length, 0);
    for (const name of ['content-type', 'etag', 'content-length', 'cache-control']) assert.equal(head.headers[name], whole.headers[name], `${path} ${name}`);
  }
});

test('OPTIONS answers a preflight; other methods are 405 with what is allowed', async () => {
  const preflight = await at('/collections/parcel/items', { method: 'OPTIONS', headers: { Origin: 'https://example.org', 'Access-Control-Request-Headers': 'authorization' } });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers['access-control-allow-headers'], /Authorization/);
  assert.match(preflight.headers['access-control-allow-methods'], /GET/);
  const allowed = preflight.headers['access-control-allow-headers'].toLowerCase().split(', ');
  for (const name of ['authorization', 'if-match', 'if-none-match', 'if-range', 'range']) assert.ok(allowed.includes(name), `${name}: every condition that is heeded`);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const answer = await at('/catalogue', { method, body: method === 'DELETE' ? undefined : 'x'.repeat(2000) });
    assertProblem(answer, 405, /GET, HEAD and OPTIONS/);
    assert.equal(answer.headers.allow, 'GET, HEAD, OPTIONS');
  }
});

// RFC 9110, 9.1: a method that is not recognized is 501, one that is known and not for this address 405; names have a case.
test('a method of no standard is 501', async () => {
  for (const method of ['FOO', 'get', 'PURGE']) {
    for (const path of ['/catalogue', tile, '/session', '/nowhere']) {
      const answer = await raw(server.url, `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 501 [^]*application\/problem\+json[^]*"status":501,"detail":"This server knows no method/, `${method} ${path}: ${answer}`);
    }
  }
  for (const method of ['TRACE', 'CONNECT', 'PUT', 'PATCH']) assert.equal(await statusOf('/session', [], `${method} /session HTTP/1.1\r\nHost: a\r\n`), 405, method);
});

test('bodies are refused', async () => {
  assertProblem(await at('/catalogue', { method: 'GET', body: 'hello', headers: { 'Content-Length': '5' } }), 400, /no body/);
  const huge = await raw(server.url, 'POST /catalogue HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n');
  assert.match(huge, /^HTTP\/1\.1 413 /);
});

test('nothing is at other addresses', async () => {
  for (const path of ['/nowhere', '/collections/', '/collections/none', '/collections/parcel/', '/collections/parcel/items/', '/collections/parcel/items/none',
    '/collections/parcel/items/X1:DK001/none', '/collections/parcel/items/X1:DK001/parcel', '/collections/project/items/X1/compensation',
    '/collections/parcel/items/X1:DK001/approval/more', '/web/', '/web/none.js', '/styles/none.json', '/styles/default', '/xyz/none.json', '/xyz/parcel', '//',
    '/a/b/c/d/e/f/g/h/i/j', '/xyz/project.json', '/collections/parcel/items/none/dossier', '/collections/parcel/items/none/approval']) {
    assertProblem(await at(path), 404, /./);
  }
});

test('no address leaves what is meant to be served', async () => {
  for (const path of ['/web/../main.c', '/web/..%2f..%2f..%2fetc%2fpasswd', '/web/%2e%2e/%2e%2e/etc/passwd', '/styles/..%2f..%2fetc%2fpasswd.json',
    '/../../../../etc/passwd', '/web//etc/passwd', '/web/....//....//etc/passwd', '/web/%00index.html', '/%2e%2e%2fetc/passwd']) {
    const answer = await raw(server.url, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 40[04] /, path);
    assert.doesNotMatch(answer, /root:|#include/, path);
  }
});

test('malformed addresses are 400 and say why', async () => {
  for (const [path, pattern] of [['/collections/%', /%/], ['/collections/%4', /%/], ['/collections/%zz', /%/], ['/collections/%ff%fe', /UTF-8/],
    ['/collections/%c0%af', /UTF-8/], ['/collections/%ed%a0%80', /UTF-8/], ['/collections/%00', /control/], ['/collections/a%0ab', /control/],
    ['/search?q=%ff', /UTF-8/], ['/search?q=%', /%/], ['/search?=x', /without a name/], ['/search?q=a&q=b', /"q" is given twice/],
    ['/search?q=a&%71=b', /"q" is given twice/], ['/search?q=a%00', /control/]]) {
    assertProblem(await at(path), 400, pattern);
  }
  assert.match(await raw(server.url, 'GET nonsense HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assertProblem(await at(`/search?q=${'a'.repeat(9000)}`), 414, /8192/);
  assertProblem(await at(`/search?${Array.from({ length: 150 }, (_, i) => `p${i}=1`).join('&')}`), 400, /more than 100/);
});

test('the longest address, and seven kilobytes of cookies, come through with what browsers and proxies send along', async () => {
  const along = ['Host: dikuai.example.gov.cn', 'User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8', 'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: zh-CN,zh;q=0.9,en;q=0.8', 'Referer: http://dikuai.example.gov.cn/', 'X-Forwarded-For: 10.1.2.3', 'X-Forwarded-Proto: http',
    'Connection: close'].join('\r\n');
  for (const [address, cookies] of [[8192, 3000], [100, 7000]]) {
    const path = '/search?q='.padEnd(address, 'a');
    const answer = await raw(server.url, `GET ${path} HTTP/1.1\r\n${along}\r\nCookie: portal=${'c'.repeat(cookies)}\r\n\r\n`);
    assert.match(answer, address > 1000 ? /^HTTP\/1\.1 400 [^]*&quot;q&quot;/ : /^HTTP\/1\.1 200 /, `${address}, ${cookies}: ${answer.slice(0, 200)}`);
  }
});

test('parameters that are unknown, twice or out of range are 400 and named', async () => {
  const items = '/collections/parcel/items';
  for (const [path, pattern] of [[`${items}?colour=red`, /"colour"/], ['/catalogue?x=1', /"x"/], ['/?f=json&x=1', /"x"/], ['/healthz?x=1', /"x"/], [`${tile}?x=1`, /"x"/], [`${tile}?f=png`, /"f".*mvt/], [`${tile}?f=json`, /"f".*mvt/], [`${tile}?f=`, /"f".*mvt/],
    ['/search', /"q"/], ['/search?q=%20', /"q"/], ['/search?q=a&limit=101', /"limit".*100/], [`/search?q=${'a'.repeat(201)}`, /"q"/],
    [`${items}/X1:DK001?x=1`, /"x"/], [`${items}/X1:DK001/dossier?limit=1`, /"limit"/], [`${items}/X1:DK001/approval?bbox=1,2,3,4`, /"bbox"/],
    [`${items}?f=xml`, /"f"/], [`${items}?feature=1&limit=2`, /"limit"/], [`${items}?feature=x`, /"feature"/], [`${items}?feature=-1`, /"feature"/],
    ...['0', '-1', '1.5', 'x', '', '99999999999999999999x', '000'].map((limit) => [`${items}?limit=${limit}`, /"limit".*1 to 10000/]),
    ...['1,2,3', '1,2,3,4,5', '1,2,3,4,5,6,7', 'a,b,c,d', '1,2,nan,4', '1,2,inf,4', '0x1,2,3,4', '', '1,,3,4', '181,2,3,4', '1,2,3,91', '1,5,3,4', '1e999,2,3,4', ' 1,2,3,4']
      .map((bbox) => [`${items}?bbox=${encodeURIComponent(bbox)}`, /"bbox"/]),
    ['/collections/project/items?bbox=1,2,3,4', /"bbox"/]]) {
    assertProblem(await at(path), 400, pattern);
  }
});

test('a wrong token is 401 everywhere, whatever is wrong with it', async () => {
  let clients = 0; // of one, only ten in a row are answered so
  for (const authorization of ['Bearer wrong-token-of-nobody', `Bearer ${STAFF}x`, `Bearer ${STAFF.slice(0, -1)}`, 'Bearer', 'Bearer ', `Basic ${STAFF}`, STAFF, '',
    `Bearer ${'a'.repeat(5000)}`]) {
    for (const path of ['/catalogue', tile, '/healthz']) {
      const answer = await at(path, { headers: { Authorization: authorization, 'X-Forwarded-For': `198.51.100.${++clients}` } });
      if (authorization === '' && answer.status === 200) continue; /* an empty header may be dropped on the way */
      assertProblem(answer, 401, /token is not valid/);
      assert.match(answer.headers['www-authenticate'], /^Bearer/);
    }
  }
  assert.equal((await at('/catalogue', { headers: { Authorization: `bearer  ${STAFF} ` } })).status, 200, 'the scheme has no case');
});

test('broken requests leave the server answering', async () => {
  for (const bytes of ['', '\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'x'.repeat(100000), 'GET / HTTP/1.1\r\n' + 'A: b\r\n'.repeat(20000) + '\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n',
    'GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03']) {
    // Now and then the server sees the end of what is sent only when the connection has been idle for 30 s.
    await Promise.race([raw(server.url, Buffer.from(bytes, 'latin1')), sleep(1000)]);
  }
  assert.equal((await at('/healthz')).json.status, 'ok');
});

// RFC 9112, 3.2: HTTP/1.1 without Host, and any request with two, must get 400. Of HTTP/1.0 it is not asked.
test('one Host, except that HTTP/1.0 may have none', async () => {
  for (const path of ['/healthz', '/catalogue', tile]) {
    for (const [version, lines, status] of [['1.1', [], 400], ['1.1', ['Host: a'], 200], ['1.1', ['Host:'], 200], ['1.1', ['Host: a', 'host: b'], 400],
      ['1.1', ['Host: a', 'Host: a'], 400], ['1.0', [], 200], ['1.0', ['Host: a'], 200], ['1.0', ['Host: a', 'Host: b'], 400]]) {
      assert.equal(await statusOf(path, lines, `GET ${path} HTTP/${version}\r\n`), status, `${path} ${version} ${lines.join(' | ')}`);
    }
  }
  assert.match(await raw(server.url, `GET ${tile} HTTP/1.1\r\n\r\n`), /application\/problem\+json[^]*Host line/);
});

// RFC 9112, 5.1: a server must refuse a header line with a blank between its name and the colon.
test('a blank before a colon is refused', async () => {
  for (const lines of [['Host : a'], ['Host: a', 'X-Foo : b'], ['Host: a', 'X-Foo\t: b'], ['Host: a', 'Content-Length : 5'], ['Host: a', 'Transfer-Encoding : chunked']]) {
    for (const path of ['/catalogue', tile]) assert.equal(await statusOf(path, lines, `GET ${path} HTTP/1.1\r\n`), 400, lines.join(' | '));
  }
  assert.equal(await statusOf(tile, ['X-Foo:b', 'X-Bar:  b  ', 'X-Empty:']), 200);
  assert.match(await raw(server.url, `GET ${tile} HTTP/1.1\r\nHost: a\r\nX-Foo : b\r\n\r\n`), /Connection: close[^]*application\/problem\+json[^]*before its colon/);
});

// RFC 9112, 5.2: a server must refuse a header line that goes on in the next, or take the break for a blank.
test('a folded header line is refused', async () => {
  const next = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const path of ['/catalogue', tile]) {
    for (const lines of [['Host: a', 'If-None-Match: "x",', ' "y"'], ['Host: a', 'X-Foo: b', '\tc'], ['Host: a', 'X-Foo:', '  b'], ['Host:', ' a'],
      ['Host: a', `Content-Leng: ${next.length}`, ' th'], ['Host: a', 'X-Foo: b', '  c', ' d', 'X-Bar: e']]) {
      const answer = await raw(server.url, `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${next}`);
      assert.match(answer, /^HTTP\/1\.1 400 [^]*Connection: close[^]*goes on in the next/, `${lines.join('|')}: ${answer}`);
      assert.equal(answer.match(/HTTP\/1\.1 \d/g).length, 1, lines.join('|'));
    }
  }
});

// RFC 9112, 3.2: a Host whose value is invalid must get 400.
test('a Host that is none is refused', async () => {
  for (const path of ['/catalogue', tile]) {
    for (const host of ['a b', 'user@a', 'a:x', 'a:99999', 'a, b', 'a,b', 'a/b', '[::1', 'a"b', '砀山.cn']) {
      assert.equal(await statusOf(path, [`Host: ${host}`], `GET ${path} HTTP/1.1\r\n`), 400, host);
    }
    for (const host of ['a', 'A-1.example:8080', '[::1]:8080', 'xn--fiq228c.example', '127.0.0.1 ', 'a:']) {
      assert.equal(await statusOf(path, [`Host: ${host}`], `GET ${path} HTTP/1.1\r\n`), 200, host);
    }
  }
  assert.equal(await statusOf(tile, ['Host: a b'], `GET ${tile} HTTP/1.0\r\n`), 400);
  assert.match(await raw(server.url, `GET ${tile} HTTP/1.1\r\nHost: a b\r\n\r\n`), /application\/problem\+json[^]*Host line/);
});

// RFC 9112, 3.2.2: a whole address as target names the host, whatever Host says; RFC 3986, 3.1: its scheme in any case.
test('a whole address as target counts instead of Host', async () => {
  for (const [target, host] of [['http://maps.example:81/xyz/parcel.json', 'maps.example:81'], ['HTTP://maps.example/xyz/parcel.json', 'maps.example'], ['/xyz/parcel.json', 'a']]) {
    const answer = await raw(server.url, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.ok(answer.includes(`"http://${host}/xyz/parcel/{z}/{x}/{y}.mvt"`), `${target}: ${answer}`);
  }
  for (const target of ['http:///healthz', 'http://user@a/healthz', 'http://a,b/healthz', 'http://a:x/healthz', 'ftp://a/healthz']) {
    assert.equal(await statusOf(target, ['Host: a'], `GET ${target} HTTP/1.1\r\n`), 400, target);
  }
});

// RFC 9112, 6.1 and 6.3: what has two ends, or none that is certain, is refused and the connection closed; what follows may
// be the body of one request or another request, which a proxy in front may have taken for something else.
test('a request whose end is uncertain is refused, and nothing after it is answered', async () => {
  const next = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const [lines, body, version = '1.1'] of [[['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'], [['transfer-encoding: Chunked', 'content-length: 5'], '0\r\n\r\n'],
    [['Content-Length: 0', 'Transfer-Encoding: identity'], ''], [['Content-Length: 0', `Content-Length: ${next.length}`], ''],
    [['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '0\r\n\r\n'], [['Transfer-Encoding: gzip'], ''], [['Transfer-Encoding: chunked'], '0\r\n\r\n', '1.0']]) {
    for (const start of [`GET ${tile}`, 'POST /overlaps', 'OPTIONS /catalogue']) {
      const answer = await raw(server.url, `${start} HTTP/${version}\r\nHost: a\r\nConnection: keep-alive\r\n${lines.join('\r\n')}\r\n\r\n${body}${next}`);
      assert.match(answer, /^HTTP\/1\.1 400 [^]*\r\nConnection: close\r\n/i, `${start} ${lines.join(' | ')}`);
      assert.equal(answer.match(/HTTP\/1\.1 \d/g).length, 1, `${start} ${lines.join(' | ')}: ${answer}`);
    }
  }
  const both = await raw(server.url, `GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${next}`);
  assert.equal(both.match(/HTTP\/1\.1 200/g).length, 2, 'an empty body with one end is none');
});

// RFC 9110, 12.5.5: what an answer depends on stands in Vary. A cache that passes X-Forwarded-Proto on would else give the scheme
// that one has sent to all.
test('whole addresses have the scheme that a proxy names, and say so to caches', async () => {
  const origin = server.url.replace('http:', '');
  for (const path of ['/xyz/parcel.json', '/styles/default.json', '/api', '/?f=json', '/collections?f=json', '/collections/parcel/schema', '/collections/parcel/items?limit=1']) {
    for (const [sent, scheme] of [[undefined, 'http'], ['http', 'http'], ['https', 'https'], ['HTTPS', 'https'], ['gopher', 'http']]) {
      const answer = await at(path, { headers: sent === undefined ? {} : { 'X-Forwarded-Proto': sent } });
      assert.equal(answer.status, 200, answer.text);
      const schemes = new Set([...answer.text.matchAll(/"(https?:)(\/\/127\.0\.0\.1:\d+)/g)].map(([, one, other]) => (other === origin ? one : other)));
      assert.deepEqual([...schemes], [`${scheme}:`], `${path} ${sent}`);
      assert.match(answer.headers.vary, /\bX-Forwarded-Proto\b/, path);
      const again = await at(path, { headers: { ...(sent === undefined ? {} : { 'X-Forwarded-Proto': sent }), 'If-None-Match': answer.headers.etag } });
      assert.deepEqual([again.status, again.headers.vary], [304, answer.headers.vary], path);
    }
  }
  for (const path of ['/catalogue', tile, '/web/app.js', '/', '/collections/parcel/items/X1:DK001/dossier']) assert.doesNotMatch((await at(path)).headers.vary, /Forwarded/, path);
});

// A byte now and then keeps a connection from being idle.
test('a request that does not arrive in its time loses its connection, and no other does', async (t) => {
  const short = await serve(makeStore(), '--request-seconds', '1'), { hostname, port } = new URL(short.url);
  t.after(() => short.stop());
  /** Sends one byte after the other; gives what came back, and whether the server ended it. */
  const dripped = (bytes, first = '') => new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let at = 0, text = '';
    const end = (closed) => { clearInterval(timer); socket.destroy(); resolve({ text, closed }); };
    const timer = setInterval(() => (at < bytes.length ? socket.write(bytes[at++]) : end(false)), 100);
    if (first) socket.write(first);
    socket.on('data', (data) => { text += data; }).on('close', () => end(true)).on('error', () => {});
  });
  const head = `GET /healthz HTTP/1.1\r\nHost: ${hostname}\r\n`, whole = `${head}\r\n`;
  const long = 'x'.repeat(80);
  const [slow, later, body, refused, quick] = await Promise.all([
    dripped(`${head}X-Long: ${long}`), dripped(long, `${whole}GET /`), dripped(long, `${head}Content-Length: 1000\r\n\r\n`),
    dripped(long, `POST /session HTTP/1.1\r\nHost: ${hostname}\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n${'x'.repeat(0x4000)}`), // more than a token has
    (async () => { // asks again and again, with pauses, for longer than that
      const socket = connect(Number(port), hostname);
      let text = '', closed = false;
      socket.on('data', (data) => { text += data; }).on('close', () => { closed = true; }).on('error', () => {});
      for (let i = 0; i < 8; i++) { socket.write(whole); await sleep(500); }
      socket.destroy();
      return { text, closed };
    })()]);
  assert.deepEqual([slow, body, refused], Array(3).fill({ text: '', closed: true }));
  assert.equal(later.closed, true);
  assert.equal(later.text.match(/HTTP\/1\.1 200/g).length, 1);
  assert.equal(quick.closed, false);
  assert.equal(quick.text.match(/HTTP\/1\.1 200/g).length, 8);
  assert.equal((await get(`${short.url}/healthz`)).status, 200);
});

test('a hostile Host is not repeated in addresses', async () => {
  const answer = await raw(server.url, 'GET /xyz/parcel.json HTTP/1.1\r\nHost: a"><script>\r\nConnection: close\r\n\r\n');
  assert.doesNotMatch(answer, /script>/);
});

// OGC API Features, Part 1, version 1.0.1 (17-069r4), requirement 22 C: a limit above the maximum is no error and means the maximum.
test('a limit above the maximum of a page is the maximum', async () => {
  for (const path of ['/collections/parcel/items', '/collections/parcel/items/X1%3ADK001/approval']) {
    const most = (await at(`${path}?limit=10000`)).json;
    for (const limit of ['10001', '99999999999999999999']) {
      const answer = await at(`${path}?limit=${limit}`);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.json.features, most.features);
      assert.ok(!answer.json.links.some(({ rel }) => rel === 'next'));
    }
  }
});
