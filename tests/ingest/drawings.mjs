// Drawings that acad-ts writes, as DWG and as DXF. It has no encoder for GBK: its texts are given as the characters of
// windows-1252 that have the bytes of GBK, and the code page in the head of the file is set afterwards.
import { execFileSync } from 'node:child_process';
import { ACadVersion, CadDocument, DwgWriter, DxfWriter, Layer, Line, LwPolyline, LwPolylineVertex, MText, Polyline2D, Polyline3D, Seqend, TextEntity, Vertex2D, Vertex3D, XY, XYZ } from '@node-projects/acad-ts';

const western = new TextDecoder('windows-1252'), ANSI_936 = 39;
export const inBytes = (text, encoding = 'GB18030') => western.decode(execFileSync('iconv', ['-f', 'UTF-8', '-t', encoding], { input: text }));

/** A drawing under way. encode: how its texts are put into bytes. */
export class Drawing {
  constructor(encode = inBytes) {
    this.encode = encode;
    this.document = new CadDocument();
    this.layers = new Map();
  }
  /** Puts it on the layer; returns it, to be changed. where: model space by default. */
  add(entity, layer = '0', where = this.document.modelSpace) {
    if (layer !== '0' && !this.layers.has(layer)) {
      this.layers.set(layer, new Layer(this.encode(layer)));
      this.document.layers.add(this.layers.get(layer));
    }
    if (layer !== '0') entity.layer = this.layers.get(layer);
    where.entities.add(entity);
    return entity;
  }
  /** points: [x, y, bulge]. */
  polyline(points, layer, { closed = true, where } = {}) {
    const made = new LwPolyline();
    made.isClosed = closed;
    for (const [x, y, bulge = 0] of points) made.vertices.push(Object.assign(new LwPolylineVertex(new XY(x, y)), { bulge }));
    return this.add(made, layer, where);
  }
  /** Of single vertices: acad-ts leaves them without a handle and an owner. */
  heavy(points, layer, { height } = {}) {
    const made = this.add(height === undefined ? new Polyline2D() : new Polyline3D(), layer);
    const own = (part) => Object.assign(part, { handle: this.document.header.handleSeed++, owner: made });
    for (const [x, y, bulge = 0] of points)
      made.vertices.push(own(height === undefined ? Object.assign(new Vertex2D(new XYZ(x, y, 0)), { bulge }) : new Vertex3D(new XYZ(x, y, height))));
    made.vertices.seqend = own(new Seqend());
    made.isClosed = true;
    return made;
  }
  text(value, x, y, layer, height = 3) {
    return this.add(Object.assign(new TextEntity(), { value: this.encode(value), insertPoint: new XYZ(x, y, 0), height }), layer);
  }
  mtext(value, x, y, layer, height = 3) {
    return this.add(Object.assign(new MText(), { value: this.encode(value), insertPoint: new XYZ(x, y, 0), height }), layer);
  }
  line([x1, y1], [x2, y2], layer) {
    return this.add(Object.assign(new Line(), { startPoint: new XYZ(x1, y1, 0), endPoint: new XYZ(x2, y2, 0) }), layer);
  }
  dwg(version = 'AC1015') {
    this.document.header.version = ACadVersion[version];
    const bytes = Buffer.from(DwgWriter.writeToBuffer(this.document));
    if (version === 'AC1015') bytes.writeUInt16LE(ANSI_936, 0x13);
    return bytes;
  }
  dxf() {
    this.document.header.version = ACadVersion.AC1015;
    const room = new Uint8Array(1 << 22), writer = new DxfWriter(room, this.document, false);
    writer.write();
    return Buffer.from(room.subarray(0, room.lastIndexOf(0x0a) + 1));
  }
}

/** The objects of a DWG of R2000 by its map: [handle, place, bytes of its data], in the order of their handles. */
export function objectsOf(dwg) {
  const found = [];
  const places = Array.from({ length: dwg.readUInt32LE(0x15) }, (_, i) => [dwg[0x19 + 9 * i], dwg.readUInt32LE(0x1a + 9 * i)]);
  for (let at = places.find(([number]) => number === 2)[1]; dwg.readUInt16BE(at) > 2; at += dwg.readUInt16BE(at) + 2) {
    let handle = 0, place = 0, k = at + 2;
    const take = (last) => {
      let value = 0, shift = 1;
      for (; dwg[k] & 128; shift *= 128) value += (dwg[k++] & 127) * shift;
      return value + (dwg[k] & last) * shift;
    };
    while (k < at + dwg.readUInt16BE(at)) {
      handle += take(127);
      k++;
      const off = take(63);
      place += dwg[k++] & 64 ? -off : off;
      found.push([handle, place, dwg.readUInt16LE(place)]);
    }
  }
  return found;
}
