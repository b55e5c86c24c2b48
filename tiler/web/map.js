// The map: the style made to fit this catalogue, layers on and off, what lies under a click, what is selected.
import { addProjection, importScriptInWorkers, Map as MapLibreMap, NavigationControl, ScaleControl, setWorkerUrl } from './maplibre-gl.js';
import { fetchOptions, get, root } from './api.js';
import { narrowed } from './disclosure-style.js';
import { byId } from './dom.js';

setWorkerUrl(new URL('./maplibre-gl-worker.js', import.meta.url).href);

const LOCALE = {
  'Map.Title': '地图。方向键移动，加减号缩放，回车键打开地图中心处的档案',
  'NavigationControl.ZoomIn': '放大',
  'NavigationControl.ZoomOut': '缩小',
  'NavigationControl.ResetBearing': '恢复正北',
  'ScaleControl.Feet': '英尺',
  'ScaleControl.Meters': '米',
  'ScaleControl.Kilometers': '千米',
  'ScaleControl.Miles': '英里',
  'ScaleControl.NauticalMiles': '海里',
};
const FONT = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif';
// For layers that the style does not know.
const SPARE_COLOURS = ['#00897b', '#ad1457', '#5c6bc0', '#827717', '#6a1b9a', '#00695c'];
const SELECTION = 'dikuai-selection';
const PREVIEW = 'dikuai-preview';
const CHANGE_COLOURS = ['match', ['get', 'change'], 'added', '#1b7a36', 'changed', '#a85400', 'removed', '#b3211d', '#343a40'];
const EMPTY = { type: 'FeatureCollection', features: [] };

/** Style layers for a catalogue layer that the style does not draw. */
function spareLayers(layer, source, colour) {
  const common = { source, 'source-layer': layer.name };
  if (/point/i.test(layer.geometry)) {
    return [{ id: `${layer.name}-circle`, type: 'circle', ...common,
      paint: { 'circle-color': colour, 'circle-radius': 5, 'circle-stroke-color': '#fff', 'circle-stroke-width': 1.5 } }];
  }
  const line = { id: `${layer.name}-line`, type: 'line', ...common, paint: { 'line-color': colour, 'line-width': 2 } };
  if (/line/i.test(layer.geometry)) return [line];
  return [{ id: `${layer.name}-fill`, type: 'fill', ...common, paint: { 'fill-color': colour, 'fill-opacity': 0.3 } }, line];
}

const GRID = '_grid';
const layerOf = (sourceLayer) => (sourceLayer.endsWith(GRID) ? sourceLayer.slice(0, -GRID.length) : sourceLayer);

/** The one colour of a layer's style: what its grid is shown in. */
function colourOf(layers) {
  for (const layer of layers) {
    const value = layer.paint?.['fill-color'] ?? layer.paint?.['circle-color'] ?? layer.paint?.['line-color'];
    if (typeof value === 'string') return value;
    if (Array.isArray(value) && typeof value.at(-1) === 'string') return value.at(-1);
  }
  return SPARE_COLOURS[0];
}

/** Squares where features are counted that are too small to be drawn: the more, the darker. */
function gridLayer(name, source, colour) {
  return { id: `${name}-grid`, type: 'fill', source, 'source-layer': name + GRID,
    paint: { 'fill-color': colour, 'fill-antialias': false,
      'fill-opacity': ['interpolate', ['linear'], ['log10', ['get', 'count']], 0, 0.22, 1, 0.45, 3, 0.8] } };
}

// Degrees as they are, in the tiles of CGCS2000Quad: tile 0/0/0 is 360 degrees wide and high, from 180° W and 90° N.
const PLATE = 'EPSG:4490';
addProjection({
  name: PLATE,
  projection: { forward: ([lng, lat]) => [lng, lat], inverse: ([x, y]) => [x, y] },
  tileMatrixSet: { origin: [-180, 90], extentAtZoom0: 360 },
  definition: PLATE, // for plate-worker.mjs, which has what is selected in the same place
});

/** A vector source of one layer or grid in CGCS2000Quad. */
async function plateSource(name) {
  const path = `collections/${encodeURIComponent(name)}/tiles/CGCS2000Quad`;
  const { tileMatrixSetLimits: limits, boundingBox: { lowerLeft, upperRight } } = await get(path);
  const source = { type: 'vector', tiles: [`${root.href}${path}/{z}/{y}/{x}`], minzoom: Number(limits[0].tileMatrix), maxzoom: Number(limits.at(-1).tileMatrix) };
  // A square of the grid may belong to the row of tiles beside that of what it counts.
  return name.endsWith(GRID) ? source : { ...source, bounds: [...lowerLeft, ...upperRight] };
}

/** The style with a source of CGCS2000Quad for each layer, in place of sources of several layers. */
async function inPlate(style) {
  const sources = Object.fromEntries(Object.entries(style.sources).filter(([, source]) => source.type !== 'vector'));
  const names = [...new Set(style.layers.map((layer) => layer['source-layer']).filter(Boolean))];
  await Promise.all([importScriptInWorkers(new URL('./plate-worker.mjs', import.meta.url).href), ...names.map(async (name) => {
    sources[`plate-${name}`] = await plateSource(name);
  })]);
  return { ...style, projection: { type: PLATE }, sources,
    layers: style.layers.map((layer) => (layer['source-layer'] ? { ...layer, source: `plate-${layer['source-layer']}` } : layer)) };
}

/** A vector source for these layers, its tiles asked from the server that this page came from. */
async function vectorSource(names) {
  const path = `xyz/${names.map(encodeURIComponent).join(',')}`;
  const described = await get(`${path}.json`);
  // The server may stand behind a proxy and not know its own outer name: only the path below /xyz/ is kept.
  const template = described.tiles[0];
  const source = { type: 'vector', tiles: [root.href + template.slice(template.indexOf('/xyz/') + 1)] };
  for (const member of ['minzoom', 'maxzoom', 'bounds']) {
    if (described[member] !== undefined) source[member] = described[member];
  }
  return source;
}

function tianditu(layer, key, set) {
  const query = `SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&STYLE=default&TILEMATRIXSET=${set}&FORMAT=tiles`;
  return {
    type: 'raster',
    tileSize: 256,
    maxzoom: 18,
    tiles: [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `https://t${n}.tianditu.gov.cn/${layer}_${set}/wmts?${query}`
      + `&LAYER=${layer}&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=${encodeURIComponent(key)}`),
  };
}

/** The style as it fits the catalogue: layers that are not published left out, unknown ones drawn in a spare colour.
 * themed: layers of another way to draw them (metadata.theme), of the same sources, which setVisible turns on.
 * plate: in degrees of CGCS2000 instead of Web Mercator. */
export async function fitStyle(style, catalogue, { plate = false, themed = [] } = {}) {
  const lastZoom = new Map(catalogue.layers.map(({ name, zooms }) => [name, zooms[1]]));
  const described = ({ type, url }) => type === 'vector' && url !== undefined;
  const fitted = { ...style, sources: Object.fromEntries(Object.entries(style.sources).filter(([, source]) => !described(source))), layers: [] };
  // One source for each last zoom that layers have: beyond it MapLibre stretches the tiles of that zoom, of all that they hold.
  const ours = new Map();
  function sourceFor(id, name) {
    const source = `${id}-${lastZoom.get(name)}`;
    ours.set(source, (ours.get(source) ?? new Set()).add(name));
    return source;
  }
  const drawn = new Set();
  for (const layer of style.layers) {
    const name = layer['source-layer'];
    if (name === undefined) fitted.layers.push(layer);
    if (name === undefined || !lastZoom.has(name)) continue;
    fitted.layers.push(described(style.sources[layer.source]) ? { ...layer, source: sourceFor(layer.source, name) } : layer);
    drawn.add(name);
  }
  catalogue.layers.filter((layer) => !drawn.has(layer.name)).forEach((layer, i) => {
    fitted.layers.push(...spareLayers(layer, sourceFor('dikuai-spare', layer.name), SPARE_COLOURS[i % SPARE_COLOURS.length]));
  });
  const jobs = [...ours].map(async ([id, names]) => {
    fitted.sources[id] = await vectorSource([...names].flatMap((name) => [name, name + GRID]));
  });
  // Below everything: what is drawn lies over what is counted.
  const above = fitted.layers.findIndex((layer) => layer.type !== 'background');
  const grids = catalogue.layers.map(({ name }) => {
    const own = fitted.layers.filter((layer) => layer['source-layer'] === name);
    return own.length ? gridLayer(name, own[0].source, colourOf(own)) : null;
  });
  fitted.layers.splice(above < 0 ? fitted.layers.length : above, 0, ...grids.filter(Boolean));
  // Areas below all names, names above all.
  const sourceOf = (kind) => fitted.layers.find((layer) => layer['source-layer'] === kind).source;
  const others = themed.map((layer) => ({ ...layer, source: sourceOf(layer.metadata.kind),
    layout: { ...layer.layout, visibility: 'none' } }));
  const names = fitted.layers.findIndex((layer) => layer.type === 'symbol');
  fitted.layers.splice(names < 0 ? fitted.layers.length : names, 0, ...others.filter((layer) => layer.type !== 'symbol'));
  fitted.layers.push(...others.filter((layer) => layer.type === 'symbol'));
  await Promise.all(jobs);
  const key = catalogue.config?.tianditu_key;
  if (key) {
    fitted.sources['tianditu-vec'] = tianditu('vec', key, plate ? 'c' : 'w');
    fitted.sources['tianditu-cva'] = tianditu('cva', key, plate ? 'c' : 'w');
    const ground = fitted.layers.findIndex((layer) => layer.type !== 'background');
    fitted.layers.splice(ground < 0 ? fitted.layers.length : ground, 0,
      { id: 'tianditu-vec', type: 'raster', source: 'tianditu-vec' });
    const names = fitted.layers.findIndex((layer) => layer.type === 'symbol');
    fitted.layers.splice(names < 0 ? fitted.layers.length : names, 0,
      { id: 'tianditu-cva', type: 'raster', source: 'tianditu-cva' });
  }
  return plate ? inPlate(fitted) : fitted;
}

/** Room that the open panel takes from the map, so that what is flown to is not behind it. */
function padding() {
  const around = 48;
  const stage = byId('map').getBoundingClientRect();
  const panel = byId('panel');
  const room = { top: around, right: around, bottom: around, left: around };
  const legend = byId('layers-body');
  if (!legend.hidden && stage.width > 1000) room.left += legend.getBoundingClientRect().right - stage.left;
  if (panel.hidden) return room;
  const box = panel.getBoundingClientRect();
  if (box.width > stage.width * 0.8) room.bottom += Math.max(0, stage.bottom - box.top);
  else room.right += Math.max(0, stage.right - box.left);
  // Never more than the map has.
  if (room.top + room.bottom > stage.height - 40) {
    room.top = 16;
    room.bottom = Math.max(16, Math.min(room.bottom, stage.height - 100));
  }
  if (room.left + room.right > stage.width - 40) room.left = room.right = 24;
  return room;
}

/**
 * Shows the map. on: {pick(features, [lon, lat]), move(view), problem(sentence), unauthorised(): whether
 * a session ends with it}.
 * pick gets [{kind, feature, key, properties}], what is drawn on top first.
 */
export function showMap({ catalogue, style, view, on }) {
  const container = byId('map');
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const map = new MapLibreMap({
    container,
    style,
    ...(view ? { center: view.center, zoom: view.zoom } : { bounds: catalogue.extent, fitBoundsOptions: { padding: 24 } }),
    minZoom: 3,
    maxZoom: 20,
    maxPitch: 0,
    dragRotate: false,
    touchPitch: false,
    pitchWithRotate: false,
    attributionControl: false,
    localIdeographFontFamily: FONT,
    locale: LOCALE,
    fadeDuration: still.matches ? 0 : 300, // of names
    transformRequest: (url) => ({ url, ...fetchOptions(url) }),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'bottom-left');
  map.addControl(new ScaleControl({ maxWidth: 110, unit: 'metric' }), 'bottom-left');

  // The style; "load" comes when the last tile has come, and what is selected or switched off does not wait for that.
  const loaded = new Promise((resolve) => {
    map.once('style.load', resolve);
  });
  loaded.then(() => {
    // Above all areas, below their names.
    const names = style.layers.find((layer) => layer.type === 'symbol')?.id;
    map.addSource(SELECTION, { type: 'geojson', data: EMPTY });
    map.addLayer({ id: `${SELECTION}-casing`, type: 'line', source: SELECTION, layout: { 'line-join': 'round' },
      paint: { 'line-color': '#ffffff', 'line-width': 7, 'line-opacity': 0.9 } }, names);
    map.addLayer({ id: SELECTION, type: 'line', source: SELECTION, layout: { 'line-join': 'round' },
      paint: { 'line-color': '#e8590c', 'line-width': 3.2 } }, names);
    map.addLayer({ id: `${SELECTION}-point`, type: 'circle', source: SELECTION, filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-color': '#e8590c', 'circle-radius': 7, 'circle-stroke-color': '#fff', 'circle-stroke-width': 2 } }, names);
  });

  // "idle" once everything asked for is drawn; for tests and for anyone who drives the page.
  // MapLibre tells "idle" after a frame, and draws none where what came last was refused or had not changed: one is asked for.
  let asking = 0;
  function busy() {
    container.dataset.state = 'busy';
    asking ||= setInterval(() => {
      if (map.loaded() && !map.isMoving()) map.triggerRepaint();
    }, 200);
  }
  map.on('idle', () => {
    clearInterval(asking);
    asking = 0;
    container.dataset.state = 'idle';
  });
  map.on('movestart', busy);
  map.on('dataloading', busy);
  map.on('moveend', () => on.move(currentView()));
  const failed = new Map(); // tiles since the last reload: {source, z, x, y, times}
  const retry = (source) => map.refreshTiles(source, [...failed.values()].filter((tile) => tile.source === source));
  // Tiles that did not come; MapLibre asks for none of them again while it is in view.
  const lost = new Map();
  function again(milliseconds) {
    const due = [...lost].filter(([, { at }]) => performance.now() - at >= milliseconds);
    for (const [name] of due) lost.delete(name);
    for (const source of new Set(due.map(([, tile]) => tile.source))) map.refreshTiles(source, due.map(([, tile]) => tile).filter((tile) => tile.source === source));
  }
  addEventListener('online', () => again(0));
  map.on('moveend', () => again(2000));
  map.on('error', ({ error, tile, sourceId: source }) => {
    const name = `${source} ${tile?.tileID.key}`;
    const times = (failed.get(name)?.times ?? 0) + 1;
    if (tile) failed.set(name, { source, ...tile.tileID.canonical, times });
    if (error?.status === 401) {
      // Who is the public already asked for it while the session was ending: once more, but not for ever.
      if (!on.unauthorised() && tile && times === 1) retry(source);
    } else if (error?.name !== 'AbortError') {
      if (tile) lost.set(name, { source, ...tile.tileID.canonical, at: performance.now() });
      on.problem('部分地图数据没有加载成功，请检查网络后刷新页面。');
    }
  });

  const themed = style.layers.filter((layer) => layer.metadata?.theme);
  const theme = { layers: themed, kinds: new Set(themed.map((layer) => layer.metadata.kind)), words: '' };
  const drawn = style.layers.filter((layer) => layer['source-layer'] && layer.type !== 'symbol');
  const isGrid = (layer) => layer['source-layer'].endsWith(GRID);
  const pickable = drawn.filter((layer) => !isGrid(layer)).map((layer) => layer.id);
  const counted = drawn.filter(isGrid).map((layer) => layer.id);

  function featuresAt(where) {
    const seen = new Set();
    const found = [];
    for (const hit of map.queryRenderedFeatures(where, { layers: pickable.filter((id) => map.getLayer(id)) })) {
      const kind = hit.sourceLayer;
      if (hit.id === undefined || seen.has(`${kind}/${hit.id}`)) continue;
      seen.add(`${kind}/${hit.id}`);
      found.push({ kind, feature: hit.id, key: hit.properties.key, properties: hit.properties });
    }
    return found;
  }
  let drawing = null; // an area that the reader draws: {points, changed, done}
  function showDrawing() {
    const { points } = drawing;
    const geometry = points.length > 2 ? { type: 'Polygon', coordinates: [[...points, points[0]]] }
      : points.length === 2 ? { type: 'LineString', coordinates: points } : { type: 'MultiPoint', coordinates: points };
    const corners = { type: 'MultiPoint', coordinates: points };
    map.getSource(SELECTION).setData({ type: 'FeatureCollection', features: points.length
      ? [geometry, corners].map((one) => ({ type: 'Feature', properties: {}, geometry: one })) : [] });
    drawing.changed(points.length);
  }
  function pick(point) {
    if (drawing) {
      const place = map.unproject([point.x, point.y]).toArray().map((x) => Number(x.toFixed(9)));
      const last = drawing.points.at(-1);
      if (last && last[0] === place[0] && last[1] === place[1]) return; // the second click of two
      drawing.points.push(place);
      showDrawing();
      return;
    }
    let found = featuresAt([point.x, point.y]);
    // A finger or a thin line: a little around it.
    if (!found.length) found = featuresAt([[point.x - 6, point.y - 6], [point.x + 6, point.y + 6]]);
    const where = map.unproject([point.x, point.y]);
    if (!found.length && onGrid(point)) { // nearer, until there is something to pick
      map.easeTo({ center: where, zoom: map.getZoom() + 2, animate: !still.matches });
      return;
    }
    on.pick(found, where.toArray());
  }
  function onGrid(point) {
    return map.queryRenderedFeatures([point.x, point.y], { layers: counted.filter((id) => map.getLayer(id)) }).length > 0;
  }
  map.on('click', (event) => pick(event.point));
  map.on('dblclick', (event) => {
    if (!drawing) return;
    event.preventDefault(); // it would zoom
    drawing.done();
  });
  map.on('mousemove', (event) => {
    const { x, y } = event.point;
    map.getCanvas().style.cursor = drawing ? 'crosshair' : map.isMoving() ? '' : featuresAt([x, y]).length ? 'pointer' : onGrid({ x, y }) ? 'zoom-in' : '';
  });
  map.getCanvas().addEventListener('keydown', (event) => {
    if (event.key === 'Enter') pick({ x: container.clientWidth / 2, y: container.clientHeight / 2 });
  });

  function currentView() {
    const center = map.getCenter();
    return { zoom: map.getZoom(), center: [center.lng, center.lat] };
  }
  return {
    view: currentView,
    /** West, south, east, north of what is shown. */
    bounds: () => map.getBounds().toArray().flat(),
    jump: ({ center, zoom }) => map.jumpTo({ center, zoom }),
    fly([west, south, east, north]) {
      map.fitBounds([[west, south], [east, north]],
        { padding: padding(), maxZoom: 16.5, animate: !still.matches, duration: 900, linear: false });
    },
    /** Moves the map so that the middle of a box is not behind the panel; the zoom stays. */
    reveal([west, south, east, north]) {
      const room = padding();
      const { x, y } = map.project([(west + east) / 2, (south + north) / 2]);
      const { clientWidth: width, clientHeight: height } = container;
      if (x >= room.left && x <= width - room.right && y >= room.top && y <= height - room.bottom) return;
      map.panBy([x - (room.left + width - room.right) / 2, y - (room.top + height - room.bottom) / 2],
        { animate: !still.matches, duration: 500 });
    },
    /** Draws these GeoJSON features as selected; none: nothing is. */
    async select(features) {
      await loaded;
      map.getSource(SELECTION).setData({ type: 'FeatureCollection',
        features: features.filter((feature) => feature.geometry)
          .map(({ geometry }) => ({ type: 'Feature', properties: {}, geometry })) });
    },
    /** Draws what a batch would change, over everything but what is selected: features with the property change, added,
     * changed, removed, or before for an outline that another takes the place of. None: nothing. */
    async preview(features) {
      await loaded;
      const data = { type: 'FeatureCollection', features };
      if (map.getSource(PREVIEW)) {
        map.getSource(PREVIEW).setData(data);
        return;
      }
      const before = ['==', ['get', 'change'], 'before'];
      map.addSource(PREVIEW, { type: 'geojson', data });
      map.addLayer({ id: `${PREVIEW}-fill`, type: 'fill', source: PREVIEW, filter: ['all', ['==', ['geometry-type'], 'Polygon'], ['!', before]],
        paint: { 'fill-color': CHANGE_COLOURS, 'fill-opacity': 0.4 } }, `${SELECTION}-casing`);
      map.addLayer({ id: `${PREVIEW}-before`, type: 'line', source: PREVIEW, filter: before,
        paint: { 'line-color': CHANGE_COLOURS, 'line-width': 2, 'line-dasharray': [2, 2] } }, `${SELECTION}-casing`);
      map.addLayer({ id: `${PREVIEW}-line`, type: 'line', source: PREVIEW, filter: ['!', before],
        paint: { 'line-color': CHANGE_COLOURS, 'line-width': 3 } }, `${SELECTION}-casing`);
      map.addLayer({ id: `${PREVIEW}-point`, type: 'circle', source: PREVIEW, filter: ['==', ['geometry-type'], 'Point'],
        paint: { 'circle-color': CHANGE_COLOURS, 'circle-radius': 6, 'circle-stroke-color': '#fff', 'circle-stroke-width': 2 } }, `${SELECTION}-casing`);
    },
    /** From now on clicks, or Enter, draw an area: changed(n) after each corner, done() at a double click. */
    async draw({ changed, done }) {
      await loaded;
      drawing = { points: [], changed, done };
      showDrawing();
    },
    /** Takes the last corner away. */
    undraw() {
      drawing?.points.pop();
      if (drawing) showDrawing();
    },
    /** Ends drawing; gives the corners. What is drawn stays until something else is selected. */
    drawn() {
      const points = drawing?.points ?? [];
      drawing = null;
      return points;
    },
    /** Shows the layers that test(name) is true for; words: null, or by how their disclosure stands (disclosure-style.js). */
    async setVisible(test, words = null) {
      await loaded;
      const { layers: themed, kinds } = theme;
      for (const layer of style.layers) {
        const name = layer['source-layer'] ?? (layer.type === 'raster' ? 'tianditu' : null);
        if (!name) continue;
        const drawnSo = layer.metadata?.theme ? words !== null : words === null || !kinds.has(layerOf(name));
        map.setLayoutProperty(layer.id, 'visibility', drawnSo && test(layerOf(name)) ? 'visible' : 'none');
      }
      if (words === null || words.join() === theme.words) return;
      theme.words = words.join();
      for (const layer of themed) {
        const narrow = narrowed(layer, catalogue, words);
        map.setFilter(layer.id, narrow.filter ?? null);
        for (const [property, value] of Object.entries(narrow.paint)) map.setPaintProperty(layer.id, property, value);
      }
    },
    /** Tiles anew, for another viewer. */
    async reload() {
      await loaded;
      busy();
      for (const id of Object.keys(style.sources)) {
        if (style.sources[id].type !== 'vector') continue;
        retry(id); // of the next alone, tiles that had failed wait for ever: MapLibre 6.17.0 takes them for being under way
        map.refreshTiles(id);
      }
      failed.clear();
    },
  };
}
