"""What GEOS says of polygons, by GDAL's bindings. Reads WKT on standard input, a line each.

invalid: prints the number of polygons that are not valid, and the first of them with GEOS's reason.
slivers: a line is a group of polygons in one GEOMETRYCOLLECTION; prints how many groups have, between their polygons, a
         gap or an overlap wider than one unit: the first of them, where.
"""
import sys

from osgeo import gdal, ogr

ogr.UseExceptions()
gdal.PushErrorHandler('CPLQuietErrorHandler')


def invalid(lines):
    found = []
    for number, line in enumerate(lines):
        if not ogr.CreateGeometryFromWkt(line).IsValid():
            found.append(f'{number}: {gdal.GetLastErrorMsg()} {line[:300]}')
    print(len(found), *found[:1])


def parts(geometry):
    return [geometry.GetGeometryRef(i) for i in range(geometry.GetGeometryCount())]


def slivers(lines):
    found = []
    for number, line in enumerate(lines):
        collection = ogr.CreateGeometryFromWkt(line)
        joined = ogr.Geometry(ogr.wkbMultiPolygon)
        area = 0
        for polygon in parts(collection):
            area += polygon.GetArea()
            for part in parts(polygon) if polygon.GetGeometryType() == ogr.wkbMultiPolygon else [polygon]:
                joined.AddGeometry(part)
        union = joined.UnionCascaded()
        # Gaps: holes of the union. What is left of one, half a unit taken off on each side, is wider than a unit.
        for polygon in parts(union) if union.GetGeometryType() == ogr.wkbMultiPolygon else [union]:
            for hole in parts(polygon)[1:]:
                gap = ogr.Geometry(ogr.wkbPolygon)
                gap.AddGeometry(hole)
                if not gap.Buffer(-0.51).IsEmpty():
                    found.append(f'{number}: gap {gap.ExportToWkt()[:300]}')
        for i, one in enumerate(parts(collection)):
            for other in parts(collection)[i + 1:]:
                if one.Intersects(other) and not one.Intersection(other).Buffer(-0.51).IsEmpty():
                    found.append(f'{number}: overlap {one.Intersection(other).ExportToWkt()[:300]}')
    print(len(found), *found[:1])


{'invalid': invalid, 'slivers': slivers}[sys.argv[1]](line for line in sys.stdin.read().split('\n') if line)
