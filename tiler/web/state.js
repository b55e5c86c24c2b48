// The view in the URL's hash: #map=ZOOM/LAT/LON&layers=a,b&disclosure=WORD,WORD&crs=4490&select=KIND/KEY. A link restores it.

/** Reads a hash; what is missing or senseless in it is null. */
export function parse(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const state = { view: null, layers: null, disclosure: null, crs: null, select: null };
  const numbers = (given.get('map') ?? '').split('/').map((text) => (text.trim() === '' ? NaN : Number(text)));
  if (numbers.length === 3 && numbers.every(Number.isFinite)
    && Math.abs(numbers[1]) <= 85 && Math.abs(numbers[2]) <= 180) {
    state.view = { zoom: Math.min(Math.max(numbers[0], 0), 22), center: [numbers[2], numbers[1]] };
  }
  if (given.has('layers')) state.layers = given.get('layers').split(',').filter(Boolean);
  // "all" stands for no choice among the words: an empty one is none to see in an address.
  if (given.has('disclosure')) state.disclosure = given.get('disclosure').split(',').filter((word) => word && word !== 'all');
  if (given.get('crs') === '4490') state.crs = '4490';
  const select = given.get('select') ?? '';
  const cut = select.indexOf('/');
  if (cut > 0 && cut < select.length - 1) state.select = { kind: select.slice(0, cut), key: select.slice(cut + 1) };
  return state;
}

/** The hash of a state, with what is null left out. */
export function format({ view, layers, disclosure, crs, select }) {
  const parts = [];
  if (view) {
    const digits = Math.max(4, Math.ceil((view.zoom * Math.LN2 + Math.log(512 / 360 / 0.5)) / Math.LN10));
    parts.push(`map=${Number(view.zoom.toFixed(2))}/${view.center[1].toFixed(digits)}/${view.center[0].toFixed(digits)}`);
  }
  // A comma and a slash read well and need no escape in a hash.
  if (layers) parts.push(`layers=${layers.map(encodeURIComponent).join(',')}`);
  if (disclosure) parts.push(`disclosure=${disclosure.map(encodeURIComponent).join(',') || 'all'}`);
  if (crs) parts.push(`crs=${crs}`);
  if (select) parts.push(`select=${encodeURIComponent(select.kind)}/${encodeURIComponent(select.key)}`);
  return `#${parts.join('&')}`;
}
