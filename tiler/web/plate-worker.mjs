// In MapLibre's workers: degrees as they are, for GeoJSON on the map of EPSG:4490 (map.js). They cannot be given functions,
// and load a module directly, which the page's policy allows, only from a name in .mjs.
self.setProjectionHandler(() => ({ forward: ([lng, lat]) => [lng, lat], inverse: ([x, y]) => [x, y] }));
