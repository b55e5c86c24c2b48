// Signs of a legend, drawn as the style draws what they stand for.
const SVG = 'http://www.w3.org/2000/svg';

/** What a paint property says: one value, or one per value of a field. */
export function colours(expression) {
  if (typeof expression === 'string' || typeof expression === 'number') return { all: expression };
  if (Array.isArray(expression) && expression[0] === 'match' && expression[1]?.[0] === 'get') {
    const byValue = new Map();
    for (let i = 2; i + 1 < expression.length; i += 2) {
      for (const value of [expression[i]].flat()) byValue.set(String(value), expression[i + 1]);
    }
    return { field: expression[1][1], byValue, all: expression[expression.length - 1] };
  }
  return {};
}

export function swatch({ fill, line, circle, dash, opacity = 0.55, width = 1.8 }) {
  const svg = document.createElementNS(SVG, 'svg');
  const shape = document.createElementNS(SVG, circle ? 'circle' : 'rect');
  const set = (node, attributes) => Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  set(svg, { viewBox: '0 0 26 16', width: 26, height: 16, class: 'swatch', 'aria-hidden': 'true' });
  set(shape, circle ? { cx: 13, cy: 8, r: 5, fill: circle }
    : { x: 1.5, y: 1.5, width: 23, height: 13, rx: 2, fill: fill ?? 'none', 'fill-opacity': opacity,
      stroke: line ?? fill ?? 'none', 'stroke-width': width, ...(dash ? { 'stroke-dasharray': dash } : {}) });
  svg.append(shape);
  return svg;
}
